"""Who plays the lead of a drill, and where: chosen on the school's own streets before anybody moves.

Every story has its way to find a part. A part is geometry only; ``scene`` lets somebody walk it. The finders reuse those of
the scripted incidents, so that a drill leads nobody where the pilot's day would not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import atan2, degrees, hypot

import numpy as np
import shapely

from safezone_sim.drill.camera_view import buildings_before, in_sight
from safezone_sim.drill.plan import Story
from safezone_sim.life.incidents.abduction import corner_on, course_from
from safezone_sim.life.incidents.danger_entry import WANDER_MPS, Spots
from safezone_sim.life.incidents.wander import wander
from safezone_sim.life.lines import LineSpec, lengths_along
from safezone_sim.life.model import Life
from safezone_sim.life.script import Script
from safezone_sim.map.model import FloatArray
from safezone_sim.routes import NoPath
from safezone_sim.streams import school_of, stream
from safezone_sim.world.model import Device, Person, Place

SURE_M = 10.0  # nearer to a reader than its call range by so much
NEAR_CAMERA_M, SEEN_BY_CAMERA_M = 8.0, 40.0
POST_M = (25.0, 220.0)  # along the street from the gate
BELL_WITHIN_M = 600.0
WANDER_S = 2400.0
LONGEST_PRELUDE_M = 1600.0
LEAVES_AT = (0.35, 0.5, 0.25, 0.65, 0.15, 0.8)
OFF_ROUTE_M = 120.0  # without a far corner, at least so far from every registered route
COURSES = 12
EDGE_M, REHEARSED_MPS = 60.0, 1.3  # in a rehearsal: so far from where a phone can tell, and a little faster


class NoPart(ValueError):
    """No child of this school can play the story: names the story and the remedy."""


@dataclass(frozen=True)
class Part:
    """The lead's part. ``prelude``: the way to the post; empty if it waits where it is. ``then`` follows at ``then_mps``.

    ``place`` names the place where the prelude ends, "" in the street.
    """

    person: int
    prelude: LineSpec | None = None
    place: str = ""
    then: FloatArray = field(default_factory=lambda: np.zeros((0, 2)))
    then_mps: float = 1.0
    off_m: float = 0.0  # along ``then``: from here on clearly off every registered way
    bell: Device | None = None
    area: Place | None = None


def cast_part(story: Story, life: Life, inside: Sequence[Person], at_home: Sequence[Person]) -> Part:
    """The part of the lead. ``inside``: subscribers in school at START; ``at_home``: those who have not set out yet."""
    day = life.day
    script = Script(day.scenario, day.world, day.ways, day.draft, day.settled, day.grounds)
    phones = [p for p in inside if p.phone is not None] or list(inside)
    people = [p for p in at_home if p.phone is not None] if story == "stays_away" else phones
    for part in _FINDERS[story](script, people):
        return part
    raise NoPart(
        f"drill story {story}: none of {len(people)} children of {life.world.school.name} can play it on this map. "
        "Choose another drill, another seed, or another school."
    )


def near_the_edge(part: Part) -> Part:
    """The part with its post further along the course, so that there is little to wait for; for a rehearsal."""
    ahead = part.off_m - EDGE_M
    if part.prelude is None or ahead <= 0.0:
        return part
    along, start = lengths_along(part.then), np.array([_point(part.then, ahead)])
    prelude = replace(part.prelude, xy=_joined(part.prelude.xy, part.then[along < ahead - 1e-6], start))
    return replace(
        part, prelude=prelude, then=_joined(start, part.then[along > ahead + 1e-6]), off_m=EDGE_M,
        then_mps=REHEARSED_MPS,
    )  # fmt: skip


def _in_school(script: Script, people: Sequence[Person]) -> Iterator[Part]:
    for person in people:
        yield Part(person.index)


def _on_the_way(script: Script, people: Sequence[Person]) -> Iterator[Part]:
    """A spot on the way home, not far from the gate, where some reader hears the tag."""
    readers = np.array([(d.x, d.y) for d in script.world.devices if d.type == "reader"]).reshape(-1, 2)
    cameras = [
        (d, buildings_before(script.world.map.buildings, d.x, d.y, shapely.Point(d.x, d.y).buffer(SEEN_BY_CAMERA_M)))
        for d in script.world.devices if d.type == "camera"
    ]  # fmt: skip
    reach = script.scenario.equipment.call_range_m - SURE_M
    unseen: list[Part] = []
    for person in people:
        spec = _way_home(script, person)
        if spec is None or not len(readers):
            continue
        along = lengths_along(spec.xy)
        low, high = spec.street[0] + POST_M[0], float(along[-1]) - spec.street[1]
        for metres in np.arange(min(high, spec.street[0] + POST_M[1]), low - 1.0, -10.0):
            x, y = _point(spec.xy, float(metres))
            if np.hypot(readers[:, 0] - x, readers[:, 1] - y).min() > reach:
                continue
            part = Part(person.index, _cut(spec, float(metres)))
            # The desk is to look at cameras: a spot before one comes first.
            if any(
                _in_view(camera, x, y) and in_sight(before, camera.x, camera.y, x, y)
                for camera, before in cameras
            ):
                yield part
            else:
                unseen.append(part)
                continue
            break
    yield from unseen


def _in_view(camera: Device, x: float, y: float) -> bool:
    """Whether one of a camera's presets has a point well inside its picture."""
    metres = hypot(x - camera.x, y - camera.y)
    if not NEAR_CAMERA_M <= metres <= min(SEEN_BY_CAMERA_M, camera.view_m):
        return False
    bearing = degrees(atan2(x - camera.x, y - camera.y))
    return any(abs((bearing - b + 180.0) % 360.0 - 180.0) <= 0.3 * camera.fov_deg for _, b in camera.presets)


