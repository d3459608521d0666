"""One device on a simulated clock, its messages caught as they would reach a hub."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import simpy
from safezone_model import validator
from safezone_sim.devices.agents import DeviceModel
from safezone_sim.devices.envelope import WireTime
from safezone_sim.devices.network import Network, Outgoing
from safezone_sim.devices.outbox import Outbox
from safezone_sim.lab.store import Store
from safezone_sim.scenario import Noise

KEY = bytes(32)
SELDOM_S = 1e6  # of heartbeats: the first comes after 19 s, and then none for days


class Bench:
    """``store``: a file in which the device remembers; without it is new at every start."""

    confirms_at_once = False

    def __init__(self, store: Path | None = None) -> None:
        self.heard: list[tuple[float, str, dict[str, Any]]] = []
        self.env = simpy.Environment()
        self._store_path = store
        self.start()

    def start(self) -> None:
        """Power is there: what a device is made with."""
        now = float(self.env.now)
        self.env = simpy.Environment(initial_time=now)
        self.store = (
            None if self._store_path is None else Store(self._store_path, fresh_epoch=round(now * 1000) + 1)
        )
        kept = (
            {}
            if self.store is None
            else {"journal": self.store, "epoch": self.store.epoch, "seq": self.store.seq}
        )
        self.outbox = Outbox(
            self.env,
            Network(self.env, Noise(latency_s=0.0), self, 0.0),
            WireTime(datetime.fromtimestamp(0, UTC)),
            zone="z",
            role="dev",
            principal="d",
            key=("k", KEY),
            exercise=None,
            rng=random.Random(1),
            **kept,  # type: ignore[arg-type]
        )
        if self.store is not None:
            self.outbox.restore(self.store.waiting("z", self.outbox.source, self.outbox.topic))

    def common(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What every device is made with."""
        return (DeviceModel(self.env, "z"), "d", self.outbox, random.Random(2), SELDOM_S), {
            "memory": self.store
        }

    def cut(self) -> None:
        """The power is gone."""
        assert self.store is not None
        self.store.cut()

    def deliver(self, message: Outgoing) -> None:
        envelope = msgspec.json.decode(message.payload)
        validator(f"messages/{envelope['type']}").validate(envelope["data"])
        self.heard.append((float(self.env.now), envelope["type"], envelope))

    def pass_time(self, seconds: float) -> list[tuple[float, str, Mapping[str, Any]]]:
        """Lets time go by; (when, type, data) of what was heard meanwhile, repeats too."""
        before = len(self.heard)
        self.env.run(until=self.env.now + seconds)
        if self.store is not None:
            self.store.commit()
        return [(t, type_, envelope["data"]) for t, type_, envelope in self.heard[before:]]

    def receipts(self, status: str = "accepted") -> None:
        """A receipt for everything heard so far."""
        self.outbox.take_receipts(
            {"source": envelope["source"], "id": envelope["id"], "status": status}
            for _, _, envelope in self.heard
        )
