"""The world of one school as frozen values: places, people, equipment. Nothing here moves.

Metres are those of the map's frame (x east, y north of the school's point). Times are seconds after
local midnight.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shapely.geometry import Polygon

from safezone_sim.map.model import FloatArray, StreetMap
from safezone_sim.schools import School

Role = Literal["school", "home", "academy", "playground", "danger"]


@dataclass(frozen=True)
class Gate:
    """A way into a place: ``line`` (k, 2) leads from the street node through the gate to the inside.

    ``gate_at_m`` is the distance along ``line`` at which the gate itself stands.
    """

    id: str
    street_node: int
    line: FloatArray
    gate_at_m: float


@dataclass(frozen=True)
class Place:
    """A school, home complex, academy, playground or danger area.

    ``radius_m`` is the registered radius: every point where a child stays inside it lies within.
    ``synthetic`` says that the map did not know this place and the scenario made it.
    """

    id: str
    role: Role
    name: str
    x: float
    y: float
    radius_m: float
    shape: Polygon | None
    gates: tuple[Gate, ...]
    indoors: bool
    danger: Literal["railway", "stream_bank", "building_site", "car_park", "other"] | None = None
    synthetic: bool = True


@dataclass(frozen=True)
class Person:
    """A pupil. ``index`` counts all pupils of the school; subscribers come first.

    Others (not subscribers) have no tag, phone, guardians or registered routes; ``name`` is "".
    ``home_gate`` indexes the home place's gates. ``phone`` is the phone's device id.
    """

    id: str
    index: int
    subscriber: bool
    name: str
    grade: int
    class_no: int
    number: int
    speed_mps: float
    home: str
    home_gate: int
    academies: tuple[str, ...]
    playground: str | None
    tag: str | None
    phone: str | None
    guardians: tuple[str, ...]
    home_by_s: float | None = None


@dataclass(frozen=True)
class Guardian:
    id: str
    name: str
    children: tuple[str, ...]


@dataclass(frozen=True)
class Antenna:
    id: str
    side: Literal["outer", "inner", "single"]
    x: float
    y: float
    range_m: float


@dataclass(frozen=True)
class Device:
    """Reader, bell, camera. (Phones and tags belong to people: see ``Person``.)

    A gate reader has an outer and an inner antenna; interior and pole readers have one, "single".
    """

    id: str
    type: Literal["reader", "bell", "camera"]
    x: float
    y: float
    position: Literal["gate", "interior", "pole"] | None = None
    place: str | None = None
    gate: str | None = None
    antennas: tuple[Antenna, ...] = ()
    presets: tuple[tuple[str, float], ...] = ()  # (id, bearing in degrees)
    fov_deg: float = 0.0
    view_m: float = 0.0
    camera_points: int = 1


@dataclass(frozen=True)
class RegisteredRoute:
    """A route the guardians registered: ``line`` (k, 2) metres from inside one place to inside the other."""

    id: str
    child: str
    from_place: str
    to_place: str
    line: FloatArray
    corridor_m: float
    minutes: float


@dataclass(frozen=True)
class SchoolWorld:
    """Everything that stands still for one school. One school is one zone; ``zone`` is the NEIS code."""

    zone: str
    school: School
    map: StreetMap
    places: Mapping[str, Place]
    school_place: str
    people: tuple[Person, ...]
    guardians: tuple[Guardian, ...]
    devices: tuple[Device, ...]
    routes: tuple[RegisteredRoute, ...]
    keys: Mapping[str, tuple[str, str]]  # principal id -> (keyid, secret base64url)
    registry: tuple[Mapping[str, Any], ...]  # items of the standard's registry, zone first

    @property
    def subscribers(self) -> tuple[Person, ...]:
        return tuple(p for p in self.people if p.subscriber)
