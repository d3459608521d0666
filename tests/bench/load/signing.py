"""The standard's envelope and signature, written a second time: the generator trusts nothing of the hub.

One ``Principal`` a sender: its topic, its key, its rising sequence. Messages are put together from
bytes, because a benchmark signs hundreds of thousands of them.
"""

import base64
import hmac
import itertools
import json
import random
from datetime import UTC, datetime
from typing import Any

SECRET = "b" * 43  # every key of the benchmark's invented people and devices
_RAW = base64.urlsafe_b64decode(SECRET + "=")


def iso(t: float) -> str:
    """Seconds since 1970 as the wire writes them."""
    return datetime.fromtimestamp(t, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


def signed(topic: str, head: bytes, raw_secret: bytes = _RAW) -> bytes:
    """``head`` is the envelope up to its last member, without the closing brace."""
    digest = hmac.digest(raw_secret, topic.encode() + b"\n" + head, "sha256")
    return head + b',"mac":"' + base64.urlsafe_b64encode(digest)[:43] + b'"}'


class Principal:
    """One sender. ``exercise`` None: real."""

    def __init__(self, zone: str, role: str, id_: str, epoch: int, *, exercise: str | None = None) -> None:
        self.zone, self.role, self.id = zone, role, id_
        self.source = f"{zone}/{role}/{id_}"
        self.topic = f"safezone/v1/{self.source}/up"
        self.down = f"safezone/v1/{self.source}/down"
        self._seq = itertools.count(1)
        self._epoch = epoch
        exercised = f'"exercise":"{exercise}",' if exercise else ""
        self._middle = (
            f'","source":"{self.source}","datacontenttype":"application/json","keyid":"{keyid(id_)}",'
            f'{exercised}"epoch":{epoch},"seq":'
        )

    def write(self, id_: str, type_: str, data: str, t: float) -> bytes:
        """A signed message; ``data`` is JSON text."""
        head = (
            f'{{"specversion":"1.0","id":"{id_}{self._middle}{next(self._seq)},"type":"{type_}",'
            f'"time":"{iso(t)}","data":{data}'
        )
        return signed(self.topic, head.encode())

    def write_json(self, id_: str, type_: str, data: dict[str, Any], t: float) -> bytes:
        return self.write(id_, type_, json.dumps(data, ensure_ascii=False, separators=(",", ":")), t)


def keyid(id_: str) -> str:
    return f"key-{id_}"[:64]
