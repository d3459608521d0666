"""9.9: silent tags and phones."""

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day, Point, clear_s, in_window, moment
from safezone_conformance.hub_bench import HubBench, Message
from safezone_conformance.town import ACADEMY, Item, Maker, Town

SERVICE = "tag_silent"
NEEDS = ["danger"]
SILENCE_S = 600.0
WAY: list[Point] = [(200.0, 0.0), (240.0, 0.0), (280.0, 0.0)]
BEFORE = [("어린이들은 집의 문을 나섰다", "the children have left home through their gates")]


def _set_out(day: Day, *children: int) -> None:
    left = [day.passes(f"gh{n}", f"t{n}", False, day.start - 200) for n in children]
    for n, message in zip(children, left, strict=True):
        day.settled(f"g{n}", "home_exit", f"c{n}", since=message)


def _silent(t: HubBench, day: Day, requirement: str, expected: str, since: Message, child: str) -> None:
    """Nothing of that child to anybody; ``day`` has passed what was due."""
    t.expect_none(requirement, after=since, where=t.about(SERVICE, child), limit=t.line.stamp() - since.t + t.settings.absence_s,
                  expected=expected, fence=False)  # fmt: skip


@case(
    "TC-HUB-SILENT-01",
    ko="길 위에서 움직이던 어린이에게서 600 s 동안 아무것도 오지 않으면 15 s 안에, 한 번 알린다",
    en="When nothing comes for 600 s after a child was last seen moving on the way, it is told within 15 s, once",
    verifies=["HUB-SILENT-001", "HUB-SILENT-006", "HUB-SILENT-008"],
    needs=NEEDS,
    town=Town(parts=("desk",), extra=lambda m: [m.guardian("h1", ["c1"])]),
    before=BEFORE,
    slow_s=2420.0,
    steps=[
        ("p1이 길 위에서 moving인 측위 셋을 보낸다", "p1 sends three fixes on the way, moving"),
        ("590 s가 지나게 하고, 이어 615 s까지 지나게 한다", "590 s pass, and then up to 615 s"),
        ("30분이 더 지나게 한다", "30 minutes more pass"),
    ],
    criteria=[
        ("590 s에는 알리지 않고 615 s까지 상황실과 두 보호자에게 알리며 event_at은 창 안이다",
         "nothing is told at 590 s; by 615 s the desk and both guardians are told, with event_at in the window"),
        ("그 뒤에는 다시 알리지 않는다", "after that it is not told again"),
    ],
)  # fmt: skip
def silence(t: HubBench) -> None:
    day = Day(t)
    _set_out(day, 1)
    heard = day.now
    last = day.walks("p1", WAY, heard)[-1]
    day.until(heard + SILENCE_S - 10)
    _silent(t, day, "HUB-SILENT-001", "nothing before 600 s", last, "c1")
    day.until(heard + SILENCE_S + clear_s(SERVICE))
    alert = t.expect_alert("HUB-SILENT-001", SERVICE, child="c1", since=last, within=_by_now(t, last))
    t.check(
        "HUB-SILENT-001",
        in_window(alert, heard),
        "event_at in the window",
        alert.data["event_at"],
        seen=alert,
    )
    for guardian in ("g1", "h1"):
        t.expect_notice("HUB-SILENT-006", guardian, SERVICE, child="c1", since=last, within=_by_now(t, last))
    after = alert.sent_at - heard - SILENCE_S
    t.check(
        "HUB-SILENT-006",
        after <= t.limit(SERVICE),
        "the alert within 15 s after 600 s",
        f"after {after:.1f} s",
        seen=alert,
    )
    for _ in range(6):
        day.waits(300)
    day.not_told("HUB-SILENT-008", "one silence is told once", SERVICE, since=last, child="c1")


def _by_now(t: HubBench, since: Message) -> float:
    """From a message until now, and a little more for what was just told to come."""
    return t.line.stamp() - since.t + t.allowed(3.0)


