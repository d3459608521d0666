"""The simulated camera: turns, holds, is let go, and says where it looks."""

from typing import Any

import msgspec
import pytest
import simpy
from safezone_model import validator
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.devices.agents import DeviceModel
from safezone_sim.devices.camera import TURN_S, Camera
from safezone_sim.devices.envelope import WireTime
from safezone_sim.devices.network import Network, Outgoing
from safezone_sim.devices.outbox import Outbox
from safezone_sim.scenario import Noise, load_scenario
from safezone_sim.streams import scalar_stream
from safezone_sim.world.model import Device

PRESETS = (("p1", 10.0), ("p2", 130.0), ("p3", 250.0))


class Bench:
    """One camera on a clock, its messages caught as they would reach a hub."""

    confirms_at_once = True

    def __init__(self) -> None:
        pilot = load_scenario(scenarios_dir() / "pilot-quiet.toml")
        self.env = simpy.Environment()
        self.heard: list[tuple[float, dict[str, Any]]] = []
        network = Network(self.env, Noise(latency_s=0.0), self, 0.0)
        outbox = Outbox(
            self.env,
            network,
            WireTime(pilot.midnight),
            zone="z",
            role="dev",
            principal="k",
            key=("k-key", b"0" * 32),
            exercise="drill",
            rng=scalar_stream(1, "link"),
        )
        device = Device("k", "camera", 0.0, 0.0, presets=PRESETS, fov_deg=60.0, view_m=50.0)
        self.camera = Camera(
            DeviceModel(self.env, "z"), "k", outbox, scalar_stream(1, "k"), 0.0, device=device
        )
        self._ids = 0

    def deliver(self, message: Outgoing) -> None:
        body = msgspec.json.decode(message.payload)
        if body["type"] == "camera.state":
            validator("messages/camera.state").validate(body["data"])
            self.heard.append((float(self.env.now), body["data"]))

    def command(self, kind: str, *, repeat_of: str | None = None, **data: Any) -> str:
        """Hands a command over now; its envelope id."""
        self._ids += 1
        id_ = repeat_of or f"00000000-0000-7000-8000-{self._ids:012d}"
        message = {"id": id_, "type": kind, "data": data}
        self.camera.take(kind, message, repeat_of is not None, float(self.env.now))
        return id_

    def turn(self, preset: str, incident: str, hold_s: float = 300.0, repeat_of: str | None = None) -> str:
        return self.command(
            "camera.turn", repeat_of=repeat_of, preset=preset, incident=incident, hold_s=hold_s
        )

    def pass_time(self, seconds: float) -> list[dict[str, Any]]:
        """Lets time go by; what the camera said meanwhile."""
        before = len(self.heard)
        self.env.run(until=self.env.now + seconds)
        return [data for _, data in self.heard[before:]]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_turn_is_answered_when_the_picture_stands(bench: Bench) -> None:
    command = bench.turn("p2", "i1")
    assert bench.pass_time(TURN_S / 2) == []
    assert bench.pass_time(TURN_S) == [
        {"preset": "p2", "bearing_deg": 130.0, "command": command, "busy": False}
    ]
    assert [(t["preset"], t["incident"]) for t in bench.camera.turns] == [("p2", "i1")]


def test_release_brings_it_back_to_where_it_looked_before(bench: Bench) -> None:
    bench.turn("p2", "i1")
    bench.pass_time(10.0)
    bench.turn("p3", "i1")  # the child has moved on
    bench.pass_time(10.0)
    command = bench.command("camera.release", incident="i1")
    assert bench.pass_time(10.0) == [{"preset": "p1", "bearing_deg": 10.0, "command": command, "busy": False}]
    assert bench.pass_time(1000.0) == []  # the end of its hold means nothing any more


def test_a_release_for_another_incident_moves_nothing_and_says_busy(bench: Bench) -> None:
    bench.turn("p2", "i1")
    bench.turn("p3", "i2")
    bench.pass_time(10.0)
    command = bench.command("camera.release", incident="i1")
    assert bench.pass_time(10.0) == [{"preset": "p3", "bearing_deg": 250.0, "command": command, "busy": True}]
    bench.command("camera.release", incident="i2")
    (state,) = bench.pass_time(10.0)
    assert (state["preset"], state["busy"]) == ("p1", False)


def test_a_release_that_comes_again_is_answered_again(bench: Bench) -> None:
    bench.turn("p2", "i1")
    bench.pass_time(10.0)
    command = bench.command("camera.release", incident="i1")
    first = bench.pass_time(10.0)
    bench.command("camera.release", repeat_of=command, incident="i1")
    assert bench.pass_time(10.0) == first


def test_after_its_hold_it_goes_back_by_itself_and_tells(bench: Bench) -> None:
    bench.turn("p2", "i1", hold_s=60.0)
    bench.pass_time(10.0)
    assert bench.pass_time(60.0) == [{"preset": "p1", "bearing_deg": 10.0}]


def test_renewing_holds_longer_without_moving(bench: Bench) -> None:
    bench.turn("p2", "i1", hold_s=60.0)
    bench.pass_time(50.0)
    command = bench.turn("p2", "i1", hold_s=60.0)
    assert bench.pass_time(40.0) == [
        {"preset": "p2", "bearing_deg": 130.0, "command": command, "busy": False}
    ]
    assert len(bench.camera.turns) == 1
    assert bench.pass_time(30.0) == [{"preset": "p1", "bearing_deg": 10.0}]


def test_a_repeated_turn_is_answered_again_and_moves_nothing(bench: Bench) -> None:
    command = bench.turn("p2", "i1")
    bench.pass_time(10.0)
    bench.command("camera.release", incident="i1")
    bench.pass_time(10.0)
    bench.turn("p2", "i1", repeat_of=command)
    assert bench.pass_time(10.0) == [{"preset": "p1", "bearing_deg": 10.0, "command": command, "busy": False}]
    assert len(bench.camera.turns) == 1


def test_a_preset_it_does_not_have_moves_nothing(bench: Bench) -> None:
    command = bench.turn("p9", "i1")
    assert bench.pass_time(10.0) == [{"preset": "p1", "bearing_deg": 10.0, "command": command, "busy": False}]
    assert (bench.camera.turns, bench.camera.held_for) == ([], None)
