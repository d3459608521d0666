"""7.1: the marking of drills, and whom they reach."""

from collections.abc import Mapping
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._work import alerted, flags, id_of
from safezone_conformance.hub_bench import SETUP_S, Down, HubBench, Message
from safezone_conformance.town import Item, Maker, Town, lat_lon
from safezone_conformance.wire import iso

EVERYBODY = ("desk/d112", "desk/dreal", "guardian/g1", "guardian/greal")


def _people(m: Maker) -> list[Item]:
    """A real desk and a real guardian beside the simulated ones."""
    return [m.desk("dreal", nature="real"), m.guardian("greal", ["c1"], nature="real")]


def _cast(m: Maker) -> list[Item]:
    return [*_people(m), m.desk("dallow", nature="real"), m.guardian("gallow", ["c1"], nature="real"),
            m.drill("d1", allow=["dallow", "gallow", "camallow"])]  # fmt: skip


def _told(t: HubBench, requirement: str, to: str, since: Message, within: float = SETUP_S) -> Down:
    """The notice or alert of the call c1 made with this message."""
    type_ = "alert" if to.startswith("desk/") else "notice"
    return t.expect_down(
        requirement, to, type_, within=within, since=since, where=_of(since), what=f"{type_} of the call"
    )


def _of(sent: Message) -> Any:
    return lambda data: sent.ref in data.get("evidence", [])


@case(
    "TC-HUB-DRILL-01",
    ko="훈련의 메시지에서 나온 알림, 경보, camera.turn은 훈련의 id를 그대로 든다",
    en="A notice, alert or camera.turn that follows from an exercise message carries its exercise unchanged",
    verifies=["HUB-DRILL-002"],
    slow_s=9,
    needs=["drills", "everyday", "cameras"],
    town=Town(parts=("school", "pole", "camera", "desk"), extra=lambda m: [m.drill("d1")]),
    before=[("훈련 d1이 열려 있다", "the drill d1 is open")],
    steps=[
        ("c1의 훈련 호출을 보낸다", "an exercise call of c1 is sent"),
        ("c1이 훈련으로 학교 문을 지나 들어온다", "c1 passes in through the school's gate, in the exercise"),
    ],
    criteria=[("경보, 두 알림, camera.turn의 exercise는 d1이다", "exercise of the alert, both notices and camera.turn is d1")],
)  # fmt: skip
def carried(t: HubBench) -> None:
    now = t.now()
    passed = t.pass_gate("gs", "t1", True, now - 60, exercise="d1")
    t.accepted(*passed)
    sent = t.tag_called("pole", "t1", 1, exercise="d1")
    came = [_told(t, "HUB-DRILL-002", to, sent) for to in ("desk/d112", "guardian/g1")]
    came.append(t.expect_down("HUB-DRILL-002", "dev/cam", "camera.turn", within=SETUP_S, since=sent,
                              where=lambda d: d.get("incident") == id_of(came[0])))  # fmt: skip
    came.append(t.expect_notice("HUB-DRILL-002", "g1", "school_arrival", child="c1", since=passed[0]))
    for down in came:
        found = down.envelope.get("exercise")
        t.check(
            "HUB-DRILL-002",
            found == t.id("d1"),
            f"exercise {t.id('d1')} of {down.type} to {down.principal}",
            found,
            seen=down,
        )


