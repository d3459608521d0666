"""The hub as a process: start, kill, stop, ask. Nothing of its code is used here, only its command and HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import httpx

COMMAND = (sys.executable, "-m", "safezone_hub")
TOKEN = "bench-token-of-an-invented-service-0001"
READY_S = 60.0


class HubFailed(RuntimeError):
    """The hub did not start, or ended by itself."""


@cache
def options_known() -> str:
    """The help text of ``serve``: which options this hub has."""
    return subprocess.run([*COMMAND, "serve", "--help"], capture_output=True, text=True, check=False).stdout


def has_option(name: str) -> bool:
    return f"{name} " in options_known() or f"{name}\n" in options_known()


class HubProcess:
    """One hub on one state folder, on the same ports through all its lives."""

    def __init__(
        self, state: Path, options: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> None:
        self.state, self.options, self.env = state, list(options), dict(env or {})
        self.log = state.with_name(state.name + ".log")
        self.process: subprocess.Popen[str] | None = None
        self.mqtt_port, self.http_port = free_port(), free_port()
        self.ready_s = 0.0
        self.broker_address = ("127.0.0.1", self.mqtt_port)
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.http_port}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=60.0,
        )

    def start(self) -> dict[str, str]:
        """Start it and wait for its ready line. ``ready_s`` says how long that took."""
        self.state.mkdir(parents=True, exist_ok=True)
        command = [*COMMAND, "serve", "--state", str(self.state), "--http-port", str(self.http_port)]
        if "--broker" not in self.options:
            command += ["--mqtt-port", str(self.mqtt_port)]
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "SAFEZONE_HUB_TOKEN": TOKEN, **self.env},
            )
        line = _line_within(self.process, READY_S)
        if not line:
            self.kill()
            raise HubFailed(f"no ready line within {READY_S:.0f} s:\n{self.tail()}")
        self.ready_s = time.monotonic() - began
        ready: dict[str, str] = json.loads(line)
        return ready

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """kill -9, and wait until its broker is gone too."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM and a clean end."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        process = self.process
        if process is None:
            return
        children = children_of(process.pid)
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
        self.process = None
        deadline = time.monotonic() + 5
        while any(_runs(pid) for pid in children) and time.monotonic() < deadline:
            time.sleep(0.005)

    def close(self) -> None:
        self.kill()
        self.http.close()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    # ------------------------------------------------------------------- over HTTP

    def register(self, items: list[dict[str, Any]]) -> None:
        """Import a registry."""
        answer = self.http.post("/v1/registry:import", json={"items": items})
        if answer.status_code != 200:
            raise HubFailed(f"import refused: {answer.status_code} {answer.text[:1000]}")

    def stats(self, zone: str) -> dict[str, Any] | None:
        """None where the hub has none for that zone."""
        answer = self.http.get(f"/v1/zones/{zone}/stats")
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /healthz; (0, {}) when nobody answers."""
        try:
            answer = self.http.get("/healthz", timeout=5.0)
            return answer.status_code, answer.json()
        except (httpx.HTTPError, ValueError):
            return 0, {}

    def rss_mib(self) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def children_of(pid: int) -> list[int]:
    """Children and theirs."""
    found, parents = [], {pid}
    rows = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            rows.append((int(entry.name), int(fields[1])))
    grew = True
    while grew:
        grew = False
        for child, parent in rows:
            if parent in parents and child not in parents:
                parents.add(child)
                found.append(child)
                grew = True
    return found


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _line_within(process: "subprocess.Popen[str]", seconds: float) -> str:
    """The first line of its output; empty when it ends or says nothing in time."""
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: lines.append(process.stdout.readline()), daemon=True)  # type: ignore[union-attr]
    reader.start()
    reader.join(seconds)
    return lines[0] if lines else ""
