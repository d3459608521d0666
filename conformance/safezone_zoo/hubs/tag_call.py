"""9.10: the tag's emergency call."""

from safezone_zoo.mutant import defect

CALLS = "safezone_hub.rules.calls"

defect(
    "calls-once-for-each-relay",
    (
        CALLS,
        "return any(p.press == press and abs(obs.at - p.at) <= ctx.settings.press_memory_s for p in alike)",
        "return False",
    ),
    kills="TC-HUB-CALL-02",
    reason="HUB-CALL-012",
    ko="한 누름을 중계한 리더기마다 따로 알린다",
    en="tells one press once for every reader that relays it",
)
