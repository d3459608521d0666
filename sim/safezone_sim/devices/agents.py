"""Base of every piece of equipment and every recipient: a Mesa agent with an outbox, on the SimPy clock."""

import random
from typing import Any

import mesa
import simpy

from safezone_sim.devices.outbox import Outbox


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


class Equipment(Principal):
    """A device that reports its health every ``heartbeat_s``."""

    def __init__(
        self, model: DeviceModel, name: str, outbox: Outbox, rng: random.Random, heartbeat_s: float
    ) -> None:
        super().__init__(model, name, outbox, rng)
        self._heartbeat_s = heartbeat_s
        if heartbeat_s > 0:
            self.env.process(self._heartbeats())

    def health(self) -> dict[str, Any]:
        """Members of device.status beyond the common ones."""
        return {}

    def report_status(self) -> None:
        """Sends one heartbeat now."""
        self.outbox.send(
            "device.status",
            {
                "online": True,
                **self.health(),
                "queue_depth": self.outbox.depth,
                "clock": self.outbox.device_time(self.env.now),
                "interval_s": self._heartbeat_s,
            },
        )

    def _heartbeats(self) -> Any:
        # First one right after start, so that the hub knows the clock before it judges anything.
        yield self.env.timeout(self.chance.uniform(0.0, 20.0))
        self.report_status()
        yield self.env.timeout(self.chance.uniform(0.0, self._heartbeat_s))
        while True:
            self.report_status()
            yield self.env.timeout(self._heartbeat_s)
