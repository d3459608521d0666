"""Plane geometry in metres around one zone. Degrees stay at the border of the hub."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

EARTH_M_PER_DEG = 6371008.8 * math.pi / 180.0
Segments = NDArray[np.float64]  # rows of (ax, ay, dx, dy, length²)


class Plane:
    """Equirectangular plane about a zone's school: within 3 km off by less than a metre."""

    def __init__(self, lat: float, lon: float) -> None:
        self._lat, self._lon = lat, lon
        self._ky = EARTH_M_PER_DEG
        self._kx = EARTH_M_PER_DEG * math.cos(math.radians(lat))

    def xy(self, lat: float, lon: float) -> tuple[float, float]:
        """East and north of the centre, metres."""
        return (lon - self._lon) * self._kx, (lat - self._lat) * self._ky

    def lat_lon(self, x: float, y: float) -> tuple[float, float]:
        return self._lat + y / self._ky, self._lon + x / self._kx


def segments(lines: Sequence[Sequence[tuple[float, float]]]) -> Segments:
    """Every piece of the polylines, ready for ``distance_to_segments``."""
    rows = [
        (ax, ay, bx - ax, by - ay, max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9))
        for line in lines
        for (ax, ay), (bx, by) in pairwise(line)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 5)


def joined(lines: Sequence[Segments]) -> Segments:
    """The pieces of several polylines, in order."""
    return np.concatenate(lines) if lines else segments([])


def distance_to_segments(pieces: Segments, x: float, y: float) -> float:
    """Metres to the nearest piece; infinite when there is none."""
    if not len(pieces):
        return math.inf
    px, py = x - pieces[:, 0], y - pieces[:, 1]
    dx, dy = pieces[:, 2], pieces[:, 3]
    along = np.clip((px * dx + py * dy) / pieces[:, 4], 0.0, 1.0)
    return float(math.sqrt(((px - along * dx) ** 2 + (py - along * dy) ** 2).min()))


def inside_ring(ring: Sequence[tuple[float, float]], x: float, y: float) -> bool:
    """Even-odd ray test."""
    inside = False
    ax, ay = ring[-1]
    for bx, by in ring:
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
        ax, ay = bx, by
    return inside


def bearing_deg(from_x: float, from_y: float, to_x: float, to_y: float) -> float:
    """Compass bearing, 0 is north."""
    return math.degrees(math.atan2(to_x - from_x, to_y - from_y)) % 360.0


def angle_between_deg(a: float, b: float) -> float:
    """Smaller angle between two bearings, 0 to 180."""
    return abs((a - b + 180.0) % 360.0 - 180.0)
