"""9.2 and 8.2: stays, passes and fixes."""

from safezone_zoo.mutant import defect

GATES, PHONE, PRESENCE, SETTINGS, REGISTRY = (
    f"safezone_hub.{name}" for name in ("rules.gates", "rules.phone", "presence", "settings", "registry")
)

defect(
    "evidence-antennas-exchanged",
    (GATES, 'reader.id, reader.area, earlier.side == "outer", later.first', 'reader.id, reader.area, earlier.side == "inner", later.first'),
    kills="TC-HUB-EVID-01[3 s apart]",
    reason="HUB-EVID-001",
    ko="바깥에서 안쪽으로 지난 것을 나간 것으로 본다",
    en="takes a pass from outer to inner for one outward",
)  # fmt: skip
defect(
    "evidence-passes-only-inward",
    (GATES, "presence.leave(ctx, child, place, at, gate_pass.cites, flags, through_gate=True)",
     "presence.enter(ctx, child, place, at, gate_pass.cites, flags)"),
    kills="TC-HUB-EVID-01[118 s apart]",
    reason="HUB-EVID-002",
    ko="문을 지나면 언제나 들어온 것으로 본다",
    en="takes every pass for one inward",
)  # fmt: skip
defect(
    "evidence-pairs-an-hour-apart",
    (GATES, "<= ctx.settings.pair_max_s", "<= 3600.0"),
    kills="TC-HUB-EVID-02[in]",
    reason="HUB-EVID-003",
    ko="한 시간 떨어진 머무름도 짝짓는다",
    en="pairs stays an hour apart",
)
defect(
    "evidence-stays-used-again",
    (GATES, "old.used = True", "old.used = False"),
    kills="TC-HUB-EVID-03",
    reason="HUB-EVID-004",
    ko="한 머무름을 여러 통과에 쓴다",
    en="uses a stay for several passes",
)
defect(
    "evidence-order-of-arrival",
    (GATES, "(other, stay) if other.first <= stay.first else (stay, other)", "(other, stay)"),
    kills="TC-HUB-EVID-04[clock right]",
    reason="HUB-EVID-005",
    ko="통과의 방향을 도착 순서로 정한다",
    en="takes the direction of a pass from the order of arrival",
)
defect(
    "evidence-reads-not-corrected",
    (GATES, "    first = parse_time(data.first_at) - obs.offset_s\n    last = max", "    first = parse_time(data.first_at)\n    last = max"),
    kills="TC-HUB-EVID-04[clock 90 s slow]",
    reason="HUB-EVID-005",
    ko="첫 읽음을 리더기의 시계 그대로 쓴다",
    en="takes first reads by the reader's clock as it is",
)  # fmt: skip
defect(
    "evidence-interior-not-first-read",
    (GATES, 'elif reader.position == "interior" and place is not None:', 'elif reader.position == "interior" and place is not None and not is_new:'),
    kills="TC-HUB-EVID-05[school]",
    reason="HUB-EVID-006",
    ko="내부 리더기는 두 번째 메시지부터 믿는다",
    en="believes an interior reader from its second message on",
)  # fmt: skip
defect(
    "evidence-elsewhere-without-margin",
    (PRESENCE, "if area.distance_from_centre(x, y) > area.radius_m + ctx.settings.elsewhere_margin_m:", "if area.distance_from_centre(x, y) > area.radius_m:"),
    kills="TC-HUB-EVID-06[street reader]",
    reason="HUB-EVID-007",
    ko="반경을 조금만 벗어난 리더기도 떠난 것으로 본다",
    en="takes a reader just beyond the radius for elsewhere",
)  # fmt: skip
defect(
    "evidence-gates-tell-passes-only",
    (GATES, "    if is_new:\n        presence.seen_at(", '    if is_new and reader.position != "gate":\n        presence.seen_at('),
    kills="TC-HUB-EVID-06[gate of another place]",
    reason="HUB-EVID-007",
    ko="문의 리더기에 감지된 것은 다른 곳에 있다는 근거로 치지 않는다",
    en="does not take a sighting at a gate for being elsewhere",
)  # fmt: skip
defect(
    "evidence-two-fixes-inside",
    (SETTINGS, 'inside_k: int = int(_EVIDENCE["phone_inside"]["k"])', "inside_k: int = 2"),
    kills="TC-HUB-EVID-07[school]",
    reason="HUB-EVID-008",
    ko="반경 안의 측위 둘로 들어왔다고 한다",
    en="says «entered» upon two fixes within the radius",
)
defect(
    "evidence-two-fixes-outside",
    (SETTINGS, 'outside_k: int = int(_EVIDENCE["phone_outside"]["k"])', "outside_k: int = 2"),
    kills="TC-HUB-EVID-08",
    reason="HUB-EVID-009",
    ko="밖의 측위 둘로 나갔다고 한다",
    en="says «left» upon two fixes outside",
)
defect(
    "evidence-outside-without-slack",
    (
        SETTINGS,
        'outside_slack: float = float(_EVIDENCE["phone_outside"]["slack"])',
        "outside_slack: float = 0.0",
    ),
    kills="TC-HUB-EVID-08",
    reason="HUB-EVID-009",
    ko="나갔는지 볼 때 정확도를 치지 않는다",
    en="leaves accuracy out of account when it judges «left»",
)
defect(
    "evidence-unusable-fix-continues",
    (PHONE, "usable = data.accuracy_m <= ctx.settings.usable_accuracy_m or not gating", "usable = True"),
    kills="TC-HUB-EVID-09[continues]",
    reason="HUB-EVID-010",
    ko="쓸 수 없는 측위를 쓴다",
    en="uses fixes that are not usable",
)
defect(
    "evidence-unusable-fix-breaks",
    (
        PHONE,
        "    if usable and not fix.suspect and any(",
        "    if not usable:\n        child.fixes = []\n    if usable and not fix.suspect and any(",
    ),
    kills="TC-HUB-EVID-09[breaks]",
    reason="HUB-EVID-010",
    ko="쓸 수 없는 측위가 오면 처음부터 다시 센다",
    en="begins anew at a fix that is not usable",
)
defect(
    "evidence-other-gates-ignored",
    (
        GATES,
        "if gate_pass.inward and here is not None and here.id != gate_pass.area:",
        "if False and here is not None:",
    ),
    kills="TC-HUB-EVID-10",
    reason="HUB-EVID-011",
    ko="제 장소가 아닌 곳의 문으로 들어간 것은 떠난 것으로 보지 않는다",
    en="does not take a pass into somebody else's place for having left",
)
defect(
    "evidence-one-fix-outside",
    (
        PHONE,
        "    k = s.outside_k if s.k_of_n else 1\n    run = fixes[-k:]",
        "    k = 1\n    run = fixes[-k:]",
    ),
    kills="TC-HUB-EVID-11[home]",
    reason="HUB-EVID-012",
    ko="밖의 측위 하나로 나갔다고 한다",
    en="says «left» upon one fix outside",
)
defect(
    "evidence-pairs-with-the-later",
    (GATES, "key=lambda s: (s.first > stay.first, abs(", "key=lambda s: (s.first < stay.first, abs("),
    kills="TC-HUB-EVID-12[in]",
    reason="HUB-EVID-013",
    ko="늦게 온 머무름을 앞선 것이 아니라 뒤의 것과 짝짓는다",
    en="pairs a stay that comes late with a later one before an earlier",
)
defect(
    "evidence-pairs-with-the-nearest-only",
    (GATES, "key=lambda s: (s.first > stay.first, abs(", "key=lambda s: (abs("),
    kills="TC-HUB-EVID-12[out]",
    reason="HUB-EVID-013",
    ko="짝을 고를 때 앞뒤를 가리지 않고 가장 가까운 것을 쓴다",
    en="pairs with the nearest stay, earlier or later",
)
defect(
    "evidence-passing-by-remembered",
    (PHONE, "    if maybe is not None and maybe.area == area.id:\n        slack", "    if False and maybe is not None:\n        slack"),
    kills="TC-HUB-EVID-13",
    reason="HUB-EVID-008",
    ko="지나간 뒤에도 앞의 측위를 들어옴의 근거로 둔다",
    en="keeps the fixes of having passed by as evidence of the next entry",
)  # fmt: skip
defect(
    "stays-double-reads-apart",
    (GATES, "gap = ctx.settings.same_stay_gap_s if ctx.settings.debounce else -1.0", "gap = -1.0"),
    kills="TC-HUB-TAG-01",
    reason="HUB-TAG-013",
    ko="두 번 읽힌 것을 두 머무름으로 친다",
    en="takes a double read for two stays",
)
defect(
    "stays-any-antenna-toggles",
    (GATES, "if ctx.settings.antenna_order:", "if not ctx.settings.antenna_order:"),
    kills="TC-HUB-TAG-02[outer]",
    reason="HUB-TAG-014",
    ko="문에서 감지될 때마다 들어옴과 나감을 번갈아 말한다",
    en="says in and out by turns at every sighting at a gate",
)
defect(
    "stays-ends-ignored",
    (GATES, "    data, found = obs.data, ctx.child()\n    if found is None:\n        return\n    child, item = found\n    reader =",
     '    data, found = obs.data, ctx.child()\n    if found is None or data.phase == "end":\n        return\n    child, item = found\n    reader ='),
    kills="TC-HUB-TAG-03[end only]",
    reason="HUB-TAG-015",
    ko="end만 온 머무름은 모른다",
    en="does not know a stay of which only the end came",
)  # fmt: skip
defect(
    "stays-binding-for-ever",
    (REGISTRY, "            if begun and not ended:\n", "            if begun:\n"),
    kills="TC-HUB-TAG-04",
    reason="HUB-TAG-016",
    ko="끝난 묶음도 이어진다고 본다",
    en="takes a binding that ended for one that goes on",
)
defect(
    "stays-binding-from-before",
    (REGISTRY, "begun = binding.from_ is None or parse_time(binding.from_) <= at", "begun = True"),
    kills="TC-HUB-TAG-04",
    reason="HUB-TAG-016",
    ko="묶음의 시작 전 감지도 그 어린이의 것으로 친다",
    en="takes sightings before a binding began for that child's",
)
