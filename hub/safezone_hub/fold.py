"""``step(state, input, now) -> effects``: the hub's judgement, free of I/O.

The event log holds the inputs in order; folding them again gives the same state (``rebuild``).
"""

import logging
from collections.abc import Callable
from datetime import date

from safezone_model import MESSAGES

from safezone_hub import presence, rules
from safezone_hub.clock import local_date, local_moment
from safezone_hub.context import Context
from safezone_hub.incidents import escalation
from safezone_hub.observation import Count, Effect, Observation, Tell
from safezone_hub.registry import ZoneView
from safezone_hub.rules.calls import tell_the_least
from safezone_hub.settings import RuleSettings
from safezone_hub.state import Child, ZoneState

log = logging.getLogger("safezone.hub")
_NEW_DAY = "new_day"


def observe(
    view: ZoneView, state: ZoneState, settings: RuleSettings, obs: Observation, child: str | None
) -> list[Effect]:
    """Judge one observation at the zone's present time."""
    ctx = Context(view, state, settings, obs.received_at)
    ctx.child_id, ctx.delay_s = child, obs.received_at - obs.at
    if child is not None:
        _know(ctx, child)
    emergency = obs.type in MESSAGES and MESSAGES[obs.type].cls == "emergency"
    passed = [_guarded(ctx, hear, ctx, obs) for hear in rules.hearers(obs.type)]
    if emergency and not all(passed) and not any(isinstance(e, Tell) for e in ctx.effects):
        # Its receipt stops the device from repeating it: then somebody must hear of it, whatever failed.
        tell_the_least(ctx, obs)
    return ctx.effects


def advance(view: ZoneView, state: ZoneState, settings: RuleSettings, to: float) -> list[Effect]:
    """Fire every timer due up to a moment, in order, each at its due time; then take the moment as now.

    Time never runs backwards: an earlier moment changes nothing.
    """
    effects: list[Effect] = []
    if to < state.zone.now:
        return effects
    if not state.zone.day:
        start_clock(view, state, settings, to)
    while (due := _next_due(state)) is not None and due <= to:
        state.zone.now = max(state.zone.now, due)
        ctx = Context(view, state, settings, state.zone.now)
        if state.incident_due(real=False) == due:
            _guarded(ctx, escalation.fire, ctx, state.take_incident(real=False))
        elif (entry := state.take_due(to)) is not None:
            _, child, name = entry
            if name == _NEW_DAY:
                _begin_day(ctx)
            elif child in view.children:
                _guarded(ctx, rules.fire, ctx, child, name)
        effects += ctx.effects
    state.zone.now = to
    return effects


def _next_due(state: ZoneState) -> float | None:
    return min((d for d in (state.next_due(), state.incident_due(real=False)) if d is not None), default=None)


def advance_real(view: ZoneView, state: ZoneState, settings: RuleSettings, wall: float) -> list[Effect]:
    """Fire every deadline of real incidents up to a moment of the wall clock, drill or no drill."""
    effects: list[Effect] = []
    while (due := state.incident_due(real=True)) is not None and due <= wall:
        # What came due while the hub was down fires now, and the next step is counted from there.
        ctx = Context(view, state, settings, wall)
        _guarded(ctx, escalation.fire, ctx, state.take_incident(real=True))
        effects += ctx.effects
    return effects


def start_clock(view: ZoneView, state: ZoneState, settings: RuleSettings, now: float) -> None:
    """Begin at a moment with no past: nothing that would have been due before it fires."""
    zone = state.zone
    zone.timers, zone.watches, zone.now, zone.started_at = {}, [], now, now
    # Children start afresh; a clock that jumped to another day makes nonsense of what they did.
    for child_id in list(state.children):
        old = state.children[child_id]
        state.children[child_id] = Child(child_id, presses=old.presses)
        state.dirty_children.add(child_id)
    for device in state.devices.values():
        device.offsets, device.heartbeat_at = [], None
        state.dirty_devices.add(device.id)
    state.heap = []
    _begin_day(Context(view, state, settings, now))


def child_changed(view: ZoneView, state: ZoneState, settings: RuleSettings, child: str | None) -> None:
    """A child or the calendar was registered anew: plan the rest of today (for one child or for all)."""
    if not state.zone.day:
        return
    ctx = Context(view, state, settings, state.zone.now)
    for child_id in [child] if child is not None else sorted(view.children):
        if child_id in view.children:
            _know(ctx, child_id)
            for rule in rules.rules():
                if rule.replan is not None:
                    rule.replan(ctx, state.child(child_id))


def _guarded(ctx: Context, rule: Callable[..., None], *args: object) -> bool:
    """Run one rule; its error must not keep the others from running. False if it failed."""
    try:
        rule(*args)
        return True
    except Exception:
        log.exception("rule %s.%s failed", rule.__module__, rule.__qualname__)
        ctx.effects.append(Count("rule_error"))
        return False


def _begin_day(ctx: Context) -> None:
    """Local midnight, or the first moment known: everybody is taken to be at home."""
    today = local_date(ctx.now, ctx.view.timezone)
    ctx.state.zone.day = today.isoformat()
    midnight = local_moment(date.fromordinal(today.toordinal() + 1), "00:00", ctx.view.timezone)
    ctx.state.set_timer("", _NEW_DAY, midnight)
    for child_id in sorted(ctx.view.children):
        child = ctx.state.child(child_id)
        _start_at_home(ctx, child)
        for rule in rules.rules():
            if rule.new_day is not None:
                rule.new_day(ctx, child)


def _know(ctx: Context, child_id: str) -> None:
    """Meet a child for the first time."""
    if child_id in ctx.state.children:
        return
    child = ctx.state.child(child_id)
    _start_at_home(ctx, child)
    for rule in rules.rules():
        if rule.new_day is not None:
            rule.new_day(ctx, child)


def _start_at_home(ctx: Context, child: Child) -> None:
    item = ctx.view.children[child.id]
    if ctx.settings.assume_home_overnight and item.home in ctx.view.areas:
        # Since the day began: what happened earlier today may arrive yet.
        if child.where != item.home:
            child.where, child.came_from = item.home, ""
        child.since = child.inside_at = min(ctx.now, _midnight(ctx))
    child.silent_told = False
    child.danger = {}
    child.gate_pass = None
    child.phone_where = presence.WAY if child.phone_where == presence.WAY else child.phone_where


def _midnight(ctx: Context) -> float:
    return local_moment(local_date(ctx.now, ctx.view.timezone), "00:00", ctx.view.timezone)
