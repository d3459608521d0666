"""Wilson score interval of a share (E. B. Wilson, JASA 22, 1927): sound at 0 of n, unlike the normal one."""

from math import sqrt

Z_95 = 1.959963984540054


def wilson(hits: int, n: int) -> list[float] | None:
    """95 % interval [low, high] of hits / n; None of nothing."""
    if n <= 0:
        return None
    share, z2 = hits / n, Z_95 * Z_95
    centre = share + z2 / (2 * n)
    spread = Z_95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    low = 0.0 if hits == 0 else max(0.0, (centre - spread) / scale)
    high = 1.0 if hits == n else min(1.0, (centre + spread) / scale)
    return [low, high]
