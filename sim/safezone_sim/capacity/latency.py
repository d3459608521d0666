"""Latencies as HDR histograms, in microseconds, from the intended moment of sending. They add up over machines."""

from collections.abc import Iterable
from typing import Any

from hdrh.histogram import HdrHistogram

HIGHEST_US = 600_000_000
DIGITS = 3


class Latencies:
    """One histogram that can be sent elsewhere and added to others."""

    def __init__(self) -> None:
        self._held = HdrHistogram(1, HIGHEST_US, DIGITS)

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Latencies":
        made = cls()
        for value in seconds:
            made.record(value)
        return made

    @classmethod
    def decoded(cls, text: str) -> "Latencies":
        """From ``encoded``."""
        made = cls()
        if text:
            made._held.decode_and_add(text)
        return made

    def record(self, seconds: float) -> None:
        self._held.record_value(min(HIGHEST_US, max(1, int(seconds * 1e6))))

    def add(self, other: "Latencies") -> None:
        self._held.add(other._held)

    @property
    def count(self) -> int:
        return int(self._held.get_total_count())

    def ms(self, percentile: float) -> float | None:
        """Milliseconds at a percentile; None when nothing was measured."""
        return round(self._held.get_value_at_percentile(percentile) / 1000, 2) if self.count else None

    def encoded(self) -> str:
        """The histogram in HdrHistogram's own interchange encoding; empty when nothing was measured."""
        return str(self._held.encode().decode()) if self.count else ""

    def row(self) -> dict[str, Any]:
        """Count, and milliseconds at p50, p99, p99.9 and the highest; null where nothing was measured."""
        names = {"p50": 50.0, "p99": 99.0, "p999": 99.9, "max": 100.0}
        return {"count": self.count, **{name: self.ms(percentile) for name, percentile in names.items()}}


def summary(seconds: Iterable[float]) -> dict[str, Any]:
    """Milliseconds at p50, p99, p99.9 and the highest; the whole histogram in its own encoding."""
    made = Latencies.of(seconds)
    if not made.count:
        return {"count": 0}
    row: dict[str, Any] = {"count": made.count}
    for name, percentile in (("p50", 50.0), ("p99", 99.0), ("p99_9", 99.9), ("max", 100.0)):
        row[f"{name}_ms"] = made.ms(percentile)
    row["hdr"] = made.encoded()
    return row
