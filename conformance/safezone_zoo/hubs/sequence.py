"""4.4: identity, sequence, repeats."""

from safezone_zoo.mutant import defect

CODEC, PIPELINE, CALLS = "safezone_hub.codec", "safezone_hub.pipeline", "safezone_hub.rules.calls"
NEW = "    if before is None:\n        return\n    id_, epoch, seq, old = before"
# Repeats lately accepted are known by their bytes, before the rules that these hubs break.
ANEW = (
    "safezone_hub.recent",
    "        if not self._young and not self._old:\n",
    "        if self._young or self._old or topic:\n",
)
REPEATED = "    if id_ == envelope.id and old == digest:\n        raise Repeated"
REASON = 'reason = "sequence_reused" if reused_seq else "id_reused"'


def rises(what: str, of: str) -> str:
    """Code that refuses whatever does not rise."""
    return f"""    if before is None:
        highest, key = refuse_reuse.__dict__, {of}
        if {what} < highest.get(key, -1):
            raise Rejected("sequence_reused", "not rising", proved=envelope)
        highest[key] = {what}
        return
    id_, epoch, seq, old = before"""


defect(
    "sequence-repeats-take-effect",
    ANEW,
    (
        PIPELINE,
        REPEATED,
        REPEATED.replace(
            "raise", "understand(zones, work, message)\n        act(zones, work, message)\n        raise"
        ),
    ),
    (
        CALLS,
        "return any(p.press == press and abs(obs.at - p.at) <= ctx.settings.press_memory_s for p in alike)",
        "return False",
    ),
    kills="TC-HUB-SEQ-01",
    reason="HUB-SEQ-005",
    ko="되풀이마다 다시 처리한다",
    en="processes every repeat anew",
)
defect(
    "sequence-repeats-without-receipt",
    ANEW,
    (PIPELINE, 'status, reason = "duplicate", None', "return"),
    kills="TC-HUB-SEQ-01",
    reason="HUB-SEQ-006",
    ko="되풀이에 수신증을 보내지 않는다",
    en="sends no receipt for a repeat",
)
defect(
    "sequence-reuse-of-seq-taken",
    (PIPELINE, REASON, 'reason = "id_reused"\n    if id_ != envelope.id:\n        return'),
    kills="TC-HUB-SEQ-02",
    reason="HUB-SEQ-008",
    ko="이미 쓴 seq를 다른 메시지에 받는다",
    en="takes a seq that was used for another message",
)
defect(
    "sequence-reuse-of-id-taken-for-a-repeat",
    (PIPELINE, REPEATED, "    if id_ == envelope.id and (epoch, seq) != (envelope.epoch, envelope.seq) or old == digest:\n        raise Repeated"),
    kills="TC-HUB-SEQ-02",
    reason="HUB-SEQ-009",
    ko="이미 쓴 id의 다른 메시지를 되풀이로 여긴다",
    en="takes another message of an id used before for a repeat",
)  # fmt: skip
defect(
    "sequence-must-rise",
    (PIPELINE, NEW, rises("envelope.seq", 'f"{source} {envelope.epoch}"')),
    kills="TC-HUB-SEQ-03",
    reason="HUB-SEQ-010",
    ko="seq가 앞의 것보다 낮으면 거부한다",
    en="refuses a seq lower than the one before",
)
defect(
    "sequence-older-epoch-refused",
    (PIPELINE, NEW, rises("envelope.epoch", "source")),
    kills="TC-HUB-SEQ-03",
    reason="HUB-SEQ-011",
    ko="더 오래된 epoch를 거부한다",
    en="refuses an older epoch",
)
defect(
    "sequence-old-times-refused",
    (CODEC, "    data = _decode_data(envelope)\n", """    data = _decode_data(envelope)
    if parse_time(envelope.time) < __import__("time").time() - 3600:
        raise Rejected("bad_data", "too old", proved=envelope)
"""),
    kills="TC-HUB-SEQ-04",
    reason="HUB-SEQ-012",
    ko="한 시간보다 오래된 메시지를 거부한다",
    en="refuses messages older than an hour",
)  # fmt: skip
defect(
    "sequence-one-for-all-sources",
    (PIPELINE, 'return address.zone, f"{address.role}/{address.id}", envelope.id', 'return address.zone, "any", envelope.id'),
    (PIPELINE, '    principal = f"{address.role}/{address.id}"\n', '    principal = "any"\n'),
    kills="TC-HUB-SEQ-05",
    reason="HUB-SEQ-013",
    ko="다른 주체의 같은 id를 같은 메시지로 여긴다",
    en="takes equal ids of different sources for one message",
)  # fmt: skip
