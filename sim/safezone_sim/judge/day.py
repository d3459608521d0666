"""The scenario's day: wire and clock times to seconds after its local midnight."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Day:
    """``midnight`` is the instant that plays second 0; not a true midnight when the day was shifted to now."""

    midnight: datetime

    @classmethod
    def of(cls, scenario: Mapping[str, Any]) -> "Day":
        """Reads ``date`` and ``timezone`` of a scenario as a mapping; ``wire_midnight`` (RFC 3339) shifts it."""
        zone = ZoneInfo(str(scenario.get("timezone", "Asia/Seoul")))
        shifted = scenario.get("wire_midnight")
        if shifted is not None:
            return cls(datetime.fromisoformat(str(shifted)).astimezone(zone))
        day = scenario["date"]
        parsed = day if isinstance(day, date) else date.fromisoformat(str(day))
        return cls(datetime.combine(parsed, time(), zone))

    @property
    def date(self) -> date:
        """The local date the wire shows at second 0."""
        return self.midnight.date()

    def seconds(self, text: str) -> float:
        """RFC 3339 text to seconds after ``midnight``."""
        return (datetime.fromisoformat(text).astimezone(UTC) - self.midnight.astimezone(UTC)).total_seconds()

    def clock(self, text: str) -> float:
        """Local clock time "HH:MM[:SS]" of the registry to seconds after ``midnight``, within one day."""
        hours, minutes, *rest = [int(p) for p in text.split(":")]
        wall = hours * 3600 + minutes * 60 + (rest[0] if rest else 0)
        start = self.midnight.hour * 3600 + self.midnight.minute * 60 + self.midnight.second
        return float((wall - start) % 86400)
