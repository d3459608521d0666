"""What the rows of a file have made so far. ``Row`` is one row's values, ``Draft`` collects the items."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from safezone_hub import items
from safezone_hub.clock import format_time
from safezone_hub.importing.columns import Column
from safezone_hub.importing.faults import Error, Text, shortened
from safezone_hub.importing.known import KnownIds
from safezone_hub.importing.sheet import Sheet
from safezone_hub.mosquitto import Principal, password_of

_ID_MAX = 64
_ZONE_PART_MAX = 40


@dataclass(frozen=True, slots=True)
class Credential:
    """What a new principal is given, once. ``password`` is for a broker with accounts; it follows from the secret."""

    kind: str
    id: str
    name: str
    source: str  # {zone}/{role}/{id}
    keyid: str
    secret: str = field(repr=False)
    password: str = field(repr=False)


class Row:
    """One row's values by column name. What is faulty or empty is not there; ``ok`` tells whether all of it was good."""

    def __init__(self, line: int, sheet: Sheet, columns: dict[str, Column]) -> None:
        self.line = line
        self.ok = True
        self.values: dict[str, Any] = {}
        self.shown: dict[str, str] = {}
        self.faulty: set[str] = set()
        self._sheet, self._columns = sheet, columns

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)

    def has(self, *names: str) -> bool:
        """Whether each has a good value."""
        return all(name in self.values for name in names)

    def fault(self, name: str, ko: str, en: str) -> None:
        """A cell that does not fit with others, or with the registry."""
        self.ok = False
        column = self._columns[name]
        header = self._sheet.names.get(name, column.ko)
        self._sheet.fault(self.line, header, self.shown.get(name, ""), ko, en, personal=column.personal)


@dataclass(slots=True)
class Family:
    """A guardian as the rows of children speak of one."""

    id: str
    name: str
    row: Row  # the first that names it
    body: dict[str, Any]
    children: list[str] = field(default_factory=list)
    known: bool = False


class Draft:
    """What the rows have made so far, and what they must not make twice."""

    def __init__(
        self,
        kind: str,
        zone: str,
        known: KnownIds,
        sheet: Sheet,
        now: float | None,
        new_secret: Callable[[], str],
    ) -> None:
        self.kind, self.zone, self.known, self.sheet = kind, zone, known, sheet
        self.now = now
        self.items: list[dict[str, Any]] = []
        self.credentials: list[Credential] = []
        self.lines: dict[tuple[str, Any], int] = {}  # where something was first seen: (what, which)
        self.seats = known.seats()
        self.guardians = known.guardians_by_contact()
        self.absences = {(absence["child"], absence["date"]) for absence in known.all("absence")}
        self.families: dict[str, Family] = {}
        self._new_secret = new_secret
        self._reserved: set[str] = set()
        self._made: set[tuple[str, str]] = set()
        self._counts: dict[str, int] = {}
        self._places: dict[int, int] = {}  # id of an item's body -> the line it came from

    def reserve(self, ids: Iterable[str]) -> None:
        """Ids that the file names itself: made ones keep clear of them."""
        self._reserved.update(ids)

    def seen_before(self, what: str, which: Any, line: int) -> int | None:
        """The line of the first of its sort; None when this is it."""
        if (what, which) in self.lines:
            return self.lines[what, which]
        self.lines[what, which] = line
        return None

    def own_id(self, row: Row, letter: str) -> str:
        """The row's id, or a fresh one where it has none, or one that is no good."""
        if not row.has("id"):
            return self.fresh_id(self.kind, letter)
        id_: str = row["id"]
        first = self.seen_before(self.kind, id_, row.line)
        if first is not None:
            row.fault("id", f"{first}번째 줄과 같은 아이디다.", f"the same id as on line {first}")
        elif self.known.has(self.kind, id_):
            row.fault("id", "이미 등록된 아이디다.", "this id is registered already")
        return id_

    def fresh_id(self, kind: str, letter: str) -> str:
        """``zone-c0001``: the same at every call on the same registry, so that a dry run shows what will be."""
        while True:
            n = self._counts[kind] = self._counts.get(kind, 0) + 1
            id_ = f"{_zone_part(self.zone)}-{letter}{n:04d}"
            if not self._is_taken(kind, id_) and id_ not in self._reserved:
                self._made.add((kind, id_))
                return id_

    def derived_id(self, kind: str, wanted: str) -> str:
        """The wanted id if it is free and not too long, else one like it."""
        n, id_ = 0, wanted
        while len(id_) > _ID_MAX or self._is_taken(kind, id_):
            n += 1
            mark = hashlib.sha256(f"{self.zone}/{wanted}/{n}".encode()).hexdigest()[:10]
            id_ = f"{wanted[: _ID_MAX - 11].rstrip('.-_')}-{mark}"
        self._made.add((kind, id_))
        return id_

    def _is_taken(self, kind: str, id_: str) -> bool:
        return (kind, id_) in self._made or self.known.has(kind, id_)

    def add(self, row: Row, kind: str, id_: str, **body: Any) -> None:
        """An item of this zone; members that are None are left out."""
        item = {"kind": kind, "id": id_, "zone": self.zone}
        item |= {name.rstrip("_"): value for name, value in body.items() if value is not None}
        self.put(row, item)

    def put(self, row: Row, item: dict[str, Any]) -> None:
        if row.ok:
            self._made.add((item["kind"], item["id"]))
            self._places[id(item)] = row.line
            self.items.append(item)

    def key_for(self, row: Row, kind: str, role: str, id_: str, name: str) -> dict[str, str]:
        """A new wire key, noted for the sheet of credentials."""
        while True:
            secret = self._new_secret()
            password = password_of(Principal(self.zone, role, id_, secret))
            # A spreadsheet would take a leading - for a formula.
            if secret[0].isalnum() and password[0].isalnum():
                break
        keyid = f"k-{hashlib.sha256(secret.encode()).hexdigest()[:16]}"
        if row.ok:
            source = f"{self.zone}/{role}/{id_}"
            self.credentials.append(Credential(kind, id_, name, source, keyid, secret, password))
        return {"keyid": keyid, "secret": secret}

    def moment(self) -> str | None:
        return format_time(self.now) if self.now is not None else None

    def check_items(self) -> None:
        """The registry's own checks: nothing comes out that it would refuse."""
        for item in self.items:
            try:
                items.read_item(item)
            except items.ItemError as refused:
                line = self._places[id(item)]
                for error in refused.errors:
                    value = shortened(str(error["value"]), personal=True)
                    remedy = Text(f"등록할 수 없는 값이다: {error['remedy']}", error["remedy"])
                    self.sheet.errors.append(Error(line, f"{item['kind']}.{error['field']}", value, remedy))


def _zone_part(zone: str) -> str:
    if len(zone) <= _ZONE_PART_MAX:
        return zone
    return f"{zone[: _ZONE_PART_MAX - 9].rstrip('.-_')}-{hashlib.sha256(zone.encode()).hexdigest()[:8]}"
