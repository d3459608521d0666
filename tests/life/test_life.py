"""Agents live the day that the columns compute, answer for bodies, and call the senses in time."""

import bisect
import itertools

import msgspec
import numpy as np
import pytest
from safezone_sim.life.columns import SchoolDay, school_day
from safezone_sim.life.model import Life
from safezone_sim.life.truth import truth_sha256
from safezone_sim.records import Whereabouts
from safezone_sim.scenario import ClosedRoad, Scenario
from safezone_sim.world import build_world
from safezone_sim.world.model import SchoolWorld

from .conftest import SCHOOL, ZONE, Recorder, lived


def test_agents_and_columns_have_the_same_truth(
    plain_day: SchoolDay, plain_life: tuple[Life, Recorder]
) -> None:
    life, recorder = plain_life
    assert life.truth == plain_day.truth
    assert life.tracks() == plain_day.tracks()
    assert life.digest() == plain_day.digest()
    stays = plain_day.tag_stays
    book = plain_day.day.antennas
    want = {
        (plain_day.day.world.people[p].id, book.antennas[a].id, t_in, t_out)
        for p, a, t_in, t_out in zip(
            *(c.tolist() for c in (stays.person, stays.antenna, stays.t_in, stays.t_out)), strict=True
        )
    }
    got = {
        (f.person.id, f.detail[1].id, *f.detail[2:]) for f in recorder.felt if f.what == "stay" and f.person
    }
    assert got == want
    assert len(got) > 1000


def test_senses_are_called_at_the_moment_itself(plain_life: tuple[Life, Recorder]) -> None:
    _, recorder = plain_life
    for f in recorder.felt:
        assert f.now == f.detail[2], f
    assert all(a.now <= b.now for a, b in itertools.pairwise(recorder.felt))
    assert all(f.person is not None and f.person.subscriber for f in recorder.felt)


def test_bodies_are_within_the_antenna_when_felt(plain_life: tuple[Life, Recorder]) -> None:
    life, recorder = plain_life
    for f in recorder.felt[::7]:
        _, antenna, t_in, t_out = f.detail
        x, y = life.position(f.person, (t_in + t_out) / 2)
        assert np.hypot(x - antenna.x, y - antenna.y) <= antenna.range_m + 0.01
        x, y = life.position(f.person, t_in)
        assert np.hypot(x - antenna.x, y - antenna.y) <= antenna.range_m + 0.01


def test_bodies_agree_with_the_recorded_tracks(plain_life: tuple[Life, Recorder], scenario: Scenario) -> None:
    life, _ = plain_life
    rng = np.random.default_rng(0)
    frame = life.world.map.frame
    for person, w in list(zip(life.world.subscribers, life.tracks(), strict=True))[:25]:
        for t in rng.uniform(scenario.start_s, scenario.end_s, 40).tolist():
            i = min(bisect.bisect_right(w.t, t), len(w.t) - 1)
            u = (t - w.t[i - 1]) / (w.t[i] - w.t[i - 1])
            lon = w.lon[i - 1] + u * (w.lon[i] - w.lon[i - 1])
            lat = w.lat[i - 1] + u * (w.lat[i] - w.lat[i - 1])
            xy = frame.to_xy(np.array([lon]), np.array([lat]))[0]
            assert life.position(person, t) == pytest.approx(tuple(xy), abs=0.01)
            assert life.inside(person, t) == w.place[i - 1]


def test_motion_is_known_before_and_after(plain_life: tuple[Life, Recorder], scenario: Scenario) -> None:
    life, _ = plain_life
    for person in life.world.subscribers[:20]:
        track = life.agents[person.index].track
        if len(track.t) < 3:
            assert life.next_motion(person, scenario.start_s) == np.inf
            continue
        first = life.next_motion(person, scenario.start_s)
        assert not life.moved_within(person, scenario.start_s, first)
        assert life.moved_within(person, first, first + 1.0)
        before, after = life.position(person, first), life.position(person, first + 1.0)
        assert before != after
        assert life.next_motion(person, track.t[-1] + 1.0) == np.inf


