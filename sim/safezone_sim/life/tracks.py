"""Where a person truly is: the track that grows leg by leg, and its look-ups by bisection."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import hypot, inf

import numpy as np

from safezone_sim.life.lines import Lines
from safezone_sim.life.settle import INSIDE_MPS
from safezone_sim.life.ticks import tick
from safezone_sim.life.trips import Trips, Walked
from safezone_sim.map.model import FloatArray

_FIRST = -1e9  # before any moment


@dataclass(frozen=True)
class Leg:
    """One trip as somebody walks it. Inside ``from_place`` before ``t_exit``, inside ``to_place`` from ``t_entry``.

    ``row`` is the trip's row in ``trips`` with its ``lines``.
    """

    trips: Trips
    lines: Lines
    row: int
    t: list[float]
    x: list[float]
    y: list[float]
    exit_k: int  # index of the moment at the gate, outward
    entry_k: int

    @property
    def line(self) -> int:
        return int(self.trips.line[self.row])

    @property
    def from_place(self) -> str:
        return self.lines.from_place[self.line]

    @property
    def to_place(self) -> str:
        return self.lines.to_place[self.line]


def legs_of(trips: Trips, lines: Lines, walked: Walked) -> list[Leg]:
    """Trips as legs, in the order of the rows."""
    at, t, x, y = walked.at.tolist(), walked.t.tolist(), walked.x.tolist(), walked.y.tolist()
    vertex = walked.vertex.tolist()
    exit_v, entry_v = lines.exit_v.tolist(), lines.entry_v.tolist()
    legs = []
    for row, line in enumerate(trips.line.tolist()):
        i, j = at[row], at[row + 1]
        v = vertex[i:j]
        exit_k = bisect_left(v, exit_v[line]) if exit_v[line] >= 0 else 0
        entry_k = bisect_left(v, entry_v[line]) if entry_v[line] >= 0 else j - i - 1
        legs.append(Leg(trips, lines, row, t[i:j], x[i:j], y[i:j], exit_k, entry_k))
    return legs


class Track:
    """The polyline of one person's day. Between two moments the person moves straight and evenly."""

    def __init__(self, x: float, y: float, place: str) -> None:
        self.t: list[float] = [_FIRST]
        self.x: list[float] = [x]
        self.y: list[float] = [y]
        self.place: list[str] = [place]  # place[i] holds from t[i] to t[i + 1]

    def walk(self, leg: Leg) -> None:
        """Adds a leg; if it starts at another door of the place, the person has walked there inside before."""
        gap = hypot(leg.x[0] - self.x[-1], leg.y[0] - self.y[-1])
        if gap > 0:
            arrived = self.t[-1]
            there = leg.t[0] if arrived == _FIRST else min(leg.t[0], tick(arrived + gap / INSIDE_MPS))
            self._add(there, leg.x[0], leg.y[0], self.place[-1])
        last = len(leg.t) - 1
        for k in range(last + 1):
            where = (
                leg.from_place if k < leg.exit_k else leg.to_place if k >= leg.entry_k or k == last else ""
            )
            self._add(leg.t[k], leg.x[k], leg.y[k], where)

    def pass_by(self, t: float, x: float, y: float) -> None:
        """Adds one moment outside every place; ``t`` not before the last."""
        self._add(t, x, y, "")

    def cut(self, t: float) -> None:
        """Forgets everything after ``t``: the person stands where it is then."""
        (x, y), place = self.position(t), self.inside(t)
        keep = bisect_right(self.t, t)
        for column in (self.t, self.x, self.y, self.place):
            del column[keep:]
        self._add(t, x, y, place)

    def _add(self, t: float, x: float, y: float, place: str) -> None:
        if self.t[-1] == _FIRST and (x != self.x[-1] or y != self.y[-1]):
            self.x[-1], self.y[-1] = x, y  # waited at this door since the night
        if t == self.t[-1] and x == self.x[-1] and y == self.y[-1]:
            self.place[-1] = place
            return
        self.t.append(t)
        self.x.append(x)
        self.y.append(y)
        self.place.append(place)

    def position(self, t: float) -> tuple[float, float]:
        """Metres (x, y) at time t; after the last moment, where the person stays."""
        i = bisect_right(self.t, t)
        if i == len(self.t):
            return self.x[-1], self.y[-1]
        t0, t1 = self.t[i - 1], self.t[i]
        x0, y0 = self.x[i - 1], self.y[i - 1]
        if t1 <= t0:
            return x0, y0
        u = (t - t0) / (t1 - t0)
        return x0 + u * (self.x[i] - x0), y0 + u * (self.y[i] - y0)

    def inside(self, t: float) -> str:
        """The place the person is inside at time t, or ""."""
        return self.place[bisect_right(self.t, t) - 1]

    def moves_from(self, i: int) -> bool:
        """True if the person moves between moments i and i + 1."""
        return self.x[i] != self.x[i + 1] or self.y[i] != self.y[i + 1]

    def moved_within(self, t0: float, t1: float) -> bool:
        """True if the person moved at any moment between t0 and t1."""
        last = len(self.t) - 1
        for i in range(max(0, bisect_right(self.t, t0) - 1), last):
            if self.t[i] >= t1:
                return False
            if self.moves_from(i):
                return True
        return False

    def next_motion(self, t: float) -> float:
        """The first moment >= t on the track at which the person moves; inf if the track ends before."""
        for i in range(max(0, bisect_right(self.t, t) - 1), len(self.t) - 1):
            if self.moves_from(i):
                return max(t, self.t[i])
        return inf

    def between(self, t0: float, t1: float) -> tuple[FloatArray, FloatArray, FloatArray, list[str]]:
        """The piece of the track from t0 to t1 as columns t, x, y, place; positions at both ends are filled in."""
        i, j = bisect_right(self.t, t0), bisect_left(self.t, t1)
        (xa, ya), (xb, yb) = self.position(t0), self.position(t1)
        t = [t0, *self.t[i:j], t1]
        x = [xa, *self.x[i:j], xb]
        y = [ya, *self.y[i:j], yb]
        place = [self.inside(t0), *self.place[i:j], self.inside(t1)]
        return np.array(t), np.array(x), np.array(y), place
