"""Which broker the hub speaks to: one of its own, or a Mosquitto that someone runs.

The embedded one is rumqttd in a child process, on the loopback only. It has no access control, keeps
nothing over a restart, and needs its limits raised; durability is the hub's own (receipts, outbox). When
the child dies it is started again on the same ports; it exits by itself when the hub dies, because it
holds the other end of a pipe. The external one has accounts, TLS and sessions that outlive it
(``mosquitto.py`` writes its configuration), and the hub only connects to it.
"""

import ipaddress
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from safezone_hub.link import Arrivals, MqttLink

log = logging.getLogger("safezone.hub")

PASSWORD_VARIABLE = "SAFEZONE_BROKER_PASSWORD"
RESTART_S = (0.1, 5.0)
HARDLY_STARTED_S = 10.0
PORTS = {"mqtt": 1883, "mqtts": 8883}

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
    """A broker without access control or encryption was asked to serve where others could reach it."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the hub shows a broker who it is, and how it knows the broker."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)


class Broker(Protocol):
    """What the hub needs of a broker. ``port`` speaks MQTT 3.1.1, ``port5`` MQTT 5 where that is another port."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def port5(self) -> int | None: ...
    @property
    def url(self) -> str:
        """For people and the ready line; never with a password."""

    @property
    def access(self) -> Access: ...

    def is_running(self) -> bool:
        """Whether it runs at this moment; of a broker that is not the hub's to run, always true."""

    def health(self) -> str:
        """``ok``, or what is wrong, in words for the health endpoint."""

    def stop(self) -> None: ...


def connect(
    broker: Broker,
    client_id: str,
    arrived: Callable[[Arrivals], None],
    on_reconnect: Callable[[], None] | None = None,
    *,
    by_zone: bool = False,
) -> MqttLink:
    """The hub's link to a broker. OSError when the embedded one cannot be reached, ``link.Refused`` when an
    external one refuses this hub; an external one that is away is awaited."""
    access = broker.access
    return MqttLink(
        broker.host,
        broker.port,
        client_id,
        arrived,
        username=access.username,
        password=access.password,
        tls=access.tls,
        on_reconnect=on_reconnect,
        patient=isinstance(broker, ExternalBroker),
        by_zone=by_zone,
    )


