"""The lines people walk, as columns: geometry with its gates, its street part and its crossings.

A line runs from inside one place, out of a gate, along streets, in by a gate, to inside another. What is
here stands still; when somebody walks it is in ``trips``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from safezone_sim.life.crossings import Circles, Hits, IndexArray, circle_hits, spread
from safezone_sim.life.ticks import on_length_step
from safezone_sim.map.model import FloatArray

QUEUE_BEFORE_GATE_M = 12.0  # where a crowd slows down before a school gate
SNAP_M = 0.05
LONGEST_LINE_M = float(1 << 15)  # so far apart lines lie on the common scale of ``_with_vertices``
CROSSINGS = 4  # at most so many crossings of a line make one wait
CROSSING_WITHIN_M = 8.0  # of a vertex: half the width of a Seoul side street and a bit
CROSSINGS_APART_M = 80.0  # waiting once covers the junctions of one light
NOWHERE = -1


@dataclass(frozen=True)
class LineSpec:
    """One line to be. Distances are metres along ``xy`` (k, 2), from its start or before its end.

    ``exit_at_m`` and ``entry_before_m`` are where the gates stand, ``None`` where there is none. ``street`` is
    where the second speed of a trip holds: from so far after the start to so far before the end. ``marks`` are
    further distances from the start that become vertices (where somebody acts).
    """

    xy: FloatArray
    from_place: str
    to_place: str
    exit_gate: str = ""
    exit_at_m: float | None = None
    entry_gate: str = ""
    entry_before_m: float | None = None
    street: tuple[float, float] = (0.0, 0.0)
    marks: tuple[float, ...] = ()


@dataclass(frozen=True)
class Lines:
    """Lines as columns. Line i has the vertices ``at[i]:at[i + 1]``; vertex numbers count from the line's start.

    ``foot_m`` and ``street_m`` are the distances walked at the first and at the second speed up to a vertex.
    ``exit_v``, ``entry_v``, ``queue_v`` are the vertices of the gates and of the queue before the entry, or -1.
    """

    at: IndexArray
    x: FloatArray
    y: FloatArray
    foot_m: FloatArray
    street_m: FloatArray
    exit_v: IndexArray
    entry_v: IndexArray
    queue_v: IndexArray
    street_v: IndexArray  # (lines, 2)
    crossing_v: IndexArray  # (lines, CROSSINGS), -1 where there are fewer
    exit_gate: tuple[str, ...]
    entry_gate: tuple[str, ...]
    from_place: tuple[str, ...]
    to_place: tuple[str, ...]
    marks: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.from_place)

    def xy(self, line: int) -> FloatArray:
        """Polyline (k, 2) of one line, metres."""
        s = slice(int(self.at[line]), int(self.at[line + 1]))
        return np.stack([self.x[s], self.y[s]], axis=1)

    def hits(self, circles: Circles) -> Hits:
        """Passages of all lines through circles."""
        return circle_hits(self.at, self.x, self.y, circles)


def build_lines(specs: Sequence[LineSpec], crossings_xy: FloatArray) -> Lines:
    """Columns of ``specs``. ``crossings_xy`` (n, 2) are the map's crossings, metres."""
    at = np.cumsum([0, *(len(s.xy) for s in specs)]).astype(np.int64)
    xy = np.concatenate([s.xy for s in specs]) if specs else np.zeros((0, 2))
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    owner, distance = _named_distances(specs, _along(at, x, y)[at[1:] - 1])
    at, x, y, vertex = _with_vertices(at, x, y, owner, distance)
    fixed = vertex[: 5 * len(specs)].reshape(-1, 5)
    gateless = np.isnan(distance[: 5 * len(specs)]).reshape(-1, 5)
    table = np.where(gateless, NOWHERE, fixed)
    marks: list[list[int]] = [[] for _ in specs]
    for line, v in zip(owner[5 * len(specs) :].tolist(), vertex[5 * len(specs) :].tolist(), strict=True):
        marks[line].append(v)
    street_v = table[:, 3:5]
    foot, street = _distances(at, x, y, street_v)
    return Lines(
        at=at,
        x=x,
        y=y,
        foot_m=foot,
        street_m=street,
        exit_v=table[:, 0],
        entry_v=table[:, 1],
        queue_v=table[:, 2],
        street_v=street_v,
        crossing_v=_crossing_vertices(at, x, y, foot + street, street_v, crossings_xy),
        exit_gate=tuple(s.exit_gate for s in specs),
        entry_gate=tuple(s.entry_gate for s in specs),
        from_place=tuple(s.from_place for s in specs),
        to_place=tuple(s.to_place for s in specs),
        marks=tuple(tuple(m) for m in marks),
    )


def lengths_along(xy: FloatArray) -> FloatArray:
    """Distance (k,) of each vertex from the start of a polyline (k, 2), metres."""
    step = np.sqrt((xy[1:, 0] - xy[:-1, 0]) ** 2 + (xy[1:, 1] - xy[:-1, 1]) ** 2)
    return np.concatenate([[0.0], np.cumsum(step)])


