"""Danger areas: railways, stream banks, car parks, building sites. Areas, never kerbs: at least 60 m across.

A phone judges a danger entry only by fixes inside the area and 40 m clear of every registered route and
regular place, so each area is laid around a deep point that is as clear of both as this quarter allows.
Building sites are synthetic, and so is whatever had to be made because the map knows too few.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import LineString, Point, Polygon

from safezone_sim.map.model import FloatArray, StreetMap
from safezone_sim.routes import BoolArray, Tree
from safezone_sim.world.ground import (
    Ground,
    grid_clear_of,
    join_lines,
    largest_part,
    quick_tree,
    touched,
)
from safezone_sim.world.model import Gate, Place, RegisteredRoute
from safezone_sim.world.sites import Sites

Kind = Literal["railway", "stream_bank", "building_site", "car_park"]
Shapes = npt.NDArray[np.object_]

INSCRIBED_M = 31.0  # least radius of a circle within; the standard's 60 m across, and some for rounding
WANTED_M = 50.0  # … and what is taken where there is room
CLEAR_M = 40.0  # of registered routes and regular places, by the standard's evidence
GPS_SIGMA_M = 15.0  # three of them are wanted on top of CLEAR_M: fixes of the pilot scatter so
SPREAD_M = 100.0  # an area reaches so far from its deep point
MIN_AREAS, MAX_AREAS = 3, 5
APART_M = 150.0
STREET_M = 3.0  # streets are no danger area: half a narrow street is left out
ROUTE_M = 12.0  # left out of an area beside a registered route
PATHS = frozenset({"path", "track", "footway", "cycleway", "steps", "pedestrian"})
PATHS_INSIDE = frozenset({"railway", "stream_bank"})  # such land may hold paths that nobody has registered
FROM_STREET_MAX_M = 220.0
FROM_STREET_M = 90.0  # from here on every metre counts against a spot
TRIES, RETRY_M = 40, 50.0
NAMES = {"railway": "철길", "stream_bank": "하천변", "building_site": "공사장", "car_park": "주차장"}


@dataclass(frozen=True)
class _Spots:
    xy: FloatArray
    street_m: FloatArray  # to the nearest open street
    road_m: FloatArray  # … that is no path
    route_m: FloatArray  # to the nearest registered route
    place_m: FloatArray  # to the edge of the nearest place's radius
    shape_m: FloatArray  # to the nearest place's shape
    walk_m: FloatArray  # to the school's gates
    built: BoolArray  # a building within 20 m
    school: BoolArray  # other school land
    green: BoolArray  # park, wood, water
    water: BoolArray  # open water


def build_dangers(
    zone: str,
    ground: Ground,
    sites: Sites,
    tree: Tree,
    places: Sequence[Place],
    routes: Sequence[RegisteredRoute],
    radius_m: float,
) -> tuple[Place, ...]:
    """Three to five danger areas: one of each kind that the map knows near by, then synthetic building sites."""
    shapes = np.array(
        [p.shape if p.shape is not None else Point(p.x, p.y).buffer(p.radius_m) for p in places], dtype=object
    )
    lines = _distinct_lines(routes)
    spots = _spots(ground, tree, places, shapes, lines, radius_m)
    keep_out = _KeepOut(shapes, lines)
    found: list[Place] = []
    for kind, known, with_paths in _wanted(ground.map):
        if len(found) >= MAX_AREAS:
            break
        if kind == "building_site" and not known and len(found) >= MIN_AREAS and _has(found, "building_site"):
            continue
        place = _lay(
            f"{zone}-d{len(found) + 1:02d}",
            kind,
            known,
            with_paths,
            ground,
            sites,
            tree,
            spots,
            keep_out,
            found,
        )
        if place:
            found.append(place)
    return tuple(found)


class _KeepOut:
    """What no area may cover: places and registered routes with some room. Widened only where an area is laid."""

    def __init__(self, shapes: Shapes, lines: Shapes) -> None:
        self._shapes, self._lines = shapes, lines
        self._bounds = np.concatenate([shapely.bounds(shapes), shapely.bounds(lines).reshape(-1, 4)])
        self._bounds += np.array([-ROUTE_M, -ROUTE_M, ROUTE_M, ROUTE_M])

    def around(self, area: Polygon) -> shapely.Geometry:
        """The union of all that comes near the area."""
        west, south, east, north = area.bounds
        b = self._bounds
        near = (b[:, 0] <= east) & (b[:, 2] >= west) & (b[:, 1] <= north) & (b[:, 3] >= south)
        places = self._shapes[near[: len(self._shapes)]]
        lines = self._lines[near[len(self._shapes) :]]
        return shapely.union_all(
            np.concatenate([shapely.buffer(places, 3.0), shapely.buffer(lines, ROUTE_M, quad_segs=2)])
        )


def _has(places: Sequence[Place], kind: str) -> bool:
    return any(p.danger == kind for p in places)


def _wanted(street_map: StreetMap) -> Iterator[tuple[Kind, Polygon | None, bool]]:
    """Kinds in order; the map's own land of that kind, None if synthetic; whether paths may lie inside."""
    land = {
        "railway": [f.shape for f in street_map.features if f.cls == "railway"]
        + [line.shape.buffer(25.0) for line in street_map.lines if line.kind == "rail"],
        "stream_bank": [f.shape.buffer(25.0) for f in street_map.features if f.kind == "water"]
        + [line.shape.buffer(30.0) for line in street_map.lines if line.kind == "waterway"],
        "car_park": [f.shape for f in street_map.features if f.cls == "parking"]
        + [Point(p.x, p.y).buffer(35.0) for p in street_map.pois if p.cls == "parking"],
    }
    kinds: tuple[Kind, ...] = ("railway", "stream_bank", "car_park")
    for kind in kinds:
        if land[kind]:
            yield kind, shapely.union_all(land[kind]), kind in PATHS_INSIDE
    for with_paths in (False, True):
        for _ in range(MIN_AREAS):
            yield "building_site", None, with_paths


