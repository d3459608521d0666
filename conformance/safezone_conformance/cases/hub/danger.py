"""9.7: entry into a danger area. The railway: x 400 to 600, y -300 to -150; the way to school runs along y 0."""

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day, Point, in_window
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import Item, Maker, Town, lon_lat

RAILWAY = Town(parts=("danger", "desk"), extra=lambda m: [m.guardian("h1", ["c1"])])
SERVICE = "danger_entry"
NEEDS = ["danger"]
MIDDLE: list[Point] = [(480.0, -225.0), (490.0, -228.0), (500.0, -225.0), (510.0, -222.0)]


def _square(x: float, y: float, half_x: float, half_y: float) -> list[list[float]]:
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    return [lon_lat(x + i * half_x, y + j * half_y) for i, j in corners]


@case(
    "TC-HUB-DANGER-01",
    ko="뚜렷한 측위 넷이면 상황실과 모든 보호자에게 15 s 안에 알린다",
    en="Four clear fixes are told to the desk and every guardian within 15 s",
    verifies=["HUB-DANGER-001", "HUB-DANGER-005"],
    needs=NEEDS,
    town=Town(parts=("danger", "desk"), extra=lambda m: [m.guardian("h1", ["c1"]), m.area("pond", "danger", (300.0, -90.0), 60, danger="stream_bank")]),
    rows={
        "in the middle": {"points": tuple(MIDDLE), "accuracy_m": 10.0, "every_s": 15.0},
        "25 m, 12 m within": {"points": ((480.0, -162.0), (490.0, -162.0), (500.0, -162.0), (510.0, -162.0)), "accuracy_m": 25.0, "every_s": 8.0},
        "45 m from the route": {"points": ((296.0, -46.0), (300.0, -45.0), (304.0, -46.0), (300.0, -46.0)), "accuracy_m": 20.0, "every_s": 10.0},
    },
    steps=[("p1이 위험지역 안의, 등록된 길과 규칙적 장소에서 40 m 넘게 떨어진 측위 넷을 20 s 넘는 동안의 것으로 보낸다",
            "p1 sends four fixes in the danger area, over more than 20 s, more than 40 m from every registered route and regular place")],
    criteria=[("넷째 뒤 15 s 안에 상황실과 두 보호자에게 알리고 event_at은 창 안이다",
               "the desk and both guardians are told within 15 s of the fourth, with event_at in the window")],
)  # fmt: skip
def four_fixes(t: HubBench, points: tuple[Point, ...], accuracy_m: float, every_s: float) -> None:
    times = [t.now() - every_s * n for n in (3, 2, 1, 0)]
    sent = [
        t.located("p1", x, y, at, accuracy_m=accuracy_m) for (x, y), at in zip(points, times, strict=True)
    ]
    limit = t.limit(SERVICE)
    within = sent[-1].t - sent[0].t + limit
    alert = t.expect_alert("HUB-DANGER-001", SERVICE, child="c1", since=sent[0], within=within)
    t.check(
        "HUB-DANGER-005",
        alert.t - sent[-1].t <= limit,
        "the alert in time",
        f"{alert.t - sent[-1].t:.2f} s",
        within=limit,
        seen=alert,
    )
    t.check(
        "HUB-DANGER-001",
        in_window(alert, times[0], times[-1]),
        "event_at in the window",
        alert.data["event_at"],
        seen=alert,
    )
    for guardian in ("g1", "h1"):
        t.expect_notice("HUB-DANGER-005", guardian, SERVICE, child="c1", since=sent[0], within=within)


@case(
    "TC-HUB-DANGER-02",
    ko="그런 측위가 셋보다 적으면 알리지 않는다",
    en="Fewer than three such fixes tell nothing",
    verifies=["HUB-DANGER-002"],
    needs=NEEDS,
    town=RAILWAY,
    steps=[
        ("p1이 철길 가운데의 측위 둘을 25 s 간격으로 보낸다", "p1 sends two fixes in the middle of the railway, 25 s apart"),
        ("둘을 더 보낸다", "two more are sent"),
    ],
    criteria=[("둘에는 알리지 않고 넷까지에는 알린다", "nothing is told upon two; it is by the fourth")],
)  # fmt: skip
def two_fixes(t: HubBench) -> None:
    day = Day(t)
    two = day.walks("p1", MIDDLE[:2], day.start - 75, 25.0)
    day.not_told("HUB-DANGER-002", "nothing upon two fixes", SERVICE, since=two[0])
    more = day.walks("p1", MIDDLE[2:], day.start - 20, 25.0)
    day.alerted("HUB-DANGER-002", SERVICE, "c1", since=more[0])


