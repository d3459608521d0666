"""summary.json, pooling, the record on disk and the command, by hand-computed numbers."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from safezone_sim.judge import load_summary_schema, pool, read_record, score, wilson, write_record
from safezone_sim.judge.commands import judge_command
from safezone_sim.judge.table import scoreboard_table
from safezone_sim.map.model import MapSource
from safezone_sim.records import PathAnswer, Query

from tests.judge.builders import DESK, LAT, LON, ZONE, Run, at, degrees, wire

T = at("08:40:00")
SOURCE = MapSource("schematic", "generated", "0" * 64, "none")


def summary(run: Run) -> dict[str, object]:
    return score(run.record()).summary(
        map_source=SOURCE, truth_sha256="a" * 64, simulated_seconds=50400, wall_seconds=1.5, messages=10
    )


def mixed() -> Run:
    """One of every verdict at g1, a late one, a false one and a duplicate."""
    run = Run()
    days = [T, T + 3600, T + 7200, T + 10800]
    for t in days:
        run.happens(t, "school_arrival", place="school", recipients=("guardian:g1",))
    run.pass_in(days[0])
    run.pass_in(days[1])
    run.pass_in(days[2], real=False)
    run.told(days[0] + 90, "school_arrival", "guardian:g1", event_at=days[0])
    run.told(days[0] + 95, "school_arrival", "guardian:g1", event_at=days[0])
    run.told(days[3] + 9000, "school_arrival", "guardian:g1")
    return run


def test_counts_are_the_hand_count() -> None:
    made = summary(mixed())
    row = made["services"]["school_arrival"]["guardian"]  # type: ignore[index]
    got = {k: row[k] for k in ("true", "delivered", "missed", "coverage_gap", "equipment_failed", "late",
                               "false", "false_hub", "duplicates", "notices")}  # fmt: skip
    assert got == {"true": 4, "delivered": 1, "missed": 1, "coverage_gap": 1, "equipment_failed": 1, "late": 1,
                   "false": 1, "false_hub": 1, "duplicates": 1, "notices": 3}  # fmt: skip
    assert row["latency_s"] == {"p50": 90.0, "p99": None}
    assert row["missed_rate"] == 0.5  # of the two that were observable
    assert row["false_rate"] == pytest.approx(1 / 3)


def test_true_is_the_sum_of_its_parts_in_every_row() -> None:
    for by in summary(mixed())["services"].values():  # type: ignore[attr-defined]
        for row in by.values():
            assert row["true"] == sum(
                row[k] for k in ("delivered", "missed", "coverage_gap", "equipment_failed")
            )
            assert row["false"] == sum(row[k] for k in ("false_hub", "false_equipment", "false_coverage"))


def test_summary_keeps_its_schema() -> None:
    schema = load_summary_schema()
    Draft202012Validator.check_schema(schema)
    made = json.loads(json.dumps(summary(mixed())))
    Draft202012Validator(schema).validate(made)
    for broken in (
        {"summary_version": 2},
        {"services": {}},
        {"map": {"kind": "sketch", "source": "", "sha256": ""}},
    ):
        assert list(Draft202012Validator(schema).iter_errors(made | broken)), broken


def test_p99_needs_a_hundred_rows() -> None:
    for rows, p99 in ((99, None), (100, 1.0)):
        run = Run()
        for n in range(rows):
            t = 600.0 * n + 1000
            run.happens(t, "tag_call", recipients=(DESK,))
            run.press(t, "tag_call")
            run.told(t + 1, "tag_call", DESK, event_at=t)
        made = summary(run)["services"]["tag_call"]["desk"]  # type: ignore[index]
        assert made["latency_s"] == {"p50": 1.0, "p99": p99}


def test_wilson_interval() -> None:
    assert wilson(0, 0) is None
    low, high = wilson(0, 20) or ()
    assert (low, round(high, 4)) == (0.0, 0.1611)  # Newcombe 1998, table I
    low, high = wilson(81, 263) or ()
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_pool_adds_counts_and_narrows_intervals() -> None:
    one = summary(mixed())
    both = pool([one, one, one])
    row, single = (
        both["services"]["school_arrival"]["guardian"],
        one["services"]["school_arrival"]["guardian"],
    )  # type: ignore[index]
    assert (both["runs"], row["true"], row["missed"]) == (3, 12, 3)
    assert row["missed_rate"] == single["missed_rate"]
    assert row["missed_ci95"][1] < single["missed_ci95"][1]
    assert both["hub_faults"]["everyday_missed_pct"] == 50.0
    with pytest.raises(ValueError, match="no summaries"):
        pool([])


def test_location_errors_by_hand() -> None:
    run = Run()
    for n, (error, phone) in enumerate([(10.0, True), (30.0, True), (100.0, False)]):
        lat, lon = degrees(error, 0)
        answer = {"lat": lat, "lon": lon, "accuracy_m": 20.0, "age_s": 10.0 * n}
        run.queries.append(Query(ZONE, "c1", T, LAT, LON, phone, answer))
    run.queries.append(Query(ZONE, "c2", T, LAT, LON, False, None))
    run.track("c1", (T - 60, 0, 0, "school"), (T + 60, 0, 0, "school"))
    run.track("c2", (T - 60, 0, 0, ""), (T + 60, 0, 0, "school"))
    location = score(run.record()).location
    assert (location.on_the_way.queries, location.on_the_way.unanswered) == (1, 1)
    assert (location.all.queries, location.all.unanswered) == (4, 1)
    assert location.all.median_error_m == pytest.approx(30, abs=0.01)
    assert location.phone.within_accuracy == 0.5
    assert location.tag_only.median_error_m == pytest.approx(100, abs=0.01)
    assert location.all.age_p50_s == 10.0


def test_path_deviation_and_gaps() -> None:
    run = Run()
    run.track("c1", (T, 600, 0, ""), (T + 600, 0, 0, "school"), (T + 7200, 0, 0, "school"))

    def point(t: float, x: float, y: float) -> dict[str, object]:
        lat, lon = degrees(x, y)
        return {"at": wire(t), "lat": lat, "lon": lon}

    answers = [point(T, 600, 0), point(T + 300, 300, 25), point(T + 601, 0, 0), point(T + 2000, 0, 0)]
    run.paths.append(PathAnswer(ZONE, "c1", answers))
    paths = score(run.record()).paths
    assert (paths.points, paths.gaps, paths.gaps_on_the_way) == (4, 2, 1)
    assert paths.p95_deviation_m == pytest.approx(25 * 0.85, abs=0.5)


def test_noise_free_day_told_perfectly_has_no_fault() -> None:
    run = Run()
    moves = [("home_exit", "home-1", "h1", run.pass_out), ("school_arrival", "school", "gate", run.pass_in),
             ("school_departure", "school", "gate", run.pass_out), ("home_entry", "home-1", "h1", run.pass_in)]  # fmt: skip
    for n, (service, place, gate, walk) in enumerate(moves):
        t = T + 3000 * n
        walk(t, gate)
        run.tell_all(t + 1, run.happens(t, service, place=place))
    made = summary(run)
    assert made["hub_faults"]["everyday_missed"] == 0  # type: ignore[index]
    assert made["totals"]["everyday"]["delivered"] == 8  # type: ignore[index]
    assert made["totals"]["everyday"]["false"] == 0  # type: ignore[index]


def everything() -> Run:
    run = mixed()
    run.fix(T, 10, 0)
    run.press(T, "bell_call", None, "bell")
    run.track("c1", (T, 0, 0, "school"), (T + 60, 0, 0, "school"))
    run.queries.append(Query(ZONE, "c1", T, LAT, LON, True, None))
    run.paths.append(PathAnswer(ZONE, "c1", []))
    return run


def test_a_record_read_back_is_the_record_and_the_same_bytes(tmp_path: Path) -> None:
    record = everything().record()
    write_record(tmp_path / "a", record)
    again = read_record(tmp_path / "a")
    assert again == record
    write_record(tmp_path / "b", again)
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_key_secrets_are_not_written(tmp_path: Path) -> None:
    run = everything()
    run._registry.append({"kind": "desk", "id": "d", "key": {"keyid": "k", "secret": "hidden"}})
    write_record(tmp_path, run.record())
    key = read_record(tmp_path).registry[ZONE][-1]["key"]
    assert key == {"keyid": "k"}


def test_judge_command_judges_again(tmp_path: Path) -> None:
    run = everything()
    write_record(tmp_path, run.record())
    made = summary(run)
    stale = {**made, "services": {}, "hub": "bundled"}
    (tmp_path / "summary.json").write_text(json.dumps(stale))
    result = CliRunner().invoke(judge_command, [str(tmp_path), "--write"])
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written == json.loads(result.output) == json.loads(json.dumps({**made, "hub": "bundled"}))


def test_judge_command_names_what_is_missing(tmp_path: Path) -> None:
    result = CliRunner().invoke(judge_command, [str(tmp_path)])
    assert result.exit_code == 1
    assert "no such file" in result.output
    assert "Traceback" not in result.output


def test_scoreboard_table_shows_what_happened() -> None:
    table = scoreboard_table(summary(mixed()))
    assert table.row_count == 1
