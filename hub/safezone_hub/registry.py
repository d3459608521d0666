"""What the hub knows about zones, people and equipment, compiled for the rules. In metres, not degrees.

The items themselves are kept by the store; this is a view that can be rebuilt from them at any time.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any
from weakref import WeakValueDictionary

from safezone_hub import items
from safezone_hub.bodies import Bodies
from safezone_hub.clock import parse_time
from safezone_hub.codec import Key, decode_secret
from safezone_hub.geometry import Plane, Segments, distance_to_segments, inside_ring, joined, segments
from safezone_hub.places import Landmark, StreetNet, landmarks

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Area:
    """A place or a danger area: a circle, for danger areas usually a polygon too."""

    id: str
    role: str
    name: str
    x: float
    y: float
    radius_m: float
    ring: tuple[tuple[float, float], ...]
    edge: Segments

    def distance_from_centre(self, x: float, y: float) -> float:
        return float(((x - self.x) ** 2 + (y - self.y) ** 2) ** 0.5)

    def contains(self, x: float, y: float) -> bool:
        if self.ring:
            return inside_ring(self.ring, x, y)
        return self.distance_from_centre(x, y) <= self.radius_m


@dataclass(frozen=True, slots=True)
class Antenna:
    id: str
    side: str
    x: float
    y: float
    range_m: float


@dataclass(frozen=True, slots=True)
class Camera:
    id: str
    x: float
    y: float
    view_m: float
    fov_deg: float
    presets: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Device:
    id: str
    type: str
    x: float | None
    y: float | None
    position: str | None  # gate, interior or pole
    area: str | None
    antennas: dict[str, Antenna]
    press_counter: bool


@dataclass(frozen=True, slots=True)
class Child:
    id: str
    name: str
    home: str
    places: tuple[str, ...]
    corridors: tuple[tuple[Segments, float], ...]  # each route, and its width to either side in metres
    home_by: str | None
    barred: tuple[str, ...]  # guardians who must learn nothing
    grade: int
    class_no: int
    number: int

    def distance_to_routes(self, x: float, y: float) -> float:
        """Metres to the nearest of its routes; infinite when it has none."""
        return distance_to_segments(joined([route for route, _ in self.corridors]), x, y)


@dataclass(frozen=True, slots=True)
class Recipient:
    role: str  # guardian, desk or dev
    id: str
    nature: str
    post: str = ""  # of a desk: desk, supervisor, fire119 or school
    language: str = "ko"
    contacts: tuple[items.Contact, ...] = ()
    quiet: tuple[str, str] | None = None  # local hours without everyday notices, from and until
    legal: bool = True  # of a guardian: represents its children in law


@dataclass(frozen=True, slots=True)
class Consented:
    """What the legal representatives allow of one child, taken together."""

    collect: bool
    notify_guardians: bool
    provide_112: bool


@dataclass(slots=True)
class ZoneView:
    """One zone, as the rules see it. Read-only for them."""

    id: str
    plane: Plane
    timezone: str
    item: items.Zone | None
    areas: dict[str, Area] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    cameras: dict[str, Camera] = field(default_factory=dict)
    guardians: dict[str, list[Recipient]] = field(default_factory=dict)  # by child
    desks: dict[str, Recipient] = field(default_factory=dict)
    bindings: dict[str, list[items.Binding]] = field(default_factory=dict)  # by thing
    absences: set[tuple[str, str]] = field(default_factory=set)  # (child, date)
    drills: dict[str, items.Drill] = field(default_factory=dict)
    camera_recipients: dict[str, Recipient] = field(default_factory=dict)
    consents: dict[str, dict[str, items.Consent]] = field(default_factory=dict)  # by child, by consent id
    operators: dict[str, items.Operator] = field(default_factory=dict)
    staff: dict[str, items.Staff] = field(default_factory=dict)
    agencies: dict[str, items.Agency] = field(default_factory=dict)
    units: dict[str, items.Unit] = field(default_factory=dict)
    streets: dict[str, items.Streets] = field(default_factory=dict)
    net: StreetNet | None = None  # compiled from the streets
    camera_urls: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)  # snapshot, live
    policy: dict[str, float] = field(default_factory=dict)
    climbs_when_absent: bool = False
    _consented: dict[tuple[str, bool], Consented] = field(default_factory=dict)
    school: Area | None = None
    danger_areas: tuple[Area, ...] = ()
    # Children of one house walk one way: each line once.
    _lines: "WeakValueDictionary[bytes, Segments]" = field(default_factory=WeakValueDictionary)

    def line(self, points: list[items.LonLat]) -> Segments:
        """The pieces of a polyline, shared by all who have it. Not to be written to."""
        key = array("d", chain.from_iterable(points)).tobytes()
        found = self._lines.get(key)
        if found is None:
            found = segments([[self.plane.xy(lat, lon) for lon, lat in points]])
            found.flags.writeable = False
            self._lines[key] = found
        return found

    def child_of(self, thing: str, at: float) -> Child | None:
        """Whose tag or phone this was at a moment."""
        for binding in self.bindings.get(thing, ()):
            begun = binding.from_ is None or parse_time(binding.from_) <= at
            ended = binding.until is not None and parse_time(binding.until) <= at
            if begun and not ended:
                return self.children.get(binding.child)
        return None

    def consented(self, child: str, required: bool) -> Consented:
        """What may be done with a child's data. Every representative's consent must be given: the most careful rules."""
        found = self._consented.get((child, required))
        if found is None:
            found = self._consented[child, required] = self._judge_consent(child, required)
        return found

    def consent_changed(self, child: str) -> None:
        for required in (True, False):
            self._consented.pop((child, required), None)

    def _judge_consent(self, child: str, required: bool) -> Consented:
        legal = {guardian.id for guardian in self.guardians.get(child, ()) if guardian.legal}
        rows = [row for row in self.consents.get(child, {}).values() if row.guardian in legal]
        if not rows:
            return Consented(not required, not required, not required)
        given = all(row.status == "given" for row in rows)
        return Consented(
            given and all(row.items.collect for row in rows),
            given and all(row.items.notify_guardians for row in rows),
            given and all(row.items.provide_112 for row in rows),
        )

    def things_of(self, child: str) -> list[str]:
        return [thing for thing, rows in self.bindings.items() if any(b.child == child for b in rows)]

    def areas_changed(self) -> None:
        """Find anew what every fix asks for."""
        ordered = [area for _, area in sorted(self.areas.items())]
        self.school = next((a for a in ordered if a.role == "school"), None)
        self.danger_areas = tuple(a for a in ordered if a.role == "danger")

    def streets_changed(self) -> None:
        """Compile the streets anew: an incident must not wait for it."""
        lines = [line for _, item in sorted(self.streets.items()) for line in item.lines]
        self.net = StreetNet.build(lines, self.plane) if lines else None

    def landmarks(self) -> list[Landmark]:
        """What stands in the street with a name on it."""
        return landmarks(self.devices.values())

    def regular_places(self, child: Child) -> Iterator[Area]:
        """Home, school and the child's other places."""
        wanted = (child.home, *child.places)
        for area in (self.areas.get(place) for place in wanted):
            if area is not None and area.role != "school":
                yield area
        if self.school is not None:
            yield self.school

    def readers_at(self, area: str) -> list[Device]:
        return [d for d in self.devices.values() if d.type == "reader" and d.area == area]

    def is_school_day(self, day: date) -> bool:
        if self.item is None:
            return False
        calendar = self.item.calendar
        return WEEKDAYS[day.weekday()] in calendar.weekdays and day.isoformat() not in calendar.holidays


