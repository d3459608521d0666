"""The smallest step of simulated time: 1/1024 s, exact in binary, so that sums of times are exact.

With every moment a multiple of a tick, ``now + (t - now) == t`` holds in floating point, and a whole school
computed at once gives the same times, bit for bit, as one child computed alone.
"""

import numpy as np

from safezone_sim.map.model import FloatArray

TICKS_PER_S = 1024.0
TICK_S = 1.0 / TICKS_PER_S
LENGTHS_PER_M = float(1 << 20)  # lengths are summed in steps of 2^-20 m, for the same reason


def on_tick(t: FloatArray) -> FloatArray:
    """Times (any shape), seconds, to the nearest tick."""
    return np.rint(t * TICKS_PER_S) / TICKS_PER_S


def tick(t: float) -> float:
    """One time, seconds, to the nearest tick (ties to even, as ``on_tick``)."""
    return round(t * TICKS_PER_S) / TICKS_PER_S


def on_length_step(metres: FloatArray) -> FloatArray:
    """Lengths to the nearest 2^-20 m; sums of them are exact up to 8,000,000 km."""
    return np.rint(metres * LENGTHS_PER_M) / LENGTHS_PER_M
