"""The best estimate of where a child is, with an honest radius. Pure: state in, estimate out."""

from dataclasses import dataclass, replace
from math import hypot

from safezone_hub.registry import Area, ZoneView
from safezone_hub.state import Child, Fix, ZoneState

WALK_MPS = 1.3
SPREAD_MAX_M = 600.0
FIX_FRESH_S = 420.0  # a little more than the still cadence of phones
LOOK_AHEAD_S = 30.0
SPEED_MAX_MPS = 2.0
PLACE_SHARE = 0.6  # 68 % of children at a place are within this share of its radius


@dataclass(frozen=True, slots=True)
class Estimate:
    """Plane metres; ``at`` is when the evidence is from."""

    x: float
    y: float
    accuracy_m: float
    at: float
    age_s: float
    basis: str  # phone, reader or place
    device: str | None
    place: str | None


def best_estimate(view: ZoneView, state: ZoneState, child: Child, now: float) -> Estimate | None:
    """Phone if fresh, else the newer of place and reader; None when nothing is known."""
    fix = _phone(child, now)
    place = view.areas.get(child.where)
    seen = max(child.seen, key=lambda s: max(s.at, s.until), default=None)
    seen_at = max(seen.at, seen.until) if seen is not None else -1.0
    if fix is not None and (fix.age_s <= FIX_FRESH_S or place is None) and fix.at >= seen_at:
        return fix if place is None else _within_place(fix, place)
    if place is not None and (seen is None or seen_at <= max(child.since, child.inside_at) + 120.0):
        at = max(child.since, child.inside_at)
        return Estimate(
            place.x, place.y, PLACE_SHARE * place.radius_m, at, max(0.0, now - at), "place", None, place.id
        )
    if seen is not None:
        age = max(0.0, now - seen_at)
        accuracy = min(SPREAD_MAX_M, hypot(0.68 * seen.range_m + 2.0, 0.8 * WALK_MPS * age))
        return Estimate(seen.x, seen.y, accuracy, seen_at, age, "reader", seen.device, None)
    return fix


def _phone(child: Child, now: float) -> Estimate | None:
    fixes = [f for f in child.fixes if not f.suspect]
    if not fixes:
        return None
    last = fixes[-1]
    age = max(0.0, now - last.at)
    device = last.cite[0].rpartition("/")[2]
    if last.moving is False:
        x, y, accuracy = _mean([f for f in fixes if f.moving is False and _one_spot(f, last)])
        drift = 0.05 * age
    else:
        x, y, accuracy = _on_foot(fixes, min(now, last.at + LOOK_AHEAD_S))
        drift = 0.5 * WALK_MPS * age
    accuracy = min(SPREAD_MAX_M, hypot(max(accuracy, 5.0), drift))
    return Estimate(x, y, accuracy, last.at, age, "phone", device, None)


def _one_spot(fix: Fix, last: Fix) -> bool:
    """Whether two fixes at rest can be of one place: a child that rested elsewhere before is not between the two."""
    return hypot(fix.x - last.x, fix.y - last.y) <= 1.5 * (fix.accuracy_m + last.accuracy_m)


def _mean(fixes: list[Fix]) -> tuple[float, float, float]:
    """Fixes of one spot, the better ones counting more."""
    weights = [1.0 / f.accuracy_m**2 for f in fixes]
    total = sum(weights)
    x = sum(w * f.x for w, f in zip(weights, fixes, strict=True)) / total
    y = sum(w * f.y for w, f in zip(weights, fixes, strict=True)) / total
    return x, y, float(total**-0.5)


def _on_foot(fixes: list[Fix], at: float) -> tuple[float, float, float]:
    """The line of the last fixes carried on to a moment: smooths them, and makes up for their age."""
    last = fixes[-1]
    recent = [f for f in fixes[-4:] if last.at - f.at <= 120.0 and f.accuracy_m <= 3.0 * last.accuracy_m]
    if len(recent) < 3:
        return last.x, last.y, last.accuracy_m
    weights = [1.0 / f.accuracy_m**2 for f in recent]
    total = sum(weights)
    mean_t = sum(w * f.at for w, f in zip(weights, recent, strict=True)) / total
    spread = sum(w * (f.at - mean_t) ** 2 for w, f in zip(weights, recent, strict=True))
    if recent[-1].at - recent[0].at < 10.0:
        return _mean(recent)  # too short a line to carry on
    mean_x, mean_y, _ = _mean(recent)
    vx = sum(w * (f.at - mean_t) * f.x for w, f in zip(weights, recent, strict=True)) / spread
    vy = sum(w * (f.at - mean_t) * f.y for w, f in zip(weights, recent, strict=True)) / spread
    speed = hypot(vx, vy)
    if speed > SPEED_MAX_MPS:
        vx, vy = vx * SPEED_MAX_MPS / speed, vy * SPEED_MAX_MPS / speed
    ahead = at - mean_t
    return mean_x + vx * ahead, mean_y + vy * ahead, float((1.0 / total + ahead**2 / spread) ** 0.5)


def _within_place(fix: Estimate, place: Area) -> Estimate:
    """A fix of a child known to be at a place, drawn towards it as far as the fix is rough."""
    prior = PLACE_SHARE * place.radius_m
    if hypot(fix.x - place.x, fix.y - place.y) > place.radius_m + 1.5 * fix.accuracy_m:
        return fix
    share = fix.accuracy_m**2 / (fix.accuracy_m**2 + prior**2)
    return replace(
        fix,
        x=fix.x + share * (place.x - fix.x),
        y=fix.y + share * (place.y - fix.y),
        accuracy_m=prior * share**0.5,
        place=place.id,
    )
