"""A client of event streams by hand, on a bare socket: it can stop reading, and cut the connection mid-byte."""

import json
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

WAIT_S = 20.0


@dataclass(frozen=True)
class Event:
    id: str
    type: str
    data: Any


class Stream:
    """One connection. ``next`` blocks until an event has come; heartbeats are counted."""

    def __init__(
        self, base: str, path: str, token: str, last_id: str | None = None, receive_buffer: int | None = None
    ) -> None:
        where = urlsplit(base)
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(WAIT_S)
        self._socket.connect((where.hostname, where.port))
        more = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n{more}\r\n"
        self._socket.sendall(head.encode())
        self._raw, self._text, self.heartbeats, self.last_id = b"", b"", 0, last_id
        self.comments: list[str] = []
        self.head = self._until(b"\r\n\r\n").decode()
        self.status = int(self.head.split()[1])
        if self.status == 200:
            assert "text/event-stream" in self.head.lower()
            assert self._block() is None  # the place from which it begins

    def next(self) -> Event:
        """The next event. EOFError when the server ends the stream, TimeoutError when none comes in 20 s."""
        ends = time.monotonic() + WAIT_S
        while time.monotonic() < ends:
            event = self._block()
            if event is not None:
                return event
        raise TimeoutError("no event")

    def take(self, count: int) -> list[Event]:
        return [self.next() for _ in range(count)]

    def rest(self) -> list[Event]:
        """Everything until the server ends the stream."""
        found = []
        try:
            while True:
                found.append(self.next())
        except (EOFError, ConnectionError):
            return found

    def raw_bytes(self, count: int) -> None:
        """Read some bytes and throw them away: the connection is then cut within an event."""
        while count > 0:
            count -= len(self._socket.recv(count))

    def cut(self) -> None:
        """As when the network goes: no farewell."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self._socket.close()

    def _block(self) -> Event | None:
        """One block: an event, or None for a comment or an id alone."""
        while b"\n\n" not in self._text:
            self._text += self._chunk()
        block, _, self._text = self._text.partition(b"\n\n")
        id_, type_, data = None, "message", []
        for line in block.decode().split("\n"):
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.heartbeats += 1
                self.comments.append(line[1:].strip())
            elif name == "id":
                id_ = value
            elif name == "event":
                type_ = value
            elif name == "data":
                data.append(value)
        if id_ is not None:
            self.last_id = id_
        return Event(id_ or "", type_, json.loads("\n".join(data))) if data else None

    def _chunk(self) -> bytes:
        size = int(self._until(b"\r\n").strip() or b"0", 16)
        while len(self._raw) < size + 2:
            self._read()
        chunk, self._raw = self._raw[:size], self._raw[size + 2 :]
        if size == 0:
            raise EOFError
        return chunk

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._raw:
            self._read()
        found, _, self._raw = self._raw.partition(mark)
        return found + mark

    def _read(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise EOFError
        self._raw += data
