"""The streets of one zone as a graph: how far it is on foot or by car, and what can be reached.

Compiled once from the zone's ``streets`` item; afterwards read-only. Metres of the zone's plane inside,
degrees (lon, lat) in and out. The item knows no one-way streets, so a drive is as long both ways.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from safezone_hub.geometry import Plane
from safezone_hub.places.reach import Reach

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
By = Literal["foot", "car"]

JOIN_M = 0.5  # vertices so close are one: lines that share a vertex meet there
_SAME_M = 0.05  # below any map's grid
SNAP_MAX_M = 200.0  # farther from every street than this is not «on the streets»
NAMED_WITHIN_M = 60.0  # a place is spoken of by a named road so near
ISLAND_SHARE = 0.05  # connected pieces with less of the streets' length are drawing errors or courtyards
BORDER_M = 25.0  # a vertex so near the outer hull of the net may go on beyond it …
DEAD_END_M = 150.0  # … and so near a dead end, where the net was not cut along a clean line
_SHORTEST_M = 1e-6  # scipy takes a zero for «no edge»


class StreetLine(Protocol):
    """One line of a ``streets`` item; ``line`` is (lon, lat) in degrees."""

    @property
    def name(self) -> str | None: ...
    @property
    def line(self) -> Sequence[tuple[float, float]]: ...
    @property
    def foot(self) -> bool: ...
    @property
    def car(self) -> bool: ...


class StreetsItem(Protocol):
    """A registry item of kind ``streets``."""

    @property
    def lines(self) -> Sequence[StreetLine]: ...


def streets_from_item(item: StreetsItem, plane: Plane) -> "StreetNet":
    """Compile a registered ``streets`` item."""
    return StreetNet.build(item.lines, plane)


@dataclass(frozen=True, slots=True)
class Snap:
    """The nearest point of a street: on ``segment``, at ``share`` (0 to 1) of it, ``away_m`` from the point asked."""

    segment: int
    share: float
    away_m: float


@dataclass(frozen=True, slots=True)
class _Segments:
    """Straight pieces, columns of equal length. ``a`` and ``b`` are vertex numbers, ``line`` the line's."""

    a: Ints
    b: Ints
    line: Ints
    length_m: Floats


