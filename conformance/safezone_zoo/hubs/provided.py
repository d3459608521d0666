"""9.14: location provided."""

from safezone_zoo.mutant import defect

GUARD, REQUESTS, NOTICES = "safezone_hub.api.guard", "safezone_hub.requests", "safezone_hub.notices"

defect(
    "provided-by-the-desk-untold",
    (GUARD, "    if operation in _PROVIDING and who.role in _THIRD_PARTIES",
     '    if operation in _PROVIDING and who.role == "school"'),
    kills="TC-HUB-PROV-01[desk]", reason="HUB-PROV-001",
    ko="상황실이 위치를 받은 것을 알리지 않는다", en="does not tell that the desk got the position",
)  # fmt: skip
defect(
    "provided-by-the-school-untold",
    (GUARD, "    if operation in _PROVIDING and who.role in _THIRD_PARTIES",
     '    if operation in _PROVIDING and who.role == "operator"'),
    kills="TC-HUB-PROV-01[school]", reason="HUB-PROV-001",
    ko="학교가 위치를 받은 것을 알리지 않는다", en="does not tell that the school got the position",
)  # fmt: skip
defect(
    "provided-to-guardians-too",
    (GUARD, "    if operation in _PROVIDING and who.role in _THIRD_PARTIES and basis",
     "    if operation in _PROVIDING and basis"),
    kills="TC-HUB-PROV-01[desk]", reason="HUB-PROV-001",
    ko="보호자 자신의 조회도 알린다", en="tells of a guardian's own query",
)  # fmt: skip
defect(
    "provided-to-nobody-named",
    (NOTICES, '"{name} 어린이의 위치정보가 {at}에 {device}에 제공되었습니다."', '"{name} 어린이의 위치정보가 {at}에 제공되었습니다."'),
    (NOTICES, '"The position of {name} was given to {device} at {at}."', '"The position of {name} was given at {at}."'),
    kills="TC-HUB-PROV-01[school]", reason="HUB-PROV-002",
    ko="누가 받았는지 말하지 않는다", en="does not say who got the position",
)  # fmt: skip
defect(
    "provided-when-refused",
    (GUARD, "            raise _refusal(zones, desk, decision, found.name, call.wall)",
     "            tell_provision(zones, work, who, call.operation.name, target, decision, call.wall)\n"
     "            raise _refusal(zones, desk, decision, found.name, call.wall)"),
    kills="TC-HUB-PROV-02", reason="HUB-PROV-003",
    ko="거절한 조회도 제공했다고 알린다", en="tells of a refused query as if it had been answered",
)  # fmt: skip
defect(
    "provided-to-the-desk-too",
    (REQUESTS, 'tell = Tell("location_provided", child, now, (), exercise, True, (), device=to, sent_at=now)',
     'tell = Tell("location_provided", child, now, (), exercise, True, ("desk", "school"), device=to, incident="none", sent_at=now)'),
    kills="TC-HUB-PROV-01[school]", reason="HUB-PROV-004",
    ko="location_provided를 상황실과 학교에도 보낸다", en="sends location_provided to desk and school as well",
)  # fmt: skip
defect(
    "provided-when-nothing-is-known",
    (GUARD, "        answer = question(Sight(zones, work, who, target, facts, call.wall, desk))\n        if decision.record:",
     "        if decision.record:"),
    (GUARD, "        return answer\n\n    answer = await", "        return question(Sight(zones, work, who, target, facts, call.wall, desk))\n\n    answer = await"),
    kills="TC-HUB-PROV-02", reason="HUB-PROV-003",
    ko="아무것도 주지 못한 조회도 제공했다고 알린다", en="tells of a query as if it had been answered, though nothing was known",
)  # fmt: skip
