"""The main job: whole days of the pilot against the bundled hub, judged. Twenty seeds: ``make bench-seeds``."""

import json

import msgspec
import pytest
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.scenario import load_scenario

from tests.twin.conftest import Play


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])  # more seeds: make bench-seeds
def test_a_pilot_day_with_its_noise_has_no_hub_faults_worth_the_name(play: Play, seed: int) -> None:
    pilot = msgspec.structs.replace(load_scenario(scenarios_dir() / "pilot.toml"), seed=seed)
    result = play(pilot, report=True)
    faults = result.summary["hub_faults"]
    assert result.summary["children"] == 396
    assert faults["emergencies_true"] >= 20
    assert faults["emergencies_missed"] == 0
    assert faults["emergencies_false_hub"] == 0
    assert faults["everyday_missed_pct"] <= 0.5
    assert faults["everyday_false_hub_pct"] <= 0.1
    # Every row has one cause, and the causes add up.
    for recipients in result.summary["services"].values():
        for row in recipients.values():
            causes = row["delivered"] + row["missed"] + row["coverage_gap"] + row["equipment_failed"]
            assert row["true"] == causes
    assert result.summary["location"]["queries"] == 1000
    reactions = json.loads((result.out / "reactions.json").read_text())
    assert reactions["rejected"] == []
    report = (result.out / "report.html").read_text(encoding="utf-8")
    assert "훈련" in report
    assert ("약도" in report) == (result.summary["map"]["kind"] == "schematic")


@pytest.mark.slow
def test_without_noise_nothing_is_missed_and_nothing_false(play: Play) -> None:
    quiet = load_scenario(scenarios_dir() / "pilot-quiet.toml")
    result = play(msgspec.structs.replace(quiet, location_queries=50))
    for name, recipients in result.summary["services"].items():
        for recipient, row in recipients.items():
            assert (row["missed"], row["equipment_failed"], row["false"]) == (0, 0, 0), (name, recipient)
