"""A hub whose broker is a Mosquitto: every principal on a connection of its own, with its own account."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from safezone_hub.broker import connect
from safezone_hub.clock import WallClock
from safezone_hub.engine import Engine
from safezone_hub.items import read_item
from safezone_hub.link import MqttLink
from safezone_hub.mosquitto import Principal, password_of, principals_of
from safezone_hub.settings import RuleSettings
from safezone_hub.store import SqliteStore

from tests.broker.peers import wait_until
from tests.brokers import MosquittoServer, mosquitto_server, needs_mosquitto
from tests.hub.hub_world import Client, Sender, iso, world

pytestmark = needs_mosquitto
CHILDREN = ("c1", "c2", "c3", "c4", "c5", "c6")
WORLD: list[dict[str, Any]] = world(*CHILDREN, drill=False)
PRINCIPALS = {f"{p.role}/{p.id}": p for p in principals_of(WORLD)}


class Person(Client):
    """One principal's connection; it comes back by itself as paho does it."""

    def __init__(self, port: int, principal: Principal) -> None:
        self.arrived = []
        self._changed = threading.Condition()
        self._mqtt = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._mqtt.reconnect_delay_set(0.1, 0.5)  # type: ignore[arg-type]
        self._mqtt.username_pw_set(principal.username, password_of(principal))
        subscribed = threading.Event()
        self._mqtt.on_message = self._on_message
        self._mqtt.on_subscribe = lambda *_: subscribed.set()
        self._mqtt.on_connect = lambda c, *_: c.subscribe(f"safezone/v1/{principal.username}/down", qos=1)
        self._mqtt.connect("127.0.0.1", port)
        self._mqtt.loop_start()
        assert subscribed.wait(10)

    def wait_for_broker(self) -> None:
        """Until the broker has acknowledged everything sent."""
        self._mqtt.publish("safezone/v1/z1/nobody", b"", qos=1).wait_for_publish(10)

    def ids(self, type_: str) -> set[str]:
        return {envelope["id"] for envelope in self.down(type_)}


class Running:
    """An engine with its store and its link, and who speaks with it."""

    def __init__(self, server: MosquittoServer, state: Path) -> None:
        self.store = SqliteStore(state)
        self.engine = Engine(self.store, WallClock(), RuleSettings(), "hub")
        self.link: MqttLink = connect(server.hub_broker(), "hub", self.engine.submit, self.engine.reconnected)
        self.engine.start(self.link)
        parsed = [read_item(body) for body in WORLD]
        self.engine.ask(lambda zones, work: zones.put(work, WORLD, parsed, time.time())).result(10)
        self.people = {
            name: Person(server.port, PRINCIPALS[name]) for name in ("dev/pole", "desk/d112", "guardian/g-c1")
        }

    def open_for(self, name: str) -> set[str]:
        """Ids of what nobody has acknowledged yet, to one principal."""
        messages = self.engine.ask(lambda zones, _: list(zones.outbox.open.values())).result(10)
        return {json.loads(m.payload)["id"] for m in messages if f"/{name}/down" in m.topic}

    def stop(self) -> None:
        for person in self.people.values():
            person.close()
        self.engine.stop()
        self.link.close()
        self.store.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MosquittoServer]:
    with mosquitto_server(tmp_path / "mq", PRINCIPALS.values()) as running:
        yield running


@pytest.fixture
def hub(server: MosquittoServer, tmp_path: Path) -> Iterator[Running]:
    running = Running(server, tmp_path / "hub.sqlite")
    yield running
    running.stop()


def call(pole: Sender, child: str, press: int) -> tuple[str, bytes]:
    now = time.time()
    return pole.message("tag.called", {"tag": f"t-{child}", "press": press, "pressed_at": iso(now)}, now)


def test_a_call_is_receipted_and_reaches_desk_and_guardian_and_nobody_else(hub: Running) -> None:
    pole, desk, guardian = (hub.people[name] for name in ("dev/pole", "desk/d112", "guardian/g-c1"))
    sender = Sender("dev", "pole", drill=None)
    for child in ("c1", "c2"):
        assert pole.receipt(pole.send(call(sender, child, 1)))["status"] == "accepted"
    alerts = desk.wait(lambda e: e["type"] == "alert", "alert", 2)
    assert {a["data"]["child"] for a in alerts} == {"c1", "c2"}
    notices = guardian.wait(lambda e: e["type"] == "notice", "notice")
    assert {n["data"]["child"] for n in notices} == {"c1"}
    assert {topic for topic, *_ in guardian.arrived} == {"safezone/v1/z1/guardian/g-c1/down"}
    assert {e["type"] for _, e, _ in pole.arrived} == {"receipt"}
    now = time.time()
    ack = Sender("desk", "d112", drill=None).message(
        "ack", {"notice": alerts[0]["id"], "received_at": iso(now)}, now
    )
    assert desk.receipt(desk.send(ack))["status"] == "accepted"
    assert alerts[0]["id"] not in hub.open_for("desk/d112")


