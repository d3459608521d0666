"""The embedded broker: rumqttd in a child process, on the loopback only.

It has no access control, keeps nothing over a restart, and needs its limits raised; durability is
the hub's own (receipts, outbox). The child exits by itself when the hub dies: it holds the other
end of a pipe.
"""

import ipaddress
import socket
import subprocess
import sys
import time
from pathlib import Path

_CONFIG = """id = 0
[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
# Segments of 1 MiB keep the memory small; a subscriber farther behind than size × count loses messages.
max_segment_size = 1048576
max_segment_count = 64
"""
_LISTENER = """
[{version}.1]
name = "{version}"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 262144
max_inflight_count = 200
dynamic_filters = true
"""


class NotLoopback(ValueError):
    """The embedded broker was asked to listen where others could reach it."""


def check_loopback(host: str) -> str:
    """The host, if it is a loopback address. NotLoopback with the remedy otherwise."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopback(
            f"the embedded broker has no access control and serves loopback only, not {host}; "
            "use --host 127.0.0.1, and a Mosquitto of your own for other machines"
        )
    return "127.0.0.1" if host == "localhost" else host


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


class EmbeddedBroker:
    """Starts on construction. ``port`` speaks MQTT 3.1.1, ``port5`` MQTT 5."""

    def __init__(
        self, folder: Path, host: str, port: int = 0, port5: int = 0, *, patience_s: float = 10.0
    ) -> None:
        self.host = check_loopback(host)
        self._config = folder / "broker.toml"
        deadline = time.monotonic() + patience_s
        while True:
            self.port, self.port5 = port or free_port(self.host), port5 or free_port(self.host)
            self._process = self._start()
            assert self._process.stdout is not None
            if self._process.stdout.readline() == b"ready\n":
                return
            self.stop()
            # After kill -9 the old process may need a moment to let the port go.
            if time.monotonic() > deadline:
                raise OSError(f"the broker cannot listen on {self.host}:{self.port} and :{self.port5}")
            time.sleep(0.1)

    def _start(self) -> "subprocess.Popen[bytes]":
        self._config.write_text(
            _CONFIG
            + _LISTENER.format(version="v4", host=self.host, port=self.port)
            + _LISTENER.format(version="v5", host=self.host, port=self.port5)
        )
        command = [sys.executable, "-m", "safezone_hub.broker_process", str(self._config)]
        # A session of its own: Ctrl-C is for the hub, which stops its broker last.
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the process; its ports are free when this returns."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5.0)
