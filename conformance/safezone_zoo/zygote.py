"""A process that has loaded every library and none of the product, and forks a hub for each mutant: a start takes a moment.

Talks over a Unix socket, one JSON line each way: {"do": "start", "folder", "mutant" or "changes", "options"} → {"ok", "mqtt", "http"};
{"do": "stop"|"again", "folder"}. ``again`` kills as a crash does it and starts on the same ports and state.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

READY_S = 60.0
TOKEN = "zoo-service-token-of-an-invented-hub"


def _load_libraries() -> None:
    import asyncio  # noqa: F401

    import aiosmtplib  # noqa: F401
    import click  # noqa: F401
    import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401
    import httpcore  # noqa: F401
    import httptools  # noqa: F401
    import iotcore  # noqa: F401
    import jinja2  # noqa: F401
    import jsonschema  # noqa: F401
    import msgspec  # noqa: F401
    import prometheus_client  # noqa: F401
    import scipy.optimize  # noqa: F401
    import starlette.applications
    import starlette.routing  # noqa: F401
    import uvicorn  # noqa: F401
    import uvloop  # noqa: F401


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Zygote:
    """Its hubs by folder. Single-threaded until it forks."""

    def __init__(self) -> None:
        self._pids: dict[str, int] = {}
        self._orders: dict[str, dict[str, Any]] = {}

    def start(self, order: dict[str, Any]) -> dict[str, Any]:
        folder = Path(order["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        order.setdefault("ports", [free_port() for _ in range(3)])
        self._orders[str(folder)] = order
        ready = folder / "ready"
        ready.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            _serve(folder, order, ready)
        self._pids[str(folder)] = pid
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            text = ready.read_text() if ready.exists() else ""
            if text.endswith("\n"):
                return {"ok": True, **json.loads(text), "pid": pid}
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._pids[str(folder)]
                return {"ok": False, "why": (folder / "log").read_text()[-2000:]}
            time.sleep(0.01)
        self.stop(str(folder))
        return {
            "ok": False,
            "why": f"not ready within {READY_S:.0f} s: {(folder / 'log').read_text()[-2000:]}",
        }

    def stop(self, folder: str, how: signal.Signals = signal.SIGKILL) -> None:
        pid = self._pids.pop(folder, None)
        if pid is not None:
            # Its own process group: the embedded broker is a child of it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, how)
            os.waitpid(pid, 0)

    def again(self, folder: str) -> dict[str, Any]:
        if folder not in self._orders:
            return {"ok": False, "why": f"no hub in {folder}"}
        self.stop(folder)
        return self.start(self._orders[folder])

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        match order["do"]:
            case "start":
                return self.start(order)
            case "again":
                return self.again(order["folder"])
            case "stop":
                self.stop(order["folder"])
                return {"ok": True}
        return {"ok": False, "why": f"unknown order {order['do']!r}"}


def _serve(folder: Path, order: dict[str, Any], ready: Path) -> None:
    """In the child: the hub, with the mutant's changes in its source. Never returns."""
    try:
        os.setpgid(0, 0)
        for number in range(3, 256):
            with contextlib.suppress(OSError):
                os.close(number)
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        out = os.open(ready, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(log, 2)
        sys.stdout = os.fdopen(1, "w", buffering=1)
        sys.stderr = os.fdopen(2, "w", buffering=1)
        if order.get("mutant") or order.get("changes"):
            from safezone_zoo.mutant import Change, mutants
            from safezone_zoo.patching import install

            changes = [Change(*c) for c in order.get("changes", ())]
            install(changes or mutants()[order["mutant"]].changes)
        os.environ["SAFEZONE_HUB_TOKEN"] = TOKEN
        from safezone_hub.commands import hub_group

        mqtt, mqtt5, http = map(str, order["ports"])
        ports = [] if "--broker" in order.get("options", ()) else ["--mqtt-port", mqtt, "--mqtt5-port", mqtt5]
        hub_group(
            [
                "serve",
                "--state",
                str(folder / "state"),
                *ports,
                "--http-port",
                http,
                *order.get("options", ()),
            ]
        )
    except SystemExit:
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(address: str) -> None:
    """Serve orders until the connection that brought the first of them is closed."""
    _load_libraries()
    zygote = Zygote()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen(16)
        print("ready", flush=True)
        try:
            while True:
                connection, _ = server.accept()
                with connection, connection.makefile("rw") as lines:
                    order = json.loads(lines.readline())
                    if order["do"] == "end":
                        break
                    lines.write(json.dumps(zygote.obey(order)) + "\n")
                    lines.flush()
        finally:
            for folder in list(zygote._pids):
                zygote.stop(folder)


if __name__ == "__main__":
    main(sys.argv[1])
