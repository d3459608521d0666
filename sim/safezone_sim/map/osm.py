"""OpenStreetMap extracts (.osm.pbf), through the extra ``safezone[osm]``; classes as in the tiles.

pyrosm reads the file; the meaning of OpenStreetMap tags, in the words of the OpenMapTiles schema, is here.
"""

import logging
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from .crossings import junction_crossings
from .errors import MapError, MapUnavailable
from .model import Feature, FloatArray, Frame, Line, MapSource, Poi, StreetMap
from .network import Segments, build_graph, edges_within, keep_edges
from .openmaptiles import MAIN_ROADS, RAIL
from .polygons import valid_polygons
from .tiles import file_sha256

ATTRIBUTION = "© OpenStreetMap contributors"
MARGIN_M = 300.0  # streets keep their whole length where they leave the square

STREET_CLASS = {
    **{base: base for base in ("primary", "secondary", "tertiary", "service", "track", "pedestrian")},
    **{f"{base}_link": base for base in ("primary", "secondary", "tertiary")},
    **dict.fromkeys(("residential", "unclassified", "living_street", "road"), "minor"),
    **dict.fromkeys(("path", "footway", "steps", "cycleway", "bridleway", "corridor"), "path"),
}
WATERWAYS = frozenset({"river", "stream", "canal", "drain", "ditch"})
# (key, value) -> (kind, class); looked up in this order.
AREA_CLASS: dict[tuple[str, str], tuple[str, str]] = {
    ("natural", "water"): ("water", "lake"),
    ("waterway", "riverbank"): ("water", "river"),
    **{
        ("amenity", v): ("landuse", v)
        for v in ("school", "kindergarten", "university", "college", "hospital")
    },
    **{("leisure", v): ("landuse", v) for v in ("pitch", "playground", "stadium")},
    **{("leisure", v): ("landcover", "grass") for v in ("park", "garden", "golf_course", "common")},
    **{
        ("landuse", v): ("landcover", "grass")
        for v in ("grass", "meadow", "village_green", "recreation_ground")
    },
    **{("natural", v): ("landcover", "grass") for v in ("grassland", "scrub", "heath")},
    ("natural", "wood"): ("landcover", "wood"),
    ("landuse", "forest"): ("landcover", "wood"),
    **{
        ("landuse", v): ("landcover", "farmland")
        for v in ("farmland", "farm", "orchard", "vineyard", "allotments")
    },
    **{("natural", v): ("landcover", "sand") for v in ("sand", "beach")},
    **{
        ("landuse", v): ("landuse", v)
        for v in (
            *("residential", "commercial", "retail", "industrial", "railway", "construction", "quarry"),
            *("cemetery", "military", "garages"),
        )
    },
}
TAGS = (
    *("highway", "railway", "waterway", "building", "landuse", "natural", "leisure", "amenity", "shop"),
    *("name", "tunnel", "area"),
)


def read_osm(path: Path, lon: float, lat: float, radius_m: float) -> StreetMap:
    """The map within ``radius_m`` of (lon, lat), degrees, out of an .osm.pbf file."""
    rows = _read_rows(path, lon, lat, radius_m + MARGIN_M)
    frame = Frame.at(lon, lat)
    square = shapely.box(-radius_m, -radius_m, radius_m, radius_m)

    def to_metres(lonlat: FloatArray) -> FloatArray:
        return frame.to_xy(lonlat[:, 0], lonlat[:, 1])

    streets = build_graph(_street_segments(rows, frame))
    streets = keep_edges(streets, edges_within(streets, radius_m))
    if not len(streets.edge_from):
        raise MapUnavailable(
            f"map source {path}: no streets within {radius_m:.0f} m of {lon:.5f},{lat:.5f}; "
            "give an extract that covers the place"
        )
    buildings: list[Polygon] = []
    features: list[Feature] = []
    lines: list[Line] = []
    pois: list[Poi] = []
    for tags, lonlat_shape in rows:
        shape = shapely.transform(lonlat_shape, to_metres)
        if not square.intersects(shape):
            continue
        name = tags.get("name", "")
        if shape.geom_type in ("LineString", "MultiLineString"):
            lines.extend(_lines(tags, name, shape))
        elif shape.geom_type in ("Polygon", "MultiPolygon"):
            whole = valid_polygons(shape)
            if tags.get("building", "no") != "no":
                buildings.extend(whole)
            meaning = next((AREA_CLASS[item] for item in tags.items() if item in AREA_CLASS), None)
            if meaning:
                kind, cls = meaning
                features.extend(Feature(kind, cls, name, part) for part in whole)  # type: ignore[arg-type]
        if "amenity" in tags or "shop" in tags or "leisure" in tags:
            point = shape.representative_point()
            subclass = tags.get("amenity") or tags.get("shop") or tags["leisure"]
            cls = "shop" if "shop" in tags and "amenity" not in tags else subclass
            if max(abs(point.x), abs(point.y)) <= radius_m:
                pois.append(Poi(cls, subclass, name, point.x, point.y))
    return StreetMap(
        source=MapSource("real", str(path), file_sha256(path), ATTRIBUTION),
        frame=frame,
        radius_m=radius_m,
        streets=streets,
        buildings=tuple(buildings),
        features=tuple(features),
        lines=tuple(line for line in lines if line.kind != "road"),
        pois=tuple(pois),
        crossings_xy=junction_crossings(streets, radius_m),
        crossings_synthetic=True,
        roads=tuple(line for line in lines if line.kind == "road"),
    )


