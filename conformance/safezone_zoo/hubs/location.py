"""11.3: location queries."""

from safezone_zoo.mutant import defect

CHILDREN, PHONE, PLAIN, POSITION = (
    "safezone_hub.api.children", "safezone_hub.rules.phone", "safezone_hub.store.plain", "safezone_hub.position",
)  # fmt: skip

defect(
    "location-then-is-first",
    (CHILDREN, "ts, lat, lon, accuracy, basis = rows[-1]", "ts, lat, lon, accuracy, basis = rows[0]"),
    kills="TC-HUB-LOC-01", reason="HUB-LOC-001",
    ko="at의 앞 가장 새로운 것이 아니라 처음 것을 준다", en="gives the first observation, not the newest before at",
)  # fmt: skip
defect(
    "location-then-looks-ahead",
    (CHILDREN, "sight.zones.store.path(sight.desk.zone, id_, at - DAY_S, at)",
     "sight.zones.store.path(sight.desk.zone, id_, at - DAY_S, at + 30)"),
    kills="TC-HUB-LOC-01", reason="HUB-LOC-001",
    ko="at보다 나중의 관측을 준다", en="gives an observation after at",
)  # fmt: skip
defect(
    "location-age-of-today",
    (CHILDREN, '"age_s": round(at - ts, 3)', '"age_s": round(sight.now - ts, 3)'),
    kills="TC-HUB-LOC-01", reason="HUB-LOC-002",
    ko="age_s를 at이 아니라 지금부터 센다", en="counts age_s from now instead of at",
)  # fmt: skip
defect(
    "location-at-home-by-default",
    (CHILDREN, "observed = child is not None and bool(child.seen or child.fixes)", "observed = True"),
    kills="TC-HUB-LOC-01", reason="HUB-LOC-003",
    ko="아무것도 모르는 어린이를 집에 있다고 한다", en="says of a child of whom nothing is known that it is at home",
)  # fmt: skip
defect(
    "location-always-phone",
    (CHILDREN, '"basis": estimate.basis,', '"basis": "phone",'),
    kills="TC-HUB-LOC-02", reason="HUB-LOC-004",
    ko="basis가 늘 phone이다", en="says basis phone whatever it is",
)  # fmt: skip
defect(
    "location-boasts",
    (CHILDREN, "max(0.1, round(accuracy + min(600.0, 1.0 * (at - ts)), 1))", "max(0.1, round(accuracy / 2, 1))"),
    kills="TC-HUB-LOC-03", reason="HUB-LOC-005",
    ko="정확도를 실제의 절반으로 말한다", en="tells half the radius of its error",
)  # fmt: skip
defect(
    "location-plays-safe",
    (CHILDREN, "max(0.1, round(accuracy + min(600.0, 1.0 * (at - ts)), 1))", "max(600.0, round(accuracy, 1))"),
    kills="TC-HUB-LOC-03", reason="HUB-LOC-005",
    ko="정확도를 늘 600 m로 말한다", en="tells a radius of 600 m, whatever it is",
)  # fmt: skip
defect(
    "location-does-not-age",
    (CHILDREN, "max(0.1, round(accuracy + min(600.0, 1.0 * (at - ts)), 1))", "max(0.1, round(accuracy, 1))"),
    kills="TC-HUB-LOC-03", reason="HUB-LOC-005",
    ko="관측이 낡아도 정확도가 그대로이다", en="does not widen the radius as an observation ages",
)  # fmt: skip
defect(
    "location-path-half-open",
    (PLAIN, "AND child = ? AND ts BETWEEN ? AND ? ", "AND child = ? AND ts > ? AND ts < ? "),
    kills="TC-HUB-LOC-04", reason="HUB-LOC-006",
    ko="경로에 from과 to의 순간이 없다", en="leaves out the instants from and to of a path",
)  # fmt: skip
defect(
    "location-path-backwards",
    (CHILDREN, '"points": [_point(row) for row in rows]}', '"points": [_point(row) for row in reversed(rows)]}'),
    kills="TC-HUB-LOC-04", reason="HUB-LOC-006",
    ko="경로가 거꾸로이다", en="gives a path backwards",
)  # fmt: skip
defect(
    "location-late-is-now",
    (PHONE, 'SavePosition(child.id, obs.at, x, y, data.accuracy_m, "phone", obs.device)',
     'SavePosition(child.id, max(obs.at, child.fixes[-1].at + 0.1 if child.fixes else 0), x, y, data.accuracy_m, "phone", obs.device)'),
    kills="TC-HUB-LOC-04", reason="HUB-LOC-007",
    ko="늦게 온 위치가 온 때의 점이 된다", en="puts a late fix at the time when it came",
)  # fmt: skip
defect(
    "location-repeat-is-a-point",
    (CHILDREN, "    rows = await guard.on(call, guard.child(id_), read)\n    return json_reply({\"child\": id_, \"points\"",
     "    rows = await guard.on(call, guard.child(id_), read)\n    rows = sorted([*rows, *rows[3:4]])\n"
     "    return json_reply({\"child\": id_, \"points\""),
    kills="TC-HUB-LOC-04", reason="HUB-LOC-008",
    ko="되풀이한 메시지가 두 점이 된다", en="shows a repeated message as two points",
)  # fmt: skip
defect(
    "location-path-of-all",
    (CHILDREN, "        return sight.zones.store.path(sight.desk.zone, id_, since, until)",
     "        path_of = sight.zones.store.path\n"
     "        return sorted(r for c in sight.desk.view.children for r in path_of(sight.desk.zone, c, since, until))"),
    kills="TC-HUB-LOC-04", reason="HUB-LOC-009",
    ko="경로에 다른 어린이의 점이 섞인다", en="mixes points of other children into a path",
)  # fmt: skip
defect(
    "location-since-now",
    (CHILDREN, '"since": format_time(child.since)}', '"since": format_time(now)}'),
    kills="TC-HUB-LOC-02", reason="HUB-LOC-010",
    ko="state.since가 늘 지금이다", en="tells now as since, always",
)  # fmt: skip
defect(
    "location-last-come",
    (PHONE, "key=lambda f: f.at\n    )[-FIXES_KEPT:]", "key=lambda f: 0\n    )[-FIXES_KEPT:]"),
    kills="TC-HUB-LOC-05", reason="HUB-LOC-011",
    ko="마지막에 온 것을 지금 위치로 한다", en="takes what came last for the present position",
)  # fmt: skip
defect(
    "location-mean-of-everywhere",
    (POSITION, "_mean([f for f in fixes if f.moving is False and _one_spot(f, last)])",
     "_mean([f for f in fixes if f.moving is False])"),
    kills="TC-HUB-LOC-05", reason="HUB-LOC-011",
    ko="멈춰 있던 옛 자리와 지금 자리를 평균한다", en="takes the mean of where a child rested before and where it is now",
)  # fmt: skip
defect(
    "location-phones-first",
    (POSITION, "and fix.at >= seen_at:", "and fix.at >= seen_at - 120.0:"),
    kills="TC-HUB-LOC-05", reason="HUB-LOC-011",
    ko="리더기가 더 새로워도 휴대전화의 옛 위치를 준다", en="prefers an older fix of the phone to a newer reader",
)  # fmt: skip
defect(
    "location-nameless-place",
    (CHILDREN, '        answer["state"] |= {"name": area.name, "role": area.role}\n', '        answer["state"] |= {"name": area.id, "role": area.role}\n'),
    kills="TC-HUB-LOC-02", reason="HUB-LOC-012",
    ko="장소의 이름으로 그 id를 준다", en="gives the id of a place for its name",
)  # fmt: skip
defect(
    "location-of-the-housing",
    ("safezone_hub.rules.gates", 'ctx.effects.append(SavePosition(child.id, first, x, y, range_m, "reader", obs.device))', 'ctx.effects.append(SavePosition(child.id, first, ctx.view.devices[obs.device].x or x, ctx.view.devices[obs.device].y or y, range_m, "reader", obs.device))'),
    kills="TC-HUB-LOC-06", reason="HUB-LOC-013",
    ko="안테나가 아니라 리더기의 자리를 준다", en="gives the place of the reader, not that of the antenna",
)  # fmt: skip
