"""9.13 and 14.3: missing children and the search."""

from safezone_zoo.mutant import defect

ACTIONS = "safezone_hub.incidents.actions"
NOTICES = "safezone_hub.notices"
SEARCHING = "safezone_hub.api.searching"
SEARCH = "safezone_hub.places.search"
TOLD = '"missing_report", id_, ctx.now, cites, exercise=exercise, desk=True, position=position,'

defect(
    "report-for-the-guardians-only",
    (ACTIONS, TOLD, TOLD.replace("desk=True", "desk=False")),
    kills="TC-HUB-MISS-01[guardian]", reason="HUB-MISS-001",
    ko="실종 신고를 상황실에 알리지 않는다", en="does not tell the desk of a report",
)  # fmt: skip
defect(
    "report-without-evidence",
    (ACTIONS, TOLD, TOLD.replace("cites", "[]")),
    kills="TC-HUB-MISS-02", reason="HUB-MISS-002",
    ko="실종 신고의 경보에 마지막 관측이 없다", en="cites nothing in the alert of a report",
)  # fmt: skip
defect(
    "report-without-position",
    (ACTIONS, TOLD, TOLD.replace("position=position", "position=None")),
    kills="TC-HUB-MISS-02", reason="HUB-MISS-002",
    ko="실종 신고의 경보에 아는 위치가 없다", en="leaves the known position out of the alert of a report",
)  # fmt: skip
defect(
    "reporter-told-too",
    (NOTICES, " and r.id != tell.reporter", ""),
    kills="TC-HUB-MISS-03", reason="HUB-MISS-003",
    ko="신고한 보호자에게도 알린다", en="tells the one who reported",
)  # fmt: skip
defect(
    "barred-told-too",
    (NOTICES, "if r.id not in withheld and r.id not in barred and", "if r.id not in withheld and"),
    kills="TC-HUB-MISS-03", reason="HUB-MISS-003",
    ko="양육권으로 막힌 보호자에게도 알린다", en="tells a guardian who is barred",
)  # fmt: skip
defect(
    "report-for-nobody-else",
    (NOTICES, " and r.id != tell.reporter", " and tell.reporter is None"),
    kills="TC-HUB-MISS-03", reason="HUB-MISS-003",
    ko="보호자가 신고하면 다른 보호자에게 알리지 않는다", en="tells no other guardian when a guardian reports",
)  # fmt: skip
defect(
    "anybody-reports-any-child",
    ("safezone_hub.api.guard", '        body = zones.registry.get("child", id_)\n        if body is None or body["zone"] != zone_id:\n            raise not_found("such child")\n        return Found(Target(zone=zone_id, child=id_), in_zone.desk, "such child")',
     '        body = zones.registry.get("child", id_)\n        if body is None or body["zone"] != zone_id:\n            raise not_found("such child")\n        return Found(Target(zone=zone_id), in_zone.desk, "such child")'),
    ("safezone_hub.access.rules", "    if who.id not in facts.guardians:\n        return False", "    if facts.guardians and who.id not in facts.guardians:\n        return False"),
    kills="TC-HUB-MISS-04", reason="HUB-MISS-004",
    ko="보호자가 남의 어린이를 신고하게 둔다", en="lets a guardian report another's child",
)  # fmt: skip
defect(
    "report-with-same-key-anew",
    (ACTIONS, '        if action.key and known_.child == id_ and known_.service == "missing_report":', "        if False:"),
    kills="TC-HUB-MISS-05", reason="HUB-MISS-005",
    ko="같은 key의 신고를 새 사건으로 만든다", en="makes another incident of a report with the same key",
)  # fmt: skip
defect(
    "search-from-the-oldest-sign",
    (SEARCHING, "return max(signs, key=lambda sign: sign[0].at, default=None)", "return min(signs, key=lambda sign: sign[0].at, default=None)"),
    kills="TC-HUB-MISS-06", reason="HUB-MISS-006",
    ko="가장 오래된 증거에서 찾기 시작한다", en="searches from the oldest evidence",
)  # fmt: skip
defect(
    "search-knows-no-age",
    (SEARCHING, '"age_s": round(found.elapsed_s, 1),', '"age_s": 0.0,'),
    kills="TC-HUB-MISS-06", reason="HUB-MISS-006",
    ko="증거의 나이를 늘 0으로 말한다", en="says an age of 0 always",
)  # fmt: skip
defect(
    "search-shrinks",
    (SEARCH, "    radius = speed * max(0.0, now - evidence.at)", "    radius = speed * max(0.0, 1800.0 - (now - evidence.at))"),
    kills="TC-HUB-MISS-06", reason="HUB-MISS-007",
    ko="시간이 갈수록 범위가 줄어든다", en="lets the area shrink with time",
)  # fmt: skip
defect(
    "lists-equipment-outside",
    (SEARCH, "        inside = away <= min(wide, DISC_MAX_M)", "        inside = away <= DISC_MAX_M"),
    kills="TC-HUB-MISS-07", reason="HUB-MISS-008",
    ko="범위 밖의 장치도 열거한다", en="lists equipment outside the area",
)  # fmt: skip
defect(
    "lists-two-devices-only",
    (SEARCH, "for i in np.lexsort((np.arange(len(away)), away)).tolist() if inside[i]]", "for i in np.lexsort((np.arange(len(away)), away)).tolist() if inside[i]][:2]"),
    kills="TC-HUB-MISS-07", reason="HUB-MISS-008",
    ko="가까운 장치 둘만 열거한다", en="lists the two nearest devices only",
)  # fmt: skip
defect(
    "search-ignores-streets",
    (SEARCH, "    if net is not None:\n        reach = net.reach(", "    if False:\n        reach = net.reach("),
    kills="TC-HUB-MISS-08", reason="HUB-MISS-009",
    ko="길이 있어도 원으로 찾는다", en="searches in a circle in spite of streets",
)  # fmt: skip
defect(
    "search-titled-not-found",
    ("safezone_hub.api.incidents", 'raise Problem(404, "no_position", "nothing is known of where the child', 'raise Problem(404, "not_found", "nothing is known of where the child'),
    kills="TC-HUB-MISS-09", reason="HUB-MISS-010",
    ko="모르는 어린이의 search에 no_position이라 하지 않는다", en="does not say no_position of a child of whom nothing is known",
)  # fmt: skip
