"""What must survive: replay equals the snapshot, a crash loses nothing, same input gives the same notices."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from safezone_hub.clock import SetClock
from safezone_hub.engine import Engine
from safezone_hub.replay import rebuild
from safezone_hub.settings import RuleSettings
from safezone_hub.store import Batch, SqliteStore, StoreUnavailable
from safezone_hub.zones import Zones

from tests.hub.hub_world import CLOCK, ZONE, Client, Sender, Ticker, at, iso, lat_lon, sighted, world
from tests.services import NotInstalled, postgres_server


class Recorder:
    """A link that only writes down."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def publish(self, topic: str, payload: bytes) -> None:
        self.sent.append((topic, payload))

    def flush(self) -> None: ...
    def is_connected(self) -> bool:
        return True

    def close(self) -> None: ...

    def notices(self) -> list[dict[str, Any]]:
        found = [json.loads(p) for _, p in self.sent]
        return [e for e in found if e["type"] in ("notice", "alert", "camera.turn")]


def a_morning(seed: int, children: int = 6) -> list[tuple[str, bytes]]:
    """Signed messages of a few children, clock included; ids drawn from the seed."""
    rng = random.Random(seed)
    senders = {name: Sender("dev", name) for name in ("gh", "gs", "is", "pole", "bell")}
    clock, t = Sender("clock", CLOCK), at("07:30")
    out = []

    def message(sender: Sender, type_: str, data: dict[str, Any]) -> None:
        out.append(sender.message(type_, data, t, id=f"{rng.getrandbits(128):032x}"))

    for step in range(240):
        t += rng.uniform(1, 20)
        message(clock, "clock.tick", {"now": iso(t), "tick": step})
        child = f"c{rng.randrange(children)}"
        match rng.randrange(5):
            case 0 | 1:
                gate = senders[rng.choice(["gh", "gs"])]
                message(
                    gate,
                    "tag.sighted",
                    sighted(rng.choice(["in", "out"]), t, tag=f"t-{child}", stay=f"s{step}"),
                )
            case 2:
                message(senders["is"], "tag.sighted", sighted("a", t, tag=f"t-{child}", stay=f"s{step}"))
            case 3:
                phone = senders.setdefault(f"p-{child}", Sender("dev", f"p-{child}"))
                fix = {
                    **lat_lon(rng.uniform(0, 1000), rng.gauss(0, 60)),
                    "accuracy_m": 23,
                    "fix_source": "gps",
                    "fixed_at": iso(t),
                    "moving": True,
                }
                message(phone, "phone.located", fix)
            case 4:
                called = {"tag": f"t-{child}", "press": step, "pressed_at": iso(t)}
                message(senders["pole"], "tag.called", called)
    return [(topic, _with_dashes(payload, topic)) for topic, payload in out]


def _with_dashes(payload: bytes, topic: str) -> bytes:
    """The drawn id as a UUID; signed anew."""
    from tests.hub.hub_world import signed

    envelope = json.loads(payload)
    del envelope["mac"]
    h = envelope["id"]
    envelope["id"] = f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
    return signed(topic, envelope)


def fresh_engine(path: Path) -> tuple[Engine, Recorder]:
    engine, link = Engine(SqliteStore(path), SetClock(at("07:00")), RuleSettings(), "hub"), Recorder()
    engine.start(link)
    return engine, link


def provision(engine: Engine, *children: str) -> None:
    from safezone_hub.items import read_item

    bodies = world(*children)
    engine.ask(
        lambda zones, work: zones.put(work, bodies, [read_item(b) for b in bodies], at("07:00"))
    ).result(10)


def settle(engine: Engine) -> None:
    engine.ask(lambda zones, work: None).result(20)


def test_state_folded_from_the_log_equals_the_state_in_memory_and_in_the_store(tmp_path: Path) -> None:
    engine, _ = fresh_engine(tmp_path / "hub.sqlite")
    provision(engine, *(f"c{i}" for i in range(6)))
    engine.submit(a_morning(1))
    settle(engine)
    engine.stop()
    live = engine.zones.desks[ZONE].state.snapshot()
    store = SqliteStore(tmp_path / "hub.sqlite")
    assert rebuild(store, RuleSettings())[ZONE].snapshot() == live
    assert Zones(store, RuleSettings(), "hub").desks[ZONE].state.snapshot() == live


def test_same_input_gives_the_same_notices_byte_for_byte_however_it_is_batched(tmp_path: Path) -> None:
    runs = []
    for run, size in enumerate((1, 7, 1000)):
        engine, link = fresh_engine(tmp_path / f"{run}.sqlite")
        provision(engine, *(f"c{i}" for i in range(6)))
        messages = a_morning(2)
        for start in range(0, len(messages), size):
            engine.submit(messages[start : start + size])
            settle(engine)
        engine.stop()
        unique = {e["id"]: e for e in link.notices()}
        runs.append([json.dumps(e) for e in unique.values()])
    assert len(runs[0]) > 20
    assert sorted(runs[0]) == sorted(runs[1]) == sorted(runs[2])


