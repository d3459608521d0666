"""4.5: malformed input and rejection."""

from safezone_zoo.mutant import defect

CODEC, MESSAGES, PIPELINE = (f"safezone_hub.{name}" for name in ("codec", "messages", "pipeline"))
SOURCE_FIRST = """    if envelope.source != source:
        raise Rejected("wrong_source", f"{envelope.source} on the topic of {source}")
    key = keys.key_of(source)
    if key is None:
        raise Rejected("unknown_sender", source)
"""
KEY_FIRST = """    key = keys.key_of(source)
    if key is None:
        raise Rejected("unknown_sender", source)
    if envelope.source != source:
        raise Rejected("wrong_source", f"{envelope.source} on the topic of {source}")
"""
UNPROVED = "if rejected.proved is None:"
COUNT = 'desk.ledger.count(f"rejected.{rejected.reason}")'
STAGES = "refuse_reuse, bring_to_time, understand, record, act,"

defect(
    "rejection-sender-before-source",
    (CODEC, SOURCE_FIRST, KEY_FIRST),
    kills="TC-HUB-REJ-01",
    reason="HUB-REJ-001",
    ko="source보다 주체를 먼저 확인한다",
    en="looks for the principal before the source",
)
defect(
    "rejection-sequence-before-data",
    (CODEC, "    data = _decode_data(envelope)\n", """    reused = check.__dict__.setdefault((source, envelope.epoch, envelope.seq), payload)
    if reused != payload:
        raise Rejected("sequence_reused", source, proved=envelope)
    data = _decode_data(envelope)
"""),
    kills="TC-HUB-REJ-01",
    reason="HUB-REJ-001",
    ko="data보다 seq를 먼저 확인한다",
    en="looks at the seq before the data",
)  # fmt: skip
defect(
    "rejection-answers-a-wrong-mac",
    (PIPELINE, UNPROVED, 'if rejected.proved is None and rejected.reason != "bad_mac":'),
    kills="TC-HUB-REJ-02",
    reason="HUB-REJ-002",
    ko="mac이 틀린 메시지에 수신증으로 답한다",
    en="answers a wrong mac with a receipt",
)
defect(
    "rejection-without-receipt",
    (PIPELINE, UNPROVED, 'if rejected.proved is None or rejected.reason == "id_reused":'),
    kills="TC-HUB-REJ-03",
    reason="HUB-REJ-003",
    ko="id_reused를 알리지 않는다",
    en="does not tell id_reused",
)
defect(
    "rejection-words-of-its-own",
    (CODEC, 'raise Rejected("bad_data", str(error), proved=envelope)', 'raise Rejected("schema_violation", str(error), proved=envelope)'),
    kills="TC-HUB-REJ-03",
    reason="HUB-REJ-013",
    ko="표에 없는 사유를 쓴다",
    en="uses reasons that are not in the table",
)  # fmt: skip
defect(
    "rejection-without-reason",
    (
        PIPELINE,
        "    if reason is not None:\n        receipt",
        '    if reason not in (None, "bad_type"):\n        receipt',
    ),
    kills="TC-HUB-REJ-03",
    reason="HUB-RCPT-006",
    ko="사유 없이 거부한다",
    en="refuses without a reason",
)
defect(
    "rejection-any-role",
    (CODEC, ' or key.role not in kind.roles:', ":"),
    kills="TC-HUB-REJ-04",
    reason="HUB-REJ-004",
    ko="아무 역할의 올림 메시지나 받는다",
    en="takes every message up from every role",
)  # fmt: skip
defect(
    "rejection-any-latitude",
    (MESSAGES, "Lat = Annotated[float, Meta(ge=-90, le=90)]", "Lat = float"),
    kills="TC-HUB-REJ-05",
    reason="HUB-REJ-005",
    ko="위도의 범위를 보지 않는다",
    en="does not look at the range of a latitude",
)
defect(
    "rejection-30-february-taken",
    (CODEC, "            parse_time(getattr(data, field))\n", """            at = getattr(data, field)
            parse_time(at if at[8:10] < "29" else at[:8] + "28" + at[10:])
"""),
    kills="TC-HUB-REJ-05",
    reason="HUB-REJ-006",
    ko="달력에 없는 날을 그대로 받는다",
    en="takes days that no calendar has",
)  # fmt: skip
defect(
    "rejection-after-the-effect",
    (PIPELINE, STAGES, "bring_to_time, understand, act, refuse_reuse, record,"),
    kills="TC-HUB-REJ-06",
    reason="HUB-REJ-007",
    ko="효력이 생긴 다음에 거부한다",
    en="refuses after the effect",
)
defect(
    "rejection-counted-together",
    (PIPELINE, COUNT, 'desk.ledger.count("rejected.bad_mac")'),
    kills="TC-HUB-REJ-07",
    reason="HUB-REJ-008",
    ko="거부를 사유별로 세지 않는다",
    en="does not count rejections by reason",
)
defect(
    "rejection-without-samples",
    (PIPELINE, "if work.sampled < REJECTIONS_SAMPLED_A_BATCH:", "if work.sampled < 0:"),
    kills="TC-HUB-REJ-07",
    reason="HUB-REJ-009",
    ko="거부의 표본을 남기지 않는다",
    en="keeps no samples of rejections",
)
defect(
    "rejection-slow",
    (PIPELINE, COUNT, f'__import__("time").sleep(0.06)\n    {COUNT}'),
    kills="TC-HUB-REJ-08",
    reason="HUB-REJ-010",
    ko="깨진 메시지 하나에 오래 걸려 남의 메시지가 밀린다",
    en="takes long over each malformed message, and others wait",
)
defect(
    "rejection-stops-at-deep-nesting",
    (CODEC, "except (ValueError, RecursionError) as error:", "except ValueError as error:"),
    kills="TC-HUB-REJ-09",
    reason="HUB-REJ-011",
    ko="깊은 중첩에 일을 멈춘다",
    en="stops working at deep nesting",
)
