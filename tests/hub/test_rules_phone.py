"""Phones: presence, danger areas, deviation; with noise of the pilot, fixed seeds."""

import math
import random

import pytest

from tests.hub.hub_bench import Bench
from tests.hub.hub_world import at


def noisy(
    rng: random.Random, x: float, y: float, sigma: float = 15.0, outliers: float = 0.02
) -> tuple[float, float]:
    if rng.random() < outliers:
        angle, far = rng.uniform(0, 2 * math.pi), rng.uniform(200, 500)
        return x + far * math.cos(angle), y + far * math.sin(angle)
    return rng.gauss(x, sigma), rng.gauss(y, sigma)


def test_walk_to_school_by_phone_tells_exit_and_arrival_once() -> None:
    rng, bench = random.Random(3), Bench()
    t = at("08:00")
    for minute in range(10):
        bench.fix(*noisy(rng, 0, 0), t - 3000 + 300 * minute, moving=False)
    for step in range(28):
        bench.fix(*noisy(rng, 36 * step, 0, outliers=0), t + 30 * step)
    for step in range(8):
        bench.fix(*noisy(rng, 1000, 0, 40), t + 840 + 30 * step, accuracy=60, source="wifi", moving=step < 4)
    bench.to("09:00")
    assert bench.services() == ["home_exit", "school_arrival"]


@pytest.mark.parametrize("seed", range(5))
def test_wobble_at_home_never_says_left_home(seed: int) -> None:
    rng, bench = random.Random(seed), Bench(start="00:10")
    for fix in range(280):
        wifi = rng.random() < 0.7
        x, y = noisy(rng, 0, 0, 40 if wifi else 15)
        bench.fix(
            x,
            y,
            at("00:15") + 300 * fix,
            accuracy=60 if wifi else 23,
            source="wifi" if wifi else "gps",
            moving=False,
        )
    assert bench.told("home_exit", "home_entry", "danger_entry", "route_deviation") == []


def test_without_accuracy_gating_a_cell_fix_leaves_home() -> None:
    def run(**rules: bool) -> list[str]:
        bench = Bench(**rules)
        for fix in range(4):
            bench.fix(400, 300, at("07:00") + 30 * fix, accuracy=300, source="cell")
        return [s for s in bench.services() if s == "home_exit"]

    assert run() == []
    assert run(accuracy_gating=False) == ["home_exit"]


def test_walking_past_home_is_no_entry() -> None:
    false = 0
    for seed in range(300):
        rng, bench = random.Random(seed), Bench()
        bench.stay("pole", "a", "15:00")
        for step in range(16):
            bench.fix(*noisy(rng, 300 - 36 * step, 10), at("15:10") + 30 * step)
        false += len(bench.told("home_entry"))
    assert false <= 2


def test_coming_home_by_phone_is_told_once_and_soon() -> None:
    waits = []
    for seed in range(60):
        rng, bench = random.Random(seed), Bench()
        bench.stay("pole", "a", "15:00")
        t = at("15:10")
        for step in range(9):
            bench.fix(*noisy(rng, 300 - 36 * step, 0), t + 30 * step)
        for step in range(5):
            bench.fix(*noisy(rng, 5, 0, 25), t + 270 + 30 * step, accuracy=38, source="wifi")
        for step in range(3):
            bench.fix(*noisy(rng, 5, 0, 25), t + 700 + 300 * step, accuracy=38, source="wifi", moving=False)
        told = bench.told("home_entry")
        assert len(told) <= 1, seed
        waits += [told[0].sent_at - (t + 250)] if told else []
    assert len(waits) >= 57
    assert sorted(waits)[40] <= 120


def test_walking_into_a_neighbouring_place_is_told_by_phone() -> None:
    """Home 130 m from the academy: no three fixes are clear of both."""
    from tests.hub.hub_world import area, world

    items = [i for i in world("c1") if i["id"] != "academy"]
    bench = Bench(items=[*items, area("academy", "academy", 130, 0, 45)], start="12:00")
    bench.stay("pole", "a", "14:00")
    for step in range(6):
        bench.fix(130, 0, at("14:05") + 30 * step, accuracy=60, source="wifi", moving=step < 4)
    for step in range(8):
        bench.fix(
            max(10, 130 - 36 * step), 0, at("16:00") + 30 * step, accuracy=60, source="wifi", moving=step < 7
        )
    assert bench.services() == ["home_exit", "academy_entry", "academy_exit", "home_entry"]


def test_lingering_at_the_gate_after_leaving_is_no_new_entry() -> None:
    bench = Bench()
    bench.walk("ga", "14:00", inward=True)
    bench.walk("ga", "15:00", inward=False)
    for step in range(4):
        bench.fix(510 + 4 * step, 400, at("15:00:15") + 30 * step)
    bench.to("15:03")
    assert bench.told("academy_entry", "academy_exit")[1:] == bench.told("academy_exit")
    assert len(bench.told("academy_exit")) == 1


def test_phone_that_was_not_seen_to_come_in_still_tells_the_exit() -> None:
    bench = Bench()
    bench.stay("pole", "a", "13:50")
    for step in range(4):
        bench.fix(500, 200 + 20 * step, at("13:52") + 30 * step)
    bench.walk("ga", "14:00", inward=True)
    for step in range(5):
        bench.fix(500, 300 - 36 * step, at("15:00") + 30 * step)
    (told,) = bench.told("academy_exit")
    assert told.sent_at == at("15:01")


