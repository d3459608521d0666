"""Schools to live in: a schematic one for every test, the real pilot schools where there is a map."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import pytest
import simpy
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.life.columns import SchoolDay, school_day
from safezone_sim.life.model import Life
from safezone_sim.life.ports import NoSenses, Senses
from safezone_sim.map import load_map
from safezone_sim.map.schematic import schematic_map
from safezone_sim.scenario import Incident, Scenario, load_scenario, parse_scenario
from safezone_sim.schools import School, find_school
from safezone_sim.world import build_world
from safezone_sim.world.model import Antenna, Device, Person, SchoolWorld

ZONE = "9000001"
TOML = f"""
name = "small"
schools = ["{ZONE}"]
date = 2026-05-19
seed = 5
[title]
ko = "작은 학교"
en = "a small school"
[people]
subscribers = 90
phones = 0.6
"""
SCHOOL = School(ZONE, "시험초등학교", 127.0, 37.5, "시험구", 240)


@cache
def small_scenario() -> Scenario:
    return parse_scenario(TOML)


@cache
def small_world() -> SchoolWorld:
    street_map = schematic_map(SCHOOL.lon, SCHOOL.lat, 1300.0, "test")
    return build_world(small_scenario(), SCHOOL, street_map)


def with_incidents(*incidents: Incident) -> Scenario:
    return msgspec.structs.replace(small_scenario(), incidents=incidents)


def lived(scenario: Scenario, world: SchoolWorld, senses: Senses | None = None) -> Life:
    """A whole day lived by agents."""
    env = simpy.Environment(initial_time=scenario.start_s)
    life = Life(env, scenario, world, senses)
    if isinstance(senses, Recorder):
        senses.env = env
    env.run(until=scenario.end_s)
    return life


@dataclass
class Felt:
    now: float
    what: str
    person: Person | None
    detail: tuple[object, ...]


class Recorder(NoSenses):
    """Equipment that writes down what it feels, and when."""

    def __init__(self) -> None:
        self.env: simpy.Environment | None = None
        self.felt: list[Felt] = []

    def _note(self, what: str, person: Person | None, *detail: object) -> None:
        assert self.env is not None
        self.felt.append(Felt(self.env.now, what, person, detail))

    def tag_stay(self, person: Person, reader: Device, antenna: Antenna, t_in: float, t_out: float) -> None:
        self._note("stay", person, reader, antenna, t_in, t_out)

    def tag_pressed(self, person: Person, x: float, y: float, medical: bool) -> None:
        self._note("tag", person, x, y)

    def bell_pressed(self, bell: Device, person: Person | None) -> None:
        self._note("bell", person, bell)

    def phone_dialled(self, person: Person) -> None:
        self._note("dial", person)

    def phone_switched(self, person: Person, on: bool) -> None:
        self._note("switch", person, on)


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return small_scenario()


@pytest.fixture(scope="session")
def world() -> SchoolWorld:
    return small_world()


@pytest.fixture(scope="session")
def plain_day() -> SchoolDay:
    """The small school's day without incidents, in columns."""
    return school_day(small_scenario(), small_world())


@pytest.fixture(scope="session")
def plain_life() -> tuple[Life, Recorder]:
    """The same day lived by agents, and what the equipment felt."""
    recorder = Recorder()
    return lived(small_scenario(), small_world(), recorder), recorder


@pytest.fixture(scope="session")
def pilot(map_dir: Path) -> tuple[Scenario, Callable[[str, int], SchoolWorld]]:
    """The pilot scenario and a maker of its real worlds by school and seed."""
    scenario = load_scenario(scenarios_dir() / "pilot.toml")

    @cache
    def real_map(code: str) -> object:
        school = find_school(code, map_dir)
        return school, load_map(school.lon, school.lat, scenario.map.radius_m, map_dir=map_dir)

    @cache
    def make(code: str, seed: int) -> SchoolWorld:
        school, street_map = real_map(code)  # type: ignore[misc]
        return build_world(scenario, school, street_map, seed=seed, map_dir=map_dir)

    return scenario, make
