"""The simulator's own codec of the envelope: bytes up with a MAC, bytes down checked.

Written from the standard, independent of any hub's codec.
"""

import base64
import hmac
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

_encode = msgspec.json.Encoder().encode
_MAC = b',"mac":"'
_MAC_LENGTH = len(_MAC) + 43 + len(b'"}')


class WireTime:
    """Seconds after a local midnight to and from the wire's RFC 3339 text, to 1 ms."""

    def __init__(self, midnight: datetime) -> None:
        self._midnight_ms = round(midnight.timestamp() * 1000)
        self._second = -1
        self._prefix = ""

    def text(self, t: float) -> str:
        """Seconds after midnight to e.g. ``2026-05-18T23:31:05.123Z``."""
        second, milli = divmod(self._midnight_ms + round(t * 1000), 1000)
        if second != self._second:
            self._second = second
            self._prefix = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._prefix}.{milli:03d}Z"

    def seconds(self, text: str) -> float:
        """Wire text to seconds after midnight."""
        return datetime.fromisoformat(text).timestamp() - self._midnight_ms / 1000

    def unix_ms(self, t: float) -> int:
        """Seconds after midnight to milliseconds since 1970."""
        return self._midnight_ms + round(t * 1000)


class Up(Struct, omit_defaults=True):
    """Envelope of a message up, without its mac. Field order is the order of the bytes."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    datacontenttype: str
    keyid: str
    epoch: int
    seq: int
    exercise: str | UnsetType
    data: Mapping[str, Any]


class Down(Struct):
    """Envelope of a message down, as decoded."""

    id: str
    source: str
    type: str
    time: str
    keyid: str
    epoch: int
    seq: int
    data: dict[str, Any]
    exercise: str | None = None


_down = msgspec.json.Decoder(Down)


class BadMac(ValueError):
    """A message down whose MAC does not fit its topic, bytes and key."""


def _mac(key: bytes, topic: bytes, body: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(key, topic + b"\n" + body, "sha256")).rstrip(b"=")


def seal(key: bytes, topic: bytes, envelope: Up) -> bytes:
    """Envelope to payload bytes, the MAC as last member."""
    body = _encode(envelope)[:-1]
    return body + _MAC + _mac(key, topic, body) + b'"}'


def open_down(key: bytes, topic: bytes, payload: bytes) -> Down:
    """Checks the MAC under the recipient's key and decodes. BadMac or msgspec.DecodeError."""
    body = payload[:-_MAC_LENGTH]
    if not hmac.compare_digest(payload[len(body) :], _MAC + _mac(key, topic, body) + b'"}'):
        raise BadMac(topic.decode())
    return _down.decode(payload)


def is_from_hub(message: Down, zone: str) -> bool:
    """Whether its source is a hub, and of this zone."""
    return message.source.startswith(f"{zone}/hub/")


def secret_bytes(secret: str) -> bytes:
    """base64url without padding to key bytes."""
    return base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))


def uuid7(unix_ms: int, rng: random.Random) -> str:
    """UUID version 7 from simulated time and a named stream."""
    bits = rng.getrandbits(74)
    value = (unix_ms & (1 << 48) - 1) << 80 | 7 << 76 | (bits >> 62) << 64 | 2 << 62 | bits & (1 << 62) - 1
    h = f"{value:032x}"
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def drill_or_unset(exercise: str | None) -> str | UnsetType:
    """The envelope's exercise member: left out when real."""
    return UNSET if exercise is None else exercise
