"""``read_csv``: rows to registry items, all of them or none."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from safezone_hub.importing import children, equipment, guardians, people
from safezone_hub.importing.columns import COLUMNS, Column
from safezone_hub.importing.draft import Credential, Draft, Row
from safezone_hub.importing.faults import Error, Fault, Text
from safezone_hub.importing.known import KnownIds
from safezone_hub.importing.sheet import RawRow, Sheet, read_sheet

ERRORS_MAX = 5000

_READERS: dict[str, Callable[[Row, Draft], None]] = {
    "child": children.read_child,
    "guardian": guardians.read_guardian,
    "device": equipment.read_device,
    "absence": people.read_absence,
    "unit": people.read_unit,
    "staff": people.read_staff,
    "operator": people.read_operator,
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """Items in an order in which they can be stored, or errors; never both. ``rows`` is how many the file has."""

    kind: str
    rows: int
    items: list[dict[str, Any]]
    errors: list[Error]
    credentials: list[Credential]


def read_csv(
    raw: bytes,
    kind: str,
    zone: str,
    known: KnownIds,
    *,
    now: float | None = None,
    new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(32),
) -> Parsed:
    """Read a file of one kind for one zone. Never raises for what is in the file; KeyError for an unknown kind.

    ``now`` (seconds since 1970) begins a binding of a tag that was another child's before; without it that is an
    error. ``new_secret`` makes wire keys.
    """
    columns = COLUMNS[kind]
    sheet = read_sheet(raw, columns)
    draft = Draft(kind, zone, known, sheet, now, new_secret)
    if known.get("zone", zone) is None:
        draft.sheet.fault(1, "", zone, "등록되지 않은 학교 구역이다.", "this zone is not registered")
    draft.reserve(row.cells["id"] for row in sheet.rows if row.cells.get("id"))
    for raw_row in sheet.rows:
        if raw_row.cells:
            _READERS[kind](_parse(raw_row, columns, sheet), draft)
    children.finish(draft)
    draft.check_items()
    errors = _in_order(sheet)
    if errors:
        return Parsed(kind, len(sheet.rows), [], errors, [])
    if not sheet.rows:
        empty = Error(
            1, "", "", Text("머리글만 있고 내용이 없다.", "there is a header, but nothing below it")
        )
        return Parsed(kind, 0, [], [empty], [])
    return Parsed(kind, len(sheet.rows), draft.items, [], draft.credentials)


def _in_order(sheet: Sheet) -> list[Error]:
    """By line; too many are counted, not listed."""
    errors = sorted(dict.fromkeys(sheet.errors), key=lambda error: error.line)
    left = len(errors) - ERRORS_MAX
    if left > 0:
        more = Text(f"오류가 {left}개 더 있다.", f"and {left} more errors")
        errors = [*errors[:ERRORS_MAX], Error(errors[ERRORS_MAX].line, "", "", more)]
    return errors


def _parse(raw: RawRow, columns: tuple[Column, ...], sheet: Sheet) -> Row:
    row = Row(raw.line, sheet, {column.name: column for column in columns})
    for column in columns:
        cell = raw.cells.get(column.name, "")
        row.shown[column.name] = cell
        if column.name in sheet.names and column.name not in raw.cells:
            row.faulty.add(column.name)  # a character that does not belong there: reported already
            row.ok = False
        elif cell:
            try:
                row.values[column.name] = column.parse(cell)
            except Fault as fault:
                row.faulty.add(column.name)
                row.fault(column.name, *fault.remedy)
        elif column.required:
            row.faulty.add(column.name)
            row.fault(column.name, "비어 있다. 반드시 써야 한다.", "this must not be empty")
    return row
