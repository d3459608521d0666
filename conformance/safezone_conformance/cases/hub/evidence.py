"""9.2 and 8.2: what is evidence of coming and going, and what is not."""

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day, clear_s
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import Item, Maker, Town
from safezone_conformance.wire import iso, unix

AT_SCHOOL = Town(parts=("school",))
SCHOOL_DAY = Town(parts=("school", "pole"))
NO_EXIT = ("school_departure",)
NO_ENTRY = ("school_arrival",)


@case(
    "TC-HUB-EVID-01",
    ko="바깥·안쪽 순서의 두 머무름은 들어가는 통과, 안쪽·바깥 순서는 나가는 통과이다",
    en="Two stays outer then inner are a pass in, inner then outer a pass out",
    verifies=["HUB-EVID-001", "HUB-EVID-002"],
    needs=["everyday"],
    town=AT_SCHOOL,
    rows={"3 s apart": {"gap_s": 3.0}, "118 s apart": {"gap_s": 118.0}},
    steps=[
        ("학교 문에서 바깥, 이어서 안쪽 안테나의 머무름을 보낸다", "a stay at the outer, then one at the inner antenna of the school gate are sent"),
        ("200 s 넘게 뒤에 안쪽, 이어서 바깥 안테나의 머무름을 보낸다", "more than 200 s later one at the inner, then one at the outer antenna"),
    ],
)  # fmt: skip
def passes(t: HubBench, gap_s: float) -> None:
    day = Day(t)
    came = day.passes("gs", "t1", True, day.start - 250, gap_s)
    day.told("HUB-EVID-001", "g1", "school_arrival", "c1", since=came)
    left = day.passes("gs", "t1", False, day.start, gap_s)
    day.told("HUB-EVID-002", "g1", "school_departure", "c1", since=left)


@case(
    "TC-HUB-EVID-02",
    ko="사이가 120 s보다 먼 두 머무름은 통과가 아니다",
    en="Two stays farther apart than 120 s are no pass",
    verifies=["HUB-EVID-003"],
    needs=["everyday"],
    town=AT_SCHOOL,
    rows={"in": {"inward": True}, "out": {"inward": False}},
    steps=[
        ("나가는 쪽이면 먼저 c1을 학교 안에서 감지시킨다", "for the way out c1 is first seen inside the school"),
        ("학교 문에서 그 방향의 두 머무름을 125 s 떨어뜨려 보낸다", "two stays at the school gate in that direction are sent, 125 s apart"),
        ("120 s 넘게 뒤에 3 s 떨어진 두 머무름을 보낸다", "more than 120 s later two stays 3 s apart"),
    ],
    criteria=[("앞의 둘에는 아무 알림이 없고, 뒤의 둘에는 있다", "nothing is told upon the first two; upon the others it is")],
)  # fmt: skip
def too_far_apart(t: HubBench, inward: bool) -> None:
    day = Day(t)
    service = "school_arrival" if inward else "school_departure"
    if not inward:
        day.in_school(at=day.start - 280)
    slow = day.passes("gs", "t1", inward, day.start - 130, 125.0)
    day.not_told("HUB-EVID-003", f"no {service} upon stays 125 s apart", service, since=slow, child="c1")
    quick = day.passes("gs", "t1", inward, day.start)
    day.told("HUB-EVID-003", "g1", service, "c1", since=quick)


@case(
    "TC-HUB-EVID-03",
    ko="앞선 통과에 쓰인 머무름은 다른 통과에 쓰이지 않는다",
    en="A stay used by an earlier pass is not used by another",
    verifies=["HUB-EVID-004"],
    needs=["everyday"],
    town=AT_SCHOOL,
    steps=[
        ("c1이 학교 문을 안으로 지난다", "c1 passes the school gate inward"),
        ("그 50 s 뒤에 바깥 안테나의 머무름 하나를 보낸다", "50 s after that one stay at the outer antenna is sent"),
        ("150 s 뒤에 c1이 문을 밖으로 지난다", "150 s later c1 passes the gate outward"),
    ],
    criteria=[("하교는 통과에만 알린다", "the departure is told upon the pass only")],
)  # fmt: skip
def used_once(t: HubBench) -> None:
    day = Day(t)
    came = day.passes("gs", "t1", True, day.start - 220)
    day.settled("g1", "school_arrival", "c1", since=came)
    lone = day.sighted("gs", "out", "t1", day.start - 170)
    day.not_told(
        "HUB-EVID-004",
        "no departure upon a stay that pairs with a used one only",
        *NO_EXIT,
        since=lone,
        child="c1",
    )
    left = day.passes("gs", "t1", False, day.start)
    day.told("HUB-EVID-004", "g1", "school_departure", "c1", since=left)


