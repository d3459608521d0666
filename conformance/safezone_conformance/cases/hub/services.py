"""9.1: what holds for every service."""

from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day, Point, anew, in_window
from safezone_conformance.cases.hub.tag_call import expect_alert_of
from safezone_conformance.hub_bench import HubBench, Message
from safezone_conformance.town import Item, Maker, Town, lon_lat
from safezone_conformance.wire import iso

WATCHED = Town(
    children=2, parts=("school", "academy", "danger", "pole", "desk"),
    extra=lambda m: [m.guardian("h1", ["c1"]), m.desk("sup", "supervisor"), m.desk("office", "school"), m.desk("f119", "fire119")],
)  # fmt: skip
RAILWAY: list[Point] = [(480.0, -225.0), (490.0, -228.0), (500.0, -225.0), (510.0, -222.0)]
PLACES = ("school_arrival", "school_departure", "home_entry", "home_exit", "academy_entry", "academy_exit")


@case(
    "TC-HUB-SVC-01",
    ko="근거가 갖춰지지 않으면 아무것도 알리지 않고, 갖춰지면 알린다",
    en="Nothing is told while no kind of evidence is complete; once one is, it is told",
    verifies=["HUB-SVC-001"],
    needs=["everyday", "danger"],
    town=WATCHED,
    steps=[
        ("c1에 관해 문의 머무름 하나, 학교 안의 측위 둘을 보낸다", "of c1 one stay at a gate and two fixes inside the school are sent"),
        ("c2에 관해 위험지역 안의 측위 둘을 25 s 간격으로, 그 내부 리더기의 5 s의 머무름 하나를 보낸다",
         "of c2 two fixes in the danger area, 25 s apart, and one stay of 5 s at its interior reader"),
        ("c1의 통과 하나와 c2의 위험지역 안의 측위 넷을 더 보낸다", "then a pass of c1, and four more fixes of c2 in the danger area"),
    ],
    criteria=[("앞의 것에는 등교도 학원도 위험지역도 알리지 않고, 뒤의 것에는 알린다",
               "nothing of school, academy or danger area is told upon the first; upon the last it is")],
)  # fmt: skip
def no_evidence(t: HubBench) -> None:
    day = Day(t)
    half = day.sighted("gs", "in", "t1", day.start - 290)
    day.sighted("ga", "out", "t1", day.start - 285)
    day.walks("p1", [(960.0, 0.0)] * 2, day.start - 200)
    day.walks("p2", RAILWAY[:2], day.start - 200, 25.0)
    day.sighted("ir", "a", "t2", day.start - 190, day.start - 185)
    told = (
        "school_arrival",
        "school_departure",
        "academy_entry",
        "academy_exit",
        "danger_entry",
        "tag_silent",
        "not_arrived",
    )
    day.not_told("HUB-SVC-001", "nothing without complete evidence", *told, since=half)
    whole = day.passes("gs", "t1", True, day.start - 5)
    entered = day.walks("p2", RAILWAY, day.start, 20.0)
    day.told("HUB-SVC-001", "g1", "school_arrival", "c1", since=whole)
    day.alerted("HUB-SVC-001", "danger_entry", "c2", since=entered[0])


