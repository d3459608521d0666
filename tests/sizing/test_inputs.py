"""Inputs that cannot be used are told by file, field, value and remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.sizing.inputs import SizingError, find_cities, read_capacity, read_city
from safezone_sim.sizing.settings import load_assumptions, load_prices

from tests.sizing.conftest import SHAPES, city, measured

Put = Callable[[str, Any], Path]


def test_a_city_is_read_and_summed(put: Put) -> None:
    run = read_city(put("one", city("seoul", SHAPES)))
    assert [s.children for s in run.schools] == [600, 300, 500, 200]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("seed"), "'seed' is a required property"),
        (lambda d: d.update(city_version=2), "city_version"),
        (lambda d: d["schools"][1].update(readers=-1), r"schools\[1\].readers"),
        (lambda d: d["schools"][0]["per_minute"]["routine"].pop(), r"schools\[0\].per_minute.routine"),
        (lambda d: d["schools"][0]["per_minute"]["routine"].__setitem__(7, "x"), r"per_minute"),
        (lambda d: d.update(take_up=1.5), "take_up"),
    ],
)
def test_a_fault_in_a_city_names_the_field_and_the_remedy(
    put: Put, change: Callable[[Any], Any], said: str
) -> None:
    document = city("seoul", SHAPES)
    change(document)
    with pytest.raises(SizingError, match=said) as told:
        read_city(put("one", document))
    assert "safezone run" in str(told.value)


def test_runs_are_found_by_file_folder_and_folder_of_runs(put: Put, tmp_path: Path) -> None:
    first, second = put("runs/a", city("seoul", SHAPES)), put("runs/b", city("seoul", SHAPES, 2))
    assert find_cities([first]) == [first]
    assert find_cities([first.parent]) == [first]
    assert find_cities([tmp_path / "runs", first]) == [first, second]
    (tmp_path / "empty").mkdir()
    with pytest.raises(SizingError, match=r"empty: holds no city\.json"):
        find_cities([tmp_path / "empty"])


def test_a_measured_hub_is_read_from_file_or_folder(put: Put) -> None:
    path = put("capacity.json", measured())
    assert read_capacity(path).knee_per_s == read_capacity(path.parent).knee_per_s == 1000
    broken = measured()
    broken["steps"][1]["rate_per_s"] = 0
    with pytest.raises(SizingError, match=r"steps\[1\].rate_per_s.*safezone capacity"):
        read_capacity(put("broken.json", broken))


def test_the_shipped_files_are_marked_as_examples() -> None:
    assert load_prices(scenarios_dir() / "prices-example.toml").example
    assert load_assumptions(scenarios_dir() / "sizing-assumptions.toml").example


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("prices-example.toml", "once = 12_000_000", "onc = 12_000_000", "onc"),
        ("prices-example.toml", 'currency = "KRW"', 'currency = "won"', "currency"),
        (
            "prices-example.toml",
            "pays = { city = 0.5, gu = 0.5 }",
            "pays = { city = 0.5, gu = 0.4 }",
            "adds up to 0.9",
        ),
        ("prices-example.toml", "pays = { gu = 1.0 }", "pays = { ku = 1.0 }", "'ku'"),
        ("prices-example.toml", 'key = "bell"', 'key = "reader"', "used twice"),
        ("sizing-assumptions.toml", "[headroom]\nvalue = 1.5", "[headroom]\nvalue = 9", "headroom"),
        ("sizing-assumptions.toml", "[headroom]", "[headrom]", "headrom"),
        ("sizing-assumptions.toml", "value = 3\nlow = 1", "value = 3\nlow = 0", "devices_per_link: low is 0"),
    ],
)
def test_a_fault_in_settings_names_the_field(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    text = (scenarios_dir() / file).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / file
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    load = load_prices if file.startswith("prices") else load_assumptions
    with pytest.raises(SizingError, match=said):
        load(path)


def test_a_missing_price_is_named(tmp_path: Path) -> None:
    text = (scenarios_dir() / "prices-example.toml").read_text(encoding="utf-8")
    path = tmp_path / "prices.toml"
    path.write_text(text[: text.index('[[item]]\nkey = "patrol_hour"')], encoding="utf-8")
    with pytest.raises(SizingError, match="no price for patrol_hour"):
        load_prices(path)