def is_loopback(host: str) -> bool:
    """Whether nobody beyond this machine can reach the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_loopback(host: str) -> str:
    """The host, if it is a loopback address. NotLoopback with the remedy otherwise."""
    if not is_loopback(host):
        raise NotLoopback(
            f"the embedded broker has no access control and serves loopback only, not {host}. "
            "For other machines run a Mosquitto: «safezone hub mosquitto --state STATE --out DIR --tls-certificate …» "
            "writes its configuration, accounts and access rules; then «safezone hub serve --broker mqtts://hub@HOST:8883»"
        )
    return "127.0.0.1" if host == "localhost" else host


def free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


# ------------------------------------------------------------------- the hub's own


class EmbeddedBroker:
    """Starts on construction, and again by itself whenever its process dies, until ``stop``."""

    access = Access()

    def __init__(
        self, folder: Path, host: str, port: int = 0, port5: int = 0, *, patience_s: float = 10.0
    ) -> None:
        self.host = check_loopback(host)
        self._config = folder / "broker.toml"
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self.restarts = 0
        deadline = time.monotonic() + patience_s
        while True:
            self.port, self.port5 = port or free_port(self.host), port5 or free_port(self.host)
            process = self._start()
            if process is not None:
                break
            # After kill -9 the old process may need a moment to let the port go.
            if time.monotonic() > deadline:
                raise OSError(f"the broker cannot listen on {self.host}:{self.port} and :{self.port5}")
            time.sleep(0.1)
        self._process = process
        self._problem: str | None = None
        self._watcher = threading.Thread(target=self._watch, name="broker", daemon=True)
        self._watcher.start()

    @property
    def url(self) -> str:
        return f"mqtt://{_bracketed(self.host)}:{self.port}"

    @property
    def pid(self) -> int:
        """The process that serves now."""
        return self._process.pid

    def is_running(self) -> bool:
        return self._problem is None and self._process.poll() is None

    def health(self) -> str:
        return "ok" if self.is_running() else f"starting again: {self._problem or 'the process ended'}"

    def stop(self) -> None:
        """End the process; its ports are free when this returns."""
        self._stopping.set()
        with self._changing:
            _end(self._process)
        self._watcher.join(timeout=15.0)

    def _start(self) -> "subprocess.Popen[bytes] | None":
        """A process that serves, or None when it cannot have the ports now."""
        listen = _bracketed(self.host)
        self._config.write_text(
            _CONFIG
            + _LISTENER.format(version="v4", host=listen, port=self.port)
            + _LISTENER.format(version="v5", host=listen, port=self.port5)
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "safezone_hub.broker_process", str(self._config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A session of its own: Ctrl-C is for the hub, which stops its broker last.
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        if process.stdout.readline() == b"ready\n":
            return process
        _end(process)
        return None

    def _watch(self) -> None:
        """Start the process again whenever it ends, more slowly when it does so at once."""
        wait_s, started = 0.0, time.monotonic()
        while True:
            ended = self._process.wait()
            if self._stopping.is_set():
                return
            self._problem = f"the broker's process ended with {ended}"
            log.error("%s; starting it again", self._problem)
            if time.monotonic() - started > HARDLY_STARTED_S:
                wait_s = 0.0
            while not self._stopping.wait(wait_s):
                wait_s = min(2 * wait_s, RESTART_S[1]) or RESTART_S[0]
                with self._changing:
                    if self._stopping.is_set():
                        return
                    if self._begin_again():
                        started = time.monotonic()
                        break
            else:
                return

    def _begin_again(self) -> bool:
        _end(self._process)
        try:
            process = self._start()
        except OSError as error:
            self._problem = str(error)
            return False
        if process is None:
            self._problem = f"cannot listen on {self.host}:{self.port} and :{self.port5}"
            return False
        self._process, self._problem = process, None
        self.restarts += 1
        return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a broker's process, gently at first; its pipes are closed."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5.0)


# ------------------------------------------------------------------- someone else's


class ExternalBroker:
    """A broker at an address, ``mqtt://`` or ``mqtts://``, with what it takes to be let in.

    ``user:password@`` may stand in the URL; a password file or the environment variable
    ``SAFEZONE_BROKER_PASSWORD`` keeps it out of the process list. ValueError says what does not fit together;
    NotLoopback when passwords and positions would cross a network in clear, unless ``plain`` says that
    something else protects them. OSError when a file cannot be read.
    """

    port5 = None

    def __init__(
        self,
        url: str,
        *,
        ca: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        password_file: Path | None = None,
        plain: bool = False,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        parts = urlsplit(url)
        if (
            parts.scheme not in PORTS
            or not parts.hostname
            or parts.path.strip("/")
            or parts.query
            or parts.fragment
        ):
            raise ValueError(
                f"no broker URL: {_without_password(url)}; write mqtts://USER@HOST:8883 or mqtt://USER@127.0.0.1:1883"
            )
        encrypted = parts.scheme == "mqtts"
        self.host = parts.hostname
        try:
            self.port = parts.port or PORTS[parts.scheme]
        except ValueError:
            raise ValueError(f"no port: {_without_password(url)}") from None
        if not encrypted and (ca or certificate or key):
            raise ValueError("certificates need mqtts://")
        if key is not None and certificate is None:
            raise ValueError("a key needs its certificate")
        if not encrypted and not plain and not is_loopback(self.host):
            raise NotLoopback(
                f"mqtt:// to {self.host} would carry passwords and children's positions in clear: use mqtts://, "
                "or say that something else protects the way (--broker-plain)"
            )
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password is not None else None
        if password is None and username is not None:
            password = _read_password(password_file, environment)
        elif password_file is not None:
            raise ValueError("a password file needs a username in the URL, and no password there")
        self.access = Access(username, password, _tls(ca, certificate, key) if encrypted else None)
        who = f"{parts.username}@" if parts.username else ""
        self.url = f"{parts.scheme}://{who}{_bracketed(self.host)}:{self.port}"

    def is_running(self) -> bool:
        return True

    def health(self) -> str:
        """Always ``ok``: whether it can be reached is the link's to say."""
        return "ok"

    def stop(self) -> None:
        """Not the hub's to stop."""


def _read_password(file: Path | None, environment: Mapping[str, str]) -> str | None:
    if file is None:
        return environment.get(PASSWORD_VARIABLE)
    password = file.read_text(encoding="utf-8").strip()
    if not password:
        raise ValueError(f"no password in {file}")
    return password


def _tls(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Trust the given authority alone, or else the system's; host names are checked."""
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise ValueError(f"not usable for TLS: {ca or ''} {certificate or ''} {key or ''}: {error}") from None
    return context


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _without_password(url: str) -> str:
    scheme, mark, rest = url.rpartition("://")
    who, at, where = rest.rpartition("@")
    return f"{scheme}{mark}{who.partition(':')[0]}{at}{where}"
