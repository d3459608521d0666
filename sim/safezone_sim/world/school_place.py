"""The school as a place: its grounds, its gates, and the entrance that all ways in lead through."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon

from safezone_sim.map.model import FloatArray, StreetGraph, StreetMap
from safezone_sim.routes import BoolArray, Router
from safezone_sim.world.ground import (
    Foot,
    Ground,
    grid_around,
    join_lines,
    largest_part,
    line_length,
    point_along,
    points_along,
)
from safezone_sim.world.model import Gate, Place

GROUNDS_WITHIN_M = 80.0  # school land farther than this from the school's point is another school
GROUNDS_M2 = (1500.0, 60000.0)
CIRCLE_M = 60.0  # grounds where the map knows none …
CIRCLE_MIN_M = 38.0
INSIDE_BEHIND_ENTRANCE_M = 9.0  # out of the entrance reader's range
ANTENNA_CLEAR_M = 5.0  # of the streets, wanted for the outer antenna 4 m before the gate
GATES_APART_M = 45.0
OUTER_BEFORE_GATE_M = 4.0
# Given up one after the other until there are two gates: metres that the outer antenna is clear of streets,
# greatest cosine of the angle between two gates seen from the door, metres added to the way to a street.
RELAXATIONS = (
    (ANTENNA_CLEAR_M, 0.5, 0.0),
    (ANTENNA_CLEAR_M, 0.8, 40.0),
    (3.5, 0.8, 40.0),
    (3.5, 0.95, 150.0),
)


@dataclass(frozen=True)
class _Entrance:
    """The building's door and the point inside behind it."""

    door: FloatArray  # (2,)
    inside: FloatArray  # (2,)


def inside_grounds(streets: StreetGraph, grounds: Polygon | None) -> BoolArray:
    """Mask (edges,) of streets inside the school's grounds: no way for anybody who only passes."""
    count = len(streets.edge_from)
    if grounds is None or not count:
        return np.zeros(count, bool)
    core = grounds.buffer(-5.0)
    lines = shapely.linestrings(
        streets.geom_xy, indices=np.repeat(np.arange(count), np.diff(streets.geom_at))
    )
    shapely.prepare(core)
    return np.asarray(shapely.intersects(core, lines), bool)


def school_grounds(street_map: StreetMap, x: float = 0.0, y: float = 0.0) -> tuple[Polygon, bool]:
    """The grounds of the school at (x, y), metres, and whether they are synthetic.

    The map's school land that holds the point, else the nearest within ``GROUNDS_WITHIN_M``; else a circle of
    up to ``CIRCLE_M`` on the spot nearby that is farthest from the streets.
    """
    point = Point(x, y)
    schools = [i for i, f in enumerate(street_map.features) if f.cls == "school"]
    near = sorted(
        (away, -street_map.features[i].shape.area, i)
        for i in schools
        if (away := street_map.features[i].shape.distance(point)) <= GROUNDS_WITHIN_M
    )
    for _, _, i in near:
        grounds = street_map.features[i].shape.buffer(0)
        if grounds.area > GROUNDS_M2[1]:
            grounds = grounds.intersection(point.buffer(130.0))
        part = largest_part(grounds)
        if part is not None and GROUNDS_M2[0] <= part.area <= GROUNDS_M2[1]:
            return part.simplify(0.5), False
    return _circle_grounds(street_map, x, y), True


def _circle_grounds(street_map: StreetMap, x: float, y: float) -> Polygon:
    ground = Ground(street_map, Router(street_map.streets))
    spots = grid_around(120.0, 5.0) + np.array([x, y])
    clear = np.minimum(ground.clearance(spots), CIRCLE_M + 2.0)
    away = np.hypot(spots[:, 0] - x, spots[:, 1] - y)
    best = int(np.argmax(clear - 0.15 * away))
    radius = min(CIRCLE_M, max(CIRCLE_MIN_M, float(clear[best]) - 2.0))
    return Point(*spots[best]).buffer(radius, quad_segs=8)


def build_school(place_id: str, name: str, street_map: StreetMap) -> tuple[Place, Ground]:
    """The school's place, and the ground with the router on which nobody cuts through the school's."""
    grounds, synthetic = school_grounds(street_map)
    router = Router(street_map.streets, inside_grounds(street_map.streets, grounds))
    ground = Ground(street_map, router)
    entrance = _entrance(ground, grounds)
    gates = _gates(place_id, ground, grounds, entrance)
    far = max(float(np.hypot(*(np.array(point_along(g.line, g.gate_at_m)) - entrance.inside))) for g in gates)
    place = Place(
        id=place_id,
        role="school",
        name=name,
        x=float(entrance.inside[0]),
        y=float(entrance.inside[1]),
        # As small as can be, so that phones passing in the street stay outside; but the school's own gate
        # readers must not count as «elsewhere» (40 m and more outside the radius).
        radius_m=round(float(np.clip(far - 30.0, 50.0, 90.0)), 1),
        shape=grounds,
        gates=gates,
        indoors=True,
        synthetic=synthetic,
    )
    return place, ground


def _entrance(ground: Ground, grounds: Polygon) -> _Entrance:
    """The door of the largest school building, on the side of the yard; without buildings, the middle."""
    core = grounds.buffer(-8.0)
    if core.is_empty:
        core = grounds
    hits = ground.building_tree.query(grounds, predicate="intersects")
    parts = [(ground.buildings[i].intersection(grounds).area, -int(i)) for i in hits]
    yard = grounds
    if parts and max(parts)[0] >= 150.0:
        building = ground.buildings[-max(parts)[1]]
        yard = grounds.difference(shapely.union_all(ground.buildings[hits]).buffer(1.0))
        walls = shapely.segmentize(building.exterior, 3.0).intersection(core)
        middle = _middle(yard) if not yard.is_empty else np.array(grounds.centroid.coords[0])
        spots = shapely.get_coordinates(walls)
        for at in np.argsort(np.hypot(*(spots - middle).T), kind="stable"):
            door = spots[at]
            inward = door - middle
            norm = float(np.hypot(*inward))
            if norm < 1.0:
                continue
            inside = door + inward / norm * INSIDE_BEHIND_ENTRANCE_M
            if grounds.contains(Point(*inside)):
                return _Entrance(door, inside)
    middle = _middle(grounds)
    return _Entrance(middle, middle + np.array([0.0, INSIDE_BEHIND_ENTRANCE_M]))


