"""The incident's clock: who is reminded, who is told next, when nobody has taken it up.

One deadline an incident (``due``), stored with it: it survives a restart, and fires late when it came
due while the hub was down. The clock starts when the hub knew of the incident and is stopped by the
desk alone; a guardian's «seen» stops it only for «not arrived», the one service that climbs from the
guardian over the school to the desk.
"""

from dataclasses import dataclass

from safezone_model import SERVICES

from safezone_hub.context import Context
from safezone_hub.incidents import cameras
from safezone_hub.items import Agency
from safezone_hub.observation import Count, HandOver, IncidentChanged, Where
from safezone_hub.state import Entry, Incident

STALLED_MAX = 8  # reminders of an incident that was taken up and not worked on


@dataclass(frozen=True, slots=True)
class Policy:
    """Seconds; the zone's own where it has one, else the standard's."""

    remind_s: float
    remind_factor: float
    remind_max_s: float
    reminders: int
    supervisor_after_s: float
    fire119_after_s: float
    stalled_s: float
    hourly_s: float
    school_after_s: float
    desk_after_s: float


def policy_of(ctx: Context) -> Policy:
    s = ctx.settings
    own = ctx.view.policy
    return Policy(
        own.get("remind_s", s.remind_s), s.remind_factor, s.remind_max_s, s.reminders,
        own.get("supervisor_after_s", s.supervisor_after_s), own.get("fire119_after_s", s.fire119_after_s),
        s.stalled_s, s.open_reminder_s,
        own.get("school_after_s", s.school_after_s), own.get("desk_after_s", s.desk_after_s),
    )  # fmt: skip


def plan(ctx: Context, incident: Incident) -> None:
    """Set the incident's next deadline."""
    ctx.state.set_due(incident, next_due(incident, policy_of(ctx), ctx.settings.camera_hold_s))


def next_due(incident: Incident, policy: Policy, hold_s: float) -> float | None:
    """When the policy does something next; None for a closed incident."""
    if not incident.is_open or incident.level == "private":
        return None
    if incident.state == "open":
        if incident.level == "guardian":
            return incident.told_at + policy.school_after_s
        if incident.level == "school":
            return incident.told_at + policy.desk_after_s
        return min(_reminder_at(incident, policy), _climb_at(incident, policy))
    if incident.level in ("guardian", "school"):
        return None  # stopped before it came to the desk: nobody there is to be reminded of it
    stalled = _stalled_at(incident, policy)
    if any(view.preset is not None for view in incident.cameras):
        return min(stalled, incident.turned_at + 0.8 * hold_s)
    return stalled


def fire(ctx: Context, incident: Incident) -> None:
    """The deadline has come."""
    policy, now = policy_of(ctx), ctx.now
    incident.due = None
    if incident.state != "open":
        _fire_worked(ctx, incident, policy)
    elif incident.level == "guardian":
        _climb(ctx, incident, "school")
    elif incident.level == "school":
        incident.told_at = now  # from here on it is the desk's, with the desk's times
        _climb(ctx, incident, "desk")
    elif _climb_at(incident, policy) <= now:
        _climb(ctx, incident, "supervisor" if incident.level == "desk" else "fire119")
    elif _reminder_at(incident, policy) <= now:
        # What came due while the hub was down is said once.
        while _reminder_at(incident, policy) <= now:
            incident.reminded += 1
        posts = ("desk",) if incident.reminded <= policy.reminders else ("desk", "supervisor")
        _tell(ctx, incident, posts, ("reminder",))
    plan(ctx, incident)


def _fire_worked(ctx: Context, incident: Incident, policy: Policy) -> None:
    if incident.cameras and incident.turned_at + 0.8 * ctx.settings.camera_hold_s <= ctx.now:
        incident.turned_at = ctx.now
        cameras.renew(ctx, incident)
    if _stalled_at(incident, policy) <= ctx.now:
        while _stalled_at(incident, policy) <= ctx.now:
            incident.stalled += 1
        _note(ctx, incident, "stalled", "")
        _tell(ctx, incident, ("desk", "supervisor"), ("reminder",))


