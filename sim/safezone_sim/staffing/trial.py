"""Trials of one desk over many seeds, each with the same calls whatever the staffing; results are kept.

Used to confirm a size, to draw the curve of false calls and to search for how many a desk survives.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from safezone_sim.staffing.calls import Calls, Demand, draw_calls, per_day
from safezone_sim.staffing.levels import LEVELS, Estimate, estimate, shares
from safezone_sim.staffing.plan import Staffing
from safezone_sim.staffing.room import Outcome, Staff, Travel, run_room
from safezone_sim.streams import stream

CALLS_WANTED = 400  # a run is as many days long as give about so many calls, within the bounds below
MOST_DAYS = 30


@dataclass(frozen=True)
class Trial:
    """What one staffing did against one rate of false calls, over all seeds."""

    times_false: float
    days: int
    calls: int  # over all seeds
    levels: dict[str, Estimate]
    operator_busy: Estimate  # share of the paid operator time
    patrol_busy: Estimate
    radio_busy: Estimate
    quantiles: dict[
        str, dict[str, float]
    ]  # answered | dispatched | arrived → p50, p90, p99 seconds, emergencies


@dataclass
class Trials:
    """One desk: plan, demand and travel, asked again and again with other staff or more false calls."""

    plan: Staffing
    demand: Demand
    travel: Travel
    seeds: Sequence[int]
    told: Callable[[], None] | None = None  # called after each run
    _kept: dict[tuple[Staff, float], Trial] = field(default_factory=dict)

    @property
    def days(self) -> int:
        """Days in one run: so many that even a small desk has calls to measure."""
        daily = sum(t + f for t, f in per_day(self.plan, self.demand).values())
        return int(np.clip(np.ceil(CALLS_WANTED / max(daily, 1e-9)), 1, MOST_DAYS))

    def run(self, staff: Staff, times_false: float = 1.0) -> Trial:
        """All seeds with this staff and ``times_false`` times the stated false calls."""
        key = (staff, times_false)
        if key not in self._kept:
            self._kept[key] = self._run(staff, times_false)
        return self._kept[key]

    def _run(self, staff: Staff, times_false: float) -> Trial:
        by_level: dict[str, list[float]] = {name: [] for name in LEVELS}
        busy: list[tuple[float, float, float]] = []
        waits: dict[str, list[np.ndarray]] = {"answered": [], "dispatched": [], "arrived": []}
        count = 0
        for seed in self.seeds:
            calls, outcome = self.once(seed, staff, times_false)
            count += len(calls)
            for name, share in shares(self.plan.levels, calls, outcome).items():
                by_level[name].append(share)
            busy.append(self._busy(staff, outcome))
            urgent = calls.priority == 0
            for name in waits:
                seconds = getattr(outcome, name)[urgent]
                waits[name].append(seconds[~np.isnan(seconds)])
            if self.told:
                self.told()
        operator, patrol, radio = (estimate([b[i] for b in busy]) for i in range(3))
        return Trial(
            times_false,
            self.days,
            count,
            {name: estimate(values) for name, values in by_level.items()},
            operator,
            patrol,
            radio,
            {name: _quantiles(np.concatenate(parts)) for name, parts in waits.items()},
        )

    def once(self, seed: int, staff: Staff, times_false: float = 1.0) -> tuple[Calls, Outcome]:
        """One seed's calls and what became of them."""
        calls = draw_calls(self.plan, self.demand, seed, self.days, times_false=times_false)
        draws = stream(seed, "staffing", "travel").random(len(calls))
        return calls, run_room(self.plan, staff, calls, self.travel, draws=draws)

    def _busy(self, staff: Staff, outcome: Outcome) -> tuple[float, float, float]:
        lengths = [end - start for start, end in (s.seconds() for s in self.plan.shift)]
        paid = sum(n * s for n, s in zip(staff.operators, lengths, strict=True)) * self.days
        cars = sum(n * s for n, s in zip(staff.patrols, lengths, strict=True)) * self.days
        air = self.plan.radio.channels * 86_400.0 * self.days
        return outcome.operator_busy_s / paid, outcome.patrol_busy_s / cars, outcome.radio_busy_s / air


def _quantiles(seconds: np.ndarray) -> dict[str, float]:
    if not len(seconds):
        return {}
    p50, p90, p99 = np.percentile(seconds, [50, 90, 99])
    return {"p50": float(p50), "p90": float(p90), "p99": float(p99)}
