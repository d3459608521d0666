"""The rules on a bench: registry, state and clock, no broker, no store, no signatures."""

import uuid
from typing import Any

import msgspec
from safezone_hub import pipeline
from safezone_hub.codec import Address
from safezone_hub.incidents.actions import Action, perform
from safezone_hub.items import read_item
from safezone_hub.messages import DECODERS, Envelope
from safezone_hub.observation import Effect, Tell
from safezone_hub.registering import registered
from safezone_hub.registry import Registry
from safezone_hub.settings import RuleSettings
from safezone_hub.state import Zone, ZoneState

from tests.hub.hub_world import CLOCK, DRILL, ZONE, at, iso, lat_lon, world


class Bench:
    """One zone under the exercise clock. Times are local ``HH:MM:SS`` or seconds."""

    def __init__(
        self, *children: str, start: str = "06:00", items: list[dict[str, Any]] | None = None, **rules: Any
    ) -> None:
        self.settings = RuleSettings(**rules)
        self.registry = Registry()
        self.state = ZoneState(Zone(ZONE))
        self.effects: list[Effect] = []
        self._tick, self._seq = 0, 0
        for body in items if items is not None else world(*(children or ("c1",))):
            item = read_item(body)
            self.registry.put(body, item)
            registered(self.view, self.state, self.settings, item)
        self.to(start)

    @property
    def view(self):  # type: ignore[no-untyped-def]
        return self.registry.zone(ZONE)

    def child(self, id_: str = "c1"):  # type: ignore[no-untyped-def]
        return self.state.children[id_]

    def to(self, when: str | float) -> None:
        """Move the clock, never backwards."""
        t = at(when) if isinstance(when, str) else when
        if t <= self.state.zone.now and self._tick:
            return
        self._tick += 1
        self.send("clock", CLOCK, "clock.tick", {"now": iso(t), "tick": self._tick}, t)

    def send(
        self, role: str, id_: str, type_: str, data: dict[str, Any], t: float, exercise: str | None = DRILL
    ) -> str:
        self._seq += 1
        message = str(uuid.UUID(int=self._seq))
        envelope = Envelope(
            "1.0", message, f"{ZONE}/{role}/{id_}", type_, iso(t), "application/json", "k", 1, self._seq,
            msgspec.Raw(b"{}"), "x" * 43, exercise if exercise is not None else msgspec.UNSET,
        )  # fmt: skip
        decoded = DECODERS[type_].decode(msgspec.json.encode(data))
        self.effects += pipeline.take_effect(
            self.view, self.state, self.settings, Address(ZONE, role, id_), envelope, decoded
        )
        return message

    def stay(self, reader: str, antenna: str, when: str | float, *, seconds: float = 3.0, tag: str = "t-c1",
             clock: float = 0.0, name: str | None = None, ends: bool = True, arrives: float | None = None,
             exercise: str | None = DRILL) -> None:  # fmt: skip
        """One stay, start and end message; ``clock`` is how far the reader's is ahead, ``arrives`` when late."""
        t = at(when) if isinstance(when, str) else when
        data = {
            "tag": tag, "antenna": antenna, "stay": name or f"s{self._seq}", "phase": "start",
            "first_at": iso(t + clock), "last_at": iso(t + clock), "reads": 1, "rssi_peak_dbm": -60,
        }  # fmt: skip
        self.to(arrives if arrives is not None else t)
        self.send("dev", reader, "tag.sighted", data, t + clock, exercise)
        if ends:
            self.to(arrives if arrives is not None else t + seconds)
            end = {**data, "phase": "end", "last_at": iso(t + clock + seconds), "reads": 5}
            self.send("dev", reader, "tag.sighted", end, t + clock + seconds, exercise)

    def walk(self, gate: str, when: str | float, *, inward: bool, **more: Any) -> None:
        """Through a gate: two stays 6 s apart."""
        t = at(when) if isinstance(when, str) else when
        first, second = ("out", "in") if inward else ("in", "out")
        self.stay(gate, first, t, **more)
        self.stay(gate, second, t + 6, **more)

    def fix(self, x: float, y: float, when: str | float, *, accuracy: float = 23.0, moving: bool | None = True,
            source: str = "gps", child: str = "c1", battery: float = 80.0,
            exercise: str | None = DRILL) -> None:  # fmt: skip
        t = at(when) if isinstance(when, str) else when
        self.to(t)
        data: dict[str, Any] = {
            **lat_lon(x, y), "accuracy_m": accuracy, "fix_source": source, "fixed_at": iso(t), "battery_pct": battery,
        }  # fmt: skip
        if moving is not None:
            data["moving"] = moving
        self.send("dev", f"p-{child}", "phone.located", data, t, exercise)

    def status(
        self, device: str, when: str | float, *, clock: float = 0.0, queue: int = 0, online: bool = True
    ) -> None:
        t = at(when) if isinstance(when, str) else when
        self.to(t)
        data = {"online": online, "queue_depth": queue, "clock": iso(t + clock), "interval_s": 300}
        self.send("dev", device, "device.status", data, t + clock)

    def act(self, verb: str, by: str = "operator/op1", **data: Any) -> str:
        """An action of a person, at the zone's present time."""
        action = Action(f"incident.{verb}" if "." not in verb else verb, by, data)
        id_, effects = perform(self.view, self.state, self.settings, action, self.state.zone.now)
        self.effects += effects
        return id_

    def incidents(self):  # type: ignore[no-untyped-def]
        return list(self.state.incidents.values())

    def told(self, *services: str) -> list[Tell]:
        """What was told, of these services or of all; not what the escalation said again."""
        return [e for e in self.all_told(*services) if not {"reminder", "escalated"} & set(e.flags)]

    def all_told(self, *services: str) -> list[Tell]:
        """With reminders and escalations."""
        return [e for e in self.effects if isinstance(e, Tell) and (not services or e.service in services)]

    def services(self) -> list[str]:
        return [t.service for t in self.told()]
