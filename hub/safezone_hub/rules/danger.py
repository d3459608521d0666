"""Entry into a danger area: a sequential test of the phone's fixes, or a stay at a reader inside.

Each usable fix adds the weaker of two pieces of evidence to a score that never falls below zero (CUSUM,
Page 1954): that the child is in the area rather than where it regularly is, the log-likelihood ratio
(d_ok² − d_area²) / 2σ² less one; and that it is inside rather than beside the area, by how deep. Both are
clipped, so a single outlier can neither raise the alarm nor hide the truth.
"""

from safezone_hub.clock import parse_time
from safezone_hub.context import Context
from safezone_hub.geometry import distance_to_segments
from safezone_hub.incidents import open_incident
from safezone_hub.messages import PhoneLocated, TagSighted
from safezone_hub.observation import Observation, Where
from safezone_hub.registry import Area
from safezone_hub.registry import Child as ChildItem
from safezone_hub.rules import Rule
from safezone_hub.rules.phone import SIGMA_PER_ACCURACY
from safezone_hub.state import Child, Cite, DangerRun, Fix

FAR_M = 300.0  # beyond this from an area a fix only cools its score down
EDGE_SCORE = 0.8  # of a fix on the very edge
DEPTH_SCORE = 1.2  # more for each standard deviation farther in, less for each farther out
LEFT_AFTER = 3  # successive fixes clearly outside end an excursion
EXCURSION_S = 900.0  # so does this long a time without a sign of the child there
LATE_END_S = 5.0  # waited for the end of a stay whose start came late
_TIMER = "danger_stay:"


def hear_fix(ctx: Context, obs: Observation) -> None:
    """Put one fix to the test against every danger area near it."""
    assert isinstance(obs.data, PhoneLocated)
    found = ctx.child()
    if found is None:
        return
    child, item = found
    fix = child.fixes[-1] if child.fixes else None
    if fix is None or fix.cite != obs.cite or not fix.usable or fix.suspect:
        return
    d_ok: float | None = None
    for area in ctx.view.danger_areas:
        if area.distance_from_centre(fix.x, fix.y) > area.radius_m + FAR_M and area.id not in child.danger:
            continue
        if d_ok is None:
            d_ok = distance_from_usual(ctx, item, fix.x, fix.y)
        _test(ctx, child, area, fix, d_ok, obs)


def distance_from_usual(ctx: Context, item: ChildItem, x: float, y: float) -> float:
    """Metres to the nearest registered route or edge of a regular place; 0 inside one."""
    nearest = item.distance_to_routes(x, y)
    for place in ctx.view.regular_places(item):
        nearest = min(nearest, max(0.0, place.distance_from_centre(x, y) - place.radius_m))
    return nearest


def _test(ctx: Context, child: Child, area: Area, fix: Fix, d_ok: float, obs: Observation) -> None:
    s = ctx.settings
    run = child.danger.setdefault(area.id, DangerRun())
    inside = area.contains(fix.x, fix.y)
    d_area = 0.0 if inside else _distance_outside(area, fix.x, fix.y)
    if s.accuracy_gating:
        sigma = fix.accuracy_m * SIGMA_PER_ACCURACY
        unusual = (min(d_ok, 1e4) ** 2 - d_area**2) / (2.0 * sigma**2) - 1.0
        depth = _depth(area, fix.x, fix.y) if inside else -d_area
        deep = EDGE_SCORE + DEPTH_SCORE * depth / sigma
        step = max(-s.danger_clip, min(s.danger_clip, unusual, deep))
    else:
        step = s.danger_clip if inside else -s.danger_clip
    threshold = s.danger_threshold if s.k_of_n else 0.1
    if run.score <= 0.0:
        run.started_at, run.cites, run.inside_at = fix.at, [], None
    run.score = max(0.0, min(4 * s.danger_threshold, run.score + step))
    if step > 0.0:
        run.cites = [*run.cites, fix.cite][-6:]
        # The first fix inside may be noise; the entry is dated by the one that makes it likely.
        if inside and run.inside_at is None and run.score >= threshold / 2:
            run.inside_at = fix.at
    if inside:
        run.there_at = max(run.there_at, fix.at)
    clearly_outside = d_area > 2.0 * fix.accuracy_m * SIGMA_PER_ACCURACY
    run.outside = run.outside + 1 if clearly_outside else 0
    if run.told:
        if run.outside >= LEFT_AFTER:
            del child.danger[area.id]
        return
    dwelt = not s.dwell or fix.at - run.started_at >= s.danger_dwell_s
    if run.score >= threshold and run.inside_at is not None and dwelt:
        run.told = True
        position = Where(fix.x, fix.y, fix.accuracy_m)
        _tell(ctx, child, area, run.inside_at, run.cites, position, obs)
    elif run.score <= 0.0 and not run.stay_open:
        del child.danger[area.id]


