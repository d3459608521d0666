"""Emergencies: one press one incident, no press swallowed."""

from typing import Any

import pytest
from safezone_hub.observation import TurnCamera

from tests.hub.hub_bench import Bench
from tests.hub.hub_world import at, iso, lat_lon, world


def call(bench: Bench, reader: str, when: str, press: int = 1, tag: str = "t-c1", **more: Any) -> None:
    bench.to(when)
    bench.send(
        "dev",
        reader,
        "tag.called",
        {"tag": tag, "press": press, "pressed_at": iso(at(when))},
        at(when),
        **more,
    )


def press_bell(bench: Bench, when: str, press: int = 1) -> None:
    bench.to(when)
    bench.send("dev", "bell", "bell.pressed", {"press": press, "pressed_at": iso(at(when))}, at(when))


def test_one_press_by_three_readers_is_one_call() -> None:
    bench = Bench()
    for reader in ("pole", "gs", "gh"):
        call(bench, reader, "15:00")
    (told,) = bench.told("tag_call")
    assert told.to_desk
    assert told.to_guardians


def test_second_press_seconds_later_is_a_new_call_linked_to_the_first() -> None:
    bench = Bench()
    call(bench, "pole", "15:00", 1)
    call(bench, "pole", "15:00:04", 2)
    first, second = bench.told("tag_call")
    assert second.linked == (first.incident,)
    assert first.incident != second.incident


def test_second_press_within_window_of_a_tag_without_counter_is_the_first() -> None:
    items = [{**i, "press_counter": False} if i["id"] == "t-c1" else i for i in world("c1")]
    bench = Bench(items=items)
    call(bench, "pole", "15:00", 0)
    call(bench, "gs", "15:00:20", 0)
    assert len(bench.told("tag_call")) == 1
    call(bench, "pole", "15:00:40", 0)
    assert len(bench.told("tag_call")) == 2


def test_call_takes_a_fresh_fix_for_its_position() -> None:
    bench = Bench()
    bench.fix(430, 5, "14:59:50")
    call(bench, "pole", "15:00")
    (told,) = bench.told("tag_call")
    assert told.position is not None
    assert abs(told.position.x - 430) < 1


def test_call_by_an_unbound_tag_reaches_the_desk() -> None:
    bench = Bench()
    call(bench, "pole", "15:00", tag="t-nobody")
    (told,) = bench.told("tag_call")
    assert told.child is None
    assert told.to_desk
    assert not told.to_guardians


def test_call_of_a_drill_that_is_not_open_is_real_and_flagged() -> None:
    bench = Bench()
    call(bench, "pole", "15:00", exercise="other-drill")
    (told,) = bench.told("tag_call")
    assert told.exercise is None
    assert told.flags == ("drill_unknown",)


def test_real_call_during_a_drill_is_real() -> None:
    bench = Bench()
    call(bench, "pole", "15:00", exercise=None)
    assert bench.told("tag_call")[0].exercise is None


def test_a_press_in_a_drill_does_not_swallow_a_real_press_of_the_same_number() -> None:
    bench = Bench()
    call(bench, "pole", "15:00")
    call(bench, "pole", "15:00:01", exercise=None)
    assert [t.exercise is None for t in bench.told("tag_call")] == [False, True]


def test_the_same_number_after_more_than_a_day_is_a_new_call() -> None:
    bench = Bench()
    call(bench, "pole", "09:00")
    bench.send(
        "dev",
        "pole",
        "tag.called",
        {"tag": "t-c1", "press": 1, "pressed_at": iso(at("09:00") + 86399)},
        at("09:00") + 86399,
    )
    assert len(bench.told("tag_call")) == 1
    bench.send(
        "dev",
        "pole",
        "tag.called",
        {"tag": "t-c1", "press": 1, "pressed_at": iso(at("09:00") - 86401)},
        at("09:00"),
    )
    assert len(bench.told("tag_call")) == 2


def test_a_bell_in_a_drill_does_not_swallow_a_real_press_of_the_same_number() -> None:
    bench = Bench()
    press_bell(bench, "15:00", 1)
    bench.send(
        "dev",
        "bell",
        "bell.pressed",
        {"press": 1, "pressed_at": iso(at("15:00:01"))},
        at("15:00:01"),
        exercise=None,
    )
    assert [t.exercise is None for t in bench.told("bell_call")] == [False, True]


