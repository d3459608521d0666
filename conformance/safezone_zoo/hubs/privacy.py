"""19.1, 19.2: facts, the effect of consent, erasure."""

from safezone_zoo.mutant import defect

GUARD, CHILDREN, RULES = "safezone_hub.api.guard", "safezone_hub.api.children", "safezone_hub.access.rules"
EFFECTS, REQUESTS = "safezone_hub.effects", "safezone_hub.requests"

defect(
    "privacy-answers-unrecorded",
    (
        GUARD,
        "if decision.record:\n            record_look(",
        "if decision.record and not decision.allowed:\n            record_look(",
    ),
    kills="TC-HUB-PRIV-01",
    reason="HUB-PRIV-001",
    ko="답한 물음을 기록하지 않는다",
    en="does not keep what it answered",
)
defect(
    "privacy-facts-without-what",
    (GUARD, '"what": operation,', '"what": None,'),
    kills="TC-HUB-PRIV-01",
    reason="HUB-PRIV-001",
    ko="무엇을 보았는지 적지 않는다",
    en="does not say what was looked at",
)
defect(
    "privacy-paths-unrecorded",
    (
        GUARD,
        "if decision.record:\n            record_look(",
        'if decision.record and call.operation.name != "getPath":\n            record_look(',
    ),
    kills="TC-HUB-PRIV-01",
    reason="HUB-LAW-012",
    ko="경로의 물음을 기록하지 않는다",
    en="does not keep queries of paths",
)
defect(
    "privacy-alerts-are-no-provision",
    (
        EFFECTS,
        "if told and child is not None:",
        'if told and child is not None and SERVICES[tell.service].cls == "everyday":',
    ),
    kills="TC-HUB-PRIV-02",
    reason="HUB-PRIV-002",
    ko="경보로 내준 것을 기록하지 않는다",
    en="does not keep what alerts gave out",
)
defect(
    "privacy-looks-are-plain-access",
    (GUARD, 'kind = "view"', 'kind = "access"'),
    kills="TC-HUB-PRIV-03",
    reason="HUB-PRIV-003",
    ko="카메라를 본 일을 열람으로 적지 않는다",
    en="does not keep looks through a camera as such",
)
defect(
    "privacy-all-by-consent",
    (EFFECTS, 'basis = "consent" if consented.collect else "rescue"', 'basis = "consent"'),
    kills="TC-HUB-PRIV-04",
    reason="HUB-PRIV-004",
    ko="동의 없이 구조에 쓴 것도 동의에 따른 것으로 적는다",
    en="says consent where it was rescue",
)
defect(
    "privacy-path-in-spite-of-suspension",
    (
        CHILDREN,
        "_need_consent(sight)\n        return sight.zones.store.path",
        "return sight.zones.store.path",
    ),
    kills="TC-HUB-PRIV-05[suspended]",
    reason="HUB-PRIV-005",
    ko="정지한 뒤에도 경로를 보인다",
    en="shows the path after suspension",
)
defect(
    "privacy-collects-when-suspended",
    (
        "safezone_hub.registry",
        'given = all(row.status == "given" for row in rows)',
        'given = all(row.status != "withdrawn" for row in rows)',
    ),
    kills="TC-HUB-PRIV-05[suspended]",
    reason="HUB-PRIV-005",
    ko="정지한 동안에도 위치를 모은다",
    en="goes on collecting while suspended",
)
defect(
    "privacy-collects-when-withdrawn",
    (
        "safezone_hub.registry",
        'given = all(row.status == "given" for row in rows)',
        'given = all(row.status != "suspended" for row in rows)',
    ),
    kills="TC-HUB-PRIV-05[withdrawn]",
    reason="HUB-PRIV-005",
    ko="철회한 뒤에도 위치를 모은다",
    en="goes on collecting after withdrawal",
)
defect(
    "privacy-any-guardian-decides",
    (
        RULES,
        '_yes_or(who.id in facts.legal, "legal_representative", "not_legal")',
        '(True, "legal_representative")',
    ),
    kills="TC-HUB-PRIV-06",
    reason="HUB-PRIV-006",
    ko="법정대리인이 아닌 보호자가 동의와 파기를 정한다",
    en="lets a guardian decide who is no legal representative",
)
defect(
    "privacy-erased-in-memory-only",
    (
        REQUESTS,
        "            work.batch.unregister(desk.zone, kind, id_)\n    registering.erase",
        "            desk.ledger.count(kind)\n    registering.erase",
    ),
    (
        REQUESTS,
        '            work.batch.erase.append((desk.zone, f"{kind}/{id_}"))',
        "            desk.ledger.count(kind)",
    ),
    kills="TC-HUB-PRIV-07",
    reason="HUB-PRIV-007",
    ko="파기한 어린이가 재시작 뒤에 되살아난다",
    en="brings an erased child back after a restart",
)
defect(
    "privacy-erased-child-stays-registered",
    (REQUESTS, 'gone = [("child", child)] + [("device", t)', 'gone = [("device", t)'),
    kills="TC-HUB-PRIV-07",
    reason="HUB-PRIV-007",
    ko="파기한 어린이가 등록에 남는다",
    en="keeps an erased child in the registry",
)
defect(
    "privacy-data-without-positions",
    (CHILDREN, '"positions": [_point(row) for row in held["positions"]],', '"positions": [],'),
    kills="TC-HUB-PRIV-08",
    reason="HUB-PRIV-009",
    ko="data에 위치가 없다",
    en="leaves the positions out of data",
)
defect(
    "privacy-data-without-facts",
    (CHILDREN, '"facts": [_fact(body) for body in facts],', '"facts": [],'),
    kills="TC-HUB-PRIV-08",
    reason="HUB-PRIV-009",
    ko="data에 사실이 없다",
    en="leaves the facts out of data",
)
defect(
    "privacy-data-of-closed-incidents-only",
    (
        CHILDREN,
        'if i.child == id_ and i.level != "private"]',
        'if i.child == id_ and i.level != "private" and not i.is_open]',
    ),
    kills="TC-HUB-PRIV-08",
    reason="HUB-PRIV-009",
    ko="data에 열린 사건이 없다",
    en="leaves open incidents out of data",
)
defect(
    "privacy-data-without-bindings",
    (CHILDREN, "found = [own, *bindings]", "found = [own]"),
    kills="TC-HUB-PRIV-08",
    reason="HUB-PRIV-009",
    ko="data에 연결이 없다",
    en="leaves the bindings out of data",
)
