"""A guardian reports the lead missing, through the hub's own interface, as part of the drill."""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.injects import stimulus
from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    scene.in_trouble(scene.lead)
    text = ("보호자가 아이를 찾아 달라고 신고함", "a guardian reports the child missing")
    stimulus(scene, line, ("missing_report", "not_arrived"), text, kind="report", person=scene.lead)
    scene.ask(
        "report_missing", {"child": scene.lead.id, "text": "[훈련] 아이가 학교에 도착하지 않았다고 합니다."}
    )
    yield scene.env.timeout(0.0)
