"""The map as frozen values: one street graph with geometry, and what stands around it.

This is data only. Reading files is in the sources, drawing in ``draw``; routing is in
``safezone_sim.routes``.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from shapely.geometry import LineString, Polygon

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Frame:
    """Local metric frame: x east, y north, metres from (lon0, lat0).

    Equirectangular on the WGS 84 ellipsoid; below 0.1 % length error within 5 km.
    """

    lon0: float
    lat0: float
    m_per_deg_lon: float
    m_per_deg_lat: float

    @classmethod
    def at(cls, lon0: float, lat0: float) -> "Frame":
        """The frame whose origin is (lon0, lat0), both in degrees WGS 84."""
        phi = np.radians(lat0)
        lat = 111132.954 - 559.822 * np.cos(2 * phi) + 1.175 * np.cos(4 * phi)
        lon = 111412.84 * np.cos(phi) - 93.5 * np.cos(3 * phi)
        return cls(lon0, lat0, float(lon), float(lat))

    def to_xy(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Degrees to metres; arrays of shape (n,) give (n, 2)."""
        return np.stack(
            [
                (np.asarray(lon) - self.lon0) * self.m_per_deg_lon,
                (np.asarray(lat) - self.lat0) * self.m_per_deg_lat,
            ],
            axis=-1,
        )

    def to_lonlat(self, xy: FloatArray) -> FloatArray:
        """Metres (n, 2) to degrees (n, 2) as lon, lat."""
        xy = np.asarray(xy)
        return np.stack(
            [xy[..., 0] / self.m_per_deg_lon + self.lon0, xy[..., 1] / self.m_per_deg_lat + self.lat0],
            axis=-1,
        )


@dataclass(frozen=True)
class MapSource:
    """Where the map came from. ``kind`` stands in every output."""

    kind: Literal["real", "schematic"]
    source: str
    sha256: str
    attribution: str
    as_of: str | None = None


@dataclass(frozen=True)
class StreetGraph:
    """Undirected walkable streets. Edge i runs from ``edge_from[i]`` to ``edge_to[i]`` along
    ``geom_xy[geom_at[i]:geom_at[i + 1]]`` (metres, both ends included)."""

    xy: FloatArray  # (nodes, 2) metres
    edge_from: IntArray  # (edges,)
    edge_to: IntArray  # (edges,)
    length_m: FloatArray  # (edges,)
    geom_at: IntArray  # (edges + 1,)
    geom_xy: FloatArray  # (points, 2) metres
    edge_class: tuple[str, ...]  # per edge: OpenMapTiles class, e.g. "minor", "path"
    edge_name: tuple[str, ...]  # per edge: road name or ""

    def edge_line(self, edge: int) -> FloatArray:
        """Polyline (k, 2) of one edge, metres, from ``edge_from`` to ``edge_to``."""
        return self.geom_xy[self.geom_at[edge] : self.geom_at[edge + 1]]


@dataclass(frozen=True)
class Feature:
    """A polygon with a meaning: land use, park, water. ``cls`` is the source's class."""

    kind: Literal["landuse", "landcover", "park", "water"]
    cls: str
    name: str
    shape: Polygon


@dataclass(frozen=True)
class Line:
    """A line with a meaning: railway, stream, road not for walking. ``cls`` is the source's class."""

    kind: Literal["rail", "waterway", "road"]
    cls: str
    name: str
    shape: LineString


@dataclass(frozen=True)
class Poi:
    cls: str
    subclass: str
    name: str
    x: float
    y: float


@dataclass(frozen=True)
class StreetMap:
    """Everything known in the square of half side ``radius_m`` around the centre, in the metres of ``frame``.

    Lines above ground only; what touches the square is whole, not cut at it.
    """

    source: MapSource
    frame: Frame
    radius_m: float
    streets: StreetGraph
    buildings: tuple[Polygon, ...]
    features: tuple[Feature, ...]
    lines: tuple[Line, ...]
    pois: tuple[Poi, ...]
    crossings_xy: FloatArray  # (n, 2) crosswalk points, metres; may be empty
    crossings_synthetic: bool = True  # True: no crosswalk data here, junctions stand in
    roads: tuple[
        Line, ...
    ] = ()  # motorways and trunk roads: nobody walks there, but a map without them misleads