@case(
    "TC-HUB-EVID-04",
    ko="통과의 순서는 도착 순서가 아니라 첫 읽음의 순서이다",
    en="The order of a pass is that of the first reads, not of arrival",
    verifies=["HUB-EVID-005"],
    needs=["everyday", "device-health"],
    town=AT_SCHOOL,
    rows={"clock right": {"ahead_s": 0.0}, "clock 90 s slow": {"ahead_s": -90.0}},
    steps=[
        ("문이 device.status로 제 시계를 알린다", "the gate tells its clock by device.status"),
        ("들어가는 통과의 안쪽 머무름을 먼저, 바깥 머무름을 나중에 보낸다", "of a pass inward the inner stay is sent first, then the outer one"),
        ("나가는 통과도 거꾸로 보낸다", "of a pass outward, too, the later stay is sent first"),
    ],
    criteria=[("등교와 하교를 알리고, event_at은 참 시각의 창 안이다", "arrival and departure are told, event_at within the window of the true time")],
)  # fmt: skip
def order_of_reads(t: HubBench, ahead_s: float) -> None:
    day = Day(t)
    for _ in range(16):
        t.send("dev/gs", "device.status", _health(t, day.now + ahead_s), at=day.now + ahead_s, **day.how)
    later = day.sighted("gs", "in", "t1", day.start - 200 + ahead_s)
    day.sighted("gs", "out", "t1", day.start - 203 + ahead_s)
    came = day.told("HUB-EVID-005", "g1", "school_arrival", "c1", since=later)
    t.check(
        "HUB-EVID-005",
        _near(came.data["event_at"], day.start - 200),
        "event_at of the corrected first read",
        came.data["event_at"],
        seen=came,
    )
    later = day.sighted("gs", "out", "t1", day.start - 20 + ahead_s)
    day.sighted("gs", "in", "t1", day.start - 23 + ahead_s)
    day.told("HUB-EVID-005", "g1", "school_departure", "c1", since=later)


def _health(t: HubBench, clock: float) -> dict[str, object]:
    return {"online": True, "clock": iso(clock), "interval_s": 60, "queue_depth": 0, "firmware": "1.0"}


def _near(event_at: object, truth: float) -> bool:
    """Within 30 s: enough to tell a corrected time from one that is not."""
    return abs(unix(str(event_at)) - truth) <= 30.0


@case(
    "TC-HUB-EVID-05",
    ko="내부 리더기에서의 머무름 하나로 그 장소에 있음이 된다",
    en="One stay at an interior reader is evidence of being in that place",
    verifies=["HUB-EVID-006"],
    needs=["everyday"],
    town=Town(parts=("school", "academy"), extra=lambda m: [m.reader("ia", "interior", (500.0, 400.0), "academy")]),
    rows={
        "school": {"reader": "is", "service": "school_arrival"},
        "academy": {"reader": "ia", "service": "academy_entry"},
    },
    steps=[("그 장소의 내부 리더기가 t1의 머무름 하나를 보낸다", "the interior reader of the place sends one stay of t1")],
    criteria=[("들어옴을 알린다", "the entry is told")],
)  # fmt: skip
def interior(t: HubBench, reader: str, service: str) -> None:
    day = Day(t)
    seen = day.sighted(reader, "a", "t1")
    day.told("HUB-EVID-006", "g1", service, "c1", since=seen)


