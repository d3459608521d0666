"""The study: stages, sums that can be followed, ranges over seeds, what moves the answer."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.sizing.inputs import CityRun, Load, SizingError, read_capacity, read_city
from safezone_sim.sizing.model import Change, beats_per_s, changed
from safezone_sim.sizing.settings import load_assumptions, load_prices
from safezone_sim.sizing.stages import build_stages, one_per_gu
from safezone_sim.sizing.study import Study, make_study
from safezone_sim.staffing.erlang import servers_for
from safezone_sim.staffing.plan import load_staffing

from tests.sizing.conftest import SHAPES, city, many, measured
from tests.sizing.formula import evaluated

Put = Callable[[str, Any], Path]


def study(runs: Sequence[CityRun], capacity: Path | None = None, **changes: Any) -> Study:
    """A study with the shipped settings and few seeds of the control room."""
    given = {
        "take_up": None,
        "capacity": read_capacity(capacity) if capacity else None,
        "prices": load_prices(scenarios_dir() / "prices-example.toml"),
        "assumptions": load_assumptions(scenarios_dir() / "sizing-assumptions.toml"),
        "plan": load_staffing(scenarios_dir() / "staffing-example.toml"),
        "ground": None,
        "seeds": (1, 2, 3),
        "progress": lambda *told: None,
    }
    return make_study(runs, **(given | changes))


@pytest.fixture(scope="module")
def three_seeds() -> Study:
    runs = [msgspec.convert(city("seoul", many(), seed), CityRun) for seed in (1, 2, 5)]
    return study(runs)


def test_every_stage_is_there_with_the_schools_of_its_rule(three_seeds: Study) -> None:
    stages = {s.stage.key: s for s in three_seeds.stages}
    assert list(stages) == ["pilot", "areas", "rollout", "plan578", "city", "nation"]
    value = {k: {r: c.row.cell.value for r, c in s.cells.items()} for k, s in stages.items()}
    assert [value[k]["schools"] for k in stages] == pytest.approx([2, 5, 3, 578, 120, 6000])
    assert value["pilot"]["children"] == 900
    assert value["nation"]["pupils"] == pytest.approx(2_500_000)
    assert value["nation"]["readers"] == pytest.approx(6000 * 72)


def test_every_cell_can_be_worked_out_again_from_its_figures(three_seeds: Study) -> None:
    seen = 0
    level = three_seeds.inputs.plan.levels.answer
    for result in three_seeds.stages:
        talk = {f"operators_{v.shift.key}": v.talk_s for v in result.people.loads}
        for key, cell in result.cells.items():
            term = cell.row.cell

            def erlang_c(load: float, key: str = key, talk: dict[str, float] = talk) -> float:
                return servers_for(load, talk[key], level.within_s, level.share)

            assert evaluated(term.figures, erlang_c) == pytest.approx(term.value, rel=1e-9, abs=1e-9), key
            seen += not term.is_plain
    assert seen > 150


def test_payers_bear_the_whole_cost(three_seeds: Study) -> None:
    for result in three_seeds.stages:
        value = {k: c.row.cell.value for k, c in result.cells.items()}
        for part in ("once", "monthly", "total"):
            borne = sum(value[f"pay_{p.key}_{part}"] for p in three_seeds.inputs.prices.payer)
            assert borne == pytest.approx(value[f"cost_{part}"], rel=1e-5)


def test_seeds_give_a_range_around_the_value(three_seeds: Study) -> None:
    peak = three_seeds.main.cells["peak"]
    assert peak.low is not None and peak.high is not None
    # 120 schools, one message a minute and seed more from each in the busiest minute.
    assert peak.high - peak.low == pytest.approx(120 * 4 / 60)
    assert peak.low < peak.row.cell.value < peak.high
    readers = three_seeds.main.cells["readers"]
    assert readers.low == readers.high == readers.row.cell.value


def test_without_a_measured_hub_the_assumed_knee_is_used(three_seeds: Study) -> None:
    assert not three_seeds.inputs.knee_measured
    assert "assumed" in three_seeds.main.cells["hubs"].row.cell.en


def test_a_measured_knee_decides_the_hubs(put: Put) -> None:
    runs = [msgspec.convert(city("seoul", many()), CityRun)]
    slow, fast = (study(runs, put(f"{k}.json", measured(k))) for k in (50.0, 5000.0))
    hubs = [s.main.cells["hubs"].row.cell.value for s in (slow, fast)]
    assert slow.inputs.knee_measured
    assert hubs[0] > 5 * hubs[1]
    none = study(runs, put("none.json", measured(None)))
    assert not none.inputs.knee_measured


def test_a_hub_s_memory_can_decide_the_hubs(put: Put) -> None:
    hub = measured(1e6)
    for n, (children, rss) in enumerate([(4000, 500.0), (8000, 900.0)]):
        hub["steps"][n] |= {"children": children, "rss_mb": {"hub": rss}}
    runs = [msgspec.convert(city("seoul", many()), CityRun)]
    found = study(runs, put("memory.json", hub))
    assert found.inputs.kb_per_child == pytest.approx(100)
    children = found.main.cells["children"].row.cell.value
    nation = next(s for s in found.stages if s.stage.key == "nation").cells["hubs"].row.cell
    assert nation.value == -(-2_500_000 * 100 // 16_000_000) + 1  # 16 GB each, one spare
    assert found.main.cells["hubs"].row.cell.value == -(-children * 100 // 16_000_000) + 1


def test_the_tornado_finds_what_moves_the_answer(three_seeds: Study) -> None:
    for bars in three_seeds.tornado.values():
        widths = [b.width for b in bars]
        assert widths == sorted(widths, reverse=True)
        assert all(min(b.at_low, b.at_high) <= b.base + 1e-6 for b in bars if b.key not in ("take_up",))
    hubs = {b.key: b for b in three_seeds.tornado["hub_need"]}
    assert hubs["headroom"].at_high == pytest.approx(hubs["headroom"].base * 2.5 / 1.5)
    assert hubs["hub_knee_per_s"].at_low > hubs["hub_knee_per_s"].base > hubs["hub_knee_per_s"].at_high
    assert "price.reader" in {b.key for b in three_seeds.tornado["cost_total"]}
    assert not [k for k in hubs if k.startswith("price.")]


def test_take_ups_are_kept_apart(put: Put) -> None:
    runs = [msgspec.convert(city("seoul", many(), 1, share), CityRun) for share in (0.25, 1.0)]
    assert study(runs).take_up == 1.0
    assert study(runs, take_up=0.25).take_up == 0.25
    assert len(study(runs).other_take_ups) == 2
    with pytest.raises(SizingError, match=r"0\.25, 1"):
        study(runs, take_up=0.5)


def test_runs_that_do_not_fit_together_are_refused() -> None:
    one = msgspec.convert(city("seoul", many()), CityRun)
    with pytest.raises(SizingError, match="have seed 1"):
        study([one, one])
    other = msgspec.convert(city("seoul", many(110), 2), CityRun)
    with pytest.raises(SizingError, match="other schools"):
        study([one, other])


def test_a_run_of_its_own_stands_for_its_stage() -> None:
    whole = msgspec.convert(city("seoul", many()), CityRun)
    rollout = msgspec.convert(city("rollout-25", SHAPES), CityRun)
    stages = {s.key: s for s in build_stages([whole, rollout], 6000, 2_500_000)}
    assert stages["rollout"].codes == tuple(SHAPES)
    alone = {s.key: s for s in build_stages([rollout], 6000, 2_500_000)}
    assert set(alone) == {"areas", "rollout"}


def test_one_in_each_gu_is_the_median_school(put: Put) -> None:
    run = read_city(put("one", city("seoul", SHAPES)))
    assert [s.code for s in one_per_gu(run.schools)] == ["7000003", "7051141"]


def test_another_load_model_moves_what_it_should() -> None:
    load = Load.of(msgspec.convert(city("seoul", SHAPES), CityRun).schools)
    beats = beats_per_s(load)
    assert beats == pytest.approx(4 * (72 + 12 + 20) / 60)
    slower = changed(load, Change(beats=0.5))
    assert beats_per_s(slower) == pytest.approx(beats / 2, rel=0.01)
    assert slower.messages["tag.sighted"] == load.messages["tag.sighted"]
    half = changed(load, Change(children=0.5))
    assert half.children == load.children / 2
    assert half.readers == load.readers
    assert half.peak_per_s == pytest.approx(beats + (load.peak_per_s - beats) / 2)
