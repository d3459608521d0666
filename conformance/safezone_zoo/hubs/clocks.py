"""6: clocks of devices, late events, events in the future."""

from safezone_zoo.mutant import defect

CALLS, HEALTH, PIPELINE, STATE, CLOCK, PRESENCE, ZONES = (
    f"safezone_hub.{name}" for name in ("rules.calls", "rules.health", "pipeline", "state", "clock", "presence", "api.zones")
)  # fmt: skip
CALLED = '    """The tag\'s own button, relayed by a reader."""\n    assert isinstance(obs.data, TagCalled)\n'

defect(
    "clocks-offset-the-wrong-way",
    (HEALTH, "parse_time(data.clock) - obs.received_at", "obs.received_at - parse_time(data.clock)"),
    kills="TC-HUB-TIME-01",
    reason="HUB-TIME-004",
    ko="오차의 부호가 거꾸로이다",
    en="estimates the offset the wrong way round",
)
defect(
    "clocks-not-corrected",
    (PIPELINE, "happened = parse_time(said) - offset", "happened = parse_time(said)"),
    kills="TC-HUB-TIME-01",
    reason="HUB-TIME-005",
    ko="사건의 시각을 고치지 않는다",
    en="does not correct the time of an event",
)
defect(
    "clocks-offset-hidden",
    (
        ZONES,
        "round(device.offset_s(), 3) if device is not None and known else None",
        "None if known else None",
    ),
    kills="TC-HUB-TIME-01",
    reason="HUB-TIME-006",
    ko="장치 조회에 오차를 보이지 않는다",
    en="does not show the offset in the device query",
)
defect(
    "clocks-last-status-counts",
    (STATE, "ordered = sorted(self.offsets)", "ordered = self.offsets[-1:]"),
    kills="TC-HUB-TIME-02",
    reason="HUB-TIME-007",
    ko="마지막에 온 device.status만 믿는다",
    en="believes the device.status that came last",
)
defect(
    "clocks-hours-of-seoul",
    (CLOCK, "return ZoneInfo(timezone)", 'return ZoneInfo("Asia/Seoul")'),
    kills="TC-HUB-TIME-03",
    reason="HUB-TIME-013",
    ko="모든 구역을 서울 시각으로 판단한다",
    en="judges every zone by the time of Seoul",
)
defect(
    "clocks-days-of-utc",
    (CLOCK, "return ZoneInfo(timezone)", 'return ZoneInfo("UTC")'),
    kills="TC-HUB-TIME-04",
    reason="HUB-TIME-013",
    ko="모든 구역을 협정 세계시로 판단한다",
    en="judges every zone by UTC",
)
defect(
    "clocks-offset-of-writing-ignored",
    (CLOCK, "return datetime.fromisoformat(text).timestamp()",
     'return datetime.fromisoformat(text[:-6] + "Z" if text[-6] in "+-" else text).timestamp()'),
    kills="TC-HUB-TIME-05",
    reason="HUB-TIME-014",
    ko="시각에 쓴 오프셋을 보지 않는다",
    en="ignores the offset a time is written with",
)  # fmt: skip
defect(
    "clocks-future-refused",
    (PIPELINE, "        message.child = child_of(desk.view, message.obs)\n", """        if "clock_suspect" in message.obs.flags:
            raise Rejected("bad_data", "in the future", proved=checked.envelope)
        message.child = child_of(desk.view, message.obs)
"""),
    kills="TC-HUB-TIME-06",
    reason="HUB-TIME-008",
    ko="미래의 사건을 거부한다",
    en="refuses an event in the future",
)  # fmt: skip
defect(
    "clocks-future-unmarked",
    (PIPELINE, 'flags += ("clock_suspect",)', "flags += ()"),
    kills="TC-HUB-TIME-06",
    reason="HUB-TIME-009",
    ko="미래의 사건에 표시를 하지 않는다",
    en="does not flag an event in the future",
)
defect(
    "clocks-future-calls-wait",
    (CALLS, CALLED, f'{CALLED}    if "clock_suspect" in obs.flags:\n        return\n'),
    kills="TC-HUB-TIME-06",
    reason="HUB-TIME-010",
    ko="미래의 호출을 그때까지 알리지 않는다",
    en="holds a call in the future back",
)
defect(
    "clocks-late-calls-dropped",
    (CALLS, CALLED, f"{CALLED}    if ctx.now - obs.at > 3600:\n        return\n"),
    kills="TC-HUB-TIME-06",
    reason="HUB-TIME-012",
    ko="늦게 온 호출을 버린다",
    en="drops a call that comes late",
)
defect(
    "clocks-order-of-arrival",
    (
        PRESENCE,
        "if at < child.since - slack or _seen_elsewhere_since(ctx, child, area, at + slack):",
        "if at < 0:",
    ),
    kills="TC-HUB-TIME-07",
    reason="HUB-TIME-011",
    ko="늦게 온 관측으로 지금의 상태를 되돌린다",
    en="turns the present state back by what comes late",
)
defect(
    "clocks-queued-status-counts",
    (HEALTH, 'if data.queue_depth == 0:', 'if data.queue_depth < 1000:'),
    kills="TC-HUB-TIME-02", reason="HUB-TIME-007",
    ko="줄에서 기다린 상태 보고로도 시계를 잰다", en="measures the clock by statuses that waited in a queue, too",
)  # fmt: skip
defect(
    "clocks-long-memory",
    (HEALTH, 'OFFSET_SAMPLES = 9', 'OFFSET_SAMPLES = 60'),
    kills="TC-HUB-TIME-08", reason="HUB-TIME-016",
    ko="시계를 바로잡은 뒤에도 옛 값들로 잰다", en="goes on by old values after the clock was set",
)  # fmt: skip
defect(
    "clocks-future-is-told",
    (PIPELINE, '        min(happened, now),\n', '        happened,\n'),
    kills="TC-HUB-TIME-06", reason="HUB-TIME-017",
    ko="미래의 시각을 사건 시각으로 알린다", en="tells a time of the future as that of the event",
)  # fmt: skip
