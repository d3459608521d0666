"""The requirement catalogue: reads ``requirements/*.toml`` and ``catalogue.toml``, and refuses what does not fit.

It says what must hold; how it is tested is the suite's.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from safezone_model.figures import Text, fill, text_of
from safezone_model.loader import SERVICES

_ROOT = files("safezone_model")
_ID = re.compile(r"([A-Z]+)-([A-Z]+)-[0-9]{3}")

LEVELS = ("MUST", "SHOULD", "MAY")

_NEEDED = {"id", "level", "role", "service", "clause", "condition", "ko", "en", "tta_clause"}
_KNOWN = _NEEDED | {"why_not_tested", "article"}


class CatalogueError(ValueError):
    """A requirement that does not fit; the message names file, id and field."""


@dataclass(frozen=True)
class Role:
    """Who a requirement binds; ``members`` are the single roles (itself, or those of a group)."""

    name: str
    prefix: str
    title: Text
    members: tuple[str, ...]


@dataclass(frozen=True)
class Requirement:
    """One testable sentence of the standard. ``service`` and ``condition`` are "-" where there is none."""

    id: str
    level: str
    role: str
    roles: tuple[str, ...]
    area: str
    service: str
    clause: str
    condition: str
    text: Text
    why_not_tested: Text | None
    article: Text | None
    tta_clause: str


@cache
def _vocabulary() -> Mapping[str, Any]:
    return tomllib.loads((_ROOT / "catalogue.toml").read_text(encoding="utf-8"))


@cache
def roles() -> Mapping[str, Role]:
    """Roles and groups of roles, by name."""
    return {
        name: Role(name, r["prefix"], text_of(r), tuple(r.get("members", (name,))))
        for name, r in _vocabulary()["role"].items()
    }


@cache
def conditions() -> Mapping[str, Text]:
    """Conditions under which a requirement applies, by name."""
    return {name: text_of(c) for name, c in _vocabulary()["condition"].items()}


@cache
def clauses() -> Mapping[str, Text]:
    """Clauses of the standard with their titles, in order."""
    return {number: text_of(c) for number, c in _vocabulary()["clause"].items()}


def _both(where: str, field: str, value: object) -> Text:
    """A pair of sentences, figures filled in."""
    if not isinstance(value, Mapping) or set(value) != {"ko", "en"}:
        raise CatalogueError(f"{where}: {field}: needs ko and en, and nothing else")
    try:
        pair = Text(fill(str(value["ko"]).strip()), fill(str(value["en"]).strip()))
    except KeyError as error:
        raise CatalogueError(f"{where}: {field}: {error.args[0]}") from None
    if not pair.ko or not pair.en:
        raise CatalogueError(f"{where}: {field}: a sentence is empty")
    return pair


def _requirement(file: str, area: str, row: Mapping[str, Any]) -> Requirement:
    where = f"{file}: {row.get('id', 'a requirement without id')}"
    for field in sorted(_NEEDED - set(row)):
        raise CatalogueError(f"{where}: {field}: missing")
    for field in sorted(set(row) - _KNOWN):
        raise CatalogueError(f"{where}: {field}: unknown field; known: {', '.join(sorted(_KNOWN))}")
    for field in sorted(_NEEDED):
        if not isinstance(row[field], str):
            raise CatalogueError(f"{where}: {field}: must be a string")
    choices: dict[str, tuple[str, ...]] = {
        "level": LEVELS,
        "role": tuple(roles()),
        "service": ("-", *SERVICES),
        "clause": tuple(clauses()),
        "condition": ("-", *conditions()),
    }
    for field, known in choices.items():
        if row[field] not in known:
            raise CatalogueError(f"{where}: {field}: {row[field]!r} is not one of {', '.join(known)}")
    role = roles()[row["role"]]
    match = _ID.fullmatch(row["id"])
    if match is None:
        raise CatalogueError(f"{where}: id: must look like HUB-BELL-003")
    if match[1] != role.prefix:
        raise CatalogueError(
            f"{where}: id: begins with {match[1]}, but the role {role.name} has {role.prefix}"
        )
    if match[2] != area:
        raise CatalogueError(f"{where}: id: names the area {match[2]}, but the file is of the area {area}")
    if row["id"] in _vocabulary()["retired"]:
        raise CatalogueError(f"{where}: id: was retired and is never used again")
    return Requirement(
        id=row["id"],
        level=row["level"],
        role=role.name,
        roles=role.members,
        area=area,
        service=row["service"],
        clause=row["clause"],
        condition=row["condition"],
        text=_both(where, "ko/en", {"ko": row["ko"], "en": row["en"]}),
        why_not_tested=_both(where, "why_not_tested", row["why_not_tested"])
        if "why_not_tested" in row
        else None,
        article=_both(where, "article", row["article"]) if "article" in row else None,
        tta_clause=row["tta_clause"],
    )


def read_requirements(folder: Traversable) -> tuple[Requirement, ...]:
    """All requirements of a folder of TOML files, by clause and id. CatalogueError on the first that does not fit."""
    found: dict[str, Requirement] = {}
    file_of: dict[str, str] = {}
    number_of: dict[tuple[str, str], str] = {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        try:
            content = tomllib.loads(entry.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise CatalogueError(f"{entry.name}: not TOML: {error}") from None
        if set(content) != {"area", "requirement"}:
            raise CatalogueError(f"{entry.name}: needs area and [[requirement]], and nothing else")
        for row in content["requirement"]:
            requirement = _requirement(entry.name, content["area"], row)
            if requirement.id in found:
                first = file_of[requirement.id]
                raise CatalogueError(f"{entry.name}: {requirement.id}: id: used already in {first}")
            number = (requirement.area, requirement.id[-3:])
            if number in number_of:
                other = number_of[number]
                raise CatalogueError(f"{entry.name}: {requirement.id}: id: its number is that of {other}")
            found[requirement.id] = requirement
            file_of[requirement.id] = entry.name
            number_of[number] = requirement.id
    order = list(clauses())
    return tuple(sorted(found.values(), key=lambda r: (order.index(r.clause), r.area, r.id[-3:])))


@cache
def requirements() -> tuple[Requirement, ...]:
    """The requirements of the standard, by clause and id."""
    return read_requirements(_ROOT / "requirements")
