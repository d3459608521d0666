"""Elementary schools: the official list when the user has it, else the few of the built-in catalogue."""

import csv
import tomllib
from dataclasses import dataclass
from pathlib import Path

from safezone_sim.catalogue import scenarios_dir

SCHOOL_FILE = "schools-seoul.csv"


class SchoolError(Exception):
    """The school asked for is not known, or the list of schools cannot be read."""


@dataclass(frozen=True)
class School:
    """One school. ``code`` is its NEIS code, ``lon`` and ``lat`` degrees WGS 84; pupils as of 2024."""

    code: str
    name: str
    lon: float
    lat: float
    gu: str
    pupils: int | None


def built_in_schools() -> tuple[School, ...]:
    """The schools that ``scenarios/maps.toml`` lists; needs no data directory."""
    with (scenarios_dir() / "maps.toml").open("rb") as file:
        return tuple(School(**{"pupils": None, **entry}) for entry in tomllib.load(file)["school"])


def all_schools(map_dir: Path | None) -> tuple[School, ...]:
    """All known schools by code: those of ``map_dir``'s list, or the built-in ones when it has none."""
    path = map_dir / SCHOOL_FILE if map_dir else None
    if path is None or not path.is_file():
        return tuple(sorted(built_in_schools(), key=lambda school: school.code))
    schools = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            try:
                pupils = int(float(row["pupils_2024"])) if row["pupils_2024"] else None
                schools.append(
                    School(
                        row["neis_code"], row["name"], float(row["lon"]), float(row["lat"]), row["gu"], pupils
                    )
                )
            except (KeyError, ValueError, TypeError) as error:
                raise SchoolError(
                    f"{path}, line {line}: cannot read {error}; "
                    "needs the columns neis_code, name, gu, lon, lat, pupils_2024"
                ) from error
    return tuple(sorted(schools, key=lambda school: school.code))


def find_school(code: str, map_dir: Path | None) -> School:
    """The school with this NEIS code, from the list in ``map_dir`` or else from the built-in catalogue."""
    known = {school.code: school for school in built_in_schools()}
    known.update((school.code, school) for school in all_schools(map_dir))
    if code in known:
        return known[code]
    if map_dir and (map_dir / SCHOOL_FILE).is_file():
        remedy = f"look the code up in {map_dir / SCHOOL_FILE}, or add a [[school]] to scenarios/maps.toml"
    else:
        remedy = (
            f"set SAFEZONE_MAP_DIR to a directory with {SCHOOL_FILE}; "
            f"without one only {', '.join(sorted(known))} are known"
        )
    raise SchoolError(f"school code {code!r}: unknown; {remedy}")
