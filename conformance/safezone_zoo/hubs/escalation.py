"""15: escalation."""

from safezone_zoo.mutant import defect

ACTIONS = "safezone_hub.incidents.actions"
ESCALATION = "safezone_hub.incidents.escalation"
ABSENT = "safezone_hub.rules.not_arrived"
CLIMB_TELLS = '    _tell(ctx, incident, (_staffed(ctx, level),), ("escalated",))'
SEEN = (
    '    if incident.service == "not_arrived" and incident.level == "guardian" and incident.state == "open":'
)

defect(
    "reminds-at-one-pace",
    (ESCALATION, "wait = min(policy.remind_max_s, wait * policy.remind_factor)", "wait = min(policy.remind_max_s, wait)"),
    kills="TC-HUB-ESC-01", reason="HUB-ESC-001",
    ko="늘 같은 간격으로 다시 알린다", en="reminds at equal intervals",
)  # fmt: skip
defect(
    "reminds-three-times",
    (ESCALATION, "s.remind_max_s, s.reminders,", "s.remind_max_s, 3,"),
    kills="TC-HUB-ESC-01", reason="HUB-ESC-001",
    ko="세 번만 다시 알린다", en="reminds three times only",
)  # fmt: skip
defect(
    "reminder-happened-now",
    (ESCALATION, "        incident.child,\n        incident.opened_at,\n", "        incident.child,\n        ctx.now,\n"),
    kills="TC-HUB-ESC-01", reason="HUB-ESC-009",
    ko="다시 알릴 때 event_at이 그때의 시각이다", en="gives event_at of a reminder as now",
)  # fmt: skip
defect(
    "every-alert-is-of-the-desk",
    ("safezone_hub.notices", 'data["post"] = recipient.post', 'data["post"] = "desk"'),
    kills="TC-HUB-ESC-02", reason="HUB-ESC-009",
    ko="post에 늘 desk라고 적는다", en="says post desk in every alert",
)  # fmt: skip
defect(
    "climbs-past-the-supervisor",
    (ESCALATION, CLIMB_TELLS, '    _tell(ctx, incident, ("desk",) if level == "supervisor" else (_staffed(ctx, level),), ("escalated",))'),
    kills="TC-HUB-ESC-02", reason="HUB-ESC-002",
    ko="supervisor에게 알리지 않는다", en="does not tell the supervisor",
)  # fmt: skip
defect(
    "level-not-shown",
    ("safezone_hub.incidents.public", '"level": incident.level,', '"level": "desk",'),
    kills="TC-HUB-ESC-02", reason="HUB-ESC-002",
    ko="오른 level을 보이지 않는다", en="does not show the level it climbed to",
)  # fmt: skip
defect(
    "climbs-without-the-fire-agencies",
    (ESCALATION, '    if level == "fire119":\n        hand_over(ctx, incident, "fire")\n', ""),
    kills="TC-HUB-ESC-02", reason="HUB-ESC-003",
    ko="119로 올라도 소방 기관에 넘기지 않는다", en="hands nothing to the fire agencies when it climbs to 119",
)  # fmt: skip
defect(
    "dangers-climb-to-119",
    (ESCALATION, 'if incident.level == "supervisor" and SERVICES[incident.service].cls == "emergency":', 'if incident.level == "supervisor":'),
    kills="TC-HUB-ESC-03", reason="HUB-ESC-003",
    ko="위험도 119로 올린다", en="lets dangers climb to 119",
)  # fmt: skip
defect(
    "school-hears-of-dangers",
    ("safezone_hub.context", '        posts: tuple[str, ...] = ("desk",),', '        posts: tuple[str, ...] = ("desk", "school"),'),
    kills="TC-HUB-ESC-03", reason="HUB-ESC-013",
    ko="위험을 학교에도 알린다", en="tells the school of dangers",
)  # fmt: skip
defect(
    "clock-from-the-event",
    (ESCALATION, "        return incident.told_at + policy.supervisor_after_s", "        return incident.opened_at + policy.supervisor_after_s"),
    kills="TC-HUB-ESC-04", reason="HUB-ESC-004",
    ko="사건이 있은 때부터 센다", en="counts from when it happened",
)  # fmt: skip
defect(
    "acknowledge-stops-nothing",
    (ESCALATION, '    if incident.state == "open":\n        if incident.level == "guardian":',
     '    if incident.state in ("open", "acknowledged"):\n        if incident.level == "guardian":'),
    (ESCALATION, '    if incident.state != "open":\n        _fire_worked', '    if incident.state not in ("open", "acknowledged"):\n        _fire_worked'),
    kills="TC-HUB-ESC-05", reason="HUB-ESC-005",
    ko="acknowledge가 격상을 멈추지 않는다", en="is not stopped by acknowledge",
)  # fmt: skip
defect(
    "dispatch-stops-nothing",
    (ESCALATION, '    if incident.state == "open":\n        if incident.level == "guardian":',
     '    if incident.state in ("open", "dispatched"):\n        if incident.level == "guardian":'),
    (ESCALATION, '    if incident.state != "open":\n        _fire_worked', '    if incident.state not in ("open", "dispatched"):\n        _fire_worked'),
    kills="TC-HUB-ESC-05", reason="HUB-ESC-005",
    ko="acknowledge 없이 온 dispatch가 격상을 멈추지 않는다", en="is not stopped by a dispatch without acknowledge",
)  # fmt: skip
defect(
    "guardian-stops-the-desk",
    (ACTIONS, SEEN, '    if incident.state == "open":'),
    kills="TC-HUB-ESC-06", reason="HUB-ESC-006",
    ko="보호자의 seen이 상황실의 시계를 멈춘다", en="lets a guardian stop the desk's clock",
)  # fmt: skip
defect(
    "ack-stops-the-climb",
    ("safezone_hub.effects", "    if zones.outbox.settle(work.batch, desk.zone, effect.message, effect.by):",
     '    for incident in list(desk.state.incidents.values()):\n        if effect.by.startswith("desk/"):\n            desk.state.set_due(incident, None)\n'
     "    if zones.outbox.settle(work.batch, desk.zone, effect.message, effect.by):"),
    kills="TC-HUB-ESC-07", reason="HUB-ESC-007",
    ko="경보의 ack가 격상을 멈춘다", en="takes the ack of an alert for an acknowledgement",
)  # fmt: skip
defect(
    "ack-stops-no-repeats",
    ("safezone_hub.effects", "    if zones.outbox.settle(work.batch, desk.zone, effect.message, effect.by):", "    if False:"),
    kills="TC-HUB-ESC-07", reason="HUB-ESC-007",
    ko="ack가 온 경보도 되풀이한다", en="repeats an alert in spite of its ack",
)  # fmt: skip
defect(
    "policy-ignored",
    (ESCALATION, 'own.get("remind_s", s.remind_s)', "s.remind_s"),
    kills="TC-HUB-ESC-09", reason="HUB-ESC-014",
    ko="구역의 remind_s를 쓰지 않는다", en="pays no heed to the zone's remind_s",
)  # fmt: skip
defect(
    "absence-skips-the-school",
    (ESCALATION, '        _climb(ctx, incident, "school")', '        _climb(ctx, incident, "desk")'),
    kills="TC-HUB-ESC-11", reason="HUB-ESC-011",
    ko="미도착이 학교를 건너뛰고 112로 간다", en="takes not_arrived past the school to 112",
)  # fmt: skip
defect(
    "school-told-at-once",
    (ESCALATION, "            return incident.told_at + policy.school_after_s", "            return incident.told_at + 10"),
    kills="TC-HUB-ESC-11", reason="HUB-ESC-014",
    ko="정책의 때를 기다리지 않고 학교에 알린다", en="tells the school before the policy's time",
)  # fmt: skip
defect(
    "absence-climbs-everywhere",
    (ABSENT, "    if ctx.view.climbs_when_absent:", "    if True:"),
    kills="TC-HUB-ESC-12", reason="HUB-ESC-011",
    ko="정책이 없는 구역에서도 미도착이 오른다", en="lets not_arrived climb without a policy",
)  # fmt: skip
defect(
    "seen-stops-nothing",
    (ACTIONS, SEEN, "    if False:"),
    kills="TC-HUB-ESC-13", reason="HUB-ESC-012",
    ko="보호자가 읽어도 미도착이 오른다", en="lets not_arrived climb though its guardian has seen it",
)  # fmt: skip
defect(
    "reminds-112-of-what-it-never-had",
    (ESCALATION, '    if incident.level in ("guardian", "school"):\n        return None', '    if False:\n        return None'),
    kills="TC-HUB-ESC-13", reason="HUB-ESC-012",
    ko="보호자가 읽은 미도착을 나중에 112에 알린다", en="tells 112 later of an absence that its guardian has seen",
)  # fmt: skip
