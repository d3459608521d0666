"""Route deviation: K of the last N usable fixes clearly off every registered route, on the way only."""

from safezone_hub import presence
from safezone_hub.context import Context
from safezone_hub.geometry import distance_to_segments
from safezone_hub.incidents import open_incident
from safezone_hub.messages import PhoneLocated
from safezone_hub.observation import Observation, Where
from safezone_hub.rules import Rule

SAME_OUTING_S = 300.0  # back on the route for less, and off again, is one excursion: told once


def hear_fix(ctx: Context, obs: Observation) -> None:
    """Count one fix as on or off the routes."""
    assert isinstance(obs.data, PhoneLocated)
    found = ctx.child()
    if found is None:
        return
    child, item = found
    fix = next((f for f in reversed(child.fixes) if f.cite == obs.cite), None)
    if fix is None or not fix.usable:
        return
    latest = child.off_route[-1][0] if child.off_route else fix.at
    if child.where != presence.WAY or not item.corridors:
        child.off_route, child.deviation_told = [], False
        return
    s = ctx.settings
    slack = s.deviation_slack * fix.accuracy_m if s.accuracy_gating else 0.0
    # An unbelievable jump takes its place among the N, and counts for nothing.
    off = (
        not fix.suspect
        and all(distance_to_segments(route, fix.x, fix.y) > width + slack for route, width in item.corridors)
        and not any(
            place.distance_from_centre(fix.x, fix.y) <= place.radius_m
            for place in ctx.view.regular_places(item)
        )
    )
    if child.deviation_told:
        # Until the child has been back for long, only the last moment off the route is worth keeping.
        if off:
            child.off_route = [(max(fix.at, latest), True, fix.cite)]
        elif not child.off_route or fix.at - child.off_route[-1][0] >= SAME_OUTING_S:
            child.off_route, child.deviation_told = [], False
        return
    child.off_route = sorted([*child.off_route, (fix.at, off, fix.cite)])[-s.deviation_n :]
    away = [(at, cite) for at, was_off, cite in child.off_route if was_off]
    if not off or len(away) < (s.deviation_k if s.k_of_n else 1):
        return
    child.deviation_told = True
    child.off_route = [(max(fix.at, latest), True, fix.cite)]
    # It is a deviation from the fix on that makes it one; the first of them may still be a detour.
    at, cites = fix.at, [cite for _, cite in away]
    position = Where(fix.x, fix.y, fix.accuracy_m)
    incident, cameras = open_incident(
        ctx,
        "route_deviation",
        at,
        child=child.id,
        device=None,
        position=position,
        key=cites[0],
        exercise=obs.exercise,
        evidence=cites,
    )
    ctx.tell(
        "route_deviation",
        child.id,
        at,
        cites,
        exercise=obs.exercise,
        drill_unknown=obs.drill_unknown,
        desk=True,
        position=position,
        incident=incident.id,
        linked=tuple(incident.linked),
        cameras=cameras,
        flags=obs.flags,
    )


RULE = Rule("border", hears={"phone.located": hear_fix})
