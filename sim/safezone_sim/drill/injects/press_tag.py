"""The lead presses the button of its tag, at its post."""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.injects import stimulus
from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    yield from scene.at_post()
    scene.in_trouble(scene.lead)
    text = ("아이가 태그 버튼을 누름", "the child presses its tag")
    stimulus(scene, line, ("tag_call",), text, person=scene.lead)
    scene.fleet.tag_pressed(scene.lead, *scene.position(scene.lead), False)
