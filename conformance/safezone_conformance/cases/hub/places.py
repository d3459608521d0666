"""9.1 and 9.3–9.5: coming to and leaving school, home and academies."""

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import ACADEMY, Item, Maker, Town

SCHOOL_SERVICES = ("school_arrival", "school_departure")
HOME_SERVICES = ("home_entry", "home_exit")
ACADEMY_SERVICES = ("academy_entry", "academy_exit")
NAMED = [("알림의 place는 그 장소이다", "place of the notice is that place")]


def _in_time(
    t: HubBench, requirement: str, gate: str, inward: bool, service: str, place: str, ago: float
) -> None:
    """A real pass, told within the limit; place is held for every service."""
    _, second = t.pass_gate(gate, "t1", inward, t.now() - ago)
    told = t.expect_notice(requirement, "g1", service, child="c1", since=second)
    named = told.data.get("place") or {}
    t.check("HUB-PLACE-012", named.get("id") == t.id(place), f"place {t.id(place)}", named, seen=told)


@case(
    "TC-HUB-PLACE-01",
    ko="등교와 하교를 근거가 갖춰진 뒤 60 s 안에 알린다",
    en="school_arrival and school_departure are told within 60 s after the evidence is complete",
    verifies=["HUB-PLACE-001", "HUB-PLACE-002", "HUB-PLACE-012"],
    needs=["everyday"],
    town=Town(parts=("school",)),
    slow_s=17.0,
    steps=[
        ("c1이 학교 문을 안으로 지난다", "c1 passes the school gate inward"),
        ("등교 알림이 온 뒤 c1이 문을 밖으로 지난다", "after the notice c1 passes the gate outward"),
    ],
    criteria=[("저마다 60 s 안에 알린다", "each is told within 60 s"), *NAMED],
)  # fmt: skip
def school(t: HubBench) -> None:
    _in_time(t, "HUB-PLACE-001", "gs", True, "school_arrival", "school", 150.0)
    _in_time(t, "HUB-PLACE-002", "gs", False, "school_departure", "school", 5.0)


@case(
    "TC-HUB-PLACE-02",
    ko="외출과 귀가를 근거가 갖춰진 뒤 60 s 안에 알린다",
    en="home_exit and home_entry are told within 60 s after the evidence is complete",
    verifies=["HUB-PLACE-003", "HUB-PLACE-004", "HUB-PLACE-012"],
    needs=["everyday"],
    town=Town(parts=()),
    slow_s=17.0,
    steps=[
        ("c1이 집 문을 밖으로 지난다", "c1 passes the gate of its home outward"),
        ("외출 알림이 온 뒤 c1이 문을 안으로 지난다", "after the notice c1 passes it inward"),
    ],
    criteria=[("저마다 60 s 안에 알린다", "each is told within 60 s"), *NAMED],
)  # fmt: skip
def home(t: HubBench) -> None:
    _in_time(t, "HUB-PLACE-004", "gh1", False, "home_exit", "home1", 150.0)
    _in_time(t, "HUB-PLACE-003", "gh1", True, "home_entry", "home1", 5.0)


@case(
    "TC-HUB-PLACE-03",
    ko="학원 도착과 출발을 근거가 갖춰진 뒤 60 s 안에 알린다",
    en="academy_entry and academy_exit are told within 60 s after the evidence is complete",
    verifies=["HUB-PLACE-005", "HUB-PLACE-006", "HUB-PLACE-012"],
    needs=["everyday"],
    town=Town(parts=("academy",)),
    slow_s=17.0,
    steps=[
        ("c1이 제 학원의 문을 안으로 지난다", "c1 passes the gate of its academy inward"),
        ("도착 알림이 온 뒤 c1이 문을 밖으로 지난다", "after the notice c1 passes it outward"),
    ],
    criteria=[("저마다 60 s 안에 알린다", "each is told within 60 s"), *NAMED],
)  # fmt: skip
def academy(t: HubBench) -> None:
    _in_time(t, "HUB-PLACE-005", "ga", True, "academy_entry", "academy", 150.0)
    _in_time(t, "HUB-PLACE-006", "ga", False, "academy_exit", "academy", 5.0)


