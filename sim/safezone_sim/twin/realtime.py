"""The twin against any hub at speed 1: simulated time is wall time, receipts and repeats are real."""

import queue
import time
from collections.abc import Callable

import simpy

from safezone_sim.devices.network import Outgoing
from safezone_sim.twin.broker import Connection
from safezone_sim.twin.downlink import Downlink
from safezone_sim.twin.transcript import Transcript

IDLE_S = 0.05


class Realtime:
    """Drives one run. Also the network's ``Uplink``."""

    confirms_at_once = False

    def __init__(self, env: simpy.Environment, connection: Connection, transcript: Transcript) -> None:
        self._env = env
        self._connection = connection
        self._transcript = transcript
        self.downlink: Downlink | None = None
        self._sent: dict[tuple[str, str], Outgoing] = {}

    def deliver(self, message: Outgoing) -> None:
        """A copy of a message reaches the broker now."""
        self._sent[message.source, message.id] = message
        self._transcript.note_up(self._env.now, message.topic, message.payload)
        self._connection.publish(message.topic, message.payload)

    def run(
        self,
        end: float,
        *,
        at_slice: Callable[[float], bool],
        after_sync: Callable[[float], None],
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Runs until ``end`` (seconds after the shifted midnight), one simulated second a wall second."""
        started_wall, started = time.monotonic(), self._env.now
        asked = started
        while self._env.now < end:
            target = min(end, started + time.monotonic() - started_wall)
            if target > self._env.now:
                self._env.run(until=target)
            upcoming = self._env.peek() - self._env.now
            self._take(max(0.001, min(IDLE_S, upcoming)), started_wall, started)
            if self._env.now - asked >= 1.0:
                asked = self._env.now
                if at_slice(asked):
                    after_sync(asked)
                if progress is not None:
                    progress(asked)

    def _take(self, timeout_s: float, started_wall: float, started: float) -> None:
        assert self.downlink is not None
        try:
            item = self._connection.inbound.get(timeout=timeout_s)
        except queue.Empty:
            return
        while True:
            now = max(self._env.now, started + time.monotonic() - started_wall)
            if now > self._env.now:
                self._env.run(until=now)
            self._sort(*item)
            try:
                item = self._connection.inbound.get_nowait()
            except queue.Empty:
                return

    def _sort(self, topic: str, payload: bytes, wall: float) -> None:
        assert self.downlink is not None
        self._transcript.note_down(self._env.now, topic, payload)
        opened = self.downlink.open(topic, payload)
        if opened is None:
            return
        zone, role, principal, message = opened
        try:
            if message.type == "receipt":
                for source, id_, _status in self.downlink.receipts(message):
                    sent = self._sent.pop((source, id_), None)
                    if sent is not None:
                        sent.on_receipt(sent, self._env.now)
            elif message.type != "clock.ack":
                arrived = self.downlink.arrived(zone, role, principal, message, payload)
                self.downlink.hand_over(
                    arrived, simulated_delay=False, now=self._env.now, wall_ms=wall * 1000
                )
        except (KeyError, TypeError, ValueError) as e:
            self.downlink.note_invalid(topic, payload, e)
