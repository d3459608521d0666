"""One MQTT connection, behind the narrow face that the twin needs. The library is paho-mqtt."""

import queue
import socket
import threading
import time
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

CONNECT_TIMEOUT_S = 20.0


class BrokerError(RuntimeError):
    """The broker cannot be reached, or went away for good."""


class Connection:
    """Publishes at QoS 1 and collects what comes in on its subscriptions, in order.

    ``inbound`` holds (topic, payload, wall time received). A lost connection is re-established by itself;
    what a device had no receipt for, it says again.
    """

    def __init__(self, host: str, port: int, subscriptions: list[str], client_id: str) -> None:
        self.inbound: queue.SimpleQueue[tuple[str, bytes, float]] = queue.SimpleQueue()
        self._host, self._port = host, port
        self._subscriptions = subscriptions
        self._ready = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True, protocol=paho.MQTTv311
        )
        self._client.max_inflight_messages_set(65535)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(min_delay=1, max_delay=2)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_socket_open = self._on_socket_open

    def open(self) -> None:
        """Connects and subscribes; BrokerError if that takes over 20 s."""
        try:
            self._client.connect(self._host, self._port, keepalive=60)
        except OSError as e:
            raise BrokerError(
                f"no MQTT broker at {self._host}:{self._port} ({e}). Start the hub, or check --hub."
            ) from e
        self._client.loop_start()
        self.wait_ready(CONNECT_TIMEOUT_S)

    def wait_ready(self, timeout_s: float) -> None:
        """Returns when connected and subscribed; BrokerError after ``timeout_s`` seconds."""
        if not self._ready.wait(timeout_s):
            raise BrokerError(f"MQTT broker {self._host}:{self._port} did not answer in {timeout_s:.0f} s.")

    def publish(self, topic: str, payload: bytes) -> None:
        """Sends once at QoS 1. Delivery to the hub is proved by its receipt alone."""
        self._client.publish(topic, payload, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:
        # Without it each burst waits up to 40 ms for the other side's delayed acknowledgement.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe([(topic, 1) for topic in self._subscriptions])

    def _on_subscribe(self, *args: Any) -> None:
        self._ready.set()

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._ready.clear()

    def _on_message(self, client: Any, userdata: Any, message: Any) -> None:
        self.inbound.put((message.topic, message.payload, time.perf_counter()))
