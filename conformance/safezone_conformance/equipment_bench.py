"""The bench of cases against equipment: it plays hub and broker, and asks for presses, tags and looks (``stimulus.py``).

What a device sends is held to what is true of every message (``equipment_ambient``) and gets its receipt, unless the case
withholds it. The device's key never comes near a case: macs are made and proved outside, so a record holds no secret.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from safezone_model import MESSAGES, Text
from safezone_model.figures import wire

from safezone_conformance import equipment_ambient
from safezone_conformance.bench import Bench, Seen
from safezone_conformance.case import Case, by_id
from safezone_conformance.identity import Identity
from safezone_conformance.line import Line
from safezone_conformance.record import Entry, text_of
from safezone_conformance.settings import Settings
from safezone_conformance.stimulus import UNSUPPORTED
from safezone_conformance.verdicts import Inconclusive
from safezone_conformance.wire import encode, iso, unix

HOUR_S, REPEATS_S, HEARTBEAT_S, STILL_S, FIXES, STEP_S = 3600.0, 130.0, 600.0, 310.0, 40.0, 30.0
MACS = ("right", "wrong", "other-key", "other-topic")
# What puts right again what a verb changed, and is asked at the end of the case if the case did not.
UNDO: Mapping[tuple[str, Any], tuple[str, Mapping[str, Any]]] = {
    ("open_case", True): ("open_case", {"open": False}),
    ("mains", False): ("mains", {"up": True}),
    ("hold_button", True): ("hold_button", {"held": False}),
    ("no_fix", True): ("no_fix", {"on": False}),
    ("mock_position", True): ("mock_position", {"on": False, "lat": 0.0, "lon": 0.0}),
}


class Hands(Protocol):
    """What a live bench does its work with; a replay needs none of it."""

    def publish(self, topic: str, head: bytes, mac: str) -> None: ...
    def cut(self) -> None: ...
    def restore(self) -> None: ...
    def ask(self, number: int, request: Mapping[str, Any]) -> None: ...
    def state(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Device:
    """The equipment as the IXIT describes it. ``role`` is what is under test; a tag stands before a golden reader."""

    role: str
    zone: str
    id: str
    keyid: str
    hub_id: str
    antennas: Mapping[str, str]  # name: side
    tags: tuple[str, ...]
    presets: Mapping[str, float]  # name: bearing

    @property
    def up(self) -> str:
        return f"safezone/v1/{self.zone}/dev/{self.id}/up"

    @property
    def down(self) -> str:
        return f"safezone/v1/{self.zone}/dev/{self.id}/down"

    @property
    def source(self) -> str:
        return f"{self.zone}/dev/{self.id}"

    def antenna(self, *sides: str) -> str:
        """The first antenna of one of these sides, else simply the first."""
        return next((a for a, s in self.antennas.items() if s in sides), next(iter(self.antennas)))


def pairs(text: str) -> dict[str, str]:
    """``"out:outer in:inner"`` as a mapping; the part behind a missing colon is empty."""
    return {word.partition(":")[0]: word.partition(":")[2] for word in text.replace(",", " ").split()}


def device_from(values: Mapping[str, Any], role: str) -> Device:
    """From the values of an IXIT. ValueError on a bearing that is no number."""
    presets = {n: float(b) for n, b in pairs(str(values.get("device.presets", ""))).items()}
    return Device(
        role, str(values["device.zone"]), str(values["device.id"]), str(values["device.keyid"]), str(values["device.hub_id"]),
        pairs(str(values.get("device.antennas", ""))), tuple(pairs(str(values.get("device.tags", "")))), presets,
    )  # fmt: skip


def shortened(values: Mapping[str, Any]) -> list[Text]:
    """What the IXIT made shorter than the standard's own times: to be said in every report."""
    full = {"phases.offline_s": HOUR_S, "phases.repeats_s": REPEATS_S, "phases.heartbeat_s": HEARTBEAT_S,
            "phases.still_s": STILL_S, "phases.fixes": FIXES, "phases.step_s": STEP_S}  # fmt: skip
    return [
        Text(
            f"{name} = {values[name]:g}: 온전한 값은 {whole:g}",
            f"{name} = {values[name]:g}: in full {whole:g}",
        )
        for name, whole in full.items()
        if name in values and float(values[name]) < whole
    ]