@case(
    "TC-HUB-DANGER-03",
    ko="위험지역의 내부 리더기에서 20 s 이상 머무르면 알린다",
    en="A stay of 20 s or more at a reader interior to the danger area is told",
    verifies=["HUB-DANGER-003"],
    needs=NEEDS,
    town=RAILWAY,
    rows={"start and end": {"phases": ("start", "end")}, "end only": {"phases": ("end",)}},
    steps=[
        ("철길의 내부 리더기가 8 s의 머무름을 알린다", "the interior reader of the railway reports a stay of 8 s"),
        ("100 s 뒤의 25 s의 머무름을 알린다", "100 s later one of 25 s"),
    ],
    criteria=[("8 s에는 알리지 않고 25 s에는 상황실과 보호자에게 알린다", "nothing is told upon 8 s; upon 25 s desk and guardians are")],
)  # fmt: skip
def stay(t: HubBench, phases: tuple[str, ...]) -> None:
    day = Day(t)
    begin = day.start - 150
    brief = [
        day.sighted("ir", "a", "t1", begin, begin + (8 if p == "end" else 0), phase=p, stay="brief")
        for p in phases
    ]
    day.not_told("HUB-DANGER-003", "nothing upon a stay of 8 s", SERVICE, since=brief[0])
    begin = day.start - 30
    stayed = [
        day.sighted(
            "ir", "a", "t1", begin, begin + (25 if p == "end" else 0), phase=p, stay="long", reads=1 + 20 * n
        )
        for n, p in enumerate(phases)
    ]
    day.alerted("HUB-DANGER-003", SERVICE, "c1", since=stayed[0])
    day.told("HUB-DANGER-003", "g1", SERVICE, "c1", since=stayed[0])


@case(
    "TC-HUB-DANGER-04",
    ko="위험지역에 닿는 등록된 길을 따라 지나가는 것은 알리지 않는다",
    en="Passing along a registered route that touches a danger area is not told",
    verifies=["HUB-DANGER-004"],
    needs=NEEDS,
    town=Town(
        children=2, parts=("danger", "desk"),
        extra=lambda m: [m.area("crossing", "danger", (300.0, 0.0), 70, danger="railway"), m.child(2, routes=[])],
    ),
    before=[("c1의 길이 위험지역 crossing의 한가운데를 지난다. c2의 길은 등록되어 있지 않다",
             "the route of c1 leads through the middle of the danger area crossing; c2 has no registered route")],
    steps=[
        ("p1이 길을 따라 crossing을 지나는 측위 여섯을 보낸다", "p1 sends six fixes along the route through crossing"),
        ("p2가 같은 측위를 보낸다", "p2 sends the same fixes"),
    ],
    criteria=[("c1은 알리지 않고 c2는 알린다", "nothing is told of c1; it is of c2")],
)  # fmt: skip
def along_the_route(t: HubBench) -> None:
    day = Day(t)
    points = [(250.0 + 20 * n, 4.0 if n % 2 else -4.0) for n in range(6)]
    first = day.walks("p1", points, day.start, 15.0)
    other = day.walks("p2", points, day.start, 15.0)
    day.alerted("HUB-DANGER-004", SERVICE, "c2", since=other[0])
    day.not_told("HUB-DANGER-004", "nothing of the child on its route", SERVICE, since=first[0], child="c1")


