"""The rows of a report: the whole period, before and after the opening date, months, weeks, days.

They are a tree, so that every number of a row is the sum of those below it: a week that crosses the end of a month, and
a week or month that crosses the opening date, is cut there and shown in two parts, each with its days.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

LEVELS = ("total", "before", "after", "month", "week", "day")
# Day by day for one month, week by week for half a year: finer rows of longer periods hold hardly a number that may be
# shown, and to hide the rest would take minutes.
DAYS_FOR_DAYS = 31
DAYS_FOR_WEEKS = 184
MONTHS_MAX = 60


@dataclass(frozen=True)
class Period:
    """Whole calendar months, so that two reports never differ by a few days that one could subtract.

    Raises ValueError for anything else, and for more than ``MONTHS_MAX`` months.
    """

    first: date
    last: date  # inclusive

    def __post_init__(self) -> None:
        if self.first.day != 1 or (self.last + timedelta(days=1)).day != 1 or self.last < self.first:
            raise ValueError(
                f"{self.first} to {self.last}: a report covers whole months, from a first to a last day of a month"
            )
        if (self.last.year - self.first.year) * 12 + self.last.month - self.first.month >= MONTHS_MAX:
            raise ValueError(f"{self.first} to {self.last}: a report covers at most {MONTHS_MAX} months")

    @classmethod
    def months(cls, first: str, last: str | None = None) -> "Period":
        """From ``YYYY-MM`` to ``YYYY-MM``, both included."""
        start = date.fromisoformat(f"{first}-01")
        end = date.fromisoformat(f"{last or first}-01")
        return cls(start, (end.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1))

    def days(self) -> Iterator[date]:
        for ordinal in range(self.first.toordinal(), self.last.toordinal() + 1):
            yield date.fromordinal(ordinal)


@dataclass(frozen=True)
class Row:
    """Some days that belong together, and the rows they are made of (none for the finest)."""

    level: str
    days: tuple[date, ...]
    parts: tuple["Row", ...] = field(default=(), repr=False)

    @property
    def key(self) -> str:
        return f"{self.level}:{self.days[0].isoformat()}"

    def walk(self) -> Iterator["Row"]:
        """This row, then all below it, in order of time."""
        yield self
        for part in self.parts:
            yield from part.walk()


def default_levels(period: Period) -> tuple[str, ...]:
    days = (period.last - period.first).days + 1
    if days <= DAYS_FOR_DAYS:
        return ("month", "week", "day")
    return ("month", "week") if days <= DAYS_FOR_WEEKS else ("month",)


def tree(period: Period, opened_on: date | None, levels: tuple[str, ...]) -> Row:
    """The rows of a report. ``levels``: which of month, week and day; before and after appear when both have days."""
    days = list(period.days())
    before = [d for d in days if opened_on is not None and d < opened_on]
    if before and len(before) < len(days):
        after = days[len(before) :]
        parts = (_split("before", before, levels), _split("after", after, levels))
        return Row("total", tuple(days), parts)
    return _split("total", days, levels)


def _split(level: str, days: list[date], levels: tuple[str, ...]) -> Row:
    """A row of these days, made of the next finer level that is wanted."""
    finer = [
        name
        for name in ("month", "week", "day")
        if name in levels and LEVELS.index(name) > LEVELS.index(level)
    ]
    if not finer:
        return Row(level, tuple(days))
    groups: dict[date, list[date]] = {}
    for day in days:
        start = {"month": day.replace(day=1), "week": day - timedelta(days=day.weekday()), "day": day}[
            finer[0]
        ]
        groups.setdefault(start, []).append(day)
    return Row(level, tuple(days), tuple(_split(finer[0], group, levels) for group in groups.values()))
