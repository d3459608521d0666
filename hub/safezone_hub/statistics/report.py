"""A zone's statistics for sharing between city and police: counts, rates, answer times; nobody's data.

Why no column can identify a child:

- ``zone``, ``opened_on``, ``level``, ``from``, ``to``, ``days`` speak of a school district and a span of days.
- ``child_days`` is a sum over all enrolled children, rounded to a multiple of the threshold so that two rows do not tell
  of one child that joined; a row in which fewer children than the threshold were enrolled on every day shows neither it
  nor any count. How many of them were really covered is a bin of 5 %.
- counts (incidents by service, outcome and mark; notices by service; complaints by outcome; position queries by role)
  are sums over everybody. Any below the threshold (0 included) is hidden, and further ones, so that none can be
  computed from the rest (``suppression``). Columns are fixed beforehand: none appears because something happened.
- rates and their intervals are functions of a shown count and the child-days, and are missing where the count is.
- answer times are bins over at least threshold cases, and so is their number; never of a single case.
- no text, no id of a person, device or incident, no position, no time of day goes in: ``summarise`` reads only the
  members named there.

What this does not cover: two reports of one zone over different, overlapping periods, or with different thresholds or
levels, can be subtracted from each other. Release one series (every month, say) and stay with it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from safezone_model import SERVICES

from safezone_hub.clock import local_date, parse_time
from safezone_hub.statistics.intervals import poisson_interval, rate_ratio
from safezone_hub.statistics.rows import Period, Row, default_levels, tree
from safezone_hub.statistics.suppression import SHOWN, SMALL
from safezone_hub.statistics.tables import ALL, Breakdown, Protected, Table, column_of, protect
from safezone_hub.statistics.times import STEPS, summary

THRESHOLD = 5
PER_CHILD_DAYS = 1000
_COVERED_STEP_PCT = 5

# Services that open an incident; everything else is a notice only.
_INCIDENT_SERVICES = tuple(
    name for name, service in SERVICES.items() if service.cls != "everyday" or name == "not_arrived"
)
_ROLES = ("admin", "operator", "school", "guardian", "agency", "auditor", "peer")
INCIDENTS = Table(
    "incidents",
    (
        Breakdown("service", (*_INCIDENT_SERVICES, "other")),
        Breakdown("outcome", ("resolved", "false_alarm", "other"), daily=False),
        Breakdown("mark", ("prank", "repeat", "other"), daily=False),
    ),
    rated=True,
)
NOTICES = Table("notices", (Breakdown("service", (*SERVICES, "other")),), rated=False)
COMPLAINTS = Table("complaints", (Breakdown("outcome", ("upheld", "other")),), rated=True)
QUERIES = Table("position_queries", (Breakdown("role", (*_ROLES, "other")),), rated=False)
DRILLS = Table("incidents", (Breakdown("service", (*_INCIDENT_SERVICES, "other")),), rated=False)


@dataclass(frozen=True)
class Report:
    """A zone's tables, ready to be written (``written``). Everything in it may be shown to anybody."""

    zone: Mapping[str, Any]  # id, name, timezone, opened_on
    period: Period
    threshold: int
    rows: tuple[Mapping[str, Any], ...]
    comparison: tuple[Mapping[str, Any], ...]
    exercise: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class _Incident:
    day: date
    service: str
    outcome: str
    mark: str
    took_s: Mapping[str, float]


