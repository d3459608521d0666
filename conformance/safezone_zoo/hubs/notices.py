"""8.9 and 8.10: what notices and alerts say, and to whom they go."""

from safezone_zoo.mutant import defect

NOTICES, EFFECTS = (f"safezone_hub.{name}" for name in ("notices", "effects"))
EVIDENCE = 'data["evidence"] = [{"source": source, "id": id_} for source, id_ in tell.evidence]'
EVENT_AT = 'data["event_at"] = format_time(tell.event_at)'
HOLD = "hold = quiet_until(desk.view, to, tell.service, message.made_at)"

defect(
    "notices-event-at-when-sent",
    (NOTICES, EVENT_AT, EVENT_AT.replace("tell.event_at", "tell.sent_at")),
    kills="TC-HUB-NOTE-01",
    reason="HUB-NOTE-009",
    ko="event_at에 보낸 시각을 쓴다",
    en="writes the time of sending into event_at",
)
defect(
    "notices-invented-evidence",
    (NOTICES, EVIDENCE, EVIDENCE.replace('"id": id_}', '"id": "0196d2a0-0009-7fa7-81c0-4995114b770a"}')),
    kills="TC-HUB-NOTE-02",
    reason="HUB-NOTE-010",
    ko="없는 메시지를 근거로 든다",
    en="cites messages that do not exist",
)
defect(
    "notices-no-evidence",
    (NOTICES, EVIDENCE, 'data["evidence"] = []'),
    kills="TC-HUB-NOTE-02",
    reason="HUB-NOTE-011",
    ko="근거를 비워 둔다",
    en="leaves evidence empty",
)
defect(
    "notices-to-everybodys-guardians",
    (
        NOTICES,
        "for r in view.guardians.get(tell.child, [])",
        "for r in {g.id: g for rows in view.guardians.values() for g in rows}.values()",
    ),
    kills="TC-HUB-NOTE-03",
    reason="HUB-NOTE-012",
    ko="다른 어린이의 보호자에게도 알린다",
    en="tells guardians of other children",
)
defect(
    "notices-to-the-first-guardian",
    (
        NOTICES,
        "for r in view.guardians.get(tell.child, [])",
        "for r in view.guardians.get(tell.child, [])[:1]",
    ),
    kills="TC-HUB-NOTE-03",
    reason="HUB-NOTE-013",
    ko="보호자 한 사람에게만 알린다",
    en="tells one guardian only",
)
defect(
    "notices-to-the-barred",
    (NOTICES, "barred = child.barred if child is not None else ()", "barred = ()"),
    kills="TC-HUB-NOTE-03",
    reason="HUB-NOTE-013",
    ko="막힌 보호자에게도 알린다",
    en="tells a guardian who is barred",
)
defect(
    "notices-without-consent",
    (
        NOTICES,
        'told = allowed is None or allowed.notify_guardians or service.cls != "everyday"',
        "told = True",
    ),
    kills="TC-HUB-NOTE-03",
    reason="HUB-NOTE-013",
    ko="동의가 없어도 알린다",
    en="tells without consent",
)
defect(
    "notices-to-every-post",
    (
        NOTICES,
        "for k in sorted(view.desks) if view.desks[k].post in tell.posts]",
        "for k in sorted(view.desks)]",
    ),
    kills="TC-HUB-NOTE-04",
    reason="HUB-NOTE-014",
    ko="모든 post의 상황실에 알린다",
    en="tells desks of every post",
)
defect(
    "notices-alert-without-position",
    (
        NOTICES,
        "        if tell.position is not None:\n            data",
        '        if tell.position is not None and kind == "notice":\n            data',
    ),
    kills="TC-HUB-NOTE-05",
    reason="HUB-NOTE-015",
    ko="경보에 자리를 싣지 않는다",
    en="leaves the position out of alerts",
)
defect(
    "notices-guardians-after-the-desk",
    (
        EFFECTS,
        HOLD,
        f'{HOLD[:7]}message.made_at + 25.0 if tell.posts and to.role == "guardian" else {HOLD[7:]}',
    ),
    kills="TC-HUB-NOTE-07",
    reason="HUB-NOTE-018",
    ko="위험과 긴급을 보호자에게는 상황실이 확인할 시간만큼 늦게 보낸다",
    en="sends danger and emergency to guardians only after the desk had time to confirm",
)
