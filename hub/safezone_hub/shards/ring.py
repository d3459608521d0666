"""Which zone belongs to which shard: rendezvous hashing. A shard more or less moves only the zones it wins or had."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_SHARD = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})\Z")


@dataclass(frozen=True, slots=True)
class Shard:
    """This process's place: number ``n`` of ``of``."""

    n: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """From ``i/n``. ValueError says how to write it."""
        found = _SHARD.match(text)
        if found is None or int(found[1]) > int(found[2]):
            raise ValueError(f"--shard {text}: write i/n with 1 <= i <= n, e.g. 2/3")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.n}/{self.of}"


def home_of(zone: str, shards: Iterable[int]) -> int | None:
    """The shard that should have the zone, of those that live; None when none does."""
    return max(shards, key=lambda n: (_score(zone, n), n), default=None)


def _score(zone: str, shard: int) -> bytes:
    return hashlib.blake2b(f"{shard}/{zone}".encode(), digest_size=8).digest()
