"""Erlang's formulas against published and hand-worked values."""

import pytest
from safezone_sim.staffing.erlang import answered_within, mean_wait_s, servers_for, waits_share


def test_one_server_waits_as_m_m_1_does() -> None:
    assert waits_share(0.6, 1) == pytest.approx(0.6)
    assert mean_wait_s(0.6, 1, 100) == pytest.approx(0.6 / 0.4 * 100)


def test_two_servers_by_hand() -> None:
    """C(2, a) = a² / (2 + a) for two servers: 1/3 at a = 1."""
    assert waits_share(1.0, 2) == pytest.approx(1 / 3)


def test_an_overloaded_desk_answers_nobody_in_time() -> None:
    assert waits_share(5, 5) == 1
    assert answered_within(5, 5, 60, 20) == 0
    assert mean_wait_s(5, 4, 60) == float("inf")


def test_the_fewest_servers_keep_the_promise_and_one_less_does_not() -> None:
    for load in (0.1, 1.5, 12.0, 80.0):
        n = servers_for(load, 120, 10, 0.95)
        assert answered_within(load, n, 120, 10) >= 0.95
        assert n == 1 or answered_within(load, n - 1, 120, 10) < 0.95
