"""Simulation keys: one per principal, from the scenario's seed.

They are reproducible on purpose and so protect nothing: never use them outside the twin.
"""

import base64
from collections.abc import Iterable

from safezone_sim.streams import stream

KEY_BYTES = 32


def simulation_keys(zone: str, seed: int, principals: Iterable[str]) -> dict[str, tuple[str, str]]:
    """principal id -> (keyid, secret: base64url of 32 bytes, no padding)."""
    return {
        p: (
            f"{p}-key",
            base64.urlsafe_b64encode(stream(seed, zone, p, "key").bytes(KEY_BYTES)).decode().rstrip("="),
        )
        for p in principals
    }
