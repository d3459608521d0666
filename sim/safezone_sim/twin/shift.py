"""A scenario's day laid onto the present, for hubs without an exercise clock (speed 1).

The day moves by whole hours through the zone's time zone and by the rest, at most half an hour, through the
calendar's clock times; so a school morning can be played at any hour without crossing a midnight.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from safezone_sim.scenario import Scenario, clock_seconds

_ALL_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True)
class ShiftedDay:
    """``midnight``: the instant that plays local midnight. ``timezone``: an IANA zone in which it nearly is."""

    midnight: datetime
    timezone: str
    date: date
    rest_s: float  # how far ``midnight`` lies after that zone's own midnight

    @classmethod
    def starting(cls, scenario: Scenario, now: datetime) -> "ShiftedDay":
        """The day whose scenario start is ``now``."""
        midnight = (now - timedelta(seconds=scenario.start_s)).astimezone(UTC)
        after_utc = midnight.hour * 3600 + midnight.minute * 60 + midnight.second + midnight.microsecond / 1e6
        hours = -round(after_utc / 3600)
        hours += 24 if hours < -12 else 0
        local = midnight + timedelta(hours=hours)
        nearest = (local + timedelta(hours=12)).replace(hour=0, minute=0, second=0, microsecond=0)
        # The names of fixed-offset zones count westward: Etc/GMT-9 is nine hours ahead of UTC.
        return cls(midnight, f"Etc/GMT{-hours:+d}", nearest.date(), (local - nearest).total_seconds())

    def clock_time(self, text: str) -> str:
        """A clock time of the scenario as a clock time of this day, rounded up to the minute."""
        minutes = math.ceil((clock_seconds(text) + self.rest_s) / 60)
        minutes = min(max(minutes, 0), 24 * 60 - 1)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    def registry_item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """The item with its local times moved; items without any are unchanged."""
        out = dict(item)
        if item["kind"] == "zone":
            calendar = dict(item["calendar"])
            for field in ("arrive_by", "not_arrived_after", "closes_at"):
                calendar[field] = self.clock_time(calendar[field])
            out["calendar"] = {**calendar, "weekdays": _ALL_DAYS, "holidays": []}
            out["timezone"] = self.timezone
        if item["kind"] == "child" and "home_by" in item:
            out["home_by"] = self.clock_time(item["home_by"])
        if item["kind"] == "absence":
            out["date"] = self.date.isoformat()
        return out