def hear_sighting(ctx: Context, obs: Observation) -> None:
    """A reader inside a danger area: a stay of 20 s is an entry. A reader elsewhere: the child is out again."""
    assert isinstance(obs.data, TagSighted)
    found, reader = ctx.child(), ctx.view.devices.get(obs.device)
    antenna = reader.antennas.get(obs.data.antenna) if reader is not None else None
    if found is None or reader is None or antenna is None:
        return
    child, data = found[0], obs.data
    first, last = (parse_time(t) - obs.offset_s for t in (data.first_at, data.last_at))
    for area_id in list(child.danger):
        _seen_outside(ctx, child, area_id, antenna.x, antenna.y, first)
    area = ctx.view.areas.get(reader.area or "")
    if area is None or area.role != "danger" or reader.position != "interior":
        return
    s = ctx.settings
    need = s.danger_dwell_s if s.dwell else 0.0
    run = child.danger.get(area.id)
    if run is None or (run.told and first - run.there_at > EXCURSION_S):
        run = child.danger[area.id] = DangerRun()
    if not run.stay_from or (not run.stay_open and first - run.stay_until > s.same_stay_gap_s):
        run.stay_from, run.stay_until = first, last
    run.stay_from, run.stay_until = min(run.stay_from, first), max(run.stay_until, last)
    run.stay_open = data.phase == "start"
    run.there_at = max(run.there_at, last)
    run.cites = [*(c for c in run.cites if c != obs.cite), obs.cite][-6:]
    if run.told:
        return
    if run.stay_until - run.stay_from >= need:
        _tell_stay(ctx, child, area, run)
    elif run.stay_open:
        # Of a start that came late the end may be right behind it.
        ctx.state.set_timer(child.id, _TIMER + area.id, max(ctx.now + LATE_END_S, run.stay_from + need))


def stay_lasted(ctx: Context, child_id: str, area_id: str) -> None:
    """Twenty seconds after the first read: no end of the stay came, so the child is still there."""
    child, area = ctx.state.child(child_id), ctx.view.areas.get(area_id)
    run = child.danger.get(area_id)
    if area is not None and run is not None and run.stay_open and not run.told:
        _tell_stay(ctx, child, area, run)


def _seen_outside(ctx: Context, child: Child, area_id: str, x: float, y: float, at: float) -> None:
    area, run = ctx.view.areas.get(area_id), child.danger[area_id]
    if area is None or at < run.there_at + ctx.settings.clock_slack_s:
        return
    if _distance_outside(area, x, y) > ctx.settings.elsewhere_margin_m and not area.contains(x, y):
        del child.danger[area_id]


def _tell_stay(ctx: Context, child: Child, area: Area, run: DangerRun) -> None:
    run.told = True
    _tell(ctx, child, area, run.stay_from, run.cites, Where(area.x, area.y, 0.68 * area.radius_m), None)


def _tell(
    ctx: Context,
    child: Child,
    area: Area,
    at: float,
    cites: list[Cite],
    position: Where,
    obs: Observation | None,
) -> None:
    incident, cameras = open_incident(
        ctx,
        "danger_entry",
        at,
        child=child.id,
        device=None,
        position=position,
        key=f"{area.id}@{cites[0][1] if cites else at}",
        exercise=ctx.exercise_of(child, cites),
        evidence=cites,
    )
    ctx.tell(
        "danger_entry",
        child.id,
        at,
        cites,
        exercise=ctx.exercise_of(child, cites),
        drill_unknown=child.drill_unknown,
        desk=True,
        place=area.id,
        position=position,
        incident=incident.id,
        linked=tuple(incident.linked),
        cameras=cameras,
        flags=obs.flags if obs is not None else (),
    )


def _distance_outside(area: Area, x: float, y: float) -> float:
    if area.ring:
        return distance_to_segments(area.edge, x, y)
    return max(0.0, area.distance_from_centre(x, y) - area.radius_m)


def _depth(area: Area, x: float, y: float) -> float:
    """Metres from the edge, of a point inside."""
    if area.ring:
        return distance_to_segments(area.edge, x, y)
    return max(0.0, area.radius_m - area.distance_from_centre(x, y))


RULE = Rule(
    "border",
    hears={"phone.located": hear_fix, "tag.sighted": hear_sighting},
    timers={_TIMER: stay_lasted},
)
