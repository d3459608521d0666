"""Refuses impossible worlds: no way to school, antennas that overlap, too much equipment, dangling names."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import LineString, Point

from safezone_sim.routes import NoPath
from safezone_sim.scenario import Scenario
from safezone_sim.world.ground import line_length, point_along
from safezone_sim.world.model import Device, Gate, SchoolWorld
from safezone_sim.world.walks import Walks, walking_router

ACROSS_M = 60.0  # of danger areas, by the standard
JOINT_M = 0.01  # lines that follow each other meet this closely


class WorldError(ValueError):
    """A world that cannot be: every finding in one message."""


def check_world(world: SchoolWorld, scenario: Scenario | None = None) -> None:
    """Raises WorldError naming all that is impossible. With ``scenario`` the equipment's limits are checked too."""
    checks: tuple[Callable[[SchoolWorld], Iterable[str]], ...] = (
        _names,
        _gates,
        _walks,
        _routes,
        _antennas,
        _gate_readers,
        _passers_by,
        _entrance,
        _dangers,
        _principals,
    )
    found = [finding for check in checks for finding in check(world)]
    if scenario:
        found += _limits(world, scenario)
    if found:
        more = f" (and {len(found) - 20} more)" if len(found) > 20 else ""
        raise WorldError(f"world {world.zone}: " + "; ".join(found[:20]) + more)


def _names(world: SchoolWorld) -> Iterable[str]:
    ids = [
        *world.places,
        *(p.id for p in world.people),
        *(g.id for g in world.guardians),
        *(d.id for d in world.devices),
        *(r.id for r in world.routes),
    ]
    if len(set(ids)) != len(ids):
        yield "an id is used twice"
    guardians = {g.id for g in world.guardians}
    for person in world.people:
        for place in (person.home, *person.academies, *([person.playground] if person.playground else [])):
            if place not in world.places:
                yield f"{person.id}: place {place} is unknown"
        if person.subscriber and not (person.tag and person.guardians and set(person.guardians) <= guardians):
            yield f"{person.id}: a subscriber without tag or known guardian"


def _gates(world: SchoolWorld) -> Iterable[str]:
    xy = world.map.streets.xy
    for place in world.places.values():
        for gate in place.gates:
            if not 0.0 < gate.gate_at_m < line_length(gate.line):
                yield f"{gate.id}: stands at {gate.gate_at_m} m of a line of {line_length(gate.line):.1f} m"
            if math.dist(gate.line[0], xy[gate.street_node]) > JOINT_M:
                yield f"{gate.id}: its line does not begin at its street node"
            if math.dist(gate.line[-1], (place.x, place.y)) > place.radius_m:
                yield f"{gate.id}: its line ends outside the radius of {place.id}"


def _walks(world: SchoolWorld) -> Iterable[str]:
    walks = Walks(walking_router(world))
    school = world.places[world.school_place]
    for place in world.places.values():
        if place is not school:
            try:
                walks.gates(place, school)
            except NoPath as error:
                yield str(error)


def _routes(world: SchoolWorld) -> Iterable[str]:
    reach = float(world.map.streets.length_m.max()) + 250.0
    for route in world.routes:
        start, end = world.places[route.from_place], world.places[route.to_place]
        for point, place in ((route.line[0], start), (route.line[-1], end)):
            if all(math.dist(point, gate.line[-1]) > JOINT_M for gate in place.gates):
                yield f"{route.id}: does not begin or end inside {place.id}"
        steps = np.hypot(*np.diff(route.line, axis=0).T)
        if steps.max() > reach:
            yield f"{route.id}: jumps {steps.max():.0f} m"


def _antennas(world: SchoolWorld) -> Iterable[str]:
    antennas = [a for d in world.devices for a in d.antennas]
    if len(antennas) < 2:
        return
    xy = np.array([(a.x, a.y) for a in antennas])
    reach = max(a.range_m for a in antennas)
    for i, j in sorted(cKDTree(xy).query_pairs(2 * reach)):
        a, b = antennas[i], antennas[j]
        if math.dist(xy[i], xy[j]) < a.range_m + b.range_m:
            yield f"antennas {a.id} and {b.id} overlap"