def _named_distances(specs: Sequence[LineSpec], total_m: FloatArray) -> tuple[IndexArray, FloatArray]:
    """Distances that must be vertices, with their line: exit, entry, queue, street ends of each, then all marks."""
    rows = [
        (
            np.nan if s.exit_at_m is None else s.exit_at_m,
            np.nan if s.entry_before_m is None else s.entry_before_m,
            np.nan if s.entry_before_m is None else s.entry_before_m + QUEUE_BEFORE_GATE_M,
            *s.street,
        )
        for s in specs
    ]
    table = np.array(rows, float).reshape(-1, 5)
    for column in (1, 2, 4):
        table[:, column] = total_m - table[:, column]
    table = np.clip(table, 0.0, total_m[:, None])
    table[:, 4] = np.maximum(table[:, 4], table[:, 3])
    marks = [(i, m) for i, s in enumerate(specs) for m in s.marks]
    owner = np.concatenate([np.repeat(np.arange(len(specs)), 5), np.array([i for i, _ in marks], np.int64)])
    distance = np.concatenate([table.ravel(), np.array([m for _, m in marks], float)])
    return owner, np.where(np.isnan(distance), np.nan, on_length_step(distance))


def _with_vertices(
    at: IndexArray, x: FloatArray, y: FloatArray, owner: IndexArray, distance: FloatArray
) -> tuple[IndexArray, FloatArray, FloatArray, IndexArray]:
    """The lines with a vertex at every distance named, and the number of that vertex within its line.

    A vertex closer than ``SNAP_M`` serves as it is. One sorted key (line, distance) does for all lines; it is
    exact, since distances are length steps and the line's share is a power of two.
    """
    along = _along(at, x, y)
    line_of = np.repeat(np.arange(len(at) - 1), np.diff(at))
    key = line_of * LONGEST_LINE_M + along
    total = along[at[1:] - 1] if len(at) > 1 else along
    given = np.minimum(np.nan_to_num(distance), total[owner])
    first, last = at[owner], at[owner + 1] - 1
    upper = np.clip(np.searchsorted(key, owner * LONGEST_LINE_M + given), first, last)
    lower = np.maximum(upper - 1, first)
    nearest = np.where(given - along[lower] < along[upper] - given, along[lower], along[upper])
    given = np.where(np.abs(nearest - given) < SNAP_M, nearest, given)
    wanted = owner * LONGEST_LINE_M + given
    is_new = (given != along[lower]) & (given != along[upper])
    new_key, which = np.unique(wanted[is_new], return_index=True)
    i, j, d = lower[is_new][which], upper[is_new][which], given[is_new][which]
    u = (d - along[i]) / (along[j] - along[i])
    every = np.concatenate([key, new_key])
    order = np.argsort(every, kind="stable")
    x = np.concatenate([x, x[i] + u * (x[j] - x[i])])[order]
    y = np.concatenate([y, y[i] + u * (y[j] - y[i])])[order]
    added = np.bincount(owner[is_new][which], minlength=len(at) - 1)
    at = np.concatenate([[0], np.cumsum(np.diff(at) + added)]).astype(np.int64)
    return at, x, y, np.searchsorted(every[order], wanted) - at[owner]


def _along(at: IndexArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Distance of each vertex from its line's start, in exact length steps."""
    step = np.zeros(len(x))
    step[1:] = on_length_step(np.sqrt((x[1:] - x[:-1]) ** 2 + (y[1:] - y[:-1]) ** 2))
    step[at[:-1]] = 0.0
    total = np.cumsum(step)
    return total - np.repeat(total[at[:-1]], np.diff(at))


def _distances(
    at: IndexArray, x: FloatArray, y: FloatArray, street_v: IndexArray
) -> tuple[FloatArray, FloatArray]:
    step = np.zeros(len(x))
    step[1:] = on_length_step(np.sqrt((x[1:] - x[:-1]) ** 2 + (y[1:] - y[:-1]) ** 2))
    step[at[:-1]] = 0.0
    line, number = spread(np.diff(at))
    on_street = (number > street_v[line, 0]) & (number <= street_v[line, 1])
    # Sums of length steps are exact, so a line's distances do not depend on the lines before it.
    foot = np.cumsum(np.where(on_street, 0.0, step))
    street = np.cumsum(np.where(on_street, step, 0.0))
    return foot - foot[at[:-1]][line], street - street[at[:-1]][line]


def _crossing_vertices(
    at: IndexArray,
    x: FloatArray,
    y: FloatArray,
    along: FloatArray,
    street_v: IndexArray,
    crossings_xy: FloatArray,
) -> IndexArray:
    """Per line up to ``CROSSINGS`` vertices of its street part at crossings, apart from each other."""
    found = np.full((len(at) - 1, CROSSINGS), NOWHERE, np.int64)
    if not len(crossings_xy) or not len(x):
        return found
    away, _ = cKDTree(crossings_xy).query(np.stack([x, y], axis=1), distance_upper_bound=CROSSING_WITHIN_M)
    line, number = spread(np.diff(at))
    near = np.flatnonzero(np.isfinite(away) & (number > street_v[line, 0]) & (number < street_v[line, 1]))
    last_line, last_m, count = -1, 0.0, 0
    for i, v, d in zip(line[near].tolist(), number[near].tolist(), along[near].tolist(), strict=True):
        if i != last_line:
            last_line, last_m, count = i, -CROSSINGS_APART_M, 0
        if count < CROSSINGS and d - last_m >= CROSSINGS_APART_M:
            found[i, count] = v
            last_m, count = d, count + 1
    return found
