"""The simulated control room against closed forms, and by hand on a few calls."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from safezone_sim.staffing.calls import Calls
from safezone_sim.staffing.erlang import answered_within, mean_wait_s, waits_share
from safezone_sim.staffing.plan import Staffing
from safezone_sim.staffing.room import Outcome, Staff, run_room
from safezone_sim.staffing.travel import AreaTravel
from safezone_sim.streams import stream


class Lane:
    """Every post stands ``step_m`` further down one street."""

    def __init__(self, step_m: float) -> None:
        self.step_m = step_m

    def metres(self, point: int, posts: Sequence[int], draw: float) -> tuple[int, float]:
        nearest = min(posts)
        return nearest, self.step_m * (nearest + 1)


def calls_at(
    times: Sequence[float],
    *,
    talk_s: Sequence[float],
    priority: Sequence[int] | None = None,
    sent: Sequence[bool] | None = None,
    scene_s: float = 600.0,
) -> Calls:
    n = len(times)
    return Calls(
        np.asarray(times, float),
        np.zeros(n, np.int64),
        np.asarray(priority if priority is not None else [0] * n, np.int64),
        np.ones(n, bool),
        np.zeros(n, np.int64),
        np.asarray(talk_s, float),
        np.asarray(sent if sent is not None else [False] * n, bool),
        np.full(n, scene_s),
    )


def serve(plan: Staffing, staff: Staff, calls: Calls, lane_m: float = 100.0) -> Outcome:
    return run_room(plan, staff, calls, Lane(lane_m), draws=np.zeros(len(calls)))


def around_the_clock(operators: int, patrols: int = 1) -> Staff:
    return Staff((operators,) * 3, (patrols,) * 3)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.7), (4, 3.2), (10, 8.5)])
def test_poisson_calls_and_exponential_talk_wait_as_erlang_c_says(
    plan: Staffing, servers: int, load: float
) -> None:
    call_s, n = 90.0, 30_000
    rng = stream(3, "test", "erlang", servers)
    times = np.cumsum(rng.exponential(call_s / load, n))
    outcome = serve(
        plan, around_the_clock(servers), calls_at(times.tolist(), talk_s=rng.exponential(call_s, n).tolist())
    )
    # Batches of consecutive calls give an honest error of a mean over calls that wait for each other.
    for measured, expected in (
        (outcome.answered > 0, waits_share(load, servers)),
        (outcome.answered, mean_wait_s(load, servers, call_s)),
        (outcome.answered <= 60, answered_within(load, servers, call_s, 60)),
    ):
        batches = np.asarray(measured, float).reshape(30, -1).mean(axis=1)
        error = batches.std(ddof=1) / np.sqrt(len(batches))
        assert abs(batches.mean() - expected) < 3.5 * error + 1e-3


def test_an_emergency_overtakes_waiting_danger_alerts_and_interrupts_nobody(plan: Staffing) -> None:
    calls = calls_at([0, 10, 20], talk_s=[100, 100, 100], priority=[1, 1, 0])
    assert serve(plan, around_the_clock(1), calls).answered.tolist() == [0, 190, 80]


def test_times_of_one_dispatch_add_up(plan: Staffing) -> None:
    calls = calls_at([50.0], talk_s=[100.0], sent=[True])
    outcome = serve(plan, around_the_clock(1), calls, lane_m=2_200.0)
    decided = 100 * plan.desk.decided_after
    ordered = decided + plan.radio.transmission_s
    drive = 2.2 / plan.patrols.speed_kmh.value * 3600
    assert outcome.dispatched[0] == pytest.approx(ordered)
    assert outcome.arrived[0] == pytest.approx(ordered + plan.patrols.turnout_s.value + drive)
    assert outcome.radio_busy_s == 3 * plan.radio.transmission_s


def test_one_channel_carries_one_order_at_a_time(plan: Staffing) -> None:
    calls = calls_at([0, 0, 0], talk_s=[100] * 3, sent=[True] * 3)
    outcome = serve(plan, around_the_clock(3, 3), calls)
    gaps = np.diff(np.sort(outcome.dispatched))
    assert gaps.tolist() == pytest.approx([plan.radio.transmission_s] * 2)
    wide = msgspec.structs.replace(plan, radio=msgspec.structs.replace(plan.radio, channels=3))
    assert np.ptp(serve(wide, around_the_clock(3, 3), calls).dispatched) == 0


def test_a_call_waits_for_the_only_patrol_and_the_nearest_free_one_goes(plan: Staffing) -> None:
    calls = calls_at([0, 200], talk_s=[10, 10], sent=[True, True], scene_s=600)
    alone = serve(plan, around_the_clock(2, 1), calls)
    assert alone.dispatched[1] > 400
    two = serve(plan, around_the_clock(2, 2), calls, lane_m=1_000)
    assert two.arrived[1] - two.arrived[0] == pytest.approx(1_000 / (plan.patrols.speed_kmh.value / 3.6))


def test_the_night_has_its_own_people(plan: Staffing) -> None:
    """At 03:00 one operator, at 10:00 two: of two calls at once the second waits only at night."""
    night, morning = 3 * 3600.0, 10 * 3600.0
    calls = calls_at([night, night, morning, morning], talk_s=[120] * 4)
    staff = Staff(operators=(2, 2, 1), patrols=(1, 1, 1))
    assert serve(plan, staff, calls).answered.tolist() == [0, 120, 0, 0]


def test_who_goes_off_duty_ends_the_call_first(plan: Staffing) -> None:
    ends = 22 * 3600.0
    calls = calls_at([ends - 10, ends - 10, ends + 1], talk_s=[300, 300, 10])
    outcome = serve(plan, Staff((2, 2, 1), (1, 1, 1)), calls)
    assert outcome.answered[:2].tolist() == [0, 0]
    assert outcome.answered[2] == pytest.approx(289)


def test_without_a_map_ways_follow_the_square_root_law() -> None:
    travel = AreaTravel(area_km2=100.0, circuity=1.3)
    draws = stream(1, "test", "law").random(20_000)
    ways = [travel.metres(0, range(25), u)[1] for u in draws.tolist()]
    assert np.mean(ways) == pytest.approx(1.3 * 0.5 * 1000 * np.sqrt(100 / 25), rel=0.02)
