"""Each kind of incident bends one child's day and leaves its truth, and nobody else's."""

import dataclasses
import itertools
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
import shapely
from safezone_sim.life.columns import SchoolDay, school_day
from safezone_sim.life.crossings import polygon_stays
from safezone_sim.life.model import Life
from safezone_sim.life.script import NoCandidate
from safezone_sim.records import TruthEvent
from safezone_sim.scenario import Incident, clock_seconds
from safezone_sim.world.model import SchoolWorld

from .conftest import ZONE, Felt, Recorder, lived, small_scenario, with_incidents

DESK = f"desk:{ZONE}-desk"


def incident(kind: str, at: str, **more: object) -> Incident:
    return Incident(kind=kind, school=ZONE, at=at, **more)  # type: ignore[arg-type]


def day_with(world: SchoolWorld, *incidents: Incident) -> tuple[Life, Recorder]:
    recorder = Recorder()
    life = lived(with_incidents(*incidents), world, recorder)
    assert school_day(with_incidents(*incidents), world).digest() == life.digest()
    return life, recorder


def of(life: Life, service: str) -> list[TruthEvent]:
    return [e for e in life.truth if e.service == service]


def felt(recorder: Recorder, *what: str) -> Sequence[Felt]:
    return [f for f in recorder.felt if f.what in what]


def person_of(life: Life, child: str | None):
    return next(p for p in life.world.people if p.id == child)


def check_recipients(life: Life, e: TruthEvent) -> None:
    assert e.recipients == (DESK, *(f"guardian:{g}" for g in person_of(life, e.child).guardians))


def test_tag_call_within_reach_of_a_reader(world: SchoolWorld) -> None:
    life, recorder = day_with(world, incident("tag_call", "08:30", second_call_after_s=4.0))
    first, second = of(life, "tag_call")
    assert clock_seconds("08:30") <= first.t < clock_seconds("09:10")
    assert second.t == first.t + 4.0
    assert first.child != second.child
    readers = np.array([(d.x, d.y) for d in world.devices if d.type == "reader"])
    for e, f in zip((first, second), felt(recorder, "tag"), strict=True):
        check_recipients(life, e)
        person = person_of(life, e.child)
        assert (f.now, f.person) == (e.t, person)
        x, y = life.position(person, e.t)
        assert f.detail == (x, y)
        assert life.inside(person, e.t) == ""
        assert np.hypot(readers[:, 0] - x, readers[:, 1] - y).min() <= 60.0


@pytest.mark.parametrize(
    ("kind", "at"), [("bell_subscriber", "15:10"), ("bell_prank", "15:10"), ("bell_stranger", "14:40")]
)
def test_bells_ring_where_somebody_stands(world: SchoolWorld, kind: str, at: str) -> None:
    life, recorder = day_with(world, incident(kind, at))
    (event,), (press,) = of(life, "bell_call"), felt(recorder, "bell")
    bell = press.detail[0]
    assert (event.device, event.child, event.t) == (bell.id, None, press.now)
    assert abs(event.t - clock_seconds(at)) < 1800
    assert event.recipients[0] == DESK
    if kind == "bell_stranger":
        assert press.person is None
    else:
        assert press.person is not None
        assert press.person.subscriber == (kind == "bell_subscriber")
        assert life.position(press.person, event.t) == pytest.approx((bell.x, bell.y), abs=0.01)


def test_guardians_near_a_bell_are_those_whose_tag_was_there(world: SchoolWorld) -> None:
    life, recorder = day_with(world, incident("bell_stranger", "08:40"))
    (event,), (press,) = of(life, "bell_call"), felt(recorder, "bell")
    bell = press.detail[0]
    near = {
        g
        for f in felt(recorder, "stay")
        if np.hypot(f.detail[0].x - bell.x, f.detail[0].y - bell.y) <= 30.0
        and f.detail[2] <= event.t + 60.0
        and f.detail[3] >= event.t - 60.0
        for g in f.person.guardians
    }
    assert set(event.recipients) == {DESK, *(f"guardian:{g}" for g in near)}


