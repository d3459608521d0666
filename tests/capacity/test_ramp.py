"""Which rate next, what a step's figures mean: a generator in trouble never proves a hub good."""

from typing import Any

import pytest
from safezone_sim.capacity.latency import Latencies
from safezone_sim.capacity.outcome import Outcome
from safezone_sim.capacity.ramp import (
    FAILS,
    HOLDS,
    INCONCLUSIVE,
    Ramp,
    overload_verdict,
    recovery_s,
    standard_limits,
    verdict,
)

LIMITS = standard_limits()


def row(**changes: Any) -> dict[str, Any]:
    calm = {"count": 9, "p50": 1.0, "p99": 9.0, "p999": 9.0, "max": 9.0}
    return {
        "offered": 100, "sent": 100, "rejected": 0, "lost_emergencies": 0, "lost_routine": 0, "routine_ms": calm,
        "emergency_ms": calm, "desk_ms": calm, "sender_lag_ms": calm, "cpu": {"generator": 0.5}, **changes,
    }  # fmt: skip


def late(ms: float) -> dict[str, Any]:
    return {"count": 9, "p50": 1.0, "p99": ms, "p999": ms, "max": ms}


def test_the_limits_are_the_standards() -> None:
    assert (LIMITS.routine_s, LIMITS.emergency_s) == (2.0, 5.0)
    assert verdict(row(), LIMITS) == (HOLDS, [])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"lost_emergencies": 1}, "1 emergencies lost"),
        ({"lost_routine": 2}, "2 routine"),
        ({"rejected": 3}, "3 messages refused"),
        ({"routine_ms": late(2001)}, "routine p99"),
        ({"emergency_ms": late(5001)}, "emergency p99"),
        ({"desk_ms": late(5001)}, "desk p99"),
    ],
)
def test_a_rate_fails_for_each_reason(changes: dict[str, Any], why: str) -> None:
    said, reasons = verdict(row(**changes), LIMITS)
    assert said == FAILS and len(reasons) == 1 and why in reasons[0]


@pytest.mark.parametrize(
    "changes",
    [{"sender_lag_ms": late(51)}, {"cpu": {"generator": 0.91}}, {"sent": 99}, {"sent": 0, "offered": 0}],
)
def test_a_saturated_or_late_generator_is_inconclusive_whatever_the_hub_did(changes: dict[str, Any]) -> None:
    assert verdict(row(**changes), LIMITS)[0] == INCONCLUSIVE
    assert verdict(row(**changes, lost_emergencies=5), LIMITS)[0] == INCONCLUSIVE


def _walk(ramp: Ramp, knee: float) -> list[float]:
    tried = []
    for rate in ramp:
        tried.append(rate)
        ramp.told(rate, HOLDS if rate <= knee else FAILS)
    return tried


def test_the_ramp_doubles_until_it_fails_and_then_halves_the_gap() -> None:
    ramp = Ramp([10, 30, 100], 1e9, 3)
    assert _walk(ramp, 700) == [10, 30, 100, 200, 400, 800, 600, 700, 750]
    assert (ramp.held, ramp.failed, ramp.stopped) == (700, 750, "")


def test_a_knee_below_the_first_rate_is_looked_for_there() -> None:
    ramp = Ramp([100], 1e9, 4)
    _walk(ramp, 20)
    assert ramp.held <= 20 < ramp.failed  # type: ignore[operator]


def test_the_ramp_stops_where_the_generator_ends_and_at_the_highest_rate() -> None:
    ramp, tried = Ramp([100], 1e9, 3), []
    for rate in ramp:
        tried.append(rate)
        ramp.told(rate, HOLDS if rate < 400 else INCONCLUSIVE)
    assert tried == [100, 200, 400] and (ramp.held, ramp.failed, ramp.stopped) == (200, None, "inconclusive")
    ramp = Ramp([100], 250, 3)
    assert _walk(ramp, 1e9) == [100, 200] and ramp.stopped == "highest"


def test_recovery_counts_from_the_end_of_the_overload_to_the_last_bad_second() -> None:
    sent = [100] * 10
    assert recovery_s(sent, [0, 0, 0, 50, 100, 100, 100, 100, 100, 99], 3) == 1.0
    assert recovery_s(sent, [0, 0, 0] + [100] * 7, 3) == 0.0
    assert recovery_s(sent, [100] * 9 + [0], 3) is None


def test_parts_of_a_step_add_up() -> None:
    one = Outcome(
        offered=3,
        receipts=3,
        routine=Latencies.of([0.001, 0.002, 0.003]).encoded(),
        sent_by_s=[3],
        senders=1,
        cpu=0.2,
    )
    two = Outcome(offered=1, receipts=0, lost_routine=1, routine="", sent_by_s=[0, 1], senders=1, cpu=0.7)
    one.add(two)
    assert (one.offered, one.lost_routine, one.sent_by_s, one.cpu, one.senders) == (4, 1, [3, 1], 0.7, 2)
    assert one.latencies("routine").count == 3
    assert one.latencies("routine").ms(100.0) == pytest.approx(3.0, rel=0.01)


def test_an_overload_counts_by_what_was_really_offered() -> None:
    def judged(**changes: Any) -> tuple[str, list[str]]:
        return overload_verdict(row(offered_per_s=1000.0, **changes), LIMITS)

    assert judged(reached_per_s=960.0, sender_lag_ms=late(400)) == (HOLDS, [])
    assert judged(reached_per_s=960.0, lost_emergencies=1)[0] == FAILS
    said, why = judged(reached_per_s=940.0, lost_emergencies=1)
    assert said == INCONCLUSIVE and why == ["the sender reached 940 of 1,000 messages a second"]
