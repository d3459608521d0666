"""11.4: the day's arrivals."""

from safezone_zoo.mutant import defect

PUPILS, GATES, PRESENCE = "safezone_hub.api.pupils", "safezone_hub.rules.gates", "safezone_hub.presence"
CASE = "TC-HUB-OPS-07"

defect(
    "pupils-left-is-missing",
    (PUPILS, "if child.arrived_on == today.isoformat():", "if child.arrived_on == '':"),
    kills=CASE, reason="HUB-OPS-007",
    ko="왔다가 나간 어린이를 오지 않았다고 한다", en="calls a child that came and left missing",
)  # fmt: skip
defect(
    "pupils-who-came-by-a-late-gate",
    (PRESENCE, "        _came(ctx, child, area, at)\n        if child.where", "        if child.where"),
    kills=CASE, reason="HUB-OPS-007",
    ko="그 뒤에 다른 곳에서 보인 어린이의 늦은 등교를 버린다", en="drops an arrival told late of a child seen elsewhere since",
)  # fmt: skip
defect(
    "pupils-excused-is-missing",
    (PUPILS, "if (child.id, today.isoformat()) in sight.desk.view.absences:", "if not sight.desk.view.children:"),
    kills=CASE, reason="HUB-OPS-007",
    ko="결석 신고가 있는 어린이를 오지 않았다고 한다", en="calls an excused child missing",
)  # fmt: skip
defect(
    "pupils-missing-too-soon",
    (PUPILS, "sight.now >= late_from", "sight.now >= late_from - 600"),
    kills=CASE, reason="HUB-OPS-007",
    ko="not_arrived_after 10분 전부터 오지 않았다고 한다", en="calls a child missing ten minutes before not_arrived_after",
)  # fmt: skip
defect(
    "pupils-unordered",
    (PUPILS, 'rows.sort(key=lambda row: (row["grade"], row["class"], row["number"], row["id"]))', 'rows.sort(key=lambda row: row["id"])'),
    kills=CASE, reason="HUB-OPS-007",
    ko="id의 순서로 준다", en="gives them in order of id",
)  # fmt: skip
defect(
    "pupils-first-battery",
    (GATES, "child.tag_battery_pct = float(data.battery_pct)", "child.tag_battery_pct = child.tag_battery_pct or float(data.battery_pct)"),
    kills=CASE, reason="HUB-OPS-008",
    ko="태그의 배터리를 처음 알린 값으로 둔다", en="keeps a tag's battery as it was first told",
)  # fmt: skip
defect(
    "pupils-without-consent",
    (PUPILS, "if not view.consented(id_, sight.zones.settings.consent_required).collect:", "if view.item is None:"),
    kills=CASE, reason="HUB-OPS-007",
    ko="수집 동의가 없는 어린이의 등교도 말한다", en="tells the arrival of a child without consent to collection",
)  # fmt: skip
defect(
    "pupils-times-without-consent",
    (PUPILS, '        return row | {"state": "unknown"}\n',
     '        return row | {"state": "unknown", "heard_at": format_time(sight.now)}\n'),
    kills=CASE, reason="HUB-OPS-009",
    ko="수집 동의가 없는 어린이의 시각을 말한다", en="tells a time of a child without consent to collection",
)  # fmt: skip
