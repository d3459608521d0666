"""14.1: incidents, their states and histories."""

from collections.abc import Callable
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import agency, press_bell
from safezone_conformance.cases.hub._work import (
    OPERATOR,
    act,
    alerted,
    awaited,
    by_desk,
    call,
    flagged,
    id_of,
    incident,
    lines_by_people,
    morning,
    post_action,
    report,
    staffed,
    supervisor,
)  # fmt: skip
from safezone_conformance.hub_bench import SETUP_S, HubBench, Message
from safezone_conformance.town import Town
from safezone_conformance.wire import unix

ALL = Town(parts=("school", "danger", "pole", "bell", "desk"))
PLAIN = Town(parts=("pole", "desk"), extra=staffed())


def _tag(t: HubBench) -> Message:
    return t.tag_called("pole", "t1", 1)


def _bell(t: HubBench) -> Message:
    t.accepted(t.sighted("pole", "a", "t1", t.now() - 5))
    return t.bell_pressed("bell", 1)


def _phone(t: HubBench) -> Message:
    return t.phone_called("p1", "call-1")


def _danger(t: HubBench) -> Message:
    return t.sighted("ir", "a", "t1", t.now() - 40, t.now() - 5)


def _deviation(t: HubBench) -> Message:
    now = t.now()
    on_the_way = [t.located("p1", 150.0 + 40 * n, 0.0, now - 330 + 30 * n) for n in range(4)]
    t.accepted(*on_the_way)
    return [t.located("p1", 320.0 + 20 * n, 120.0, now - 150 + 30 * n) for n in range(6)][-1]


@case(
    "TC-HUB-INC-01",
    ko="긴급호출과 위험은 저마다 사건을 열고 경보와 알림이 그 id를 든다",
    en="Every call and danger opens an incident, and its alert and notice name it",
    verifies=["HUB-INC-001", "HUB-INC-002"],
    needs=["incidents", "danger"],
    town=ALL,
    rows={
        "tag_call": {"send": _tag, "service": "tag_call"},
        "bell_call": {"send": _bell, "service": "bell_call"},
        "phone_call_112": {"send": _phone, "service": "phone_call_112"},
        "danger_entry": {"send": _danger, "service": "danger_entry"},
        "route_deviation": {"send": _deviation, "service": "route_deviation"},
    },
    steps=[
        ("그 서비스의 증거를 보낸다 (비상벨은 가까이에서 감지된 어린이와 함께)",
         "the evidence of that service is sent (of a bell call with a child seen near it)"),
        ("112의 경보와 보호자의 알림에 있는 incident로 사건을 조회한다",
         "the incident is queried by incident of the desk's alert and of the guardian's notice"),
    ],
    criteria=[
        ("경보와 알림의 incident가 같고, 그 사건이 조회되며 service가 맞다",
         "incident of alert and notice are the same, and the incident is found with the right service"),
        ("새 사건의 상태는 open이다", "a new incident is in the state open"),
    ],
)  # fmt: skip
def opens(t: HubBench, send: Callable[[HubBench], Message], service: str) -> None:
    last = send(t)
    alert = t.expect_alert("HUB-INC-001", service, since=last, within=SETUP_S)
    notice = t.expect_notice("HUB-INC-001", "g1", service, child="c1", since=last, within=SETUP_S)
    id_ = id_of(alert)
    t.check("HUB-INC-001", notice.data.get("incident") == id_, f"incident {id_} in the notice too", notice.data.get("incident"),
            seen=notice)  # fmt: skip
    _is_open(t, id_, service)


def _is_open(t: HubBench, id_: str, service: str) -> None:
    answer = t.expect_http("HUB-INC-001", 200, "GET", f"/v1/incidents/{id_}")
    body = answer.json
    t.check("HUB-INC-001", (body["id"], body["service"]) == (id_, service), f"incident {id_} of {service}",
            (body["id"], body["service"]), seen=answer)  # fmt: skip
    if "HUB-INC-002" in t.case.verifies:
        t.check("HUB-INC-002", body["state"] == "open", "state open", body["state"], seen=answer)


