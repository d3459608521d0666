"""Chapters 3 to 7, 8.8 and 12: what every device and sender must do. Broken in the bell, which says most by itself."""

from safezone_zoo.mutant import defect

OUTBOX, ENVELOPE, INBOX = (
    "safezone_sim.devices.outbox",
    "safezone_sim.devices.envelope",
    "safezone_sim.devices.inbox",
)
AGENTS, BELL = "safezone_sim.devices.agents", "safezone_sim.devices.bell"
STORE, PART, WIRE = "safezone_sim.lab.store", "safezone_sim.lab.part", "safezone_sim.lab.wire"

SEALING = "return body + _MAC + _mac(key, topic, body) + b'\"}'"
BODY = "body = _encode(envelope)[:-1]"
REPEATING = "            self.repeats += 1\n        wait"


def _sealed_anew(change: str) -> str:
    """Source that changes the body of a repeat and makes its mac again."""
    return (
        "            self.repeats += 1\n"
        "            import re\n\n"
        "            from safezone_sim.devices.envelope import _mac\n\n"
        '            body = message.payload[: message.payload.rindex(b\',"mac":"\')]\n'
        f"            body = {change}\n"
        "            message.payload = body + b',\"mac\":\"' + _mac(self._key, self._topic_bytes, body) + b'\"}'\n"
        "        wait"
    )


def _bell(name: str, *changes: tuple[str, str, str], kills: str, reason: str, ko: str, en: str) -> None:
    defect(name, *changes, kills=kills, reason=reason, ko=ko, en=en, role="bell")


# Chapter 3

_bell(
    "device-on-a-longer-topic",
    (OUTBOX, '{principal}/up"', '{principal}/up/now"'),
    kills="TC-DEV-ENV-01",
    reason="ALL-TOPIC-001",
    ko="토픽에 한 층을 더 둔다",
    en="publishes on a topic with one level more",
)
_bell(
    "device-in-the-zone-where-it-stands",
    (OUTBOX, 'self.topic = f"safezone/v1/{zone}/', 'self.topic = f"safezone/v1/{zone}-2/'),
    kills="TC-DEV-ENV-01",
    reason="SND-TOPIC-002",
    ko="등록된 구역이 아닌 구역의 토픽으로 보낸다",
    en="publishes under another zone than its own",
)
_bell(
    "device-with-a-role-of-its-own",
    (OUTBOX, 'self.topic = f"safezone/v1/{zone}/{role}/', 'self.topic = f"safezone/v1/{zone}/desk/'),
    kills="TC-DEV-ENV-01",
    reason="DEV-TOPIC-003",
    ko="토픽의 역할을 dev가 아니라 desk로 쓴다",
    en="uses the role desk in its topic",
)
_bell(
    "device-whose-source-is-not-its-topic",
    (
        OUTBOX,
        'self.source = f"{zone}/{role}/{principal}"',
        'self.source = f"{zone}/{role}/device-{principal}"',
    ),
    kills="TC-DEV-ENV-01",
    reason="ALL-TOPIC-004",
    ko="source가 토픽과 다르다",
    en="its source is not that of its topic",
)
_bell(
    "device-at-qos-0",
    (WIRE, "client.publish(topic, payload, qos=1)", "client.publish(topic, payload, qos=0)"),
    kills="TC-DEV-ENV-01",
    reason="ALL-TOPIC-009",
    ko="QoS 0으로 보낸다",
    en="publishes at QoS 0",
)
_bell(
    "device-that-retains",
    (WIRE, "client.publish(topic, payload, qos=1)", "client.publish(topic, payload, qos=1, retain=True)"),
    kills="TC-DEV-ENV-01",
    reason="ALL-TOPIC-013",
    ko="retain으로 보낸다",
    en="publishes retained messages",
)
_bell(
    "device-that-sends-its-log-along",
    (AGENTS, '"firmware": "sim-1"}', '"firmware": "sim-1", "log": "." * 70000}'),
    kills="TC-DEV-ENV-01",
    reason="ALL-TOPIC-010",
    ko="상태 보고에 기록 전부를 실어 65536바이트를 넘긴다",
    en="puts its whole log into device.status, beyond 65536 bytes",
)
_bell(
    "device-that-believes-any-source",
    (INBOX, "return message if is_from_hub(message, self._zone) else None", "return message"),
    kills="TC-DEV-TOPIC-01[other-zone]",
    reason="DEV-TOPIC-007",
    ko="자기 구역의 허브가 아닌 source의 메시지도 믿는다",
    en="believes messages whose source is not the hub of its zone",
)