@case(
    "TC-HUB-EVID-06",
    ko="장소의 반경에서 40 m보다 더 바깥의 리더기에 감지된 어린이는 그 장소에 없다",
    en="A child seen at a reader more than 40 m outside the radius of a place is not in it",
    verifies=["HUB-EVID-007"],
    needs=["everyday"],
    town=Town(
        parts=("school", "academy"),
        extra=lambda m: [m.reader("near", "pole", (870.0, 0.0)), m.reader("far", "pole", (850.0, 0.0))],
    ),
    rows={"street reader": {"far": ("far", "a")}, "gate of another place": {"far": ("ga", "out")}},
    before=[("학교는 반경 100 m이고, 그 중심에서 130 m와 150 m에 거리의 리더기 near와 far가, 600 m 넘게 떨어져 학원의 문 ga가 있다",
             "the school has a radius of 100 m; the street readers near and far stand 130 m and 150 m from its centre, the gate ga of the academy more than 600 m")],
    steps=[
        ("c1이 학교 안에서 감지된다", "c1 is seen inside the school"),
        ("near가 t1의 머무름을 보낸다", "near sends a stay of t1"),
        ("far가(또는 ga의 한 안테나가) t1의 머무름을 보낸다", "far (or one antenna of ga) sends a stay of t1"),
    ],
    criteria=[("하교는 마지막 감지에만 알린다", "the departure is told upon the last sighting only")],
)  # fmt: skip
def elsewhere(t: HubBench, far: tuple[str, str]) -> None:
    day = Day(t)
    day.in_school(at=day.start - 200)
    near = day.sighted("near", "a", "t1", day.start - 100)
    day.not_told(
        "HUB-EVID-007", "no departure upon a reader 30 m outside the radius", *NO_EXIT, since=near, child="c1"
    )
    seen = day.sighted(*far, "t1", day.start)
    day.told("HUB-EVID-007", "g1", "school_departure", "c1", since=seen)


# Phones. Who enters a place stays there: the last fix says so (moving false).


@case(
    "TC-HUB-EVID-07",
    ko="반경 안의 연달은 쓸 수 있는 측위 셋은 들어옴의 근거이고, 둘은 아니다",
    en="Three successive usable fixes within the radius are evidence of entry, two are not",
    verifies=["HUB-EVID-008"],
    needs=["everyday"],
    town=Town(parts=("school", "academy")),
    rows={
        "school": {"x": 960.0, "y": 0.0, "service": "school_arrival"},
        "academy": {"x": 500.0, "y": 400.0, "service": "academy_entry"},
    },
    steps=[
        ("정확도 10 m의 측위 둘을 그 장소의 반경 안에서 보낸다", "two fixes of accuracy 10 m within the radius of the place are sent"),
        ("그 30 s 뒤의 셋째 측위를 같은 곳에서, moving false로 보낸다", "a third, 30 s later, there too, with moving false"),
    ],
    criteria=[("둘에는 알림이 없고 셋째에 들어옴을 알린다", "upon two nothing is told; upon the third the entry")],
)  # fmt: skip
def three_inside(t: HubBench, x: float, y: float, service: str) -> None:
    day = Day(t)
    two = day.walks("p1", [(x, y), (x + 6, y)], day.start - 40, moving=False)
    day.not_told("HUB-EVID-008", f"no {service} upon two fixes", service, since=two[0], child="c1")
    third = day.walks("p1", [(x + 3, y)], day.start - 10, moving=False)
    day.told("HUB-EVID-008", "g1", service, "c1", since=third[0])


@case(
    "TC-HUB-EVID-08",
    ko="반경 + 1.5 × 정확도보다 먼 연달은 쓸 수 있는 측위 셋은 나감의 근거이고, 둘이나 더 가까운 것은 아니다",
    en="Three successive usable fixes beyond radius + 1.5 × accuracy are evidence of exit; two, or nearer ones, are not",
    verifies=["HUB-EVID-009"],
    needs=["everyday"],
    town=AT_SCHOOL,
    steps=[
        ("c1이 학교(반경 100 m) 안에서 감지된다", "c1 is seen inside the school (radius 100 m)"),
        ("정확도 20 m의 측위 셋을 중심에서 120 m에서 보낸다", "three fixes of accuracy 20 m are sent 120 m from its centre"),
        ("측위 둘을 중심에서 150 m에서 보내고, 이어 셋째를 보낸다", "two are sent 150 m from its centre, and then a third"),
    ],
    criteria=[("하교는 150 m의 셋째에만 알린다", "the departure is told upon the third at 150 m only")],
)  # fmt: skip
def three_outside(t: HubBench) -> None:
    day = Day(t)
    day.in_school(at=day.start - 240)
    near = day.walks("p1", [(880.0, 0.0)] * 3, day.start - 130, accuracy_m=20.0)
    day.not_told(
        "HUB-EVID-009",
        "no departure 20 m beyond the radius at accuracy 20 m",
        *NO_EXIT,
        since=near[0],
        child="c1",
    )
    two = day.walks("p1", [(850.0, 0.0), (848.0, 0.0)], day.start - 60, accuracy_m=20.0)
    day.not_told("HUB-EVID-009", "no departure upon two fixes", *NO_EXIT, since=two[0], child="c1")
    third = day.walks("p1", [(846.0, 0.0)], day.start - 30, accuracy_m=20.0)
    day.told("HUB-EVID-009", "g1", "school_departure", "c1", since=third[0])


