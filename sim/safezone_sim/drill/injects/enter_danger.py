"""The lead leaves the street, enters a danger area and wanders about in it."""

from collections.abc import Generator
from typing import Any

import numpy as np

from safezone_sim.drill.injects import stimulus
from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene
from safezone_sim.life.crossings import polygon_stays


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    yield from scene.at_post()
    part = scene.stage.part
    assert part.area is not None
    (leg,) = scene.walk([(scene.lead, scene.line_to(scene.lead, part.then), part.then_mps, scene.env.now)])
    stays = polygon_stays(np.array(leg.t), np.array(leg.x), np.array(leg.y), part.area.shape)
    entered = stays[0][0] if stays else scene.env.now
    yield scene.env.timeout(max(0.0, entered - scene.env.now))
    if scene.lead.index in scene.safe:
        return
    scene.in_trouble(scene.lead)
    text = (
        f"아이가 위험지역에 들어감: {part.area.name}",
        f"the child enters a danger area: {part.area.name}",
    )
    stimulus(scene, line, ("danger_entry",), text, kind="enter", person=scene.lead)
