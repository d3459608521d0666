"""What is sent when: written and signed before the clock starts. Nothing here depends on answers: the loop is open.

A message keeps its content and its place in the morning; its ids, times, press and sequence numbers are of now, its
signature is made anew. Presses are added at an even rate, since a morning has too few for a percentile.
"""

import itertools
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from safezone_model import MESSAGES

from safezone_sim.capacity.recording import Said
from safezone_sim.capacity.signing import Ids, Principal, iso, key_of
from safezone_sim.capacity.wire import publish
from safezone_sim.capacity.zones import Ground

EMERGENCIES = frozenset(name for name, kind in MESSAGES.items() if kind.cls == "emergency")
NO_PRESS = -1
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z")
_GAP = re.compile(r'"@@T(-?[0-9.]+)@@"|("@@P@@")|(@@S@@)')
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Segment:
    """A stretch of a plan: so many of the zones, at the recorded pace times ``speedup``, from the profile's ``window_s``."""

    starts_s: float  # from the plan's start
    seconds: float
    zones: int
    window_s: float  # seconds after the recorded midnight
    speedup: float = 1.0
    sharers: int = 0  # how many generators have zones in it; 0: this one alone


@dataclass
class Plan:
    """Rows in order of time. ``packets`` are whole MQTT packets."""

    due: "array[float]" = field(default_factory=lambda: array("d"))  # s from the start
    connection: "array[int]" = field(default_factory=lambda: array("L"))
    emergency: bytearray = field(default_factory=bytearray)
    press: "array[int]" = field(default_factory=lambda: array("l"))  # which press a row tells of, or NO_PRESS
    packets: list[bytes] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    presses: int = 0
    filters: list[list[str]] = field(default_factory=list)  # by connection
    urgent: int = 0  # connections below this are read first


def make_plan(
    zones: Sequence[Ground],
    segments: Sequence[Segment],
    *,
    emergencies: float,
    profile: tuple[float, float],
    starts_at: float,
    epoch: int,
    seed: int,
    share: tuple[int, int] = (0, 1),
) -> Plan:
    """Two connections a zone: one for all its devices, one for all who are told.

    ``emergencies``: presses a second added. ``profile``: the recorded span, begun anew when a segment outlasts it.
    ``starts_at``: wall time of the start. ``share``: (n, of): which part of the zones these are, so that added
    presses are shared out too.
    """
    plan, writer = Plan(), _Writer(epoch, seed)
    plan.urgent = len(zones)
    plan.filters = [[f"safezone/v1/{z.zone}/{role}/+/down" for role in ("desk", "guardian")] for z in zones]
    plan.filters += [[f"safezone/v1/{z.zone}/dev/+/down"] for z in zones]
    rows: list[tuple[float, int, _Template]] = []
    for segment in segments:
        for n, ground in enumerate(zones[: segment.zones]):
            rows += [(at, n, template) for at, template in _of_segment(ground, segment, profile, writer)]
        if emergencies and segment.zones:
            rows += _added(zones[: segment.zones], segment, emergencies, share, writer)
    rows.sort(key=lambda row: row[0])
    packet_ids = [0] * len(zones)
    for at, n, template in rows:
        t = starts_at + at
        id_ = writer.ids.next(t)
        packet_ids[n] = packet_ids[n] % 65535 + 1
        plan.due.append(at)
        plan.connection.append(len(zones) + n)
        plan.emergency.append(template.type in EMERGENCIES)
        plan.press.append(template.press)
        plan.ids.append(id_)
        payload = template.principal.write(id_, template.type, template.text(t), t + template.lag)
        plan.packets.append(publish(template.principal.topic, payload, packet_ids[n]))
    plan.presses = writer.presses
    return plan


class _Template:
    """One message, all but its moment."""

    __slots__ = ("_gaps", "_pieces", "lag", "press", "principal", "type")

    def __init__(
        self, principal: Principal, type_: str, lag: float, data: Any, press: int, number: int, mark: str
    ) -> None:
        self.principal, self.type, self.lag, self.press = principal, type_, lag, press
        self._pieces: list[str] = []
        self._gaps: list[float] = []
        text, at, whole = _encode(data).decode(), 0, ""
        for gap in _GAP.finditer(text):
            whole += text[at : gap.start()]
            at = gap.end()
            if gap[2]:
                whole += str(number)
            elif gap[3]:
                whole += mark
            else:
                self._pieces.append(whole)
                self._gaps.append(float(gap[1]))
                whole = ""
        self._pieces.append(whole + text[at:])

    def text(self, t: float) -> str:
        """The data as JSON, sent at ``t``."""
        if not self._gaps:
            return self._pieces[0]
        found = self._pieces[0]
        for lag, piece in zip(self._gaps, self._pieces[1:], strict=True):
            found += f'"{iso(t + lag)}"{piece}'
        return found


