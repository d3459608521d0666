"""The record and its replay: the same case on the same record is the same verdict, and nothing else passes."""

import threading
import time
from dataclasses import replace

import pytest
from safezone_conformance.line import LiveLine, ReplayLine, Unlike
from safezone_conformance.record import BadRecord, Record, read_record


def _ask_and_wait(line: LiveLine | ReplayLine) -> list[object]:
    """A small procedure: a reading, a message, an answer, what comes within a moment."""
    seen: list[object] = [line.stamp()]
    sent = line.out("mqtt", {"topic": "a", "payload": "b"}, lambda: None)
    question, answer = line.ask("http", {"path": "/"}, lambda: {"status": 200})
    seen += [sent.t, question.n, answer.content["status"]]
    while (entry := line.next(sent.t + 0.2)) is not None:
        seen.append(entry.content["payload"])
    return seen


@pytest.fixture
def recorded() -> tuple[list[object], Record]:
    line = LiveLine()
    threading.Timer(0.05, lambda: line.arrived("mqtt", {"payload": "early"})).start()
    late = threading.Timer(0.35, lambda: line.arrived("mqtt", {"payload": "late"}))
    late.start()
    seen = _ask_and_wait(line)
    late.join()
    return seen, line.close()


def test_a_replay_gives_the_procedure_what_it_got(recorded: tuple[list[object], Record]) -> None:
    seen, record = recorded
    assert seen[-1] == "early"
    again = ReplayLine(read_record("\n".join(record.lines())))
    assert _ask_and_wait(again) == seen
    again.finish()


def test_what_comes_after_the_deadline_is_recorded_and_not_seen(
    recorded: tuple[list[object], Record],
) -> None:
    seen, record = recorded
    assert "late" in [e.content.get("payload") for e in record.entries]
    assert "late" not in seen


def test_a_case_that_would_send_something_else_does_not_fit(recorded: tuple[list[object], Record]) -> None:
    line = ReplayLine(recorded[1])
    line.stamp()
    with pytest.raises(Unlike, match="not what was recorded"):
        line.out("mqtt", {"topic": "a", "payload": "other"}, lambda: None)


def test_a_record_with_more_than_the_case_did_does_not_fit(recorded: tuple[list[object], Record]) -> None:
    line = ReplayLine(recorded[1])
    line.stamp()
    with pytest.raises(Unlike, match="no such thing"):
        line.finish()


def test_a_record_cut_short_cannot_prove_absence(recorded: tuple[list[object], Record]) -> None:
    record = recorded[1]
    short = replace(record, ended_at=0.1, entries=tuple(e for e in record.entries if e.t < 0.1))
    with pytest.raises(Unlike, match="the record ends at"):
        _ask_and_wait(ReplayLine(short))


@pytest.mark.parametrize("edit", ["drop", "swap", "garbage"])
def test_a_torn_record_is_unreadable(recorded: tuple[list[object], Record], edit: str) -> None:
    lines = list(recorded[1].lines())
    match edit:
        case "drop":
            del lines[2]
        case "swap":
            lines[1], lines[2] = lines[2], lines[1]
        case "garbage":
            lines[2] = "{"
    with pytest.raises(BadRecord):
        read_record("\n".join(lines))


def test_times_of_a_record_never_go_back_whoever_writes() -> None:
    line = LiveLine()
    threads = [
        threading.Thread(target=lambda: [line.arrived("mqtt", {"payload": "x"}) for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 5
    got = 0
    while got < 800 and time.monotonic() < deadline:
        got += line.next(line.stamp() + 0.05) is not None
    for thread in threads:
        thread.join()
    read_record("\n".join(line.close().lines()))
    assert got == 800
