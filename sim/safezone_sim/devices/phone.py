"""A child's phone: fixes by motion, battery, speed dial 1."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import simpy

from safezone_sim.devices.agents import Equipment
from safezone_sim.life.ports import Bodies
from safezone_sim.map.model import Frame
from safezone_sim.records import Fix
from safezone_sim.scenario import Equipment as EquipmentSettings
from safezone_sim.scenario import Noise
from safezone_sim.world.model import Person, Place

# 68 % of a circular normal error of σ per axis lies within 1.515 σ; no receiver claims under 5 m.
R68 = math.sqrt(-2.0 * math.log(1.0 - 0.6827))
FLOOR_M = 5.0
IDLE_DRAIN_PCT_H = 2.0
FIX_DRAIN_PCT = 0.02


@dataclass
class Handset:
    """The telephone under the app: it dials, whatever the app does. ``untold``: calls that the app has not reported yet."""

    dialled: list[float] = field(default_factory=list)
    untold: list[float] = field(default_factory=list)

    def dial(self, t: float) -> None:
        """Speed dial 1: a voice call to 112 is set up."""
        self.dialled.append(t)
        self.untold.append(t)


class Phone(Equipment):
    """One phone. ``note`` receives the ideal fix; ``delivered`` each fix that reached the hub's side.

    ``shielded``: it can find no position. ``mock``: the latitude and longitude that a mock-position app gives instead, which
    its system does not hide.
    """

    def __init__(
        self,
        *args: Any,
        counted: int = 0,
        person: Person,
        bodies: Bodies,
        places: dict[str, Place],
        frame: Frame,
        settings: EquipmentSettings,
        noise: Noise,
        note: Callable[[Fix], None],
        delivered: Callable[[Fix], None],
        died: Callable[[float], None],
        handset: Handset | None = None,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.person = person
        self._bodies = bodies
        self._places = places
        self._frame = frame
        self._settings = settings
        self._noise = noise
        self._note = note
        self._delivered = delivered
        self._died = died
        self.handset = Handset() if handset is None else handset
        self.memory.setdefault("calls", counted)
        self.shielded = False
        self.mock: tuple[float, float] | None = None
        self.on = True
        self._battery = self.chance.uniform(65.0, 100.0)
        self._drained_at = self.env.now
        self._last_fix: tuple[float, float, float] | None = None
        self._following = self.env.process(self._fixes())
        self._tell_calls()

    def health(self) -> dict[str, Any]:
        return {"battery_pct": self.battery(), "firmware": "sim-app-1"}

    def report_status(self) -> None:
        if self.on:
            super().report_status()

    def battery(self) -> float:
        """Charge in per cent, now."""
        now = self.env.now
        self._battery -= (now - self._drained_at) / 3600.0 * IDLE_DRAIN_PCT_H
        self._drained_at = now
        return round(max(0.0, self._battery), 1)

    def switch(self, on: bool) -> None:
        """The phone goes off or on; off, it neither senses nor sends. What it had not sent goes out when it is on again."""
        self.on = on
        self.outbox.set_online(on)

    def charge(self, pct: float) -> None:
        """The battery is another one now, or emptied."""
        self._battery, self._drained_at = pct, self.env.now

    @property
    def consented(self) -> bool:
        """Whether the legal representative lets this phone be located (13.2)."""
        return bool(self.memory.get("consented", True))

    def heed_consent(self, given: bool) -> None:
        """Consent is given, or is not, or not any more: then nothing that tells a place goes out either."""
        self.memory["consented"] = given
        if not given:
            self._last_fix = None
            self.outbox.withdraw("phone.located")
        else:
            self.stir()

    def dial(self, note: Callable[[float], None] | None = None) -> None:
        """Speed dial 1, with the last fix if there is one."""
        self.handset.dial(self.env.now)
        self._tell_calls(note)

    def stir(self) -> None:
        """Something has changed about where it is: the motion sensor wakes the receiver at once."""
        self._following.interrupt()

    def wake(self) -> None:
        """The motion sensor feels its bearer set off though nothing said so: a fix now, and the moving cadence."""
        if self._following.is_alive:
            self._following.interrupt()

    def _tell_calls(self, note: Callable[[float], None] | None = None) -> None:
        while self.handset.untold:
            self._tell_call(self.handset.untold.pop(0), note)

    def _tell_call(self, at: float, note: Callable[[float], None] | None) -> None:
        call = self.number("calls")
        data: dict[str, Any] = {
            "dialled_at": self.outbox.device_time(at),
            # A phone that has lost its memory has another epoch.
            "call": f"{self.name}-call-{call}"
            if self.outbox.epoch == 1
            else f"call-{self.outbox.epoch}-{call}",
        }
        if self._last_fix is not None:
            lat, lon, accuracy = self._last_fix
            data["position"] = {"lat": lat, "lon": lon, "accuracy_m": accuracy}
        self.outbox.send("phone.called", data, note)

    def _fixes(self) -> Any:
        s = self._settings
        if not self._prompt:
            yield self.env.timeout(self.chance.uniform(0.0, s.fix_moving_s))
        while True:
            now = self.env.now
            moving = self._bodies.moved_within(self.person, now - s.still_after_s, now)
            if self.on and self._may_locate():
                self._fix(moving)
                if self._battery <= 0.0:
                    self._died(now)
                    self.switch(False)
            if moving:
                wait = s.fix_moving_s
            else:
                # The motion sensor wakes the receiver: first fix one period after the child sets off.
                start = self._bodies.next_motion(self.person, now)
                wait = min(s.fix_still_s, max(s.fix_moving_s, start + s.fix_moving_s - now))
            try:
                yield self.env.timeout(wait)
            except simpy.Interrupt:
                continue

    def _may_locate(self) -> bool:
        return self.consented and not self.shielded and self.mock is None

    def _fix(self, moving: bool) -> None:
        now, n, rng = self.env.now, self._noise, self.chance
        x, y = self._bodies.position(self.person, now)
        place = self._bodies.inside(self.person, now)
        indoors = place != "" and place in self._places and self._places[place].indoors
        pick, outlier = rng.random(), rng.random() < n.gps_outlier
        dx, dy = rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)
        far, bearing = n.gps_outlier_min_m + rng.expovariate(1 / 100.0), rng.uniform(0.0, 2 * math.pi)
        wobble = rng.uniform(0.85, 1.25)
        ideal = "wifi" if indoors else "gps"
        if pick < n.cell_share:
            source, sigma = "cell", n.cell_sigma_m
        elif indoors or pick < n.cell_share + n.wifi_outdoors:
            source, sigma = "wifi", n.wifi_sigma_m
        else:
            source, sigma = "gps", n.gps_sigma_m
        self._battery -= FIX_DRAIN_PCT
        battery = self.battery()
        nominal = max(FLOOR_M, R68 * (n.wifi_sigma_m if indoors else n.gps_sigma_m))
        lon, lat = self._lonlat(x, y)
        common = {
            "zone": self.zone,
            "child": self.person.id,
            "t": now,
            "moving": moving,
            "battery_pct": battery,
        }
        self._note(
            Fix(lat=lat, lon=lon, accuracy_m=nominal, source=ideal, known_at=now, **common)  # type: ignore[arg-type]
        )
        if source == "gps" and outlier:
            x, y = x + far * math.cos(bearing), y + far * math.sin(bearing)
        else:
            x, y = x + sigma * dx, y + sigma * dy
        accuracy = round(max(FLOOR_M, R68 * sigma * wobble), 1)
        lon, lat = self._lonlat(x, y)
        self._last_fix = (lat, lon, accuracy)
        self.outbox.send(
            "phone.located",
            {
                "lat": lat,
                "lon": lon,
                "accuracy_m": accuracy,
                "fix_source": source,
                "fixed_at": self.outbox.device_time(now),
                "moving": moving,
                "battery_pct": battery,
            },
            lambda t: self._delivered(
                Fix(lat=lat, lon=lon, accuracy_m=accuracy, source=source, known_at=t, **common)  # type: ignore[arg-type]
            ),
        )

    def _lonlat(self, x: float, y: float) -> tuple[float, float]:
        f = self._frame
        if self.mock is not None:
            return self.mock[1], self.mock[0]
        return round(x / f.m_per_deg_lon + f.lon0, 7), round(y / f.m_per_deg_lat + f.lat0, 7)
