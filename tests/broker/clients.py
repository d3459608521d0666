"""A device's side of a broker, by paho: another client than the hub's own."""

import ssl
import threading
from typing import Any

import paho.mqtt.client as mqtt


class Device:
    """One connection. ``refused`` holds the reason if the broker did not let it in."""

    def __init__(
        self,
        port: int,
        client_id: str = "",
        username: str | None = None,
        password: str | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.arrived: list[tuple[str, bytes]] = []
        self.refused: str | None = None
        self.lost = threading.Event()
        self._answered, self._subscribed = threading.Event(), threading.Event()
        self._mqtt = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False)
        if username is not None:
            self._mqtt.username_pw_set(username, password)
        if tls is not None:
            self._mqtt.tls_set_context(tls)
        self._mqtt.on_connect = self._on_connect
        self._mqtt.on_disconnect = lambda *_: self.lost.set()
        self._mqtt.on_subscribe = lambda *_: self._subscribed.set()
        self._mqtt.on_message = lambda _c, _u, m: self.arrived.append((m.topic, m.payload))
        self._mqtt.connect(host, port)
        self._mqtt.loop_start()
        assert self._answered.wait(10), "expected an answer to CONNECT"

    def _on_connect(self, _client: Any, _user: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.refused = str(reason) if reason.is_failure else None
        self._answered.set()

    def subscribe(self, topic: str) -> None:
        self._subscribed.clear()
        self._mqtt.subscribe(topic, qos=1)
        assert self._subscribed.wait(10), "expected an answer to SUBSCRIBE"

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Return when the broker has acknowledged it."""
        self._mqtt.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        self._mqtt.disconnect()
        self._mqtt.loop_stop()
