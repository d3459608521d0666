"""What the standard's evidence, taken in the order it became known, says about where a child is.

Used where truth gives no event to ask about: is the last evidence of place a departure?
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from safezone_sim.judge.place_evidence import Evidence, inside_evidence, outside_evidence
from safezone_sim.judge.register import Child
from safezone_sim.judge.sightings import ChildSamples, Direction
from safezone_sim.records import Fix, Press, Stay


class Change(Struct, frozen=True):
    """The evidence said: the child came into, or left, ``place``."""

    direction: Direction
    place: str
    t: float
    known_at: float
    samples: tuple[Stay | Fix | Press, ...]


def place_history(samples: ChildSamples, child: Child) -> list[Change]:
    """Comings and goings by the evidence alone, in the order they became known. The day begins at home."""
    zone = samples.zone
    places = [zone.areas[p] for p in child.regular if p in zone.areas]
    found: list[tuple[str, str, Evidence]] = []
    for place in places:
        found += [("in", place.id, e) for e in inside_evidence(samples, place, -np.inf, np.inf)]
        found += [("away", place.id, e) for e in outside_evidence(samples, place, -np.inf, np.inf)]
    for p in samples.passes:
        if p.direction == "out":
            parts = tuple(v.parts[0] for v in p.visits)
            found.append(("out", p.area, Evidence("gate_pass_out", p.t, p.known_at, parts)))
    found.sort(key=lambda f: (f[2].known_at, f[2].t))
    where: str | None = child.home
    seen_until = -np.inf  # evidence sampled before the last change's own tells nothing new
    history: list[Change] = []
    near: set[str] = set()  # places just left: the child is still inside their circles
    for meaning, place_id, e in found:
        if e.t < seen_until:
            continue
        if meaning == "away":
            near.discard(place_id)
        if meaning == "in" and e.kind == "phone_inside" and place_id in near:
            continue
        if meaning == "in" and where != place_id:
            if where is not None:
                history.append(Change("out", where, e.t, e.known_at, e.samples))
            history.append(Change("in", place_id, e.t, e.known_at, e.samples))
            where, seen_until = place_id, e.t
        elif (meaning == "out" and where in (place_id, None)) or (meaning == "away" and where == place_id):
            if where is None and history and history[-1].place == place_id:
                continue
            history.append(Change("out", place_id, e.t, e.known_at, e.samples))
            where, seen_until = None, e.t
            if meaning == "out":
                near.add(place_id)
    return history


def state_at(history: Sequence[Change], home: str) -> str | None:
    """Where the child is after these changes; None when on the way."""
    if not history:
        return home
    return history[-1].place if history[-1].direction == "in" else None
