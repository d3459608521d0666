"""People: exact shares, plausible classes, and nobody moved by what does not concern them."""

import dataclasses
from collections import Counter

import msgspec
import pytest
from safezone_sim.map import StreetMap
from safezone_sim.scenario import Scenario
from safezone_sim.world import build_world
from safezone_sim.world.model import Person, SchoolWorld

from .conftest import SCHOOL


def changed(scenario: Scenario, part: str, **values: object) -> Scenario:
    settings = msgspec.structs.replace(getattr(scenario, part), **values)
    return msgspec.structs.replace(scenario, **{part: settings})


def without_home_by(people: tuple[Person, ...]) -> list[Person]:
    """The one thing about a child that depends on equipment is put aside."""
    return [dataclasses.replace(p, home_by_s=None) for p in people]


def test_counts_and_order(world: SchoolWorld) -> None:
    assert len(world.people) == 240
    assert [p.index for p in world.people] == list(range(240))
    assert [p.subscriber for p in world.people] == [True] * 60 + [False] * 180
    assert sum(p.phone is not None for p in world.people) == 24
    assert all(p.tag for p in world.subscribers)
    assert world.people[0].id == "1000001-c001"
    assert world.people[60].id == "1000001-o0001"


def test_no_two_pupils_share_a_seat_and_classes_are_of_usual_size(world: SchoolWorld) -> None:
    seats = Counter((p.grade, p.class_no, p.number) for p in world.people)
    assert max(seats.values()) == 1
    sizes = Counter((p.grade, p.class_no) for p in world.people)
    assert {grade for grade, _ in sizes} == set(range(1, 7))
    assert all(15 <= size <= 26 for size in sizes.values())


def test_speeds_rise_with_age_within_bounds(world: SchoolWorld) -> None:
    assert all(1.0 <= p.speed_mps <= 1.35 for p in world.people)
    young = [p.speed_mps for p in world.people if p.grade == 1]
    old = [p.speed_mps for p in world.people if p.grade == 6]
    assert sum(old) / len(old) > sum(young) / len(young) + 0.1


def test_others_carry_nothing(world: SchoolWorld) -> None:
    for p in world.people[60:]:
        assert (p.name, p.tag, p.phone, p.guardians, p.home_by_s) == ("", None, None, (), None)


def test_guardians_and_children_name_each_other(world: SchoolWorld) -> None:
    wards = {g.id: set(g.children) for g in world.guardians}
    for p in world.subscribers:
        assert 1 <= len(p.guardians) <= 2
        assert all(p.id in wards[g] for g in p.guardians)
        surname = world.guardians[[g.id for g in world.guardians].index(p.guardians[0])].name[0]
        assert p.name.startswith(surname)
    assert any(len(g.children) > 1 for g in world.guardians)
    siblings = next(g.children for g in world.guardians if len(g.children) > 1)
    assert len({p.home for p in world.subscribers if p.id in siblings}) == 1


def test_home_by_is_set_for_tag_only_children_with_a_reader_at_home(world: SchoolWorld) -> None:
    read = {d.place for d in world.devices if d.position == "gate"}
    for p in world.people:
        expected = 70200.0 if p.subscriber and p.phone is None and p.home in read else None
        assert p.home_by_s == expected
    assert any(p.home_by_s for p in world.people)


def test_same_seed_same_world_other_seed_another(
    scenario: Scenario, sketch: StreetMap, schematic: SchoolWorld
) -> None:
    again = build_world(scenario, SCHOOL, sketch)
    assert again.people == schematic.people
    assert again.registry == schematic.registry
    assert again.keys == schematic.keys
    other = build_world(scenario, SCHOOL, sketch, seed=4)
    assert [p.home for p in other.people] != [p.home for p in schematic.people]
    assert [p.name for p in other.people] != [p.name for p in schematic.people]
    assert other.keys["1000001-desk"] != schematic.keys["1000001-desk"]


@pytest.mark.parametrize("settings", [{"readers": 73}, {"readers": 0}, {"bells": 20, "cameras": 30}])
def test_equipment_moves_no_child(
    scenario: Scenario, sketch: StreetMap, schematic: SchoolWorld, settings: dict[str, int]
) -> None:
    more = build_world(changed(scenario, "equipment", **settings), SCHOOL, sketch)
    assert len(more.devices) != len(schematic.devices)
    assert without_home_by(more.people) == without_home_by(schematic.people)
    assert {i: (p.x, p.y) for i, p in more.places.items()} == {
        i: (p.x, p.y) for i, p in schematic.places.items()
    }
    assert [r.line.tolist() for r in more.routes] == [r.line.tolist() for r in schematic.routes]


def test_another_school_in_the_scenario_changes_nothing(scenario: Scenario, bare: SchoolWorld) -> None:
    both = msgspec.structs.replace(scenario, schools=("7051141", "1000001"))
    assert build_world(both, SCHOOL, bare.map).registry == bare.registry


def test_one_more_subscriber_leaves_the_others_as_they_were(scenario: Scenario, bare: SchoolWorld) -> None:
    more = build_world(changed(scenario, "people", subscribers=61), SCHOOL, bare.map)
    for before, after in zip(bare.people[:60], more.people, strict=False):
        assert (before.name, before.home, before.grade, before.academies) == (
            after.name,
            after.home,
            after.grade,
            after.academies,
        )


def test_only_subscribers_walk_when_others_are_off(scenario: Scenario, bare: SchoolWorld) -> None:
    few = build_world(changed(scenario, "people", others=False), SCHOOL, bare.map)
    assert all(p.subscriber for p in few.people)
    assert len(few.people) == 60
