"""The bundled hub as a process of its own, started by its command and met over the wire like anyone's."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

START_TIMEOUT_S = 30.0


class HubStartError(RuntimeError):
    """The hub did not become ready; the text holds the end of its log."""


@dataclass(frozen=True)
class HubAddress:
    """Where a hub listens. ``token`` may be None for a hub that asks for none."""

    mqtt_host: str
    mqtt_port: int
    http: str
    token: str | None


class HubProcess:
    """Starts, kills and restarts one hub on one state directory."""

    def __init__(self, command: Sequence[str], state: Path, options: Sequence[str] = ()) -> None:
        self._command = [*command, "serve", "--state", str(state), *options]
        self._state = state
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._ports: dict[str, int] = {}
        self.address: HubAddress | None = None

    def start(self) -> HubAddress:
        """Starts and waits for the ready line. Ports stay the same over restarts."""
        self._state.mkdir(parents=True, exist_ok=True)
        ports = []
        for option, name in (("--mqtt-port", "mqtt"), ("--mqtt5-port", "mqtt5"), ("--http-port", "http")):
            if name in self._ports:
                ports += [option, str(self._ports[name])]
        self._log = (self._state / "hub.log").open("ab")
        # An outside hub's token is none of the bundled one's business: it makes its own.
        env = {k: v for k, v in os.environ.items() if k != "SAFEZONE_HUB_TOKEN"}
        self._process = subprocess.Popen(
            # Ctrl-C is for whoever started it: it ends the hub itself, in good order.
            [*self._command, *ports],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=env,
            start_new_session=True,
        )
        ready = self._read_ready_line()
        self._ports = {name: _port(ready[name]) for name in ("mqtt", "mqtt5", "http")}
        token_file = self._state / "token"
        token = token_file.read_text().strip() if token_file.exists() else None
        self.address = HubAddress(
            "127.0.0.1", self._ports["mqtt"], f"http://127.0.0.1:{self._ports['http']}", token
        )
        return self.address

    def _read_ready_line(self) -> dict[str, int | str]:
        assert self._process is not None and self._process.stdout is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            readable, _, _ = select.select([self._process.stdout], [], [], 0.2)
            if readable:
                line = self._process.stdout.readline()
                if line.startswith(b"{"):
                    ready: dict[str, int | str] = json.loads(line)
                    return ready
            if self._process.poll() is not None:
                break
        log = (self._state / "hub.log").read_text(errors="replace")[-2000:]
        self.stop()
        raise HubStartError(f"the hub did not become ready in {START_TIMEOUT_S:.0f} s. Its log ends:\n{log}")

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def kill(self) -> None:
        """kill -9, as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._close()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after 10 s."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._close()

    def _close(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        if self._log is not None:
            self._log.close()
        self._process = None


def _port(value: int | str) -> int:
    """A port from the ready line: a number, or the end of an address."""
    return value if isinstance(value, int) else int(str(value).rstrip("/").rsplit(":", 1)[1])
