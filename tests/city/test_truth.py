"""The city's truth is the pilot's: row for row, with calls and without, at any take-up."""

from pathlib import Path

import msgspec
import numpy as np
from safezone_sim.city.school import SchoolColumns, SchoolTask, school_columns, school_scenario, school_world
from safezone_sim.city.truth import KINDS, truth_digest, truth_table, walks_table
from safezone_sim.life.columns import SchoolDay
from safezone_sim.scenario import Scenario
from safezone_sim.schools import all_schools

Row = tuple[object, ...]


def _city_rows(columns: SchoolColumns) -> list[Row]:
    truth, people = columns.truth, columns.day.world.people
    return sorted(
        (
            float(truth.t[i]),
            KINDS[int(truth.kind[i])],
            people[int(truth.child[i])].id if truth.child[i] >= 0 else "",
            truth.place[i],
            truth.device[i],
            float(truth.lat[i]),
            float(truth.lon[i]),
            int(truth.guardians[i]) + int(truth.desk[i]),
        )
        for i in range(len(truth))
    )


def _pilot_rows(columns: SchoolColumns) -> list[Row]:
    return sorted(
        (e.t, e.service, e.child or "", e.place or "", e.device or "", e.lat, e.lon, len(e.recipients))
        for e in SchoolDay(columns.day).truth
    )


def test_every_event_is_the_one_that_the_pilot_composes(one_day: SchoolColumns) -> None:
    ours, theirs = _city_rows(one_day), _pilot_rows(one_day)
    assert ours == theirs
    services = {row[1] for row in ours}
    assert services >= {"school_arrival", "home_exit", "tag_call", "phone_call_112", "bell_call"}


def test_with_part_of_the_pupils_the_others_walk_too(calling: Scenario, town_dir: Path) -> None:
    assert calling.city is not None
    part = msgspec.structs.replace(calling, city=msgspec.structs.replace(calling.city, take_up=0.25))
    school = all_schools(town_dir)[0]
    own = school_scenario(part, school)
    world, _ = school_world(SchoolTask(part, school, town_dir, "schematic", None), own)
    columns = school_columns(own, world)
    assert len(world.subscribers) == 15
    assert len(world.people) == 60
    assert _city_rows(columns) == _pilot_rows(columns)
    assert columns.day.settled.trips.person.max() > 15


def test_calls_change_nobody_and_the_digest_sees_them(
    one_day: SchoolColumns, town: Scenario, town_dir: Path
) -> None:
    school = all_schools(town_dir)[0]
    quiet = school_columns(school_scenario(town, school), one_day.day.world)
    assert np.array_equal(quiet.day.settled.trips.depart, one_day.day.settled.trips.depart)
    assert truth_digest(quiet.day, quiet.truth) != truth_digest(one_day.day, one_day.truth)


def test_tables_say_what_the_columns_say(one_day: SchoolColumns) -> None:
    events = truth_table(one_day.day, one_day.truth).to_pylist()
    bell = next(e for e in events if e["service"] == "bell_call")
    assert bell["child"] is None and bell["device"] and bell["desk"]
    arrival = next(e for e in events if e["service"] == "school_arrival")
    assert arrival["place"] == one_day.day.world.school_place and arrival["guardians"] >= 1
    walks = walks_table(one_day.day).to_pylist()
    assert all(w["arrive_s"] > w["depart_s"] and w["metres"] > 0 for w in walks)
