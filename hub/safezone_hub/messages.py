"""Messages up, as typed values. Field for field the schemas of ``safezone_model/schemas/messages``.

A test holds them against the schemas' examples; unknown members are allowed, as there.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

MAX_INT = 9007199254740991

# ``\Z`` and not ``$``: Python's ``$`` also matches before a final newline.
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")]
Time = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})\Z"
    ),
]
Source = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}/(dev|guardian|desk|peer|clock|hub)/[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"
    ),
]
Lat = Annotated[float, Meta(ge=-90, le=90)]
Lon = Annotated[float, Meta(ge=-180, le=180)]
Count = Annotated[int, Meta(ge=0)]
Rssi = Annotated[float, Meta(ge=-130, le=20)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Positive = Annotated[float, Meta(gt=0)]


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """CloudEvents 1.0, structured, with the extensions of the wire. ``data`` is still bytes."""

    specversion: Literal["1.0"]
    id: Uuid
    source: Source
    type: Annotated[str, Meta(pattern=r"^[a-z0-9]+(\.[a-z0-9_]+)*\Z")]
    time: Time
    datacontenttype: Literal["application/json"]
    keyid: Id
    epoch: Annotated[int, Meta(ge=0, le=MAX_INT)]
    seq: Annotated[int, Meta(ge=0, le=MAX_INT)]
    data: msgspec.Raw
    mac: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
    exercise: Id | UnsetType = UNSET


class TagSighted(msgspec.Struct, frozen=True, gc=False):
    tag: Id
    antenna: Id
    stay: Id
    phase: Literal["start", "end"]
    first_at: Time
    last_at: Time
    reads: Annotated[int, Meta(ge=1)]
    rssi_peak_dbm: Rssi
    battery_pct: Percent | UnsetType = UNSET


class TagCalled(msgspec.Struct, frozen=True, gc=False):
    tag: Id
    press: Count
    pressed_at: Time
    antenna: Id | UnsetType = UNSET
    rssi_dbm: Rssi | UnsetType = UNSET
    medical: bool | UnsetType = UNSET


class BellPressed(msgspec.Struct, frozen=True, gc=False):
    press: Count
    pressed_at: Time


class PhoneLocated(msgspec.Struct, frozen=True, gc=False):
    lat: Lat
    lon: Lon
    accuracy_m: Annotated[float, Meta(gt=0, le=100000)]
    fix_source: Literal["gps", "wifi", "cell"]
    fixed_at: Time
    moving: bool | UnsetType = UNSET
    battery_pct: Percent | UnsetType = UNSET


class Position(msgspec.Struct, frozen=True, gc=False):
    lat: Lat
    lon: Lon
    accuracy_m: Positive


class PhoneCalled(msgspec.Struct, frozen=True, gc=False):
    dialled_at: Time
    call: Id
    position: Position | UnsetType = UNSET


class CameraState(msgspec.Struct, frozen=True, gc=False):
    preset: Id
    bearing_deg: Annotated[float, Meta(ge=0, lt=360)]
    command: Uuid | UnsetType = UNSET
    busy: bool | UnsetType = UNSET


class DeviceStatus(msgspec.Struct, frozen=True, gc=False):
    online: bool
    queue_depth: Count
    clock: Time
    interval_s: Positive
    battery_pct: Percent | UnsetType = UNSET
    mains: bool | UnsetType = UNSET
    tamper: bool | UnsetType = UNSET
    self_test: Literal["passed", "failed", "not_run"] | UnsetType = UNSET
    stuck_button: bool | UnsetType = UNSET
    firmware: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET


class Ack(msgspec.Struct, frozen=True, gc=False):
    notice: Uuid
    received_at: Time


class IncidentAction(msgspec.Struct, frozen=True, gc=False):
    """A desk works on an incident; some actions need one member more."""

    incident: Id
    action: Literal[
        "acknowledge",
        "dispatch",
        "on_scene",
        "resolve",
        "false_alarm",
        "note",
        "mark",
        "link",
        "withhold",
        "allow",
        "call_119",
        "take",
        "reopen",
    ]
    note: Annotated[str, Meta(min_length=1, max_length=2000)] | UnsetType = UNSET
    unit: Id | UnsetType = UNSET
    mark: Literal["prank", "repeat"] | UnsetType = UNSET
    guardian: Id | UnsetType = UNSET
    to: Id | UnsetType = UNSET
    medical: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        needed = ACTION_NEEDS.get(self.action)
        if needed is not None and getattr(self, needed) is UNSET:
            raise ValueError(f"{self.action} needs {needed}")


# Which member an action cannot do without, besides the incident.
ACTION_NEEDS: dict[str, str] = {
    "note": "note",
    "mark": "mark",
    "withhold": "guardian",
    "allow": "guardian",
    "link": "to",
}


class ClockTick(msgspec.Struct, frozen=True, gc=False):
    now: Time
    tick: Count


Data = (
    TagSighted
    | TagCalled
    | BellPressed
    | PhoneLocated
    | PhoneCalled
    | CameraState
    | DeviceStatus
    | Ack
    | IncidentAction
    | ClockTick
)

DECODERS: dict[str, msgspec.json.Decoder[Data]] = {
    "tag.sighted": msgspec.json.Decoder(TagSighted),
    "tag.called": msgspec.json.Decoder(TagCalled),
    "bell.pressed": msgspec.json.Decoder(BellPressed),
    "phone.located": msgspec.json.Decoder(PhoneLocated),
    "phone.called": msgspec.json.Decoder(PhoneCalled),
    "camera.state": msgspec.json.Decoder(CameraState),
    "device.status": msgspec.json.Decoder(DeviceStatus),
    "ack": msgspec.json.Decoder(Ack),
    "incident.action": msgspec.json.Decoder(IncidentAction),
    "clock.tick": msgspec.json.Decoder(ClockTick),
}

# Which member of the data is the moment the observation tells of, in the device's clock.
EVENT_TIME_FIELD: dict[str, str] = {
    "tag.called": "pressed_at",
    "bell.pressed": "pressed_at",
    "phone.located": "fixed_at",
    "phone.called": "dialled_at",
}

TIME_FIELDS: dict[str, tuple[str, ...]] = {
    "tag.sighted": ("first_at", "last_at"),
    "tag.called": ("pressed_at",),
    "bell.pressed": ("pressed_at",),
    "phone.located": ("fixed_at",),
    "phone.called": ("dialled_at",),
    "camera.state": (),
    "device.status": ("clock",),
    "ack": ("received_at",),
    "incident.action": (),
    "clock.tick": ("now",),
}

TOPIC = re.compile(
    r"safezone/v1/([A-Za-z0-9][A-Za-z0-9._-]{0,63})/(dev|guardian|desk|peer|clock)/([A-Za-z0-9][A-Za-z0-9._-]{0,63})/up"
)
