"""3: topics and transport.

No mutant publishes at QoS 0 or with retain: the broker that the hub brings delivers either as it should be. Behind a
Mosquitto the suite fails both (TC-HUB-TOPIC-01 by ALL-TOPIC-009, TC-HUB-TOPIC-05 by ALL-TOPIC-013).
"""

from safezone_zoo.mutant import defect

CODEC, MESSAGES, NOTICES, LINK = (f"safezone_hub.{name}" for name in ("codec", "messages", "notices", "link"))

defect(
    "topics-of-another-form",
    (NOTICES, 'topic = f"safezone/v1/{view.id}/{principal}/down"', 'topic = f"safezone/v1/{view.id}/{to.role}s/{to.id}/down"'),
    kills="TC-HUB-TOPIC-01",
    reason="ALL-TOPIC-001",
    ko="알림과 경보를 규격에 없는 토픽에 싣는다",
    en="publishes notices and alerts on topics outside the standard",
)  # fmt: skip
defect(
    "topics-source-without-its-id",
    (NOTICES, '"source": f"{view.id}/hub/{self._hub_id}"', '"source": f"{view.id}/hub/{view.id}"'),
    kills="TC-HUB-TOPIC-01",
    reason="ALL-TOPIC-004",
    ko="알림의 source에 제 hub id를 쓰지 않는다",
    en="does not write its own hub id in the source of notices",
)
defect(
    "topics-huge-alerts",
    (NOTICES, 'data["linked"] = list(tell.linked)', 'data["linked"] = list(tell.linked)\n            data["trail"] = "x" * 66000'),
    kills="TC-HUB-TOPIC-01",
    reason="ALL-TOPIC-010",
    ko="64 KiB가 넘는 경보를 보낸다",
    en="sends alerts of more than 64 KiB",
)  # fmt: skip
defect(
    "topics-source-by-zone-only",
    (CODEC, "if envelope.source != source:", 'if not envelope.source.startswith(address.zone + "/"):'),
    kills="TC-HUB-TOPIC-02",
    reason="HUB-TOPIC-005",
    ko="source의 구역만 토픽과 견준다",
    en="compares only the zone of source and topic",
)
defect(
    "topics-any-role",
    (MESSAGES, "{0,63})/(dev|guardian|desk|peer|clock)/", "{0,63})/([A-Za-z]+)/"),
    kills="TC-HUB-TOPIC-03",
    reason="HUB-TOPIC-006",
    ko="토픽의 역할을 확인하지 않는다",
    en="does not look at the role of a topic",
)
defect(
    "topics-stops-at-a-strange-one",
    (CODEC, 'raise Rejected("bad_topic", topic[:200])', "raise LookupError(topic)"),
    kills="TC-HUB-TOPIC-03",
    reason="HUB-TOPIC-006",
    ko="이상한 토픽 하나에 일을 멈춘다",
    en="stops working at one strange topic",
)
defect(
    "topics-smaller-limit",
    (CODEC, 'MESSAGE_MAX_BYTES = int(timing()["message_max_bytes"])', "MESSAGE_MAX_BYTES = 65535"),
    kills="TC-HUB-TOPIC-04",
    reason="HUB-TOPIC-011",
    ko="65536바이트인 메시지를 거부한다",
    en="refuses a message of 65536 bytes",
)
defect(
    "topics-no-limit",
    (CODEC, "if len(payload) > MESSAGE_MAX_BYTES:", "if len(payload) > 2 * MESSAGE_MAX_BYTES:"),
    kills="TC-HUB-TOPIC-04",
    reason="HUB-TOPIC-012",
    ko="64 KiB가 넘는 메시지를 받는다",
    en="takes messages of more than 64 KiB",
)
