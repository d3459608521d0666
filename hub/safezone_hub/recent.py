"""What was accepted a short while ago, known again by its bytes alone: a repeat then costs no signature, no JSON, no look-up.

A shortcut before ``pipeline.refuse_reuse`` and never another answer: the same bytes on the same topic were proved and
committed, under keys that are still those. Whatever changes keys or takes zones away empties it. Not a memory to rely on.
"""

from collections.abc import Iterable
from typing import NamedTuple

from safezone_hub.codec import Address, digest_of

KEPT = 15_000  # to 30,000: what a small machine accepts in a few seconds, after which a device repeats


class Accepted(NamedTuple):
    """What the receipt of a repeat needs."""

    address: Address
    id: str
    emergency: bool


class Recent:
    """Two generations: when the younger is full, the elder goes. Belongs to the engine's thread."""

    def __init__(self) -> None:
        self._young: dict[bytes, Accepted] = {}
        self._old: dict[bytes, Accepted] = {}

    def find(self, topic: str, payload: bytes) -> Accepted | None:
        """The very message, if it was accepted lately."""
        if not self._young and not self._old:
            return None
        digest = digest_of(payload)
        found = self._young.get(digest) or self._old.get(digest)
        return found if found is not None and topic == f"safezone/v1/{found.address.source}/up" else None

    def add(self, accepted: Iterable[tuple[bytes, Accepted]]) -> None:
        """Those of a batch, once it is committed."""
        self._young.update(accepted)
        if len(self._young) > KEPT:
            self._old, self._young = self._young, {}

    def clear(self) -> None:
        self._young, self._old = {}, {}
