"""What truly happened that a service should tell: from trips and tracks to truth events.

Everyday services are crossings of a gate's own point. Danger areas and deviation are judged only for those
who are off their plan: a planned walk is on plan wherever it leads.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from safezone_sim.life.crossings import IndexArray, polygon_stays
from safezone_sim.life.lines import Lines
from safezone_sim.life.ticks import tick
from safezone_sim.life.tracks import Track
from safezone_sim.life.trips import Stays, Trips, time_at_vertex
from safezone_sim.map.model import FloatArray
from safezone_sim.records import TruthEvent
from safezone_sim.world.model import Person, SchoolWorld

DANGER_STAY_S = 20.0  # a shorter stay is no entry
DEVIATION_S = 60.0
SAME_STAY_S = 60.0  # out of a danger area for less (a path across it) is one stay
SAME_OUTING_S = 300.0  # back on the way for less is one deviation

# (role of the place, inward): service
EVERYDAY = {
    ("school", True): "school_arrival",
    ("school", False): "school_departure",
    ("home", True): "home_entry",
    ("home", False): "home_exit",
    ("academy", True): "academy_entry",
    ("academy", False): "academy_exit",
}
SERVICES = tuple(EVERYDAY.values())


@dataclass(frozen=True)
class Happening:
    """A truth event before it has its number. Metres; ``guardians`` are ids without prefix."""

    t: float
    service: str
    x: float
    y: float
    child: str | None = None
    device: str | None = None
    place: str | None = None
    guardians: tuple[str, ...] = ()
    desk: bool = False
    until: float | None = None
    incident: str | None = None


@dataclass(frozen=True)
class GatePasses:
    """Gate crossings as columns: ``service`` indexes SERVICES."""

    trip: IndexArray
    service: IndexArray
    t: FloatArray
    x: FloatArray
    y: FloatArray


def gate_passes(world: SchoolWorld, trips: Trips, lines: Lines) -> GatePasses:
    """When trips pass the gates of schools, homes and academies; in order of trip."""
    role = {place.id: place.role for place in world.places.values()}
    codes = {key: SERVICES.index(name) for key, name in EVERYDAY.items()}
    out = np.array([codes.get((role.get(p, ""), False), -1) for p in lines.from_place], np.int64)
    into = np.array([codes.get((role.get(p, ""), True), -1) for p in lines.to_place], np.int64)
    parts = []
    for code, vertex in ((out, lines.exit_v), (into, lines.entry_v)):
        rows = np.flatnonzero((code[trips.line] >= 0) & (vertex[trips.line] >= 0))
        line = trips.line[rows]
        t = time_at_vertex(trips, lines, rows, vertex[line])
        p = lines.at[line] + vertex[line]
        parts.append((rows, code[line], t, lines.x[p], lines.y[p]))
    rows, service, t, x, y = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((t, rows))
    return GatePasses(rows[order], service[order], t[order], x[order], y[order])


def everyday(world: SchoolWorld, trips: Trips, lines: Lines, until: float) -> Iterable[Happening]:
    """The everyday services of subscribers, up to the run's end."""
    subscribers = np.array([p.subscriber for p in world.people], bool)
    own = trips.take(np.flatnonzero(subscribers[trips.person]))
    passes = gate_passes(world, own, lines)
    inward = {SERVICES.index(name): key[1] for key, name in EVERYDAY.items()}
    columns = (passes.trip, passes.service, passes.t, passes.x, passes.y)
    for trip, service, t, x, y in zip(*(c.tolist() for c in columns), strict=True):
        if t > until:
            continue
        person, line = world.people[int(own.person[trip])], int(own.line[trip])
        place = lines.to_place[line] if inward[service] else lines.from_place[line]
        yield Happening(t, SERVICES[service], x, y, person.id, place=place, guardians=person.guardians)


def not_arrived(
    world: SchoolWorld,
    deadline: float,
    told: set[str],
    arrivals: Mapping[str, float],
    position: Callable[[Person, float], tuple[float, float]],
    incidents: Mapping[str, str],
) -> Iterable[Happening]:
    """At the deadline: everybody whose absence nobody announced and who has not been in school yet."""
    for person in world.subscribers:
        if person.id in told or arrivals.get(person.id, np.inf) <= deadline:
            continue
        x, y = position(person, deadline)
        yield Happening(
            deadline,
            "not_arrived",
            x,
            y,
            person.id,
            place=world.school_place,
            guardians=person.guardians,
            incident=incidents.get(person.id),
        )


