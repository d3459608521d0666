"""12.3: death and return."""

from safezone_zoo.mutant import defect

ZONES, ENGINE, PIPELINE, STATE = (
    "safezone_hub.zones", "safezone_hub.engine", "safezone_hub.pipeline", "safezone_hub.state",
)  # fmt: skip
EFFECTS, INBOX = "safezone_hub.effects", "safezone_hub.inbox"

defect(
    "recovery-writes-behind",
    (ENGINE, "                    self.zones.store.write(work.batch)\n",
     "                    late, self._late = getattr(self, \"_late\", []), []\n"
     "                    batch = work.batch\n"
     "                    if len(messages) and not answers and not batch.outbox:\n"
     "                        self._late = [batch.pos]\n"
     "                        batch.pos = []\n"
     "                    self.zones.store.write(batch)\n"),
    kills="TC-HUB-RECOV-01", reason="HUB-RECOV-001",
    ko="수신을 확인한 위치를 기억에만 두고 저장하지 않는다", en="keeps positions it receipted in memory and does not store them",
)  # fmt: skip
defect(
    "recovery-forgets-what-waits",
    (ZONES, "            if hold is not None:\n                self.outbox.hold(message, hold)\n",
     "            if hold is not None:\n                del self.outbox.open[zone, id_]\n"),
    kills="TC-HUB-RECOV-02", reason="HUB-RECOV-002",
    ko="때를 기다리던 알림을 다시 켜진 뒤 잊는다", en="forgets notices that waited for their time",
)  # fmt: skip
defect(
    "recovery-tells-again",
    (PIPELINE, "    if id_ == envelope.id and old == digest:\n        raise Repeated", "    if id_ == envelope.id and old == digest:\n        return"),
    (PIPELINE, "    work.batch.seen.append(\n", "    if _seen_key(checked) not in work.known: work.batch.seen.append(\n"),
    (ZONES, '        case "child":\n            state.load_child', '        case "children":\n            state.load_child'),
    kills="TC-HUB-RECOV-01", reason="HUB-RECOV-003",
    ko="무엇을 이미 알렸는지 기억에만 두어 되풀이를 새로 알린다", en="knows only in memory what it told, and tells repeats anew",
)  # fmt: skip
defect(
    "recovery-forgets-sequences",
    (PIPELINE, "        work.known = zones.store.find_seen_many(keys)", "        work.known = {}"),
    kills="TC-HUB-RECOV-01", reason="HUB-RECOV-004",
    ko="쓴 seq를 저장하지 않는다", en="does not store which seq was used",
)  # fmt: skip
defect(
    "recovery-forgets-places",
    (ZONES, '        case "child":\n            state.load_child', '        case "children":\n            state.load_child'),
    kills="TC-HUB-RECOV-01", reason="HUB-RECOV-004",
    ko="어린이가 어디 있는지 저장하지 않는다", en="does not bring back where children are",
)  # fmt: skip
defect(
    "recovery-same-epoch",
    (ENGINE, "self._epoch = store.next_epoch(int(clock.now() * 1000))", "self._epoch = 1"),
    kills="TC-HUB-RECOV-03", reason="HUB-RECOV-005",
    ko="다시 켜질 때 epoch 1, seq 1부터 다시 쓴다", en="begins at epoch 1 and seq 1 again at every start",
)  # fmt: skip
defect(
    "recovery-sleeps-through",
    (STATE, "            heapq.heappush(self.heap, (due, child.id, name))\n\n    def set_timer", "            pass\n\n    def set_timer"),
    (STATE, '            heapq.heappush(self.heap, (due, "", name))', "            pass"),
    kills="TC-HUB-RECOV-02", reason="HUB-RECOV-007",
    ko="다시 켜질 때 시한을 되살리지 않는다", en="does not bring back timers at a start",
)  # fmt: skip
defect(
    "recovery-first-come-first-served",
    (INBOX, "if may_overtake(topic):\n                        self._urgent", "if not may_overtake(topic):\n                        self._urgent"),
    (ENGINE, "            now = self._clock.now()\n            if payload in self._poisons:",
     "            threading.Event().wait(0.03)\n            now = self._clock.now()\n            if payload in self._poisons:"),
    kills="TC-HUB-RECOV-09", reason="HUB-RECOV-008",
    ko="긴급 메시지가 쏟아진 메시지 뒤에 줄을 선다", en="lets an emergency wait in line behind a flood",
)  # fmt: skip
defect(
    "recovery-receipts-once",
    (PIPELINE, "        for stage in STAGES:\n", "        if message.checked and message.checked.digest in _dropped(zones, message):\n"
     "            return\n        for stage in STAGES:\n"),
    (PIPELINE, "LOCATING = (", "_OWN: set[bytes] = set()\n\n\ndef _dropped(zones: Zones, message: Message) -> set[bytes]:\n"
     "    checked = message.checked\n    known = zones.store.find_seen_many([_seen_key(checked)])\n"
     "    old = bool(known) and checked.digest not in _OWN\n    _OWN.add(checked.digest)\n"
     "    return {checked.digest} if old else set()\n\n\nLOCATING = ("),
    kills="TC-HUB-RECOV-01", reason="HUB-RCPT-011",
    ko="죽기 전에 받은 것의 되풀이에는 수신을 확인하지 않는다", en="receipts no repeat of what it got before its death",
)  # fmt: skip
defect(
    "recovery-repeats-nothing",
    (ZONES, "            self.outbox.open[zone, id_] = message\n            hold =", "            continue\n            hold ="),
    kills="TC-HUB-RECOV-04", reason="HUB-NOTE-004",
    ko="다시 켜지면 확인되지 않은 알림을 그만 되풀이한다", en="stops repeating after a restart",
)  # fmt: skip
defect(
    "recovery-forgets-incidents",
    (ZONES, '        case "incident":\n            state.load_incident', '        case "incidents":\n            state.load_incident'),
    kills="TC-HUB-RECOV-05", reason="HUB-INC-006",
    ko="사건을 되살리지 않는다", en="does not bring back incidents",
)  # fmt: skip
defect(
    "recovery-forgets-deadlines",
    (STATE, "        self.incidents[incident.id] = incident\n        if incident.due is not None:",
     "        self.incidents[incident.id] = incident\n        if incident.due is None:"),
    kills="TC-HUB-RECOV-06", reason="HUB-ESC-008",
    ko="다시 켜지면 격상의 때를 잊는다", en="forgets when to escalate after a restart",
)  # fmt: skip
defect(
    "recovery-forgets-deliveries",
    (ZONES, "for row in self.store.open_deliveries(only):", "for row in list(self.store.open_deliveries(only))[:0]:"),
    kills="TC-HUB-RECOV-07", reason="HUB-DELIV-010",
    ko="끝나지 않은 전달을 잊는다", en="forgets deliveries that were not finished",
)  # fmt: skip
defect(
    "recovery-registry-in-memory",
    (ZONES, "            work.batch.registry.append((item.zone, item.kind, item.id, msgspec.json.encode(body), about))\n",
     "            if new or item.kind == \"zone\":\n"
     "                work.batch.registry.append((item.zone, item.kind, item.id, msgspec.json.encode(body), about))\n"),
    kills="TC-HUB-RECOV-08", reason="HUB-REG-013",
    ko="바꾼 항목을 저장하지 않는다", en="does not store an item that was replaced",
)  # fmt: skip
defect(
    "recovery-answers-before-it-stores",
    (ZONES, "            work.batch.registry.append((item.zone, item.kind, item.id, msgspec.json.encode(body), about))\n",
     "            if len(bodies) > 1:\n"
     "                work.batch.registry.append((item.zone, item.kind, item.id, msgspec.json.encode(body), about))\n"),
    kills="TC-HUB-RECOV-08", reason="HUB-API-006",
    ko="항목 하나의 PUT에 저장하기 전에 답한다", en="answers a PUT before it stores the item",
)  # fmt: skip
