"""What the rules remember: the fold of the event log. Small values, saved row by row.

Mutable on purpose: one worker owns them all. Timers are part of the value they belong to, so that
state and timers can never disagree after a crash.
"""

import heapq
from typing import Any

import msgspec

Cite = tuple[str, str]  # source, id


class Stay(msgspec.Struct, array_like=True):
    """One tag at one antenna, double reads merged."""

    reader: str
    antenna: str
    side: str
    stays: list[str]
    first: float
    last: float
    cite: Cite
    used: bool = False


class Pass(msgspec.Struct, array_like=True):
    """A walk through a gate, believed once its dwell is over."""

    reader: str
    area: str
    inward: bool
    at: float
    cites: list[Cite]
    flags: list[str]


class Fix(msgspec.Struct, array_like=True):
    """One phone position. ``weight_m`` is the claimed accuracy, or less when gating is off."""

    at: float
    x: float
    y: float
    accuracy_m: float
    source: str
    moving: bool | None
    usable: bool
    cite: Cite
    suspect: bool = False  # a jump nobody walks; not believed until the next fix agrees


class Seen(msgspec.Struct, array_like=True):
    """A tag at a place: the reader's antenna."""

    at: float
    x: float
    y: float
    range_m: float
    device: str
    cite: Cite
    until: float = 0.0  # last read of the stay


class DangerRun(msgspec.Struct, array_like=True):
    """One child and one danger area: the sequential test of its fixes, the stay at the area's readers."""

    score: float = 0.0
    inside_at: float | None = None
    started_at: float = 0.0
    cites: list[Cite] = []
    told: bool = False
    outside: int = 0
    stay_from: float = 0.0
    stay_until: float = 0.0
    stay_open: bool = False
    there_at: float = 0.0  # latest sign of the child in the area


class Press(msgspec.Struct, array_like=True):
    """A button press that has its incident. A drill's is not a real one's, though the counter may be the same."""

    thing: str
    press: str
    at: float
    incident: str
    exercise: str | None = None


class Child(msgspec.Struct, array_like=True):
    """One child. ``where`` is an area id, ``way`` (on the way) or empty (unknown)."""

    id: str
    where: str = ""
    since: float = 0.0
    came_from: str = ""
    inside_at: float = 0.0  # latest evidence that the child was in ``where``
    phone_where: str = ""
    maybe_inside: Pass | None = None  # K fixes say so; not believed before the phone has stopped
    stays: list[Stay] = []
    gate_pass: Pass | None = None
    seen: list[Seen] = []
    fixes: list[Fix] = []
    heard_at: float = 0.0  # hub's time of the last message about this child
    silent_told: bool = False
    battery_pct: float | None = None
    exercise: str | None = None
    drill_unknown: bool = False
    arrived_on: str = ""
    arrival_told_on: str = ""
    danger: dict[str, DangerRun] = {}
    off_route: list[tuple[float, bool, Cite]] = []
    deviation_told: bool = False
    presses: list[Press] = []
    timers: dict[str, float] = {}
    # Only while drill and real observations of the child mix: what held before, and each message id since.
    exercise_before: str | None = None
    exercise_since: list[tuple[str, str]] = msgspec.field(default_factory=list)
    tag_at: float = 0.0  # when a reader last saw the tag
    tag_battery_pct: float | None = None


class Device(msgspec.Struct, array_like=True):
    """Health of one device."""

    id: str
    offsets: list[float] = []
    heartbeat_at: float | None = None
    interval_s: float | None = None
    online: bool = True
    battery_pct: float | None = None
    faults: list[str] = []
    busy: bool = False
    preset: str | None = None
    firmware: str | None = None
    presses: list[Press] = []

    def offset_s(self) -> float:
        """How far the device's clock is ahead: the median of what its status messages showed."""
        ordered = sorted(self.offsets)
        n = len(ordered)
        if n == 0:
            return 0.0
        return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


