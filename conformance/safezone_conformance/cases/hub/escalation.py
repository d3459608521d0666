"""15: escalation, the desk's clock and the zone's policy."""

from safezone_model import escalation

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import agency, handed_to
from safezone_conformance.cases.hub._work import (
    OPERATOR,
    act,
    awaited,
    by_desk,
    call,
    expect_told_again,
    fire_desk,
    flagged,
    id_of,
    incident,
    morning,
    pass_until,
    school_desk,
    staffed,
    supervisor,
    told_at,
    urgent,
)  # fmt: skip
from safezone_conformance.hub_bench import SETUP_S, Down, Flow, HubBench
from safezone_conformance.town import Town

POSTS = staffed(supervisor, fire_desk, school_desk)
TOWN = Town(parts=("pole", "desk"), extra=POSTS)
DEFAULT = escalation()
REMIND, SUPERVISOR, FIRE = (float(DEFAULT[n]) for n in ("remind_s", "supervisor_after_s", "fire119_after_s"))
CLIMBING = {"policy": {"not_arrived": {"school_after_s": 300, "desk_after_s": 900}}}
ARRIVAL_TOWN = Town(parts=("school", "desk"), extra=POSTS, zone=CLIMBING)


def reminders() -> list[float]:
    """Seconds after told_at at which an alert is given again: the least number of times."""
    found, at, wait = [], 0.0, REMIND
    for _ in range(int(DEFAULT["reminders"])):
        at += wait
        found.append(at)
        wait = min(float(DEFAULT["remind_max_s"]), wait * float(DEFAULT["remind_factor"]))
    return found


def opened(t: HubBench, flow: Flow, press: int = 1) -> Down:
    """The alert of a call now."""
    return call(t, press, at=flow.now, exercise=flow.exercise)


@case(
    "TC-HUB-ESC-01",
    ko="열려 있는 사건의 경보는 30 s 뒤, 이어 두 배씩 300 s까지 커지는 간격으로 적어도 여섯 번 다시 주어진다",
    en="The alert of an open incident is given again after 30 s and at intervals doubling up to 300 s, at least 6 times",
    verifies=["HUB-ESC-001", "HUB-ESC-009"],
    needs=["escalation"],
    town=Town(parts=("pole", "desk")),
    slow_s=1060,
    steps=[
        ("c1이 호출하고 상황실의 단말은 ack만 보낸다", "c1 calls, and the desk's terminal sends nothing but acks"),
        ("1050 s가 지나는 동안 flags에 reminder가 있는 경보를 받는다", "1050 s go by, and the alerts flagged reminder are received"),
    ],
    criteria=[
        ("told_at에서 30, 90, 210, 450, 750, 1050 s 뒤에 하나씩 온다 (서비스의 제한만큼 늦어도 된다)",
         "one each comes 30, 90, 210, 450, 750 and 1050 s after told_at (late at most by the limit of the service)"),
        ("저마다 새 봉투이고 incident와 event_at은 처음과 같으며 post는 desk이다", "each is a new envelope with incident and event_at as at first, and of the post desk"),
    ],
)  # fmt: skip
def reminded(t: HubBench) -> None:
    flow = t.flow()
    alert = opened(t, flow)
    base, ids = told_at(t, alert), {alert.id}
    for due in reminders():
        pass_until(flow, base, due)
        again = expect_told_again(
            t,
            "HUB-ESC-001",
            "d112",
            alert,
            "reminder",
            due,
            base=base,
            limit=t.limit("tag_call"),
            since=alert.t,
        )
        _told_anew(t, alert, again, "desk", ids)


def _told_anew(t: HubBench, alert: Down, again: Down, post: str, ids: set[str]) -> None:
    t.check("HUB-ESC-009", again.id not in ids, "a new envelope", again.id, seen=again)
    ids.add(again.id)
    same = (
        again.data["incident"] == alert.data["incident"] and again.data["event_at"] == alert.data["event_at"]
    )
    t.check(
        "HUB-ESC-009",
        same,
        "the same incident and event_at",
        (again.data["incident"], again.data["event_at"]),
        seen=again,
    )
    t.check(
        "HUB-ESC-009",
        again.data.get("post", "desk") == post,
        f"post {post}",
        again.data.get("post"),
        seen=again,
    )


