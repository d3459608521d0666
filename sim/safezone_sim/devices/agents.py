"""Base of every piece of equipment and every recipient: a Mesa agent with an outbox, on the SimPy clock."""

import random
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import mesa
import simpy

from safezone_sim.devices.outbox import Outbox

# The next heartbeat is promised for a little later than it comes: no timer and no network is exact.
ANNOUNCED = 1.2


class DeviceModel(mesa.Model):  # type: ignore[misc]
    """Mesa's container of one zone's equipment and recipients. Holds no behaviour; SimPy holds time."""

    def __init__(self, env: simpy.Environment, zone: str) -> None:
        super().__init__(seed=0)
        self.env = env
        self.zone = zone


class Principal(mesa.Agent):  # type: ignore[misc]
    """Somebody with a name and a key on the wire."""

    def __init__(self, model: DeviceModel, name: str, outbox: Outbox, rng: random.Random) -> None:
        super().__init__(model)
        self.name = name
        self.env = model.env
        self.zone = model.zone
        self.outbox = outbox
        self.chance = rng

    def take(self, kind: str, message: dict[str, Any], repeat: bool, t: float) -> None:
        """A message down reached this principal at ``t``. Equipment without commands ignores it."""


@dataclass
class Housing:
    """What a device stands in: its power, its battery, its case. ``None``: it has no such thing."""

    mains: bool | None = True
    battery_pct: float | None = None
    case_open: bool = False


class Equipment(Principal):
    """A device that reports its health every ``heartbeat_s``, and at once when it changes.

    ``memory`` outlives a power cut where there is one. ``prompt``: it has just been switched on; without, it is one of
    many that come up some time before the day begins.
    """

    def __init__(
        self,
        model: DeviceModel,
        name: str,
        outbox: Outbox,
        rng: random.Random,
        heartbeat_s: float,
        *,
        memory: MutableMapping[str, Any] | None = None,
        housing: Housing | None = None,
        prompt: bool = False,
    ) -> None:
        super().__init__(model, name, outbox, rng)
        self.memory = {} if memory is None else memory
        self.housing = Housing() if housing is None else housing
        self.self_test = "passed"
        self._heartbeat_s = heartbeat_s
        self._prompt = prompt
        if heartbeat_s > 0:
            self.env.process(self._heartbeats())

    def health(self) -> dict[str, Any]:
        """Members of device.status beyond the common ones."""
        found: dict[str, Any] = {}
        if self.housing.mains is not None:
            found["mains"] = self.housing.mains
        if self.housing.battery_pct is not None:
            found["battery_pct"] = self.housing.battery_pct
        return {**found, "tamper": self.housing.case_open, "self_test": self.self_test, "firmware": "sim-1"}

    def report_status(self) -> None:
        """Sends one heartbeat now."""
        self.outbox.send(
            "device.status",
            {
                "online": True,
                **self.health(),
                "queue_depth": self.outbox.depth,
                "clock": self.outbox.device_time(self.env.now),
                "interval_s": round(self._heartbeat_s * ANNOUNCED, 3),
            },
        )

    def move_case(self, opened: bool = True) -> None:
        """Somebody opens the case now, or closes it: told at once, not with the next heartbeat."""
        self.housing.case_open = opened
        self.report_status()

    def switch_mains(self, present: bool) -> None:
        """Mains power goes or comes back now."""
        self.housing.mains = present
        self.report_status()

    def number(self, what: str) -> int:
        """The next number of something that is counted and never starts anew."""
        self.memory[what] = count = self.memory.get(what, 0) + 1
        return int(count)

    def _heartbeats(self) -> Any:
        # First one right after start, so that the hub knows the clock before it judges anything.
        if not self._prompt:
            yield self.env.timeout(self.chance.uniform(0.0, 20.0))
        self.report_status()
        yield self.env.timeout(
            self._heartbeat_s if self._prompt else self.chance.uniform(0.0, self._heartbeat_s)
        )
        while True:
            self.report_status()
            yield self.env.timeout(self._heartbeat_s)
