"""The command: one page and one document, examples marked, nothing from outside."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from safezone_cli import main
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.sizing.inputs import CityRun
from safezone_sim.sizing.page import same_city

from tests.sizing.conftest import SHAPES, city, many, measured, put_into

Put = Callable[[str, Any], Path]


def run(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["sizing", *map(str, arguments)], env={"SAFEZONE_MAP_DIR": ""})


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of a city, a measured hub, and the report of both; only read."""
    folder = tmp_path_factory.mktemp("sizing")
    for seed in (1, 2):
        put_into(folder, f"runs/{seed}", city("seoul", many(), seed) | {"world_seed": 1})
    hub = put_into(folder, "capacity.json", measured())
    told = run("--city", folder / "runs", "--capacity", hub, "--seeds", 2, "--out", folder / "out")
    assert told.exit_code == 0, told.output
    return folder / "out"


def test_the_page_stands_alone_and_tells_all(results: Path) -> None:
    page = (results / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "http://www.w3.org/2000/svg" in page and not re.findall(r"https?://(?!www\.w3\.org)", page)
    first = page[: page.index('id="stages"')]
    for told in ("부하 모델", "30 s", "300 s", "60 s", "40%", "25 / 50 / 100"):
        assert told in first
    for chart in ("하루의 부하", "무릎 knee", "p99.9", "거짓 호출"):
        assert chart in page
    anchors = set(re.findall(r'href="#(sum-[a-z_0-9]+)"', page))
    assert anchors and anchors <= set(re.findall(r'id="(sum-[a-z_0-9]+)"', page))


def test_money_is_marked_as_an_example_wherever_it_is_shown(results: Path) -> None:
    page = (results / "report.html").read_text(encoding="utf-8")
    assert page.count("예시 단가 example prices") >= 5
    assert page.index("EXAMPLE PRICES") < page.index("부하 모델")


def test_filled_in_prices_are_no_examples(put: Put, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    text = (scenarios_dir() / "prices-example.toml").read_text(encoding="utf-8")
    prices.write_text(text.replace("example = true", "example = false", 1), encoding="utf-8")
    put("runs/a", city("rollout-25", SHAPES))
    told = run("--city", tmp_path / "runs", "--prices", prices, "--seeds", 2, "--out", tmp_path / "out")
    assert told.exit_code == 0, told.output
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "EXAMPLE PRICES" not in page and "예시 단가 example prices" not in page
    assert "safezone capacity --hub" in page  # no hub was measured: how to


def test_the_document_agrees_with_the_page(results: Path) -> None:
    found = json.loads((results / "sizing.json").read_text(encoding="utf-8"))
    assert found["sizing_version"] == 1
    assert found["hub"] == {"knee_per_s": 1000.0, "measured": True}
    city_stage = next(s for s in found["stages"] if s["key"] == "city")
    peak = city_stage["rows"]["peak"]
    assert peak["low"] <= peak["value"] <= peak["high"]
    page = (results / "report.html").read_text(encoding="utf-8")
    assert f"{city_stage['rows']['children']['value']:,.0f}" in page


def test_the_same_inputs_give_the_same_document(put: Put, tmp_path: Path) -> None:
    place = put("runs/a", city("rollout-25", SHAPES))
    for out in ("one", "two"):
        assert run("--city", place, "--seeds", 2, "--out", tmp_path / out).exit_code == 0
    one, two = ((tmp_path / o / "sizing.json").read_bytes() for o in ("one", "two"))
    assert one == two


def test_a_bad_input_is_told_without_a_traceback(put: Put, tmp_path: Path) -> None:
    broken = city("seoul", SHAPES)
    del broken["take_up"]
    told = run("--city", put("runs/a", broken), "--out", tmp_path / "out")
    assert told.exit_code == 1
    assert "take_up" in told.output and "safezone run" in told.output
    assert "Traceback" not in told.output
    assert not (tmp_path / "out").exists()


def test_the_page_says_whether_the_seeds_are_days_of_one_city_or_cities(results: Path) -> None:
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "one and the same city, that of seed 1" in page

    def same(*worlds: int | None) -> int | None:
        runs = [
            msgspec.convert(city("seoul", SHAPES, n) | {"world_seed": w}, CityRun)
            for n, w in enumerate(worlds, 1)
        ]
        return same_city(runs)

    assert same(1, 1, 1) == 1
    assert same(1, 2) is None and same(None, None) is None
