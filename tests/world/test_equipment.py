"""Equipment and registered routes: limits, antennas on the way, lines without jumps, a valid registry."""

import dataclasses
import math
from collections import Counter

import msgspec
import numpy as np
import pytest
from safezone_model import REGISTRY_KINDS, validator
from safezone_sim.map import StreetMap
from safezone_sim.scenario import Scenario, ScenarioError
from safezone_sim.world import Walks, WorldError, build_world, check_world, walking_router
from safezone_sim.world.model import SchoolWorld
from shapely.geometry import LineString, Point

from .conftest import SCHOOL


@pytest.mark.parametrize("readers", [0, 3, 30])
def test_readers_never_exceed_the_limit(scenario: Scenario, sketch: StreetMap, readers: int) -> None:
    equipment = msgspec.structs.replace(scenario.equipment, readers=readers, cameras=2, bells=1)
    few = msgspec.structs.replace(scenario, equipment=equipment)
    world = build_world(few, SCHOOL, sketch)
    check_world(world, few)
    count = Counter(d.type for d in world.devices)
    assert count["reader"] <= readers
    assert (count["camera"], count["bell"]) == (2, 1)
    if readers == 3:
        assert {d.place for d in world.devices if d.type == "reader"} == {world.school_place}


def test_readers_stand_where_the_plan_says(world: SchoolWorld) -> None:
    readers = [d for d in world.devices if d.type == "reader"]
    role = {p.id: p.role for p in world.places.values()}
    at = Counter((d.position, role.get(d.place or "", "")) for d in readers)
    assert at["gate", "school"] == len(world.places[world.school_place].gates)
    assert at["interior", "school"] == 1
    assert at["gate", "academy"] == sum(r == "academy" for r in role.values())
    assert 3 <= at["interior", "danger"] <= 4
    assert at["gate", "home"] >= 10
    assert at["pole", ""] >= 5


def test_every_way_to_school_passes_outer_then_inner_then_entrance(world: SchoolWorld) -> None:
    school = world.places[world.school_place]
    gate_readers = {d.gate: d for d in world.devices if d.place == school.id and d.position == "gate"}
    entrance = next(d for d in world.devices if d.place == school.id and d.position == "interior").antennas[0]
    for gate in school.gates:
        line = LineString(gate.line)
        outer, inner = gate_readers[gate.id].antennas
        spots = [Point(a.x, a.y) for a in (outer, inner, entrance)]
        for antenna, spot in zip((outer, inner, entrance), spots, strict=True):
            assert line.distance(spot) < antenna.range_m / 2
        along = [line.project(spot) for spot in spots]
        assert along == sorted(along)
        assert math.dist((outer.x, outer.y), (inner.x, inner.y)) > outer.range_m + inner.range_m


def test_poles_are_spread_and_away_from_the_school(world: SchoolWorld) -> None:
    poles = [(d.x, d.y) for d in world.devices if d.position == "pole"]
    school = world.places[world.school_place]
    for i, a in enumerate(poles):
        assert math.dist(a, (school.x, school.y)) > school.radius_m + 40.0
        assert all(math.dist(a, b) >= 80.0 for b in poles[i + 1 :])
    passed = sum(
        any(LineString(r.line).distance(Point(p)) < 8.0 for p in poles)
        for r in world.routes
        if r.to_place == school.id
    )
    assert passed > len(world.subscribers) / 2


def test_cameras_have_presets_and_a_view(world: SchoolWorld) -> None:
    cameras = [d for d in world.devices if d.type == "camera"]
    assert len(cameras) == 9
    for camera in cameras:
        assert 4 <= len(camera.presets) <= 8
        assert all(0 <= bearing < 360 for _, bearing in camera.presets)
        assert (camera.fov_deg, camera.view_m) == (60.0, 50.0)


def test_city_cameras_without_the_list_name_the_remedy(scenario: Scenario, sketch: StreetMap) -> None:
    equipment = msgspec.structs.replace(scenario.equipment, cctv="city-2021")
    with pytest.raises(ScenarioError, match="SAFEZONE_MAP_DIR"):
        build_world(msgspec.structs.replace(scenario, equipment=equipment), SCHOOL, sketch)


def test_an_overlapping_antenna_is_refused(bare: SchoolWorld) -> None:
    first, second, *rest = bare.devices
    moved = dataclasses.replace(
        second,
        antennas=tuple(
            dataclasses.replace(a, x=b.x, y=b.y) for a, b in zip(second.antennas, first.antennas, strict=True)
        ),
    )
    with pytest.raises(WorldError, match="overlap"):
        check_world(dataclasses.replace(bare, devices=(first, moved, *rest)))


