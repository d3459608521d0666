"""What people do with incidents: acknowledge, dispatch, close, note, hand over, report a child missing.

An action is checked against the state first and then changes it, or raises ``ActionError`` and changes
nothing. It is an input of the event log like any message, so it survives what the log survives, and a
replay performs it again.

Steps go forward only. One that comes late or twice (two operators, an agency's slow system) is noted in
the history and moves nothing back. An agency's «closed» closes the agency's own part; the desk closes the
incident.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from safezone_hub.context import Context
from safezone_hub.incidents import cameras, escalation
from safezone_hub.incidents.opening import open_incident
from safezone_hub.observation import Count, Effect, IncidentChanged, Where
from safezone_hub.position import best_estimate
from safezone_hub.registry import ZoneView
from safezone_hub.settings import RuleSettings
from safezone_hub.state import Entry, Incident, ZoneState

STATES = ("open", "acknowledged", "dispatched", "on_scene", "resolved", "false_alarm")
CLOSED = ("resolved", "false_alarm")
STEPS = {
    "acknowledge": "acknowledged", "dispatch": "dispatched", "on_scene": "on_scene",
    "resolve": "resolved", "false_alarm": "false_alarm",
}  # fmt: skip
AGENCY_STEPS = ("handed", "accepted", "dispatched", "arrived", "closed")
MARKS = ("prank", "repeat")
ALIASES = {"agency.update": "incident.agency"}
NOTE_MAX = 2000
HISTORY_MAX = 1000


class ActionError(Exception):
    """An action refused; nothing has changed. ``code``: not_found, conflict, invalid or forbidden."""

    def __init__(self, code: str, detail: str, field: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.field = code, detail, field


@dataclass(frozen=True, slots=True)
class Action:
    """Who does what. ``by`` is ``role/id``; ``key`` makes a repeat of the same request recognisable."""

    verb: str
    by: str
    data: dict[str, Any]

    @property
    def note(self) -> str:
        return str(self.data.get("note") or "")

    @property
    def key(self) -> str:
        return str(self.data.get("key") or "")


def perform(
    view: ZoneView, state: ZoneState, settings: RuleSettings, action: Action, wall: float
) -> tuple[str, list[Effect]]:
    """Do it at the moment of the incident's own clock. The id of the incident or thing concerned, and the effects.

    Raises ActionError, and then the state is as before.
    """
    family, _, verb = ALIASES.get(action.verb, action.verb).partition(".")
    if len(action.note) > NOTE_MAX:
        raise ActionError("invalid", f"at most {NOTE_MAX} characters", "note")
    ctx = Context(view, state, settings, state.zone.now)
    if family == "incident":
        return _on_incident(ctx, verb, action, wall), ctx.effects
    handler = _OTHERS.get(action.verb)
    if handler is None:
        raise ActionError("invalid", f"no action {action.verb}; known: {', '.join(known())}", "action")
    return handler(ctx, action, wall), ctx.effects


def known() -> list[str]:
    return [f"incident.{verb}" for verb in (*STEPS, *_ON_INCIDENT)] + list(_OTHERS)


# ------------------------------------------------------------------- on one incident


def _on_incident(ctx: Context, verb: str, action: Action, wall: float) -> str:
    id_ = str(action.data.get("incident") or "")
    incident = ctx.state.incidents.get(id_)
    if incident is None:
        raise ActionError("not_found", f"no incident {id_} is open or was closed lately", "incident")
    ctx.now = clock_of(ctx.state, incident.exercise, wall)
    if action.key and any(entry.key == action.key for entry in incident.history):
        return id_  # the same request again
    if len(incident.history) >= HISTORY_MAX and verb not in STEPS:
        raise ActionError("conflict", f"the history is full ({HISTORY_MAX} entries); close the incident")
    _refuse_wrong_post(ctx, incident, action)
    step = STEPS.get(verb)
    if step is not None:
        _step(ctx, incident, verb, step, action)
    else:
        handler = _ON_INCIDENT.get(verb)
        if handler is None:
            raise ActionError("invalid", f"no action incident.{verb}; known: {', '.join(known())}", "action")
        handler(ctx, incident, action)
    incident.worked_at, incident.stalled = ctx.now, 0
    escalation.plan(ctx, incident)
    return id_


def clock_of(state: ZoneState, exercise: str | None, wall: float) -> float:
    """The present moment of an incident: a drill's is the zone's time, a real one's the wall clock's."""
    return state.zone.now if exercise is not None or state.zone.clock_drill is None else wall


def _refuse_wrong_post(ctx: Context, incident: Incident, action: Action) -> None:
    role, _, id_ = action.by.partition("/")
    desk = ctx.view.desks.get(id_) if role == "desk" else None
    if role == "desk" and desk is None:
        raise ActionError("forbidden", f"{action.by} is no post of this zone")
    if (
        desk is not None
        and desk.post == "school"
        and incident.service not in ("not_arrived", "missing_report")
    ):
        raise ActionError("forbidden", "a school works on «not arrived» and missing children only")


def _step(ctx: Context, incident: Incident, verb: str, target: str, action: Action) -> None:
    """A step forward; one that is behind the present state is noted and moves nothing."""
    unit = _unit_of(ctx, action)
    if not incident.is_open:
        if target in CLOSED and target != incident.state:
            raise ActionError("conflict", f"already closed as {incident.state}; reopen it first", "action")
        _enter(ctx, incident, verb, action)
        return
    if STATES.index(target) > STATES.index(incident.state):
        incident.state = target
    if incident.owner == "" and action.by.startswith("operator/"):
        incident.owner = action.by
    if unit is not None and target not in CLOSED and unit not in incident.units:
        _send_unit(ctx, incident, unit)
    _enter(ctx, incident, verb, action, unit or "")
    if target in CLOSED:
        close(ctx, incident)


def close(ctx: Context, incident: Incident) -> None:
    """Stop the clock, free the units, let the cameras go. Its state says how it ended."""
    incident.closed_at = ctx.now
    for id_ in incident.units:
        unit = ctx.state.unit(id_)
        if unit.incident == incident.id:
            unit.incident, unit.available = "", True
    cameras.release(ctx, incident)
    ctx.effects.append(Count(f"closed.{incident.state}"))
    ctx.state.set_due(incident, None)


def _send_unit(ctx: Context, incident: Incident, id_: str) -> None:
    unit = ctx.state.unit(id_)
    unit.available, unit.incident = False, incident.id
    incident.units.append(id_)
    agency = ctx.view.units[id_].agency
    if agency is not None:
        escalation.hand_over(ctx, incident, "", agency)


def _unit_of(ctx: Context, action: Action) -> str | None:
    id_ = action.data.get("unit")
    if id_ is None:
        return None
    if id_ not in ctx.view.units:
        raise ActionError("not_found", f"no unit {id_} in this zone", "unit")
    busy = ctx.state.units.get(id_)
    if busy is not None and busy.incident not in ("", str(action.data.get("incident"))):
        raise ActionError("conflict", f"unit {id_} is at incident {busy.incident}", "unit")
    return str(id_)


def _note(ctx: Context, incident: Incident, action: Action) -> None:
    if not action.note.strip():
        raise ActionError("invalid", "a note needs words", "note")
    _enter(ctx, incident, "note", action)


def _mark(ctx: Context, incident: Incident, action: Action) -> None:
    mark = action.data.get("mark")
    if mark not in MARKS:
        raise ActionError("invalid", f"use one of {', '.join(MARKS)}", "mark")
    if mark not in incident.marks:
        incident.marks.append(str(mark))
    _enter(ctx, incident, "mark", action, str(mark))


def _link(ctx: Context, incident: Incident, action: Action) -> None:
    other = ctx.state.incidents.get(str(action.data.get("to") or ""))
    if other is None or other.id == incident.id:
        raise ActionError("not_found", "name another incident of this zone", "to")
    for one, two in ((incident, other), (other, incident)):
        if two.id not in one.linked:
            one.linked.append(two.id)
    _enter(ctx, incident, "link", action, other.id)
    # The other has changed as well; the key is that of a request on the one.
    _enter(ctx, other, "link", Action(action.verb, action.by, {}), incident.id)


def _withhold(ctx: Context, incident: Incident, action: Action) -> None:
    """From now on this guardian learns nothing of the child, until the desk allows it again."""
    guardian = _guardian_of(ctx, incident, action)
    entry = (incident.child or "", guardian, incident.id)
    if entry not in ctx.state.zone.withheld:
        ctx.state.zone.withheld = [*ctx.state.zone.withheld, entry]
    _enter(ctx, incident, "withhold", action, guardian)


def _allow(ctx: Context, incident: Incident, action: Action) -> None:
    guardian = _guardian_of(ctx, incident, action)
    ctx.state.zone.withheld = [
        w for w in ctx.state.zone.withheld if not (w[0] == incident.child and w[1] == guardian)
    ]
    _enter(ctx, incident, "allow", action, guardian)


def _guardian_of(ctx: Context, incident: Incident, action: Action) -> str:
    guardian = str(action.data.get("guardian") or "")
    known_ = [r.id for r in ctx.view.guardians.get(incident.child or "", [])]
    if guardian not in known_:
        raise ActionError(
            "not_found", f"no guardian {guardian or '?'} of the child of this incident", "guardian"
        )
    return guardian


def _call_119(ctx: Context, incident: Incident, action: Action) -> None:
    _refuse_closed(incident)
    if action.data.get("medical"):
        incident.medical = True
    incident.level = "fire119"
    _enter(ctx, incident, "call_119", action)
    escalation.tell_119(ctx, incident)


def _take(ctx: Context, incident: Incident, action: Action) -> None:
    _refuse_closed(incident)
    incident.owner = action.by
    _enter(ctx, incident, "take", action)


def _reopen(ctx: Context, incident: Incident, action: Action) -> None:
    if incident.is_open:
        raise ActionError("conflict", "it is open", "action")
    incident.state, incident.closed_at = "acknowledged", None
    _enter(ctx, incident, "reopen", action)


def _agency_update(ctx: Context, incident: Incident, action: Action) -> None:
    """An agency's own system says how far its people are."""
    status, agency = action.data.get("status"), action.by.partition("/")[2]
    if status not in AGENCY_STEPS[1:]:
        raise ActionError("invalid", f"use one of {', '.join(AGENCY_STEPS[1:])}", "status")
    if agency not in incident.agencies:
        raise ActionError("not_found", f"incident {incident.id} was not handed to {agency}", "incident")
    unit = _unit_of(ctx, action)
    before = incident.agencies.get(agency)
    if before is None or AGENCY_STEPS.index(str(status)) > AGENCY_STEPS.index(before):
        incident.agencies[agency] = str(status)
    if incident.is_open:
        known_agency = ctx.view.agencies.get(agency)
        police = known_agency is not None and known_agency.service == "police"
        moves = {"dispatched": "dispatched", "arrived": "on_scene"} | (
            {"accepted": "acknowledged"} if police else {}
        )
        target = moves.get(str(status))
        if target is not None and STATES.index(target) > STATES.index(incident.state):
            incident.state = target
        if unit is not None and status in ("dispatched", "arrived") and unit not in incident.units:
            _send_unit(ctx, incident, unit)
    ref = str(action.data.get("ref") or "")
    _enter(ctx, incident, f"agency_{status}", action, ref[:100])


