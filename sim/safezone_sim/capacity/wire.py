"""MQTT 3.1.1 without I/O: bytes to packets and back, at the speed a load generator needs. Only what a device or a recipient uses."""

import struct
from typing import NamedTuple

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 0x20, 0x30, 0x40, 0x90, 0xD0
PINGREQ, DISCONNECT = b"\xc0\x00", b"\xe0\x00"


class Arrived(NamedTuple):
    """A message from the broker. ``packet_id`` 0 for QoS 0."""

    topic: str
    payload: bytes
    packet_id: int


class BadPacket(ValueError):
    """The bytes are no MQTT."""


def connect(
    client_id: str,
    *,
    keepalive_s: int = 60,
    clean: bool = True,
    username: str | None = None,
    password: str | None = None,
) -> bytes:
    flags = (
        (2 if clean else 0) | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    )
    texts = [text.encode() for text in (client_id, username, password) if text is not None]
    body = b"".join(struct.pack(">H", len(text)) + text for text in texts)
    return packet(0x10, b"\x00\x04MQTT\x04" + struct.pack(">BH", flags, keepalive_s) + body)


def subscribe(packet_id: int, *filters: str) -> bytes:
    """All of them at QoS 1."""
    body = struct.pack(">H", packet_id)
    for each in filters:
        name = each.encode()
        body += struct.pack(">H", len(name)) + name + b"\x01"
    return packet(0x82, body)


def publish(topic: str | bytes, payload: bytes, packet_id: int, *, again: bool = False) -> bytes:
    """QoS 1."""
    name = topic.encode() if isinstance(topic, str) else topic
    head = struct.pack(">H", len(name)) + name + struct.pack(">H", packet_id)
    return packet(0x3A if again else 0x32, head + payload)


def puback(packet_id: int) -> bytes:
    return b"\x40\x02" + struct.pack(">H", packet_id)


def packet(first: int, body: bytes) -> bytes:
    length, encoded = len(body), bytearray([first])
    while True:
        byte, length = length & 0x7F, length >> 7
        encoded.append(byte | 0x80 if length else byte)
        if not length:
            return bytes(encoded) + body


class Reader:
    """Cuts a stream into packets. Keeps what is not whole yet."""

    def __init__(self) -> None:
        self._rest = b""
        self.pubacks = 0
        self.connack: int | None = None  # the broker's answer: 0 is yes
        self.subacks = 0

    def feed(self, chunk: bytes) -> list[Arrived]:
        """The messages that are whole now; acknowledgements are counted."""
        buffer = self._rest + chunk if self._rest else chunk
        start, size = 0, len(buffer)
        arrived = []
        while size - start >= 2:
            first, length, shift, at = buffer[start], 0, 0, start + 1
            while at < size:
                byte = buffer[at]
                at += 1
                length |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
                if shift > 21:
                    raise BadPacket("a length of more than four bytes")
            else:
                break  # the length itself is not whole
            end = at + length
            if end > size:
                break
            kind = first & 0xF0
            if kind == PUBACK:
                self.pubacks += 1
            elif kind == PUBLISH:
                named = at + 2 + (buffer[at] << 8 | buffer[at + 1])
                topic = buffer[at + 2 : named].decode()
                if first & 0x06:
                    packet_id = buffer[named] << 8 | buffer[named + 1]
                    arrived.append(Arrived(topic, buffer[named + 2 : end], packet_id))
                else:
                    arrived.append(Arrived(topic, buffer[named:end], 0))
            elif kind == CONNACK:
                self.connack = buffer[at + 1]
            elif kind == SUBACK:
                self.subacks += 1
            start = end
        self._rest = buffer[start:]
        return arrived
