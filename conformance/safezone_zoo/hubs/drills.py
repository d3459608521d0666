"""7.1: drills."""

from safezone_zoo.mutant import defect

NOTICES = "safezone_hub.notices"
PIPELINE = "safezone_hub.pipeline"

defect(
    "drill-sent-as-real",
    (NOTICES, '        if exercise is not None:\n            envelope["exercise"] = exercise', '        if exercise is not None and type_ != "notice":\n            envelope["exercise"] = exercise'),
    kills="TC-HUB-DRILL-01", reason="HUB-DRILL-002",
    ko="훈련의 알림을 표시 없이 보낸다", en="sends the notices of a drill unmarked",
)  # fmt: skip
defect(
    "camera-turned-as-real",
    (NOTICES, "            yield self._outgoing(view, ledger, recipient, type_, data, exercise, now)", "            yield self._outgoing(view, ledger, recipient, type_, data, None, now)"),
    kills="TC-HUB-DRILL-01", reason="HUB-DRILL-002",
    ko="훈련의 camera.turn을 표시 없이 보낸다", en="sends camera.turn of a drill unmarked",
)  # fmt: skip
defect(
    "open-drill-takes-all",
    (PIPELINE, "    exercise = envelope.exercise if isinstance(envelope.exercise, str) else None\n", "    exercise = envelope.exercise if isinstance(envelope.exercise, str) else next(iter(view.drills), None)\n"),
    kills="TC-HUB-DRILL-02", reason="HUB-DRILL-003",
    ko="훈련이 열려 있으면 모두 훈련으로 본다", en="takes everything for an exercise while a drill is open",
)  # fmt: skip
defect(
    "real-for-the-real-only",
    (NOTICES, '    if exercise is None or recipient.nature == "simulated":\n        return True\n',
     '    if exercise is None:\n        return recipient.nature == "real" or not view.drills\n    if recipient.nature == "simulated":\n        return True\n'),
    kills="TC-HUB-DRILL-02", reason="HUB-DRILL-005",
    ko="훈련 중에는 실제의 것을 가상의 수신자에게 보내지 않는다", en="keeps what is real from simulated recipients during a drill",
)  # fmt: skip
defect(
    "drill-reaches-everybody",
    (NOTICES, "    return drill is not None and recipient.id in drill.allow", "    return drill is not None"),
    kills="TC-HUB-DRILL-03", reason="HUB-DRILL-004",
    ko="훈련이 실제의 사람에게도 간다", en="lets a drill reach real people",
)  # fmt: skip
defect(
    "allow-of-a-drill-ignored",
    (NOTICES, "    return drill is not None and recipient.id in drill.allow", "    return False"),
    kills="TC-HUB-DRILL-03", reason="HUB-DRILL-004",
    ko="훈련의 allow를 보지 않는다", en="pays no heed to allow of a drill",
)  # fmt: skip
defect(
    "drill-turns-real-cameras",
    (NOTICES, "        if recipient is not None and may_reach(view, recipient, exercise):", "        if recipient is not None:"),
    kills="TC-HUB-DRILL-04", reason="HUB-DRILL-013",
    ko="훈련이 실제의 카메라를 돌린다", en="turns real cameras in a drill",
)  # fmt: skip
defect(
    "unknown-drill-is-a-drill",
    (PIPELINE, "    if exercise is not None and not drill_open(view, state, exercise):", "    if exercise is not None and exercise in view.drills and not drill_open(view, state, exercise):"),
    kills="TC-HUB-DRILL-05[unknown]", reason="HUB-DRILL-006",
    ko="모르는 훈련의 호출을 훈련으로 본다", en="takes a call in an unknown drill for an exercise",
)  # fmt: skip
defect(
    "drill-open-before-its-time",
    (PIPELINE, "    return parse_time(drill.opens_at) <= state.zone.now < parse_time(drill.closes_at)", "    return state.zone.now < parse_time(drill.closes_at)"),
    kills="TC-HUB-DRILL-05[not-yet-open]", reason="HUB-DRILL-006",
    ko="아직 열리지 않은 훈련을 열린 것으로 본다", en="takes a drill for open before it opens",
)  # fmt: skip
defect(
    "unknown-drill-not-flagged",
    (PIPELINE, '        flags += ("drill_unknown",)\n', '        flags += ()\n'),
    kills="TC-HUB-DRILL-05[unknown]", reason="HUB-DRILL-006",
    ko="모르는 훈련에서 나온 것에 drill_unknown이 없다", en="does not flag what follows from an unknown drill",
)  # fmt: skip
defect(
    "drill-never-closes",
    (PIPELINE, "    return parse_time(drill.opens_at) <= state.zone.now < parse_time(drill.closes_at)", "    return parse_time(drill.opens_at) <= state.zone.now"),
    kills="TC-HUB-DRILL-06", reason="HUB-DRILL-008",
    ko="closes_at이 지나도 훈련이 열려 있다", en="keeps a drill open past its closes_at",
)  # fmt: skip
defect(
    "child-in-a-drill-stays-in-it",
    (PIPELINE, "    exercise = envelope.exercise if isinstance(envelope.exercise, str) else None\n",
     "    exercise = envelope.exercise if isinstance(envelope.exercise, str) else None\n"
     "    tag = getattr(data, 'tag', None)\n"
     "    calling = view.child_of(tag, wall) if tag else None\n"
     "    known = state.children.get(calling.id) if calling is not None else None\n"
     "    if exercise is None and known is not None and known.presses:\n"
     "        exercise = known.exercise\n"),
    kills="TC-HUB-DRILL-07", reason="HUB-DRILL-007",
    ko="훈련에 있는 어린이의 실제 호출을 훈련으로 본다", en="takes a real call of a child in a drill for an exercise",
)  # fmt: skip
defect(
    "clock-swallows-real-calls",
    (PIPELINE, 'MESSAGES[envelope.type].cls == "emergency":\n        now = wall', 'MESSAGES[envelope.type].cls == "emergency":\n        exercise = state.zone.clock_drill'),
    kills="TC-HUB-DRILL-08", reason="HUB-DRILL-007",
    ko="훈련 시계의 구역에서는 실제 호출도 훈련으로 본다", en="takes real calls for an exercise while a clock has the zone's time",
)  # fmt: skip
defect(
    "drills-of-any-zone",
    ("safezone_hub.registry", '                view.drills[item.id] = item\n', '                for each in self.zones.values():\n                    each.drills[item.id] = item\n'),
    kills="TC-HUB-DRILL-10", reason="HUB-DRILL-014",
    ko="다른 구역의 훈련도 열린 것으로 본다", en="takes a drill of another zone for open",
)  # fmt: skip
