"""The twin against a hub under the exercise clock: slices of simulated time, as fast as the hub goes.

A slice is simulated while the hub still works on the one before; what the hub sent in a slice reaches
people after the next one, in the hub's own order of time. So the outcome does not depend on speed.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import simpy

from safezone_sim.devices.envelope import Up, WireTime, drill_or_unset, seal, uuid7
from safezone_sim.devices.network import Outgoing
from safezone_sim.twin.downlink import Arrived, Downlink
from safezone_sim.twin.link import Link
from safezone_sim.twin.transcript import Transcript

# Notices repeat after 5 s without an ack: two slices and the way back must fit in between.
SLICE_S = 2.0
STALL_S = 60.0


class HubStalled(RuntimeError):
    """The hub stopped acknowledging the clock."""


class ZoneClock:
    """The clock principal of one zone."""

    def __init__(
        self,
        zone: str,
        principal: str,
        key: tuple[str, bytes],
        exercise: str,
        wire_time: WireTime,
        rng: random.Random,
        epoch: int = 1,
    ) -> None:
        self.zone = zone
        self.source = f"{zone}/clock/{principal}"
        self.topic = f"safezone/v1/{zone}/clock/{principal}/up"
        self._topic_bytes = self.topic.encode()
        self._keyid, self._key = key
        self._exercise = exercise
        self._wire_time = wire_time
        self._rng = rng
        self._epoch = epoch
        self.tick = 0
        self.now_ms = -1
        self.acknowledged = 0

    def advance(self, t: float) -> bytes:
        """The bytes of the tick that takes the zone to ``t`` seconds."""
        self.tick += 1
        self.now_ms = round(t * 1000)
        now = self._wire_time.text(t)
        envelope = Up(
            "1.0",
            uuid7(self._wire_time.unix_ms(t), self._rng),
            self.source,
            "clock.tick",
            now,
            "application/json",
            self._keyid,
            self._epoch,
            self.tick,
            drill_or_unset(self._exercise),
            {"now": now, "tick": self.tick},
        )
        return seal(self._key, self._topic_bytes, envelope)


class Lockstep:
    """Drives one run. Also the network's ``Uplink``."""

    confirms_at_once = True

    def __init__(
        self,
        env: simpy.Environment,
        link: Link,
        clocks: Sequence[ZoneClock],
        transcript: Transcript,
        revive: Callable[[], None] | None = None,
    ) -> None:
        self._env = env
        self._link = link
        self._clocks: Mapping[str, ZoneClock] = {c.zone: c for c in clocks}
        self._transcript = transcript
        self._revive = revive
        self.downlink: Downlink | None = None
        # By zone, all that was published and is not yet confirmed: (tick it follows, message, topic, bytes).
        self._unconfirmed: Mapping[str, deque[tuple[int, Outgoing | None, str, bytes]]] = {
            c.zone: deque() for c in clocks
        }
        self._receipts: dict[tuple[str, str], str] = {}
        self._held: list[Arrived] = []
        self.resent = 0

    # -- Uplink -----------------------------------------------------------------------------------

    def deliver(self, message: Outgoing) -> None:
        """A copy of a message reaches the broker at this simulated moment, after the zone's clock."""
        clock = self._clocks[message.zone]
        if round(self._env.now * 1000) > clock.now_ms:
            self._advance(clock, self._env.now)
        self._publish(message.zone, clock.tick, message, message.topic, message.payload)

    def _advance(self, clock: ZoneClock, t: float) -> None:
        payload = clock.advance(t)
        self._publish(clock.zone, clock.tick - 1, None, clock.topic, payload)

    def _publish(self, zone: str, tick: int, message: Outgoing | None, topic: str, payload: bytes) -> None:
        self._transcript.note_up(self._env.now, topic, payload)
        self._unconfirmed[zone].append((tick, message, topic, payload))
        try:
            self._link.publish(topic, payload)
        except OSError:
            self._recover()

    def _flush(self) -> None:
        """Out with the slice, so that the hub works on it while the next one is simulated."""
        try:
            self._link.flush()
        except OSError:
            self._recover()

    # -- the run ----------------------------------------------------------------------------------

    def run(
        self,
        end: float,
        *,
        pause: float = 0.0,
        at_slice: Callable[[float], bool] | None = None,
        after_sync: Callable[[float], None] | None = None,
        crash: Callable[[float], None] | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Runs until ``end`` (seconds after midnight).

        ``at_slice(t)`` says whether the slice ending at t must be complete at the hub before ``after_sync(t)``
        runs. ``crash(t)`` may kill the hub in the middle of a slice. ``pause``: wall seconds each simulated
        second must take at least (0: as fast as possible).
        """
        before: tuple[float, dict[str, int]] | None = None
        started_wall, started = time.monotonic(), self._env.now
        while self._env.now < end:
            t = min(self._env.now + SLICE_S, end)
            self._env.run(until=t)
            if crash is not None:
                crash(t)
            ticks = {}
            for clock in self._clocks.values():
                self._advance(clock, t)
                ticks[clock.zone] = clock.tick
            self._flush()
            if before is not None:
                self._wait_for(before[1])
                self._hand_over(before[0])
            if at_slice is not None and after_sync is not None and at_slice(t):
                self._wait_for(ticks)
                after_sync(t)
            before = (t, ticks)
            if progress is not None:
                progress(t)
            if pause:
                ahead = (t - started) * pause - (time.monotonic() - started_wall)
                if ahead > 0:
                    time.sleep(ahead)
        if before is not None:
            self._wait_for(before[1])
            self._hand_over(before[0] + 1e-6)

    def _wait_for(self, ticks: Mapping[str, int]) -> None:
        deadline = time.monotonic() + STALL_S
        while any(self._clocks[zone].acknowledged < tick for zone, tick in ticks.items()):
            try:
                arrived = self._link.take(0.25)
            except OSError:
                self._recover()
                deadline = time.monotonic() + STALL_S
                continue
            for topic, payload in arrived:
                self._sort(topic, payload)
            if not arrived and time.monotonic() > deadline:
                waiting = {z: (self._clocks[z].acknowledged, t) for z, t in ticks.items()}
                raise HubStalled(
                    f"no clock.ack for {STALL_S:.0f} s (zone: acknowledged, wanted) {waiting}. See the hub's log."
                )
        self._forget_confirmed()

    def _recover(self) -> None:
        """The hub or broker went away: wait until it is back, then say again what is not confirmed."""
        if self._revive is not None:
            self._revive()
        self._link.open(STALL_S)
        for entries in self._unconfirmed.values():
            for _tick, message, topic, payload in entries:
                if message is None or (message.source, message.id) not in self._receipts:
                    self.resent += 1
                    self._link.publish(topic, payload)

    def _sort(self, topic: str, payload: bytes) -> None:
        assert self.downlink is not None
        self._transcript.note_down(self._env.now, topic, payload)
        opened = self.downlink.open(topic, payload)
        if opened is None:
            return
        zone, role, principal, message = opened
        try:
            if message.type == "clock.ack":
                clock = self._clocks[zone]
                clock.acknowledged = max(clock.acknowledged, int(message.data["tick"]))
            elif message.type == "receipt":
                for source, id_, status in self.downlink.receipts(message):
                    self._receipts[source, id_] = status
            else:
                self._held.append(self.downlink.arrived(zone, role, principal, message, payload))
        except (KeyError, TypeError, ValueError) as e:
            self.downlink.note_invalid(topic, payload, e)

    def _hand_over(self, until: float) -> None:
        """What the hub sent before ``until`` reaches its recipients, in the hub's order of time."""
        assert self.downlink is not None
        due = [a for a in self._held if a.sent < until - 1e-9]
        if not due:
            return
        self._held = [a for a in self._held if a.sent >= until - 1e-9]
        due.sort(key=lambda a: (a.sent, a.zone, a.role, a.principal, a.message.id))
        for a in due:
            self.downlink.hand_over(a, simulated_delay=True, now=self._env.now)

    def _forget_confirmed(self) -> None:
        """Drops what the hub's clock has passed; each of those messages must have its receipt."""
        for zone, entries in self._unconfirmed.items():
            acknowledged = self._clocks[zone].acknowledged
            while entries and entries[0][0] < acknowledged:
                _tick, message, _topic, _payload = entries.popleft()
                if message is not None and (message.source, message.id) not in self._receipts:
                    raise HubStalled(
                        f"{message.source} {message.id} ({message.type}): no receipt, though the hub acknowledged the clock past it."
                    )