def _at_a_bell(script: Script, people: Sequence[Person]) -> Iterator[Part]:
    """The nearest bell by the street, through the gate that is nearest to it."""
    world, router = script.world, script.ways.walks.router
    school = world.places[world.school_place]
    options = []
    for bell in (d for d in world.devices if d.type == "bell"):
        node = router.nearest_node(bell.x, bell.y)
        for gate in school.gates:
            metres = router.distance_m(gate.street_node, node)
            if np.isfinite(metres):
                options.append((metres, bell.id, gate.id, bell, gate, node))
    for metres, _, _, bell, gate, node in sorted(options, key=lambda o: o[:3]):
        if metres > BELL_WITHIN_M and options:
            break
        street = router.path_xy(gate.street_node, node)
        xy = _joined(gate.line[::-1], street, np.array([[bell.x, bell.y]]))
        exit_at = float(lengths_along(gate.line)[-1]) - gate.gate_at_m
        for person in people:
            yield Part(person.index, LineSpec(xy, school.id, "", gate.id, exit_at), bell=bell)


def _by_a_danger_area(script: Script, people: Sequence[Person]) -> Iterator[Part]:
    """Before a danger area with room to wander, clear of the child's own ways; its way in and its stroll follow."""
    spots, school = Spots(script), script.world.school_place
    rng = stream(script.scenario.seed, school_of(script.world.zone), "drill", "wander")
    for person in people:
        found = spots.area_for(person, school)
        there = spots.way(school, found[0].id) if found else None
        if found is None or there is None:
            continue
        area, clear = found
        length = float(lengths_along(there.xy)[-1])
        edge = length - there.street[1]
        if edge > LONGEST_PRELUDE_M:
            continue
        stroll = wander(clear, there.xy[-1], there.xy[-1], WANDER_S * WANDER_MPS, rng)
        inward = there.xy[lengths_along(there.xy) >= edge - 1e-6]
        then = _joined(np.array([_point(there.xy, edge)]), inward, stroll)
        yield Part(person.index, _cut(there, edge), then=then, then_mps=1.0, area=area)


def _at_a_corner(script: Script, people: Sequence[Person]) -> Iterator[Part]:
    """A corner of the way home from where streets lead far off every registered route."""
    rng = stream(script.scenario.seed, school_of(script.world.zone), "drill", "corner")
    weaker = []
    found: list[tuple[float, Part]] = []
    for person in people:
        spec = _way_home(script, person)
        if spec is None or len(found) >= COURSES:
            continue
        along = lengths_along(spec.xy)
        for share in LEAVES_AT:
            corner = corner_on(script, spec, along, share)
            if corner is None:
                continue
            vertex, node = corner
            course = course_from(script, person, node, rng)
            if course is not None:
                found.append(
                    (
                        course.off_m,
                        Part(
                            person.index, _cut(spec, float(along[vertex])), then=course.xy, off_m=course.off_m
                        ),
                    )
                )
                break
            weaker.append((person, spec, float(along[vertex]), node))
    # The sooner the course leaves what is registered, the less a class has to wait.
    yield from (part for _, part in sorted(found, key=lambda f: f[0]))
    for person, spec, metres, node in weaker:
        xy = _far_corner(script, person, node)
        if xy is not None:
            yield Part(person.index, _cut(spec, metres), then=xy)