class StreetNet:
    """Streets to measure along. Made by ``build``."""

    def __init__(
        self,
        plane: Plane,
        vertices: Floats,
        segments: _Segments,
        names: Sequence[str | None],
        foot: Bools,
        car: Bools,
    ) -> None:
        self.plane = plane
        self._xy = vertices
        self._segments = segments
        self._names = tuple(names)
        self._shapes = _lines_of(vertices, segments)
        everything = np.arange(len(segments.a))
        named = np.array([bool(n) for n in names], bool)[segments.line]
        self._all = _Index(self._shapes, everything)
        self._named = _Index(self._shapes, np.flatnonzero(named))
        self._ways = {
            "foot": _Way(vertices, segments, foot[segments.line], self._shapes),
            "car": _Way(vertices, segments, car[segments.line], self._shapes),
        }

    @classmethod
    def build(cls, lines: Iterable[StreetLine], plane: Plane) -> "StreetNet":
        """Compile lines into a net. Lines meet where they have vertices within ``JOIN_M``, and only there.

        So a bridge does not meet the road below it.
        """
        kept = list(lines)
        sizes = np.fromiter((len(k.line) for k in kept), np.int64, len(kept))
        degrees = np.fromiter(
            chain.from_iterable(chain.from_iterable(k.line for k in kept)), np.float64, 2 * int(sizes.sum())
        ).reshape(-1, 2)
        project: Any = plane.xy  # linear, so as good for columns as for one point
        x, y = project(degrees[:, 1], degrees[:, 0])
        vertex, vertices = _joined(np.stack([x, y], axis=1))
        owner = np.repeat(np.arange(len(kept)), sizes)
        a, b = vertex[:-1], vertex[1:]
        inner = (owner[:-1] == owner[1:]) & (a != b)
        a, b = a[inner], b[inner]
        length = np.hypot(*(vertices[b] - vertices[a]).T)
        segments = _Segments(a, b, owner[:-1][inner], length)
        return cls(
            plane,
            vertices,
            segments,
            [k.name for k in kept],
            np.array([k.foot for k in kept], bool),
            np.array([k.car for k in kept], bool),
        )

    def __len__(self) -> int:
        """Straight pieces in the net."""
        return len(self._segments.a)

    def road_at(self, x: float, y: float) -> tuple[str | None, float]:
        """The nearest named road within ``NAMED_WITHIN_M`` and the metres to it.

        Else None and the metres to the nearest street of any kind; infinite without streets.
        """
        found = self._named.nearest(x, y)
        if found is not None and found.away_m <= NAMED_WITHIN_M:
            return self._names[int(self._segments.line[found.segment])], found.away_m
        found = self._all.nearest(x, y)
        return None, found.away_m if found is not None else math.inf

    def walk_distance(self, start: tuple[float, float], end: tuple[float, float]) -> float:
        """Metres on foot: to the nearest street, along it, and from it to the end. Infinite if there is no way."""
        return self._distances([start], end, "foot")[0]

    def walk_distances(self, starts: Sequence[tuple[float, float]], end: tuple[float, float]) -> list[float]:
        """As ``walk_distance``, from many points to one."""
        return self._distances(starts, end, "foot")

    def drive_distances(self, starts: Sequence[tuple[float, float]], end: tuple[float, float]) -> list[float]:
        """Metres by car from many points to one, with the last metres off the road; infinite if there is no way."""
        return self._distances(starts, end, "car")

    def reach(self, x: float, y: float, metres: float, *, within_m: float = 0.0, by: By = "foot") -> Reach:
        """What can be reached along the streets by going ``metres`` from anywhere within ``within_m`` of (x, y).

        The way from (x, y) to the nearest street costs its own length when no street is within ``within_m``.
        """
        return self._ways[by].reach(self.plane, x, y, metres, within_m)

    def covers(self, x: float, y: float, by: By = "foot") -> bool:
        """Whether there is a street at all within ``SNAP_MAX_M``: elsewhere the net has nothing to say."""
        return self._ways[by].snap(x, y) is not None

    def _distances(
        self, starts: Sequence[tuple[float, float]], end: tuple[float, float], by: By
    ) -> list[float]:
        way = self._ways[by]
        to = way.snap(*end)
        snaps = [way.snap(*start) for start in starts]
        if to is None or not any(snaps):
            return [0.0 if start == end else math.inf for start in starts]
        cost = way.costs_from(to)
        return [
            0.0 if start == end else math.inf if snap is None else way.length(snap, to, cost)
            for start, snap in zip(starts, snaps, strict=True)
        ]


class _Index:
    """Finds the nearest of some segments."""

    def __init__(self, shapes: Any, numbers: Ints) -> None:
        self._numbers = numbers
        self._shapes = shapes
        self._tree = shapely.STRtree(shapes[numbers])

    def nearest(self, x: float, y: float) -> Snap | None:
        """The nearest point of them; None when there is none."""
        if not len(self._numbers):
            return None
        point = shapely.points(x, y)
        segment = int(self._numbers[self._tree.nearest(point)])
        shape = self._shapes[segment]
        share = float(shapely.line_locate_point(shape, point, normalized=True))
        return Snap(segment, share, float(shapely.distance(shape, point)))


