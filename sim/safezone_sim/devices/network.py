"""The network between a device and the hub's broker: loss, delay, duplication, reordering.

It knows simulated time and chance; it does not know what a message means.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import simpy

from safezone_sim.scenario import Noise


@dataclass(slots=True, eq=False)
class Outgoing:
    """One message up on its way, from first sending to its receipt."""

    zone: str
    source: str
    id: str
    type: str
    topic: str
    payload: bytes
    emergency: bool
    created: float
    exact: bool = False  # arrives at its own moment, not on the grid
    attempts: int = 0
    delivered_at: float | None = None
    done: bool = False
    timer: object = None  # of its next repeat
    on_delivered: Callable[[float], None] | None = None
    on_stored: Callable[[], None] | None = None
    on_receipt: Callable[["Outgoing", float], None] = field(default=lambda message, t: None)


class Uplink(Protocol):
    """Where messages leave the simulated network: a real broker, or nothing.

    ``confirms_at_once``: every message handed over will get its receipt within the same slice, so the
    network may let the receipt come back in simulated time (the slice's barrier verifies that it did).
    """

    confirms_at_once: bool

    def deliver(self, message: Outgoing) -> None:
        """Takes one copy of a message at the present simulated moment."""


class Network:
    """All links of one run. One random stream per sender."""

    def __init__(self, env: simpy.Environment, noise: Noise, uplink: Uplink, routine_grid_s: float) -> None:
        self._env = env
        self._noise = noise
        self._uplink = uplink
        # Routine messages arrive on a grid, so that one tick of the exercise clock serves many.
        self._grid_s = routine_grid_s

    @property
    def confirms_at_once(self) -> bool:
        return self._uplink.confirms_at_once

    def latency(self, rng: random.Random) -> float:
        """One-way delay in seconds: log-normal around the scenario's median."""
        if self._noise.latency_s == 0:
            return 0.0
        return self._noise.latency_s * math.exp(0.5 * rng.gauss(0.0, 1.0))

    def send(self, message: Outgoing, rng: random.Random) -> float | None:
        """One attempt. Returns when its receipt will be back, if that is certain; else None."""
        noise = self._noise
        lost = rng.random() < noise.message_loss
        duplicate = rng.random() < noise.message_duplicate
        delay = self.latency(rng)
        if rng.random() < noise.message_reorder:
            delay += rng.uniform(1.0, 8.0)
        receipt_lost = rng.random() < noise.message_loss
        back = self.latency(rng)
        if lost:
            return None
        self._arrive(message, delay)
        if duplicate:
            self._arrive(message, delay + rng.uniform(0.1, 3.0))
        if receipt_lost or not self._uplink.confirms_at_once:
            return None
        # Rounding to the grid is the clock's doing, not the network's: it delays no receipt.
        return float(self._env.now) + delay + back

    def _arrive(self, message: Outgoing, delay: float) -> None:
        at: float = self._env.now + delay
        if self._grid_s and not message.exact:
            at = math.ceil(at / self._grid_s) * self._grid_s
        event = self._env.timeout(max(0.0, at - self._env.now))
        event.callbacks.append(lambda _event: self._deliver(message))

    def _deliver(self, message: Outgoing) -> None:
        if message.delivered_at is None:
            message.delivered_at = self._env.now
            if message.on_delivered is not None:
                message.on_delivered(self._env.now)
        self._uplink.deliver(message)