_bell(
    "device-that-listens-to-the-whole-zone",
    (
        WIRE,
        "client.subscribe(self._topic, qos=1)",
        'client.subscribe([(self._topic, 1), (self._topic.rsplit("/", 2)[0] + "/+/down", 1)])',
    ),
    kills="TC-DEV-TOPIC-02",
    reason="DEV-TOPIC-015",
    ko="구역의 모든 장치의 down 토픽을 함께 구독한다",
    en="subscribes to the down topics of all devices of the zone as well",
)

# Chapter 4

_bell(
    "device-with-another-content-type",
    (OUTBOX, '"application/json",', '"text/json",'),
    kills="TC-DEV-ENV-01",
    reason="ALL-ENV-001",
    ko="datacontenttype을 달리 쓴다",
    en="writes another datacontenttype",
)
_bell(
    "device-with-types-of-its-own",
    (
        OUTBOX,
        "            kind,\n            self.device_time(now),",
        '            kind.replace("status", "state"),\n            self.device_time(now),',
    ),
    kills="TC-DEV-ENV-01",
    reason="ALL-ENV-002",
    ko="device.status를 device.state라고 부른다",
    en="calls device.status device.state",
)
_bell(
    "device-that-is-online-by-a-word",
    (AGENTS, '"online": True,', '"online": "yes",'),
    kills="TC-DEV-ENV-01",
    reason="ALL-ENV-003",
    ko="online을 참·거짓이 아니라 말로 쓴다",
    en="writes online as a word",
)
_bell(
    "device-with-a-byte-order-mark",
    (ENVELOPE, BODY, 'body = b"\\xef\\xbb\\xbf" + _encode(envelope)[:-1]'),
    kills="TC-DEV-ENV-01",
    reason="ALL-ENV-005",
    ko="payload를 BOM으로 시작한다",
    en="begins its payload with a byte-order mark",
)
_bell(
    "device-with-a-doubled-member",
    (ENVELOPE, BODY, 'body = _encode(envelope)[:-1] + b\',"specversion":"1.0"\''),
    kills="TC-DEV-ENV-01",
    reason="ALL-ENV-006",
    ko="멤버 하나를 두 번 쓴다",
    en="writes a member twice",
)
_bell(
    "device-with-space-before-its-mac",
    (ENVELOPE, SEALING, "return body + b', \"mac\": \"' + _mac(key, topic, body) + b'\"}'"),
    kills="TC-DEV-ENV-01",
    reason="ALL-ENV-007",
    ko="mac 앞에 빈칸을 둔다",
    en="puts white space before its mac",
)
_bell(
    "device-whose-mac-leaves-out-the-topic",
    (ENVELOPE, SEALING, 'return body + _MAC + _mac(key, b"", body) + b\'"}\''),
    kills="TC-DEV-ENV-01",
    reason="ALL-MAC-001",
    ko="mac에서 토픽을 뺀다",
    en="leaves the topic out of its mac",
)
_bell(
    "device-with-a-padded-mac",
    (ENVELOPE, SEALING, "return body + _MAC + _mac(key, topic, body) + b'=\"}'"),
    kills="TC-DEV-ENV-01",
    reason="ALL-MAC-002",
    ko="mac에 base64의 채움 =를 붙인다",
    en="pads its mac with =",
)
_bell(
    "device-that-wants-no-unknown-member",
    (
        PART,
        'if message.type == "receipt":',
        'if message.type == "receipt" and set(message.data) == {"receipts"}:',
    ),
    kills="TC-DEV-ENV-02",
    reason="ALL-ENV-004",
    ko="모르는 멤버가 있는 수신증을 받지 않는다",
    en="does not take a receipt with a member it does not know",
)
_bell(
    "device-that-writes-json-again-for-the-mac",
    (ENVELOPE, "    if not hmac.compare_digest(payload[len(body) :], _MAC + _mac(key, topic, body) + b'\"}'):",
     "    again = _encode({k: v for k, v in msgspec.json.decode(payload).items() if k != \"mac\"})[:-1]\n"
     "    if not hmac.compare_digest(payload[len(body) :], _MAC + _mac(key, topic, again) + b'\"}'):"),
    kills="TC-DEV-ENV-02",
    reason="ALL-MAC-011",
    ko="온 바이트가 아니라 다시 쓴 JSON으로 mac을 본다",
    en="proves the mac over JSON written again, not over the bytes as they came",
)  # fmt: skip
_bell(
    "device-that-proves-no-mac",
    (ENVELOPE, "    if not hmac.compare_digest(", "    if False and not hmac.compare_digest("),
    kills="TC-DEV-MAC-01[wrong]",
    reason="DEV-MAC-008",
    ko="수신증의 mac을 보지 않는다",
    en="does not prove the mac of receipts",
)
_bell(
    "device-that-counts-down",
    (OUTBOX, "self._seq += 1", "self._seq -= 1"),
    (OUTBOX, "self._seq = seq\n", "self._seq = seq or 10**6\n"),
    kills="TC-DEV-SEQ-01",
    reason="SND-SEQ-001",
    ko="seq를 내려 센다",
    en="counts its seq down",
)
_bell(
    "device-that-begins-again-at-epoch-1",
    (PART, "fresh_epoch=round(t * 1000)", "fresh_epoch=1"),
    kills="TC-DEV-SEQ-02",
    reason="SND-SEQ-002",
    ko="저장을 잃은 뒤에도 epoch 1로 시작한다",
    en="begins at epoch 1 with a new store, too",
)
_bell(
    "device-that-writes-repeats-anew",
    (OUTBOX, REPEATING, _sealed_anew("body.replace(b'\"1.0\",', b'\"1.0\", ', 1)")),
    kills="TC-DEV-RETRY-01",
    reason="SND-SEQ-003",
    ko="반복할 때 메시지를 다시 쓴다",
    en="writes a message anew when it repeats it",
)
_bell(
    "device-with-one-id-for-all",
    (OUTBOX, "uuid7(self._wire_time.unix_ms(now), self._rng)", "uuid7(0, random.Random(7))"),
    kills="TC-DEV-SEQ-01",
    reason="SND-SEQ-004",
    ko="모든 메시지에 같은 id를 쓴다",
    en="uses one id for all its messages",
)

