"""Worlds to test on: a hand-made quarter without any map data, the schematic map, and the real one."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safezone_sim.map import Feature, Frame, MapSource, StreetGraph, StreetMap, load_map
from safezone_sim.map.schematic import schematic_map
from safezone_sim.scenario import Scenario, parse_scenario
from safezone_sim.schools import School, find_school
from safezone_sim.world import build_world
from safezone_sim.world.model import SchoolWorld
from shapely.geometry import box

TOML = """
name = "few"
schools = ["1000001"]
date = 2026-05-19
seed = 3
[title]
ko = "작은 학교"
en = "a small school"
[people]
subscribers = 60
"""
SCHOOL = School("1000001", "시험초등학교", 127.0, 37.5, "시험구", 240)
GRID_M = 90.0


def grid_streets(lines: int, step_m: float) -> StreetGraph:
    """A square lattice of (2 × lines + 1) streets each way, ``step_m`` apart, centred between streets."""
    side = (np.arange(-lines, lines + 1) + 0.5) * step_m
    n = len(side)
    xy = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    ids = np.arange(n * n).reshape(n, n)
    a = np.concatenate([ids[:, :-1].ravel(), ids[:-1].ravel()])
    b = np.concatenate([ids[:, 1:].ravel(), ids[1:].ravel()])
    geom = np.stack([xy[a], xy[b]], axis=1)
    return StreetGraph(
        xy=xy,
        edge_from=a.astype(np.int32),
        edge_to=b.astype(np.int32),
        length_m=np.full(len(a), step_m),
        geom_at=(2 * np.arange(len(a) + 1)).astype(np.int32),
        geom_xy=geom.reshape(-1, 2),
        edge_class=("minor",) * len(a),
        edge_name=("",) * len(a),
    )


def bare_map() -> StreetMap:
    """Streets, a school's ground, and nothing else: no buildings, no points of interest."""
    return StreetMap(
        source=MapSource("schematic", "test", "0" * 64, ""),
        frame=Frame.at(SCHOOL.lon, SCHOOL.lat),
        radius_m=1300.0,
        streets=grid_streets(14, GRID_M),
        buildings=(),
        features=(Feature("landuse", "school", "", box(-40, -40, 40, 40)),),
        lines=(),
        pois=(),
        crossings_xy=np.zeros((0, 2)),
    )


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return parse_scenario(TOML)


@pytest.fixture(scope="session")
def bare(scenario: Scenario) -> SchoolWorld:
    """The world on the bare map."""
    return build_world(scenario, SCHOOL, bare_map())


@pytest.fixture(scope="session")
def sketch() -> StreetMap:
    """The schematic map around the test school."""
    return schematic_map(SCHOOL.lon, SCHOOL.lat, 1300.0)


@pytest.fixture(scope="session")
def schematic(scenario: Scenario, sketch: StreetMap) -> SchoolWorld:
    """The world on the schematic map."""
    return build_world(scenario, SCHOOL, sketch)


@pytest.fixture(scope="session", params=["bare", "schematic"])
def world(request: pytest.FixtureRequest) -> SchoolWorld:
    """Each of the worlds that need no map data."""
    found: SchoolWorld = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def real_world(map_dir: Path, scenario: Scenario) -> Callable[[str], SchoolWorld]:
    """A school's world on the real map, built once a session."""

    @cache
    def build(code: str) -> SchoolWorld:
        school = find_school(code, map_dir)
        street_map = load_map(school.lon, school.lat, 1300.0, map_dir=map_dir)
        return build_world(scenario, school, street_map, map_dir=map_dir)

    return build
