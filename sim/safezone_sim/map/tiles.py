"""Where tiles come from: a PMTiles file, or a ``{z}/{x}/{y}`` URL with a cache on disk. Bytes only, no meaning."""

import gzip
import hashlib
import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from pmtiles.reader import MmapSource, Reader

from .errors import MapError, MapUnavailable

TILE_ZOOM = 14  # OpenMapTiles draws every street only from zoom 14 on, and goes no deeper
FETCH_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 2.0

Progress = Callable[[str, int, int], None]  # what, done, total


@dataclass(frozen=True)
class TileSet:
    """Tiles by (x, y) at one zoom, and what is known about where they came from."""

    zoom: int
    tiles: dict[tuple[int, int], bytes]
    source: str
    sha256: str
    attribution: str = ""
    missing: int = 0  # tiles of the area that the source does not have


def tile_position(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """Web-Mercator tile coordinates with fractions; x east, y south."""
    n = 2.0**zoom
    return (lon + 180.0) / 360.0 * n, (1.0 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2.0 * n


def covering_tiles(lon: float, lat: float, radius_m: float, zoom: int = TILE_ZOOM) -> list[tuple[int, int]]:
    """All (x, y) that touch the square of half side ``radius_m`` around the point."""
    dlat = radius_m / 110574.0
    dlon = radius_m / (111320.0 * math.cos(math.radians(lat)))
    west, north = tile_position(lon - dlon, lat + dlat, zoom)
    east, south = tile_position(lon + dlon, lat - dlat, zoom)
    return [(x, y) for y in range(int(north), int(south) + 1) for x in range(int(west), int(east) + 1)]


@lru_cache(maxsize=16)
def _hash_of(path: str, size: int, mtime_ns: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, remembered while its size and modification time stay."""
    stat = path.stat()
    return _hash_of(str(path.resolve()), stat.st_size, stat.st_mtime_ns)


def read_pmtiles(path: Path, wanted: list[tuple[int, int]], progress: Progress | None = None) -> TileSet:
    """The wanted zoom-14 tiles of a PMTiles file. Raises MapUnavailable when it has none of them."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise MapError(f"map source {path}: {error.strerror}; give a readable .pmtiles file") from error
    with file:
        try:
            reader = Reader(MmapSource(file))
            header: dict[str, Any] = reader.header()
            metadata: dict[str, Any] = reader.metadata()
            tiles: dict[tuple[int, int], bytes] = {}
            for done, (x, y) in enumerate(wanted, 1):
                data = reader.get(TILE_ZOOM, x, y)
                if data:
                    tiles[x, y] = data
                if progress:
                    progress("tiles", done, len(wanted))
        except MapError:
            raise
        except Exception as error:  # the library raises bare exceptions on foreign bytes
            raise MapError(f"map source {path}: not a readable PMTiles v3 file ({error})") from error
    if not tiles:
        west, south, east, north = (
            header[key] / 1e7 for key in ("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7")
        )
        raise MapUnavailable(
            f"map source {path}: no zoom-{TILE_ZOOM} tiles at the place asked for; it covers "
            f"{west:.3f}–{east:.3f} E, {south:.3f}–{north:.3f} N, zoom {header['min_zoom']}–{header['max_zoom']}"
        )
    return TileSet(
        TILE_ZOOM,
        tiles,
        str(path),
        file_sha256(path),
        str(metadata.get("attribution", "")),
        len(wanted) - len(tiles),
    )


def default_cache_dir() -> Path:
    """Where fetched tiles are kept when the caller names no place: XDG_CACHE_HOME or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "safezone" / "tiles"


def fetch_tiles(
    template: str,
    wanted: list[tuple[int, int]],
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> TileSet:
    """Tiles of a ``{z}/{x}/{y}`` URL, from the cache when they are there.

    404 and 204 mean «nothing here» and are remembered as an empty tile. Raises MapUnavailable when the
    server cannot be reached, and when all tiles are empty.
    """
    if not all(key in template for key in ("{z}", "{x}", "{y}")):
        raise MapError(f"tile URL {template!r}: must hold {{z}}, {{x}} and {{y}}")
    folder = (cache_dir or default_cache_dir()) / hashlib.sha256(template.encode()).hexdigest()[:16]
    tiles: dict[tuple[int, int], bytes] = {}
    digest = hashlib.sha256()
    timeout = httpx.Timeout(FETCH_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    with httpx.Client(timeout=timeout, follow_redirects=True) as client:
        for done, (x, y) in enumerate(wanted, 1):
            kept = folder / f"{TILE_ZOOM}-{x}-{y}.mvt"
            if kept.exists():
                data = kept.read_bytes()
            else:
                data = _fetch(client, template.format(z=TILE_ZOOM, x=x, y=y))
                _write_atomically(kept, data)
            if data:
                tiles[x, y] = data
            digest.update(f"{x}/{y}:{len(data)}:".encode() + data)
            if progress:
                progress("tiles", done, len(wanted))
    if not tiles:
        raise MapUnavailable(f"tile URL {template}: has no tiles at the place asked for")
    return TileSet(TILE_ZOOM, tiles, template, digest.hexdigest(), missing=len(wanted) - len(tiles))


def _fetch(client: httpx.Client, url: str) -> bytes:
    try:
        answer = client.get(url)
        if answer.status_code in (204, 404):
            return b""
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise MapUnavailable(f"tile URL {url}: {error or type(error).__name__}") from error
    data = answer.content
    # A captive portal or an error page answers 200 with HTML; that must not get into the cache.
    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    if plain and plain[0] != 0x1A:  # every tile opens with protobuf field 3, a layer
        raise MapUnavailable(f"tile URL {url}: answered {len(data)} bytes that are no vector tile")
    return data


def _write_atomically(path: Path, data: bytes) -> None:
    """Write beside and rename, so that a parallel reader or a crash never sees half a tile."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise MapError(
            f"cache folder {path.parent}: {error.strerror}; set XDG_CACHE_HOME to a writable one"
        ) from error