def test_a_commit_that_fails_is_tried_again_from_what_the_store_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import safezone_hub.engine

    monkeypatch.setattr(safezone_hub.engine, "STORE_RETRY_S", 0.0)
    engine, link = fresh_engine(tmp_path / "hub.sqlite")
    provision(engine, "c1")
    write, failures = engine.zones.store.write, [1, 1]

    def failing(batch: Batch) -> None:
        if failures:
            failures.pop()
            raise StoreUnavailable("disk I/O error")
        write(batch)

    monkeypatch.setattr(engine.zones.store, "write", failing)
    engine.submit(
        [
            Sender("dev", "pole").message(
                "tag.called", {"tag": "t-c1", "press": 1, "pressed_at": iso(at("08:00"))}, at("08:00")
            )
        ]
    )
    settle(engine)
    engine.stop()
    assert not failures
    assert [e["type"] for e in link.notices()] == ["alert", "notice", "camera.turn"]


def serve(
    state: Path, port: int = 0, http_port: int = 0, dsn: str | None = None
) -> tuple["subprocess.Popen[str]", dict[str, str]]:
    command = [sys.executable, "-m", "safezone_hub", "serve", "--state", str(state)]
    command += ["--mqtt-port", str(port), "--http-port", str(http_port)]
    if dsn is not None:
        command += ["--store", dsn]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "SAFEZONE_HUB_TOKEN": "test-token"}
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "expected a ready line"
    return process, json.loads(line)


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


@pytest.fixture(params=["sqlite", "postgresql"])
def dsn(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the hub keeps its rows: none for the file in its state folder."""
    if request.param == "sqlite":
        yield None
        return
    try:
        with postgres_server() as server:
            yield server.dsn()
    except NotInstalled as why:
        pytest.skip(str(why))


def test_kill_9_loses_nothing_receipted_and_repeats_what_nobody_acknowledged(
    tmp_path: Path, dsn: str | None
) -> None:
    process, ready = serve(tmp_path, dsn=dsn)
    client = Client(port_of(ready["mqtt"]))
    http = httpx.Client(base_url=ready["http"], headers={"Authorization": "Bearer test-token"})
    again: subprocess.Popen[str] | None = None
    try:
        assert http.post("/v1/registry:import", json={"items": world("c1", "c2")}).status_code == 200
        ticker, pole, desk = Ticker(client), Sender("dev", "pole"), Sender("desk", "d112")
        ticker.to(at("15:00"))
        calls = [
            pole.message(
                "tag.called", {"tag": f"t-c{n}", "press": 5, "pressed_at": iso(at("15:00"))}, at("15:00")
            )
            for n in (1, 2)
        ]
        for call in calls:
            assert client.receipt(client.send(call))["status"] == "accepted"
        for type_ in ("notice", "camera.turn"):
            client.wait(lambda e, t=type_: e["type"] == t, type_, 2)  # type: ignore[misc]
        alerts = client.wait(lambda e: e["type"] == "alert", "alert", 2)
        first_bytes = {
            e["id"]: raw for _, e, raw in client.arrived if e["type"] in ("alert", "notice", "camera.turn")
        }
        acked = alerts[0]["id"]
        client.receipt(
            client.send(desk.message("ack", {"notice": acked, "received_at": iso(at("15:00"))}, at("15:00")))
        )
        process.send_signal(signal.SIGKILL)
        process.wait()
        client.close()

        again, ready = serve(tmp_path, port_of(ready["mqtt"]), port_of(ready["http"]), dsn)
        client = Client(port_of(ready["mqtt"]))
        ticker._client = client
        for call in calls:
            assert client.receipt(client.send(call))["status"] == "duplicate"
        ticker.to(at("15:00:01"))
        down = [(e, raw) for _, e, raw in client.arrived if e["type"] in ("alert", "notice", "camera.turn")]
        assert {e["id"] for e, _ in down} == set(first_bytes) - {acked}
        assert all(first_bytes[e["id"]] == raw for e, raw in down)
        fresh = httpx.get(
            ready["http"] + f"/v1/zones/{ZONE}/incidents", headers={"Authorization": "Bearer test-token"}
        )
        assert len(fresh.json()["items"]) == 2
    finally:
        client.close()
        for each in (process, again):
            if each is not None:
                each.kill()
                each.wait()
                assert each.stdout is not None
                each.stdout.close()


def test_sigterm_is_a_clean_end(tmp_path: Path) -> None:
    process, ready = serve(tmp_path)
    assert set(ready) == {"mqtt", "mqtt5", "http"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert process.stdout is not None
    process.stdout.close()
    assert (tmp_path / "hub.sqlite").exists()
