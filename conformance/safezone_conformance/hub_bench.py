"""The bench of cases against a hub: it plays devices, guardians, desks, agencies and people, over MQTT and HTTP.

Every message down and every answer is held to what is true of all of them (the ambient checks at the end), in
whatever case it comes.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from safezone_conformance import ambient, openapi
from safezone_conformance.bench import Bench, Seen
from safezone_conformance.case import Case
from safezone_conformance.identity import Identity, raw_key
from safezone_conformance.line import Line
from safezone_conformance.record import Entry, bytes_of, text_of
from safezone_conformance.settings import Settings
from safezone_conformance.town import Item, Maker, lat_lon
from safezone_conformance.verdicts import Failed, Inconclusive, NotApplicable, Skipped
from safezone_conformance.wire import encode, iso, seal, unix

SETUP_S = 15.0  # for preconditions: long, because a slow set-up is no failure
UNSET: Any = object()
NOT_KEPT = ", but the ICS claims "  # and then the item


class World(Protocol):
    """What a live bench does its work with; a replay needs none of it."""

    def publish(self, topic: str, payload: bytes, principal: str) -> None: ...
    def request(
        self, who: str, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, Any]: ...
    def open_stream(self, name: str, who: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]: ...
    def close_stream(self, name: str) -> None: ...
    def subscribe_again(self) -> dict[str, Any]: ...
    def open_hook(self, name: str, answers: Sequence[int]) -> dict[str, Any]: ...
    def open_number(self, name: str, number: str) -> dict[str, Any]: ...
    def restart(self) -> dict[str, Any]: ...
    def keep_token(self, who: str, answer: Mapping[str, Any]) -> None: ...


@dataclass(eq=False)
class Message:
    """One message up: its identity, and the entry by which it first went out."""

    principal: str  # role/name
    topic: str
    envelope: Mapping[str, Any]
    payload: bytes
    entry: Entry

    @property
    def t(self) -> float:
        return self.entry.t

    @property
    def id(self) -> str:
        return str(self.envelope["id"])

    @property
    def source(self) -> str:
        return str(self.envelope["source"])

    @property
    def ref(self) -> dict[str, str]:
        """As evidence cites it."""
        return {"source": self.source, "id": self.id}


@dataclass(eq=False)
class Down(Seen):
    """A message from the hub: ``principal`` is role/name as the case calls it."""

    principal: str = ""
    payload: bytes = b""
    envelope: Mapping[str, Any] = field(default_factory=dict)

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
        """Seconds since 1970 of the envelope's time."""
        return unix(str(self.envelope["time"]))


@dataclass(eq=False)
class Streamed(Seen):
    """An event of a stream: ``name`` of the stream, ``event`` sort, ``id``, ``data`` decoded; a comment has event ``:``."""

    name: str = ""
    event: str = ""
    id: str = ""
    data: Any = None


@dataclass(eq=False)
class Hooked(Seen):
    """A POST to one of the case's hooks: ``name``, ``headers`` (lower case), ``body``, the status it was ``answered``."""

    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    answered: int = 0


@dataclass(eq=False)
class Answer:
    """An HTTP answer. ``json`` is None where the body is none."""

    question: Entry
    entry: Entry

    @property
    def t(self) -> float:
        return self.entry.t

    @property
    def status(self) -> int:
        return int(self.entry.content["status"])

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        headers: Mapping[str, str] = self.entry.content["headers"]
        return headers

    @property
    def body(self) -> bytes:
        return bytes_of(self.entry.content["body"])

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def title(self) -> str:
        """The word of a problem, "" if it is none."""
        body = self.json
        return str(body.get("title", "")) if isinstance(body, dict) else ""