def _sort(up: "Up") -> str:
    """What a message is, in a word or three."""
    about = [str(up.data[n]) for n in ("phase", "tag", "antenna") if n in up.data]
    return " ".join([up.type or "something unreadable", *about])


@dataclass(eq=False)
class Sent:
    """A message of the device, however often it came. ``times``: arrivals (t), transport's own copies left out."""

    id: str
    type: str
    payload: bytes
    envelope: Mapping[str, Any]
    first: "Up"
    times: list[float]
    receipts: list[tuple[float, str]] = field(default_factory=list)  # given by us with the right mac

    @property
    def order(self) -> tuple[int, int]:
        return int(self.envelope["epoch"]), int(self.envelope["seq"])

    @property
    def data(self) -> Mapping[str, Any]:
        data: Mapping[str, Any] = self.envelope["data"]
        return data

    @property
    def emergency(self) -> bool:
        return MESSAGES[self.type].cls == "emergency"

    @property
    def t(self) -> float:
        return self.times[0]

    @property
    def entry(self) -> Entry:
        return self.first.entry


@dataclass(eq=False)
class Up(Seen):
    """One arrival of a message of the device. ``first``: it had not come before. ``message`` is None where it is malformed."""

    topic: str = ""
    payload: bytes = b""
    envelope: Mapping[str, Any] = field(default_factory=dict)
    message: Sent | None = None
    first: bool = False

    @property
    def type(self) -> str:
        return str(self.envelope.get("type", ""))

    @property
    def data(self) -> Mapping[str, Any]:
        data = self.envelope.get("data")
        return data if isinstance(data, Mapping) else {}

    @property
    def id(self) -> str:
        return str(self.envelope.get("id", ""))

    @property
    def sent_at(self) -> float:
        """Seconds since 1970 of the envelope's time: the device's clock."""
        return unix(str(self.envelope["time"]))

    @property
    def msg(self) -> Sent:
        """The message, where it is known to be one."""
        assert self.message is not None
        return self.message


@dataclass(eq=False)
class Told:
    """A message we sent down: with it it can be sent again, byte for byte."""

    entry: Entry
    topic: str
    head: bytes
    mac: str
    envelope: Mapping[str, Any]

    @property
    def t(self) -> float:
        return self.entry.t

    @property
    def id(self) -> str:
        return str(self.envelope["id"])


@dataclass(frozen=True)
class Done:
    """What came of a stimulus. ``asked_t``, ``t`` (when it happened: what the reply says, else the reply), ``done_t``."""

    ok: bool
    seen: Mapping[str, Any]
    why: str
    asked_t: float
    t: float
    done_t: float


@dataclass(eq=False)
class Said(Seen):
    """The reply to a stimulus."""

    number: int = 0


Chooses = Callable[[Up], bool]


def everything(_up: Up) -> bool:
    return True


def _nothing(_up: Up) -> bool:
    return False


