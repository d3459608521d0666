"""Simulated days (city.json) and a measured hub (capacity.json), read, checked and frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from jsonschema import Draft202012Validator
from msgspec import Struct

IntArray = npt.NDArray[np.int64]
Count = int


class SizingError(ValueError):
    """An input that cannot be used: names the file, the field, the value and the remedy."""


class PerMinute(Struct, frozen=True):
    routine: list[int]
    emergency: list[int]


class SchoolDay(Struct, frozen=True):
    """One school's simulated day, as city.json holds it."""

    code: str
    name: str
    gu: str
    pupils: int
    children: int
    phones: int
    guardians: int
    readers: int
    bells: int
    cameras: int
    messages: dict[str, int]
    bytes_up: int
    bytes_down: int
    notices: dict[str, int]
    incidents: dict[str, int]
    per_minute: PerMinute
    lat: float | None = None
    lon: float | None = None
    bytes_down_of: dict[str, int] = {}


class CityRun(Struct, frozen=True):
    """One simulated day of many schools."""

    scenario: str
    seed: int
    date: str
    take_up: float
    load_model: dict[str, Any]
    map: dict[str, Any]
    truth_sha256: str
    schools: list[SchoolDay]
    rule: dict[str, Any] | None = None
    world_seed: int | None = None  # of homes, people, equipment; None: not told
    wall_seconds: float | None = None
    peak_memory_mb: float | None = None


class Capacity(Struct, frozen=True):
    """What one hub carried, step by step. ``knee_per_s`` None: no step kept the service levels."""

    hub: dict[str, Any]
    machine: dict[str, Any]
    steps: list[dict[str, Any]]
    knee_per_s: float | None
    profile: Any = None
    limits_ms: dict[str, float] = {}
    knee_is_lower_bound: bool = False
    verdict: str | None = None
    beyond: list[dict[str, Any]] = msgspec.field(default_factory=list)
    recovery_s: float | None = None


def kb_per_child(capacity: Capacity) -> float | None:
    """Memory of the measured hub per registered child, kB: the slope between the least and the most children

    among the steps that held; None where the steps do not tell."""
    seen = sorted(
        (float(s["children"]), float(s["rss_mb"]["hub"]))
        for s in capacity.steps
        if s["verdict"] == "holds" and s.get("children") and "hub" in (s.get("rss_mb") or {})
    )
    if len(seen) < 2 or seen[-1][0] < 2 * seen[0][0]:
        return None
    slope = (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0]) * 1000
    return slope if slope > 0 else None


@cache
def _validator(name: str) -> Any:
    schema = msgspec.json.decode((files("safezone_sim.sizing") / name).read_bytes())
    return Draft202012Validator(schema)


def checked(document: Any, schema: str, path: Path, remedy: str) -> None:
    """Validates against a schema of this package; SizingError names the first fault and how many more."""
    faults = sorted(_validator(schema).iter_errors(document), key=lambda e: list(map(str, e.absolute_path)))
    if faults:
        first = faults[0]
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in first.absolute_path).lstrip(".")
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SizingError(f"{path}: {where or 'document'}: {_short(first.message)}{more}. {remedy}")


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:157]}…"


def _decoded(path: Path, remedy: str) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise SizingError(f"{path}: cannot be read: {error}. {remedy}") from error


def read_city(path: Path) -> CityRun:
    """One city.json. SizingError if it is not one."""
    remedy = "Make it again: safezone run scenarios/seoul.toml --hub none"
    document = _decoded(path, remedy)
    checked(document, "city.schema.json", path, remedy)
    try:
        return msgspec.convert(document, CityRun)
    except msgspec.ValidationError as error:
        raise SizingError(f"{path}: {error}. {remedy}") from error


def find_cities(places: Sequence[Path]) -> list[Path]:
    """The city.json of each place: a file, a run's folder, or a folder of runs."""
    found: list[Path] = []
    for place in places:
        if place.is_file():
            here = [place]
        elif (place / "city.json").is_file():
            here = [place / "city.json"]
        else:
            here = sorted(place.glob("*/city.json"))
        if not here:
            raise SizingError(
                f"--city {place}: holds no city.json, nor does any folder in it. Name a run made by "
                "'safezone run scenarios/seoul.toml --hub none', or a folder of such runs."
            )
        found += [p for p in here if p not in found]
    return found


