"""Where children cross: surveyed crosswalks where a file has them, else road junctions stand in."""

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
from shapely.errors import ShapelyError
from shapely.geometry import shape

from .errors import MapError
from .model import FloatArray, Frame, StreetGraph
from .network import node_degrees
from .openmaptiles import PATH_CLASSES

CROSSING_FILE = "crosswalks-pilot-schools.geojson"
CROSSING_ATTRIBUTION = "서울특별시 공공데이터 (횡단보도, KOGL 1)"


def read_crossings(map_dir: Path | None, frame: Frame, radius_m: float) -> FloatArray:
    """Middles of surveyed crosswalks (n, 2) in the square of half side ``radius_m``; n is 0 without a file."""
    path = map_dir / CROSSING_FILE if map_dir else None
    if path is None or not path.is_file():
        return np.zeros((0, 2))
    lonlat = _middles(path, path.stat().st_mtime_ns)
    xy = frame.to_xy(lonlat[:, 0], lonlat[:, 1])
    near = xy[np.abs(xy).max(axis=1) <= radius_m] if len(xy) else xy
    unique: FloatArray = np.unique(np.round(near, 1), axis=0)  # areas of two schools may overlap
    return unique


@lru_cache(maxsize=2)
def _middles(path: Path, changed_ns: int) -> FloatArray:
    """(n, 2) lon, lat. Read once a file, however many maps are loaded."""
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        middles = [shape(feature["geometry"]).centroid for feature in features]
        return np.array([(point.x, point.y) for point in middles], float).reshape(-1, 2)
    except (ValueError, KeyError, TypeError, AttributeError, ShapelyError) as error:
        raise MapError(f"{path}: cannot read crosswalks ({error}); needs GeoJSON lines") from error


def junction_crossings(graph: StreetGraph, radius_m: float) -> FloatArray:
    """Stand-ins (n, 2): junctions in the square where at least two of the ends are roads, not paths."""
    road = np.array([cls not in PATH_CLASSES for cls in graph.edge_class], bool)
    ends = np.concatenate([graph.edge_from[road], graph.edge_to[road]])
    roads = np.bincount(ends, minlength=len(graph.xy))
    chosen = (node_degrees(graph) >= 3) & (roads >= 2)
    xy = graph.xy[chosen]
    return xy[np.abs(xy).max(axis=1) <= radius_m] if len(xy) else xy
