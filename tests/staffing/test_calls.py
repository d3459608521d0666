"""Calls: the stated rates, the shape of the day, and draws that stay where they are when something else changes."""

import msgspec
import numpy as np
from safezone_sim.staffing.calls import Calls, Demand, draw_calls, per_day
from safezone_sim.staffing.plan import Staffing, with_value


def _rows(calls: Calls, which: np.ndarray) -> set[tuple[float, float]]:
    return set(zip(calls.t[which].tolist(), calls.talk_s[which].tolist(), strict=True))


def test_numbers_follow_the_rates(plan: Staffing, demand: Demand) -> None:
    calls = draw_calls(plan, demand, 1, days=60)
    for n, rate in enumerate(plan.calls):
        for genuine, expected in zip((True, False), per_day(plan, demand)[rate.key], strict=True):
            count = int(((calls.source == n) & (calls.genuine == genuine)).sum())
            assert abs(count - 60 * expected) < 5 * np.sqrt(60 * expected) + 1


def test_more_false_calls_add_and_move_none(plan: Staffing, demand: Demand) -> None:
    few = draw_calls(plan, demand, 2, days=10, times_false=0.5)
    stated = draw_calls(plan, demand, 2, days=10)
    many = draw_calls(plan, demand, 2, days=10, times_false=2.6)
    everything = np.ones
    assert _rows(few, everything(len(few), bool)) < _rows(stated, everything(len(stated), bool))
    assert _rows(stated, everything(len(stated), bool)) < _rows(many, everything(len(many), bool))
    assert _rows(few, few.genuine) == _rows(many, many.genuine)
    assert 2.4 < (~many.genuine).sum() / (~stated.genuine).sum() < 2.8


def test_another_rate_of_one_source_moves_no_other(plan: Staffing, demand: Demand) -> None:
    other = with_value(plan, "calls.tag.false", plan.calls[0].false.high)
    before, after = (draw_calls(p, demand, 3, days=5) for p in (plan, other))
    assert _rows(before, before.source > 0) == _rows(after, after.source > 0)


def test_calls_come_when_the_profile_says(plan: Staffing, demand: Demand) -> None:
    profile = np.zeros(1440)
    profile[480:540] = 1 / 60
    calls = draw_calls(plan, Demand(demand.counts, profile, demand.weights), 1, days=3)
    assert len(calls) > 100
    assert set((calls.t % 86_400 // 3600).astype(int).tolist()) == {8}
    assert (np.diff(calls.t) >= 0).all()


def test_a_danger_alert_yields_to_an_emergency(plan: Staffing, demand: Demand) -> None:
    calls = draw_calls(plan, demand, 1, days=5)
    danger = [r.priority == "danger" for r in plan.calls].index(True)
    assert set(calls.priority[calls.source == danger].tolist()) == {1}
    assert set(calls.priority[calls.source != danger].tolist()) == {0}
    assert msgspec.structs.asdict(plan)["calls"][danger].dispatched_if_true < 1
