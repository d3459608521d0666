"""The hub's one connection to the broker, behind a thin interface.

One filter on one connection: the order of clock and devices depends on it. MQTT 3.1.1 spoken by
hand, QoS 1 both ways: paho-mqtt took a third of the hub's time for each message, because it wakes,
locks and writes for every packet; here a chunk of packets is read, acknowledged and answered at once.

What is published while the broker is away is not kept: devices repeat until a receipt, and the
outbox repeats until an acknowledgement.
"""

import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

log = logging.getLogger("safezone.hub")

UP = "safezone/v1/+/+/+/up"
KEEPALIVE_S = 30
QUIET_S = 10.0
RECONNECT_S = (0.2, 5.0)

_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _SUBSCRIBE, _SUBACK = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90
_PINGREQ, _DISCONNECT = b"\xc0\x00", b"\xe0\x00"
_QOS1 = 0x02

Arrivals = list[tuple[str, bytes]]


class Link(Protocol):
    """Where messages down go."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Send with the next ``flush``, in order."""

    def flush(self) -> None: ...
    def is_connected(self) -> bool: ...
    def close(self) -> None: ...


class MqttLink:
    """Connects and subscribes on construction; ``arrived`` is called on a thread of its own."""

    def __init__(self, host: str, port: int, client_id: str, arrived: Callable[[Arrivals], None]) -> None:
        self._address, self._client_id, self._arrived = (host, port), client_id, arrived
        self._sending = threading.Lock()
        self._waiting: list[bytes] = []
        self._packet_id = 0
        self._closing = threading.Event()
        self._socket, left = self._connect()
        self._connected = True
        self._thread = threading.Thread(target=self._run, args=(left,), name="link", daemon=True)
        self._thread.start()

    def publish(self, topic: str, payload: bytes) -> None:
        name = topic.encode()
        self._packet_id = self._packet_id % 65535 + 1
        body = struct.pack(">H", len(name)) + name + struct.pack(">H", self._packet_id) + payload
        self._waiting.append(_packet(_PUBLISH | _QOS1, body))

    def flush(self) -> None:
        if not self._waiting:
            return
        packets, self._waiting = b"".join(self._waiting), []
        try:
            self._send(packets)
        except OSError as error:
            log.warning("not sent: %s", error)

    def is_connected(self) -> bool:
        return self._connected

    def close(self) -> None:
        self._closing.set()
        try:
            self._send(_DISCONNECT)
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(timeout=5.0)
        self._socket.close()

    # ------------------------------------------------------------------- the reader's thread

    def _run(self, left: bytes) -> None:
        wait_s = RECONNECT_S[0]
        while not self._closing.is_set():
            try:
                self._read(left)
            except Exception as error:
                # Whatever it was: this connection is over, the next one begins clean.
                self._connected = False
                if not self._closing.is_set():
                    log.warning("connection to the broker lost: %s", error)
            while not self._closing.wait(wait_s):
                try:
                    self._socket.close()
                    self._socket, left = self._connect()
                    self._connected, wait_s = True, RECONNECT_S[0]
                    break
                except (OSError, ValueError, IndexError):
                    wait_s = min(2 * wait_s, RECONNECT_S[1])

    def _read(self, left: bytes) -> None:
        """Take packets as they come, until the connection ends."""
        buffer, quiet = left, 0
        while True:
            arrivals: Arrivals = []
            answers: list[bytes] = []
            end = 0
            for kind, body, end in packets_in(buffer):  # noqa: B007
                if kind & 0xF0 == _PUBLISH:
                    topic, packet_id, payload = _read_publish(kind, body)
                    arrivals.append((topic, payload))
                    if packet_id:
                        answers.append(b"\x40\x02" + packet_id)
            buffer = buffer[end:]
            if arrivals:
                self._arrived(arrivals)
            if answers:
                self._send(b"".join(answers))
            try:
                chunk = self._socket.recv(262144)
            except TimeoutError:
                quiet += 1
                if quiet > 3:
                    raise OSError("the broker does not answer") from None
                self._send(_PINGREQ)
                continue
            if not chunk:
                raise OSError("closed by the broker")
            buffer, quiet = buffer + chunk, 0

    def _connect(self) -> tuple[socket.socket, bytes]:
        """A subscribed connection, and the bytes that came after the subscription's answer."""
        connection = socket.create_connection(self._address, timeout=QUIET_S)
        # A receipt and a clock.ack are two small packets: Nagle would hold the second for 40 ms.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name, topic = self._client_id.encode(), UP.encode()
        # No clean session: a broker that remembers keeps what comes while the hub is away.
        hello = b"\x00\x04MQTT\x04\x00" + struct.pack(">HH", KEEPALIVE_S, len(name)) + name
        subscription = struct.pack(">HH", 1, len(topic)) + topic + b"\x01"
        connection.sendall(_packet(_CONNECT, hello) + _packet(_SUBSCRIBE, subscription))
        buffer = b""
        while True:
            chunk = connection.recv(65536)
            if not chunk:
                raise OSError("the broker refused the connection")
            buffer += chunk
            for kind, body, end in packets_in(buffer):
                if kind == _CONNACK and body[1]:
                    raise OSError(f"the broker refused the connection: code {body[1]}")
                if kind == _SUBACK:
                    return connection, buffer[end:]

    def _send(self, packets: bytes) -> None:
        with self._sending:
            self._socket.sendall(packets)


def packets_in(buffer: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Each whole packet: its first byte, its body, and where it ends."""
    start, size = 0, len(buffer)
    while size - start >= 2:
        length, shift, at = 0, 0, start + 1
        while True:
            if at >= size:
                return
            byte = buffer[at]
            length |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                break
            if shift > 21:
                raise ValueError("no MQTT packet")
        if at + length > size:
            return
        yield buffer[start], buffer[at : at + length], at + length
        start = at + length


def _read_publish(kind: int, body: bytes) -> tuple[str, bytes, bytes]:
    length = body[0] << 8 | body[1]
    topic = body[2 : 2 + length].decode("utf-8", "replace")
    if kind & 0x06:
        return topic, body[2 + length : 4 + length], body[4 + length :]
    return topic, b"", body[2 + length :]


def _packet(kind: int, body: bytes) -> bytes:
    length, encoded = len(body), bytearray()
    while True:
        byte, length = length & 0x7F, length >> 7
        encoded.append(byte | 0x80 if length else byte)
        if not length:
            return bytes([kind]) + bytes(encoded) + body
