"""8.2 and 8.3: readers."""

from safezone_zoo.mutant import defect

READER = "safezone_sim.devices.reader"
FINDING = "        stay = self._open.get((tag, antenna))\n"
CALLING = "self._call(tag, press or 0, antenna, rssi, medical, None)"

defect(
    "reader-that-tells-no-start",
    (READER, '            self._tell(stay, "start")\n', ""),
    kills="TC-READER-TAG-01",
    reason="READER-TAG-001",
    ko="첫 읽음에 start를 보내지 않는다",
    en="sends no start at the first read",
    role="reader",
)
defect(
    "reader-that-tells-no-end",
    (READER, '        self._tell(stay, "end")\n', ""),
    kills="TC-READER-TAG-01",
    reason="READER-TAG-002",
    ko="머묾이 끝나도 end를 보내지 않는다",
    en="sends no end when a stay is over",
    role="reader",
)
defect(
    "reader-that-tears-stays-apart",
    (READER, "ONE_STAY_S = 6.0", "ONE_STAY_S = 1.5"),
    kills="TC-READER-TAG-02",
    reason="READER-TAG-003",
    ko="읽음 사이가 1.5초만 되어도 머묾을 나눈다",
    en="begins another stay after 1.5 s without a read",
    role="reader",
)
defect(
    "reader-that-names-stays-anew-after-a-power-cut",
    (READER, '        stay = self.number("stays")\n', "        self._named = stay = getattr(self, \"_named\", 0) + 1\n"),
    kills="TC-READER-TAG-03",
    reason="READER-TAG-004",
    ko="정전 뒤에 머묾의 이름을 처음부터 다시 쓴다",
    en="uses the names of stays again after a power cut",
    role="reader",
)  # fmt: skip
defect(
    "reader-with-an-antenna-nobody-registered",
    (
        READER,
        "            stay.tag, stay.antenna, stay.name,",
        '            stay.tag, "antenna-0", stay.name,',
    ),
    kills="TC-READER-TAG-01",
    reason="READER-TAG-005",
    ko="등록되지 않은 안테나의 이름을 쓴다",
    en="names an antenna that is not registered",
    role="reader",
)
defect(
    "reader-whose-stays-end-before-they-begin",
    (READER, '"last_at": self.outbox.device_time(last)', '"last_at": self.outbox.device_time(first - 1.0)'),
    kills="TC-READER-TAG-01",
    reason="READER-TAG-006",
    ko="last_at이 first_at보다 앞선다",
    en="gives a last_at before first_at",
    role="reader",
)
defect(
    "reader-that-takes-its-gate-for-one-antenna",
    (READER, FINDING, "        stay = next((s for s in self._open.values() if s.tag == tag), None)\n"),
    kills="TC-READER-TAG-04",
    reason="READER-TAG-007",
    ko="안쪽 안테나의 읽음을 바깥 안테나의 머묾에 넣는다",
    en="counts reads of the inner antenna into the stay at the outer one",
    role="reader",
)
defect(
    "reader-that-knows-its-tags",
    (READER, FINDING, '        if "unknown" in tag:\n            return\n' + FINDING),
    kills="TC-READER-TAG-05",
    reason="READER-TAG-008",
    ko="모르는 태그는 알리지 않는다",
    en="does not report a tag it does not know",
    role="reader",
)
defect(
    "reader-overwhelmed-by-a-crowd",
    (READER, FINDING, FINDING + "        if stay is None and len(self._open) >= 20:\n            return\n"),
    kills="TC-READER-TAG-06",
    reason="READER-TAG-009",
    ko="한꺼번에 스무 머묾까지만 안다",
    en="knows no more than twenty stays at a time",
    role="reader",
)
defect(
    "reader-slow-to-relay-a-call",
    (READER, "        " + CALLING, "        self.env.timeout(5.0).callbacks.append(\n            lambda _event: " + CALLING + "\n        )"),
    kills="TC-READER-CALL-01",
    reason="READER-CALL-001",
    ko="태그의 긴급호출을 5초 뒤에 보낸다",
    en="relays a tag's call 5 s later",
    role="reader",
)  # fmt: skip
defect(
    "reader-that-relays-every-hearing",
    (READER, "        if before == press and (", "        if False and ("),
    kills="TC-READER-CALL-01",
    reason="READER-CALL-004",
    ko="한 누름을 들을 때마다 보낸다",
    en="sends one press each time it is heard",
    role="reader",
)
defect(
    "reader-that-counts-presses-by-one-bit",
    (READER, CALLING, CALLING.replace("press or 0", "(press or 0) % 2")),
    kills="TC-READER-CALL-02",
    reason="READER-CALL-002",
    ko="태그의 누름 계수기를 그대로 보내지 않는다",
    en="does not pass on the tag's counter as it is",
    role="reader",
)
defect(
    "reader-that-makes-up-a-press",
    (READER, CALLING, CALLING.replace("press or 0", 'press or self.number("made-up")')),
    kills="TC-READER-CALL-03",
    reason="READER-CALL-003",
    ko="계수기가 없는 태그의 누름에 번호를 지어 낸다",
    en="makes up a number for a press of a tag without a counter",
    role="reader",
)
defect(
    "reader-slow-in-emergencies",
    ("safezone_sim.devices.outbox", 'True: _TIMING["receipt_retry_s"]["max_emergency"]', "True: 60.0"),
    kills="TC-READER-RETRY-01",
    reason="SND-RETRY-004",
    ko="긴급 메시지의 반복 간격이 5초를 넘는다",
    en="lets the intervals of an emergency's repeats grow beyond 5 s",
    role="reader",
)
defect(
    "reader-that-forgets-in-the-dark",
    (
        "safezone_sim.lab.part",
        "self.store.waiting(setting.zone, self.outbox.source, self.outbox.topic)",
        "()",
    ),
    kills="TC-READER-RETRY-02",
    reason="DEV-RETRY-009",
    ko="정전 뒤에 수신증 없는 메시지를 다시 보내지 않는다",
    en="does not send again after a power cut what had no receipt",
    role="reader",
)
defect(
    "reader-that-loses-a-tag-at-the-edge",
    (READER, "ONE_STAY_S = 6.0", "ONE_STAY_S = 4.5"),
    kills="TC-READER-TAG-07",
    reason="READER-TAG-003",
    ko="범위 끝의 태그가 이따금 읽히면 머묾을 나눈다",
    en="tears the stay of a tag at the edge of range apart",
    role="reader",
)
defect(
    "reader-that-names-the-child",
    (
        READER,
        '            "rssi_dbm": rssi,\n',
        '            "rssi_dbm": rssi,\n            "child_name": "홍길동",\n',
    ),
    kills="TC-READER-LAW-01",
    reason="DEV-LAW-016",
    ko="호출에 어린이의 이름을 싣는다",
    en="sends the child's name with a call",
    role="reader",
)
