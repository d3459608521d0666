"""Day plans: possible, plausible, and drawn so that nothing else moves them."""

import msgspec
import numpy as np
import pytest
import shapely
from safezone_sim.life.columns import SchoolDay, school_day
from safezone_sim.life.plan import Draft, Draws, draft_day
from safezone_sim.life.settle import ImpossiblePlan, check_plan, settle
from safezone_sim.life.ways import Ways
from safezone_sim.scenario import Scenario
from safezone_sim.world import build_world
from safezone_sim.world.model import SchoolWorld

from .conftest import SCHOOL


def draft_of(scenario: Scenario, world: SchoolWorld) -> Draft:
    return draft_day(scenario, world, Ways(world))


def rows_of(day: SchoolDay, subscriber: int) -> np.ndarray:
    return np.flatnonzero(day.day.settled.trips.person == subscriber)


def test_draws_of_the_first_do_not_depend_on_how_many_follow() -> None:
    assert Draws(1, "z", 50).rows("a", 7).tolist() == Draws(1, "z", 900).rows("a", 7)[:50].tolist()


def test_other_pupils_move_no_subscribers_plan(scenario: Scenario, world: SchoolWorld) -> None:
    people = msgspec.structs.replace(scenario.people, others=False)
    alone = build_world(msgspec.structs.replace(scenario, people=people), SCHOOL, world.map)
    assert len(alone.people) < len(world.people)
    a, b = draft_of(scenario, alone).trips, draft_of(scenario, world).trips
    own = b.take(np.flatnonzero(b.person < len(alone.people)))
    assert a.person.tolist() == own.person.tolist()
    assert a.ready.tolist() == own.ready.tolist()
    assert a.pause_s.tolist() == own.pause_s.tolist()


def test_everybody_comes_home_and_most_arrive_in_time(plain_day: SchoolDay, scenario: Scenario) -> None:
    arrivals = {e.child: e.t for e in plain_day.truth if e.service == "school_arrival"}
    well = [p for p in plain_day.day.world.subscribers if not plain_day.day.draft.ill[p.index]]
    assert set(arrivals) == {p.id for p in well}
    t = np.array(sorted(arrivals.values())) / 3600
    assert (t > 8.2).all()
    assert (t < 9.6).all()
    assert 0.85 < (t <= 9.0).mean() <= 1.0
    last = {p.id: plain_day.subscriber_tracks[p.index] for p in well}
    for person in well:
        assert last[person.id].inside(19.5 * 3600) == person.home
        assert last[person.id].inside(11 * 3600) == plain_day.day.world.school_place


def test_subscribers_keep_to_what_their_guardians_registered(
    plain_day: SchoolDay, world: SchoolWorld
) -> None:
    """An unregistered way would be a deviation: the line walked is the line registered, either way round."""
    registered = {(r.child, *ends): r.line for r in world.routes for ends in [(r.from_place, r.to_place)]}
    settled = plain_day.day.settled
    walked = 0
    for person, line in zip(settled.trips.person.tolist(), settled.trips.line.tolist(), strict=True):
        if not world.people[person].subscriber:
            continue
        a, b = settled.lines.from_place[line], settled.lines.to_place[line]
        there = registered.get((world.people[person].id, a, b))
        back = registered.get((world.people[person].id, b, a))
        assert there is not None or back is not None, (world.people[person].id, a, b)
        route = shapely.linestrings(there if there is not None else back)
        assert shapely.hausdorff_distance(route, shapely.linestrings(settled.lines.xy(line))) < 0.1
        walked += 1
    assert walked > 200


def test_nobody_warps(plain_day: SchoolDay, scenario: Scenario) -> None:
    for person, track in plain_day.subscriber_tracks.items():
        t, x, y, _ = track.between(scenario.start_s, scenario.end_s)
        step, took = np.hypot(np.diff(x), np.diff(y)), np.diff(t)
        assert (took >= 0).all(), person
        assert (step[took == 0] == 0).all(), person
        moving = took > 0.05  # shorter steps only show the rounding of times
        speed = step[moving] / took[moving]
        assert speed.max(initial=0.0) < 6.4, person
        if not plain_day.day.draft.picked_up[person]:
            assert speed.max(initial=0.0) < 2.6, person


def test_academies_and_lights_slow_people_down(plain_day: SchoolDay) -> None:
    trips = plain_day.day.settled.trips
    assert (trips.pause_s > 0).sum() > 50
    assert trips.pause_s.max() < 120.0
    services = {e.service for e in plain_day.truth}
    assert services >= {
        "home_exit",
        "school_arrival",
        "school_departure",
        "academy_entry",
        "academy_exit",
        "home_entry",
    }


def test_absences_are_told_for_the_ill_only(
    plain_day: SchoolDay, scenario: Scenario, world: SchoolWorld
) -> None:
    ill = msgspec.structs.replace(scenario, behaviour=msgspec.structs.replace(scenario.behaviour, ill=0.4))
    day = school_day(ill, world)
    told = {item["child"] for item in day.day.absences()}
    stayed = {p.id for p in world.subscribers if day.day.draft.ill[p.index]}
    missing = {e.child for e in day.truth if e.service == "not_arrived"}
    arrived_by = {e.child: e.t for e in day.truth if e.service == "school_arrival"}
    assert told < stayed
    assert len(told) > 0.7 * len(stayed)
    assert not missing & told
    assert stayed - told <= missing
    assert all(arrived_by[c] > 9 * 3600 + 20 * 60 for c in missing - stayed)


def spoil(day: SchoolDay, row: int, **columns: float) -> None:
    settled = day.day.settled
    trips = settled.trips
    for name, value in columns.items():
        column = getattr(trips, name).copy()
        column[row] = value
        trips = trips.with_columns(**{name: column})
    check_plan(day.day.world, settled.lines, trips, settled.arrive)


def test_the_check_names_who_is_in_two_places(plain_day: SchoolDay) -> None:
    spoil(plain_day, 0)  # as it is, the plan is possible
    row = int(rows_of(plain_day, 3)[1])
    before = plain_day.day.settled.arrive[row - 1]
    with pytest.raises(ImpossiblePlan, match=r"c004.*leaves at .*arrives there only at"):
        spoil(plain_day, row, depart=before - 5.0)


def test_the_check_finds_warps_and_runners(plain_day: SchoolDay) -> None:
    row = int(rows_of(plain_day, 3)[1])
    other = int(plain_day.day.settled.trips.line[rows_of(plain_day, 3)[0]])
    with pytest.raises(ImpossiblePlan, match=r"c004.*but was in"):
        spoil(plain_day, row, line=other)
    with pytest.raises(ImpossiblePlan, match=r"c004.*m/s"):
        spoil(plain_day, row, foot_mps=4.0)
    with pytest.raises(ImpossiblePlan, match=r"before leaving"):
        spoil(plain_day, row, depart=float(plain_day.day.settled.arrive[row]) + 1.0)


def test_settling_is_checked(scenario: Scenario, world: SchoolWorld) -> None:
    draft = draft_of(scenario, world)
    ready = draft.trips.ready.copy()
    ready[1] = ready[0]
    with pytest.raises(ImpossiblePlan):
        settle(world, draft.lines, draft.trips.with_columns(ready=ready))
