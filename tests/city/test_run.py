"""A run of a city: the same on one worker, on two, on Dask, after a loss, alone; and what it leaves behind."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from safezone_cli import main
from safezone_sim.city import CityError, CityOptions, message_columns, run_city, run_days, school_registry
from safezone_sim.city.school import SchoolTask, play_school
from safezone_sim.city.workers import play_dask, play_local
from safezone_sim.scenario import Noise, Scenario
from safezone_sim.schools import all_schools

from tests.city.conftest import CODES
from tests.city.killer import die_once


@pytest.fixture(scope="session")
def options(town_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> CityOptions:
    out = tmp_path_factory.mktemp("runs") / "town"
    return CityOptions(out=out, map_dir=town_dir, map_source="schematic", workers=1)


@pytest.fixture(scope="session")
def tally(town: Scenario, options: CityOptions) -> dict[str, object]:
    return run_city(town, options).tally


def _tasks(town: Scenario, town_dir: Path, out: Path | None) -> list[SchoolTask]:
    return [SchoolTask(town, s, town_dir, "schematic", out) for s in all_schools(town_dir)]


def test_a_school_alone_has_the_truth_that_it_has_in_the_city(
    town: Scenario, options: CityOptions, tally: dict[str, object], tmp_path: Path
) -> None:
    alone = msgspec.structs.replace(town, schools=(CODES[1],))
    found = run_city(alone, replace(options, out=tmp_path / "alone", report=False)).tally
    assert found["schools"][0]["truth_sha256"] == tally["schools"][1]["truth_sha256"]  # type: ignore[index]
    assert found["truth_sha256"] != tally["truth_sha256"]
    before = options.out / "messages" / f"school={CODES[1]}" / "messages.parquet"
    after = tmp_path / "alone" / "messages" / f"school={CODES[1]}" / "messages.parquet"
    assert pq.read_table(before).equals(pq.read_table(after))


def test_a_lost_worker_costs_its_tasks_and_nothing_else(
    town: Scenario, town_dir: Path, tally: dict[str, object], tmp_path: Path
) -> None:
    lost: list[int] = []
    rows = list(play_local(_tasks(town, town_dir, tmp_path), 2, lost.append, die_once))
    assert lost and lost[0] >= 1
    assert {r["code"]: r["truth_sha256"] for r in rows} == {
        s["code"]: s["truth_sha256"]
        for s in tally["schools"]  # type: ignore[attr-defined]
    }


def test_dask_gives_the_same(
    town: Scenario, town_dir: Path, tally: dict[str, object], tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        rows = list(play_dask(_tasks(town, town_dir, tmp_path), cluster.scheduler_address))
    assert {r["code"]: r["truth_sha256"] for r in rows} == {
        s["code"]: s["truth_sha256"]
        for s in tally["schools"]  # type: ignore[attr-defined]
    }
    assert (tmp_path / "truth" / f"school={CODES[2]}" / "events.parquet").is_file()


def test_days_of_one_city_differ_in_what_happens_and_in_nothing_that_stands(
    town: Scenario, options: CityOptions, tmp_path: Path
) -> None:
    one = msgspec.structs.replace(town, schools=(CODES[1],))
    days = [d.tally for d in run_days(one, 2, replace(options, out=tmp_path))]
    assert [(d["seed"], d["world_seed"]) for d in days] == [(4, 4), (5, 4)]
    first, second = (d["schools"][0] for d in days)
    assert first["truth_sha256"] != second["truth_sha256"] and first["messages"] != second["messages"]
    for name in ("children", "phones", "guardians", "readers", "bells", "cameras"):
        assert first[name] == second[name]
    assert sorted(p.name for p in (tmp_path / "seed-5").iterdir()) == ["city.json", "manifest.json"]


def test_totals_are_the_sums_of_what_was_written(options: CityOptions, tally: dict[str, object]) -> None:
    totals = tally["totals"]
    assert isinstance(totals, dict)
    files = sorted(options.out.glob("messages/school=*/messages.parquet"))
    tables = [pq.read_table(f, partitioning=None) for f in files]
    assert len(files) == totals["schools"] == 3
    sent = sum(int(t["count"].to_numpy().astype(int).sum()) for t in tables)
    assert sent == sum(totals["messages"].values()) == sum(map(sum, totals["per_minute"].values()))
    size = sum(int((t["count"].to_numpy().astype(int) * t["bytes"].to_numpy()).sum()) for t in tables)
    assert size == totals["bytes_up"]
    events = [pq.read_table(f, partitioning=None) for f in options.out.glob("truth/school=*/events.parquet")]
    assert sum(map(len, events)) == totals["truth_rows"]
    assert sum(e["guardians"].to_numpy().sum() for e in events) == sum(totals["notices"].values())
    assert json.loads((options.out / "city.json").read_text())["truth_sha256"] == tally["truth_sha256"]


def test_a_hub_can_be_provisioned_with_exactly_these(
    town: Scenario, options: CityOptions, tally: dict[str, object]
) -> None:
    school = all_schools(options.map_dir)[0]
    items = school_registry(town, school, map_dir=options.map_dir, map_source="schematic")
    known = {i["id"]: i for i in items}
    rows = message_columns(options.out, school.code, 8 * 3600, 8.6 * 3600)
    assert len(rows)
    assert set(rows["device"].to_pylist()) <= set(known)
    assert {t for t in rows["tag"].to_pylist() if t} <= set(known)
    children = sum(i["kind"] == "child" for i in items)
    assert children == tally["schools"][0]["children"]  # type: ignore[index]
    assert all(known[d]["key"]["secret"] for d in set(rows["device"].to_pylist()))


def test_the_report_says_the_load_model_and_asks_nothing_of_the_network(
    options: CityOptions, tally: dict[str, object]
) -> None:
    page = (options.out / "report.html").read_text(encoding="utf-8")
    model = page[page.index("고정된 부하 모형") : page.index("가장 바쁜 1분")]
    for said in ("100 %", "40 %", "30", "60 s", "take-up", "every 5 min still", "heartbeat"):
        assert said in model, said
    assert "모식도" in page and "<svg" in page
    assert "src=" not in page and "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_faults_and_a_hub_are_refused_with_a_remedy(town: Scenario, tmp_path: Path) -> None:
    noisy = msgspec.structs.replace(town, noise=Noise(pass_read=0.9))
    with pytest.raises(CityError, match="noise"):
        run_city(noisy, CityOptions(out=tmp_path / "x"))
    with pytest.raises(CityError, match="SAFEZONE_MAP_DIR"):
        run_city(town, CityOptions(out=tmp_path / "x"))
    shown = CliRunner().invoke(main, ["run", "rollout-25", "--out", str(tmp_path / "x")])
    assert shown.exit_code == 1 and "--hub none" in shown.output
    shown = CliRunner().invoke(main, ["run", "pilot", "--take-up", "0.5", "--out", str(tmp_path / "x")])
    assert shown.exit_code == 1 and "[city]" in shown.output
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(CityError, match="no earlier run"):
        run_city(town, CityOptions(out=tmp_path / "mine"))
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "dear"


def test_twins_of_a_school_are_other_people(town: Scenario, town_dir: Path) -> None:
    from safezone_sim.city import choose_schools

    assert town.city is not None
    twice = msgspec.structs.replace(
        town, city=msgspec.structs.replace(town.city, times=2), schools=(CODES[1],)
    )
    schools = choose_schools(twice, town_dir).schools
    assert [s.code for s in schools] == [CODES[1], f"{CODES[1]}02"]
    rows = [play_school(SchoolTask(twice, s, town_dir, "schematic", None)) for s in schools]
    assert rows[0]["children"] == rows[1]["children"]
    assert rows[0]["messages"] != rows[1]["messages"]
