"""Not arrived: the deadline has passed and nothing places the child in school."""

from datetime import date

from safezone_hub.clock import local_moment
from safezone_hub.context import Context
from safezone_hub.incidents import open_incident
from safezone_hub.rules import Rule
from safezone_hub.rules.health import in_order
from safezone_hub.state import Child, Cite

_TIMER = "not_arrived"


def plan(ctx: Context, child: Child) -> None:
    """A new day: look at the deadline, if it is a school day and nobody excused the child."""
    zone, day = ctx.view.item, date.fromisoformat(ctx.today())
    ctx.state.stop_timer(child.id, _TIMER)
    if zone is None or not ctx.view.is_school_day(day):
        return
    due = local_moment(day, zone.calendar.not_arrived_after, ctx.view.timezone)
    if due > ctx.now:
        ctx.state.set_timer(child.id, _TIMER, due)


def look(ctx: Context, child_id: str) -> None:
    """Tell the guardians unless something places the child in school."""
    child, zone, today = ctx.state.child(child_id), ctx.view.item, ctx.today()
    if zone is None or child_id not in ctx.view.children or (child_id, today) in ctx.view.absences:
        return
    if child.arrived_on == today or child.arrival_told_on == today or _seen_in_school(ctx, child):
        return
    deadline = local_moment(date.fromisoformat(today), zone.calendar.not_arrived_after, ctx.view.timezone)
    # Told in time even while one of the school's eyes is shut, but not as if nothing were wrong.
    flags = () if _school_readers_in_order(ctx) else ("weak_evidence",)
    child.arrival_told_on = today
    school = ctx.view.school
    cites = _last_observations(child)
    exercise = ctx.exercise_of(child, cites)
    incident = None
    if ctx.view.climbs_when_absent:
        # By the zone's policy it is an incident: the guardian's first, then the school's, then the desk's.
        opened, _ = open_incident(
            ctx, "not_arrived", deadline, child=child_id, device=None, position=None, key=today,
            exercise=exercise, evidence=cites, level="guardian",
        )  # fmt: skip
        incident = opened.id
    ctx.tell(
        "not_arrived",
        child_id,
        deadline,
        cites,
        exercise=exercise,
        drill_unknown=child.drill_unknown,
        place=school.id if school is not None else None,
        incident=incident,
        flags=flags,
    )


def _seen_in_school(ctx: Context, child: Child) -> bool:
    """Weaker than an arrival, enough not to alarm anybody: an inner antenna, or the phone inside."""
    school = ctx.view.school
    if school is None:
        return True
    if any(s.side == "inner" and _area_of(ctx, s.reader) == school.id for s in child.stays):
        return True
    recent = [f for f in child.fixes if f.usable and ctx.now - f.at < 900.0]
    return len(recent) >= 2 and all(
        school.distance_from_centre(f.x, f.y) <= school.radius_m for f in recent[-2:]
    )


def _area_of(ctx: Context, reader: str) -> str | None:
    device = ctx.view.devices.get(reader)
    return device.area if device is not None else None


def _school_readers_in_order(ctx: Context) -> bool:
    school = ctx.view.school
    return school is None or all(in_order(ctx, reader.id) for reader in ctx.view.readers_at(school.id))


def _last_observations(child: Child) -> list[Cite]:
    marks = [(s.at, s.cite) for s in child.seen] + [(f.at, f.cite) for f in child.fixes]
    return [cite for _, cite in sorted(marks)[-3:]]


RULE = Rule("silence", timers={_TIMER: look}, new_day=plan, replan=plan)
