"""The lead's phone is switched on again: a trace of where it is."""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    scene.silent.discard(scene.lead.index)
    scene.fleet.phone_switched(scene.lead, True)
    phone = scene.fleet.phones.get(scene.lead.id)
    if phone is not None:
        phone.wake()
    x, y = scene.position(scene.lead)
    scene.tell_at("trace", ("아이의 전화기가 다시 켜짐", "the child's phone is on again"), x, y,
                  inject=line.plan.id, agent=scene.lead.index)  # fmt: skip
    line.place = scene.lonlat(x, y)
    yield scene.env.timeout(0.0)
