"""A hub in the making, and whoever wrote its ICS: what it does not claim costs neither verdicts on the rest nor hours."""

import itertools
import math
from pathlib import Path

import pytest
from safezone_conformance import town
from safezone_conformance.case import cases, plot_of
from safezone_conformance.execution import Outcome
from safezone_conformance.folder import Folder, Kept
from safezone_conformance.proforma import ProformaError, read_proformas, write_ics, write_ixit
from safezone_conformance.progress import Collector, Watch
from safezone_conformance.record import ANSWER, IN, OUT, Entry, Record
from safezone_conformance.verdicts import Finding, Verdict
from safezone_conformance.wording import asked_before, breaches_once, failure_text
from safezone_zoo.stable import Kept as KeptHub
from safezone_zoo.stable import Stable

from tests.conformance.running import conform, fill_in, run, verdicts

CASE = "TC-HUB-CALL-01"


def test_no_two_cases_play_within_ten_kilometres() -> None:
    places = []
    for case in cases().values():
        with town.on_plot(plot_of(case)):
            places.append(town.lat_lon(0, 0))
            assert town.metres(**town.lat_lon(300, -40)) == pytest.approx((300, -40))
    for a, b in itertools.combinations(places, 2):
        with_cos = (b["lon"] - a["lon"]) * math.cos(math.radians(a["lat"]))
        assert math.hypot(b["lat"] - a["lat"], with_cos) * town.METRES_PER_DEGREE > 10_000


def test_refusals_are_held_by_receipts_where_no_statistics_are_claimed(
    tmp_path: Path, clean_hub: KeptHub, stable: Stable
) -> None:
    without = {"metrics = true": "metrics = false"}
    fill_in(tmp_path, clean_hub, **without)
    run(tmp_path, "-k", "TC-HUB-MAC-02 or TC-HUB-REG-07 or TC-HUB-REJ-01")
    assert {row["verdict"] for row in verdicts(tmp_path)["cases"].values()} == {"PASS"}
    with stable.hub("mac-not-looked-at") as hub:
        fill_in(tmp_path, hub, **without)
        run(tmp_path, "-k", "TC-HUB-MAC-02", out="broken", expect=1)
    assert verdicts(tmp_path, "broken")["cases"]["TC-HUB-MAC-02"]["failed"][0] == "HUB-MAC-004"


def test_a_wait_longer_than_the_ixit_allows_is_skipped_with_the_reason(
    tmp_path: Path, clean_hub: KeptHub
) -> None:
    shorter = {
        "exercise-clock = true": "exercise-clock = false",
        "longest_wait_s = 240.0": "longest_wait_s = 5",
    }
    fill_in(tmp_path, clean_hub, **shorter)
    said = run(tmp_path, "-k", "TC-HUB-STATUS-01", expect=2)
    row = verdicts(tmp_path)["cases"]["TC-HUB-STATUS-01"]
    assert row["verdict"] == "SKIPPED" and "limits.longest_wait_s" in row["why"] and row["why"] in said


def test_both_proformas_are_asked_at_once_and_what_contradicts_is_refused(tmp_path: Path) -> None:
    ics, ixit = tmp_path / "ics.toml", tmp_path / "ixit.toml"
    ics.write_text(write_ics("reader"), encoding="utf-8")
    ixit.write_text(write_ixit("reader"), encoding="utf-8")
    with pytest.raises(ProformaError) as caught:
        read_proformas(ics, ixit)
    said = str(caught.value)
    for words in (
        "implementation.vendor",
        "press-counter, no-press-counter",
        "battery, mains",
        "device.zone",
    ):
        assert words in said
    text = write_ics("reader").replace('= ""', '= "x"')
    for claim in ("gate", "mains", "press-counter"):
        text = text.replace(f"\n{claim} = false", f"\n{claim} = true")
    ics.write_text(text, encoding="utf-8")
    filled = (
        write_ixit("reader")
        .replace('\ntags = ""', '\ntags = "T1"')
        .replace("env:SAFEZONE_DEVICE_SECRET", "k" * 43)
    )
    for name in ("zone", "id", "keyid"):
        filled = filled.replace(f'\n{name} = ""', f'\n{name} = "x"')
    ixit.write_text(filled, encoding="utf-8")
    with pytest.raises(ProformaError, match="gate = true"):
        read_proformas(ics, ixit)
    ixit.write_text(filled.replace("a:single", "o:outer i:inner"), encoding="utf-8")
    assert read_proformas(ics, ixit)[0].role == "reader"
    ixit.write_text(filled.replace("a:single", "outer:out inner"), encoding="utf-8")
    with pytest.raises(ProformaError, match="write name:outer"):
        read_proformas(ics, ixit)


def test_a_stimulus_that_is_not_there_is_told_once_and_ends_the_run(tmp_path: Path) -> None:
    lab = Path("conformance/lab/bell").resolve()
    (tmp_path / "ics.toml").write_text((lab / "ics.toml").read_text(encoding="utf-8"), encoding="utf-8")
    lines = (lab / "ixit.toml").read_text(encoding="utf-8").splitlines()
    text = "\n".join('command = "exit 127"' if line.startswith("command = ") else line for line in lines)
    (tmp_path / "ixit.toml").write_text(text + "\n", encoding="utf-8")
    said = conform(
        tmp_path, "run", "--ics", "ics.toml", "--ixit", "ixit.toml", "--out", "out", "-k", "TC-BELL", expect=2
    )
    assert said.count("exit code 127") == 1 and "Traceback" not in said


def _kept(*findings: Finding, verdict: Verdict = Verdict.FAIL) -> Kept:
    return Kept(CASE, verdict, "", findings, 0.0, 1.0)


def test_verdicts_are_told_as_they_are_stored_in_whatever_order(tmp_path: Path) -> None:
    told: list[str] = []
    folder, case = Folder(tmp_path), cases()[CASE]
    watch = Watch(tmp_path, lambda kept: told.append(f"{kept.verdict} {kept.case}"), lambda names: None)
    with watch.running():
        folder.keep(case, Outcome(Verdict.PASS, ()), Record(0.0, 1.0, ()))
    assert told == [f"PASS {CASE}"]
    watch.look()
    assert len(told) == 1


def test_a_case_that_the_tool_lost_is_known_by_name() -> None:
    class Report:
        nodeid, when, outcome, longreprtext = (
            f"x::test_case[{CASE}]",
            "call",
            "failed",
            "E  RuntimeError: lost",
        )

    collector = Collector(lambda names: None)
    collector.pytest_runtest_logreport(Report())
    assert collector.failed == {CASE: "E  RuntimeError: lost"} and not collector.errors


def test_a_breach_is_told_once_with_how_often_and_with_what_was_asked() -> None:
    wrong = Finding("HUB-MAC-004", "MUST", False, "a mac", "another", seen=2)
    entries = (
        Entry(0, 0.1, OUT, "ask", {"n": 1, "do": "press", "args": {"times": 1}}),
        Entry(1, 0.2, ANSWER, "http", {}),
        Entry(2, 0.3, IN, "mqtt", {"topic": "t", "payload": '{"a":"b"}'}),
    )
    record = Record(0.0, 1.0, entries)
    assert breaches_once([wrong, wrong]) == [(wrong, 2)]
    assert asked_before(record, wrong) == 0
    said = failure_text(cases()[CASE], _kept(wrong, wrong), record, "again")
    assert "×2" in said and '"do": "press"' in said and '{"a":"b"}' in said and said.count("expected") == 1