# Chapter 5

_bell(
    "device-that-says-it-once",
    (OUTBOX, "timer.callbacks.append(lambda fired: self._retry(message, fired))", "timer.callbacks.append(lambda fired: None)"),
    kills="TC-DEV-RETRY-01",
    reason="SND-RETRY-001",
    ko="수신증이 없어도 반복하지 않는다",
    en="does not repeat what has no receipt",
)  # fmt: skip
_bell(
    "device-that-repeats-evenly",
    (OUTBOX, '_FACTOR: float = _TIMING["receipt_retry_s"]["factor"]', "_FACTOR: float = 1.0"),
    kills="TC-DEV-RETRY-01",
    reason="SND-RETRY-002",
    ko="간격을 늘리지 않고 2초마다 반복한다",
    en="repeats every 2 s without growing intervals",
)
_bell(
    "device-that-grows-ever-slower",
    (OUTBOX, 'False: _TIMING["receipt_retry_s"]["max_routine"]', "False: 3600.0"),
    kills="TC-DEV-RETRY-01",
    reason="SND-RETRY-003",
    ko="일상 메시지의 반복 간격이 60초를 넘는다",
    en="lets the intervals of routine repeats grow beyond 60 s",
)
_bell(
    "device-slow-in-emergencies",
    (OUTBOX, 'True: _TIMING["receipt_retry_s"]["max_emergency"]', "True: 60.0"),
    kills="TC-BELL-RETRY-01",
    reason="SND-RETRY-004",
    ko="긴급 메시지의 반복 간격이 5초를 넘는다",
    en="lets the intervals of an emergency's repeats grow beyond 5 s",
)
_bell(
    "device-without-a-window",
    (OUTBOX, '_WINDOW: int = _TIMING["sender_window"]', "_WINDOW: int = 1000"),
    kills="TC-DEV-RETRY-03",
    reason="SND-RETRY-005",
    ko="수신증 없이 64개보다 많이 보낸다",
    en="has more than 64 unreceipted messages under way",
)
_bell(
    "device-with-a-short-queue",
    (OUTBOX, "self._urgent: deque[Outgoing] = deque()", "self._urgent: deque[Outgoing] = deque(maxlen=2)"),
    kills="TC-DEV-RETRY-03",
    reason="DEV-RETRY-007",
    ko="대기열이 짧아 수신증 없는 메시지를 버린다",
    en="drops messages without a receipt, its queue being short",
)
_bell(
    "device-that-forgets-with-the-link",
    (OUTBOX, "            under_way = list(self._in_flight.values())\n",
     "            for stale in list(self._in_flight.values()):\n                self._forget(stale)\n            under_way = []\n"),
    kills="TC-DEV-RETRY-04",
    reason="DEV-RETRY-006",
    ko="연결이 끊기면 보내던 메시지를 잊는다",
    en="forgets what was under way when the link breaks",
)  # fmt: skip
_bell(
    "device-that-stays-away",
    (WIRE, "            self._over.wait(wait)\n", "            self._over.wait()\n"),
    kills="TC-DEV-RETRY-04",
    reason="DEV-RETRY-010",
    ko="연결이 끊기면 다시 붙지 않는다",
    en="does not connect again when the connection breaks",
)
_bell(
    "device-that-forgets-in-the-dark",
    (PART, "self.outbox.restore(self.store.waiting(setting.zone, self.outbox.source, self.outbox.topic))", "self.outbox.restore([])"),
    kills="TC-DEV-RETRY-05",
    reason="DEV-RETRY-009",
    ko="정전 뒤에 수신증 없는 메시지를 다시 보내지 않는다",
    en="does not send again after a power cut what had no receipt",
)  # fmt: skip
_bell(
    "device-that-counts-anew-after-a-start",
    (STORE, '        self["seq"] = seq\n', ""),
    kills="TC-DEV-STATUS-05",
    reason="DEV-RECOV-009",
    ko="다시 켜지면 seq를 처음부터 센다",
    en="counts its seq from the beginning after a restart",
)
_bell(
    "device-that-acknowledges-receipts",
    (PART, 'self.outbox.take_receipts(message.data["receipts"])',
     'self.outbox.take_receipts(message.data["receipts"])\n'
     '                if message.data["receipts"][0]["status"] == "duplicate":\n'
     '                    at = self.outbox.device_time(self.env.now)\n'
     '                    self.outbox.send("ack", {"notice": message.id, "received_at": at})'),
    kills="TC-DEV-RCPT-01[duplicate]",
    reason="SND-RCPT-008",
    ko="수신증에 ack로 답한다",
    en="answers a receipt by an ack",
)  # fmt: skip
_bell(
    "device-that-trusts-no-duplicate",
    (OUTBOX, 'if message is not None and entry["source"] == self.source:',
     'if message is not None and entry["source"] == self.source and entry["status"] != "duplicate":'),
    kills="TC-DEV-RCPT-01[duplicate]",
    reason="SND-RCPT-009",
    ko="duplicate인 수신증 뒤에도 반복한다",
    en="goes on repeating after a receipt of status duplicate",
)  # fmt: skip
_bell(
    "device-that-takes-others-receipts",
    (OUTBOX, 'if message is not None and entry["source"] == self.source:', "if message is not None:"),
    kills="TC-DEV-RCPT-02",
    reason="SND-RCPT-010",
    ko="남의 source의 수신증 항목도 자기 것으로 안다",
    en="takes receipt entries of another source for its own",
)
_bell(
    "device-that-insists",
    (OUTBOX, 'if message is not None and entry["source"] == self.source:',
     'if message is not None and entry["source"] == self.source and entry["status"] != "rejected":'),
    kills="TC-DEV-REJ-01",
    reason="SND-REJ-012",
    ko="거절된 메시지를 계속 반복한다",
    en="goes on repeating what was rejected",
)  # fmt: skip