@case(
    "TC-HUB-EVID-09",
    ko="쓸 수 없는 측위는 잇지도 끊지도 않는다",
    en="A fix that is not usable neither continues nor breaks a succession",
    verifies=["HUB-EVID-010"],
    needs=["everyday"],
    town=AT_SCHOOL,
    rows={"continues": {"x": 600.0}, "breaks": {"x": 1000.0}},
    steps=[
        ("c1이 학교 안에서 감지된다", "c1 is seen inside the school"),
        ("학교 밖의 측위 둘 다음에 정확도 150 m의 것 하나를 학교 밖(또는 안)에서 보낸다",
         "after two fixes outside the school one of accuracy 150 m, outside (or inside) it"),
        ("학교 밖의 쓸 수 있는 측위 하나를 더 보낸다", "one more usable fix outside the school"),
    ],
    criteria=[("하교는 쓸 수 있는 셋째 측위에만 알린다", "the departure is told upon the third usable fix only")],
)  # fmt: skip
def unusable(t: HubBench, x: float) -> None:
    day = Day(t)
    day.in_school(at=day.start - 240)
    two = day.walks("p1", [(850.0, 0.0), (845.0, 0.0)], day.start - 120)
    day.walks("p1", [(x, 0.0)], day.start - 90, accuracy_m=150.0)
    day.not_told(
        "HUB-EVID-010",
        "no departure upon two usable fixes and one that is not",
        *NO_EXIT,
        since=two[0],
        child="c1",
    )
    third = day.walks("p1", [(840.0, 0.0)], day.start - 60)
    day.told("HUB-EVID-010", "g1", "school_departure", "c1", since=third[0])


def _next_door(m: Maker) -> list[Item]:
    """An academy so close to the school that its gate is not elsewhere; a place of c1, not of c2."""
    academy = m.area("next", "academy", (1130.0, 0.0), 40)
    mine = m.child(1, places=[m.identity.id("next")])
    return [academy, m.gate("gn", "next", (1095.0, 0.0)), mine]


@case(
    "TC-HUB-EVID-10",
    ko="다른 장소의 문을 들어가는 통과는 앞의 장소를 떠났다는 근거이다",
    en="A pass inward at another place's gate is evidence of having left the former place",
    verifies=["HUB-EVID-011"],
    needs=["everyday"],
    town=Town(children=2, parts=("school",), extra=_next_door),
    before=[("학원 next의 문은 학교의 중심에서 95 m, 반경 안에 있다. next는 c1의 장소이고 c2의 장소가 아니다",
             "the gate of the academy next is 95 m from the school's centre, inside its radius; next is a place of c1 and not of c2")],
    steps=[
        ("c1과 c2가 학교 안에서 감지된다", "c1 and c2 are seen inside the school"),
        ("둘이 next의 문을 안으로 지난다", "both pass the gate of next inward"),
    ],
    criteria=[("둘의 하교를 알리고, c1은 학원 도착도 알린다", "the departure of both is told, and of c1 the entry to the academy too")],
)  # fmt: skip
def into_another(t: HubBench) -> None:
    day = Day(t)
    first, second = (
        day.sighted("is", "a", "t1", day.start - 200),
        day.sighted("is", "a", "t2", day.start - 200),
    )
    day.settled("g1", "school_arrival", "c1", since=first)
    day.settled("g2", "school_arrival", "c2", since=second)
    sent = [day.passes("gn", tag, True, day.start) for tag in ("t1", "t2")]
    day.told("HUB-EVID-011", "g1", "school_departure", "c1", since=sent[0])
    day.told("HUB-EVID-011", "g1", "academy_entry", "c1", since=sent[0])
    day.told("HUB-EVID-011", "g2", "school_departure", "c2", since=sent[1])