def summarise(
    records: Iterable[Mapping[str, Any]],
    days: Iterable[Mapping[str, Any]],
    zone: Mapping[str, Any],
    period: Period,
    threshold: int = THRESHOLD,
    levels: tuple[str, ...] | None = None,
) -> Report:
    """The statistics of one zone.

    ``records``, one an incident: zone, service, opened_at, acknowledged_at, dispatched_at, on_scene_at, closed_at (each
    RFC 3339, seconds since 1970 or None), outcome (resolved, false_alarm or None), marks, exercise. ``days``, one a
    local day: date, child_days ``{enrolled, covered}``, notices ``{service: n}``, complaints ``{opened, upheld}``,
    queries ``{role: n}``; drills' not among them. ``zone``: the registry's item. ``levels``: which of month, week and
    day get rows, by default what the length of the period allows. Raises ValueError for a threshold below 2.
    """
    if threshold < 2:
        raise ValueError(f"threshold {threshold}: below 2 nothing is hidden")
    opened_on = date.fromisoformat(zone["opened_on"]) if zone.get("opened_on") else None
    root = tree(period, opened_on, levels if levels is not None else default_levels(period))
    real, drilled = _incidents(records, zone, period)
    by_day = {date.fromisoformat(str(day["date"])): day for day in days}
    children = _Children(by_day, threshold)
    shown = {
        INCIDENTS.name: protect(INCIDENTS, _tally_incidents(real), root, threshold, children.too_few),
        NOTICES.name: protect(NOTICES, _tally(by_day, "notices", NOTICES), root, threshold, children.too_few),
        COMPLAINTS.name: protect(COMPLAINTS, _tally_complaints(by_day), root, threshold, children.too_few),
        QUERIES.name: protect(QUERIES, _tally(by_day, "queries", QUERIES), root, threshold, children.too_few),
    }
    months = tree(period, None, ("month",))
    drills = protect(DRILLS, _tally_incidents(drilled), months, threshold, lambda _: False)
    return Report(
        zone={
            "id": zone["id"],
            "name": zone.get("name", ""),
            "timezone": zone["timezone"],
            "opened_on": zone.get("opened_on"),
        },
        period=period,
        threshold=threshold,
        rows=tuple(_row(row, shown, children, real, threshold) for row in root.walk()),
        comparison=tuple(_comparison(root, shown, children)),
        exercise=tuple(
            {**_head(row), "tables": {DRILLS.name: _cells(drills, row, None)}} for row in months.walk()
        ),
    )


# ------------------------------------------------------------------------------------ what comes in


def _incidents(
    records: Iterable[Mapping[str, Any]], zone: Mapping[str, Any], period: Period
) -> tuple[list[_Incident], list[_Incident]]:
    """The zone's incidents of the period, real ones and drills'."""
    real: list[_Incident] = []
    drilled: list[_Incident] = []
    for record in records:
        if record["zone"] != zone["id"]:
            continue
        opened = _moment(record["opened_at"])
        day = local_date(opened, zone["timezone"])
        if not period.first <= day <= period.last:
            continue
        moments = {step: record.get(f"{step}_at") for step in STEPS}
        # A step before the opening is a wrong clock; it took no time.
        took = {step: max(0.0, _moment(at) - opened) for step, at in moments.items() if at is not None}
        marks = record.get("marks") or ()
        mark = next((name for name in ("prank", "repeat") if name in marks), "other")
        incident = _Incident(day, str(record["service"]), str(record.get("outcome")), mark, took)
        (drilled if record.get("exercise") else real).append(incident)
    return real, drilled


def _moment(value: float | str) -> float:
    return parse_time(value) if isinstance(value, str) else float(value)


def _tally_incidents(incidents: Iterable[_Incident]) -> Counter[tuple[date, str, str]]:
    tally: Counter[tuple[date, str, str]] = Counter()
    for incident in incidents:
        values = {"service": incident.service, "outcome": incident.outcome, "mark": incident.mark}
        for breakdown in INCIDENTS.breakdowns:
            tally[incident.day, breakdown.name, column_of(breakdown, values[breakdown.name])] += 1
    return tally


def _tally(
    by_day: Mapping[date, Mapping[str, Any]], member: str, table: Table
) -> Counter[tuple[date, str, str]]:
    (breakdown,) = table.breakdowns
    tally: Counter[tuple[date, str, str]] = Counter()
    for day, counts in by_day.items():
        for value, n in (counts.get(member) or {}).items():
            tally[day, breakdown.name, column_of(breakdown, value)] += int(n)
    return tally


def _tally_complaints(by_day: Mapping[date, Mapping[str, Any]]) -> Counter[tuple[date, str, str]]:
    """Upheld ones by the day they were opened on; whatever is not upheld, or not yet, is «other»."""
    tally: Counter[tuple[date, str, str]] = Counter()
    for day, counts in by_day.items():
        complaints = counts.get("complaints") or {}
        opened = int(complaints.get("opened", 0))
        upheld = min(int(complaints.get("upheld", 0)), opened)
        tally[day, "outcome", "upheld"] += upheld
        tally[day, "outcome", "other"] += opened - upheld
    return tally