class EquipmentBench(Bench):
    """See the module. ``hands`` is None in a replay. ``role``: of the equipment under test."""

    def __init__(
        self,
        line: Line,
        case: Case,
        identity: Identity,
        settings: Settings,
        hands: Hands | None,
        role: str = "",
    ) -> None:
        super().__init__(line, case, identity, settings)
        self._hands = hands
        self.device = device_from(settings.values, role or str(settings.values.get("role", "")))
        self.messages: dict[str, Sent] = {}
        self.stays: dict[str, Up] = {}
        self.stay_ends: dict[tuple[str, str], float] = {}
        self.drill: str | None = None
        self._drills: tuple[str | None, float] = (
            None,
            -10.0,
        )  # the one before, and until when its messages may still come
        self.undo: list[tuple[str, Mapping[str, Any]]] = []
        self.held: list[str] = []  # incidents for which a camera is turned
        self.is_cut = False
        self._withheld: Chooses = _nothing
        self._seq = 0
        self._asks = self._counted = 0
        self._by_order: dict[tuple[int, int], str] = {}
        self._in_field: set[tuple[str, ...]] = set()  # (antenna, tag) of stays that are open
        self._ended_stays: set[str] = set()
        self._pressed: dict[str, float] = {}  # tag: when its last press came (t)

    def begin(self) -> None:
        """Inconclusive if the device is not there."""
        _, entry = self.line.ask("link", {"do": "state"}, lambda: self._live.state())
        self.given(
            bool(entry.content["connected"]),
            "the device is connected to the broker. It was before, or another case would say so: did it stop? "
            "(its own log; stimulus.log in the run's folder)",
        )
        self._in_field = {tuple(s.split(" ", 1)) for s in entry.content["stays"]}
        self._pressed = {tag: entry.t - ago for tag, ago in entry.content["pressed_s"].items()}

    # What the IXIT says

    def value(self, name: str) -> Any:
        """A value of the IXIT, by table.name."""
        return self.settings.values[name]

    @property
    def at_once(self) -> float:
        """What counts as «at once», as it is held on this bench."""
        return self.allowed(float(self.value("phases.at_once_s")))

    def timing(self, name: str) -> float:
        """As of any bench, and the limits of wire.json too."""
        limits: Mapping[str, float] = wire()["limits"]
        return float(limits[name]) if name in limits else super().timing(name)

    def set_drill(self, drill: str | None) -> None:
        """Have the device's messages belong to a drill, or to none. What it made before may still come for a moment."""
        former = self.drill
        done = self.do("exercise", drill=drill)
        self.drill, self._drills = drill, (former, done.done_t + 3.0)

    def in_drill(self, up: "Up") -> bool:
        """Whether a message's exercise is what it must be."""
        got = up.envelope.get("exercise")
        return got == self.drill or (got == self._drills[0] and up.t <= self._drills[1])

    def speaks(self, type_: str) -> bool:
        """Whether a message is one of those that this class of device sends."""
        role = "reader" if self.device.role == "tag" else self.device.role
        return MESSAGES[type_].direction == "up" and role in MESSAGES[type_].roles

    # Requirements

    def ambient(self, requirement: str, ok: bool, expected: str, got: object = "", seen: Any = None) -> bool:
        """As of any bench; but the golden reader before a tag is not what is under test."""
        if not ok and self.device.role == "tag":
            raise Inconclusive(f"the golden reader breaks {requirement}: expected {expected}, got {got}")
        return super().ambient(requirement, ok, expected, got, seen)

    def hold(self, *requirements: str) -> None:
        """Requirements that every message was held to: they hold if none of those that came broke them."""
        count = sum(isinstance(s, Up) for s in self.arrived)
        self.given(count > 0, "a message of the device")
        for requirement in requirements:
            breach = next((f for f in self.findings if f.requirement == requirement and not f.ok), None)
            if breach is None:
                self.check(requirement, True, by_id()[requirement].text.en, f"all of {count} messages")

    # Messages up

    def look_at(self, entry: Entry) -> Seen:
        if entry.via == "mqtt":
            return equipment_ambient.read_up(self, entry)
        if entry.via == "ask":
            return Said(entry, False, int(entry.content["n"]))
        if entry.via == "connection" and "protocol" in entry.content:
            level = entry.content["protocol"]
            self.ambient(
                "ALL-TOPIC-008", level == 4, "MQTT 3.1.1 (protocol level 4)", f"level {level}", entry
            )
        if entry.via == "connection" and "filters" in entry.content:
            own = f"safezone/v1/{self.device.zone}/dev/{self.device.id}/down"
            others = [f for f in entry.content["filters"] if f != own]
            self.ambient("DEV-TOPIC-015", not others, f"{own} subscribed to and nothing else", others, entry)
        return Seen(entry)

    def keep(self, up: Up) -> None:
        """Know a well-formed message: new, or a repeat that must be like the first."""
        known = self.messages.get(up.id)
        order = int(up.envelope["epoch"]), int(up.envelope["seq"])
        dup = bool(up.entry.content.get("dup"))
        if known is None:
            other = self._by_order.get(order)
            self.ambient(
                "SND-SEQ-001",
                other is None,
                "a seq of its own for every new message",
                f"epoch {order[0]} seq {order[1]} again",
                up,
            )
            self._by_order.setdefault(order, up.id)
            up.message, up.first = Sent(up.id, up.type, up.payload, up.envelope, up, [up.t]), True
            self.messages[up.id] = up.message
            self._note_tags(up)
            under_way = len(self.open_messages())
            self.ambient(
                "SND-RETRY-005", under_way <= 64, "at most 64 unreceipted messages", f"{under_way}", up
            )
            return
        up.message = known
        if up.payload != known.payload:
            requirement = "SND-SEQ-003" if order == known.order else "SND-SEQ-004"
            self.ambient(
                requirement,
                False,
                "byte for byte the message that had this id first",
                up.payload.decode("utf-8", "replace"),
                up,
            )
            same = up.envelope.get("exercise") == known.envelope.get("exercise")
            self.ambient("DEV-DRILL-009", same, "exercise as at first", up.envelope.get("exercise"), up)
        if not dup:
            known.times.append(up.t)

    def _note_tags(self, up: Up) -> None:
        if up.type == "tag.sighted":
            where, stay = (str(up.data["antenna"]), str(up.data["tag"])), str(up.data["stay"])
            if up.data["phase"] == "end":
                self._ended_stays.add(stay)
                self._in_field.discard(where)
            elif stay not in self._ended_stays:
                self._in_field.add(where)
        elif up.type == "tag.called":
            self._pressed[str(up.data["tag"])] = up.t

    def clear_field(self, antenna: str, tags: Sequence[str]) -> str:
        """The first of some tags that has no open stay at an antenna; waits for an end of one if all have."""
        until = self.line.stamp() + self.allowed(10.0)
        while True:
            free = next((tag for tag in tags if (antenna, tag) not in self._in_field), None)
            if free is not None:
                return free
            self.given(
                self.take(until) is not None, f"the end of a stay at {antenna} of {', '.join(tags[:5])}"
            )

    def rested(self, tag: str) -> None:
        """Until a press of a tag is another press than its last one, for tags without a counter."""
        last = self._pressed.get(tag)
        if last is not None and "no-press-counter" in self.settings.has:
            self.await_all(last + self.timing("tag_press_window_s") + 1.0)

    def proved(self, up: Up) -> bool:
        """Whether a hub would give it a receipt."""
        return up.message is not None and up.entry.content.get("mac") == "right"

    def open_messages(self) -> list[Sent]:
        """Messages without any receipt of ours, in order of their first arrival."""
        return [m for m in self.messages.values() if not m.receipts]

    def ups(
        self,
        type_: str | None = None,
        where: Callable[[Mapping[str, Any]], bool] | None = None,
        *,
        since: float = -1.0,
    ) -> list[Up]:
        """New messages that came so far, in order of arrival, claimed or not."""
        return [u for u in self.arrived if isinstance(u, Up) and u.t >= since and self.is_up(u, type_, where)]

    def is_up(self, seen: Seen, type_: str | None, where: Callable[[Mapping[str, Any]], bool] | None) -> bool:
        return (
            isinstance(seen, Up) and seen.first and (type_ is None or seen.type == type_) and (where is None or where(seen.data))
        )  # fmt: skip

    def await_up(self, type_: str | None, until: float, *, since: float = -1.0,
                 where: Callable[[Mapping[str, Any]], bool] | None = None) -> Up | None:  # fmt: skip
        """The first unclaimed new message of that sort; None once ``until`` has passed without one."""
        found = self.await_one(lambda s: s.t >= since and self.is_up(s, type_, where), until)
        assert found is None or isinstance(found, Up)
        return found

    def expect_up(self, requirement: str, type_: str, *, since: float, until: float,
                  where: Callable[[Mapping[str, Any]], bool] | None = None, what: str = "") -> Up:  # fmt: skip
        """Fails unless such a new message comes from ``since`` to ``until``. What it finds is claimed."""
        found = self.await_up(type_, until, since=since, where=where)
        got = "came" if found is not None else f"none; there came: {self.heard(since)}"
        self.require(
            requirement, found is not None, what or type_, got, within=round(until - since, 3), seen=found
        )
        assert found is not None
        return found

    def given_up(self, type_: str, *, since: float, until: float,
                 where: Callable[[Mapping[str, Any]], bool] | None = None, what: str = "") -> Up:  # fmt: skip
        """As ``expect_up``, but a precondition."""
        found = self.await_up(type_, until, since=since, where=where)
        self.given(
            found is not None,
            f"{what or type_} within {until - since:.1f} s; there came: {self.heard(since)}",
        )
        assert found is not None
        return found

    def heard(self, since: float) -> str:
        """What came, for people."""
        rows = [_sort(u) for u in self.arrived if isinstance(u, Up) and u.t >= since]
        counted = [
            f"{sort} (×{rows.count(sort)})" if rows.count(sort) > 1 else sort for sort in dict.fromkeys(rows)
        ]
        return ", ".join(counted[:20]) or "nothing"

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass, taking in what comes."""
        self.await_all(self.line.stamp() + seconds)

    # Receipts

    def answer(self, seen: Seen) -> None:
        if isinstance(seen, Up) and self.proved(seen) and not self._withheld(seen):
            self.receipt(seen.msg, "duplicate" if seen.msg.receipts else "accepted")

    def withhold(self, of: Chooses = everything) -> None:
        """From now on give no receipts to these."""
        self._withheld = of

    def keep_open(self, *messages: Sent) -> None:
        """Withhold receipts from these only; the others get theirs now."""
        ids = {m.id for m in messages}
        self._withheld = lambda up: up.id in ids
        for message in [m for m in self.open_messages() if m.id not in ids and self.proved(m.first)]:
            self.receipt(message, "accepted")

    def give(self, status: str = "accepted") -> float:
        """Give receipts again, and those that were withheld: alone to emergencies, grouped to the others. When it was."""
        self._withheld = _nothing
        left = [m for m in self.open_messages() if self.proved(m.first)]
        for message in [m for m in left if m.emergency]:
            self.receipt(message, status)
        routine = [m for m in left if not m.emergency]
        for begin in range(0, len(routine), 100):
            self.receipts(routine[begin : begin + 100], status)
        return self.line.stamp()

    def receipt(self, message: Sent, status: str, *, reason: str | None = None, **how: Any) -> Told:
        """A receipt for one message. ``how``: see ``tell``."""
        return self.receipts([message], status, reason=reason, **how)

    def receipts(
        self, messages: Sequence[Sent], status: str, *, reason: str | None = None, **how: Any
    ) -> Told:
        """One receipt message for some. It counts as given only if it is genuine in every way."""
        more = {} if reason is None else {"reason": reason}
        rows = [{"source": self.device.source, "id": m.id, "status": status, **more} for m in messages]
        told = self.tell("receipt", {"receipts": rows}, **how)
        if not set(how) & {"mac", "source", "topic"}:
            for message in messages:
                message.receipts.append((told.t, status))
        return told

    # Messages down

    def tell(
        self, type_: str, data: Mapping[str, Any], *, mac: str = "right", source: str = "", topic: str = "", odd: bool = False,
        **members: Any,
    ) -> Told:  # fmt: skip
        """Send a message down as the hub. ``mac``: one of MACS. ``odd``: another lawful form of JSON, with members unknown."""
        self._seq += 1
        now = self.now()
        envelope: dict[str, Any] = {
            "specversion": "1.0", "id": self.identity.uuid7(now), "source": source or f"{self.device.zone}/hub/{self.device.hub_id}",
            "type": type_, "time": iso(now), "datacontenttype": "application/json", "keyid": self.device.keyid,
            "epoch": round(self.line.began_at * 1000), "seq": self._seq,
        }  # fmt: skip
        if self.drill is not None and type_ != "receipt":
            envelope["exercise"] = self.drill
        envelope |= {"data": dict(data)} | members
        return self._send(
            topic or self.device.down, odd_head(envelope) if odd else encode(envelope), mac, envelope
        )

    def again(self, told: Told) -> Told:
        """The same bytes once more."""
        return self._send(told.topic, told.head, told.mac, told.envelope)

    def _send(self, topic: str, head: bytes, mac: str, envelope: Mapping[str, Any]) -> Told:
        assert mac in MACS
        content = {"topic": topic, "payload": text_of(head), "mac": mac}
        entry = self.line.out("mqtt", content, lambda: self._live.publish(topic, head, mac))
        return Told(entry, topic, head, mac, envelope)

    @property
    def _live(self) -> Hands:
        assert self._hands is not None
        return self._hands

    def next_number(self) -> int:
        """1, 2, 3 … in a case: for things that must differ."""
        self._counted += 1
        return self._counted

    # The network

    def cut_network(self) -> float:
        """Take the device's network away. When it was."""
        return self._network(False)

    def restore_network(self) -> float:
        """Give it back. When it was."""
        return self._network(True)

    def _network(self, up: bool) -> float:
        self.is_cut = not up
        if self.value("broker.url"):
            return self.do("network", up=up, link="hub").done_t
        entry = self.line.out("network", {"up": up}, self._restore if up else self._cut)
        return entry.t

    def _cut(self) -> None:
        self._live.cut()

    def _restore(self) -> None:
        self._live.restore()

    # Stimuli

    def do(self, verb: str, *, takes_s: float = 0.0, may: bool = False, **args: Any) -> Done:
        """Ask for something to be done, taking in what comes meanwhile. ``takes_s``: how long the thing itself takes.

        Inconclusive if it is not done, unless ``may``.
        """
        self._asks += 1
        number = self._asks
        within = round(takes_s + float(self.value("stimulus.patience_s")), 3)
        request = {"do": verb, "device": self.device.id, "args": args, "within_s": within}
        self._note_undo(verb, args)
        asked = self.line.out("ask", {"n": number, **request}, lambda: self._live.ask(number, request))
        said = self.await_one(lambda s: isinstance(s, Said) and s.number == number, asked.t + within + 10.0)
        self.given(said is not None, f"an answer to {verb}")
        assert said is not None
        content = said.entry.content
        if content.get("why") == UNSUPPORTED:
            self.undo = [u for u in self.undo if u[0] != verb]
        if not content["ok"] and not may:
            raise Inconclusive(
                f"stimulus {verb} {json.dumps(args, ensure_ascii=False)}: {content.get('why')}"
            )
        seen = content.get("seen") or {}
        return Done(
            bool(content["ok"]),
            seen,
            str(content.get("why", "")),
            asked.t,
            self._moment(seen, asked.t, said.t),
            said.t,
        )

    def _moment(self, seen: Mapping[str, Any], asked_t: float, done_t: float) -> float:
        """When it happened, by what the reply says; never outside of question and reply."""
        try:
            t = unix(str(seen["at"])) - self.line.began_at - self.settings.offset_s
        except (KeyError, ValueError):
            return done_t
        return min(max(t, asked_t), done_t)

    def _note_undo(self, verb: str, args: Mapping[str, Any]) -> None:
        first = next(iter(args.values()), None)
        back = UNDO.get((verb, first)) if isinstance(first, bool) else None
        if verb == "set_clock":
            self.stay_ends.clear()
            back = ("set_clock", {"offset_s": 0.0}) if args["offset_s"] else None
        elif verb == "low_battery":
            back = ("low_battery", {"pct": 100.0}) if args["pct"] != 100.0 else None
        elif verb == "exercise":
            back = ("exercise", {"drill": None}) if args["drill"] is not None else None
        elif verb == "consent":
            back = ("consent", {"status": "given"}) if args["status"] != "given" else None
        elif verb == "network":
            back = ("network", {"up": True, "link": args["link"]}) if not args["up"] else None
        self.undo = [u for u in self.undo if u[0] != verb]
        if back is not None:
            self.undo.append(back)

    def observe(self, what: str) -> Mapping[str, Any]:
        """Have somebody look. Inconclusive if nobody can."""
        seen = self.do("observe", what=what).seen
        self.given(bool(set(seen) - {"at"}), f"something to have been seen of {what}")
        return seen


def odd_head(envelope: Mapping[str, Any]) -> bytes:
    """A lawful form unlike the usual one: other order, white space, escapes, members nobody knows."""
    data = {"x_unknown": {"deep": [1, None, "가"]}, **dict(reversed(list(envelope["data"].items())))}
    turned = {
        **dict(reversed([(k, v) for k, v in envelope.items() if k != "data"])),
        "xunknown": "\u00e9\u2028",
        "data": data,
    }
    return json.dumps(turned, ensure_ascii=True, indent=1).rstrip()[:-1].rstrip().encode()


__all__ = [
    "MACS", "Device", "Done", "EquipmentBench", "Hands", "Said", "Sent", "Told", "Up", "device_from", "everything", "odd_head",
    "pairs", "shortened",
]  # fmt: skip
