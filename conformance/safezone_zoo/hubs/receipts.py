"""5.1 and 5.2: receipts, and the sender's window."""

from safezone_zoo.mutant import defect

PIPELINE, ENGINE = "safezone_hub.pipeline", "safezone_hub.engine"
NOTED = "    work.receipts.append((address, receipt, kind is not None"
# Repeats lately accepted are known by their bytes, before the rules that these hubs break.
ANEW = (
    "safezone_hub.recent",
    "        if not self._young and not self._old:\n",
    "        if self._young or self._old or topic:\n",
)
REPEATED = "    if id_ == envelope.id and old == digest:\n        raise Repeated"

defect(
    "receipts-not-for-cameras",
    (PIPELINE, NOTED, f'    if envelope.type == "camera.state":\n        return\n{NOTED}'),
    kills="TC-HUB-RCPT-01",
    reason="HUB-RCPT-001",
    ko="camera.state에는 수신증을 보내지 않는다",
    en="sends no receipt for camera.state",
)
defect(
    "receipts-not-for-acks",
    (PIPELINE, NOTED, f'    if envelope.type in ("ack", "clock.tick"):\n        return\n{NOTED}'),
    kills="TC-HUB-RCPT-01",
    reason="HUB-RCPT-012",
    ko="ack와 clock.tick에는 수신증을 보내지 않는다",
    en="sends no receipt for ack and clock.tick",
)
defect(
    "receipts-to-devices-only",
    (ENGINE, 'topic = f"safezone/v1/{to.zone}/{to.role}/{to.id}/down"', 'topic = f"safezone/v1/{to.zone}/dev/{to.id}/down"'),
    kills="TC-HUB-RCPT-01",
    reason="HUB-RCPT-007",
    ko="모든 수신증을 dev의 토픽으로 보낸다",
    en="sends every receipt to a topic of role dev",
)  # fmt: skip
defect(
    "receipts-grouped-by-zone",
    (ENGINE, "grouped.setdefault(address, []).append(receipt)",
     "grouped.setdefault(next((a for a in grouped if a.zone == address.zone), address), []).append(receipt)"),
    kills="TC-HUB-RCPT-01",
    reason="HUB-RCPT-005",
    ko="수신증을 주체가 아니라 구역으로 묶는다",
    en="groups receipts by zone, not by principal",
)  # fmt: skip
defect(
    "receipts-of-calls-grouped",
    (ENGINE, "            if emergency:\n", "            if emergency and not address:\n"),
    kills="TC-HUB-RCPT-02",
    reason="HUB-RCPT-003",
    ko="긴급 메시지의 수신증도 묶는다",
    en="groups the receipts of emergencies too",
)
defect(
    "receipts-wait-for-company",
    (ENGINE, "        for address, receipts in grouped.items():\n", """        for address, receipts in grouped.items():
            if len(receipts) < 2:
                continue
"""),
    kills="TC-HUB-RCPT-03",
    reason="HUB-RCPT-004",
    ko="묶을 것이 없으면 수신증을 보내지 않는다",
    en="does not send a receipt as long as there is nothing to group it with",
)  # fmt: skip
defect(
    "receipts-before-the-commit",
    (ENGINE, "                    if self.zones.settings.early_receipts:\n", """                    if work.receipts and self._link is not None:
                        self._send_receipts(work)
                        self._link.flush()
                        time.sleep(2.0)
                    if self.zones.settings.early_receipts:
"""),
    kills="TC-HUB-RCPT-04",
    reason="HUB-RCPT-002",
    ko="저장하기 전에 수신증을 보낸다",
    en="sends receipts before the commit",
)  # fmt: skip
defect(
    "receipts-repeats-refused",
    ANEW,
    (PIPELINE, REPEATED, "    if old == b'':\n        raise Repeated"),
    kills="TC-HUB-RCPT-05",
    reason="HUB-RCPT-011",
    ko="되풀이를 seq의 다시 씀으로 거부한다",
    en="refuses a repeat as a reuse of its seq",
)
defect(
    "receipts-small-window",
    (ENGINE, "        for topic, payload in messages:\n            if owned", "        for topic, payload in messages[:16]:\n            if owned"),
    kills="TC-HUB-RETRY-01",
    reason="HUB-RETRY-011",
    ko="한꺼번에 온 것 가운데 열여섯만 처리한다",
    en="processes sixteen of those that come at once",
)  # fmt: skip
