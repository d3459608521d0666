"""The ground around a school: how far from any street, what land, and how one comes there on foot.

A way into a place leaves the street at the nearest point of the nearest walkable street (the *foot*) and
goes straight on. So it meets no other street, and a point s metres behind the foot is s metres clear of
every street: that keeps passers-by out of a gate's antennas.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely import STRtree
from shapely.geometry import LineString, Point, Polygon

from safezone_sim.map.model import FloatArray, IntArray, StreetMap
from safezone_sim.routes import BoolArray, Router, Tree

GATE_BEHIND_STREET_M = 10.0  # a gate stands this far behind the street's centreline
GATE_LINE_M = 24.0  # wanted length of the way behind the street …
GATE_LINE_MIN_M = 19.0  # … and the least that keeps both antennas of a gate apart from street and inside

# Where nobody lives (OpenMapTiles land-use classes).
NO_HOMES = frozenset(
    {
        *("school", "university", "college", "kindergarten", "library", "hospital"),
        *("commercial", "retail", "industrial", "railway", "garages", "quarry", "military", "cemetery"),
        *("stadium", "pitch", "playground", "theme_park", "zoo", "bus_station", "dam"),
    }
)
_DENSE_M = 4.0
_NEAREST = 6  # dense points looked at before a street counts as the nearest


@dataclass(frozen=True)
class Foot:
    """The nearest point of the nearest street: on ``edge``, ``along_m`` from its start, ``away_m`` from the point."""

    edge: int
    along_m: float
    x: float
    y: float
    away_m: float


class Ground:
    """Answers about the ground of one map, given the streets that are open (``router``)."""

    def __init__(self, street_map: StreetMap, router: Router) -> None:
        self.map = street_map
        self.router = router
        streets = street_map.streets
        self.edges = router.usable_edges
        if not len(self.edges):
            raise ValueError("the map has no walkable street")
        sizes = np.diff(streets.geom_at)[self.edges]
        starts = streets.geom_at[:-1][self.edges]
        points = np.repeat(starts - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(
            sizes.sum()
        )
        owner = np.repeat(np.arange(len(self.edges)), sizes)
        self.lines = shapely.linestrings(streets.geom_xy[points], indices=owner)
        self.line_tree = STRtree(self.lines)
        self.dense_xy, self._dense_line = shapely.get_coordinates(
            shapely.segmentize(self.lines, _DENSE_M), return_index=True
        )
        self._dense = quick_tree(self.dense_xy)
        self.buildings = np.array(street_map.buildings, dtype=object)
        self.building_tree = STRtree(self.buildings)
        bad = [f.shape for f in street_map.features if f.cls in NO_HOMES or f.kind == "water"]
        bad += [f.shape for f in street_map.features if f.cls in ("national_park", "wood", "wetland")]
        self._no_homes = np.array(bad, dtype=object)
        self._barriers = STRtree([line.shape for line in street_map.lines])

    def clearance(self, xy: FloatArray) -> FloatArray:
        """Metres (n,) from points (n, 2) to the nearest open street; at most 0.5 m too long beyond 4 m."""
        return np.asarray(self._dense.query(xy)[0], float)

    def nearest_lines(self, xy: FloatArray) -> IntArray:
        """Index in ``lines`` (n,) of the street nearest to each point (n, 2): what ``line_tree.nearest`` gives.

        The nearest street has a dense point within √(d² + (``_DENSE_M``/2)²), d being the distance to the nearest dense
        point. Mostly that leaves one street; several are measured; on a tie (a common end) the tree is asked.
        """
        metres, at = self._dense.query(xy, k=_NEAREST)
        reach = np.hypot(metres[:, 0], _DENSE_M / 2) + 1e-6
        missing = at >= len(self.dense_xy)
        lines = self._dense_line[np.where(missing, 0, at)]
        near = (metres <= reach[:, None]) & ~missing
        found = lines[:, 0].copy()
        ask = near[:, -1]  # more may be as near
        several = np.flatnonzero((near & (lines != lines[:, :1])).any(axis=1) & ~ask)
        if len(several):
            row, column = np.nonzero(near[several])
            pair_line = lines[several][row, column]
            away = np.full((len(several), _NEAREST), np.inf)
            away[row, column] = shapely.distance(shapely.points(xy[several])[row], self.lines[pair_line])
            best = away.argmin(axis=1)
            chosen = lines[several, best]
            found[several] = chosen
            least = away.min(axis=1)[:, None]
            tied = ((away <= least + 1e-9) & (lines[several] != chosen[:, None])).any(axis=1)
            ask[several[tied]] = True
        if ask.any():
            found[ask] = self.line_tree.nearest(shapely.points(xy[ask]))
        return np.asarray(found, np.int32)

    def foot(self, x: float, y: float) -> Foot:
        """The nearest point of an open street, exactly."""
        point = Point(x, y)
        at = int(self.nearest_lines(np.array([[x, y]]))[0])
        along = float(shapely.line_locate_point(self.lines[at], point))
        foot = shapely.line_interpolate_point(self.lines[at], along)
        return Foot(int(self.edges[at]), along, foot.x, foot.y, float(foot.distance(point)))

    def way_from_street(self, foot: Foot, tree: Tree) -> tuple[int, FloatArray]:
        """The end node of the foot's street that is nearer to the tree's targets, and the line from it to the foot."""
        streets = self.router.streets
        a, b = int(streets.edge_from[foot.edge]), int(streets.edge_to[foot.edge])
        rest = float(streets.length_m[foot.edge]) - foot.along_m
        line = streets.edge_line(foot.edge)
        if tree.distance_m[a] + foot.along_m <= tree.distance_m[b] + rest:
            return a, _cut(line, foot.along_m, (foot.x, foot.y))
        return b, _cut(line[::-1], rest, (foot.x, foot.y))

    def bad_for_homes(self, points: STRtree) -> BoolArray:
        """Mask (n,) of the tree's points on land where nobody lives."""
        return touched(points, self._no_homes)

    def near_building(self, points: STRtree, within_m: float) -> BoolArray:
        """Mask (n,) of the tree's points at most ``within_m`` from a building."""
        return touched(points, self.buildings, within_m)

    def crosses_barrier(self, line: LineString) -> bool:
        """True if the line crosses a railway or a waterway above ground."""
        return len(self._barriers) > 0 and len(self._barriers.query(line, predicate="intersects")) > 0


