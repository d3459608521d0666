"""What stands between a device and the suite's own broker: hears every packet of the device, and can cut its network.

A subscriber never learns the retain flag or the quality of service a publisher chose; from the packets both are seen.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any

from safezone_conformance.record import text_of

Arrived = Callable[[str, Mapping[str, Any]], None]
CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8
CHUNK = 65536


class Packets:
    """Cuts a stream of bytes into MQTT control packets: (first byte, body)."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, fresh: bytes) -> list[tuple[int, bytes]]:
        """Packets that are whole by now. ValueError on what is no MQTT."""
        self._left += fresh
        found = []
        while (cut := self._cut()) is not None:
            found.append(cut)
        return found

    def _cut(self) -> tuple[int, bytes] | None:
        length, factor = 0, 1
        for position, byte in enumerate(self._left[1:5], 1):
            length += (byte & 127) * factor
            factor *= 128
            if not byte & 128:
                end = position + 1 + length
                if len(self._left) < end:
                    return None
                packet = self._left[0], self._left[position + 1 : end]
                self._left = self._left[end:]
                return packet
        if len(self._left) >= 5:
            raise ValueError("no MQTT: a remaining length of more than four bytes")
        return None


def published(first: int, body: bytes) -> dict[str, Any]:
    """What a PUBLISH packet says."""
    qos = first >> 1 & 3
    size = int.from_bytes(body[:2], "big")
    topic = body[2 : 2 + size].decode("utf-8", "replace")
    payload = body[2 + size + (2 if qos else 0) :]
    return {
        "topic": topic,
        "payload": text_of(payload),
        "qos": qos,
        "retain": bool(first & 1),
        "dup": bool(first & 8),
    }


def filters(body: bytes) -> list[str]:
    """The topic filters that a SUBSCRIBE packet asks for."""
    found, at = [], 2  # after the packet's number
    while at + 2 <= len(body):
        end = at + 2 + int.from_bytes(body[at : at + 2], "big")
        found.append(body[at + 2 : end].decode("utf-8", "replace"))
        at = end + 1  # the quality of service it wants
    return found


def protocol_level(body: bytes) -> int:
    """Of a CONNECT packet: 4 is MQTT 3.1.1."""
    size = int.from_bytes(body[:2], "big")
    return body[2 + size] if len(body) > 2 + size else 0


class Relay:
    """Listens for the device and passes everything on to the broker. ``arrived`` is told of packets and connections.

    A connection tells what was subscribed to by then, too: with a session that the broker keeps nothing is asked again.
    """

    def __init__(
        self, host: str, port: int, broker: tuple[str, int], arrived: Arrived, certificate: str = "", private_key: str = ""
    ) -> None:  # fmt: skip
        self._host, self._broker, self._arrived = host, broker, arrived
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate, private_key or None)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._filters: list[str] = []
        self._listener: socket.socket | None = None
        self.port = port
        self.restore()

    @property
    def url(self) -> str:
        return f"{'mqtts' if self._tls else 'mqtt'}://{self._host}:{self.port}"

    @property
    def connected(self) -> bool:
        with self._lock:
            return bool(self._open)

    def restore(self) -> None:
        """Take connections again."""
        with self._lock:
            if self._listener is not None:
                return
            listener = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self.port))
            listener.listen(16)
            self.port = listener.getsockname()[1]
            self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True, name="relay").start()

    def cut(self) -> None:
        """End the device's connections and take none, as if its network were gone."""
        with self._lock:
            listener, self._listener = self._listener, None
            ends = list(self._open)
            self._open.clear()
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for end in ends:
            _shut(end)

    close = cut

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                device, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(device, listener), daemon=True, name="relay").start()

    def _serve(self, device: socket.socket, listener: socket.socket) -> None:
        try:
            device.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                device = self._tls.wrap_socket(device, server_side=True)
            broker = socket.create_connection(self._broker, 5.0)
            broker.settimeout(None)
            broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            _shut(device)
            return
        with self._lock:
            if self._listener is not listener:  # cut meanwhile
                _shut(device)
                _shut(broker)
                return
            self._open |= {device, broker}
        threading.Thread(target=self._back, args=(broker, device), daemon=True, name="relay").start()
        self._forth(device, broker)
        with self._lock:
            self._open -= {device, broker}
        _shut(device)
        _shut(broker)
        self._arrived("connection", {"state": "closed"})

    def _forth(self, device: socket.socket, broker: socket.socket) -> None:
        packets = Packets()
        try:
            while chunk := device.recv(CHUNK):
                for first, body in packets.feed(chunk):
                    if first >> 4 == CONNECT:
                        opened = {
                            "state": "open",
                            "protocol": protocol_level(body),
                            "filters": list(self._filters),
                        }
                        self._arrived("connection", opened)
                    elif first >> 4 == SUBSCRIBE:
                        self._filters = list(dict.fromkeys([*self._filters, *filters(body)]))
                        self._arrived("connection", {"state": "subscribed", "filters": list(self._filters)})
                    elif first >> 4 == PUBLISH:
                        self._arrived("mqtt", published(first, body))
                broker.sendall(chunk)
        except (OSError, ValueError):
            pass

    def _back(self, broker: socket.socket, device: socket.socket) -> None:
        try:
            while chunk := broker.recv(CHUNK):
                device.sendall(chunk)
        except OSError:
            pass
        _shut(device)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
