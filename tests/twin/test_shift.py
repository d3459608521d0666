"""The day laid onto the present: clock times keep their distance from the start, whatever hour it is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from safezone_sim.twin.shift import ShiftedDay

from tests.twin.conftest import part_of_pilot


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("minute", [0, 29, 31, 59])
def test_a_deadline_is_as_far_from_now_as_from_the_scenarios_start(hour: int, minute: int) -> None:
    scenario = part_of_pilot("08:30", "08:50")
    now = datetime(2026, 11, 22, hour, minute, 17, tzinfo=UTC)
    day = ShiftedDay.starting(scenario, now)
    text = day.clock_time("09:20")
    local = datetime.combine(day.date, datetime.strptime(text, "%H:%M").time(), ZoneInfo(day.timezone))
    assert timedelta(0) <= local - (now + timedelta(minutes=50)) < timedelta(minutes=1)
    assert abs(day.rest_s) <= 1800


def test_registry_items_without_times_stay_as_they_are() -> None:
    day = ShiftedDay.starting(part_of_pilot("08:30", "08:50"), datetime(2026, 11, 22, 3, tzinfo=UTC))
    item = {"kind": "desk", "id": "d", "zone": "z"}
    assert day.registry_item(item) == item
    zone = {
        "kind": "zone",
        "calendar": {"arrive_by": "09:00", "not_arrived_after": "09:20", "closes_at": "18:00"},
    }
    assert day.registry_item(zone)["timezone"] == day.timezone