@case(
    "TC-HUB-INC-02",
    ko="실종 신고는 사건을 연다",
    en="A report of a missing child opens an incident",
    verifies=["HUB-INC-001", "HUB-INC-002"],
    needs=["incidents", "missing"],
    town=Town(parts=("desk",), extra=lambda m: [m.guardian("h1", ["c1"])]),
    steps=[
        ("보호자 g1이 c1의 실종을 신고한다", "the guardian g1 reports c1 missing"),
        ("답, 112의 경보, 다른 보호자 h1의 알림을 견주고 사건을 조회한다",
         "the answer, the desk's alert and the notice of the other guardian h1 are compared, and the incident is queried"),
    ],
)  # fmt: skip
def opens_missing(t: HubBench) -> None:
    answer = report(t, t.login("guardian/g1"))
    t.given(answer.status == 201, f"the report is taken: {answer.status} {answer.body[:200]!r}")
    alert = t.expect_alert(
        "HUB-INC-001", "missing_report", child="c1", since=answer.question.t, within=SETUP_S
    )
    notice = t.expect_notice(
        "HUB-INC-001", "h1", "missing_report", child="c1", since=answer.question.t, within=SETUP_S
    )
    told = {answer.json["id"], id_of(alert), notice.data.get("incident")}
    t.check(
        "HUB-INC-001",
        len(told) == 1,
        "one id in answer, alert and notice",
        sorted(map(str, told)),
        seen=notice,
    )
    _is_open(t, id_of(alert), "missing_report")


@case(
    "TC-HUB-INC-03",
    ko="태그 침묵은 사건을 연다",
    en="A silent tag opens an incident",
    verifies=["HUB-INC-001"],
    needs=["incidents", "danger"],
    town=Town(parts=("desk",)),
    slow_s=700,
    steps=[
        (
            "길 위를 움직이는 c1의 위치를 30 s 간격으로 넷 보낸다",
            "four fixes of c1 moving on the way are sent, 30 s apart",
        ),
        ("600 s 동안 아무것도 보내지 않는다", "nothing is sent for 600 s"),
        (
            "경보와 알림의 incident로 사건을 조회한다",
            "the incident is queried by incident of alert and notice",
        ),
    ],
)
def opens_silent(t: HubBench) -> None:
    flow = t.flow()
    fixes = [
        t.located("p1", 300.0 + 30 * n, 0.0, flow.now - 90 + 30 * n, exercise=flow.exercise) for n in range(4)
    ]
    t.accepted(*fixes)
    flow.by(600)
    flow.by(SETUP_S)
    within = t.line.stamp() - fixes[-1].t + SETUP_S
    alert = t.expect_alert("HUB-INC-001", "tag_silent", child="c1", since=fixes[-1], within=within)
    notice = t.expect_notice("HUB-INC-001", "g1", "tag_silent", child="c1", since=fixes[-1], within=within)
    t.check("HUB-INC-001", notice.data.get("incident") == id_of(alert), "the same incident in the notice",
            notice.data.get("incident"), seen=notice)  # fmt: skip
    _is_open(t, id_of(alert), "tag_silent")