def test_a_phone_call_comes_from_a_phone(world: SchoolWorld) -> None:
    life, recorder = day_with(world, incident("phone_call_112", "15:10"))
    (event,), (call,) = of(life, "phone_call_112"), felt(recorder, "dial")
    check_recipients(life, event)
    assert call.person is not None
    assert (call.now, call.person.id, call.person.phone) == (event.t, event.child, event.device)
    assert event.device is not None


def test_danger_entry_is_off_plan_long_and_clear_of_routes(world: SchoolWorld) -> None:
    life, _ = day_with(world, incident("danger_entry", "15:40", id="stray", stay_s=300.0))
    (event,) = of(life, "danger_entry")
    check_recipients(life, event)
    assert event.incident == "stray"
    person = person_of(life, event.child)
    assert person.phone is not None
    assert event.until is not None
    assert event.until - event.t >= 300.0
    area = world.places[event.place or ""]
    routes = shapely.union_all([shapely.linestrings(r.line) for r in world.routes if r.child == person.id])
    clear = 0
    for t in np.arange(event.t + 1, event.until - 1, 5.0):
        point = shapely.Point(*life.position(person, t))
        assert area.shape.buffer(0.1).contains(point)
        assert life.inside(person, t) == ""
        clear += routes.distance(point) >= 40.0
    assert clear * 5.0 >= 240.0
    assert life.inside(person, life.scenario.end_s) == person.home


def test_many_danger_entries_keep_apart(world: SchoolWorld) -> None:
    day = school_day(with_incidents(incident("danger_entry", "15:30", count=60, spread_s=4 * 3600.0)), world)
    entries: dict[str | None, list[TruthEvent]] = {}
    for e in day.truth:
        if e.service == "danger_entry":
            entries.setdefault(e.child, []).append(e)
    assert sum(map(len, entries.values())) >= 50
    assert any(len(es) > 1 for es in entries.values())
    assert all(b.t - (a.until or 0) > 900 for es in entries.values() for a, b in itertools.pairwise(es))


def test_planned_ways_through_danger_are_no_entries(world: SchoolWorld) -> None:
    """Everybody's way to school leads through this danger area; a scripted stray is still told."""
    school = world.places[world.school_place]
    wide = (
        shapely.Point(school.x, school.y)
        .buffer(400.0)
        .difference(shapely.Point(school.x, school.y).buffer(60.0))
    )
    area = next(p for p in world.places.values() if p.role == "danger")
    unsafe = dataclasses.replace(
        world,
        places={
            **world.places,
            "everywhere": dataclasses.replace(area, id="everywhere", shape=wide, gates=()),
        },
    )
    day = school_day(small_scenario(), unsafe)
    crossed = [
        polygon_stays(*track.between(0.0, 86400.0)[:3], wide) for track in day.subscriber_tracks.values()
    ]
    assert sum(t1 - t0 > 60.0 for stays in crossed for t0, t1 in stays) > 50
    assert not [e for e in day.truth if e.service in ("danger_entry", "route_deviation")]
    stray = school_day(with_incidents(incident("danger_entry", "15:40")), unsafe)
    assert {e.child for e in stray.truth if e.place == "everywhere"} == {
        world.people[p].id for p, _ in stray.day.parts
    }


def test_who_does_not_arrive_is_missed(world: SchoolWorld, plain_day: SchoolDay) -> None:
    life, _ = day_with(world, incident("not_arrived", "08:20", id="truant"))
    usual = {e.child for e in plain_day.truth if e.service == "not_arrived"}
    (event,) = [e for e in of(life, "not_arrived") if e.child not in usual]
    assert (event.incident, event.t) == ("truant", clock_seconds("09:20"))
    assert DESK not in event.recipients
    assert not [e for e in of(life, "school_arrival") if e.child == event.child]
    assert life.inside(person_of(life, event.child), 19 * 3600) == person_of(life, event.child).home
    assert event.child not in {a["child"] for a in life.absences()}