@case(
    "TC-HUB-DANGER-05",
    ko="같은 위험지역에 있는 동안 한 번만 알리고, 나갔다가 다시 들어가면 새로 알린다",
    en="It is told once while the child stays in the danger area, and anew when it left and enters again",
    verifies=["HUB-DANGER-006", "HUB-DANGER-009"],
    needs=NEEDS,
    town=RAILWAY,
    steps=[
        ("p1이 철길 안의 측위 열을 15 s 간격으로 보낸다", "p1 sends ten fixes in the railway, 15 s apart"),
        ("100 m 넘게 밖의 측위 다섯을 보낸다", "five fixes more than 100 m outside"),
        ("다시 철길 안의 측위 넷을 보낸다", "again four in the railway"),
    ],
    criteria=[("들어갈 때마다 한 번씩, 두 번 알린다", "it is told twice, once for each entry")],
)  # fmt: skip
def once(t: HubBench) -> None:
    day = Day(t)
    first = day.walks("p1", MIDDLE, day.start - 270, 15.0)
    day.alerted("HUB-DANGER-006", SERVICE, "c1", since=first[0])
    inside = day.walks("p1", [*MIDDLE, *MIDDLE[:2]], day.start - 180, 15.0)
    day.not_told("HUB-DANGER-006", "told once while inside", SERVICE, since=inside[0], to="desk/d112")
    day.walks("p1", [(500.0, -410.0)] * 5, day.start - 70, 10.0)
    again = day.walks("p1", MIDDLE, day.start, 10.0)
    day.alerted("HUB-DANGER-009", SERVICE, "c1", since=again[0])


def _ring_and_circle(m: Maker) -> list[Item]:
    return [
        m.area(
            "long", "danger", (200.0, -250.0), 20, danger="railway", ring=_square(200.0, -250.0, 120.0, 40.0)
        ),
        m.area("pond", "danger", (800.0, -250.0), 60, danger="stream_bank"),
    ]


@case(
    "TC-HUB-DANGER-06",
    ko="위험지역의 경계는 ring이 있으면 ring, 없으면 center와 radius_m의 원이다",
    en="The border of a danger area is its ring if it has one, else the circle",
    verifies=["HUB-DANGER-007"],
    needs=NEEDS,
    town=Town(parts=("danger", "desk"), extra=_ring_and_circle),
    before=[("long의 고리는 반경 20 m의 원보다 길어 양쪽으로 120 m까지 뻗고, pond는 고리 없이 반경 60 m이다. 철길 rail의 원은 고리보다 넓다",
             "the ring of long reaches 120 m to both sides, beyond its circle of 20 m; pond has no ring and a radius of 60 m; the circle of the railway is wider than its ring")],
    rows={
        "in the ring, outside the circle": {"x": 290.0, "y": -250.0, "inside": True},
        "in the circle, no ring": {"x": 780.0, "y": -265.0, "inside": True},
        "in the circle, outside the ring": {"x": 500.0, "y": -338.0, "inside": False},
        "outside the circle, no ring": {"x": 885.0, "y": -250.0, "inside": False},
    },
    steps=[("p1이 그 곳의 정확도 8 m의 측위 여덟을 10 s 간격으로 보낸다", "p1 sends eight fixes of accuracy 8 m there, 10 s apart")],
    criteria=[("경계의 안이면 알리고 밖이면 알리지 않는다", "it is told inside the border and not outside")],
)  # fmt: skip
def border(t: HubBench, x: float, y: float, inside: bool) -> None:
    day = Day(t)
    sent = day.walks("p1", [(x + n % 3, y) for n in range(8)], day.start - 60, 10.0, accuracy_m=8.0)
    if inside:
        day.alerted("HUB-DANGER-007", SERVICE, "c1", since=sent[0])
    else:
        day.not_told("HUB-DANGER-007", "nothing outside the border", SERVICE, since=sent[0])
        control = day.walks("p1", [(780.0, -265.0)] * 4 if x > 700 else MIDDLE, day.start + 10, 10.0)
        day.alerted("HUB-DANGER-007", SERVICE, "c1", since=control[0])


