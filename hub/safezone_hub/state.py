"""What the rules remember: the fold of the event log. Small values, saved row by row.

Mutable on purpose: one worker owns them all. Timers are part of the value they belong to, so that
state and timers can never disagree after a crash.
"""

import heapq

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
    """A button press that has its incident."""

    thing: str
    press: str
    at: float
    incident: str


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


class Incident(msgspec.Struct, array_like=True):
    """An emergency or danger that was told to the desk."""

    id: str
    service: str
    opened_at: float
    child: str | None
    device: str | None
    linked: list[str]
    x: float | None
    y: float | None
    state: str = "open"


class Zone(msgspec.Struct, array_like=True):
    """One zone's time and what belongs to no child."""

    id: str
    now: float = 0.0
    clock_drill: str | None = None  # the drill whose clock is this zone's time
    tick: int = -1
    day: str = ""
    started_at: float = 0.0
    watches: list[BellWatch] = []
    incidents: list[Incident] = []
    timers: dict[str, float] = {}


class ZoneState:
    """A zone with its children and devices, and which of them changed since the last commit."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.children: dict[str, Child] = {}
        self.devices: dict[str, Device] = {}
        self.dirty_children: set[str] = set()
        self.dirty_devices: set[str] = set()
        self.heap: list[tuple[float, str, str]] = []  # (due, child or "", timer); stale entries are skipped
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

    def snapshot(self) -> bytes:
        """Everything, in a form that two equal folds share."""
        return msgspec.msgpack.encode(
            [
                self.zone,
                [self.children[k] for k in sorted(self.children)],
                [self.devices[k] for k in sorted(self.devices)],
            ]
        )