@case(
    "TC-HUB-ESC-02",
    ko="60 s 뒤에도 열려 있으면 supervisor에게, 긴급한 사건이 180 s 뒤에도 열려 있으면 119와 소방 기관에 알린다",
    en="Still open after 60 s it goes to the supervisor; an emergency still open after 180 s to 119 and the fire agencies",
    verifies=["HUB-ESC-002", "HUB-ESC-003", "HUB-ESC-009"],
    needs=["escalation", "dispatch"],
    town=Town(parts=("pole", "desk"), extra=staffed(supervisor, fire_desk, lambda m: agency(m, "fire", "fire"))),
    slow_s=200,
    steps=[
        ("c1이 호출하고 아무도 조치하지 않는다", "c1 calls, and nobody acts"),
        ("60 s, 이어 180 s가 지난다", "60 s go by, and on to 180 s"),
        ("소방 기관이 사건을 조회한다", "the fire agency queries the incident"),
    ],
    criteria=[
        ("told_at에서 60 s 뒤 supervisor에, 180 s 뒤 fire119에 flags에 escalated, 맞는 post를 든 새 봉투가 간다 (제한만큼 늦어도 된다)",
         "a new envelope flagged escalated with the right post goes to supervisor 60 s and to fire119 180 s after told_at (late at most by the limit)"),
        ("level은 supervisor가 된다. 소방 기관은 180 s 앞에는 404를, 뒤에는 사건을 받는다",
         "level becomes supervisor. The fire agency gets 404 before 180 s, and the incident after"),
    ],
)  # fmt: skip
def climbs(t: HubBench) -> None:
    fire = t.login("agency/fire")
    flow, limit = t.flow(), t.limit("tag_call")
    alert = opened(t, flow)
    id_, base, ids = id_of(alert), told_at(t, alert), {alert.id}
    pass_until(flow, base, SUPERVISOR)
    told = expect_told_again(
        t, "HUB-ESC-002", "sup", alert, "escalated", SUPERVISOR, base=base, limit=limit, since=alert.t
    )
    _told_anew(t, alert, told, "supervisor", ids)
    level = incident(t, id_)["level"]
    t.check("HUB-ESC-002", level == "supervisor", "level supervisor", level)
    pass_until(flow, base, FIRE - 20)
    status = t.http("GET", f"/v1/incidents/{id_}", who=fire).status
    t.check("HUB-ESC-003", status == 404, "not given to the fire agency before", status)
    pass_until(flow, base, FIRE)
    told = expect_told_again(
        t, "HUB-ESC-003", "f119", alert, "escalated", FIRE, base=base, limit=limit, since=alert.t
    )
    _told_anew(t, alert, told, "fire119", ids)
    t.check("HUB-ESC-003", handed_to(t, id_, fire), "the fire agency has the incident", "404")