@case(
    "TC-HUB-DANGER-09",
    ko="다른 곳의 리더기에 감지된 어린이는 위험지역을 떠난 것이고, 다시 머무르면 새로 알린다",
    en="A child seen at a reader elsewhere has left the danger area; another stay there is told anew",
    verifies=["HUB-DANGER-009"],
    needs=NEEDS,
    town=Town(parts=("danger", "desk", "pole"), extra=lambda m: [m.guardian("h1", ["c1"])]),
    steps=[
        ("철길의 내부 리더기가 25 s의 머무름을 알린다", "the interior reader of the railway reports a stay of 25 s"),
        ("철길에서 150 m 떨어진 거리의 리더기 pole이 t1을 감지한다", "the street reader pole, 150 m from the railway, sees t1"),
        ("내부 리더기가 다시 25 s의 머무름을 알린다", "the interior reader reports another stay of 25 s"),
    ],
    criteria=[("머무름마다 한 번씩, 두 번 알린다", "it is told twice, once for each stay")],
)  # fmt: skip
def left_and_back(t: HubBench) -> None:
    day = Day(t)
    for began, stay in ((day.start - 240, "one"), (day.start - 40, "two")):
        stayed = day.sighted("ir", "a", "t1", began, began + 25, phase="end", stay=stay, reads=20)
        day.alerted("HUB-DANGER-009", SERVICE, "c1", since=stayed)
        if stay == "one":
            day.sighted("pole", "a", "t1", began + 100, began + 101)


@case(
    "TC-HUB-DANGER-08",
    ko="경계 밖의 측위는 아무리 많아도 안의 것으로 치지 않는다",
    en="Fixes outside the border never count as inside, however many they are",
    verifies=["HUB-DANGER-002", "HUB-DANGER-007"],
    needs=NEEDS,
    town=Town(parts=("danger", "desk"), extra=_ring_and_circle),
    before=[("철길 rail의 원은 고리보다 넓다. pond는 고리 없이 반경 60 m이다",
             "the circle of the railway is wider than its ring; pond has no ring and a radius of 60 m")],
    rows={
        "in the circle of a ring": {"outside": (500.0, -335.0), "inside": MIDDLE},
        "beside a circle": {"outside": (885.0, -250.0), "inside": [(800.0, -250.0), (805.0, -252.0), (797.0, -250.0), (803.0, -247.0)]},
    },
    steps=[
        ("p1이 경계에서 25 m 밖의 정확도 8 m의 측위 여덟을 10 s 간격으로, 이어 안의 것 둘을 보낸다",
         "p1 sends eight fixes of accuracy 8 m, 25 m or more outside the border, 10 s apart, and then two inside"),
        ("안의 것 둘을 더 보낸다", "two more inside are sent"),
    ],
    criteria=[("안의 둘까지는 알리지 않고 넷까지에는 알린다", "nothing is told by the second inside; it is by the fourth")],
)  # fmt: skip
def outside_then_inside(t: HubBench, outside: Point, inside: list[Point]) -> None:
    day = Day(t)
    x, y = outside
    sent = day.walks("p1", [(x + n % 3, y) for n in range(8)], day.start - 100, 10.0, accuracy_m=8.0)
    day.walks("p1", inside[:2], day.start - 75, 15.0, accuracy_m=8.0)
    day.not_told("HUB-DANGER-002", "nothing upon two fixes inside", SERVICE, since=sent[0])
    more = day.walks("p1", inside[2:], day.start - 35, 15.0, accuracy_m=8.0)
    day.alerted("HUB-DANGER-007", SERVICE, "c1", since=more[0])


@case(
    "TC-HUB-DANGER-07",
    ko="거칠거나 경계에 가까운 측위라도 안에 있고 떨어진 여덟이면 알린다",
    en="Coarse fixes, or fixes near the border, are told after eight that lie inside and clear",
    verifies=["HUB-DANGER-008"],
    needs=NEEDS,
    town=RAILWAY,
    rows={
        "80 m, in the middle": {"y": -225.0, "accuracy_m": 80.0},
        "15 m, 3 m within": {"y": -153.0, "accuracy_m": 15.0},
        "90 m, 6 m within": {"y": -156.0, "accuracy_m": 90.0},
    },
    steps=[("p1이 철길 안의 그러한 측위 여덟을 15 s 간격으로 보낸다", "p1 sends eight such fixes in the railway, 15 s apart")],
    criteria=[("여덟째까지는 상황실과 보호자에게 알린다", "by the eighth desk and guardian are told")],
)  # fmt: skip
def eight_fixes(t: HubBench, y: float, accuracy_m: float) -> None:
    day = Day(t)
    sent = day.walks("p1", [(480.0 + 5 * n, y) for n in range(8)], day.start, 15.0, accuracy_m=accuracy_m)
    day.alerted("HUB-DANGER-008", SERVICE, "c1", since=sent[0])
    day.told("HUB-DANGER-008", "g1", SERVICE, "c1", since=sent[0])
