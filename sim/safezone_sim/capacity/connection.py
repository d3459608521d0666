"""One device-side connection to the broker: never blocks, and keeps what the network would not take."""

import contextlib
import socket
import ssl
from collections.abc import Iterable, Sequence

from safezone_sim.capacity import wire
from safezone_sim.capacity.target import Target

FILTERS_A_PACKET = 50
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_CHUNK = 262144


class Connection:
    """Connected and subscribed once constructed. OSError when the broker refuses or is not there."""

    def __init__(self, target: Target, client_id: str, filters: Iterable[str]) -> None:
        raw = socket.create_connection((target.host, target.port), timeout=10)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = target.context()
        self.socket = context.wrap_socket(raw, server_hostname=target.host) if context is not None else raw
        self.encrypted = context is not None
        self.reader = wire.Reader()
        self.waiting = bytearray()
        wanted = list(filters)
        hello = wire.connect(client_id, username=target.username, password=target.password)
        self.socket.sendall(hello + b"".join(_subscriptions(wanted)))
        needed = -(-len(wanted) // FILTERS_A_PACKET)
        self.early: list[wire.Arrived] = []
        while self.reader.connack is None or self.reader.subacks < needed:
            chunk = self.socket.recv(65536)
            if not chunk or self.reader.connack not in (None, 0):
                raise OSError(f"{target.url}: the broker refused the connection: code {self.reader.connack}")
            self.early += self.reader.feed(chunk)
        if self.reader.connack:
            raise OSError(f"{target.url}: the broker refused the connection: code {self.reader.connack}")
        self.socket.setblocking(False)

    def send(self, data: bytes) -> bool:
        """Write what goes now; whether nothing is left waiting. OSError when the connection is over."""
        if self.waiting:
            self.waiting += data
            return self.push()
        try:
            sent = self.socket.send(data)
        except _NOT_YET:
            sent = 0
        if sent < len(data):
            self.waiting += data[sent:]
            return False
        return True

    def push(self) -> bool:
        """Try again what was left; whether all went."""
        with contextlib.suppress(*_NOT_YET):
            # OpenSSL wants the very bytes of the last try again, at least as many.
            del self.waiting[: self.socket.send(bytes(self.waiting))]
        return not self.waiting

    def receive(self) -> Sequence[wire.Arrived]:
        """What came. ConnectionError when the broker closed."""
        arrived: list[wire.Arrived] = []
        while True:
            try:
                chunk = self.socket.recv(_CHUNK)
            except _NOT_YET:
                return arrived
            if not chunk:
                raise ConnectionError("the broker closed a connection")
            arrived += self.reader.feed(chunk)
            if not self.encrypted:
                return arrived

    def close(self) -> None:
        self.socket.close()


def _subscriptions(filters: list[str]) -> Iterable[bytes]:
    for n, start in enumerate(range(0, len(filters), FILTERS_A_PACKET)):
        yield wire.subscribe(n + 1, *filters[start : start + FILTERS_A_PACKET])
