"""The hub's clock, and the written form of times. The only place that reads the wall clock."""

import threading
import time
from datetime import UTC, date, datetime
from datetime import time as local_time
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Where a zone without an exercise clock takes its time from."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""


class WallClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()


class SetClock:
    """A clock that stands until it is set: for tests."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self._now

    def set(self, now: float) -> None:
        with self._lock:
            self._now = now


def parse_time(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 time with offset. ValueError when there is no such moment."""
    return datetime.fromisoformat(text).timestamp()


def format_time(at: float) -> str:
    """RFC 3339 in UTC, milliseconds, ``Z``."""
    return datetime.fromtimestamp(round(at, 3), UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


@lru_cache(maxsize=64)
def zone_info(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)


def local_date(at: float, timezone: str) -> date:
    """The local day a moment falls on."""
    return datetime.fromtimestamp(at, zone_info(timezone)).date()


def local_moment(day: date, clock_time: str, timezone: str) -> float:
    """The moment of a local ``HH:MM`` on a local day; ``24:00`` is the next midnight."""
    hour, minute = int(clock_time[:2]), int(clock_time[3:5])
    if hour >= 24:
        return local_moment(date.fromordinal(day.toordinal() + 1), f"{hour - 24:02d}:{minute:02d}", timezone)
    return datetime.combine(day, local_time(hour, minute), zone_info(timezone)).timestamp()


def local_clock(at: float, timezone: str) -> str:
    """``HH:MM:SS`` in local time, for texts."""
    return datetime.fromtimestamp(int(at), zone_info(timezone)).strftime("%H:%M:%S")
