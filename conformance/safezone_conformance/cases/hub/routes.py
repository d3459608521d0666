"""9.8: route deviation. The way of c1 to school runs along y 0, its corridor is 30 m to each side."""

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day, Point, in_window
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import ACADEMY, SCHOOL, Item, Maker, Town

SERVICE = "route_deviation"
NEEDS = ["danger"]
STREETS = Town(parts=("desk",), extra=lambda m: [m.guardian("h1", ["c1"])])
BEFORE = [("c1은 집의 문을 나섰다", "c1 has left home through its gate")]
# With accuracy 10 m: 60 m off the line is off the route, 20 m is on it. Both are a walk of 30 s apart.
OFF, ON = 60.0, 20.0


def line(*offsets: float, begin: float = 150.0) -> list[Point]:
    """Fixes 30 m apart along the way, so far off it."""
    return [(begin + 30.0 * n, y) for n, y in enumerate(offsets)]


@case(
    "TC-HUB-ROUTE-01",
    ko="연달은 쓸 수 있는 측위 여섯 가운데 다섯이 벗어나면 상황실과 모든 보호자에게 15 s 안에 알린다",
    en="When 5 of 6 successive usable fixes lie off, it is told to the desk and every guardian within 15 s",
    verifies=["HUB-ROUTE-001", "HUB-ROUTE-003"],
    needs=NEEDS,
    town=STREETS,
    before=BEFORE,
    rows={
        "five in a row": {"offsets": (OFF,) * 5},
        "five of six": {"offsets": (OFF, OFF, ON, OFF, OFF, OFF)},
        "one of them not usable": {"offsets": (OFF, OFF, OFF, 0.0, OFF, OFF)},
    },
    steps=[("p1이 30 s 간격의 측위를 길에서 60 m(하나는 20 m) 떨어진 곳에서 보낸다. 정확도는 10 m이고, 쓸 수 없는 것은 150 m이다",
            "p1 sends fixes 30 s apart, 60 m off the route (one of them 20 m); accuracy is 10 m, of the one that is not usable 150 m")],
    criteria=[("다섯째의 벗어난 측위 뒤 15 s 안에 상황실과 두 보호자에게 알리고 event_at은 창 안이다",
               "within 15 s of the fifth that lies off the desk and both guardians are told, with event_at in the window")],
)  # fmt: skip
def five_of_six(t: HubBench, offsets: tuple[float, ...]) -> None:
    day = Day(t)
    day.on_the_way(at=day.start - 290)
    last = day.start - 5
    times = [last - 30.0 * n for n in reversed(range(len(offsets)))]
    sent = [
        day.walks("p1", [point], at, accuracy_m=10.0 if point[1] else 150.0)[0]
        for point, at in zip(line(*offsets), times, strict=True)
    ]
    alert = day.alerted("HUB-ROUTE-001", SERVICE, "c1", since=sent[0])
    t.check(
        "HUB-ROUTE-001",
        in_window(alert, times[0], times[-1]),
        "event_at in the window",
        alert.data["event_at"],
        seen=alert,
    )
    for guardian in ("g1", "h1"):
        day.told("HUB-ROUTE-003", guardian, SERVICE, "c1", since=sent[0])
    limit = t.limit(SERVICE)
    t.check(
        "HUB-ROUTE-003",
        alert.t - sent[-1].t <= limit,
        "the alert in time",
        f"{alert.t - sent[-1].t:.2f} s",
        within=limit,
        seen=alert,
    )


@case(
    "TC-HUB-ROUTE-02",
    ko="벗어난 측위가 그보다 적으면 알리지 않는다",
    en="Fewer such fixes tell nothing",
    verifies=["HUB-ROUTE-002"],
    needs=NEEDS,
    town=STREETS,
    before=BEFORE,
    rows={
        "four": {"offsets": (OFF,) * 4, "accuracy_m": 10.0},
        "four of six": {"offsets": (OFF, OFF, ON, ON, OFF, OFF), "accuracy_m": 10.0},
        "within corridor and accuracy": {"offsets": (OFF,) * 6, "accuracy_m": 40.0},
    },
    steps=[
        ("p1이 그러한 측위를 30 s 간격으로 보낸다", "p1 sends such fixes 30 s apart"),
        ("이어서 길에서 75 m, 정확도 10 m의 측위 다섯을 보낸다", "then five fixes 75 m off the route, of accuracy 10 m"),
    ],
    criteria=[("앞의 것에는 알리지 않고, 다섯에는 알린다", "nothing is told upon the first; upon the five it is")],
)  # fmt: skip
def fewer(t: HubBench, offsets: tuple[float, ...], accuracy_m: float) -> None:
    day = Day(t)
    day.on_the_way(at=day.start - 295)
    few = day.walks("p1", line(*offsets), day.start - 110, accuracy_m=accuracy_m)
    day.not_told("HUB-ROUTE-002", "nothing upon these", SERVICE, since=few[0])
    more = day.walks("p1", line(*(75.0,) * 5, begin=350.0), day.start + 10, 20.0)
    day.alerted("HUB-ROUTE-002", SERVICE, "c1", since=more[0])