@case(
    "TC-HUB-ESC-03",
    ko="위험은 supervisor까지 오르고 119에는 오르지 않으며, 위험도 긴급도 학교를 거치지 않고 상황실과 보호자에게 함께 간다",
    en="A danger climbs to the supervisor and not to 119; danger and emergency go to desk and guardians together, never by way of the school",
    verifies=["HUB-ESC-003", "HUB-ESC-013"],
    needs=["escalation", "danger"],
    town=Town(parts=("pole", "danger", "desk"), extra=POSTS),
    slow_s=260,
    before=[("school, supervisor, fire119의 상황실이 있다", "there are desks of the posts school, supervisor and fire119")],
    steps=[
        ("c1이 위험지역에 머물고, 이어 호출한다", "c1 stays in a danger area, then calls"),
        ("240 s가 지난다", "240 s go by"),
    ],
    criteria=[
        ("둘 다 상황실의 경보와 보호자의 알림이 제한 안에 온다", "of both the desk's alert and the guardian's notice come within the limit"),
        ("둘 다 supervisor에 가지만 119에는 호출만 간다; school에는 아무것도 가지 않는다",
         "both go to the supervisor, but to 119 the call only; to school nothing goes"),
    ],
)  # fmt: skip
def danger_and_emergency(t: HubBench) -> None:
    flow = t.flow()
    stay = t.sighted("ir", "a", "t1", flow.now - 40, flow.now - 5, exercise=flow.exercise)
    press = t.tag_called("pole", "t1", 1, flow.now, exercise=flow.exercise)
    alerts = []
    for sent, service in ((stay, "danger_entry"), (press, "tag_call")):
        alerts.append(t.expect_alert("HUB-ESC-013", service, child="c1", since=sent))
        t.expect_notice("HUB-ESC-013", "g1", service, child="c1", since=sent)
    base = max(told_at(t, a) for a in alerts)
    pass_until(flow, base, FIRE + 60)
    danger, emergency = alerts
    for alert in alerts:
        # A danger that does not climb at all would prove nothing about 119.
        awaited(t, "desk/sup", "alert", flagged(id_of(alert), "escalated"), "the climb")
    t.expect_alert(
        "HUB-ESC-003",
        "tag_call",
        desk="f119",
        since=emergency.t,
        within=t.line.stamp() - emergency.t + t.limit("tag_call"),
    )
    t.expect_none("HUB-ESC-003", to="desk/f119", type_="alert", after=danger.t, limit=t.limit("danger_entry"),
                  where=t.about("danger_entry"), expected="nothing of the danger to 119")  # fmt: skip
    t.expect_none("HUB-ESC-013", to="desk/office", type_="alert", after=stay, limit=t.limit("danger_entry"),
                  expected="nothing to school")  # fmt: skip


@case(
    "TC-HUB-ESC-04",
    ko="격상의 때는 사건이 있은 때가 아니라 허브가 안 때(told_at)부터 센다",
    en="Times of escalation count from the moment the hub knew (told_at), not from when it happened",
    verifies=["HUB-ESC-004"],
    needs=["escalation"],
    town=TOWN,
    slow_s=70,
    steps=[
        ("10분 앞에 누른 호출이 이제야 온다", "a call that was pressed ten minutes ago comes only now"),
        ("30 s, 이어 60 s까지 지난다", "30 s go by, and on to 60 s"),
    ],
    criteria=[
        ("opened_at은 누른 때, told_at은 온 때이다", "opened_at is when it was pressed, told_at when it came"),
        ("다시 알림은 온 지 30 s 뒤, 격상은 60 s 뒤에 오고 그보다 이르지 않다", "the reminder comes 30 s and the climb 60 s after it came, and not sooner"),
    ],
)  # fmt: skip
def from_told_at(t: HubBench) -> None:
    flow, limit = t.flow(), t.limit("tag_call")
    came = flow.now
    alert = call(t, 1, at=came - 600, exercise=flow.exercise)
    base = told_at(t, alert)
    t.check(
        "HUB-ESC-004",
        abs(base - came) <= limit,
        "told_at when the call came",
        f"{base - came:.1f} s after",
        seen=alert,
    )
    pass_until(flow, base, REMIND)
    expect_told_again(
        t, "HUB-ESC-004", "d112", alert, "reminder", REMIND, base=base, limit=limit, since=alert.t
    )
    pass_until(flow, base, SUPERVISOR)
    expect_told_again(
        t, "HUB-ESC-004", "sup", alert, "escalated", SUPERVISOR, base=base, limit=limit, since=alert.t
    )