def _middle(shape: object) -> FloatArray:
    """The centre of the largest circle within a shape."""
    part = largest_part(shape)
    if part is None:
        raise ValueError("an empty shape has no middle")
    return np.array(shapely.maximum_inscribed_circle(part, tolerance=2.0).coords[0], float)


@dataclass(frozen=True)
class _Candidate:
    score: float
    boundary: FloatArray
    node: int
    line: FloatArray
    gate_at_m: float


def _gates(place_id: str, ground: Ground, grounds: Polygon, entrance: _Entrance) -> tuple[Gate, ...]:
    """Two to four gates on distinct sides, best first: near a street and its end, free way to the door."""
    ring = shapely.get_coordinates(shapely.segmentize(grounds.exterior, 6.0))[:-1]
    lines = shapely.linestrings(np.stack([ring, np.broadcast_to(entrance.door, ring.shape)], axis=1))
    nearest = ground.nearest_lines(ring)
    away = shapely.distance(shapely.points(ring), ground.lines[nearest])
    reach = max(60.0, float(away.min()) + 40.0)
    outside = shapely.length(shapely.difference(lines, grounds.buffer(1.0)))
    built = shapely.union_all(ground.buildings[ground.building_tree.query(grounds, predicate="intersects")])
    through = shapely.length(shapely.intersection(lines, built))
    past_inside = shapely.distance(lines, Point(*entrance.inside)) < INSIDE_BEHIND_ENTRANCE_M - 2.0
    rough = away + 2.0 * outside + 0.5 * through + 40.0 * past_inside
    wanted = 2 + (grounds.length > 350.0) + (grounds.length > 480.0)
    chosen: list[_Candidate] = []
    order = np.argsort(rough, kind="stable")
    for clear_m, cosine, farther_m in RELAXATIONS:
        found = [
            c
            for i in order.tolist()
            if away[i] <= reach + farther_m
            and (c := _candidate(ground, entrance, ring[i], float(rough[i]), clear_m))
        ]
        for candidate in sorted(found, key=lambda c: c.score):
            if len(chosen) < wanted and all(_apart(candidate, other, entrance, cosine) for other in chosen):
                chosen.append(candidate)
        if len(chosen) >= 2:
            break
    if not chosen:
        raise ValueError(f"{place_id}: no gate can be reached from any street")
    return tuple(
        Gate(f"{place_id}-g{n}", c.node, c.line, round(c.gate_at_m, 3)) for n, c in enumerate(chosen, 1)
    )


def _candidate(
    ground: Ground, entrance: _Entrance, b: FloatArray, rough: float, clear_m: float
) -> _Candidate | None:
    """A gate at boundary point ``b``, pushed inwards until its outer antenna is clear of the street."""
    foot: Foot = ground.foot(float(b[0]), float(b[1]))
    streets = ground.router.streets
    length = float(streets.length_m[foot.edge])
    ends = ((foot.along_m, False), (length - foot.along_m, True))
    to_node, backwards = min(ends)
    node = int(streets.edge_to[foot.edge] if backwards else streets.edge_from[foot.edge])
    line = streets.edge_line(foot.edge)
    street = _until(line[::-1] if backwards else line, to_node)
    way = join_lines(
        street, np.array([[foot.x, foot.y]]), b[None], entrance.door[None], entrance.inside[None]
    )
    door_at = line_length(way) - float(np.hypot(*(entrance.inside - entrance.door)))
    boundary_at = line_length(join_lines(street, np.array([[foot.x, foot.y]]), b[None]))
    first = max(boundary_at, OUTER_BEFORE_GATE_M)
    # A gate sits in the fence: do not push it across the yard.
    stations = np.arange(first, min(door_at - 13.0, first + 21.0), 1.0)
    if not len(stations):
        return None
    outer = points_along(way, stations - OUTER_BEFORE_GATE_M)
    clear = ground.clearance(outer) >= clear_m
    inner = points_along(way, stations + OUTER_BEFORE_GATE_M)
    # At a bend the two antennas come too close to each other.
    clear &= np.hypot(*(outer - inner).T) >= 2 * OUTER_BEFORE_GATE_M - 1.5
    good = np.flatnonzero(clear)
    if not len(good):
        return None
    return _Candidate(rough + 0.3 * to_node, b, node, way, float(stations[good[0]]))


def _until(line: FloatArray, at_m: float) -> FloatArray:
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    kept = line[along < at_m - 1e-6]
    return kept if len(kept) else line[:1]


def _apart(a: _Candidate, b: _Candidate, entrance: _Entrance, most_cosine: float) -> bool:
    """On distinct sides (by the angle seen from the door), and neither way passes the other's gate."""
    u, v = a.boundary - entrance.door, b.boundary - entrance.door
    cosine = float(u @ v) / max(1e-6, float(np.hypot(*u) * np.hypot(*v)))
    if cosine > most_cosine or float(np.hypot(*(a.boundary - b.boundary))) < GATES_APART_M:
        return False
    return all(
        LineString(one.line).distance(Point(*point_along(other.line, other.gate_at_m))) > 12.0
        for one, other in ((a, b), (b, a))
    )
