"""What a registered or deleted item changes in a zone's state. Pure; live and in replay the same."""

from safezone_hub import fold, items
from safezone_hub.clock import parse_time
from safezone_hub.context import Context
from safezone_hub.incidents import actions
from safezone_hub.observation import Effect
from safezone_hub.registry import ZoneView
from safezone_hub.settings import RuleSettings
from safezone_hub.state import Child, ZoneState


def registered(
    view: ZoneView,
    state: ZoneState,
    settings: RuleSettings,
    item: items.Item,
    effects: list[Effect] | None = None,
) -> bool:
    """Take an item in. True when the zone's clock opened or closed."""
    match item:
        case items.Drill():
            return _drill(view, state, settings, item, effects)
        case items.Zone():
            fold.child_changed(view, state, settings, None)
        case items.Child():
            fold.child_changed(view, state, settings, item.id)
        case items.Consent():
            _consent_changed(view, state, settings, item.child)
        case items.Guardian():
            for child in item.children:
                if any(consent.guardian == item.id for consent in view.consents.get(child, {}).values()):
                    _consent_changed(view, state, settings, child)
    return False


def unregistered(
    view: ZoneView,
    state: ZoneState,
    settings: RuleSettings,
    kind: str,
    id_: str,
    effects: list[Effect] | None = None,
) -> bool:
    """Take an item out. True when the zone's clock closed."""
    if kind == "drill" and state.zone.clock_drill == id_:
        close_clock(view, state, settings, effects)
        return True
    if kind in ("consent", "guardian"):
        for child in sorted(state.children):
            if not view.consented(child, settings.consent_required).collect:
                forget_whereabouts(state, child)
    return False


def _consent_changed(view: ZoneView, state: ZoneState, settings: RuleSettings, child: str) -> None:
    if not view.consented(child, settings.consent_required).collect:
        forget_whereabouts(state, child)
    else:
        fold.child_changed(view, state, settings, child)


def forget_whereabouts(state: ZoneState, child: str) -> None:
    """Consent is suspended or withdrawn: what is known of the child's places goes; its calls stay answered."""
    old = state.children.get(child)
    if old is not None:
        state.children[child] = Child(child, presses=old.presses)
        state.dirty_children.add(child)


def erase(state: ZoneState, child: str, things: list[str]) -> None:
    """Nothing of a child stays in the state, nor any mention of it."""
    state.forget("child", child)
    for thing in things:
        state.forget("device", thing)
    gone = {incident.id for incident in state.incidents.values() if incident.child == child}
    for id_ in gone:
        state.forget("incident", id_)
    for incident in list(state.incidents.values()):
        if gone & set(incident.linked):
            state.incident(incident.id).linked = [other for other in incident.linked if other not in gone]
    zone = state.zone
    zone.withheld = [w for w in zone.withheld if w[0] != child]
    for watch in zone.watches:
        watch.told = [told for told in watch.told if told != child]


def _drill(
    view: ZoneView, state: ZoneState, settings: RuleSettings, drill: items.Drill, effects: list[Effect] | None
) -> bool:
    """Open or close the zone's exercise clock. An open drill's end is judged by its own clock."""
    zone = state.zone
    opens, closes = parse_time(drill.opens_at), parse_time(drill.closes_at)
    if zone.clock_drill == drill.id:
        if closes <= zone.now:
            close_clock(view, state, settings, effects)
            return True
        return False
    if drill.clock is None or zone.clock_drill is not None or closes <= opens:
        return False
    zone.clock_drill, zone.tick, zone.now, zone.day, zone.tick_wall = drill.id, -1, opens, "", 0.0
    zone.timers, state.heap = {}, []
    return True


def close_clock(
    view: ZoneView, state: ZoneState, settings: RuleSettings, effects: list[Effect] | None = None
) -> None:
    """The drill is over: its incidents end with it, and the zone goes by the wall clock again."""
    zone = state.zone
    ctx = Context(view, state, settings, zone.now)
    for incident in list(state.incidents.values()):
        if incident.exercise == zone.clock_drill and incident.is_open:
            actions.end_by_hub(ctx, state.incident(incident.id), "resolved", "the drill is over")
    if effects is not None:
        effects += ctx.effects
    zone.clock_drill, zone.tick, zone.now, zone.day = None, -1, 0.0, ""
    zone.timers, state.heap = {}, []
