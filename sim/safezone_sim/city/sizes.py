"""Bytes of messages, without making them: length of the JSON payload as the simulator's own devices encode it.

Every member of the envelope has a fixed length but for names and numbers: times are RFC 3339 with milliseconds in
UTC (24 characters), ids are UUIDs (36), the MAC is 43. So a payload's length is that of an empty one, which is
really encoded and sealed once, plus the lengths of its names and numbers. ``tests/city`` encodes every message of
a school and compares. The sequence number is taken to have ``SEQ_DIGITS`` digits: a device that has sent
100,000 to 999,999 messages in its epoch, as one does after a few weeks of service. MQTT, TCP and TLS come on top.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from safezone_sim.devices.envelope import Up, seal
from safezone_sim.life.crossings import IndexArray
from safezone_sim.map.model import FloatArray

SEQ_DIGITS = 6
TIME = "2026-05-18T23:31:05.123Z"
UUID = "0196d2a0-0001-7f34-836f-50b2f7f1613a"
_encode = msgspec.json.encode


@lru_cache(maxsize=256)
def _empty(kind: str, source: int, keyid: int, exercise: int) -> int:
    envelope = Up(
        "1.0",
        UUID,
        "s" * source,
        kind,
        TIME,
        "application/json",
        "k" * keyid,
        1,
        10 ** (SEQ_DIGITS - 1),
        "e" * exercise,
        {},
    )
    return len(seal(b"k" * 32, b"t", envelope)) - 2


def envelope_bytes(kind: str, zone: str, role: str, principal: str, exercise: str) -> int:
    """Length of a sealed envelope without its ``data``."""
    return _empty(kind, len(f"{zone}/{role}/{principal}"), len(f"{principal}-key"), len(exercise))


def data_bytes(data: Mapping[str, Any]) -> int:
    """Length of ``data`` as JSON."""
    return len(_encode(data))


def digits(n: IndexArray) -> IndexArray:
    """How many characters whole numbers >= 0 have."""
    return np.floor(np.log10(np.maximum(n, 1))).astype(np.int64) + 1


def decimals(values: FloatArray, places: int) -> IndexArray:
    """How many characters numbers rounded to ``places`` have, without trailing zeros, with at least one decimal."""
    scaled = np.rint(np.abs(values) * 10**places).astype(np.int64)
    whole, fraction = np.divmod(scaled, 10**places)
    kept = np.full(len(values), places, np.int64)
    for k in range(places - 1, 0, -1):
        kept = np.where(fraction % 10 ** (places - k) == 0, k, kept)
    return digits(whole) + 1 + kept + (values < 0)