def _read_rows(path: Path, lon: float, lat: float, reach_m: float) -> list[tuple[dict[str, str], Any]]:
    """(tags, geometry in degrees) of all that concerns a map in the square of half side ``reach_m``."""
    try:
        import pyrosm
    except ImportError as error:
        raise MapError(
            f"map source {path}: reading .osm.pbf needs pyrosm; install it with `pip install 'safezone[osm]'`"
        ) from error
    dlat = reach_m / 110574.0
    dlon = reach_m / (111320.0 * math.cos(math.radians(lat)))
    logging.getLogger("pyrosm").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():  # it warns of an empty area; the caller's error says it better
            warnings.simplefilter("ignore", UserWarning)
            box = [lon - dlon, lat - dlat, lon + dlon, lat + dlat]
            reader = pyrosm.OSM(str(path), bounding_box=box, complete_relations=True)
            frame = reader.get_data_by_custom_criteria(
                custom_filter={key: True for key in TAGS if key not in ("name", "tunnel", "area")},
                tags_as_columns=list(TAGS),
                keep_nodes=True,
                keep_relations=True,
            )
    except Exception as error:  # a compiled reader: anything can come out of foreign bytes
        raise MapError(f"map source {path}: not a readable .osm.pbf ({error})") from error
    if frame is None or not len(frame):
        return []
    columns = {tag: frame[tag].tolist() for tag in TAGS if tag in frame.columns}
    rows = []
    for i, shape in enumerate(frame.geometry.tolist()):
        if shape is not None and not shape.is_empty:
            tags = {tag: values[i] for tag, values in columns.items() if isinstance(values[i], str)}
            rows.append((tags, shape))
    return rows


def _street_segments(rows: list[tuple[dict[str, str], Any]], frame: Frame) -> Segments:
    labels: dict[tuple[str, str], int] = {}
    coords, sizes, numbers = [np.zeros((0, 2))], [], []
    for tags, shape in rows:
        cls = STREET_CLASS.get(tags.get("highway", ""))
        if cls is None or tags.get("area") == "yes":
            continue
        number = labels.setdefault((cls, tags.get("name", "")), len(labels))
        for part in shapely.get_parts(shape).tolist():
            # A closed way comes as a polygon; its outline is the street.
            points = shapely.get_coordinates(part.exterior if part.geom_type == "Polygon" else part)
            if len(points) > 1:
                coords.append(points)
                sizes.append(len(points))
                numbers.append(number)
    lonlat = np.concatenate(coords)
    fine = np.rint(lonlat * 1e7).astype(np.int64)  # the file's own grid: one node, one position
    unique, vertex = np.unique(fine, axis=0, return_inverse=True)
    vertex = vertex.reshape(-1)
    inner = np.ones(len(lonlat), bool)
    inner[np.cumsum(sizes, dtype=np.int64) - 1] = False
    at = np.flatnonzero(inner)
    ends = (
        np.sort(np.stack([vertex[at], vertex[at + 1]], axis=1), axis=1)
        if len(at)
        else np.zeros((0, 2), np.int64)
    )
    label = np.repeat(np.array(numbers, np.int64), sizes)[at]
    moves = ends[:, 0] != ends[:, 1]
    ends, first = np.unique(ends[moves], axis=0, return_index=True)
    place = frame.to_xy(unique[:, 0] / 1e7, unique[:, 1] / 1e7)
    return Segments(place, ends[:, 0], ends[:, 1], label[moves][first], list(labels))


def _lines(tags: dict[str, str], name: str, shape: Any) -> Iterator[Line]:
    if tags.get("tunnel", "no") != "no":
        return
    parts: list[LineString] = shapely.get_parts(shape).tolist()
    if tags.get("railway") in RAIL:
        yield from (Line("rail", tags["railway"], name, part) for part in parts)
    if tags.get("highway") in MAIN_ROADS:
        yield from (Line("road", tags["highway"], name, part) for part in parts)
    if tags.get("waterway") in WATERWAYS:
        yield from (Line("waterway", tags["waterway"], name, part) for part in parts)