@case(
    "TC-HUB-ESC-05",
    ko="상황실의 acknowledge와 그 뒤의 단계는 다시 알림과 격상을 멈춘다",
    en="acknowledge, or a further step, by the desk stops the reminders and the climbing",
    verifies=["HUB-ESC-005"],
    needs=["escalation", "incidents"],
    town=TOWN,
    slow_s=310,
    steps=[
        ("c1이 여섯 번 호출한다. 다섯을 각각 acknowledge(HTTP), acknowledge(MQTT), dispatch, on_scene, resolve하고 하나는 둔다",
         "c1 calls six times. Five are worked by acknowledge (HTTP), acknowledge (MQTT), dispatch, on_scene and resolve, one is left"),
        ("300 s가 지난다", "300 s go by"),
    ],
    criteria=[
        ("다섯 사건의 reminder와 escalated 경보는 하나도 없다", "of the five there is no alert flagged reminder or escalated"),
        ("둔 사건은 다시 알려지고 supervisor와 119로 오른다", "the one that was left is told again, and climbs to supervisor and 119"),
    ],
)  # fmt: skip
def desk_stops(t: HubBench) -> None:
    who, flow = t.login(OPERATOR), t.flow()
    alerts = [opened(t, flow, n) for n in range(1, 7)]
    left, worked_on = id_of(alerts[0]), [id_of(a) for a in alerts[1:]]
    for id_, action in zip(worked_on, ("acknowledge", "dispatch", "on_scene", "resolve", ""), strict=True):
        if action:
            act(t, id_, action, who=who)
        else:
            t.accepted(by_desk(t, id_, "acknowledge", exercise=flow.exercise))
    flow.by(300)
    for desk, flag in (("d112", "reminder"), ("sup", "escalated"), ("f119", "escalated")):
        awaited(t, f"desk/{desk}", "alert", flagged(left, flag), "the incident that was left")
    t.expect_none("HUB-ESC-005", type_="alert", after=alerts[0].t, limit=t.limit("tag_call"),
                  where=lambda d: any(urgent(i)(d) for i in worked_on), expected="nothing told again of what was taken up")  # fmt: skip
    levels = {incident(t, i)["level"] for i in worked_on}
    t.check("HUB-ESC-005", levels == {"desk"}, "none has climbed", sorted(levels))


@case(
    "TC-HUB-ESC-06",
    ko="보호자의 ack와 seen은 상황실의 시계를 멈추지 않는다",
    en="ack and seen of a guardian do not stop the desk's clock",
    verifies=["HUB-ESC-006"],
    needs=["escalation", "deliveries"],
    town=TOWN,
    slow_s=70,
    steps=[
        ("c1이 호출하고, 보호자의 단말이 ack를 보내고 보호자가 알림을 읽었다고 한다",
         "c1 calls; the guardian's terminal sends its ack, and the guardian marks the notice seen"),
        ("60 s가 지난다", "60 s go by"),
    ],
    criteria=[("상태는 open이고 다시 알림과 격상이 제때 온다", "the state is open, and reminder and climb come in time")],
)  # fmt: skip
def guardian_does_not_stop(t: HubBench) -> None:
    guardian, flow, limit = t.login("guardian/g1"), t.flow(), t.limit("tag_call")
    alert = opened(t, flow)
    notice = awaited(t, "guardian/g1", "notice", t.about("tag_call"))
    seen = t.http("POST", f"/v1/notices/{notice.id}/seen", who=guardian)
    t.given(seen.status in (200, 204), f"the notice is marked seen: {seen.status}")
    base = told_at(t, alert)
    state = incident(t, id_of(alert))["state"]
    t.check("HUB-ESC-006", state == "open", "state open", state)
    for desk, flag, due in (("d112", "reminder", REMIND), ("sup", "escalated", SUPERVISOR)):
        pass_until(flow, base, due)
        expect_told_again(t, "HUB-ESC-006", desk, alert, flag, due, base=base, limit=limit, since=alert.t)


@case(
    "TC-HUB-ESC-07",
    ko="경보의 ack는 그 봉투의 되풀이만 멈추고 격상은 멈추지 않는다",
    en="The ack of an alert stops the repeats of that envelope only, not the escalation",
    verifies=["HUB-ESC-007"],
    needs=["escalation"],
    town=TOWN,
    acks=False,
    slow_s=70,
    steps=[
        ("c1이 호출한다. 상황실의 단말은 첫 되풀이까지 기다렸다가 ack를 보낸다", "c1 calls. The desk's terminal waits for the first repeat, then sends its ack"),
        ("60 s가 지난다", "60 s go by"),
    ],
    criteria=[
        ("그 봉투는 더 오지 않는다", "that envelope does not come again"),
        ("30 s 뒤의 다시 알림과 60 s 뒤의 격상은 온다", "the reminder after 30 s and the climb after 60 s do come"),
    ],
)  # fmt: skip
def ack_is_no_action(t: HubBench) -> None:
    flow, limit = t.flow(), t.limit("tag_call")
    alert = opened(t, flow)
    base = told_at(t, alert)
    pass_until(flow, base, 5.0)
    repeat = t.await_one(lambda s: isinstance(s, Down) and s.id == alert.id, t.line.stamp() + SETUP_S)
    t.given(repeat is not None, "the alert is repeated before its ack")
    t.accepted(t.ack(alert))
    acked = t.line.stamp()
    for desk, flag, due in (("d112", "reminder", REMIND), ("sup", "escalated", SUPERVISOR)):
        pass_until(flow, base, due)
        expect_told_again(t, "HUB-ESC-007", desk, alert, flag, due, base=base, limit=limit, since=alert.t)
    again = [d for d in t.downs("desk/d112", "alert", repeats=True) if d.id == alert.id and d.t > acked]
    t.check(
        "HUB-ESC-007",
        not again,
        "that envelope not again after its ack",
        f"{len(again)} times",
        seen=again[0] if again else None,
    )


