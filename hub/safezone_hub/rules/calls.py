"""Emergencies: tag calls, bell calls, calls to 112. At once, never behind anything else.

One press is one incident, whoever relays it. A new press is a new incident, however soon: it is
linked to the first, never swallowed by it.
"""

import logging
from math import hypot

from safezone_hub.clock import parse_time
from safezone_hub.context import Context, note_heard, stable_id
from safezone_hub.incidents import escalation, open_incident
from safezone_hub.messages import BellPressed, PhoneCalled, Position, TagCalled, TagSighted
from safezone_hub.observation import Count, IncidentChanged, Observation, Where
from safezone_hub.position import Estimate, best_estimate
from safezone_hub.registry import Device as Reader
from safezone_hub.rules import Rule
from safezone_hub.state import BellWatch, Child, Press, Seen

log = logging.getLogger("safezone.hub")

PRESSES_KEPT = 64
WATCH_KEPT_S = 300.0
FRESH_FIX_S = 90.0


def hear_tag_call(ctx: Context, obs: Observation) -> None:
    """The tag's own button, relayed by a reader."""
    assert isinstance(obs.data, TagCalled)
    data, found = obs.data, ctx.child()
    note_heard(ctx, obs, ctx.now)
    tag = ctx.view.devices.get(data.tag)
    counted = tag.press_counter if tag is not None else True
    child = found[0] if found is not None else None
    # A tag of nobody is remembered with its reader's zone as a device of its own.
    presses = child.presses if child is not None else ctx.state.device(data.tag).presses
    if _known(ctx, presses, obs, data.tag, str(data.press), counted):
        if data.medical is True:
            _medical_after_all(ctx, presses, obs, data)
        return
    position = _call_position(ctx, child, obs, data.antenna if isinstance(data.antenna, str) else None)
    incident, cameras = open_incident(
        ctx,
        "tag_call",
        obs.at,
        child=child.id if child is not None else None,
        device=obs.device,
        position=position,
        key=f"{data.tag}#{data.press}",
        exercise=obs.exercise,
        evidence=[obs.cite],
        medical=data.medical is True,
    )
    presses.append(Press(data.tag, str(data.press), obs.at, incident.id, obs.exercise))
    del presses[:-PRESSES_KEPT]
    _tell_call(ctx, obs, "tag_call", incident.id, tuple(incident.linked), child, position, cameras)


def hear_phone_call(ctx: Context, obs: Observation) -> None:
    """The app's record of speed dial 1; the voice call itself needs no hub."""
    assert isinstance(obs.data, PhoneCalled)
    data, found = obs.data, ctx.child()
    note_heard(ctx, obs, ctx.now)
    child = found[0] if found is not None else None
    presses = child.presses if child is not None else ctx.state.device(obs.device).presses
    if _known(ctx, presses, obs, obs.device, data.call, counted=True):
        return
    position = None
    if isinstance(data.position, Position):
        x, y = ctx.view.plane.xy(data.position.lat, data.position.lon)
        position = Where(x, y, data.position.accuracy_m)
    elif child is not None:
        position = _last_known(ctx, child)
    incident, cameras = open_incident(
        ctx,
        "phone_call_112",
        obs.at,
        child=child.id if child is not None else None,
        device=obs.device,
        position=position,
        key=data.call,
        exercise=obs.exercise,
        evidence=[obs.cite],
    )
    presses.append(Press(obs.device, data.call, obs.at, incident.id, obs.exercise))
    del presses[:-PRESSES_KEPT]
    _tell_call(ctx, obs, "phone_call_112", incident.id, tuple(incident.linked), child, position, cameras)


