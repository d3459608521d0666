"""Explanations name what happened, what was seen and what was said, in both languages."""

from safezone_sim.judge import score
from safezone_sim.records import Fault

from tests.judge.builders import Run, at

T = at("08:40:00")


def test_missed_cites_the_evidence_and_the_silence_of_the_hub() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_in(T)
    scores = score(run.record())
    text = scores.explain(scores.rows[0])
    for part in (
        "08:40:00",
        "어린이1",
        "등교 알림",
        "08:39:56 리더 gate(School) 바깥 안테나",
        "알린 것이 없다",
    ):
        assert part in text.ko
    for part in (
        "school arrival",
        "reader gate(School), inner antenna",
        "complete at 08:40:00",
        "told this recipient nothing",
    ):
        assert part in text.en


def test_offline_reader_is_named_with_its_hour() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_in(T, known=3000)
    run.faults.append(Fault("7041138", "reader_offline", "gate", T - 600, T + 3000))
    scores = score(run.record())
    text = scores.explain(scores.rows[0])
    assert "Reader offline (gate, 08:30:00–09:30:00)" in text.en
    assert "arrived 50 min later" in text.en


def test_gap_says_which_evidence_could_not_be() -> None:
    run = Run()
    run.happens(T, "home_entry", "c2", place="home-2")
    scores = score(run.record())
    assert "as placed, it gives none of: pass at the gate" in scores.explain(scores.rows[0]).en


def test_late_says_by_how_much() -> None:
    run = Run()
    run.happens(T, "school_arrival", place="school")
    run.pass_in(T)
    run.told(T + 135, "school_arrival", "guardian:g1", event_at=T)
    scores = score(run.record())
    assert "75 s over the limit of 60 s" in scores.explain(scores.rows[0]).en


def test_false_says_where_the_child_was() -> None:
    run = Run()
    run.track("c1", (T, 0, 0, "school"), (T + 9000, 0, 0, "school"))
    run.told(T + 600, "school_departure", "guardian:g1")
    scores = score(run.record())
    text = scores.explain(scores.strays[0])
    assert "the child then was in School" in text.en
    assert "아이는 School에 있었고" in text.ko