# Chapters 6 and 7

_bell(
    "device-that-corrects-its-time",
    (OUTBOX, '            self.device_time(now),\n            "application/json",', '            self._wire_time.text(now),\n            "application/json",'),
    kills="TC-DEV-TIME-01",
    reason="DEV-TIME-001",
    ko="봉투의 time에 고친 시각을 쓴다",
    en="writes a corrected time into the envelope",
)  # fmt: skip
_bell(
    "device-without-a-time-zone",
    (OUTBOX, "return self._wire_time.text(t + self.clock_error_s)", 'return self._wire_time.text(t + self.clock_error_s).rstrip("Z")'),
    kills="TC-DEV-TIME-02",
    reason="DEV-TIME-002",
    ko="시각에 UTC와의 차를 쓰지 않는다",
    en="writes times without an offset from UTC",
)  # fmt: skip
_bell(
    "device-that-rounds-to-the-hour",
    (
        BELL,
        '"pressed_at": self.outbox.device_time(at)',
        '"pressed_at": self.outbox.device_time(at // 3600 * 3600)',
    ),
    kills="TC-BELL-RETRY-02",
    reason="DEV-TIME-003",
    ko="누른 때를 시간 단위로 쓴다",
    en="gives the hour of a press instead of its moment",
)
_bell(
    "device-that-marks-no-drill",
    (OUTBOX, "            self._exercise,\n", "            drill_or_unset(None),\n"),
    kills="TC-DEV-DRILL-01",
    reason="SND-DRILL-001",
    ko="훈련의 메시지에 표시를 하지 않는다",
    en="does not mark messages of a drill",
)
_bell(
    "device-that-repeats-a-drill-as-real",
    (OUTBOX, REPEATING, _sealed_anew('re.sub(rb\'"exercise":"[^"]*",\', b\'\', body)')),
    kills="TC-DEV-DRILL-01",
    reason="DEV-DRILL-009",
    ko="반복할 때 훈련 표시를 뺀다",
    en="takes the mark of the drill away when it repeats",
)