@case(
    "TC-HUB-EVID-11",
    ko="집이나 학교에서 위치가 한두 번 밖으로 흔들려도 나감을 알리지 않는다",
    en="Wobble of position at home or in school, a fix or two outside, tells no exit",
    verifies=["HUB-EVID-012"],
    needs=["everyday"],
    town=AT_SCHOOL,
    rows={
        "school": {"reader": "is", "inside": (910.0, 0.0), "outside": (870.0, 0.0), "service": "school_departure"},
        "home": {"reader": "ih", "inside": (-40.0, 0.0), "outside": (-75.0, 0.0), "service": "home_exit"},
    },
    steps=[
        ("c1이 집(또는 학교) 안에서 감지된다", "c1 is seen inside its home (or the school)"),
        ("정확도 10 m의 측위를 밖, 안, 밖, 밖, 안에서 차례로 보낸다", "fixes of accuracy 10 m are sent: outside, inside, outside, outside, inside"),
        ("이어서 밖의 측위 셋을 보낸다", "then three fixes outside"),
    ],
    criteria=[("나감은 밖의 측위 셋에만 알린다", "the exit is told upon the three only")],
)  # fmt: skip
def wobble(
    t: HubBench, reader: str, inside: tuple[float, float], outside: tuple[float, float], service: str
) -> None:
    if reader == "ih":
        t.put(t.make.reader("ih", "interior", (0.0, 0.0), "home1"))
    day = Day(t)
    t.accepted(day.sighted(reader, "a", "t1", day.start - 290))
    shaky = day.walks("p1", [outside, inside, outside, outside, inside], day.start - 110)
    day.not_told(
        "HUB-EVID-012", f"no {service} upon one or two fixes outside", service, since=shaky[0], child="c1"
    )
    three = day.walks("p1", [outside] * 3, day.start - 20)
    day.told("HUB-EVID-012", "g1", service, "c1", since=three[0])


@case(
    "TC-HUB-EVID-12",
    ko="머무름은 다른 안테나의 쓰이지 않은 머무름과 짝짓되, 앞선 것을 뒤의 것보다 먼저 친다",
    en="A stay pairs with an unused one at the other antenna, an earlier one before a later",
    verifies=["HUB-EVID-013"],
    needs=["everyday"],
    town=AT_SCHOOL,
    rows={"in": {"inward": True}, "out": {"inward": False}},
    steps=[
        ("나가는 쪽이면 먼저 c1을 학교 안에서 감지시킨다", "for the way out c1 is first seen inside the school"),
        ("학교 문의 한 안테나의 머무름 둘을 90 s 간격으로 보낸다", "two stays at one antenna of the school gate are sent, 90 s apart"),
        ("그 사이에 있었던 다른 안테나의 머무름을 늦게 보낸다: 앞의 것에서 60 s, 뒤의 것에서 30 s",
         "one at the other antenna, in between, comes late: 60 s from the earlier, 30 s from the later"),
    ],
    criteria=[("앞의 머무름과 이룬 통과를 알리고, 반대쪽 통과는 알리지 않는다", "the pass made with the earlier stay is told, and no pass the other way")],
)  # fmt: skip
def pairs_with_the_earlier(t: HubBench, inward: bool) -> None:
    day = Day(t)
    first, other = ("out", "in") if inward else ("in", "out")
    told, not_told = (
        ("school_arrival", "school_departure") if inward else ("school_departure", "school_arrival")
    )
    if not inward:
        day.in_school(at=day.start - 290)
    sent = [
        day.sighted("gs", first, "t1", day.start - ago, day.start - ago + 1, stay=f"a{ago}")
        for ago in (120, 30)
    ]
    day.sighted("gs", other, "t1", day.start - 60, day.start - 59, stay="late")
    day.told("HUB-EVID-013", "g1", told, "c1", since=sent[0])
    day.not_told("HUB-EVID-013", f"no {not_told}", not_told, since=sent[0], child="c1")


