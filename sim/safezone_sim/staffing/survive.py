"""How many false calls a desk survives: the rate at which a promise to real callers breaks, found by search.

For each promise the share kept falls as false calls rise (the same calls with more added, so the curve is smooth). The
answer is the rate at which the mean over seeds meets the promise; its interval are the rates at which the upper and
the lower end of the 95 % interval do.
"""

from collections.abc import Callable
from dataclasses import dataclass

from safezone_sim.staffing.calls import per_day
from safezone_sim.staffing.levels import LEVELS, Estimate
from safezone_sim.staffing.room import Staff
from safezone_sim.staffing.trial import Trial, Trials

CURVE = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
MOST_TIMES = 16.0
PRECISION = 0.02  # of the rate


@dataclass(frozen=True)
class Breaking:
    """One promise: the multiple of the stated false calls at which it breaks. None: not up to where

    the search ended."""

    level: str
    at: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Survival:
    """The curve, where each promise breaks, and the first to break."""

    staff: Staff
    false_per_day: float  # as stated, at 1 times
    true_per_day: float
    curve: tuple[Trial, ...]
    breaking: tuple[Breaking, ...]
    first: Breaking | None


def survive(trials: Trials, staff: Staff) -> Survival:
    """Searches each promise of the plan with this staff."""
    daily = per_day(trials.plan, trials.demand).values()
    breaking: list[Breaking] = []
    first: Breaking | None = None
    for name in LEVELS:
        # Long after the first promise broke, where the others break tells nobody anything.
        most = MOST_TIMES if first is None else min(MOST_TIMES, max(2.0, 2 * (first.at or 0.0)))
        found = _breaking(trials, staff, name, most)
        breaking.append(found)
        if found.at is not None and (first is None or found.at < (first.at or 0.0)):
            first = found
    last = 2.0 * (first.at or 0.0) if first else MOST_TIMES
    curve = tuple(trials.run(staff, times) for times in CURVE if times <= max(2.0, last))
    return Survival(staff, sum(f for _, f in daily), sum(t for t, _ in daily), curve, tuple(breaking), first)


def _breaking(trials: Trials, staff: Staff, name: str, most: float) -> Breaking:
    share = getattr(trials.plan.levels, name).share

    def crossing(end: Callable[[Estimate], float]) -> float | None:
        return _search(lambda times: end(trials.run(staff, times).levels[name]) >= share, most)

    if not trials.run(staff, 1.0).levels[name].seeds:
        return Breaking(name, None, None, None)
    at = crossing(lambda e: e.mean)
    if at is None:
        return Breaking(name, None, crossing(lambda e: e.low), None)
    return Breaking(name, at, crossing(lambda e: e.low), crossing(lambda e: e.high))


def _search(holds: Callable[[float], bool], most: float) -> float | None:
    """The largest multiple at which it holds, by doubling and halving; near 0 if never, None if always."""
    low, high = 0.0, 1.0
    if holds(1.0):
        while holds(high):
            if high >= most:
                return None
            low, high = high, min(most, high * 2)
    while high - low > PRECISION * max(high, 0.5):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