def test_too_much_equipment_is_refused(bare: SchoolWorld, scenario: Scenario) -> None:
    strict = msgspec.structs.replace(
        scenario, equipment=msgspec.structs.replace(scenario.equipment, readers=5)
    )
    with pytest.raises(WorldError, match="5 allowed"):
        check_world(bare, strict)


def test_routes_are_what_children_walk_without_jumps(world: SchoolWorld) -> None:
    walks = Walks(walking_router(world))
    for route in world.routes:
        a, b = world.places[route.from_place], world.places[route.to_place]
        assert np.array_equal(route.line, walks.line(a, b)), f"{route.id} is no walk of Walks"
        assert math.dist(route.line[0], (a.x, a.y)) < 0.01
        assert math.dist(route.line[-1], (b.x, b.y)) < 0.01
        # The longest straight pieces of these maps are a block's side and a way into a place.
        assert np.hypot(*np.diff(route.line, axis=0).T).max() < 150.0


def test_a_route_with_a_jump_is_refused(bare: SchoolWorld) -> None:
    first, *rest = bare.routes
    torn = dataclasses.replace(first, line=np.vstack([first.line[:1] + 30.0, first.line[1:]]))
    with pytest.raises(WorldError, match="does not begin or end inside"):
        check_world(dataclasses.replace(bare, routes=(torn, *rest)))


def test_every_subscriber_has_routes_for_every_regular_trip(world: SchoolWorld) -> None:
    trips: dict[str, set[tuple[str, str]]] = {}
    for route in world.routes:
        trips.setdefault(route.child, set()).add((route.from_place, route.to_place))
    for p in world.subscribers:
        wanted = {(p.home, world.school_place), (world.school_place, p.home)}
        if p.academies:
            wanted |= {(world.school_place, p.academies[0]), (p.academies[-1], p.home)}
            wanted |= set(zip(p.academies, p.academies[1:], strict=False))
        if p.playground:
            wanted |= {(world.school_place, p.playground), (p.playground, p.home)}
        assert wanted <= trips[p.id]


def test_registry_is_valid_and_complete(world: SchoolWorld) -> None:
    assert world.registry[0]["kind"] == "zone"
    for item in world.registry:
        errors = [
            f"{e.json_path}: {e.message}" for e in validator(f"registry/{item['kind']}").iter_errors(item)
        ]
        assert not errors, f"{item['kind']} {item['id']}: {errors}"
        assert item["zone"] == world.zone
    ids = Counter((i["kind"], i["id"]) for i in world.registry)
    assert max(ids.values()) == 1
    count = Counter(i["kind"] for i in world.registry)
    # The rest is the twin's (absences, drill) or belongs to no world: people at desks and other hubs.
    others = {"absence", "drill", "operator", "staff", "agency", "peer"}
    assert set(count) == set(REGISTRY_KINDS) - others
    assert count["area"] == len(world.places)
    assert count["device"] == len(world.devices) + 60 + 24
    assert (count["child"], count["binding"], count["consent"]) == (60, 84, 60)
    dangers = [i for i in world.registry if i.get("role") == "danger"]
    assert dangers
    assert all(i["ring"][0] == i["ring"][-1] for i in dangers)
    natures = {i["nature"] for i in world.registry if "nature" in i}
    assert natures == {"simulated"}


def test_registered_positions_are_those_of_the_world(world: SchoolWorld) -> None:
    frame = world.map.frame
    by_id = {(i["kind"], i["id"]): i for i in world.registry}
    for device in world.devices:
        at = by_id["device", device.id]["placement"]
        xy = frame.to_xy(np.array([at["lon"]]), np.array([at["lat"]]))[0]
        assert math.dist(xy, (device.x, device.y)) < 0.02
    for route in world.routes[:50]:
        item = next(r for r in by_id["child", route.child]["routes"] if r["id"] == route.id)
        line = np.array(item["line"])
        kept = LineString(frame.to_xy(line[:, 0], line[:, 1]))
        assert kept.hausdorff_distance(LineString(route.line)) < 0.5


def test_every_principal_has_its_own_key(world: SchoolWorld) -> None:
    expected = {d.id for d in world.devices} | {g.id for g in world.guardians}
    expected |= {p.phone for p in world.people if p.phone} | {f"{world.zone}-desk", f"{world.zone}-clock"}
    assert set(world.keys) == expected
    assert all(len(secret) == 43 for _, secret in world.keys.values())
    assert len({secret for _, secret in world.keys.values()}) == len(world.keys)
