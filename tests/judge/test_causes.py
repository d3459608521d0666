"""Every cause of a miss, by hand: what was observable, when, and whose fault it was that nothing came."""

import pytest
from safezone_sim.judge import Row, score
from safezone_sim.records import Fault

from tests.judge.builders import DESK, Run, at

T = at("08:40:00")


def rows(run: Run, recipient: str = "guardian:g1") -> list[Row]:
    return [r for r in score(run.record()).rows if r.recipient == recipient]


def only(run: Run, recipient: str = "guardian:g1") -> Row:
    found = rows(run, recipient)
    assert len(found) == 1, found
    return found[0]


def test_pass_seen_but_not_told_is_the_hubs_fault() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_in(T)
    row = only(run)
    assert (row.verdict, row.observable_at) == ("missed", T)


def test_pass_missed_by_the_reader_is_the_equipments() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.stay(T - 4, "gate-o", real=False)
    run.stay(T, "gate-i")
    assert only(run).verdict == "equipment_failed"


def test_no_reader_anywhere_is_a_coverage_gap() -> None:
    run = Run()
    run.happens(T, "home_entry", "c2", place="home-2")
    assert only(run, "guardian:g3").verdict == "coverage_gap"


def test_known_only_after_the_window_is_equipment_failed() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_in(T, known=1201)
    assert only(run).verdict == "equipment_failed"
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_in(T, known=1199)
    assert only(run).verdict == "missed"


def test_antennas_in_the_wrong_order_prove_no_arrival() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_out(T)
    assert only(run).verdict == "coverage_gap"


@pytest.mark.parametrize(("apart", "verdict"), [(120, "missed"), (121, "coverage_gap")])
def test_antennas_pair_within_two_minutes(apart: float, verdict: str) -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.stay(T - apart, "gate-o")
    run.stay(T, "gate-i")
    assert only(run).verdict == verdict


@pytest.mark.parametrize(("gap", "verdict"), [(6.0, "coverage_gap"), (6.5, "missed")])
def test_double_reads_are_one_stay(gap: float, verdict: str) -> None:
    """outer, inner, then outer again: an exit needs its own inner read, which a merged stay is not."""
    run = Run()
    run.happens(T, "school_departure", place="school")
    run.stay(T - 60, "gate-o")
    run.stay(T - 20, "gate-i", last=3)
    run.stay(T - 17 + gap, "gate-i", last=1)
    run.stay(T, "gate-o")
    assert only(run).verdict == verdict


def test_interior_reader_proves_arrival() -> None:
    run = Run()
    run.happens(T, "academy_entry", place="academy")
    run.stay(T + 90, "acad-s")
    assert only(run).observable_at == T + 90


def test_sighting_elsewhere_proves_departure_only_of_a_child_known_inside() -> None:
    run = Run()
    run.happens(T - 3600, "academy_entry", place="academy")
    leaves = run.happens(T, "academy_exit", place="academy")
    run.stay(T + 300, "pole-s")
    assert [r.verdict for r in rows(run)] == ["coverage_gap", "coverage_gap"]
    run.stay(T - 3500, "acad-s")
    exit_row = rows(run)[1]
    assert exit_row.event == leaves
    assert (exit_row.verdict, exit_row.observable_at) == ("missed", T + 300)


def test_sighting_elsewhere_before_leaving_is_no_departure() -> None:
    run = Run()
    run.happens(T, "home_exit", place="home-1")
    run.stay(T - 10, "pole-s")
    assert only(run).verdict == "coverage_gap"


def test_the_day_begins_at_home() -> None:
    run = Run()
    run.happens(T, "home_exit", "c2", place="home-2")
    run.stay(T + 400, "gate-o", "c2")
    assert only(run, "guardian:g3").observable_at == T + 400


def test_reader_within_the_margin_is_not_elsewhere() -> None:
    """The school gate's outer antenna stands 84 m from the centre: inside radius 80 + margin 40."""
    run = Run()
    run.stay(T - 3000, "class-s")
    run.happens(T, "school_departure", place="school")
    run.stay(T + 5, "gate-o")
    assert only(run).verdict == "coverage_gap"


