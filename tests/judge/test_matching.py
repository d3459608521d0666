"""Who was told what: matching, duplicates, repeats, lateness, window edges, near bells, false notices."""

import pytest
from safezone_sim.judge import Scores, score
from safezone_sim.records import Fault

from tests.judge.builders import DESK, Run, at

T = at("08:40:00")


def arrival(run: Run, t: float = T) -> None:
    run.happens(t, "school_arrival", place="school")
    run.pass_in(t)


def of(scores: Scores, recipient: str = "guardian:g1") -> list[tuple[str, bool]]:
    return [(r.verdict, r.late) for r in scores.rows if r.recipient == recipient]


def fates(scores: Scores) -> list[tuple[str, str | None]]:
    return [(s.fate, s.cause) for s in scores.strays]


def test_each_guardian_is_a_row_of_its_own() -> None:
    run = Run()
    arrival(run)
    run.told(T + 10, "school_arrival", "guardian:g1")
    scores = score(run.record())
    assert of(scores, "guardian:g1") == [("delivered", False)]
    assert of(scores, "guardian:g2") == [("missed", False)]
    assert scores.strays == []


@pytest.mark.parametrize(("offset", "hit"), [(-180, True), (-181, False), (1200, True), (1201, False)])
def test_window_edges(offset: float, hit: bool) -> None:
    run = Run()
    arrival(run)
    run.told(T + 1300, "school_arrival", "guardian:g1", event_at=T + offset)
    scores = score(run.record())
    assert of(scores)[0][0] == ("delivered" if hit else "missed")
    assert len(scores.strays) == (0 if hit else 1)


@pytest.mark.parametrize(("delay", "late"), [(60.0, False), (60.1, True)])
def test_late_runs_from_when_it_was_observable(delay: float, late: bool) -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_in(T, known=300)
    run.told(T + 300 + delay, "school_arrival", "guardian:g1", event_at=T)
    assert of(score(run.record())) == [("delivered", late)]


def test_late_never_runs_from_before_the_truth() -> None:
    """Three fixes inside the radius a minute before the gate: the limit still runs from the truth."""
    run = Run()
    run.happens(T, "school_arrival", place="school")
    for n in range(3):
        run.fix(T - 120 + 30 * n, 79, 0)
    run.told(T + 59, "school_arrival", "guardian:g1", event_at=T)
    assert of(score(run.record())) == [("delivered", False)]


def test_told_without_evidence_counts_as_delivered_and_cannot_be_late() -> None:
    run = Run()
    run.happens(T, "home_entry", "c2", place="home-2")
    run.told(T + 600, "home_entry", "guardian:g3", "c2", event_at=T)
    scores = score(run.record())
    assert of(scores, "guardian:g3") == [("delivered", False)]
    assert scores.rows[0].observable_at is None


def test_byte_identical_repeats_cost_nothing() -> None:
    run = Run()
    arrival(run)
    run.told(T + 10, "school_arrival", "guardian:g1", event_at=T, id_=900)
    run.told(T + 15, "school_arrival", "guardian:g1", event_at=T, id_=900, repeat=True)
    scores = score(run.record())
    assert (scores.strays, scores.repeats) == ([], 1)


def test_a_second_different_notice_is_a_duplicate_and_the_first_received_counts() -> None:
    run = Run()
    arrival(run)
    run.told(T + 200, "school_arrival", "guardian:g1", event_at=T)  # nearer in time, but received later
    run.told(T + 10, "school_arrival", "guardian:g1", event_at=T + 20)
    scores = score(run.record())
    assert of(scores)[0] == ("delivered", False)
    assert fates(scores) == [("duplicate", None)]


def test_a_notice_goes_to_the_event_it_is_nearest_to() -> None:
    run = Run()
    arrival(run)
    run.happens(T + 500, "school_departure", place="school")
    arrival(run, T + 900)
    run.told(T + 905, "school_arrival", "guardian:g1", event_at=T + 900)
    assert [v for v, _ in of(score(run.record()))] == ["missed", "coverage_gap", "delivered"]


def test_two_calls_within_seconds_are_two_rows() -> None:
    run = Run()
    for child, t in (("c1", T), ("c2", T + 4)):
        run.tell_all(t + 1, run.happens(t, "tag_call", child))
        run.press(t, "tag_call", child)
    scores = score(run.record())
    assert [r.verdict for r in scores.rows] == ["delivered"] * 5
    assert scores.strays == []


