"""When a drill may begin, and its day moved to the time that was chosen.

Only what the twin can play: pupils must have come to school before it begins, and not have gone home. A drill of the
morning's arrivals takes the school's morning with it.
"""

import math
import re

import msgspec

from safezone_sim.drill.plan import DrillPlan, Story
from safezone_sim.scenario import Scenario, clock_seconds

# After the bell at 09:00; at 15:00 the lessons of grades 5 and 6 end, and others stay for classes after school.
IN_CLASS = ("09:10", "15:00")
# Whoever first walks to a post outside sets out up to 25 minutes before START.
WALKS_OUT = ("09:30", "15:00")
# Grade 1 goes home at 13:00: a school that begins later would send it home before it has come.
MORNING = ("08:00", "12:00")
STAYS_IN: tuple[Story, ...] = ("stays_inside", "in_class")
NEVER = ("23:30", "23:50")  # of a day's deadline and closing that no drill reaches


class BadStart(ValueError):
    """No time at which the drill can begin; the text says what would be."""


def hours_of(plan: DrillPlan) -> tuple[str, str]:
    """The earliest and the latest START, HH:MM."""
    if plan.deadline_min is not None:
        return MORNING
    return IN_CLASS if plan.story in STAYS_IN else WALKS_OUT


def clock(text: object) -> str:
    """``text``, if it is a time of day as HH:MM; BadStart otherwise."""
    if isinstance(text, str) and re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", text):
        return text
    raise BadStart("10:40처럼 HH:MM 꼴이어야 합니다 · give HH:MM, as 10:40")


def start_of(scenario: Scenario, wished: object = None) -> str:
    """When the drill begins, HH:MM: as wished, or as its scenario says. BadStart."""
    assert scenario.drill is not None
    if wished is None:
        return scenario.start[:5]
    start, (first, last) = clock(wished), hours_of(scenario.drill)
    if not first <= start <= last:
        raise BadStart(
            f"이 훈련은 {first}에서 {last} 사이에 시작합니다. 그 사이의 시각을 고르세요. · "
            f"this drill begins between {first} and {last}; choose a time between them"
        )
    return start


def day_of(scenario: Scenario, start: str, minutes: float) -> tuple[Scenario, float]:
    """The whole day around a drill of so many minutes, and its START, seconds after midnight.

    ``minutes``: of the full drill or of its rehearsal. «Not arrived» falls due on a full minute, so START may come some
    seconds after ``start``.
    """
    plan = scenario.drill
    assert plan is not None
    begins = clock_seconds(start)
    if plan.deadline_min is None:
        late: dict[str, str] = {"not_arrived_after": NEVER[0], "closes_at": NEVER[1]}
    else:
        ahead = plan.deadline_min * 60.0 * minutes / plan.minutes
        due = math.ceil((begins + ahead) / 60.0) * 60.0
        bell = due - (clock_seconds(scenario.not_arrived_after) - clock_seconds(scenario.arrive_by))
        late = {"arrive_by": hh_mm(bell), "not_arrived_after": hh_mm(due)}
        begins = due - ahead
    return msgspec.structs.replace(scenario, start="06:30", end="21:30", **late), begins


def hh_mm(seconds: float) -> str:
    """Seconds after midnight as HH:MM."""
    return f"{int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}"
