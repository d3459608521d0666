"""9.6: not arrived."""

from datetime import datetime
from zoneinfo import ZoneInfo

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day, clear_s, happened_at, moment
from safezone_conformance.hub_bench import HubBench, Message
from safezone_conformance.town import TIMEZONE, Item, Maker, Town
from safezone_conformance.wire import iso

NEEDS = ["everyday", "exercise-clock"]
BEFORE = [("등교일이고 not_arrived_after는 09:10이다. 어린이에 관해 아무것도 감지되지 않았다",
           "It is a school day, not_arrived_after is 09:10, and nothing has been seen of the children")]  # fmt: skip
SERVICE = "not_arrived"


def _offices(m: Maker) -> list[Item]:
    return [m.guardian("h1", ["c1"]), m.desk("office", "school"), m.desk("sup", "supervisor")]


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(TIMEZONE)).date().isoformat()


def _clocked(day: Day, at: float) -> Message:
    """A sign of life that concerns nobody, so that what follows has a beginning."""
    day.until(at)
    return day.sends("dev/gs", "device.status", _well(day))


def _well(day: Day) -> dict[str, object]:
    return {"online": True, "clock": iso(day.now), "interval_s": 600, "queue_depth": 0, "firmware": "1.0"}


@case(
    "TC-HUB-ABSENT-01",
    ko="등교일의 not_arrived_after가 지나도록 학교에 있다는 근거가 없으면 60 s 안에, 하루에 한 번 알린다",
    en="When not_arrived_after passes on a school day without evidence, not_arrived is told within 60 s, once a day",
    verifies=["HUB-ABSENT-001", "HUB-ABSENT-005", "HUB-ABSENT-007"],
    needs=NEEDS,
    town=Town(parts=("school", "desk"), extra=_offices),
    before=BEFORE,
    steps=[
        ("시계를 등교일의 09:09:55로 옮긴다", "the clock is set to 09:09:55 of a school day"),
        ("09:11:00으로 옮긴다", "it is moved to 09:11:00"),
        ("09:10에서 네 시간 뒤까지 옮긴다", "it is moved four hours on"),
    ],
    criteria=[
        ("09:10 전에는 알림이 없고, 09:11까지 두 보호자에게 event_at 09:10으로 알린다", "nothing is told before 09:10; by 09:11 both guardians are told, with event_at 09:10"),
        ("그 날 다시 알리지 않으며, 구역에 not_arrived의 정책이 없으므로 어느 상황실에도 알리지 않는다",
         "it is not told again that day, and, the zone having no policy for it, to no desk of any post"),
    ],
)  # fmt: skip
def not_arrived(t: HubBench) -> None:
    due = moment(t, 2, "09:10")
    day = Day(t, moment(t, 2, "09:00"))
    begun = _clocked(day, due - 5)
    t.expect_none("HUB-ABSENT-001", where=t.about(SERVICE), after=begun, limit=t.line.stamp() - begun.t + t.settings.absence_s,
                  expected="nothing before not_arrived_after", fence=False)  # fmt: skip
    day.until(due + clear_s(SERVICE))
    for guardian in ("g1", "h1"):
        told = day.told("HUB-ABSENT-001", guardian, SERVICE, "c1", since=begun)
        t.check(
            "HUB-ABSENT-001",
            abs(happened_at(told) - due) < 1,
            "event_at of not_arrived_after",
            told.data["event_at"],
            seen=told,
        )
    for _ in range(4):
        day.waits(3600)
    day.not_told("HUB-ABSENT-005", "no second not_arrived that day", SERVICE, since=begun, child="c1")
    alerts = t.downs(type_="alert", where=t.about(SERVICE))
    t.check("HUB-ABSENT-007", not alerts, "guardians only", [a.principal for a in alerts])


@case(
    "TC-HUB-ABSENT-02",
    ko="예정된 결석의 날에는 알리지 않는다",
    en="On a day of planned absence it is not told",
    verifies=["HUB-ABSENT-002"],
    needs=NEEDS,
    town=Town(children=2, parts=("school",)),
    before=BEFORE,
    steps=[
        ("그 날의 c1의 결석을 등록한다", "an absence of c1 on that day is registered"),
        ("시계를 09:11로 옮긴다", "the clock is moved to 09:11"),
    ],
    criteria=[("c2에 관해서만 알린다", "it is told of c2 only")],
)  # fmt: skip
def planned(t: HubBench) -> None:
    due = moment(t, 2, "09:10")
    t.put(t.make.other("absence", "a1", child=t.id("c1"), date=_date(due), reason="가족 여행"))
    day = Day(t, moment(t, 2, "09:00"))
    begun = _clocked(day, due - 5)
    day.until(due + clear_s(SERVICE))
    day.told("HUB-ABSENT-002", "g2", SERVICE, "c2", since=begun)
    day.not_told("HUB-ABSENT-002", "nothing of the child that is excused", SERVICE, since=begun, child="c1")


def _a_holiday(m: Maker) -> list[Item]:
    """Of the days ahead the second is a holiday, the third a school day, and the fourth has no school."""
    weekdays = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    today = datetime.fromtimestamp(m.now, ZoneInfo(TIMEZONE))
    names = [weekdays[(today.weekday() + n) % 7] for n in (2, 3)]
    return [m.zone(calendar={"weekdays": names, "holidays": [_date(m.now + 2 * 86400)]})]


