"""Registry items, as typed values. Field for field ``safezone_model/schemas/registry``.

Structs because an import of thousands of items must not wait for a schema validator; when one is
refused, the schema itself is asked for every error (``explain``).
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta
from safezone_model import validator

from safezone_hub.clock import parse_time
from safezone_hub.messages import Id, Lat, Lon, Positive, Time

ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
Date = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Nature = Literal["real", "simulated"]
Name = Annotated[str, Meta(min_length=1)]
LonLat = tuple[Lon, Lat]
Line = Annotated[list[LonLat], Meta(min_length=2)]
Bearing = Annotated[float, Meta(ge=0, lt=360)]
WebUrl = Annotated[str, Meta(pattern=r"^https?://[^\s/]+(/\S*)?\Z", max_length=2000)]
StreamUrl = Annotated[str, Meta(pattern=r"^(https?|rtsps?)://[^\s/]+(/\S*)?\Z", max_length=2000)]
WebhookSecret = Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{4}){5,21}([A-Za-z0-9_-]{2,3})?\Z")]


class _Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    kind: str
    id: Id
    zone: Id


class KeyItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keyid: Id
    secret: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43,86}\Z")]


class Point(msgspec.Struct, frozen=True):
    lat: Lat
    lon: Lon


class SchoolPoint(msgspec.Struct, frozen=True):
    code: Id
    lat: Lat
    lon: Lon


def _refuse_twice(name: str, values: list[Any]) -> None:
    """ValueError where a schema says uniqueItems; msgspec has no such constraint."""
    if len(set(values)) != len(values):
        raise ValueError(f"{name}: something is named twice")


class Calendar(msgspec.Struct, frozen=True):
    weekdays: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]]
    arrive_by: ClockTime
    not_arrived_after: ClockTime
    closes_at: ClockTime
    holidays: list[Date] = []

    def __post_init__(self) -> None:
        _refuse_twice("weekdays", self.weekdays)


class NotArrivedPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How «not arrived» climbs: seconds from the first notice."""

    school_after_s: Positive
    desk_after_s: Positive


class EscalationPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an unacknowledged incident climbs: seconds from its opening."""

    remind_s: Positive
    supervisor_after_s: Positive
    fire119_after_s: Positive


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a zone decides itself; where it says nothing, services.json holds."""

    not_arrived: NotArrivedPolicy | None = None
    escalation: EscalationPolicy | None = None


class Zone(_Item, frozen=True):
    name: Name
    school: SchoolPoint
    timezone: Name
    calendar: Calendar
    opened_on: Date | None = None
    policy: Policy | None = None


class Area(_Item, frozen=True):
    role: Literal["school", "home", "academy", "playground", "danger"]
    name: str
    center: Point
    radius_m: Positive
    danger: Literal["railway", "stream_bank", "building_site", "car_park", "other"] | None = None
    ring: Annotated[list[LonLat], Meta(min_length=4)] | None = None


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    id: Id
    from_: Id
    to: Id
    line: Line
    corridor_m: Positive
    minutes: Positive


class Child(_Item, frozen=True, rename={"class_": "class"}):
    name: Name
    grade: Annotated[int, Meta(ge=1, le=6)]
    class_: Annotated[int, Meta(ge=1)]
    number: Annotated[int, Meta(ge=1)]
    home: Id
    places: list[Id]
    routes: list[Route]
    home_by: ClockTime | None = None
    barred: list[Id] = []

    def __post_init__(self) -> None:
        _refuse_twice("barred", self.barred)


_ADDRESS_FORMS = {
    "sms": re.compile(r"^\+?[0-9][0-9-]{5,19}\Z"),
    "email": re.compile(r"^[^@\s]{1,64}@[^@\s]{1,255}\Z"),
    "webhook": re.compile(r"^https?://[^\s/]+(/\S*)?\Z"),
}


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A further way to reach a person. A webhook has a secret, which signs what is posted to it."""

    channel: Literal["sms", "email", "webhook"]
    address: Annotated[str, Meta(min_length=3, max_length=2000)]
    secret: WebhookSecret | None = None

    def __post_init__(self) -> None:
        if not _ADDRESS_FORMS[self.channel].match(self.address):
            raise ValueError(f"no address for {self.channel}")
        if self.channel == "webhook" and self.secret is None:
            raise ValueError("a webhook needs a secret")


class Quiet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Local hours without noise; over midnight if ``from_`` lies after ``until``."""

    from_: ClockTime
    until: ClockTime


class Guardian(_Item, frozen=True):
    name: Name
    children: Annotated[list[Id], Meta(min_length=1)]
    nature: Nature
    key: KeyItem
    language: Literal["ko", "en"] | None = None
    contacts: Annotated[list[Contact], Meta(max_length=10)] = []
    quiet: Quiet | None = None
    legal: bool = True

    def __post_init__(self) -> None:
        _refuse_twice("children", self.children)


