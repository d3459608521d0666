"""Exact intervals of counts and of the ratio of two rates. 95 %, two-sided."""

_TAIL = 0.025


def poisson_interval(count: int) -> tuple[float, float]:
    """Exact interval of the mean of a Poisson count (F. Garwood, Biometrika 28, 1936)."""
    from scipy.stats import chi2  # takes a second to load: only who wants statistics waits for it

    low = float(chi2.ppf(_TAIL, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.ppf(1 - _TAIL, 2 * count + 2)) / 2


def rate_ratio(after: int, after_base: float, before: int, before_base: float) -> tuple[float, float, float]:
    """Ratio of the rate after to that before, and its interval.

    Given the sum of both counts, the one after is binomial; its exact interval (Clopper and Pearson, Biometrika 26,
    1934) is that of the ratio. All four must be positive.
    """
    from scipy.stats import beta

    scale = before_base / after_base
    low = float(beta.ppf(_TAIL, after, before + 1))
    high = float(beta.ppf(1 - _TAIL, after + 1, before))
    return after / before * scale, low / (1 - low) * scale, high / (1 - high) * scale
