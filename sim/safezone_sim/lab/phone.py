"""A phone in the jig: carried about, shielded, deceived, its speed dial pressed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from safezone_sim.devices.agents import Housing
from safezone_sim.devices.phone import Handset, Phone
from safezone_sim.lab.jig import BOOT_S, Doing, Jig, Refused, utc
from safezone_sim.lab.part import Part, Setting
from safezone_sim.map.model import Frame
from safezone_sim.scenario import Equipment as EquipmentSettings
from safezone_sim.scenario import Noise
from safezone_sim.world.model import Person

START = (37.5, 126.9)  # where it lies at first: latitude, longitude
GPS_SIGMA_M = 4.0
CONSENTS = ("given", "none", "withdrawn", "suspended")


@dataclass
class Body:
    """Whoever carries the phone: where they are at any moment. Metres of the frame; see ``life.ports.Bodies``."""

    frame: Frame
    legs: list[tuple[float, float, float]] = field(
        default_factory=list
    )  # moment, x, y: straight from one to the next

    def position(self, person: Person, t: float) -> tuple[float, float]:
        before = [leg for leg in self.legs if leg[0] <= t]
        after = [leg for leg in self.legs if leg[0] > t]
        if not before or not after:
            _, x, y = (before or after)[-1 if before else 0]
            return x, y
        (t0, x0, y0), (t1, x1, y1) = before[-1], after[0]
        share = (t - t0) / (t1 - t0)
        return x0 + share * (x1 - x0), y0 + share * (y1 - y0)

    def inside(self, person: Person, t: float) -> str:
        return ""

    def moved_within(self, person: Person, t0: float, t1: float) -> bool:
        return any(
            a[0] <= t1 and b[0] >= t0 and a[1:] != b[1:]
            for a, b in zip(self.legs, self.legs[1:], strict=False)
        )

    def next_motion(self, person: Person, t: float) -> float:
        return math.inf


class PhoneJig(Jig):
    """One phone and its app."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.housing = Housing(mains=None)
        self.handset = Handset()
        self.frame = Frame.at(START[1], START[0])
        self.body = Body(self.frame, [(self.now(), 0.0, 0.0)])
        self._battery = 100.0
        self._shielded = False
        self._mock: tuple[float, float] | None = None

    def make(self, part: Part) -> Phone:
        args, more = self.common(part)
        s = self.setting
        person = Person("nobody", 0, True, "", 1, 1, 1, 1.2, "", 0, (), None, None, s.device, ())
        phone = Phone(
            *args,
            person=person,
            bodies=self.body,
            places={},
            frame=self.frame,
            settings=EquipmentSettings(
                fix_moving_s=s.fix_moving_s, fix_still_s=s.fix_still_s, still_after_s=s.still_after_s
            ),
            noise=Noise(latency_s=0.0, gps_sigma_m=GPS_SIGMA_M),
            note=lambda fix: None,
            delivered=lambda fix: None,
            died=lambda t: None,
            handset=self.handset,
            **more,
        )
        phone.charge(self._battery)
        phone.shielded, phone.mock = self._shielded, self._mock
        return phone

    def _phone(self) -> Phone:
        part = self.running()
        assert isinstance(part.equipment, Phone)
        return part.equipment

    def do_begin(self, case: str) -> Doing:
        yield from super().do_begin(case)
        self.do_no_fix(False)
        if self._mock is not None:
            self.do_mock_position(False, 0.0, 0.0)
        if not self._phone().consented:
            self.do_consent("given")
        return None

    def do_mains(self, up: bool) -> None:
        raise Refused("unsupported")

    def do_open_case(self, open: bool) -> None:
        raise Refused("unsupported")

    def do_low_battery(self, pct: float) -> Mapping[str, Any] | None:
        self._battery = pct
        if self.part is not None:
            self._phone().charge(pct)
        return {"pct": pct}

    def do_move(self, points: list[list[float]], step_s: float) -> Doing:
        began = self.outside.now
        self.body.legs.append((began, *self.body.legs[-1][1:]))
        for n, (lat, lon) in enumerate(points):
            x, y = (
                (lon - self.frame.lon0) * self.frame.m_per_deg_lon,
                (lat - self.frame.lat0) * self.frame.m_per_deg_lat,
            )
            self.body.legs.append((began + n * step_s, float(x), float(y)))
        self._phone().stir()
        yield self.sleep((len(points) - 1) * step_s)
        self._forget_old_legs()
        return {"truth": [self._truth(began + n * step_s, lat, lon) for n, (lat, lon) in enumerate(points)]}

    def do_still(self, seconds: float) -> Doing:
        began = self.outside.now
        x, y = self.body.legs[-1][1:]
        yield self.sleep(seconds)
        lat, lon = (
            y / self.frame.m_per_deg_lat + self.frame.lat0,
            x / self.frame.m_per_deg_lon + self.frame.lon0,
        )
        return {"truth": [self._truth(began, lat, lon)]}

    def _truth(self, t: float, lat: float, lon: float) -> dict[str, Any]:
        return {"at": utc(t), "lat": lat, "lon": lon}

    def _forget_old_legs(self) -> None:
        del self.body.legs[:-200]

    def do_no_fix(self, on: bool) -> None:
        self._shielded = self._phone().shielded = on

    def do_mock_position(self, on: bool, lat: float, lon: float) -> None:
        self._mock = self._phone().mock = (lat, lon) if on else None
        self._phone().stir()

    def do_dial_112(self, app: str) -> Doing:
        began, before = self.outside.now, len(self.handset.dialled)
        if app == "killed":
            self.switch_off()
            yield self.sleep(BOOT_S)
            began = self.outside.now
            self.handset.dial(began)
            # The telephone wakes the app for what it has to report.
            self.switch_on()
        else:
            self._phone().dial()
        return {"at": utc(began), "dialled": len(self.handset.dialled) > before}

    def do_consent(self, status: str) -> None:
        if status not in CONSENTS:
            raise Refused(f"no such consent: {status}")
        self._phone().heed_consent(status == "given")
