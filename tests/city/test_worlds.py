"""Kept worlds: the same day from a kept one as from a built one, another key for another world, broken ones built anew."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.city.school import SchoolTask, play_school, school_scenario
from safezone_sim.city.worlds import kept_world, world_key
from safezone_sim.scenario import Scenario, load_scenario
from safezone_sim.schools import all_schools, find_school
from safezone_sim.world.model import SchoolWorld

from tests.city.test_run import _tasks


def _played(task: SchoolTask) -> dict[str, Any]:
    row = play_school(task)
    assert row.pop("cpu_s") > 0
    return row


@pytest.mark.realmap
def test_a_kept_world_gives_the_same_day(map_dir: Path, tmp_path: Path) -> None:
    scenario = load_scenario(scenarios_dir() / "seoul.toml")
    task = SchoolTask(scenario, find_school("7051141", map_dir), map_dir, None, None, tmp_path)
    first, second = _played(task), _played(task)
    assert (first.pop("world_kept"), second.pop("world_kept")) == (False, True)
    assert first == second
    (kept,) = tmp_path.glob("*.world")
    kept.write_bytes(kept.read_bytes()[:-100])  # a disk that was full
    third = _played(task)
    assert third.pop("world_kept") is False
    assert third == first
    assert play_school(task)["world_kept"]


def test_what_a_world_is_made_of_makes_its_key(town: Scenario, town_dir: Path) -> None:
    schools = all_schools(town_dir)
    own = school_scenario(town, schools[0])
    keys = {
        world_key(own, schools[0], town_dir),
        world_key(own, schools[1], town_dir),
        world_key(msgspec.structs.replace(own, seed=5), schools[0], town_dir),
        world_key(
            msgspec.structs.replace(own, people=msgspec.structs.replace(own.people, subscribers=3)),
            schools[0],
            town_dir,
        ),
    }
    assert len(keys) == 4
    later = msgspec.structs.replace(own, arrive_by="08:40")
    assert world_key(later, schools[0], town_dir) in keys


def test_other_maps_are_not_kept(town: Scenario, town_dir: Path, tmp_path: Path) -> None:
    built: list[int] = []

    def build() -> SchoolWorld:
        built.append(1)
        return None  # type: ignore[return-value]

    task = _tasks(town, town_dir, None)[0]
    for _ in range(2):
        kept_world(tmp_path, town, task.school, town_dir, "schematic", build)
    assert len(built) == 2 and not list(tmp_path.iterdir())