@pytest.mark.parametrize(("count", "verdict"), [(2, "coverage_gap"), (3, "missed")])
def test_three_fixes_inside_prove_arrival(count: int, verdict: str) -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    for n in range(count):
        run.fix(T + 30 * n, 60, 0)
    assert only(run).verdict == verdict


def test_a_coarse_fix_judges_nothing_and_breaks_no_run() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.fix(T, 60, 0)
    run.fix(T + 30, 900, 0, accuracy=300)
    run.fix(T + 60, 60, 0)
    run.fix(T + 90, 60, 0)
    assert only(run).observable_at == T + 90


def test_fixes_outside_count_beyond_radius_and_slack() -> None:
    """radius 80 + 1.5 × 15 = 102.5 m."""
    for x, verdict in ((102, "coverage_gap"), (103, "missed")):
        run = Run()
        run.happens(T - 3600, "school_arrival", place="school")
        run.stay(T - 3500, "class-s")
        run.happens(T, "school_departure", place="school")
        for n in range(1, 4):
            run.fix(T + 30 * n, x, 0)
        assert rows(run)[1].verdict == verdict, x


def test_evidence_of_an_earlier_coming_is_not_of_the_next() -> None:
    """In at T, out at T+60, in again at T+100 unread: the first pass lies in the window, but before the exit."""
    run = Run()
    run.happens(T, "home_entry", place="home-1")
    run.happens(T + 60, "home_exit", place="home-1")
    run.happens(T + 100, "home_entry", place="home-1")
    run.pass_in(T, "h1")
    run.pass_out(T + 60, "h1")
    run.pass_in(T + 100, "h1", real=False)
    assert [r.verdict for r in rows(run)] == ["missed", "missed", "equipment_failed"]


def test_button_that_reached_anything_is_never_a_gap() -> None:
    run = Run()
    run.happens(T, "tag_call")
    run.press(T, "tag_call", known=3600)
    assert only(run, DESK).verdict == "equipment_failed"
    unheard = Run()
    unheard.happens(T, "tag_call")
    assert only(unheard, DESK).verdict == "coverage_gap"


def test_each_of_two_presses_has_its_own_signal() -> None:
    run = Run()
    run.happens(T, "tag_call")
    run.happens(T + 40, "tag_call")
    run.press(T, "tag_call")
    run.press(T + 40, "tag_call", real=False)
    assert [r.verdict for r in rows(run, DESK)] == ["missed", "equipment_failed"]


def danger(run: Run, fixes: int, known: float = 0.0) -> None:
    run.happens(T, "danger_entry", place="rail", until=T + 360)
    for n in range(fixes):
        run.fix(T + 10 + 30 * n, -450, -450, known=known)


def test_four_fixes_in_the_area_prove_danger() -> None:
    run = Run()
    danger(run, 4)
    assert only(run, DESK).observable_at == T + 100
    run = Run()
    danger(run, 3)
    assert only(run, DESK).verdict == "coverage_gap"


def test_danger_near_a_registered_route_is_not_proved_by_fixes() -> None:
    run = Run()
    danger(run, 4)
    child = next(i for i in run._registry if i["kind"] == "child" and i["id"] == "c1")
    (x, y) = child["routes"][0]["line"][0]
    child["routes"][0]["line"].append([x, y])
    child["routes"][0]["line"][1:1] = [[run.ideal.fixes[0].lon, run.ideal.fixes[0].lat + 0.0003]]  # 33 m off
    assert only(run, DESK).verdict == "coverage_gap"


def test_a_stay_of_twenty_seconds_at_a_reader_in_the_area_proves_danger() -> None:
    for last, verdict in ((19, "coverage_gap"), (20, "missed")):
        run = Run()
        run.happens(T, "danger_entry", place="rail", until=T + 60)
        run.stay(T + 5, "rail-s", last=last)
        row = only(run, DESK)
        assert row.verdict == verdict
        assert row.observable_at == (T + 25 if last == 20 else None)


def test_five_of_six_fixes_prove_deviation() -> None:
    run = Run()
    run.happens(T, "route_deviation")
    for n, y in enumerate((-200, -200, 0, -200, -200, -200)):
        run.fix(T + 30 * n, 300, y)
    assert only(run, DESK).observable_at == T + 150
    run = Run()
    run.happens(T, "route_deviation")
    for n, y in enumerate((-200, 0, -200, -200, 0, -200, -200)):
        run.fix(T + 30 * n, 300, y)
    assert only(run, DESK).verdict == "coverage_gap"


