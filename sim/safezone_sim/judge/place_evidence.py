"""Evidence that a child came into, or left, a place: the standard's definitions over one child's samples.

Each function lists what the samples give between two moments; whether that is the evidence of a given
true event is decided in ``evidence``.
"""

import numpy as np
from msgspec import Struct
from safezone_model import evidence

from safezone_sim.judge.geometry import BoolArray
from safezone_sim.judge.register import Area
from safezone_sim.judge.sightings import ChildSamples, Direction, Visit
from safezone_sim.records import Fix, Press, Stay

_RULES = evidence()


class Evidence(Struct, frozen=True):
    """What proves something: ``t`` when the proving sample was taken, ``known_at`` when all of it was known."""

    kind: str
    t: float
    known_at: float
    samples: tuple[Stay | Fix | Press, ...]

    @property
    def first_t(self) -> float:
        """When the earliest of its samples was taken."""
        return min((s.t_in if isinstance(s, Stay) else s.t for s in self.samples), default=self.t)


def inside_evidence(child: ChildSamples, area: Area, lo: float, hi: float) -> list[Evidence]:
    """gate_pass_in, interior_sighting and phone_inside of one place, sampled in [lo, hi]."""
    return [
        *gate_passes(child, area, "in", lo, hi),
        *_interior(child, area, lo, hi),
        *_runs(child, area, lo, hi, "phone_inside"),
    ]


def outside_evidence(child: ChildSamples, area: Area, lo: float, hi: float) -> list[Evidence]:
    """elsewhere_sighting and phone_outside, sampled in (lo, hi]: says «not in the place», not «left it»."""
    return [*_elsewhere(child, area, lo, hi), *_runs(child, area, lo, hi, "phone_outside")]


def gate_passes(
    child: ChildSamples, area: Area, direction: Direction, lo: float, hi: float
) -> list[Evidence]:
    """Passes through the place's gates completed in [lo, hi]."""
    return [
        Evidence(f"gate_pass_{direction}", p.t, p.known_at, _parts(*p.visits))
        for p in child.passes
        if p.area == area.id and p.direction == direction and lo <= p.t <= hi
    ]


def distance_outside(child: ChildSamples, area: Area) -> BoolArray:
    """Per usable fix: farther from the centre than radius + slack × accuracy."""
    slack = _RULES["phone_outside"]["slack"]
    return np.asarray(child.distance_to(area.x, area.y) > area.radius_m + slack * child.accuracy)


def distance_inside(child: ChildSamples, area: Area) -> BoolArray:
    """Per usable fix: within the radius (plus slack × accuracy, which the standard sets to 0)."""
    slack = _RULES["phone_inside"]["slack"]
    return np.asarray(child.distance_to(area.x, area.y) <= area.radius_m + slack * child.accuracy)


def _parts(*visits: Visit) -> tuple[Stay, ...]:
    return tuple(v.parts[0] for v in visits)


def _interior(child: ChildSamples, area: Area, lo: float, hi: float) -> list[Evidence]:
    k = _RULES["interior_sighting"]["k"]
    seen = [
        v
        for v in child.visits
        if lo <= v.t_in <= hi
        and (reader := child.zone.readers.get(v.reader)) is not None
        and reader.position == "interior"
        and reader.area == area.id
    ]
    return [_of_visits("interior_sighting", seen[i - k + 1 : i + 1]) for i in range(k - 1, len(seen))]


def _elsewhere(child: ChildSamples, area: Area, lo: float, hi: float) -> list[Evidence]:
    rule = _RULES["elsewhere_sighting"]
    k, margin = rule["k"], rule["margin_m"]
    seen = []
    for visit in child.visits:
        reader = child.zone.readers.get(visit.reader)
        if reader is None or not lo < visit.t_in <= hi:
            continue
        x, y = reader.antenna_xy(visit.antenna)
        if np.hypot(x - area.x, y - area.y) > area.radius_m + margin:
            seen.append(visit)
    found = [_of_visits("elsewhere_sighting", seen[i - k + 1 : i + 1]) for i in range(k - 1, len(seen))]
    found += [
        Evidence("elsewhere_sighting", p.t, p.known_at, _parts(*p.visits))
        for p in child.passes
        if p.direction == "in" and p.area != area.id and lo < p.t <= hi
    ]
    return found


def _of_visits(kind: str, visits: list[Visit]) -> Evidence:
    return Evidence(kind, visits[-1].t_in, max(v.known_at for v in visits), _parts(*visits))


def _runs(child: ChildSamples, area: Area, lo: float, hi: float, kind: str) -> list[Evidence]:
    if not child.usable:
        return []
    first = int(np.searchsorted(child.t, lo, side="left" if kind == "phone_inside" else "right"))
    last = int(np.searchsorted(child.t, hi, side="right"))
    k = _RULES[kind]["k"]
    if last - first < k:
        return []
    holds = distance_inside(child, area) if kind == "phone_inside" else distance_outside(child, area)
    return [of_fixes(kind, child, first + a, first + b) for a, b in child.runs(holds[first:last], k)]


def of_fixes(kind: str, child: ChildSamples, first: int, last: int) -> Evidence:
    """Evidence resting on the usable fixes first..last."""
    known = float(child.known[first : last + 1].max())
    return Evidence(kind, float(child.t[last]), known, tuple(child.usable[first : last + 1]))
