"""A small message centre that speaks SMPP 3.4 over a real socket, and misbehaves on request.

Written from the specification's tables alone, sharing no code with the hub: a mistake in the hub's
bytes is not made here again.
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

BIND_TRANSCEIVER, SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 0x09, 0x04, 0x05, 0x06, 0x15
RESPONSE = 0x80000000
OK, THROTTLED, BAD_PASSWORD, BAD_DESTINATION = 0x00, 0x58, 0x0E, 0x0B

SILENT = "silent"  # take it and say nothing
DIE = "die"  # take it, and lose the connection before answering


@dataclass
class Submitted:
    """A submit_sm as it came."""

    source: str
    dest_ton: int
    dest: str
    esm_class: int
    priority: int
    registered: int
    coding: int
    content: bytes
    tlvs: dict[int, bytes]
    message_id: str = ""

    @property
    def text(self) -> str:
        body = self.content[self.content[0] + 1 :] if self.esm_class & 0x40 else self.content
        return body.decode("utf-16-be") if self.coding == 8 else body.decode("ascii")

    @property
    def part(self) -> tuple[int, int, int]:
        """Reference, count and number, from the user data header."""
        assert self.esm_class & 0x40
        length, kind, size, reference, count, number = struct.unpack(">BBBHBB", self.content[:7])
        assert (length, kind, size) == (6, 8, 4)
        return reference, count, number


@dataclass
class Smsc:
    """``answer`` decides each submit: a status, SILENT or DIE. Everything that came is in ``submits``."""

    password: str = "secret08"
    answer: Callable[[Submitted], int | str] = lambda submitted: OK
    next_id: Callable[[int], str] = lambda n: f"m{n}"
    port: int = 0
    wrap: Callable[[socket.socket], socket.socket] | None = None
    submits: list[Submitted] = field(default_factory=list)
    binds: list[tuple[str, str]] = field(default_factory=list)
    enquiries: int = 0
    answers_enquiries: bool = True
    unbound: int = 0
    deliver_answers: dict[int, int] = field(default_factory=dict)
    other_answers: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._connections: list[socket.socket] = []
        self._ids = self._sequence = 0
        self.start()

    def start(self) -> None:
        """Listen; again on the same port after ``kill``."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._listener.listen(16)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def kill(self) -> None:
        """As if the machine were gone: no goodbye, no listener."""
        _close(self._listener)
        self.drop()

    def drop(self) -> None:
        """Lose every connection."""
        for connection in self._connections:
            with suppress(OSError):
                # A reset, not an orderly end.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            _close(connection)
        self._connections = []

    def wait(self, what: Callable[["Smsc"], bool], timeout_s: float = 8.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: what(self), timeout_s), "the centre did not see it"

    # ------------------------------------------------------------------- what it says by itself

    def receipt(self, message_id: str, state: str = "DELIVRD", error: str = "000") -> int:
        """Bring a delivery receipt as text; its sequence number."""
        text = (
            f"id:{message_id} sub:001 dlvrd:001 submit date:2605190900 done date:2605190901 "
            f"stat:{state} err:{error} text:stat:UNDELIV"
        )
        return self.deliver(0x04, text.encode("ascii"))

    def receipt_by_parameters(self, message_id: str, state: int) -> int:
        tlvs = struct.pack(">HH", 0x001E, len(message_id) + 1) + message_id.encode() + b"\0"
        return self.deliver(0x04, b"", tlvs + struct.pack(">HHB", 0x0427, 1, state))

    def deliver(self, esm_class: int, content: bytes, tlvs: bytes = b"") -> int:
        body = b"\0" + b"\x01\x0101000000001\0" + b"\0\x010212\0" + bytes((esm_class, 0, 0)) + b"\0\0"
        body += bytes((0, 0, 0, 0, len(content))) + content + tlvs
        return self.request(DELIVER_SM, body)

    def request(self, command: int, body: bytes = b"") -> int:
        self._sequence += 1
        sequence = 7_000_000 + self._sequence
        self._connections[-1].sendall(_pdu(command, OK, sequence, body))
        return sequence

    # ------------------------------------------------------------------- the connections

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.wrap:
                connection = self.wrap(connection)
            while True:
                length, command, status, sequence = struct.unpack(">IIII", _exactly(connection, 16))
                body = _exactly(connection, length - 16)
                with self._changed:
                    keep = self._take(connection, command, status, sequence, body)
                    self._changed.notify_all()
                if not keep:
                    _close(connection)
                    return
        except OSError:
            return

    def _take(self, connection: socket.socket, command: int, status: int, sequence: int, body: bytes) -> bool:
        if command == BIND_TRANSCEIVER:
            name, password = (text.decode() for text in body.split(b"\0")[:2])
            self.binds.append((name, password))
            refused = OK if password == self.password else BAD_PASSWORD
            connection.sendall(_pdu(command | RESPONSE, refused, sequence, b"smsc\0" if not refused else b""))
            if not refused:
                self._connections.append(connection)
        elif command == SUBMIT_SM:
            return self._submit(connection, sequence, body)
        elif command == ENQUIRE_LINK:
            self.enquiries += 1
            if self.answers_enquiries:
                connection.sendall(_pdu(command | RESPONSE, OK, sequence))
        elif command == UNBIND:
            self.unbound += 1
            connection.sendall(_pdu(command | RESPONSE, OK, sequence))
            return False
        elif command == DELIVER_SM | RESPONSE:
            self.deliver_answers[sequence] = status
        else:
            self.other_answers.append((command, status))
        return True

    def _submit(self, connection: socket.socket, sequence: int, body: bytes) -> bool:
        submitted = _read_submit(body)
        self._ids += 1
        submitted.message_id = self.next_id(self._ids)
        self.submits.append(submitted)
        verdict = self.answer(submitted)
        if verdict == DIE:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if isinstance(verdict, int):
            answer = submitted.message_id.encode() + b"\0" if verdict == OK else b""
            connection.sendall(_pdu(SUBMIT_SM | RESPONSE, verdict, sequence, answer))
        return True


def _read_submit(body: bytes) -> Submitted:
    def text(at: int) -> tuple[str, int]:
        end = body.index(b"\0", at)
        return body[at:end].decode("ascii"), end + 1

    _service, at = text(0)
    source, at = text(at + 2)
    dest_ton = body[at]
    dest, at = text(at + 2)
    esm_class, _protocol, priority = body[at : at + 3]
    _schedule, at = text(at + 3)
    _validity, at = text(at)
    registered, _replace, coding, _default, length = body[at : at + 5]
    content, at = body[at + 5 : at + 5 + length], at + 5 + length
    tlvs = {}
    while at < len(body):
        tag, size = struct.unpack(">HH", body[at : at + 4])
        tlvs[tag] = body[at + 4 : at + 4 + size]
        at += 4 + size
    return Submitted(source, dest_ton, dest, esm_class, priority, registered, coding, content, tlvs)


def _pdu(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError
        data += chunk
    return data


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
