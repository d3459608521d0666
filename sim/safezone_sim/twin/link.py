"""The lockstep's MQTT connection: one thread, whole slices written and read at once.

MQTT 3.1.1, QoS 1 both ways, spoken by hand: with paho-mqtt, which locks and wakes a thread for every packet,
the twin spent two thirds of its time in the client (docs/decisions/0002). At speed 1 the twin uses paho.
"""

import socket
import struct
import time
from collections.abc import Iterator, Sequence

from safezone_sim.twin.broker import BrokerError

_PUBLISH_QOS1, _PUBACK, _CONNACK, _SUBACK = 0x32, 0x40, 0x20, 0x90
_PING = b"\xc0\x00"
_KEEPALIVE_S = 60
_FLUSH_BYTES = 1 << 16
_TRY_EVERY_S = 0.1


class Link:
    """Publishes in order, hands out what came in. Never reads on its own: call ``take``."""

    def __init__(self, host: str, port: int, subscriptions: Sequence[str], client_id: str) -> None:
        self._address = (host, port)
        self._subscriptions = subscriptions
        self._client_id = client_id
        self._socket: socket.socket | None = None
        self._out = bytearray()
        self._in = b""
        self._packet_id = 0
        self._wrote = 0.0

    def open(self, timeout_s: float = 20.0) -> None:
        """Connects and subscribes, trying until ``timeout_s``; BrokerError after that."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self._connect()
                return
            except OSError as e:
                self.close()
                if time.monotonic() > deadline:
                    host, port = self._address
                    raise BrokerError(
                        f"no MQTT broker at {host}:{port} ({e}). Start the hub, or check --hub."
                    ) from e
                time.sleep(_TRY_EVERY_S)

    def publish(self, topic: str, payload: bytes) -> None:
        """Sends once at QoS 1, at the latest with the next ``take``. Only a receipt proves delivery."""
        name = topic.encode()
        self._packet_id = self._packet_id % 65535 + 1
        self._out += _packet(
            _PUBLISH_QOS1, struct.pack(">H", len(name)) + name + struct.pack(">H", self._packet_id) + payload
        )
        if len(self._out) >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Writes what waits. ConnectionError if the broker is gone."""
        if self._socket is None:
            raise ConnectionError("not connected")
        if not self._out and time.monotonic() - self._wrote > _KEEPALIVE_S / 3:
            self._out += _PING
        if self._out:
            packets, self._out = bytes(self._out), bytearray()
            self._wrote = time.monotonic()
            self._socket.settimeout(20.0)
            self._socket.sendall(packets)

    def take(self, timeout_s: float) -> list[tuple[str, bytes]]:
        """Messages that came in, waiting up to ``timeout_s`` for the first; ConnectionError if the broker is gone."""
        self.flush()
        assert self._socket is not None
        self._socket.settimeout(timeout_s)
        try:
            chunk = self._socket.recv(1 << 20)
        except TimeoutError:
            return []
        if not chunk:
            raise ConnectionError("closed by the broker")
        self._in += chunk
        taken = []
        end = 0
        for kind, body, end in _packets(self._in):  # noqa: B007
            if kind & 0xF0 == 0x30:
                length = body[0] << 8 | body[1]
                at = 2 + length
                if kind & 0x06:
                    self._out += b"\x40\x02" + body[at : at + 2]
                    at += 2
                taken.append((body[2 : 2 + length].decode(), body[at:]))
        self._in = self._in[end:]
        return taken

    def close(self) -> None:
        """Leaves the broker. Harmless when there is no connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> None:
        self.close()
        self._out, self._in = bytearray(), b""
        connection = self._socket = socket.create_connection(self._address, timeout=5.0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = self._client_id.encode()
        hello = b"\x00\x04MQTT\x04\x02" + struct.pack(">HH", _KEEPALIVE_S, len(name)) + name
        filters = b"".join(struct.pack(">H", len(t)) + t.encode() + b"\x01" for t in self._subscriptions)
        connection.sendall(_packet(0x10, hello) + _packet(0x82, b"\x00\x01" + filters))
        buffer = b""
        while True:
            chunk = connection.recv(65536)
            if not chunk:
                raise ConnectionError("the broker closed the connection")
            buffer += chunk
            for kind, body, end in _packets(buffer):
                if kind == _CONNACK and body[1]:
                    raise ConnectionError(f"the broker refused the connection, code {body[1]}")
                if kind == _SUBACK:
                    self._in = buffer[end:]
                    self._wrote = time.monotonic()
                    return


def _packets(buffer: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Every whole packet: first byte, body, where it ends."""
    start, size = 0, len(buffer)
    while start + 1 < size:
        at, length, shift = start + 1, 0, 0
        while at < size:
            byte = buffer[at]
            length |= (byte & 0x7F) << shift
            at += 1
            shift += 7
            if byte < 0x80:
                break
        else:
            return
        if at + length > size:
            return
        yield buffer[start], buffer[at : at + length], at + length
        start = at + length


def _packet(kind: int, body: bytes) -> bytes:
    head = bytearray([kind])
    length = len(body)
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + body
