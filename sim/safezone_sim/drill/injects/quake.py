"""The earth shakes: everybody leaves the building for the assembly point, one child stays behind."""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    school = scene.world.places[scene.world.school_place]
    scene.tell_at("quake", ("지진 발생 (모의): 엎드려 가리고 붙잡기", "earthquake (simulated): drop, cover, hold on"),
                  school.x, school.y, inject=line.plan.id)  # fmt: skip
    line.place = scene.lonlat(school.x, school.y)
    scene.in_trouble(scene.lead)
    yield scene.env.timeout(20.0)
    scene.evacuate()
