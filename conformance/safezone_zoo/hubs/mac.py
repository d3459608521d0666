"""4.3: authentication and keys."""

from safezone_zoo.mutant import defect

CODEC, NOTICES = "safezone_hub.codec", "safezone_hub.notices"
SIGNED = """return head + _MAC_HEAD + _mac(secret, topic, head) + b'"}'"""
PROVED = "if not hmac.compare_digest(_mac(key.secret, topic, payload[:-_TAIL]), payload[-45:-2]):"

defect(
    "mac-down-for-the-topic-up",
    (CODEC, SIGNED, SIGNED.replace("topic, head", 'topic.removesuffix("down") + "up", head')),
    kills="TC-HUB-MAC-01",
    reason="ALL-MAC-001",
    ko="내림 메시지의 mac을 up 토픽으로 계산한다",
    en="makes the mac of messages down for the topic up",
)
defect(
    "mac-in-plain-base64",
    (CODEC, SIGNED, SIGNED.replace("_mac(secret, topic, head)", '_mac(secret, topic, head).translate(bytes.maketrans(b"-_", b"+/"))')),
    kills="TC-HUB-MAC-01",
    reason="ALL-MAC-002",
    ko="mac을 base64url이 아닌 base64로 쓴다",
    en="writes mac in base64, not base64url",
)  # fmt: skip
defect(
    "mac-keyid-of-the-hub",
    (NOTICES, '"keyid": key.keyid,\n            "epoch": ledger.epoch', '"keyid": "hub-k1",\n            "epoch": ledger.epoch'),
    kills="TC-HUB-MAC-01",
    reason="HUB-MAC-003",
    ko="알림의 keyid에 허브의 이름을 쓴다",
    en="names itself in the keyid of notices",
)  # fmt: skip
defect(
    "mac-not-looked-at",
    (CODEC, PROVED, "if len(payload) < _TAIL:"),
    kills="TC-HUB-MAC-02",
    reason="HUB-MAC-004",
    ko="mac을 확인하지 않는다",
    en="does not look at the mac",
)
defect(
    "mac-unknown-sender-as-unknown-key",
    (CODEC, 'raise Rejected("unknown_sender", source)', 'raise Rejected("unknown_key", source)'),
    kills="TC-HUB-MAC-03",
    reason="HUB-MAC-005",
    ko="등록되지 않은 주체를 unknown_key라고 한다",
    en="says unknown_key of a principal that is not registered",
)
defect(
    "mac-any-keyid",
    (CODEC, "if key.keyid != envelope.keyid:", "if not envelope.keyid:"),
    kills="TC-HUB-MAC-04",
    reason="HUB-MAC-006",
    ko="keyid를 보지 않는다",
    en="does not look at keyid",
)
defect(
    "mac-either-direction",
    (CODEC, PROVED, """topics = (topic, topic[:-2] + "down")
    if not any(hmac.compare_digest(_mac(key.secret, t, payload[:-_TAIL]), payload[-45:-2]) for t in topics):"""),
    kills="TC-HUB-MAC-05",
    reason="HUB-MAC-007",
    ko="down 토픽으로 만든 메시지를 up으로도 받는다",
    en="takes on the topic up what was made for the topic down",
)  # fmt: skip
defect(
    "mac-over-the-canonical-form",
    (CODEC, PROVED, PROVED.replace("payload[:-_TAIL]", 'msgspec.json.encode(msgspec.json.decode(payload[:-_TAIL] + b"}"))[:-1]')),
    kills="TC-HUB-MAC-06",
    reason="ALL-MAC-011",
    ko="다시 직렬화한 바이트로 mac을 계산한다",
    en="computes the mac over bytes serialised again",
)  # fmt: skip
defect(
    "mac-one-order-of-members",
    (CODEC, "    source = address.source\n", """    if not payload.startswith(b'{"specversion"'):
        raise Rejected("bad_envelope", "specversion is not the first member")
    source = address.source
"""),
    kills="TC-HUB-MAC-06",
    reason="HUB-MAC-012",
    ko="멤버의 한 가지 순서만 받는다",
    en="takes one order of members only",
)  # fmt: skip
