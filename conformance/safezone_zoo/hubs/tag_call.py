"""9.10: the tag's emergency call."""

from safezone_zoo.mutant import defect

CALLS, SETTINGS, EFFECTS = (f"safezone_hub.{name}" for name in ("rules.calls", "settings", "effects"))
KNOWN = "return any(p.press == press and abs(obs.at - p.at) <= ctx.settings.press_memory_s for p in alike)"
TOLD = '        guardians=child is not None,\n        desk=True,\n        posts=("desk"'
HOLD = "hold = quiet_until(desk.view, to, tell.service, message.made_at)"
WINDOW = 'uncounted_press_s: float = float(_TIMING["tag_press_window_s"])'

defect(
    "calls-once-for-each-relay",
    (CALLS, KNOWN, "return False"),
    kills="TC-HUB-CALL-02",
    reason="HUB-CALL-012",
    ko="한 누름을 중계한 리더기마다 따로 알린다",
    en="tells one press once for every reader that relays it",
)
defect(
    "calls-forgotten-after-an-hour",
    (CALLS, KNOWN, KNOWN.replace("ctx.settings.press_memory_s", "3600.0")),
    kills="TC-HUB-CALL-10",
    reason="HUB-CALL-012",
    ko="한 시간이 지난 같은 누름을 새 호출로 알린다",
    en="tells the same press again after an hour",
)
defect(
    "calls-not-to-the-desk",
    (CALLS, TOLD, TOLD.replace("desk=True", 'desk=service != "tag_call"')),
    kills="TC-HUB-CALL-01",
    reason="HUB-CALL-009",
    ko="태그의 호출을 상황실에 알리지 않는다",
    en="does not tell the desk of tag calls",
)
defect(
    "calls-not-to-guardians",
    (CALLS, TOLD, TOLD.replace("child is not None", 'child is not None and service != "tag_call"')),
    kills="TC-HUB-CALL-01",
    reason="HUB-CALL-010",
    ko="태그의 호출을 보호자에게 알리지 않는다",
    en="does not tell guardians of tag calls",
)
defect(
    "calls-told-after-nine-seconds",
    (EFFECTS, HOLD, f'{HOLD[:7]}message.made_at + 9.0 if tell.service == "tag_call" else {HOLD[7:]}'),
    kills="TC-HUB-CALL-01",
    reason="HUB-CALL-011",
    ko="태그의 호출을 9 s 뒤에 알린다",
    en="tells a tag call after 9 s",
)
defect(
    "calls-of-one-minute-are-one",
    (CALLS, "    if not counted:\n", "    if True:\n"),
    kills="TC-HUB-CALL-03",
    reason="HUB-CALL-013",
    ko="잇따른 누름을 한 호출로 친다",
    en="takes presses one after another for one call",
)
defect(
    "calls-window-of-a-minute",
    (SETTINGS, WINDOW, "uncounted_press_s: float = 60.0"),
    kills="TC-HUB-CALL-04",
    reason="HUB-CALL-014",
    ko="계수기 없는 태그의 누름을 60 s의 창으로 가른다",
    en="tells presses without counter apart by a window of 60 s",
)
defect(
    "calls-window-of-ten-seconds",
    (SETTINGS, WINDOW, "uncounted_press_s: float = 9.0"),
    kills="TC-HUB-CALL-04",
    reason="HUB-CALL-014",
    ko="계수기 없는 태그의 누름을 9 s의 창으로 가른다",
    en="tells presses without counter apart by a window of 9 s",
)
defect(
    "calls-without-the-readers-place",
    (
        CALLS,
        "    return Where(reader.x, reader.y, radius) if reader.x is not None and reader.y is not None else None\n",
        "    return None\n",
    ),
    kills="TC-HUB-CALL-01",
    reason="HUB-CALL-015",
    ko="안테나를 모르면 리더기의 자리를 쓰지 않는다",
    en="does not use the reader's place where the antenna is not known",
)
defect(
    "calls-not-from-school",
    (CALLS, "    if _known(ctx, presses, obs, data.tag, str(data.press), counted):\n",
     '    if child is not None and ctx.view.school is not None and child.where == ctx.view.school.id:\n        return\n'
     "    if _known(ctx, presses, obs, data.tag, str(data.press), counted):\n"),
    kills="TC-HUB-CALL-05[in school]",
    reason="HUB-CALL-016",
    ko="학교에 있는 어린이의 호출을 알리지 않는다",
    en="does not tell the call of a child in school",
)  # fmt: skip
defect(
    "calls-drill-swallows-real",
    (CALLS, "p.thing == thing and p.exercise == obs.exercise", "p.thing == thing"),
    kills="TC-HUB-CALL-08[tag]",
    reason="HUB-CALL-019",
    ko="훈련의 누름과 번호가 같은 진짜 누름을 되풀이로 친다",
    en="takes a real press for a repeat of one in a drill",
)
defect(
    "calls-remembered-for-good",
    (CALLS, KNOWN, "return any(p.press == press for p in alike)"),
    kills="TC-HUB-CALL-09",
    reason="HUB-CALL-020",
    ko="같은 번호의 누름을 언제까지나 되풀이로 친다",
    en="takes the same number for a repeat for ever",
)
defect(
    "tag-call-antenna-unread",
    (CALLS, 'antenna = reader.antennas.get(antenna_id or "")', 'antenna = reader.antennas.get("")'),
    kills="TC-HUB-CALL-11", reason="HUB-CALL-021",
    ko="메시지가 든 안테나를 보지 않는다", en="does not look at the antenna that the message names",
)  # fmt: skip
defect(
    "tag-call-exact-place",
    (CALLS, 'radius = ctx.settings.reader_call_range_m * 0.82', 'radius = ctx.settings.reader_call_range_m * 0.05'),
    kills="TC-HUB-CALL-11", reason="HUB-CALL-021",
    ko="리더기가 옮긴 호출의 자리를 3 m까지 안다고 한다", en="says it knows the place of a relayed call to 3 m",
)  # fmt: skip
