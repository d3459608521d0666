"""The other end of a link: a broker of a few lines whose manners a test decides."""

import socket
import struct
import threading
import time
from collections.abc import Callable

CONNACK, SUBACK = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01"


def wait_until(holds: Callable[[], object], what: str, timeout_s: float = 10.0) -> None:
    """Return as soon as it holds; fail after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"expected within {timeout_s:.0f} s: {what}"
        time.sleep(0.005)


def publish(topic: str, payload: bytes, packet_id: int = 1) -> bytes:
    """A PUBLISH of QoS 1, by the test's own hand."""
    body = struct.pack(">H", len(topic)) + topic.encode() + struct.pack(">H", packet_id) + payload
    length, head = len(body), bytearray([0x32])
    while True:
        length, byte = length >> 7, length & 0x7F
        head.append(byte | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


class Peer:
    """Listens, greets every connection with ``greeting``, and reads what comes unless it is ``deaf``."""

    def __init__(self, greeting: bytes = CONNACK + SUBACK, *, deaf: bool = False, port: int = 0) -> None:
        self.greeting, self.deaf = greeting, deaf
        self.heard = bytearray()
        self.connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def say(self, data: bytes) -> None:
        self.connections[-1].sendall(data)

    def hang_up(self) -> None:
        self.connections[-1].shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # Only after this does the thread in accept() let go of the port.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()
        for connection in self.connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.recv(4096)
            connection.sendall(self.greeting)
            self.connections.append(connection)
            if not self.deaf:
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        try:
            while chunk := connection.recv(65536):
                self.heard += chunk
        except OSError:
            pass  # closed by the test
