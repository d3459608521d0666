"""9.8: route deviation."""

from safezone_zoo.mutant import defect

DEVIATION, SETTINGS, REGISTRY = (
    f"safezone_hub.{name}" for name in ("rules.deviation", "settings", "registry")
)

defect(
    "route-six-fixes",
    (SETTINGS, 'deviation_k: int = int(_EVIDENCE["deviation_fixes"]["k"])', "deviation_k: int = 6"),
    kills="TC-HUB-ROUTE-01[five in a row]",
    reason="HUB-ROUTE-001",
    ko="여섯이 모두 벗어나야 알린다",
    en="tells when all six lie off only",
)
defect(
    "route-five-in-a-row-only",
    (DEVIATION, "[-s.deviation_n :]", "[-5:]"),
    kills="TC-HUB-ROUTE-01[five of six]",
    reason="HUB-ROUTE-001",
    ko="벗어난 측위 다섯이 잇따라야 알린다",
    en="tells upon five in a row only",
)
defect(
    "route-unusable-fixes-break",
    (DEVIATION, "    if fix is None or not fix.usable:\n        return\n",
     "    if fix is None or not fix.usable:\n        child.off_route = []\n        return\n"),
    kills="TC-HUB-ROUTE-01[one of them not usable]",
    reason="HUB-ROUTE-001",
    ko="쓸 수 없는 측위가 오면 처음부터 다시 센다",
    en="begins anew at a fix that is not usable",
)  # fmt: skip
defect(
    "route-widest-corridor-for-all",
    (
        REGISTRY,
        "(view.line(route.line), route.corridor_m)",
        "(view.line(route.line), max(r.corridor_m for r in item.routes))",
    ),
    kills="TC-HUB-ROUTE-07",
    reason="HUB-ROUTE-001",
    ko="모든 길에 가장 넓은 폭을 쓴다",
    en="takes the widest corridor for every route",
)
defect(
    "route-four-suffice",
    (SETTINGS, 'deviation_k: int = int(_EVIDENCE["deviation_fixes"]["k"])', "deviation_k: int = 4"),
    kills="TC-HUB-ROUTE-02[four of six]",
    reason="HUB-ROUTE-002",
    ko="넷이면 알린다",
    en="tells upon four",
)
defect(
    "route-without-accuracy",
    (
        SETTINGS,
        'deviation_slack: float = float(_EVIDENCE["deviation_fixes"]["slack"])',
        "deviation_slack: float = 0.0",
    ),
    kills="TC-HUB-ROUTE-02[within corridor and accuracy]",
    reason="HUB-ROUTE-002",
    ko="정확도를 치지 않는다",
    en="leaves accuracy out of account",
)
defect(
    "route-not-to-guardians",
    (DEVIATION, "        desk=True,\n", "        desk=True,\n        guardians=False,\n"),
    kills="TC-HUB-ROUTE-01[five in a row]",
    reason="HUB-ROUTE-003",
    ko="경로 이탈을 보호자에게 알리지 않는다",
    en="does not tell guardians of deviations",
)
defect(
    "route-first-one-only",
    (DEVIATION, "and all(distance_to_segments(route, fix.x, fix.y) > width + slack for route, width in item.corridors)",
     "and all(distance_to_segments(route, fix.x, fix.y) > width + slack for route, width in item.corridors[:1])"),
    kills="TC-HUB-ROUTE-03",
    reason="HUB-ROUTE-004",
    ko="첫째 길만 본다",
    en="looks at the first route only",
)  # fmt: skip
defect(
    "route-in-places-too",
    (DEVIATION, "        and not any(\n", "        and True or not any(\n"),
    kills="TC-HUB-ROUTE-04[school]",
    reason="HUB-ROUTE-005",
    ko="규칙적 장소 안에서도 이탈이라고 한다",
    en="says «deviation» inside regular places too",
)
defect(
    "route-of-those-without",
    (DEVIATION, "if child.where != presence.WAY or not item.corridors:", "if child.where != presence.WAY:"),
    kills="TC-HUB-ROUTE-05",
    reason="HUB-ROUTE-006",
    ko="길이 등록되지 않은 어린이에게도 이탈이라고 한다",
    en="says «deviation» of children without routes",
)
defect(
    "route-told-at-every-fix",
    (DEVIATION, "    child.deviation_told = True\n", ""),
    kills="TC-HUB-ROUTE-06",
    reason="HUB-ROUTE-007",
    ko="벗어나 있는 동안 거듭 알린다",
    en="tells it again and again while the child is off",
)
defect(
    "route-told-once-for-good",
    (
        DEVIATION,
        "        child.off_route, child.deviation_told = [], False\n        return\n    s =",
        "        child.off_route = []\n        return\n    s =",
    ),
    ("safezone_hub.presence", "    child.deviation_told = False\n", ""),
    kills="TC-HUB-ROUTE-06",
    reason="HUB-ROUTE-007",
    ko="한 번 알린 뒤에는 돌아왔다가 다시 벗어나도 알리지 않는다",
    en="never tells a second deviation",
)
