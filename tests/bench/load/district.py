"""The registry of a pilot zone with several hundred children, and who sends from where. All invented.

Plane: metres from the school, x east, y north. Homes stand on rings 700 to 1,500 m out; between them
and the school are reader poles, bells and cameras. Every child has a tag, a phone, a home of its own,
a guardian with a consent, and one registered route.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .signing import SECRET, iso, keyid

LAT, LON = 37.5086, 126.8913
_K = 6371008.8 * math.pi / 180
_KOREA_S = 9 * 3600
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def lat_lon(x: float, y: float) -> dict[str, float]:
    return {
        "lat": round(LAT + y / _K, 7),
        "lon": round(LON + x / (_K * math.cos(math.radians(LAT))), 7),
    }


def _lon_lat(x: float, y: float) -> list[float]:
    point = lat_lon(x, y)
    return [point["lon"], point["lat"]]


@dataclass(frozen=True)
class District:
    """One zone. Ids are ``c0001`` (child), ``t-``, ``p-``, ``g-`` and ``home-`` with the child's after them."""

    zone: str = "bench"
    children: int = 400
    poles: int = 48
    bells: int = 24
    cameras: int = 8
    now: float = 0.0
    prefix: str = ""  # of every id: a registry knows each id once, whatever its zone
    child_ids: tuple[str, ...] = field(init=False)
    pole_ids: tuple[str, ...] = field(init=False)
    bell_ids: tuple[str, ...] = field(init=False)
    camera_ids: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "child_ids", tuple(f"{self.prefix}c{n:04d}" for n in range(1, self.children + 1)))
        put(self, "pole_ids", tuple(f"{self.prefix}pole{n:02d}" for n in range(1, self.poles + 1)))
        put(self, "bell_ids", tuple(f"{self.prefix}bell{n:02d}" for n in range(1, self.bells + 1)))
        put(self, "camera_ids", tuple(f"{self.prefix}cam{n}" for n in range(1, self.cameras + 1)))

    @property
    def gates(self) -> tuple[str, str]:
        return f"{self.prefix}gate1", f"{self.prefix}gate2"

    @property
    def desk(self) -> str:
        return f"{self.prefix}d112"

    def home_of(self, child: int) -> tuple[float, float]:
        angle, ring = 2.39996 * child, 700 + 800 * ((child * 0.618) % 1)
        return ring * math.cos(angle), ring * math.sin(angle)

    def on_the_way(self, child: int) -> tuple[float, float]:
        """A point half-way between home and school."""
        x, y = self.home_of(child)
        return x / 2, y / 2

    def pole_at(self, n: int) -> tuple[float, float]:
        angle, ring = 2.39996 * n, 250 + 350 * ((n * 0.618) % 1)
        return ring * math.cos(angle), ring * math.sin(angle)

    def readers(self) -> list[str]:
        return [*self.gates, f"{self.prefix}hall", *self.pole_ids]

    def recipients(self) -> list[tuple[str, str]]:
        """(role, id) of everybody who is told something."""
        return [("desk", self.desk), *(("guardian", f"g-{c}") for c in self.child_ids)]

    def items(self) -> list[dict[str, Any]]:
        return [
            *self._zone(),
            *self._equipment(),
            *(item for n in range(self.children) for item in self._child(n)),
        ]

    def _zone(self) -> Iterator[dict[str, Any]]:
        # A school day on which nobody is missed: not today, nor yesterday or tomorrow.
        today = int((self.now + _KOREA_S) // 86400 + 3) % 7
        yield {
            "kind": "zone", "id": self.zone, "zone": self.zone, "name": "측정구역", "timezone": "Asia/Seoul",
            "school": {"code": "7041138", **lat_lon(0, 0)},
            "calendar": {"weekdays": [_WEEKDAYS[(today + 3) % 7]], "arrive_by": "09:00",
                         "not_arrived_after": "09:10", "closes_at": "16:00"},
        }  # fmt: skip
        yield {"kind": "area", "id": f"{self.prefix}school", "zone": self.zone, "role": "school", "name": "측정초등학교",
               "center": lat_lon(0, 0), "radius_m": 100}  # fmt: skip
        yield {"kind": "desk", "id": self.desk, "zone": self.zone, "name": "112", "nature": "simulated",
               "key": _key(self.desk)}  # fmt: skip

    def _equipment(self) -> Iterator[dict[str, Any]]:
        for gate, x in zip(self.gates, (100.0, -100.0), strict=True):
            out = 5.0 if x > 0 else -5.0
            antennas = [
                {"id": "out", "side": "outer", **lat_lon(x + out, 0), "range_m": 4},
                {"id": "in", "side": "inner", **lat_lon(x - out, 0), "range_m": 4},
            ]
            placement = {**lat_lon(x, 0), "position": "gate", "area": f"{self.prefix}school"}
            yield self._device(gate, "reader", placement=placement, antennas=antennas)
        yield self._reader(f"{self.prefix}hall", "interior", 0, 0, area=f"{self.prefix}school")
        for n, pole in enumerate(self.pole_ids):
            yield self._reader(pole, "pole", *self.pole_at(n))
        for n, bell in enumerate(self.bell_ids):
            # Clear of the readers: a child seen within 30 m of a pressed bell is told of, and here hundreds would be.
            angle = math.tau * n / self.bells
            yield self._device(bell, "bell", placement=lat_lon(650 * math.cos(angle), 650 * math.sin(angle)))
        for n, camera in enumerate(self.camera_ids):
            x, y = self.pole_at(n)
            presets = [{"id": f"p{k}", "bearing_deg": k * 90} for k in range(4)]
            yield self._device(
                camera, "camera", placement=lat_lon(x, y + 10), presets=presets, fov_deg=90, view_m=60
            )

    def _child(self, n: int) -> Iterator[dict[str, Any]]:
        id_, zone = self.child_ids[n], self.zone
        x, y = self.home_of(n)
        yield {"kind": "area", "id": f"home-{id_}", "zone": zone, "role": "home", "name": f"집 {n + 1}",
               "center": lat_lon(x, y), "radius_m": 40}  # fmt: skip
        yield {
            "kind": "child", "id": id_, "zone": zone, "name": f"측정 {n + 1}", "grade": n % 6 + 1, "class": n // 6 % 8 + 1,
            "number": n % 30 + 1, "home": f"home-{id_}", "places": [],
            "routes": [{"id": "r1", "from": f"home-{id_}", "to": f"{self.prefix}school", "line": [_lon_lat(x, y), _lon_lat(0, 0)],
                        "corridor_m": 60, "minutes": 30}],
        }  # fmt: skip
        yield {"kind": "guardian", "id": f"g-{id_}", "zone": zone, "name": f"보호자 {n + 1}", "children": [id_],
               "nature": "simulated", "key": _key(f"g-{id_}")}  # fmt: skip
        yield {"kind": "consent", "id": f"con-{id_}", "zone": zone, "child": id_, "guardian": f"g-{id_}",
               "items": {"collect": True, "notify_guardians": True, "provide_112": True}, "status": "given",
               "at": iso(self.now - 86400)}  # fmt: skip
        yield self._device(f"t-{id_}", "tag", press_counter=True)
        yield self._device(f"p-{id_}", "phone")
        for thing in (f"t-{id_}", f"p-{id_}"):
            yield {"kind": "binding", "id": f"b-{thing}", "zone": zone, "child": id_, "thing": thing}

    def _reader(self, id_: str, position: str, x: float, y: float, area: str | None = None) -> dict[str, Any]:
        placement = {**lat_lon(x, y), "position": position, **({"area": area} if area else {})}
        antennas = [{"id": "a", "side": "single", **lat_lon(x, y), "range_m": 10}]
        return self._device(id_, "reader", placement=placement, antennas=antennas)

    def _device(self, id_: str, type_: str, **more: Any) -> dict[str, Any]:
        key = {} if type_ == "tag" else {"key": _key(id_)}
        return {
            "kind": "device",
            "id": id_,
            "zone": self.zone,
            "type": type_,
            "nature": "simulated",
            **key,
            **more,
        }


def _key(id_: str) -> dict[str, str]:
    return {"keyid": keyid(id_), "secret": SECRET}


def local_day(t: float) -> str:
    """The date in Korea."""
    return datetime.fromtimestamp(t + _KOREA_S, UTC).date().isoformat()