def _far_corner(script: Script, person: Person, node: int) -> FloatArray | None:
    """The way to the reachable corner farthest from the child's own ways, if that is off them at all."""
    router, grounds = script.ways.walks.router, script.grounds
    tree = router.tree([node])
    xy = router.streets.xy
    reachable = np.flatnonzero(np.isfinite(tree.distance_m) & (tree.distance_m < 1200.0))
    if not len(reachable):
        return None
    away = shapely.distance(grounds.within(person, grounds.corridor_m(person)), shapely.points(xy[reachable]))
    best = int(np.argmax(away))
    return tree.path_xy(int(reachable[best]))[::-1] if away[best] >= OFF_ROUTE_M else None


def _stays_away(script: Script, people: Sequence[Person]) -> Iterator[Part]:
    """Goes to the playground instead of school; without one, to a street corner some way from both."""
    world = script.world
    for person in people:
        if person.playground is not None and script.ways.registered(
            person.id, person.home, person.playground
        ):
            spec = script.ways.specs[script.ways.between(person.home, person.playground)]
            yield Part(person.index, spec, place=person.playground)
    router = script.ways.walks.router
    school = world.places[world.school_place]
    for person in people:
        home = world.places[person.home]
        gate = home.gates[person.home_gate if person.home_gate < len(home.gates) else 0]
        tree = router.tree([gate.street_node])
        xy = router.streets.xy
        fits = np.isfinite(tree.distance_m) & (tree.distance_m > 150) & (tree.distance_m < 500)
        fits &= np.hypot(xy[:, 0] - school.x, xy[:, 1] - school.y) > 200
        nodes = np.flatnonzero(fits)
        if not len(nodes):
            continue
        target = int(nodes[np.argmax(tree.distance_m[nodes])])
        line = _joined(gate.line[::-1], tree.path_xy(target)[::-1])
        exit_at = float(lengths_along(gate.line)[-1]) - gate.gate_at_m
        yield Part(person.index, LineSpec(line, person.home, "", gate.id, exit_at))


def _way_home(script: Script, person: Person) -> LineSpec | None:
    school = script.world.school_place
    if not script.ways.registered(person.id, person.home, school):
        return None
    try:
        return script.ways.specs[script.ways.between(school, person.home)]
    except NoPath:
        return None


def _cut(spec: LineSpec, metres: float) -> LineSpec:
    """The beginning of a line, ending in the street."""
    along = lengths_along(spec.xy)
    xy = _joined(spec.xy[along < metres - 1e-6], np.array([_point(spec.xy, metres)]))
    return replace(
        spec, xy=xy, to_place="", entry_gate="", entry_before_m=None, street=(spec.street[0], 0.0), marks=()
    )


def _point(xy: FloatArray, metres: float) -> tuple[float, float]:
    along = lengths_along(xy)
    return float(np.interp(metres, along, xy[:, 0])), float(np.interp(metres, along, xy[:, 1]))


def _joined(*parts: FloatArray) -> FloatArray:
    line = np.concatenate([np.asarray(p, float).reshape(-1, 2) for p in parts if len(p)])
    keep = np.ones(len(line), bool)
    keep[1:] = ((line[1:] - line[:-1]) ** 2).sum(axis=1) > 1e-12
    return line[keep]


def nearest_bell(devices: Sequence[Device], x: float, y: float) -> Device | None:
    """The bell nearest to a point."""
    bells = [d for d in devices if d.type == "bell"]
    return min(bells, key=lambda d: (hypot(d.x - x, d.y - y), d.id), default=None)


_FINDERS: dict[Story, Callable[[Script, Sequence[Person]], Iterator[Part]]] = {
    "on_the_way": _on_the_way,
    "at_a_bell": _at_a_bell,
    "by_a_danger_area": _by_a_danger_area,
    "at_a_corner": _at_a_corner,
    "stays_away": _stays_away,
    "stays_inside": _in_school,
    "in_class": _in_school,
}
