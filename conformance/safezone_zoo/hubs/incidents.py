"""14.1: incidents."""

from safezone_zoo.mutant import defect

ACTIONS = "safezone_hub.incidents.actions"
OPENING = "safezone_hub.incidents.opening"
ESCALATION = "safezone_hub.incidents.escalation"
PUBLIC = "safezone_hub.incidents.public"
NOTICES = "safezone_hub.notices"
AHEAD = "    if STATES.index(target) > STATES.index(incident.state):\n        incident.state = target\n    if incident.owner"
ENTERED = "    incident.history.append(Entry(ctx.now, action.by, verb, incident.state, note, action.key))\n    incident.version += 1\n"

defect(
    "notice-without-incident",
    (NOTICES, "        if tell.incident is not None:\n            data", '        if tell.incident is not None and kind == "alert":\n            data'),
    kills="TC-HUB-INC-01[tag_call]", reason="HUB-INC-001",
    ko="보호자의 알림에 사건의 id를 넣지 않는다", en="leaves the incident's id out of the guardian's notice",
)  # fmt: skip
defect(
    "report-without-an-id",
    (NOTICES, '            data["incident"] = tell.incident\n',
     '            data["incident"] = tell.incident if tell.service != "missing_report" else "report"\n'),
    kills="TC-HUB-INC-02", reason="HUB-INC-001",
    ko="실종 신고의 알림과 경보에 사건이 아닌 낱말을 넣는다", en="tells a word instead of the incident of a missing child",
)  # fmt: skip
defect(
    "silence-opens-nothing",
    (NOTICES, '            data["incident"] = tell.incident\n',
     '            data["incident"] = "none" if tell.service == "tag_silent" else tell.incident\n'),
    kills="TC-HUB-INC-03", reason="HUB-INC-001",
    ko="태그 침묵의 경보가 없는 사건을 가리킨다", en="names an incident that does not exist for a silent tag",
)  # fmt: skip
defect(
    "absence-opens-nothing",
    ("safezone_hub.rules.not_arrived", "    if ctx.view.climbs_when_absent:", "    if False:"),
    kills="TC-HUB-INC-04", reason="HUB-INC-001",
    ko="정책이 있어도 미도착에 사건을 열지 않는다", en="opens no incident for not_arrived in spite of the policy",
)  # fmt: skip
defect(
    "absence-stays-open",
    ("safezone_hub.presence", 'actions.end_by_hub(ctx, ctx.state.incident(incident.id), "resolved", "arrived")', "pass"),
    kills="TC-HUB-INC-04", reason="HUB-INC-007",
    ko="어린이가 등교해도 미도착의 사건을 닫지 않는다", en="does not close not_arrived when the child arrives",
)  # fmt: skip
defect(
    "on-scene-is-dispatched",
    (ACTIONS, '"on_scene": "on_scene",', '"on_scene": "dispatched",'),
    kills="TC-HUB-INC-05", reason="HUB-INC-002",
    ko="on_scene을 dispatched로 적는다", en="takes on_scene for dispatched",
)  # fmt: skip
defect(
    "one-step-at-a-time",
    (ACTIONS, AHEAD, AHEAD.replace("> STATES.index(incident.state)", "== STATES.index(incident.state) + 1")),
    kills="TC-HUB-INC-05", reason="HUB-INC-002",
    ko="건너뛴 단계를 받지 않는다", en="does not let steps be left out",
)  # fmt: skip
defect(
    "late-step-moves-back",
    (ACTIONS, AHEAD, AHEAD.replace("STATES.index(target) > STATES.index(incident.state)", "target != incident.state")),
    kills="TC-HUB-INC-06", reason="HUB-INC-003",
    ko="늦은 단계가 상태를 되돌린다", en="lets a late step take the state back",
)  # fmt: skip
defect(
    "late-step-forgotten",
    (ACTIONS, '    _enter(ctx, incident, verb, action, unit or "")', '    if incident.state == target:\n        _enter(ctx, incident, verb, action, unit or "")'),
    kills="TC-HUB-INC-06", reason="HUB-INC-003",
    ko="늦은 단계를 이력에 남기지 않는다", en="keeps no line of a late step",
)  # fmt: skip
defect(
    "version-stands-still",
    (ACTIONS, ENTERED, ENTERED.replace("    incident.version += 1\n", "")),
    kills="TC-HUB-INC-07", reason="HUB-INC-004",
    ko="조치가 version을 올리지 않는다", en="does not raise version by an action",
)  # fmt: skip
defect(
    "climbs-without-a-line",
    (ESCALATION, '    _note(ctx, incident, "escalate", level)\n', "    ctx.state.dirty_incidents.add(incident.id)\n"),
    kills="TC-HUB-INC-07", reason="HUB-INC-004",
    ko="스스로 올린 것을 이력에 남기지 않는다", en="keeps no line of a climb of its own",
)  # fmt: skip
defect(
    "linked-without-a-line",
    (ACTIONS, '    _enter(ctx, other, "link", Action(action.verb, action.by, {}), incident.id)\n', "    ctx.state.dirty_incidents.add(other.id)\n"),
    kills="TC-HUB-INC-07", reason="HUB-INC-004",
    ko="이어진 다른 사건의 이력에는 남기지 않는다", en="keeps no line of a link with the other incident",
)  # fmt: skip
defect(
    "second-call-swallowed",
    ("safezone_hub.rules.calls", "return any(p.press == press and abs(obs.at - p.at) <= ctx.settings.press_memory_s for p in alike)", "return bool(alike)"),
    kills="TC-HUB-INC-08", reason="HUB-INC-005",
    ko="같은 태그의 새 누름을 앞의 사건에 합친다", en="takes a new press of the same tag for the first one",
)  # fmt: skip
defect(
    "related-not-linked",
    (OPENING, "            incident.linked.append(other.id)", "            pass"),
    kills="TC-HUB-INC-08", reason="HUB-INC-005",
    ko="관련된 사건을 잇지 않는다", en="does not link related incidents",
)  # fmt: skip
defect(
    "agency-closes",
    (ACTIONS, '{"dispatched": "dispatched", "arrived": "on_scene"}', '{"dispatched": "dispatched", "arrived": "on_scene", "closed": "resolved"}'),
    kills="TC-HUB-INC-09", reason="HUB-INC-007",
    ko="기관의 closed가 사건을 닫는다", en="closes an incident by closed of an agency",
)  # fmt: skip
defect(
    "guardian-closes",
    (ACTIONS, '    _enter(ctx, incident, "guardian_seen", action)', '    incident.state = "resolved"\n    _enter(ctx, incident, "guardian_seen", action)'),
    kills="TC-HUB-INC-09", reason="HUB-INC-007",
    ko="보호자의 seen이 사건을 닫는다", en="closes an incident by seen of a guardian",
)  # fmt: skip
defect(
    "incident-hides-its-drill",
    (PUBLIC, '"exercise": incident.exercise,', '"exercise": None,'),
    kills="TC-HUB-INC-10", reason="HUB-INC-008",
    ko="훈련의 사건이 훈련의 id를 보이지 않는다", en="does not show the drill of an incident",
)  # fmt: skip
defect(
    "reminders-of-a-drill-are-real",
    (ESCALATION, "        exercise=incident.exercise,\n", "        exercise=None,\n"),
    kills="TC-HUB-INC-10", reason="HUB-INC-008",
    ko="훈련의 다시 알림을 실제로 보낸다", en="sends the reminders of a drill as real",
)  # fmt: skip
defect(
    "pages-overlap",
    ("safezone_hub.store.plain", 'FROM incident WHERE zone = ?{only} AND (opened_at, id) > (?, ?) "', 'FROM incident WHERE zone = ?{only} AND (opened_at, id) >= (?, ?) "'),
    kills="TC-HUB-INC-11", reason="HUB-INC-009",
    ko="다음 쪽이 앞 쪽의 마지막 사건에서 시작한다", en="begins a page with the last incident of the page before",
)  # fmt: skip
defect(
    "all-states-in-every-list",
    ("safezone_hub.store.plain", '"closed": " AND closed_at IS NOT NULL"', '"closed": ""'),
    kills="TC-HUB-INC-11", reason="HUB-INC-009",
    ko="닫힌 것의 목록에 열린 것도 넣는다", en="lists open incidents among the closed",
)  # fmt: skip
