"""The simulated bell: its button, lamp, siren and self-test."""

from pathlib import Path
from typing import Any

import pytest
from safezone_sim.devices.bell import Bell, Front
from safezone_sim.world.model import Device

from tests.devices.bench import Bench


def _bell(bench: Bench, front: Front | None = None) -> Bell:
    args, more = bench.common()
    return Bell(*args, device=Device("d", "bell", 0.0, 0.0), front=front, **more)


def _presses(heard: list[tuple[float, str, Any]]) -> list[int]:
    """Without repeats."""
    return sorted({data["press"] for _, type_, data in heard if type_ == "bell.pressed"})


def test_a_bouncing_contact_is_one_press() -> None:
    bench = Bench()
    bell = _bell(bench)
    heard = []
    for closed in (True, False, True, False, True):
        bell.contact(closed)
        heard += bench.pass_time(0.01)
    bell.contact(False)
    heard += bench.pass_time(0.5)
    bell.contact(True)
    assert _presses(heard + bench.pass_time(0.1)) == [1, 2]


def test_a_button_that_stays_pressed_is_one_press_and_stuck() -> None:
    bench = Bench()
    bell = _bell(bench)
    bell.contact(True)
    heard = bench.pass_time(12.0)
    assert _presses(heard) == [1]
    assert [data["stuck_button"] for _, type_, data in heard if type_ == "device.status"] == [True]
    bench.receipts()
    bell.contact(False)
    told = [data["stuck_button"] for _, type_, data in bench.pass_time(1.0) if type_ == "device.status"]
    assert told == [False]


@pytest.mark.parametrize(("status", "lit"), [("accepted", True), ("duplicate", True), ("rejected", False)])
def test_the_lamp_is_lit_by_a_receipt_that_says_stored(status: str, lit: bool) -> None:
    bench = Bench()
    bell = _bell(bench)
    bell.contact(True)
    bench.pass_time(0.1)
    assert bell.front.lamp is False
    assert bell.front.sounded_at == 0.0
    bench.receipts(status)
    assert bell.front.lamp is lit


def test_presses_are_counted_across_a_power_cut_and_what_had_no_receipt_comes_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "store")
    _bell(bench).contact(True)
    bench.pass_time(0.1)
    before = bench.heard[-1][2]
    bench.cut()
    bench.start()
    bell = _bell(bench)
    assert bench.pass_time(0.1) and bench.heard[-1][2] == before
    bench.receipts()
    bell.contact(True)
    heard = bench.pass_time(0.1)
    assert _presses(heard) == [2]
    assert bench.heard[-1][2]["seq"] > before["seq"]


def test_a_press_while_it_starts_is_counted_once_with_its_own_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "store")
    _bell(bench)
    bench.pass_time(1.0)
    bench.cut()
    front = Front()
    front.latch(True, 0.4)
    front.latch(False, 0.41)
    front.latch(True, 0.42)  # it bounces, and stays pressed
    bench.start()
    bell = _bell(bench, front)
    (one,) = bench.pass_time(0.1)
    assert (one[2]["press"], one[2]["pressed_at"]) == (1, "1970-01-01T00:00:00.400Z")
    bell.contact(False)
    bench.receipts()
    assert bench.pass_time(1.0) == []


def test_it_tests_itself_every_day_and_presses_nothing() -> None:
    bench = Bench()
    _bell(bench)
    told = []
    for _ in range(3):
        told += [(t, type_, data["self_test"]) for t, type_, data in bench.pass_time(86400.0)]
        bench.receipts()
    assert {type_ for _, type_, _ in told} == {"device.status"}
    assert sorted({round(t // 86400) for t, _, outcome in told if outcome == "passed"}) == [0, 1, 2]
