"""18.1, 18.2: tokens, and who may do what."""

from safezone_zoo.mutant import defect

TOKENS, TOKEN_API = "safezone_hub.access.tokens", "safezone_hub.api.tokens"
RULES, GUARD = "safezone_hub.access.rules", "safezone_hub.api.guard"
INCIDENTS, NOTICES = "safezone_hub.api.incidents", "safezone_hub.notices"

defect(
    "access-token-in-lists",
    (TOKEN_API, '"id": token.id,', '"id": token.id, "token": f"szt_{token.id}_{token.digest.hex()}",'),
    kills="TC-HUB-ACC-01",
    reason="HUB-ACC-001",
    ko="토큰 목록에 토큰을 보인다",
    en="shows tokens in their list",
)
defect(
    "access-token-revoked-in-name-only",
    (TOKENS, "return not self.revoked and now < self.expires_at", "return now < self.expires_at"),
    kills="TC-HUB-ACC-02",
    reason="HUB-ACC-002",
    ko="취소된 토큰을 받아 준다",
    en="takes a revoked token",
)
defect(
    "access-token-never-expires",
    (TOKENS, "return not self.revoked and now < self.expires_at", "return not self.revoked"),
    kills="TC-HUB-ACC-02",
    reason="HUB-ACC-002",
    ko="만료된 토큰을 받아 준다",
    en="takes an expired token",
)
defect(
    "access-stream-outlives-its-token",
    (
        "safezone_hub.api.sse",
        "not self._streams.closing and self._may_go_on():",
        "not self._streams.closing:",
    ),
    (
        "safezone_hub.api.sse",
        "if not self._may_go_on():\n                return",
        "if self._streams.closing:\n                return",
    ),
    kills="TC-HUB-ACC-02",
    reason="HUB-ACC-002",
    ko="토큰이 취소되어도 열린 스트림은 이어진다",
    en="goes on with a stream whose token was revoked",
)
defect(
    "access-scopes-for-changes-only",
    (RULES, 'or operation == "getMe"', 'or operation.startswith("get")'),
    kills="TC-HUB-ACC-03",
    reason="HUB-ACC-003",
    ko="scopes를 고치는 호출에만 따진다",
    en="minds scopes only where something changes",
)
defect(
    "access-scopes-shut-out-me",
    (RULES, 'operation in who.scopes or operation == "getMe"', "operation in who.scopes"),
    kills="TC-HUB-ACC-03",
    reason="HUB-ACC-003",
    ko="scopes에 없으면 getMe도 거부한다",
    en="refuses getMe where scopes lack it",
)
defect(
    "access-other-zone-is-forbidden",
    (RULES, '"withheld", "other_zone", "not_handed"', '"withheld", "not_handed"'),
    kills="TC-HUB-ACC-04",
    reason="HUB-ACC-004",
    ko="다른 구역의 것에 403으로 답하여 있음을 알린다",
    en="answers 403 for another zone's, and so tells that it is there",
)
defect(
    "access-admin-of-every-zone",
    (
        RULES,
        "if who.zone and target.zone and who.zone",
        'if who.role != "admin" and who.zone and target.zone and who.zone',
    ),
    kills="TC-HUB-ACC-04",
    reason="HUB-ACC-004",
    ko="한 구역의 admin에게 모든 구역을 연다",
    en="opens every zone to the admin of one",
)
defect(
    "access-operator-reads-rejections",
    (RULES, "getRejections         any    -    ", "getRejections         any    zone "),
    kills="TC-HUB-ACC-05[operator]",
    reason="HUB-ACC-005",
    ko="상황실 근무자가 거부된 메시지를 읽는다",
    en="lets operators read rejected messages",
)
defect(
    "access-guardian-reads-statistics",
    (
        RULES,
        "getStatistics         any    zone      zone    -  ",
        "getStatistics         any    zone      zone    zone ",
    ),
    kills="TC-HUB-ACC-05[guardian]",
    reason="HUB-ACC-005",
    ko="보호자가 통계를 읽는다",
    en="lets guardians read the statistics",
)
defect(
    "access-school-erases",
    (RULES, "eraseChild            any    -         -    ", "eraseChild            any    -         zone "),
    kills="TC-HUB-ACC-05[school]",
    reason="HUB-ACC-005",
    ko="학교가 어린이를 파기한다",
    en="lets the school erase a child",
)
defect(
    "access-agency-asks-positions",
    (
        RULES,
        "getPosition           any    call      pupil   child     -  ",
        "getPosition           any    call      pupil   child     call ",
    ),
    kills="TC-HUB-ACC-05[agency]",
    reason="HUB-ACC-005",
    ko="기관이 위치를 묻는다",
    en="lets agencies ask for positions",
)
defect(
    "access-auditor-administers",
    (
        RULES,
        "listItems             any    -         -       -         -       -  ",
        "listItems             any    -         -       -         -       any",
    ),
    kills="TC-HUB-ACC-05[auditor]",
    reason="HUB-ACC-005",
    ko="감사자가 등록을 읽는다",
    en="lets auditors read the registry",
)
defect(
    "access-peer-sees-zones",
    (
        RULES,
        "getStats              any    zone      zone    -         -       zone     -",
        "getStats              any    zone      zone    -         -       zone     zone",
    ),
    kills="TC-HUB-ACC-05[peer]",
    reason="HUB-ACC-005",
    ko="이웃 허브가 구역의 수를 읽는다",
    en="lets a peer read a zone's counts",
)
defect(
    "access-wrong-role-is-404",
    (GUARD, 'raise Problem(403, "wrong_role", f"', 'raise Problem(404, "not_found", f"'),
    kills="TC-HUB-ACC-05[operator]",
    reason="HUB-ACC-005",
    ko="역할에 없는 호출에 404로 답한다",
    en="answers 404 where the role has not the call",
)
defect(
    "access-operator-of-every-zone",
    (
        RULES,
        "if who.zone and target.zone and who.zone",
        'if who.role != "operator" and who.zone and target.zone and who.zone',
    ),
    kills="TC-HUB-ACC-06[operator]",
    reason="HUB-ACC-006",
    ko="근무자가 다른 구역의 것을 얻는다",
    en="gives operators what is another zone's",
)
defect(
    "access-school-of-every-zone",
    (
        RULES,
        "if who.zone and target.zone and who.zone",
        'if who.role != "school" and who.zone and target.zone and who.zone',
    ),
    kills="TC-HUB-ACC-06[school]",
    reason="HUB-ACC-006",
    ko="학교가 다른 구역의 것을 얻는다",
    en="gives the school what is another zone's",
)
defect(
    "access-auditor-of-every-zone",
    (
        RULES,
        "if who.zone and target.zone and who.zone",
        'if who.role != "auditor" and who.zone and target.zone and who.zone',
    ),
    kills="TC-HUB-ACC-06[auditor]",
    reason="HUB-ACC-006",
    ko="감사자가 다른 구역의 것을 얻는다",
    en="gives auditors what is another zone's",
)
defect(
    "access-any-guardian-is-yours",
    (RULES, "if who.id not in facts.guardians:", "if not facts.guardians:"),
    kills="TC-HUB-ACC-06[guardian]",
    reason="HUB-ACC-006",
    ko="보호자가 남의 어린이를 본다",
    en="shows guardians other people's children",
)
defect(
    "access-anybodys-notices",
    (RULES, 'return _yes_or(target.owner == who.name, "self", "not_yours")', 'return True, "self"'),
    kills="TC-HUB-ACC-06[guardian]",
    reason="HUB-ACC-006",
    ko="보호자가 남의 알림을 읽는다",
    en="shows guardians other people's notices",
)
defect(
    "access-agency-sees-all-lists",
    (
        INCIDENTS,
        'if sight.who.role == "agency" and sight.who.id not in incident.agencies:',
        "if incident.agencies is None:",
    ),
    kills="TC-HUB-ACC-06[agency]",
    reason="HUB-ACC-006",
    ko="기관에게 넘기지 않은 사건도 목록에 보인다",
    en="lists incidents to an agency that they were not handed to",
)
defect(
    "access-agency-sees-all-incidents",
    (
        RULES,
        'return _yes_or(who.id in facts.handed_to, "handed_over", "not_handed")',
        'return True, "handed_over"',
    ),
    kills="TC-HUB-ACC-06[agency]",
    reason="HUB-ACC-006",
    ko="기관이 넘겨받지 않은 사건을 읽는다",
    en="shows an agency incidents that were not handed to it",
)
defect(
    "access-telling-404",
    (GUARD, "return not_found(name)", 'return Problem(404, "not_found", f"{name} is not yours")'),
    kills="TC-HUB-ACC-07",
    reason="HUB-ACC-007",
    ko="남의 것의 404가 없는 것의 404와 다르다",
    en="tells by the words of a 404 that the thing is there",
)
defect(
    "access-barred-may-look",
    (RULES, "if who.id in facts.barred:", "if who.id in facts.barred and who.id not in facts.guardians:"),
    kills="TC-HUB-ACC-08",
    reason="HUB-ACC-008",
    ko="barred보다 children을 앞세운다",
    en="puts children before barred",
)
defect(
    "access-barred-is-told",
    (NOTICES, "barred = child.barred if child is not None else ()", "barred = ()"),
    kills="TC-HUB-ACC-08",
    reason="HUB-ACC-008",
    ko="barred에 있는 보호자에게 알린다",
    en="tells a guardian who is barred",
)
defect(
    "access-barred-counts-the-child",
    (
        GUARD,
        "hidden |= {child.id for child in desk.view.children.values() if guardian in child.barred}",
        "hidden |= set()",
    ),
    kills="TC-HUB-ACC-08",
    reason="HUB-ACC-008",
    ko="barred에 있는 보호자의 getMe에 어린이가 나온다",
    en="names the child in getMe of a guardian who is barred",
)
defect(
    "access-school-from-early-morning",
    (RULES, "BEFORE_SCHOOL_S = 3600.0", "BEFORE_SCHOOL_S = 7200.0"),
    kills="TC-HUB-ACC-09",
    reason="HUB-ACC-009",
    ko="첫 종 두 시간 전부터 학교에 위치를 준다",
    en="gives the school positions from two hours before the first bell",
)
defect(
    "access-school-until-closing",
    (RULES, "AFTER_SCHOOL_S = 3600.0", "AFTER_SCHOOL_S = 0.0"),
    kills="TC-HUB-ACC-09",
    reason="HUB-ACC-009",
    ko="학교가 끝나면 곧 위치를 주지 않는다",
    en="gives the school no position once it has closed",
)
defect(
    "access-school-on-holidays",
    (
        RULES,
        "if not view.is_school_day(day):\n        return False",
        "if view.item is None:\n        return False",
    ),
    kills="TC-HUB-ACC-09",
    reason="HUB-ACC-009",
    ko="쉬는 날에도 학교에 위치를 준다",
    en="gives the school positions on days without school",
)
defect(
    "access-desk-without-reason",
    (
        RULES,
        'return _yes_or(bool(facts.access_reason), "logged_reason", "reason_required")',
        'return True, "logged_reason"',
    ),
    kills="TC-HUB-ACC-10",
    reason="HUB-ACC-010",
    ko="사건도 사유도 없이 상황실에 위치를 준다",
    en="gives the desk positions without incident and reason",
)
defect(
    "access-reason-forgotten",
    (GUARD, '"purpose": facts.access_reason or decision.reason,', '"purpose": decision.reason,'),
    kills="TC-HUB-ACC-10",
    reason="HUB-ACC-010",
    ko="사유를 기록하지 않는다",
    en="does not keep the reason",
)
defect(
    "access-refusals-unrecorded",
    (
        GUARD,
        "if decision.record:\n            record_look(",
        "if decision.record and decision.allowed:\n            record_look(",
    ),
    kills="TC-HUB-ACC-10",
    reason="HUB-ACC-011",
    ko="거부한 물음을 기록하지 않는다",
    en="does not keep what it refused",
)
defect(
    "access-me-names-the-zone",
    ("safezone_hub.api.general", '        body["names"] = children\n',
     '        body["names"] = await guard.on(call, guard.hub_itself, lambda s: {\n'
     '            b["id"]: b["name"] for b in s.zones.registry.list("child", who.zone)})\n'),
    kills="TC-HUB-ACC-16", reason="HUB-ACC-017",
    ko="getMe가 구역의 모든 어린이의 이름을 말한다", en="tells the names of all children of the zone in getMe",
)  # fmt: skip
