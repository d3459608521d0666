"""Places: gates at the right distance, ways that nobody else walks, danger areas of the standard's size."""

import dataclasses
import math

import numpy as np
import pytest
import shapely
from safezone_sim.scenario import Scenario
from safezone_sim.world import Walks, WorldError, build_world, check_world, walking_router
from safezone_sim.world.ground import line_length, point_along
from safezone_sim.world.model import SchoolWorld
from shapely.geometry import LineString, Point

from .conftest import SCHOOL, bare_map


def test_worlds_are_possible(world: SchoolWorld, scenario: Scenario) -> None:
    check_world(world, scenario)


def test_every_home_is_within_the_walking_distance(world: SchoolWorld, scenario: Scenario) -> None:
    walks = Walks(walking_router(world))
    school = world.places[world.school_place]
    homes = [p for p in world.places.values() if p.role == "home"]
    assert len(homes) >= 10
    for home in homes:
        # From home to the gate; the last metres, from gate to class, are the school's own.
        inside = max(line_length(g.line) for g in school.gates)
        assert walks.length_m(home, school) <= scenario.map.home_max_walk_m + inside + 1.0


def test_every_place_has_its_counts(world: SchoolWorld) -> None:
    count = {
        role: sum(p.role == role for p in world.places.values())
        for role in ("school", "academy", "playground", "danger")
    }
    assert count["school"] == 1
    assert 5 <= count["academy"] <= 8
    assert 1 <= count["playground"] <= 3
    assert count["danger"] >= 3
    assert 2 <= len(world.places[world.school_place].gates) <= 4


def test_school_gates_stand_on_distinct_sides(world: SchoolWorld) -> None:
    gates = world.places[world.school_place].gates
    spots = [point_along(g.line, g.gate_at_m) for g in gates]
    for i, a in enumerate(spots):
        for b in spots[i + 1 :]:
            assert math.dist(a, b) > 25.0


def test_outer_antennas_do_not_hear_the_street(world: SchoolWorld) -> None:
    router = walking_router(world)
    streets = shapely.union_all(
        [LineString(world.map.streets.edge_line(e)) for e in router.usable_edges.tolist()]
    )
    for device in world.devices:
        for antenna in device.antennas:
            if device.position == "gate":
                clear = streets.distance(Point(antenna.x, antenna.y))
                assert clear > antenna.range_m, f"{antenna.id} is {clear:.1f} m from the street's centreline"


def test_danger_areas_overlap_no_place_and_hold_a_point_clear_of_all_routes(world: SchoolWorld) -> None:
    lines = shapely.union_all([LineString(r.line) for r in world.routes])
    others = [p for p in world.places.values() if p.role != "danger" and p.shape is not None]
    dangers = [p for p in world.places.values() if p.role == "danger"]
    clear = []
    for place in dangers:
        assert place.shape is not None
        assert not any(place.shape.intersects(other.shape) for other in others)
        assert not place.shape.intersects(lines)
        clear.append(lines.distance(Point(place.x, place.y)))
    assert sum(c >= 40.0 for c in clear) >= 2, f"deep points only {clear} m from registered routes"


def test_home_lines_are_long_enough_for_two_antennas(world: SchoolWorld) -> None:
    for place in world.places.values():
        if place.role in ("home", "academy"):
            gate = place.gates[0]
            assert line_length(gate.line) - gate.gate_at_m >= 8.5
            assert gate.gate_at_m >= 9.0


def test_nothing_of_an_unmapped_quarter_claims_to_be_known(bare: SchoolWorld) -> None:
    known = {p.id for p in bare.places.values() if not p.synthetic}
    assert known == {bare.school_place}


def test_streets_across_the_grounds_are_closed_to_passers_by() -> None:
    streets = bare_map().streets
    # A way straight across the school's ground, from corner to corner of its block.
    corner = np.argsort(np.hypot(*streets.xy.T), kind="stable")[:4]
    a, b = sorted(corner.tolist(), key=lambda n: float(streets.xy[n].sum()))[:: len(corner) - 1]
    across = dataclasses.replace(
        streets,
        edge_from=np.append(streets.edge_from, np.int32(a)),
        edge_to=np.append(streets.edge_to, np.int32(b)),
        length_m=np.append(streets.length_m, math.dist(streets.xy[a], streets.xy[b])),
        geom_at=np.append(streets.geom_at, np.int32(len(streets.geom_xy) + 2)),
        geom_xy=np.concatenate([streets.geom_xy, streets.xy[[a, b]]]),
        edge_class=(*streets.edge_class, "path"),
        edge_name=(*streets.edge_name, ""),
    )
    from safezone_sim.world.school_place import build_school

    place, ground = build_school("s-school", "s", dataclasses.replace(bare_map(), streets=across))
    router = ground.router
    assert router.closed[-1]
    assert router.closed.sum() == 1
    assert place.shape is not None


def test_a_home_that_no_street_reaches_is_refused(bare: SchoolWorld) -> None:
    home = next(p for p in bare.places.values() if p.role == "home")
    streets = bare.map.streets
    cut = (streets.edge_from != home.gates[0].street_node) & (streets.edge_to != home.gates[0].street_node)
    sizes = np.diff(streets.geom_at)
    kept = dataclasses.replace(
        streets,
        edge_from=streets.edge_from[cut],
        edge_to=streets.edge_to[cut],
        length_m=streets.length_m[cut],
        geom_at=np.concatenate([[0], np.cumsum(sizes[cut])]).astype(np.int32),
        geom_xy=streets.geom_xy[np.repeat(cut, sizes)],
        edge_class=tuple(c for c, k in zip(streets.edge_class, cut, strict=True) if k),
        edge_name=tuple(c for c, k in zip(streets.edge_name, cut, strict=True) if k),
    )
    broken = dataclasses.replace(bare, map=dataclasses.replace(bare.map, streets=kept))
    with pytest.raises(WorldError, match=f"no open street leads from {home.id}"):
        check_world(broken)


def test_grounds_are_made_where_the_map_knows_none(scenario: Scenario) -> None:
    made = build_world(scenario, SCHOOL, dataclasses.replace(bare_map(), features=()))
    assert made.places[made.school_place].synthetic
    check_world(made, scenario)
