"""The same on the real map: the two pilot schools and others that are awkward in different ways."""

import csv
import math
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from safezone_model import validator
from safezone_sim.map import load_map
from safezone_sim.scenario import Scenario, load_scenario
from safezone_sim.schools import find_school
from safezone_sim.world import build_world, check_world
from safezone_sim.world.model import SchoolWorld

pytestmark = pytest.mark.realmap
PILOT = Path(__file__).parents[2] / "scenarios" / "pilot.toml"
# Few buildings mapped, no grounds mapped, a bent way to the gate, a gate far from its street, woods all around.
OTHERS = ("7041122", "7021090", "7091376", "7130149", "7132083")


@pytest.mark.parametrize("code", OTHERS)
def test_any_school_gives_a_possible_world(
    code: str, real_world: Callable[[str], SchoolWorld], scenario: Scenario
) -> None:
    world = real_world(code)
    check_world(world, scenario)
    assert len(world.places[world.school_place].gates) >= 2
    assert sum(p.role == "danger" for p in world.places.values()) >= 3


@pytest.mark.parametrize("code", ["7041138", "7051141"])
def test_pilot_school(code: str, map_dir: Path) -> None:
    scenario = load_scenario(PILOT)
    school = find_school(code, map_dir)
    street_map = load_map(school.lon, school.lat, scenario.map.radius_m, map_dir=map_dir)
    start = time.process_time()
    world = build_world(scenario, school, street_map)
    built_in = time.process_time() - start
    assert built_in < 2.5, f"expected a world in 2.5 CPU seconds, took {built_in:.1f}"
    check_world(world, scenario)
    assert len(world.people) == school.pupils
    assert len(world.subscribers) == 198
    assert sum(p.phone is not None for p in world.people) == 79
    assert not world.places[world.school_place].synthetic
    assert sum(d.type == "reader" for d in world.devices) == 72
    read = {d.place for d in world.devices if d.position == "gate"}
    assert sum(p.home in read for p in world.subscribers) / 198 > 0.5
    for item in world.registry:
        assert validator(f"registry/{item['kind']}").is_valid(item), f"{item['kind']} {item['id']}"
    grounds = world.places[world.school_place].shape
    assert grounds is not None
    for home in (p for p in world.places.values() if p.role == "home"):
        assert home.shape is None or not home.shape.intersects(grounds)


def test_city_cameras_are_the_nearest_real_points(map_dir: Path) -> None:
    scenario = load_scenario(PILOT)
    today = msgspec.structs.replace(
        scenario, equipment=msgspec.structs.replace(scenario.equipment, cctv="city-2021")
    )
    school = find_school("7041138", map_dir)
    world = build_world(
        today, school, load_map(school.lon, school.lat, 1300.0, map_dir=map_dir), map_dir=map_dir
    )
    cameras = [d for d in world.devices if d.type == "camera"]
    assert len(cameras) == 9
    with (map_dir / "cctv-seoul-2021.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [(float(r["lon"]), float(r["lat"]), int(r["cameras"])) for r in csv.DictReader(file)]
    lon, lat, _ = np.array(rows).T
    middle = world.places[world.school_place]
    xy = world.map.frame.to_xy(lon, lat) - (middle.x, middle.y)
    nearest = np.sort(np.hypot(xy[:, 0], xy[:, 1]))[:9]
    away = sorted(math.dist((c.x, c.y), (middle.x, middle.y)) for c in cameras)
    assert away == pytest.approx(nearest.tolist())
    assert all(c.camera_points >= 1 for c in cameras)
