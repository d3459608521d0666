"""What a zone registers of its streets, and of who can be sent."""

import dataclasses
import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from safezone_model import validator
from safezone_sim.map import Line, Poi, StreetMap
from safezone_sim.scenario import Scenario
from safezone_sim.twin.hubapi import known_items
from safezone_sim.world import build_world
from safezone_sim.world.model import SchoolWorld
from safezone_sim.world.streets import AROUND_M, streets_item
from shapely.geometry import LineString

from .conftest import SCHOOL, bare_map


def _lines(item: dict[str, Any], street_map: StreetMap) -> list[np.ndarray]:
    lines = [np.array(line["line"]) for line in item["lines"]]
    return [street_map.frame.to_xy(line[:, 0], line[:, 1]) for line in lines]


def _registered(world: SchoolWorld, kind: str) -> list[Any]:
    return [item for item in world.registry if item["kind"] == kind]


def test_a_zone_registers_its_streets_once_and_small(world: SchoolWorld) -> None:
    (item,) = _registered(world, "streets")
    validator("registry/streets").validate(item)
    assert len(json.dumps(item, ensure_ascii=False).encode()) < 1_500_000
    assert all(line["foot"] for line in item["lines"])
    drawn = sum(np.hypot(*np.diff(xy, axis=0).T).sum() for xy in _lines(item, world.map))
    assert drawn == pytest.approx(world.map.streets.length_m.sum(), rel=0.3)
    assert all(len(str(d).split(".")[-1]) <= 6 for line in item["lines"] for p in line["line"] for d in p)


def test_streets_end_at_the_circle() -> None:
    wide = dataclasses.replace(bare_map(), radius_m=3000.0)
    lines = _lines(streets_item("z", dataclasses.replace(wide, streets=_stretched(wide, 2.0).streets)), wide)
    away = np.concatenate([np.hypot(*xy.T) for xy in lines])
    assert away.max() == pytest.approx(AROUND_M, abs=1.0)
    # The ends of cut streets are there, not a block before it.
    assert (away > AROUND_M - 1.0).sum() > 30


def _stretched(street_map: StreetMap, by: float) -> StreetMap:
    streets = street_map.streets
    bigger = dataclasses.replace(
        streets, xy=streets.xy * by, geom_xy=streets.geom_xy * by, length_m=streets.length_m * by
    )
    return dataclasses.replace(street_map, streets=bigger)


def test_flags_follow_the_class_and_names_the_map() -> None:
    plain = bare_map()
    streets = plain.streets
    classes, names = list(streets.edge_class), list(streets.edge_name)
    middle = np.hypot(*streets.xy[streets.edge_from].T)
    one, two, three, four = np.argsort(middle, kind="stable")[:4].tolist()
    classes[one], names[one] = "path", "산책로"
    classes[two], names[two] = "steps", "계단"
    classes[three], names[three] = "service", "새말로"
    classes[four], names[four] = "tertiary", "경인로"
    streets = dataclasses.replace(streets, edge_class=tuple(classes), edge_name=tuple(names))
    motorway = Line("road", "motorway", "고속도로", LineString([(-100, 0), (100, 0)]))
    item = streets_item("z", dataclasses.replace(plain, streets=streets, roads=(motorway,)))
    assert {x["name"]: (x["foot"], x["car"]) for x in item["lines"] if "name" in x} == {
        "산책로": (True, False),
        "계단": (True, False),
        "새말로": (True, True),
        "경인로": (True, True),
        "고속도로": (False, True),
    }


def test_a_zone_has_a_box_two_patrols_and_an_ambulance_all_simulated(world: SchoolWorld) -> None:
    units = _registered(world, "unit")
    for unit in units:
        validator("registry/unit").validate(unit)
    count = Counter(unit["type"] for unit in units)
    assert (count["patrol"], count["ambulance"]) == (2, 1)
    assert count["police_box"] >= 1
    assert {unit["nature"] for unit in units} == {"simulated"}
    streets = world.map.streets
    for unit in units:
        xy = world.map.frame.to_xy(np.array([unit["lon"]]), np.array([unit["lat"]]))[0]
        if unit["type"] != "police_box":
            assert 200.0 < math.hypot(*xy) < 1400.0
            assert np.hypot(*(streets.geom_xy - xy).T).min() < 60.0  # half a block


def test_the_maps_police_boxes_are_taken_each_once(scenario: Scenario) -> None:
    pois = (
        Poi("police", "police", "새말파출소", 400.0, 300.0),
        Poi("police", "police", "새말파출소", 430.0, 310.0),
        Poi("police", "police", "새말자율방범대", 100.0, 100.0),
        Poi("police", "police", "", -900.0, 0.0),
        Poi("police", "police", "먼경찰서", 2900.0, 2900.0),
        Poi("shop", "bakery", "경찰빵집", 10.0, 10.0),
    )
    world = build_world(scenario, SCHOOL, dataclasses.replace(bare_map(), pois=pois))
    boxes = [u["name"] for u in _registered(world, "unit") if u["type"] == "police_box"]
    assert boxes == ["새말파출소", "파출소"]


def test_cameras_name_no_pictures_that_the_twin_does_not_serve(world: SchoolWorld) -> None:
    for device in _registered(world, "device"):
        assert not {"snapshot_url", "live_url"} & set(device)


@pytest.mark.parametrize(
    ("capabilities", "left_out"),
    [
        (["exercise-clock"], {"streets", "unit"}),
        (["exercise-clock", "registry-streets"], {"unit"}),
        (["registry-streets", "registry-units"], set()),
    ],
)
def test_a_hub_is_not_sent_what_it_does_not_know(
    world: SchoolWorld, capabilities: list[str], left_out: set[str]
) -> None:
    sent = known_items({"capabilities": capabilities}, world.registry)
    assert {i["kind"] for i in world.registry} - {i["kind"] for i in sent} == left_out
    assert [i for i in world.registry if i["kind"] not in left_out] == sent
    assert known_items({}, world.registry[:1]) == [world.registry[0]]
