"""Where a child is: one state machine, fed by gates, readers and phones.

Places are those of the child itself (home, school, its academies). A transition is told once; what
arrives too late to be true is dropped, what is late but still true is told and flagged.
"""

from safezone_hub.clock import local_date
from safezone_hub.context import Context
from safezone_hub.incidents import actions
from safezone_hub.registry import Area
from safezone_hub.registry import Child as ChildItem
from safezone_hub.state import Child, Cite

WAY = "way"
ENTRY = {"school": "school_arrival", "home": "home_entry", "academy": "academy_entry"}
EXIT = {"school": "school_departure", "home": "home_exit", "academy": "academy_exit"}


def own_place(ctx: Context, item: ChildItem, area_id: str | None) -> Area | None:
    """The area, if it is one of the child's places that have services."""
    area = ctx.view.areas.get(area_id or "")
    if area is None or area.role not in ENTRY:
        return None
    if area.role == "school" or area.id == item.home or area.id in item.places:
        return area
    return None


def own_places(ctx: Context, item: ChildItem) -> list[Area]:
    return [area for area in ctx.view.regular_places(item) if area.role in ENTRY]


def enter(
    ctx: Context, child: Child, area: Area, at: float, cites: list[Cite], flags: tuple[str, ...]
) -> None:
    """Evidence that the child came into one of its places."""
    slack = ctx.settings.clock_slack_s
    if child.where == area.id:
        child.inside_at = max(child.inside_at, at)
        _note_arrival(ctx, child, area, at)
        return
    if at < child.since - slack or _seen_elsewhere_since(ctx, child, area, at + slack):
        _came(ctx, child, area, at)
        if child.where in ctx.view.areas:  # known to be in another place of its own: not one to look for
            _note_arrival(ctx, child, area, at)
        return
    at = max(at, child.since)
    if child.where in ctx.view.areas:
        _tell(ctx, child, EXIT, child.where, at, cites, flags)
    child.where, child.since, child.inside_at = area.id, at, at
    _forget_border(child)
    _note_arrival(ctx, child, area, at)
    _tell(ctx, child, ENTRY, area.id, at, cites, flags)


def leave(
    ctx: Context,
    child: Child,
    area: Area,
    at: float,
    cites: list[Cite],
    flags: tuple[str, ...],
    *,
    through_gate: bool,
) -> None:
    """Evidence that the child left one of its places."""
    slack = ctx.settings.clock_slack_s
    if at < child.since - slack or (child.where == area.id and at < child.inside_at - slack):
        return
    if child.where != area.id:
        heard_again = child.came_from == area.id and at < child.since + ctx.settings.second_exit_s
        if not through_gate or heard_again:
            return
        if child.where in ctx.view.areas:
            _tell(ctx, child, EXIT, child.where, at, cites, flags)
    at = max(at, child.since)
    child.where, child.since, child.came_from = WAY, at, area.id
    _forget_border(child)
    _tell(ctx, child, EXIT, area.id, at, cites, flags)


def seen_at(
    ctx: Context, child: Child, at: float, x: float, y: float, cite: Cite, flags: tuple[str, ...]
) -> None:
    """A sighting somewhere: if it is clear of the place the child should be in, the child has left it."""
    area = ctx.view.areas.get(child.where)
    if area is None or at < max(child.since, child.inside_at) + ctx.settings.clock_slack_s:
        return
    if area.distance_from_centre(x, y) > area.radius_m + ctx.settings.elsewhere_margin_m:
        leave(ctx, child, area, at, [cite], flags, through_gate=False)


def _seen_elsewhere_since(ctx: Context, child: Child, area: Area, at: float) -> bool:
    clear = area.radius_m + ctx.settings.elsewhere_margin_m
    return any(s.at > at and area.distance_from_centre(s.x, s.y) > clear for s in child.seen)


def came_earlier(ctx: Context, child: Child, area_id: str, at: float) -> None:
    """It came and has left since: nothing to tell, and yet nobody needs to look for it."""
    area = ctx.view.areas.get(area_id)
    if area is not None:
        _note_arrival(ctx, child, area, at)


def _came(ctx: Context, child: Child, area: Area, at: float) -> None:
    """It was at school that day. Where it is now is another question, and an open incident stays open."""
    if area.role == "school":
        child.arrived_on = max(child.arrived_on, local_date(at, ctx.view.timezone).isoformat())


def _note_arrival(ctx: Context, child: Child, area: Area, at: float) -> None:
    _came(ctx, child, area, at)
    if area.role == "school" and ctx.view.climbs_when_absent:
        _found(ctx, child)


def _found(ctx: Context, child: Child) -> None:
    """The child has come after all: nobody needs to look for it."""
    for incident in list(ctx.state.incidents.values()):
        if incident.service == "not_arrived" and incident.child == child.id and incident.is_open:
            actions.end_by_hub(ctx, ctx.state.incident(incident.id), "resolved", "arrived")


def _forget_border(child: Child) -> None:
    child.off_route = []
    child.deviation_told = False


def _tell(
    ctx: Context,
    child: Child,
    services: dict[str, str],
    place: str,
    at: float,
    cites: list[Cite],
    flags: tuple[str, ...],
) -> None:
    area = ctx.view.areas[place]
    service = services.get(area.role)
    if service is not None:
        ctx.tell(
            service,
            child.id,
            at,
            cites,
            exercise=ctx.exercise_of(child, cites),
            drill_unknown=child.drill_unknown,
            place=place,
            flags=flags,
        )
