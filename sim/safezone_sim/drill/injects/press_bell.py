"""The lead presses the emergency bell beside which it stands."""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.injects import stimulus
from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    yield from scene.at_post()
    bell = scene.stage.part.bell
    assert bell is not None
    scene.in_trouble(scene.lead)
    text = (f"비상벨 눌림: {bell.id.rpartition('-')[2]}", f"bell {bell.id.rpartition('-')[2]} is pressed")
    stimulus(scene, line, ("bell_call",), text, device=bell.id, at=(bell.x, bell.y))
    scene.fleet.bell_pressed(bell, scene.lead)