def bell(run: Run, child: str | None, recipients: tuple[str, ...]) -> None:
    run.happens(T, "bell_call", child, device="bell", recipients=recipients)
    run.press(T, "bell_call", None, "bell")
    run.told(T + 1, "bell_call", DESK, None, event_at=T, device="bell")


def test_bell_is_matched_by_bell_at_the_desk() -> None:
    run = Run()
    bell(run, None, (DESK,))
    run.told(T + 2, "bell_call", DESK, None, event_at=T, device="other-bell")
    scores = score(run.record())
    assert of(scores, DESK) == [("delivered", False)]
    assert fates(scores) == [("false", "hub")]


def test_bell_at_guardians_needs_a_sighting_near_it() -> None:
    run = Run()
    bell(run, "c1", (DESK, "guardian:g1"))
    assert of(score(run.record())) == [("coverage_gap", False)]
    run.stay(T - 62, "pole-s", last=3)  # ended 59 s before the press, 14 m from the bell
    row = next(r for r in score(run.record()).rows if r.recipient == "guardian:g1")
    assert (row.verdict, row.observable_at) == ("missed", T)
    run.told(T + 2, "bell_call", "guardian:g1", event_at=T, near=True)
    assert of(score(run.record())) == [("delivered", False)]


def test_sighting_long_before_the_bell_is_not_near() -> None:
    run = Run()
    bell(run, "c1", (DESK, "guardian:g1"))
    run.stay(T - 64, "pole-s", last=3)
    assert of(score(run.record())) == [("coverage_gap", False)]


def test_near_bell_by_the_rule_is_neither_false_nor_duplicate() -> None:
    run = Run()
    bell(run, "c1", (DESK, "guardian:g1"))
    run.stay(T, "pole-s", "c2")
    run.told(T + 2, "bell_call", "guardian:g3", "c2", event_at=T, near=True)
    run.told(T + 2, "bell_call", "guardian:g2", "c1", event_at=T, near=True)  # c1 was sighted nowhere
    assert sorted(fates(score(run.record())), key=str) == [("false", "hub"), ("near_bell", None)]


def test_a_notice_about_somebody_elses_child_is_the_hubs_fault() -> None:
    run = Run()
    arrival(run)
    run.tell_all(T + 5, run.truth[0])
    run.told(T + 5, "school_arrival", "guardian:g3", "c1", event_at=T)
    scores = score(run.record())
    assert fates(scores) == [("false", "hub")]
    assert "이 보호자의 아이가 아니다" in scores.explain(scores.strays[0]).ko


def test_not_arrived_for_a_child_whose_tag_was_forgotten_is_the_equipments() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_in(T, real=False)
    run.faults.append(Fault("7041138", "tag_forgotten", "tag-c1", 0, 86400))
    run.told(at("09:20:01"), "not_arrived", "guardian:g1", event_at=at("09:20"))
    scores = score(run.record())
    assert of(scores) == [("equipment_failed", False)]
    assert fates(scores) == [("false", "equipment")]
    text = scores.explain(scores.rows[0])
    assert "태그를 두고 나옴" in text.ko
    assert "Tag forgotten" in text.en


def test_not_arrived_although_the_pass_was_read_is_the_hubs() -> None:
    run = Run()
    arrival(run)
    run.tell_all(T + 5, run.truth[0])
    run.told(at("09:20:01"), "not_arrived", "guardian:g1", event_at=at("09:20"))
    assert fates(score(run.record())) == [("false", "hub")]


def test_not_arrived_where_even_perfect_equipment_saw_nothing_is_coverage() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.told(at("09:20:01"), "not_arrived", "guardian:g1", event_at=at("09:20"))
    assert fates(score(run.record())) == [("false", "coverage")]


def test_left_school_at_eleven_from_one_outer_read_is_the_hubs() -> None:
    run = Run()
    arrival(run)
    run.tell_all(T + 5, run.truth[0])
    run.stay(at("11:00"), "gate-o")
    run.told(at("11:00:05"), "school_departure", "guardian:g1", event_at=at("11:00"))
    assert fates(score(run.record())) == [("false", "hub")]


def test_left_home_from_three_stray_fixes_is_the_equipments() -> None:
    run = Run()
    for n in range(3):
        run.fix(T + 300 * n, 600, 0, real=False, moving=False)
        run.fix(T + 300 * n, 900, 0, ideal=False, moving=False)
    run.told(T + 601, "home_exit", "guardian:g1", event_at=T + 600)
    assert fates(score(run.record())) == [("false", "equipment")]


