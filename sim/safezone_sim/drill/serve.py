"""The control service as a running thing: uvicorn in a thread, beside a hub that is watched and started again when it dies."""

import json
import os
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn

from safezone_sim.drill.control import Control
from safezone_sim.drill.service import build_service
from safezone_sim.twin.hubprocess import HubProcess, HubStartError

START_TIMEOUT_S = 20.0
LOOK_EVERY_S = 0.5
FILE = "control.json"


class ControlServer:
    """Serves a ``Control`` on one address until ``stop``. ``url`` and ``control.token`` are what clients need."""

    def __init__(self, control: Control, host: str = "127.0.0.1", port: int = 0) -> None:
        self.control = control
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{host}:{self.port}"
        config = uvicorn.Config(
            build_service(control), log_level="warning", access_log=False, timeout_graceful_shutdown=1
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def start(self) -> None:
        """Returns when it answers."""
        self._thread.start()
        if not self._server.up.wait(START_TIMEOUT_S):
            raise OSError(f"the control service did not come up on {self.url}. Is the port free?")

    def write(self, folder: Path) -> Path:
        """Says where it is in ``control.json``, readable by this user alone."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        path.touch(mode=0o600)
        path.chmod(0o600)
        body = {"http": self.url, "token": self.control.token, "hub": self.control.hub, "pid": os.getpid()}
        path.write_text(json.dumps(body) + "\n", encoding="utf-8")
        return path

    def stop(self) -> None:
        """Ends every drill, keeping its record, then the service."""
        self.control.close()
        self._server.should_exit = True
        self._thread.join(timeout=5.0)
        self._socket.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    def install_signal_handlers(self) -> None:
        return


class HubKeeper:
    """Starts a dead hub again on the same state and ports, so that a drill goes on where it was."""

    def __init__(self, hub: HubProcess, told: Callable[[str], None] = lambda text: None) -> None:
        self._hub, self._told = hub, told
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _keep(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_S):
            if not self._hub.alive:
                self._told("허브가 멈춰 다시 시작합니다 · the hub stopped; starting it again")
                try:
                    self._hub.start()
                except (HubStartError, OSError) as e:
                    self._told(str(e))

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=35.0)


def new_token() -> str:
    """A control token."""
    return f"szc_{secrets.token_urlsafe(24)}"
