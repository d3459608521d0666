"""8.5, 8.6 and 13.2: phone apps."""

from safezone_zoo.mutant import defect

PHONE, JIG = "safezone_sim.devices.phone", "safezone_sim.lab.phone"

defect(
    "phone-that-rounds-its-latitude",
    (PHONE, '                "lat": lat,\n                "lon": lon,\n', '                "lat": round(lat, 1),\n                "lon": lon,\n'),
    kills="TC-PHONE-PHONE-01",
    reason="PHONE-PHONE-001",
    ko="위도를 소수 첫째 자리로 줄인다",
    en="rounds its latitude to one decimal",
    role="phone",
)  # fmt: skip
defect(
    "phone-that-boasts",
    (PHONE, "accuracy = round(max(FLOOR_M, R68 * sigma * wobble), 1)", "accuracy = 2.0"),
    kills="TC-PHONE-PHONE-02",
    reason="PHONE-PHONE-002",
    ko="accuracy_m을 실제보다 작게 말한다",
    en="claims a better accuracy_m than it has",
    role="phone",
)
defect(
    "phone-that-is-deceived",
    (PHONE, " and self.mock is None", ""),
    kills="TC-PHONE-PHONE-04",
    reason="PHONE-PHONE-004",
    ko="가짜 위치 앱의 위치를 보낸다",
    en="sends what a mock-position app gives",
    role="phone",
)
defect(
    "phone-that-dials-and-says-nothing",
    (PHONE, "        self.handset.dial(self.env.now)\n        self._tell_calls(note)\n", "        self.handset.dial(self.env.now)\n"),
    kills="TC-PHONE-CALL-01",
    reason="PHONE-PHONE-005",
    ko="112에 걸고 phone.called를 보내지 않는다",
    en="dials 112 and sends no phone.called",
    role="phone",
)  # fmt: skip
defect(
    "phone-that-dials-over-the-data-connection",
    (PHONE, "        self.handset.dial(self.env.now)\n", "        if self.outbox._online:\n            self.handset.dial(self.env.now)\n"),
    kills="TC-PHONE-CALL-02[offline]",
    reason="PHONE-PHONE-006",
    ko="데이터 망이 없으면 112에 걸지 않는다",
    en="does not dial 112 without a data connection",
    role="phone",
)  # fmt: skip
defect(
    "phone-that-waits-for-a-position",
    (PHONE, "        self.handset.dial(self.env.now)\n        self._tell_calls(note)\n",
     "        self.handset.dial(self.env.now)\n        if not self.shielded:\n            self._tell_calls(note)\n"),
    kills="TC-PHONE-CALL-03",
    reason="PHONE-PHONE-007",
    ko="위치를 잡을 때까지 phone.called를 미룬다",
    en="holds phone.called back until it has a position",
    role="phone",
)  # fmt: skip
defect(
    "phone-that-names-all-calls-alike",
    (PHONE, 'else f"call-{self.outbox.epoch}-{call}"', 'else f"call-{self.outbox.epoch}"'),
    kills="TC-PHONE-CALL-01",
    reason="PHONE-PHONE-008",
    ko="걸 때마다 같은 call을 쓴다",
    en="uses one name for all its calls",
    role="phone",
)
defect(
    "phone-that-asks-nobody",
    (PHONE, "return self.consented and not", "return not"),
    kills="TC-PHONE-LAW-01[none]",
    reason="PHONE-LAW-017",
    ko="동의 전에도 위치를 보낸다",
    en="sends positions before consent",
    role="phone",
)
defect(
    "phone-that-heeds-no-suspension",
    (JIG, 'heed_consent(status == "given")', 'heed_consent(status in ("given", "suspended"))'),
    kills="TC-PHONE-LAW-01[suspended]",
    reason="PHONE-LAW-017",
    ko="일시 중지 동안에도 위치를 보낸다",
    en="goes on sending positions while consent is suspended",
    role="phone",
)
defect(
    "phone-slow-in-emergencies",
    ("safezone_sim.devices.outbox", 'True: _TIMING["receipt_retry_s"]["max_emergency"]', "True: 60.0"),
    kills="TC-PHONE-RETRY-01",
    reason="SND-RETRY-004",
    ko="긴급 메시지의 반복 간격이 5초를 넘는다",
    en="lets the intervals of an emergency's repeats grow beyond 5 s",
    role="phone",
)
defect(
    "phone-that-forgets-in-the-dark",
    (
        "safezone_sim.lab.part",
        "self.store.waiting(setting.zone, self.outbox.source, self.outbox.topic)",
        "()",
    ),
    kills="TC-PHONE-RETRY-02",
    reason="DEV-RETRY-009",
    ko="정전 뒤에 수신증 없는 메시지를 다시 보내지 않는다",
    en="does not send again after a power cut what had no receipt",
    role="phone",
)