def _distinct_lines(routes: Sequence[RegisteredRoute]) -> Shapes:
    """The lines of the routes, each once, in order of first use: children of one home share theirs."""
    ways = {(r.from_place, r.to_place): r.line for r in reversed(routes)}
    order = dict.fromkeys((r.from_place, r.to_place) for r in routes)
    lines = {ways[way].tobytes(): ways[way] for way in order}
    out = np.empty(len(lines), dtype=object)
    out[:] = [LineString(line) for line in lines.values()]
    return out


def _spots(
    ground: Ground, tree: Tree, places: Sequence[Place], shapes: Shapes, lines: Shapes, radius_m: float
) -> _Spots:
    """Spots with room for an area, far enough from streets, routes and places; ``shapes`` are those of ``places``.

    What costs most is asked last, of the spots that are left.
    """
    room_m = INSCRIBED_M + 4.0
    roads = _dense(ground.lines[_roads(ground)])
    xy = grid_clear_of(radius_m, 10.0, roads, INSCRIBED_M + STREET_M)
    road = np.asarray(quick_tree(roads).query(xy)[0], float)
    kept = road >= INSCRIBED_M + STREET_M
    xy, road = xy[kept], road[kept]
    street = ground.clearance(xy)
    kept = street <= FROM_STREET_MAX_M
    xy, street, road = xy[kept], street[kept], road[kept]
    if len(lines):
        route = np.asarray(quick_tree(_whole_metres(_dense(lines))).query(xy)[0], float)
    else:
        route = np.full(len(xy), 1e4)
    kept = route >= room_m
    xy, street, road, route = xy[kept], street[kept], road[kept], route[kept]
    shape_m = _to_shapes(xy, shapes, WANTED_M + 4.0)
    kept = shape_m >= room_m
    xy, street, road, route, shape_m = xy[kept], street[kept], road[kept], route[kept], shape_m[kept]
    nodes, away = ground.router.nearest_nodes(xy) if len(xy) else (np.zeros(0, np.int32), np.zeros(0))
    points = shapely.STRtree(shapely.points(xy))
    regular = [p for p in places if p.role != "danger"]
    centres = np.array([(p.x, p.y) for p in regular])
    radii = np.array([p.radius_m for p in regular])
    place_m = np.full(len(xy), np.inf)
    for radius in np.unique(radii).tolist():  # places of one role have one radius: few are different
        alike = centres[radii == radius]
        at = alike[cKDTree(alike).query(xy)[1]] if len(xy) else np.zeros((0, 2))
        np.minimum(place_m, np.hypot(xy[:, 0] - at[:, 0], xy[:, 1] - at[:, 1]) - radius, out=place_m)
    features = ground.map.features
    schools = [f.shape for f in features if f.cls in ("school", "kindergarten", "university", "hospital")]
    green = [
        f.shape
        for f in features
        if f.kind in ("park", "water") or f.cls in ("wood", "cemetery", "playground")
    ]
    return _Spots(
        xy=xy,
        street_m=street,
        road_m=road,
        route_m=route,
        place_m=place_m,
        shape_m=shape_m,
        walk_m=tree.distance_m[nodes] + away,
        built=ground.near_building(points, 20.0),
        school=touched(points, schools, 20.0),
        green=touched(points, green, 10.0),
        water=touched(points, [f.shape for f in features if f.kind == "water"], 0.0),
    )