@case(
    "TC-HUB-DRILL-02",
    ko="훈련이 열려 있어도 exercise 없는 관측에서 나온 것은 실제이고 실제와 가상 모두에게 간다",
    en="What follows from an observation without exercise is real, whatever drill is open, and reaches real and simulated alike",
    verifies=["HUB-DRILL-003", "HUB-DRILL-005"],
    needs=["drills", "cameras"],
    town=Town(parts=("pole", "camera", "desk"), extra=lambda m: [*_people(m), m.drill("d1")]),
    before=[("훈련 d1이 열려 있고, 상황실과 보호자에 실제와 가상이 하나씩 있다", "the drill d1 is open; of desks and guardians one each is real and simulated")],
    steps=[
        ("c1의 훈련 호출을 보내고, 이어 exercise 없는 호출을 보낸다", "an exercise call of c1 is sent, and then one without exercise"),
    ],
    criteria=[
        ("실제 호출의 경보, 알림, camera.turn에는 exercise가 없고 넷 모두에게 간다",
         "alerts, notices and camera.turn of the real call have no exercise, and reach all four"),
    ],
)  # fmt: skip
def never_inferred(t: HubBench) -> None:
    alerted(t, t.tag_called("pole", "t1", 1, exercise="d1"), "tag_call")
    sent = t.tag_called("pole", "t1", 2)
    for to in EVERYBODY:
        down = _told(t, "HUB-DRILL-005", to, sent)
        t.check("HUB-DRILL-003", "exercise" not in down.envelope, f"no exercise in {down.type} to {to}",
                down.envelope.get("exercise"), seen=down)  # fmt: skip
    t.settle()
    for turn in t.downs("dev/cam", "camera.turn", lambda d: d.get("incident") == down.data["incident"]):
        t.check(
            "HUB-DRILL-003",
            "exercise" not in turn.envelope,
            "no exercise in camera.turn",
            turn.envelope.get("exercise"),
            seen=turn,
        )


@case(
    "TC-HUB-DRILL-03",
    ko="훈련의 알림과 경보는 가상의 수신자와 allow에 있는 수신자에게만 간다",
    en="Notices and alerts of an exercise reach only recipients that are simulated or in the drill's allow",
    verifies=["HUB-DRILL-004"],
    needs=["drills"],
    town=Town(parts=("pole", "desk"), extra=_cast),
    before=[("상황실과 보호자가 셋씩 있다: 가상, 실제, 실제이며 d1의 allow에 있음", "there are three desks and three guardians: simulated, real, and real in allow of d1")],
    steps=[("c1의 훈련 호출을 보낸다", "an exercise call of c1 is sent")],
    criteria=[
        ("가상인 것과 allow에 있는 것은 받고 다른 실제의 것은 받지 않는다", "the simulated and those in allow are told, the other real ones are not"),
    ],
)  # fmt: skip
def only_allowed(t: HubBench) -> None:
    sent = t.tag_called("pole", "t1", 1, exercise="d1")
    for to in ("desk/d112", "desk/dallow", "guardian/g1", "guardian/gallow"):
        _told(t, "HUB-DRILL-004", to, sent)
    for to in ("desk/dreal", "guardian/greal"):
        t.expect_none("HUB-DRILL-004", to=to, after=sent, where=_of(sent), limit=t.limit("tag_call"),
                      expected=f"nothing of the exercise to {to}, real and not in allow")  # fmt: skip