def quick_tree(xy: FloatArray) -> cKDTree:
    """A tree of points (n, 2) that is asked only a few thousand times: laid out in a third of the time."""
    return cKDTree(xy, balanced_tree=False, compact_nodes=False)


def touched(points: STRtree, shapes: npt.ArrayLike, within_m: float | None = None) -> BoolArray:
    """Mask (n,) of the tree's points in one of ``shapes``, or at most ``within_m`` from one.

    Shapes are asked, not points: there are fewer, and each is prepared once for all the points near it.
    """
    mask = np.zeros(len(points.geometries), bool)
    shapes = np.asarray(shapes, dtype=object)
    if within_m is None:
        mask[points.query(shapes, predicate="intersects")[1]] = True
    else:
        mask[points.query(shapes, predicate="dwithin", distance=within_m)[1]] = True
    return mask


def grid_around(radius_m: float, step_m: float) -> FloatArray:
    """Grid points (n, 2) within ``radius_m`` of the origin."""
    side = np.arange(-radius_m, radius_m + step_m / 2, step_m)
    xy = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    inside: FloatArray = xy[np.hypot(xy[:, 0], xy[:, 1]) <= radius_m]
    return inside


def grid_clear_of(radius_m: float, step_m: float, xy: FloatArray, at_least_m: float) -> FloatArray:
    """As ``grid_around``, without most of what is nearer than ``at_least_m`` to one of ``xy`` (n, 2): nothing else.

    Points are put to their nearest grid point, half a diagonal away at most; what is near that one is near the point.
    """
    side = np.arange(-radius_m, radius_m + step_m / 2, step_m)
    reach = at_least_m / step_m - math.sqrt(0.5) - 1e-6
    pad = max(0, math.floor(reach))
    size = len(side)
    cell = np.rint((xy + radius_m) / step_m).astype(np.int64) + pad
    cell = cell[((cell >= 0) & (cell < size + 2 * pad)).all(axis=1)]
    taken = np.zeros((size + 2 * pad, size + 2 * pad), bool)
    taken[cell[:, 1], cell[:, 0]] = True
    near = np.zeros((size, size), bool)
    for up in range(-pad, pad + 1):
        for right in range(-pad, pad + 1):
            if math.hypot(up, right) < reach:
                near |= taken[pad + up : pad + up + size, pad + right : pad + right + size]
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    kept: FloatArray = grid[~near.reshape(-1) & (np.hypot(grid[:, 0], grid[:, 1]) <= radius_m)]
    return kept


def line_length(line: FloatArray) -> float:
    """Length of a polyline (k, 2), metres."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum()) if len(line) > 1 else 0.0


def points_along(line: FloatArray, at_m: FloatArray) -> FloatArray:
    """The points (n, 2) at ``at_m`` (n,) metres along a polyline (k, 2)."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    return np.stack([np.interp(at_m, along, line[:, 0]), np.interp(at_m, along, line[:, 1])], axis=-1)


def point_along(line: FloatArray, at_m: float) -> tuple[float, float]:
    """The point ``at_m`` metres along a polyline (k, 2)."""
    x, y = points_along(line, np.array([at_m]))[0].tolist()
    return x, y


def join_lines(*lines: FloatArray) -> FloatArray:
    """One polyline of several that follow each other, without repeated points."""
    line = np.concatenate(lines)
    moves = np.ones(len(line), bool)
    moves[1:] = np.hypot(*np.diff(line, axis=0).T) > 1e-6
    return line[moves]


def largest_part(shape: object) -> Polygon | None:
    """The largest polygon of any geometry, without holes; None if there is none."""
    parts = [p for p in shapely.get_parts(shape).tolist() if isinstance(p, Polygon) and not p.is_empty]
    return Polygon(max(parts, key=lambda p: p.area).exterior) if parts else None


def _cut(line: FloatArray, at_m: float, end: tuple[float, float]) -> FloatArray:
    """The polyline from its start up to ``at_m``, ending in ``end``."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    return join_lines(line[along < at_m - 1e-6] if at_m > 1e-6 else line[:1], np.array([end]))
