"""Sizes that the simulation proves, and the false calls that a desk survives."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from safezone_sim.staffing.calls import Demand
from safezone_sim.staffing.levels import estimate
from safezone_sim.staffing.plan import Staffing
from safezone_sim.staffing.room import Staff
from safezone_sim.staffing.sizing import coverage, failed, shift_loads, size
from safezone_sim.staffing.survive import survive
from safezone_sim.staffing.travel import AreaTravel, StreetTravel
from safezone_sim.staffing.trial import Trials

SEEDS = range(1, 7)


@pytest.fixture(scope="module")
def trials(plan: Staffing, demand: Demand) -> Trials:
    return Trials(plan, demand, AreaTravel(60.0, 1.35), SEEDS)


def test_a_sized_desk_keeps_every_promise_and_one_operator_less_does_not(
    plan: Staffing, demand: Demand, trials: Trials
) -> None:
    sized = size(trials, shift_loads(plan, demand, 900), 12, 10_000)
    assert sized.holds
    assert not failed(plan, sized.trial)
    fewer = Staff(tuple(max(1, n - 1) for n in sized.staff.operators), sized.staff.patrols)
    assert "answer" in failed(plan, trials.run(fewer))


def test_given_staff_is_checked_and_never_changed(plan: Staffing, demand: Demand) -> None:
    shifts = tuple(msgspec.structs.replace(s, operators=1, patrols=1) for s in plan.shift)
    given = msgspec.structs.replace(plan, shift=shifts)
    sized = size(
        Trials(given, demand, AreaTravel(60.0, 1.35), SEEDS), shift_loads(given, demand, 900), 12, 10_000
    )
    assert sized.staff == Staff((1, 1, 1), (1, 1, 1))
    assert not sized.holds


def test_more_staff_answers_no_later(trials: Trials) -> None:
    few, many = (trials.run(Staff((n,) * 3, (20,) * 3)) for n in (2, 4))
    assert few.calls == many.calls
    assert many.levels["answer"].mean > few.levels["answer"].mean


def test_the_desk_breaks_where_the_search_says(plan: Staffing, trials: Trials) -> None:
    staff = Staff((2, 2, 2), (20, 20, 20))
    found = survive(trials, staff)
    first = found.first
    assert first is not None and first.at is not None
    share = getattr(plan.levels, first.level).share
    assert trials.run(staff, first.at).levels[first.level].mean >= share
    assert trials.run(staff, first.at * 1.15).levels[first.level].mean < share
    assert first.low is not None and first.low <= first.at
    assert first.high is None or first.at <= first.high
    more = survive(trials, Staff((3, 3, 3), (20, 20, 20))).first
    assert more is None or more.at is None or more.level != first.level or more.at > first.at


def test_posts_are_counted_until_enough_calls_lie_near() -> None:
    travel = StreetTravel(np.array([[100.0, 900, 5000], [5000, 900, 400], [1, 1, 1]]))
    weights = np.array([0.5, 0.3, 0.2])
    assert coverage(travel, weights, 500, 0.5) == 1
    assert coverage(travel, weights, 500, 0.7) == 2
    assert coverage(travel, weights, 500, 0.9) == 3
    assert coverage(replace(travel, distance_m=travel.distance_m[:2]), weights, 500, 0.9) is None


def test_an_interval_is_student_s_over_seeds() -> None:
    e = estimate([0.9, 0.95, 1.0, float("nan")])
    assert (e.seeds, e.mean) == (3, pytest.approx(0.95))
    assert e.high - e.mean == pytest.approx(4.3027 * 0.05 / 3**0.5, rel=1e-4)
