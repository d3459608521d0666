"""4.1 and 4.2: the envelope, and its bytes."""

from safezone_zoo.mutant import defect

CODEC, MESSAGES, NOTICES = (f"safezone_hub.{name}" for name in ("codec", "messages", "notices"))
SIGNED = """return head + _MAC_HEAD + _mac(secret, topic, head) + b'"}'"""

defect(
    "envelope-epoch-as-text",
    (NOTICES, '"epoch": epoch,', '"epoch": str(epoch),'),
    kills="TC-HUB-ENV-01",
    reason="ALL-ENV-001",
    ko="수신증 봉투의 epoch가 글이다",
    en="the epoch in the envelope of receipts is a text",
)
defect(
    "envelope-types-of-its-own",
    (NOTICES, "message = self._outgoing(view, ledger, recipient, kind, data,",
     'message = self._outgoing(view, ledger, recipient, f"{kind}.v2", data,'),
    kills="TC-HUB-ENV-01",
    reason="ALL-ENV-002",
    ko="규격에 없는 이름의 알림을 보낸다",
    en="sends notices of a type that the standard does not have",
)  # fmt: skip
defect(
    "envelope-data-of-another-shape",
    (NOTICES, 'data["linked"] = list(tell.linked)', 'data["linked"] = ",".join(tell.linked)'),
    kills="TC-HUB-ENV-01",
    reason="ALL-ENV-003",
    ko="경보의 linked가 목록이 아니라 글이다",
    en="linked of an alert is a text, not a list",
)
defect(
    "envelope-byte-order-mark",
    (CODEC, SIGNED, SIGNED.replace("return head", 'return b"\\xef\\xbb\\xbf" + head')),
    kills="TC-HUB-ENV-01",
    reason="ALL-ENV-005",
    ko="본문을 BOM으로 시작한다",
    en="begins its payloads with a byte order mark",
)
defect(
    "envelope-doubled-member",
    (CODEC, "head = msgspec.json.encode(envelope)[:-1]", """head = msgspec.json.encode(envelope)[:-1] + b',"specversion":"1.0"'"""),
    kills="TC-HUB-ENV-01",
    reason="ALL-ENV-006",
    ko="specversion을 두 번 쓴다",
    en="writes specversion twice",
)  # fmt: skip
defect(
    "envelope-space-before-mac",
    (CODEC, SIGNED, SIGNED.replace("_MAC_HEAD", """b', "mac": "'""")),
    kills="TC-HUB-ENV-01",
    reason="ALL-ENV-007",
    ko="mac 앞에 공백을 둔다",
    en="writes white space before mac",
)
defect(
    "envelope-unknown-members-refused",
    (MESSAGES, "class Envelope(msgspec.Struct, frozen=True, gc=False):",
     "class Envelope(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):"),
    kills="TC-HUB-ENV-02",
    reason="ALL-ENV-004",
    ko="봉투에 모르는 멤버가 있으면 거부한다",
    en="refuses an envelope with a member it does not know",
)  # fmt: skip
defect(
    "envelope-unknown-data-refused",
    (MESSAGES, "class TagCalled(msgspec.Struct, frozen=True, gc=False):",
     "class TagCalled(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):"),
    kills="TC-HUB-ENV-02",
    reason="ALL-ENV-004",
    ko="호출의 data에 모르는 멤버가 있으면 거부한다",
    en="refuses a call whose data has a member it does not know",
)  # fmt: skip
defect(
    "envelope-any-specversion",
    (MESSAGES, 'specversion: Literal["1.0"]', "specversion: str"),
    kills="TC-HUB-ENV-03",
    reason="HUB-ENV-010",
    ko="specversion을 보지 않는다",
    en="does not look at specversion",
)
defect(
    "envelope-any-epoch",
    (MESSAGES, "epoch: Annotated[int, Meta(ge=0, le=MAX_INT)]", "epoch: int"),
    kills="TC-HUB-ENV-03",
    reason="HUB-ENV-010",
    ko="음수인 epoch를 받는다",
    en="takes a negative epoch",
)
defect(
    "envelope-version-7-only",
    (MESSAGES, 'r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}', 'r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}'),
    kills="TC-HUB-ENV-04",
    reason="HUB-ENV-012",
    ko="7판이 아닌 UUID를 거부한다",
    en="refuses a UUID that is not of version 7",
)  # fmt: skip
defect(
    "envelope-doubled-members-taken",
    (CODEC, "if len(members) != len(pairs):", "if not isinstance(members, dict):"),
    kills="TC-HUB-ENV-05",
    reason="HUB-ENV-008",
    ko="겹친 멤버를 받아 마지막 것을 쓴다",
    en="takes doubled members and uses the last",
)
defect(
    "envelope-nan-taken",
    (CODEC, "object_pairs_hook=_object_without_repeats, parse_constant=_refuse_constant", "object_pairs_hook=_object_without_repeats"),
    kills="TC-HUB-ENV-05",
    reason="HUB-ENV-008",
    ko="NaN과 Infinity를 JSON으로 여긴다",
    en="takes NaN and Infinity for JSON",
)  # fmt: skip
defect(
    "envelope-any-depth",
    (CODEC, "MAX_NESTING = 32", "MAX_NESTING = 100_000"),
    kills="TC-HUB-ENV-05",
    reason="HUB-ENV-008",
    ko="32단계보다 깊은 중첩을 받는다",
    en="takes nesting beyond 32 levels",
)
defect(
    "envelope-lenient-utf-8",
    (CODEC, 'payload.decode("utf-8")', 'payload.decode("utf-8-sig", "replace")'),
    kills="TC-HUB-ENV-05",
    reason="HUB-ENV-008",
    ko="BOM을 떼고 깨진 UTF-8을 고쳐 읽는다",
    en="drops a byte order mark and mends broken UTF-8",
)
defect(
    "envelope-mac-anywhere",
    (CODEC, """if payload[-_TAIL:-45] != _MAC_HEAD or payload[-2:] != b'"}':""", "if len(payload) < _TAIL:"),
    kills="TC-HUB-ENV-06",
    reason="HUB-ENV-009",
    ko="mac이 마지막 멤버인지 보지 않는다",
    en="does not look whether mac is the last member",
)
defect(
    "envelope-blank-before-it",
    ("safezone_hub.codec", '    if payload[:1] != b"{":\n', '    if payload[:1] == b"[":\n'),
    kills="TC-HUB-ENV-07", reason="HUB-ENV-009",
    ko="본문 앞의 공백을 받아 준다", en="takes a payload with white space before it",
)  # fmt: skip
defect(
    "envelope-31-levels",
    ("safezone_hub.codec", "MAX_NESTING = 32", "MAX_NESTING = 31"),
    kills="TC-HUB-ENV-07", reason="HUB-ENV-008",
    ko="32단계의 중첩을 거부한다", en="refuses 32 levels of nesting",
)  # fmt: skip
defect(
    "envelope-fractions-are-integers",
    ("safezone_hub.codec", "envelope = _envelope_decoder.decode(payload)", 'envelope = _envelope_decoder.decode(payload.replace(b":1.0e1", b":10"))'),
    kills="TC-HUB-ENV-07", reason="HUB-ENV-013",
    ko="지수로 적은 정수를 받아 준다", en="takes an integer written with an exponent",
)  # fmt: skip
