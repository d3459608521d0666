"""7.2: the exercise clock, as the hub obeys it."""

from safezone_model import escalation

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import press_bell
from safezone_conformance.cases.hub._work import (
    EARLY_S,
    alerted,
    call,
    fire_desk,
    flagged,
    id_of,
    incident,
    operator,
    supervisor,
    told_at,
    urgent,
)  # fmt: skip
from safezone_conformance.hub_bench import SETUP_S, Down, HubBench, Message
from safezone_conformance.town import Item, Maker, Town, lat_lon
from safezone_conformance.wire import iso, unix

DAY = 86400.0
SHORT = {"policy": {"escalation": {"remind_s": 1, "supervisor_after_s": 2, "fire119_after_s": 3}}}
ONE_MS = 0.0015


def _drill(m: Maker) -> Item:
    return m.drill("d1", clock="k1", opens_at=iso(m.now - DAY), closes_at=iso(m.now + 7 * DAY))


def _tick(t: HubBench, number: int, now: float, clock: str = "k1", drill: str = "d1") -> Message:
    """A clock.tick; does not wait."""
    return t.send(f"clock/{clock}", "clock.tick", {"now": iso(now), "tick": number}, exercise=drill, at=now)


def _acks(t: HubBench) -> list[Down]:
    return t.downs("clock/k1", "clock.ack", repeats=True)


def _await_ack(t: HubBench, tick: int, since: Message) -> Down:
    """A clock.ack of at least this tick that comes after a message, as a precondition."""
    found = t.await_one(
        lambda s: (
            t.is_down(s, "clock/k1", "clock.ack", lambda d: d.get("tick", 0) >= tick) and s.t >= since.t
        ),
        since.t + SETUP_S,
    )
    t.given(found is not None, f"a clock.ack of tick {tick} comes")
    assert isinstance(found, Down)
    return found


def _zone_time(t: HubBench, press: int, said: float) -> float:
    """What time it is for the hub: told_at of an exercise call that says it was pressed at ``said``."""
    return told_at(t, call(t, press, at=said, exercise="d1"))


@case(
    "TC-HUB-CLOCK-01",
    ko="시계가 있는 훈련이 열려 있는 동안 구역의 시간은 마지막 clock.tick의 now이다",
    en="While a drill with a clock is open, the time of its zone is the now of the last clock.tick",
    verifies=["HUB-CLOCK-001"],
    town=Town(parts=("pole", "desk"), extra=lambda m: [_drill(m), supervisor(m)], zone=SHORT),
    slow_s=3,
    before=[("시계 k1이 있는 훈련 d1이 열려 있고, 정책이 1 s 뒤에 다시 알린다", "the drill d1 with the clock k1 is open; the policy reminds after 1 s")],
    steps=[
        ("시계를 이틀 뒤로 옮기고 c1의 훈련 호출을 보낸다", "the clock is set two days ahead, and an exercise call of c1 is sent"),
        ("시계를 세운 채 1.5 s 기다린다", "it is waited 1.5 s, the clock standing still"),
        ("시계를 1 s 앞으로 옮긴다", "the clock is moved on by 1 s"),
    ],
    criteria=[
        ("사건의 told_at과 경보의 time은 tick의 now이다", "told_at of the incident and time of the alert are the now of the tick"),
        ("시계가 서 있는 동안 다시 알림은 없고, 1 s 앞으로 옮기면 온다", "while it stands still there is no reminder; once it moves on by 1 s it comes"),
    ],
)  # fmt: skip
def zone_time(t: HubBench) -> None:
    clock = t.drill_clock("d1", "k1", t.now() + 2 * DAY)
    alert = call(t, at=clock.now, exercise="d1")
    id_, base = id_of(alert), told_at(t, alert)
    t.check(
        "HUB-CLOCK-001", abs(base - clock.now) < ONE_MS, f"told_at {iso(clock.now)}", iso(base), seen=alert
    )
    t.check(
        "HUB-CLOCK-001",
        abs(alert.sent_at - clock.now) < ONE_MS,
        f"time {iso(clock.now)} of the alert",
        alert.envelope["time"],
        seen=alert,
    )
    t.expect_none("HUB-CLOCK-001", type_="alert", after=alert.t, limit=1.5, where=urgent(id_), fence=False,
                  expected="no reminder while the clock stands still")  # fmt: skip
    clock.by(1)
    t.expect_alert(
        "HUB-CLOCK-001",
        "tag_call",
        since=alert.t,
        within=t.line.stamp() - alert.t + SETUP_S,
        where=flagged(id_, "reminder"),
    )


