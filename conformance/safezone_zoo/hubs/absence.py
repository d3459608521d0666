"""9.6: not arrived."""

from safezone_zoo.mutant import defect

ABSENT, PRESENCE, REGISTRY = (
    f"safezone_hub.{name}" for name in ("rules.not_arrived", "presence", "registry")
)

defect(
    "absence-told-two-minutes-late",
    (
        ABSENT,
        "ctx.state.set_timer(child.id, _TIMER, due)",
        "ctx.state.set_timer(child.id, _TIMER, due + 120.0)",
    ),
    kills="TC-HUB-ABSENT-01",
    reason="HUB-ABSENT-001",
    ko="미등교를 2분 늦게 알린다",
    en="tells not_arrived two minutes late",
)
defect(
    "absence-planned-and-told",
    (
        ABSENT,
        "or child_id not in ctx.view.children or (child_id, today) in ctx.view.absences:",
        "or child_id not in ctx.view.children:",
    ),
    kills="TC-HUB-ABSENT-02",
    reason="HUB-ABSENT-002",
    ko="예정된 결석을 보지 않는다",
    en="does not look at planned absences",
)
defect(
    "absence-on-holidays",
    (REGISTRY, "in calendar.weekdays and day.isoformat() not in calendar.holidays", "in calendar.weekdays"),
    kills="TC-HUB-ABSENT-03",
    reason="HUB-ABSENT-003",
    ko="휴일에도 미등교를 알린다",
    en="tells not_arrived on holidays",
)
defect(
    "absence-on-days-without-school",
    (REGISTRY, "return WEEKDAYS[day.weekday()] in calendar.weekdays and day", "return day"),
    kills="TC-HUB-ABSENT-03",
    reason="HUB-ABSENT-003",
    ko="수업이 없는 요일에도 미등교를 알린다",
    en="tells not_arrived on weekdays without school",
)
defect(
    "absence-of-those-in-school",
    (
        ABSENT,
        "if child.arrived_on == today or child.arrival_told_on == today or _seen_in_school(ctx, child):",
        "if child.arrival_told_on == today:",
    ),
    kills="TC-HUB-ABSENT-04",
    reason="HUB-ABSENT-004",
    ko="온 어린이도 미등교라고 한다",
    en="says «not arrived» of a child that came",
)
defect(
    "absence-told-every-hour",
    (
        ABSENT,
        "    child.arrival_told_on = today\n",
        "    ctx.state.set_timer(child_id, _TIMER, ctx.now + 3600.0)\n",
    ),
    kills="TC-HUB-ABSENT-01",
    reason="HUB-ABSENT-005",
    ko="미등교를 한 시간마다 알린다",
    en="tells not_arrived every hour",
)
defect(
    "absence-hides-the-arrival",
    (
        PRESENCE,
        "    if service is not None:\n",
        '    if service is not None and not (service == "school_arrival" and child.arrival_told_on):\n',
    ),
    kills="TC-HUB-ABSENT-04",
    reason="HUB-ABSENT-006",
    ko="미등교를 알린 날에는 등교를 알리지 않는다",
    en="does not tell the arrival after not_arrived",
)
defect(
    "absence-to-the-desk-at-once",
    (
        ABSENT,
        "        incident=incident,\n        flags=flags,",
        "        incident=incident,\n        desk=True,\n        flags=flags,",
    ),
    kills="TC-HUB-ABSENT-01",
    reason="HUB-ABSENT-007",
    ko="미등교를 112에도 바로 알린다",
    en="tells not_arrived to 112 at once",
)
defect(
    "absence-climbs-too-soon",
    (ABSENT, 'evidence=cites, level="guardian",', 'evidence=cites, level="school",'),
    kills="TC-HUB-ABSENT-05",
    reason="HUB-ABSENT-007",
    ko="학교를 건너뛰고 112에 올린다",
    en="climbs to 112 past the school",
)