@case(
    "TC-HUB-SVC-02",
    ko="서비스마다 정한 수신자에게, 그들에게만 알린다",
    en="Each service is told to its stated recipients and to no others",
    verifies=["HUB-SVC-002"],
    town=WATCHED,
    rows={
        "school_arrival": {"service": "school_arrival", "needs": ("everyday",)},
        "danger_entry": {"service": "danger_entry", "needs": ("danger",)},
        "tag_call": {"service": "tag_call"},
    },
    before=[("두 보호자(g1, h1)의 c1, 보호자 g2의 c2, 네 가지 post의 상황실이 있다", "there are c1 of two guardians (g1, h1), c2 of the guardian g2, and desks of the four posts")],
    steps=[("c1이 학교에 들어간다, 위험지역에 들어간다, 또는 태그를 누른다", "c1 enters the school, or the danger area, or presses its tag")],
    criteria=[("g1과 h1에게, 그리고 danger와 emergency는 post desk의 상황실에도 알리고, 그 밖의 누구에게도 알리지 않는다",
               "g1 and h1 are told, and for danger and emergency the desk of post desk; nobody else is")],
)  # fmt: skip
def recipients(t: HubBench, service: str) -> None:
    day = Day(t)
    if service == "school_arrival":
        since = day.sighted("is", "a", "t1")
    elif service == "danger_entry":
        since = day.walks("p1", RAILWAY, every_s=20.0)[0]
    else:
        since = day.sends(
            "dev/pole", "tag.called", {"tag": t.id("t1"), "press": 1, "pressed_at": iso(day.now)}
        )
    wanted = {"guardian/g1", "guardian/h1"} | (set() if service == "school_arrival" else {"desk/d112"})
    for guardian in ("g1", "h1"):
        day.told("HUB-SVC-002", guardian, service, "c1", since=since)
    if "desk/d112" in wanted:
        day.alerted("HUB-SVC-002", service, "c1", since=since)
    t.await_all(t.line.stamp() + t.settings.absence_s)
    told = {d.principal for d in t.downs(where=anew(t.about(service)))}
    t.check("HUB-SVC-002", told == wanted, f"{sorted(wanted)} and nobody else", sorted(told))


@case(
    "TC-HUB-SVC-03",
    ko="한 일은 근거가 여럿이어도 수신자마다 한 번 알린다",
    en="One happening is told once to each recipient, however many pieces of evidence there are",
    verifies=["HUB-SVC-003"],
    needs=["everyday", "danger"],
    town=WATCHED,
    steps=[
        ("c1이 학교 문을 지나고, 내부 리더기에 감지되고, 학교 안의 측위 셋을 보낸다", "c1 passes the school gate, is seen at the interior reader, and sends three fixes inside"),
        ("c2가 위험지역 안의 측위 여섯을 보내고 그 내부 리더기에 30 s 머무른다", "c2 sends six fixes in the danger area and stays 30 s at its interior reader"),
    ],
    criteria=[("수신자마다 등교 하나, 위험지역 진입 하나가 온다", "each recipient gets one arrival, and one entry to the danger area")],
)  # fmt: skip
def once_each(t: HubBench) -> None:
    day = Day(t)
    came = day.passes("gs", "t1", True, day.start - 200)
    day.sighted("is", "a", "t1", day.start - 190, day.start - 188)
    day.walks("p1", [(960.0, 0.0)] * 3, day.start - 100, moving=False)
    day.walks("p2", [*RAILWAY, *RAILWAY[:2]], day.start - 60, 20.0)
    day.sighted("ir", "a", "t2", day.start - 50, day.start - 20)
    for guardian in ("g1", "h1"):
        day.told("HUB-SVC-003", guardian, "school_arrival", "c1", since=came)
    day.alerted("HUB-SVC-003", "danger_entry", "c2", since=came)
    day.told("HUB-SVC-003", "g2", "danger_entry", "c2", since=came)
    day.not_told("HUB-SVC-003", "nothing twice", "school_arrival", "danger_entry", since=came)


ORDERS: dict[str, tuple[int, ...]] = {
    "as it happened": (0, 1, 2, 3, 4, 5),
    "reversed": (5, 4, 3, 2, 1, 0),
    "mixed": (3, 0, 5, 1, 4, 2),
}