def _two_routes(m: Maker) -> list[Item]:
    detour: list[Point] = [(0.0, 0.0), (0.0, 200.0), (1000.0, 200.0), SCHOOL]
    straight: list[Point] = [(0.0, 0.0), SCHOOL]
    return [
        m.child(
            1, routes=[m.route("r1", straight, "home1", "school"), m.route("r2", detour, "home1", "school")]
        ),
        m.child(2, routes=[m.route("r1", straight, "home2", "school")]),
    ]


@case(
    "TC-HUB-ROUTE-03",
    ko="어느 하나의 등록된 길의 폭 안에 있으면 이탈이 아니다",
    en="Within the corridor of any registered route there is no deviation",
    verifies=["HUB-ROUTE-004"],
    needs=NEEDS,
    town=Town(children=2, parts=("desk",), extra=_two_routes),
    before=[("c1에게는 y 200을 지나는 둘째 길 r2가 있고 c2에게는 없다. 둘은 집을 나섰다", "c1 has a second route r2 along y 200, c2 has not; both have left home")],
    steps=[("p1과 p2가 y 200을 따라가는 측위 여섯을 30 s 간격으로 보낸다", "p1 and p2 send six fixes along y 200, 30 s apart")],
    criteria=[("c1은 알리지 않고 c2는 알린다", "nothing is told of c1; it is of c2")],
)  # fmt: skip
def another_route(t: HubBench) -> None:
    day = Day(t)
    left = [day.passes(f"gh{n}", f"t{n}", False, day.start - 295) for n in (1, 2)]
    for n in (1, 2):
        day.settled(f"g{n}", "home_exit", f"c{n}", since=left[n - 1])
    points = line(*(200.0, 215.0, 190.0, 205.0, 200.0, 195.0), begin=300.0)
    first = day.walks("p1", points, day.start)
    other = day.walks("p2", points, day.start)
    day.alerted("HUB-ROUTE-004", SERVICE, "c2", since=other[0])
    day.not_told(
        "HUB-ROUTE-004",
        "nothing within the corridor of the second route",
        SERVICE,
        since=first[0],
        child="c1",
    )


@case(
    "TC-HUB-ROUTE-04",
    ko="집, 학교, 어린이의 장소 안에서는 이탈이 아니다",
    en="Inside home, school or the child's places there is no deviation",
    verifies=["HUB-ROUTE-005"],
    needs=NEEDS,
    town=Town(children=2, parts=("school", "academy", "desk"), extra=lambda m: [m.child(2, places=[])]),
    before=[("학원은 길에서 400 m 떨어진 c1의 장소이고 c2의 장소가 아니다. 둘은 집을 나섰다", "the academy, 400 m off the route, is a place of c1 and not of c2; both have left home")],
    rows={
        "an academy": {"at": ACADEMY, "control": "same"},
        "school": {"at": (1000.0, 85.0), "control": "none"},
        "home": {"at": (-44.0, 0.0), "control": "none"},
    },
    steps=[
        ("p1이 그 장소 안의 정확도 5 m의 측위 여섯을 20 s 간격으로 보낸다", "p1 sends six fixes of accuracy 5 m inside the place, 20 s apart"),
        ("학원이면 p2가 같은 측위를 보내고, 아니면 p1이 나중에 길에서 80 m 떨어진 측위 다섯을 보낸다",
         "for the academy p2 sends the same fixes; else p1 later sends five fixes 80 m off the route"),
    ],
    criteria=[("장소 안의 c1은 알리지 않고, 나머지는 알린다", "nothing is told of c1 inside the place; upon the others it is")],
)  # fmt: skip
def in_a_place(t: HubBench, at: Point, control: str) -> None:
    day = Day(t)
    left = [day.passes(f"gh{n}", f"t{n}", False, day.start - 295) for n in (1, 2)]
    for n in (1, 2):
        day.settled(f"g{n}", "home_exit", f"c{n}", since=left[n - 1])
    inside = day.walks("p1", [at] * 6, day.start - 100, 20.0, accuracy_m=5.0)
    if control == "same":
        other = day.walks("p2", [at] * 6, day.start - 100, 20.0, accuracy_m=5.0)
        day.alerted("HUB-ROUTE-005", SERVICE, "c2", since=other[0])
        day.not_told(
            "HUB-ROUTE-005", "nothing inside a place of the child", SERVICE, since=inside[0], child="c1"
        )
        return
    day.not_told("HUB-ROUTE-005", "nothing inside a regular place", SERVICE, since=inside[0], child="c1")
    off = (at[0] - 110.0 if at[0] > 0 else 60.0, 80.0)
    later = day.walks("p1", [off] * 6, day.start + 15, 10.0, accuracy_m=5.0)
    day.alerted("HUB-ROUTE-005", SERVICE, "c1", since=later[0])