def _stalled_at(incident: Incident, policy: Policy) -> float:
    """When an incident that was taken up has been left lying once more: every 15 minutes, after a while every hour."""
    often = policy.stalled_s * min(incident.stalled + 1, STALLED_MAX)
    return incident.worked_at + often + policy.hourly_s * max(0, incident.stalled + 1 - STALLED_MAX)


def _climb(ctx: Context, incident: Incident, level: str) -> None:
    incident.level = level
    _note(ctx, incident, "escalate", level)
    ctx.effects.append(Count(f"escalated.{level}"))
    if level == "fire119":
        hand_over(ctx, incident, "fire")
    _tell(ctx, incident, (_staffed(ctx, level),), ("escalated",))


def tell_119(ctx: Context, incident: Incident) -> None:
    """The desk's decision, or a medical call: the fire service hears of it now."""
    hand_over(ctx, incident, "fire")
    _tell(ctx, incident, (_staffed(ctx, "fire119"),), ("escalated",))


def medical_after_all(ctx: Context, incident: Incident) -> None:
    """Another relay of the same press says that it is medical."""
    incident.medical = True
    _note(ctx, incident, "medical", "")
    tell_119(ctx, incident)


def hand_over(ctx: Context, incident: Incident, service: str, only: str | None = None) -> None:
    """Give the incident to the agencies of a service, or to one agency; each is given it once."""
    for id_, agency in sorted(ctx.view.agencies.items()):
        wanted = id_ == only if only is not None else agency.service == service
        if wanted and id_ not in incident.agencies and _reachable(ctx, agency, incident.exercise):
            incident.agencies[id_] = "handed"
            ctx.state.dirty_incidents.add(incident.id)
            ctx.effects.append(HandOver(incident.id, id_))


def _reachable(ctx: Context, agency: Agency, exercise: str | None) -> bool:
    """A drill reaches simulated agencies, and those it names."""
    if exercise is None or agency.nature == "simulated":
        return True
    drill = ctx.view.drills.get(exercise)
    return drill is not None and agency.id in drill.allow


def _tell(ctx: Context, incident: Incident, posts: tuple[str, ...], flags: tuple[str, ...]) -> None:
    """The same news again to posts of the zone, and to no guardian."""
    position = None
    if incident.x is not None and incident.y is not None and incident.accuracy_m is not None:
        position = Where(incident.x, incident.y, incident.accuracy_m)
    school = ctx.view.school
    ctx.tell(
        incident.service,
        incident.child,
        incident.opened_at,
        incident.evidence,
        exercise=incident.exercise,
        guardians=False,
        desk=True,
        posts=posts,
        place=school.id if incident.service == "not_arrived" and school is not None else None,
        position=position,
        device=incident.device,
        incident=incident.id,
        linked=tuple(incident.linked),
        cameras=tuple(view.camera for view in incident.cameras),
        flags=(*flags, *(("medical",) if incident.medical else ())),
    )


def _staffed(ctx: Context, post: str) -> str:
    """The post, or the desk where nobody holds it."""
    return post if any(desk.post == post for desk in ctx.view.desks.values()) else "desk"


def _note(ctx: Context, incident: Incident, action: str, note: str) -> None:
    incident.history.append(Entry(ctx.now, "hub", action, incident.state, note))
    incident.version += 1
    ctx.state.dirty_incidents.add(incident.id)
    ctx.effects.append(IncidentChanged(incident.id, action))


def _reminder_at(incident: Incident, policy: Policy) -> float:
    """30 s, then twice as long each time up to the longest, so many times; hourly from then on."""
    at, wait = incident.told_at, policy.remind_s
    for _ in range(min(incident.reminded, policy.reminders - 1) + 1):
        at += wait
        wait = min(policy.remind_max_s, wait * policy.remind_factor)
    return at + policy.hourly_s * max(0, incident.reminded - policy.reminders + 1)


def _climb_at(incident: Incident, policy: Policy) -> float:
    if incident.level == "desk":
        return incident.told_at + policy.supervisor_after_s
    if incident.level == "supervisor" and SERVICES[incident.service].cls == "emergency":
        return incident.told_at + policy.fire119_after_s
    return float("inf")
