"""9.7: danger areas."""

from safezone_zoo.mutant import defect

DANGER, SETTINGS, REGISTRY = (f"safezone_hub.{name}" for name in ("rules.danger", "settings", "registry"))

defect(
    "danger-needs-six-fixes",
    (SETTINGS, "danger_threshold: float = 6.0", "danger_threshold: float = 14.0"),
    kills="TC-HUB-DANGER-01[in the middle]",
    reason="HUB-DANGER-001",
    ko="뚜렷한 측위도 여섯이 있어야 알린다",
    en="tells upon six clear fixes only",
)
defect(
    "danger-two-fixes-suffice",
    (SETTINGS, "danger_threshold: float = 6.0", "danger_threshold: float = 4.0"),
    kills="TC-HUB-DANGER-02",
    reason="HUB-DANGER-002",
    ko="측위 둘로 알린다",
    en="tells upon two fixes",
)
defect(
    "danger-stay-of-a-minute",
    (
        SETTINGS,
        'danger_dwell_s: float = float(_EVIDENCE["danger_stay"]["stay_min_s"])',
        "danger_dwell_s: float = 60.0",
    ),
    kills="TC-HUB-DANGER-03[end only]",
    reason="HUB-DANGER-003",
    ko="내부 리더기에서 1분을 머물러야 알린다",
    en="tells a stay of a minute only",
)
defect(
    "danger-any-stay",
    (DANGER, "need = s.danger_dwell_s if s.dwell else 0.0", "need = 5.0"),
    kills="TC-HUB-DANGER-03[start and end]",
    reason="HUB-DANGER-003",
    ko="5 s만 머물러도 알린다",
    en="tells a stay of 5 s",
)
defect(
    "danger-late-start-takes-no-end",
    (DANGER, "max(ctx.now + LATE_END_S, run.stay_from + need)", "max(ctx.now, run.stay_from + need)"),
    kills="TC-HUB-DANGER-03[start and end]",
    reason="HUB-DANGER-003",
    ko="늦게 온 start에는 그 뒤의 end를 기다리지 않고 알린다",
    en="tells upon a start that came late, without regard to the end right behind it",
)
defect(
    "danger-on-the-way-to-school",
    (DANGER, "nearest = item.distance_to_routes(x, y)", 'nearest = float("inf")'),
    kills="TC-HUB-DANGER-04",
    reason="HUB-DANGER-004",
    ko="등록된 길 위라도 위험지역이라고 한다",
    en="says «danger area» on a registered route too",
)
defect(
    "danger-not-to-guardians",
    (DANGER, "        desk=True,\n", "        desk=True,\n        guardians=False,\n"),
    kills="TC-HUB-DANGER-01[45 m from the route]",
    reason="HUB-DANGER-005",
    ko="위험지역 진입을 보호자에게 알리지 않는다",
    en="does not tell guardians of danger areas",
)
defect(
    "danger-told-again-and-again",
    (DANGER, "        run.told = True\n        position", "        run.score = 0.0\n        position"),
    kills="TC-HUB-DANGER-05",
    reason="HUB-DANGER-006",
    ko="위험지역에 있는 동안 거듭 알린다",
    en="tells it again and again while the child is there",
)
defect(
    "danger-circle-before-ring",
    (REGISTRY, "        if self.ring:\n            return inside_ring(self.ring, x, y)\n", ""),
    kills="TC-HUB-DANGER-06[in the ring, outside the circle]",
    reason="HUB-DANGER-007",
    ko="고리가 있어도 원으로 가른다",
    en="judges by the circle where there is a ring",
)
defect(
    "danger-left-is-not-known",
    (DANGER, "if _distance_outside(area, x, y) > ctx.settings.elsewhere_margin_m and", "if _distance_outside(area, x, y) < ctx.settings.elsewhere_margin_m and"),
    kills="TC-HUB-DANGER-09",
    reason="HUB-DANGER-009",
    ko="다른 곳의 리더기에 감지되어도 아직 위험지역에 있다고 본다",
    en="takes a child seen elsewhere to be in the danger area still",
)  # fmt: skip
defect(
    "danger-outside-by-the-circle",
    (
        DANGER,
        "    if area.ring:\n        return distance_to_segments(area.edge, x, y)\n    return max(0.0, area.distance_from_centre",
        "    return max(0.0, area.distance_from_centre",
    ),
    kills="TC-HUB-DANGER-08[in the circle of a ring]",
    reason="HUB-DANGER-002",
    ko="고리 밖이라도 원 안의 측위는 안에 든 것처럼 친다",
    en="counts fixes outside the ring, but within the circle, towards an entry",
)
defect(
    "danger-near-is-inside",
    (DANGER, "depth = _depth(area, fix.x, fix.y) if inside else -d_area", "depth = _depth(area, fix.x, fix.y) if inside else 0.0"),
    kills="TC-HUB-DANGER-08[beside a circle]",
    reason="HUB-DANGER-002",
    ko="위험지역 곁의 측위를 경계 위의 것으로 친다",
    en="takes fixes beside a danger area for fixes on its border",
)  # fmt: skip
defect(
    "danger-edge-counts-little",
    (DANGER, "EDGE_SCORE = 0.8", "EDGE_SCORE = 0.2"),
    kills="TC-HUB-DANGER-07[15 m, 3 m within]",
    reason="HUB-DANGER-008",
    ko="경계 가까이의 측위는 여덟이어도 알리지 않는다",
    en="does not tell upon eight fixes near the border",
)
