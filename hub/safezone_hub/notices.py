"""From «tell» to signed messages: who may be reached, in which words, under which key."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
from safezone_model import SERVICES

from safezone_hub import codec
from safezone_hub.clock import format_time, local_clock, local_date, local_moment
from safezone_hub.context import stable_id
from safezone_hub.observation import ReleaseCamera, Tell, TurnCamera, Where
from safezone_hub.places import Address, describe
from safezone_hub.places.naming import Language
from safezone_hub.registry import Child, Recipient, Registry, ZoneView

# What happened, with the child's name and the place; «{at}» is local time.
_WORDS: dict[str, tuple[str, str]] = {
    "school_arrival": (
        "{name} 어린이가 {at}에 {place}에 도착했습니다.",
        "{name} arrived at {place} at {at}.",
    ),
    "school_departure": ("{name} 어린이가 {at}에 {place}에서 나왔습니다.", "{name} left {place} at {at}."),
    "home_entry": (
        "{name} 어린이가 {at}에 집({place})에 들어왔습니다.",
        "{name} came home ({place}) at {at}.",
    ),
    "home_exit": (
        "{name} 어린이가 {at}에 집({place})에서 나갔습니다.",
        "{name} left home ({place}) at {at}.",
    ),
    "academy_entry": ("{name} 어린이가 {at}에 {place}에 도착했습니다.", "{name} arrived at {place} at {at}."),
    "academy_exit": ("{name} 어린이가 {at}에 {place}에서 나왔습니다.", "{name} left {place} at {at}."),
    "not_arrived": (
        "{at}까지 {name} 어린이의 등교가 확인되지 않았습니다.",
        "No sign of {name} arriving at school by {at}.",
    ),
    "danger_entry": (
        "{name} 어린이가 {at}에 위험지역({place})에 들어갔습니다.",
        "{name} entered a danger area ({place}) at {at}.",
    ),
    "route_deviation": (
        "{name} 어린이가 {at} 현재 등록된 경로를 벗어나 있습니다.",
        "{name} is off the registered routes at {at}.",
    ),
    "tag_silent": (
        "{at} 이후 {name} 어린이의 신호가 없습니다.",
        "Nothing has been heard of {name} since {at}.",
    ),
    "tag_call": (
        "{name} 어린이가 {at}에 태그로 긴급호출을 했습니다.",
        "{name} pressed the tag's call button at {at}.",
    ),
    "bell_call": ("{at}에 비상벨({device})이 눌렸습니다.", "Emergency bell {device} was pressed at {at}."),
    "missing_report": (
        "{name} 어린이를 찾고 있습니다. {at}에 실종 신고가 접수되었습니다.",
        "{name} was reported missing at {at}.",
    ),
    "location_provided": (
        "{name} 어린이의 위치정보가 {at}에 {device}에 제공되었습니다.",
        "The position of {name} was given to {device} at {at}.",
    ),
    "phone_call_112": ("{name} 어린이가 {at}에 112로 전화했습니다.", "{name} called 112 by phone at {at}."),
}
_NEAR_BELL = (
    "비상벨 호출 근처: {at}에 {name} 어린이 가까이에서 비상벨({device})이 눌렸습니다.",
    "Near a bell call: emergency bell {device} was pressed at {at} close to {name}.",
)
_SENT = (" (발송 {sent})", " (sent {sent})")
_DRILL = ("[훈련] ", "[DRILL] ")
_REMINDER = ("[재알림] ", "[REMINDER] ")
_ESCALATED = ("[상향 통보] ", "[ESCALATED] ")
_MEDICAL = ("[응급] ", "[MEDICAL] ")
LANGUAGES: tuple[Language, Language] = ("ko", "en")
_UNKNOWN = ("미확인 어린이", "An unknown child")


class Ledger(msgspec.Struct, array_like=True):
    """What a zone has sent and counted so far. Not part of the fold."""

    zone: str
    epoch: int = 0
    seq: int = 0
    counts: dict[str, int] = {}

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


@dataclass(slots=True)
class Outgoing:
    """A message down that is repeated, byte for byte, until it is settled."""

    zone: str
    id: str
    settled_by: str  # role/id
    topic: str
    payload: bytes
    made_at: float
    exercise: str | None
    next_at: float = 0.0
    wait_s: float = field(default=0.0)


@dataclass(frozen=True, slots=True)
class Addressed:
    """One recipient's message: as it goes over MQTT, and what it says, for other channels."""

    to: Recipient
    message: Outgoing
    type: str
    data: dict[str, Any]


