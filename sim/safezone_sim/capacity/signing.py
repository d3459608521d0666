"""Senders: topic, key, rising sequence, and the standard's envelope put together from bytes.

Written from the standard and apart from any hub's codec. ``devices/envelope.py`` is the one to read; this one is for
hundreds of thousands of messages a minute: what never changes of an envelope is joined once a sender.
"""

import base64
import hmac
import json
import random
from datetime import UTC, datetime
from typing import Any


class _Moments:
    """Wire time with its second kept: a burst is written within few of them."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def text(self, t: float) -> str:
        second, milli = divmod(round(t * 1000), 1000)
        if second != self._second:
            self._second = second
            self._text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._text}.{milli:03d}Z"


_moments = _Moments()


def iso(t: float) -> str:
    """Seconds since 1970 as the wire writes them."""
    return _moments.text(t)


class Ids:
    """UUIDs of version 7: rising with time, the rest drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def next(self, t: float) -> str:
        ms, r = int(t * 1000), self._rng.getrandbits(74)
        return (
            f"{ms >> 16 & 0xFFFFFFFF:08x}-{ms & 0xFFFF:04x}-7{r & 0xFFF:03x}-"
            f"{0x8000 | (r >> 12 & 0x3FFF):04x}-{r >> 26:012x}"
        )


def key_of(run: str, source: str) -> bytes:
    """The key of an invented principal: made from the run's name, so that every generator knows it, and nobody's secret."""
    return hmac.digest(run.encode(), source.encode(), "sha256")


def key_item(run: str, source: str) -> dict[str, str]:
    """The same as the registry wants it."""
    name = source.rpartition("/")[2]
    secret = base64.urlsafe_b64encode(key_of(run, source)).decode().rstrip("=")
    return {"keyid": keyid(name), "secret": secret}


def keyid(id_: str) -> str:
    return f"key-{id_}"[:64]


def signed(topic: bytes, head: bytes, key: bytes) -> bytes:
    """``head`` is the envelope up to its last member, without the closing brace."""
    digest = hmac.digest(key, topic + b"\n" + head, "sha256")
    return head + b',"mac":"' + base64.urlsafe_b64encode(digest)[:43] + b'"}'


class Principal:
    """One sender. ``exercise`` None: real."""

    def __init__(
        self, zone: str, role: str, id_: str, epoch: int, key: bytes, *, exercise: str | None = None
    ) -> None:
        self.zone, self.role, self.id = zone, role, id_
        self.source = f"{zone}/{role}/{id_}"
        self.topic = f"safezone/v1/{self.source}/up"
        self.down = f"safezone/v1/{self.source}/down"
        self.seq = 0
        self._topic, self._key = self.topic.encode(), key
        exercised = f'"exercise":"{exercise}",' if exercise else ""
        self._middle = (
            f'","source":"{self.source}","datacontenttype":"application/json","keyid":"{keyid(id_)}",'
            f'{exercised}"epoch":{epoch},"seq":'
        )

    def write(self, id_: str, type_: str, data: str, t: float) -> bytes:
        """A signed message; ``data`` is JSON text."""
        self.seq += 1
        head = (
            f'{{"specversion":"1.0","id":"{id_}{self._middle}{self.seq},"type":"{type_}",'
            f'"time":"{iso(t)}","data":{data}'
        )
        return signed(self._topic, head.encode(), self._key)

    def write_json(self, id_: str, type_: str, data: dict[str, Any], t: float) -> bytes:
        return self.write(id_, type_, json.dumps(data, ensure_ascii=False, separators=(",", ":")), t)