@case(
    "TC-HUB-CLOCK-02",
    ko="열린 훈련의 시계만 시간을 옮기고, 다른 역할의 clock.tick은 bad_type이다",
    en="Only the clock of the open drill moves the time; clock.tick from another role is bad_type",
    verifies=["HUB-CLOCK-002"],
    town=Town(
        parts=("pole", "desk"),
        extra=lambda m: [m.drill("old", clock="k0", opens_at=iso(m.now - DAY), closes_at=iso(m.now - DAY)), _drill(m)],
    ),
    before=[("훈련 d1이 시계 k1과 함께 열려 있고, 훈련 old와 그 시계 k0은 닫혀 있다", "the drill d1 is open with the clock k1; the drill old with the clock k0 is closed")],
    steps=[
        ("k1로 시간을 정한다", "k1 sets the time"),
        ("k0이 old의 이름으로, 이어 d1의 이름으로 한 시간 뒤의 clock.tick을 보낸다", "k0 sends clock.tick an hour ahead, in the name of old and then of d1"),
        ("리더기 pole과 상황실이 clock.tick을 보낸다", "the reader pole and the desk send clock.tick"),
        ("c1의 훈련 호출을 보내 구역의 시간을 본다", "an exercise call of c1 shows the zone's time"),
    ],
    criteria=[("시간은 k1이 정한 그대로이고, pole과 상황실의 것은 rejected bad_type이다", "the time is as k1 set it; those of pole and desk are rejected, bad_type")],
)  # fmt: skip
def only_its_clock(t: HubBench) -> None:
    clock = t.drill_clock("d1", "k1", t.now() + DAY)
    now = clock.now
    for drill in ("old", "d1"):
        _tick(t, 10, now + 3600, "k0", drill)
    t.settle()
    for who in ("dev/pole", "desk/d112"):
        sent = t.send(who, "clock.tick", {"now": iso(now + 3600), "tick": 11}, exercise="d1", at=now)
        t.expect_rejected("HUB-CLOCK-002", sent, "bad_type")
    found = _zone_time(t, 1, now)
    t.check("HUB-CLOCK-002", abs(found - now) < ONE_MS, f"the zone's time {iso(now)} as before", iso(found))


@case(
    "TC-HUB-CLOCK-03",
    ko="한 tick에 그때까지의 모든 때가 차례로, 저마다의 때를 시각으로 하여 이루어진다",
    en="On a tick every timer due fires in order, each with its due time as the hub's time",
    verifies=["HUB-CLOCK-003"],
    needs=["escalation"],
    town=Town(children=2, parts=("pole", "desk"), extra=lambda m: [_drill(m), supervisor(m), fire_desk(m)]),
    steps=[
        ("c1이 훈련으로 호출하고, 10 s 뒤 c2가 호출한다", "c1 calls in the exercise, and 10 s later c2"),
        ("시계를 한 tick에 200 s 앞으로 옮긴다", "the clock is moved on by 200 s in one tick"),
    ],
    criteria=[
        ("다시 알림과 격상이 모두 오고 그 time은 저마다의 때이다: 30, 90 s(상황실), 60 s(supervisor), 180 s(119)",
         "all reminders and climbs come, the time of each being when it was due: 30 and 90 s (desk), 60 s (supervisor), 180 s (119)"),
        ("수신자마다 때의 차례로 온다", "to each recipient they come in order of due time"),
    ],
)  # fmt: skip
def in_order(t: HubBench) -> None:
    remind, up, fire = (float(escalation()[n]) for n in ("remind_s", "supervisor_after_s", "fire119_after_s"))
    clock = t.drill_clock("d1", "k1", t.now() + DAY)
    first = call(t, at=clock.now, exercise="d1")
    clock.by(10)
    second = call(t, 1, tag="t2", at=clock.now, exercise="d1")
    alerts = {id_of(first): told_at(t, first), id_of(second): told_at(t, second)}
    began = t.line.stamp()
    clock.by(200)
    wanted = {
        "desk/d112": ("reminder", (remind, 3 * remind)),
        "desk/sup": ("escalated", (up,)),
        "desk/f119": ("escalated", (fire,)),
    }
    for to, (flag, dues) in wanted.items():
        for id_, base in alerts.items():
            for due in dues:
                found = t.expect_down("HUB-CLOCK-003", to, "alert", within=t.line.stamp() - began + SETUP_S, since=began,
                                      where=flagged(id_, flag), what=f"alert flagged {flag} due after {due:g} s")  # fmt: skip
                after = found.sent_at - base
                t.check(
                    "HUB-CLOCK-003",
                    abs(after - due) < EARLY_S,
                    f"{due:g} s after told_at by its time",
                    f"{after:.3f} s",
                    seen=found,
                )
        times = [d.sent_at for d in t.downs(to, "alert") if d.t >= began]
        t.check("HUB-CLOCK-003", times == sorted(times), f"in order of due time to {to}", times)