@case(
    "TC-HUB-PLACE-04",
    ko="수업 중인 어린이의 하교를 두 번 읽힘, 안테나 하나, 흔들리는 측위로 알리지 않는다",
    en="No departure is told of a child in class upon double reads, a single antenna or wobbling fixes",
    verifies=["HUB-PLACE-007"],
    needs=["everyday"],
    town=Town(parts=("school",)),
    steps=[
        ("c1이 학교 안에서 감지된다", "c1 is seen inside the school"),
        ("문의 안쪽 안테나가 4 s 간격의 두 머무름을 보낸다", "the inner antenna of the gate sends two stays 4 s apart"),
        ("124 s 뒤 바깥 안테나가 머무름 하나를 보낸다", "124 s later the outer antenna sends one stay"),
        ("학교 밖에서 하나, 안에서 하나, 밖에서 둘의 측위를 보낸다", "fixes are sent: one outside the school, one inside, two outside"),
        ("c1이 문을 밖으로 지난다", "c1 passes the gate outward"),
    ],
    criteria=[("하교는 마지막 통과에만 알린다", "the departure is told upon the last pass only")],
)  # fmt: skip
def in_class(t: HubBench) -> None:
    day = Day(t)
    day.in_school(at=day.start - 295)
    first = day.sighted("gs", "in", "t1", day.start - 250, day.start - 249, stay="a")
    day.sighted("gs", "in", "t1", day.start - 245, day.start - 244, stay="b")
    day.sighted("gs", "out", "t1", day.start - 120)
    day.walks("p1", [(870.0, 0.0), (910.0, 0.0), (872.0, 0.0), (870.0, 0.0)], day.start - 20)
    day.not_told("HUB-PLACE-007", "no departure", "school_departure", since=first, child="c1")
    left = day.passes("gs", "t1", False, day.now)
    day.told("HUB-PLACE-007", "g1", "school_departure", "c1", since=left)


@case(
    "TC-HUB-PLACE-05",
    ko="이미 학교에 있는 어린이가 더 감지되어도 다시 등교를 알리지 않는다",
    en="Further sightings of a child already in school tell no second arrival",
    verifies=["HUB-PLACE-008"],
    needs=["everyday"],
    town=Town(parts=("school",)),
    steps=[
        ("c1이 학교 문을 안으로 지난다", "c1 passes the school gate inward"),
        ("내부 리더기의 머무름 둘, 학교 안의 측위 셋, 들어가는 통과 하나를 더 보낸다",
         "two stays at the interior reader, three fixes inside and one more pass inward are sent"),
    ],
    criteria=[("등교는 한 번만 알린다", "the arrival is told once")],
)  # fmt: skip
def still_in_school(t: HubBench) -> None:
    day = Day(t)
    came = day.passes("gs", "t1", True, day.start - 290)
    day.told("HUB-PLACE-008", "g1", "school_arrival", "c1", since=came)
    further = day.sighted("is", "a", "t1", day.start - 200)
    day.walks("p1", [(960.0, 0.0)] * 3, day.start - 100, moving=False)
    day.sighted("is", "a", "t1", day.start - 90)
    day.passes("gs", "t1", True, day.start)
    day.not_told("HUB-PLACE-008", "no second arrival", "school_arrival", since=further, child="c1")


@case(
    "TC-HUB-PLACE-06",
    ko="나갔다가 돌아오면 다시 알린다",
    en="Leaving and coming back is told again",
    verifies=["HUB-PLACE-001", "HUB-PLACE-002", "HUB-PLACE-009"],
    needs=["everyday"],
    town=Town(parts=("school",)),
    steps=[("c1이 학교 문을 안, 밖, 안, 밖으로 90 s 간격으로 지난다", "c1 passes the school gate in, out, in and out, 90 s apart")],
    criteria=[("등교와 하교를 두 번씩 알린다", "arrival and departure are told twice")],
)  # fmt: skip
def back_again(t: HubBench) -> None:
    day = Day(t)
    for n, ago in enumerate((290.0, 200.0, 110.0, 20.0)):
        passed = day.passes("gs", "t1", n % 2 == 0, day.start - ago)
        requirement = ("HUB-PLACE-001", "HUB-PLACE-002", "HUB-PLACE-009", "HUB-PLACE-009")[n]
        day.told(requirement, "g1", SCHOOL_SERVICES[n % 2], "c1", since=passed)


