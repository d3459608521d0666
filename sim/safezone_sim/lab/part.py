"""The part of a device that lives on power: its program, its memory of the moment, its link. A cut ends it where it stands."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import simpy

from safezone_sim.devices.agents import DeviceModel, Equipment
from safezone_sim.devices.envelope import WireTime
from safezone_sim.devices.inbox import Inbox
from safezone_sim.devices.network import Network, Outgoing
from safezone_sim.devices.outbox import Outbox
from safezone_sim.lab.store import Store
from safezone_sim.lab.wire import Post, Wire
from safezone_sim.scenario import Noise

SPREAD = 0.05  # share by which repeats are spread
SINCE_1970 = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Setting:
    """Who the device is, and what it stands in. Times are seconds, distances metres, bearings degrees."""

    role: str
    zone: str
    device: str
    keyid: str
    key: bytes
    broker: str
    store: Path
    heartbeat_s: float = 240.0
    antennas: tuple[tuple[str, str], ...] = (("outer", "outer"), ("inner", "inner"))  # name, side
    range_m: float = 4.0
    call_range_m: float = 60.0
    counts: bool = True  # whether tags count their presses
    presets: tuple[tuple[str, float], ...] = (("home", 0.0), ("gate", 120.0), ("yard", 240.0))
    stuck_s: float = 10.0
    test_every_s: float = 86400.0
    fix_moving_s: float = 30.0
    fix_still_s: float = 300.0
    still_after_s: float = 120.0


def catch_up(env: simpy.Environment, until: float) -> None:
    """Everything that is due up to this moment; SimPy's own run leaves its mark of the end in the queue."""
    if until > env.now:
        env.run(until=until)
    while env.peek() <= until:
        env.step()


class Part:
    """One device from switching on to its end. Simulated seconds are seconds since 1970.

    ``make`` builds the equipment; ``post`` runs a function in the lab's thread.
    """

    confirms_at_once = False

    def __init__(
        self, setting: Setting, t: float, clock_error_s: float, linked: bool, post: Post, make: Callable[["Part"], Equipment]
    ) -> None:  # fmt: skip
        self.env = simpy.Environment(initial_time=t)
        self.model = DeviceModel(self.env, setting.zone)
        # The one who sets a device up again has a clock: epochs of new stores rise.
        self.store = Store(setting.store, fresh_epoch=round(t * 1000))
        self.chance = random.Random()
        self._setting, self._post = setting, post
        self._alive = True
        self._out: list[Outgoing] = []
        self.outbox = Outbox(
            self.env,
            Network(self.env, Noise(latency_s=0.0), self, 0.0),
            WireTime(SINCE_1970),
            zone=setting.zone,
            role="dev",
            principal=setting.device,
            key=(setting.keyid, setting.key),
            exercise=self.store.get("drill"),
            rng=self.chance,
            clock_error_s=clock_error_s,
            epoch=self.store.epoch,
            seq=self.store.seq,
            spread=SPREAD,
            journal=self.store,
        )
        self.inbox = Inbox(setting.zone, "dev", setting.device, setting.key, self.store)
        self.outbox.set_online(False)
        self.outbox.restore(self.store.waiting(setting.zone, self.outbox.source, self.outbox.topic))
        self.equipment = make(self)
        self.wire: Wire | None = None
        if linked:
            self.link()

    # The link

    def link(self) -> None:
        """The network is there: connect, and stay connected."""
        s = self._setting
        self.wire = Wire(
            s.broker, f"{s.zone}-{s.device}", self.inbox.topic, self._post_if_alive, self._linked, self._heard
        )

    def unlink(self) -> None:
        """The network is gone."""
        if self.wire is not None:
            self.wire.cut()
            self.wire = None
        self.outbox.set_online(False)

    def deliver(self, message: Outgoing) -> None:
        """See ``network.Uplink``. It goes out once the store is safe."""
        self._out.append(message)

    def _post_if_alive(self, act: Callable[[], None]) -> None:
        def unless_dead() -> None:
            if self._alive:
                act()

        self._post(unless_dead)

    def _linked(self, up: bool) -> None:
        if self.wire is not None:
            self.outbox.set_online(up)

    def _heard(self, topic: str, payload: bytes) -> None:
        message = self.inbox.open(topic, payload)
        if message is None:
            return
        try:
            if message.type == "receipt":
                self.outbox.take_receipts(message.data["receipts"])
                return
            repeat = self.inbox.is_repeat(message)
            self.equipment.take(message.type, msgspec.to_builtins(message), repeat, self.env.now)
        except (KeyError, TypeError, ValueError):
            return  # under a good mac, and yet not what the standard wants: nothing can be done upon it

    # Time

    def live(self, until: float) -> None:
        """Everything that is due up to this moment."""
        catch_up(self.env, until)

    def settle(self) -> None:
        """What was done is safe, and what is to go out goes out."""
        self.store.commit()
        out, self._out = self._out, []
        for message in out:
            if self.wire is not None:
                self.wire.publish(message.topic, message.payload)

    # Its end

    def cut(self) -> None:
        """No power: whatever was not safe is lost."""
        self._alive = False
        if self.wire is not None:
            self.wire.cut()
        self.store.cut()

    def stop(self) -> None:
        """Told to go down: everything is put away first."""
        self.settle()
        self._alive = False
        if self.wire is not None:
            self.wire.close()
        self.store.cut()
