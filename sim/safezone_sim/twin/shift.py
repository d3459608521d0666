"""A scenario's day laid onto the present, for hubs without an exercise clock (speed 1)."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from safezone_sim.scenario import Scenario, ScenarioError, clock_seconds

_ALL_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def shifted_midnight(scenario: Scenario, now: datetime) -> datetime:
    """The instant that plays local midnight when the scenario's start is ``now``."""
    return now - timedelta(seconds=scenario.start_s)


def shift_registry_item(item: Mapping[str, Any], scenario: Scenario, midnight: datetime) -> dict[str, Any]:
    """The item with its local clock times moved by as much as the day was; other items unchanged."""
    true_midnight = midnight.astimezone(scenario.midnight.tzinfo).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    delta_s = (midnight - true_midnight).total_seconds()

    def moved(text: str, field: str) -> str:
        minutes = math.ceil((clock_seconds(text) + delta_s) / 60)
        if not 0 <= minutes < 24 * 60:
            raise ScenarioError(
                f"{field} {text!r} falls on another day when {scenario.start} becomes now. "
                "Start at another hour, or shorten the run with --from and --until."
            )
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    out = dict(item)
    if item["kind"] == "zone":
        calendar = dict(item["calendar"])
        for field in ("arrive_by", "not_arrived_after", "closes_at"):
            calendar[field] = moved(calendar[field], f"calendar.{field}")
        out["calendar"] = {**calendar, "weekdays": _ALL_DAYS, "holidays": []}
    if item["kind"] == "child" and "home_by" in item:
        out["home_by"] = moved(item["home_by"], "home_by")
    if item["kind"] == "absence":
        out["date"] = midnight.astimezone(scenario.midnight.tzinfo).date().isoformat()
    return out