class Registry:
    """Every zone's view, and the keys."""

    def __init__(self) -> None:
        self.bodies = Bodies()
        self.zones: dict[str, ZoneView] = {}
        self._keys: dict[str, Key] = {}

    def key_of(self, source: str) -> Key | None:
        return self._keys.get(source)

    def get(self, kind: str, id_: str) -> dict[str, Any] | None:
        return self.bodies.get((kind, id_))

    def has(self, kind: str, id_: str) -> bool:
        return (kind, id_) in self.bodies

    def list(self, kind: str, zone: str | None) -> list[dict[str, Any]]:
        """Items of a kind, by id."""
        return sorted(self.bodies.of(kind=kind, zone=zone or None), key=lambda body: str(body["id"]))

    def of_zone(self, zone: str) -> Iterable[dict[str, Any]]:
        """Every item of a zone, the zone itself first."""
        return sorted(
            self.bodies.of(zone=zone),
            key=lambda body: (body["kind"] != "zone", str(body["kind"]), str(body["id"])),
        )

    def put(self, body: dict[str, Any], item: items.Item) -> bool:
        """Take one item in; True when it is new."""
        old = self.bodies.get((item.kind, item.id))
        if old is not None:
            self._take_out(items.read_item(old))
        self.bodies.keep(body)
        self._take_in(item)
        return old is None

    def delete(self, kind: str, id_: str) -> dict[str, Any] | None:
        body = self.bodies.pop((kind, id_))
        if body is not None:
            self._take_out(items.read_item(body))
        return body

    def drop(self, zone: str) -> None:
        """Forget a zone and all of its items: another shard has it."""
        self.bodies.drop(zone)
        self.zones.pop(zone, None)
        self._keys = {name: key for name, key in self._keys.items() if not name.startswith(zone + "/")}

    def zone(self, zone: str) -> ZoneView:
        """The zone's view; an empty one, about the first point named in it, before the zone item came."""
        view = self.zones.get(zone)
        if view is None:
            view = self.zones[zone] = ZoneView(zone, Plane(37.55, 126.99), "Asia/Seoul", None)
        return view

    # One method a kind, both ways.

    def _take_in(self, item: items.Item) -> None:
        view = self.zone(item.zone)
        match item:
            case items.Zone():
                self._rebuild(item)
            case items.Area():
                view.areas[item.id] = _area(item, view.plane)
                view.areas_changed()
            case items.Child():
                view.children[item.id] = _child(item, view)
            case items.Guardian():
                quiet = (item.quiet.from_, item.quiet.until) if item.quiet is not None else None
                recipient = Recipient(
                    "guardian", item.id, item.nature, "", item.language or "ko", tuple(item.contacts), quiet, item.legal,
                )  # fmt: skip
                for child in item.children:
                    rows = view.guardians.setdefault(child, [])
                    rows.append(recipient)
                    rows.sort(key=lambda r: r.id)
                    view.consent_changed(child)
                self._put_key(item.zone, "guardian", item.id, item.key, "guardian")
            case items.Desk():
                view.desks[item.id] = Recipient(
                    "desk", item.id, item.nature, item.post, "ko", tuple(item.contacts)
                )
                self._put_key(item.zone, "desk", item.id, item.key, "desk")
            case items.Binding():
                view.bindings.setdefault(item.thing, []).append(item)
            case items.Device():
                view.devices[item.id] = _device(item, view.plane)
                if item.key is not None:
                    self._put_key(item.zone, "dev", item.id, item.key, item.type)
                camera = _camera(item, view.plane)
                if camera is not None:
                    view.cameras[item.id] = camera
                    view.camera_recipients[item.id] = Recipient("dev", item.id, item.nature)
                    view.camera_urls[item.id] = (item.snapshot_url, item.live_url)
            case items.Absence():
                view.absences.add((item.child, item.date))
            case items.Drill():
                view.drills[item.id] = item
                if item.clock is not None:
                    self._put_key(item.zone, "clock", item.clock.id, item.clock.key, "clock")
            case items.Consent():
                view.consents.setdefault(item.child, {})[item.id] = item
                view.consent_changed(item.child)
            case items.Operator():
                view.operators[item.id] = item
            case items.Staff():
                view.staff[item.id] = item
            case items.Agency():
                view.agencies[item.id] = item
            case items.Unit():
                view.units[item.id] = item
            case items.Streets():
                view.streets[item.id] = item
                view.streets_changed()
            case items.Peer():
                self._put_key(item.zone, "peer", item.id, item.key, "peer")

    def _take_out(self, item: items.Item) -> None:
        view = self.zone(item.zone)
        match item:
            case items.Area():
                view.areas.pop(item.id, None)
                view.areas_changed()
            case items.Child():
                view.children.pop(item.id, None)
            case items.Guardian():
                for child in item.children:
                    rows = view.guardians.get(child, [])
                    rows[:] = [r for r in rows if r.id != item.id]
                    view.consent_changed(child)
                self._keys.pop(f"{item.zone}/guardian/{item.id}", None)
            case items.Desk():
                view.desks.pop(item.id, None)
                self._keys.pop(f"{item.zone}/desk/{item.id}", None)
            case items.Binding():
                rows_of = view.bindings.get(item.thing, [])
                rows_of[:] = [b for b in rows_of if b.id != item.id]
            case items.Device():
                view.devices.pop(item.id, None)
                view.cameras.pop(item.id, None)
                view.camera_recipients.pop(item.id, None)
                view.camera_urls.pop(item.id, None)
                self._keys.pop(f"{item.zone}/dev/{item.id}", None)
            case items.Absence():
                view.absences.discard((item.child, item.date))
            case items.Drill():
                view.drills.pop(item.id, None)
                if item.clock is not None:
                    self._keys.pop(f"{item.zone}/clock/{item.clock.id}", None)
            case items.Consent():
                view.consents.get(item.child, {}).pop(item.id, None)
                view.consent_changed(item.child)
            case items.Operator():
                view.operators.pop(item.id, None)
            case items.Staff():
                view.staff.pop(item.id, None)
            case items.Agency():
                view.agencies.pop(item.id, None)
            case items.Unit():
                view.units.pop(item.id, None)
            case items.Streets():
                view.streets.pop(item.id, None)
                view.streets_changed()
            case items.Peer():
                self._keys.pop(f"{item.zone}/peer/{item.id}", None)
            case items.Zone():
                pass

    def _rebuild(self, zone: items.Zone) -> None:
        """Compile the zone anew about its school; what arrived before the zone item is kept."""
        view = ZoneView(zone.id, Plane(zone.school.lat, zone.school.lon), zone.timezone, zone)
        view.policy, view.climbs_when_absent = _policy(zone.policy)
        self.zones[zone.id] = view
        for body in self.bodies.of(zone=zone.id):
            if body["kind"] != "zone":
                self._take_in(items.read_item(body))

    def _put_key(self, zone: str, role: str, id_: str, key: items.KeyItem, sends_as: str) -> None:
        self._keys[f"{zone}/{role}/{id_}"] = Key(key.keyid, decode_secret(key.secret), sends_as)


