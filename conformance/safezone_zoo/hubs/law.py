"""13: consent and its effect, records and destruction."""

from safezone_zoo.mutant import defect

REGISTRY, NOTICES, EFFECTS = "safezone_hub.registry", "safezone_hub.notices", "safezone_hub.effects"
CHILDREN, GUARD, PIPELINE = "safezone_hub.api.children", "safezone_hub.api.guard", "safezone_hub.pipeline"

defect(
    "law-collects-without-consent",
    (PIPELINE, "message.dropped = not consented.collect", "message.dropped = False"),
    kills="TC-HUB-LAW-01[not-collect]",
    reason="HUB-LAW-001",
    ko="동의 없이 위치를 모은다",
    en="collects positions without consent",
)
defect(
    "law-no-consent-is-consent",
    (
        REGISTRY,
        "return Consented(not required, not required, not required)",
        "return Consented(True, True, True)",
    ),
    kills="TC-HUB-LAW-01[none]",
    reason="HUB-LAW-001",
    ko="등록된 동의가 없으면 동의한 것으로 친다",
    en="takes no consent on file for consent",
)
defect(
    "law-calls-need-consent",
    (
        PIPELINE,
        "if message.child is not None and checked.envelope.type in LOCATING:",
        "if message.child is not None:",
    ),
    kills="TC-HUB-LAW-01[withdrawn]",
    reason="HUB-LAW-001",
    ko="동의가 없으면 긴급호출도 버린다",
    en="drops emergency calls without consent",
)
defect(
    "law-notices-without-consent",
    (
        NOTICES,
        'told = allowed is None or allowed.notify_guardians or service.cls != "everyday"',
        "told = True",
    ),
    kills="TC-HUB-LAW-02",
    reason="HUB-LAW-002",
    ko="notify_guardians 동의 없이 일상 알림을 보낸다",
    en="sends everyday notices without consent",
)
defect(
    "law-danger-to-112-without-consent",
    (
        NOTICES,
        'if service.cls != "danger" or reported or allowed is None or allowed.provide_112:',
        "if service.cls:",
    ),
    kills="TC-HUB-LAW-03",
    reason="HUB-LAW-003",
    ko="provide_112 동의 없이 위험을 112에 알린다",
    en="tells dangers to 112 without consent",
)
defect(
    "law-emergency-needs-consent",
    (
        NOTICES,
        'if service.cls != "danger" or reported or allowed',
        'if service.cls == "everyday" or reported or allowed',
    ),
    kills="TC-HUB-LAW-03",
    reason="HUB-LAW-003",
    ko="provide_112 동의가 없으면 긴급호출도 112에 알리지 않는다",
    en="does not tell emergencies to 112 without consent",
)
defect(
    "law-suspension-is-no-withdrawal",
    (
        REGISTRY,
        'given = all(row.status == "given" for row in rows)',
        'given = all(row.status != "withdrawn" for row in rows)',
    ),
    kills="TC-HUB-LAW-04[suspended]",
    reason="HUB-LAW-004",
    ko="정지해도 그대로 한다",
    en="goes on when consent is suspended",
)
defect(
    "law-withdrawal-needs-every-item",
    (
        REGISTRY,
        'given = all(row.status == "given" for row in rows)',
        'given = all(row.status != "suspended" for row in rows)',
    ),
    kills="TC-HUB-LAW-04[withdrawn]",
    reason="HUB-LAW-004",
    ko="철회했어도 items대로 한다",
    en="goes by the items of a consent that was withdrawn",
)
defect(
    "law-anybody-consents",
    (
        REGISTRY,
        "for row in self.consents.get(child, {}).values() if row.guardian in legal]",
        "for row in self.consents.get(child, {}).values()]",
    ),
    kills="TC-HUB-LAW-05[of-another-child]",
    reason="HUB-LAW-005",
    ko="남의 보호자의 동의로 위치를 모은다",
    en="takes the consent of anybody",
)
defect(
    "law-any-guardian-consents",
    (
        REGISTRY,
        "for guardian in self.guardians.get(child, ()) if guardian.legal}",
        "for guardian in self.guardians.get(child, ())}",
    ),
    kills="TC-HUB-LAW-05[not-legal]",
    reason="HUB-LAW-005",
    ko="법정대리인이 아닌 보호자의 동의를 받는다",
    en="takes the consent of a guardian who is no legal representative",
)
defect(
    "law-collection-unrecorded",
    (
        EFFECTS,
        "if desk.collected.get(effect.child) != day and",
        'if desk.collected.get(effect.child) == "" and',
    ),
    kills="TC-HUB-LAW-06",
    reason="HUB-LAW-007",
    ko="수집한 사실을 적지 않는다",
    en="does not record that it collects",
)
defect(
    "law-provision-to-the-desk-untold",
    (
        GUARD,
        '_THIRD_PARTIES = frozenset({"operator", "school", "agency", "peer"})',
        '_THIRD_PARTIES = frozenset({"school", "agency", "peer"})',
    ),
    kills="TC-HUB-LAW-07",
    reason="HUB-LAW-008",
    ko="상황실에 위치를 준 일을 알리지 않는다",
    en="does not tell that the desk got a position",
)
defect(
    "law-rescue-by-consent",
    (EFFECTS, 'basis = "consent" if consented.collect else "rescue"', 'basis = "consent"'),
    kills="TC-HUB-LAW-08",
    reason="HUB-LAW-009",
    ko="구조에 내준 위치의 근거를 동의로 적는다",
    en="says consent of a position given for rescue",
)
defect(
    "law-rescue-position-stays",
    (CHILDREN, "if not (sight.facts.may_collect or sight.facts.open_incident):", "if sight.facts is None:"),
    (
        "safezone_hub.rules.calls",
        "import Count, IncidentChanged, Observation, Where",
        "import Count, IncidentChanged, Observation, SavePosition, Where",
    ),
    (
        "safezone_hub.rules.calls",
        "position = Where(x, y, data.position.accuracy_m)\n",
        "position = Where(x, y, data.position.accuracy_m)\n"
        '        ctx.effects.append(SavePosition(child.id if child else "", obs.at, x, y, 10.0, "phone", obs.device))\n',
    ),
    kills="TC-HUB-LAW-08",
    reason="HUB-LAW-009",
    ko="구조가 끝난 뒤에도 위치를 보인다",
    en="shows the position after the rescue is over",
)
defect(
    "law-incidents-of-deleted-children",
    (
        "safezone_hub.registering",
        '        state.forget("incident", id_)\n',
        "        state.dirty_incidents.discard(id_)\n",
    ),
    kills="TC-HUB-LAW-09",
    reason="HUB-LAW-011",
    ko="지운 어린이의 사건에 위치가 남는다",
    en="keeps the position in incidents of a deleted child",
)
defect(
    "law-notices-of-deleted-children",
    (
        "safezone_hub.store.tables",
        'ERASED_WITH = ("registry", "state", "outbox",',
        'ERASED_WITH = ("registry", "state",',
    ),
    (
        "safezone_hub.requests",
        '            work.batch.erase.append((desk.zone, f"{kind}/{id_}"))',
        "            desk.ledger.count(kind)",
    ),
    kills="TC-HUB-LAW-09",
    reason="HUB-LAW-011",
    ko="지운 어린이의 이름이 알림함에 남는다",
    en="keeps the name of a deleted child in notices",
)
defect(
    "law-notices-name-everybody",
    (
        NOTICES,
        "name=_UNKNOWN[i] if child is None else _in_class(child)[i] if desk else child.name,",
        'name=", ".join(c.name for c in view.children.values()) or _UNKNOWN[i],',
    ),
    kills="TC-HUB-LAW-10",
    reason="HUB-LAW-013",
    ko="알림에 다른 어린이의 이름이 나온다",
    en="names other children in a notice",
)
defect(
    "law-withdrawn-path-stays",
    ("safezone_hub.zones", 'if consent.status == "withdrawn":', 'if consent.status == "":'),
    kills="TC-HUB-LAW-11",
    reason="HUB-LAW-014",
    ko="철회해도 경로를 파기하지 않는다",
    en="does not destroy the path upon withdrawal",
)
defect(
    "law-data-for-admins-only",
    (
        "safezone_hub.access.rules",
        "getChildData          any    -         -       legal ",
        "getChildData          any    -         -       -     ",
    ),
    kills="TC-HUB-PRIV-08",
    reason="HUB-LAW-019",
    ko="법정대리인이 허브가 가진 것을 볼 수 없다",
    en="does not show the legal representative what it holds",
)
defect(
    "law-erasure-for-admins-only",
    (
        "safezone_hub.access.rules",
        "eraseChild            any    -         -       legal ",
        "eraseChild            any    -         -       -     ",
    ),
    kills="TC-HUB-PRIV-08",
    reason="HUB-LAW-019",
    ko="법정대리인이 파기하게 할 수 없다",
    en="does not let the legal representative have it erased",
)
defect(
    "law-places-without-consent",
    (PIPELINE, '            message.dropped = not consented.collect\n', '            message.dropped = not consented.collect and checked.envelope.type == "phone.located"\n'),
    kills="TC-HUB-LAW-12[not-collect]", reason="HUB-LAW-020",
    ko="수집 동의가 없어도 감지로 등교를 알린다", en="tells arrivals by sightings without consent to collection",
)  # fmt: skip
defect(
    "law-silence-is-consent",
    (REGISTRY, 'return Consented(not required, not required, not required)', 'return Consented(True, True, True)'),
    kills="TC-HUB-LAW-12[none]", reason="HUB-LAW-020",
    ko="동의가 없으면 동의한 것으로 본다", en="takes no consent at all for consent",
)  # fmt: skip
