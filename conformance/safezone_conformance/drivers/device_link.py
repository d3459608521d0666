"""The suite's side of a device's wire: its own broker behind a relay, or the broker that the IXIT names."""

import contextlib
import hmac
import os
import secrets
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from iotcore import Broker
from paho.mqtt.enums import CallbackAPIVersion

from safezone_conformance.drivers.mqtt import BrokerError
from safezone_conformance.drivers.relay import Relay
from safezone_conformance.record import bytes_of, text_of
from safezone_conformance.wire import MAC_AT_END, mac_is_right, seal

Arrived = Callable[[str, Mapping[str, Any]], None]
CONNECT_S = 15.0
BROKER_TRIES = 5
CONFIG = """id = 0
[router]
id = 0
max_connections = 1010
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 16
[v4.1]
name = "v4"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 200
dynamic_filters = true
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def mac_state(key: bytes, content: Mapping[str, Any]) -> str:
    """What the record keeps of a mac, since it has no key: right, wrong, or none."""
    payload = bytes_of(content["payload"])
    if MAC_AT_END.search(payload) is None:
        return "none"
    return "right" if mac_is_right(key, str(content["topic"]), payload) else "wrong"


def sealed(key: bytes, topic: str, head: bytes, mac: str) -> bytes:
    """A payload with the mac a case asks for; see ``equipment_bench.MACS``."""
    match mac:
        case "right":
            return seal(key, topic, head)
        case "other-key":
            return seal(hmac.digest(key, b"another key", "sha256"), topic, head)
        case "other-topic":
            other = f"{topic.rpartition('/')[0]}/up"
            return seal(key, other, head)
        case _:
            payload = bytearray(seal(key, topic, head))
            payload[-10] = ord("A") if payload[-10] != ord("A") else ord("B")
            return bytes(payload)


class Link(Protocol):
    """How the suite reaches the device's broker. What comes from the device goes to ``arrived`` of the maker."""

    url: str

    def publish(self, topic: str, payload: bytes) -> None: ...
    def cut(self) -> None: ...
    def restore(self) -> None: ...
    def connected(self) -> bool | None: ...
    def close(self) -> None: ...


def _client(url: str, username: str, password: str, ca: str) -> mqtt.Client:
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or parts.hostname is None:
        raise BrokerError(f"{url!r} is no address of a broker: write mqtt://host:port or mqtts://host:port")
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"conformance-{secrets.token_hex(6)}")
    client.max_inflight_messages_set(1000)
    client.max_queued_messages_set(0)
    client.reconnect_delay_set(1, 2)
    if username:
        client.username_pw_set(username, password)
    if parts.scheme == "mqtts":
        client.tls_set(ca_certs=ca or None, cert_reqs=ssl.CERT_REQUIRED)
    return client


def _connect(client: mqtt.Client, url: str) -> None:
    parts = urlsplit(url)
    up = threading.Event()
    client.on_connect = lambda _c, _u, _f, reason, _p=None: None if reason.is_failure else up.set()
    try:
        client.connect(
            str(parts.hostname), parts.port or (8883 if parts.scheme == "mqtts" else 1883), keepalive=30
        )
    except OSError as error:
        raise BrokerError(f"{url}: {error}") from None
    client.loop_start()
    if not up.wait(CONNECT_S):
        client.loop_stop()
        raise BrokerError(f"{url}: the broker does not let the suite in")


def _embedded() -> tuple[Broker, int]:
    """A broker of our own and its port, which somebody may take between the finding and the listening."""
    why: Exception | None = None
    for _ in range(BROKER_TRIES):
        port = free_port()
        number, name = tempfile.mkstemp(prefix="safezone-broker-", suffix=".toml")
        with os.fdopen(number, "w") as file:
            file.write(CONFIG.format(port=port))
        try:
            return Broker(config_path=name).start(), port
        except (OSError, RuntimeError) as error:
            why = error
        finally:
            Path(name).unlink(missing_ok=True)
    raise BrokerError(f"the suite's own broker did not start: {why}")


class OwnLink:
    """The embedded broker; the device reaches it through the relay. BrokerError if it does not start."""

    def __init__(self, host: str, port: int, certificate: str, private_key: str, arrived: Arrived) -> None:
        self._broker, inner = _embedded()
        self._client = _client(f"mqtt://127.0.0.1:{inner}", "", "", "")
        try:
            _connect(self._client, f"mqtt://127.0.0.1:{inner}")
            self._relay = Relay(host, port, ("127.0.0.1", inner), arrived, certificate, private_key)
        except (OSError, BrokerError) as error:
            self._client.loop_stop()
            self._broker.stop()
            raise BrokerError(f"the suite's broker cannot listen on {host}:{port}: {error}") from None
        self.url = self._relay.url

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def cut(self) -> None:
        self._relay.cut()

    def restore(self) -> None:
        self._relay.restore()

    def connected(self) -> bool | None:
        return self._relay.connected

    def close(self) -> None:
        self._relay.close()
        self._client.disconnect()
        self._client.loop_stop()
        self._broker.stop()


class NamedLink:
    """A broker of the vendor's. A subscriber cannot see what quality of service above 1 a publisher chose. BrokerError."""

    def __init__(
        self, url: str, username: str, password: str, ca: str, zone: str, id_: str, arrived: Arrived
    ) -> None:
        self.url, self._mine, self._arrived = url, (f"/dev/{id_}/", f"{zone}/dev/{id_}"), arrived
        self._client = _client(url, username, password, ca)
        self._client.on_message = self._take
        _connect(self._client, url)
        done = threading.Event()
        self._client.on_subscribe = lambda *_: done.set()
        self._client.subscribe("safezone/v1/+/+/+/up", qos=2)
        if not done.wait(CONNECT_S):
            raise BrokerError(f"{url}: the broker did not confirm the subscription to safezone/v1/+/+/+/up")

    def _take(self, _client: Any, _user: Any, message: mqtt.MQTTMessage) -> None:
        payload = bytes(message.payload)
        topic_part, source = self._mine
        if topic_part in message.topic or f'"{source}"'.encode() in payload:
            self._arrived("mqtt", {"topic": message.topic, "payload": text_of(payload), "qos": message.qos,
                                   "retain": bool(message.retain), "dup": False})  # fmt: skip

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def cut(self) -> None:
        raise AssertionError("the network of a device at another's broker is cut by stimulus")

    restore = cut

    def connected(self) -> bool | None:
        return None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._client.disconnect()
        self._client.loop_stop()


__all__ = ["Link", "NamedLink", "OwnLink", "free_port", "mac_state", "sealed"]
