"""Phones: fixes, and entering or leaving a place by them.

Only a change of the phone's own whereabouts is evidence; a phone that lies forgotten at home says
nothing about the child. Every judgement needs several usable fixes that agree.
"""

from math import hypot

from safezone_hub import presence
from safezone_hub.context import Context, note_heard
from safezone_hub.messages import PhoneLocated
from safezone_hub.observation import Observation, SavePosition
from safezone_hub.registry import Area
from safezone_hub.registry import Child as ChildItem
from safezone_hub.rules import Rule
from safezone_hub.state import Child, Fix, Pass

FIXES_KEPT = 10
FIX_AGE_MAX_S = 1800.0
WALK_MAX_MPS = 3.0  # a jump faster than this is not believed from one fix alone
SIGMA_PER_ACCURACY = 1 / 1.51  # 68 % radius of a circular normal is 1.51 standard deviations


def hear_fix(ctx: Context, obs: Observation) -> None:
    """Keep a fix, and see whether the phone came to or left one of the child's places."""
    assert isinstance(obs.data, PhoneLocated)
    data, found = obs.data, ctx.child()
    if found is None:
        return
    child, item = found
    note_heard(ctx, obs, ctx.now)
    if isinstance(data.battery_pct, int | float):
        child.battery_pct = float(data.battery_pct)
    x, y = ctx.view.plane.xy(data.lat, data.lon)
    ctx.effects.append(SavePosition(child.id, obs.at, x, y, data.accuracy_m, "phone", obs.device))
    gating = ctx.settings.accuracy_gating
    usable = data.accuracy_m <= ctx.settings.usable_accuracy_m or not gating
    moving = data.moving if isinstance(data.moving, bool) else None
    fix = Fix(obs.at, x, y, data.accuracy_m, data.fix_source, moving, usable, obs.cite)
    if gating:
        fix.suspect = _is_jump(child.fixes, fix)
    child.fixes = sorted(
        [*(f for f in child.fixes if obs.at - f.at < FIX_AGE_MAX_S), fix], key=lambda f: f.at
    )[-FIXES_KEPT:]
    # One that comes late takes its place among the others, and may be the one that was wanting.
    if usable and not fix.suspect and any(f is fix for f in child.fixes):
        _judge(ctx, child, item, obs)


def believed(child: Child) -> list[Fix]:
    """Fixes that may be judged by, oldest first."""
    return [f for f in child.fixes if f.usable and not f.suspect]


def _successive(child: Child, k: int) -> list[Fix]:
    """The last K usable fixes, doubtful ones too: «successive» leaves none out."""
    return [f for f in child.fixes if f.usable][-k:]


def _is_jump(fixes: list[Fix], fix: Fix) -> bool:
    """Farther from the last fix than anybody walks; a second fix that agrees lifts the doubt."""
    if not fix.usable:
        return False
    earlier = [f for f in fixes if f.usable and f.at <= fix.at]
    if not earlier:
        return False
    last = earlier[-1]
    good = next((f for f in reversed(earlier) if not f.suspect), last)
    reach = WALK_MAX_MPS * (fix.at - good.at) + 1.5 * (fix.accuracy_m + good.accuracy_m)
    if hypot(fix.x - good.x, fix.y - good.y) <= reach:
        return False
    if last.suspect:
        near = WALK_MAX_MPS * (fix.at - last.at) + 1.5 * (fix.accuracy_m + last.accuracy_m)
        return hypot(fix.x - last.x, fix.y - last.y) > near and sum(f.suspect for f in earlier[-2:]) < 2
    return True


def _judge(ctx: Context, child: Child, item: ChildItem, obs: Observation) -> None:
    fixes = believed(child)
    here = ctx.view.areas.get(child.phone_where)
    for area in presence.own_places(ctx, item):
        if area is not here:
            _consider_inside(ctx, child, area, here, fixes, obs)
            if child.phone_where == area.id:
                return
    if child.phone_where in ("", presence.WAY):
        # Not seen to come in with the child, but seen to be outside: evidence all the same.
        here = ctx.view.areas.get(child.where)
    if here is None or here.role not in presence.ENTRY:
        return
    run = _outside_run(ctx, child, fixes, here)
    if run:
        child.phone_where = presence.WAY
        if child.where == here.id and run[0].at > child.since:
            presence.leave(ctx, child, here, run[0].at, [f.cite for f in run], obs.flags, through_gate=False)


