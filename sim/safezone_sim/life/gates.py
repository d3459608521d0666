"""School gates when everybody comes at once: one behind the other, each direction by itself.

The crowd's order is computed for the whole school from its plans, first come first served. Somebody who
comes off schedule (a closed road, a late friend) slips into the first gap.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np

from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.lines import NOWHERE, Lines
from safezone_sim.life.ticks import on_tick, tick
from safezone_sim.life.trips import QUEUE, Trips, time_at_vertex
from safezone_sim.map.model import FloatArray

# A gate of 2 m passes about 1.2 persons a second and metre (Weidmann 1993); children come in files and talk.
HEADWAY_S = 0.75


@dataclass(frozen=True)
class Crowd:
    """How the plans pass the school's gates. Per trip: the door (gate and direction) or -1, and the wait there."""

    doors: tuple[tuple[str, str], ...]  # (gate, "in" | "out")
    door: IndexArray
    passes: FloatArray
    wait_s: FloatArray


def queue(door: IndexArray, t: FloatArray, person: IndexArray) -> FloatArray:
    """When each passes its door: in order of arrival (then person), ``HEADWAY_S`` apart. ``door`` >= 0."""
    order = np.lexsort((person, t, door))
    out = t.copy()
    sorted_door = door[order]
    for d in np.unique(door).tolist():
        rows = order[np.searchsorted(sorted_door, d) : np.searchsorted(sorted_door, d, side="right")]
        shift = np.arange(len(rows)) * HEADWAY_S  # a multiple of a tick: exact
        out[rows] = np.maximum.accumulate(t[rows] - shift) + shift
    return out


def crowd_at_gates(trips: Trips, lines: Lines, school: str) -> Crowd:
    """The queues at the school's gates, from trips that have not queued yet."""
    doors: list[tuple[str, str]] = []
    of_line = np.full(len(lines), NOWHERE, np.int64)
    for i, (a, b) in enumerate(zip(lines.from_place, lines.to_place, strict=True)):
        key = (
            (lines.entry_gate[i], "in")
            if b == school
            else (lines.exit_gate[i], "out")
            if a == school
            else None
        )
        if key is not None and key[0]:
            if key not in doors:
                doors.append(key)
            of_line[i] = doors.index(key)
    door = of_line[trips.line]
    rows = np.flatnonzero(door >= 0)
    line = trips.line[rows]
    inward = np.array([d[1] == "in" for d in doors], bool)[door[rows]] if len(rows) else np.zeros(0, bool)
    vertex = np.where(inward, lines.entry_v[line], lines.exit_v[line])
    t = time_at_vertex(trips, lines, rows, vertex)
    passes, wait = np.full(len(trips), np.nan), np.zeros(len(trips))
    passes[rows] = queue(door[rows], t, trips.person[rows])
    wait[rows] = passes[rows] - t
    return Crowd(tuple(doors), door, passes, wait)


def with_waits(trips: Trips, lines: Lines, crowd: Crowd) -> Trips:
    """The trips after queueing: outward one waits inside, inward some steps before the gate."""
    inward = np.array([*(d[1] == "in" for d in crowd.doors), False])[crowd.door]
    depart = np.where(inward, trips.depart, on_tick(trips.depart + crowd.wait_s))
    v, s = trips.pause_v.copy(), trips.pause_s.copy()
    v[:, QUEUE] = np.where(inward & (crowd.wait_s > 0), lines.queue_v[trips.line], NOWHERE)
    s[:, QUEUE] = np.where(inward, crowd.wait_s, 0.0)
    return trips.with_columns(depart=depart, pause_v=v, pause_s=s)


class Gaps:
    """The passes of one door, in which a latecomer finds a gap."""

    def __init__(self, passes: list[float]) -> None:
        self._passes = sorted(passes)

    def slip_in(self, t: float) -> float:
        """The first moment >= t at least ``HEADWAY_S`` from every other pass; it is taken from now on."""
        i = bisect_left(self._passes, t - HEADWAY_S)
        while i < len(self._passes) and self._passes[i] < t + HEADWAY_S:
            if self._passes[i] > t - HEADWAY_S:
                t = tick(self._passes[i] + HEADWAY_S)
            i += 1
        insort(self._passes, t)
        return t
