"""Opening an incident: its id, its links, its cameras, its first deadline."""

from math import hypot

from safezone_model import SERVICES

from safezone_hub.context import Context, stable_id
from safezone_hub.incidents import cameras, escalation
from safezone_hub.observation import Count, IncidentChanged, Where
from safezone_hub.state import Cite, Entry, Incident


def open_incident(
    ctx: Context,
    service: str,
    at: float,
    *,
    child: str | None,
    device: str | None,
    position: Where | None,
    key: Cite | str,
    exercise: str | None,
    evidence: list[Cite] | tuple[Cite, ...] = (),
    medical: bool = False,
    level: str = "desk",
    by: str = "hub",
    note: str = "",
) -> tuple[Incident, tuple[str, ...]]:
    """Open an incident, link it to related ones, and turn the nearest cameras that can see the place.

    Returns it with the ids of the cameras. Nothing is ever merged away: a second call is a second incident.
    """
    zone = ctx.state.zone
    id_ = stable_id(at, zone.id, service, child, device, key, *evidence[:1])
    x, y, accuracy = (position.x, position.y, position.accuracy_m) if position is not None else (None,) * 3
    incident = Incident(
        id_, service, at, ctx.now, child, device, x, y, accuracy, exercise,
        level=level, medical=medical, evidence=list(evidence[:16]), worked_at=ctx.now,
        history=[Entry(ctx.now, by, "open", "open", note)],
    )  # fmt: skip
    _forget_closed(ctx)
    for other in ctx.state.incidents.values():
        if _related(ctx, incident, other):
            incident.linked.append(other.id)
    ctx.state.incidents[id_] = incident
    ctx.state.dirty_incidents.add(id_)
    ctx.effects.append(IncidentChanged(id_, "open"))
    ctx.effects.append(Count(f"incident.{service}"))
    if _private(ctx, incident):
        # Without consent a danger is not given to 112: the guardians hear of it, and nobody else.
        incident.level = "private"
        return incident, ()
    chosen = cameras.turn_to(ctx, incident)
    incident.turned_at = ctx.now
    if level == "desk":
        escalation.hand_over(ctx, incident, "police")
    if medical:
        escalation.hand_over(ctx, incident, "fire")
    escalation.plan(ctx, incident)
    return incident, chosen


def _private(ctx: Context, incident: Incident) -> bool:
    if incident.child not in ctx.view.children or SERVICES[incident.service].cls != "danger":
        return False
    if incident.service == "missing_report":
        return False  # who reports a child missing wants it found
    return not ctx.view.consented(incident.child, ctx.settings.consent_required).provide_112


def _forget_closed(ctx: Context) -> None:
    """What was closed long ago can be linked to nothing any more; the store keeps it."""
    old = [
        i.id
        for i in ctx.state.incidents.values()
        if i.closed_at is not None and ctx.now - max(i.closed_at, i.opened_at) > ctx.settings.link_s
    ]
    for id_ in old:
        ctx.state.forget("incident", id_)


def _related(ctx: Context, one: Incident, other: Incident) -> bool:
    if abs(one.opened_at - other.opened_at) > ctx.settings.link_s or one.exercise != other.exercise:
        return False
    if one.child is not None and one.child == other.child:
        return True
    if one.device is not None and one.device == other.device:
        return True
    if one.x is None or other.x is None or one.y is None or other.y is None:
        return False
    return hypot(one.x - other.x, one.y - other.y) <= ctx.settings.link_m
