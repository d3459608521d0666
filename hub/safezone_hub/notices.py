"""From «tell» to signed messages: who may be reached, in which words, under which key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from safezone_model import SERVICES

from safezone_hub import codec
from safezone_hub.clock import format_time, local_clock
from safezone_hub.context import stable_id
from safezone_hub.observation import Tell, TurnCamera, Where
from safezone_hub.registry import Recipient, Registry, ZoneView

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
    "phone_call_112": ("{name} 어린이가 {at}에 112로 전화했습니다.", "{name} called 112 by phone at {at}."),
}
_NEAR_BELL = (
    "비상벨 호출 근처: {at}에 {name} 어린이 가까이에서 비상벨({device})이 눌렸습니다.",
    "Near a bell call: emergency bell {device} was pressed at {at} close to {name}.",
)
_SENT = (" (발송 {sent})", " (sent {sent})")
_DRILL = ("[훈련] ", "[DRILL] ")
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


class Writer:
    """Writes the messages of effects. ``hub_id`` is the hub's name in every source."""

    def __init__(self, hub_id: str, registry: Registry) -> None:
        self._hub_id, self._registry = hub_id, registry

    def notices(self, view: ZoneView, ledger: Ledger, tell: Tell) -> Iterator[Outgoing]:
        """One message for each recipient that the service entitles and the exercise allows."""
        for recipient in self._recipients(view, tell):
            kind = "alert" if recipient.role == "desk" else "notice"
            data = self._data(view, tell, kind)
            yield self._outgoing(view, ledger, recipient, kind, data, tell.exercise, tell.sent_at)
            ledger.count(f"notice.{tell.service}.{recipient.role}")

    def camera_turn(self, view: ZoneView, ledger: Ledger, turn: TurnCamera) -> Iterator[Outgoing]:
        """The command to one camera, if the exercise may reach it."""
        recipient = view.camera_recipients.get(turn.camera)
        if recipient is not None and may_reach(view, recipient, turn.exercise):
            data = {"preset": turn.preset, "incident": turn.incident, "hold_s": turn.hold_s}
            yield self._outgoing(view, ledger, recipient, "camera.turn", data, turn.exercise, turn.sent_at)

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

    def _recipients(self, view: ZoneView, tell: Tell) -> list[Recipient]:
        entitled = SERVICES[tell.service].recipients
        found: list[Recipient] = []
        if tell.to_desk and "desk" in entitled:
            found += [view.desks[k] for k in sorted(view.desks)]
        if tell.to_guardians and "guardian" in entitled and tell.child is not None:
            found += view.guardians.get(tell.child, [])
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
        data["text"] = texts(view, tell)
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


def texts(view: ZoneView, tell: Tell) -> dict[str, str]:
    """Korean and English, event time and send time both shown."""
    words = _NEAR_BELL if tell.near else _WORDS[tell.service]
    child = view.children.get(tell.child or "")
    area = view.areas.get(tell.place or "")
    out = {}
    for i, language in enumerate(("ko", "en")):
        text = (words[i] + _SENT[i]).format(
            name=child.name if child is not None else _UNKNOWN[i],
            place=area.name if area is not None else "",
            device=tell.device or "",
            at=local_clock(tell.event_at, view.timezone),
            sent=local_clock(tell.sent_at, view.timezone),
        )
        out[language] = (_DRILL[i] if tell.exercise is not None else "") + text
    return out


def _position(view: ZoneView, where: Where) -> dict[str, float]:
    lat, lon = view.plane.lat_lon(where.x, where.y)
    return {"lat": round(lat, 7), "lon": round(lon, 7), "accuracy_m": round(max(where.accuracy_m, 0.1), 1)}