class Desk(_Item, frozen=True):
    name: Name
    nature: Nature
    key: KeyItem
    post: Literal["desk", "supervisor", "fire119", "school"] = "desk"
    contacts: Annotated[list[Contact], Meta(max_length=10)] = []


class Operator(_Item, frozen=True):
    """A person who works at a desk; comes in with a token, not with a key."""

    name: Name
    desk: Id
    rank: Literal["operator", "supervisor"]
    nature: Nature


class Staff(_Item, frozen=True):
    """A member of the school's staff."""

    name: Name
    nature: Nature


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: WebUrl
    secret: WebhookSecret


class Agency(_Item, frozen=True):
    """Whom incidents are handed to; without a webhook it fetches them."""

    name: Name
    service: Literal["police", "fire", "city", "other"]
    nature: Nature
    format: Literal["json", "cap"]
    webhook: Webhook | None = None


class Unit(_Item, frozen=True):
    """A patrol, police box or ambulance, where it usually stands."""

    name: Name
    type: Literal["patrol", "police_box", "ambulance"]
    lat: Lat
    lon: Lon
    nature: Nature
    agency: Id | None = None


class StreetLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    line: Line
    foot: bool
    car: bool
    name: Name | None = None


class Streets(_Item, frozen=True):
    """The zone's streets; they meet where they share a point."""

    lines: Annotated[list[StreetLine], Meta(min_length=1)]


class Peer(_Item, frozen=True):
    """Another hub; reserved."""

    name: Name
    key: KeyItem
    url: WebUrl | None = None


class Binding(_Item, frozen=True, rename={"from_": "from"}):
    child: Id
    thing: Id
    from_: Time | None = None
    until: Time | None = None


class Placement(msgspec.Struct, frozen=True):
    lat: Lat
    lon: Lon
    position: Literal["gate", "interior", "pole"] | None = None
    area: Id | None = None


