"""Friends who walk together: they meet where they set out, and the earlier waits for the later.

Nobody waits longer than ``PATIENCE_S``; then those who are there go, at the pace of the slowest, and
whoever comes later walks alone.
"""

from collections.abc import Collection

import numpy as np

from safezone_sim.life.crossings import IndexArray
from safezone_sim.map.model import FloatArray

PATIENCE_S = 240.0  # assumption: children are sent off when a friend is four minutes late


def leave_together(
    ready: FloatArray, speed_mps: FloatArray, group: IndexArray, missing: Collection[int] = ()
) -> tuple[FloatArray, FloatArray]:
    """When members set out, and how fast; ``group`` -1 walks alone, ``missing`` groups wait for one in vain."""
    set_out, speed = ready.copy(), speed_mps.copy()
    of = np.flatnonzero(group >= 0)
    if not len(of):
        return set_out, speed
    g = group[of]
    n = int(g.max()) + 1
    first, last, slowest = np.full(n, np.inf), np.full(n, -np.inf), np.full(n, np.inf)
    np.minimum.at(first, g, ready[of])
    np.maximum.at(last, g, ready[of])
    last[[m for m in missing if m < n]] = np.inf
    start = np.minimum(last, first + PATIENCE_S)
    together = ready[of] <= start[g]
    np.minimum.at(slowest, g[together], speed_mps[of][together])
    set_out[of] = np.where(together, start[g], ready[of])
    speed[of] = np.where(together, slowest[g], speed_mps[of])
    return set_out, speed
