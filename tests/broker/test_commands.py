"""From an embedded broker to a Mosquitto by the two commands, as docs/operations.md says."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from safezone_hub.broker import free_port
from safezone_hub.mosquitto import MosquittoFiles

from tests.broker.peers import wait_until
from tests.broker.test_hub_over_mosquitto import PRINCIPALS, WORLD, Person, call
from tests.brokers import MosquittoServer, mosquitto_server, needs_mosquitto
from tests.hub.hub_world import Sender

TOKEN = {"Authorization": "Bearer test-token"}
ENVIRONMENT = {**os.environ, "SAFEZONE_HUB_TOKEN": "test-token"}
HUB = [sys.executable, "-m", "safezone_hub"]


@contextmanager
def serving(state: Path, *more: str) -> Iterator[dict[str, str]]:
    """A hub in a process of its own; what its ready line says."""
    process = subprocess.Popen(
        [*HUB, "serve", "--state", str(state), *more], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, "expected a ready line"
        yield json.loads(line)
    finally:
        process.terminate()
        assert process.wait(15) == 0
        process.stdout.close()


@needs_mosquitto
@pytest.mark.slow
def test_the_registry_moves_behind_a_mosquitto_and_health_follows_it(tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "mq"
    with serving(state) as ready:
        assert set(ready) == {"mqtt", "mqtt5", "http"}
        answer = httpx.post(ready["http"] + "/v1/registry:import", json={"items": WORLD}, headers=TOKEN)
        assert answer.status_code == 200, answer.text
    port = free_port("127.0.0.1")
    options = ["--local-port", str(port), *(["--user", "root"] if os.geteuid() == 0 else [])]
    done = subprocess.run(
        [*HUB, "mosquitto", "--state", str(state), "--out", str(out), *options],
        capture_output=True, text=True, env=ENVIRONMENT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"--broker mqtt://hub@127.0.0.1:{port}" in done.stdout
    mosquitto = MosquittoServer(MosquittoFiles(out), port, None)
    try:
        password = ["--broker-password-file", str(out / "hub.password")]
        with serving(state, "--broker", f"mqtt://hub@127.0.0.1:{port}", *password) as ready:
            assert (ready["mqtt"], "mqtt5" in ready) == (f"mqtt://hub@127.0.0.1:{port}", False)
            pole, desk = (Person(port, PRINCIPALS[name]) for name in ("dev/pole", "desk/d112"))
            sender = Sender("dev", "pole", drill=None)
            assert pole.receipt(pole.send(call(sender, "c1", 1)))["status"] == "accepted"
            desk.wait(lambda e: e["type"] == "alert", "alert")

            def broker_says() -> str:
                word: str = httpx.get(ready["http"] + "/healthz").json()["checks"]["broker"]
                return word

            assert broker_says() == "ok"
            mosquitto.kill()
            wait_until(lambda: broker_says() != "ok", "the health endpoint to say that the broker is away")
            mosquitto.start()
            wait_until(lambda: broker_says() == "ok", "the hub to come back by itself")
            message = call(sender, "c2", 2)
            id_ = pole.send(message)
            deadline = time.monotonic() + 10
            while not any(r["id"] == id_ for e in pole.down("receipt") for r in e["data"]["receipts"]):
                assert time.monotonic() < deadline, "expected a receipt over the new connections"
                time.sleep(0.2)
                pole.send(message)
            pole.close()
            desk.close()
    finally:
        mosquitto.stop()


@needs_mosquitto
def test_a_wrong_password_stops_the_start_with_the_reason(tmp_path: Path) -> None:
    with mosquitto_server(tmp_path / "mq") as server:
        done = subprocess.run(
            [*HUB, "serve", "--state", str(tmp_path / "state"), "--broker", f"mqtt://hub:guess@127.0.0.1:{server.port}"],
            capture_output=True, text=True, env=ENVIRONMENT, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "wrong username or password" in done.stderr
    assert "guess" not in done.stderr
