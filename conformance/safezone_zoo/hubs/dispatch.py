"""16.1 and 16.4: units and the shift."""

from safezone_zoo.mutant import defect

DISPATCH, ACTIONS, EFFECTS = (
    "safezone_hub.places.dispatch",
    "safezone_hub.incidents.actions",
    "safezone_hub.effects",
)

defect(
    "dispatch-for-emergencies-alone",
    (EFFECTS, 'and desk.view.units:', 'and desk.view.units and SERVICES[tell.service].cls == "emergency":'),
    kills="TC-HUB-DISP-01[danger]", reason="HUB-DISP-001",
    ko="위험의 경보에는 출동 조를 보이지 않는다", en="lists no units in alerts of class danger",
)  # fmt: skip
defect(
    "dispatch-without-times",
    (DISPATCH, '            "expected_s": round(self.expected_s, 1),\n', ""),
    kills="TC-HUB-DISP-01[emergency]", reason="HUB-DISP-001",
    ko="출동 조의 예상 시간을 말하지 않는다", en="tells no expected time of a unit",
)  # fmt: skip
defect(
    "dispatch-of-busy-units",
    (DISPATCH, "if u.available and (medical or u.type != AMBULANCE)", "if medical or u.type != AMBULANCE"),
    kills="TC-HUB-DISP-01[emergency]", reason="HUB-DISP-002",
    ko="나갈 수 없는 조도 보인다", en="lists units that are not available",
)  # fmt: skip
defect(
    "dispatch-in-order-of-ids",
    (DISPATCH, "    ranked = _best_first(_measured(net, free, place, settings), settings)",
     "    ranked = sorted(_measured(net, free, place, settings), key=lambda r: r.id, reverse=True)"),
    (DISPATCH, "    quickest = min(ranked, key=lambda r: (r.expected_s, r.id), default=None)", "    quickest = None"),
    kills="TC-HUB-DISP-01[emergency]", reason="HUB-DISP-002",
    ko="가까운 조가 아니라 id 차례로 몇 조만 보인다", en="lists a few units in order of their ids, not the nearest",
)  # fmt: skip
defect(
    "dispatch-as-the-crow-flies",
    (DISPATCH, "    if net is not None and units:", "    if False:"),
    kills="TC-HUB-DISP-02", reason="HUB-DISP-003",
    ko="도로가 등록되어도 직선거리로 잰다", en="measures straight lines although streets are registered",
)  # fmt: skip
defect(
    "dispatch-leaves-units-free",
    (ACTIONS, "    unit.available, unit.incident = False, incident.id", "    unit.incident = incident.id"),
    kills="TC-HUB-DISP-03", reason="HUB-DISP-004",
    ko="출동한 조를 여전히 나갈 수 있다고 본다", en="takes a dispatched unit for available",
)  # fmt: skip
defect(
    "dispatch-never-frees-units",
    (ACTIONS, '            unit.incident, unit.available = "", True', '            unit.incident = ""'),
    kills="TC-HUB-DISP-03", reason="HUB-DISP-004",
    ko="사건이 끝나도 출동한 조를 풀지 않는다", en="does not free the units when the incident closes",
)  # fmt: skip
defect(
    "dispatch-ignores-reported-positions",
    (ACTIONS, "        unit.x, unit.y = ctx.view.plane.xy(float(lat), float(lon))", "        pass"),
    kills="TC-HUB-DISP-04", reason="HUB-DISP-005",
    ko="조가 알린 위치를 쓰지 않는다", en="does not use the position that a unit reports",
)  # fmt: skip
defect(
    "dispatch-ignores-reported-status",
    (ACTIONS, "    unit.available, unit.at = available, wall", "    unit.at = wall"),
    kills="TC-HUB-DISP-04", reason="HUB-DISP-005",
    ko="조가 알린 상태를 쓰지 않는다", en="does not use the status that a unit reports",
)  # fmt: skip
defect(
    "dispatch-shift-stops-the-clock",
    (ACTIONS, '            incident.owner = f"operator/{to}"\n', '            incident.owner = f"operator/{to}"\n            incident.state = "acknowledged"\n            escalation.plan(ctx, incident)\n'),
    kills="TC-HUB-DISP-06", reason="HUB-DISP-007",
    ko="근무를 넘기면 확인한 것으로 치고 시계를 멈춘다", en="takes a hand-over of the shift for an acknowledgement",
)  # fmt: skip
defect(
    "dispatch-shift-without-incidents",
    ("safezone_hub.api.zones", '            "incidents": sorted(handed),', '            "incidents": [],'),
    kills="TC-HUB-DISP-06", reason="HUB-DISP-007",
    ko="근무를 넘길 때 열린 사건을 말하지 않는다", en="does not say which incidents go with the shift",
)  # fmt: skip

defect(
    "dispatch-shift-takes-everything",
    (ACTIONS, 'if incident.is_open and incident.owner in ("", action.by):', 'if incident.is_open or incident.owner in ("", action.by):'),
    kills="TC-HUB-DISP-07", reason="HUB-DISP-008",
    ko="근무를 넘길 때 다른 이의 사건과 닫힌 사건까지 넘긴다", en="hands over another's and closed incidents with the shift",
)  # fmt: skip
