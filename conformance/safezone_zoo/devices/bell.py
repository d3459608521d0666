"""8.4: emergency bells."""

from safezone_zoo.mutant import defect

BELL, AGENTS, OUTBOX = (
    "safezone_sim.devices.bell",
    "safezone_sim.devices.agents",
    "safezone_sim.devices.outbox",
)

defect(
    "bell-that-takes-its-time",
    (BELL, "            self.press()\n", "            self._after(5.0, self.press)\n"),
    kills="TC-BELL-BELL-01",
    reason="BELL-BELL-001",
    ko="누르고 5초 뒤에 알린다",
    en="tells a press 5 s later",
    role="bell",
)
defect(
    "bell-that-counts-anew-after-a-power-cut",
    (BELL, 'self.memory.setdefault("presses", counted)', 'self.memory["presses"] = counted'),
    kills="TC-BELL-BELL-02",
    reason="BELL-BELL-002",
    ko="정전 뒤에 누름을 처음부터 센다",
    en="counts its presses from the beginning after a power cut",
    role="bell",
)
defect(
    "bell-that-counts-bounces",
    (BELL, "BOUNCE_S = 0.08", "BOUNCE_S = 0.001"),
    kills="TC-BELL-BELL-03",
    reason="BELL-BELL-003",
    ko="튀는 접점을 여러 번의 누름으로 센다",
    en="counts every bounce of its contact",
    role="bell",
)
defect(
    "bell-blind-to-a-stuck-button",
    (BELL, "            self.stuck = True\n", "            self.stuck = False\n"),
    kills="TC-BELL-BELL-04",
    reason="BELL-BELL-004",
    ko="눌린 채로 있는 단추를 알리지 않는다",
    en="does not report a button that stays pressed",
    role="bell",
)
defect(
    "bell-whose-siren-waits-for-the-hub",
    (BELL, "        self.front.sound(self.env.now)\n", ""),
    (
        BELL,
        "        self.front.lamp = True\n",
        "        self.front.lamp = True\n        self.front.sound(self.env.now)\n",
    ),
    kills="TC-BELL-BELL-05[offline]",
    reason="BELL-BELL-005",
    ko="수신증이 와야 현장 경보음을 울린다",
    en="sounds its siren only once the receipt is there",
    role="bell",
)
defect(
    "bell-that-lights-its-lamp-at-once",
    (BELL, "        self.front.lamp = False\n", "        self.front.lamp = True\n"),
    kills="TC-BELL-BELL-06[accepted]",
    reason="BELL-BELL-006",
    ko="누르자마자 수신 램프를 켠다",
    en="lights its receipt lamp at once when pressed",
    role="bell",
)
defect(
    "bell-that-lights-its-lamp-when-rejected",
    (OUTBOX, "if status in STORED and message.on_stored is not None:", "if message.on_stored is not None:"),
    kills="TC-BELL-BELL-07",
    reason="BELL-BELL-006",
    ko="거절의 수신증에도 수신 램프를 켠다",
    en="lights its receipt lamp upon a rejection, too",
    role="bell",
)
defect(
    "bell-deaf-while-it-starts",
    (BELL, "for at in self.front.latched:", "for at in ():"),
    (BELL, "        if self.front.pressed:\n            self.contact(True)", '        if self.front.pressed:\n            self.memory["down"] = True'),
    kills="TC-BELL-BELL-08",
    reason="BELL-BELL-007",
    ko="다시 시작하는 동안의 누름을 잃는다",
    en="loses a press during a reboot",
    role="bell",
)  # fmt: skip
defect(
    "bell-that-keeps-its-self-test-to-itself",
    (BELL, 'self.self_test = self.memory["self_test"] = "passed"', 'self.memory["self_test"] = "not_run"'),
    (BELL, "        return self.self_test\n", '        return "passed"\n'),
    kills="TC-BELL-BELL-09",
    reason="BELL-BELL-008",
    ko="자가 시험의 결과를 알리지 않는다",
    en="does not report the outcome of its self-test",
    role="bell",
)
defect(
    "bell-that-rings-to-test-itself",
    (BELL, "        yield self.env.timeout(SELF_TEST_TAKES_S)\n", "        yield self.env.timeout(SELF_TEST_TAKES_S)\n        self.press()\n"),
    kills="TC-BELL-BELL-09",
    reason="BELL-BELL-009",
    ko="자가 시험이 누름으로 나간다",
    en="sends a press when it tests itself",
    role="bell",
)  # fmt: skip
defect(
    "bell-that-may-be-opened",
    (AGENTS, '"tamper": self.housing.case_open', '"tamper": False'),
    kills="TC-BELL-BELL-10",
    reason="BELL-BELL-010",
    ko="함이 열린 것을 알리지 않는다",
    en="does not tell that its case was opened",
    role="bell",
)
defect(
    "bell-that-always-has-mains",
    (AGENTS, 'found["mains"] = self.housing.mains', 'found["mains"] = True'),
    kills="TC-BELL-BELL-11",
    reason="BELL-BELL-011",
    ko="상용 전원을 잃은 것을 알리지 않는다",
    en="does not tell that it has lost its mains power",
    role="bell",
)