@case(
    "TC-HUB-SILENT-02",
    ko="마지막 배터리가 5 % 아래였으면 알리지 않는다",
    en="It is not told if the last battery was below 5 %",
    verifies=["HUB-SILENT-002"],
    needs=NEEDS,
    town=Town(children=2, parts=("desk",)),
    before=BEFORE,
    slow_s=620.0,
    steps=[
        ("p1은 배터리 4 %, p2는 6 %로 길 위의 측위 셋을 보낸다", "p1, with a battery of 4 %, and p2, of 6 %, send three fixes on the way"),
        ("616 s가 지나게 한다", "616 s pass"),
    ],
    criteria=[("c2에 관해서만 알린다", "it is told of c2 only")],
)  # fmt: skip
def flat(t: HubBench) -> None:
    day = Day(t)
    _set_out(day, 1, 2)
    heard = day.now
    first = day.walks("p1", WAY, heard, battery_pct=4.0)[-1]
    other = day.walks("p2", WAY, heard, battery_pct=6.0)[-1]
    day.until(heard + SILENCE_S + clear_s(SERVICE) + 1)
    t.expect_alert("HUB-SILENT-002", SERVICE, child="c2", since=other, within=_by_now(t, other))
    _silent(t, day, "HUB-SILENT-002", "nothing of the child whose battery was flat", first, "c1")


@case(
    "TC-HUB-SILENT-03",
    ko="규칙적 장소에서 시작된 침묵은 알리지 않는다",
    en="Silence that began in a regular place is not told",
    verifies=["HUB-SILENT-003"],
    needs=NEEDS,
    town=Town(children=2, parts=("academy", "desk")),
    before=BEFORE,
    slow_s=620.0,
    steps=[
        ("p1은 학원 안에서, p2는 길 위에서 moving인 측위 셋을 보낸다", "p1 sends three fixes, moving, inside its academy, p2 on the way"),
        ("616 s가 지나게 한다", "616 s pass"),
    ],
    criteria=[("c2에 관해서만 알린다", "it is told of c2 only")],
)  # fmt: skip
def in_a_place(t: HubBench) -> None:
    day = Day(t)
    _set_out(day, 1, 2)
    heard = day.now
    first = day.walks("p1", [ACADEMY] * 3, heard)[-1]
    other = day.walks("p2", WAY, heard)[-1]
    day.until(heard + SILENCE_S + clear_s(SERVICE) + 1)
    t.expect_alert("HUB-SILENT-003", SERVICE, child="c2", since=other, within=_by_now(t, other))
    _silent(t, day, "HUB-SILENT-003", "nothing of the child that is in its academy", first, "c1")


@case(
    "TC-HUB-SILENT-04",
    ko="그 동안 전화기나 태그의 관측 하나만 있어도 알리지 않는다",
    en="A single observation of phone or tag within that time prevents it",
    verifies=["HUB-SILENT-007"],
    needs=NEEDS,
    town=Town(children=3, parts=("pole", "desk")),
    before=BEFORE,
    slow_s=620.0,
    steps=[
        ("p1, p2, p3이 길 위에서 moving인 측위 셋을 보낸다", "p1, p2 and p3 send three fixes on the way, moving"),
        ("300 s 뒤에 pole이 t1의 머무름을, p2가 측위 하나를 보낸다", "300 s later pole sends a stay of t1, and p2 one fix"),
        ("316 s가 더 지나게 한다", "316 s more pass"),
    ],
    criteria=[("c3에 관해서만 알린다", "it is told of c3 only")],
)  # fmt: skip
def heard_of(t: HubBench) -> None:
    day = Day(t)
    _set_out(day, 1, 2, 3)
    heard = day.now
    last = [day.walks(f"p{n}", WAY, heard)[-1] for n in (1, 2, 3)]
    day.until(heard + 300)
    day.sighted("pole", "a", "t1")
    day.walks("p2", [(320.0, 0.0)])
    day.until(heard + SILENCE_S + clear_s(SERVICE) + 1)
    t.expect_alert("HUB-SILENT-007", SERVICE, child="c3", since=last[2], within=_by_now(t, last[2]))
    _silent(t, day, "HUB-SILENT-007", "nothing of the child whose tag was seen", last[0], "c1")
    _silent(t, day, "HUB-SILENT-007", "nothing of the child whose phone was heard", last[1], "c2")


# Not home by its time


def _home_by(m: Maker) -> list[Item]:
    return [*(m.child(n, home_by="17:30") for n in (1, 2)), m.guardian("h1", ["c1"])]


HOME_BY = Town(children=2, parts=("school", "desk"), extra=_home_by)
LEFT = [("둘의 home_by는 17:30이다", "home_by of both is 17:30")]


