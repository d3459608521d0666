"""A real Mosquitto for tests: configured by the hub's own command code, on free ports of the loopback."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from safezone_hub.broker import ExternalBroker, free_port
from safezone_hub.mosquitto import HUB_PASSWORD, HUB_USER, Gateway, Listener, MosquittoFiles, Principal, Tls

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None, reason="no mosquitto here: install it (apt install mosquitto)"
)


class MosquittoServer:
    """One Mosquitto process, and the folder it reads. ``port`` is in clear, ``tls_port`` encrypted if TLS was given."""

    def __init__(self, files: MosquittoFiles, port: int, tls_port: int | None) -> None:
        self.files, self.port, self.tls_port = files, port, tls_port
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://{HUB_USER}@127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"mqtts://{HUB_USER}@localhost:{self.tls_port}"

    @property
    def password_file(self) -> Path:
        return self.files.folder / HUB_PASSWORD

    def hub_broker(self) -> ExternalBroker:
        """What the hub is given to connect, in clear."""
        return ExternalBroker(self.url, password_file=self.password_file)

    def start(self) -> None:
        """Start, and return when it takes connections."""
        assert MOSQUITTO is not None
        self.log = (self.files.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self.files.folder / "mosquitto.conf")], stdout=self.log, stderr=self.log
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise AssertionError(f"mosquitto did not start:\n{(self.files.folder / 'log').read_text()}")

    def kill(self) -> None:
        """As a crash does it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.log.close()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self.log.close()


@contextmanager
def mosquitto_server(
    folder: Path,
    principals: Iterable[Principal] = (),
    *,
    gateways: Sequence[Gateway] = (),
    tls: Tls | None = None,
    one_connection_each: bool = True,
) -> Iterator[MosquittoServer]:
    """A running Mosquitto with these accounts. Later ones: ``server.files.update(…)``, ``server.files.reload()``."""
    files = MosquittoFiles(folder, gateways=gateways)
    port = free_port("127.0.0.1")
    listeners = [Listener("127.0.0.1", port)]
    tls_port = free_port("127.0.0.1") if tls is not None else None
    if tls_port is not None:
        listeners.append(Listener("127.0.0.1", tls_port, tls))
    # Started as root it would change to an account that cannot read the test's folder.
    user = "root" if os.geteuid() == 0 else None
    files.write_configuration(listeners, user=user, one_connection_each=one_connection_each)
    files.update(principals)
    server = MosquittoServer(files, port, tls_port)
    try:
        yield server
    finally:
        server.stop()