def test_next_departure_is_known_while_waiting(scenario: Scenario, world: SchoolWorld) -> None:
    import simpy

    env = simpy.Environment(initial_time=scenario.start_s)
    life = Life(env, scenario, world)
    env.run(until=11 * 3600)
    pupil = next(p for p in world.subscribers if life.inside(p, env.now) == world.school_place)
    known = life.next_motion(pupil, env.now)
    assert 12 * 3600 < known < 18 * 3600
    env.run(until=scenario.end_s)
    assert life.moved_within(pupil, known, known + 2.0)


def test_same_seed_same_digest_other_seed_other(
    scenario: Scenario, world: SchoolWorld, plain_day: SchoolDay
) -> None:
    assert lived(scenario, world).digest() == plain_day.digest()
    other = msgspec.structs.replace(scenario, seed=scenario.seed + 1)
    assert school_day(other, world).digest() != plain_day.digest()


def test_the_run_digest_is_over_sorted_schools() -> None:
    assert truth_sha256({"2": "b", "1": "a"}) == truth_sha256({"1": "a", "2": "b"})
    assert truth_sha256({"1": "a", "2": "b"}) != truth_sha256({"1": "b", "2": "a"})


def test_equipment_moves_no_child(scenario: Scenario, world: SchoolWorld, plain_day: SchoolDay) -> None:
    equipment = msgspec.structs.replace(scenario.equipment, readers=10, bells=0, cameras=0)
    fewer = msgspec.structs.replace(scenario, equipment=equipment)
    sparse = build_world(fewer, SCHOOL, world.map)
    assert len(sparse.devices) < len(world.devices)
    day = school_day(fewer, sparse)
    assert day.truth == plain_day.truth
    assert day.tracks() == plain_day.tracks()


def test_another_school_moves_no_child(scenario: Scenario, world: SchoolWorld, plain_day: SchoolDay) -> None:
    more = msgspec.structs.replace(scenario, schools=(ZONE, "9000002"))
    assert school_day(more, world).digest() == plain_day.digest()


def test_ids_are_stable_and_times_in_order(plain_day: SchoolDay) -> None:
    events = plain_day.truth
    assert len({e.id for e in events}) == len(events)
    assert all(a.t <= b.t for a, b in itertools.pairwise(events))
    first = next(e for e in events if e.service == "home_exit")
    assert first.id == f"{ZONE}-home_exit-{first.child.removeprefix(ZONE + '-')}-1"
    guardians = {p.id: p.guardians for p in plain_day.day.world.subscribers}
    for e in events:
        assert e.recipients == tuple(f"guardian:{g}" for g in guardians[e.child])


def test_events_alternate_as_places_do(plain_day: SchoolDay) -> None:
    """Whoever enters a place leaves it before entering another; the truth agrees with the track."""
    tracks: dict[str, Whereabouts] = {w.child: w for w in plain_day.tracks()}
    for e in plain_day.truth:
        if e.service == "not_arrived":
            continue
        w = tracks[e.child]
        i = w.t.index(e.t)
        before, after = w.place[i - 1], w.place[i]
        inward = e.service.endswith(("arrival", "entry"))
        assert (before, after) == (("", e.place) if inward else (e.place, "")), e


def test_counts_over_the_day(plain_life: tuple[Life, Recorder]) -> None:
    life, _ = plain_life
    table = life.model.counts().set_index("t")
    assert (table.sum(axis=1) == len(life.world.people)).all()
    assert table.loc[11 * 3600.0, "school"] > 0.9 * len(life.world.people)
    assert table.iloc[0]["home"] == len(life.world.people)


def test_a_closed_road_needs_agents(scenario: Scenario, world: SchoolWorld) -> None:
    closed = ClosedRoad(school=ZONE, at="08:00", bearing_deg=0.0)
    with pytest.raises(ValueError, match="run it with Life"):
        school_day(msgspec.structs.replace(scenario, closed_roads=(closed,)), world)
