"""A sender's outbox: sequence, sender's window, repeats until the hub's receipt.

The wire's promise on the device side: no emergency is given up, only superseded positions are. What must outlive a power
cut is told to a ``Journal``; the twin's devices are never cut from their power and keep none.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import safezone_model
import simpy

from safezone_sim.devices.envelope import Up, WireTime, drill_or_unset, seal, uuid7
from safezone_sim.devices.network import Network, Outgoing

_TIMING = safezone_model.timing()
_WINDOW: int = _TIMING["sender_window"]
_FIRST_RETRY_S: float = _TIMING["receipt_retry_s"]["first"]
_FACTOR: float = _TIMING["receipt_retry_s"]["factor"]
_MAX_S: dict[bool, float] = {
    True: _TIMING["receipt_retry_s"]["max_emergency"],
    False: _TIMING["receipt_retry_s"]["max_routine"],
}
_SUPERSEDED_S: float = _TIMING["superseded_position_s"]
# Routine messages leave so much of the window to emergencies, which must not wait behind them.
_ROOM = 4
STORED = ("accepted", "duplicate")


class Journal(Protocol):
    """Where an outbox writes down what it may not forget. Nothing goes out before it is written."""

    def keep(self, message: Outgoing, seq: int) -> None:
        """A message was made, under this sequence number."""

    def drop(self, message: Outgoing) -> None:
        """A message is settled: its receipt came, or it is superseded."""


class NoJournal:
    """For devices that are never cut from their power."""

    def keep(self, message: Outgoing, seq: int) -> None:
        return

    def drop(self, message: Outgoing) -> None:
        return


class Outbox:
    """Messages of one principal. ``clock_error_s`` is how far its clock is ahead of the truth.

    ``spread``: the share by which repeats are spread at random. ``seq``: the last sequence number used in ``epoch``.
    """

    def __init__(
        self,
        env: simpy.Environment,
        network: Network,
        wire_time: WireTime,
        *,
        zone: str,
        role: str,
        principal: str,
        key: tuple[str, bytes],
        exercise: str | None,
        rng: random.Random,
        clock_error_s: float = 0.0,
        epoch: int = 1,
        seq: int = 0,
        spread: float = 0.0,
        journal: Journal | None = None,
    ) -> None:
        self._env = env
        self._network = network
        self._wire_time = wire_time
        self._zone = zone
        self.source = f"{zone}/{role}/{principal}"
        self.topic = f"safezone/v1/{zone}/{role}/{principal}/up"
        self._topic_bytes = self.topic.encode()
        self._keyid, self._key = key
        self._exercise = drill_or_unset(exercise)
        self._rng = rng
        self.clock_error_s = clock_error_s
        self.epoch = epoch
        self._seq = seq
        self._spread = spread
        self._journal = NoJournal() if journal is None else journal
        self._urgent: deque[Outgoing] = deque()
        self._waiting: deque[Outgoing] = deque()
        self._in_flight: dict[str, Outgoing] = {}
        self._online = True
        self._offline_since = env.now
        self.repeats = 0
        self.dropped = 0

    @property
    def depth(self) -> int:
        """Messages without a receipt."""
        return len(self._urgent) + len(self._waiting) + len(self._in_flight)

    def device_time(self, t: float) -> str:
        """True time to the text of this device's clock."""
        return self._wire_time.text(t + self.clock_error_s)

    def take_part(self, drill: str | None) -> None:
        """What is made from now on belongs to this drill, or to none. What waits stays as it is."""
        self._exercise = drill_or_unset(drill)

    def send(
        self,
        kind: str,
        data: Mapping[str, Any],
        on_delivered: Callable[[float], None] | None = None,
        on_stored: Callable[[], None] | None = None,
    ) -> Outgoing:
        """Queues one message; it goes out at once if link and window allow. ``on_stored``: its receipt came."""
        now = self._env.now
        self._seq += 1
        envelope = Up(
            "1.0",
            uuid7(self._wire_time.unix_ms(now), self._rng),
            self.source,
            kind,
            self.device_time(now),
            "application/json",
            self._keyid,
            self.epoch,
            self._seq,
            self._exercise,
            data,
        )
        message = Outgoing(
            self._zone,
            self.source,
            envelope.id,
            kind,
            self.topic,
            seal(self._key, self._topic_bytes, envelope),
            safezone_model.MESSAGES[kind].cls == "emergency",
            now,
            # Emergencies are timed to the millisecond; an ack must not wait until its notice is repeated.
            exact=kind == "ack" or safezone_model.MESSAGES[kind].cls == "emergency",
            on_delivered=on_delivered,
            on_stored=on_stored,
            on_receipt=self._take_receipt,
        )
        self._journal.keep(message, self._seq)
        self._queue(message)
        self._pump()
        return message

    def restore(self, messages: Iterable[Outgoing]) -> None:
        """After a power cut: what was made before it and has no receipt, in order of sequence, bytes as they were."""
        for message in messages:
            message.on_receipt = self._take_receipt
            self._queue(message)
        self._pump()

    def set_online(self, online: bool) -> None:
        """The device's own link goes down or comes back; the buffer is kept."""
        if online and not self._online:
            self._drop_superseded()
        elif self._online and not online:
            self._offline_since = self._env.now
        self._online = online
        if online:
            under_way = list(self._in_flight.values())
            self._send_anew(m for m in under_way if m.emergency)
            self._pump_urgent()
            self._send_anew(m for m in under_way if not m.emergency)
            self._pump()

    def take_receipts(self, receipts: Iterable[Mapping[str, Any]]) -> None:
        """Entries of a receipt whose mac is right. Those for messages it did not send are nothing to it."""
        for entry in receipts:
            message = self._in_flight.get(entry["id"])
            if message is not None and entry["source"] == self.source:
                self._take_receipt(message, self._env.now, entry["status"])

    def withdraw(self, kind: str) -> None:
        """Whatever waits of this kind must not go out any more."""
        for message in [*self._waiting, *self._in_flight.values()]:
            if message.type == kind:
                self._forget(message)

    def _forget(self, message: Outgoing) -> None:
        message.done = True
        if message.id in self._in_flight:
            del self._in_flight[message.id]
        else:
            self._waiting.remove(message)
        self._journal.drop(message)
        self.dropped += 1

    def _queue(self, message: Outgoing) -> None:
        if message.emergency:
            self._urgent.append(message)
        else:
            self._waiting.append(message)

    def _drop_superseded(self) -> None:
        """After a long time offline: positions older than the last one, and stale."""
        if self._env.now - self._offline_since <= _SUPERSEDED_S:
            return
        fixes = [m for m in self._waiting if m.type == "phone.located"]
        for message in fixes[:-1]:
            if self._env.now - message.created > _SUPERSEDED_S:
                self._forget(message)

    def _send_anew(self, messages: Iterable[Outgoing]) -> None:
        for message in messages:
            message.attempts = 0
            self._transmit(message)

    def _pump_urgent(self) -> None:
        while self._online and self._urgent and len(self._in_flight) < _WINDOW:
            self._start(self._urgent.popleft())

    def _pump(self) -> None:
        # An emergency never stands behind routine; the window is shared, with room kept for it.
        self._pump_urgent()
        while self._online and self._waiting and len(self._in_flight) < _WINDOW - _ROOM:
            self._start(self._waiting.popleft())

    def _start(self, message: Outgoing) -> None:
        self._in_flight[message.id] = message
        self._transmit(message)

    def _transmit(self, message: Outgoing) -> None:
        if not self._online:
            return
        if message.attempts:
            self.repeats += 1
        wait = self._pause(message)
        message.attempts += 1
        back = self._network.send(message, self._rng)
        if back is not None:
            event = self._env.timeout(max(0.0, back - self._env.now))
            event.callbacks.append(lambda _event: self._take_receipt(message, self._env.now))
        if back is None or back > self._env.now + wait:
            message.timer = timer = self._env.timeout(wait)
            timer.callbacks.append(lambda fired: self._retry(message, fired))

    def _pause(self, message: Outgoing) -> float:
        """Until the next repeat: 2 s, 4 s, 8 s … up to the most for its class."""
        most = _MAX_S[message.emergency]
        wait = min(_FIRST_RETRY_S * _FACTOR**message.attempts, most)
        if self._spread:
            # Later rather than sooner, but never beyond the most.
            share = 1.0 + self._rng.uniform(0.0, self._spread)
            wait = wait * share if wait * (1.0 + self._spread) <= most else most / share
        return wait

    def _retry(self, message: Outgoing, timer: object) -> None:
        # A link that came back has sent it anew, with a timer of its own.
        if not message.done and message.timer is timer:
            self._transmit(message)

    def _take_receipt(self, message: Outgoing, t: float, status: str = "accepted") -> None:
        if message.done:
            return
        message.done = True
        self._in_flight.pop(message.id, None)
        self._journal.drop(message)
        if status in STORED and message.on_stored is not None:
            message.on_stored()
        self._pump()
