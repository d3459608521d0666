"""Gates and readers: direction, debounce, dwell, lateness."""

import pytest

from tests.hub.hub_bench import DRILL, Bench
from tests.hub.hub_world import at


def test_outer_then_inner_is_an_arrival() -> None:
    bench = Bench()
    bench.walk("gs", "08:30", inward=True)
    bench.to("08:31")
    assert bench.services() == ["home_exit", "school_arrival"]
    assert bench.told()[1].event_at == at("08:30:06")
    assert len(bench.told()[1].evidence) == 2


def test_inner_then_outer_is_a_departure() -> None:
    bench = Bench()
    bench.walk("gs", "08:30", inward=True)
    bench.walk("gs", "13:00", inward=False)
    bench.to("13:01")
    assert bench.services() == ["home_exit", "school_arrival", "school_departure"]


@pytest.mark.parametrize("antenna", ["out", "in"])
def test_one_antenna_alone_never_says_left_or_came(antenna: str) -> None:
    bench = Bench()
    bench.stay("gh", antenna, "08:00")
    bench.to("08:10")
    assert bench.services() == []


def test_double_reads_on_the_way_in_are_one_pass() -> None:
    bench = Bench()
    t = at("08:30")
    bench.stay("gs", "out", t, seconds=4)
    bench.stay("gs", "in", t + 6, seconds=4)
    bench.stay("gs", "in", t + 11, seconds=2)  # ghost
    bench.stay("gs", "out", t + 7, seconds=1, arrives=t + 14)  # ghost, heard last
    bench.to("08:40")
    assert bench.services() == ["home_exit", "school_arrival"]


def test_ghosts_after_the_pass_in_the_wrong_order_are_no_exit() -> None:
    bench = Bench()
    t = at("08:30")
    for antenna, first in (("out", 0.0), ("in", 4.0), ("in", 8.5), ("out", 9.0)):
        bench.stay("gs", antenna, t + first, seconds=3.5 if first < 5 else 1.0)
    bench.to("08:40")
    assert bench.services() == ["home_exit", "school_arrival"]


def test_without_debounce_ghosts_flap() -> None:
    bench = Bench(debounce=False, dwell=False)
    t = at("08:30")
    for antenna, first in (("out", 0.0), ("in", 4.0), ("in", 8.5), ("out", 9.0)):
        bench.stay("gs", antenna, t + first, seconds=3.5 if first < 5 else 1.0)
    bench.to("08:40")
    assert "school_departure" in bench.services()


def test_turning_round_in_the_gate_is_not_told() -> None:
    bench = Bench()
    t = at("08:30")
    bench.stay("gh", "in", t)
    bench.stay("gh", "out", t + 5)
    bench.stay("gh", "in", t + 12)
    bench.to("08:40")
    assert bench.services() == []


def test_without_dwell_turning_round_is_told() -> None:
    bench = Bench(dwell=False)
    t = at("08:30")
    bench.stay("gh", "in", t)
    bench.stay("gh", "out", t + 5)
    bench.to("08:40")
    assert bench.services() == ["home_exit"]


def test_without_antenna_order_one_sighting_toggles() -> None:
    bench = Bench(antenna_order=False)
    bench.stay("gh", "in", "08:00")
    assert bench.services() == ["home_exit"]


def test_start_messages_in_the_wrong_order_still_give_the_direction() -> None:
    bench = Bench()
    t = at("08:30")
    bench.stay("gs", "in", t + 5, arrives=t + 8)
    bench.stay("gs", "out", t, arrives=t + 9)
    bench.to("08:31")
    assert bench.services() == ["home_exit", "school_arrival"]


def test_interior_sighting_is_an_arrival_and_tells_once() -> None:
    bench = Bench()
    bench.stay("is", "a", "08:40")
    bench.walk("gs", "08:41", inward=True)
    bench.to("08:50")
    assert bench.services() == ["home_exit", "school_arrival"]


def test_pole_clear_of_home_tells_the_exit_once() -> None:
    bench = Bench()
    bench.stay("pole", "a", "08:10")
    bench.walk("gh", "08:01", inward=False, arrives=at("08:12"))
    bench.to("08:20")
    assert bench.services() == ["home_exit"]


