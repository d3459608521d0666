"""Streets, buildings and water for the maps: tiles out of a local PMTiles file, the outline of the gu, nothing from outside."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pmtiles.reader import MmapSource, Reader

_EMPTY: Mapping[str, Any] = {"type": "FeatureCollection", "features": []}


class Tiles:
    """One PMTiles file; of several in the folder the first by name."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        found = sorted(folder.glob("*.pmtiles")) if folder is not None else []
        self._file = found[0].open("rb") if found else None
        self._reader = Reader(MmapSource(self._file)) if self._file is not None else None
        self._lock = threading.Lock()

    @property
    def present(self) -> bool:
        return self._reader is not None

    def about(self) -> dict[str, Any]:
        """Bounds, zooms and attribution for a page's style; ``present`` false without a file."""
        if self._reader is None:
            return {"present": False, "gu": False}
        header, metadata = self._reader.header(), self._reader.metadata()
        bounds = [header[name] / 1e7 for name in ("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7")]
        return {
            "present": True,
            "min_zoom": header["min_zoom"],
            "max_zoom": header["max_zoom"],
            "bounds": bounds,
            "attribution": str(metadata.get("attribution", "© OpenMapTiles © OpenStreetMap contributors")),
            "layers": [layer["id"] for layer in metadata.get("vector_layers", [])],
            "gu": self._gu_file() is not None,
        }

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """The tile as it lies in the file, gzip-compressed; None where there is none."""
        if self._reader is None or not 0 <= z <= 22 or not (0 <= x < 1 << z and 0 <= y < 1 << z):
            return None
        with self._lock:
            data: bytes | None = self._reader.get(z, x, y)
        return data

    def gu(self) -> Mapping[str, Any]:
        """Outlines of the gu, for what is seen from farther away than the tiles reach."""
        file = self._gu_file()
        if file is None:
            return _EMPTY
        found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def _gu_file(self) -> Path | None:
        files = sorted(self._folder.glob("gu-boundaries-*.geojson")) if self._folder is not None else []
        return files[0] if files else None
