"""The lockstep at a person's pace: one short step after the other, each complete at the hub before the next.

Pacing is a wrapper around the SimPy clock: whoever calls ``step`` decides how fast time goes. A hub that is away is waited
for as long as it takes, and then told again what it has not confirmed.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import simpy

from safezone_sim.twin.broker import BrokerError
from safezone_sim.twin.link import Link
from safezone_sim.twin.lockstep import Lockstep, ZoneClock
from safezone_sim.twin.transcript import Transcript

SAY_AGAIN_S = 3.0  # wall seconds without a word from the hub
TRY_S = 0.5


class Leaving(Exception):
    """The session is being ended while the hub is away."""


class Paced(Lockstep):
    """``away(True)`` when the hub is lost, ``away(False)`` when it answers again; ``idle`` is called while it is waited for."""

    def __init__(
        self,
        env: simpy.Environment,
        link: Link,
        clocks: Sequence[ZoneClock],
        transcript: Transcript,
        away: Callable[[bool], None],
        leaving: threading.Event,
        idle: Callable[[], None],
    ) -> None:
        super().__init__(env, link, clocks, transcript)
        self._away = away
        self._leaving = leaving
        self._idle = idle

    def step(self, t: float) -> None:
        """Simulates up to ``t``, seconds after midnight, later than now; returns when the hub has done its part."""
        self._env.run(until=t)
        ticks = {}
        for clock in self._clocks.values():
            self._advance(clock, t)
            ticks[clock.zone] = clock.tick
        self._flush()
        self._wait_for(ticks)
        self._hand_over(math.inf)

    def _wait_for(self, ticks: Mapping[str, int]) -> None:
        heard = time.monotonic()
        while any(self._clocks[zone].acknowledged < tick for zone, tick in ticks.items()):
            if self._leaving.is_set():
                raise Leaving
            try:
                arrived = self._link.take(0.25)
                for topic, payload in arrived:
                    self._sort(topic, payload)
                if arrived:
                    heard = time.monotonic()
                elif time.monotonic() - heard > SAY_AGAIN_S:
                    self._idle()
                    # Its broker may be back before it listens: what came meanwhile it never saw.
                    self._away(True)
                    self._say_again()
                    heard = time.monotonic()
            except OSError:
                self._recover()
                heard = time.monotonic()
        self._away(False)
        self._forget_confirmed()

    def _recover(self) -> None:
        self._away(True)
        while True:
            if self._leaving.is_set():
                raise Leaving
            self._idle()
            try:
                self._link.open(TRY_S)
                self._say_again()
                return
            except (BrokerError, OSError):
                continue

    def _say_again(self) -> None:
        for entries in self._unconfirmed.values():
            for _tick, message, topic, payload in entries:
                if message is None or (message.source, message.id) not in self._receipts:
                    self.resent += 1
                    self._link.publish(topic, payload)
        self._link.flush()