def read_capacity(path: Path) -> Capacity:
    """capacity.json, or the folder that holds it. SizingError if it is not one."""
    if path.is_dir():
        path = path / "capacity.json"
    remedy = "Measure the hub again: safezone capacity --hub mqtt://… --api http://…"
    document = _decoded(path, remedy)
    checked(document, "capacity.schema.json", path, remedy)
    try:
        return msgspec.convert(document, Capacity)
    except msgspec.ValidationError as error:
        raise SizingError(f"{path}: {error}. {remedy}") from error


@dataclass(frozen=True)
class Load:
    """What some schools make together in one simulated day."""

    schools: float
    pupils: float
    children: float
    phones: float
    guardians: float
    readers: float
    bells: float
    cameras: float
    messages: Mapping[str, float]
    bytes_up: float
    bytes_down: float
    notices: Mapping[str, float]
    incidents: Mapping[str, float]
    routine: npt.NDArray[np.float64]  # (1440,) messages a minute
    emergency: npt.NDArray[np.float64]
    peak_per_s: float  # in the busiest minute; of a mean over seeds: the mean of their peaks

    @classmethod
    def of(cls, schools: Sequence[SchoolDay]) -> "Load":
        """Sums over schools."""

        def summed(field: str) -> float:
            return float(sum(getattr(s, field) for s in schools))

        def merged(field: str) -> dict[str, float]:
            whole: dict[str, float] = {}
            for school in schools:
                for key, n in getattr(school, field).items():
                    whole[key] = whole.get(key, 0.0) + n
            return whole

        routine = np.sum([s.per_minute.routine for s in schools], axis=0).astype(float)
        emergency = np.sum([s.per_minute.emergency for s in schools], axis=0).astype(float)
        return cls(
            schools=float(len(schools)),
            pupils=summed("pupils"),
            children=summed("children"),
            phones=summed("phones"),
            guardians=summed("guardians"),
            readers=summed("readers"),
            bells=summed("bells"),
            cameras=summed("cameras"),
            messages=merged("messages"),
            bytes_up=summed("bytes_up"),
            bytes_down=summed("bytes_down"),
            notices=merged("notices"),
            incidents=merged("incidents"),
            routine=routine,
            emergency=emergency,
            peak_per_s=float((routine + emergency).max()) / 60.0,
        )

    @classmethod
    def mean(cls, loads: Sequence["Load"]) -> "Load":
        """The mean of several seeds' days; the curve of a mean day is smoother than any day."""
        n = len(loads)
        keys = {
            f: sorted({k for x in loads for k in getattr(x, f)}) for f in ("messages", "notices", "incidents")
        }

        def over(field: str) -> float:
            return float(sum(getattr(x, field) for x in loads)) / n

        def by_key(field: str) -> dict[str, float]:
            return {k: sum(getattr(x, field).get(k, 0.0) for x in loads) / n for k in keys[field]}

        return cls(
            schools=over("schools"),
            pupils=over("pupils"),
            children=over("children"),
            phones=over("phones"),
            guardians=over("guardians"),
            readers=over("readers"),
            bells=over("bells"),
            cameras=over("cameras"),
            messages=by_key("messages"),
            bytes_up=over("bytes_up"),
            bytes_down=over("bytes_down"),
            notices=by_key("notices"),
            incidents=by_key("incidents"),
            routine=np.mean([x.routine for x in loads], axis=0),
            emergency=np.mean([x.emergency for x in loads], axis=0),
            peak_per_s=sum(x.peak_per_s for x in loads) / n,
        )

    @property
    def all_messages(self) -> float:
        """Messages up in the day."""
        return sum(self.messages.values())

    @property
    def all_notices(self) -> float:
        """Notices to recipients in the day."""
        return sum(self.notices.values())

    @property
    def peak_minute(self) -> int:
        """The minute of the day with the most messages."""
        return int((self.routine + self.emergency).argmax())