@case(
    "TC-HUB-CLOCK-04",
    ko="같은 연결에서 tick 앞에 낸 것은 tick 앞의 시간으로 판단된다",
    en="What was published before the tick on the same connection is judged before it",
    verifies=["HUB-CLOCK-004"],
    town=Town(children=4, parts=("pole", "desk"), extra=lambda m: [_drill(m)]),
    steps=[
        ("네 어린이의 훈련 호출과 예순 번의 감지에 이어, 기다리지 않고 한 시간 뒤의 tick을 보낸다",
         "exercise calls of four children and sixty sightings, and without waiting a tick an hour ahead are sent"),
        ("clock.ack 뒤에 다시 호출한다", "after clock.ack there is one more call"),
    ],
    criteria=[
        ("네 사건의 told_at은 앞의 시간, 마지막 것의 told_at은 새 시간이다", "told_at of the four incidents is the former time, of the last one the new"),
    ],
)  # fmt: skip
def before_the_tick(t: HubBench) -> None:
    clock = t.drill_clock("d1", "k1", t.now() + DAY)
    now = clock.now
    for n in range(60):
        t.sighted("pole", "a", f"t{n % 4 + 1}", now - 300 + 4 * n, exercise="d1")
    sent = [t.tag_called("pole", f"t{n}", 1, now, exercise="d1") for n in range(1, 5)]
    clock.by(3600)
    for message in sent:
        found = told_at(t, alerted(t, message, "tag_call"))
        t.check(
            "HUB-CLOCK-004",
            abs(found - now) < ONE_MS,
            f"told_at {iso(now)}, before the tick",
            iso(found),
            sent=message,
        )
    found = _zone_time(t, 2, clock.now)
    t.check(
        "HUB-CLOCK-004",
        abs(found - clock.now) < ONE_MS,
        f"told_at {iso(clock.now)} after the tick",
        iso(found),
    )


@case(
    "TC-HUB-CLOCK-05",
    ko="clock.ack는 그 tick의 결과가 저장되고 거기서 나온 것이 모두 나간 뒤에 온다",
    en="clock.ack is sent after the effects of the tick are committed and everything they made has been published",
    verifies=["HUB-CLOCK-005"],
    needs=["escalation"],
    town=Town(children=3, parts=("pole", "desk"), extra=lambda m: [_drill(m), supervisor(m)]),
    steps=[
        ("세 어린이가 훈련으로 호출한다", "three children call in the exercise"),
        ("시계를 60 s 앞으로 옮기고, clock.ack를 받자마자 그때까지 온 것을 세고 사건을 조회한다",
         "the clock is moved on by 60 s; at once upon clock.ack what has come is counted and the incidents are queried"),
    ],
    criteria=[
        ("clock.ack 앞에 다시 알림 셋과 격상 셋이 이미 왔고 그 뒤에는 더 오지 않는다",
         "three reminders and three climbs came before clock.ack, and none after it"),
        ("사건의 level은 supervisor이다", "level of the incidents is supervisor"),
    ],
)  # fmt: skip
def ack_last(t: HubBench) -> None:
    clock = t.drill_clock("d1", "k1", t.now() + DAY)
    ids = [id_of(call(t, 1, tag=f"t{n}", at=clock.now, exercise="d1")) for n in range(1, 4)]
    clock.by(60)
    acked = t.line.stamp()
    levels = [incident(t, i)["level"] for i in ids]
    t.check("HUB-CLOCK-005", levels == ["supervisor"] * 3, "committed at clock.ack: level supervisor", levels)
    for id_ in ids:
        for to, flag in (("desk/d112", "reminder"), ("desk/sup", "escalated")):
            came = [d for d in t.downs(to, "alert", flagged(id_, flag)) if d.t <= acked]
            t.check(
                "HUB-CLOCK-005",
                bool(came),
                f"alert flagged {flag} to {to} before clock.ack",
                f"{len(came)} came",
            )
    t.settle()
    late = [d for d in t.downs(None, "alert") if d.t > acked and "exercise" in d.envelope]
    t.check("HUB-CLOCK-005", not late, "nothing of that tick after clock.ack", [dict(d.data) for d in late])


