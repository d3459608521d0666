"""How often somebody may try: a bucket of tries for each key, filled again as time passes. Bounded memory."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from safezone_hub.api.problem import Problem

KEYS_MAX = 10_000


@dataclass(frozen=True)
class Rate:
    """``burst`` tries at once, and ``per_minute`` more as time passes."""

    burst: int
    per_minute: float


@dataclass(frozen=True)
class Limits:
    """The rates of this hub. A deployer behind one proxy address may want others."""

    failed_tokens: Rate = Rate(burst=30, per_minute=10)
    enrolment: Rate = Rate(burst=10, per_minute=5)
    enrolment_code: Rate = Rate(burst=30, per_minute=10)  # for one code, from wherever
    body_max_bytes: int = 1024 * 1024
    import_max_bytes: int = 64 * 1024 * 1024
    streams_max: int = 5000


class Buckets:
    """Tries left of each key. ``monotonic`` in seconds."""

    def __init__(self, rate: Rate, monotonic: Callable[[], float]) -> None:
        self._rate, self._monotonic = rate, monotonic
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key -> (tries left, when counted)

    def take(self, key: str) -> None:
        """Use one try of a key. Raises Problem 429 with Retry-After when there is none."""
        now = self._monotonic()
        left, at = self._left.pop(key, (float(self._rate.burst), now))
        left = min(float(self._rate.burst), left + (now - at) * self._rate.per_minute / 60.0)
        if left < 1.0:
            self._left[key] = (left, now)
            wait_s = max(1, ceil((1.0 - left) * 60.0 / self._rate.per_minute))
            raise Problem(
                429,
                "too_many_requests",
                f"too many tries; wait {wait_s} s",
                headers={"retry-after": str(wait_s)},
            )
        self._left[key] = (left - 1.0, now)
        if len(self._left) > KEYS_MAX:
            self._left.popitem(last=False)
