"""The bundled hub, started for a capacity run by its command: one process or several shards, met over the wire like any."""

import json
import os
import secrets
import selectors
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from safezone_sim.capacity.gauges import family

READY_S = 60.0


class LocalHubError(RuntimeError):
    """The bundled hub did not start. The text holds the end of its log."""


class LocalHub:
    """Running once constructed. ``mqtt`` and ``api`` say where, ``token`` opens it."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        store: str | None = None,
        broker: str | None = None,
        shards: int = 1,
        options: Sequence[str] = (),
    ) -> None:
        if shards > 1 and not (store and broker):
            raise LocalHubError(
                "--shards 에는 --store 와 --broker 가 필요합니다. Several shards share one PostgreSQL and one broker: "
                "give --store postgresql://… and --broker mqtt://…"
            )
        self.token = secrets.token_urlsafe(32)
        self._secrets = {"SAFEZONE_HUB_TOKEN": self.token}
        if shards > 1:  # they read each other's rows
            self._secrets["SAFEZONE_MASTER_KEY"] = secrets.token_urlsafe(32)
        self._broker = broker
        self._running: list[subprocess.Popen[bytes]] = []
        self._logs: list[IO[bytes]] = []
        self.mqtt = self.api = ""
        try:
            for n in range(1, shards + 1):
                state = folder / (f"hub-{n}" if shards > 1 else "hub")
                parts = [*command, "serve", "--state", str(state), *options]
                parts += ["--store", store] if store else []
                parts += ["--broker", broker] if broker else []
                parts += ["--shard", f"{n}/{shards}"] if shards > 1 else []
                ready = self._start(parts, state)
                self.api = self.api or ready["http"]
                # The ready line names no password.
                self.mqtt = broker or ready["mqtt"]
        except BaseException:
            self.stop()
            raise

    def _start(self, command: Sequence[str], state: Path) -> dict[str, str]:
        state.mkdir(parents=True, exist_ok=True)
        log = (state / "hub.log").open("ab")
        self._logs.append(log)
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **self._secrets},
        )
        self._running.append(process)
        assert process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            deadline = time.monotonic() + READY_S
            while time.monotonic() < deadline and process.poll() is None:
                if waiting.select(0.2):
                    line = process.stdout.readline()
                    if line.startswith(b"{"):
                        ready: dict[str, str] = json.loads(line)
                        return ready
        tail = (state / "hub.log").read_text(errors="replace")[-2000:]
        raise LocalHubError(f"the hub did not become ready within {READY_S:.0f} s. Its log ends:\n{tail}")

    def groups(self) -> dict[str, list[int]]:
        """The hub's processes, and those of the broker it runs itself."""
        hubs = [process.pid for process in self._running]
        embedded = [pid for hub in hubs for pid in family(hub)[1:]]
        return {"hub": hubs, **({"broker": embedded} if embedded else {})}

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after 15 s."""
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        for process in self._running:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
            if process.stdout is not None:
                process.stdout.close()
        for log in self._logs:
            log.close()
        self._running, self._logs = [], []


def described(store: str | None, broker: str | None, shards: int) -> dict[str, object]:
    """What the hub was started with, without passwords."""
    return {
        "how": "bundled",
        "store": "postgresql" if store else "sqlite",
        "broker": _host(broker) if broker else "embedded",
        "shards": shards,
    }


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or ''}".rstrip(":")
