"""Silence and absence: judged by timers."""

import pytest

from tests.hub.hub_bench import Bench
from tests.hub.hub_world import DRILL, ZONE, at


def heartbeats(bench: Bench, *devices: str, until: str) -> None:
    t = bench.state.zone.now
    while (t := t + 300) < at(until):
        for device in devices:
            bench.status(device, t)


def test_silence_after_moving_fixes_is_told_ten_minutes_later() -> None:
    bench = Bench()
    bench.stay("pole", "a", "15:00")
    for step in range(5):
        bench.fix(400 - 30 * step, 0, at("15:05") + 30 * step)
    bench.to("15:30")
    (told,) = bench.told("tag_silent")
    assert told.sent_at == at("15:17")
    assert told.to_desk
    assert told.exercise == DRILL


@pytest.mark.parametrize("battery", [4.0])
def test_flat_phone_is_not_silent(battery: float) -> None:
    bench = Bench()
    bench.stay("pole", "a", "15:00")
    bench.fix(400, 0, "15:05", battery=battery)
    bench.to("15:30")
    assert bench.told("tag_silent") == []


def test_phone_that_lies_still_is_not_silent() -> None:
    bench = Bench()
    bench.stay("pole", "a", "15:00")
    bench.fix(400, 0, "15:05", moving=False)
    bench.to("15:30")
    assert bench.told("tag_silent") == []


def test_sighting_of_the_tag_is_a_sign_of_life() -> None:
    bench = Bench()
    bench.stay("pole", "a", "15:00")
    bench.fix(400, 0, "15:05")
    bench.stay("pole", "a", "15:12")
    bench.to("15:20")
    assert bench.told("tag_silent") == []
    bench.to("15:23")
    assert len(bench.told("tag_silent")) == 1


def test_child_past_home_by_is_reported_while_homes_readers_are_in_order() -> None:
    bench = Bench(start="17:00")
    bench.stay("pole", "a", "17:05")
    heartbeats(bench, "gh", until="19:10")
    (told,) = bench.told("tag_silent")
    assert told.sent_at == at("19:00")


def test_child_past_home_by_is_held_while_homes_readers_are_in_fault() -> None:
    bench = Bench(start="17:00")
    bench.stay("pole", "a", "17:05")
    bench.to("19:10")
    assert bench.told("tag_silent") == []


def test_child_that_came_home_is_not_overdue() -> None:
    bench = Bench(start="17:00")
    bench.stay("pole", "a", "17:05")
    bench.walk("gh", "17:20", inward=True)
    heartbeats(bench, "gh", until="19:10")
    assert bench.told("tag_silent") == []


def test_not_arrived_is_told_at_the_deadline_to_guardians_only() -> None:
    bench = Bench(start="08:00")
    heartbeats(bench, "gs", "is", until="09:20")
    (told,) = bench.told("not_arrived")
    assert told.sent_at == told.event_at == at("09:10")
    assert not told.to_desk
    assert told.exercise == DRILL


@pytest.mark.parametrize("how", ["gate", "interior", "inner antenna", "phone"])
def test_arrived_by_any_evidence(how: str) -> None:
    bench = Bench(start="08:00")
    match how:
        case "gate":
            bench.walk("gs", "08:40", inward=True)
        case "interior":
            bench.stay("is", "a", "08:40")
        case "inner antenna":
            bench.stay("gs", "in", "08:40")
        case "phone":
            for step in range(6):
                bench.fix(1000, 0, at("09:05") + 30 * step, moving=step < 3)
    heartbeats(bench, "gs", "is", until="09:20")
    assert bench.told("not_arrived") == []


def test_absent_child_and_weekend_are_not_reported() -> None:
    from tests.hub.hub_world import world

    absence = {"kind": "absence", "id": "a1", "zone": ZONE, "child": "c1", "date": "2026-03-04"}
    bench = Bench(items=[*world("c1", "c2"), absence], start="08:00")
    heartbeats(bench, "gs", "is", until="09:20")
    assert [t.child for t in bench.told("not_arrived")] == ["c2"]
    bench.to(at("72:00"))
    bench.effects.clear()
    bench.to(at("82:00"))  # Saturday
    assert bench.told("not_arrived") == []