@case(
    "TC-HUB-CLOCK-06",
    ko="clock.ack는 이른 가장 높은 tick을 들고, 같거나 낮은 tick은 다시 확인될 뿐 아무것도 바꾸지 않는다",
    en="clock.ack names the highest tick reached; a tick not above the last is acknowledged again and changes nothing",
    verifies=["HUB-CLOCK-006", "HUB-CLOCK-007"],
    town=Town(parts=("pole", "desk"), extra=lambda m: [_drill(m)]),
    steps=[
        ("clock.tick 다섯을 기다리지 않고 잇달아 보낸다", "five clock.ticks are sent one after another without waiting"),
        ("같은 번호와 낮은 번호의, now가 한 시간 뒤인 tick을 보낸다", "ticks of the same and of a lower number are sent, an hour ahead"),
        ("c1의 훈련 호출로 구역의 시간을 보고, 다음 번호의 tick으로 옮긴다", "an exercise call of c1 shows the zone's time; then the next number moves it on"),
    ],
    criteria=[
        ("모든 clock.ack의 tick은 줄지 않고 보낸 것을 넘지 않으며 now는 그 tick의 것이고, 마지막은 다섯째 tick이다",
         "tick of the clock.acks never falls or exceeds what was sent, now is that of the tick, and the last is the fifth"),
        ("같거나 낮은 번호에는 다섯째 tick과 그 now의 clock.ack가 다시 오고 시간은 그대로이다",
         "the same and the lower number get clock.ack of the fifth tick and its now again, and the time is as before"),
    ],
)  # fmt: skip
def highest(t: HubBench) -> None:
    start = t.now() + DAY
    nows = {n: start + n for n in range(1, 6)}
    ticks = [_tick(t, n, at) for n, at in nows.items()]
    _await_ack(t, 5, ticks[0])
    acks = _acks(t)
    numbers = [int(a.data["tick"]) for a in acks]
    t.check(
        "HUB-CLOCK-006",
        numbers == sorted(numbers) and set(numbers) <= set(nows),
        "rising ticks that were sent",
        numbers,
    )
    fits = all(abs(unix(a.data["now"]) - nows.get(int(a.data["tick"]), 0)) < ONE_MS for a in acks)
    t.check("HUB-CLOCK-006", fits, "the now of that tick", [dict(a.data) for a in acks])
    t.check("HUB-CLOCK-006", numbers[-1] == 5, "the last names tick 5", numbers)
    for number in (5, 3):
        again = _tick(t, number, nows[5] + 3600)
        ack = t.expect_down("HUB-CLOCK-007", "clock/k1", "clock.ack", within=SETUP_S, since=again)
        same = ack.data["tick"] == 5 and abs(unix(ack.data["now"]) - nows[5]) < ONE_MS
        t.check("HUB-CLOCK-007", same, "tick 5 and its now again", dict(ack.data), seen=ack)
    t.drill_times["d1"] = nows[5]
    found = _zone_time(t, 1, nows[5])
    t.check(
        "HUB-CLOCK-007",
        abs(found - nows[5]) < ONE_MS,
        f"the zone's time {iso(nows[5])} as before",
        iso(found),
    )
    _await_ack(t, 6, _tick(t, 6, nows[5] + 60))
    found = _zone_time(t, 2, nows[5] + 60)
    t.check("HUB-CLOCK-006", abs(found - nows[5] - 60) < ONE_MS, "tick 6 moves the time", iso(found))