@case(
    "TC-HUB-INC-04",
    ko="정책이 정한 구역의 미도착은 사건을 열고, 등교하면 허브가 resolved로 닫는다",
    en="Where the zone's policy says so not_arrived opens an incident, and the hub closes it as resolved upon arrival",
    verifies=["HUB-INC-001", "HUB-INC-007"],
    needs=["incidents", "everyday", "exercise-clock"],
    town=Town(parts=("school", "desk"), zone={"policy": {"not_arrived": {"school_after_s": 600, "desk_after_s": 1800}}}),
    steps=[
        ("수업일의 09:09에서 09:10까지 훈련 시계를 옮긴다", "the exercise clock goes from 09:09 of a school day to 09:10"),
        ("알림의 incident로 사건을 조회한다", "the incident is queried by incident of the notice"),
        ("c1이 학교 문을 지나 들어오고 60 s가 지난다", "c1 passes in through the school's gate, and 60 s go by"),
        ("사건을 다시 조회한다", "the incident is queried again"),
    ],
)  # fmt: skip
def not_arrived_opens(t: HubBench) -> None:
    flow = t.flow(morning(t, "09:09"))
    began = t.line.stamp()
    flow.by(60)
    notice = t.expect_notice(
        "HUB-INC-001", "g1", "not_arrived", child="c1", since=began, within=t.line.stamp() - began + SETUP_S
    )
    id_ = notice.data.get("incident")
    t.require("HUB-INC-001", isinstance(id_, str), "the id of an incident in the notice", id_, seen=notice)
    assert isinstance(id_, str)
    _is_open(t, id_, "not_arrived")
    t.given(incident(t, id_)["state"] == "open", "it is open before the child arrives")
    flow.by(30)
    t.accepted(*t.pass_gate("gs", "t1", True, flow.now - 10, exercise=flow.exercise))
    flow.by(60)
    body = incident(t, id_)
    t.check(
        "HUB-INC-007",
        body["state"] == "resolved" and "closed_at" in body,
        "resolved, with closed_at",
        body["state"],
    )
    by_hub = any(h["by"] == "hub" and h["state"] == "resolved" for h in body["history"])
    t.check("HUB-INC-007", by_hub, "closed by hub", body["history"][-1])


@case(
    "TC-HUB-INC-05",
    ko="사건의 상태는 차례로 앞으로 나아가고 단계는 건너뛸 수 있다",
    en="The states of an incident go forward in order, and steps may be left out",
    verifies=["HUB-INC-002"],
    needs=["incidents"],
    town=PLAIN,
    steps=[
        ("c1의 호출 하나를 acknowledge, dispatch, on_scene, resolve로 하나씩 처리하며 상태를 조회한다",
         "one call of c1 is worked by acknowledge, dispatch, on_scene and resolve, one by one, and its state queried"),
        ("두 번째 호출은 바로 on_scene으로, 이어 false_alarm으로, 세 번째는 바로 resolve로 보낸다",
         "a second call goes straight to on_scene and on to false_alarm, a third straight to resolve"),
    ],
    criteria=[
        ("각 조치 뒤의 상태는 acknowledged, dispatched, on_scene, resolved이다",
         "after each action the state is acknowledged, dispatched, on_scene, resolved"),
        ("건너뛴 사건도 각각 on_scene, false_alarm, resolved가 되고 닫힌 사건에는 closed_at이 있다",
         "those with steps left out become on_scene, false_alarm and resolved; closed ones have closed_at"),
    ],
)  # fmt: skip
def goes_forward(t: HubBench) -> None:
    who = t.login(OPERATOR)
    paths = (
        (
            ("acknowledge", "acknowledged"),
            ("dispatch", "dispatched"),
            ("on_scene", "on_scene"),
            ("resolve", "resolved"),
        ),
        (("on_scene", "on_scene"), ("false_alarm", "false_alarm")),
        (("resolve", "resolved"),),
    )
    for press, path in enumerate(paths, 1):
        id_ = id_of(call(t, press))
        for action, state in path:
            answer = post_action(t, id_, {"action": action}, who=who)
            t.require(
                "HUB-INC-002",
                answer.status == 200,
                f"{action} is done",
                f"{answer.status} {answer.title}",
                seen=answer,
            )
            body = incident(t, id_)
            t.check("HUB-INC-002", answer.json["state"] == body["state"] == state, f"{state} after {action}",
                    (answer.json["state"], body["state"]), seen=answer)  # fmt: skip
        t.check("HUB-INC-002", "closed_at" in body, "closed_at of a closed incident", sorted(body))