def _seen_by_guardian(ctx: Context, incident: Incident, action: Action) -> None:
    """Noted for the desk to see. It stops the clock of «not arrived» alone, while it is the guardian's."""
    if incident.service == "not_arrived" and incident.level == "guardian" and incident.state == "open":
        incident.state = "acknowledged"
    _enter(ctx, incident, "guardian_seen", action)


def _refuse_closed(incident: Incident) -> None:
    if not incident.is_open:
        raise ActionError("conflict", f"closed as {incident.state}; reopen it first", "action")


def _enter(ctx: Context, incident: Incident, verb: str, action: Action, about: str = "") -> None:
    note = " ".join(part for part in (about, action.note) if part)
    incident.history.append(Entry(ctx.now, action.by, verb, incident.state, note, action.key))
    incident.version += 1
    ctx.state.dirty_incidents.add(incident.id)
    ctx.effects.append(IncidentChanged(incident.id, verb))


_ON_INCIDENT: dict[str, Callable[[Context, Incident, Action], None]] = {
    "note": _note, "mark": _mark, "link": _link, "withhold": _withhold, "allow": _allow,
    "call_119": _call_119, "take": _take, "reopen": _reopen, "agency": _agency_update,
    "guardian_seen": _seen_by_guardian,
}  # fmt: skip