@case(
    "TC-HUB-PLACE-07",
    ko="어린이의 장소가 아닌 학원은 알리지 않는다",
    en="An academy that is not among the child's places is not told",
    verifies=["HUB-PLACE-010"],
    needs=["everyday"],
    town=Town(children=2, parts=("academy",), extra=lambda m: [m.child(1, places=[]), m.reader("ia", "interior", ACADEMY, "academy")]),
    before=[("학원은 c2의 장소이고 c1의 장소가 아니다", "the academy is a place of c2 and not of c1")],
    steps=[
        ("c1이 학원의 문을 안으로 지나고, 학원의 내부 리더기에 감지되고, 그 안에서 측위 셋을 보내고, 밖으로 지난다",
         "c1 passes the gate of the academy inward, is seen at its interior reader, sends three fixes inside, and passes outward"),
        ("c2가 문을 안으로 지난다", "c2 passes the gate inward"),
    ],
    criteria=[("c1의 학원은 알리지 않고 c2의 도착은 알린다", "nothing of an academy is told of c1; the entry of c2 is told")],
)  # fmt: skip
def no_place_of_its_own(t: HubBench) -> None:
    day = Day(t)
    first = day.passes("ga", "t1", True, day.start - 280)
    day.sighted("ia", "a", "t1", day.start - 220)
    day.walks("p1", [ACADEMY] * 3, day.start - 140, moving=False)
    day.passes("ga", "t1", False, day.start - 10)
    other = day.passes("ga", "t2", True, day.start)
    day.not_told("HUB-PLACE-010", "nothing of an academy of c1", *ACADEMY_SERVICES, since=first, child="c1")
    day.told("HUB-PLACE-010", "g2", "academy_entry", "c2", since=other)


@case(
    "TC-HUB-PLACE-08",
    ko="다른 어린이의 집에서 감지된 것은 귀가가 아니다",
    en="A sighting at another child's home is no home entry",
    verifies=["HUB-PLACE-011"],
    needs=["everyday"],
    town=Town(children=2, parts=(), extra=lambda m: [m.reader("ih2", "interior", (0.0, 300.0), "home2")]),
    steps=[
        ("c1과 c2가 제 집의 문을 밖으로 지난다", "c1 and c2 pass the gates of their homes outward"),
        ("c1이 c2의 집 문을 안으로 지나고, 그 집의 내부 리더기에 감지되고, 그 안에서 측위 셋을 보낸다",
         "c1 passes the gate of c2's home inward, is seen at the interior reader there, and sends three fixes inside"),
        ("c2가 제 집의 문을 안으로 지난다", "c2 passes the gate of its home inward"),
    ],
    criteria=[("c1의 귀가는 알리지 않고 c2의 귀가는 알린다", "no home entry of c1 is told; that of c2 is")],
)  # fmt: skip
def a_friends_home(t: HubBench) -> None:
    day = Day(t)
    left = [day.passes(f"gh{n}", f"t{n}", False, day.start - 295) for n in (1, 2)]
    for n in (1, 2):
        day.settled(f"g{n}", "home_exit", f"c{n}", since=left[n - 1])
    visit = day.passes("gh2", "t1", True, day.start - 160)
    day.sighted("ih2", "a", "t1", day.start - 120)
    day.walks("p1", [(0.0, 300.0)] * 3, day.start - 20, moving=False)
    back = day.passes("gh2", "t2", True, day.start)
    day.not_told("HUB-PLACE-011", "no home entry of c1", "home_entry", since=visit, child="c1")
    day.told("HUB-PLACE-011", "g2", "home_entry", "c2", since=back)


def _beside_the_door(m: Maker) -> list[Item]:
    return [m.reader("ih", "interior", (0.0, 0.0), "home1")]


@case(
    "TC-HUB-PLACE-09",
    ko="움직이지 않는 태그가 거듭 감지되어도 나감과 들어옴을 알리지 않는다",
    en="Repeated sightings of a tag that does not move make neither exits nor entries",
    verifies=["HUB-PLACE-013"],
    needs=["everyday"],
    town=Town(parts=(), extra=_beside_the_door),
    rows={"at the gate": {"reader": "gh1", "antenna": "in"}, "indoors": {"reader": "ih", "antenna": "a"}},
    steps=[
        ("집에 두고 나온 t1이 한 안테나에서 20 s에서 40 s마다 여덟 번, 2 s씩 감지된다",
         "t1, left at home, is seen at one antenna eight times, every 20 s to 40 s, 2 s each"),
        ("t1이 집 문을 밖으로 지난다", "t1 passes the gate of the home outward"),
    ],
    criteria=[("마지막 통과의 외출만 알린다 (처음의 귀가는 허브가 어린이의 자리를 몰랐다면 한 번 허용한다)",
               "only the exit by the last pass is told (one entry at the very beginning is allowed, where the hub did not know the child's place)")],
)  # fmt: skip
def forgotten(t: HubBench, reader: str, antenna: str) -> None:
    day = Day(t)
    seen, at = [], day.start - 290
    for n in range(8):
        seen.append(day.sighted(reader, antenna, "t1", at, at + 2, stay=f"f{n}"))
        at += (20, 40, 25)[n % 3]
    # A hub that holds no child to be at home from the start learns it here, once, and may take the service's limit.
    t.await_one(
        lambda s: t.is_down(s, "guardian/g1", "notice", t.about("home_entry", "c1")),
        t.line.stamp() + (t.settings.absence_s if day.clocked else t.limit("home_entry")),
    )
    day.not_told("HUB-PLACE-013", "neither exit nor entry", *HOME_SERVICES, since=seen[0], child="c1")
    left = day.passes("gh1", "t1", False, day.now)
    day.told("HUB-PLACE-013", "g1", "home_exit", "c1", since=left)