@case(
    "TC-HUB-EVID-13",
    ko="지나간 측위는 다음 들어옴의 근거가 되지 않는다",
    en="Fixes of having passed by are no evidence of the next entry",
    verifies=["HUB-EVID-008"],
    needs=["everyday"],
    town=Town(parts=("school", "academy")),
    steps=[
        ("c1이 학원의 반경 안을 지나가는 정확도 10 m의 측위 셋을 보낸다", "three fixes of accuracy 10 m of walking through the radius of the academy are sent"),
        ("200 m 밖을 걷는 측위 넷을 보낸다", "four of walking on, 200 m away"),
        ("다시 반경 안의, moving false인 측위 둘을 보낸다", "two within the radius again, with moving false"),
        ("셋째를 보낸다", "a third is sent"),
    ],
    criteria=[("둘에는 알리지 않고 셋째에 학원 도착을 알린다", "upon two nothing is told; upon the third the entry to the academy")],
)  # fmt: skip
def passed_by(t: HubBench) -> None:
    day = Day(t)
    day.walks("p1", [(480.0, 400.0), (500.0, 400.0), (520.0, 400.0)], day.start - 270, 15.0, moving=True)
    day.walks("p1", [(700.0 + 15 * n, 400.0) for n in range(4)], day.start - 150, 15.0, moving=True)
    day.waits(clear_s("academy_entry"))  # a hub may tell of the three, and take it back by the four
    two = day.walks("p1", [(500.0, 400.0), (503.0, 400.0)], day.start - 40, moving=False)
    day.not_told("HUB-EVID-008", "no entry upon two fixes", "academy_entry", since=two[0], child="c1")
    third = day.walks("p1", [(501.0, 402.0)], day.start - 10, moving=False)
    day.told("HUB-EVID-008", "g1", "academy_entry", "c1", since=third[0])


# Stays (8.2)


@case(
    "TC-HUB-TAG-01",
    ko="두 번 읽힌 머무름은 나감도 들어옴도 아니다",
    en="A double read makes neither an exit nor an entry",
    verifies=["HUB-TAG-013"],
    needs=["everyday"],
    town=AT_SCHOOL,
    steps=[
        ("c1이 학교 문을 안으로 지나며, 안쪽 안테나가 4 s 간격의 두 머무름으로 읽는다",
         "c1 passes the school gate inward; the inner antenna reads it in two stays 4 s apart"),
        ("그 60 s 뒤 바깥 안테나가 c1을 5 s 간격의 두 머무름으로 읽는다", "60 s later the outer antenna reads it in two stays 5 s apart"),
        ("150 s 뒤 c1이 문을 밖으로 지난다", "150 s later c1 passes the gate outward"),
    ],
    criteria=[("등교 하나와 마지막 통과의 하교 하나만 알린다", "one arrival is told and, upon the last pass, one departure")],
)  # fmt: skip
def double_reads(t: HubBench) -> None:
    day = Day(t)
    base = day.start - 240
    came = day.sighted("gs", "out", "t1", base, base + 1, stay="a")
    day.sighted("gs", "in", "t1", base + 3, base + 4, stay="b")
    day.sighted("gs", "in", "t1", base + 8, base + 9, stay="c")
    day.told("HUB-TAG-013", "g1", "school_arrival", "c1", since=came)
    again = day.sighted("gs", "out", "t1", base + 65, base + 66, stay="d")
    day.sighted("gs", "out", "t1", base + 71, base + 72, stay="e")
    day.not_told("HUB-TAG-013", "nothing upon double reads", *NO_EXIT, *NO_ENTRY, since=came, child="c1")
    left = day.passes("gs", "t1", False, day.start)
    day.told("HUB-TAG-013", "g1", "school_departure", "c1", since=left)
    t.accepted(again)


@case(
    "TC-HUB-TAG-02",
    ko="한 안테나만으로는 «나갔다»고 하지 않는다",
    en="Upon one antenna the hub never says «left»",
    verifies=["HUB-TAG-014"],
    needs=["everyday"],
    town=AT_SCHOOL,
    rows={"inner": {"antenna": "in"}, "outer": {"antenna": "out"}},
    steps=[
        ("c1이 학교 안에서 감지된다", "c1 is seen inside the school"),
        ("학교 문의 한 안테나가 t1의 머무름 셋을 20 s 간격으로 보낸다", "one antenna of the school gate sends three stays of t1, 20 s apart"),
        ("120 s 넘게 뒤에 c1이 문을 밖으로 지난다", "more than 120 s later c1 passes the gate outward"),
    ],
    criteria=[("하교는 통과에만 알린다", "the departure is told upon the pass only")],
)  # fmt: skip
def one_antenna(t: HubBench, antenna: str) -> None:
    day = Day(t)
    day.in_school(at=day.start - 290)
    lone = [
        day.sighted("gs", antenna, "t1", day.start - 200 + 20 * n, day.start - 199 + 20 * n) for n in range(3)
    ]
    day.not_told("HUB-TAG-014", "no departure upon one antenna", *NO_EXIT, since=lone[0], child="c1")
    left = day.passes("gs", "t1", False, day.start)
    day.told("HUB-TAG-014", "g1", "school_departure", "c1", since=left)