@case(
    "TC-HUB-DRILL-04",
    ko="훈련의 camera.turn은 가상의 카메라와 allow에 있는 카메라에만 간다",
    en="A camera.turn of an exercise reaches only cameras that are simulated or in the drill's allow",
    verifies=["HUB-DRILL-013"],
    needs=["drills", "cameras"],
    town=Town(
        children=0, parts=("desk",),
        extra=lambda m: [
            m.drill("d1", allow=["camallow"]),
            *(i for n, (name, nature) in enumerate((("camsim", "simulated"), ("camreal", "real"), ("camallow", "real")))
              for i in (m.device(f"bell{n}", "bell", placement=lat_lon(0, -2000 * n)),
                        m.camera(name, (0, 0), {"s": 180}, nature=nature, placement=lat_lon(0, 11 - 2000 * n)))),
        ],
    ),
    before=[("서로 2 km 떨어진 비상벨 셋 옆에 카메라가 하나씩 있다: 가상, 실제, 실제이며 d1의 allow에 있음",
             "beside three bells 2 km apart there is one camera each: simulated, real, and real in allow of d1")],
    steps=[("세 벨이 훈련으로 눌리고, 이어 가운데 벨이 실제로 눌린다", "the three bells are pressed in the exercise, then the second one for real")],
    criteria=[
        ("훈련의 camera.turn은 가상과 allow의 카메라에 가고 다른 실제 카메라에는 가지 않는다; 실제 누름에는 그 카메라도 돈다",
         "camera.turn of the exercise goes to the simulated camera and to that in allow, not to the other; the real press turns that too"),
    ],
)  # fmt: skip
def cameras(t: HubBench) -> None:
    presses = [t.bell_pressed(f"bell{n}", 1, exercise="d1") for n in range(3)]
    incidents = [id_of(alerted(t, press, "bell_call")) for press in presses]
    since = t.line.stamp()
    for camera, incident in (("camsim", incidents[0]), ("camallow", incidents[2])):
        t.expect_down("HUB-DRILL-013", f"dev/{camera}", "camera.turn", within=since + SETUP_S, since=0.0,
                      where=lambda d, i=incident: d.get("incident") == i)  # type: ignore[misc]  # fmt: skip
    t.expect_none("HUB-DRILL-013", to="dev/camreal", type_="camera.turn", after=0.0, limit=t.limit("bell_call"),
                  expected="no camera.turn of the exercise to a real camera")  # fmt: skip
    real = alerted(t, t.bell_pressed("bell1", 2), "bell_call")
    t.expect_down("HUB-DRILL-013", "dev/camreal", "camera.turn", within=SETUP_S + t.line.stamp() - since, since=since,
                  where=lambda d: d.get("incident") == id_of(real))  # fmt: skip


def _unknown(m: Maker) -> list[Item]:
    later = {"opens_at": iso(m.now + 86400), "closes_at": iso(m.now + 2 * 86400)}
    past = {"opens_at": iso(m.now - 2 * 86400), "closes_at": iso(m.now - 86400)}
    return [*_people(m), m.drill("later", **later), m.drill("past", **past), m.drill("d1")]


def _is_real(t: HubBench, requirement: str, sent: Message, *, flagged: bool) -> None:
    for to in EVERYBODY:
        down = _told(t, requirement, to, sent)
        t.check(
            requirement,
            "exercise" not in down.envelope,
            f"no exercise in {down.type} to {to}",
            down.envelope.get("exercise"),
            seen=down,
        )
        if flagged:
            t.check(
                requirement,
                "drill_unknown" in flags(down.data),
                f"flag drill_unknown to {to}",
                flags(down.data),
                seen=down,
            )


@case(
    "TC-HUB-DRILL-05",
    ko="열려 있지 않은 훈련의 id는 실제로 다루고 나온 것에 drill_unknown이 붙는다",
    en="A drill id that is not open counts as real, and what follows is flagged drill_unknown",
    verifies=["HUB-DRILL-006"],
    needs=["drills"],
    town=Town(parts=("pole", "desk"), extra=_unknown),
    rows={"unknown": {"drill": "nosuch"}, "not-yet-open": {"drill": "later"}},
    steps=[("등록되지 않은 훈련, 또는 내일 여는 훈련의 id로 c1의 호출을 보낸다", "a call of c1 is sent with the id of a drill that is not registered, or opens tomorrow")],
    criteria=[
        ("경보와 알림은 exercise 없이 flags에 drill_unknown을 들고 실제와 가상 모두에게 간다",
         "alerts and notices have no exercise and the flag drill_unknown, and reach real and simulated alike"),
    ],
)  # fmt: skip
def not_open(t: HubBench, drill: str) -> None:
    _is_real(t, "HUB-DRILL-006", t.tag_called("pole", "t1", 1, exercise=drill), flagged=True)


