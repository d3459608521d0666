"""The registry's ``streets`` item: the very streets that the world is built on, cut to the zone's surroundings."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely

from safezone_sim.map.model import StreetMap
from safezone_sim.map.openmaptiles import PATH_CLASSES

AROUND_M = 1500.0  # of the school: where a zone's incidents are, and as far as a child walks in 20 minutes
DIGITS = 6  # of a degree: 0.1 m, below the map's own grid

Item = dict[str, Any]


def streets_item(zone: str, street_map: StreetMap) -> Item:
    """Item of kind ``streets``: lines with name (where the map has one), and whether people and cars may use them.

    Cut along a circle, so that every street that goes on beyond it ends at the outer edge. Lines are not
    simplified: motorways and streets meet at points in the middle of lines.
    """
    streets = street_map.streets
    sizes = np.diff(streets.geom_at)
    lines = shapely.linestrings(streets.geom_xy, indices=np.repeat(np.arange(len(sizes)), sizes))
    roads = np.array([road.shape for road in street_map.roads], dtype=object)
    # Nobody walks on what the map keeps apart as a road; nobody drives on a path.
    labels = [(name, True, cls not in PATH_CLASSES) for cls, name in _labels(street_map)]
    labels += [(road.name, False, True) for road in street_map.roads]
    side = street_map.radius_m
    area = (
        shapely.Point(0.0, 0.0)
        .buffer(AROUND_M, quad_segs=64)
        .intersection(shapely.box(-side, -side, side, side))
    )
    return {
        "kind": "streets",
        "id": f"{zone}-streets",
        "zone": zone,
        "lines": [
            _line(street_map, part, *labels[at]) for at, part in _cut(np.concatenate([lines, roads]), area)
        ],
    }


def _labels(street_map: StreetMap) -> Iterator[tuple[str, str]]:
    return zip(street_map.streets.edge_class, street_map.streets.edge_name, strict=True)


def _cut(lines: Any, area: shapely.Polygon) -> Iterator[tuple[int, Any]]:
    """(number of the line, points (k, 2) of a part of it inside the area), in order."""
    shapely.prepare(area)
    whole = shapely.covers(area, lines)
    for at in np.flatnonzero(shapely.intersects(area, lines)).tolist():
        parts = [lines[at]] if whole[at] else shapely.get_parts(area.intersection(lines[at])).tolist()
        for part in parts:
            if part.geom_type == "LineString":
                yield at, shapely.get_coordinates(part)


def _line(street_map: StreetMap, xy: Any, name: str, foot: bool, car: bool) -> Item:
    line: Item = {
        "line": np.round(street_map.frame.to_lonlat(xy), DIGITS).tolist(),
        "foot": foot,
        "car": car,
    }
    return {"name": name, **line} if name else line