class BellWatch(msgspec.Struct, array_like=True):
    """A pressed bell that still looks for children nearby."""

    incident: str
    at: float
    x: float
    y: float
    bell: str
    cite: Cite
    told: list[str]
    exercise: str | None
    drill_unknown: bool


class Entry(msgspec.Struct, array_like=True):
    """One line of an incident's history: who did what, when, and in which state it was afterwards."""

    at: float
    by: str  # role/id; the hub itself is ``hub``
    action: str
    state: str
    note: str = ""
    key: str = ""  # of the request, so that its repeat is recognised


class View(msgspec.Struct, array_like=True):
    """A camera that looks at an incident, and the preset it was sent to (none for one that sees all round)."""

    camera: str
    preset: str | None


class Incident(msgspec.Struct, array_like=True):
    """An emergency or a danger, from its opening until somebody closed it. ``incidents`` works on it."""

    id: str
    service: str
    opened_at: float  # when it happened
    told_at: float  # when the hub knew; the escalation's clock starts here
    child: str | None
    device: str | None
    x: float | None
    y: float | None
    accuracy_m: float | None
    exercise: str | None
    state: str = "open"
    version: int = 1
    level: str = "desk"  # how far it has climbed
    linked: list[str] = []
    marks: list[str] = []
    medical: bool = False
    owner: str = ""  # the operator who has it
    cameras: list[View] = []
    units: list[str] = []
    agencies: dict[str, str] = {}  # agency -> accepted, dispatched, arrived or closed
    evidence: list[Cite] = []
    history: list[Entry] = []
    turned_at: float = 0.0  # when its cameras were last sent to it
    reminded: int = 0
    stalled: int = 0
    worked_at: float = 0.0  # latest action of a person
    closed_at: float | None = None
    due: float | None = None  # when the policy does something next

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Unit(msgspec.Struct, array_like=True):
    """A patrol, a police box or an ambulance: where it is now, and whether it is free."""

    id: str
    available: bool = True
    x: float | None = None
    y: float | None = None
    at: float = 0.0
    incident: str = ""


class Zone(msgspec.Struct, array_like=True):
    """One zone's time and what belongs to no child."""

    id: str
    now: float = 0.0
    clock_drill: str | None = None  # the drill whose clock is this zone's time
    tick: int = -1
    day: str = ""
    started_at: float = 0.0
    watches: list[BellWatch] = []
    timers: dict[str, float] = {}
    withheld: list[tuple[str, str, str]] = []  # child, guardian, incident: the desk keeps news from them
    shift: str = ""  # the operator on duty
    tick_wall: float = 0.0  # wall time of the last tick: an exercise clock that fell silent is noticed


