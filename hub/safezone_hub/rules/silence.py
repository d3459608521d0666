"""Silent tags and phones: nothing more is heard of a child on the way, or it is overdue at home.

Silence proves nothing while the equipment that would have spoken is itself known to be out of order:
then the judgement waits.
"""

from datetime import date

from safezone_hub import presence
from safezone_hub.clock import local_moment
from safezone_hub.context import Context
from safezone_hub.incidents import open_incident
from safezone_hub.messages import PhoneLocated
from safezone_hub.observation import Observation, Where
from safezone_hub.position import best_estimate
from safezone_hub.rules import Rule
from safezone_hub.rules.health import in_order
from safezone_hub.rules.phone import believed
from safezone_hub.state import Child, Cite

_AFTER_FIXES = "silent"
_HOME_BY = "home_by"


def hear_fix(ctx: Context, obs: Observation) -> None:
    """Listen on: if nothing more comes for ``silence_s``, the timer will look."""
    assert isinstance(obs.data, PhoneLocated)
    found = ctx.child()
    if found is not None and _AFTER_FIXES not in found[0].timers:
        ctx.state.set_timer(found[0].id, _AFTER_FIXES, ctx.now + ctx.settings.silence_s)


def look_after_fixes(ctx: Context, child_id: str) -> None:
    """Nothing heard of a moving phone outside every regular place for ``silence_s``."""
    child, item = ctx.state.child(child_id), ctx.view.children.get(child_id)
    if item is None:
        return
    s = ctx.settings
    if ctx.now < child.heard_at + s.silence_s:
        # Heard meanwhile; one timer a child is moved along instead of a new one a message.
        ctx.state.set_timer(child_id, _AFTER_FIXES, child.heard_at + s.silence_s)
        return
    fixes = believed(child)
    if not fixes or child.silent_told:
        return
    last = fixes[-1]
    on_the_way = last.moving is True and not any(
        place.distance_from_centre(last.x, last.y) <= place.radius_m
        for place in ctx.view.regular_places(item)
    )
    flat = child.battery_pct is not None and child.battery_pct < s.battery_min_pct
    if on_the_way and not flat and child.where == presence.WAY:
        _tell(ctx, child, last.at, [f.cite for f in fixes[-3:]], Where(last.x, last.y, last.accuracy_m))


def plan_home_by(ctx: Context, child: Child) -> None:
    """A new day: expect the child home by its time."""
    item = ctx.view.children.get(child.id)
    ctx.state.stop_timer(child.id, _HOME_BY)
    if item is None or item.home_by is None:
        return
    due = local_moment(date.fromisoformat(ctx.today()), item.home_by, ctx.view.timezone)
    if due > ctx.now:
        ctx.state.set_timer(child.id, _HOME_BY, due)


def look_past_home_by(ctx: Context, child_id: str) -> None:
    """``home_by`` has passed, the child left its last place, and home's readers have not seen it since."""
    child, item = ctx.state.child(child_id), ctx.view.children.get(child_id)
    if item is None or item.home_by is None or child.where != presence.WAY or child.silent_told:
        return
    home_by = local_moment(date.fromisoformat(ctx.today()), item.home_by, ctx.view.timezone)
    readers = ctx.view.readers_at(item.home)
    if not readers:
        return  # nothing there would have seen the child
    ids = {reader.id for reader in readers}
    if any(max(s.at, s.until) > child.since and s.device in ids for s in child.seen):
        return
    if not all(in_order(ctx, reader.id) for reader in readers):
        if ctx.now < home_by + ctx.settings.hold_max_s:
            ctx.state.set_timer(child_id, _HOME_BY, ctx.now + ctx.settings.hold_recheck_s)
        return
    estimate = best_estimate(ctx.view, ctx.state, child, ctx.now)
    position = Where(estimate.x, estimate.y, estimate.accuracy_m) if estimate is not None else None
    cites = [s.cite for s in child.seen[-3:]]
    _tell(ctx, child, max(home_by, child.since), cites, position)


def _tell(ctx: Context, child: Child, at: float, cites: list[Cite], position: Where | None) -> None:
    child.silent_told = True
    exercise = ctx.exercise_of(child, cites)
    incident, cameras = open_incident(
        ctx,
        "tag_silent",
        at,
        child=child.id,
        device=None,
        position=position,
        key=f"{at}",
        exercise=exercise,
        evidence=cites,
    )
    ctx.tell(
        "tag_silent",
        child.id,
        at,
        cites,
        exercise=exercise,
        drill_unknown=child.drill_unknown,
        desk=True,
        position=position,
        incident=incident.id,
        linked=tuple(incident.linked),
        cameras=cameras,
    )


RULE = Rule(
    "silence",
    hears={"phone.located": hear_fix},
    timers={_AFTER_FIXES: look_after_fixes, _HOME_BY: look_past_home_by},
    new_day=plan_home_by,
    replan=plan_home_by,
)