def test_late_call_is_told_and_flagged() -> None:
    bench = Bench()
    bench.to("15:00")
    bench.send(
        "dev", "pole", "tag.called", {"tag": "t-c1", "press": 1, "pressed_at": iso(at("14:10"))}, at("14:10")
    )
    assert bench.told("tag_call")[0].flags == ("late",)


def test_call_with_a_clock_hours_ahead_is_not_delayed() -> None:
    bench = Bench()
    bench.to("15:00")
    bench.send(
        "dev", "pole", "tag.called", {"tag": "t-c1", "press": 1, "pressed_at": iso(at("19:00"))}, at("19:00")
    )
    (told,) = bench.told("tag_call")
    assert told.flags == ("clock_suspect",)
    assert told.event_at == at("15:00")


def test_bell_reaches_the_desk_and_guardians_of_children_near_it() -> None:
    bench = Bench("c1", "c2", "c3")
    bench.stay("pole", "a", "14:59:20", tag="t-c1")
    bench.stay("pole", "a", "14:50", tag="t-c3")
    press_bell(bench, "15:00")
    bench.stay("pole", "a", "15:00:30", tag="t-c2")
    bench.stay("pole", "a", "15:02", tag="t-c3")
    told = bench.told("bell_call")
    assert [(t.child, t.near) for t in told] == [(None, False), ("c1", True), ("c2", True)]
    assert told[0].to_desk
    assert not told[1].to_desk


def test_repeated_bell_message_is_one_call_and_the_next_press_another() -> None:
    bench = Bench()
    press_bell(bench, "15:00", 1)
    press_bell(bench, "15:00:01", 1)
    press_bell(bench, "15:00:05", 2)
    first, second = bench.told("bell_call")
    assert second.linked == (first.incident,)


@pytest.mark.parametrize("position", [True, False])
def test_phone_call_is_told_with_and_without_position(position: bool) -> None:
    bench = Bench()
    data: dict[str, Any] = {"dialled_at": iso(at("15:00")), "call": "k1"}
    if position:
        data["position"] = {**lat_lon(300, 0), "accuracy_m": 20}
    bench.to("15:00")
    bench.send("dev", "p-c1", "phone.called", data, at("15:00"))
    bench.send("dev", "p-c1", "phone.called", data, at("15:00"))
    (told,) = bench.told("phone_call_112")
    assert told.to_desk
    assert told.to_guardians
    if position:
        assert told.position is not None
        assert abs(told.position.x - 300) < 1


def test_camera_turns_to_the_preset_that_sees_the_place() -> None:
    bench = Bench()
    call(bench, "pole", "15:00")
    turns = [e for e in bench.effects if isinstance(e, TurnCamera)]
    assert [(t.camera, t.preset) for t in turns] == [("cam", "w")]


def test_a_rule_that_fails_keeps_no_other_from_running(monkeypatch: pytest.MonkeyPatch) -> None:
    from safezone_hub import rules
    from safezone_hub.observation import Count

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    bench = Bench()
    monkeypatch.setitem(rules._hearers, "tag.called", (broken, *rules.hearers("tag.called")))
    call(bench, "pole", "15:00")
    assert len(bench.told("tag_call")) == 1
    assert Count("rule_error") in bench.effects


def test_a_call_goes_out_even_if_the_position_cannot_be_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    from safezone_hub.rules import calls

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    bench = Bench()
    monkeypatch.setattr(calls, "best_estimate", broken)
    call(bench, "pole", "15:00")
    (told,) = bench.told("tag_call")
    assert told.position is not None
    assert told.position.x == pytest.approx(500, abs=0.1)


def test_camera_in_fault_is_not_asked() -> None:
    bench = Bench()
    bench.status("cam", "14:59", online=False)
    call(bench, "pole", "15:00")
    assert not [e for e in bench.effects if isinstance(e, TurnCamera)]


@pytest.mark.parametrize("part", ["open_incident", "_call_position", "_tell_call"])
def test_a_call_whose_own_rule_fails_still_reaches_desk_and_guardians(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safezone_hub.rules import calls

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    bench = Bench()
    monkeypatch.setattr(calls, part, broken)
    call(bench, "pole", "15:00")
    (told,) = bench.told("tag_call")
    assert (told.to_desk, told.to_guardians, told.child) == (True, True, "c1")
    assert told.incident is not None