def test_phone_left_at_home_says_nothing_about_the_child_at_school() -> None:
    bench = Bench()
    for fix in range(12):
        bench.fix(0, 0, at("07:00") + 300 * fix, moving=False)
    bench.walk("gs", "08:30", inward=True)
    for fix in range(12):
        bench.fix(0, 0, at("08:35") + 300 * fix, moving=False)
    assert bench.services() == ["home_exit", "school_arrival"]


def danger_walk(seed: int, clear: float, stay: int, *, outliers: float = 0.02) -> tuple[Bench, float]:
    """Leave the route, walk into the railway ``clear`` metres from its edge, stay some fixes, come back."""
    rng, bench = random.Random(seed), Bench()
    bench.stay("pole", "a", "15:00")
    t = at("15:05") + rng.uniform(0, 30)
    depth = -150.0 - clear
    for step in range(3):
        bench.fix(*noisy(rng, 380 + 36 * step, 0, outliers=outliers), t + 30 * step)
    for step, y in enumerate((-36.0, -72.0, -108.0, -144.0)):
        bench.fix(*noisy(rng, 490, y, outliers=outliers), t + 90 + 30 * step)
    inside = t + 210
    for step in range(stay):
        bench.fix(*noisy(rng, 480 + 20 * math.sin(step), depth, outliers=outliers), inside + 30 * step)
    for step, y in enumerate((-144.0, -108.0, -72.0, -36.0, 0.0, 0.0)):
        bench.fix(*noisy(rng, 490, y, outliers=outliers), inside + 30 * (stay + step))
    return bench, inside


def test_danger_entries_are_caught_under_noise() -> None:
    missed = doubled = 0
    for seed in range(300):
        bench, _ = danger_walk(seed, 20, 5)
        told = bench.told("danger_entry")
        missed += not told
        doubled += len(told) > 1
    assert missed <= 3
    assert doubled <= 1


def test_danger_entry_is_told_soon_and_at_its_time() -> None:
    late = 0
    for seed in range(100):
        bench, inside = danger_walk(seed, 30, 6)
        (told,) = bench.told("danger_entry")
        assert abs(told.event_at - inside) <= 90
        late += told.sent_at > inside + 90 + 15
    assert late <= 3


def test_walking_along_a_danger_area_on_the_route_is_no_entry() -> None:
    """A route 20 m beside the area's edge, walked to and fro, with outliers."""
    false = 0
    for seed in range(200):
        rng, bench = random.Random(1000 + seed), Bench(items=near_railway())
        for step in range(56):
            x = 36 * step if step < 28 else 1000 - 36 * (step - 28)
            bench.fix(*noisy(rng, x, 0), at("15:00") + 30 * step)
        false += len(bench.told("danger_entry"))
    assert false <= 1


def near_railway() -> list[dict]:
    from tests.hub.hub_world import area, lon_lat, world

    ring = [lon_lat(200, -100), lon_lat(800, -100), lon_lat(800, -20), lon_lat(200, -20), lon_lat(200, -100)]
    items = [i for i in world("c1") if i["id"] != "rail"]
    return [*items, area("rail", "danger", 500, -60, 310, danger="railway", ring=ring)]


def test_danger_reader_tells_after_twenty_seconds() -> None:
    bench = Bench()
    bench.stay("ir", "a", "15:00", seconds=40)
    (told,) = bench.told("danger_entry")
    assert told.sent_at == at("15:00:20")
    short = Bench()
    short.stay("ir", "a", "15:00", seconds=9)
    short.to("15:10")
    assert short.told("danger_entry") == []


def test_phone_and_reader_tell_one_excursion_once() -> None:
    bench = Bench()
    t = at("15:00")
    for step in range(12):
        bench.fix(500, -230, t + 30 * step)
        if step % 4 == 0:
            bench.stay("ir", "a", t + 30 * step + 1, seconds=24)
    assert len(bench.told("danger_entry")) == 1
    bench.stay("pole", "a", "15:30")
    bench.stay("ir", "a", "15:40", seconds=30)
    assert len(bench.told("danger_entry")) == 2


@pytest.mark.parametrize("seed", range(40))
def test_outliers_on_the_route_are_no_deviation(seed: int) -> None:
    rng, bench = random.Random(seed), Bench()
    bench.stay("pole", "a", "15:00")
    for step in range(28):
        bench.fix(*noisy(rng, 36 * step, 0, outliers=0.05), at("15:05") + 30 * step)
    assert bench.told("route_deviation") == []


@pytest.mark.parametrize("seed", range(40))
def test_an_excursion_is_told_once(seed: int) -> None:
    rng, bench = random.Random(seed), Bench()
    bench.stay("pole", "a", "15:00")
    t = at("15:05")
    for step in range(4):
        bench.fix(*noisy(rng, 500, 36 * step), t + 30 * step)
    for step in range(14):
        bench.fix(*noisy(rng, 500 - 36 * step, 220), t + 120 + 30 * step)
    assert len(bench.told("route_deviation")) == 1


def test_late_fixes_out_of_order_do_not_fire_anything() -> None:
    bench = Bench()
    for step in range(6):
        bench.fix(30, 0, at("10:00") + 30 * step, moving=False)
    data = {
        "lat": 37.52,
        "lon": 126.9,
        "accuracy_m": 20,
        "fix_source": "gps",
        "fixed_at": "2026-03-03T23:00:00Z",
        "moving": True,
    }
    for _ in range(6):
        bench.send("dev", "p-c1", "phone.located", data, at("08:00"))
    assert "home_exit" not in bench.services()