@case(
    "TC-HUB-INC-06",
    ko="늦게 또는 두 번 온 단계는 이력에 남고 아무것도 되돌리지 않는다",
    en="A step that comes late or twice is noted in history and moves nothing back",
    verifies=["HUB-INC-003"],
    needs=["incidents"],
    town=PLAIN,
    steps=[
        ("c1의 호출을 on_scene으로 처리한다", "a call of c1 is taken to on_scene"),
        ("그 뒤에 dispatch와 acknowledge를 HTTP로, on_scene을 MQTT로 다시 보낸다",
         "then dispatch and acknowledge are sent by HTTP, and on_scene again by MQTT"),
    ],
    criteria=[
        ("상태는 on_scene 그대로이고 세 단계가 모두 이력에 있다", "the state stays on_scene, and all three steps are in history"),
    ],
)  # fmt: skip
def late_and_twice(t: HubBench) -> None:
    who, id_ = t.login(OPERATOR), id_of(call(t))
    act(t, id_, "on_scene", who=who)
    before = len(lines_by_people(incident(t, id_)))
    for action in ("dispatch", "acknowledge"):
        answer = post_action(t, id_, {"action": action}, who=who)
        t.check(
            "HUB-INC-003",
            answer.status == 200,
            f"a late {action} is noted",
            f"{answer.status} {answer.title}",
            seen=answer,
        )
    sent = by_desk(t, id_, "on_scene")
    t.expect_receipt("HUB-INC-003", sent, "accepted")
    body = incident(t, id_)
    t.check("HUB-INC-003", body["state"] == "on_scene", "state on_scene", body["state"])
    rows = [h["action"] for h in lines_by_people(body)][before:]
    t.check(
        "HUB-INC-003", rows == ["dispatch", "acknowledge", "on_scene"], "the three steps in history", rows
    )
    states = [h["state"] for h in lines_by_people(body)][before:]
    t.check("HUB-INC-003", set(states) == {"on_scene"}, "on_scene after each of them", states)


@case(
    "TC-HUB-INC-07",
    ko="사건의 모든 변화는 이력 한 줄이 되고 version을 올린다",
    en="Every change of an incident becomes a line of history and raises version",
    verifies=["HUB-INC-004"],
    needs=["incidents", "escalation"],
    town=Town(
        parts=("pole", "desk"), extra=staffed(supervisor),
        zone={"policy": {"escalation": {"remind_s": 100, "supervisor_after_s": 1, "fire119_after_s": 100}}},
    ),
    before=[("구역의 정책이 1 s 뒤에 supervisor에게 알린다", "the zone's policy tells the supervisor after 1 s")],
    steps=[
        ("c1이 호출하고, 사건이 허브에 의해 supervisor로 오를 때까지 기다린다",
         "c1 calls, and it is waited until the hub lets the incident climb to supervisor"),
        ("note, mark, take, acknowledge, withhold, resolve를 하고 매번 사건을 조회한다",
         "note, mark, take, acknowledge, withhold and resolve are done, and the incident is queried each time"),
        ("두 번째 호출을 첫 번째와 잇고(link) 둘을 조회한다", "a second call is linked to the first, and both are queried"),
    ],
    criteria=[
        ("변화마다 at, by, action, state를 든 줄이 늘고 version이 커진다; 오른 줄의 by는 hub이다",
         "with every change there is one line more, with at, by, action and state, and version rises; by of the climb is hub"),
        ("이력은 오래된 것부터이고, link는 두 사건 모두의 이력에 남는다",
         "history is oldest first, and a link is in the history of both incidents"),
    ],
)  # fmt: skip
def every_change(t: HubBench) -> None:
    who = t.login(OPERATOR)
    alert = call(t)
    id_ = id_of(alert)
    first = incident(t, id_)
    t.expect_down("HUB-INC-004", "desk/sup", "alert", within=1 + t.limit("tag_call"), since=alert.t,
                  where=flagged(id_, "escalated"), what="the climb")  # fmt: skip
    climbed = incident(t, id_)
    by_hub = [h for h in climbed["history"][len(first["history"]) :] if h["by"] == "hub"]
    rose = climbed["version"] > first["version"] or first["level"] == "supervisor"
    t.check("HUB-INC-004", bool(by_hub or first["level"] == "supervisor") and rose, "a line by hub, and a higher version",
            (climbed["history"], first["version"], climbed["version"]))  # fmt: skip
    before = climbed
    for body in ({"action": "note", "note": "부모와 통화함"}, {"action": "mark", "mark": "repeat"}, {"action": "take"},
                 {"action": "acknowledge"}, {"action": "withhold", "guardian": t.id("g1")}, {"action": "resolve"}):  # fmt: skip
        act(t, id_, who=who, **body)
        after = incident(t, id_)
        _one_more(t, before, after, body["action"], f"operator/{t.id('o1')}")
        before = after
    times = [unix(h["at"]) for h in before["history"]]
    t.check("HUB-INC-004", times == sorted(times), "oldest first", times)
    other = id_of(call(t, 2))
    pair = [incident(t, other), before]
    act(t, other, "link", who=who, to=id_)
    for now, then in zip((incident(t, other), incident(t, id_)), pair, strict=True):
        if now["linked"] != then["linked"]:
            _one_more(t, then, now, "link", "")


