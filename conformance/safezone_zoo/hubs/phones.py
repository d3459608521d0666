"""9.12 and 8.5: calls and positions of phones."""

from safezone_zoo.mutant import defect

CALLS, PHONE, EFFECTS, REGISTRY = (
    f"safezone_hub.{name}" for name in ("rules.calls", "rules.phone", "effects", "registry")
)
HOLD = "hold = quiet_until(desk.view, to, tell.service, message.made_at)"
LAST = "        position = _last_known(ctx, child)\n"
SAVED = 'ctx.effects.append(SavePosition(child.id, obs.at, x, y, data.accuracy_m, "phone", obs.device))'

defect(
    "phones-no-call-without-position",
    (CALLS, LAST, LAST + "        if position is None or not child.fixes:\n            return\n"),
    kills="TC-HUB-PHONE-01[without]",
    reason="HUB-PHONE-009",
    ko="위치를 모르는 통화를 알리지 않는다",
    en="does not tell a call whose position is not known",
)
defect(
    "phones-told-after-nine-seconds",
    (EFFECTS, HOLD, f'{HOLD[:7]}message.made_at + 9.0 if tell.service == "phone_call_112" else {HOLD[7:]}'),
    kills="TC-HUB-PHONE-01[with a position]",
    reason="HUB-PHONE-010",
    ko="112 통화를 9 s 뒤에 알린다",
    en="tells a call to 112 after 9 s",
)
defect(
    "phones-call-told-twice",
    (CALLS, "if _known(ctx, presses, obs, obs.device, data.call, counted=True):", "if False:"),
    kills="TC-HUB-PHONE-02",
    reason="HUB-PHONE-011",
    ko="한 통화를 메시지마다 알린다",
    en="tells one call once for each message",
)
defect(
    "phones-forgets-where",
    (CALLS, LAST, "        position = None\n"),
    kills="TC-HUB-PHONE-03[of the tag]",
    reason="HUB-PHONE-012",
    ko="위치 없는 통화에 마지막으로 아는 위치를 싣지 않는다",
    en="leaves the last known position out of a call without one",
)
defect(
    "phones-believes-any-fix",
    (PHONE, "usable = data.accuracy_m <= ctx.settings.usable_accuracy_m or not gating", "usable = True"),
    kills="TC-HUB-PHONE-04[in the danger area]",
    reason="HUB-PHONE-013",
    ko="정확도가 나쁜 측위도 근거로 쓴다",
    en="takes fixes of bad accuracy for evidence",
)
defect(
    "phones-path-without-coarse-fixes",
    (PHONE, f"    {SAVED}\n", f"    if data.accuracy_m <= 100.0:\n        {SAVED}\n"),
    kills="TC-HUB-PHONE-04[in school]",
    reason="HUB-PHONE-013",
    ko="정확도가 나쁜 측위를 경로에서 버린다",
    en="leaves coarse fixes out of the path",
)
defect(
    "phones-of-nobody-are-somebodys",
    (REGISTRY, "                return self.children.get(binding.child)\n        return None\n",
     "                return self.children.get(binding.child)\n        return next(iter(self.children.values()), None)\n"),
    kills="TC-HUB-PHONE-05",
    reason="HUB-PHONE-014",
    ko="묶이지 않은 전화기를 처음 등록된 어린이의 것으로 친다",
    en="takes an unbound phone for that of the first child",
)  # fmt: skip
