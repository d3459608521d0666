"""One child's samples, put in order: merged stays, passes through gates, fixes as arrays.

Works on ideal and on realised samples alike; knows nothing of truth or of notices.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from safezone_model import evidence

from safezone_sim.judge.geometry import BoolArray, FloatArray
from safezone_sim.judge.register import Register, Zone
from safezone_sim.records import Fix, Press, Samples, Stay

Direction = Literal["in", "out"]
_RULES = evidence()


@dataclass(frozen=True)
class Visit:
    """Stays of one tag at one antenna, merged where closer than ``same_stay.gap_max_s``.

    ``known_at`` is the earliest moment anything of it was known.
    """

    reader: str
    antenna: str
    t_in: float
    t_out: float
    known_at: float
    parts: tuple[Stay, ...]

    def lasted_known_at(self, seconds: float) -> float | None:
        """When it was first known that the visit lasted at least ``seconds``; None if it did not."""
        known = [p.end_known_at for p in self.parts if p.t_out - self.t_in >= seconds]
        known += [p.known_at for p in self.parts if p.t_in - self.t_in >= seconds]
        return min(known, default=None)


@dataclass(frozen=True)
class Pass:
    """First reads at both antennas of one gate, in order; ``t`` is the second, which completes it."""

    reader: str
    area: str
    direction: Direction
    t: float
    known_at: float
    visits: tuple[Visit, Visit]


class ChildSamples:
    """All samples of one child. Lists are in order of true time."""

    def __init__(self, zone: Zone, stays: list[Stay], fixes: list[Fix]) -> None:
        self.zone = zone
        self.fixes = sorted(fixes, key=lambda f: f.t)
        self._stays = stays

    @cached_property
    def visits(self) -> list[Visit]:
        """Merged stays, in order of first read."""
        by_antenna: dict[tuple[str, str], list[Stay]] = defaultdict(list)
        for stay in self._stays:
            by_antenna[stay.reader, stay.antenna].append(stay)
        merged = [v for stays in by_antenna.values() for v in _merge(sorted(stays, key=lambda s: s.t_in))]
        return sorted(merged, key=lambda v: (v.t_in, v.antenna))

    @cached_property
    def passes(self) -> list[Pass]:
        """Passes through gates, in order of completion."""
        by_reader: dict[str, list[Visit]] = defaultdict(list)
        for visit in self.visits:
            by_reader[visit.reader].append(visit)
        found: list[Pass] = []
        for reader, visits in by_reader.items():
            found += _passes(self.zone, reader, visits)
        return sorted(found, key=lambda p: p.t)

    @cached_property
    def usable(self) -> list[Fix]:
        """Fixes that may judge something: claimed accuracy at most ``usable_fix.accuracy_max_m``."""
        return [f for f in self.fixes if f.accuracy_m <= _RULES["usable_fix"]["accuracy_max_m"]]

    @cached_property
    def t(self) -> FloatArray:
        """Times of the usable fixes, seconds."""
        return np.array([f.t for f in self.usable], dtype=np.float64)

    @cached_property
    def known(self) -> FloatArray:
        """When the usable fixes were known, seconds."""
        return np.array([f.known_at for f in self.usable], dtype=np.float64)

    @cached_property
    def accuracy(self) -> FloatArray:
        """Claimed 68 % accuracy of the usable fixes, metres."""
        return np.array([f.accuracy_m for f in self.usable], dtype=np.float64)

    @cached_property
    def xy(self) -> FloatArray:
        """Positions of the usable fixes, (n, 2) metres."""
        lon = np.array([f.lon for f in self.usable], dtype=np.float64)
        lat = np.array([f.lat for f in self.usable], dtype=np.float64)
        return self.zone.frame.to_xy(lon, lat)

    def distance_to(self, x: float, y: float) -> FloatArray:
        """Distance of each usable fix from a point, metres."""
        return np.hypot(self.xy[:, 0] - x, self.xy[:, 1] - y)

    def runs(self, holds: BoolArray, k: int) -> list[tuple[int, int]]:
        """Index spans (first, last) of every ``k`` successive usable fixes for which ``holds`` is true."""
        if len(holds) < k:
            return []
        sums = np.convolve(holds.astype(np.int64), np.ones(k, dtype=np.int64), mode="valid")
        return [(int(i), int(i) + k - 1) for i in np.flatnonzero(sums == k)]


class SampleIndex:
    """Samples of one provenance by child, and presses by service and child or device."""

    def __init__(self, samples: Samples, register: Register) -> None:
        self._register = register
        self._stays: dict[str, list[Stay]] = defaultdict(list)
        self._fixes: dict[str, list[Fix]] = defaultdict(list)
        self._children: dict[str, ChildSamples] = {}
        self.presses: dict[tuple[str, str], list[Press]] = defaultdict(list)
        for stay in samples.stays:
            self._stays[stay.child].append(stay)
        for fix in samples.fixes:
            self._fixes[fix.child].append(fix)
        for press in samples.presses:
            subject = press.device if press.service == "bell_call" else (press.child or press.device)
            self.presses[press.service, subject].append(press)

    def child(self, child: str) -> ChildSamples | None:
        """One child's samples; None if the child is not registered."""
        if child not in self._children:
            zone = self._register.zone_of(child)
            if zone is None:
                return None
            self._children[child] = ChildSamples(zone, self._stays.get(child, []), self._fixes.get(child, []))
        return self._children[child]

    @property
    def stays_by_child(self) -> Mapping[str, list[Stay]]:
        """Raw stays by child."""
        return self._stays


def _merge(stays: Iterable[Stay]) -> list[Visit]:
    gap = _RULES["same_stay"]["gap_max_s"]
    groups: list[list[Stay]] = []
    for stay in stays:
        if groups and stay.t_in - max(s.t_out for s in groups[-1]) <= gap:
            groups[-1].append(stay)
        else:
            groups.append([stay])
    return [
        Visit(
            g[0].reader,
            g[0].antenna,
            g[0].t_in,
            max(s.t_out for s in g),
            min(s.known_at for s in g),
            tuple(g),
        )
        for g in groups
    ]


def _passes(zone: Zone, reader_id: str, visits: list[Visit]) -> list[Pass]:
    reader = zone.readers.get(reader_id)
    if reader is None or reader.position != "gate" or reader.area is None:
        return []
    found: list[Pass] = []
    waiting: tuple[str, Visit] | None = None
    for visit in visits:
        side = reader.antennas.get(visit.antenna, ("single", 0.0, 0.0))[0]
        if side not in ("outer", "inner"):
            continue
        direction: Direction = "in" if side == "inner" else "out"
        pair_max = _RULES[f"gate_pass_{direction}"]["pair_max_s"]
        if waiting and waiting[0] != side and visit.t_in - waiting[1].t_in <= pair_max:
            first = waiting[1]
            known = max(first.known_at, visit.known_at)
            found.append(Pass(reader_id, reader.area, direction, visit.t_in, known, (first, visit)))
            waiting = None
        else:
            waiting = (side, visit)
    return found
