"""A small town of three schools on schematic streets, with lists as the real ones."""

from pathlib import Path

import msgspec
import pytest
from safezone_sim.city.school import SchoolColumns, SchoolTask, school_columns, school_scenario, school_world
from safezone_sim.scenario import Calls, Scenario, parse_scenario
from safezone_sim.schools import SCHOOL_FILE, all_schools

CODES = ("9000001", "9000002", "9000003")
TOML = """
name = "town"
date = 2026-05-19
start = "00:00"
end = "23:59:59"
seed = 4
exercise = "city-day"
[title]
ko = "작은 도시"
en = "a small town"
[city]
[equipment]
readers = 30
cameras = 4
bells = 5
heartbeat_s = 60.0
"""
LIST = """neis_code,name,gu,lon,lat,foundation,pupils_2024,classes_2024
9000001,가람초등학교,가구,127.00,37.50,PUBLIC,60,3
9000002,나루초등학교,나구,127.05,37.52,PUBLIC,45,3
9000003,다솜초등학교,나구,127.10,37.54,PUBLIC,,3
"""


@pytest.fixture(scope="session")
def town() -> Scenario:
    return parse_scenario(TOML)


@pytest.fixture(scope="session")
def town_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map directory with a list of schools and no tiles."""
    folder = tmp_path_factory.mktemp("town")
    (folder / SCHOOL_FILE).write_text(LIST.replace(",,3", ",38,3"), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def calling(town: Scenario) -> Scenario:
    """The town's day with many emergency calls."""
    assert town.city is not None
    rates = Calls(tag_per_1000=300.0, phone_per_1000=400.0, bell_per_1000=600.0)
    return msgspec.structs.replace(town, city=msgspec.structs.replace(town.city, calls=rates))


@pytest.fixture(scope="session")
def one_day(calling: Scenario, town_dir: Path) -> SchoolColumns:
    """The first school's day, with many calls."""
    school = all_schools(town_dir)[0]
    own = school_scenario(calling, school)
    world, _ = school_world(SchoolTask(calling, school, town_dir, "schematic", None), own)
    return school_columns(own, world)
