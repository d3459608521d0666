"""Pupils of the class dial speed dial 1, one after the other."""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.injects import stimulus
from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    chosen = line.seat
    for n in range(1 if line.by == "hand" else line.plan.count):
        if n:
            yield scene.env.timeout(line.plan.every_s)
        seat = chosen if chosen is not None else scene.next_seat()
        person = scene.pupil(seat)
        if person.id not in scene.fleet.phones:
            scene.timeline.add(scene.env.now, "note", (f"{seat}번은 전화기가 없음", f"seat {seat} has no phone"), inject=line.plan.id)  # fmt: skip
            continue
        scene.cast.add(person.index)
        text = (f"{seat}번이 단축번호 1을 누름", f"seat {seat} presses speed dial 1")
        stimulus(scene, line, ("phone_call_112",), text, kind="dial", person=person)
        scene.fleet.phone_dialled(person)
    yield scene.env.timeout(0.0)
