"""What a run leaves behind, as frozen values: truth, samples, receptions, queries.

Truth and observations are separate types and separate files; the hub never sees truth. The judge is a
pure function over these records. Times ``t`` are seconds after local midnight of the scenario's day;
positions are degrees.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct


class TruthEvent(Struct, frozen=True):
    """Something that truly happened and that a service should tell.

    ``t`` is when it happened; for danger_entry when the child entered (the stay lasted ``until``), for
    tag_silent when the last carried device fell silent, for not_arrived the deadline. ``recipients`` are
    those entitled, as "guardian:<id>" or "desk:<id>".
    """

    id: str
    zone: str
    t: float
    service: str
    child: str | None
    device: str | None
    place: str | None
    lat: float
    lon: float
    recipients: tuple[str, ...]
    until: float | None = None
    incident: str | None = None


class Whereabouts(Struct, frozen=True):
    """A child's true track: moments and positions of its polyline, and which place it is inside.

    Between two moments the child moves straight; ``place[i]`` holds from t[i] to t[i+1] ("" on the way).
    """

    child: str
    zone: str
    t: list[float]
    lat: list[float]
    lon: list[float]
    place: list[str]


class Stay(Struct, frozen=True):
    """A tag (a body carrying, or meant to carry, it) within one antenna's range.

    In ideal samples ``known_at`` is when a perfect reader would have reported the first read; in realised
    samples it is when the hub's side of the network had the message (start), ``end_known_at`` likewise
    for the end. ``t_in``, ``t_out`` are true times.
    """

    zone: str
    child: str
    reader: str
    antenna: str
    t_in: float
    t_out: float
    known_at: float
    end_known_at: float


class Fix(Struct, frozen=True):
    """A phone position. Ideal: true position with the source's nominal accuracy. Realised: as sent."""

    zone: str
    child: str
    t: float
    lat: float
    lon: float
    accuracy_m: float
    source: Literal["gps", "wifi", "cell"]
    moving: bool
    battery_pct: float
    known_at: float


class Press(Struct, frozen=True):
    """A button press or dial that some equipment or network took. ``known_at``: at the hub's side."""

    zone: str
    service: str  # tag_call | bell_call | phone_call_112
    child: str | None
    device: str  # reader, bell or phone that reported it
    t: float
    known_at: float


class Samples(Struct, frozen=True):
    """All samples of one provenance, each list in order of time."""

    stays: list[Stay]
    fixes: list[Fix]
    presses: list[Press]


class Reception(Struct, frozen=True):
    """A notice or alert that really reached a recipient. ``message`` is the decoded envelope."""

    zone: str
    recipient: str  # "guardian:<id>" | "desk:<id>"
    t: float  # simulated time of arrival at the recipient
    repeat: bool  # byte-identical to one already received
    wall_ms: float | None
    message: Mapping[str, Any]


class Query(Struct, frozen=True):
    """One location query: where was the child truly, and what did the hub say."""

    zone: str
    child: str
    t: float
    lat: float
    lon: float
    has_phone: bool
    answer: Mapping[str, Any] | None  # None: unanswered


class PathAnswer(Struct, frozen=True):
    zone: str
    child: str
    points: list[Mapping[str, Any]]


class Fault(Struct, frozen=True):
    """Equipment that truly failed: reader offline, tag forgotten, phone battery empty."""

    zone: str
    kind: Literal["reader_offline", "tag_forgotten", "phone_dead"]
    subject: str
    t_from: float
    t_to: float


class RunRecord(Struct, frozen=True):
    """Everything the judge reads."""

    scenario: Mapping[str, Any]
    registry: Mapping[str, list[Mapping[str, Any]]]  # zone -> registry items as provisioned
    truth: list[TruthEvent]
    tracks: list[Whereabouts]
    ideal: Samples
    realised: Samples
    faults: list[Fault]
    receptions: list[Reception]
    queries: list[Query]
    paths: list[PathAnswer]
