"""The readers' antennas of one world as circles, in a fixed order."""

from dataclasses import dataclass

import numpy as np

from safezone_sim.life.crossings import Circles
from safezone_sim.world.model import Antenna, Device, SchoolWorld


@dataclass(frozen=True)
class AntennaBook:
    """Antenna k belongs to ``readers[k]``; ``circles`` are their ranges, metres."""

    circles: Circles
    readers: tuple[Device, ...]
    antennas: tuple[Antenna, ...]


def antenna_book(world: SchoolWorld) -> AntennaBook:
    """All antennas of all readers, in order of the world's devices."""
    pairs = [(d, a) for d in world.devices if d.type == "reader" for a in d.antennas]
    x, y, r = (np.array([float(getattr(a, name)) for _, a in pairs]) for name in ("x", "y", "range_m"))
    return AntennaBook(Circles(x, y, r), tuple(d for d, _ in pairs), tuple(a for _, a in pairs))
