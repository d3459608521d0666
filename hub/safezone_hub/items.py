"""Registry items, as typed values. Field for field ``safezone_model/schemas/registry``.

Structs because an import of thousands of items must not wait for a schema validator; when one is
refused, the schema itself is asked for every error (``explain``).
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta
from safezone_model import validator

from safezone_hub.clock import parse_time
from safezone_hub.messages import Id, Lat, Lon, Positive, Time

ClockTime = Annotated[str, Meta(pattern=r"^[0-2][0-9]:[0-5][0-9]\Z")]
Date = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Nature = Literal["real", "simulated"]
Name = Annotated[str, Meta(min_length=1)]
LonLat = tuple[Lon, Lat]
Line = Annotated[list[LonLat], Meta(min_length=2)]
Bearing = Annotated[float, Meta(ge=0, lt=360)]


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


class Calendar(msgspec.Struct, frozen=True):
    weekdays: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]]
    arrive_by: ClockTime
    not_arrived_after: ClockTime
    closes_at: ClockTime
    holidays: list[Date] = []


class Zone(_Item, frozen=True):
    name: Name
    school: SchoolPoint
    timezone: Name
    calendar: Calendar
    opened_on: Date | None = None


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


class Guardian(_Item, frozen=True):
    name: Name
    children: Annotated[list[Id], Meta(min_length=1)]
    nature: Nature
    key: KeyItem
    language: Literal["ko", "en"] | None = None


class Desk(_Item, frozen=True):
    name: Name
    nature: Nature
    key: KeyItem


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


class DrillClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Id
    key: KeyItem


class Drill(_Item, frozen=True):
    opens_at: Time
    closes_at: Time
    clock: DrillClock | None = None
    allow: list[Id] = []


Item = Zone | Area | Child | Guardian | Desk | Binding | Device | Absence | Consent | Drill

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
}


class ItemError(Exception):
    """An item refused, with one entry a fault: ``{field, value, remedy}``."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


def read_item(body: Any) -> Item:
    """The typed item of one parsed JSON object. Raises ItemError with every fault found."""
    kind = body.get("kind") if isinstance(body, dict) else None
    if kind not in KINDS:
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


def without_secrets(body: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without any key's secret; the keyid stays."""
    copy = dict(body)
    if isinstance(copy.get("key"), dict):
        copy["key"] = {"keyid": copy["key"]["keyid"]}
    if isinstance(copy.get("clock"), dict):
        copy["clock"] = {**copy["clock"], "key": {"keyid": copy["clock"]["key"]["keyid"]}}
    return copy


def explain(kind: str, body: Any) -> list[dict[str, Any]]:
    """Every fault the schema finds."""
    return [
        _error(".".join(str(part) for part in error.absolute_path), error.instance, error.message)
        for error in sorted(
            validator(f"registry/{kind}").iter_errors(body), key=lambda e: list(map(str, e.path))
        )
    ]


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
    return faults


def _error(field: str, value: Any, remedy: str) -> dict[str, Any]:
    shown = "…" if "secret" in field or field.startswith("key") else value
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