class Writer:
    """Writes the messages of effects. ``hub_id`` is the hub's name in every source."""

    def __init__(self, hub_id: str, registry: Registry, consent_required: bool = True) -> None:
        self._hub_id, self._registry, self._consent_required = hub_id, registry, consent_required

    def notices(
        self, view: ZoneView, ledger: Ledger, tell: Tell, withheld: Container[str] = (),
        units: Sequence[Mapping[str, Any]] = (),
    ) -> Iterator[Addressed]:  # fmt: skip
        """One message for each recipient that service, consent and exercise allow, except ``withheld`` guardians.

        ``units`` are those near the place, for the desk.
        """
        for recipient in self._recipients(view, tell, withheld):
            kind = "alert" if recipient.role == "desk" else "notice"
            data = self._data(view, tell, kind)
            if kind == "alert":
                data["post"] = recipient.post
                data |= {"units": list(units)} if units else {}
            message = self._outgoing(view, ledger, recipient, kind, data, tell.exercise, tell.sent_at)
            yield Addressed(recipient, message, kind, data)
            ledger.count(f"notice.{tell.service}.{recipient.role}")

    def camera_turn(self, view: ZoneView, ledger: Ledger, turn: TurnCamera) -> Iterator[Outgoing]:
        """The command to one camera, if the exercise may reach it."""
        data = {"preset": turn.preset, "incident": turn.incident, "hold_s": turn.hold_s}
        yield from self._to_camera(
            view, ledger, "camera.turn", turn.camera, data, turn.exercise, turn.sent_at
        )

    def camera_release(self, view: ZoneView, ledger: Ledger, release: ReleaseCamera) -> Iterator[Outgoing]:
        """One camera may go back to what it looked at before."""
        data = {"incident": release.incident}
        yield from self._to_camera(
            view, ledger, "camera.release", release.camera, data, release.exercise, release.sent_at
        )

    def _to_camera(
        self, view: ZoneView, ledger: Ledger, type_: str, camera: str, data: dict[str, Any],
        exercise: str | None, now: float,
    ) -> Iterator[Outgoing]:  # fmt: skip
        recipient = view.camera_recipients.get(camera)
        if recipient is not None and may_reach(view, recipient, exercise):
            yield self._outgoing(view, ledger, recipient, type_, data, exercise, now)

    def unnumbered(
        self, topic: str, source_zone: str, type_: str, data: Any, epoch: int, seq: int, now: float, to: str
    ) -> bytes | None:
        """A receipt or clock.ack: of this process's own epoch, kept nowhere. None for a stranger."""
        key = self._registry.key_of(to)
        if key is None:
            return None
        envelope = {
            "specversion": "1.0",
            "id": stable_id(now, to, type_, epoch, seq),
            "source": f"{source_zone}/hub/{self._hub_id}",
            "type": type_,
            "time": format_time(now),
            "datacontenttype": "application/json",
            "keyid": key.keyid,
            "epoch": epoch,
            "seq": seq,
            "data": data,
        }
        return codec.sign(topic, envelope, key.secret)

    def _recipients(self, view: ZoneView, tell: Tell, withheld: Container[str]) -> list[Recipient]:
        service = SERVICES[tell.service]
        child = view.children.get(tell.child or "")
        allowed = view.consented(child.id, self._consent_required) if child is not None else None
        found: list[Recipient] = []
        # A danger goes to 112 by consent, an emergency by law (rescue).
        reported = tell.service == "missing_report"
        if service.cls != "danger" or reported or allowed is None or allowed.provide_112:
            found += [view.desks[k] for k in sorted(view.desks) if view.desks[k].post in tell.posts]
        told = allowed is None or allowed.notify_guardians or service.cls != "everyday"
        if tell.to_guardians and tell.child is not None and (told or tell.service == "location_provided"):
            barred = child.barred if child is not None else ()
            found += [
                r
                for r in view.guardians.get(tell.child, [])
                if r.id not in withheld and r.id not in barred and r.id != tell.reporter
            ]
        return [r for r in found if may_reach(view, r, tell.exercise)]

    def _outgoing(
        self,
        view: ZoneView,
        ledger: Ledger,
        to: Recipient,
        type_: str,
        data: dict[str, Any],
        exercise: str | None,
        now: float,
    ) -> Outgoing:
        principal = f"{to.role}/{to.id}"
        key = self._registry.key_of(f"{view.id}/{principal}")
        assert key is not None, f"a registered recipient has a key: {principal}"
        topic = f"safezone/v1/{view.id}/{principal}/down"
        ledger.seq += 1
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": stable_id(now, principal, type_, msgspec.json.encode(data), exercise),
            "source": f"{view.id}/hub/{self._hub_id}",
            "type": type_,
            "time": format_time(now),
            "datacontenttype": "application/json",
            "keyid": key.keyid,
            "epoch": ledger.epoch,
            "seq": ledger.seq,
        }
        if exercise is not None:
            envelope["exercise"] = exercise
        envelope["data"] = data
        payload = codec.sign(topic, envelope, key.secret)
        return Outgoing(view.id, envelope["id"], principal, topic, payload, now, exercise)

    def _data(self, view: ZoneView, tell: Tell, kind: str) -> dict[str, Any]:
        data: dict[str, Any] = {"service": tell.service}
        if tell.child is not None:
            data["child"] = tell.child
        data["event_at"] = format_time(tell.event_at)
        data["evidence"] = [{"source": source, "id": id_} for source, id_ in tell.evidence]
        area = view.areas.get(tell.place or "")
        if area is not None:
            data["place"] = {"id": area.id, "name": area.name}
        if tell.position is not None:
            data["position"] = _position(view, tell.position)
        where = None
        if kind == "alert" and tell.position is not None:
            # The plane's origin is the school.
            where = describe(view.net, view.landmarks(), tell.position.x, tell.position.y, school=(0.0, 0.0))
            data["address"] = where.body()
        data["text"] = texts(view, tell, where, desk=kind == "alert")
        if tell.incident is not None:
            data["incident"] = tell.incident
        if tell.near:
            data["near"] = True
        if tell.flags:
            data["flags"] = list(tell.flags)
        if kind == "alert":
            if tell.device is not None:
                data["device"] = tell.device
            data["cameras"] = list(tell.cameras)
            data["linked"] = list(tell.linked)
        return data


