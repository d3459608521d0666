"""Whole runs of the twin against the bundled hub, over a real broker."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.scenario import Scenario, clock_seconds, load_scenario
from safezone_sim.twin.run import RunOptions, RunResult, run_scenario

from tests.conftest import map_dir_or_none

HUB_COMMAND = (sys.executable, "-m", "safezone_cli", "hub")

Play = Callable[..., RunResult]


def part_of_pilot(start: str, end: str, *schools: str, **changes: Any) -> Scenario:
    """A piece of the pilot's day, with the incidents that fall into it."""
    pilot = load_scenario(scenarios_dir() / "pilot.toml")
    chosen = schools or pilot.schools
    incidents = tuple(
        i
        for i in pilot.incidents
        if i.school in chosen and clock_seconds(start) <= clock_seconds(i.at) <= clock_seconds(end)
    )
    changes = {"incidents": incidents, "location_queries": 20, **changes}
    return msgspec.structs.replace(pilot, start=start, end=end, schools=chosen, **changes)


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a scenario into a folder of its own; on the real map if there is one, else on a schematic one."""
    count = 0

    def run(scenario: Scenario, **options: Any) -> RunResult:
        nonlocal count
        count += 1
        found = map_dir_or_none()
        source = {} if found else {"map_source": "schematic"}
        settings = {"map_dir": found, "hub_command": HUB_COMMAND, "report": False, **source, **options}
        return run_scenario(scenario, RunOptions(out=tmp_path / f"run{count}", **settings))

    return run