@case(
    "TC-HUB-ESC-08",
    ko="그 post의 상황실이 없는 구역에서는 post desk의 상황실에 알린다",
    en="In a zone without a desk of that post it is told to the desks of post desk",
    verifies=["HUB-ESC-010"],
    needs=["escalation"],
    town=Town(parts=("pole", "desk")),
    slow_s=190,
    before=[("구역에는 post desk의 상황실만 있다", "the zone has only a desk of post desk")],
    steps=[("c1이 호출하고 180 s가 지난다", "c1 calls, and 180 s go by")],
    criteria=[
        ("60 s와 180 s 뒤에 상황실이 flags에 escalated가 있는 경보를 받는다 (권고)",
         "after 60 s and after 180 s the desk gets an alert flagged escalated (SHOULD)"),
    ],
)  # fmt: skip
def nobody_at_the_post(t: HubBench) -> None:
    flow = t.flow()
    alert = opened(t, flow)
    base = told_at(t, alert)
    for due in (SUPERVISOR, FIRE):
        pass_until(flow, base, due)
        expect_told_again(
            t,
            "HUB-ESC-010",
            "d112",
            alert,
            "escalated",
            due,
            base=base,
            limit=t.limit("tag_call"),
            since=alert.t,
        )


@case(
    "TC-HUB-ESC-09",
    ko="구역의 정책에 있는 값은 그 구역의 사건에서 기본값을 대신한다",
    en="A value in a zone's policy replaces the default for the incidents of that zone",
    verifies=["HUB-ESC-014"],
    needs=["escalation"],
    town=Town(
        parts=("pole", "desk"), extra=POSTS,
        zone={"policy": {"escalation": {"remind_s": 1, "supervisor_after_s": 2, "fire119_after_s": 4}}},
    ),
    slow_s=5,
    before=[("정책: remind_s 1, supervisor_after_s 2, fire119_after_s 4", "policy: remind_s 1, supervisor_after_s 2, fire119_after_s 4")],
    steps=[("c1이 호출하고 4 s가 지난다", "c1 calls, and 4 s go by")],
    criteria=[
        ("다시 알림이 1 s와 3 s 뒤, supervisor가 2 s 뒤, 119가 4 s 뒤에 온다 (제한만큼 늦어도 된다)",
         "the reminders come after 1 s and 3 s, the supervisor after 2 s, 119 after 4 s (late at most by the limit)"),
    ],
)  # fmt: skip
def own_policy(t: HubBench) -> None:
    alert, limit = call(t), t.limit("tag_call")
    base = told_at(t, alert)
    for desk, flag, due in (
        ("d112", "reminder", 1),
        ("sup", "escalated", 2),
        ("d112", "reminder", 3),
        ("f119", "escalated", 4),
    ):
        t.await_all(alert.t + due)
        expect_told_again(t, "HUB-ESC-014", desk, alert, flag, due, base=base, limit=limit, since=alert.t)


