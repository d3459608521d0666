"""16.2: agencies."""

from safezone_zoo.mutant import defect

ACTIONS, EFFECTS, ESCALATION = (
    "safezone_hub.incidents.actions",
    "safezone_hub.effects",
    "safezone_hub.incidents.escalation",
)
DOCUMENT = "safezone_hub.handover.document"

defect(
    "agencies-see-every-incident",
    ("safezone_hub.access.rules", '            return _yes_or(who.id in facts.handed_to, "handed_over", "not_handed")',
     '            return _yes_or(True, "handed_over", "not_handed")'),
    kills="TC-HUB-AGY-01", reason="HUB-AGY-001",
    ko="받지 않은 기관도 사건을 본다", en="lets agencies see incidents that were not handed to them",
)  # fmt: skip
defect(
    "agencies-hear-once",
    (EFFECTS, "    for agency in sorted(incident.agencies):\n        work.handed.add((desk.zone, incident.id, agency))\n", ""),
    kills="TC-HUB-AGY-02[json]", reason="HUB-AGY-002",
    ko="이관 때만 보내고 바뀐 것은 보내지 않는다", en="sends the document upon hand-over only, not upon changes",
)  # fmt: skip
defect(
    "agencies-hear-unsigned",
    ("safezone_hub.channels.signing", '        headers[SIGNATURE] = "v1=" + _digest(secret, id_, headers[TIMESTAMP], body)', "        pass"),
    kills="TC-HUB-AGY-02[cap]", reason="HUB-AGY-002",
    ko="웹훅에 서명하지 않는다", en="does not sign what it posts",
)  # fmt: skip
defect(
    "agencies-all-get-json",
    (EFFECTS, '    if agency.format == "cap":', '    if agency.format == "xml":'),
    kills="TC-HUB-AGY-02[cap]", reason="HUB-AGY-002",
    ko="format을 보지 않고 JSON만 보낸다", en="sends JSON whatever the agency's format",
)  # fmt: skip
defect(
    "agencies-move-incidents-back",
    (ACTIONS, "        if target is not None and STATES.index(target) > STATES.index(incident.state):", "        if target is not None:"),
    kills="TC-HUB-AGY-03", reason="HUB-AGY-003",
    ko="늦은 보고로 사건을 되돌린다", en="moves the incident back by a late report",
)  # fmt: skip
defect(
    "agencies-acknowledge-nothing",
    (ACTIONS, '{"accepted": "acknowledged"} if police else {}', "{}"),
    kills="TC-HUB-AGY-03", reason="HUB-AGY-003",
    ko="경찰의 accepted로 사건을 확인하지 않는다", en="does not acknowledge an incident that the police accepted",
)  # fmt: skip
defect(
    "agencies-close-incidents",
    (ACTIONS, '        target = moves.get(str(status))\n', '        target = (moves | {"closed": "resolved"}).get(str(status))\n'),
    kills="TC-HUB-AGY-04", reason="HUB-AGY-004",
    ko="기관의 closed로 사건을 끝낸다", en="closes the incident upon an agency's closed",
)  # fmt: skip
defect(
    "agencies-move-themselves-back",
    (ACTIONS, "    if before is None or AGENCY_STEPS.index(str(status)) > AGENCY_STEPS.index(before):", "    if True:"),
    kills="TC-HUB-AGY-04", reason="HUB-AGY-005",
    ko="늦은 보고로 agencies를 되돌린다", en="moves agencies back by a late report",
)  # fmt: skip
defect(
    "agencies-late-reports-forgotten",
    (ACTIONS, '    ref = str(action.data.get("ref") or "")\n',
     '    if before is not None and AGENCY_STEPS.index(str(status)) <= AGENCY_STEPS.index(before):\n        return\n    ref = str(action.data.get("ref") or "")\n'),
    kills="TC-HUB-AGY-04", reason="HUB-AGY-005",
    ko="늦거나 두 번 온 보고를 이력에 남기지 않는다", en="keeps no late or doubled report in history",
)  # fmt: skip
defect(
    "agencies-drill-reaches-all",
    (ESCALATION, '    if exercise is None or agency.nature == "simulated":', "    if True:"),
    kills="TC-HUB-AGY-05", reason="HUB-AGY-006",
    ko="훈련의 사건을 실제 기관에도 넘긴다", en="hands a drill's incident to real agencies",
)  # fmt: skip
defect(
    "agencies-drill-ignores-allow",
    (ESCALATION, "    return drill is not None and agency.id in drill.allow", "    return False"),
    kills="TC-HUB-AGY-05", reason="HUB-AGY-006",
    ko="훈련이 허락한 실제 기관에 넘기지 않는다", en="does not hand a drill's incident to the agencies it allows",
)  # fmt: skip
defect(
    "agencies-keep-the-name",
    (DOCUMENT, "    child = None if closed else view.child", "    child = view.child"),
    kills="TC-HUB-AGY-06", reason="HUB-AGY-007",
    ko="끝난 사건의 문서에도 어린이의 이름이 있다", en="names the child in the document of a closed incident",
)  # fmt: skip
defect(
    "agencies-keep-the-position",
    (DOCUMENT, "    if position is not None and not closed:", "    if position is not None:"),
    kills="TC-HUB-AGY-06", reason="HUB-AGY-007",
    ko="끝난 사건의 문서에도 위치가 있다", en="tells the position in the document of a closed incident",
)  # fmt: skip
defect(
    "agencies-learn-the-guardians",
    ("safezone_hub.agencies", "        callback=_callback(zones, desk),",
     '        callback=Callback("; ".join(str((zones.registry.get("guardian", g.id) or {}).get("name")) for g in desk.view.guardians.get(incident.child or "", [])) or "112"),'),
    kills="TC-HUB-AGY-06", reason="HUB-AGY-007",
    ko="문의할 곳으로 보호자의 이름을 넘긴다", en="gives the guardians' names to the agency as whom to call back",
)  # fmt: skip
defect(
    "agencies-accuracy-of-one-metre",
    (DOCUMENT, '            "accuracy_m": float(position["accuracy_m"]),', '            "accuracy_m": 100.0,'),
    kills="TC-HUB-AGY-06", reason="HUB-AGY-008",
    ko="위치의 정확도를 늘 100 m라고 한다", en="always tells an accuracy of 100 m",
)  # fmt: skip
defect(
    "agencies-evidence-without-age",
    (DOCUMENT, '            "age_s": max(0, round(view.now - evidence_at)),\n', ""),
    kills="TC-HUB-AGY-06", reason="HUB-AGY-008",
    ko="근거의 나이를 말하지 않는다", en="does not tell the age of the evidence",
)  # fmt: skip