class _Children:
    """How many child-days stand behind a row."""

    def __init__(self, by_day: Mapping[date, Mapping[str, Any]], threshold: int) -> None:
        self._by_day, self._threshold = by_day, threshold

    def _count(self, day: date, name: str) -> int:
        return int((self._by_day.get(day, {}).get("child_days") or {}).get(name, 0))

    def days(self, row: Row) -> int | None:
        """Enrolled child-days, rounded; None when too few children are behind them."""
        total = sum(self._count(day, "enrolled") for day in row.days)
        rounded = round(total / self._threshold) * self._threshold
        return rounded if total >= self._threshold and not self.too_few(row) else None

    def covered(self, row: Row) -> list[int] | None:
        """Share of the child-days on which the child could be heard of, as a bin of percents."""
        if self.days(row) is None:
            return None
        total = sum(self._count(day, "enrolled") for day in row.days)
        covered = min(sum(self._count(day, "covered") for day in row.days), total)
        low = min(100 * covered // total // _COVERED_STEP_PCT * _COVERED_STEP_PCT, 100 - _COVERED_STEP_PCT)
        return [low, low + _COVERED_STEP_PCT]

    def too_few(self, row: Row) -> bool:
        """Children were enrolled, but on no day as many as the threshold: whatever happened, happened to one of them."""
        most = max((self._count(day, "enrolled") for day in row.days), default=0)
        return 0 < most < self._threshold


# ------------------------------------------------------------------------------------ what goes out


def _head(row: Row) -> dict[str, Any]:
    return {
        "level": row.level,
        "from": row.days[0].isoformat(),
        "to": row.days[-1].isoformat(),
        "days": len(row.days),
    }


def _row(
    row: Row,
    shown: Mapping[str, Protected],
    children: _Children,
    incidents: Iterable[_Incident],
    threshold: int,
) -> dict[str, Any]:
    child_days = children.days(row)
    out = _head(row) | {"child_days": child_days, "covered_pct": children.covered(row)}
    out["tables"] = {
        name: _cells(protected, row, child_days if protected.table.rated else None)
        for name, protected in shown.items()
    }
    if row.level not in ("week", "day"):
        out["answers"] = _answers(row, shown[INCIDENTS.name], incidents, threshold)
    return out


def _cells(protected: Protected, row: Row, child_days: int | None) -> dict[str, Any]:
    """Total and columns of one row, by breakdown."""
    out: dict[str, Any] = {ALL: {}}
    for key, count in protected.counts.items():
        if key[0] != row.key:
            continue
        cell = _cell(count, protected.marks[key], child_days)
        if key[1] == ALL:
            out[ALL] = cell
        else:
            out.setdefault(key[1], {})[key[2]] = cell
    return out


def _cell(count: int, mark: str, child_days: int | None) -> dict[str, Any]:
    if mark != SHOWN:
        return {"count": None, "hidden": "small" if mark == SMALL else "withheld"}
    cell: dict[str, Any] = {"count": count}
    if child_days:
        low, high = poisson_interval(count)
        for name, value in (("rate", count), ("low", low), ("high", high)):
            cell[name] = round(value / child_days * PER_CHILD_DAYS, 4)
    return cell


def _answers(
    row: Row, protected: Protected, incidents: Iterable[_Incident], threshold: int
) -> dict[str, Any]:
    """Answer times of each service whose number of incidents is shown, and of all together."""
    days = set(row.days)
    took: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    breakdown = protected.table.breakdowns[0]
    for incident in incidents:
        if incident.day in days:
            for step, seconds in incident.took_s.items():
                took[ALL][step].append(seconds)
                took[column_of(breakdown, incident.service)][step].append(seconds)
    out: dict[str, Any] = {}
    for service in (ALL, *breakdown.columns):
        count = protected.shown(row) if service == ALL else protected.shown(row, breakdown.name, service)
        if count is not None:
            out[service] = {step: summary(took[service][step], threshold) for step in STEPS}
    return out


def _comparison(root: Row, shown: Mapping[str, Protected], children: _Children) -> Iterable[dict[str, Any]]:
    """After the opening against before it, for each service where both are shown."""
    halves = {part.level: part for part in root.parts if part.level in ("before", "after")}
    if len(halves) < 2:
        return
    bases = {level: children.days(row) for level, row in halves.items()}
    protected = shown[INCIDENTS.name]
    for service in (ALL, *INCIDENTS.breakdowns[0].columns):
        name = (ALL, ALL) if service == ALL else ("service", service)
        counts = {level: protected.shown(row, *name) for level, row in halves.items()}
        before, after = counts["before"], counts["after"]
        before_base, after_base = bases["before"], bases["after"]
        if before and after and before_base and after_base:
            ratio, low, high = rate_ratio(after, after_base, before, before_base)
            yield {"service": service, "ratio": round(ratio, 4), "low": round(low, 4), "high": round(high, 4)}
