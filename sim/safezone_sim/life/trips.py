"""Trips as columns, and when each is where: the one place where distance becomes time.

A trip walks one line. Its time at a point is

    depart + foot_m / foot_mps + street_m / street_mps + the pauses at earlier vertices

so speed is uneven only through pauses and the two speeds, and every moment has a closed form. Agents and
the whole-school columns both ask here; the formula is elementwise, so both get the same bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from safezone_sim.life.crossings import Circles, Hits, IndexArray, spread
from safezone_sim.life.lines import CROSSINGS, NOWHERE, Lines
from safezone_sim.life.ticks import on_tick
from safezone_sim.map.model import FloatArray

QUEUE, DAWDLE = 0, 1  # columns of pauses; the crossings follow
PAUSES = 2 + CROSSINGS


@dataclass(frozen=True)
class Trips:
    """Trips as columns, in order of person and time.

    ``ready``: when the person would set out; ``set_out``: after waiting for friends; ``depart``: after
    queueing at the gate too. Seconds after local midnight, on ticks. ``group`` and ``incident`` are -1
    for none. ``pause_v`` (n, PAUSES) are vertices of the line, -1 for no pause.
    """

    person: IndexArray
    line: IndexArray
    ready: FloatArray
    set_out: FloatArray
    depart: FloatArray
    foot_mps: FloatArray
    street_mps: FloatArray
    pause_v: IndexArray
    pause_s: FloatArray
    group: IndexArray
    incident: IndexArray

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: IndexArray) -> "Trips":
        """The rows named, in that order."""
        return Trips(*(getattr(self, f.name)[rows] for f in fields(self)))

    def with_columns(self, **columns: FloatArray | IndexArray) -> "Trips":
        return replace(self, **columns)  # type: ignore[arg-type]

    @classmethod
    def joined(cls, parts: Sequence["Trips"]) -> "Trips":
        """Several tables as one, sorted by person and time."""
        table = cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))
        return table.take(np.lexsort((table.ready, table.person)))


def new_trips(
    person: IndexArray,
    line: IndexArray,
    ready: FloatArray,
    foot_mps: FloatArray,
    street_mps: FloatArray | None = None,
    incident: int = -1,
) -> Trips:
    """Trips without pauses, friends or queues."""
    n = len(person)
    ready = on_tick(np.asarray(ready, float))
    return Trips(
        person=np.asarray(person, np.int64),
        line=np.asarray(line, np.int64),
        ready=ready,
        set_out=ready,
        depart=ready,
        foot_mps=np.asarray(foot_mps, float),
        street_mps=np.asarray(foot_mps if street_mps is None else street_mps, float),
        pause_v=np.full((n, PAUSES), NOWHERE, np.int64),
        pause_s=np.zeros((n, PAUSES)),
        group=np.full(n, -1, np.int64),
        incident=np.full(n, incident, np.int64),
    )


def time_at(
    trips: Trips,
    rows: IndexArray,
    foot_m: FloatArray,
    street_m: FloatArray,
    seg: IndexArray,
) -> FloatArray:
    """When trips ``rows`` have come so far; ``seg`` is the segment they are on (its pauses lie behind)."""
    t = trips.depart[rows] + foot_m / trips.foot_mps[rows] + street_m / trips.street_mps[rows]
    for k in range(PAUSES):
        v = trips.pause_v[rows, k]
        t = t + np.where((v >= 0) & (v <= seg), trips.pause_s[rows, k], 0.0)
    return on_tick(t)


def time_at_vertex(
    trips: Trips, lines: Lines, rows: IndexArray, vertex: IndexArray, leaving: bool = False
) -> FloatArray:
    """When trips come to a vertex of their line, or leave it."""
    p = lines.at[trips.line[rows]] + vertex
    return time_at(trips, rows, lines.foot_m[p], lines.street_m[p], vertex if leaving else vertex - 1)


def arrivals(trips: Trips, lines: Lines) -> FloatArray:
    """When each trip ends, seconds."""
    rows = np.arange(len(trips))
    line = trips.line
    return time_at_vertex(trips, lines, rows, lines.at[line + 1] - lines.at[line] - 1)


@dataclass(frozen=True)
class Walked:
    """Trips as timed polylines: trip i has the moments ``at[i]:at[i + 1]``; ``vertex`` is the line's vertex."""

    at: IndexArray
    t: FloatArray
    x: FloatArray
    y: FloatArray
    vertex: IndexArray