def _consider_inside(
    ctx: Context, child: Child, area: Area, here: Area | None, fixes: list[Fix], obs: Observation
) -> None:
    """K successive fixes within the radius make it likely; that the phone stays there makes it so.

    ``here`` is the place the phone is taken to be in: neighbours are told apart by fixes in one only.
    """
    s, last = ctx.settings, fixes[-1]
    k = s.inside_k if s.k_of_n else 1
    maybe = child.maybe_inside
    if maybe is not None and maybe.area == area.id:
        slack = s.outside_slack * last.accuracy_m if s.accuracy_gating else 0.0
        if area.distance_from_centre(last.x, last.y) > area.radius_m + slack:
            maybe = child.maybe_inside = None
    run, near = _successive(child, k), _near_run(area, fixes)
    if maybe is None or maybe.area != area.id:
        if here is not None and any(here.distance_from_centre(f.x, f.y) <= here.radius_m for f in run):
            return
        within = len(run) == k and all(area.distance_from_centre(f.x, f.y) <= area.radius_m for f in run)
        rests = not within and child.where == presence.WAY and _rests_indoors(area, near)
        if not (within or rests) or not _has_been_away(ctx, child, area):
            return
        at = near[0].at if rests else last.at
        maybe = child.maybe_inside = Pass("", area.id, True, at, [f.cite for f in run], [])
    if s.dwell and not _has_stopped(ctx, near):
        return
    first_known = child.phone_where == ""
    child.phone_where, child.maybe_inside = area.id, None
    # At first sight the phone may have lain there all along: then it tells nothing new.
    if not first_known or child.where != area.id:
        presence.enter(ctx, child, area, maybe.at, maybe.cites, obs.flags)


def _has_been_away(ctx: Context, child: Child, area: Area) -> bool:
    """Somebody who just left a place is still near it: only the way back in is news."""
    if child.came_from != area.id or child.where != presence.WAY or not ctx.settings.dwell:
        return True
    slack = ctx.settings.outside_slack
    known = [f for f in child.fixes if f.usable and not f.suspect]
    too_long_ago = len(child.fixes) == FIXES_KEPT and child.since < known[0].at
    return too_long_ago or any(
        f.at > child.since and area.distance_from_centre(f.x, f.y) > area.radius_m + slack * f.accuracy_m
        for f in known
    )


def _near_run(area: Area, fixes: list[Fix]) -> list[Fix]:
    """The latest successive fixes that may be in the place, given their accuracy."""
    run: list[Fix] = []
    for fix in reversed(fixes):
        if area.distance_from_centre(fix.x, fix.y) > area.radius_m + fix.accuracy_m:
            break
        run.insert(0, fix)
    return run


def _rests_indoors(area: Area, run: list[Fix]) -> bool:
    """Rough Wi-Fi fixes of a phone at rest: none says much, their middle does."""
    latest = run[-4:]
    if len(latest) < 4 or latest[-1].moving is not False or sum(f.source == "wifi" for f in latest) < 3:
        return False
    weights = [1.0 / f.accuracy_m**2 for f in latest]
    total = sum(weights)
    x = sum(w * f.x for w, f in zip(weights, latest, strict=True)) / total
    y = sum(w * f.y for w, f in zip(weights, latest, strict=True)) / total
    return area.distance_from_centre(x, y) <= 0.8 * area.radius_m


def _has_stopped(ctx: Context, run: list[Fix]) -> bool:
    """Whether the fixes are those of somebody who stays: a phone at rest, or one that lost the sky.

    Slow or long alone proves nothing: children dawdle in front of their own house and then walk on.
    """
    if not ctx.settings.k_of_n:
        return True
    if len(run) < 2:
        return False
    return run[-1].moving is False or sum(f.source == "wifi" for f in run[-3:]) >= 2


def _outside_run(ctx: Context, child: Child, fixes: list[Fix], area: Area) -> list[Fix]:
    """The last K fixes, when all are clear of a place and somebody moves."""
    s = ctx.settings
    k = s.outside_k if s.k_of_n else 1
    run = fixes[-k:]
    if len(run) < k:
        return []
    for fix in (*run, *_successive(child, k)):
        margin = s.outside_slack * fix.accuracy_m if s.accuracy_gating else 0.0
        if area.distance_from_centre(fix.x, fix.y) <= area.radius_m + margin:
            return []
    if s.dwell and all(f.moving is False for f in run):
        return []
    return run


def forget_whereabouts(ctx: Context, child: Child) -> None:
    """A new day: the phone's place is learnt anew."""
    child.fixes = []
    child.phone_where, child.maybe_inside = "", None


RULE = Rule("presence", hears={"phone.located": hear_fix}, new_day=forget_whereabouts)
