"""7.2: the exercise clock."""

from safezone_zoo.mutant import defect

PIPELINE = "safezone_hub.pipeline"
ENGINE = "safezone_hub.engine"
REACHED = '{"tick": zone.tick, "now": format_time(zone.now)}'
SAID = "        for message in down:\n            self._publish(message.topic, message.payload)\n"
ACKED = "        for zone, clock in work.ticked.items():\n            self._send_clock_ack(zones.desk(zone), clock)\n"

defect(
    "clock-runs-on",
    ("safezone_hub.zones", "        to = state.zone.now if state.zone.clock_drill is not None else wall\n        if not",
     "        to = state.zone.now + 0.5 if state.zone.clock_drill is not None else wall\n        if not"),
    kills="TC-HUB-CLOCK-01", reason="HUB-CLOCK-001",
    ko="tick이 없어도 구역의 시간이 흐른다", en="lets the zone's time run on without a tick",
)  # fmt: skip
defect(
    "clock-of-whole-seconds",
    (PIPELINE, "    now = parse_time(data.now)\n    if state.zone.tick < 0:", "    now = float(int(parse_time(data.now)))\n    if state.zone.tick < 0:"),
    kills="TC-HUB-CLOCK-01", reason="HUB-CLOCK-001",
    ko="tick의 now를 초로 잘라 읽는다", en="reads now of a tick in whole seconds",
)  # fmt: skip
defect(
    "any-clock-will-do",
    (PIPELINE, "drill.clock is None or drill.clock.id != address.id or data.tick", "drill.clock is None or data.tick"),
    kills="TC-HUB-CLOCK-02", reason="HUB-CLOCK-002",
    ko="닫힌 훈련의 시계도 시간을 옮긴다", en="lets the clock of another drill move the time",
)  # fmt: skip
defect(
    "ticks-from-anybody",
    ("safezone_hub.codec", '    if kind is None or kind.direction != "up" or key.role not in kind.roles:',
     '    if kind is None or kind.direction != "up" or (key.role not in kind.roles and envelope.type != "clock.tick"):'),
    kills="TC-HUB-CLOCK-02", reason="HUB-CLOCK-002",
    ko="다른 역할의 clock.tick을 받는다", en="accepts clock.tick from another role",
)  # fmt: skip
defect(
    "due-times-forgotten",
    ("safezone_hub.fold", "        state.zone.now = max(state.zone.now, due)\n", "        state.zone.now = to\n"),
    kills="TC-HUB-CLOCK-03", reason="HUB-CLOCK-003",
    ko="때가 된 것을 모두 tick의 시각으로 한다", en="does everything due at the time of the tick",
)  # fmt: skip
defect(
    "tick-overtakes",
    ("safezone_hub.inbox", "                if is_urgent(payload):\n                    if may_overtake(topic):",
     '                if "/clock/" in topic:\n                    if topic:'),
    kills="TC-HUB-CLOCK-04", reason="HUB-CLOCK-004",
    ko="tick이 앞서 온 것을 앞지른다", en="lets a tick overtake what came before it",
)  # fmt: skip
defect(
    "acks-before-it-tells",
    (ENGINE, SAID + ACKED, ACKED + SAID),
    kills="TC-HUB-CLOCK-05", reason="HUB-CLOCK-005",
    ko="나갈 것을 다 보내기 전에 clock.ack를 보낸다", en="sends clock.ack before what the tick made",
)  # fmt: skip
defect(
    "ack-with-the-wall-clock",
    (ENGINE, REACHED, '{"tick": zone.tick, "now": format_time(self._clock.now())}'),
    kills="TC-HUB-CLOCK-06", reason="HUB-CLOCK-006",
    ko="clock.ack의 now에 실제 시각을 적는다", en="tells the wall clock as now of clock.ack",
)  # fmt: skip
defect(
    "same-tick-moves",
    (PIPELINE, "data.tick <= state.zone.tick:", "data.tick < state.zone.tick:"),
    kills="TC-HUB-CLOCK-06", reason="HUB-CLOCK-007",
    ko="같은 번호의 tick이 시간을 옮긴다", en="lets a tick of the same number move the time",
)  # fmt: skip
defect(
    "clock-not-declared",
    ("safezone_hub.api.general", 'CAPABILITIES = ["exercise-clock", ', "CAPABILITIES = ["),
    kills="TC-HUB-CLOCK-07", reason="HUB-CLOCK-009",
    ko="훈련 시계를 capabilities에 밝히지 않는다", en="does not declare its exercise clock",
)  # fmt: skip
defect(
    "one-time-for-all-zones",
    ("safezone_hub.zones", "        to = state.zone.now if state.zone.clock_drill is not None else wall\n        if not",
     "        ahead = self.__dict__.setdefault('ahead', [0.0])\n"
     "        if state.zone.clock_drill is not None:\n            ahead[0] = max(0.0, state.zone.now - wall)\n"
     "        else:\n            wall += ahead[0]\n"
     "        to = state.zone.now if state.zone.clock_drill is not None else wall\n        if not"),
    kills="TC-HUB-CLOCK-08", reason="HUB-CLOCK-010",
    ko="한 구역의 tick이 모든 구역의 시간을 옮긴다", en="moves the time of all zones by the tick of one",
)  # fmt: skip
