"""All equipment and recipients of one zone: built from its world, wired to life's stimuli.

Implements ``life.ports.Senses``. Writes down the ideal samples (no fault at all) and the realised ones
(what reached the hub's side of the network) for the judge; never decides anything a hub would decide.
"""

import math
import random
from collections.abc import Mapping
from functools import partial
from typing import Any

import simpy

from safezone_sim.devices.agents import DeviceModel, Equipment, Principal
from safezone_sim.devices.bell import Bell
from safezone_sim.devices.camera import Camera
from safezone_sim.devices.envelope import WireTime, secret_bytes
from safezone_sim.devices.network import Network
from safezone_sim.devices.outbox import Outbox
from safezone_sim.devices.phone import Phone
from safezone_sim.devices.reader import Reader
from safezone_sim.devices.recipient import Recipient
from safezone_sim.life.ports import Bodies
from safezone_sim.records import Fault, Fix, Press, Reception, Samples, Stay
from safezone_sim.scenario import Scenario
from safezone_sim.streams import scalar_stream
from safezone_sim.world.model import Antenna, Device, Person, SchoolWorld

OFFLINE_S = 3600.0
NEVER = 1e9  # seconds; JSON knows no infinity


class Fleet:
    """The equipment of one zone. ``attach`` gives it the living bodies, once they exist."""

    def __init__(
        self,
        env: simpy.Environment,
        scenario: Scenario,
        world: SchoolWorld,
        network: Network,
        wire_time: WireTime,
        seed: int,
        epoch: int = 1,
        salt: str = "",
    ) -> None:
        self._env = env
        self._scenario = scenario
        self._world = world
        self._network = network
        self._wire_time = wire_time
        self._seed = seed
        self._epoch = epoch
        self._salt = salt  # sets the ids of one run apart from those of another
        # Counters of real buttons never start anew: on a hub that remembers, neither may these.
        self._counted = 0 if epoch == 1 else epoch
        self.zone = world.zone
        self.model = DeviceModel(env, world.zone)
        self.principals: dict[tuple[str, str], Principal] = {}  # (role, id)
        self.phones: dict[str, Phone] = {}  # by person id
        self._presses: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.receptions: list[Reception] = []
        self.wall_ms: float | None = None  # at speed 1: when the message at hand came in, on the wall clock
        self._ideal_stays: list[Stay] = []
        self._ideal_fixes: list[Fix] = []
        self._ideal_presses: list[Press] = []
        self._stays: list[_RealisedStay] = []
        self._fixes: list[Fix] = []
        self._realised_presses: list[Press] = []
        self._forgotten = self._forgotten_tags()
        for device in world.devices:
            self._add_device(device)
        for guardian in world.guardians:
            self._add_recipient("guardian", guardian.id)
        self._add_recipient("desk", f"{self.zone}-desk")
        self._schedule_offline_readers()
        self._schedule_tampering()

    # -- building ---------------------------------------------------------------------------------

    def _rng(self, name: str, purpose: str) -> random.Random:
        return scalar_stream(self._seed, self.zone, name, purpose)

    def _outbox(self, role: str, name: str, *, clock_error: bool) -> Outbox:
        keyid, secret = self._world.keys[name]
        bound = self._scenario.noise.clock_error_s if clock_error else 0.0
        return Outbox(
            self._env,
            self._network,
            self._wire_time,
            zone=self.zone,
            role=role,
            principal=name,
            key=(keyid, secret_bytes(secret)),
            exercise=self._scenario.drill_id(self.zone),
            rng=self._rng(name, "link" + self._salt),
            clock_error_s=self._rng(name, "clock").uniform(-bound, bound),
            epoch=self._epoch,
        )

    def _add_device(self, device: Device) -> None:
        heartbeat_s = self._scenario.equipment.heartbeat_s
        common = (
            self.model,
            device.id,
            self._outbox("dev", device.id, clock_error=True),
            self._rng(device.id, "behaviour"),
            heartbeat_s,
        )
        made: Equipment
        if device.type == "reader":
            made = Reader(*common, device=device, noise=self._scenario.noise)
        elif device.type == "bell":
            made = Bell(*common, device=device, counted=self._counted)
        else:
            made = Camera(*common, device=device)
        self.principals["dev", device.id] = made

    def _add_recipient(self, role: str, name: str) -> None:
        self.principals[role, name] = Recipient(
            self.model,
            name,
            self._outbox(role, name, clock_error=False),
            self._rng(name, "behaviour"),
            role=role,
            note=self._note_reception,
        )

    def attach(self, bodies: Bodies) -> None:
        """Gives every phone the body that carries it. Call once, before the run."""
        places = dict(self._world.places)
        for person in self._world.subscribers:
            if person.phone is None:
                continue
            phone = Phone(
                self.model,
                person.phone,
                self._outbox("dev", person.phone, clock_error=True),
                self._rng(person.phone, "behaviour"),
                self._scenario.equipment.heartbeat_s,
                counted=self._counted,
                person=person,
                bodies=bodies,
                places=places,
                frame=self._world.map.frame,
                settings=self._scenario.equipment,
                noise=self._scenario.noise,
                note=self._ideal_fixes.append,
                delivered=self._fixes.append,
                died=partial(self._note_dead_phone, person.phone),
            )
            self.phones[person.id] = phone
            self.principals["dev", person.phone] = phone

    def _note_dead_phone(self, phone: str, t: float) -> None:
        self.faults.append(Fault(self.zone, "phone_dead", phone, t, self._scenario.end_s))

    def _forgotten_tags(self) -> set[str]:
        share = self._scenario.noise.forgotten_tags
        forgotten = {
            p.tag
            for p in self._world.subscribers
            if p.tag is not None and self._rng(p.tag, "forgotten").random() < share
        }
        for tag in sorted(forgotten):
            self.faults.append(
                Fault(self.zone, "tag_forgotten", tag, self._scenario.start_s, self._scenario.end_s)
            )
        return forgotten

    def _schedule_offline_readers(self) -> None:
        s = self._scenario
        for (role, name), principal in list(self.principals.items()):
            rng = self._rng(name, "offline")
            if role != "dev" or not isinstance(principal, Reader) or rng.random() >= s.noise.reader_offline:
                continue
            start = rng.uniform(s.start_s, max(s.start_s, s.end_s - OFFLINE_S))
            self.faults.append(Fault(self.zone, "reader_offline", name, start, start + OFFLINE_S))
            self._env.process(self._offline(principal, start))

    def _offline(self, reader: Reader, start: float) -> Any:
        yield self._env.timeout(max(0.0, start - self._env.now))
        reader.outbox.set_online(False)
        yield self._env.timeout(OFFLINE_S)
        reader.outbox.set_online(True)

    def _schedule_tampering(self) -> None:
        s = self._scenario
        for principal in list(self.principals.values()):
            rng = self._rng(principal.name, "tampering")
            if isinstance(principal, Bell) and rng.random() < s.noise.bell_tampered:
                opened = self._env.timeout(rng.uniform(0.0, s.end_s - s.start_s))
                opened.callbacks.append(lambda _event, bell=principal: bell.move_case())

    # -- Senses -----------------------------------------------------------------------------------

    def tag_stay(self, person: Person, reader: Device, antenna: Antenna, t_in: float, t_out: float) -> None:
        """See ``Senses``."""
        self._ideal_stays.append(Stay(self.zone, person.id, reader.id, antenna.id, t_in, t_out, t_in, t_out))
        if person.tag is None or person.tag in self._forgotten:
            return
        agent = self.principals["dev", reader.id]
        assert isinstance(agent, Reader)
        realised = _RealisedStay(person.id, reader.id, antenna.id, t_in, t_out)
        if agent.sense(person.tag, antenna.id, t_in, t_out, realised.note):
            self._stays.append(realised)

    def tag_pressed(self, person: Person, x: float, y: float, medical: bool) -> None:
        """See ``Senses``."""
        if person.tag is None:
            return
        now = self._env.now
        press = self._presses[person.tag] = self._presses.get(person.tag, self._counted) + 1
        for device in self._world.devices:
            if device.type != "reader":
                continue
            if math.hypot(device.x - x, device.y - y) > self._scenario.equipment.call_range_m:
                continue
            self._ideal_presses.append(Press(self.zone, "tag_call", person.id, device.id, now, now))
            if person.tag in self._forgotten:
                continue
            agent = self.principals["dev", device.id]
            assert isinstance(agent, Reader)
            agent.relay_call(
                person.tag,
                press,
                medical,
                lambda _heard, known, reader=device.id: self._realised_presses.append(  # type: ignore[misc]
                    Press(self.zone, "tag_call", person.id, reader, now, known)
                ),
            )

    def bell_pressed(self, bell: Device, person: Person | None) -> None:
        """See ``Senses``."""
        now = self._env.now
        self._ideal_presses.append(Press(self.zone, "bell_call", None, bell.id, now, now))
        agent = self.principals["dev", bell.id]
        assert isinstance(agent, Bell)
        agent.press(
            lambda known: self._realised_presses.append(
                Press(self.zone, "bell_call", None, bell.id, now, known)
            )
        )

    def phone_dialled(self, person: Person) -> None:
        """See ``Senses``."""
        phone = self.phones[person.id]
        now = self._env.now
        self._ideal_presses.append(Press(self.zone, "phone_call_112", person.id, phone.name, now, now))
        phone.dial(
            lambda known: self._realised_presses.append(
                Press(self.zone, "phone_call_112", person.id, phone.name, now, known)
            )
        )

    def phone_switched(self, person: Person, on: bool) -> None:
        """See ``Senses``."""
        phone = self.phones.get(person.id)
        if phone is not None:
            phone.switch(on)

    # -- what came down, and what is left behind --------------------------------------------------

    def _note_reception(self, recipient: str, t: float, repeat: bool, message: Mapping[str, Any]) -> None:
        self.receptions.append(Reception(self.zone, recipient, t, repeat, self.wall_ms, message))

    @property
    def ideal(self) -> Samples:
        """Samples of faultless equipment, in order of time."""
        return Samples(list(self._ideal_stays), list(self._ideal_fixes), list(self._ideal_presses))

    @property
    def realised(self) -> Samples:
        """Samples that reached the hub's side, in order of true time."""
        stays = [s.frozen(self.zone) for s in self._stays if s.known_at is not None]
        return Samples(
            sorted(stays, key=lambda s: (s.t_in, s.child, s.antenna)),
            sorted(self._fixes, key=lambda f: (f.t, f.child)),
            sorted(self._realised_presses, key=lambda p: (p.t, p.known_at)),
        )

    @property
    def camera_turns(self) -> list[dict[str, Any]]:
        """Every turn the cameras made, in order."""
        turns = [turn for p in self.principals.values() if isinstance(p, Camera) for turn in p.turns]
        return sorted(turns, key=lambda turn: (turn["t"], turn["camera"]))


class _RealisedStay:
    """A stay whose messages are still on their way."""

    __slots__ = ("antenna", "child", "end_known_at", "known_at", "reader", "t_in", "t_out")

    def __init__(self, child: str, reader: str, antenna: str, t_in: float, t_out: float) -> None:
        self.child, self.reader, self.antenna, self.t_in, self.t_out = child, reader, antenna, t_in, t_out
        self.known_at: float | None = None
        self.end_known_at: float | None = None

    def note(self, phase: str, t: float) -> None:
        if self.known_at is None:
            self.known_at = t
        if phase == "end" and self.end_known_at is None:
            self.end_known_at = t

    def frozen(self, zone: str) -> Stay:
        assert self.known_at is not None
        end = NEVER if self.end_known_at is None else self.end_known_at
        return Stay(zone, self.child, self.reader, self.antenna, self.t_in, self.t_out, self.known_at, end)