@case(
    "TC-HUB-ESC-10",
    ko="정책을 바꾸면 그 뒤에 정하는 때부터 따른다",
    en="A change of policy holds for times that are set after it",
    verifies=["HUB-ESC-015"],
    needs=["escalation"],
    town=TOWN,
    slow_s=3,
    steps=[
        ("구역의 정책을 remind_s 1, supervisor_after_s 2로 바꾼다", "the zone's policy is changed to remind_s 1 and supervisor_after_s 2"),
        ("c1이 호출한다", "c1 calls"),
    ],
    criteria=[("다시 알림이 1 s 뒤, supervisor가 2 s 뒤에 온다 (권고)", "the reminder comes after 1 s, the supervisor after 2 s (SHOULD)")],
)  # fmt: skip
def policy_changes(t: HubBench) -> None:
    t.given(call(t).data is not None, "the zone is at work")
    policy = {"escalation": {"remind_s": 1, "supervisor_after_s": 2, "fire119_after_s": 100}}
    t.put(t.make.zone(calendar={}, policy=policy))
    alert = call(t, 2)
    base = told_at(t, alert)
    for desk, flag, due in (("d112", "reminder", 1), ("sup", "escalated", 2)):
        t.await_all(alert.t + due)
        expect_told_again(
            t, "HUB-ESC-015", desk, alert, flag, due, base=base, limit=t.limit("tag_call"), since=alert.t
        )


# Not arrived (15.2)


def _absent(t: HubBench, child: str = "c1") -> tuple[Flow, Down, float]:
    """Past the deadline of a school day: the flow, the guardian's notice, and when it was sent."""
    flow = t.flow(morning(t, "09:09"))
    flow.by(60)
    found = awaited(t, f"guardian/g{child[1:]}", "notice", t.about("not_arrived", child))
    return flow, found, found.sent_at


@case(
    "TC-HUB-ESC-11",
    ko="정책이 있는 구역의 미도착은 보호자에게서 학교로, 학교에서 112로 오르고 단말의 ack는 이를 멈추지 않는다",
    en="Where the policy says so not_arrived climbs from the guardians to the school and on to 112; the ack of a terminal does not stop it",
    verifies=["HUB-ESC-011", "HUB-ESC-012", "HUB-ESC-014"],
    slow_s=4,
    needs=["escalation", "everyday", "exercise-clock"],
    town=ARRIVAL_TOWN,
    before=[("정책: school_after_s 300, desk_after_s 900", "policy: school_after_s 300, desk_after_s 900")],
    steps=[
        ("수업일의 09:10이 증거 없이 지난다; 단말들은 ack를 보낸다", "09:10 of a school day passes without evidence; the terminals send acks"),
        ("300 s, 이어 900 s가 지난다", "300 s go by, and on to 900 s"),
    ],
    criteria=[
        ("보호자에게 먼저 알리고 그때 학교와 112에는 없다", "the guardians are told first, and then nothing goes to school and 112"),
        ("첫 알림에서 300 s 뒤 post school에, 900 s 뒤 post desk에 flags에 escalated가 있는 경보가 간다",
         "300 s after the first notice an alert flagged escalated goes to post school, after 900 s to post desk"),
    ],
)  # fmt: skip
def absence_climbs(t: HubBench) -> None:
    flow, notice, base = _absent(t)
    limit = t.limit("not_arrived")
    _nothing(t, "HUB-ESC-011", notice, "school and desk before their time", "office", "d112")
    for desk, due in (("office", 300), ("d112", 900)):
        pass_until(flow, base, due - 1)
        _nothing(t, "HUB-ESC-014", notice, f"{desk} before its time", desk)
        pass_until(flow, base, due)
        began = notice.t
        told = t.expect_alert("HUB-ESC-011", "not_arrived", child="c1", desk=desk, since=began,
                              within=t.line.stamp() - began + limit, where=flagged(str(notice.data.get("incident")), "escalated"))  # fmt: skip
        after = told.sent_at - base
        t.check(
            "HUB-ESC-014",
            due - 1 <= after <= due + limit,
            f"{desk} after {due} s",
            f"after {after:.1f} s",
            seen=told,
        )
        t.check(
            "HUB-ESC-012",
            told.t > notice.t,
            f"it climbs to {desk} in spite of the acks of the terminals",
            seen=told,
        )


def _nothing(t: HubBench, requirement: str, notice: Down, what: str, *desks: str) -> None:
    for desk in desks:
        t.expect_none(requirement, to=f"desk/{desk}", type_="alert", after=notice.t, limit=t.limit("not_arrived"),
                      where=t.about("not_arrived", t.name(notice.data["child"])), expected=f"nothing to {what}")  # fmt: skip