@case(
    "TC-HUB-SVC-04",
    ko="같은 입력이 서비스의 창 안에서 다른 차례로 와도 같은 일을 알린다",
    en="The same input in another order of arrival, within the window of the service, tells the same happenings",
    verifies=["HUB-SVC-004"],
    needs=["everyday"],
    town=Town(children=3, parts=("school",)),
    rows={
        "arrival": {"inward": True},
        "departure": {"inward": False},
    },
    steps=[
        ("c1, c2, c3이 같은 때 같은 문을 지난다. 머무름마다 start와 end, 그리고 들어갈 때 내부 리더기의 start와 end를 보낸다",
         "c1, c2 and c3 pass the same gate at the same time; of each stay start and end are sent, and on the way in start and end at the interior reader"),
        ("c1의 것은 일어난 차례로, c2의 것은 거꾸로, c3의 것은 뒤섞어 보낸다", "those of c1 are sent as they happened, of c2 in reverse, of c3 mixed"),
    ],
    criteria=[("셋에 관해 같은 것을 알린다: 등교 하나(또는 하교 하나)", "the same is told of all three: one arrival (or one departure)")],
)  # fmt: skip
def any_order(t: HubBench, inward: bool) -> None:
    day = Day(t)
    service, antennas = ("school_arrival", ("out", "in")) if inward else ("school_departure", ("in", "out"))
    begin = day.start - 100
    if not inward:
        before = [day.sighted("is", "a", f"t{n}", day.start - 295) for n in (1, 2, 3)]
        for n in (1, 2, 3):
            day.settled(f"g{n}", "school_arrival", f"c{n}", since=before[n - 1])
    first: Message | None = None
    for n, order in enumerate(ORDERS.values(), 1):
        steps: list[tuple[str, str, float, float | None]] = [
            ("gs", antennas[0], begin, None), ("gs", antennas[0], begin, begin + 1),
            ("gs", antennas[1], begin + 4, None), ("gs", antennas[1], begin + 4, begin + 5),
        ]  # fmt: skip
        if inward:
            steps += [("is", "a", begin + 20, None), ("is", "a", begin + 20, begin + 22)]
        for index in (i for i in order if i < len(steps)):
            reader, antenna, at, until = steps[index]
            sent = day.sighted(reader, antenna, f"t{n}", at, until)
            first = first or sent
    assert first is not None
    for n in (1, 2, 3):
        day.told("HUB-SVC-004", f"g{n}", service, f"c{n}", since=first)
    day.not_told("HUB-SVC-004", "nothing besides", "school_arrival", "school_departure", since=first)


FIXES: dict[str, tuple[Point, ...]] = {
    "school_arrival": ((956.0, 0.0), (960.0, 0.0), (958.0, 0.0)),
    "school_departure": ((830.0, 0.0), (820.0, 0.0), (810.0, 0.0)),
    "danger_entry": tuple(RAILWAY),
    "route_deviation": tuple((150.0 + 30 * n, 70.0) for n in range(5)),
}


@case(
    "TC-HUB-SVC-05",
    ko="측위가 다른 차례로 와도 같은 일을 알린다",
    en="Fixes in another order of arrival tell the same happenings",
    verifies=["HUB-SVC-004"],
    needs=["everyday", "danger"],
    town=Town(children=2, parts=("school", "danger", "desk"), extra=lambda m: [m.child(2, routes=[m.route("r1", [(0.0, 0.0), (1000.0, 0.0)], "home2", "school")])]),
    rows={service: {"service": service} for service in FIXES},
    steps=[
        ("하교이면 두 어린이가 학교에 있고, 경로 이탈이면 집을 나선 뒤이다", "for the departure both children are in school, for the deviation they have left home"),
        ("p1은 그 일의 근거가 되는 측위를 일어난 차례로, p2는 마지막 둘을 바꾸어 보낸다",
         "p1 sends the fixes that are evidence of it as they happened, p2 with the last two exchanged"),
    ],
    criteria=[("둘에 관해 같은 것을 알린다", "the same is told of both")],
)  # fmt: skip
def fixes_in_any_order(t: HubBench, service: str) -> None:
    day = Day(t)
    if service in ("school_departure", "route_deviation"):
        begun = [
            day.sighted("is", "a", f"t{n}", day.start - 280)
            if service == "school_departure"
            else day.passes(f"gh{n}", f"t{n}", False, day.start - 280)
            for n in (1, 2)
        ]
        for n in (1, 2):
            day.settled(
                f"g{n}",
                "school_arrival" if service == "school_departure" else "home_exit",
                f"c{n}",
                since=begun[n - 1],
            )
    points = FIXES[service]
    times = [day.start - 25.0 * n for n in reversed(range(len(points)))]
    first: Message | None = None
    for phone, order in (
        ("p1", [*range(len(points))]),
        ("p2", [*range(len(points) - 2), len(points) - 1, len(points) - 2]),
    ):
        for n in order:
            [sent] = day.walks(phone, [points[n]], times[n], moving=service != "school_arrival")
            first = first or sent
    assert first is not None
    for n in (1, 2):
        day.told("HUB-SVC-004", f"g{n}", service, f"c{n}", since=first)


