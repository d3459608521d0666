"""What the twin plays when a line of the master list fires: one module a kind, found by its name.

To add a kind: a module here with ``play(scene, line)``, a SimPy process, and the kind in ``plan.InjectKind``. It lets things
happen to people and equipment, and notes each stimulus of an alarm with ``stimulus``.
"""

from collections.abc import Generator
from importlib import import_module
from typing import Any

from safezone_sim.drill.masterlist import Case, Line
from safezone_sim.drill.scene import Scene
from safezone_sim.world.model import Person


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    """The process of one line."""
    module = import_module(f"{__name__}.{line.plan.kind}")
    process: Generator[Any, Any, None] = module.play(scene, line)
    return process


def stimulus(
    scene: Scene,
    line: Line,
    services: tuple[str, ...],
    text: tuple[str, str],
    *,
    kind: str = "press",
    person: Person | None = None,
    device: str | None = None,
    at: tuple[float, float] | None = None,
) -> Case:
    """Notes that something happened now that the hub should tell of."""
    x, y = at if at is not None else scene.position(person or scene.lead)
    line.place = scene.lonlat(x, y)
    case = Case(scene.env.now, services, person.id if person else None, device)
    line.cases.append(case)
    agent = person.index if person else None
    if person is scene.lead:
        text = (f"{text[0]} · {scene.stage.lead_words[0]}", f"{text[1]} · {scene.stage.lead_words[1]}")
    scene.tell_at(kind, text, x, y, inject=line.plan.id, agent=agent)
    return case


__all__ = ["play", "stimulus"]
