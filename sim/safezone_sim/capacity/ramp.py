"""Which rate next, and what the figures of a rate mean. Pure: no hub, no clock.

A rate *holds* when nobody's emergency is lost and the 99th percentiles lie within the limits; the *knee* is the highest
rate that holds. A generator that came late to its own schedule, or whose core was full, proves nothing either way:
its rate is inconclusive, and never good.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safezone_model import SERVICES, timing

LAG_LIMIT_MS = 50.0
CPU_LIMIT = 0.90
LATE_LIMIT_S = 0.05
KEPT_UP = 0.95
GROWTH = 2.0

HOLDS, FAILS, INCONCLUSIVE = "holds", "fails", "inconclusive"


@dataclass(frozen=True)
class Limits:
    """Seconds at the 99th percentile, from the intended moment of sending."""

    routine_s: float  # to the receipt
    emergency_s: float  # to the receipt, and to the desk's alert

    def as_ms(self) -> dict[str, float]:
        return {"routine": self.routine_s * 1000, "emergency": self.emergency_s * 1000}


def standard_limits() -> Limits:
    """Those of the standard: a call reaches the desk within its service's limit; a routine message has its receipt
    before its device would send it again."""
    calls = min(service.limit_s for service in SERVICES.values() if service.cls == "emergency")
    return Limits(float(timing()["receipt_retry_s"]["first"]), float(calls))


def verdict(row: Mapping[str, Any], limits: Limits) -> tuple[str, list[str]]:
    """What a step shows, and why. The sender is judged before the hub."""
    doubts = doubts_of(row)
    if doubts:
        return INCONCLUSIVE, doubts
    faults = faults_of(row, limits)
    return (FAILS, faults) if faults else (HOLDS, [])


def doubts_of(row: Mapping[str, Any]) -> list[str]:
    """Why the step says nothing about the hub; empty when it does."""
    found = []
    lag = row["sender_lag_ms"]["p99"] or 0.0
    if lag > LAG_LIMIT_MS:
        found.append(
            f"the sender came {lag:.0f} ms late to its own schedule at p99 (limit {LAG_LIMIT_MS:.0f} ms)"
        )
    if row["cpu"]["generator"] > CPU_LIMIT:
        found.append(f"the sender's core was {row['cpu']['generator']:.0%} busy (limit {CPU_LIMIT:.0%})")
    if row["sent"] < row["offered"]:
        found.append(f"{row['offered'] - row['sent']} messages were never sent")
    if not row["sent"]:
        found.append("nothing was sent")
    return found


def overload_verdict(row: Mapping[str, Any], limits: Limits) -> tuple[str, list[str]]:
    """What an overload shows. Inconclusive only when the hub was not offered what was asked for.

    A sender some milliseconds late makes the latencies look worse, never better, and offers no less.
    """
    reached, asked = row["reached_per_s"], row["offered_per_s"]
    if reached < KEPT_UP * asked:
        return INCONCLUSIVE, [f"the sender reached {reached:,.0f} of {asked:,.0f} messages a second"]
    faults = faults_of(row, limits)
    return (FAILS, faults) if faults else (HOLDS, [])


def faults_of(row: Mapping[str, Any], limits: Limits) -> list[str]:
    """Why the hub did not hold a rate; empty when it did."""
    found = []
    for name, what in (("lost_emergencies", "emergencies lost"), ("lost_routine", "routine messages lost")):
        if row[name]:
            found.append(f"{row[name]} {what}")
    if row["rejected"]:
        found.append(f"{row['rejected']} messages refused")
    for name, limit_s in (
        ("routine", limits.routine_s),
        ("emergency", limits.emergency_s),
        ("desk", limits.emergency_s),
    ):
        p99 = row[f"{name}_ms"]["p99"]
        if p99 is not None and p99 > limit_s * 1000:
            found.append(f"{name} p99 {p99:.0f} ms (limit {limit_s * 1000:.0f} ms)")
    return found


class Ramp:
    """The rates to try, one after the other: the first ones, doubling until one fails, then halving the gap.

    Iterate, and tell each verdict before the next: ``told(rate, verdict)``.
    """

    def __init__(self, first: Sequence[float], highest: float, refine: int) -> None:
        self._first, self._highest, self._refine = sorted(first), highest, refine
        self.held: float = 0.0
        self.failed: float | None = None
        self.stopped = ""  # why it ended before a rate failed

    def told(self, rate: float, verdict: str) -> None:
        if verdict == HOLDS:
            self.held = max(self.held, rate)
        elif verdict == FAILS:
            self.failed = min(rate, self.failed) if self.failed is not None else rate
        else:
            self.stopped = "inconclusive"

    def __iter__(self) -> Iterator[float]:
        yield from self._rising()
        for _ in range(self._refine):
            if self.failed is None or self.stopped:
                return
            low, high = self.held, self.failed
            if high - low < 0.05 * high:
                return
            yield (low + high) / 2

    def _rising(self) -> Iterator[float]:
        rate = 0.0
        for rate in self._first:
            if rate > self._highest:
                break
            yield rate
            if self.failed is not None or self.stopped:
                return
        while True:
            rate *= GROWTH
            if rate > self._highest:
                self.stopped = "highest"
                return
            yield rate
            if self.failed is not None or self.stopped:
                return


def recovery_s(sent: Sequence[int], in_time: Sequence[int], overload_ends: int) -> float | None:
    """Seconds from the end of an overload until 99 of 100 messages of every later second are in time again.

    None when that did not come within what was watched.
    """
    last_bad = overload_ends - 1
    for second in range(overload_ends, len(sent)):
        if sent[second] and in_time[second] < 0.99 * sent[second]:
            last_bad = second
    if last_bad >= len(sent) - 1:
        return None
    return float(last_bad + 1 - overload_ends)