def _one_more(t: HubBench, before: dict[str, Any], after: dict[str, Any], action: str, by: str) -> None:
    fresh = after["history"][len(before["history"]) :]
    grown = bool(fresh) and after["version"] > before["version"]
    t.check("HUB-INC-004", grown, f"a line more and a higher version after {action}",
            f"{len(fresh)} lines more, version {before['version']} to {after['version']}")  # fmt: skip
    fits = any(
        h.get("at") and h.get("by") and h.get("action") == action and h.get("state") == after["state"]
        and (not by or h["by"] == by) for h in fresh
    )  # fmt: skip
    t.check("HUB-INC-004", fits, f"a line of {action} by {by or 'whoever'} in state {after['state']}", fresh)


@case(
    "TC-HUB-INC-08",
    ko="두 번째 호출은 자기 사건을 열고, 관련된 사건은 linked에 있을 뿐 합쳐지지 않는다",
    en="A second call opens an incident of its own; related ones are linked, none is merged or dropped",
    verifies=["HUB-INC-005"],
    needs=["incidents"],
    town=Town(children=2, parts=("pole", "desk")),
    steps=[
        ("c1이 두 번, 이어 같은 리더기에서 c2가 한 번 호출한다", "c1 calls twice, then c2 once at the same reader"),
        ("세 사건과 열린 사건의 목록을 조회한다", "the three incidents and the list of open ones are queried"),
    ],
    criteria=[
        ("경보가 셋, 사건이 셋이고 모두 목록에 있으며 각 사건은 자기 어린이를 든다",
         "there are three alerts and three incidents, all in the list, each naming its own child"),
        ("c1의 두 번째 호출과 c2의 호출은 앞선 사건을 linked에 든다", "the second call of c1 and that of c2 name an earlier one in linked"),
    ],
)  # fmt: skip
def second_call(t: HubBench) -> None:
    sent = [t.tag_called("pole", "t1", 1), t.tag_called("pole", "t1", 2), t.tag_called("pole", "t2", 1)]
    alerts = []
    for message, child in zip(sent, ("c1", "c1", "c2"), strict=True):
        alerts.append(
            t.expect_alert("HUB-INC-005", "tag_call", child=child, since=message, within=SETUP_S,
                           where=lambda d, m=message: m.ref in d["evidence"])  # type: ignore[misc]
        )  # fmt: skip
    ids = [id_of(a) for a in alerts]
    t.require("HUB-INC-005", len(set(ids)) == 3, "three incidents", ids)
    listed = t.http("GET", f"/v1/zones/{t.zone}/incidents?state=open&limit=100").json["items"]
    t.check(
        "HUB-INC-005",
        set(ids) <= {i["id"] for i in listed},
        "all three in the list",
        [i["id"] for i in listed],
    )
    bodies = [incident(t, id_) for id_ in ids]
    t.check("HUB-INC-005", [b.get("child") for b in bodies] == [t.id("c1"), t.id("c1"), t.id("c2")], "each its own child",
            [b.get("child") for b in bodies])  # fmt: skip
    for n, why in ((1, "of the same child"), (2, "at the same device")):
        found = set(bodies[n]["linked"])
        t.check(
            "HUB-INC-005",
            bool(found & set(ids[:n])),
            f"an incident {why} in linked of {ids[n]}",
            sorted(found),
        )