class HubBench(Bench):
    """See the module. ``world`` is None in a replay."""

    def __init__(
        self, line: Line, case: Case, identity: Identity, settings: Settings, world: World | None
    ) -> None:
        super().__init__(line, case, identity, settings)
        self._world = world
        self.acks = case.acks
        self.zone = identity.zone
        self.make = Maker(identity, settings.subjects_at or self.now())
        self.keys: dict[str, dict[str, str]] = {}  # role/name -> key now registered
        self.sent: list[Message] = []
        self._sent_ids: dict[tuple[str, str], Message] = {}
        self._seqs: dict[str, int] = {}
        self._epochs: dict[str, int] = {}
        self._tokens: set[str] = set()
        self.drill_times: dict[str, float] = {}  # by drill: what its exercise clock shows
        self._deleted: set[str] = set()  # devices, as role/name
        self._restarting = False
        self._refused = ""  # the last call that was answered by 501
        self._waited = 0.0  # seconds really let pass, see ``wait_really``
        self._surviving = ""  # the requirement that is broken when the system is gone

    # Names

    def id(self, name: str) -> str:
        """The registered id of what the case calls ``name``: ``t.id("c1")``."""
        return self.identity.id(name)

    def name(self, id_: str | None) -> str:
        return self.identity.name(id_ or "")

    # Registry

    def provision(self) -> None:
        """Register the case's town. Inconclusive if the hub does not take it."""
        items = self.case.town.items(self.make)
        if not items:
            return
        if self.settings.provisioning == "api":
            answer = self.http("POST", "/v1/registry:import", json={"items": items})
            self.given(
                answer.status == 200,
                f"the town is registered; the hub answered {answer.status} {answer.body[:300]!r}",
            )
        for item in items:
            self.learn(item)

    def learn(self, item: Item) -> None:
        """Know an item's key from now on."""
        role = {"device": "dev", "guardian": "guardian", "desk": "desk", "peer": "peer"}.get(item["kind"])
        if role is not None and "key" in item:
            principal = f"{role}/{self.name(item['id'])}"
            self.keys[principal] = item["key"]
            self._deleted.discard(principal)
        if item["kind"] == "drill" and "clock" in item:
            self.keys[f"clock/{self.name(item['clock']['id'])}"] = item["clock"]["key"]

    def put(self, item: Item, *, setup: bool = True) -> Answer:
        """PUT an item; with ``setup`` the case is inconclusive if that is refused."""
        if setup and self.settings.provisioning == "csv":
            raise NotApplicable("IXIT subjects.provisioning = csv")
        answer = self.http("PUT", f"/v1/registry/{item['kind']}/{item['id']}", json=item)
        if setup:
            self.given(
                answer.status in (200, 201),
                f"PUT {item['kind']} {item['id']}: {answer.status} {answer.body[:300]!r}",
            )
        if answer.status in (200, 201):
            self.learn(item)
        return answer

    # Messages up

    def compose(
        self,
        principal: str,
        type_: str,
        data: Mapping[str, Any],
        *,
        at: float | None = None,
        exercise: str | None = None,
        key: Mapping[str, str] | None = None,
        topic: str | None = None,
        **members: Any,
    ) -> tuple[str, dict[str, Any], bytes]:
        """Topic, envelope and payload of a message that is not sent yet.

        ``principal``: role/name, e.g. ``dev/gs``. ``at``: the envelope's time, seconds since 1970, default now.
        ``exercise``: the name of a drill. ``members`` replace envelope members; UNSET leaves one out.
        """
        role, name = principal.split("/", 1)
        key = key or self.keys.get(principal) or self.identity.key(name)
        if "seq" not in members:
            self._seqs[principal] = self._seqs.get(principal, 0) + 1
        moment = self.drill_times.get(exercise or "") or self.now() if at is None else at
        envelope: dict[str, Any] = {
            "specversion": "1.0", "id": self.identity.uuid7(moment), "source": f"{self.zone}/{role}/{self.id(name)}",
            "type": type_, "time": iso(moment), "datacontenttype": "application/json", "keyid": key["keyid"],
            "epoch": self._epochs.get(principal, 1), "seq": self._seqs.get(principal, 1),
        }  # fmt: skip
        if exercise is not None:
            envelope["exercise"] = self.id(exercise)
        envelope |= {"data": dict(data)} | members
        envelope = {k: v for k, v in envelope.items() if v is not UNSET}
        topic = topic or f"safezone/v1/{self.zone}/{role}/{self.id(name)}/up"
        return topic, envelope, seal(raw_key(key), topic, encode(envelope))

    def send(self, principal: str, type_: str, data: Mapping[str, Any], **how: Any) -> Message:
        """Compose and publish; see ``compose``. Does not wait."""
        return self.publish(principal, *self.compose(principal, type_, data, **how))

    def publish(self, principal: str, topic: str, envelope: Mapping[str, Any], payload: bytes) -> Message:
        """Publish exactly these bytes."""
        entry = self._publish(principal, topic, payload)
        message = Message(principal, topic, envelope, payload, entry)
        self.sent.append(message)
        self._sent_ids[message.source, message.id] = message
        return message

    def repeat(self, message: Message) -> Message:
        """The same bytes again."""
        entry = self._publish(message.principal, message.topic, message.payload)
        return Message(message.principal, message.topic, message.envelope, message.payload, entry)

    def raw(self, principal: str, topic: str, payload: bytes) -> Entry:
        """Publish bytes that need be no message at all."""
        return self._publish(principal, topic, payload)

    def _publish(self, principal: str, topic: str, payload: bytes) -> Entry:
        content = {"topic": topic, "payload": text_of(payload), "as": principal}
        return self.line.out("mqtt", content, lambda: self._live.publish(topic, payload, principal))

    @property
    def _live(self) -> World:
        assert self._world is not None
        return self._world

    def sent_message(self, ref: Mapping[str, Any]) -> Message | None:
        """The message of this case that a reference {source, id} names."""
        return self._sent_ids.get((str(ref.get("source")), str(ref.get("id"))))

    # What devices say

    def sighted(
        self, reader: str, antenna: str, tag: str, at: float, until: float | None = None, *, phase: str | None = None,
        stay: str | None = None, reads: int = 1, **how: Any,
    ) -> Message:  # fmt: skip
        """tag.sighted of a tag ("t1") from ``at`` (seconds since 1970); with ``until`` the end of the stay."""
        data = {
            "tag": self.id(tag), "antenna": antenna, "stay": stay or f"s{round(at * 1000)}-{tag}-{antenna}",
            "phase": phase or ("start" if until is None else "end"), "first_at": iso(at), "last_at": iso(until or at),
            "reads": reads, "rssi_peak_dbm": -60,
        }  # fmt: skip
        return self.send(f"dev/{reader}", "tag.sighted", data, **how)

    def pass_gate(
        self, gate: str, tag: str, inward: bool, at: float, gap_s: float = 3.0, **how: Any
    ) -> tuple[Message, Message]:
        """A pass: two stays ``gap_s`` apart, the first at ``at``."""
        first, second = ("out", "in") if inward else ("in", "out")
        return self.sighted(gate, first, tag, at, **how), self.sighted(gate, second, tag, at + gap_s, **how)

    def located(
        self, phone: str, x: float, y: float, at: float, *, accuracy_m: float = 10.0, moving: bool = True,
        battery_pct: float = 80.0, source: str = "gps", **how: Any,
    ) -> Message:  # fmt: skip
        """phone.located at metres (x, y) of the town."""
        data = {**lat_lon(x, y), "accuracy_m": accuracy_m, "fix_source": source, "fixed_at": iso(at),
                "battery_pct": battery_pct, "moving": moving}  # fmt: skip
        return self.send(f"dev/{phone}", "phone.located", data, **how)

    def tag_called(self, reader: str, tag: str, press: int, at: float | None = None, **how: Any) -> Message:
        moment = self.now() if at is None else at
        members = {k: how.pop(k) for k in ("medical",) if k in how}
        data = {"tag": self.id(tag), "press": press, "pressed_at": iso(moment), **members}
        return self.send(f"dev/{reader}", "tag.called", data, **how)

    def bell_pressed(self, bell: str, press: int, at: float | None = None, **how: Any) -> Message:
        moment = self.now() if at is None else at
        return self.send(f"dev/{bell}", "bell.pressed", {"press": press, "pressed_at": iso(moment)}, **how)

    def phone_called(
        self, phone: str, call: str, at: float | None = None, *, position: Any = None, **how: Any
    ) -> Message:
        moment = self.now() if at is None else at
        data: dict[str, Any] = {"call": call, "dialled_at": iso(moment)} | (
            {"position": position} if position else {}
        )
        return self.send(f"dev/{phone}", "phone.called", data, **how)

    def status(
        self, device: str, *, clock: float | None = None, interval_s: float = 60, **more: Any
    ) -> Message:
        """device.status; ``clock``: the device's clock, seconds since 1970, which is also the envelope's time."""
        moment = self.now() if clock is None else clock
        how = {k: more.pop(k) for k in ("exercise", "epoch", "seq") if k in more}
        data = {
            "online": True,
            "clock": iso(moment),
            "interval_s": interval_s,
            "queue_depth": 0,
            "firmware": "1.0",
        } | more
        return self.send(f"dev/{device}", "device.status", data, at=moment, **how)

    # Receipts

    def receipt(self, message: Message, within: float, after: float | None = None) -> dict[str, Any] | None:
        """The receipt entry of a message, of those that came at or after ``after`` (default: whenever); None if none."""
        since = message.t if after is None else after

        def names(seen: Seen) -> bool:
            return seen.t >= since and self._entry_of(seen, message) is not None

        for seen in self.arrived:
            if names(seen):
                return self._entry_of(seen, message)
        until = message.t + within if after is None else after + within
        while (fresh := self.take(until)) is not None:
            if names(fresh):
                return self._entry_of(fresh, message)
        return None

    @staticmethod
    def _entry_of(seen: Seen, message: Message) -> dict[str, Any] | None:
        if not isinstance(seen, Down) or seen.type != "receipt" or seen.principal != message.principal:
            return None
        rows = seen.data.get("receipts", [])
        return next(
            (r for r in rows if r.get("id") == message.id and r.get("source") == message.source), None
        )

    def accepted(self, *messages: Message, within: float = SETUP_S) -> None:
        """Preconditions: the hub has these. Inconclusive otherwise."""
        for message in messages:
            row = self.receipt(message, within)
            self.given(row is not None and row["status"] in ("accepted", "duplicate"),
                       f"{message.envelope.get('type')} of {message.principal} is accepted; its receipt: {row}")  # fmt: skip

    def expect_receipt(self, requirement: str, message: Message, status: Sequence[str] | str, *, within: float | None = None,
                       reason: str | None = None) -> dict[str, Any]:  # fmt: skip
        """Fails unless the message has a receipt of that status (and reason) in time."""
        wanted = (status,) if isinstance(status, str) else tuple(status)
        limit = self.allowed(5.0) if within is None else within
        row = self.receipt(message, limit)
        ok = (
            row is not None
            and row.get("status") in wanted
            and (reason is None or row.get("reason") == reason)
        )
        words = " or ".join(wanted) + (f" with reason {reason}" if reason else "")
        self.require(
            requirement, ok, f"a receipt of status {words}", row or "no receipt", within=limit, sent=message
        )
        assert row is not None
        return row

    def expect_rejected(self, requirement: str, message: Message, reason: str) -> None:
        """Fails unless the message is refused with a receipt that gives this reason."""
        self.expect_receipt(requirement, message, "rejected", reason=reason)

    # Messages down

    def is_down(
        self, seen: Seen, to: str | None, type_: str | None, where: Callable[[Mapping[str, Any]], bool] | None
    ) -> bool:
        return (
            isinstance(seen, Down)
            and (to is None or seen.principal == to)
            and (type_ is None or seen.type == type_)
            and (where is None or where(seen.data))
        )

    def expect_down(
        self, requirement: str, to: str, type_: str, *, within: float, since: float | Message | Answer,
        where: Callable[[Mapping[str, Any]], bool] | None = None, what: str = "",
    ) -> Down:  # fmt: skip
        """Fails unless such a message comes to ``to`` within ``within`` seconds after ``since``. What it finds is claimed."""
        start, until = _span(since, within)
        found = self.await_one(lambda s: self.is_down(s, to, type_, where) and s.t >= start, until)
        expected = f"{what or type_} to {to}"
        sent = None if isinstance(since, float) else since
        got = "came" if found is not None else f"none; to {to} came: {self._heard(to, start)}"
        self.require(
            requirement, found is not None, expected, got, within=round(within, 3), sent=sent, seen=found
        )
        assert isinstance(found, Down)
        return found

    def _heard(self, to: str, since: float) -> str:
        rows = [f"{s.type} {s.data.get('service', '')}".strip() for s in self.arrived
                if isinstance(s, Down) and s.principal == to and s.t >= since]  # fmt: skip
        return ", ".join(rows) or "nothing"

    def expect_notice(self, requirement: str, guardian: str, service: str, *, child: str | None = None, since: float | Message | Answer,
                      within: float | None = None, where: Callable[[Mapping[str, Any]], bool] | None = None) -> Down:  # fmt: skip
        """A notice of a service to a guardian ("g1") about a child ("c1"), by default within the service's limit."""
        return self.expect_down(requirement, f"guardian/{guardian}", "notice", since=since, what=f"notice {service}",
                                within=self.limit(service) if within is None else within,
                                where=self.about(service, child, where))  # fmt: skip

    def expect_alert(self, requirement: str, service: str, *, child: str | None = None, device: str | None = None, desk: str = "d112",
                     since: float | Message | Answer, within: float | None = None,
                     where: Callable[[Mapping[str, Any]], bool] | None = None) -> Down:  # fmt: skip
        """An alert of a service to a desk, by default within the service's limit."""

        def fits(data: Mapping[str, Any]) -> bool:
            return (device is None or data.get("device") == self.id(device)) and (
                where is None or where(data)
            )

        return self.expect_down(requirement, f"desk/{desk}", "alert", since=since, what=f"alert {service}",
                                within=self.limit(service) if within is None else within,
                                where=self.about(service, child, fits))  # fmt: skip

    def about(self, service: str | None, child: str | None = None, where: Callable[[Mapping[str, Any]], bool] | None = None
              ) -> Callable[[Mapping[str, Any]], bool]:  # fmt: skip
        """A condition on data: this service, this child."""
        return lambda data: (
            (service is None or data.get("service") == service)
            and (child is None or data.get("child") == self.id(child))
            and (where is None or where(data))
        )

    def expect_none(
        self, requirement: str, *, to: str | None = None, type_: str | None = None, after: float | Message | Answer,
        where: Callable[[Mapping[str, Any]], bool] | None = None, limit: float, expected: str, fence: bool = True,
    ) -> None:  # fmt: skip
        """Fails if such a message comes, repeats of claimed ones aside. See ``settle`` for how absence is proved.

        ``limit``: seconds after ``after`` within which it would have to come (scaled already: ``t.limit(…)``).
        """
        start = after if isinstance(after, float) else after.t
        self.settle(start + limit if not fence or self.settings.absence == "deadline" else None)
        known = {s.id for s in self.arrived if isinstance(s, Down) and s.claimed}
        found = [s for s in self.arrived if isinstance(s, Down) and not s.claimed and s.t >= start and s.id not in known
                 and self.is_down(s, to, type_, where)]  # fmt: skip
        got = "none came" if not found else f"{found[0].type} to {found[0].principal}: {dict(found[0].data)}"
        sent = self._last_stimulus(start) if isinstance(after, float) else after
        self.check(requirement, not found, expected, got, within=round(limit, 3), seen=found[0] if found else None, sent=sent)  # fmt: skip

    def _last_stimulus(self, t: float) -> Message | None:
        """The last message sent up to a moment that was neither an ack nor a status."""
        return next(
            (
                m
                for m in reversed(self.sent)
                if m.t <= t and m.envelope.get("type") not in ("ack", "device.status")
            ),
            None,
        )

    def settle(self, until: float | None = None) -> None:
        """Until everything sent has had its effect: all receipts are in, a fence message after them is processed, and
        ``absence_s`` of the IXIT have passed. With ``until`` simply until that moment."""
        if until is not None:
            self.await_all(until)
            return
        for principal in ("dev/pole", "dev/gs", "dev/bell", "dev/cam", "dev/p1"):
            if principal in self.keys and principal not in self._deleted:
                self.accepted(self.status(principal.split("/")[1]))
                break
        self.await_all(self.line.stamp() + self.settings.absence_s)

    def downs(self, to: str | None = None, type_: str | None = None, where: Callable[[Mapping[str, Any]], bool] | None = None,
              *, repeats: bool = False) -> list[Down]:  # fmt: skip
        """What came so far, claimed or not, in order; by default each envelope once."""
        found = [s for s in self.arrived if isinstance(s, Down) and self.is_down(s, to, type_, where)]
        return found if repeats else list({s.id: s for s in reversed(found)}.values())[::-1]

    def ack(self, down: Down) -> Message:
        """The recipient's confirmation of a notice or alert."""
        exercise = down.envelope.get("exercise")
        drill = self.name(str(exercise)) if exercise is not None else None
        return self.send(
            down.principal, "ack", {"notice": down.id, "received_at": iso(self.unix(down.t))}, exercise=drill
        )

    # HTTP

    def http(
        self, method: str, path: str, *, who: str = "admin", json: Any = UNSET, body: bytes | None = None,
        headers: Mapping[str, str] | None = None, ambient: bool = True, padding: int = 0,
    ) -> Answer:  # fmt: skip
        """One call. ``who``: ``admin``, ``nobody`` (no token), ``role/name`` (see ``login``), or ``=TOKEN`` literally.

        With ``ambient`` the answer is held to what openapi.json says of that operation. ``padding``: so many blanks go
        before the body; the record holds their number only.
        """
        import json as js

        sent = dict(headers or {})
        if json is not UNSET:
            body = js.dumps(json, ensure_ascii=False).encode()
            sent.setdefault("content-type", "application/json")
        content = {
            "who": who,
            "method": method,
            "path": path,
            "headers": sent,
            "body": None if body is None else text_of(body),
        }
        whole = body
        if padding:
            content["padding"], whole = padding, b" " * padding + (body or b"")
        question, entry = self.line.ask(
            "http", content, lambda: self._live.request(who, method, path, sent, whole)
        )
        answer = Answer(question, entry)
        if entry.content.get("error"):
            self._gone(f"{method} {path}: no answer: {entry.content['error']}")
        if answer.status == 501:
            claim = openapi.claim_of(method, path, None if json is UNSET else json)
            if claim and claim not in self.settings.has:
                raise NotApplicable(f"ICS {claim} = no")
            self._refused = f"{method} {path.partition('?')[0]} answers 501: the hub does not offer it" + (
                f"{NOT_KEPT}{claim}" if claim else ", and no item of the ICS leaves it out"
            )
        if method == "DELETE" and answer.status == 204 and path.startswith("/v1/registry/device/"):
            self._deleted.add(f"dev/{self.name(path.rpartition('/')[2])}")
        if ambient:
            self._hold_answer(method, path, answer)
        return answer

    def offers(self, method: str, path: str) -> bool:
        """Whether the hub claims this call; one that is not claimed may answer 501, and the case is not applicable."""
        item = openapi.claim_of(method, path)
        return not item or item in self.settings.has

    def check(
        self, requirement: str, ok: bool, expected: str, got: object = "", *,
        within: float | None = None, sent: Any = None, seen: Any = None,
    ) -> bool:  # fmt: skip
        """As ``Bench.check``; says so where what failed is that a call is not offered."""
        if not ok and self._refused and "501" in str(got):
            got = f"{got}. {self._refused}"
        return super().check(requirement, ok, expected, got, within=within, sent=sent, seen=seen)

    def given(self, ok: bool, what: str) -> None:
        """As ``Bench.given``; says so where what failed is that a call is not offered."""
        super().given(ok, f"{what}. {self._refused}" if "501" in what and self._refused else what)

    def expect_http(
        self, requirement: str, status: int | Sequence[int], method: str, path: str, **how: Any
    ) -> Answer:
        """One call whose status must be this one (or one of these)."""
        answer = self.http(method, path, **how)
        wanted = (status,) if isinstance(status, int) else tuple(status)
        self.require(requirement, answer.status in wanted, f"{method} {path} answers {' or '.join(map(str, wanted))}",
                     f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')}", sent=answer.question, seen=answer.entry)  # fmt: skip
        return answer

    def login(self, who: str, **more: Any) -> str:
        """Make a token for ``role/name`` (operator/o1, guardian/g1, school/t1, agency/a1, auditor/aud), once; the same
        words then go as ``who`` of ``http``. ``more``: zone, scopes, expires_at."""
        if who not in self._tokens:
            role, name = who.split("/", 1)
            body = {"role": role, "principal": self.id(name), "zone": self.zone} | more
            body = {k: v for k, v in body.items() if v is not None}
            answer = self.http("POST", "/v1/tokens", json=body)
            self.given(answer.status == 201, f"a token for {who}: {answer.status} {answer.body[:300]!r}")
            self.keep_token(who, answer)
        return who

    def keep_token(self, who: str, answer: Answer) -> None:
        """Use the token of this answer for ``who`` from now on. The record never holds a token: it is redacted there."""
        self._tokens.add(who)
        if self._world is not None:
            self._world.keep_token(who, answer.entry.content)

    # Streams, hooks, restarts

    def stream(self, name: str, path: str, *, who: str = "admin", last_event_id: str | None = None) -> int:
        """Open a stream; its events come as ``Streamed``. Returns the status."""
        headers = {} if last_event_id is None else {"last-event-id": last_event_id}
        content = {"open": name, "who": who, "path": path, "headers": headers}
        _, entry = self.line.ask("stream", content, lambda: self._live.open_stream(name, who, path, headers))
        if entry.content.get("error"):
            raise Inconclusive(f"stream {path}: {entry.content['error']}")
        if entry.content["status"] == 501 and not self.offers("GET", path):
            raise NotApplicable(f"ICS {openapi.claim_of('GET', path)} = no")
        return int(entry.content["status"])

    def close_stream(self, name: str) -> None:
        self.line.out("stream", {"close": name}, lambda: self._live.close_stream(name))

    def expect_event(self, requirement: str, stream: str, event: str, *, within: float, since: float | Message | Answer,
                     where: Callable[[Any], bool] | None = None) -> Streamed:  # fmt: skip
        """Fails unless such an event comes on a stream in time."""
        _, until = _span(since, within)

        def fits(seen: Seen) -> bool:
            return (
                isinstance(seen, Streamed)
                and seen.name == stream
                and seen.event == event
                and (where is None or where(seen.data))
            )

        found = self.await_one(fits, until)
        self.require(requirement, found is not None, f"an event {event} on the stream {stream}", "came" if found else "none",
                     within=round(within, 3), seen=found, sent=None if isinstance(since, float) else since)  # fmt: skip
        assert isinstance(found, Streamed)
        return found

    def subscribe_again(self) -> None:
        """Subscribe once more to what comes down: a broker then sends what it retained."""
        _, entry = self.line.ask("ask", {"do": "subscribe again"}, lambda: self._live.subscribe_again())
        if not entry.content.get("ok"):
            raise Inconclusive(f"the broker did not take a subscription: {entry.content.get('why')}")

    def hook(self, name: str, answers: Sequence[int] = (200,)) -> str:
        """A URL of the tester that a webhook can be sent to; POSTs come as ``Hooked``, answered in turn, the last for ever."""
        _, entry = self.line.ask(
            "hook", {"open": name, "answers": list(answers)}, lambda: self._live.open_hook(name, answers)
        )
        return str(entry.content["url"])

    def sms_number(self, name: str) -> str:
        """A telephone number that nobody has. Where the IXIT says ``sms.sink`` the text messages to it come as ``Hooked``."""
        # No subscriber's number begins with a zero after 010.
        number = (
            f"0100{int.from_bytes(raw_key({'secret': self.identity.secret(name)})[:8], 'big') % 10**7:07d}"
        )
        if self.has_sms_sink:
            content = {"open": name, "number": number}
            self.line.ask("hook", content, lambda: self._live.open_number(name, number))
        return number

    @property
    def has_sms_sink(self) -> bool:
        """Whether the system's text messages go to the tester, who can then see them."""
        return bool(self.settings.values.get("sms.sink"))

    def expect_hook(self, requirement: str, hook: str, *, within: float, since: float | Message | Answer,
                    where: Callable[[Hooked], bool] | None = None) -> Hooked:  # fmt: skip
        """Fails unless a POST comes to a hook in time."""
        _, until = _span(since, within)

        def fits(seen: Seen) -> bool:
            return isinstance(seen, Hooked) and seen.name == hook and (where is None or where(seen))

        found = self.await_one(fits, until)
        self.require(requirement, found is not None, f"a POST to the webhook {hook}", "came" if found else "none",
                     within=round(within, 3), seen=found, sent=None if isinstance(since, float) else since)  # fmt: skip
        assert isinstance(found, Hooked)
        return found

    def restart(self) -> float:
        """Kill the system under test and start it again, by the IXIT's command; only in a case that is ``alone`` and
        ``needs=("restart",)``. Returns when it answers again, with the moment (t) of the kill."""
        self._restarting = True
        question, entry = self.line.ask("ask", {"do": "restart"}, lambda: self._live.restart())
        if not entry.content.get("ok"):
            raise Inconclusive(f"the restart command failed: {entry.content.get('why')}")
        return question.t

    # The exercise clock (needs=("exercise-clock",))

    def drill_clock(self, drill: str, clock: str, at: float) -> "DrillClock":
        """The clock of a registered drill, set to ``at`` (seconds since 1970)."""
        ticking = DrillClock(self, drill, clock)
        ticking.to(at)
        return ticking

    def flow(self, at: float | None = None) -> "Flow":
        """Time that a case can let pass: by the exercise clock where the hub has one, else by really waiting.

        With the clock it begins at ``at`` (default now), without it always now: a case that depends on ``at`` needs
        ``exercise-clock``. Registers the drill ``flow`` with the clock ``flow-clock``.
        """
        if "exercise-clock" not in self.settings.has:
            return Flow(self, None)
        start = self.now() if at is None else at
        span = {
            "opens_at": iso(min(start, self.now()) - 3600),
            "closes_at": iso(max(start, self.now()) + 7 * 86400),
        }
        self.put(self.make.drill("flow", clock="flow-clock", **span))
        return Flow(self, self.drill_clock("flow", "flow-clock", start))

    def wait_really(self, seconds: float) -> None:
        """Let time pass where no exercise clock makes it. Skipped if that, with what was waited before, is too long."""
        longest = float(self.settings.values.get("limits.longest_wait_s", math.inf))
        self._waited += seconds
        if self._waited > longest:
            raise Skipped(
                f"would wait {self._waited:.0f} s and more: the ICS has exercise-clock = false, so time really passes; "
                f"IXIT limits.longest_wait_s = {longest:g} does not allow it"
            )
        self.await_all(self.line.stamp() + seconds)

    # What comes

    def look_at(self, entry: Entry) -> Seen:
        content = entry.content
        if entry.via == "mqtt":
            return ambient.read_down(self, entry)
        if entry.via == "stream":
            data = content.get("data")
            try:
                decoded = json.loads(data) if data else None
            except ValueError:
                decoded = data
            event = "closed" if content.get("closed") else content.get("event", "message")
            return Streamed(entry, False, content["name"], event, content.get("id", ""), decoded)
        if entry.via == "hook":
            return Hooked(
                entry,
                False,
                content["name"],
                content["headers"],
                bytes_of(content["body"]),
                content["answer"],
            )
        if entry.via == "connection" and content.get("state") == "lost" and not self._restarting:
            self._gone("the connection to the broker broke")
        return Seen(entry)

    def answer(self, seen: Seen) -> None:
        if (
            self.acks
            and isinstance(seen, Down)
            and seen.type in ("notice", "alert")
            and seen.principal in self.keys
        ):
            self.ack(seen)

    def must_survive(self, requirement: str) -> None:
        """From now on a system that is gone, to MQTT or HTTP, breaks this requirement, and is not merely inconclusive."""
        self._surviving = requirement

    def _gone(self, why: str) -> None:
        if self._surviving:
            self.require(self._surviving, False, "the system goes on working", why)
        raise Inconclusive(why)

    def _hold_answer(self, method: str, path: str, answer: Answer) -> None:
        ambient.hold_answer(self, method, path, answer)


def _span(since: "float | Message | Answer", within: float) -> tuple[float, float]:
    """From when something may come, and until when. What a call brings about may come before its answer."""
    if isinstance(since, Answer):
        return since.question.t, since.t + within
    start = since if isinstance(since, float) else since.t
    return start, start + within


class DrillClock:
    """The exercise clock of a drill. Time moves when ``to`` is called, and what fell due has been told when it returns."""

    def __init__(self, bench: HubBench, drill: str, clock: str) -> None:
        self._bench, self.drill, self._principal, self._tick = bench, drill, f"clock/{clock}", 0
        self.now = 0.0

    def to(self, at: float, *, within: float = SETUP_S) -> Message:
        """Set the zone's time, and wait for the hub's clock.ack. Inconclusive without one."""
        bench = self._bench
        self._tick += 1
        tick = self._tick
        bench.drill_times[self.drill] = at
        message = bench.send(
            self._principal, "clock.tick", {"now": iso(at), "tick": tick}, exercise=self.drill, at=at
        )
        found = bench.await_one(
            lambda s: bench.is_down(s, self._principal, "clock.ack", lambda d: d.get("tick", 0) >= tick),
            message.t + within,
        )
        bench.given(found is not None, f"the hub acknowledges tick {tick}")
        self.now = at
        return message

    def by(self, seconds: float) -> Message:
        """Forward by so many seconds."""
        return self.to(self.now + seconds)


class Flow:
    """See ``HubBench.flow``. Send with ``exercise=flow.exercise`` and times from ``flow.now``."""

    def __init__(self, bench: HubBench, clock: DrillClock | None) -> None:
        self._bench, self._clock = bench, clock

    @property
    def exercise(self) -> str | None:
        """The name of the drill that messages belong to; None where time is real."""
        return None if self._clock is None else self._clock.drill

    @property
    def now(self) -> float:
        """Seconds since 1970 of the zone's time."""
        return self._bench.now() if self._clock is None else self._clock.now

    def by(self, seconds: float, step_s: float | None = None) -> None:
        """Let time pass. With the clock in one tick, or in ticks of ``step_s``."""
        if self._clock is None:
            self._bench.wait_really(seconds)
            return
        end = self._clock.now + seconds
        while self._clock.now < end - 1e-6:
            self._clock.to(min(end, self._clock.now + (step_s or seconds)))


__all__ = [
    "SETUP_S", "UNSET", "Answer", "Down", "DrillClock", "Failed", "Flow", "Hooked", "HubBench", "Message", "Streamed", "World",
]  # fmt: skip
