"""The lead, hurt inside the building, presses its tag: a medical call."""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.injects import stimulus
from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    scene.in_trouble(scene.lead)
    text = (
        "건물에 남은 아이가 태그를 누름 (의료)",
        "the child left in the building presses its tag (medical)",
    )
    stimulus(scene, line, ("tag_call",), text, person=scene.lead)
    scene.fleet.tag_pressed(scene.lead, *scene.position(scene.lead), True)
    yield scene.env.timeout(0.0)
