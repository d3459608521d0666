"""Built worlds, kept from run to run: streets, homes and people stand still, so they are built once.

A kept world is a function of its key: the program that builds worlds, the libraries it builds with, the map files,
the school, and the parts of the scenario that a world is made of (not the date, the calls, or the plans). Whatever of
these changes makes another key, so nothing stale is ever read. Files are Python pickles in the user's own cache
folder, trusted as its byte code is; who does not, runs with ``--worlds none``.
"""

import hashlib
import json
import os
import pickle
import platform
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import msgspec
import pyarrow as pa

import safezone_sim
from safezone_sim.map.crossings import CROSSING_FILE
from safezone_sim.map.tiles import file_sha256
from safezone_sim.scenario import Scenario
from safezone_sim.schools import School
from safezone_sim.world.equipment import CCTV_FILE
from safezone_sim.world.model import SchoolWorld

BUILDERS = ("map", "world", "routes.py", "streams.py", "schools.py", "scenario.py")
LIBRARIES = ("numpy", "scipy", "shapely", "pmtiles")
LONGEST = 1 << 31  # bytes of an unpacked world; more is a broken file


def default_worlds_dir() -> Path:
    """Where worlds are kept when the caller names no place: XDG_CACHE_HOME or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "safezone" / "worlds"


def kept_world(
    folder: Path | None,
    scenario: Scenario,
    school: School,
    map_dir: Path | None,
    map_source: str | None,
    build: Callable[[], SchoolWorld],
) -> tuple[SchoolWorld, bool]:
    """The school's bare world, and whether it was kept; built and kept if it was not.

    Only worlds on a PMTiles file of ``map_dir`` are kept: of other maps it is not known whether they changed.
    """
    if folder is None or map_dir is None or map_source is not None or not list(map_dir.glob("*.pmtiles")):
        return build(), False
    path = folder / f"{school.code}-{world_key(scenario, school, map_dir)}.world"
    found = _read(path)
    if found is not None:
        return found, True
    world = _trimmed(build())
    _write(path, world)
    return world, False


def world_key(scenario: Scenario, school: School, map_dir: Path) -> str:
    """32 hex digits that tell a world from every other."""
    parts = {
        "program": _program(),
        "maps": _map_files(str(map_dir)),
        "school": [school.code, school.name, school.lon, school.lat, school.gu, school.pupils],
        "seed": scenario.seed,
        "map": msgspec.to_builtins(scenario.map),
        "people": msgspec.to_builtins(scenario.people),
        "equipment": msgspec.to_builtins(scenario.equipment),
        "behaviour": msgspec.to_builtins(scenario.behaviour),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def _program() -> str:
    """Digest of the sources that build worlds, and of the libraries' versions."""
    root = Path(safezone_sim.__file__).parent
    digest = hashlib.sha256()
    for name in BUILDERS:
        place = root / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    digest.update(f"{platform.python_version()} {platform.machine()}".encode())
    return digest.hexdigest()


@lru_cache(maxsize=4)
def _map_files(map_dir: str) -> list[tuple[str, str]]:
    """Name and digest of every file that a world is made from; read once a process."""
    folder = Path(map_dir)
    files = [*sorted(folder.glob("*.pmtiles")), folder / CROSSING_FILE, folder / CCTV_FILE]
    return [(path.name, file_sha256(path)) for path in files if path.is_file()]


def _trimmed(world: SchoolWorld) -> SchoolWorld:
    """Without what only building asks for: footprints, land, shops."""
    return replace(world, map=replace(world.map, buildings=(), features=(), lines=(), pois=(), roads=()))


def _read(path: Path) -> SchoolWorld | None:
    """None for what is missing or broken: then it is built anew."""
    try:
        raw = path.read_bytes()
        size = int.from_bytes(raw[:8], "little")
        if not 0 < size < LONGEST:
            return None
        world = pickle.loads(pa.decompress(raw[8:], size, codec="zstd", asbytes=True))
    except (
        OSError,
        ValueError,
        pa.ArrowException,
        pickle.UnpicklingError,
        EOFError,
        AttributeError,
        ImportError,
    ):
        return None
    return world if isinstance(world, SchoolWorld) else None


def _write(path: Path, world: SchoolWorld) -> None:
    """Beside and renamed. A full or read-only folder only means that nothing is kept."""
    raw = pickle.dumps(world, protocol=5)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(len(raw).to_bytes(8, "little") + pa.compress(raw, codec="zstd", asbytes=True))
        half.replace(path)
    except OSError:
        half.unlink(missing_ok=True)