def may_reach(view: ZoneView, recipient: Recipient, exercise: str | None) -> bool:
    """Real messages reach everybody; a drill's only the simulated and whom the drill allows."""
    if exercise is None or recipient.nature == "simulated":
        return True
    drill = view.drills.get(exercise)
    return drill is not None and recipient.id in drill.allow


def quiet_until(view: ZoneView, recipient: Recipient, service: str, now: float) -> float | None:
    """The end of the quiet hours that an everyday notice has to wait for; None when it may go now."""
    if recipient.quiet is None or SERVICES[service].cls != "everyday":
        return None
    begins, ends = recipient.quiet
    today = local_date(now, view.timezone)
    for day in (date.fromordinal(today.toordinal() - 1), today):
        start = local_moment(day, begins, view.timezone)
        last = day if begins <= ends else date.fromordinal(day.toordinal() + 1)
        end = local_moment(last, ends, view.timezone)
        if start <= now < end:
            return end
    return None


def texts(view: ZoneView, tell: Tell, where: Address | None = None, *, desk: bool = False) -> dict[str, str]:
    """Korean and English, event time and send time both shown; for the desk the child's class and number, and the place in words."""
    words = _NEAR_BELL if tell.near else _WORDS[tell.service]
    child = view.children.get(tell.child or "")
    area = view.areas.get(tell.place or "")
    out = {}
    for i, language in enumerate(("ko", "en")):
        text = (words[i] + _SENT[i]).format(
            name=_UNKNOWN[i] if child is None else _in_class(child)[i] if desk else child.name,
            place=area.name if area is not None else "",
            device=tell.device or "",
            at=local_clock(tell.event_at, view.timezone),
            sent=local_clock(tell.sent_at, view.timezone),
        )
        text = text.replace(" ()", "").replace("()", "")  # a reminder does not name the area again
        if where is not None and (words_of_place := where.text(LANGUAGES[i])):
            text += (" 위치: ", " Place: ")[i] + words_of_place
        marks = "".join(
            prefix[i]
            for prefix, present in (
                (_DRILL, tell.exercise is not None),
                (_REMINDER, "reminder" in tell.flags),
                (_ESCALATED, "escalated" in tell.flags),
                (_MEDICAL, "medical" in tell.flags),
            )
            if present
        )
        out[language] = marks + text
    return out


def _in_class(child: Child) -> tuple[str, str]:
    """As school and desk speak of a child on the telephone."""
    ko = f"{child.grade}학년 {child.class_no}반 {child.number}번 {child.name}"
    return ko, f"{child.name} (grade {child.grade}, class {child.class_no}, no. {child.number})"


def _position(view: ZoneView, where: Where) -> dict[str, float]:
    lat, lon = view.plane.lat_lon(where.x, where.y)
    return {"lat": round(lat, 7), "lon": round(lon, 7), "accuracy_m": round(max(where.accuracy_m, 0.1), 1)}