@case(
    "TC-HUB-ROUTE-05",
    ko="등록된 길이 없는 어린이는 이탈을 알리지 않는다",
    en="It is not told of a child without registered routes",
    verifies=["HUB-ROUTE-006"],
    needs=NEEDS,
    town=Town(children=2, parts=("desk",), extra=lambda m: [m.child(2, routes=[])]),
    before=[("c2에게는 등록된 길이 없다. 둘은 집을 나섰다", "c2 has no registered route; both have left home")],
    steps=[("p1과 p2가 길에서 먼 측위 여섯을 30 s 간격으로 보낸다", "p1 and p2 send six fixes far off, 30 s apart")],
    criteria=[("c1은 알리고 c2는 알리지 않는다", "it is told of c1 and not of c2")],
)  # fmt: skip
def no_routes(t: HubBench) -> None:
    day = Day(t)
    left = [day.passes(f"gh{n}", f"t{n}", False, day.start - 295) for n in (1, 2)]
    for n in (1, 2):
        day.settled(f"g{n}", "home_exit", f"c{n}", since=left[n - 1])
    points = line(*(180.0,) * 6)
    other = day.walks("p2", points, day.start)
    first = day.walks("p1", points, day.start)
    day.alerted("HUB-ROUTE-006", SERVICE, "c1", since=first[0])
    day.not_told("HUB-ROUTE-006", "nothing of the child without routes", SERVICE, since=other[0], child="c2")


@case(
    "TC-HUB-ROUTE-06",
    ko="한 번의 이탈은, 길이나 규칙적 장소로 돌아올 때까지 한 번만 알린다",
    en="One deviation is told once until the child is back on a route or in a regular place",
    verifies=["HUB-ROUTE-007"],
    needs=NEEDS,
    town=STREETS,
    before=BEFORE,
    steps=[
        ("p1이 길에서 60 m 떨어진 측위 열둘을 20 s 간격으로 보낸다", "p1 sends twelve fixes 60 m off the route, 20 s apart"),
        ("c1이 집의 문을 들어가고, 2분 뒤 나온다", "c1 goes in through the gate of its home, and out two minutes later"),
        ("p1이 길에서 60 m 떨어진 측위 다섯을 다시 보낸다", "p1 again sends five fixes 60 m off the route"),
    ],
    criteria=[("앞의 열둘에 한 번, 뒤의 다섯에 한 번 알린다", "it is told once upon the twelve, and once upon the five")],
)  # fmt: skip
def told_once(t: HubBench) -> None:
    day = Day(t)
    day.on_the_way(at=day.start - 295)
    first = day.walks("p1", line(*(OFF,) * 6), day.start - 180, 20.0)
    day.alerted("HUB-ROUTE-007", SERVICE, "c1", since=first[0])
    more = day.walks("p1", line(*(OFF,) * 6, begin=330.0), day.start - 60, 20.0)
    day.not_told("HUB-ROUTE-007", "told once while off the route", SERVICE, since=more[0], to="desk/d112")
    back = day.passes("gh1", "t1", True, day.start - 20)
    day.settled("g1", "home_entry", "c1", since=back)
    day.waits(120)
    out = day.passes("gh1", "t1", False, day.now)
    day.settled("g1", "home_exit", "c1", since=out)
    day.waits(160)
    again = day.walks("p1", line(*(OFF,) * 5, begin=90.0), day.now, 20.0)
    day.alerted("HUB-ROUTE-007", SERVICE, "c1", since=again[0])


def _wide_elsewhere(m: Maker) -> list[Item]:
    straight: list[Point] = [(0.0, 0.0), SCHOOL]
    around: list[Point] = [(0.0, 0.0), (0.0, 900.0), (1000.0, 900.0), SCHOOL]
    return [
        m.child(
            1,
            routes=[
                m.route("r1", straight, "home1", "school"),
                m.route("r2", around, "home1", "school", corridor_m=140),
            ],
        )
    ]


@case(
    "TC-HUB-ROUTE-07",
    ko="길마다 제 폭으로 가른다",
    en="Each route is judged by its own corridor",
    verifies=["HUB-ROUTE-001"],
    needs=NEEDS,
    town=Town(parts=("desk",), extra=_wide_elsewhere),
    before=[*BEFORE, ("c1의 길 r1은 폭이 30 m이고, 멀리 돌아가는 r2는 140 m이다", "the route r1 of c1 has a corridor of 30 m, r2, which leads far around, one of 140 m")],
    steps=[("p1이 r1에서 60 m, r2에서 300 m 넘게 떨어진 측위 다섯을 보낸다", "p1 sends five fixes 60 m off r1 and more than 300 m off r2")],
    criteria=[("상황실에 알린다", "the desk is told")],
)  # fmt: skip
def own_corridor(t: HubBench) -> None:
    day = Day(t)
    day.on_the_way(at=day.start - 290)
    off = day.walks("p1", line(*(OFF,) * 5, begin=400.0), day.start - 5)
    day.alerted("HUB-ROUTE-001", SERVICE, "c1", since=off[0])