class Grounds:
    """The ground a child may be on: its registered routes and places, and the danger areas it may not."""

    def __init__(self, world: SchoolWorld) -> None:
        self.world = world
        self.dangers = [p for p in world.places.values() if p.role == "danger" and p.shape is not None]
        self._corridors: dict[tuple[str, float], BaseGeometry] = {}
        self._routes: dict[str, list[int]] = {}
        for k, route in enumerate(world.routes):
            self._routes.setdefault(route.child, []).append(k)

    def places_of(self, person: Person) -> list[str]:
        """The regular places: home, school, academies, playground."""
        places = [person.home, self.world.school_place, *person.academies]
        return [*places, person.playground] if person.playground else places

    def within(self, person: Person, metres: float) -> BaseGeometry:
        """Everything within ``metres`` of the child's registered routes and of its places' circles."""
        key = (person.id, metres)
        if key not in self._corridors:
            lines = [shapely.linestrings(self.world.routes[k].line) for k in self._routes.get(person.id, ())]
            discs = [
                Point(place.x, place.y).buffer(place.radius_m + metres)
                for place in (self.world.places[p] for p in self.places_of(person))
            ]
            buffered = shapely.buffer(shapely.union_all(lines), metres, quad_segs=8)
            self._corridors[key] = shapely.union_all([buffered, *discs])
        return self._corridors[key]

    def corridor_m(self, person: Person) -> float:
        """Half width of the child's registered corridors, metres; 60 where none is registered."""
        routes = self._routes.get(person.id)
        return self.world.routes[routes[0]].corridor_m if routes else 60.0


def off_plan(
    grounds: Grounds, person: Person, track: Track, windows: Sequence[tuple[float, float, str | None]]
) -> Iterable[Happening]:
    """Danger entries and deviations of one child. ``windows`` are (from, to, incident id) off the plan."""
    allowed = grounds.within(person, grounds.corridor_m(person))

    def happening(service: str, t0: float, t1: float, place: str | None, incident: str | None) -> Happening:
        t = tick(t0)
        x, y = track.position(t)
        return Happening(t, service, x, y, person.id, None, place, person.guardians, True, tick(t1), incident)

    for start, end, incident in windows:
        t, x, y, _ = track.between(start, end)
        for area in grounds.dangers:
            for t0, t1 in _bridged(polygon_stays(t, x, y, area.shape), SAME_STAY_S):
                if t1 - t0 >= DANGER_STAY_S:
                    yield happening("danger_entry", t0, t1, area.id, incident)
        for t0, t1 in _bridged(polygon_stays(t, x, y, allowed, inside=False), SAME_OUTING_S):
            if t1 - t0 >= DEVIATION_S:
                yield happening("route_deviation", t0, t1, None, incident)


def _bridged(stays: Sequence[tuple[float, float]], gap_s: float) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for t0, t1 in stays:
        if out and t0 - out[-1][1] < gap_s:
            out[-1] = (out[-1][0], t1)
        else:
            out.append((t0, t1))
    return out


def near_bell(
    world: SchoolWorld,
    bell: str,
    t: float,
    stays: Stays,
    persons: IndexArray,
    within_m: float,
    within_s: float,
) -> tuple[str, ...]:
    """Guardians of subscribers whose tag was at an antenna of a reader near the bell around the press."""
    bells = {d.id: d for d in world.devices if d.type == "bell"}
    at = bells[bell]
    near: list[int] = []
    k = 0
    for reader in (d for d in world.devices if d.type == "reader"):
        close = np.hypot(reader.x - at.x, reader.y - at.y) <= within_m
        near += [k + j for j in range(len(reader.antennas)) if close]
        k += len(reader.antennas)
    met = np.isin(stays.circle, near) & (stays.t_in <= t + within_s) & (stays.t_out >= t - within_s)
    found = sorted({int(i) for i in persons[met]})
    return tuple(dict.fromkeys(g for i in found for g in world.people[i].guardians))


def numbered(world: SchoolWorld, happenings: Iterable[Happening]) -> list[TruthEvent]:
    """Truth events in order of time, with ids ``{zone}-{service}-{child or device}-{n}``."""
    frame = world.map.frame
    ordered = sorted(happenings, key=lambda h: (h.t, h.service, h.child or "", h.device or ""))
    lonlat = frame.to_lonlat(np.array([(h.x, h.y) for h in ordered]).reshape(-1, 2)).tolist()
    count: dict[tuple[str, str], int] = {}
    events = []
    for h, (lon, lat) in zip(ordered, lonlat, strict=True):
        who = h.child or h.device or "nobody"
        n = count[h.service, who] = count.get((h.service, who), 0) + 1
        desk = (f"desk:{world.zone}-desk",) if h.desk else ()
        events.append(
            TruthEvent(
                id=f"{world.zone}-{h.service}-{_local(who, world.zone)}-{n}",
                zone=world.zone,
                t=h.t,
                service=h.service,
                child=h.child,
                device=h.device,
                place=h.place,
                lat=lat,
                lon=lon,
                recipients=desk + tuple(f"guardian:{g}" for g in h.guardians),
                until=h.until,
                incident=h.incident,
            )
        )
    return events


def _local(name: str, zone: str) -> str:
    """An id without the zone in front: ids of events carry the zone once."""
    return name.removeprefix(f"{zone}-")