def test_entry_told_again_while_the_child_stays_is_the_hubs() -> None:
    run = Run()
    run.happens(T, "home_entry", place="home-1")
    for n in range(40):
        run.fix(T + 300 * n, 600, 0, moving=False)
    run.told(T + 601, "home_entry", "guardian:g1", event_at=T + 600)
    run.told(T + 9001, "home_entry", "guardian:g1", event_at=T + 9000)
    assert fates(score(run.record())) == [("false", "hub")]


def test_tag_silent_by_home_by_with_the_home_read_lost_is_the_equipments() -> None:
    run = Run(home_by="15:00")
    run.pass_in(T)
    run.pass_out(at("14:30"))
    run.pass_in(at("14:50"), "h1", real=False)
    run.told(at("15:00:05"), "tag_silent", DESK, event_at=at("14:30"))
    assert fates(score(run.record())) == [("false", "equipment")]


def test_danger_alert_from_true_fixes_inside_but_no_truth_is_coverage() -> None:
    run = Run()
    for n in range(4):
        run.fix(T + 30 * n, -450, -450)
    run.told(T + 91, "danger_entry", DESK, event_at=T)
    run.told(T + 5000, "danger_entry", DESK, event_at=T + 5000)
    assert fates(score(run.record())) == [("false", "coverage"), ("false", "hub")]


def test_a_copy_not_marked_as_repeat_is_known_by_its_identity() -> None:
    run = Run()
    arrival(run)
    for delay in (10, 15):
        run.told(T + delay, "school_arrival", "guardian:g1", event_at=T, id_=900)
    scores = score(run.record())
    assert (scores.strays, scores.repeats) == ([], 1)


def test_an_old_message_arriving_late_moves_nobody_back() -> None:
    """The morning's sighting becomes known when the child is long at the academy: it has not left that."""
    run = Run()
    run.stay(T, "class-s", known=30000)
    for n in range(3):
        run.fix(T + 10000 + 30 * n, 0, -500)  # at the academy
    run.told(T + 30002, "academy_exit", "guardian:g1", event_at=T)
    assert fates(score(run.record())) == [("false", "hub")]


def test_what_follows_from_a_false_notice_shares_its_cause() -> None:
    """Three stray fixes say «left home»; three true ones then say «came home», which perfect ones also show."""
    run = Run()
    for n in range(3):
        run.fix(T + 300 * n, 600, 0, real=False, moving=False)
        run.fix(T + 300 * n, 900, 0, ideal=False, moving=False)
    for n in range(3):
        run.fix(T + 900 + 300 * n, 600, 0, moving=False)
    run.told(T + 601, "home_exit", "guardian:g1", event_at=T + 600)
    run.told(T + 1501, "home_entry", "guardian:g1", event_at=T + 900)
    assert fates(score(run.record())) == [("false", "equipment")] * 2


def test_an_arrival_told_in_the_afternoon_because_the_morning_was_not_read_is_the_equipments() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_in(T, real=False)
    run.stay(at("15:00"), "class-s")
    run.told(at("15:00:05"), "school_arrival", "guardian:g1", place={"id": "school"})
    scores = score(run.record())
    assert of(scores) == [("equipment_failed", False)]
    assert fates(scores) == [("false", "equipment")]


def dawdling(first: float) -> Run:
    """Fixes inside the home circle every 30 s from ``first`` until the gate at T."""
    run = Run()
    run.pass_out(T - 3600, "h1")
    run.happens(T - 3600, "home_exit", place="home-1")
    for n in range(3):
        run.fix(T - 3000 + 30 * n, 0, 0)
    t = first
    while t < T:
        run.fix(t, 570, 0)
        t += 30
    run.pass_in(T, "h1")
    run.happens(T, "home_entry", place="home-1")
    return run


def test_inside_the_circle_long_before_the_gate_is_no_fault_of_the_hub() -> None:
    run = dawdling(T - 400)
    run.told(T - 340, "home_entry", "guardian:g1", event_at=T - 400)
    scores = score(run.record())
    rows = [r for r in scores.rows if r.recipient == "guardian:g1" and r.event.service == "home_entry"]
    assert [r.verdict for r in rows] == ["coverage_gap"]
    assert fates(scores) == [("false", "coverage")]
    assert "before the window" in scores.explain(rows[0]).en


def test_inside_the_circle_just_before_the_gate_is() -> None:
    rows = [r for r in score(dawdling(T - 170).record()).rows if r.event.service == "home_entry"]
    assert [r.verdict for r in rows] == ["missed", "missed"]