@case(
    "TC-HUB-DRILL-06",
    ko="closes_at이 지난 훈련은 열려 있지 않다",
    en="A drill past its closes_at is not open",
    verifies=["HUB-DRILL-006", "HUB-DRILL-008"],
    needs=["drills"],
    town=Town(parts=("pole", "desk"), extra=_unknown),
    before=[("훈련 past는 어제 닫혔고 d1은 열려 있다", "the drill past closed yesterday, d1 is open")],
    steps=[
        ("past의 id로 c1의 호출을 보낸다", "a call of c1 is sent with the id of past"),
        ("d1의 id로 호출하고, d1의 closes_at을 지난 때로 바꾼 뒤 다시 호출한다",
         "a call is sent in d1; closes_at of d1 is set to a time that is past, and a call is sent again"),
    ],
    criteria=[
        ("past와 닫은 뒤의 d1의 호출은 실제로서 모두에게 가고 drill_unknown이 붙는다; 닫기 앞의 호출은 훈련이다",
         "the calls in past and in d1 after it was closed go to all as real, flagged drill_unknown; that before is an exercise"),
    ],
)  # fmt: skip
def closed(t: HubBench) -> None:
    past = t.tag_called("pole", "t1", 1, exercise="past")
    _is_real(t, "HUB-DRILL-008", past, flagged=False)
    before = alerted(t, t.tag_called("pole", "t1", 2, exercise="d1"), "tag_call")
    t.given(before.envelope.get("exercise") == t.id("d1"), "d1 is open before")
    t.put(t.make.drill("d1", opens_at=iso(t.now() - 86400), closes_at=iso(t.now() - 5)))
    sent = t.tag_called("pole", "t1", 3, exercise="d1")
    _is_real(t, "HUB-DRILL-008", sent, flagged=False)
    for one in (past, sent):
        found = [flags(d.data) for d in t.downs("desk/d112", "alert", _of(one))]
        t.check("HUB-DRILL-006", all("drill_unknown" in f for f in found), "flag drill_unknown", found)


@case(
    "TC-HUB-DRILL-07",
    ko="훈련 중의 실제 긴급호출은 제한 안에 실제로서 모두에게 간다",
    en="A real emergency during a drill reaches all recipients as real, within its limit",
    verifies=["HUB-DRILL-007"],
    needs=["drills"],
    town=Town(children=2, parts=("pole", "bell", "desk"), extra=lambda m: [*_people(m), m.drill("d1")]),
    steps=[
        ("훈련 d1에서 c1과 c2가 호출하고 비상벨이 눌리고 c1의 감지를 쉰 번 보낸다",
         "in the drill d1 c1 and c2 call, a bell is pressed and fifty sightings of c1 are sent"),
        ("바로 이어 c1의 실제 호출을 보낸다", "right after it a real call of c1 is sent"),
    ],
    criteria=[("실제 호출은 exercise 없이 5 s 안에 넷 모두에게 간다", "the real call reaches all four within 5 s, without exercise")],
)  # fmt: skip
def breaks_through(t: HubBench) -> None:
    now = t.now()
    for tag in ("t1", "t2"):
        t.tag_called("pole", tag, 1, exercise="d1")
    t.bell_pressed("bell", 1, exercise="d1")
    for n in range(50):
        t.sighted("pole", "a", "t1", now - 600 + 10 * n, exercise="d1")
    _all_in_time(t, t.tag_called("pole", "t1", 2))


def _all_in_time(t: HubBench, sent: Message) -> None:
    for to in EVERYBODY:
        down = _told(t, "HUB-DRILL-007", to, sent, t.limit("tag_call"))
        t.check(
            "HUB-DRILL-007",
            "exercise" not in down.envelope,
            f"real to {to}",
            down.envelope.get("exercise"),
            seen=down,
        )


@case(
    "TC-HUB-DRILL-08",
    ko="훈련 시계가 구역의 시간을 가져도 실제 긴급호출은 제한 안에 모두에게 가고 다시 알려진다",
    en="While an exercise clock has the zone's time a real call reaches all within its limit all the same",
    verifies=["HUB-DRILL-007"],
    needs=["drills", "exercise-clock"],
    town=Town(parts=("pole", "desk"), extra=lambda m: [*_people(m), m.drill("d1", clock="k1", closes_at=iso(m.now + 7 * 86400))]),
    steps=[
        ("훈련 시계를 하루 앞으로 옮기고 그대로 둔다", "the exercise clock is set a day ahead and left there"),
        ("c1의 훈련 호출, 이어 실제 호출을 보낸다", "an exercise call of c1 is sent, then a real one"),
    ],
    criteria=[("실제 호출은 exercise 없이 5 s 안에 넷 모두에게 간다", "the real call reaches all four within 5 s, without exercise")],
)  # fmt: skip
def breaks_through_the_clock(t: HubBench) -> None:
    clock = t.drill_clock("d1", "k1", t.now() + 86400)
    alerted(t, t.tag_called("pole", "t1", 1, clock.now, exercise="d1"), "tag_call")
    _all_in_time(t, t.tag_called("pole", "t1", 2))