@case(
    "TC-HUB-SVC-06",
    ko="event_at은 참 사건의 앞뒤로 서비스의 창 안에 있다",
    en="event_at lies within the window of the service around the true event",
    verifies=["HUB-SVC-005"],
    needs=["everyday", "danger"],
    town=Town(parts=("school", "pole", "bell", "desk")),
    steps=[
        ("200 s 전의 통과, 250 s 전까지 이어진 학교 밖의 측위, 40 s 전의 태그, 벨, 전화기의 호출을 보낸다",
         "a pass of 200 s ago, fixes outside the school from then on, and calls of tag, bell and phone of 40 s ago are sent"),
    ],
    criteria=[("모든 알림과 경보의 event_at이 그 서비스의 창 안이다", "event_at of every notice and alert lies within the window of its service")],
)  # fmt: skip
def windows(t: HubBench) -> None:
    day = Day(t)
    came_at = day.start - 250
    came = day.passes("gs", "t1", True, came_at)
    arrival = day.told("HUB-SVC-005", "g1", "school_arrival", "c1", since=came)
    t.check(
        "HUB-SVC-005",
        in_window(arrival, came_at),
        "school_arrival in its window",
        arrival.data["event_at"],
        seen=arrival,
    )
    left_at = day.start - 60
    left = day.walks("p1", [(820.0, 0.0), (800.0, 0.0), (780.0, 0.0)], left_at + 60)
    departure = day.told("HUB-SVC-005", "g1", "school_departure", "c1", since=left[0])
    t.check(
        "HUB-SVC-005",
        in_window(departure, left_at, left_at + 60),
        "school_departure in its window",
        departure.data["event_at"],
        seen=departure,
    )
    at = day.now - 40
    calls = [
        (
            "tag_call",
            day.sends("dev/pole", "tag.called", {"tag": t.id("t1"), "press": 1, "pressed_at": iso(at)}),
        ),
        ("bell_call", day.sends("dev/bell", "bell.pressed", {"press": 1, "pressed_at": iso(at)})),
        ("phone_call_112", day.sends("dev/p1", "phone.called", {"call": "c-1", "dialled_at": iso(at)})),
    ]
    for service, call in calls:
        alert = expect_alert_of(t, "HUB-SVC-005", call, service)
        t.check(
            "HUB-SVC-005",
            in_window(alert, at),
            f"{service} in its window",
            alert.data["event_at"],
            seen=alert,
        )


@case(
    "TC-HUB-SVC-07",
    ko="모르는 어린이, 태그, 장치의 관측은 다른 어린이의 알림을 건드리지 않는다",
    en="Observations of unknown children, tags or devices do not touch the notices of other children",
    verifies=["HUB-SVC-006"],
    needs=["everyday"],
    town=Town(parts=("school",), extra=lambda m: [m.device("u1", "tag"), m.device("u2", "phone")]),
    steps=[
        ("c1이 문을 들어가는 두 머무름 사이에, 등록되지 않은 태그와 묶이지 않은 태그의 머무름, 묶이지 않은 전화기의 측위, 등록되지 않은 리더기의 머무름을 보낸다",
         "between the two stays of c1 passing the gate inward there come stays of an unregistered and of an unbound tag, fixes of an unbound phone, and stays at an unregistered reader"),
        ("60 s 뒤 그 두 태그가 문을 반대로 지난다", "60 s later these two tags pass the gate the other way"),
        ("c1이 문을 나갈 때에도 그렇게 한다", "and likewise when c1 passes outward"),
    ],
    criteria=[("등교 하나와 하교 하나만 알린다", "one arrival and one departure are told, and nothing else")],
)  # fmt: skip
def strangers(t: HubBench) -> None:
    day = Day(t)
    sent: list[Message] = []
    for inward, at, service in (
        (True, day.start - 200, "school_arrival"),
        (False, day.start - 70, "school_departure"),
    ):
        one, two = ("out", "in") if inward else ("in", "out")
        sent.append(day.sighted("gs", one, "t1", at))
        for tag in ("nobody", "u1"):
            day.sighted("gs", two, tag, at + 1)
            day.sighted("gs", one, tag, at + 2)
        day.walks("u2", [(700.0, 0.0)] * 3, at + 2, 1.0)
        day.sighted("stranger", "a", "t1", at + 2)
        day.sighted("gs", two, "t1", at + 3)
        day.told("HUB-SVC-006", "g1", service, "c1", since=sent[-1])
        for tag in ("nobody", "u1"):
            day.passes("gs", tag, not inward, at + 60)
    day.not_told(
        "HUB-SVC-006", "one arrival, one departure", "school_arrival", "school_departure", since=sent[0]
    )


