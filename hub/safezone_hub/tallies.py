"""Counts a local day, for statistics: no ids, no names, no positions. Not part of the fold."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from safezone_hub.clock import local_moment
from safezone_hub.state import Incident

if TYPE_CHECKING:
    from safezone_hub.zones import Zones

DAYS_KEPT = 800
REACHED = ("acknowledged", "dispatched", "on_scene")


class DayTally(msgspec.Struct):
    """What a zone did on one local day, drills left out."""

    day: str
    enrolled: int = 0  # children registered
    covered: int = 0  # of them those whose data may be collected
    notices: dict[str, int] = {}
    complaints: dict[str, int] = {}
    queries: dict[str, int] = {}

    def add(self, kind: str, name: str, n: int = 1) -> None:
        counts: dict[str, int] = getattr(self, kind)
        counts[name] = counts.get(name, 0) + n


def statistics_input(
    zones: "Zones", zone: str, first: date, last: date
) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
    """Incidents and days of a period, as ``statistics.summarise`` takes them. Both ends included."""
    desk = zones.desk(zone)
    since = local_moment(first, "00:00", desk.view.timezone)
    until = local_moment(date.fromordinal(last.toordinal() + 1), "00:00", desk.view.timezone)
    known = {
        incident.id: incident
        for incident in (msgspec.msgpack.decode(body, type=Incident) for body in zones.store.incidents(zone))
    }
    records = []
    for id_, opened_at, closed_at, service, exercise in zones.store.incident_figures(zone, since, until):
        record = {"zone": zone, "service": service, "opened_at": opened_at, "closed_at": closed_at,
                  "exercise": exercise, "outcome": None, "marks": [], **dict.fromkeys(f"{s}_at" for s in REACHED)}  # fmt: skip
        incident = known.get(id_)  # None: the child was erased, and only the figures stay
        if incident is not None:
            record |= _course(incident)
        records.append(record)
    days = [
        {
            "date": tally.day,
            "child_days": {"enrolled": tally.enrolled, "covered": tally.covered},
            "notices": dict(tally.notices),
            "complaints": dict(tally.complaints),
            "queries": dict(tally.queries),
        }
        for tally in desk.tallies.values()
        if first.isoformat() <= tally.day <= last.isoformat()
    ]
    return records, days


def _course(incident: Incident) -> dict[str, Any]:
    """When it reached which state first, and how it ended."""
    course: dict[str, Any] = {"marks": list(incident.marks)}
    for state in REACHED:
        course[f"{state}_at"] = next((e.at for e in incident.history if e.state == state), None)
    if not incident.is_open:
        course["outcome"] = incident.state
    return course