def _whole_metres(points: FloatArray) -> FloatArray:
    """Points (n, 2) rounded to whole metres, each once."""
    whole = np.round(points).astype(np.int64)
    packed = np.unique((whole[:, 0] << 32) + whole[:, 1])
    low = (packed + (1 << 31) & 0xFFFFFFFF) - (1 << 31)
    return np.stack([(packed - low) >> 32, low], axis=1).astype(float)


def _dense(lines: object) -> FloatArray:
    """Points (n, 2) at most 5 m apart along lines."""
    points: FloatArray = shapely.get_coordinates(shapely.segmentize(lines, 5.0))
    return points if len(points) else np.array([[1e6, 1e6]])


def _roads(ground: Ground) -> BoolArray:
    """Mask of ``ground.lines`` that are no mere paths."""
    classes = ground.map.streets.edge_class
    return np.array([classes[e] not in PATHS for e in ground.edges.tolist()], bool)


def _to_shapes(xy: FloatArray, shapes: Shapes, most_m: float) -> FloatArray:
    """Metres (n,) from points (n, 2) to the nearest shape; inf beyond ``most_m``, where it counts no more."""
    points = shapely.points(xy)
    shape, point = shapely.STRtree(points).query(shapes, predicate="dwithin", distance=most_m)
    metres = np.full(len(xy), np.inf)
    np.minimum.at(metres, point, shapely.distance(points[point], shapes[shape]))
    return metres