class ZoneState:
    """A zone with its children and devices, and which of them changed since the last commit."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.children: dict[str, Child] = {}
        self.devices: dict[str, Device] = {}
        self.incidents: dict[str, Incident] = {}  # the open ones, and those closed a while ago
        self.units: dict[str, Unit] = {}
        self.dirty_children: set[str] = set()
        self.dirty_devices: set[str] = set()
        self.dirty_incidents: set[str] = set()
        self.dirty_units: set[str] = set()
        self.gone: list[tuple[str, str]] = []  # (kind, id) of rows to delete
        self.heap: list[tuple[float, str, str]] = []  # (due, child or "", timer); stale entries are skipped
        # Deadlines of incidents: a drill's by the zone's time, real ones by the wall clock.
        self.drill_due: list[tuple[float, str]] = []
        self.real_due: list[tuple[float, str]] = []
        for name, due in zone.timers.items():
            heapq.heappush(self.heap, (due, "", name))

    def load_child(self, child: Child) -> None:
        """Take in a stored child with its timers."""
        self.children[child.id] = child
        for name, due in child.timers.items():
            heapq.heappush(self.heap, (due, child.id, name))

    def set_timer(self, child: str, name: str, due: float) -> None:
        """Start or move a timer of a child, or of the zone when ``child`` is empty."""
        timers = self.child(child).timers if child else self.zone.timers
        timers[name] = due
        heapq.heappush(self.heap, (due, child, name))

    def stop_timer(self, child: str, name: str) -> None:
        timers = self.child(child).timers if child else self.zone.timers
        timers.pop(name, None)

    def next_due(self) -> float | None:
        """When the next timer is due; None when there is none."""
        while self.heap:
            due, child, name = self.heap[0]
            if self._timers(child).get(name) == due:
                return due
            heapq.heappop(self.heap)
        return None

    def take_due(self, until: float) -> tuple[float, str, str] | None:
        """The earliest timer due up to a moment, taken off; ties in order of child and name."""
        due = self.next_due()
        if due is None or due > until:
            return None
        entry = heapq.heappop(self.heap)
        self.stop_timer(entry[1], entry[2])
        return entry

    def load_incident(self, incident: Incident) -> None:
        """Take in a stored incident with its deadline."""
        self.incidents[incident.id] = incident
        if incident.due is not None:
            heapq.heappush(self._deadlines(incident), (incident.due, incident.id))

    def set_due(self, incident: Incident, due: float | None) -> None:
        """Move an incident's deadline."""
        incident.due = due
        self.dirty_incidents.add(incident.id)
        if due is not None:
            heapq.heappush(self._deadlines(incident), (due, incident.id))

    def incident_due(self, real: bool) -> float | None:
        """When the next incident is due, on either clock."""
        heap = self.real_due if real else self.drill_due
        while heap:
            incident = self.incidents.get(heap[0][1])
            if incident is not None and incident.due == heap[0][0]:
                return incident.due
            heapq.heappop(heap)
        return None

    def is_due(self, to: float, wall: float) -> bool:
        """Whether anything fires by ``to`` of the zone's time, or by ``wall`` of the wall clock."""
        for heap, until in ((self.heap, to), (self.drill_due, to), (self.real_due, wall)):
            if heap and heap[0][0] <= until:
                return True  # perhaps only a stale entry; whoever looks closer drops it
        return False

    def take_incident(self, real: bool) -> Incident:
        """The incident that is due next, about to be changed."""
        _, id_ = heapq.heappop(self.real_due if real else self.drill_due)
        return self.incident(id_)

    def _deadlines(self, incident: Incident) -> list[tuple[float, str]]:
        return self.real_due if incident.exercise is None else self.drill_due

    def _timers(self, child: str) -> dict[str, float]:
        if not child:
            return self.zone.timers
        return self.children[child].timers if child in self.children else {}

    def child(self, id_: str) -> Child:
        """The child, about to be changed."""
        self.dirty_children.add(id_)
        child = self.children.get(id_)
        if child is None:
            child = self.children[id_] = Child(id_)
        return child

    def device(self, id_: str) -> Device:
        """The device, about to be changed."""
        self.dirty_devices.add(id_)
        device = self.devices.get(id_)
        if device is None:
            device = self.devices[id_] = Device(id_)
        return device

    def incident(self, id_: str) -> Incident:
        """The incident, about to be changed. KeyError when it is not held."""
        self.dirty_incidents.add(id_)
        return self.incidents[id_]

    def unit(self, id_: str) -> Unit:
        """The unit, about to be changed."""
        self.dirty_units.add(id_)
        return self.units.setdefault(id_, Unit(id_))

    def forget(self, kind: str, id_: str) -> None:
        """Drop a child, a device or an incident, here and in the store."""
        rows: dict[str, Any] = {"child": self.children, "device": self.devices, "incident": self.incidents}
        dirty = {"child": self.dirty_children, "device": self.dirty_devices, "incident": self.dirty_incidents}
        if rows[kind].pop(id_, None) is not None:
            dirty[kind].discard(id_)
            self.gone.append((kind, id_))

    def snapshot(self) -> bytes:
        """Everything, in a form that two equal folds share."""
        return msgspec.msgpack.encode(
            [
                self.zone,
                [self.children[k] for k in sorted(self.children)],
                [self.devices[k] for k in sorted(self.devices)],
                [self.incidents[k] for k in sorted(self.incidents)],
                [self.units[k] for k in sorted(self.units)],
            ]
        )