@case(
    "TC-HUB-INC-09",
    ko="사건은 상황실만 닫는다",
    en="Only the desk closes an incident",
    verifies=["HUB-INC-007"],
    needs=["incidents", "dispatch", "deliveries"],
    town=Town(parts=("pole", "desk"), extra=staffed(lambda m: agency(m, "police", "police"))),
    steps=[
        ("c1이 호출하고 보호자의 단말이 ack를 보낸다", "c1 calls, and the guardian's terminal sends its ack"),
        ("보호자가 알림을 읽었다고 하고, 사건을 받은 경찰이 dispatched와 closed를 알린다",
         "the guardian marks the notice seen, and the police agency that has the incident reports dispatched and closed"),
        ("c1이 집 문을 지나 들어온다", "c1 passes in at the gate of its home"),
        ("상황실이 resolve한다; 두 번째 호출은 false_alarm한다", "the desk resolves it, and a second call is closed as false_alarm"),
    ],
    criteria=[
        ("resolve 앞까지 사건은 닫히지 않는다", "until resolve the incident is not closed"),
        ("resolve와 false_alarm은 닫는다", "resolve and false_alarm close"),
    ],
)  # fmt: skip
def desk_closes(t: HubBench) -> None:
    who, police, guardian = t.login(OPERATOR), t.login("agency/police"), t.login("guardian/g1")
    alert = call(t)
    id_ = id_of(alert)
    notice = awaited(t, "guardian/g1", "notice", t.about("tag_call"))
    t.settle()
    _still_open(t, id_, "after the ack of the guardian")
    seen = t.http("POST", f"/v1/notices/{notice.id}/seen", who=guardian)
    t.given(seen.status in (200, 204), f"the notice is marked seen: {seen.status}")
    _still_open(t, id_, "after seen of the guardian")
    for status in ("dispatched", "closed"):
        answer = t.http("POST", f"/v1/incidents/{id_}/agency", who=police, json={"status": status})
        t.given(answer.status == 200, f"the agency reports {status}: {answer.status} {answer.body[:200]!r}")
    _still_open(t, id_, "after closed of the agency")
    t.accepted(*t.pass_gate("gh1", "t1", True, t.now() - 40))
    t.settle()
    _still_open(t, id_, "after the child came home")
    second = id_of(call(t, 2))
    for one, action, state in ((id_, "resolve", "resolved"), (second, "false_alarm", "false_alarm")):
        act(t, one, action, who=who)
        body = incident(t, one)
        t.check(
            "HUB-INC-007",
            body["state"] == state and "closed_at" in body,
            f"closed by {action} of the desk",
            body["state"],
        )


def _still_open(t: HubBench, id_: str, when: str) -> None:
    body = incident(t, id_)
    is_open = body["state"] not in ("resolved", "false_alarm") and "closed_at" not in body
    t.check("HUB-INC-007", is_open, f"not closed {when}", body["state"])


