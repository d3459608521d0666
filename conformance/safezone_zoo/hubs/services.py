"""9.1: what holds for every service."""

from safezone_zoo.mutant import defect

PRESENCE, SETTINGS, DANGER, PHONE, GATES, NOTICES, REGISTRY, DEVIATION = (
    f"safezone_hub.{name}"
    for name in (
        "presence",
        "settings",
        "rules.danger",
        "rules.phone",
        "rules.gates",
        "notices",
        "registry",
        "rules.deviation",
    )
)

defect(
    "services-one-fix-decides",
    (SETTINGS, "k_of_n: bool = True", "k_of_n: bool = False"),
    kills="TC-HUB-SVC-01",
    reason="HUB-SVC-001",
    ko="측위 하나로 판단한다",
    en="judges by one fix",
)
defect(
    "services-arrivals-to-the-desk",
    (
        PRESENCE,
        "            place=place,\n            flags=flags,\n",
        "            place=place,\n            desk=True,\n            flags=flags,\n",
    ),
    kills="TC-HUB-SVC-02[school_arrival]",
    reason="HUB-SVC-002",
    ko="등교를 상황실에도 알린다",
    en="tells the desk of arrivals",
)
defect(
    "services-told-for-each-evidence",
    (DANGER, "    if run.told:\n        return\n    if run.stay_until", "    if run.stay_until"),
    kills="TC-HUB-SVC-03",
    reason="HUB-SVC-003",
    ko="측위와 머무름으로 같은 진입을 두 번 알린다",
    en="tells one entry twice, upon fixes and upon a stay",
)
defect(
    "services-passes-in-order-of-arrival",
    (GATES, "(other, stay) if other.first <= stay.first else (stay, other)", "(other, stay)"),
    kills="TC-HUB-SVC-04[departure]",
    reason="HUB-SVC-004",
    ko="거꾸로 온 통과는 방향을 거꾸로 안다",
    en="takes a pass that came in reverse for the opposite one",
)
defect(
    "services-late-fixes-not-judged",
    (PHONE, "any(f is fix for f in child.fixes)", "child.fixes[-1] is fix"),
    kills="TC-HUB-SVC-05[school_arrival]",
    reason="HUB-SVC-004",
    ko="뒤바뀌어 온 측위는 판단하지 않는다",
    en="does not judge by a fix that comes out of order",
)
defect(
    "services-late-fixes-off-the-route-left-out",
    (
        DEVIATION,
        "    if fix is None or not fix.usable:\n",
        "    if fix is None or not fix.usable or fix is not child.fixes[-1]:\n",
    ),
    kills="TC-HUB-SVC-05[route_deviation]",
    reason="HUB-SVC-004",
    ko="뒤바뀌어 온 측위를 이탈에 치지 않는다",
    en="leaves a fix out of order out of a deviation",
)
defect(
    "services-an-hour-too-early",
    (
        NOTICES,
        'data["event_at"] = format_time(tell.event_at)',
        'data["event_at"] = format_time(tell.event_at - 3600.0)',
    ),
    kills="TC-HUB-SVC-06",
    reason="HUB-SVC-005",
    ko="event_at이 한 시간 이르다",
    en="tells an event_at an hour too early",
)
defect(
    "services-strangers-are-somebodys",
    (REGISTRY, "                return self.children.get(binding.child)\n        return None\n",
     "                return self.children.get(binding.child)\n        return next(iter(self.children.values()), None)\n"),
    kills="TC-HUB-SVC-07",
    reason="HUB-SVC-006",
    ko="모르는 태그를 처음 등록된 어린이의 것으로 친다",
    en="takes an unknown tag for that of the first child",
)  # fmt: skip
defect(
    "services-everybodys-are-the-firsts",
    (
        REGISTRY,
        "                return self.children.get(binding.child)\n",
        "                return next(iter(self.children.values()), None)\n",
    ),
    kills="TC-HUB-SVC-08",
    reason="HUB-SVC-007",
    ko="모든 어린이의 관측을 한 어린이의 것으로 친다",
    en="takes all children's observations for one child's",
)
defect(
    "services-danger-off-the-route",
    (
        DANGER,
        "    inside = area.contains(fix.x, fix.y)\n",
        "    inside = area.contains(fix.x, fix.y) or d_ok > 120.0\n",
    ),
    kills="TC-HUB-SVC-09",
    reason="HUB-SVC-008",
    ko="길에서 먼 곳을 위험지역이라고 한다",
    en="says «danger area» of any place far off the route",
)
defect(
    "services-playgrounds-told",
    (PRESENCE, '"academy": "academy_entry"}', '"academy": "academy_entry", "playground": "academy_entry"}'),
    kills="TC-HUB-SVC-10",
    reason="HUB-SVC-009",
    ko="놀이터도 학원처럼 알린다",
    en="tells playgrounds as academies",
)
defect(
    "services-alerts-of-another-incident",
    (NOTICES, 'data["incident"] = tell.incident', 'data["incident"] = f"x-{tell.incident}"'),
    kills="TC-HUB-SVC-11",
    reason="HUB-SVC-010",
    ko="경보의 incident가 조회되지 않는 id이다",
    en="names an incident that cannot be asked for",
)
defect(
    "services-old-evidence-is-news",
    (PRESENCE, "if at < child.since - slack or _seen_elsewhere_since(ctx, child, area, at + slack):", "if False:"),
    kills="TC-HUB-SVC-12", reason="HUB-SVC-011",
    ko="마지막 변화보다 오래된 들어옴도 알린다", en="tells an entry older than the last change of state",
)  # fmt: skip
defect(
    "services-yesterday-is-news",
    (PRESENCE, '    if at < child.since - slack or _seen_elsewhere_since(ctx, child, area, at + slack):\n', '    if 0 < child.since - at < 3600 or _seen_elsewhere_since(ctx, child, area, at + slack):\n'),
    kills="TC-HUB-SVC-13", reason="HUB-SVC-012",
    ko="어제의 등교를 오늘 알린다", en="tells yesterday's arrival today",
)  # fmt: skip