def _leave_school(day: Day) -> list[Message]:
    """Both children come to school and leave it, by 17:00; the messages of their leaving."""
    first = [day.sighted("is", "a", f"t{n}", day.start - 280) for n in (1, 2)]
    for n in (1, 2):
        day.settled(f"g{n}", "school_arrival", f"c{n}", since=first[n - 1])
    left = [day.passes("gs", f"t{n}", False, day.start - 100) for n in (1, 2)]
    for n in (1, 2):
        day.settled(f"g{n}", "school_departure", f"c{n}", since=left[n - 1])
    return left


@case(
    "TC-HUB-SILENT-05",
    ko="home_by가 지났는데 마지막 근거가 떠남이고 정상인 집의 리더기에 보이지 않았으면 알린다",
    en="It is told when home_by has passed, the last evidence is a departure, and the home's readers, in order, saw nothing",
    verifies=["HUB-SILENT-004", "HUB-SILENT-006"],
    needs=[*NEEDS, "exercise-clock"],
    town=HOME_BY,
    before=LEFT,
    steps=[
        ("17:00에 두 어린이가 학교에 왔다가 문을 나선다", "at 17:00 both children come to school and leave it through the gate"),
        ("17:20에 c2가 집의 문을 들어가고, 집의 두 리더기가 정상임을 알린다", "at 17:20 c2 goes in through the gate of its home; the readers of both homes report to be well"),
        ("17:29:50과 17:30:15로 옮긴다", "the clock is moved to 17:29:50 and to 17:30:15"),
    ],
    criteria=[("17:30 전에는 알리지 않고, 15 s 안에 c1을 상황실과 두 보호자에게 알리며, c2는 알리지 않는다",
               "nothing is told before 17:30; c1 is told to the desk and both guardians within 15 s, c2 is not")],
)  # fmt: skip
def not_home(t: HubBench) -> None:
    due = moment(t, 1, "17:30")
    day = Day(t, moment(t, 1, "17:00"))
    left = _leave_school(day)
    day.until(due - 600)
    home = day.passes("gh2", "t2", True)
    day.settled("g2", "home_entry", "c2", since=home)
    for at in (due - 400, due - 100):
        day.until(at)
        day.beats("gh1", "gh2")
    day.until(due - 10)
    _silent(t, day, "HUB-SILENT-004", "nothing before home_by", left[0], "c1")
    day.until(due + clear_s(SERVICE))
    alert = t.expect_alert("HUB-SILENT-004", SERVICE, child="c1", since=left[0], within=_by_now(t, left[0]))
    t.check(
        "HUB-SILENT-004", in_window(alert, due), "event_at in the window", alert.data["event_at"], seen=alert
    )
    for guardian in ("g1", "h1"):
        t.expect_notice(
            "HUB-SILENT-006", guardian, SERVICE, child="c1", since=left[0], within=_by_now(t, left[0])
        )
    _silent(t, day, "HUB-SILENT-004", "nothing of the child that is home", left[1], "c2")


@case(
    "TC-HUB-SILENT-06",
    ko="집의 리더기가 고장이면 그 근거로 알리지 않는다",
    en="Upon that evidence it is not told if the home's readers are faulty",
    verifies=["HUB-SILENT-005"],
    needs=[*NEEDS, "exercise-clock", "device-health"],
    town=HOME_BY,
    before=LEFT,
    rows={"heartbeat missing": {"offline": False}, "offline": {"offline": True}},
    steps=[
        ("17:00에 두 어린이가 학교에 왔다가 문을 나선다", "at 17:00 both children come to school and leave it through the gate"),
        ("c1의 집의 리더기는 17:10부터 device.status가 없거나, 17:28에 online false를 알린다. c2의 집의 것은 정상이다",
         "the reader of c1's home sends no device.status from 17:10 on, or announces online false at 17:28; that of c2's home is well"),
        ("17:32로 옮긴다", "the clock is moved to 17:32"),
    ],
    criteria=[("c2에 관해서만 알린다", "it is told of c2 only")],
)  # fmt: skip
def reader_at_fault(t: HubBench, offline: bool) -> None:
    due = moment(t, 1, "17:30")
    day = Day(t, moment(t, 1, "17:00"))
    left = _leave_school(day)
    day.until(due - 1200)
    day.beats("gh1", "gh2")
    for at in (due - 700, due - 120):
        day.until(at)
        day.beats("gh2")
        if offline:
            day.beats("gh1", online=at < due - 300)
    day.until(due + 120)
    t.expect_alert("HUB-SILENT-005", SERVICE, child="c2", since=left[1], within=_by_now(t, left[1]))
    _silent(t, day, "HUB-SILENT-005", "nothing of the child whose home reader is at fault", left[0], "c1")