class _Way:
    """The graph of one way of moving: the segments open to it, and the ones that hang together."""

    def __init__(self, vertices: Floats, segments: _Segments, is_open: Bools, shapes: Any) -> None:
        self._xy = vertices
        self._all = segments
        self._open = np.flatnonzero(is_open)
        a, b = segments.a[self._open], segments.b[self._open]
        length = segments.length_m[self._open]
        self._graph = _graph(len(vertices), a, b, length)
        _, label = connected_components(self._graph, directed=False)
        per_part = np.bincount(label[a], weights=length) if len(a) else np.zeros(1)
        kept = per_part >= min(per_part.max(), ISLAND_SHARE * per_part.sum())
        self._index = _Index(shapes, self._open[kept[label[a]]] if len(a) else self._open)
        used = np.unique(np.concatenate([a, b]))
        self._border = _border(vertices, used, np.diff(self._graph.indptr)[used] == 1)

    def snap(self, x: float, y: float) -> Snap | None:
        """The nearest point of the streets, islands left out; None beyond ``SNAP_MAX_M``."""
        found = self._index.nearest(x, y)
        return found if found is not None and found.away_m <= SNAP_MAX_M else None

    def costs_from(self, snap: Snap) -> Floats:
        """Metres (vertices,) from a snapped point."""
        length = float(self._all.length_m[snap.segment])
        ends = np.array([self._all.a[snap.segment], self._all.b[snap.segment]])
        return self._costs(ends, np.array([snap.share * length, (1.0 - snap.share) * length]), np.inf)

    def length(self, start: Snap, end: Snap, cost: Floats) -> float:
        """Metres from ``start`` to ``end``, ``cost`` being that from ``end``."""
        length = float(self._all.length_m[start.segment])
        a, b = self._all.a[start.segment], self._all.b[start.segment]
        along = min(float(cost[a]) + start.share * length, float(cost[b]) + (1.0 - start.share) * length)
        if start.segment == end.segment:
            along = min(along, abs(start.share - end.share) * length)
        return start.away_m + along + end.away_m

    def reach(self, plane: Plane, x: float, y: float, metres: float, within_m: float) -> Reach:
        """See ``StreetNet.reach``."""
        at = self._open
        a, b, length = self._all.a[at], self._all.b[at], self._all.length_m[at]
        low, high, dear = self._seeds(x, y, within_m)
        seeded = np.isfinite(low)
        cost = self._costs(
            np.concatenate([a[seeded], b[seeded]]),
            np.concatenate([(low * length + dear)[seeded], ((1.0 - high) * length + dear)[seeded]]),
            metres,
        )
        # Three stretches of a segment may be within reach: from its one end, from its other, from a seed on it.
        from_a = np.clip((metres - cost[a]) / length, 0.0, 1.0)
        to_b = 1.0 - np.clip((metres - cost[b]) / length, 0.0, 1.0)
        left = np.maximum(metres - dear, 0.0) / length
        usable = seeded & (metres >= dear)
        first = np.where(usable, np.clip(low - left, 0.0, 1.0), np.nan)
        last = np.where(usable, np.clip(high + left, 0.0, 1.0), np.nan)
        from_a = np.where(first <= from_a, np.fmax(from_a, last), from_a)
        to_b = np.where(last >= to_b, np.fmin(to_b, first), to_b)
        whole = from_a >= to_b
        apart = usable & (first > from_a) & (last < to_b) & (last > first)
        rows = [
            (at[whole], np.zeros(int(whole.sum())), np.ones(int(whole.sum()))),
            _some(~whole & (from_a > 0), at, np.zeros(len(at)), from_a),
            _some(~whole & apart, at, first, last),
            _some(~whole & (to_b < 1), at, to_b, np.ones(len(at))),
        ]
        segment, t0, t1 = (np.concatenate(column) for column in zip(*rows, strict=True))
        order = np.lexsort((t0, segment))
        return Reach(
            plane,
            x,
            y,
            metres,
            within_m,
            *self._pieces(segment[order], t0[order], t1[order]),
            bool((cost[self._border] <= metres).any()),
        )

    def _seeds(self, x: float, y: float, within_m: float) -> tuple[Floats, Floats, Floats]:
        """Where one may stand at the start: per open segment the shares between which, and what it cost to get there.

        Shares are NaN on a segment where nobody stands.
        """
        at = self._open
        start = self._xy[self._all.a[at]]
        step = self._xy[self._all.b[at]] - start
        length = self._all.length_m[at]
        from_start = np.array([x, y]) - start
        middle = (from_start * step).sum(axis=1) / length**2
        off = (from_start**2).sum(axis=1) - middle**2 * length**2
        half = np.sqrt(np.maximum(within_m**2 - off, 0.0)) / length
        low, high = np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
        inside = (off <= within_m**2) & (middle + half >= 0.0) & (middle - half <= 1.0) & (within_m > 0)
        low, high = np.where(inside, low, np.nan), np.where(inside, high, np.nan)
        dear = np.zeros(len(at))
        snap = self.snap(x, y)
        if snap is not None:
            i = int(np.searchsorted(at, snap.segment))
            if not inside[i]:
                low[i] = high[i] = snap.share
                dear[i] = max(0.0, snap.away_m - within_m)
        return low, high, dear

    def _costs(self, vertices: Ints, costs: Floats, limit_m: float) -> Floats:
        """Metres (vertices,) from the cheapest of some vertices with a cost to begin with; infinite beyond the limit."""
        n = len(self._xy)
        if not len(vertices):
            return np.full(n, np.inf)
        begin = np.full(n, np.inf)
        np.minimum.at(begin, vertices, costs)
        starts = np.flatnonzero(np.isfinite(begin))
        # One vertex more, from which every beginning costs what it costs.
        graph = self._graph
        widened = csr_matrix(
            (
                np.concatenate([graph.data, np.maximum(begin[starts], _SHORTEST_M)]),
                np.concatenate([graph.indices, starts]),
                np.append(graph.indptr, len(graph.data) + len(starts)),
            ),
            shape=(n + 1, n + 1),
        )
        cost: Floats = dijkstra(widened, directed=True, indices=n, limit=limit_m)[:n]
        return cost

    def _pieces(self, segment: Ints, t0: Floats, t1: Floats) -> tuple[Floats, Bools]:
        """Ends (n, 4) of stretches of segments; and whether each goes on where the one before it ended."""
        start = self._xy[self._all.a[segment]]
        step = self._xy[self._all.b[segment]] - start
        pieces = np.concatenate([start + t0[:, None] * step, start + t1[:, None] * step], axis=1)
        goes_on = np.zeros(len(segment), bool)
        goes_on[1:] = (
            (self._all.line[segment[1:]] == self._all.line[segment[:-1]])
            & (self._all.a[segment[1:]] == self._all.b[segment[:-1]])
            & (t1[:-1] == 1.0)
            & (t0[1:] == 0.0)
        )
        return pieces, goes_on