def walk(trips: Trips, lines: Lines) -> Walked:
    """All trips as timed polylines. A vertex where somebody pauses appears twice."""
    line = trips.line
    size = lines.at[line + 1] - lines.at[line]
    row, vertex = spread(size)
    t = time_at_vertex(trips, lines, row, vertex)
    paused_row, column = np.nonzero((trips.pause_v >= 0) & (trips.pause_s > 0))
    paused_v = trips.pause_v[paused_row, column]
    left = time_at_vertex(trips, lines, paused_row, paused_v, leaving=True)
    row, vertex = np.concatenate([row, paused_row]), np.concatenate([vertex, paused_v])
    t = np.concatenate([t, left])
    key = (row * (int(size.max(initial=0)) + 1) + vertex) * 2
    key[len(t) - len(left) :] += 1
    order = np.argsort(key, kind="stable")
    row, vertex, t = row[order], vertex[order], t[order]
    p = lines.at[line[row]] + vertex
    at = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(trips)))]).astype(np.int64)
    return Walked(at, t, lines.x[p], lines.y[p], vertex)


@dataclass(frozen=True)
class Stays:
    """Stays within circles as columns: ``trip`` row, ``circle``, times in seconds; in order of trip and t_in."""

    trip: IndexArray
    circle: IndexArray
    t_in: FloatArray
    t_out: FloatArray


@dataclass(frozen=True)
class LineHits:
    """Passages of lines through circles, ready to be timed: distances instead of fractions."""

    at: IndexArray  # (lines + 1,)
    circle: IndexArray
    seg_in: IndexArray
    foot_in: FloatArray
    street_in: FloatArray
    seg_out: IndexArray
    foot_out: FloatArray
    street_out: FloatArray


def line_hits(lines: Lines, circles: Circles) -> LineHits:
    """Where lines pass through circles. Computed once a line, however many walk it."""
    h: Hits = lines.hits(circles)
    at = np.searchsorted(h.line, np.arange(len(lines) + 1)).astype(np.int64)
    i, j = lines.at[h.line] + h.seg_in, lines.at[h.line] + h.seg_out
    foot, street = lines.foot_m, lines.street_m
    return LineHits(
        at=at,
        circle=h.circle,
        seg_in=h.seg_in,
        foot_in=foot[i] + h.u_in * (foot[i + 1] - foot[i]),
        street_in=street[i] + h.u_in * (street[i + 1] - street[i]),
        seg_out=h.seg_out,
        foot_out=foot[j] + h.u_out * (foot[j + 1] - foot[j]),
        street_out=street[j] + h.u_out * (street[j + 1] - street[j]),
    )


def stays_of(trips: Trips, hits: LineHits) -> Stays:
    """All stays of all trips within the circles of ``hits``."""
    row, k = spread(hits.at[trips.line + 1] - hits.at[trips.line])
    h = hits.at[trips.line[row]] + k
    t_in = time_at(trips, row, hits.foot_in[h], hits.street_in[h], hits.seg_in[h])
    t_out = time_at(trips, row, hits.foot_out[h], hits.street_out[h], hits.seg_out[h])
    real = t_out > t_in
    row, h, t_in, t_out = row[real], h[real], t_in[real], t_out[real]
    order = np.lexsort((hits.circle[h], t_in, row))
    return Stays(row[order], hits.circle[h][order], t_in[order], t_out[order])
