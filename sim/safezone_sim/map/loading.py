"""One map for a place: which source is tried first, and what the map says about where it came from."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from safezone_sim.catalogue import scenarios_dir

from .crossings import CROSSING_ATTRIBUTION, junction_crossings, read_crossings
from .errors import MapError, MapUnavailable
from .model import Frame, MapSource, StreetMap
from .openmaptiles import build_map_parts
from .portable import read_map, recentre
from .schematic import schematic_map
from .tiles import Progress, TileSet, covering_tiles, fetch_tiles, read_pmtiles

MAX_RADIUS_M = 30_000.0  # beyond, the flat frame and a school's map make no sense
TILE_ATTRIBUTION = "© OpenMapTiles © OpenStreetMap contributors"


@lru_cache(maxsize=1)
def map_catalogue() -> dict[str, Any]:
    """``scenarios/maps.toml``: the default tile URL and the map files known by their hash."""
    with (scenarios_dir() / "maps.toml").open("rb") as file:
        return tomllib.load(file)


def load_map(
    lon: float,
    lat: float,
    radius_m: float,
    *,
    map_dir: Path | None,
    source: str | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> StreetMap:
    """Everything within ``radius_m`` of (lon, lat), degrees WGS 84; see the square in ``edges_within``.

    ``source`` is a .pmtiles file, a ``{z}/{x}/{y}`` URL, an imported map, an .osm.pbf, or «schematic»; with it
    any failure is an error. Without: a .pmtiles in ``map_dir``, then the catalogue's URL (kept in
    ``cache_dir``), then a schematic map that says why. ``progress(what, done, total)`` is told of every tile.
    """
    _check(lon, lat, radius_m)
    if map_dir is not None and not map_dir.is_dir():
        raise MapError(
            f"map directory {map_dir}: no such directory; set SAFEZONE_MAP_DIR or --map-dir to one"
        )
    if source is not None:
        return _load_named(source, lon, lat, radius_m, map_dir, cache_dir, progress)
    reasons = []
    for path in sorted(map_dir.glob("*.pmtiles")) if map_dir else []:
        try:
            return _from_pmtiles(path, lon, lat, radius_m, map_dir, progress)
        except MapUnavailable as error:
            reasons.append(str(error))
    try:
        return _from_url(map_catalogue()["tiles"]["url"], lon, lat, radius_m, map_dir, cache_dir, progress)
    except MapUnavailable as error:
        reasons.append(str(error))
    return schematic_map(lon, lat, radius_m, "; ".join(reasons))


def _check(lon: float, lat: float, radius_m: float) -> None:
    if not (-180 <= lon <= 180 and -85 <= lat <= 85):
        raise MapError(f"position lon={lon}, lat={lat}: not degrees WGS 84; give longitude first")
    if not 0 < radius_m <= MAX_RADIUS_M:
        raise MapError(f"radius {radius_m} m: must be above 0 and at most {MAX_RADIUS_M:.0f}")


def _load_named(
    source: str,
    lon: float,
    lat: float,
    radius_m: float,
    map_dir: Path | None,
    cache_dir: Path | None,
    progress: Progress | None,
) -> StreetMap:
    if source == "schematic":
        return schematic_map(lon, lat, radius_m, "asked for")
    if source.startswith(("http://", "https://")):
        return _from_url(source, lon, lat, radius_m, map_dir, cache_dir, progress)
    path = Path(source)
    if not path.is_file():
        raise MapError(
            f"map source {source!r}: no such file; give a .pmtiles, an .osm.pbf, a map made by "
            "`safezone map import`, a {z}/{x}/{y} URL, or «schematic»"
        )
    if path.name.endswith(".pbf"):
        from .osm import read_osm  # pyrosm is an extra, and slow to import

        return read_osm(path, lon, lat, radius_m)
    with path.open("rb") as file:
        magic = file.read(7)
    if magic == b"PMTiles":
        return _from_pmtiles(path, lon, lat, radius_m, map_dir, progress)
    return recentre(read_map(path), lon, lat, radius_m)


def _from_pmtiles(
    path: Path, lon: float, lat: float, radius_m: float, map_dir: Path | None, progress: Progress | None
) -> StreetMap:
    tiles = read_pmtiles(path, covering_tiles(lon, lat, radius_m), progress)
    return _finish(tiles, lon, lat, radius_m, map_dir, progress)


def _from_url(
    url: str,
    lon: float,
    lat: float,
    radius_m: float,
    map_dir: Path | None,
    cache_dir: Path | None,
    progress: Progress | None,
) -> StreetMap:
    tiles = fetch_tiles(url, covering_tiles(lon, lat, radius_m), cache_dir, progress)
    return _finish(tiles, lon, lat, radius_m, map_dir, progress)


def _finish(
    tiles: TileSet, lon: float, lat: float, radius_m: float, map_dir: Path | None, progress: Progress | None
) -> StreetMap:
    frame = Frame.at(lon, lat)
    parts = build_map_parts(tiles, frame, radius_m, progress)
    if not len(parts.streets.edge_from):
        raise MapUnavailable(
            f"map source {tiles.source}: no streets within {radius_m:.0f} m of {lon:.5f},{lat:.5f}; "
            "check the position, or that the tiles follow the OpenMapTiles schema"
        )
    crossings = read_crossings(map_dir, frame, radius_m)
    surveyed = len(crossings) > 0
    attribution = tiles.attribution or TILE_ATTRIBUTION
    as_of = {entry["sha256"]: entry["as_of"] for entry in map_catalogue()["known"]}.get(tiles.sha256)
    return StreetMap(
        source=MapSource(
            kind="real",
            source=tiles.source,
            sha256=tiles.sha256,
            attribution=f"{attribution} · {CROSSING_ATTRIBUTION}" if surveyed else attribution,
            as_of=as_of,
        ),
        frame=frame,
        radius_m=radius_m,
        streets=parts.streets,
        buildings=parts.buildings,
        features=parts.features,
        lines=parts.lines,
        pois=parts.pois,
        crossings_xy=crossings if surveyed else junction_crossings(parts.streets, radius_m),
        crossings_synthetic=not surveyed,
        roads=parts.roads,
    )
