"""Retries, sender's window, offline buffer and superseded positions, over networks that misbehave."""

import random
from datetime import datetime
from zoneinfo import ZoneInfo

import simpy
from safezone_sim.devices.envelope import WireTime
from safezone_sim.devices.network import Network, Outgoing
from safezone_sim.devices.outbox import Outbox
from safezone_sim.scenario import Noise

BELL = {"press": 1, "pressed_at": "2026-05-18T23:31:05.123Z"}


class Deaf:
    """Takes messages and never confirms: the outbox must repeat."""

    confirms_at_once = False

    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.taken: list[tuple[float, Outgoing]] = []

    def deliver(self, message: Outgoing) -> None:
        self.taken.append((self.env.now, message))


class Confirming(Deaf):
    confirms_at_once = True


def _outbox(env: simpy.Environment, uplink: Deaf, noise: Noise) -> Outbox:
    wire = WireTime(datetime(2026, 5, 19, tzinfo=ZoneInfo("Asia/Seoul")))
    return Outbox(
        env,
        Network(env, noise, uplink, 0.0),
        wire,
        zone="z",
        role="dev",
        principal="d1",
        key=("k1", bytes(32)),
        exercise="drill",
        rng=random.Random(7),
    )


def test_an_emergency_is_repeated_after_2_4_5_5_seconds_until_its_receipt() -> None:
    env = simpy.Environment()
    hub = Deaf(env)
    outbox = _outbox(env, hub, Noise(latency_s=0.0))
    message = outbox.send("bell.pressed", BELL)
    env.run(until=17)
    assert [t for t, _ in hub.taken] == [0, 2, 6, 11, 16]
    assert len({m.payload for _, m in hub.taken}) == 1, "a repeat is byte-identical"
    message.on_receipt(message, env.now)
    env.run(until=200)
    assert len(hub.taken) == 5


def test_routine_backs_off_to_sixty_seconds() -> None:
    env = simpy.Environment()
    hub = Deaf(env)
    outbox = _outbox(env, hub, Noise(latency_s=0.0))
    outbox.send("device.status", {})
    env.run(until=250)
    assert [t for t, _ in hub.taken] == [0, 2, 6, 14, 30, 62, 122, 182, 242]


def test_no_more_than_the_window_is_unreceipted_but_an_emergency_passes() -> None:
    env = simpy.Environment()
    hub = Deaf(env)
    outbox = _outbox(env, hub, Noise(latency_s=0.0))
    for _ in range(100):
        outbox.send("device.status", {})
    env.run(until=1)
    assert len(hub.taken) == 60, "routine leaves room for emergencies"
    assert outbox.depth == 100
    for _ in range(6):
        outbox.send("bell.pressed", BELL)
    env.run(until=1.5)
    assert [m.type for _, m in hub.taken[60:]] == ["bell.pressed"] * 4, "and they keep to the window, too"


def test_an_hour_offline_is_delivered_in_order_afterwards() -> None:
    env = simpy.Environment()
    hub = Confirming(env)
    outbox = _outbox(env, hub, Noise(latency_s=0.0))
    outbox.set_online(False)
    for n in range(200):
        outbox.send("device.status", {"n": n})
    env.run(until=3600)
    assert hub.taken == []
    outbox.set_online(True)
    env.run(until=3700)
    payloads = [m.payload for _, m in hub.taken]
    assert len(payloads) == 200
    assert payloads == sorted(payloads, key=lambda p: int(p.split(b'"seq":')[1].split(b",")[0]))
    assert outbox.depth == 0


def test_only_superseded_positions_may_be_dropped() -> None:
    env = simpy.Environment()
    hub = Confirming(env)
    outbox = _outbox(env, hub, Noise(latency_s=0.0))
    outbox.set_online(False)
    outbox.send("phone.located", {})
    outbox.send("device.status", {})
    env.run(until=700)
    outbox.send("phone.located", {})
    outbox.set_online(True)
    env.run(until=710)
    assert sorted(m.type for _, m in hub.taken) == ["device.status", "phone.located"]
    assert outbox.dropped == 1


def test_a_lossy_network_loses_no_message_and_repeats_are_identical() -> None:
    env = simpy.Environment()
    hub = Confirming(env)
    outbox = _outbox(env, hub, Noise(message_loss=0.3, message_duplicate=0.2, message_reorder=0.2))
    sent = [outbox.send("device.status", {"n": n}) for n in range(50)]
    env.run(until=2000)
    assert {m.id for _, m in hub.taken} == {m.id for m in sent}
    assert len({m.payload for _, m in hub.taken}) == 50
    assert len(hub.taken) > 50
    assert all(m.done for m in sent)


def test_routine_arrives_on_the_grid_and_an_emergency_at_once() -> None:
    env = simpy.Environment()
    hub = Confirming(env)
    network = Network(env, Noise(latency_s=0.0), hub, 1.0)
    rng = random.Random(1)
    env.run(until=0.25)
    for kind, emergency in (("device.status", False), ("bell.pressed", True)):
        network.send(Outgoing("z", "s", kind, kind, "t", b"", emergency, env.now, exact=emergency), rng)
    env.run(until=2)
    assert [(t, m.type) for t, m in hub.taken] == [(0.25, "bell.pressed"), (1.0, "device.status")]