@case(
    "TC-HUB-TAG-03",
    ko="start와 end는 한 머무름이고, 하나만 와도 된다",
    en="start and end are one stay, and either alone will do",
    verifies=["HUB-TAG-015"],
    needs=["everyday"],
    town=AT_SCHOOL,
    rows={"both": {"phases": ("start", "end")}, "start only": {"phases": ("start",)}, "end only": {"phases": ("end",)}},
    steps=[
        ("학교 문에서 바깥과 안쪽의 머무름을, 정한 phase로만 보낸다", "stays at the outer and the inner antenna of the school gate are sent, in the phases given only"),
        ("120 s 넘게 뒤에 안쪽과 바깥의 머무름을 그와 같이 보낸다", "more than 120 s later stays at the inner and the outer one, in the same phases"),
    ],
    criteria=[("등교와 하교를 한 번씩 알린다", "arrival and departure are told, once each")],
)  # fmt: skip
def phases_of_a_stay(t: HubBench, phases: tuple[str, ...]) -> None:
    day = Day(t)
    base = day.start - 200
    services = ("school_arrival", "school_departure")
    for begin, antennas, service in (
        (base, ("out", "in"), services[0]),
        (day.start - 10, ("in", "out"), services[1]),
    ):
        sent = [
            day.sighted("gs", antenna, "t1", begin + 3 * n, begin + 3 * n + (2 if phase == "end" else 0), phase=phase, stay=f"{service}-{antenna}")
            for n, antenna in enumerate(antennas) for phase in phases
        ]  # fmt: skip
        day.told("HUB-TAG-015", "g1", service, "c1", since=sent[0])
        day.not_told("HUB-TAG-015", "each stay counts once", *services, since=sent[0], child="c1")


@case(
    "TC-HUB-TAG-04",
    ko="묶음의 from과 until 밖의 감지는 그 어린이의 것이 아니다",
    en="A sighting outside from and until of a binding is not that child's",
    verifies=["HUB-TAG-016"],
    needs=["everyday"],
    town=Town(children=2, parts=("school",), extra=lambda m: [m.device("u1", "tag"), m.device("u2", "tag")]),
    before=[("태그 u1은 120 s 전부터 c1에게, u2는 120 s 전까지 c2에게 묶여 있다", "tag u1 is bound to c1 from 120 s ago, u2 to c2 until 120 s ago")],
    steps=[
        ("학교의 내부 리더기가 180 s 전의 u1과 60 s 전의 u2를 알린다", "the school's interior reader reports u1 of 180 s ago and u2 of 60 s ago"),
        ("이어서 60 s 전의 u1과 180 s 전의 u2를 알린다", "then u1 of 60 s ago and u2 of 180 s ago"),
    ],
    criteria=[("등교는 묶음의 기간 안의 감지에만 알린다", "arrivals are told only upon sightings within the time of the binding")],
)  # fmt: skip
def bound_in_time(t: HubBench) -> None:
    day = Day(t)
    edge = day.start - 120
    t.put(t.make.binding("c1", "u1", **{"from": iso(edge)}))
    t.put(t.make.binding("c2", "u2", until=iso(edge)))
    early, late = edge - 60, edge + 60
    outside = [day.sighted("is", "a", "u1", early), day.sighted("is", "a", "u2", late)]
    day.not_told("HUB-TAG-016", "nothing upon sightings outside the binding", *NO_ENTRY, since=outside[0])
    within = [day.sighted("is", "a", "u1", late), day.sighted("is", "a", "u2", early)]
    day.told("HUB-TAG-016", "g1", "school_arrival", "c1", since=within[0])
    day.told("HUB-TAG-016", "g2", "school_arrival", "c2", since=within[1])