def _gate(world: SchoolWorld, device: Device) -> Gate:
    return next(g for g in world.places[device.place or ""].gates if g.id == device.gate)


def _gate_readers(world: SchoolWorld) -> Iterable[str]:
    for device in world.devices:
        if device.position != "gate":
            continue
        gate = _gate(world, device)
        line = LineString(gate.line)
        outer, inner = device.antennas
        if not (outer.side == "outer" and inner.side == "inner"):
            yield f"{device.id}: antennas are not outer, inner"
        at = [float(line.project(Point(a.x, a.y))) for a in (outer, inner)]
        if not at[0] < gate.gate_at_m < at[1]:
            yield f"{device.id}: the gate is not between the antennas"
        for antenna in (outer, inner):
            if line.distance(Point(antenna.x, antenna.y)) > antenna.range_m / 2:
                yield f"{antenna.id}: the way through {gate.id} does not pass it"
        if math.dist(gate.line[-1], (inner.x, inner.y)) <= inner.range_m:
            yield f"{inner.id}: hears whoever stays inside"


def _passers_by(world: SchoolWorld) -> Iterable[str]:
    lines = {route.line.tobytes(): route for route in world.routes}
    routes = list(lines.values())
    tree = shapely.STRtree([LineString(route.line) for route in routes])
    for device in world.devices:
        if device.position not in ("gate", "interior"):
            continue
        for antenna in device.antennas:
            for i in tree.query(Point(antenna.x, antenna.y), "dwithin", antenna.range_m).tolist():
                if device.place not in (routes[i].from_place, routes[i].to_place):
                    yield f"{antenna.id}: hears walkers on {routes[i].id}, who do not go to {device.place}"


def _entrance(world: SchoolWorld) -> Iterable[str]:
    school = world.places[world.school_place]
    for device in world.devices:
        if device.position == "interior" and device.place == school.id:
            antenna = device.antennas[0]
            for gate in school.gates:
                if LineString(gate.line).distance(Point(antenna.x, antenna.y)) > antenna.range_m / 2:
                    yield f"{antenna.id}: the way through {gate.id} does not pass it"
                if math.dist(gate.line[-1], (antenna.x, antenna.y)) <= antenna.range_m:
                    yield f"{antenna.id}: hears whoever stays inside"


def _dangers(world: SchoolWorld) -> Iterable[str]:
    for place in world.places.values():
        if place.role != "danger":
            continue
        if place.shape is None or place.danger is None:
            yield f"{place.id}: a danger area without shape or kind"
            continue
        radius = shapely.length(shapely.maximum_inscribed_circle(place.shape, tolerance=0.2))
        if radius < ACROSS_M / 2:
            yield f"{place.id}: only {2 * radius:.0f} m across"
        for gate in place.gates:
            if not place.shape.contains(Point(*gate.line[-1])):
                yield f"{gate.id}: leads not into {place.id}"
            before = point_along(gate.line, max(0.0, gate.gate_at_m - 0.2))
            if place.shape.buffer(-0.5).contains(Point(*before)):
                yield f"{gate.id}: lies inside {place.id}"


def _principals(world: SchoolWorld) -> Iterable[str]:
    wanted = [d.id for d in world.devices] + [g.id for g in world.guardians]
    wanted += [p.phone for p in world.people if p.phone] + [f"{world.zone}-desk", f"{world.zone}-clock"]
    for principal in wanted:
        if principal not in world.keys:
            yield f"{principal}: has no key"
    if len({secret for _, secret in world.keys.values()}) != len(world.keys):
        yield "two principals share a key"


def _limits(world: SchoolWorld, scenario: Scenario) -> Iterable[str]:
    for kind, most in (
        ("reader", scenario.equipment.readers),
        ("camera", scenario.equipment.cameras),
        ("bell", scenario.equipment.bells),
    ):
        count = sum(d.type == kind for d in world.devices)
        if count > most:
            yield f"{count} {kind}s, {most} allowed"