@case(
    "TC-HUB-DRILL-09",
    ko="증거에 실제와 훈련의 관측이 섞이면 결과는 실제이다",
    en="Where evidence mixes real and exercise observations, the outcome is real",
    verifies=["HUB-DRILL-010"],
    slow_s=9,
    needs=["drills", "everyday"],
    town=Town(parts=("school", "desk"), extra=lambda m: [m.drill("d1"), m.drill("d2")]),
    rows={"real-first": {"first": {}, "second": {"exercise": "d1"}}, "exercise-first": {"first": {"exercise": "d1"}, "second": {}},
          "two-drills": {"first": {"exercise": "d1"}, "second": {"exercise": "d2"}}},
    steps=[("학교 문의 두 안테나에서, 하나는 훈련으로 하나는 실제로(또는 다른 훈련으로) 감지된다",
            "at the two antennas of the school's gate c1 is seen, once in the exercise and once for real (or in another exercise)")],
    criteria=[("등교 알림에 exercise가 없다 (권고)", "the notice of arrival has no exercise (SHOULD)")],
)  # fmt: skip
def mixed(t: HubBench, first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    now = t.now()
    one = t.sighted("gs", "out", "t1", now - 60, **first)
    two = t.sighted("gs", "in", "t1", now - 57, **second)
    t.accepted(one, two)
    notice = t.expect_notice("HUB-DRILL-010", "g1", "school_arrival", child="c1", since=one)
    cited = [e["id"] for e in notice.data["evidence"]]
    t.given(one.id in cited and two.id in cited, "the notice rests on both observations")
    t.check(
        "HUB-DRILL-010",
        "exercise" not in notice.envelope,
        "no exercise",
        notice.envelope.get("exercise"),
        seen=notice,
    )


def _neighbours(m: Maker) -> list[Item]:
    """A second zone of the same hub, with an open drill of its own."""
    other = m.identity.id("z2")
    return [i | {"zone": other} for i in ({**m.zone(), "id": other}, m.drill("d2"))]


@case(
    "TC-HUB-DRILL-10",
    ko="다른 구역의 훈련은 이 구역의 메시지에는 열려 있지 않다",
    en="A drill of another zone is not open for messages of this one",
    verifies=["HUB-DRILL-014"],
    needs=["drills"],
    town=Town(parts=("pole", "desk"), extra=_neighbours),
    before=[("구역 z2에 훈련 d2가 열려 있다", "in the zone z2 the drill d2 is open")],
    steps=[("이 구역의 pole이 t1의 tag.called를 d2의 훈련으로 보낸다", "pole, of this zone, sends tag.called of t1 as part of d2")],
    criteria=[("상황실과 보호자에게 exercise 없이, drill_unknown을 달고 간다", "desk and guardian are told without exercise, flagged drill_unknown")],
)  # fmt: skip
def anothers_drill(t: HubBench) -> None:
    sent = t.tag_called("pole", "t1", 1, exercise="d2")
    told = (
        t.expect_alert("HUB-DRILL-014", "tag_call", child="c1", since=sent),
        t.expect_notice("HUB-DRILL-014", "g1", "tag_call", child="c1", since=sent),
    )
    for down in told:
        exercise = down.envelope.get("exercise")
        t.check("HUB-DRILL-014", exercise is None, "no exercise", exercise, seen=down)
        marks = down.data.get("flags", [])
        t.check("HUB-DRILL-014", "drill_unknown" in marks, "flagged drill_unknown", marks, seen=down)