@case(
    "TC-HUB-SVC-08",
    ko="한 어린이의 관측은 다른 어린이의 근거가 되지 않는다",
    en="Observations of one child are never evidence for another",
    verifies=["HUB-SVC-007"],
    needs=["everyday"],
    town=Town(children=3, parts=("school", "pole")),
    steps=[
        ("c1의 바깥 머무름 뒤에 c2의 안쪽 머무름을, p1의 학교 안의 측위 둘 뒤에 p2의 하나를 보낸다",
         "after an outer stay of c1 an inner one of c2 is sent; after two fixes of p1 inside the school one of p2"),
        ("c3이 학교 안에서, c1이 pole에서 감지된다", "c3 is seen inside the school, c1 at pole"),
    ],
    criteria=[("c3의 등교만 알리고, 그 하교는 알리지 않는다", "only the arrival of c3 is told, and not its departure")],
)  # fmt: skip
def apart(t: HubBench) -> None:
    day = Day(t)
    first = day.sighted("gs", "out", "t1", day.start - 290)
    day.sighted("gs", "in", "t2", day.start - 287)
    day.walks("p1", [(960.0, 0.0)] * 2, day.start - 150, moving=False)
    day.walks("p2", [(960.0, 0.0)], day.start - 120, moving=False)
    third = day.sighted("is", "a", "t3", day.start - 100)
    day.told("HUB-SVC-007", "g3", "school_arrival", "c3", since=third)
    day.sighted("pole", "a", "t1", day.start - 30)
    day.not_told(
        "HUB-SVC-007", "nothing of school of the others", "school_arrival", "school_departure", since=first
    )


def _road(m: Maker) -> list[Item]:
    line = {
        "line": [lon_lat(x, 150.0) for x in (0, 250, 500, 750)],
        "foot": False,
        "car": True,
        "name": "시험대로",
    }
    return [m.other("streets", "road", lines=[line])]


@case(
    "TC-HUB-SVC-09",
    ko="도로는 위험지역이 아니고, 등록된 위험지역만 위험지역이다",
    en="Roads are no danger areas; only registered danger areas are",
    verifies=["HUB-SVC-008"],
    needs=["danger"],
    town=Town(parts=("danger", "desk")),
    steps=[
        ("길이 등록되는 허브이면 차도를 등록한다", "where the hub takes streets a road for cars is registered"),
        ("p1이 그 차도 위의 측위 여덟을 15 s 간격으로 보낸다", "p1 sends eight fixes on the road, 15 s apart"),
        ("p1이 철길 안의 측위 넷을 보낸다", "p1 sends four fixes in the railway"),
    ],
    criteria=[("위험지역 진입은 철길에만 알린다", "an entry is told of the railway only")],
)  # fmt: skip
def roads(t: HubBench) -> None:
    if "streets" in t.settings.has:
        for item in _road(t.make):
            t.put(item)
    day = Day(t)
    road = day.walks("p1", [(300.0 + 20 * n, 150.0) for n in range(8)], day.start - 200, 12.0)
    day.not_told("HUB-SVC-008", "no danger entry on a road", "danger_entry", since=road[0])
    entered = day.walks("p1", RAILWAY, day.start, 15.0)
    day.alerted("HUB-SVC-008", "danger_entry", "c1", since=entered[0])