def _some(chosen: Bools, at: Ints, t0: Floats, t1: Floats) -> tuple[Ints, Floats, Floats]:
    return at[chosen], t0[chosen], t1[chosen]


def _joined(xy: Floats) -> tuple[Ints, Floats]:
    """Vertex number (n,) of every point, and the vertices; a vertex takes in what lies within ``JOIN_M`` of it.

    Not whatever is near its neighbours too: a finely drawn bend stays a bend.
    """
    if not len(xy):
        return np.zeros(0, np.int64), np.zeros((0, 2))
    cells = np.round(xy / _SAME_M).astype(np.int64)
    _, first, back = np.unique(
        cells[:, 0] << 32 | cells[:, 1] & 0xFFFFFFFF, return_index=True, return_inverse=True
    )
    order = np.argsort(first)  # the item's own order decides who takes in whom
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    distinct = xy[first[order]]
    leader = list(range(len(distinct)))
    pairs = cKDTree(distinct).query_pairs(JOIN_M, output_type="ndarray")
    for i, j in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist():
        if leader[i] == i and leader[j] == j:
            leader[j] = i
    led = np.array(leader, np.int64)[rank[back.reshape(-1)]]
    kept, vertex = np.unique(led, return_inverse=True)
    return vertex.reshape(-1).astype(np.int64), distinct[kept]


def _lines_of(vertices: Floats, segments: _Segments) -> Any:
    """The segments as shapely lines (n,)."""
    return shapely.linestrings(np.stack([vertices[segments.a], vertices[segments.b]], axis=1))


def _graph(vertices: int, a: Ints, b: Ints, length: Floats) -> csr_matrix:
    """Both directions of every segment; of several between the same two vertices the shortest."""
    start, end = np.concatenate([a, b]), np.concatenate([b, a])
    weight = np.maximum(np.concatenate([length, length]), _SHORTEST_M)
    key = start * vertices + end
    order = np.lexsort((weight, key))
    first = np.ones(len(order), bool)
    first[1:] = np.diff(key[order]) != 0
    kept = order[first]
    return csr_matrix((weight[kept], (start[kept], end[kept])), shape=(vertices, vertices))


def _border(vertices: Floats, used: Ints, dead_end: Bools) -> Ints:
    """Vertices from which streets may go on beyond the net: those near the outer hull of all that is used."""
    if not len(used):
        return used
    points = shapely.points(vertices[used])
    hull = shapely.convex_hull(shapely.multipoints(points))
    # The hull of streets in one straight line is that line: only its ends lie at the border.
    edge = hull.exterior if hull.geom_type == "Polygon" else shapely.boundary(hull)
    if edge.is_empty:
        return used
    near: Bools = shapely.distance(points, edge) <= np.where(dead_end, DEAD_END_M, BORDER_M)
    return used[near]
