"""Device messages: sizes to the byte, the standard's schemas, the pilot's devices, and rows that stand for many."""

import random
from collections import Counter
from itertools import pairwise

import msgspec
import numpy as np
import pyarrow as pa
import pytest
import safezone_model
import simpy
from safezone_sim.city.fixes import fixes
from safezone_sim.city.messages import TYPES, data_of, expanded
from safezone_sim.city.school import SchoolColumns, per_minute
from safezone_sim.city.sizes import SEQ_DIGITS, decimals
from safezone_sim.devices.envelope import Up, WireTime, seal, uuid7
from safezone_sim.devices.fleet import Fleet
from safezone_sim.devices.network import Network, Outgoing
from safezone_sim.life.model import Life
from safezone_sim.world import build_world


@pytest.fixture(scope="module")
def table(one_day: SchoolColumns) -> pa.Table:
    return one_day.messages()


def test_sizes_are_those_of_really_encoded_messages(one_day: SchoolColumns, table: pa.Table) -> None:
    wire, rng = WireTime(one_day.day.scenario.midnight), random.Random(1)
    drill = one_day.day.scenario.drill_id(one_day.day.world.zone)
    rows = expanded(table, 8 * 3600, 9 * 3600).to_pylist()
    rows += [r for r in expanded(table).to_pylist() if r["class"] == "emergency"]
    assert {r["type"] for r in rows} == set(TYPES)
    wrong = []
    for row in rows:
        device = row["device"]
        envelope = Up(
            "1.0",
            uuid7(wire.unix_ms(row["t_s"]), rng),
            f"{row['zone']}/dev/{device}",
            row["type"],
            wire.text(row["t_s"]),
            "application/json",
            f"{device}-key",
            1,
            rng.randrange(10 ** (SEQ_DIGITS - 1), 10**SEQ_DIGITS),
            drill,
            data_of(row, wire),
        )
        if len(seal(bytes(32), b"topic", envelope)) != row["bytes"]:
            wrong.append((row, len(seal(bytes(32), b"topic", envelope))))
    assert not wrong, wrong[:3]


def test_data_fits_the_standard(one_day: SchoolColumns, table: pa.Table) -> None:
    wire = WireTime(one_day.day.scenario.midnight)
    seen: Counter[str] = Counter()
    for row in expanded(table, 8 * 3600, 20 * 3600).to_pylist():
        if seen[row["type"]] < 40:
            seen[row["type"]] += 1
            safezone_model.validator(f"messages/{row['type']}").validate(data_of(row, wire))
    assert set(seen) == set(TYPES)


def test_lengths_of_numbers_are_those_of_their_text() -> None:
    rng = np.random.default_rng(3)
    values = np.round(np.concatenate([rng.uniform(-130, 130, 4000), np.arange(-60, 60) / 8.0]), 7)
    assert decimals(values, 7).tolist() == [len(repr(v)) for v in values.tolist()]


def test_rows_that_stand_for_many_unfold_to_each(table: pa.Table) -> None:
    total = int(table["count"].to_numpy().astype(int).sum())
    whole = expanded(table)
    assert len(whole) == total == sum(map(sum, per_minute(table).values()))
    cuts = [0.0, 6.5 * 3600, 8 * 3600 + 0.25, 13 * 3600, 86400.0]
    parts = [expanded(table, a, b) for a, b in pairwise(cuts)]
    assert sum(len(p) for p in parts) == total
    assert np.array_equal(pa.concat_tables(parts)["t_s"].to_numpy(), whole["t_s"].to_numpy())
    minute = expanded(table, 8 * 3600, 8 * 3600 + 60.0)
    assert len(minute) == sum(n[480] for n in per_minute(table).values())


def test_every_device_beats_once_a_minute(one_day: SchoolColumns, table: pa.Table) -> None:
    minute = expanded(table, 3 * 3600, 3 * 3600 + 60.0)
    beats = [r["device"] for r in minute.to_pylist() if r["type"] == "device.status"]
    phones = [p.phone for p in one_day.day.world.subscribers if p.phone]
    assert sorted(beats) == sorted([*(d.id for d in one_day.day.world.devices), *phones])


class _Ear:
    """Hears every message of the pilot's devices."""

    confirms_at_once = True

    def __init__(self) -> None:
        self.heard: list[Outgoing] = []

    def deliver(self, message: Outgoing) -> None:
        self.heard.append(message)


def test_the_pilots_own_devices_send_the_same(one_day: SchoolColumns, table: pa.Table) -> None:
    """Agents on the clock, faultless equipment: stay for stay the same, and as many fixes but for their phase."""
    whole, bare = one_day.day.scenario, one_day.day.world
    scenario = msgspec.structs.replace(whole, start="06:00", end="21:00")  # nobody walks at night
    world = build_world(scenario, bare.school, bare.map)
    assert world.people != bare.people  # it has names …
    assert [p.id for p in world.people] == [p.id for p in bare.people]
    env, ear = simpy.Environment(initial_time=scenario.start_s), _Ear()
    fleet = Fleet(
        env,
        scenario,
        world,
        Network(env, scenario.noise, ear, 0.0),
        WireTime(scenario.midnight),
        scenario.seed,
    )
    life = Life(env, scenario, world, fleet)
    fleet.attach(life)
    env.run(until=scenario.end_s)
    heard = Counter(m.type for m in ear.heard)
    ours = Counter(expanded(table, scenario.start_s, scenario.end_s)["type"].to_pylist())
    assert heard["tag.sighted"] == ours["tag.sighted"]
    assert heard["phone.located"] == pytest.approx(ours["phone.located"], rel=0.01)
    assert heard["device.status"] == pytest.approx(ours["device.status"], rel=0.01)
    theirs = sorted((s.child, s.antenna, s.t_in) for s in fleet.ideal.stays)
    stays, day = one_day.own_stays, one_day.day
    who = day.settled.trips.person[stays.trip].tolist()
    mine = zip(who, stays.circle.tolist(), stays.t_in.tolist(), strict=True)
    assert theirs == sorted((world.people[p].id, day.antennas.antennas[a].id, t) for p, a, t in mine)


def test_a_phone_tells_often_while_its_child_walks(one_day: SchoolColumns) -> None:
    day = one_day.day
    located = fixes(day, one_day.motion)
    s = day.scenario.equipment
    for person in [p for p in day.world.subscribers if p.phone][:12]:
        mine = np.flatnonzero(located.person == person.index)
        t = np.concatenate(
            [located.t[i] + np.arange(located.count[i]) * max(located.every_s[i], 1.0) for i in mine]
        )
        t = np.sort(t)
        assert np.diff(t).max() <= s.fix_still_s + 1e-6
        assert np.diff(t).min() >= s.fix_moving_s - 1e-6
        for row in np.flatnonzero(day.settled.trips.person == person.index).tolist():
            a, b = day.settled.trips.depart[row], day.settled.arrive[row]
            on_way = t[(t >= a) & (t <= b)]
            assert len(on_way) >= (b - a) / s.fix_moving_s - 2
