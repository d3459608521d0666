"""Latencies as HDR histograms, in microseconds, from the intended moment of sending."""

from collections.abc import Iterable
from typing import Any

from hdrh.histogram import HdrHistogram

_HIGHEST_US = 600_000_000


def histogram(seconds: Iterable[float]) -> HdrHistogram:
    made = HdrHistogram(1, _HIGHEST_US, 3)
    for value in seconds:
        made.record_value(min(_HIGHEST_US, max(1, int(value * 1e6))))
    return made


def summary(seconds: Iterable[float]) -> dict[str, Any]:
    """Milliseconds at p50, p99, p99.9 and the highest; the whole histogram in its own encoding."""
    made = histogram(seconds)
    if not made.get_total_count():
        return {"count": 0}
    row: dict[str, Any] = {"count": made.get_total_count()}
    for name, percentile in (("p50", 50.0), ("p99", 99.0), ("p99_9", 99.9), ("max", 100.0)):
        row[f"{name}_ms"] = round(made.get_value_at_percentile(percentile) / 1000, 2)
    row["hdr"] = made.encode().decode()
    return row
