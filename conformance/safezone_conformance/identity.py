"""Who a case's people and things are: ids, keys and message ids, all derived from the run's nonce and the case's name.

So a verifier can work them out again, no two cases share anybody, and nobody of the system's own is ever met.
"""

import base64
import hmac
import random
from collections.abc import Mapping


class Identity:
    """The names of one case in one run. ``nonce``: 32 bytes of the run."""

    def __init__(self, nonce: bytes, case: str, prefix: str) -> None:
        self._seed = hmac.digest(nonce, case.encode(), "sha256")
        self.zone = f"{prefix}{self._seed[:5].hex()}"
        self._random = random.Random(self._seed)

    def id(self, name: str) -> str:
        """The registered id of what the case calls ``name``."""
        return f"{self.zone}-{name}"

    def name(self, id_: str) -> str:
        """What the case calls an id; an id that is not this case's stays as it is."""
        return id_.removeprefix(f"{self.zone}-")

    def key(self, name: str, generation: int = 1) -> dict[str, str]:
        """A principal's key as the registry takes it; a later ``generation`` is another key."""
        digest = hmac.digest(self._seed, f"key {generation} {name}".encode(), "sha256")
        return {"keyid": f"k{generation}-{self.id(name)}", "secret": unpadded(digest)}

    def secret(self, name: str) -> str:
        """A webhook's or other shared secret, base64url."""
        return unpadded(hmac.digest(self._seed, f"secret {name}".encode(), "sha256"))

    def uuid7(self, unix_s: float) -> str:
        """A fresh message id."""
        bits = self._random.getrandbits(74)
        value = (
            (round(unix_s * 1000) & (1 << 48) - 1) << 80
            | 7 << 76
            | (bits >> 62) << 64
            | 2 << 62
            | bits & (1 << 62) - 1
        )
        h = f"{value:032x}"
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    @property
    def random(self) -> random.Random:
        """The case's own stream of random numbers."""
        return self._random


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw_key(key: Mapping[str, str]) -> bytes:
    """The key bytes of a registry key."""
    secret = key["secret"]
    return base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