def test_a_tag_left_behind_is_felt_no_more(world: SchoolWorld) -> None:
    life, recorder = day_with(world, incident("tag_left_behind", "14:30"))
    (index,) = life.day.tag_gone
    person, gone = life.world.people[index], life.day.tag_gone[index]
    own = [f for f in felt(recorder, "stay") if f.person == person]
    assert own
    assert all(f.detail[3] <= gone for f in own)
    left = [e for e in of(life, "school_departure") if e.child == person.id]
    assert left[0].t > gone >= clock_seconds("14:25")
    assert [e for e in of(life, "home_entry") if e.child == person.id and e.t > gone]


def test_an_abducted_child_deviates_and_falls_silent(world: SchoolWorld) -> None:
    life, recorder = day_with(world, incident("abduction", "14:50", id="led-away"))
    (deviation,), (silence,) = of(life, "route_deviation"), of(life, "tag_silent")
    assert deviation.incident == silence.incident == "led-away"
    check_recipients(life, silence)
    assert silence.t - deviation.t >= 300.0
    person = person_of(life, silence.child)
    assert deviation.child == person.id
    (switch,) = felt(recorder, "switch")
    assert (switch.now, switch.person, switch.detail) == (silence.t, person, (False,))
    assert not [f for f in felt(recorder, "stay") if f.person == person and f.now >= silence.t]
    routes = shapely.union_all([shapely.linestrings(r.line) for r in world.routes if r.child == person.id])
    assert routes.distance(shapely.Point(*life.position(person, deviation.t))) == pytest.approx(60.0, abs=1.0)
    assert routes.distance(shapely.Point(*life.position(person, life.scenario.end_s))) > 250.0
    assert life.moved_within(person, silence.t, silence.t + 20.0)
    assert not [e for e in of(life, "home_entry") if e.child == person.id and e.t > deviation.t]


def test_distinct_children_for_distinct_incidents(world: SchoolWorld) -> None:
    kinds = ("tag_call", "bell_subscriber", "phone_call_112", "danger_entry", "abduction", "tag_left_behind")
    day = school_day(
        with_incidents(*(incident(k, "15:05") for k in kinds), incident("not_arrived", "08:20")), world
    )
    who = [person for person, _ in day.day.parts]
    assert len(who) == len(set(who)) == 7


def test_incidents_leave_the_others_alone(world: SchoolWorld, plain_day: SchoolDay) -> None:
    day = school_day(with_incidents(incident("abduction", "14:50"), incident("danger_entry", "15:40")), world)
    cast = {world.people[p].id for p, _ in day.day.parts}

    def of_others(events: Sequence[TruthEvent]) -> dict[str, float]:
        return {e.id: e.t for e in events if e.child not in cast}

    a, b = of_others(day.truth), of_others(plain_day.truth)
    assert set(a) == set(b)
    moved = [abs(a[i] - b[i]) for i in a]
    assert sum(m > 0 for m in moved) < 0.1 * len(moved)  # friends who miss one, and who is next in a queue
    assert max(moved) < 300.0


def test_a_named_child_is_taken(world: SchoolWorld) -> None:
    day = school_day(with_incidents(incident("phone_call_112", "15:10", child=7)), world)
    assert [p for p, _ in day.day.parts] == [7]
    with pytest.raises(NoCandidate, match="child 900 is not among"):
        school_day(with_incidents(incident("phone_call_112", "15:10", child=900)), world)


def test_impossible_incidents_say_what_to_change(world: SchoolWorld) -> None:
    with pytest.raises(NoCandidate, match=r"abduction-1.*Choose the end of lessons"):
        school_day(with_incidents(incident("abduction", "07:00")), world)
    with pytest.raises(NoCandidate, match="within call range"):
        school_day(with_incidents(incident("tag_call", "11:00")), world)


def test_names_do_not_depend_on_other_schools(world: SchoolWorld) -> None:
    own = incident("phone_call_112", "15:10")
    other = Incident(kind="phone_call_112", school="9000002", at="15:10")
    both = msgspec.structs.replace(with_incidents(other, own), schools=(ZONE, "9000002"))
    assert school_day(both, world).digest() == school_day(with_incidents(own), world).digest()
    assert small_scenario().incidents == ()
