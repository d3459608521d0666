"""The master list in play: which inject fired when, what it set off, and how far the trainees have come with it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from safezone_sim.drill.plan import FOUND, Inject

AFTER_ALERT_S = 30.0
ONCE_SAFE_S = 15.0  # after the lead was found, what waits for that comes
# Not fired: skipped by hand; not come before the situation ended; no longer needed, since what it tells was known by then.
Status = Literal["waiting", "fired", "done", "skipped", "ended", "unneeded"]


@dataclass
class Case:
    """One stimulus and the incident that came of it. Times are seconds after midnight; None: not yet.

    ``heard_t``: when the clock went back to real time for an alert that came while it ran fast; people are measured from then.
    """

    t: float
    services: tuple[str, ...]
    child: str | None = None
    device: str | None = None
    incident: str | None = None
    alert_t: float | None = None
    heard_t: float | None = None
    acknowledged_t: float | None = None
    dispatched_t: float | None = None
    arrived_t: float | None = None
    found_t: float | None = None
    closed_t: float | None = None

    def fits(self, service: str, child: str | None, device: str | None) -> bool:
        """Whether an incident may be what this stimulus set off."""
        if self.incident is not None or service not in self.services:
            return False
        return (self.child is not None and child == self.child) or (
            self.device is not None and device == self.device
        )


@dataclass
class Line:
    """One line of the master list in play."""

    plan: Inject
    due_t: float
    status: Status = "waiting"
    fired_t: float | None = None
    by: Literal["list", "hand"] | None = None
    seat: int | None = None
    place: tuple[float, float] | None = None
    cases: list[Case] = field(default_factory=list)

    def case_of(self, service: str, child: str | None, device: str | None) -> Case | None:
        """The oldest stimulus that waits for such an incident."""
        return next((c for c in self.cases if c.fits(service, child, device)), None)

    def acted(self, case: Case, action: str, t: float) -> None:
        """Somebody has come so far with one of its cases."""
        if action in ("acknowledge", "dispatch", "on_scene", "resolve", "false_alarm", "take"):
            case.acknowledged_t = t if case.acknowledged_t is None else case.acknowledged_t
        if action == "dispatch" and case.dispatched_t is None:
            case.dispatched_t = t
        if action == "on_scene" and case.arrived_t is None:
            case.arrived_t = t
        if action in ("resolve", "false_alarm"):
            case.closed_t = t
            if all(c.closed_t is not None for c in self.cases):
                self.status = "done"

    def row(self) -> dict[str, Any]:
        """As the control API shows it; the times are those of the latest case."""
        last = asdict(self.cases[-1]) if self.cases else {}
        names = ("incident", "alert_t", "acknowledged_t", "dispatched_t", "arrived_t", "found_t", "closed_t")
        p = self.plan
        return {
            "id": p.id,
            "title": {"ko": p.title.ko, "en": p.title.en},
            "expect": {"ko": p.expect.ko, "en": p.expect.en},
            "who": {"ko": p.who.ko, "en": p.who.en},
            "kind": p.kind, "due_t": self.due_t, "at_min": p.at_min, "auto": p.auto, "repeatable": p.repeatable,
            "status": self.status, "fired_t": self.fired_t, "by": self.by, "waits_for": "found" if p.once_safe else "alert" if p.after else None,
            "place": None if self.place is None else {"lon": self.place[0], "lat": self.place[1]},
            "cases": len(self.cases), **{name: last.get(name) for name in names},
        }  # fmt: skip


class MasterList:
    """All lines of one drill."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    def line(self, inject: str) -> Line | None:
        return next((line for line in self.lines if line.plan.id == inject), None)

    def due(self, t: float, found_t: float | None) -> list[Line]:
        """Lines that fire by the list now. ``found_t``: when the lead was found."""
        safe = found_t is not None and t - found_t >= ONCE_SAFE_S
        return [
            x for x in self.lines
            if x.plan.auto and x.status == "waiting" and (safe if x.plan.once_safe else x.due_t <= t)
            and (x.plan.after is None or self._known_for(x.plan.after, t) >= AFTER_ALERT_S)
        ]  # fmt: skip

    def end(self) -> None:
        """The situation is over: what waits will not come."""
        for line in self.lines:
            if line.status == "waiting":
                line.status = "ended"

    def known(self, what: str) -> None:
        """An inject came, or the lead was ``found``: hints at it are no longer needed."""
        for line in self.lines:
            until = line.plan.until
            if line.status == "waiting" and until is not None and (until == what or what == FOUND):
                line.status = "unneeded"

    def _known_for(self, inject: str, t: float) -> float:
        """Seconds since the first alert of a line; below 0 without one."""
        line = self.line(inject)
        alerts = [c.alert_t for c in line.cases if c.alert_t is not None] if line is not None else []
        return t - min(alerts) if alerts else -1.0

    def case_of(self, incident: str) -> tuple[Line, Case] | None:
        """Line and case of a known incident."""
        for line in self.lines:
            for case in line.cases:
                if case.incident == incident:
                    return line, case
        return None

    def take(
        self, incident: str, service: str, child: str | None, device: str | None
    ) -> tuple[Line, Case] | None:
        """Gives a new incident to the stimulus that set it off; None if no line of the list did."""
        for line in self.lines:
            case = line.case_of(service, child, device)
            if case is not None:
                case.incident = incident
                return line, case
        return None

    def found(self, case: Case, child: str, t: float) -> None:
        """The child of a case is safe: so it is in all cases of that child, and nobody needs a hint any more."""
        self.known(FOUND)
        for line in self.lines:
            for other in line.cases:
                if other.child == child or other is case:
                    other.found_t = other.found_t or t
