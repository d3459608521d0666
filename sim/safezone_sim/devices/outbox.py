"""A sender's outbox: sequence, sender's window, repeats until the hub's receipt.

The wire's promise on the device side: no emergency is given up, only superseded positions are.
"""

import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

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


class Outbox:
    """Messages of one principal. ``clock_error_s`` is how far its clock is ahead of the truth."""

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
    ) -> None:
        self._env = env
        self._network = network
        self._wire_time = wire_time
        self._zone = zone
        self.source = f"{zone}/{role}/{principal}"
        self._topic = f"safezone/v1/{zone}/{role}/{principal}/up"
        self._topic_bytes = self._topic.encode()
        self._keyid, self._key = key
        self._exercise = drill_or_unset(exercise)
        self._rng = rng
        self.clock_error_s = clock_error_s
        self._epoch = epoch
        self._seq = 0
        self._waiting: deque[Outgoing] = deque()
        self._in_flight: dict[str, Outgoing] = {}
        self._online = True
        self.repeats = 0
        self.dropped = 0

    @property
    def depth(self) -> int:
        """Messages without a receipt."""
        return len(self._waiting) + len(self._in_flight)

    def device_time(self, t: float) -> str:
        """True time to the text of this device's clock."""
        return self._wire_time.text(t + self.clock_error_s)

    def send(
        self,
        kind: str,
        data: Mapping[str, Any],
        on_delivered: Callable[[float], None] | None = None,
    ) -> Outgoing:
        """Queues one message; it goes out at once if link and window allow."""
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
            self._epoch,
            self._seq,
            self._exercise,
            data,
        )
        message = Outgoing(
            self._zone,
            self.source,
            envelope.id,
            kind,
            self._topic,
            seal(self._key, self._topic_bytes, envelope),
            safezone_model.MESSAGES[kind].cls == "emergency",
            now,
            # Emergencies are timed to the millisecond; an ack must not wait until its notice is repeated.
            exact=kind == "ack" or safezone_model.MESSAGES[kind].cls == "emergency",
            on_delivered=on_delivered,
            on_receipt=self._take_receipt,
        )
        if message.emergency:
            # An emergency never stands behind routine, nor behind a full window.
            self._in_flight[message.id] = message
            self._transmit(message)
        else:
            self._waiting.append(message)
            self._pump()
        return message

    def set_online(self, online: bool) -> None:
        """The device's own link goes down or comes back; the buffer is kept."""
        self._online = online
        if online:
            for message in list(self._in_flight.values()):
                message.attempts = 0
                self._transmit(message)
            self._pump()

    def _pump(self) -> None:
        while self._online and self._waiting and len(self._in_flight) < _WINDOW:
            message = self._waiting.popleft()
            if message.type == "phone.located" and self._env.now - message.created > _SUPERSEDED_S:
                self.dropped += 1
                continue
            self._in_flight[message.id] = message
            self._transmit(message)

    def _transmit(self, message: Outgoing) -> None:
        if not self._online:
            return
        if message.attempts:
            self.repeats += 1
        wait = min(_FIRST_RETRY_S * _FACTOR**message.attempts, _MAX_S[message.emergency])
        message.attempts += 1
        back = self._network.send(message, self._rng)
        if back is not None:
            event = self._env.timeout(max(0.0, back - self._env.now))
            event.callbacks.append(lambda _event: self._take_receipt(message, self._env.now))
        if back is None or back > self._env.now + wait:
            attempt = message.attempts
            timer = self._env.timeout(wait)
            timer.callbacks.append(lambda _event: self._retry(message, attempt))

    def _retry(self, message: Outgoing, attempt: int) -> None:
        if not message.done and message.attempts == attempt:
            self._transmit(message)

    def _take_receipt(self, message: Outgoing, t: float) -> None:
        if message.done:
            return
        message.done = True
        self._in_flight.pop(message.id, None)
        self._pump()
