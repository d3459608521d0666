"""The tables of a report: what is counted, by which columns, and what of it may be shown."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from safezone_hub.statistics.rows import Row
from safezone_hub.statistics.suppression import SHOWN, Sum, suppress

ALL = "all"
# What one would rather keep: totals before columns, long spans before short ones.
_TOTAL_PRICE = 5.0
_LEVEL_PRICES = {"total": 4.0, "before": 4.0, "after": 4.0, "month": 3.0, "week": 2.0, "day": 1.0}
Key = tuple[str, str, str]  # row, breakdown, column; breakdown and column are ALL for the total
Tally = Mapping[tuple[date, str, str], int]  # day, breakdown, column -> count


@dataclass(frozen=True)
class Breakdown:
    """One way to split a table's total into columns. Each thing counted falls into exactly one of them.

    ``columns`` are fixed beforehand: a column that appears only when something fell into it would tell that it did.
    """

    name: str
    columns: tuple[str, ...]
    daily: bool = True  # also on rows of weeks and days


@dataclass(frozen=True)
class Table:
    """What is counted. ``rated``: also as a rate of child-days."""

    name: str
    breakdowns: tuple[Breakdown, ...]
    rated: bool


@dataclass(frozen=True)
class Protected:
    """A table with what may be shown of it: counts, and marks where they are hidden."""

    table: Table
    counts: Mapping[Key, int]
    marks: Mapping[Key, str]

    def shown(self, row: Row, breakdown: str = ALL, column: str = ALL) -> int | None:
        """The count, or None when it is hidden."""
        key = (row.key, breakdown, column)
        return self.counts[key] if self.marks[key] == SHOWN else None


def column_of(breakdown: Breakdown, value: str) -> str:
    return value if value in breakdown.columns else "other"


def protect(
    table: Table, tally: Tally, root: Row, threshold: int, too_few: Callable[[Row], bool]
) -> Protected:
    """Fill the table from the finest rows up and hide what must be hidden.

    ``too_few`` says of which rows nothing may be shown, because hardly a child was there.
    """
    counts: dict[Key, int] = {}
    sums: list[Sum[Key]] = []
    rows = list(root.walk())
    for row in rows:
        for breakdown in _on(table, row):
            totals: Counter[str] = Counter()
            for day in row.days:
                for column in breakdown.columns:
                    totals[column] += tally.get((day, breakdown.name, column), 0)
            for column in breakdown.columns:
                counts[row.key, breakdown.name, column] = totals[column]
            counts[row.key, ALL, ALL] = sum(totals.values())
            parts = tuple((row.key, breakdown.name, column) for column in breakdown.columns)
            sums.append(Sum((row.key, ALL, ALL), parts))
    for row in rows:
        if row.parts:
            sums += _down(table, row)
    withheld = [key for row in rows if too_few(row) for key in _keys(table, row)]
    level = {row.key: _LEVEL_PRICES[row.level] for row in rows}
    prices = {key: level[key[0]] * (_TOTAL_PRICE if key[1] == ALL else 1.0) for key in counts}
    marks = suppress(counts, sums, threshold, withheld=withheld, prices=prices, twins=_twins(table, rows))
    return Protected(table, counts, marks)


def _on(table: Table, row: Row) -> Sequence[Breakdown]:
    """The breakdowns a row shows. All rows below one that lacks a breakdown lack it too."""
    return [b for b in table.breakdowns if b.daily or row.level not in ("week", "day")]


def _keys(table: Table, row: Row) -> list[Key]:
    columns = [(row.key, b.name, column) for b in _on(table, row) for column in b.columns]
    return [(row.key, ALL, ALL), *columns]


def _down(table: Table, row: Row) -> list[Sum[Key]]:
    """Each number of a row is the sum of the same numbers of its parts."""
    shared = set.intersection(*({key[1:] for key in _keys(table, part)} for part in row.parts))
    return [
        Sum((row.key, *name), tuple((part.key, *name) for part in row.parts))
        for name in sorted(shared & {key[1:] for key in _keys(table, row)})
    ]


def _twins(table: Table, rows: Sequence[Row]) -> list[list[list[Key]]]:
    """What could be exchanged, and no sum would notice: the finest rows below one row, the columns of one breakdown."""
    families = ([part for part in row.parts if not part.parts] for row in rows)
    days = [[_keys(table, part) for part in family] for family in families if len(family) > 1]
    columns = [
        [[(row.key, b.name, column) for row in rows if b in _on(table, row)] for column in b.columns]
        for b in table.breakdowns
    ]
    return days + columns