def test_deviation_needs_corridor_and_accuracy() -> None:
    """corridor 40 + 1.0 × accuracy 15 = 55 m."""
    for y, verdict in ((-54, "coverage_gap"), (-56, "missed")):
        run = Run()
        run.happens(T, "route_deviation")
        for n in range(5):
            run.fix(T + 30 * n, 300, y)
        assert only(run, DESK).verdict == verdict, y


def test_silence_after_a_moving_fix() -> None:
    run = Run()
    run.happens(T, "tag_silent")
    run.fix(T - 60, 300, 0)
    run.fix(T - 30, 290, 0)
    assert only(run, DESK).observable_at == T + 570
    run.stay(T + 100, "pole-s")
    assert only(run, DESK).observable_at == T + 703  # the stay's end, 3 s later, is the last thing heard


@pytest.mark.parametrize("why", ["still", "flat battery", "in a place", "heard again"])
def test_no_silence_when(why: str) -> None:
    run = Run()
    run.happens(T, "tag_silent")
    x = 590 if why == "in a place" else 290
    run.fix(T - 30, x, 0, moving=why != "still", battery=3 if why == "flat battery" else 80)
    if why == "heard again":
        for n in range(20):
            run.fix(T + 270 + 300 * n, 590, 0)
    assert only(run, DESK).verdict == "coverage_gap"


def test_silence_past_home_by() -> None:
    home_by = at("15:00")

    def run(**more: bool) -> Run:
        made = Run(home_by="15:00")
        made.happens(home_by - 900, "tag_silent")
        made.pass_in(T)
        made.pass_out(home_by - 1000)
        made.stay(T + 600, "class-s", known=home_by - 1100 - T)  # old news, arriving after it left
        if more.get("seen_at_home"):
            made.stay(home_by - 300, "h1-o")
        if more.get("reader_broken"):
            made.faults.append(Fault("7041138", "reader_offline", "h1", home_by - 600, home_by + 600))
        return made

    assert only(run(), DESK).observable_at == home_by
    assert only(run(seen_at_home=True), DESK).verdict == "coverage_gap"
    assert only(run(reader_broken=True), DESK).verdict == "equipment_failed"


def test_absence_is_observable_at_the_deadline() -> None:
    deadline = at("09:20")
    run = Run()
    run.happens(deadline, "not_arrived", place="school")
    run.stay(at("08:20"), "pole-s")
    assert only(run).observable_at == deadline
    run.pass_in(at("08:50"))  # somebody else carried the tag in
    assert only(run).verdict == "coverage_gap"
    planned = Run(absent=["c1"])
    planned.happens(deadline, "not_arrived", place="school")
    assert only(planned).verdict == "coverage_gap"


def test_a_pass_is_known_when_both_its_reads_are() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.stay(T - 4, "gate-o", known=500)
    run.stay(T, "gate-i")
    assert only(run).observable_at == T + 496


def _dawdles_in_front_of_the_house() -> Run:
    """Inside the home's circle from seven minutes before the gate on; away before that."""
    run = Run()
    run.happens(T - 3600, "home_exit", place="home-1")
    run.pass_out(T - 3600, "h1")
    run.happens(T, "home_entry", place="home-1")
    for t in (-900, -870, -840):
        run.fix(T + t, 0, 0)
    for t in (-420, -390, -360, 30, 60, 90):
        run.fix(T + t, 600, 0)
    return run


def test_a_silent_hub_is_not_excused_by_earlier_evidence() -> None:
    run = _dawdles_in_front_of_the_house()
    assert [r.verdict for r in rows(run)] == ["missed", "missed"]


def test_told_too_early_on_the_standards_evidence_is_not_missed_again() -> None:
    run = _dawdles_in_front_of_the_house()
    run.told(T - 359, "home_entry", "guardian:g1", event_at=T - 360)
    entry = rows(run)[-1]
    assert (entry.event.service, entry.verdict) == ("home_entry", "coverage_gap")
    assert entry.foregone is not None