def _comes_and_goes(
    t: HubBench, gate: str, first_inward: bool, services: tuple[str, str], requirements: tuple[str, str]
) -> None:
    """Three passes 140 s apart; ``services`` and ``requirements``: of coming and of going."""
    day = Day(t)
    for n, ago in enumerate((290.0, 150.0, 10.0)):
        inward = first_inward == (n % 2 == 0)
        passed = day.passes(gate, "t1", inward, day.start - ago)
        day.told(requirements[not inward], "g1", services[not inward], "c1", since=passed)


@case(
    "TC-HUB-PLACE-10",
    ko="집을 나가고 들어올 때마다 알린다",
    en="Each coming home and going out is told",
    verifies=["HUB-PLACE-003", "HUB-PLACE-004"],
    needs=["everyday"],
    town=Town(parts=()),
    steps=[("c1이 집 문을 밖, 안, 밖으로 140 s 간격으로 지난다", "c1 passes the gate of its home out, in and out, 140 s apart")],
    criteria=[("세 번 모두 60 s 안에 알린다", "all three are told within 60 s")],
)  # fmt: skip
def at_home(t: HubBench) -> None:
    _comes_and_goes(t, "gh1", False, HOME_SERVICES, ("HUB-PLACE-003", "HUB-PLACE-004"))


@case(
    "TC-HUB-PLACE-11",
    ko="학원에 들어가고 나올 때마다 알린다",
    en="Each entry to and exit from an academy is told",
    verifies=["HUB-PLACE-005", "HUB-PLACE-006"],
    needs=["everyday"],
    town=Town(parts=("academy",)),
    steps=[("c1이 학원 문을 안, 밖, 안으로 140 s 간격으로 지난다", "c1 passes the gate of its academy in, out and in, 140 s apart")],
    criteria=[("세 번 모두 60 s 안에 알린다", "all three are told within 60 s")],
)  # fmt: skip
def at_an_academy(t: HubBench) -> None:
    _comes_and_goes(t, "ga", True, ACADEMY_SERVICES, ("HUB-PLACE-005", "HUB-PLACE-006"))


@case(
    "TC-HUB-PLACE-12",
    ko="교실에 두고 간 태그는 전화기가 나간 뒤에 등교를 다시 알리지 않는다",
    en="A tag left in class tells no arrival again after the phone has left",
    verifies=["HUB-PLACE-013"],
    needs=["everyday"],
    town=Town(parts=("school",)),
    steps=[
        ("c1이 학교 안에서 보인다", "c1 is seen in school"),
        ("전화기가 학교에서 멀어지는 측위 넷을 보낸다", "the phone sends four fixes leading away from school"),
        ("그 뒤에도 교실의 리더기가 t1을 40 s마다 다섯 번 본다", "after that the reader in class goes on seeing t1, five times, every 40 s"),
        ("t1이 학교 문을 안으로 지난다", "t1 passes the school gate inward"),
    ],
    criteria=[("하교를 한 번 알리고, 두고 간 태그에는 아무것도 알리지 않으며, 마지막 통과에 등교를 알린다",
               "one departure is told, nothing upon the tag left behind, and an arrival upon the last pass")],
)  # fmt: skip
def left_in_class(t: HubBench) -> None:
    day = Day(t)
    day.in_school(at=day.start - 290)
    away = [(860.0 - 40 * n, 0.0) for n in range(4)]
    gone = day.walks("p1", away, day.start - 230, 15.0)[-1]
    day.settled("g1", "school_departure", "c1", since=gone)
    seen = [
        day.sighted("is", "a", "t1", at, at + 2, stay=f"f{n}")
        for n, at in enumerate(day.start - 225 + 40 * n for n in range(5))
    ]
    day.not_told(
        "HUB-PLACE-013",
        "neither arrival nor departure",
        "school_arrival",
        "school_departure",
        since=seen[0],
        child="c1",
    )
    back = day.passes("gs", "t1", True)
    day.told("HUB-PLACE-013", "g1", "school_arrival", "c1", since=back)