# 8.8

_bell(
    "device-late-with-its-heartbeat",
    (AGENTS, "ANNOUNCED = 1.2", "ANNOUNCED = 0.5"),
    kills="TC-DEV-STATUS-01",
    reason="DEV-STATUS-001",
    ko="알린 간격보다 늦게 상태를 알린다",
    en="sends its status later than it announced",
)
_bell(
    "device-with-a-slow-heartbeat",
    (AGENTS, "round(self._heartbeat_s * ANNOUNCED, 3)", "900.0"),
    kills="TC-DEV-STATUS-01",
    reason="DEV-STATUS-002",
    ko="interval_s를 600초 넘게 알린다",
    en="announces an interval_s above 600 s",
)
_bell(
    "device-whose-clock-is-not-its-time",
    (
        AGENTS,
        '"clock": self.outbox.device_time(self.env.now)',
        '"clock": self.outbox.device_time(self.env.now - 1.0)',
    ),
    kills="TC-DEV-STATUS-01",
    reason="DEV-STATUS-003",
    ko="clock이 봉투의 time과 다르다",
    en="its clock is not the envelope's time",
)
_bell(
    "device-whose-queue-is-always-empty",
    (AGENTS, '"queue_depth": self.outbox.depth', '"queue_depth": 0'),
    kills="TC-DEV-STATUS-02",
    reason="DEV-STATUS-004",
    ko="queue_depth가 늘 0이다",
    en="always says queue_depth 0",
)
_bell(
    "device-silent-about-its-battery",
    (AGENTS, 'found["battery_pct"] = self.housing.battery_pct', "pass"),
    kills="TC-DEV-STATUS-03",
    reason="DEV-STATUS-005",
    ko="배터리 잔량을 알리지 않는다",
    en="does not report its battery",
)
_bell(
    "device-silent-about-its-mains",
    (AGENTS, 'found["mains"] = self.housing.mains', "pass"),
    kills="TC-DEV-STATUS-04",
    reason="DEV-STATUS-006",
    ko="상용 전원을 알리지 않는다",
    en="does not report its mains power",
)
_bell(
    "device-that-starts-in-silence",
    (AGENTS, "        self.report_status()\n        yield self.env.timeout(\n", "        yield self.env.timeout(3 * self._heartbeat_s)\n        yield self.env.timeout(\n"),
    kills="TC-DEV-STATUS-05",
    reason="DEV-STATUS-007",
    ko="켜진 뒤 한참 지나서야 상태를 알린다",
    en="reports its status only long after it has started",
)  # fmt: skip

# 12.2

_bell(
    "device-that-keeps-short-outages-only",
    (OUTBOX, "            self._drop_superseded()\n", "            self._urgent.clear()\n"),
    kills="TC-DEV-RECOV-01",
    reason="DEV-RECOV-010",
    ko="끊긴 동안의 누름을 보내지 않는다",
    en="does not send the presses of an outage",
)
_bell(
    "device-that-hurries-after-an-outage",
    (OUTBOX, "        wait = min(_FIRST_RETRY_S * _FACTOR**message.attempts, most)\n",
     "        wait = min(_FIRST_RETRY_S * _FACTOR**message.attempts, most)\n"
     "        if self._env.now - message.created > 5.0 and not message.attempts:\n            return 0.3\n"),
    kills="TC-DEV-RECOV-01",
    reason="DEV-RECOV-012",
    ko="단절 뒤의 반복을 2초보다 빨리 한다",
    en="repeats sooner than 2 s after an outage",
)  # fmt: skip

# 13.2

_bell(
    "device-that-names-a-contact",
    (
        BELL,
        '{"press": self.number("presses"),',
        '{"contact": "02-0000-0000", "press": self.number("presses"),',
    ),
    kills="TC-BELL-LAW-01",
    reason="DEV-LAW-016",
    ko="누름에 연락처를 싣는다",
    en="sends a contact with a press",
)