# ------------------------------------------------------------------- beside the incidents


def _report_missing(ctx: Context, action: Action, wall: float) -> str:
    """A guardian, a teacher or the desk misses a child."""
    id_ = str(action.data.get("child") or "")
    if id_ not in ctx.view.children:
        raise ActionError("not_found", f"no child {id_} in this zone", "child")
    exercise = ctx.state.zone.clock_drill if action.data.get("exercise") else None
    exercise = exercise or action.data.get("exercise")
    if exercise is not None and exercise not in ctx.view.drills:
        raise ActionError("not_found", f"no drill {exercise}", "exercise")
    ctx.now = clock_of(ctx.state, exercise, wall)
    for known_ in ctx.state.incidents.values():
        if action.key and known_.child == id_ and known_.service == "missing_report":
            first = known_.history[0]
            if (first.by, first.key) == (action.by, action.key):
                return known_.id  # the same report again
    child = ctx.state.child(id_)
    estimate = best_estimate(ctx.view, ctx.state, child, ctx.now)
    position = Where(estimate.x, estimate.y, estimate.accuracy_m) if estimate is not None else None
    marks = [(s.at, s.cite) for s in child.seen] + [(f.at, f.cite) for f in child.fixes]
    cites = [cite for _, cite in sorted(marks)[-3:]]
    role, _, reporter = action.by.partition("/")
    incident, turned = open_incident(
        ctx, "missing_report", ctx.now, child=id_, device=None, position=position, key=action.key or action.by,
        exercise=exercise, evidence=cites, by=action.by, note=str(action.data.get("text") or "")[:NOTE_MAX],
    )  # fmt: skip
    incident.history[0].key = action.key
    ctx.tell(
        "missing_report", id_, ctx.now, cites, exercise=exercise, desk=True, position=position,
        incident=incident.id, linked=tuple(incident.linked), cameras=turned,
        reporter=reporter if role == "guardian" else None,
    )  # fmt: skip
    return incident.id


