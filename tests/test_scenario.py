"""Scenario files: every shipped one loads; bad ones name field, value and remedy."""

from pathlib import Path

import pytest
from safezone_sim.catalogue import NOT_SCENARIOS, scenarios_dir
from safezone_sim.scenario import ScenarioError, load_scenario, parse_scenario

SHIPPED = sorted(p for p in scenarios_dir().glob("*.toml") if p.stem not in NOT_SCENARIOS)
MINIMAL = 'name = "a"\nschools = ["7041138"]\ndate = 2026-05-19\n[title]\nko = "가"\nen = "a"\n'


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_scenario_loads_under_its_own_name(path: Path) -> None:
    assert load_scenario(path).name == path.stem


def test_base_is_laid_under_table_by_table() -> None:
    pilot, quiet = (load_scenario(scenarios_dir() / f"{n}.toml") for n in ("pilot", "pilot-quiet"))
    assert quiet.incidents == pilot.incidents
    assert quiet.noise.pass_read == 1.0
    assert quiet.people == pilot.people


@pytest.mark.parametrize(
    ("extra", "names"),
    [
        ("[noise]\npas_read = 0.9\n", ["pas_read"]),
        ("[noise]\npass_read = 1.9\n", ["noise.pass_read", "<= 1"]),
        ('[[incidents]]\nkind = "tag_call"\nschool = "7051141"\nat = "09:00"\n', ["7051141", "schools"]),
        ('[[incidents]]\nkind = "tag_call"\nschool = "7041138"\nat = "05:00"\n', ["05:00", "06:30"]),
        ("[noise\n", ["TOML"]),
    ],
)
def test_a_bad_scenario_names_the_field_and_the_value(extra: str, names: list[str]) -> None:
    with pytest.raises(ScenarioError) as error:
        parse_scenario(MINIMAL + extra, "x.toml")
    assert all(name in str(error.value) for name in ["x.toml", *names])


def test_a_base_that_leads_back_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('base = "b.toml"\n')
    (tmp_path / "b.toml").write_text('base = "a.toml"\n')
    with pytest.raises(ScenarioError, match="circle"):
        load_scenario(tmp_path / "a.toml")
