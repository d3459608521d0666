"""9.9: silent tags."""

from safezone_zoo.mutant import defect

SILENCE, GATES, SETTINGS = (f"safezone_hub.{name}" for name in ("rules.silence", "rules.gates", "settings"))

defect(
    "silence-of-a-quarter-hour",
    (
        SETTINGS,
        'silence_s: float = float(_EVIDENCE["silence_after_fixes"]["silence_s"])',
        "silence_s: float = 900.0",
    ),
    kills="TC-HUB-SILENT-01",
    reason="HUB-SILENT-001",
    ko="900 s의 침묵이라야 알린다",
    en="tells a silence of 900 s only",
)
defect(
    "silence-too-soon",
    (
        SETTINGS,
        'silence_s: float = float(_EVIDENCE["silence_after_fixes"]["silence_s"])',
        "silence_s: float = 300.0",
    ),
    kills="TC-HUB-SILENT-01",
    reason="HUB-SILENT-001",
    ko="300 s의 침묵에 알린다",
    en="tells a silence of 300 s",
)
defect(
    "silence-of-flat-batteries",
    (SILENCE, "if on_the_way and not flat and child.where", "if on_the_way and child.where"),
    kills="TC-HUB-SILENT-02",
    reason="HUB-SILENT-002",
    ko="배터리가 다 된 것도 침묵이라고 한다",
    en="tells the silence of a flat battery",
)
defect(
    "silence-in-places",
    (SILENCE, "on_the_way = last.moving is True and not any(", "on_the_way = last.moving is True or any("),
    kills="TC-HUB-SILENT-03",
    reason="HUB-SILENT-003",
    ko="규칙적 장소에서의 침묵도 알린다",
    en="tells silence in a regular place",
)
defect(
    "silence-home-by-an-hour-late",
    (
        SILENCE,
        "ctx.state.set_timer(child.id, _HOME_BY, due)",
        "ctx.state.set_timer(child.id, _HOME_BY, due + 3600.0)",
    ),
    kills="TC-HUB-SILENT-05",
    reason="HUB-SILENT-004",
    ko="home_by를 한 시간 뒤에 본다",
    en="looks at home_by an hour later",
)
defect(
    "silence-of-faulty-readers",
    (SILENCE, "if not all(in_order(ctx, reader.id) for reader in readers):", "if False:"),
    kills="TC-HUB-SILENT-06[offline]",
    reason="HUB-SILENT-005",
    ko="집의 리더기가 고장이어도 알린다",
    en="tells it though the home's reader is at fault",
)
defect(
    "silence-of-readers-not-heard",
    ("safezone_hub.rules.health", 'return not {"offline", "heartbeat_missing", "self_test"} & set(found)', 'return not {"offline", "self_test"} & set(found)'),
    kills="TC-HUB-SILENT-06[heartbeat missing]",
    reason="HUB-SILENT-005",
    ko="소식이 끊긴 집의 리더기를 정상으로 본다",
    en="takes a home reader without heartbeat for one in order",
)  # fmt: skip
defect(
    "silence-not-to-guardians",
    (SILENCE, "        desk=True,\n", "        desk=True,\n        guardians=False,\n"),
    kills="TC-HUB-SILENT-01",
    reason="HUB-SILENT-006",
    ko="침묵을 보호자에게 알리지 않는다",
    en="does not tell guardians of silence",
)
defect(
    "silence-though-the-tag-was-seen",
    (GATES, "    note_heard(ctx, obs, min(last, ctx.now))\n", ""),
    kills="TC-HUB-SILENT-04",
    reason="HUB-SILENT-007",
    ko="태그의 감지는 소식으로 치지 않는다",
    en="does not take a sighting of the tag for a sign of life",
)
defect(
    "silence-told-every-five-minutes",
    (
        SILENCE,
        "    child.silent_told = True\n",
        "    ctx.state.set_timer(child.id, _AFTER_FIXES, ctx.now + 300.0)\n",
    ),
    kills="TC-HUB-SILENT-01",
    reason="HUB-SILENT-008",
    ko="같은 침묵을 5분마다 알린다",
    en="tells the same silence every five minutes",
)
