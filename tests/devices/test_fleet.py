"""Equipment of a school at work, without a hub: what it says of its own health."""

from typing import Any

import msgspec
import pytest
import simpy
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.devices.envelope import WireTime
from safezone_sim.devices.fleet import Fleet
from safezone_sim.devices.network import Network, Outgoing
from safezone_sim.life.model import Life
from safezone_sim.map import load_map
from safezone_sim.scenario import Noise, Scenario, load_scenario
from safezone_sim.schools import find_school
from safezone_sim.world import build_world
from safezone_sim.world.model import SchoolWorld


class Listener:
    confirms_at_once = True

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def deliver(self, message: Outgoing) -> None:
        self.heard.append(msgspec.json.decode(message.payload))


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    pilot = load_scenario(scenarios_dir() / "pilot-quiet.toml")
    noise = Noise(bell_tampered=1.0, latency_s=0.0)
    return msgspec.structs.replace(
        pilot, schools=("7051141",), start="07:00", end="07:40", incidents=(), noise=noise
    )


@pytest.fixture(scope="module")
def world(scenario: Scenario) -> SchoolWorld:
    school = find_school("7051141", None)
    street_map = load_map(school.lon, school.lat, 1300.0, map_dir=None, source="schematic")
    return build_world(scenario, school, street_map)


def _live(scenario: Scenario, world: SchoolWorld, flat: str | None = None) -> tuple[Fleet, Listener]:
    env = simpy.Environment(initial_time=scenario.start_s)
    listener = Listener()
    network = Network(env, scenario.noise, listener, 0.0)
    fleet = Fleet(env, scenario, world, network, WireTime(scenario.midnight), scenario.seed)
    fleet.attach(Life(env, scenario, world, fleet))
    if flat is not None:
        phone = next(p for p in fleet.phones.values() if p.name == flat)
        phone._battery = 0.05
    env.run(until=scenario.end_s)
    return fleet, listener


def test_bells_test_themselves_and_report_an_opened_case_at_once(
    scenario: Scenario, world: SchoolWorld
) -> None:
    _, listener = _live(scenario, world)
    bells = {d.id for d in world.devices if d.type == "bell"}
    assert bells
    for bell in bells:
        told = [
            m["data"]
            for m in listener.heard
            if m["type"] == "device.status" and m["source"].endswith("/" + bell)
        ]
        assert (told[0]["self_test"], told[-1]["self_test"]) == ("not_run", "passed")
        tampered = [d["tamper"] for d in told]
        assert tampered[0] is False
        assert tampered[-1] is True
        # The one that tells it comes out of turn, not with a heartbeat.
        assert len(told) > 2 + (scenario.end_s - scenario.start_s) // scenario.equipment.heartbeat_s


def test_a_phone_that_runs_dry_is_a_fault_and_falls_silent(scenario: Scenario, world: SchoolWorld) -> None:
    flat = next(p.phone for p in world.subscribers if p.phone is not None)
    fleet, listener = _live(scenario, world, flat)
    (fault,) = [f for f in fleet.faults if f.kind == "phone_dead"]
    assert fault.subject == flat
    times = [m["time"] for m in listener.heard if m["source"].endswith("/" + flat)]
    assert times
    assert max(times) <= WireTime(scenario.midnight).text(fault.t_from)