def _area(item: items.Area, plane: Plane) -> Area:
    x, y = plane.xy(item.center.lat, item.center.lon)
    ring = tuple(plane.xy(lat, lon) for lon, lat in item.ring or ())
    return Area(item.id, item.role, item.name, x, y, item.radius_m, ring, segments([ring]))


def _child(item: items.Child, view: ZoneView) -> Child:
    corridors = tuple((view.line(route.line), route.corridor_m) for route in item.routes)
    return Child(
        item.id, item.name, item.home, tuple(item.places), corridors, item.home_by, tuple(item.barred), item.grade,
        item.class_, item.number,
    )  # fmt: skip


def _policy(policy: items.Policy | None) -> tuple[dict[str, float], bool]:
    """The zone's own numbers, and whether «not arrived» climbs at all."""
    numbers: dict[str, float] = {}
    for part in (policy.escalation, policy.not_arrived) if policy is not None else ():
        if part is not None:
            numbers |= {name: float(getattr(part, name)) for name in part.__struct_fields__}
    return numbers, policy is not None and policy.not_arrived is not None


def _device(item: items.Device, plane: Plane) -> Device:
    x, y, position, area = None, None, None, None
    if item.placement is not None:
        x, y = plane.xy(item.placement.lat, item.placement.lon)
        position, area = item.placement.position, item.placement.area
    antennas = {a.id: Antenna(a.id, a.side, *plane.xy(a.lat, a.lon), a.range_m) for a in item.antennas}
    return Device(item.id, item.type, x, y, position, area, antennas, item.press_counter)


def _camera(item: items.Device, plane: Plane) -> Camera | None:
    if item.type != "camera" or item.placement is None or item.view_m is None:
        return None
    x, y = plane.xy(item.placement.lat, item.placement.lon)
    presets = tuple((p.id, p.bearing_deg) for p in item.presets)
    return Camera(item.id, x, y, item.view_m, item.fov_deg or 360.0, presets)
