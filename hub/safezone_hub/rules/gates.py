"""Readers: stays, passes through gates, sightings inside and elsewhere.

Direction comes only from the order of a gate's two antennas, and is believed after a short dwell in
which the child does not turn round. One antenna alone says «seen», never «left» or «came».
"""

from safezone_hub import presence
from safezone_hub.clock import parse_time
from safezone_hub.context import Context, note_heard
from safezone_hub.messages import TagSighted
from safezone_hub.observation import Count, Observation, SavePosition
from safezone_hub.registry import Device as Reader
from safezone_hub.rules import Rule
from safezone_hub.state import Child, Pass, Seen, Stay

STAYS_KEPT = 16
SEEN_KEPT = 6
LEFT_JUST_NOW_S = 20.0  # the reader indoors may still hear who just went out through the gate
_TIMER = "gate_pass"


def hear_sighting(ctx: Context, obs: Observation) -> None:
    """Follow one stay of one tag at one antenna."""
    assert isinstance(obs.data, TagSighted)
    data, found = obs.data, ctx.child()
    if found is None:
        return
    child, item = found
    reader = ctx.view.devices.get(obs.device)
    antenna = reader.antennas.get(data.antenna) if reader is not None else None
    if reader is None or antenna is None:
        ctx.effects.append(Count("unknown_antenna"))
        return
    first = parse_time(data.first_at) - obs.offset_s
    last = max(first, parse_time(data.last_at) - obs.offset_s)
    note_heard(ctx, obs, min(last, ctx.now))
    child.tag_at = max(child.tag_at, min(last, ctx.now))
    if isinstance(data.battery_pct, int | float):
        child.tag_battery_pct = float(data.battery_pct)
    stay, is_new = _note_stay(ctx, child, obs, reader.id, antenna.side, first, last)
    _note_seen(ctx, child, obs, antenna.x, antenna.y, antenna.range_m, min(first, ctx.now), last, is_new)

    place = presence.own_place(ctx, item, reader.area)
    if reader.position == "gate" and is_new:
        if ctx.settings.antenna_order:
            _pair(ctx, child, stay, reader)
        elif place is not None:
            _toggle(ctx, child, place.id, stay)
    elif reader.position == "interior" and place is not None:
        at = min(last, ctx.now)
        left_just_now = (
            child.came_from == place.id and child.where == presence.WAY and at < child.since + LEFT_JUST_NOW_S
        )
        news = child.where == place.id or not _lies_there(ctx, child, stay, is_new)
        if news and not left_just_now:
            presence.enter(ctx, child, place, at, [obs.cite], obs.flags)
    if is_new:
        presence.seen_at(ctx, child, min(first, ctx.now), antenna.x, antenna.y, obs.cite, obs.flags)


def _lies_there(ctx: Context, child: Child, stay: Stay, is_new: bool) -> bool:
    """Whether the tag has not moved: it goes on being read at one antenna, and may have been left behind.

    A stay that began before the child was known to be elsewhere says nothing new by going on, nor does the next one
    there soon after; only a tag that was read elsewhere meanwhile, or not at all for long, has come anew.
    """
    if not is_new:
        return True
    before = max(
        (s for s in child.stays if s is not stay and s.first <= stay.first),
        key=lambda s: s.last,
        default=None,
    )
    if before is None or (before.reader, before.antenna) != (stay.reader, stay.antenna):
        return False
    return stay.first - before.last < ctx.settings.still_s


def believe_pass(ctx: Context, child_id: str) -> None:
    """The dwell is over and the child has not turned round."""
    child, item = ctx.state.child(child_id), ctx.view.children.get(child_id)
    gate_pass, child.gate_pass = child.gate_pass, None
    if gate_pass is None or item is None:
        return
    place = presence.own_place(ctx, item, gate_pass.area)
    at, flags = min(gate_pass.at, ctx.now), tuple(gate_pass.flags)
    if place is None:
        # Into somebody else's place: the child is no longer in its own.
        here = ctx.view.areas.get(child.where)
        if gate_pass.inward and here is not None and here.id != gate_pass.area:
            presence.leave(ctx, child, here, at, gate_pass.cites, flags, through_gate=False)
    elif gate_pass.inward:
        presence.enter(ctx, child, place, at, gate_pass.cites, flags)
    else:
        presence.leave(ctx, child, place, at, gate_pass.cites, flags, through_gate=True)