@case(
    "TC-HUB-ESC-12",
    ko="정책이 없는 구역의 미도착은 오르지 않는다",
    en="In a zone without that policy not_arrived does not climb",
    verifies=["HUB-ESC-011"],
    needs=["escalation", "everyday", "exercise-clock"],
    town=Town(parts=("school", "desk"), extra=POSTS),
    steps=[
        ("수업일의 09:10이 증거 없이 지난다", "09:10 of a school day passes without evidence"),
        ("두 시간이 지난다", "two hours go by"),
    ],
    criteria=[
        (
            "보호자에게 알리고, 학교에도 112에도 아무것도 가지 않는다",
            "the guardian is told; nothing goes to school or 112",
        )
    ],
)
def absence_stays(t: HubBench) -> None:
    flow, notice, _ = _absent(t)
    flow.by(7200)
    _nothing(t, "HUB-ESC-011", notice, "any desk", "office", "d112", "sup")


@case(
    "TC-HUB-ESC-13",
    ko="보호자의 seen, 학교나 상황실의 acknowledge, 어린이의 등교는 미도착이 오르는 것을 멈춘다",
    en="seen of a guardian, acknowledge of school or desk, or the arrival of the child stops the climbing of not_arrived",
    verifies=["HUB-ESC-012"],
    slow_s=4,
    needs=["escalation", "everyday", "incidents", "deliveries", "exercise-clock"],
    town=Town(children=5, parts=("school", "desk"), extra=POSTS, zone=CLIMBING),
    before=[("정책: school_after_s 300, desk_after_s 900", "policy: school_after_s 300, desk_after_s 900")],
    steps=[
        ("수업일의 09:10이 다섯 어린이의 증거 없이 지난다", "09:10 of a school day passes without evidence of five children"),
        ("c1의 보호자가 알림을 읽었다고 하고, c2는 상황실이 acknowledge하고, c3은 등교하고, c4는 학교가 알려진 뒤 incident.action으로 "
         "acknowledge한다. c5는 둔다",
         "the guardian of c1 marks the notice seen, the desk acknowledges c2, c3 arrives, and c4 is acknowledged by the school by "
         "incident.action once it is told. c5 is left"),
        ("900 s가 지난다", "900 s go by"),
    ],
    criteria=[
        ("c1, c2, c3은 학교와 112에, c4는 112에 가지 않는다", "c1, c2 and c3 go to neither school nor 112, and c4 not to 112"),
        ("c5는 학교와 112에 간다", "c5 goes to school and to 112"),
    ],
)  # fmt: skip
def absence_stops(t: HubBench) -> None:
    who, g1 = t.login(OPERATOR), t.login("guardian/g1")
    flow, first, base = _absent(t)
    notices = {"c1": first}
    for n in range(2, 6):
        notices[f"c{n}"] = awaited(t, f"guardian/g{n}", "notice", t.about("not_arrived"))
    ids = {c: str(n.data.get("incident")) for c, n in notices.items()}
    seen = t.http("POST", f"/v1/notices/{first.id}/seen", who=g1)
    t.given(seen.status in (200, 204), f"the notice is marked seen: {seen.status}")
    act(t, ids["c2"], "acknowledge", who=who)
    t.accepted(*t.pass_gate("gs", "t3", True, flow.now - 10, exercise=flow.exercise))
    flow.by(60)
    pass_until(flow, base, 300)
    for child in ("c4", "c5"):
        awaited(t, "desk/office", "alert", t.about("not_arrived", child))
    t.accepted(by_desk(t, ids["c4"], "acknowledge", desk="office", exercise=flow.exercise))
    pass_until(flow, base, 900)
    flow.by(60)
    awaited(t, "desk/d112", "alert", t.about("not_arrived", "c5"))
    for child, why in (("c1", "seen by its guardian"), ("c2", "acknowledged by the desk"), ("c3", "arrived"),
                       ("c4", "acknowledged by the school")):  # fmt: skip
        desks = ("d112",) if child == "c4" else ("office", "d112")
        _nothing(t, "HUB-ESC-012", notices[child], f"{' and '.join(desks)} of {child}: {why}", *desks)
