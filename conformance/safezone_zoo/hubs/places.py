"""9.3–9.5: school, home, academies."""

from safezone_zoo.mutant import defect

GATES, PRESENCE, SETTINGS, NOTICES = (
    f"safezone_hub.{name}" for name in ("rules.gates", "presence", "settings", "notices")
)
ENTRY = 'ENTRY = {"school": "school_arrival", "home": "home_entry", "academy": "academy_entry"}'
EXIT = 'EXIT = {"school": "school_departure", "home": "home_exit", "academy": "academy_exit"}'
TOLD = "    _tell(ctx, child, ENTRY, area.id, at, cites, flags)\n"

defect(
    "places-arrival-told-late",
    (SETTINGS, "gate_dwell_s: float = 8.0", "gate_dwell_s: float = 75.0"),
    kills="TC-HUB-PLACE-06",
    reason="HUB-PLACE-001",
    ko="통과를 75 s 뒤에야 믿는다",
    en="believes a pass after 75 s only",
)
defect(
    "places-no-departures",
    (PRESENCE, EXIT, EXIT.replace('"school": "school_departure", ', "")),
    kills="TC-HUB-PLACE-06",
    reason="HUB-PLACE-002",
    ko="하교를 알리지 않는다",
    en="does not tell departures",
)
defect(
    "places-no-home-entries",
    (PRESENCE, TOLD, TOLD.replace("ENTRY", 'ENTRY if area.role != "home" else {}')),
    kills="TC-HUB-PLACE-10",
    reason="HUB-PLACE-003",
    ko="귀가를 알리지 않는다",
    en="does not tell home entries",
)
defect(
    "places-no-home-exits",
    (PRESENCE, EXIT, EXIT.replace('"home": "home_exit", ', "")),
    kills="TC-HUB-PLACE-10",
    reason="HUB-PLACE-004",
    ko="외출을 알리지 않는다",
    en="does not tell home exits",
)
defect(
    "places-no-academy-entries",
    (PRESENCE, TOLD, TOLD.replace("ENTRY", 'ENTRY if area.role != "academy" else {}')),
    kills="TC-HUB-PLACE-11",
    reason="HUB-PLACE-005",
    ko="학원 도착을 알리지 않는다",
    en="does not tell academy entries",
)
defect(
    "places-no-academy-exits",
    (PRESENCE, EXIT, EXIT.replace(', "academy": "academy_exit"', "")),
    kills="TC-HUB-PLACE-11",
    reason="HUB-PLACE-006",
    ko="학원 출발을 알리지 않는다",
    en="does not tell academy exits",
)
defect(
    "places-outer-antenna-means-left",
    (GATES, "            _pair(ctx, child, stay, reader)\n",
     "            _pair(ctx, child, stay, reader)\n"
     '            if stay.side == "outer" and place is not None and child.where == place.id:\n'
     "                presence.leave(ctx, child, place, first, [obs.cite], (), through_gate=True)\n"),
    kills="TC-HUB-PLACE-04",
    reason="HUB-PLACE-007",
    ko="학교에 있는 어린이가 바깥 안테나에 보이면 하교라고 한다",
    en="says «departed» when a child in school shows at the outer antenna",
)  # fmt: skip
defect(
    "places-arrivals-repeated",
    (
        PRESENCE,
        "    if child.where == area.id:\n        child.inside_at",
        '    if child.where == area.id and area.role != "school":\n        child.inside_at',
    ),
    kills="TC-HUB-PLACE-05",
    reason="HUB-PLACE-008",
    ko="감지될 때마다 등교라고 한다",
    en="says «arrived» at every sighting",
)
defect(
    "places-arrival-once-a-day",
    (PRESENCE, "    _forget_border(child)\n    _note_arrival(ctx, child, area, at)\n",
     '    _forget_border(child)\n    if area.role == "school" and child.arrived_on:\n        return\n    _note_arrival(ctx, child, area, at)\n'),
    kills="TC-HUB-PLACE-06",
    reason="HUB-PLACE-009",
    ko="등교는 하루에 한 번만 알린다",
    en="tells one arrival a day",
)  # fmt: skip
defect(
    "places-every-academy-told",
    (PRESENCE, "or area.id in item.places:", 'or area.role == "academy":'),
    kills="TC-HUB-PLACE-07",
    reason="HUB-PLACE-010",
    ko="다니지 않는 학원도 알린다",
    en="tells academies that are no place of the child",
)
defect(
    "places-any-home-is-home",
    (PRESENCE, "area.id == item.home", 'area.role == "home"'),
    kills="TC-HUB-PLACE-08",
    reason="HUB-PLACE-011",
    ko="남의 집에 들어가도 귀가라고 한다",
    en="says «came home» in anybody's home",
)
defect(
    "places-not-named",
    (NOTICES, 'data["place"] = {"id": area.id,', 'data["place"] = {"id": view.id,'),
    kills="TC-HUB-PLACE-01",
    reason="HUB-PLACE-012",
    ko="알림의 place에 구역의 id를 쓴다",
    en="writes the zone's id into place of a notice",
)
defect(
    "places-forgotten-tag-at-the-gate",
    (GATES, "if ctx.settings.antenna_order:", 'if ctx.settings.antenna_order and stay.side != "inner":'),
    kills="TC-HUB-PLACE-09[at the gate]",
    reason="HUB-PLACE-013",
    ko="안쪽 안테나에 감지될 때마다 들어옴과 나감을 번갈아 말한다",
    en="says in and out by turns at every sighting at the inner antenna",
)
defect(
    "places-forgotten-tag-indoors",
    (PRESENCE, "    if child.where == area.id:\n        child.inside_at",
     "    if child.where == area.id and at < child.inside_at + 30.0:\n        child.inside_at"),
    kills="TC-HUB-PLACE-09[indoors]",
    reason="HUB-PLACE-013",
    ko="30 s 만에 다시 감지되면 다시 들어왔다고 한다",
    en="says «entered» again when seen after 30 s",
)  # fmt: skip
defect(
    "places-homes-not-named",
    (NOTICES, 'data["place"] = {"id": area.id,', 'data["place"] = {"id": view.id if area.role == "home" else area.id,'),
    kills="TC-HUB-PLACE-02", reason="HUB-PLACE-012",
    ko="귀가의 알림에 엉뚱한 장소를 적는다", en="names another place in notices of the home",
)  # fmt: skip
defect(
    "places-academies-not-named",
    (NOTICES, 'data["place"] = {"id": area.id,', 'data["place"] = {"id": view.id if area.role == "academy" else area.id,'),
    kills="TC-HUB-PLACE-03", reason="HUB-PLACE-012",
    ko="학원의 알림에 엉뚱한 장소를 적는다", en="names another place in notices of academies",
)  # fmt: skip
defect(
    "places-forgotten-tag-comes-again",
    (GATES, 'news = child.where == place.id or not _lies_there(ctx, child, stay, is_new)', 'news = True'),
    kills="TC-HUB-PLACE-12", reason="HUB-PLACE-013",
    ko="두고 간 태그의 감지로 등교를 다시 알린다", en="tells an arrival again by a tag that was left behind",
)  # fmt: skip