def _note_stay(
    ctx: Context, child: Child, obs: Observation, reader: str, side: str, first: float, last: float
) -> tuple[Stay, bool]:
    """The stay this message belongs to, double reads merged; and whether it is a new one."""
    data = obs.data
    assert isinstance(data, TagSighted)
    gap = ctx.settings.same_stay_gap_s if ctx.settings.debounce else -1.0
    for stay in child.stays:
        if stay.reader != reader or stay.antenna != data.antenna:
            continue
        if data.stay in stay.stays or (first - stay.last <= gap and stay.first - last <= gap):
            if data.stay not in stay.stays:
                stay.stays.append(data.stay)
            stay.first, stay.last = min(stay.first, first), max(stay.last, last)
            return stay, False
    stay = Stay(reader, data.antenna, side, [data.stay], first, last, obs.cite)
    child.stays = sorted([*child.stays, stay], key=lambda s: s.first)[-STAYS_KEPT:]
    return stay, True


def _note_seen(
    ctx: Context,
    child: Child,
    obs: Observation,
    x: float,
    y: float,
    range_m: float,
    first: float,
    last: float,
    is_new: bool,
) -> None:
    until = min(last, ctx.now)
    for seen in child.seen:
        if (
            seen.device == obs.device
            and seen.x == x
            and seen.y == y
            and first <= seen.until + 30.0
            and seen.at <= until
        ):
            seen.at, seen.until = max(seen.at, first), max(seen.until, until)
            break
    else:
        seen = Seen(first, x, y, range_m, obs.device, obs.cite, until)
        child.seen = sorted([*child.seen, seen], key=lambda s: s.at)[-SEEN_KEPT:]
    if is_new:
        ctx.effects.append(SavePosition(child.id, first, x, y, range_m, "reader", obs.device))


def _pair(ctx: Context, child: Child, stay: Stay, reader: Reader) -> None:
    """Find the other antenna's read, and hold the pass back until its dwell is over."""
    _turned_round(ctx, child, stay)
    other = _partner(ctx, child, stay)
    if other is None or reader.area is None:
        return
    earlier, later = (other, stay) if other.first <= stay.first else (stay, other)
    for old in child.stays:
        if old.reader == reader.id and old.first <= later.first:
            old.used = True
    # Believed by a timer, when the observation is no longer at hand.
    flags = ["late"] if ctx.came_late("school_arrival") else []
    gate_pass = Pass(
        reader.id, reader.area, earlier.side == "outer", later.first, [earlier.cite, later.cite], flags
    )
    pending = child.gate_pass
    if pending is not None:
        opposite = pending.reader == reader.id and pending.inward != gate_pass.inward
        if opposite and ctx.now - pending.at > ctx.settings.late_s:
            child.gate_pass = None  # both out of one buffer: the first is history, not news
            if pending.inward:
                presence.came_earlier(ctx, child, pending.area, pending.at)
        else:
            ctx.state.stop_timer(child.id, _TIMER)
            believe_pass(ctx, child.id)
    child.gate_pass = gate_pass
    if ctx.settings.dwell:
        ctx.state.set_timer(child.id, _TIMER, ctx.now + ctx.settings.gate_dwell_s)
    else:
        believe_pass(ctx, child.id)


def _turned_round(ctx: Context, child: Child, stay: Stay) -> None:
    """Drop a pass not yet believed when the child is back at the side it came from."""
    pending = child.gate_pass
    if pending is None or pending.reader != stay.reader or not ctx.settings.dwell:
        return
    came_from_side = "outer" if pending.inward else "inner"
    if stay.side == came_from_side and 0.0 < stay.first - pending.at <= ctx.settings.gate_dwell_s:
        child.gate_pass = None
        ctx.state.stop_timer(child.id, _TIMER)


def _partner(ctx: Context, child: Child, stay: Stay) -> Stay | None:
    """The unused stay at the gate's other antenna nearest in time, an earlier one preferred."""
    if stay.side not in ("outer", "inner"):
        return None
    candidates = [
        s
        for s in child.stays
        if s.reader == stay.reader
        and not s.used
        and s.side in ("outer", "inner")
        and s.side != stay.side
        and abs(s.first - stay.first) <= ctx.settings.pair_max_s
    ]
    return min(candidates, key=lambda s: (s.first > stay.first, abs(s.first - stay.first)), default=None)


def _toggle(ctx: Context, child: Child, place: str, stay: Stay) -> None:
    """2009's rule, for the benchmark: any sighting at a gate is a passage."""
    area, at = ctx.view.areas[place], min(stay.first, ctx.now)
    if child.where == place:
        presence.leave(ctx, child, area, at, [stay.cite], (), through_gate=True)
    else:
        presence.enter(ctx, child, area, at, [stay.cite], ())


def forget_stays(ctx: Context, child: Child) -> None:
    """A new day: yesterday's stays pair with nothing."""
    child.stays = [s for s in child.stays if ctx.now - s.last < 3600.0]


RULE = Rule(
    "presence",
    hears={"tag.sighted": hear_sighting},
    timers={_TIMER: believe_pass},
    new_day=forget_stays,
)
