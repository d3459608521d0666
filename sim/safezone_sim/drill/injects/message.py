"""A paper inject: somebody calls, asks or tells. Nothing happens in the twin; people have to answer."""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    yield scene.env.timeout(0.0)
