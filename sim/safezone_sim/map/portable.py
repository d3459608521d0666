"""Our own map file, for a map imported once and read often: a NumPy archive without pickle.

One JSON header, the graph's arrays, and every polygon and line as WKB. Coordinates are metres of the frame
that the header names.
"""

import json
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from .errors import MapError, MapUnavailable
from .model import Feature, FloatArray, Frame, Line, MapSource, Poi, StreetGraph, StreetMap
from .network import edges_within, keep_edges
from .tiles import file_sha256

FORMAT = "safezone-map"
VERSION = 1
COVER_TOLERANCE_M = 20.0


def write_map(street_map: StreetMap, path: Path) -> None:
    """Write ``street_map`` to ``path``."""
    streets = street_map.streets
    header = {
        "format": FORMAT,
        "version": VERSION,
        "source": asdict(street_map.source),
        "frame": asdict(street_map.frame),
        "radius_m": street_map.radius_m,
        "edge_class": streets.edge_class,
        "edge_name": streets.edge_name,
        "features": [(f.kind, f.cls, f.name) for f in street_map.features],
        "lines": [(line.kind, line.cls, line.name) for line in (*street_map.lines, *street_map.roads)],
        "pois": [asdict(poi) for poi in street_map.pois],
        "crossings_synthetic": street_map.crossings_synthetic,
    }
    lines = (*street_map.lines, *street_map.roads)
    shapes = [*street_map.buildings, *(f.shape for f in street_map.features), *(line.shape for line in lines)]
    wkb = [shapely.to_wkb(shape) for shape in shapes]
    with path.open("wb") as file:  # a path would get .npz appended
        np.savez_compressed(
            file,
            header=np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), np.uint8),
            xy=streets.xy,
            edge_from=streets.edge_from,
            edge_to=streets.edge_to,
            length_m=streets.length_m,
            geom_at=streets.geom_at,
            geom_xy=streets.geom_xy,
            crossings_xy=street_map.crossings_xy,
            shape_size=np.array([len(b) for b in wkb], np.int64),
            shapes=np.frombuffer(b"".join(wkb), np.uint8),
        )


def read_map(path: Path) -> StreetMap:
    """Read what ``write_map`` wrote; its source keeps the imported file's name, with this file's hash."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            data = {name: archive[name] for name in archive.files}
        header: dict[str, Any] = json.loads(data["header"].tobytes())
        if (header["format"], header["version"]) != (FORMAT, VERSION):
            raise MapError(f"map source {path}: version {header['version']}; this program reads {VERSION}")
        ends = np.cumsum(data["shape_size"]).tolist()
        raw = data["shapes"].tobytes()
        shapes = (
            [shapely.from_wkb(raw[a:b]) for a, b in zip([0, *ends[:-1]], ends, strict=True)] if ends else []
        )
        after = len(shapes) - len(header["lines"])
        before = after - len(header["features"])
        lines = [
            Line(kind, cls, name, shape)
            for (kind, cls, name), shape in zip(header["lines"], shapes[after:], strict=True)
        ]
        return StreetMap(
            source=replace(MapSource(**header["source"]), sha256=file_sha256(path)),
            frame=Frame(**header["frame"]),
            radius_m=header["radius_m"],
            streets=StreetGraph(
                **{k: data[k] for k in ("xy", "edge_from", "edge_to", "length_m", "geom_at", "geom_xy")},
                edge_class=tuple(header["edge_class"]),
                edge_name=tuple(header["edge_name"]),
            ),
            buildings=tuple(shapes[:before]),
            features=tuple(
                Feature(kind, cls, name, shape)
                for (kind, cls, name), shape in zip(header["features"], shapes[before:after], strict=True)
            ),
            lines=tuple(line for line in lines if line.kind != "road"),
            pois=tuple(Poi(**poi) for poi in header["pois"]),
            crossings_xy=data["crossings_xy"],
            crossings_synthetic=header["crossings_synthetic"],
            roads=tuple(line for line in lines if line.kind == "road"),
        )
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        zipfile.BadZipFile,
        shapely.errors.ShapelyError,
    ) as error:
        raise MapError(
            f"map source {path}: not a readable safezone map ({error}); make one with `safezone map import`"
        ) from error


def recentre(street_map: StreetMap, lon: float, lat: float, radius_m: float) -> StreetMap:
    """The part of a map within ``radius_m`` of another centre, in that centre's frame.

    Raises MapUnavailable when the map does not reach that far.
    """
    old, new = street_map.frame, Frame.at(lon, lat)
    centre = old.to_xy(np.array([lon]), np.array([lat]))[0]
    if np.abs(centre).max() + radius_m > street_map.radius_m + COVER_TOLERANCE_M:
        raise MapUnavailable(
            f"map source {street_map.source.source}: covers {street_map.radius_m:.0f} m around "
            f"{old.lon0:.5f},{old.lat0:.5f}, not {radius_m:.0f} m around {lon:.5f},{lat:.5f}; import a larger --radius"
        )

    def moved(xy: FloatArray) -> FloatArray:
        lonlat = old.to_lonlat(xy)
        return new.to_xy(lonlat[..., 0], lonlat[..., 1])

    square = shapely.box(-radius_m, -radius_m, radius_m, radius_m)
    streets = replace(
        street_map.streets, xy=moved(street_map.streets.xy), geom_xy=moved(street_map.streets.geom_xy)
    )
    buildings = (shapely.transform(shape, moved) for shape in street_map.buildings)
    features = (replace(f, shape=shapely.transform(f.shape, moved)) for f in street_map.features)

    def moved_lines(lines: tuple[Line, ...]) -> tuple[Line, ...]:
        there = (replace(line, shape=shapely.transform(line.shape, moved)) for line in lines)
        return tuple(line for line in there if square.intersects(line.shape))

    places = ((poi, moved(np.array([poi.x, poi.y]))) for poi in street_map.pois)
    crossings = moved(street_map.crossings_xy)
    return replace(
        street_map,
        frame=new,
        radius_m=radius_m,
        streets=keep_edges(streets, edges_within(streets, radius_m)),
        buildings=tuple(shape for shape in buildings if square.intersects(shape)),
        features=tuple(f for f in features if square.intersects(f.shape)),
        lines=moved_lines(street_map.lines),
        roads=moved_lines(street_map.roads),
        pois=tuple(
            replace(p, x=float(xy[0]), y=float(xy[1])) for p, xy in places if np.abs(xy).max() <= radius_m
        ),
        crossings_xy=crossings[np.abs(crossings).max(axis=1) <= radius_m] if len(crossings) else crossings,
    )
