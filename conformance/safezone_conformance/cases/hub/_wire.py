"""What the cases of the wire share: bytes under a case's own hand, and the counts by which a hub shows what it refuses."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safezone_model import rejections

from safezone_conformance.hub_bench import UNSET, Answer, Down, HubBench, Message
from safezone_conformance.identity import raw_key
from safezone_conformance.record import bytes_of
from safezone_conformance.town import Town
from safezone_conformance.wire import Malformed, encode, iso, parse, seal

POLE = Town(children=0, parts=("pole",))  # the smallest that can speak: one reader
CALL = Town(children=1, parts=("pole", "desk"))
RECEIPTED = frozenset(r.reason for r in rejections() if r.receipt)
COUNTED_S = 5.0  # by then a rejection is in the statistics: no limit of the standard, but patience
POLL_S = 0.1


def up(t: HubBench, principal: str) -> str:
    """The topic up of ``role/name``."""
    role, _, name = principal.partition("/")
    return f"safezone/v1/{t.zone}/{role}/{t.id(name)}/up"


def status_data(t: HubBench, **more: Any) -> dict[str, Any]:
    """data of a device.status that is in order."""
    return {
        "online": True, "clock": iso(t.now()), "interval_s": 60, "queue_depth": 0, "firmware": "1.0",
    } | more  # fmt: skip


def good(
    t: HubBench, principal: str = "dev/pole", *, topic: str | None = None, **members: Any
) -> tuple[str, dict[str, Any], bytes]:
    """Topic, envelope and payload of a device.status that is in order, save for ``members`` of the envelope."""
    topic, envelope, _ = t.compose(principal, "device.status", status_data(t), topic=topic)
    envelope = {k: v for k, v in (envelope | members).items() if v is not UNSET}
    return topic, envelope, sealed(t, principal, head_of(envelope), topic)


def sealed(t: HubBench, principal: str, head: bytes, topic: str | None = None) -> bytes:
    """A payload from bytes without the closing brace, under this principal's key and for its topic."""
    return seal(raw_key(t.keys[principal]), topic or up(t, principal), head)


def head_of(envelope: Mapping[str, Any]) -> bytes:
    return encode(envelope)


# Refusals


@dataclass(frozen=True)
class Counts:
    """What the statistics of the zone say."""

    accepted: int
    duplicate: int
    rejected: Mapping[str, int]
    answer: Answer


def counts(t: HubBench) -> Counts:
    answer = t.http("GET", f"/v1/zones/{t.zone}/stats")
    t.given(answer.status == 200, f"the statistics of the zone are answered; status {answer.status}")
    body = answer.json
    rejected = {str(k): int(v) for k, v in body["rejected"].items() if v}
    return Counts(int(body["accepted"]), int(body["duplicate"]), rejected, answer)


class Refusals:
    """Payloads one after another, each held to the one reason that the statistics then count.

    A hub that does not claim statistics (ICS metrics) shows its reason only in receipts: there each payload is held to the
    receipt of that reason, or to none, where that reason gets none.
    """

    def __init__(self, t: HubBench) -> None:
        self._t = t
        self._before = counts(t) if "metrics" in t.settings.has else None
        self._patience_s = t.allowed(COUNTED_S)

    def hold(
        self, requirement: str, reason: str, what: str, payload: bytes, *,
        principal: str = "dev/pole", topic: str | None = None,
    ) -> None:  # fmt: skip
        """Publish, and check that this reason is counted once and no other is."""
        entry = self._t.raw(principal, topic or up(self._t, principal), payload)
        self.seen(requirement, reason, what, entry)

    def seen(self, requirement: str, reason: str, what: str, about: Any) -> None:
        """Check that since the last look this reason was counted once and no other."""
        t = self._t
        if self._before is None:
            self._seen_in_receipts(requirement, reason, what, about)
            return
        until = about.t + self._patience_s
        now = counts(t)
        while now.rejected == self._before.rejected and t.line.stamp() < until:
            t.await_all(t.line.stamp() + POLL_S)
            now = counts(t)
        more = {r: n - self._before.rejected.get(r, 0) for r, n in sorted(now.rejected.items())}
        more = {r: n for r, n in more.items() if n}
        t.check(requirement, more == {reason: 1}, f"{what}: counted as {reason}", more or "no rejection counted",
                sent=about, seen=now.answer.entry)  # fmt: skip
        if not more:
            self._patience_s = min(
                self._patience_s, 1.0
            )  # it has failed already: no need to wait as long again
        self._before = now

    def _seen_in_receipts(self, requirement: str, reason: str, what: str, about: Any) -> None:
        t = self._t
        t.settle()
        own = {(m.source, m.id) for m in t.sent} - {_named_in(about)}  # acks and the fence have receipts too
        rows = [
            row
            for down in t.downs(type_="receipt", repeats=True)
            if down.t >= about.t
            for row in down.data.get("receipts", [])
            if (row.get("source"), row.get("id")) not in own
        ]
        given = [row.get("reason") or row.get("status") for row in rows]
        wanted = [reason] if reason in RECEIPTED else []
        words = f"a receipt of reason {reason}" if wanted else f"no receipt ({reason})"
        t.check(requirement, given == wanted, f"{what}: {words}", rows or "no receipt", sent=about)