def hear_bell(ctx: Context, obs: Observation) -> None:
    """An anonymous press: the desk hears of it, and guardians of children close by."""
    assert isinstance(obs.data, BellPressed)
    bell, state = ctx.view.devices.get(obs.device), ctx.state.device(obs.device)
    press = str(obs.data.press)
    if _known(ctx, state.presses, obs, obs.device, press, counted=True):
        return
    placed = bell is not None and bell.x is not None and bell.y is not None
    position = (
        Where(bell.x, bell.y, 5.0) if placed and bell and bell.x is not None and bell.y is not None else None
    )
    incident, cameras = open_incident(
        ctx,
        "bell_call",
        obs.at,
        child=None,
        device=obs.device,
        position=position,
        key=press,
        exercise=obs.exercise,
        evidence=[obs.cite],
    )
    pressed = Press(obs.device, press, obs.at, incident.id, obs.exercise)
    state.presses = [*state.presses, pressed][-PRESSES_KEPT:]
    _tell_call(ctx, obs, "bell_call", incident.id, tuple(incident.linked), None, position, cameras)
    if position is None:
        return
    watch = BellWatch(
        incident.id,
        obs.at,
        position.x,
        position.y,
        obs.device,
        obs.cite,
        [],
        obs.exercise,
        obs.drill_unknown,
    )
    zone = ctx.state.zone
    zone.watches = [*(w for w in zone.watches if ctx.now - w.at < WATCH_KEPT_S), watch]
    for child_id in sorted(ctx.state.children):
        for seen in ctx.state.children[child_id].seen:
            _tell_near(ctx, watch, child_id, seen)


def hear_sighting_near_bell(ctx: Context, obs: Observation) -> None:
    """A tag seen while a bell still looks for children nearby."""
    assert isinstance(obs.data, TagSighted)
    zone = ctx.state.zone
    if not zone.watches:
        return
    zone.watches = [w for w in zone.watches if ctx.now - w.at < WATCH_KEPT_S]
    found = ctx.child()
    reader = ctx.view.devices.get(obs.device)
    antenna = reader.antennas.get(obs.data.antenna) if reader is not None else None
    if found is None or antenna is None:
        return
    first, last = (parse_time(t) - obs.offset_s for t in (obs.data.first_at, obs.data.last_at))
    seen = Seen(first, antenna.x, antenna.y, antenna.range_m, obs.device, obs.cite, last)
    for watch in zone.watches:
        _tell_near(ctx, watch, found[0].id, seen)


SERVICE_OF = {"tag.called": "tag_call", "phone.called": "phone_call_112", "bell.pressed": "bell_call"}


def tell_the_least(ctx: Context, obs: Observation) -> None:
    """An emergency whose rule failed: who called and when, to the desk and the guardians; no place, no cameras."""
    service = SERVICE_OF.get(obs.type)
    if service is None:
        return
    incident = _least_incident(ctx, obs, service)
    ctx.tell(
        service,
        ctx.child_id,
        obs.at,
        [obs.cite],
        exercise=obs.exercise,
        drill_unknown=obs.drill_unknown,
        guardians=ctx.child_id is not None,
        desk=True,
        device=obs.device,
        incident=incident,
        flags=obs.flags,
    )


def _least_incident(ctx: Context, obs: Observation, service: str) -> str:
    """An incident without place or cameras, so that its clock runs; a bare id when even that fails."""
    for effect in ctx.effects:
        if isinstance(effect, IncidentChanged):
            return effect.id  # the rule came that far
    try:
        opened, _ = open_incident(
            ctx, service, obs.at, child=ctx.child_id, device=obs.device, position=None, key="least",
            exercise=obs.exercise, evidence=[obs.cite],
        )  # fmt: skip
        return opened.id
    except Exception:
        log.exception("no incident for a call")
        ctx.effects.append(Count("rule_error"))
        return stable_id(obs.at, ctx.state.zone.id, service, obs.device, *obs.cite)


def _tell_near(ctx: Context, watch: BellWatch, child_id: str, seen: Seen) -> None:
    s = ctx.settings
    in_time = seen.at <= watch.at + s.near_bell_s and seen.until >= watch.at - s.near_bell_s
    close = hypot(seen.x - watch.x, seen.y - watch.y) <= s.near_bell_m
    if not in_time or not close or child_id in watch.told:
        return
    watch.told.append(child_id)
    ctx.tell(
        "bell_call",
        child_id,
        watch.at,
        [watch.cite, seen.cite],
        exercise=watch.exercise,
        drill_unknown=watch.drill_unknown,
        position=Where(watch.x, watch.y, 5.0),
        device=watch.bell,
        incident=watch.incident,
        near=True,
    )


