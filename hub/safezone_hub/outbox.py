"""Messages down that nobody has settled yet, and when each is due again: a drill's by the zone's time, real ones by the wall clock."""

import heapq
from dataclasses import dataclass, field

import msgspec
from safezone_model import timing

from safezone_hub.notices import Outgoing
from safezone_hub.store import Batch

_REPEAT = timing()["notice_repeat_s"]


@dataclass(slots=True)
class Outbox:
    """The open ones by (zone, id)."""

    open: dict[tuple[str, str], Outgoing] = field(default_factory=dict)
    _due: dict[tuple[str, bool], list[tuple[float, str]]] = field(default_factory=dict)

    def add(
        self,
        batch: Batch,
        message: Outgoing,
        now: float,
        subjects: tuple[str, ...] = (),
        hold: float | None = None,
    ) -> None:
        """A new message, to be sent after the commit at ``now`` of its own clock, or when ``hold`` has passed."""
        row = (message.zone, message.id, message.settled_by, message.topic, message.payload, message.made_at)
        batch.outbox.append((*row, message.exercise, subjects))
        self.open[message.zone, message.id] = message
        if hold is not None:
            self.hold(message, hold)
        else:
            self.schedule(message, now)

    def schedule(self, message: Outgoing, now: float) -> None:
        """Repeat after 5 s, doubling to 60 s."""
        message.wait_s = min(_REPEAT["max"], message.wait_s * _REPEAT["factor"] or _REPEAT["first"])
        self._push(message, now + message.wait_s)

    def hold(self, message: Outgoing, until: float) -> None:
        """Not before the end of somebody's quiet hours."""
        self._push(message, until)

    def settle(self, batch: Batch, zone: str, id_: str, by: str) -> bool:
        """End the repeats. False when there is no such message, or it is somebody else's."""
        message = self.open.get((zone, id_))
        if message is None or message.settled_by != by:
            return False
        self._close(batch, zone, id_)
        return True

    def drop_exercise(self, batch: Batch, zone: str, exercise: str) -> None:
        """The drill is over: nobody waits for its acknowledgements."""
        for key, message in list(self.open.items()):
            if message.zone == zone and message.exercise == exercise:
                self._close(batch, *key)

    def drop_recipient(self, batch: Batch, zone: str, principal: str) -> None:
        """Somebody who is no longer registered, or must learn nothing any more."""
        for key, message in list(self.open.items()):
            if message.zone == zone and message.settled_by == principal:
                self._close(batch, *key)

    def drop_turns(self, batch: Batch, zone: str, camera: str, incident: str) -> None:
        """A camera is let go: what it was told to do for that incident is not said to it again."""
        for key, message in list(self.open.items()):
            if message.zone == zone and message.settled_by == f"dev/{camera}":
                said = msgspec.json.decode(message.payload)
                if said["type"] == "camera.turn" and said["data"]["incident"] == incident:
                    self._close(batch, *key)

    def forget(self, zone: str) -> None:
        """The zone is another process's: nothing of it is sent from here."""
        for key in [key for key in self.open if key[0] == zone]:
            del self.open[key]
        for real in (True, False):
            self._due.pop((zone, real), None)

    def of_zone(self, zone: str) -> list[Outgoing]:
        """All that may be said again; not what waits for the end of quiet hours."""
        return [message for (z, _), message in self.open.items() if z == zone and message.wait_s]

    def take_due(self, zone: str, real: bool, now: float) -> list[Outgoing]:
        """What is to be sent again by now, scheduled anew."""
        due = self._due.get((zone, real), [])
        found = []
        while due and due[0][0] <= now:
            at, id_ = heapq.heappop(due)
            message = self.open.get((zone, id_))
            if message is not None and message.next_at == at:
                found.append(message)
        for message in found:
            self.schedule(message, now)
        return found

    def next_due(self, zone: str, real: bool) -> float | None:
        due = self._due.get((zone, real))
        return due[0][0] if due else None

    def _push(self, message: Outgoing, at: float) -> None:
        message.next_at = at
        heap = self._due.setdefault((message.zone, message.exercise is None), [])
        heapq.heappush(heap, (message.next_at, message.id))

    def _close(self, batch: Batch, zone: str, id_: str) -> None:
        del self.open[zone, id_]
        batch.settled.append((zone, id_))