class Antenna(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Id
    side: Literal["outer", "inner", "single"]
    lat: Lat
    lon: Lon
    range_m: Positive


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Id
    bearing_deg: Bearing


class Device(_Item, frozen=True):
    type: Literal["reader", "bell", "camera", "phone", "tag"]
    nature: Nature
    key: KeyItem | None = None
    press_counter: bool = True
    placement: Placement | None = None
    antennas: list[Antenna] = []
    presets: list[Preset] = []
    fov_deg: Annotated[float, Meta(gt=0, le=360)] | None = None
    view_m: Positive | None = None
    camera_points: Annotated[int, Meta(ge=1)] | None = None
    snapshot_url: StreamUrl | None = None
    live_url: StreamUrl | None = None


class Absence(_Item, frozen=True):
    child: Id
    date: Date
    reason: Annotated[str, Meta(max_length=200)] | None = None


class ConsentItems(msgspec.Struct, frozen=True):
    collect: bool
    notify_guardians: bool
    provide_112: bool


class Consent(_Item, frozen=True):
    child: Id
    guardian: Id
    items: ConsentItems
    status: Literal["given", "suspended", "withdrawn"]
    at: Time
    form: Literal["electronic", "written"] | None = None


class DrillClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Id
    key: KeyItem


class Drill(_Item, frozen=True):
    opens_at: Time
    closes_at: Time
    clock: DrillClock | None = None
    allow: list[Id] = []


Item = (
    Zone
    | Area
    | Child
    | Guardian
    | Desk
    | Binding
    | Device
    | Absence
    | Consent
    | Drill
    | Operator
    | Staff
    | Agency
    | Unit
    | Streets
    | Peer
)

KINDS: dict[str, type[Item]] = {
    "zone": Zone,
    "area": Area,
    "child": Child,
    "guardian": Guardian,
    "desk": Desk,
    "binding": Binding,
    "device": Device,
    "absence": Absence,
    "consent": Consent,
    "drill": Drill,
    "operator": Operator,
    "staff": Staff,
    "agency": Agency,
    "unit": Unit,
    "streets": Streets,
    "peer": Peer,
}
# msgspec works out a type when it first meets it, and two threads that meet it at once bring the process down: so it
# meets them here, while there is one.
for _kind in KINDS.values():
    msgspec.json.Decoder(_kind)


class ItemError(Exception):
    """An item refused, with one entry a fault: ``{field, value, remedy}``."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


def read_item(body: Any) -> Item:
    """The typed item of one parsed JSON object. Raises ItemError with every fault found."""
    kind = body.get("kind") if isinstance(body, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise ItemError([_error("kind", kind, f"use one of {', '.join(KINDS)}")])
    if _has_null(body):
        raise ItemError(explain(kind, body))
    try:
        item = msgspec.convert(body, KINDS[kind])
    except msgspec.ValidationError as error:
        raise ItemError(explain(kind, body) or [_error("", None, str(error))]) from None
    faults = _faults_beyond_schema(item)
    if faults:
        raise ItemError(faults)
    return item


def misplaced(device: Device) -> Iterator[tuple[str, Any, str]]:
    """Field, value and remedy of what is wrong with where a device stands, and of a tag that has a key."""
    if device.type == "tag" and device.key is not None:
        yield "key", "…", "a tag has no key: the reader that hears it signs"
    position = device.placement.position if device.placement is not None else None
    if device.placement is not None and position in ("gate", "interior") and device.placement.area is None:
        yield "placement.area", None, f"name the area that a reader of position {position} belongs to"
    sides = sorted(antenna.side for antenna in device.antennas)
    if position == "gate" and sides != ["inner", "outer"]:
        yield "antennas", sides, "a gate reader has one outer and one inner antenna"


def overlap(one: Binding, other: Binding) -> bool:
    """Whether two bindings hold at one moment."""

    def before(until: str | None, begins: str | None) -> bool:
        return until is not None and begins is not None and parse_time(until) <= parse_time(begins)

    return not before(one.until, other.from_) and not before(other.until, one.from_)


def without_secrets(body: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without any secret, of keys, contacts or webhooks; the keyid and the address stay."""
    copy: dict[str, Any] = _stripped(body)
    return copy


def _stripped(value: Any) -> Any:
    """No kind has a member «secret» that may be read back, so none is left, however deep."""
    if isinstance(value, Mapping):
        return {name: _stripped(inner) for name, inner in value.items() if name != "secret"}
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [_stripped(inner) for inner in value]
    return value


def explain(kind: str, body: Any) -> list[dict[str, Any]]:
    """Every fault the schema finds."""
    secrets = _secrets(body)
    return [
        _error(
            ".".join(str(part) for part in error.absolute_path),
            error.instance,
            _hidden(error.message, secrets),
        )
        for error in sorted(
            validator(f"registry/{kind}").iter_errors(body), key=lambda e: list(map(str, e.path))
        )
    ]


def _secrets(value: Any) -> list[str]:
    """What must not be told of an item, even where it is no well-formed secret."""
    if isinstance(value, Mapping):
        own = [str(inner) for name, inner in value.items() if name == "secret" and inner]
        return own + [s for inner in value.values() for s in _secrets(inner)]
    return [s for inner in value for s in _secrets(inner)] if isinstance(value, list) else []


def _hidden(message: str, secrets: list[str]) -> str:
    """A validator's words, which quote what they are about, without the secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, "…").replace(repr(secret)[1:-1], "…")
    return message


def _faults_beyond_schema(item: Item) -> list[dict[str, Any]]:
    """What a JSON Schema cannot say."""
    faults = []
    if isinstance(item, Zone):
        if item.id != item.zone:
            faults.append(_error("zone", item.zone, f"a zone's own id is its zone: {item.id}"))
        try:
            ZoneInfo(item.timezone)
        except (KeyError, ValueError, OSError):
            faults.append(_error("timezone", item.timezone, "use a name like Asia/Seoul"))
    if isinstance(item, Device) and item.type != "tag" and item.key is None:
        faults.append(_error("key", None, f"a {item.type} signs its messages: give keyid and secret"))
    for field in ("opens_at", "closes_at", "from_", "until", "at"):
        value = getattr(item, field, None)
        if value is not None:
            try:
                parse_time(value)
            except (ValueError, OverflowError):
                faults.append(_error(field.rstrip("_"), value, "no such moment"))
    faults += [_error(field, day, "no such day") for field, day in _days(item) if not _is_day(day)]
    return faults


def _days(item: Item) -> list[tuple[str, str]]:
    match item:
        case Zone():
            days = [(f"calendar.holidays.{i}", day) for i, day in enumerate(item.calendar.holidays)]
            return [*days, ("opened_on", item.opened_on)] if item.opened_on is not None else days
        case Absence():
            return [("date", item.date)]
        case _:
            return []


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _error(field: str, value: Any, remedy: str) -> dict[str, Any]:
    shown = "…" if "secret" in field or field.startswith("key") else _stripped(value)
    if len(json.dumps(shown, default=str)) > 200:
        shown = "…"
    return {"field": field, "value": shown, "remedy": remedy[:300]}


def _has_null(value: Any) -> bool:
    """The schemas know no null; msgspec would take it for an absent optional."""
    if isinstance(value, dict):
        return any(_has_null(v) for v in value.values())
    if isinstance(value, list):
        return len(value) < 200 and any(_has_null(v) for v in value)
    return value is None