def _unit_status(ctx: Context, action: Action, wall: float) -> str:
    id_ = str(action.data.get("unit") or "")
    if id_ not in ctx.view.units:
        raise ActionError("not_found", f"no unit {id_} in this zone", "unit")
    available = action.data.get("available")
    if not isinstance(available, bool):
        raise ActionError("invalid", "say true or false", "available")
    unit = ctx.state.unit(id_)
    unit.available, unit.at = available, wall
    if available:
        unit.incident = ""
    lat, lon = action.data.get("lat"), action.data.get("lon")
    if lat is not None and lon is not None:
        unit.x, unit.y = ctx.view.plane.xy(float(lat), float(lon))
    return id_


def _hand_over_shift(ctx: Context, action: Action, wall: float) -> str:
    """Whoever comes next has every open incident of who leaves, and those nobody has."""
    to = str(action.data.get("to") or "")
    if to not in ctx.view.operators:
        raise ActionError("not_found", f"no operator {to} in this zone", "to")
    ctx.state.zone.shift = f"operator/{to}"
    for incident in list(ctx.state.incidents.values()):
        if incident.is_open and incident.owner in ("", action.by):
            ctx.now = clock_of(ctx.state, incident.exercise, wall)
            incident.owner = f"operator/{to}"
            _enter(ctx, incident, "hand_over", action, to)
    return to


_OTHERS: dict[str, Callable[[Context, Action, float], str]] = {
    "missing.report": _report_missing,
    "unit.status": _unit_status,
    "shift.hand_over": _hand_over_shift,
}


# ------------------------------------------------------------------- by the hub itself


def end_by_hub(ctx: Context, incident: Incident, state: str, why: str) -> None:
    """Close an incident that answered itself: the child arrived, the drill is over."""
    incident.state = state
    incident.history.append(Entry(ctx.now, "hub", state, state, why))
    incident.version += 1
    ctx.state.dirty_incidents.add(incident.id)
    ctx.effects.append(IncidentChanged(incident.id, state))
    close(ctx, incident)
