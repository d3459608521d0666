"""Notices by SMS, e-mail and webhook: what is to be sent, what waits, how far each has come.

One row a (notice, channel), kept until it is delivered, given up or not needed. The courier
(``channels``) only carries; what it reports is stored here, so that a restart takes up what was open.
An SMS waits: it goes when the push was not acknowledged in time, and only for a child in danger.
"""

import heapq
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from safezone_model import SERVICES

from safezone_hub.context import stable_id
from safezone_hub.notices import Addressed
from safezone_hub.registry import ZoneView
from safezone_hub.store import Batch

State = Literal["waiting", "queued", "sent", "delivered", "failed", "unneeded"]
OPEN: tuple[State, ...] = ("waiting", "queued", "sent")


class Delivery(msgspec.Struct, array_like=True):
    """One notice on its way to one address."""

    id: str
    zone: str
    notice: str
    channel: str
    to: str  # role/id
    address: str
    secret: str | None
    language: str
    subject: str
    text: str
    body: bytes
    content_type: str
    urgent: bool
    exercise: str | None
    made_at: float
    state: State = "queued"
    due: float | None = None
    tries: int = 0
    provider_id: str = ""
    detail: str = ""
    changed_at: float = 0.0
    subjects: tuple[str, ...] = ()


def is_open(delivery: Delivery) -> bool:
    """Whether there is more to come: of a mail nobody ever says more than that it was sent."""
    return delivery.state in OPEN and (delivery.state, delivery.channel) != ("sent", "email")


class Deliveries:
    """The open ones, and when each waiting one goes, by its own clock (a drill's or the wall's)."""

    def __init__(self) -> None:
        self.open: dict[str, Delivery] = {}
        self._of_notice: dict[str, list[str]] = {}
        self._waiting: dict[tuple[str, bool], list[tuple[float, str]]] = {}

    def add(self, batch: Batch, delivery: Delivery) -> None:
        """Keep it; it leaves with the batch, or when it is due."""
        self.load(delivery)
        self._write(batch, delivery)

    def load(self, delivery: Delivery) -> None:
        self.open[delivery.id] = delivery
        self._of_notice.setdefault(delivery.notice, []).append(delivery.id)
        if delivery.due is not None:
            heap = self._waiting.setdefault((delivery.zone, delivery.exercise is None), [])
            heapq.heappush(heap, (delivery.due, delivery.id))

    def forget(self, zone: str) -> None:
        """The zone is another process's."""
        for delivery in [d for d in self.open.values() if d.zone == zone]:
            del self.open[delivery.id]
            self._of_notice.pop(delivery.notice, None)
        for real in (True, False):
            self._waiting.pop((zone, real), None)

    def not_needed(self, batch: Batch, notice: str, now: float) -> None:
        """The push was acknowledged: what still waits for that need not go."""
        for id_ in self._of_notice.get(notice, []):
            delivery = self.open.get(id_)
            if delivery is not None and delivery.state == "waiting" and delivery.channel == "sms":
                self.move(batch, delivery, "unneeded", now)

    def drop_exercise(self, batch: Batch, zone: str, exercise: str, now: float) -> None:
        for delivery in [d for d in self.open.values() if (d.zone, d.exercise) == (zone, exercise)]:
            self.move(batch, delivery, "unneeded", now)

    def drop_recipient(self, batch: Batch, zone: str, to: str, now: float) -> None:
        for delivery in [d for d in self.open.values() if (d.zone, d.to) == (zone, to)]:
            self.move(batch, delivery, "unneeded", now)

    def move(self, batch: Batch, delivery: Delivery, state: State, now: float, detail: str = "") -> None:
        """To another state; the finished ones are only in the store."""
        delivery.state, delivery.changed_at, delivery.detail = state, now, detail
        if state != "waiting":
            delivery.due = None
        self._write(batch, delivery)
        if not is_open(delivery):
            self.open.pop(delivery.id, None)
            ids = self._of_notice.get(delivery.notice, [])
            if delivery.id in ids:
                ids.remove(delivery.id)
            if not ids:
                self._of_notice.pop(delivery.notice, None)

    def take_due(self, batch: Batch, zone: str, real: bool, now: float) -> list[Delivery]:
        """Those whose wait is over; they go now."""
        heap, found = self._waiting.get((zone, real), []), []
        while heap and heap[0][0] <= now:
            due, id_ = heapq.heappop(heap)
            delivery = self.open.get(id_)
            if delivery is not None and delivery.state == "waiting" and delivery.due == due:
                self.move(batch, delivery, "queued", now)
                found.append(delivery)
        return found

    def next_due(self, zone: str, real: bool) -> float | None:
        heap = self._waiting.get((zone, real))
        return heap[0][0] if heap else None

    def _write(self, batch: Batch, d: Delivery) -> None:
        # A row with a time is an open one, to be taken up again after a restart.
        at = (d.due or d.made_at) if is_open(d) else None
        row = (
            d.zone,
            d.id,
            d.notice,
            d.channel,
            d.state,
            d.made_at,
            at,
            msgspec.msgpack.encode(d),
            d.subjects,
        )
        batch.deliveries.append(row)


def of_notice(
    view: ZoneView, addressed: Addressed, subjects: tuple[str, ...], sms_after_s: float, hold: float | None
) -> Iterator[Delivery]:
    """What goes out besides the push. ``hold``: the end of quiet hours. A drill leaves by these ways only if it says so."""
    to, message = addressed.to, addressed.message
    cls = SERVICES[addressed.data["service"]].cls
    if message.exercise is not None:
        drill = view.drills.get(message.exercise)
        if drill is None or to.id not in drill.allow:
            return
    for contact in to.contacts:
        if contact.channel == "sms" and cls == "everyday":
            continue
        due = message.made_at + sms_after_s if contact.channel == "sms" else hold
        yield Delivery(
            stable_id(message.made_at, message.id, contact.channel, contact.address), message.zone, message.id,
            contact.channel, f"{to.role}/{to.id}", contact.address, contact.secret, to.language,
            _subject(addressed), addressed.data["text"][to.language], msgspec.json.encode(_body(addressed)),
            "application/json", cls != "everyday", message.exercise, message.made_at,
            "waiting" if due is not None else "queued", due, subjects=subjects,
        )  # fmt: skip


def handover(
    zone: str, agency: str, url: str, secret: str, incident: str, version: int, body: bytes, content_type: str,
    exercise: str | None, now: float, subjects: tuple[str, ...],
) -> Delivery:  # fmt: skip
    """An incident on its way to an agency's webhook."""
    return Delivery(
        stable_id(now, incident, agency, version), zone, incident, "webhook", f"agency/{agency}", url, secret, "ko",
        "", "", body, content_type, True, exercise, now, subjects=subjects,
    )  # fmt: skip


def _subject(addressed: Addressed) -> str:
    service = SERVICES[addressed.data["service"]]
    words = service.title_ko if addressed.to.language == "ko" else service.title_en
    return f"[안전존] {words}" if addressed.to.language == "ko" else f"[Safe Zone] {words}"


def _body(addressed: Addressed) -> dict[str, Any]:
    return (
        {"id": addressed.message.id, "type": addressed.type, "to": f"{addressed.to.role}/{addressed.to.id}"}
        | ({"exercise": addressed.message.exercise} if addressed.message.exercise is not None else {})
        | {"data": addressed.data}
    )
