"""The school's deadline passes, and one child is not there: the hub finds out by itself.

Fired by hand before the deadline, its guardian reports it missing instead.
"""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.injects import report_missing, stimulus
from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene
from safezone_sim.scenario import clock_seconds


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    deadline = clock_seconds(scene.stage.scenario.not_arrived_after)
    if line.by == "hand" and scene.env.now < deadline - 60.0:
        yield from report_missing.play(scene, line)
        return
    yield scene.env.timeout(max(0.0, deadline - scene.env.now))
    scene.in_trouble(scene.lead)
    stimulus(
        scene, line, ("not_arrived", "missing_report"), ("등교 마감, 한 아이가 오지 않음", "deadline: one child has not arrived"),
        kind="deadline", person=scene.lead,
    )  # fmt: skip
