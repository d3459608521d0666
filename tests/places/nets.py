"""Hand-made streets, drawn in metres about a school."""

from collections.abc import Sequence
from typing import NamedTuple

from safezone_hub.geometry import Plane
from safezone_hub.places.streets import StreetNet

PLANE = Plane(37.5, 127.0)
XY = tuple[float, float]


class Drawn(NamedTuple):
    name: str | None
    line: list[tuple[float, float]]
    foot: bool = True
    car: bool = True


def street(*points: XY, name: str | None = None, foot: bool = True, car: bool = True) -> Drawn:
    """A street through points given in metres."""
    degrees = [PLANE.lat_lon(x, y) for x, y in points]
    return Drawn(name, [(lon, lat) for lat, lon in degrees], foot, car)


def net_of(*streets: Drawn) -> StreetNet:
    return StreetNet.build(streets, PLANE)


def metres(points: Sequence[tuple[float, float]]) -> list[XY]:
    """Points of (lon, lat) back to metres."""
    return [PLANE.xy(lat, lon) for lon, lat in points]


def cross(half_m: float = 1000.0) -> StreetNet:
    """Two named streets that cross in the middle, each ``half_m`` to every side."""
    return net_of(
        street((-half_m, 0), (0, 0), (half_m, 0), name="새말로"),
        street((0, -half_m), (0, 0), (0, half_m), name="경인로"),
    )
