"""Real map data where it exists; everything else runs on schematic maps and hand-made tiles."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import mapbox_vector_tile
import pytest
from safezone_sim.map import StreetMap, load_map
from safezone_sim.schools import find_school

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def map_dir() -> Path:
    """The directory of real map data: SAFEZONE_MAP_DIR, else ../shared/maps beside the checkout."""
    named = os.environ.get("SAFEZONE_MAP_DIR")
    path = Path(named) if named else REPO.parent / "shared" / "maps"
    if not list(path.glob("*.pmtiles")):
        pytest.skip(f"no .pmtiles in {path}; set SAFEZONE_MAP_DIR to the directory of map data")
    return path


@pytest.fixture(scope="session")
def real_map(map_dir: Path) -> Callable[[str, float], StreetMap]:
    """Loads a school's real map once a session."""

    @cache
    def load(code: str, radius_m: float) -> StreetMap:
        school = find_school(code, map_dir)
        return load_map(school.lon, school.lat, radius_m, map_dir=map_dir)

    return load


@pytest.fixture(scope="session")
def schematic() -> StreetMap:
    return load_map(126.8832546, 37.51198439, 600, map_dir=None, source="schematic")


def encode_tile(**layers: list[tuple[str, dict[str, object]]]) -> bytes:
    """A vector tile out of (WKT in tile units, y down; properties) by layer, written by another library."""
    return mapbox_vector_tile.encode(
        [
            {
                "name": name,
                "features": [{"geometry": wkt, "properties": properties} for wkt, properties in features],
            }
            for name, features in layers.items()
        ],
        default_options={"y_coord_down": True, "extents": 4096},
    )
