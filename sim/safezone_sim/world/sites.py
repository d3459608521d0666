"""Spots where a place can lie: behind a street, clear of other places, with one gate."""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import LineString

from safezone_sim.map.model import FloatArray
from safezone_sim.routes import BoolArray, Tree
from safezone_sim.world.ground import (
    GATE_BEHIND_STREET_M,
    GATE_LINE_M,
    GATE_LINE_MIN_M,
    Ground,
    grid_clear_of,
    join_lines,
    line_length,
)
from safezone_sim.world.model import Gate

GRID_M = 8.0
LINES_APART_M = 10.0  # between the ways into two places: no antenna hears the neighbour's


@dataclass(frozen=True)
class Spots:
    """Grid points behind the streets where the inside of a place may lie; columns of equal length."""

    xy: FloatArray  # (n, 2)
    clear_m: FloatArray  # (n,) to the nearest street
    walk_m: FloatArray  # (n,) roughly, to the school
    by_building: BoolArray  # (n,) a building within 12 m
    no_homes: BoolArray  # (n,) on land where nobody lives
    on_grounds: BoolArray  # (n,) on or next to the school's grounds

    @cached_property
    def tree(self) -> cKDTree:
        return cKDTree(self.xy)

    def where(self, mask: BoolArray) -> "Spots":
        """The spots where ``mask`` (n,) is true."""
        return Spots(
            *(
                getattr(self, name)[mask]
                for name in ("xy", "clear_m", "walk_m", "by_building", "no_homes", "on_grounds")
            )
        )


def find_spots(
    ground: Ground, tree: Tree, grounds: shapely.Polygon, radius_m: float, max_walk_m: float
) -> Spots:
    """All spots at least ``GATE_LINE_MIN_M`` behind a street, within ``radius_m`` of the school's point and
    roughly ``max_walk_m`` on foot."""
    xy = grid_clear_of(radius_m, GRID_M, ground.dense_xy, GATE_LINE_MIN_M)
    clear = ground.clearance(xy)
    kept = clear >= GATE_LINE_MIN_M
    xy, clear = xy[kept], clear[kept]
    nodes, away = ground.router.nearest_nodes(xy)
    walk = tree.distance_m[nodes] + away
    kept = walk <= max_walk_m
    xy, clear, walk = xy[kept], clear[kept], walk[kept]
    points = shapely.STRtree(shapely.points(xy))
    fence = grounds.buffer(12.0)
    shapely.prepare(fence)
    return Spots(
        xy=xy,
        clear_m=clear,
        walk_m=walk,
        by_building=ground.near_building(points, 12.0),
        no_homes=ground.bad_for_homes(points),
        on_grounds=np.asarray(shapely.intersects_xy(fence, xy[:, 0], xy[:, 1]), bool),
    )


@dataclass(frozen=True)
class Site:
    """A spot with its way from the street."""

    x: float
    y: float
    node: int
    line: FloatArray
    gate_at_m: float
    walk_m: float  # from the inside to the tree's nearest target


@dataclass
class Sites:
    """Gives out sites and remembers what is taken."""

    ground: Ground
    tree: Tree
    _ways: list[tuple[tuple[float, ...], LineString]] = field(default_factory=list)  # with their bounds
    _centres: list[tuple[float, float]] = field(default_factory=list)

    def take(self, x: float, y: float, apart_m: float, max_walk_m: float) -> Site | None:
        """The site with its inside at (x, y), if the way there is free, short enough and ``apart_m`` from others'."""
        if any(math.hypot(cx - x, cy - y) < apart_m for cx, cy in self._centres):
            return None
        site = self.look(x, y)
        if site is None or site.walk_m > max_walk_m:
            return None
        self.reserve(site.line[-2:])
        self._centres.append((x, y))
        return site

    def look(self, x: float, y: float) -> Site | None:
        """As ``take`` without distances to other insides, and without taking."""
        foot = self.ground.foot(x, y)
        if foot.away_m < 1.0:
            return None
        way = LineString([(foot.x, foot.y), (x, y)])
        if self._meets_a_way(way, foot.x, foot.y, x, y):
            return None
        if self.ground.crosses_barrier(way):
            return None
        node, street = self.ground.way_from_street(foot, self.tree)
        line = join_lines(street, np.array([[x, y]]))
        walk = float(self.tree.distance_m[node]) + line_length(line)
        gate_at = line_length(street) + min(GATE_BEHIND_STREET_M, foot.away_m / 2)
        return Site(x, y, node, line, round(gate_at, 3), walk) if np.isfinite(walk) else None

    def _meets_a_way(self, way: LineString, x1: float, y1: float, x2: float, y2: float) -> bool:
        west, east = min(x1, x2) - LINES_APART_M, max(x1, x2) + LINES_APART_M
        south, north = min(y1, y2) - LINES_APART_M, max(y1, y2) + LINES_APART_M
        return any(
            way.distance(other) < LINES_APART_M
            for (left, bottom, right, top), other in self._ways
            if left <= east and right >= west and bottom <= north and top >= south
        )

    def reserve(self, line: FloatArray) -> None:
        """Keeps the way (k, 2) free: nobody else's gate comes near it."""
        way = LineString(line)
        self._ways.append((way.bounds, way))

    def reserve_centre(self, x: float, y: float) -> None:
        """Keeps the inside of other places away from this point."""
        self._centres.append((x, y))


def gate_of(place_id: str, site: Site) -> tuple[Gate, ...]:
    """The one gate of a place at this site."""
    return (Gate(f"{place_id}-g1", site.node, site.line, site.gate_at_m),)


def by_preference(spots: Spots, x: float, y: float, within_m: float) -> FloatArray:
    """Points (n, 2) among ``spots`` within ``within_m`` of (x, y): those with a full gate line first, then the nearest."""
    near = np.array(spots.tree.query_ball_point((x, y), within_m + 1e-6, return_sorted=True), np.int64)
    away = np.hypot(spots.xy[near, 0] - x, spots.xy[near, 1] - y)
    near, away = near[away <= within_m], away[away <= within_m]
    order = np.lexsort((away, spots.clear_m[near] < GATE_LINE_M))
    preferred: FloatArray = spots.xy[near[order]]
    return preferred
