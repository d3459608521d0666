"""The benchmark's invented people and devices, who all have one key. The envelope is written by the product's load generator."""

import base64

from safezone_sim.capacity import signing
from safezone_sim.capacity.signing import Ids, iso, keyid

__all__ = ["SECRET", "Ids", "Principal", "iso", "keyid", "signed"]

SECRET = "b" * 43  # every key of the benchmark's invented people and devices
_RAW = base64.urlsafe_b64decode(SECRET + "=")


def signed(topic: str, head: bytes, raw_secret: bytes = _RAW) -> bytes:
    """``head`` is the envelope up to its last member, without the closing brace."""
    return signing.signed(topic.encode(), head, raw_secret)


class Principal(signing.Principal):
    """One sender. ``exercise`` None: real."""

    def __init__(self, zone: str, role: str, id_: str, epoch: int, *, exercise: str | None = None) -> None:
        super().__init__(zone, role, id_, epoch, _RAW, exercise=exercise)
