"""9.11: the emergency bell's call."""

from safezone_zoo.mutant import defect

CALLS, SETTINGS, EFFECTS, NOTICES, HEALTH = (
    f"safezone_hub.{name}" for name in ("rules.calls", "settings", "effects", "notices", "rules.health")
)
TOLD = '        guardians=child is not None,\n        desk=True,\n        posts=("desk"'
HOLD = "hold = quiet_until(desk.view, to, tell.service, message.made_at)"
BELL = '_tell_call(ctx, obs, "bell_call", incident.id, tuple(incident.linked), None, position, cameras)'
NEAR_M = 'near_bell_m: float = float(_EVIDENCE["near_bell"]["within_m"])'
NEAR_S = 'near_bell_s: float = float(_EVIDENCE["near_bell"]["within_s"])'

defect(
    "bells-not-told",
    (CALLS, TOLD, TOLD.replace("desk=True", 'desk=service != "bell_call"')),
    kills="TC-HUB-BELL-01",
    reason="HUB-BELL-012",
    ko="비상벨을 상황실에 알리지 않는다",
    en="does not tell the desk of bells",
)
defect(
    "bells-told-after-nine-seconds",
    (EFFECTS, HOLD, f'{HOLD[:7]}message.made_at + 9.0 if tell.service == "bell_call" else {HOLD[7:]}'),
    kills="TC-HUB-BELL-01",
    reason="HUB-BELL-013",
    ko="비상벨을 9 s 뒤에 알린다",
    en="tells a bell after 9 s",
)
defect(
    "bells-without-place",
    (CALLS, BELL, BELL.replace("None, position", "None, None")),
    kills="TC-HUB-BELL-01",
    reason="HUB-BELL-014",
    ko="비상벨의 경보에 자리가 없다",
    en="leaves the place out of a bell's alert",
)
defect(
    "bells-told-for-each-message",
    (CALLS, "state.presses = [*state.presses, pressed][-PRESSES_KEPT:]", "state.presses = []"),
    kills="TC-HUB-BELL-02",
    reason="HUB-BELL-015",
    ko="한 누름을 메시지마다 알린다",
    en="tells one press once for each message",
)
defect(
    "bells-second-press-swallowed",
    (CALLS, "if _known(ctx, state.presses, obs, obs.device, press, counted=True):", "if _known(ctx, state.presses, obs, obs.device, press, counted=False):"),
    kills="TC-HUB-BELL-02",
    reason="HUB-BELL-016",
    ko="잇따른 누름을 삼킨다",
    en="swallows a second press soon after",
)  # fmt: skip
defect(
    "bells-only-who-was-near-before",
    (CALLS, '        "tag.sighted": hear_sighting_near_bell,\n', ""),
    kills="TC-HUB-BELL-03",
    reason="HUB-BELL-017",
    ko="누른 뒤에 감지된 태그는 보지 않는다",
    en="does not look at tags sighted after the press",
)
defect(
    "bells-within-twenty-metres",
    (SETTINGS, NEAR_M, "near_bell_m: float = 20.0"),
    kills="TC-HUB-BELL-03",
    reason="HUB-BELL-017",
    ko="20 m 안만 본다",
    en="looks within 20 m only",
)
defect(
    "bells-notice-not-near",
    (CALLS, "        near=True,\n", ""),
    kills="TC-HUB-BELL-03",
    reason="HUB-BELL-018",
    ko="근처 알림에 near가 없다",
    en="leaves near out of the notice",
)
defect(
    "bells-notice-says-pressed",
    (
        NOTICES,
        "words = _NEAR_BELL if tell.near else _WORDS[tell.service]",
        'words = _WORDS["tag_call"] if tell.near else _WORDS[tell.service]',
    ),
    kills="TC-HUB-BELL-03",
    reason="HUB-BELL-018",
    ko="근처 알림이 어린이가 눌렀다고 말한다",
    en="words the notice as if the child had pressed",
)
defect(
    "bells-within-fifty-metres",
    (SETTINGS, NEAR_M, "near_bell_m: float = 50.0"),
    kills="TC-HUB-BELL-03",
    reason="HUB-BELL-019",
    ko="50 m 안의 보호자에게 알린다",
    en="tells guardians within 50 m",
)
defect(
    "bells-within-two-minutes",
    (SETTINGS, NEAR_S, "near_bell_s: float = 120.0"),
    kills="TC-HUB-BELL-03",
    reason="HUB-BELL-019",
    ko="2분 안에 감지된 태그의 보호자에게 알린다",
    en="tells guardians of tags sighted within two minutes",
)
defect(
    "bells-less-when-nobody-is-near",
    (CALLS, BELL, BELL.replace("None, position", "None, position if any(c.seen for c in ctx.state.children.values()) else None")),
    kills="TC-HUB-BELL-01",
    reason="HUB-BELL-020",
    ko="가까이에 아무도 없으면 경보에 자리를 싣지 않는다",
    en="leaves the position out when nobody is near",
)  # fmt: skip
defect(
    "bells-tamper-alarms",
    (HEALTH, "    device.heartbeat_at = obs.received_at\n",
     "    if data.tamper is True:\n"
     '        ctx.tell("bell_call", None, obs.at, [obs.cite], exercise=None, guardians=False, desk=True, device=obs.device, incident=obs.id)\n'
     "    device.heartbeat_at = obs.received_at\n"),
    kills="TC-HUB-BELL-04[tamper]",
    reason="HUB-BELL-021",
    ko="함이 열리면 비상벨 호출이라고 한다",
    en="tells a bell call when its case is opened",
)  # fmt: skip
defect(
    "bells-stuck-button-hidden",
    (HEALTH, '            ("stuck_button", data.stuck_button is True),\n', ""),
    kills="TC-HUB-BELL-04[stuck_button]",
    reason="HUB-BELL-021",
    ko="눌린 채인 단추가 고장으로 보이지 않는다",
    en="does not show a stuck button as a fault",
)
defect(
    "bells-vague-place",
    (CALLS, 'Where(bell.x, bell.y, 5.0) if placed', 'Where(bell.x, bell.y, 50.0) if placed'),
    kills="TC-HUB-CALL-11", reason="HUB-BELL-022",
    ko="벨의 자리를 50 m로 흐리게 말한다", en="tells the place of a bell as vague as 50 m",
)  # fmt: skip