@case(
    "TC-HUB-ABSENT-03",
    ko="휴일과 수업이 없는 날에는 알리지 않는다",
    en="On holidays and days without school it is not told",
    verifies=["HUB-ABSENT-003"],
    needs=NEEDS,
    town=Town(parts=("school",), extra=_a_holiday),
    before=[("이틀 뒤는 휴일, 사흘 뒤는 등교일, 나흘 뒤는 수업이 없는 요일이다. not_arrived_after는 09:10이다",
             "the second day ahead is a holiday, the third a school day, the fourth a weekday without school; not_arrived_after is 09:10")],
    steps=[("시계를 그 세 날의 09:00과 09:11로 차례로 옮긴다", "the clock is moved to 09:00 and 09:11 of these three days in turn")],
    criteria=[("등교일에만 알린다", "it is told on the school day only")],
)  # fmt: skip
def no_school(t: HubBench) -> None:
    day = Day(t, moment(t, 2, "09:00"))
    begun = _clocked(day, moment(t, 2, "09:05"))
    day.until(moment(t, 2, "09:11"))
    day.not_told("HUB-ABSENT-003", "nothing on a holiday", SERVICE, since=begun)
    _clocked(day, moment(t, 3, "09:09"))
    day.until(moment(t, 3, "09:11"))
    day.told("HUB-ABSENT-003", "g1", SERVICE, "c1", since=begun)
    _clocked(day, moment(t, 4, "09:00"))
    day.until(moment(t, 4, "09:11"))
    day.not_told("HUB-ABSENT-003", "nothing on a day without school", SERVICE, since=begun)


@case(
    "TC-HUB-ABSENT-04",
    ko="온 어린이는 알리지 않고, 늦게 온 어린이는 등교를 알린다",
    en="It is not told of a child that has arrived; if a child arrives after all, school_arrival is told",
    verifies=["HUB-ABSENT-004", "HUB-ABSENT-006"],
    needs=NEEDS,
    town=Town(children=2, parts=("school",)),
    before=BEFORE,
    steps=[
        ("08:50에 c1이 학교 문을 안으로 지난다", "at 08:50 c1 passes the school gate inward"),
        ("시계를 09:11로 옮긴다", "the clock is moved to 09:11"),
        ("09:20에 c2가 문을 안으로 지난다", "at 09:20 c2 passes the gate inward"),
    ],
    criteria=[("미등교는 c2에 관해서만 알리고, c2의 등교도 알린다", "not_arrived is told of c2 only, and then its arrival")],
)  # fmt: skip
def arrived(t: HubBench) -> None:
    due = moment(t, 2, "09:10")
    day = Day(t, moment(t, 2, "08:50"))
    came = day.passes("gs", "t1", True)
    day.settled("g1", "school_arrival", "c1", since=came)
    _clocked(day, due - 5)
    day.until(due + clear_s(SERVICE))
    day.told("HUB-ABSENT-004", "g2", SERVICE, "c2", since=came)
    day.not_told("HUB-ABSENT-004", "nothing of the child that is in school", SERVICE, since=came, child="c1")
    day.until(due + 600)
    late = day.passes("gs", "t2", True)
    day.told("HUB-ABSENT-006", "g2", "school_arrival", "c2", since=late)


POLICY = {"policy": {"not_arrived": {"school_after_s": 600, "desk_after_s": 1800}}}


@case(
    "TC-HUB-ABSENT-05",
    ko="처음에는 보호자에게만 가고, 학교와 112에는 15.2의 정책대로만 간다",
    en="It goes to guardians only at first, and to school and 112 only as the policy of 15.2 says",
    verifies=["HUB-ABSENT-007"],
    needs=[*NEEDS, "escalation"],
    town=Town(parts=("school", "desk"), extra=lambda m: [m.zone(**POLICY), *_offices(m)]),
    before=[*BEFORE, ("구역의 정책은 학교에 600 s 뒤, 112에 1800 s 뒤이다", "the policy of the zone is school after 600 s, 112 after 1800 s")],
    steps=[("시계를 09:11, 09:19, 09:22, 09:38, 09:42로 옮긴다", "the clock is moved to 09:11, 09:19, 09:22, 09:38 and 09:42")],
    criteria=[("09:19까지 보호자에게만, 09:22까지 학교에, 09:38까지 112에는 아니고 09:42까지 112에 간다",
               "by 09:19 it has gone to the guardians only, by 09:22 to the school, by 09:38 not to 112 and by 09:42 to 112")],
)  # fmt: skip
def climbs(t: HubBench) -> None:
    due = moment(t, 2, "09:10")
    day = Day(t, moment(t, 2, "09:00"))
    begun = _clocked(day, due - 5)
    day.until(due + clear_s(SERVICE))
    day.told("HUB-ABSENT-007", "g1", SERVICE, "c1", since=begun)

    def desks(at: float) -> set[str]:
        day.until(due + at)
        t.await_all(t.line.stamp() + t.settings.absence_s)
        return {a.principal for a in t.downs(type_="alert", where=t.about(SERVICE))}

    steps: list[tuple[float, set[str]]] = [
        (540.0, set()),
        (720.0, {"desk/office"}),
        (1680.0, {"desk/office"}),
    ]
    for at, wanted in steps:
        found = desks(at)
        t.check(
            "HUB-ABSENT-007",
            found == wanted,
            f"{at / 60:.0f} min after 09:10 told to {sorted(wanted) or 'guardians only'}",
            sorted(found),
        )
    # Then it climbs as any other incident of the desk: the supervisor may have it too.
    found = desks(1920.0)
    t.check(
        "HUB-ABSENT-007",
        {"desk/office", "desk/d112"} <= found,
        "32 min after 09:10 told to the school and the desk",
        sorted(found),
    )