def _playground(m: Maker) -> list[Item]:
    at = (500.0, 100.0)
    return [
        m.area("play", "playground", at, 40), m.gate("gp", "play", (535.0, 100.0)), m.reader("ip", "interior", at, "play"),
        m.child(1, places=[m.identity.id("play")]),
    ]  # fmt: skip


@case(
    "TC-HUB-SVC-10",
    ko="놀이터는 들어옴과 나감을 알리지 않는다",
    en="Playgrounds make no notices of entry or exit",
    verifies=["HUB-SVC-009"],
    needs=["everyday"],
    town=Town(parts=("academy",), extra=lambda m: [*_playground(m), m.child(1, places=[m.identity.id("play"), m.identity.id("academy")])]),
    before=[("놀이터에는 문과 내부 리더기가 있고, 어린이의 장소에도 있다", "the playground has a gate and an interior reader, and is among the child's places")],
    steps=[
        ("c1이 집을 나선 뒤 놀이터의 문을 들어가고, 내부 리더기에 감지되고, 그 안의 측위 셋을 보내고, 문을 나선다",
         "after leaving home c1 passes the gate of the playground inward, is seen inside, sends three fixes there, and passes outward"),
        ("c1이 학원의 문을 들어간다", "c1 passes the gate of its academy inward"),
    ],
    criteria=[("놀이터에서는 아무것도 알리지 않고 학원 도착은 알린다", "nothing is told at the playground; the entry to the academy is")],
)  # fmt: skip
def playground(t: HubBench) -> None:
    day = Day(t)
    day.on_the_way(at=day.start - 295)
    played = day.passes("gp", "t1", True, day.start - 280)
    day.sighted("ip", "a", "t1", day.start - 240, day.start - 235)
    day.walks("p1", [(500.0, 100.0)] * 3, day.start - 140, moving=False)
    day.passes("gp", "t1", False, day.start - 100)
    day.not_told("HUB-SVC-009", "no entry and no exit at a playground", *PLACES, since=played)
    studied = day.passes("ga", "t1", True, day.start)
    day.told("HUB-SVC-009", "g1", "academy_entry", "c1", since=studied)


@case(
    "TC-HUB-SVC-11",
    ko="모든 경보에는 사건이 있고, 사건 조회가 그 id로 보여 준다",
    en="Every alert has an incident, and the incident query shows it by that id",
    verifies=["HUB-SVC-010"],
    needs=["incidents"],
    town=Town(parts=("danger", "pole", "bell", "desk")),
    steps=[
        ("태그, 벨, 전화기의 호출과 위험지역 안의 측위 넷을 보낸다", "calls of tag, bell and phone, and four fixes in the danger area are sent"),
        ("경보마다 그 incident를 조회하고, 구역의 사건들을 조회한다", "the incident of each alert is asked for, and those of the zone"),
    ],
    criteria=[("사건마다 같은 id와 service와 어린이가 있고, 목록에도 있다", "each has that id, service and child, and is in the list")],
)  # fmt: skip
def incidents(t: HubBench) -> None:
    now = t.now()
    calls: list[tuple[str, Message]] = [
        ("tag_call", t.tag_called("pole", "t1", 1)),
        ("bell_call", t.bell_pressed("bell", 1)),
        ("phone_call_112", t.phone_called("p1", "call-1")),
    ]
    if "danger" in t.settings.has:
        fixes = [t.located("p1", x, y, now - 60 + 20 * n) for n, (x, y) in enumerate(RAILWAY)]
        calls.append(("danger_entry", fixes[-1]))
    alerts = [
        t.expect_alert("HUB-SVC-010", service, since=calls[0][1], within=t.limit("danger_entry"))
        for service, _ in calls
    ]
    listed = t.http("GET", f"/v1/zones/{t.zone}/incidents")
    t.given(listed.status == 200, f"the incidents of the zone: {listed.status}")
    known = {row["id"] for row in listed.json["items"]}
    for alert in alerts:
        id_ = alert.data.get("incident")
        t.require("HUB-SVC-010", isinstance(id_, str), "an incident in the alert", id_, seen=alert)
        answer = t.http("GET", f"/v1/incidents/{id_}")
        body: dict[str, Any] = answer.json if answer.status == 200 else {}
        same = (body.get("id"), body.get("service"), body.get("child")) == (
            id_,
            alert.data["service"],
            alert.data.get("child"),
        )
        t.check(
            "HUB-SVC-010",
            same,
            f"incident {id_} as alerted",
            (answer.status, body.get("service"), body.get("child")),
            seen=answer,
        )
        t.check("HUB-SVC-010", id_ in known, f"incident {id_} in the list", sorted(known))


