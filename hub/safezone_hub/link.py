"""The hub's one connection to the broker, behind a thin interface.

One filter on one connection: the order of clock and devices depends on it. MQTT 3.1.1 spoken by
hand, QoS 1 both ways: paho-mqtt took a third of the hub's time for each message, because it wakes,
locks and writes for every packet; here a chunk of packets is read, acknowledged and answered at once.

``flush`` never waits for the network: what the socket does not take at once the link's own thread
writes, and while the broker is away a bounded buffer keeps the newest. Nothing rests on that buffer:
devices repeat until a receipt, and the outbox repeats until an acknowledgement.
"""

import logging
import select
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

log = logging.getLogger("safezone.hub")

UP = "safezone/v1/+/+/+/up"
KEEPALIVE_S = 30  # what the broker is told: it gives up on a hub that is silent for half as long again
PING_S = 5.0  # without a word from the broker for so long, it is asked
SILENCE_S = 15.0  # without a word for so long, the connection is taken for dead
CONNECT_S = 5.0
RECONNECT_S = (0.2, 5.0)
CLOSE_S = 2.0
AWAY_MAX_BYTES = 8 * 1024 * 1024
UNSENT_MAX_BYTES = 32 * 1024 * 1024

_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _SUBACK = 0x10, 0x20, 0x30, 0x82, 0x90
_UNSUBSCRIBE = 0xA2
_FILTERS_A_PACKET = 100
_PINGREQ, _DISCONNECT = b"\xc0\x00", b"\xe0\x00"
_QOS1 = 0x02
_PUBACK = b"\x40\x02"
_CHUNK = 1048576

_REFUSALS = {
    1: "it speaks no MQTT 3.1.1",
    2: "it does not like the client id",
    3: "it says it is unavailable",
    4: "wrong username or password",
    5: "not authorised: wrong username or password",
}
_CREDENTIAL_CODES = (4, 5)

Arrivals = list[tuple[str, bytes]]


class Link(Protocol):
    """Where messages down go."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Send with the next ``flush``, in order."""

    def flush(self) -> None: ...
    def is_connected(self) -> bool: ...
    def close(self) -> None: ...


class Refused(OSError):
    """The broker answers, but not to this hub: wrong password, or its certificate is not to be trusted."""