@case(
    "TC-HUB-CLOCK-07",
    ko="훈련 시계가 있는 허브는 capabilities에 exercise-clock을 밝히고 없는 허브는 밝히지 않는다",
    en="A hub with an exercise clock declares exercise-clock in its capabilities; one without does not",
    verifies=["HUB-CLOCK-009"],
    town=Town(empty=True),
    steps=[
        (
            "GET /v1/hub의 capabilities를 ICS의 답과 견준다",
            "capabilities of GET /v1/hub are compared with the answer in the ICS",
        )
    ],
)
def declared(t: HubBench) -> None:
    answer = t.expect_http("HUB-CLOCK-009", 200, "GET", "/v1/hub", who="nobody")
    found = "exercise-clock" in answer.json.get("capabilities", [])
    claimed = "exercise-clock" in t.settings.has
    t.check(
        "HUB-CLOCK-009",
        found == claimed,
        f"exercise-clock {'declared' if claimed else 'not declared'}",
        answer.json.get("capabilities"),
    )


def _two_zones(m: Maker) -> list[Item]:
    """A second zone with a short policy, and one child."""
    zone = m.identity.id("z2")
    school = {"code": m.identity.id("s2"), **lat_lon(50000.0, 0.0)}
    return [
        _drill(m), operator(m, "o1"),
        m.zone(id=zone, zone=zone, name="다른 구역", school=school),
        m.area("home9", "home", (50000.0, 100.0), 50, zone=zone),
        m.child(9, zone=zone, places=[], routes=[], home=m.identity.id("home9")),
        m.desk("d9", zone=zone), m.desk("sup9", "supervisor", zone=zone),
    ]  # fmt: skip


@case(
    "TC-HUB-CLOCK-08",
    ko="한 구역의 tick은 다른 구역의 시간을 옮기지 않는다",
    en="The ticks of one zone do not move the time of another",
    verifies=["HUB-CLOCK-010"],
    needs=["missing", "escalation"],
    town=Town(children=0, parts=("bell", "desk"), extra=_two_zones),
    before=[("다른 구역에 어린이 c9와, 상황실과 supervisor가 있다", "another zone has the child c9, a desk and a supervisor")],
    steps=[
        ("다른 구역에서 c9의 실종을 신고한다", "in the other zone c9 is reported missing"),
        ("이 구역의 시계를 하루 뒤로, 이어 한 시간 더 옮기고, 그 사이 훈련의 비상벨을 누른다",
         "the clock of this zone is set a day ahead and on by an hour; in between a bell is pressed in the exercise"),
        ("두 사건을 조회하고, 다른 구역에서 한 번 더 신고한다", "both incidents are queried, and one more report is made in the other zone"),
    ],
    criteria=[
        ("이 구역의 사건은 그동안 올랐고, 다른 구역의 것은 오르지 않았다", "the incident of this zone has climbed meanwhile, that of the other has not"),
        ("다른 구역의 두 신고의 told_at은 실제의 시각이다", "told_at of both reports of the other zone are real time"),
    ],
)  # fmt: skip
def zones_apart(t: HubBench) -> None:
    began = t.now()
    body = {"child": t.id("c9")}
    first = t.http("POST", f"/v1/zones/{t.id('z2')}/incidents", json=body | {"key": "a"})
    t.given(first.status == 201, f"the report in the other zone: {first.status} {first.body[:200]!r}")
    clock = t.drill_clock("d1", "k1", t.now() + DAY)
    here = press_bell(t, at=clock.now, exercise="d1")
    clock.by(3600)
    t.given(incident(t, id_of(here))["level"] != "desk", "the incident of this zone has climbed")
    second = t.http("POST", f"/v1/zones/{t.id('z2')}/incidents", json=body | {"key": "b"})
    t.given(second.status == 201, f"the second report in the other zone: {second.status}")
    there = [incident(t, str(a.json["id"])) for a in (first, second)]
    t.check("HUB-CLOCK-010", there[0]["level"] == "desk", "that of the other zone has not", there[0]["level"])
    for one in there:
        told = unix(one.get("told_at", one["opened_at"]))
        t.check(
            "HUB-CLOCK-010",
            began - SETUP_S <= told <= t.now() + SETUP_S,
            "real time in the other zone",
            one.get("told_at"),
        )
