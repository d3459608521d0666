"""14.2: work on incidents."""

from safezone_zoo.mutant import defect

ACTIONS = "safezone_hub.incidents.actions"
ESCALATION = "safezone_hub.incidents.escalation"
PIPELINE = "safezone_hub.pipeline"
CALLS = "safezone_hub.rules.calls"
EFFECTS = "safezone_hub.effects"
GUARD = "safezone_hub.api.guard"
CONFLICT = '    if incident.is_open:\n        raise ActionError("conflict", "it is open", "action")\n'

defect(
    "desk-acts-as-hub",
    (PIPELINE, 'Action(f"incident.{data.action}", f"{address.role}/{address.id}", given)', 'Action(f"incident.{data.action}", "hub", given)'),
    kills="TC-HUB-ACT-01", reason="HUB-ACT-001",
    ko="메시지로 온 조치의 by에 상황실을 적지 않는다", en="does not name the desk of an action that came by message",
)  # fmt: skip
defect(
    "unit-lost-by-message",
    (PIPELINE, '("incident", "note", "unit", "mark",', '("incident", "note", "mark",'),
    kills="TC-HUB-ACT-01", reason="HUB-ACT-001",
    ko="메시지로 온 dispatch의 조를 흘린다", en="loses the unit of a dispatch that came by message",
)  # fmt: skip
defect(
    "unknown-action-is-400",
    ("safezone_hub.api.problem", 'return Problem(422, "invalid", detail or', 'return Problem(400, "invalid", detail or'),
    kills="TC-HUB-ACT-02", reason="HUB-ACT-002",
    ko="맞지 않는 본문에 400으로 답한다", en="answers 400 to a body that does not fit",
)  # fmt: skip
defect(
    "bad-action-taken-for-a-note",
    ("safezone_hub.codec", 'raise Rejected("bad_data", str(error), proved=envelope) from None',
     'raise Rejected("action_refused" if "action" in envelope.type else "bad_data", str(error), proved=envelope) from None'),
    kills="TC-HUB-ACT-02", reason="HUB-ACT-002",
    ko="모르는 조치를 bad_data가 아닌 까닭으로 거부한다", en="refuses an unknown action for another reason than bad_data",
)  # fmt: skip
defect(
    "key-of-a-request-ignored",
    (ACTIONS, "    if action.key and any(entry.key", "    if False and any(entry.key"),
    kills="TC-HUB-ACT-03", reason="HUB-ACT-003",
    ko="같은 key의 요청을 두 번 한다", en="does a request with the same key twice",
)  # fmt: skip
defect(
    "if-match-ignored",
    ("safezone_hub.api.incidents", "            check_version(expected, held.version)", "            check_version(None, held.version)"),
    kills="TC-HUB-ACT-04", reason="HUB-ACT-004",
    ko="If-Match를 보지 않는다", en="pays no heed to If-Match",
)  # fmt: skip
defect(
    "reopens-what-is-open",
    (ACTIONS, CONFLICT, ""),
    kills="TC-HUB-ACT-05", reason="HUB-ACT-005",
    ko="열린 사건을 reopen한다", en="reopens what is open",
)  # fmt: skip
defect(
    "another-end-is-fine",
    (ACTIONS, "        if target in CLOSED and target != incident.state:", "        if False:"),
    kills="TC-HUB-ACT-05", reason="HUB-ACT-005",
    ko="닫힌 사건의 다른 끝을 받는다", en="takes another end of a closed incident",
)  # fmt: skip
defect(
    "reopens-as-open",
    (ACTIONS, 'incident.state, incident.closed_at = "acknowledged", None', 'incident.state, incident.closed_at = "open", None'),
    kills="TC-HUB-ACT-05", reason="HUB-ACT-006",
    ko="reopen이 open에서 다시 시작한다", en="begins a reopened incident at open",
)  # fmt: skip
defect(
    "mark-acknowledges",
    (ACTIONS, '    _enter(ctx, incident, "mark", action, str(mark))', '    incident.state = "acknowledged"\n    _enter(ctx, incident, "mark", action, str(mark))'),
    kills="TC-HUB-ACT-06", reason="HUB-ACT-007",
    ko="장난이라는 표시가 시계를 멈춘다", en="stops the clock by a mark",
)  # fmt: skip
defect(
    "links-one-way",
    (ACTIONS, "for one, two in ((incident, other), (other, incident)):", "for one, two in ((incident, other),):"),
    kills="TC-HUB-ACT-07", reason="HUB-ACT-008",
    ko="한쪽만 잇는다", en="links one way only",
)  # fmt: skip
defect(
    "withholds-one-incident-only",
    (EFFECTS, "    withheld = {g for c, g, _ in desk.state.zone.withheld if c == tell.child}\n",
     "    withheld = {g for c, g, i in desk.state.zone.withheld if c == tell.child and i == tell.incident}\n"),
    kills="TC-HUB-ACT-08", reason="HUB-ACT-009",
    ko="그 사건의 알림만 막는다", en="withholds the notices of that incident only",
)  # fmt: skip
defect(
    "withheld-may-look",
    (GUARD, "        withheld=frozenset(g for c, g, _ in state.zone.withheld if c == child),", "        withheld=frozenset(),"),
    kills="TC-HUB-ACT-08", reason="HUB-ACT-009",
    ko="막은 보호자에게 사건과 위치를 보인다", en="shows incident and position to a guardian withheld from",
)  # fmt: skip
defect(
    "close-lifts-withhold",
    (ACTIONS, "    incident.closed_at = ctx.now\n", "    incident.closed_at = ctx.now\n    ctx.state.zone.withheld = []\n"),
    kills="TC-HUB-ACT-08", reason="HUB-ACT-009",
    ko="사건을 닫으면 막은 것이 풀린다", en="lifts withhold when the incident is closed",
)  # fmt: skip
defect(
    "allow-does-nothing",
    (ACTIONS, "if not (w[0] == incident.child and w[1] == guardian)", "if w"),
    kills="TC-HUB-ACT-08", reason="HUB-ACT-009",
    ko="allow가 막은 것을 풀지 않는다", en="does not lift withhold upon allow",
)  # fmt: skip
defect(
    "call-119-tells-no-desk",
    (ACTIONS, "    escalation.tell_119(ctx, incident)", '    escalation.hand_over(ctx, incident, "fire")'),
    kills="TC-HUB-ACT-09", reason="HUB-ACT-010",
    ko="call_119가 119의 상황실에 알리지 않는다", en="does not tell the 119 desk upon call_119",
)  # fmt: skip
defect(
    "call-119-hands-nothing-over",
    (ESCALATION, '    hand_over(ctx, incident, "fire")\n    _tell(ctx, incident, (_staffed(ctx, "fire119"),), ("escalated",))',
     '    _tell(ctx, incident, (_staffed(ctx, "fire119"),), ("escalated",))'),
    kills="TC-HUB-ACT-09", reason="HUB-ACT-010",
    ko="call_119가 소방 기관에 사건을 넘기지 않는다", en="hands nothing to the fire agencies upon call_119",
)  # fmt: skip
defect(
    "medical-waits-for-the-desk",
    (CALLS, 'posts=("desk", "fire119") if medical else ("desk",),', 'posts=("desk",),'),
    kills="TC-HUB-ACT-10", reason="HUB-ACT-011",
    ko="의료 호출도 상황실을 기다린다", en="lets a medical call wait for the desk",
)  # fmt: skip
defect(
    "medical-not-flagged",
    (CALLS, '*(("medical",) if medical else ())', "*()"),
    kills="TC-HUB-ACT-10", reason="HUB-ACT-011",
    ko="의료 호출의 경보에 medical이 없다", en="does not flag the alerts of a medical call",
)  # fmt: skip
defect(
    "unit-sent-twice",
    (ACTIONS, '    if busy is not None and busy.incident not in ("", str(action.data.get("incident"))):', "    if False:"),
    kills="TC-HUB-ACT-11", reason="HUB-ACT-012",
    ko="다른 사건에 있는 조를 또 보낸다", en="sends a unit that is at another incident",
)  # fmt: skip
defect(
    "unknown-unit-is-a-conflict",
    (ACTIONS, 'raise ActionError("not_found", f"no unit {id_} in this zone", "unit")\n    busy', 'raise ActionError("conflict", f"no unit {id_} in this zone", "unit")\n    busy'),
    kills="TC-HUB-ACT-11", reason="HUB-ACT-012",
    ko="없는 조에 409로 답한다", en="answers 409 to an unknown unit",
)  # fmt: skip
defect(
    "refusal-as-bad-data",
    (PIPELINE, '                "action_refused", f"{error.code}', '                "bad_data", f"{error.code}'),
    kills="TC-HUB-ACT-12", reason="HUB-ACT-014",
    ko="할 수 없는 조치를 bad_data로 거부한다", en="refuses what cannot be done as bad_data",
)  # fmt: skip
defect(
    "school-closes-calls",
    (ACTIONS, "    _refuse_wrong_post(ctx, incident, action)\n    step", "    step"),
    kills="TC-HUB-ACT-12", reason="HUB-ACT-014",
    ko="학교의 단말이 긴급호출을 닫게 둔다", en="lets the school's terminal close a call",
)  # fmt: skip
defect(
    "actions-of-closed-incidents-only",
    (ACTIONS, "def _refuse_closed(incident: Incident) -> None:\n    if not incident.is_open:", "def _refuse_closed(incident: Incident) -> None:\n    if incident.is_open:"),
    kills="TC-HUB-ACT-09", reason="HUB-ACT-010",
    ko="열린 사건의 call_119를 거절한다", en="refuses call_119 of an open incident",
)  # fmt: skip
defect(
    "actions-take-is-a-step",
    (ACTIONS, '    incident.owner = action.by\n    _enter(ctx, incident, "take", action)', '    incident.owner = action.by\n    incident.state = "acknowledged"\n    _enter(ctx, incident, "take", action)'),
    kills="TC-HUB-ACT-13", reason="HUB-ACT-015",
    ko="take를 acknowledge로 친다", en="counts take as acknowledge",
)  # fmt: skip
defect(
    "actions-late-step-refused",
    (ACTIONS, '        if target in CLOSED and target != incident.state:\n', '        if target != incident.state:\n'),
    kills="TC-HUB-ACT-13", reason="HUB-ACT-016",
    ko="닫힌 사건의 늦은 걸음을 거절한다", en="refuses a late step of a closed incident",
)  # fmt: skip
defect(
    "actions-withhold-ends-with-the-incident",
    (ACTIONS, '    incident.closed_at = ctx.now\n    for id_', '    incident.closed_at = ctx.now\n    ctx.state.zone.withheld = [w for w in ctx.state.zone.withheld if w[2] != incident.id]\n    for id_'),
    kills="TC-HUB-ACT-14", reason="HUB-ACT-017",
    ko="사건이 닫히면 withhold가 풀린다", en="lets withhold end with its incident",
)  # fmt: skip
defect(
    "actions-version-before-key",
    ("safezone_hub.api.incidents", 'if held is not None and not any(body.get("key") == line.key != "" for line in held.history):', 'if held is not None:'),
    kills="TC-HUB-ACT-15", reason="HUB-ACT-003",
    ko="되풀이한 요청을 낡은 If-Match로 거절한다", en="refuses a repeated request for its out-of-date If-Match",
)  # fmt: skip
defect(
    "actions-first-relay-decides",
    (CALLS, "        if data.medical is True:\n            _medical_after_all(ctx, presses, obs, data)\n        return\n", "        return\n"),
    kills="TC-HUB-ACT-16", reason="HUB-CALL-022",
    ko="먼저 온 중계만 보고 의료 호출인지 정한다", en="decides by the relay that came first whether a call is medical",
)  # fmt: skip