class MqttLink:
    """Connects and subscribes on construction; ``arrived`` is called on a thread of its own.

    ``publish`` and ``flush`` belong to one thread, the engine's. With ``patient`` a broker that cannot be
    reached at first is awaited like one that went away; one that refuses is an error even then. After every
    connection but the first made on construction ``on_reconnect`` is called, on the link's thread: what was said
    before may be lost, say it again.
    """

    def __init__(
        self,
        host: str,
        port: int,
        client_id: str,
        arrived: Callable[[Arrivals], None],
        *,
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        on_reconnect: Callable[[], None] | None = None,
        patient: bool = False,
        silence_s: float = SILENCE_S,
        by_zone: bool = False,
    ) -> None:
        self._address, self._tls = (host, port), tls
        # With ``by_zone`` nothing is heard but of the zones that are followed.
        self._by_zone, self._zones = by_zone, set[str]()
        self._client = (client_id, username, password)
        self._arrived, self._on_reconnect, self._silence_s = arrived, on_reconnect, silence_s
        self._publishes: list[bytes] = []
        self._packet_id = 0
        self._closing = threading.Event()
        self._waking, self._wakes = socket.socketpair()
        self._waking.setblocking(False)
        self._wakes.setblocking(False)
        # Everything below is touched under the lock.
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._away: deque[bytes] = deque()
        self._away_bytes = 0
        self.dropped = 0  # flushes that no longer fitted while the broker was away
        self.problem: str | None = None
        try:
            self._attach(self._connect())
        except Refused:
            self._close_wakers()
            raise
        except OSError as error:
            if not patient:
                self._close_wakers()
                raise
            self.problem = str(error)
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    def follow(self, zone: str) -> None:
        """Hear what comes from a zone, from any thread. What came while nobody followed it is repeated by its devices."""
        with self._lock:
            self._zones.add(zone)
            if self._connection is not None:
                self._put(self._connection, _subscription([_up_of(zone)]))

    def unfollow(self, zone: str) -> None:
        """Hear nothing more of a zone."""
        with self._lock:
            self._zones.discard(zone)
            if self._connection is not None:
                name = _up_of(zone).encode()
                body = struct.pack(">HH", 2, len(name)) + name
                self._put(self._connection, _packet(_UNSUBSCRIBE, body))

    def publish(self, topic: str, payload: bytes) -> None:
        name = topic.encode()
        self._packet_id = self._packet_id % 65535 + 1
        body = struct.pack(">H", len(name)) + name + struct.pack(">H", self._packet_id) + payload
        self._publishes.append(_packet(_PUBLISH | _QOS1, body))

    def flush(self) -> None:
        if not self._publishes:
            return
        packets, self._publishes = b"".join(self._publishes), []
        with self._lock:
            if self._connection is None or not self._put(self._connection, packets):
                self._keep(packets)

    def is_connected(self) -> bool:
        return self._connection is not None

    def health(self) -> str:
        """``ok``, or why not, in words for the health endpoint."""
        if self.is_connected():
            return "ok"
        return f"not connected: {self.problem or 'connection lost'}"

    def close(self) -> None:
        """Say goodbye after what is still unsent, as far as that goes within two seconds."""
        self._closing.set()
        self._wake()
        self._thread.join(timeout=CLOSE_S + CONNECT_S)
        self._close_wakers()

    # ------------------------------------------------------------------- under the lock

    def _put(self, connection: "_Connection", packets: bytes) -> bool:
        """Send now what the socket takes; the link's thread writes the rest. False when the connection is over."""
        try:
            connection.send(packets)
        except OSError as error:
            # Part of a packet may be out: nothing more fits this connection. The reader sees its end and begins anew.
            log.warning("not sent: %s", error)
            connection.shut()
            return False
        if connection.unsent:
            if len(connection.unsent) > UNSENT_MAX_BYTES:
                log.warning("the broker takes nothing more; connecting anew")
                connection.shut()
            self._wake()
        return True

    def _keep(self, packets: bytes) -> None:
        """For when the broker is back; the oldest go when there is too much."""
        self._away.append(packets)
        self._away_bytes += len(packets)
        while self._away_bytes > AWAY_MAX_BYTES:
            self._away_bytes -= len(self._away.popleft())
            self.dropped += 1

    def _attach(self, connection: "_Connection") -> None:
        with self._lock:
            self._connection, self.problem = connection, None
            # What changed while the connection was being made.
            now = {_up_of(zone) for zone in self._zones} if self._by_zone else set(connection.filters)
            if new := sorted(now - set(connection.filters)):
                self._put(connection, _subscription(new))
            kept, self._away, self._away_bytes = b"".join(self._away), deque(), 0
            if kept:
                self._put(connection, kept)

    def _detach(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # ------------------------------------------------------------------- the link's thread

    def _run(self) -> None:
        wait_s = 0.0
        while True:
            connection = self._connection
            if connection is not None:
                try:
                    self._serve(connection)
                except Exception as error:
                    # Whatever it was: this connection is over, the next one begins clean.
                    if not self._closing.is_set():
                        self.problem = str(error) or type(error).__name__
                        log.warning("connection to the broker lost: %s", error)
                self._detach()
                wait_s = RECONNECT_S[0]
            if self._closing.wait(wait_s):
                return
            wait_s = min(2 * wait_s, RECONNECT_S[1]) or RECONNECT_S[0]
            try:
                self._attach(self._connect())
            except (OSError, ValueError, IndexError) as error:
                if str(error) != self.problem:
                    log.warning("no connection to the broker: %s", error)
                self.problem = str(error)
                continue
            if not self._closing.is_set():
                self._tell_of_reconnection()

    def _tell_of_reconnection(self) -> None:
        if self._on_reconnect is None:
            return
        try:
            self._on_reconnect()
        except Exception:
            log.exception("after the reconnection")

    def _serve(self, connection: "_Connection") -> None:
        """Take packets as they come and write what waits, until the connection ends."""
        poll = select.poll()
        poll.register(connection.socket, select.POLLIN)
        poll.register(self._wakes, select.POLLIN)
        watching_writes = False
        buffer, heard, pinged = self._take(connection, connection.early), time.monotonic(), False
        until = None
        while True:
            if self._closing.is_set() and until is None:
                until = time.monotonic() + CLOSE_S
                with self._lock:
                    self._put(connection, _DISCONNECT)
            if bool(connection.unsent) != watching_writes:
                watching_writes = not watching_writes
                poll.modify(connection.socket, select.POLLIN | (select.POLLOUT if watching_writes else 0))
            if until is not None and (not watching_writes or time.monotonic() > until):
                return
            patience_s = self._silence_s if pinged else min(PING_S, self._silence_s / 3)
            left_s = 0.1 if until is not None else max(0.0, heard + patience_s - time.monotonic())
            events = poll.poll(left_s * 1000)
            if not events and until is None and time.monotonic() >= heard + patience_s:
                if pinged:
                    raise OSError(f"the broker has said nothing for {self._silence_s:.0f} s")
                with self._lock:
                    self._put(connection, _PINGREQ)
                pinged = True
            for fd, event in events:
                if fd == self._wakes.fileno():
                    self._wakes.recv(4096)
                    continue
                if event & select.POLLOUT:
                    with self._lock:
                        connection.send(b"")
                if event & ~select.POLLOUT:
                    chunk = self._receive(connection)
                    if chunk is not None:
                        buffer = self._take(connection, buffer + chunk)
                        heard, pinged = time.monotonic(), False

    def _receive(self, connection: "_Connection") -> bytes | None:
        """What came, in clear; None when there was nothing yet. OSError when the broker closed."""
        try:
            chunk = connection.socket.recv(_CHUNK)
        except BlockingIOError:
            return None
        if not chunk:
            raise OSError("closed by the broker")
        if connection.cipher is None:
            return chunk
        # Sender and reader share one cipher, which bears only one of them at a time.
        with self._lock:
            clear = connection.cipher.opened(chunk)
            self._put(connection, b"")
        return clear

    def _take(self, connection: "_Connection", buffer: bytes) -> bytes:
        """Acknowledge and hand over whole messages; the rest of the buffer.

        Acknowledged first, so that the broker sends on meanwhile: nothing rests on it, the receipt is the proof.
        """
        arrivals, ids, end = publishes_in(buffer)
        if ids:
            with self._lock:
                self._put(connection, _PUBACK + _PUBACK.join(ids))
        if arrivals:
            self._arrived(arrivals)
        return buffer[end:]

    def _wake(self) -> None:
        with suppress(OSError):  # already woken, or closed
            self._waking.send(b"\0")

    def _close_wakers(self) -> None:
        self._waking.close()
        self._wakes.close()

    def _connect(self) -> "_Connection":
        """A subscribed connection."""
        raw = socket.create_connection(self._address, timeout=CONNECT_S)
        try:
            # A receipt and a clock.ack are two small packets: Nagle would hold the second for 40 ms.
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            cipher = _Cipher(raw, self._tls, self._address[0]) if self._tls is not None else None
            connection = _Connection(raw, cipher)
            with self._lock:
                filters = [_up_of(zone) for zone in sorted(self._zones)] if self._by_zone else [UP]
            # Where zones come and go the broker keeps no session: it would keep the zones of before, too.
            connection.send_all(_greeting(*self._client, filters, clean=self._by_zone))
            connection.filters = filters
            connection.early = _early_packets(connection, -(-len(filters) // _FILTERS_A_PACKET))
            raw.setblocking(False)
        except BaseException:
            raw.close()
            raise
        return connection


class _Connection:
    """A socket, its cipher if it has one, and what the socket has not yet taken."""

    def __init__(self, raw: socket.socket, cipher: "_Cipher | None") -> None:
        self.socket, self.cipher = raw, cipher
        self.unsent = bytearray()
        self.filters: list[str] = []  # subscribed from the beginning
        self.early = b""  # packets that came before the subscription was answered

    def send(self, packets: bytes) -> None:
        """Write as much as goes without waiting; keep the rest. OSError when the connection is broken."""
        wire = packets if self.cipher is None else self.cipher.sealed(packets)
        try:
            if self.unsent:
                self.unsent += wire
                del self.unsent[: self.socket.send(self.unsent)]
            elif wire:
                sent = self.socket.send(wire)
                if sent < len(wire):
                    self.unsent += wire[sent:]
        except BlockingIOError:
            if not self.unsent:
                self.unsent += wire

    def send_all(self, packets: bytes) -> None:
        """While the socket still blocks."""
        self.socket.sendall(packets if self.cipher is None else self.cipher.sealed(packets))

    def receive(self) -> bytes:
        """While the socket still blocks."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise OSError("closed by the broker while connecting")
        return chunk if self.cipher is None else self.cipher.opened(chunk)

    def shut(self) -> None:
        with suppress(OSError):  # gone already
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.shut()
        self.socket.close()


class _Cipher:
    """TLS over buffers, so that reading may wait on the socket without keeping the writer out.

    One SSL object must not be used by two threads at once; an ``SSLSocket`` would be, by reader and writer.
    """

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, host: str) -> None:
        """Shake hands over a socket that blocks. Refused when the broker's certificate is not to be trusted."""
        self._from_wire, self._to_wire = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._from_wire, self._to_wire, server_hostname=host)
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                raw.sendall(self._to_wire.read())
                chunk = raw.recv(65536)
                if not chunk:
                    raise OSError("closed by the broker during the TLS handshake") from None
                self._from_wire.write(chunk)
            except ssl.SSLCertVerificationError as error:
                raise Refused(f"the broker's certificate is refused: {error.verify_message}") from None
            except ssl.SSLError as error:
                raise _tls_error(error) from None
            else:
                raw.sendall(self._to_wire.read())
                return

    def sealed(self, clear: bytes) -> bytes:
        """Bytes for the wire; also what the protocol itself has to say (key updates)."""
        if clear:
            self._tls.write(clear)
        return self._to_wire.read()

    def opened(self, chunk: bytes) -> bytes:
        """What the bytes from the wire say so far. OSError at the end of the stream."""
        self._from_wire.write(chunk)
        parts: list[bytes] = []
        try:
            while part := self._tls.read(_CHUNK):
                parts.append(part)
        except ssl.SSLWantReadError:
            return b"".join(parts)
        except ssl.SSLError as error:
            # Under TLS 1.3 a broker tells a client without a good certificate only now.
            raise _tls_error(error) from None
        if parts:
            return b"".join(parts)
        raise OSError("closed by the broker")


def _tls_error(error: ssl.SSLError) -> OSError:
    if "ALERT" in (error.reason or ""):
        return Refused(f"the broker refused the TLS connection: {error.reason}")
    return OSError(f"TLS: {error.reason or error}")


def _up_of(zone: str) -> str:
    return f"safezone/v1/{zone}/+/+/up"


def _subscription(filters: list[str]) -> bytes:
    names = [topic.encode() for topic in filters]
    body = b"".join(struct.pack(">H", len(name)) + name + b"\x01" for name in names)
    return _packet(_SUBSCRIBE, b"\x00\x01" + body)


def _greeting(
    client_id: str, username: str | None, password: str | None, filters: list[str], *, clean: bool = False
) -> bytes:
    """CONNECT and SUBSCRIBE. No clean session: a broker that remembers keeps what comes while the hub is away."""
    flags = (
        (0x80 if username is not None else 0) | (0x40 if password is not None else 0) | (2 if clean else 0)
    )
    hello = b"\x00\x04MQTT\x04" + struct.pack(">BH", flags, KEEPALIVE_S)
    for text in (client_id, username, password):
        if text is not None:
            hello += struct.pack(">H", len(text.encode())) + text.encode()
    parts = range(0, len(filters), _FILTERS_A_PACKET)
    return _packet(_CONNECT, hello) + b"".join(
        _subscription(filters[n : n + _FILTERS_A_PACKET]) for n in parts
    )


def _early_packets(connection: _Connection, subscriptions: int) -> bytes:
    """Wait for all answers; what else came by then: a session that was kept begins with what it kept."""
    buffer, kept, answered = b"", b"", False
    while True:
        if answered and not subscriptions:
            return kept + buffer
        buffer += connection.receive()
        end = 0
        for kind, body, end in packets_in(buffer):  # noqa: B007
            if kind == _CONNACK and not body[1]:
                answered = True
            if kind == _CONNACK and body[1]:
                why = _REFUSALS.get(body[1], f"code {body[1]}")
                error = Refused if body[1] in _CREDENTIAL_CODES else OSError
                raise error(f"the broker refused the connection: {why}")
            if kind == _SUBACK:
                if body[2] >= 0x80:
                    raise Refused(f"the broker refused the subscription to {UP}")
                subscriptions -= 1
            if kind & 0xF0 == _PUBLISH:
                kept += _packet(kind, body)
        buffer = buffer[end:]


def _body(buffer: bytes, start: int) -> tuple[int, int] | None:
    """Where the body of the packet at ``start`` begins and ends; None while it is not all there."""
    size, length, shift, at = len(buffer), 0, 0, start + 1
    while at < size:
        byte = buffer[at]
        length |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return (at, at + length) if at + length <= size else None
        if shift > 21:
            raise ValueError("no MQTT packet")
    return None


def packets_in(buffer: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Each whole packet: its first byte, its body, and where it ends."""
    start = 0
    while (body := _body(buffer, start)) is not None:
        at, end = body
        yield buffer[start], buffer[at:end], end
        start = end


def publishes_in(buffer: bytes) -> tuple[Arrivals, list[bytes], int]:
    """Each whole message, the packet ids to acknowledge, and where the last whole packet ends.

    What ``packets_in`` does, without copies of whole bodies: beyond what the engine can take, most of the
    hub's time would go into reading what is not taken.
    """
    start = 0
    arrivals: Arrivals = []
    ids: list[bytes] = []
    while (body := _body(buffer, start)) is not None:
        at, end = body
        kind = buffer[start]
        if kind & 0xF0 == _PUBLISH:
            head = at + 2 + (buffer[at] << 8 | buffer[at + 1])
            topic = buffer[at + 2 : head].decode("utf-8", "replace")
            if kind & 0x06:
                ids.append(buffer[head : head + 2])
                head += 2
            arrivals.append((topic, buffer[head:end]))
        start = end
    return arrivals, ids, start


def _packet(kind: int, body: bytes) -> bytes:
    length, encoded = len(body), bytearray()
    while True:
        byte, length = length & 0x7F, length >> 7
        encoded.append(byte | 0x80 if length else byte)
        if not length:
            return bytes([kind]) + bytes(encoded) + body
