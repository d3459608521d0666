"""The registry as the judge reads it: places, readers, children and their routes, in metres.

Built from the registry items of the standard as they were provisioned, and from nothing of the hub's.
Metres are those of a local frame around the zone's school (x east, y north).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from safezone_sim.judge.day import Day
from safezone_sim.judge.geometry import FloatArray, inside_ring
from safezone_sim.map.model import Frame

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Area:
    """A registered place or danger area; ``ring`` (k, 2) metres, closed, or None."""

    id: str
    role: str
    name: str
    x: float
    y: float
    radius_m: float
    ring: FloatArray | None

    def contains(self, x: FloatArray, y: FloatArray) -> "np.typing.NDArray[np.bool_]":
        """Which points lie inside: the ring where one is registered, else the circle of radius_m."""
        if self.ring is not None:
            return inside_ring(x, y, self.ring)
        return np.hypot(x - self.x, y - self.y) <= self.radius_m


@dataclass(frozen=True)
class Reader:
    """A registered reader; ``antennas`` maps antenna id to (side, x, y)."""

    id: str
    position: str | None
    area: str | None
    x: float
    y: float
    antennas: Mapping[str, tuple[str, float, float]]

    def antenna_xy(self, antenna: str) -> tuple[float, float]:
        """Where an antenna stands, metres; the reader's own place if it is unknown."""
        known = self.antennas.get(antenna)
        return (known[1], known[2]) if known else (self.x, self.y)


@dataclass(frozen=True)
class Route:
    """A registered route: ``line`` (k, 2) metres and half the width of its corridor."""

    id: str
    line: FloatArray
    corridor_m: float


@dataclass(frozen=True)
class Child:
    """A subscribed child. ``regular``: home, school and its other registered places."""

    id: str
    zone: str
    name: str
    home: str
    regular: tuple[str, ...]
    routes: tuple[Route, ...]
    home_by_s: float | None


@dataclass
class Zone:
    """One school with its surroundings."""

    id: str
    name: str
    frame: Frame
    lat: float
    lon: float
    not_arrived_after_s: float | None = None
    school_day: bool = True
    school: str | None = None
    areas: dict[str, Area] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    bells: dict[str, tuple[float, float]] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    children_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    child_of_thing: dict[str, str] = field(default_factory=dict)

    def dangers(self) -> list[Area]:
        """The zone's danger areas."""
        return [a for a in self.areas.values() if a.role == "danger"]

    def home_readers(self, child: Child) -> list[Reader]:
        """Readers registered at the child's home."""
        return [r for r in self.readers.values() if r.area == child.home]


class Register:
    """All zones of a run, and children by id (child ids are unique across zones)."""

    def __init__(self, zones: Mapping[str, Zone]) -> None:
        self.zones = zones
        self.children = {c.id: c for z in zones.values() for c in z.children.values()}

    @classmethod
    def read(cls, registry: Mapping[str, Sequence[Mapping[str, Any]]], day: Day) -> "Register":
        """Reads registry items, zone -> items. ``day`` decides clock times, school days and absences."""
        return cls({zone: _read_zone(zone, items, day) for zone, items in registry.items()})

    def zone_of(self, child: str) -> Zone | None:
        """The zone a child belongs to, None if no such child is registered."""
        known = self.children.get(child)
        return self.zones.get(known.zone) if known else None


def _read_zone(zone_id: str, items: Sequence[Mapping[str, Any]], day: Day) -> Zone:
    zone = _open_zone(zone_id, items, day)
    for item in items:
        kind = item.get("kind")
        if kind == "area":
            zone.areas[item["id"]] = _area(item, zone.frame)
            if item["role"] == "school":
                zone.school = item["id"]
        elif kind == "device":
            _add_device(zone, item)
        elif kind == "guardian":
            zone.children_of[item["id"]] = tuple(item["children"])
        elif kind == "absence" and item["date"] == day.date.isoformat():
            zone.absent.add(item["child"])
        elif kind == "binding":
            zone.child_of_thing[item["thing"]] = item["child"]
    for item in items:
        if item.get("kind") == "child":
            zone.children[item["id"]] = _child(item, zone, day)
    return zone


def _open_zone(zone_id: str, items: Sequence[Mapping[str, Any]], day: Day) -> Zone:
    found = [i for i in items if i.get("kind") == "zone"]
    if not found:
        raise ValueError(
            f"registry of zone {zone_id!r} holds no item of kind 'zone'. Provision the zone first."
        )
    item = found[0]
    lat, lon = float(item["school"]["lat"]), float(item["school"]["lon"])
    calendar = item.get("calendar", {})
    after = calendar.get("not_arrived_after")
    in_week = _WEEKDAYS[day.date.weekday()] in calendar.get("weekdays", _WEEKDAYS)
    school_day = in_week and day.date.isoformat() not in calendar.get("holidays", ())
    return Zone(
        zone_id, item.get("name", zone_id), Frame.at(lon, lat), lat, lon,
        day.clock(after) if after else None, school_day,
    )  # fmt: skip


def _xy(frame: Frame, points: Iterable[Sequence[float]]) -> FloatArray:
    degrees = np.array([list(p)[:2] for p in points], dtype=np.float64).reshape(-1, 2)
    return frame.to_xy(degrees[:, 0], degrees[:, 1])


def _area(item: Mapping[str, Any], frame: Frame) -> Area:
    center = item["center"]
    x, y = _xy(frame, [(center["lon"], center["lat"])])[0]
    ring = _xy(frame, item["ring"]) if item.get("ring") else None
    return Area(item["id"], item["role"], item["name"], float(x), float(y), float(item["radius_m"]), ring)


def _add_device(zone: Zone, item: Mapping[str, Any]) -> None:
    placed = item.get("placement")
    if placed is None:
        return
    x, y = (float(v) for v in _xy(zone.frame, [(placed["lon"], placed["lat"])])[0])
    if item["type"] == "bell":
        zone.bells[item["id"]] = (x, y)
    elif item["type"] == "reader":
        antennas = {}
        for a in item.get("antennas", ()):
            ax, ay = _xy(zone.frame, [(a["lon"], a["lat"])])[0]
            antennas[a["id"]] = (a["side"], float(ax), float(ay))
        zone.readers[item["id"]] = Reader(
            item["id"], placed.get("position"), placed.get("area"), x, y, antennas
        )


def _child(item: Mapping[str, Any], zone: Zone, day: Day) -> Child:
    regular = [item["home"], *([zone.school] if zone.school else []), *item.get("places", ())]
    routes = tuple(
        Route(r["id"], _xy(zone.frame, r["line"]), float(r["corridor_m"])) for r in item.get("routes", ())
    )
    home_by = item.get("home_by")
    return Child(
        item["id"], zone.id, item["name"], item["home"], tuple(dict.fromkeys(regular)), routes,
        day.clock(home_by) if home_by else None,
    )  # fmt: skip
