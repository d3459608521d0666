"""Wiring: store, broker, engine, link and HTTP into one running hub. No behaviour of its own."""

import logging
import os
import secrets
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from safezone_hub.api import About, build_api
from safezone_hub.broker import EmbeddedBroker, check_loopback
from safezone_hub.clock import Clock, WallClock
from safezone_hub.engine import Engine
from safezone_hub.link import MqttLink
from safezone_hub.settings import RuleSettings
from safezone_hub.store import SqliteStore, Store

log = logging.getLogger("safezone.hub")


@dataclass
class Hub:
    """A running hub. ``ready`` is what the ready line says."""

    engine: Engine
    broker: EmbeddedBroker
    link: MqttLink
    store: Store
    token: str
    http_port: int
    _http: uvicorn.Server
    _http_thread: threading.Thread

    @property
    def ready(self) -> dict[str, str]:
        host = self.broker.host
        return {
            "mqtt": f"mqtt://{host}:{self.broker.port}",
            "mqtt5": f"mqtt://{host}:{self.broker.port5}",
            "http": f"http://{host}:{self.http_port}",
        }

    def is_running(self) -> bool:
        """Whether the engine works and the broker lives."""
        return self.engine.is_running() and self.broker.is_running()

    def stop(self) -> None:
        """Take nothing more, finish what is begun, let go of ports and files."""
        self._http.should_exit = True
        self._http_thread.join(timeout=10.0)
        self.engine.stop()
        self.link.close()
        self.broker.stop()
        self.store.close()


def build_hub(
    state: Path,
    *,
    host: str = "127.0.0.1",
    mqtt_port: int = 0,
    mqtt5_port: int = 0,
    http_port: int = 0,
    token: str | None = None,
    hub_id: str = "hub",
    settings: RuleSettings | None = None,
    clock: Clock | None = None,
    store: Store | None = None,
) -> Hub:
    """Start every part in order; port 0 takes a free one. Raises NotLoopback or OSError."""
    host = check_loopback(host)
    # The engine and the network threads hand over to each other all the time.
    sys.setswitchinterval(0.0005)
    state.mkdir(parents=True, exist_ok=True)
    clock = clock or WallClock()
    store = store or SqliteStore(state / "hub.sqlite")
    engine = Engine(store, clock, settings or RuleSettings(), hub_id)
    token = token or _stored_token(state)
    broker = EmbeddedBroker(state, host, mqtt_port, mqtt5_port)
    link = MqttLink(host, broker.port, f"hub-{hub_id}", engine.submit)

    def checks() -> dict[str, str]:
        return {
            "engine": "ok" if engine.is_running() else f"stopped: {engine.failed}",
            "store": engine.store_error or "ok",
            "broker": "ok" if broker.is_running() and link.is_connected() else "not connected",
        }

    api = build_api(engine, clock, token, About(hub_id, host, broker.port), checks)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, http_port))
    # From here connections queue: the ready line may be printed before uvicorn takes the first.
    listener.listen(128)
    config = uvicorn.Config(
        api, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=3
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True)
    engine.start(link)
    thread.start()
    return Hub(engine, broker, link, store, token, listener.getsockname()[1], server, thread)


def _stored_token(state: Path) -> str:
    """The token of an earlier start, or a new one, readable by its owner only."""
    path = state / "token"
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    token = secrets.token_urlsafe(32)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token + "\n")
    return token