@case(
    "TC-HUB-INC-10",
    ko="훈련의 사건과 거기서 나오는 모든 것은 훈련의 id를 든다",
    en="An incident of a drill and everything that comes of it carry the drill's id",
    verifies=["HUB-INC-008"],
    needs=["incidents", "drills", "cameras", "escalation"],
    town=Town(
        parts=("pole", "camera", "desk"),
        extra=staffed(supervisor, lambda m: m.drill("d1")),
        zone={"policy": {"escalation": {"remind_s": 1, "supervisor_after_s": 2, "fire119_after_s": 100}}},
    ),
    before=[("훈련 d1이 열려 있고, 정책이 1 s 뒤에 다시 알리고 2 s 뒤에 supervisor에게 알린다",
             "the drill d1 is open; the policy reminds after 1 s and tells the supervisor after 2 s")],
    steps=[
        ("c1의 훈련 호출을 보낸다", "an exercise call of c1 is sent"),
        ("경보, 알림, camera.turn, 다시 알림, 격상을 받고 사건을 조회한 뒤 resolve하여 camera.release를 받는다",
         "alert, notice, camera.turn, reminder and climb are received, the incident is queried, then resolved for its camera.release"),
    ],
)  # fmt: skip
def drill_incident(t: HubBench) -> None:
    who = t.login(OPERATOR)
    sent = t.tag_called("pole", "t1", 1, exercise="d1")
    alert = alerted(t, sent, "tag_call")
    id_, drill = id_of(alert), t.id("d1")
    body = incident(t, id_)
    t.check(
        "HUB-INC-008",
        body.get("exercise") == drill,
        f"exercise {drill} of the incident",
        body.get("exercise"),
    )
    limit = t.limit("tag_call")
    came = [alert]
    for to, type_, where, within in (
        ("guardian/g1", "notice", None, SETUP_S), ("dev/cam", "camera.turn", None, SETUP_S),
        ("desk/d112", "alert", flagged(id_, "reminder"), 1 + limit), ("desk/sup", "alert", flagged(id_, "escalated"), 2 + limit),
    ):  # fmt: skip
        within += t.line.stamp() - sent.t
        came.append(t.expect_down("HUB-INC-008", to, type_, within=within, since=sent, where=where))
    act(t, id_, "resolve", who=who)
    within = t.line.stamp() - sent.t + SETUP_S
    came.append(t.expect_down("HUB-INC-008", "dev/cam", "camera.release", within=within, since=sent))
    for down in came:
        t.check("HUB-INC-008", down.envelope.get("exercise") == drill, f"exercise {drill} of {down.type} to {down.principal}",
                down.envelope.get("exercise"), seen=down)  # fmt: skip


@case(
    "TC-HUB-INC-11",
    ko="사건의 목록은 상태로 고르고 빠짐도 겹침도 없이 쪽으로 나뉜다",
    en="The list of incidents is chosen by state and paged without gap or overlap",
    verifies=["HUB-INC-009"],
    needs=["incidents", "etags"],
    town=Town(children=0, parts=("bell", "desk"), extra=staffed()),
    steps=[
        ("비상벨을 다섯 번 눌러 사건 다섯을 열고 둘을 닫는다", "five incidents are opened by five presses of a bell, and two are closed"),
        ("open, closed, all을 두 개씩 쪽으로 끝까지 읽는다; all을 읽는 사이 사건 하나가 더 열린다",
         "open, closed and all are read to the end in pages of two; while all is read one more incident opens"),
    ],
    criteria=[
        ("open은 열린 셋, closed는 닫힌 둘, all은 다섯을 저마다 한 번씩 낸다. 한 쪽은 limit를 넘지 않는다",
         "open gives the three open ones, closed the two closed, all the five, each once. No page exceeds limit"),
    ],
)  # fmt: skip
def listed(t: HubBench) -> None:
    who = t.login(OPERATOR)
    ids = [id_of(press_bell(t, press=n)) for n in range(1, 6)]
    closed = [ids[1], ids[3]]
    act(t, closed[0], "resolve", who=who)
    act(t, closed[1], "false_alarm", who=who)
    left = [i for i in ids if i not in closed]
    for state, wanted in (("open", left), ("closed", closed), ("all", ids)):
        found = _pages(t, who, state, disturb=state == "all")
        t.check("HUB-INC-009", len(found) == len(set(found)), f"each incident once in {state}", found)
        missing = [i for i in wanted if i not in found]
        t.check("HUB-INC-009", not missing, f"nothing missing in {state}", missing)
        wrong = [i for i in found if i in ids and i not in wanted]
        t.check("HUB-INC-009", not wrong, f"nothing else in {state}", wrong)


def _pages(t: HubBench, who: str, state: str, disturb: bool) -> list[str]:
    found: list[str] = []
    after = ""
    for page in range(20):
        path = f"/v1/zones/{t.zone}/incidents?state={state}&limit=2{after}"
        body = t.expect_http("HUB-INC-009", 200, "GET", path, who=who).json
        items = body["items"]
        t.check("HUB-INC-009", len(items) <= 2, "at most limit in a page", len(items))
        found += [str(i["id"]) for i in items]
        if page == 0 and disturb:
            press_bell(t, press=6)
        if not body.get("next"):
            break
        after = f"&after={body['next']}"
    return found