def test_broker_killed_under_calls_loses_nothing(hub: Running, server: MosquittoServer) -> None:
    """The device repeats until a receipt, the hub says again what is open: both over a broker that forgot a second."""
    pole, desk = hub.people["dev/pole"], hub.people["desk/d112"]
    sender = Sender("dev", "pole", drill=None)
    waiting: dict[str, tuple[str, bytes]] = {}

    def repeat() -> bool:
        """Say again what has no receipt; whether anything is left."""
        for _, envelope, _ in list(pole.arrived):
            for receipt in envelope["data"]["receipts"]:
                assert receipt["status"] in ("accepted", "duplicate"), receipt
                waiting.pop(receipt["id"], None)
        for message in waiting.values():
            pole.send(message)
        return not waiting

    def press(n: int) -> None:
        message = call(sender, CHILDREN[n % len(CHILDREN)], n)
        waiting[pole.send(message)] = message

    for round_ in range(3):
        for n in range(20):
            press(100 * round_ + n)
            if n == 10:
                server.kill()
        wait_until(lambda: not hub.link.is_connected(), "the hub to see the loss")
        assert hub.link.health().startswith("not connected")
        server.start()
        wait_until(hub.link.is_connected, "the hub to come back")
        deadline = time.monotonic() + 20
        while not repeat():
            assert time.monotonic() < deadline, f"expected receipts of all, missing {len(waiting)}"
            threading.Event().wait(0.2)
    presses = hub.engine.ask(lambda zones, _: set(zones.desk("z1").state.incidents)).result(10)
    assert len(presses) >= len(CHILDREN)
    wait_until(lambda: hub.open_for("desk/d112") <= desk.ids("alert"), "every open alert at the desk", 20)
    assert hub.open_for("desk/d112")


def test_what_comes_while_the_hub_is_down_waits_at_the_broker(
    server: MosquittoServer, tmp_path: Path
) -> None:
    first = Running(server, tmp_path / "hub.sqlite")
    first.stop()
    sender = Sender("dev", "pole", drill=None)
    pole = Person(server.port, PRINCIPALS["dev/pole"])
    message = call(sender, "c1", 1)
    pole.send(message)
    pole.wait_for_broker()
    pole.close()
    second = Running(server, tmp_path / "hub.sqlite")
    again = second.people["dev/pole"]
    # Nobody but the broker can have brought it, so a repeat is no news.
    assert again.receipt(again.send(message))["status"] == "duplicate"
    second.stop()


def test_accounts_of_a_mosquitto_follow_what_is_registered_over_http(tmp_path: Path) -> None:
    """A served hub keeps them in step: whoever is registered can connect a moment later."""
    import httpx
    from safezone_hub.mosquitto import MosquittoFiles
    from safezone_hub.serve import build_hub

    with mosquitto_server(tmp_path / "broker", []) as server:
        files = MosquittoFiles(server.files.folder)
        hub = build_hub(tmp_path / "state", token="t", broker=server.hub_broker(), accounts=files)
        try:
            http = httpx.Client(base_url=hub.ready["http"], headers={"Authorization": "Bearer t"})
            assert http.get("/healthz").json()["checks"]["accounts"] == "ok"
            assert http.post("/v1/registry:import", json={"items": WORLD}).status_code == 200
            pole = PRINCIPALS["dev/pole"]

            def may_connect() -> bool:
                outcome: list[Any] = []
                came = threading.Event()
                probe = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
                probe.username_pw_set(pole.username, password_of(pole))
                probe.on_connect = lambda *args: (outcome.append(args[3]), came.set())  # type: ignore[func-returns-value]
                probe.connect("127.0.0.1", server.port)
                probe.loop_start()
                came.wait(5)
                probe.disconnect()
                probe.loop_stop()
                return bool(outcome) and not outcome[0].is_failure

            wait_until(may_connect, "the new reader to be let in")
        finally:
            hub.stop()
