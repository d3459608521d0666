"""18.3: enrolment of parents."""

from safezone_zoo.mutant import defect

STEPS, CASE, API = "safezone_hub.enrolment.steps", "safezone_hub.enrolment.case", "safezone_hub.api.enrolment"

defect(
    "enrolment-skipped-step-is-a-bad-request",
    (API, '"conflict": 409', '"conflict": 422'),
    kills="TC-HUB-ACC-13",
    reason="HUB-ACC-013",
    ko="건너뛴 단계에 409로 답하지 않는다",
    en="does not answer 409 to a step out of turn",
)
defect(
    "enrolment-consents-to-everything",
    (
        STEPS,
        "{item: choices[item] for item in words.CONSENT_ITEMS}",
        "{item: True for item in words.CONSENT_ITEMS}",
    ),
    kills="TC-HUB-ACC-13",
    reason="HUB-ACC-013",
    ko="고른 항목과 달리 모두 동의한 것으로 적는다",
    en="registers consent to everything, whatever was chosen",
)
defect(
    "enrolment-code-good-for-ever",
    (STEPS, "SaveCode(replace(code, uses=code.uses + 1))", "SaveCode(code)"),
    kills="TC-HUB-ACC-13",
    reason="HUB-ACC-014",
    ko="코드를 여러 번 쓰게 한다",
    en="takes a code again and again",
)
defect(
    "enrolment-code-never-expires",
    (
        CASE,
        "return not self.revoked and now < self.expires_at and self.uses",
        "return not self.revoked and self.uses",
    ),
    kills="TC-HUB-ACC-13",
    reason="HUB-ACC-014",
    ko="만료된 코드를 받아 준다",
    en="takes an expired code",
)
defect(
    "enrolment-tells-used-codes",
    (STEPS, 'return None, [_refuse("not_found", words.NO_CODE)]',
     'return None, [_refuse("not_found" if code is None or now >= code.expires_at else "conflict", words.NO_CODE)]'),
    kills="TC-HUB-ACC-13",
    reason="HUB-ACC-014",
    ko="쓴 코드를 없는 코드와 다르게 답한다",
    en="tells a used code from one that does not exist",
)  # fmt: skip
defect(
    "enrolment-codes-guessed-freely",
    (
        API,
        "call.services, await call.json()\n    services.enrolment.take(call.address)\n",
        "call.services, await call.json()\n",
    ),
    kills="TC-HUB-ACC-15",
    reason="HUB-ACC-015",
    ko="코드를 얼마든지 시도하게 한다",
    en="lets anybody guess codes for ever",
)
defect(
    "enrolment-numbers-guessed-freely",
    (
        API,
        '    id_ = call.path("id")\n    call.services.enrolment.take(call.address)\n',
        '    id_ = call.path("id")\n',
    ),
    kills="TC-HUB-ACC-15",
    reason="HUB-ACC-015",
    ko="번호를 얼마든지 시도하게 한다",
    en="lets anybody guess numbers for ever",
)
defect(
    "enrolment-guardian-before-consent",
    (STEPS, "if case.legal:\n            return case, effects",
     "if case.legal:\n            return case, [*effects, PutItems((self._new_guardian(case, people),))]"),
    kills="TC-HUB-ACC-13",
    reason="HUB-ACC-016",
    ko="동의하기 전에 보호자를 등록한다",
    en="registers the guardian before consent",
)  # fmt: skip
defect(
    "enrolment-tells-the-child-before-consent",
    (CASE, 'if case.state in ("written", "done") and', 'if case.state in ("consent", "written", "done") and'),
    kills="TC-HUB-ACC-13",
    reason="HUB-ACC-016",
    ko="동의하기 전에 어린이를 알린다",
    en="tells which child it is before consent",
)