@case(
    "TC-HUB-SVC-12",
    ko="마지막 상태 변화보다 오래된 근거는 아무것도 알리지 않고 되돌리지 않는다",
    en="Evidence older than the last change of state tells nothing and turns nothing back",
    verifies=["HUB-SVC-011"],
    needs=["everyday", "location"],
    town=Town(parts=("school",)),
    steps=[
        ("c1이 학교 안에서 보이고, 그 뒤 문을 나간다", "c1 is seen in school, and later leaves by the gate"),
        ("그 사이에 문을 나갔다 들어온 두 통과가 늦게 온다", "two passes from between come late: out by the gate and in again"),
        ("지금 문을 들어간다", "c1 passes the gate inward now"),
    ],
    criteria=[("늦은 통과에는 알림이 없고 state는 way 그대로이다. 마지막 통과에 등교를 알린다",
               "nothing is told upon the late passes and state stays way; the last pass tells an arrival")],
)  # fmt: skip
def older_than_the_state(t: HubBench) -> None:
    day = Day(t)
    day.in_school(at=day.start - 280)
    left = day.passes("gs", "t1", False, day.start - 40)
    day.settled("g1", "school_departure", "c1", since=left)
    out = day.passes("gs", "t1", False, day.start - 240)
    day.passes("gs", "t1", True, day.start - 100)
    day.not_told("HUB-SVC-011", "nothing of what lies before the departure", *PLACES, since=out, child="c1")
    answer = t.http("GET", f"/v1/children/{t.id('c1')}/position")
    t.given(answer.status == 200, f"the position of c1: {answer.status}")
    place = answer.json["state"]["place"]
    t.check("HUB-SVC-011", place == "way", "state.place way", t.name(place), seen=answer)
    back = day.passes("gs", "t1", True)
    day.told("HUB-SVC-011", "g1", "school_arrival", "c1", since=back)


@case(
    "TC-HUB-SVC-13",
    ko="지난 날의 근거는 오늘 등하교, 귀가와 외출, 학원의 알림을 만들지 않는다",
    en="Evidence of a day that is over makes no notice of school, home or academy today",
    verifies=["HUB-SVC-012"],
    needs=["everyday"],
    town=Town(children=2, parts=("school",)),
    steps=[
        ("30시간 전에 c1이 학교 문을 들어가고 안에서 보인 것, c2가 집 문을 나간 것이 이제 온다",
         "that c1 passed the school gate inward and was seen inside, and that c2 left home by its gate, 30 hours ago, comes in now"),
        ("c1이 지금 학교 안에서 보이고 c2가 지금 집 문을 나간다", "c1 is seen in school now, and c2 leaves home by its gate now"),
    ],
    criteria=[("지난 것에는 알림이 없고 지금의 것에 등교와 외출을 알린다", "nothing is told of what is past; arrival and exit of now are told")],
)  # fmt: skip
def yesterday(t: HubBench) -> None:
    day = Day(t)
    past = day.start - 30 * 3600
    stale = day.passes("gs", "t1", True, past)
    day.sighted("is", "a", "t1", past + 60)
    day.passes("gh2", "t2", False, past)
    day.not_told("HUB-SVC-012", "nothing of a day that is over", *PLACES, since=stale)
    day.told("HUB-SVC-012", "g1", "school_arrival", "c1", since=day.sighted("is", "a", "t1"))
    day.told("HUB-SVC-012", "g2", "home_exit", "c2", since=day.passes("gh2", "t2", False))