def _lay(
    place_id: str,
    kind: Kind,
    known: Polygon | None,
    with_paths: bool,
    ground: Ground,
    sites: Sites,
    tree: Tree,
    spots: _Spots,
    keep_out: _KeepOut,
    taken: Sequence[Place],
) -> Place | None:
    """The best area of this kind, or None. Most clear of routes and places first, then nearest to the school."""
    if not len(spots.xy):
        return None
    fits = (
        np.isfinite(spots.walk_m)
        & (spots.shape_m >= INSCRIBED_M + 4.0)
        & (spots.route_m >= INSCRIBED_M + 4.0)
    )
    fits &= ~spots.school & ~spots.water
    street_m = spots.road_m if with_paths else spots.street_m
    fits &= street_m >= INSCRIBED_M + STREET_M
    if known is not None:
        fits &= np.asarray(shapely.intersects(known, shapely.points(spots.xy)), bool)
    for other in taken:
        fits &= np.hypot(spots.xy[:, 0] - other.x, spots.xy[:, 1] - other.y) >= APART_M
    room = np.minimum.reduce(
        [street_m - STREET_M, spots.shape_m - 4.0, spots.route_m - 4.0, np.full(len(spots.xy), WANTED_M)]
    )
    clear = np.minimum(spots.route_m, spots.place_m)
    score = (
        np.minimum(clear, CLEAR_M + 3 * GPS_SIGMA_M) * 6.0
        + room * 3.0
        - spots.walk_m / 5.0
        - np.maximum(spots.street_m - FROM_STREET_M, 0.0)
        - 60.0 * (spots.built & (kind != "railway"))
        - 120.0 * (spots.green & (kind == "building_site"))
    )
    order = np.flatnonzero(fits)[np.lexsort((np.flatnonzero(fits), -score[fits]))]
    failed: list[tuple[float, float]] = []
    for at in order.tolist():
        x, y = map(float, spots.xy[at])
        if any(math.dist(spot, (x, y)) < RETRY_M for spot in failed):
            continue
        if len(failed) == TRIES:
            break
        shape = _shape(ground, Point(x, y), float(room[at]), known, keep_out, with_paths)
        way = _way_in(ground, sites, tree, shape, x, y, kind in PATHS_INSIDE)
        if way is None:
            failed.append((x, y))
            continue
        node, line = way
        sites.reserve(line[-2:])
        return Place(
            id=place_id,
            role="danger",
            name=NAMES[kind] + ("" if known is not None else f" {place_id[-2:]}"),
            x=x,
            y=y,
            radius_m=round(float(shapely.hausdorff_distance(Point(x, y), shape.exterior)) + 0.5, 1),
            shape=shape,
            gates=(Gate(f"{place_id}-g1", node, line, round(_enters_at(line, shape), 3)),),
            indoors=False,
            danger=kind,
            synthetic=known is None,
        )
    return None


def _way_in(
    ground: Ground, sites: Sites, tree: Tree, shape: Polygon, x: float, y: float, over_barriers: bool
) -> tuple[int, FloatArray] | None:
    """A street node outside the area and the line from it to the deep point (x, y); None if there is no way.

    The way may lead along paths within the area, and over the very railway or stream that makes the danger.
    """
    foot = ground.foot(x, y)
    end = np.array([[x, y]])
    if not over_barriers and sites.look(x, y) is None:
        return None
    node, street = ground.way_from_street(foot, tree)
    if not np.isfinite(tree.distance_m[node]):
        return None
    streets = ground.router.streets.xy
    for outside in tree.nodes(node):
        if shape.distance(Point(*streets[outside])) >= 2.0:
            return outside, join_lines(ground.router.path_xy(outside, node), street, end)
    return None


def _enters_at(line: FloatArray, shape: Polygon) -> float:
    """Metres along the line where it crosses the area's border for the last time."""
    path = LineString(line)
    crossings = shapely.get_coordinates(shape.exterior.intersection(path))
    last = max((float(path.project(Point(*c))) for c in crossings), default=0.1)
    return max(0.1, min(last, float(path.length) - 0.1))


def _shape(
    ground: Ground,
    deep: Point,
    room_m: float,
    known: Polygon | None,
    keep_out: _KeepOut,
    with_paths: bool,
) -> Polygon:
    """The circle of ``room_m`` around the deep point, and the known land around it, without streets and places."""
    circle = deep.buffer(max(room_m, INSCRIBED_M), quad_segs=16)
    if known is None:
        return circle
    around = deep.buffer(SPREAD_M)
    lines = ground.lines[_roads(ground)] if with_paths else ground.lines
    near = lines[shapely.intersects(around, lines)]
    streets = shapely.union_all(shapely.buffer(near, STREET_M)) if len(near) else Polygon()
    taken = keep_out.around(around)
    wide = known.intersection(around).union(circle).difference(streets).difference(taken)
    parts = [p for p in shapely.get_parts(wide).tolist() if isinstance(p, Polygon) and p.contains(deep)]
    shape = largest_part(parts[0].simplify(1.0)) if parts else None
    # A hole would be lost in a ring: then the plain circle it is.
    if shape is None or parts[0].interiors or not shape.contains(circle.buffer(-0.5)):
        return circle
    return shape
