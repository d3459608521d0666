"""A device's connection to its broker: MQTT 3.1.1 at QoS 1 by paho-mqtt, taken up again whenever it breaks.

A connection carries nothing over from the one before: what has no receipt, the outbox says again.
"""

import contextlib
import queue
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

KEEPALIVE_S = 20
CONNECT_S = 3.0
SUBSCRIBE_S = 3.0  # for the broker's answers, once it is connected
LOOP_S = 0.5
AGAIN_S = (0.2, 1.0)  # first wait before the next try, longest

Post = Callable[[Callable[[], None]], None]


class Wire:
    """One device's link, from switching on to ``cut`` or ``close``.

    ``post`` runs a function in the device's own thread; ``up`` is told of the link, ``heard`` of what comes down.
    """

    def __init__(
        self, url: str, client_id: str, topic: str, post: Post, up: Callable[[bool], None], heard: Callable[[str, bytes], None]
    ) -> None:  # fmt: skip
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or parts.hostname is None:
            raise ValueError(f"broker {url!r}: write mqtt://host:port or mqtts://host:port")
        self._host, self._tls = parts.hostname, parts.scheme == "mqtts"
        self._port = parts.port or (8883 if self._tls else 1883)
        self._user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._client_id, self._topic = client_id, topic
        self._post, self._up, self._heard = post, up, heard
        self._client: paho.Client | None = None
        self._over = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="wire").start()

    def publish(self, topic: str, payload: bytes) -> None:
        """Sends once, if the link is up. Only a receipt proves delivery."""
        client = self._client
        if client is not None:
            client.publish(topic, payload, qos=1)

    def close(self) -> None:
        """Leaves the broker as one should."""
        self._over.set()
        client = self._client
        if client is not None:
            client.disconnect()

    def cut(self) -> None:
        """The link is dead from one moment to the next; no goodbye."""
        self._over.set()
        self._hang_up(self._client)

    def _hang_up(self, client: paho.Client | None) -> None:
        connection = client.socket() if client is not None else None
        if connection is not None:
            with contextlib.suppress(OSError):
                cast(socket.socket, connection).shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        wait = AGAIN_S[0]
        while not self._over.is_set():
            if self._stay_connected():
                wait = AGAIN_S[0]
            self._over.wait(wait)
            wait = min(2 * wait, AGAIN_S[1])

    def _stay_connected(self) -> bool:
        """One connection from beginning to end. Whether there was one."""
        # A name of its own for each connection: a broker may still be busy with the end of the one before.
        name = f"{self._client_id}-{secrets.token_hex(3)}"
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv311)
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(65535)
        client.max_queued_messages_set(0)
        if self._user is not None:
            client.username_pw_set(*self._user)
        if self._tls:
            client.tls_set(cert_reqs=ssl.CERT_REQUIRED)
        was_up: queue.SimpleQueue[bool] = queue.SimpleQueue()

        def connected(_client: object, _user: object, _flags: object, reason: Any, _more: object) -> None:
            if not reason.is_failure:
                client.subscribe(self._topic, qos=1)

        def subscribed(*_: object) -> None:
            if not self._over.is_set():
                self._client = client
                was_up.put(True)
                self._post(lambda: self._up(True))

        def came(_client: object, _user: object, message: paho.MQTTMessage) -> None:
            topic, payload = message.topic, bytes(message.payload)
            self._post(lambda: self._heard(topic, payload))

        client.on_connect = connected
        client.on_subscribe = subscribed
        client.on_message = came
        client.on_socket_open = _without_delay
        try:
            client.connect(self._host, self._port, keepalive=KEEPALIVE_S)
            patient_until = time.monotonic() + SUBSCRIBE_S
            while client.loop(timeout=LOOP_S) == paho.MQTT_ERR_SUCCESS:
                if self._client is not client and (self._over.is_set() or time.monotonic() > patient_until):
                    break  # nobody waits for it any more, or the broker does not answer
        except (OSError, ValueError):
            pass
        finally:
            self._client = None
            self._hang_up(client)
        if was_up.empty():
            return False
        self._post(lambda: self._up(False))
        return True


def _without_delay(_client: object, _user: object, connection: Any) -> None:
    # Without it a burst waits up to 40 ms for the other side's delayed acknowledgement.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