def test_second_place_entered_implies_the_exit_of_the_first() -> None:
    bench = Bench()
    bench.walk("gs", "08:30", inward=True)
    bench.walk("ga", "14:00", inward=True)
    bench.to("14:01")
    assert bench.services() == ["home_exit", "school_arrival", "school_departure", "academy_entry"]


def test_academy_gate_seen_from_the_street_only_says_the_child_left_school() -> None:
    bench = Bench()
    bench.walk("gs", "08:30", inward=True)
    bench.stay("ga", "out", "14:00")
    bench.to("14:05")
    assert bench.services() == ["home_exit", "school_arrival", "school_departure"]


def test_hour_old_buffer_of_the_school_gate_is_told_late_if_still_true() -> None:
    bench = Bench()
    bench.walk("gs", "08:30", inward=True, arrives=at("09:05"))
    bench.to("09:06")
    arrival = bench.told("school_arrival")
    assert len(arrival) == 1
    assert "late" in arrival[0].flags


def test_hour_old_exit_is_not_told_when_the_child_is_known_elsewhere_since() -> None:
    bench = Bench()
    bench.walk("gs", "08:30", inward=True)
    bench.stay("pole", "a", "13:10")
    bench.walk("gh", "13:20", inward=True)
    bench.walk("gs", "13:00", inward=False, arrives=at("14:00"))
    bench.to("14:05")
    assert bench.services() == ["home_exit", "school_arrival", "school_departure", "home_entry"]


def test_buffer_with_entry_and_exit_tells_no_entry_that_is_over() -> None:
    bench = Bench()
    bench.walk("gs", "08:30", inward=True)
    bench.stay("pole", "a", "14:00")
    bench.walk("ga", "15:00", inward=True, arrives=at("16:20"))
    bench.walk("ga", "16:00", inward=False, arrives=at("16:20"))
    bench.to("16:21")
    assert "academy_entry" not in bench.services()


def test_who_came_and_left_while_the_school_gate_was_silent_was_at_school_that_day() -> None:
    bench = Bench()
    bench.walk("gs", "08:30", inward=True, arrives=at("14:20"))
    bench.walk("gs", "13:00", inward=False, arrives=at("14:20"))
    bench.to("14:21")
    assert "school_arrival" not in bench.services()
    assert bench.child().arrived_on


def test_reader_clock_is_corrected_by_its_status_messages() -> None:
    bench = Bench()
    for minute in range(3):
        bench.status("gs", at("07:00") + 60 * minute, clock=-28.0)
    bench.walk("gs", "08:30", inward=True, clock=-28.0)
    bench.to("08:31")
    assert bench.told("school_arrival")[0].event_at == pytest.approx(at("08:30:06"), abs=0.01)


def test_sighting_in_class_at_eleven_says_nothing_new() -> None:
    bench = Bench()
    bench.walk("gs", "08:30", inward=True)
    bench.stay("gs", "in", "11:00")
    bench.stay("is", "a", "11:00:30")
    bench.to("11:30")
    assert bench.services() == ["home_exit", "school_arrival"]


def test_new_day_starts_at_home_without_a_word() -> None:
    bench = Bench()
    bench.stay("pole", "a", "22:00")
    bench.to(at("24:00") + 60)
    assert bench.child().where == "home"
    bench.walk("gh", at("32:00"), inward=False)
    bench.to(at("33:00"))
    assert bench.services().count("home_exit") == 2


@pytest.mark.parametrize(("pass_by", "fix_by", "told_as"), [(DRILL, None, DRILL), (None, DRILL, None)])
def test_a_pass_is_told_as_drill_or_real_by_its_own_sightings(
    pass_by: str | None, fix_by: str | None, told_as: str | None
) -> None:
    """Whatever is heard of the child between the pass and its telling must not make a drill real, nor real a drill."""
    bench = Bench()
    bench.fix(0, 0, "08:20", exercise=pass_by)
    t = at("08:30")
    bench.stay("gs", "out", t, exercise=pass_by)
    bench.stay("gs", "in", t + 6, exercise=pass_by)
    bench.fix(400, 0, t + 11, exercise=fix_by)
    bench.to("08:31")
    (arrival,) = [n for n in bench.told() if n.service == "school_arrival"]
    assert arrival.exercise == told_as
