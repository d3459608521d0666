"""How long it took until somebody answered, as bins: no exact time of one case is ever shown."""

from bisect import bisect_right
from collections.abc import Sequence
from math import ceil
from typing import Any

# Seconds; what lies above the last is «more».
EDGES_S = (0, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400)
_SIZES = (1, 2, 4, 10, 20, 40, 100, 200, 400, 1000)  # times the threshold
STEPS = ("acknowledged", "dispatched", "on_scene", "closed")


def summary(seconds: Sequence[float], threshold: int) -> dict[str, Any] | None:
    """Size, median, 90th percentile and longest as bins ``[from, to]`` (to None: open); None for too few cases.

    The size is a bin too: beside the number of incidents it would tell how many, one perhaps, were never answered.
    """
    if len(seconds) < threshold:
        return None
    ordered = sorted(seconds)
    return {
        "n": _bin(len(ordered), [threshold * size for size in _SIZES], whole=True),
        "median_s": _bin(_nearest_rank(ordered, 0.5), EDGES_S),
        "p90_s": _bin(_nearest_rank(ordered, 0.9), EDGES_S),
        "max_s": _bin(ordered[-1], EDGES_S),
    }


def _nearest_rank(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the cases does not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def _bin(value: float, edges: Sequence[int], whole: bool = False) -> list[int | None]:
    """From this edge to below the next; for whole numbers to the last below it."""
    i = max(0, bisect_right(edges, value) - 1)
    high = edges[i + 1] - (1 if whole else 0) if i + 1 < len(edges) else None
    return [edges[i], high]
