"""A place in words that somebody on the way there understands: the road, and the nearest thing with a number on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot
from typing import Any, Literal, Protocol

from safezone_hub.geometry import bearing_deg
from safezone_hub.places.romanise import romanise
from safezone_hub.places.streets import StreetNet

ON_ROAD_M = 25.0  # half a wide road, or a house's depth from a narrow one
NEAR_MAX_M = 300.0  # farther things help nobody
BESIDE_M = 3.0
AT_SCHOOL_M = 40.0

Language = Literal["ko", "en"]

_KO = {"bell": "비상벨", "reader": "리더", "camera": "CCTV"}
_EN = {"bell": "bell", "reader": "reader", "camera": "camera"}
_SIDES_KO = ("북쪽", "북동쪽", "동쪽", "남동쪽", "남쪽", "남서쪽", "서쪽", "북서쪽")
_SIDES_EN = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


class Equipment(Protocol):
    """A registered device as far as this module cares."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def x(self) -> float | None: ...
    @property
    def y(self) -> float | None: ...
    @property
    def position(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Landmark:
    """Something in the street that bears its id: a bell, a reader's pole, a camera."""

    kind: str
    id: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest landmark; ``bearing_deg`` leads from it to the place."""

    kind: str
    id: str
    distance_m: float
    bearing_deg: float


@dataclass(frozen=True, slots=True)
class Address:
    """A place in words. ``road_m`` is the distance to the road's middle; infinite without streets.

    ``school``: distance and bearing from it, where it is to be told.
    """

    road: str | None
    road_m: float
    near: Near | None
    school: tuple[float, float] | None = None

    def text(self, language: Language) -> str:
        """«새말로, 학교에서 동쪽 80 m, 비상벨 B-7 남쪽 23 m»; "" if there is nothing to say.

        Bells bear their numbers for all to see; a pole's or camera's says nothing to whoever hears the school named.
        """
        told = self.near is not None and (self.school is None or self.near.kind == "bell")
        near = self._near(language) if told else ""
        return ", ".join(part for part in (self._road(language), self._school(language), near) if part)

    def body(self) -> dict[str, Any]:
        """The standard's ``place``/``address`` member: ``{road?, near?{kind, id, distance_m}}``."""
        body: dict[str, Any] = {}
        if self.road is not None:
            body["road"] = self.road
        if self.near is not None:
            near = self.near
            body["near"] = {"kind": near.kind, "id": near.id, "distance_m": round(near.distance_m, 1)}
        return body

    def _road(self, language: Language) -> str:
        if self.road is None:
            return ""
        beside = self.road_m > ON_ROAD_M
        if language == "ko":
            return f"{self.road} 부근" if beside else self.road
        road = romanise(self.road)
        return f"near {road}" if beside else road

    def _school(self, language: Language) -> str:
        if self.school is None:
            return ""
        metres, bearing = self.school
        if metres <= AT_SCHOOL_M:
            return "학교" if language == "ko" else "at school"
        side, distance = round(bearing / 45.0) % 8, f"{round(metres, -1):.0f} m"
        if language == "ko":
            return f"학교에서 {_SIDES_KO[side]}으로 {distance}"
        return f"{distance} {_SIDES_EN[side]} of the school"

    def _near(self, language: Language) -> str:
        if self.near is None:
            return ""
        near = self.near
        side = round(near.bearing_deg / 45.0) % 8
        distance = f"{round(near.distance_m)} m"
        if language == "ko":
            thing = f"{_KO[near.kind]} {near.id}"
            if near.distance_m <= BESIDE_M:
                return f"{thing} 바로 옆"
            return f"{thing} {_SIDES_KO[side]} {distance}"
        thing = f"{_EN[near.kind]} {near.id}"
        if near.distance_m <= BESIDE_M:
            return f"right beside {thing}"
        return f"{distance} {_SIDES_EN[side]} of {thing}"


def landmarks(equipment: Iterable[Equipment]) -> list[Landmark]:
    """What of a zone's devices stands in the street for all to see: bells, cameras, readers on poles."""
    return [
        Landmark(e.type, e.id, e.x, e.y)
        for e in equipment
        if e.x is not None
        and e.y is not None
        and (e.type in ("bell", "camera") or (e.type == "reader" and e.position == "pole"))
    ]


def describe(
    net: StreetNet | None,
    things: Iterable[Landmark],
    x: float,
    y: float,
    school: tuple[float, float] | None = None,
) -> Address:
    """Road and nearest landmark of a place, and the way from the school. Of things equally near, bells come first."""
    road, road_m = net.road_at(x, y) if net is not None else (None, float("inf"))
    away = None if school is None else (hypot(x - school[0], y - school[1]), bearing_deg(*school, x, y))
    order = {"bell": 0, "reader": 1, "camera": 2}
    nearest = min(
        ((hypot(t.x - x, t.y - y), order[t.kind], t.id, t) for t in things), key=lambda n: n[:3], default=None
    )
    if nearest is None or nearest[0] > NEAR_MAX_M:
        return Address(road, road_m, None, away)
    distance, _, _, thing = nearest
    near = Near(thing.kind, thing.id, distance, bearing_deg(thing.x, thing.y, x, y))
    return Address(road, road_m, near, away)
