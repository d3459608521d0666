"""Service levels of a simulated desk: shares within the promised times, with confidence intervals over seeds.

One seed is one observation, its days together; the interval is Student's t over seeds, so calls of the same day,
which wait for each other, are not taken for independent ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import t as student

from safezone_sim.staffing.calls import BoolArray, Calls, FloatArray
from safezone_sim.staffing.plan import Level, Levels
from safezone_sim.staffing.room import Outcome

LEVELS = ("answer", "dispatch", "arrive", "answer_danger")


@dataclass(frozen=True)
class Estimate:
    """Mean over seeds with its 95 % interval; NaN where no seed had a call to measure."""

    mean: float
    low: float
    high: float
    seeds: int


def estimate(values: Sequence[float]) -> Estimate:
    """Student's interval of the mean; seeds without a value are left out. One seed gives no interval (0 to 1

    would be a guess): its bounds are the value itself and ``seeds`` says 1."""
    known = np.asarray([v for v in values if not np.isnan(v)], float)
    if not len(known):
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    mean = float(known.mean())
    if len(known) == 1:
        return Estimate(mean, mean, mean, 1)
    half = float(student.ppf(0.975, len(known) - 1)) * float(known.std(ddof=1)) / sqrt(len(known))
    return Estimate(mean, mean - half, mean + half, len(known))


def shares(levels: Levels, calls: Calls, outcome: Outcome) -> dict[str, float]:
    """The share of calls within each promised time in one run; NaN where there was none."""
    urgent = calls.priority == 0
    sent = urgent & calls.dispatched
    return {
        "answer": _within(levels.answer, outcome.answered, urgent),
        "dispatch": _within(levels.dispatch, outcome.dispatched, sent),
        "arrive": _within(levels.arrive, outcome.arrived, sent),
        "answer_danger": _within(levels.answer_danger, outcome.answered, calls.priority == 1),
    }


def _within(level: Level, seconds: FloatArray, which: BoolArray) -> float:
    chosen = seconds[which]
    return float((chosen <= level.within_s).mean()) if len(chosen) else float("nan")
