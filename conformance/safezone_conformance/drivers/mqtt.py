"""The tester's connection to the broker of the system under test. What comes is handed to the case whose zone it names."""

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from safezone_conformance.record import text_of

Arrived = Callable[[str, Mapping[str, Any]], None]
CONNECT_S = 15.0


class BrokerError(Exception):
    """The broker cannot be reached, or refuses; the message says where."""


@dataclass(frozen=True)
class Broker:
    """Where the broker is. ``url``: mqtt(s)://host:port. ``username`` and ``password`` of the tester's account."""

    url: str
    username: str = ""
    password: str = ""
    ca: str = ""


class Connection:
    """One connection that plays everybody. Subscribes zone by zone, so that nobody else's messages are met."""

    def __init__(self, broker: Broker, client_id: str = "") -> None:
        self._broker = broker
        self._zones: dict[str, Arrived] = {}
        self._lock = threading.Lock()
        self._subscribed: dict[int, threading.Event] = {}
        self._up = threading.Event()
        parts = urlsplit(broker.url)
        if parts.scheme not in ("mqtt", "mqtts") or parts.hostname is None:
            raise BrokerError(
                f"{broker.url!r} is no address of a broker: write mqtt://host:port or mqtts://host:port"
            )
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self._client.max_inflight_messages_set(1000)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 2)
        if broker.username:
            self._client.username_pw_set(broker.username, broker.password)
        if parts.scheme == "mqtts":
            self._client.tls_set(ca_certs=broker.ca or None, cert_reqs=ssl.CERT_REQUIRED)
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        try:
            self._client.connect(
                parts.hostname, parts.port or (8883 if parts.scheme == "mqtts" else 1883), keepalive=30
            )
        except OSError as error:
            raise BrokerError(f"no broker at {broker.url}: {error}") from None
        self._client.loop_start()
        if not self._up.wait(CONNECT_S):
            raise BrokerError(
                f"the broker at {broker.url} did not accept the connection within {CONNECT_S:.0f} s"
            )

    def enter(self, zone: str, arrived: Arrived) -> None:
        """Hear what goes down in a zone, from now on. BrokerError if the broker does not confirm."""
        with self._lock:
            self._zones[zone] = arrived
        self._subscribe(zone)

    def _subscribe(self, zone: str) -> None:
        done = threading.Event()
        until = time.monotonic() + CONNECT_S
        while True:  # the connection may just be coming back after a restart
            with self._lock:
                _, number = self._client.subscribe(f"safezone/v1/{zone}/+/+/down", qos=1)
                if number is not None:
                    self._subscribed[number] = done
                    break
            if time.monotonic() > until:
                raise BrokerError(f"not connected to the broker for {CONNECT_S:.0f} s")
            time.sleep(0.05)
        if not done.wait(CONNECT_S):
            raise BrokerError(f"the broker did not confirm the subscription of zone {zone}")

    def leave(self, zone: str) -> None:
        with self._lock:
            self._zones.pop(zone, None)
        self._client.unsubscribe(f"safezone/v1/{zone}/+/+/down")

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def wait_connected(self, seconds: float) -> bool:
        return self._up.wait(seconds)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, _client: Any, _user: Any, _flags: Any, reason: Any, _properties: Any = None
    ) -> None:
        if reason.is_failure:
            return
        with self._lock:
            zones = list(self._zones)
        for zone in zones:  # after a break: without waiting, this is the network thread
            self._client.subscribe(f"safezone/v1/{zone}/+/+/down", qos=1)
        self._up.set()
        self._tell("back")

    def _on_disconnect(self, *_: Any) -> None:
        if self._up.is_set():
            self._up.clear()
            self._tell("lost")

    def _tell(self, state: str) -> None:
        with self._lock:
            listeners = list(self._zones.values())
        for arrived in listeners:
            arrived("connection", {"state": state})

    def _on_subscribe(
        self, _client: Any, _user: Any, number: int, _reasons: Any, _properties: Any = None
    ) -> None:
        with self._lock:  # held while subscribing, so the number is known by now
            done = self._subscribed.pop(number, None)
        if done is not None:
            done.set()

    def _on_message(self, _client: Any, _user: Any, message: mqtt.MQTTMessage) -> None:
        zone = message.topic.split("/")[2] if message.topic.count("/") >= 2 else ""
        with self._lock:
            arrived = self._zones.get(zone)
        if arrived is not None:
            arrived("mqtt", {"topic": message.topic, "payload": text_of(bytes(message.payload)), "qos": message.qos,
                             "retain": bool(message.retain)})  # fmt: skip