class _Writer:
    """Senders and numbers of one plan."""

    def __init__(self, epoch: int, seed: int) -> None:
        self.epoch, self.ids = epoch, Ids(seed)
        self.presses = 0
        # A press number is not used again for a day; a tag's counter only rises.
        self._base = epoch % 1_000_000_000 * 1000
        self._principals: dict[str, Principal] = {}
        self._known: dict[tuple[str, str, Any], int] = {}
        self._marks = itertools.count()

    def mark(self) -> str:
        return f".{self.epoch % 100_000_000:x}.{next(self._marks):x}"

    def principal(self, ground: Ground, device: str) -> Principal:
        source = f"{ground.zone}/dev/{device}"
        found = self._principals.get(source)
        if found is None:
            key = key_of(ground.run, source)
            found = Principal(ground.zone, "dev", device, self.epoch, key, exercise=ground.exercise)
            self._principals[source] = found
        return found

    def press_of(self, mark: str, thing: str, which: Any) -> int:
        """One press, whoever relays it."""
        number = self._known.setdefault((mark, thing, which), self.presses)
        if number == self.presses:
            self.presses += 1
        return number

    def template(self, ground: Ground, said: Said, mark: str) -> _Template:
        data = _with_gaps(ground, said.data, ground.recorded.midnight + said.t)
        device, press = ground.ids.get(said.device, said.device), NO_PRESS
        if said.type in EMERGENCIES:
            thing = str(said.data.get("tag", said.device))
            which = said.data.get("press", said.data.get("call"))
            press = self.press_of(mark, f"{ground.zone}/{thing}", which)
        number = self._base + press
        return _Template(self.principal(ground, device), said.type, said.lag, data, press, number, mark)

    def added(self, ground: Ground, type_: str, device: str, data: Mapping[str, Any]) -> _Template:
        press = self.press_of("added", f"{ground.zone}/{device}", self.presses)
        mark = f".{self.epoch % 100_000_000:x}.{press:x}"
        return _Template(self.principal(ground, device), type_, 0.0, data, press, self._base + press, mark)


def _with_gaps(ground: Ground, value: Any, sent: float, key: str = "") -> Any:
    """The data with its moments and numbers marked, to be filled in at each use."""
    if isinstance(value, Mapping):
        return {name: _with_gaps(ground, part, sent, name) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_gaps(ground, part, sent, key) for part in value]
    if key == "press":
        return "@@P@@"
    if isinstance(value, str):
        if _TIME.match(value):
            return f"@@T{datetime.fromisoformat(value).timestamp() - sent:.3f}@@"
        if key in ("stay", "call"):
            return f"{value[:40]}@@S@@"
        return ground.ids.get(value, value)
    return value


def _of_segment(
    ground: Ground, segment: Segment, profile: tuple[float, float], writer: _Writer
) -> Iterator[tuple[float, _Template]]:
    """When, and what, of one zone. A segment longer than the profile goes through it again."""
    start, end = profile
    span, left = end - start, segment.seconds * segment.speedup
    at, done = segment.window_s, 0.0
    while left > 1e-9:
        stretch = min(left, end - at)
        mark = writer.mark()
        for said in _within(ground.recorded.said, at, at + stretch):
            moment = segment.starts_s + (done + said.t - at) / segment.speedup
            yield moment, writer.template(ground, said, mark)
        done, left = done + stretch, left - stretch
        at = start
        if span <= 0:
            return


def _within(said: Sequence[Said], start: float, end: float) -> Iterator[Said]:
    first = bisect_left(said, start, key=lambda each: each.t)
    return itertools.takewhile(lambda each: each.t < end, itertools.islice(said, first, None))


def _added(
    zones: Sequence[Ground], segment: Segment, rate: float, share: tuple[int, int], writer: _Writer
) -> list[tuple[float, int, _Template]]:
    """Presses at an even rate: a tag's, a bell's, a phone's by turns, zone after zone."""
    rows: list[tuple[float, int, _Template]] = []
    turn, mine, of = itertools.count(), share[0], segment.sharers or share[1]
    for k in range(int(rate * segment.seconds)):
        if k % of != mine:
            continue
        n = next(turn) % len(zones)
        ground, at = zones[n], segment.starts_s + (k + 0.5) / rate
        senders = ground.callers
        if not senders:
            continue
        kind, devices, tags = senders[k // of % len(senders)]
        device = devices[k // of // len(senders) % len(devices)]
        data: dict[str, Any] = {"press": "@@P@@", "pressed_at": "@@T0@@"}
        if kind == "tag.called":
            data["tag"] = tags[k // of // len(senders) % len(tags)]
        elif kind == "phone.called":
            data = {"dialled_at": "@@T0@@", "call": "cap@@S@@"}
        rows.append((at, n, writer.added(ground, kind, device, data)))
    return rows