def _named_in(about: Any) -> tuple[Any, Any]:
    """source and id of a message, or of the bytes of an entry where they tell them."""
    if isinstance(about, Message):
        return about.source, about.id
    try:
        envelope = json.loads(bytes_of(about.content["payload"]))
    except (ValueError, RecursionError):
        return None, None
    return (envelope.get("source"), envelope.get("id")) if isinstance(envelope, dict) else (None, None)


def samples(t: HubBench, zone: str) -> list[Mapping[str, Any]]:
    """The rejections a hub shows of a zone, newest first; none where it shows none."""
    answer = t.http("GET", f"/v1/zones/{zone}/rejections?limit=100")
    rows = answer.json["items"] if answer.status == 200 and isinstance(answer.json, dict) else []
    return list(rows)


def sample_bytes(row: Mapping[str, Any]) -> bytes:
    return base64.b64decode(row["bytes_b64"])


def await_sample(
    t: HubBench, principal: str, topic: str, payload: bytes, zones: Sequence[str], tries: int = 3
) -> Mapping[str, Any] | None:
    """Publish a payload that is refused until a hub shows a sample of it: it keeps samples, not every one."""
    for _ in range(tries):
        entry = t.raw(principal, topic, payload)
        while True:
            rows = [r for zone in zones for r in samples(t, zone)]
            for row in rows:
                shown = sample_bytes(row)
                if row["topic"] == topic and payload.startswith(shown) and bool(shown) == bool(payload):
                    return row
            if t.line.stamp() > entry.t + t.allowed(COUNTED_S) / tries:
                break
            t.await_all(t.line.stamp() + POLL_S)
    return None


def receipts_naming(t: HubBench, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Entries of receipts that came so far for messages with these ids."""
    rows = [r for down in t.downs(type_="receipt", repeats=True) for r in down.data.get("receipts", [])]
    return [r for r in rows if r.get("id") in ids]


# Everything a hub says

SPEAKING = Town(children=1, parts=("pole", "bell", "camera", "desk"))


def first(t: HubBench, to: str, type_: str, until: float, service: str | None = None) -> Down | None:
    """The first message of a type, about a service, to a recipient, if it comes by then."""
    where = None if service is None else t.about(service)
    found = t.await_one(lambda s: t.is_down(s, to, type_, where), until)
    return found if isinstance(found, Down) else None


def everything_said(t: HubBench) -> list[Down]:
    """Make the hub say one of everything it can: receipts, a notice, alerts, commands to a camera, a clock.ack.

    Wants the town SPEAKING. Inconclusive if something does not come.
    """
    call = t.tag_called("pole", "t1", 1)
    bell = t.bell_pressed("bell", 1)
    t.accepted(call, bell)
    until = call.t + 15.0
    alerts = [first(t, "desk/d112", "alert", until, service) for service in ("tag_call", "bell_call")]
    notice = first(t, "guardian/g1", "notice", until, "tag_call")
    t.given(all(alerts) and notice is not None, "a tag call and a bell call are told")
    refused = t.send("dev/pole", "device.status", {"online": "yes"})
    t.given(t.receipt(refused, 15.0) is not None, "data that does not satisfy its schema gets a receipt")
    if "cameras" in t.settings.has:
        turn = t.await_one(lambda s: t.is_down(s, "dev/cam", "camera.turn", None), until)
        t.given(turn is not None, "a camera beside a bell that calls is turned")
        for alert in alerts:
            if alert is not None:
                t.send(
                    "desk/d112",
                    "incident.action",
                    {"incident": alert.data.get("incident"), "action": "resolve"},
                )
        release = t.await_one(
            lambda s: t.is_down(s, "dev/cam", "camera.release", None), t.line.stamp() + 15.0
        )
        t.given(release is not None, "the camera is released when its incidents are resolved")
    if "exercise-clock" in t.settings.has:
        t.put(t.make.drill("drill", clock="clock"))
        t.drill_clock("drill", "clock", t.now())
    t.await_all(t.line.stamp() + 0.2)
    return t.downs(repeats=True)


def held(
    t: HubBench, requirement: str, downs: Sequence[Down], wrong: Mapping[int, str], expected: str
) -> None:
    """A finding for each sort of message: none of them is wrong. ``wrong``: what is wrong, by position."""
    kinds = {f"{d.type or 'something unreadable'} to {d.principal.partition('/')[0]}" for d in downs}
    for kind in sorted(kinds):
        mine = [n for n, d in enumerate(downs)
                if f"{d.type or 'something unreadable'} to {d.principal.partition('/')[0]}" == kind]  # fmt: skip
        bad = [n for n in mine if n in wrong]
        about = downs[bad[0] if bad else mine[0]]
        t.check(requirement, not bad, f"{kind}: {expected}", wrong[bad[0]] if bad else f"{len(mine)} looked at",
                seen=about)  # fmt: skip


def readable(down: Down) -> Mapping[str, Any] | None:
    """The envelope as it is parsed anew from the bytes; None if it is none."""
    try:
        return parse(down.payload)
    except Malformed:
        return None


__all__ = [
    "CALL", "POLE", "SPEAKING", "Counts", "Message", "Refusals", "await_sample", "counts", "everything_said", "first", "good", "head_of",
    "held", "readable", "receipts_naming", "sample_bytes", "samples", "sealed", "status_data", "up",
]  # fmt: skip
