"""Waivers: failures that the certifying body tolerates until a day. Listed in every report, and never silent."""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from safezone_conformance.case import by_id, cases
from safezone_conformance.folder import Kept

FIELDS = ("case", "requirement", "until", "by", "reason")


class WaiverError(ValueError):
    """A waiver that cannot be used; the message names file, number and field."""


@dataclass(frozen=True)
class Waiver:
    """``case`` (its id or name) may fail by ``requirement`` up to and including the day ``until``."""

    case: str
    requirement: str
    until: str
    by: str
    reason: str

    def holds(self, today: date) -> bool:
        return today <= date.fromisoformat(self.until)

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """From TOML: ``[[waiver]]`` with case, requirement, until, by, reason. WaiverError."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("waiver", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WaiverError(f"{path}: cannot be read: {error}") from None
    return tuple(_waiver(path, number, row) for number, row in enumerate(rows, start=1))


def _waiver(path: Path, number: int, row: dict[str, Any]) -> Waiver:
    where = f"{path}: waiver {number}"
    for name in FIELDS:
        if not str(row.get(name, "")):
            raise WaiverError(f"{where}: {name}: missing")
    for name in set(row) - set(FIELDS):
        raise WaiverError(f"{where}: {name}: no such field; known: {', '.join(FIELDS)}")
    found = Waiver(*(str(row[name]) for name in FIELDS))
    try:
        date.fromisoformat(found.until)
    except ValueError:
        raise WaiverError(f"{where}: until = {found.until!r}: write a day as 2026-12-31") from None
    if found.requirement not in by_id():
        raise WaiverError(f"{where}: requirement = {found.requirement!r}: not in the catalogue")
    if found.case not in cases() and not any(c.id == found.case for c in cases().values()):
        raise WaiverError(f"{where}: case = {found.case!r}: no such case")
    return found


def today() -> date:
    """The day by which waivers are judged: that of Seoul."""
    return datetime.now(ZoneInfo("Asia/Seoul")).date()


def waived(kept: Kept, waivers: Sequence[Waiver], on: date | None = None) -> bool:
    """Whether every breach of a case is covered by a waiver that still holds."""
    day = on or today()
    broken = {f.requirement for f in kept.findings if not f.ok and f.level == "MUST"}
    covered = {
        w.requirement for w in waivers if w.case in (kept.case, kept.case.partition("[")[0]) and w.holds(day)
    }
    return bool(broken) and broken <= covered