def _known(
    ctx: Context, presses: list[Press], obs: Observation, thing: str, press: str, counted: bool
) -> bool:
    """Whether this press already has its incident. A press in a drill never swallows a real one of the same number."""
    alike = [p for p in presses if p.thing == thing and p.exercise == obs.exercise]
    if not counted:
        return any(abs(obs.at - p.at) < ctx.settings.uncounted_press_s for p in alike)
    # Counters wrap and tags are replaced: a number of long ago swallows no call.
    return any(p.press == press and abs(obs.at - p.at) <= ctx.settings.press_memory_s for p in alike)


def _medical_after_all(ctx: Context, presses: list[Press], obs: Observation, data: TagCalled) -> None:
    """Readers may hear differently: what one of them heard of a press counts, though another was told first."""
    mine = (
        p
        for p in reversed(presses)
        if (p.thing, p.press, p.exercise) == (data.tag, str(data.press), obs.exercise)
    )
    press = next(mine, None)
    held = ctx.state.incidents.get(press.incident) if press is not None else None
    if held is not None and held.is_open and not held.medical:
        escalation.medical_after_all(ctx, ctx.state.incident(held.id))


def _call_position(
    ctx: Context, child: Child | None, obs: Observation, antenna_id: str | None
) -> Where | None:
    """A fresh fix if there is one, else the reader that heard the call."""
    if child is not None:
        estimate = _estimate(ctx, child)
        if estimate is not None and estimate.basis == "phone" and estimate.age_s <= FRESH_FIX_S:
            return Where(estimate.x, estimate.y, estimate.accuracy_m)
    reader: Reader | None = ctx.view.devices.get(obs.device)
    if reader is None:
        return None
    radius = ctx.settings.reader_call_range_m * 0.82  # 68 % of a disc's area
    antenna = reader.antennas.get(antenna_id or "")
    if antenna is not None:
        return Where(antenna.x, antenna.y, radius)
    return Where(reader.x, reader.y, radius) if reader.x is not None and reader.y is not None else None


def _last_known(ctx: Context, child: Child) -> Where | None:
    estimate = _estimate(ctx, child)
    return Where(estimate.x, estimate.y, estimate.accuracy_m) if estimate is not None else None


def _estimate(ctx: Context, child: Child) -> Estimate | None:
    """Where the child is thought to be. An error in that must not hold a call back."""
    try:
        return best_estimate(ctx.view, ctx.state, child, ctx.now)
    except Exception:
        log.exception("no estimate of a caller's position")
        ctx.effects.append(Count("rule_error"))
        return None


def _tell_call(
    ctx: Context,
    obs: Observation,
    service: str,
    incident: str,
    linked: tuple[str, ...],
    child: Child | None,
    position: Where | None,
    cameras: tuple[str, ...],
) -> None:
    medical = isinstance(obs.data, TagCalled) and obs.data.medical is True
    ctx.tell(
        service,
        child.id if child is not None else None,
        obs.at,
        [obs.cite],
        exercise=obs.exercise,
        drill_unknown=obs.drill_unknown,
        guardians=child is not None,
        desk=True,
        posts=("desk", "fire119") if medical else ("desk",),
        position=position,
        device=obs.device,
        incident=incident,
        linked=linked,
        cameras=cameras,
        flags=(*obs.flags, *(("repeat",) if linked else ()), *(("medical",) if medical else ())),
    )


RULE = Rule(
    "emergency",
    hears={
        "tag.called": hear_tag_call,
        "phone.called": hear_phone_call,
        "bell.pressed": hear_bell,
        "tag.sighted": hear_sighting_near_bell,
    },
)
