"""5.3: repeats of notices and alerts, and acks."""

from safezone_zoo.mutant import defect

PIPELINE, OUTBOX, ENGINE, CALLS, EFFECTS = (
    f"safezone_hub.{name}" for name in ("pipeline", "outbox", "engine", "rules.calls", "effects")
)
WAIT = 'message.wait_s = min(_REPEAT["max"], message.wait_s * _REPEAT["factor"] or _REPEAT["first"])'

defect(
    "repeats-never",
    (OUTBOX, "            self.schedule(message, now)\n        return found", "            self.schedule(message, now)\n        return []"),
    kills="TC-HUB-NOTE-21",
    reason="HUB-NOTE-001",
    ko="알림을 한 번만 보낸다",
    en="sends a notice once only",
)  # fmt: skip
defect(
    "repeats-end-with-the-incident",
    (EFFECTS, '    if effect.action == "withhold":',
     """    if effect.action == "resolve":
        for to in {m.settled_by for m in zones.outbox.open.values() if m.settled_by.startswith("desk/")}:
            zones.outbox.drop_recipient(work.batch, desk.zone, to)
    if effect.action == "withhold":"""),
    kills="TC-HUB-NOTE-25",
    reason="HUB-NOTE-001",
    ko="사건이 끝나면 ack 없는 경보도 더 보내지 않는다",
    en="stops the repeats of an alert when its incident is resolved",
)  # fmt: skip
defect(
    "repeats-in-other-bytes",
    (ENGINE, "        for message in down:\n            self._publish(message.topic, message.payload)",
     """        for message in down:
            again = message.payload.replace(b'"seq":', b'"seq": ') if message.wait_s > 5 else message.payload
            self._publish(message.topic, again)"""),
    kills="TC-HUB-NOTE-21",
    reason="HUB-NOTE-001",
    ko="되풀이할 때 다시 직렬화한다",
    en="serialises again for a repeat",
)  # fmt: skip
defect(
    "repeats-every-5-s",
    (OUTBOX, WAIT, 'message.wait_s = _REPEAT["first"]'),
    kills="TC-HUB-NOTE-21",
    reason="HUB-NOTE-002",
    ko="간격을 늘리지 않는다",
    en="does not let the interval grow",
)
defect(
    "repeats-ever-rarer",
    (OUTBOX, WAIT, WAIT.replace('_REPEAT["max"]', "3600.0")),
    kills="TC-HUB-NOTE-23",
    reason="HUB-NOTE-002",
    ko="간격이 60 s를 넘어 늘어난다",
    en="lets the interval grow beyond 60 s",
)
defect(
    "repeats-after-the-ack",
    (PIPELINE, 'return [Settle(data.notice, f"{address.role}/{address.id}")]', "return []"),
    kills="TC-HUB-NOTE-22",
    reason="HUB-NOTE-003",
    ko="ack를 받고도 되풀이한다",
    en="goes on after the ack",
)
defect(
    "repeats-stopped-by-anyone",
    (OUTBOX, "if message is None or message.settled_by != by:", "if message is None:"),
    kills="TC-HUB-NOTE-22",
    reason="HUB-NOTE-005",
    ko="남의 ack로도 되풀이를 멈춘다",
    en="lets anybody's ack stop a repeat",
)
defect(
    "repeats-unknown-ack-refused",
    (PIPELINE, "    address, data = checked.address, checked.data\n    if isinstance(data, IncidentAction):\n",
     """    address, data = checked.address, checked.data
    if isinstance(data, Ack) and (desk.zone, data.notice) not in zones.outbox.open:
        raise Rejected("bad_data", "no such notice", proved=checked.envelope)
    if isinstance(data, IncidentAction):
"""),
    kills="TC-HUB-NOTE-22",
    reason="HUB-NOTE-019",
    ko="모르는 알림의 ack를 거부한다",
    en="refuses the ack of an unknown notice",
)  # fmt: skip
defect(
    "repeats-each-relay-anew",
    (
        CALLS,
        "return any(p.press == press and abs(obs.at - p.at) <= ctx.settings.press_memory_s for p in alike)",
        "return False",
    ),
    kills="TC-HUB-NOTE-24",
    reason="HUB-NOTE-020",
    ko="중계마다 새 id로 알린다",
    en="tells each relay of a press under an id of its own",
)
