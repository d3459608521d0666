"""14.2: what the desk does with incidents, over HTTP and by incident.action."""

from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import agency, handed_to, patrol
from safezone_conformance.cases.hub._work import (
    OPERATOR,
    act,
    alerted,
    awaited,
    by_desk,
    call,
    fire_desk,
    flagged,
    flags,
    id_of,
    incident,
    lines_by_people,
    performed,
    post_action,
    school_desk,
    staffed,
    worked,
)  # fmt: skip
from safezone_conformance.hub_bench import SETUP_S, HubBench
from safezone_conformance.town import Maker, Town

PLAIN = Town(parts=("pole", "desk"), extra=staffed())
TWO_GUARDIANS = Town(parts=("pole", "desk"), extra=staffed(lambda m: m.guardian("h1", ["c1"])))
UNITS = Town(
    parts=("pole", "desk"),
    extra=staffed(
        fire_desk, lambda m: m.guardian("h1", ["c1"]), lambda m: agency(m, "fire", "fire"),
        lambda m: patrol(m, "u1", (400, 0)), lambda m: patrol(m, "u2", (600, 0)),
    ),
)  # fmt: skip
SAME = ("state", "level", "marks", "withheld", "medical", "agencies")


@case(
    "TC-HUB-ACT-01",
    ko="상황실의 incident.action은 같은 조치를 HTTP로 한 것과 같고 이력은 그 상황실을 든다",
    en="An incident.action of a desk has the effect of the same action over HTTP, and history names that desk",
    verifies=["HUB-ACT-001"],
    needs=["incidents", "tokens", "dispatch"],
    town=UNITS,
    steps=[
        ("c1이 세 번 호출한다", "c1 calls three times"),
        ("첫 사건에는 당직이 HTTP로, 둘째에는 상황실 단말이 MQTT로 열세 조치를 하나씩 한다: acknowledge, dispatch(조와 함께), on_scene, "
         "note, mark, take, withhold, allow, link(셋째 사건과), call_119, resolve, reopen, false_alarm",
         "the thirteen actions are done one by one, on the first incident by an operator over HTTP, on the second by the desk's terminal "
         "over MQTT: acknowledge, dispatch (with a unit), on_scene, note, mark, take, withhold, allow, link (to the third), call_119, "
         "resolve, reopen, false_alarm"),
        ("매번 두 사건을 조회한다", "both incidents are queried each time"),
    ],
    criteria=[
        ("상태, level, marks, withheld, medical, agencies, 조의 수, 닫힘이 두 사건에서 같다",
         "state, level, marks, withheld, medical, agencies, number of units and whether it is closed are the same in both"),
        ("이력의 마지막 줄은 action과, by로 operator/당직 또는 desk/상황실을 든다",
         "the last line of history has the action, and operator/… or desk/… in by"),
    ],
)  # fmt: skip
def both_ways(t: HubBench) -> None:
    who = t.login(OPERATOR)
    by_http, by_mqtt, other = (id_of(call(t, n)) for n in (1, 2, 3))
    script: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("acknowledge", {}, {}), ("dispatch", {"unit": t.id("u1")}, {"unit": t.id("u2")}), ("on_scene", {}, {}),
        ("note", {"note": "현장과 통화"}, {"note": "현장과 통화"}), ("mark", {"mark": "repeat"}, {"mark": "repeat"}), ("take", {}, {}),
    ]  # fmt: skip
    script += [(verb, {"guardian": t.id("h1")}, {"guardian": t.id("h1")}) for verb in ("withhold", "allow")]
    script += [("link", {"to": other}, {"to": other}), ("call_119", {"medical": True}, {"medical": True})]
    script += [(verb, {}, {}) for verb in ("resolve", "reopen", "false_alarm")]
    for verb, first, second in script:
        performed(t, "HUB-ACT-001", by_http, verb, who=who, **first)
        t.expect_receipt("HUB-ACT-001", by_desk(t, by_mqtt, verb, **second), "accepted")
        one, two = incident(t, by_http), incident(t, by_mqtt)
        looks = [({k: b.get(k) for k in SAME}, len(b["units"]), "closed_at" in b) for b in (one, two)]
        t.check("HUB-ACT-001", looks[0] == looks[1], f"after {verb} both incidents alike", looks)
        last = [lines_by_people(b)[-1:] for b in (one, two)]
        lines = [(line["action"], line["by"]) for rows in last for line in rows]
        wanted = [(verb, f"operator/{t.id('o1')}"), (verb, f"desk/{t.id('d112')}")]
        t.check("HUB-ACT-001", lines == wanted, f"{verb} in both histories, by whoever did it", lines)
        if verb == "take":
            owners = [b.get("owner") for b in (one, two)]
            t.check("HUB-ACT-001", owners == [w[1] for w in wanted], "owner is who took it", owners)
        if verb == "link":
            t.check(
                "HUB-ACT-001",
                other in one["linked"] and other in two["linked"],
                "both linked",
                (one["linked"], two["linked"]),
            )


@case(
    "TC-HUB-ACT-02",
    ko="모르는 조치와 필요한 멤버가 없는 조치는 HTTP로 422, 메시지로 bad_data이다",
    en="An unknown action, or one without the member it needs, gets 422 over HTTP and bad_data as a message",
    verifies=["HUB-ACT-002"],
    needs=["incidents"],
    town=PLAIN,
    steps=[
        ("c1의 사건에 모르는 조치 scold와, 멤버 없는 mark, withhold, allow, link, note와, 없는 값의 mark를 HTTP와 MQTT로 보낸다",
         "the unknown action scold, mark, withhold, allow, link and note without their member, and mark with an unknown value are sent "
         "over HTTP and by MQTT for an incident of c1"),
        ("사건을 조회한다", "the incident is queried"),
        ("멤버를 갖춘 note를 두 가지로 보낸다", "note with its member is sent both ways"),
    ],
    criteria=[
        ("잘못된 것은 모두 422, rejected bad_data이며 아무것도 바뀌지 않는다", "all wrong ones get 422, or rejected with bad_data, and nothing has changed"),
        ("옳은 것은 200, accepted이다", "the right ones get 200, or accepted"),
    ],
)  # fmt: skip
def wrong_actions(t: HubBench) -> None:
    who, id_ = t.login(OPERATOR), id_of(call(t))
    before = worked(t, id_)
    bodies: list[dict[str, Any]] = [
        {"action": a} for a in ("scold", "mark", "withhold", "allow", "link", "note")
    ]
    bodies.append({"action": "mark", "mark": "funny"})
    for body in bodies:
        answer = post_action(t, id_, body, who=who)
        t.check("HUB-ACT-002", answer.status == 422, f"422 to {body}", answer.status, seen=answer)
        more = {k: v for k, v in body.items() if k != "action"}
        sent = by_desk(t, id_, body["action"], **more)
        row = t.receipt(sent, t.allowed(5.0))
        ok = row is not None and row["status"] == "rejected" and row.get("reason") == "bad_data"
        t.check("HUB-ACT-002", ok, f"rejected with bad_data: {body}", row, sent=sent)
    t.check("HUB-ACT-002", worked(t, id_) == before, "nothing has changed", worked(t, id_))
    answer = post_action(t, id_, {"action": "note", "note": "확인"}, who=who)
    t.check("HUB-ACT-002", answer.status == 200, "200 to a note with words", answer.status, seen=answer)
    t.expect_receipt("HUB-ACT-002", by_desk(t, id_, "note", note="확인"), "accepted")


@case(
    "TC-HUB-ACT-03",
    ko="같은 key의 두 번째 요청은 아무것도 바꾸지 않고 사건으로 답한다",
    en="A second request with the same key changes nothing and is answered with the incident",
    verifies=["HUB-ACT-003"],
    needs=["incidents"],
    town=PLAIN,
    steps=[
        ("c1의 사건에 key k1의 note를 두 번, k2의 note를 한 번 보낸다", "for an incident of c1 a note with the key k1 is sent twice, and one with k2 once"),
        ("key k3의 reopen을, 닫힌 뒤 두 번 보낸다", "reopen with the key k3 is sent twice, after it was closed"),
    ],
    criteria=[
        ("k1의 두 번째는 200과 그 사건으로 답하고 version과 이력이 그대로이다; k2는 한 줄을 더한다",
         "the second of k1 is answered by 200 and the incident, with version and history as before; k2 adds a line"),
        ("두 번째 reopen은 409가 아니라 200이다", "the second reopen gets 200 and not 409"),
    ],
)  # fmt: skip
def same_key(t: HubBench) -> None:
    who, id_ = t.login(OPERATOR), id_of(call(t))
    act(t, id_, "note", who=who, note="첫째", key="k1")
    before = worked(t, id_)
    again = post_action(t, id_, {"action": "note", "note": "첫째", "key": "k1"}, who=who)
    t.require("HUB-ACT-003", again.status == 200, "200 to the same request again", again.status, seen=again)
    t.check(
        "HUB-ACT-003", again.json.get("id") == id_, "the incident as answer", again.json.get("id"), seen=again
    )
    t.check("HUB-ACT-003", worked(t, id_) == before, "nothing has changed", (before, worked(t, id_)))
    act(t, id_, "note", who=who, note="첫째", key="k2")
    t.check(
        "HUB-ACT-003",
        worked(t, id_)["history"] == before["history"] + 1,
        "another key is another note",
        worked(t, id_),
    )
    act(t, id_, "resolve", who=who)
    act(t, id_, "reopen", who=who, key="k3")
    again = post_action(t, id_, {"action": "reopen", "key": "k3"}, who=who)
    t.check("HUB-ACT-003", again.status == 200, "200 to the same reopen again", again.status, seen=again)


@case(
    "TC-HUB-ACT-04",
    ko="If-Match가 지금의 ETag와 맞지 않으면 412이고 바뀐 것이 없다",
    en="If If-Match does not fit the present ETag the answer is 412 and nothing has changed",
    verifies=["HUB-ACT-004"],
    needs=["incidents", "etags"],
    town=PLAIN,
    steps=[
        ("c1의 사건을 조회하여 ETag를 얻고 note로 바꾼다", "an incident of c1 is queried for its ETag, and changed by a note"),
        ("옛 ETag를 If-Match로 하여 resolve한다", "resolve is sent with the old ETag in If-Match"),
        ("지금의 ETag로 다시 한다", "and again with the present one"),
    ],
    criteria=[
        ("옛 것은 412이고 사건은 그대로이다; 지금의 것은 200이다", "the old one gets 412 and the incident is as before; the present one gets 200"),
    ],
)  # fmt: skip
def if_match(t: HubBench) -> None:
    who, id_ = t.login(OPERATOR), id_of(call(t))
    old = _etag(t, id_, who)
    act(t, id_, "note", who=who, note="그 사이의 기록")
    before = worked(t, id_)
    answer = post_action(t, id_, {"action": "resolve"}, who=who, headers={"if-match": old})
    t.check("HUB-ACT-004", answer.status == 412, "412 to an old ETag", answer.status, seen=answer)
    t.check("HUB-ACT-004", worked(t, id_) == before, "nothing has changed", worked(t, id_))
    answer = post_action(t, id_, {"action": "resolve"}, who=who, headers={"if-match": _etag(t, id_, who)})
    t.check("HUB-ACT-004", answer.status == 200, "200 to the present ETag", answer.status, seen=answer)


def _etag(t: HubBench, id_: str, who: str) -> str:
    tag = t.http("GET", f"/v1/incidents/{id_}", who=who).headers.get("etag", "")
    t.given(bool(tag), "the incident has an ETag")
    return tag


@case(
    "TC-HUB-ACT-05",
    ko="지금 상태에 맞지 않는 조치는 409이고, reopen은 닫힌 사건을 acknowledged에서 다시 시작한다",
    en="An action that does not fit the present state gets 409; reopen begins a closed incident anew at acknowledged",
    verifies=["HUB-ACT-005", "HUB-ACT-006"],
    needs=["incidents"],
    town=PLAIN,
    steps=[
        ("c1의 열린 사건을 reopen한다", "reopen is sent for an open incident of c1"),
        ("resolve한 뒤 false_alarm을 보낸다", "it is resolved, and false_alarm is sent"),
        ("reopen하고, 이어 on_scene과 false_alarm을 한다", "it is reopened, and on_scene and false_alarm are done"),
    ],
    criteria=[
        ("첫 reopen과 false_alarm은 409이고 사건은 그대로이다", "the first reopen and the false_alarm get 409, and the incident is as before"),
        ("reopen 뒤 상태는 acknowledged이고 closed_at이 없으며, 다시 앞으로 나아가 닫힌다",
         "after reopen it is acknowledged without closed_at, and goes forward and is closed again"),
    ],
)  # fmt: skip
def not_fitting(t: HubBench) -> None:
    who, id_ = t.login(OPERATOR), id_of(call(t))
    before = worked(t, id_)
    _conflict(t, id_, who, "reopen", before)
    act(t, id_, "resolve", who=who)
    before = worked(t, id_)
    _conflict(t, id_, who, "false_alarm", before)
    answer = post_action(t, id_, {"action": "reopen"}, who=who)
    t.require("HUB-ACT-006", answer.status == 200, "reopen of a closed incident", answer.status, seen=answer)
    body = incident(t, id_)
    t.check("HUB-ACT-006", body["state"] == "acknowledged" and "closed_at" not in body, "acknowledged, without closed_at",
            (body["state"], body.get("closed_at")))  # fmt: skip
    for action, state in (("on_scene", "on_scene"), ("false_alarm", "false_alarm")):
        post_action(t, id_, {"action": action}, who=who)
        found = incident(t, id_)["state"]
        t.check("HUB-ACT-006", found == state, f"{state} after reopen and {action}", found)


def _conflict(t: HubBench, id_: str, who: str, action: str, before: dict[str, Any]) -> None:
    answer = post_action(t, id_, {"action": action}, who=who)
    t.check(
        "HUB-ACT-005",
        answer.status == 409,
        f"409 to {action} in state {before['state']}",
        answer.status,
        seen=answer,
    )
    after = worked(t, id_)
    t.check("HUB-ACT-005", after == before, "nothing has changed", after)


@case(
    "TC-HUB-ACT-06",
    ko="mark는 marks를 더할 뿐 격상의 시계를 멈추지도 사건을 닫지도 않는다",
    en="mark adds to marks; it neither stops the clock of the escalation nor closes the incident",
    verifies=["HUB-ACT-007"],
    needs=["incidents", "escalation"],
    town=Town(
        parts=("pole", "desk"), extra=staffed(lambda m: m.desk("sup", "supervisor")),
        zone={"policy": {"escalation": {"remind_s": 2, "supervisor_after_s": 3, "fire119_after_s": 100}}},
    ),
    slow_s=4,
    before=[("정책이 2 s 뒤에 다시 알리고 3 s 뒤에 supervisor에게 알린다", "the policy reminds after 2 s and tells the supervisor after 3 s")],
    steps=[
        ("c1이 호출하고, 상황실이 HTTP로 prank를, MQTT로 repeat를 붙인다", "c1 calls; the desk marks it prank over HTTP and repeat by MQTT"),
        ("다시 알림과 격상을 기다린다", "the reminder and the climb are awaited"),
    ],
    criteria=[
        ("marks는 prank와 repeat이고 상태는 open이다", "marks are prank and repeat, and the state is open"),
        ("다시 알림과 격상이 온다", "the reminder and the climb come"),
    ],
)  # fmt: skip
def marks(t: HubBench) -> None:
    who, alert = t.login(OPERATOR), call(t)
    id_ = id_of(alert)
    performed(t, "HUB-ACT-007", id_, "mark", who=who, mark="prank")
    t.accepted(by_desk(t, id_, "mark", mark="repeat"))
    body = incident(t, id_)
    t.check(
        "HUB-ACT-007",
        set(body.get("marks", [])) == {"prank", "repeat"},
        "marks prank and repeat",
        body.get("marks"),
    )
    t.check("HUB-ACT-007", body["state"] == "open", "state open", body["state"])
    limit = t.limit("tag_call")
    t.expect_alert("HUB-ACT-007", "tag_call", since=alert.t, within=2 + limit, where=flagged(id_, "reminder"))
    t.expect_alert(
        "HUB-ACT-007",
        "tag_call",
        desk="sup",
        since=alert.t,
        within=3 + limit,
        where=flagged(id_, "escalated"),
    )


@case(
    "TC-HUB-ACT-07",
    ko="link는 두 사건이 서로를 linked에 들게 한다",
    en="link makes two incidents name each other in linked",
    verifies=["HUB-ACT-008"],
    needs=["incidents"],
    town=Town(children=2, parts=("pole", "school", "desk"), extra=staffed()),
    steps=[
        (
            "c1은 pole에서, c2는 멀리 학교 문에서 호출한다",
            "c1 calls at the pole, c2 far away at the gate of the school",
        ),
        (
            "첫 사건을 둘째와 잇고 둘을 조회한다",
            "the first incident is linked to the second, and both are queried",
        ),
    ],
)
def links(t: HubBench) -> None:
    who = t.login(OPERATOR)
    one, two = id_of(call(t, 1)), id_of(call(t, 1, tag="t2", reader="gs"))
    answer = post_action(t, one, {"action": "link", "to": two}, who=who)
    t.require("HUB-ACT-008", answer.status == 200, "the link is made", answer.status, seen=answer)
    for here, there in ((one, two), (two, one)):
        found = incident(t, here)["linked"]
        t.check("HUB-ACT-008", found.count(there) == 1, f"{there} in linked of {here}, once", found)


@case(
    "TC-HUB-ACT-08",
    ko="withhold 뒤에는 allow까지 그 어린이의 알림이 그 보호자에게 가지 않고 사건도 위치도 보이지 않는다",
    en="After withhold no notice of that child reaches that guardian until allow, and neither incident nor position is shown",
    verifies=["HUB-ACT-009"],
    needs=["incidents", "tokens", "location"],
    town=TWO_GUARDIANS,
    before=[("c1의 보호자는 g1과 h1이다", "the guardians of c1 are g1 and h1")],
    steps=[
        ("c1이 호출하고, 상황실이 h1에게 withhold한다", "c1 calls, and the desk withholds it from h1"),
        ("c1이 다시 호출하고 112에 전화한다", "c1 calls again, and calls 112 by phone"),
        ("h1이 사건과 위치를 묻는다", "h1 asks for the incident and the position"),
        ("사건을 닫고 다시 묻는다", "the incident is closed, and h1 asks again"),
        ("allow한 뒤 c1이 또 호출하고 h1이 다시 묻는다", "it is allowed again, c1 calls once more and h1 asks again"),
    ],
    criteria=[
        ("withhold 앞에는 h1에게 알림이 가고 조회가 된다", "before withhold h1 is told and may ask"),
        ("그 사이 g1에게는 모든 알림이 가고 h1에게는 하나도 가지 않으며 h1의 조회는 404이다",
         "meanwhile g1 is told everything and h1 nothing, and h1 gets 404"),
        ("allow 뒤에는 h1에게 다시 알리고 조회가 된다", "after allow h1 is told again and may ask"),
    ],
)  # fmt: skip
def withheld(t: HubBench) -> None:
    who, h1 = t.login(OPERATOR), t.login("guardian/h1")
    t.accepted(t.located("p1", 480.0, 0.0, t.now() - 20))
    alert = call(t, 1)
    id_ = id_of(alert)
    for guardian in ("g1", "h1"):
        awaited(t, f"guardian/{guardian}", "notice")
    t.given(_asks(t, id_, h1) == [200, 200], "h1 sees incident and position before")
    performed(t, "HUB-ACT-009", id_, "withhold", who=who, guardian=t.id("h1"))
    second = call(t, 2)
    phone = alerted(t, t.phone_called("p1", "call-1"), "phone_call_112")
    t.expect_notice("HUB-ACT-009", "g1", "tag_call", since=second.t - SETUP_S, within=2 * SETUP_S,
                    where=lambda d: d.get("incident") == id_of(second))  # fmt: skip
    t.expect_none("HUB-ACT-009", to="guardian/h1", type_="notice", after=alert.t, limit=t.limit("tag_call"),
                  expected="no notice of c1 to h1")  # fmt: skip
    for one in (id_, id_of(second), id_of(phone)):
        t.check(
            "HUB-ACT-009",
            _asks(t, one, h1) == [404, 404],
            "404 to h1 for incident and position",
            _asks(t, one, h1),
        )
    act(t, id_, "resolve", who=who)
    t.check(
        "HUB-ACT-009", _asks(t, id_, h1) == [404, 404], "404 to h1 after it was closed too", _asks(t, id_, h1)
    )
    performed(t, "HUB-ACT-009", id_, "allow", who=who, guardian=t.id("h1"))
    third = t.tag_called("pole", "t1", 3)
    t.expect_notice("HUB-ACT-009", "h1", "tag_call", since=third, within=SETUP_S)
    t.check(
        "HUB-ACT-009",
        _asks(t, id_, h1) == [200, 200],
        "incident and position shown to h1 after allow",
        _asks(t, id_, h1),
    )


def _asks(t: HubBench, id_: str, who: str) -> list[int]:
    paths = (f"/v1/incidents/{id_}", f"/v1/children/{t.id('c1')}/position")
    return [t.http("GET", path, who=who).status for path in paths]


def _rescue(m: Maker) -> Any:
    return [
        *staffed(fire_desk, lambda m: agency(m, "fire", "fire"), lambda m: agency(m, "police", "police"))(m)
    ]


@case(
    "TC-HUB-ACT-09",
    ko="call_119는 fire119의 상황실에 escalated 경보를 보내고 소방 기관에 사건을 넘긴다",
    en="call_119 sends an alert flagged escalated to the desks of post fire119 and hands the incident to the fire agencies",
    verifies=["HUB-ACT-010"],
    needs=["incidents", "dispatch", "tokens"],
    town=Town(parts=("pole", "desk"), extra=_rescue),
    steps=[
        ("c1이 호출한다. 소방 기관이 사건을 조회한다", "c1 calls. The fire agency queries the incident"),
        ("상황실이 acknowledge한 뒤 call_119한다", "the desk acknowledges it, then sends call_119"),
        ("소방 기관이 다시 조회한다", "the fire agency queries again"),
    ],
    criteria=[
        ("call_119 앞에는 fire119에 경보가 없고 소방 기관은 404를 받는다", "before call_119 fire119 has no alert and the fire agency gets 404"),
        ("뒤에는 post fire119, flags escalated의 경보가 오고 소방 기관이 사건을 본다",
         "after it an alert of post fire119 flagged escalated comes, and the fire agency sees the incident"),
    ],
)  # fmt: skip
def calls_119(t: HubBench) -> None:
    who, fire = t.login(OPERATOR), t.login("agency/fire")
    alert = call(t)
    id_ = id_of(alert)
    act(t, id_, "acknowledge", who=who)
    t.expect_none("HUB-ACT-010", to="desk/f119", type_="alert", after=alert.t, limit=t.limit("tag_call"),
                  expected="nothing to fire119 before call_119")  # fmt: skip
    status = t.http("GET", f"/v1/incidents/{id_}", who=fire).status
    t.check("HUB-ACT-010", status == 404, "404 to the fire agency before", status)
    answer = performed(t, "HUB-ACT-010", id_, "call_119", who=who)
    told = t.expect_alert("HUB-ACT-010", "tag_call", desk="f119", since=answer.question.t, within=t.limit("tag_call"),
                          where=flagged(id_, "escalated"))  # fmt: skip
    t.check(
        "HUB-ACT-010", told.data.get("post") == "fire119", "post fire119", told.data.get("post"), seen=told
    )
    t.check("HUB-ACT-010", handed_to(t, id_, fire), "the fire agency sees the incident", "404")


@case(
    "TC-HUB-ACT-10",
    ko="의료 호출은 상황실을 기다리지 않고 119에도 바로 알리며 경보에 medical이 붙는다",
    en="A medical call is told to 119 at once, without waiting for the desk; its alerts are flagged medical",
    verifies=["HUB-ACT-011"],
    needs=["incidents"],
    town=Town(parts=("pole", "desk"), extra=staffed(fire_desk)),
    steps=[
        ("medical이 아닌 호출을, 이어 medical true의 tag.called를 보낸다", "a call that is not medical is sent, then a tag.called with medical true"),
        ("112와 119의 경보를 받는다", "the alerts of 112 and 119 are received"),
    ],
    criteria=[
        ("의료 호출은 5 s 안에 112와 119에 알려지고 둘 다 flags에 medical이 있다",
         "the medical call is told to 112 and 119 within 5 s, both flagged medical"),
        ("첫 호출은 119에 가지 않고 medical이 없다", "the first call does not go to 119 and is not flagged medical"),
    ],
)  # fmt: skip
def medical(t: HubBench) -> None:
    first = call(t, 1)
    t.check("HUB-ACT-011", "medical" not in flags(first.data), "not medical", flags(first.data), seen=first)
    sent = t.tag_called("pole", "t1", 2, medical=True)
    for desk in ("f119", "d112"):
        alert = t.expect_alert(
            "HUB-ACT-011",
            "tag_call",
            desk=desk,
            child="c1",
            since=sent,
            where=lambda d: sent.ref in d["evidence"],
        )
        t.check(
            "HUB-ACT-011",
            "medical" in flags(alert.data),
            f"medical in flags to {desk}",
            flags(alert.data),
            seen=alert,
        )
    t.expect_none("HUB-ACT-011", to="desk/f119", type_="alert", after=first.t - SETUP_S, limit=t.limit("tag_call"),
                  where=lambda d: d.get("incident") == id_of(first), expected="nothing to 119 of the other call")  # fmt: skip


@case(
    "TC-HUB-ACT-11",
    ko="다른 사건에 있는 조의 dispatch는 409, 없는 조의 dispatch는 404이다",
    en="dispatch of a unit that is at another incident gets 409, of an unknown unit 404",
    verifies=["HUB-ACT-012"],
    needs=["incidents", "dispatch"],
    town=UNITS,
    steps=[
        ("c1이 두 번 호출하고 u1을 첫 사건에 보낸다", "c1 calls twice, and u1 is sent to the first incident"),
        ("둘째 사건에 u1을, 없는 조를, 이어 u2를 보낸다", "u1, an unknown unit and then u2 are sent to the second"),
    ],
    criteria=[
        ("u1은 409, 없는 조는 404이고 둘째 사건은 그대로이다; u2는 200이다",
         "u1 gets 409 and the unknown unit 404, and the second incident is as before; u2 gets 200"),
    ],
)  # fmt: skip
def busy_unit(t: HubBench) -> None:
    who = t.login(OPERATOR)
    one, two = id_of(call(t, 1)), id_of(call(t, 2))
    performed(t, "HUB-ACT-012", one, "dispatch", who=who, unit=t.id("u1"))
    before = worked(t, two)
    for unit, status in (("u1", 409), ("u9", 404)):
        answer = post_action(t, two, {"action": "dispatch", "unit": t.id(unit)}, who=who)
        t.check(
            "HUB-ACT-012",
            answer.status == status,
            f"{status} to dispatch of {unit}",
            answer.status,
            seen=answer,
        )
    t.check("HUB-ACT-012", worked(t, two) == before, "nothing has changed", worked(t, two))
    answer = post_action(t, two, {"action": "dispatch", "unit": t.id("u2")}, who=who)
    t.check("HUB-ACT-012", answer.status == 200, "200 to dispatch of u2", answer.status, seen=answer)


@case(
    "TC-HUB-ACT-12",
    ko="할 수 없는 incident.action은 rejected action_refused를 받고 아무것도 바꾸지 않는다",
    en="An incident.action that cannot be done is answered by rejected, action_refused, and changes nothing",
    verifies=["HUB-ACT-014"],
    needs=["incidents", "dispatch"],
    town=Town(parts=("pole", "desk"), extra=staffed(school_desk, lambda m: patrol(m, "u1", (400, 0)))),
    steps=[
        ("c1의 열린 호출에 단말이 reopen과, 없는 조의 dispatch와, 없는 사건과의 link를 보낸다",
         "for an open call of c1 the terminal sends reopen, dispatch of an unknown unit and link to an unknown incident"),
        ("없는 사건에 acknowledge를 보낸다", "acknowledge is sent for an unknown incident"),
        ("학교의 단말이 그 호출에 resolve를 보낸다", "the school's terminal sends resolve for the call"),
        ("resolve한 뒤 false_alarm을 보낸다", "it is resolved, and false_alarm is sent"),
    ],
    criteria=[
        ("모두 rejected와 action_refused이고 사건은 매번 그대로이다", "all are rejected with action_refused, and the incident is as before each time"),
    ],
)  # fmt: skip
def refused(t: HubBench) -> None:
    id_ = id_of(call(t))
    before = worked(t, id_)
    for action, more in (
        ("reopen", {}),
        ("dispatch", {"unit": t.id("u9")}),
        ("link", {"to": t.id("no-such")}),
    ):
        t.expect_rejected("HUB-ACT-014", by_desk(t, id_, action, **more), "action_refused")
    t.expect_rejected("HUB-ACT-014", by_desk(t, t.id("no-such"), "acknowledge"), "action_refused")
    t.expect_rejected("HUB-ACT-014", by_desk(t, id_, "resolve", desk="office"), "action_refused")
    t.check("HUB-ACT-014", worked(t, id_) == before, "nothing has changed", worked(t, id_))
    t.accepted(by_desk(t, id_, "resolve"))
    before = worked(t, id_)
    t.expect_rejected("HUB-ACT-014", by_desk(t, id_, "false_alarm"), "action_refused")
    t.check("HUB-ACT-014", worked(t, id_) == before, "nothing has changed", worked(t, id_))


@case(
    "TC-HUB-ACT-13",
    ko="take는 걸음이 아니며, 닫힌 사건에서 할 수 있는 것과 없는 것이 갈린다",
    en="take is no step; of a closed incident some things can be done and some not",
    verifies=["HUB-ACT-015", "HUB-ACT-016"],
    needs=["incidents", "tokens"],
    town=TWO_GUARDIANS,
    steps=[
        ("c1의 사건을 당직이 take한다", "the operator takes an incident of c1"),
        ("resolve한 뒤 take, call_119, false_alarm을 한다", "after resolve, take, call_119 and false_alarm are tried"),
        ("이어 acknowledge, dispatch, on_scene, resolve, note, mark, link, withhold, allow를 한다",
         "then acknowledge, dispatch, on_scene, resolve, note, mark, link, withhold and allow are done"),
    ],
    criteria=[
        ("take 뒤 owner는 그 당직이고 상태는 open이며 next_escalation_at이 있다", "after take the operator is owner, the state open, and next_escalation_at is there"),
        ("닫힌 사건의 앞의 셋은 409이고 아무것도 바꾸지 않는다. 뒤의 아홉은 200이고 이력에 남으며 상태는 resolved이다",
         "of the closed incident the three get 409 and change nothing; the nine get 200 and a line of history, the state stays resolved"),
    ],
)  # fmt: skip
def taken_and_closed(t: HubBench) -> None:
    who, id_, other = t.login(OPERATOR), id_of(call(t)), id_of(call(t, 2))
    performed(t, "HUB-ACT-015", id_, "take", who=who)
    body = incident(t, id_)
    t.check(
        "HUB-ACT-015",
        body.get("owner") == f"operator/{t.id('o1')}",
        "the operator is owner",
        body.get("owner"),
    )
    running = (body["state"], "next_escalation_at" in body)
    t.check(
        "HUB-ACT-015", running == ("open", True), "open, and the clock of the escalation goes on", running
    )
    act(t, id_, "resolve", who=who)
    before = worked(t, id_)
    for verb in ("take", "call_119", "false_alarm"):
        answer = post_action(t, id_, {"action": verb}, who=who)
        t.check("HUB-ACT-015", answer.status == 409, f"409 to {verb}", answer.status, seen=answer)
    t.check("HUB-ACT-015", worked(t, id_) == before, "nothing has changed", worked(t, id_))
    noted: list[dict[str, Any]] = [
        {"action": verb} for verb in ("acknowledge", "dispatch", "on_scene", "resolve")
    ]
    noted += [
        {"action": "note", "note": "뒤늦은 말"},
        {"action": "mark", "mark": "repeat"},
        {"action": "link", "to": other},
    ]
    noted += [{"action": verb, "guardian": t.id("h1")} for verb in ("withhold", "allow")]
    for sent in noted:
        answer = post_action(t, id_, sent, who=who)
        t.check("HUB-ACT-016", answer.status == 200, f"200 to {sent['action']}", answer.status, seen=answer)
        body = incident(t, id_)
        t.check("HUB-ACT-016", body["state"] == "resolved", f"resolved after {sent['action']}", body["state"])
        last = body["history"][-1]["action"]
        t.check("HUB-ACT-016", last == sent["action"], f"{sent['action']} in history", last)


@case(
    "TC-HUB-ACT-14",
    ko="withhold는 그 어린이의 다른 사건에도, 사건이 닫힌 뒤에도 걸린다",
    en="withhold holds for other incidents of the child too, and after the incident has closed",
    verifies=["HUB-ACT-017"],
    needs=["incidents", "tokens"],
    town=TWO_GUARDIANS,
    steps=[
        ("c1의 사건에서 h1을 withhold하고 사건을 닫는다", "in an incident of c1 h1 is withheld, and the incident closed"),
        ("c1이 다시 호출한다", "c1 calls again"),
        ("닫힌 사건에서 h1을 allow하고 c1이 또 호출한다", "in the closed incident h1 is allowed, and c1 calls once more"),
    ],
    criteria=[("둘째 호출은 g1에게만, 셋째는 둘 다에게 간다", "the second call reaches g1 only, the third both")],
)  # fmt: skip
def withheld_beyond(t: HubBench) -> None:
    who, id_ = t.login(OPERATOR), id_of(call(t))
    awaited(t, "guardian/h1", "notice", t.about("tag_call", "c1"), "the first call")
    act(t, id_, "withhold", who=who, guardian=t.id("h1"))
    act(t, id_, "resolve", who=who)
    second = t.tag_called("pole", "t1", 2)
    t.expect_notice("HUB-ACT-017", "g1", "tag_call", child="c1", since=second)
    t.expect_none("HUB-ACT-017", to="guardian/h1", after=second, where=lambda d: second.ref in d.get("evidence", []),
                  limit=t.limit("tag_call"), expected="nothing to h1, who is withheld from")  # fmt: skip
    act(t, id_, "allow", who=who, guardian=t.id("h1"))
    third = t.tag_called("pole", "t1", 3)
    for guardian in ("g1", "h1"):
        t.expect_notice("HUB-ACT-017", guardian, "tag_call", child="c1", since=third)


@case(
    "TC-HUB-ACT-15",
    ko="같은 key의 두 번째 요청은 If-Match가 낡았어도 사건으로 답한다",
    en="A second request with the same key is answered with the incident, though its If-Match is out of date",
    verifies=["HUB-ACT-003"],
    needs=["incidents"],
    town=PLAIN,
    steps=[
        ("c1의 사건의 ETag로 key k1의 note를 보낸다", "a note with key k1 is sent under the ETag of an incident of c1"),
        ("답을 잃은 것처럼 그대로 다시 보낸다", "it is sent again as it was, as if the answer was lost"),
        ("key k2의 note를 낡은 ETag로 보낸다", "a note with key k2 is sent under the ETag that is out of date"),
    ],
    criteria=[("되풀이는 200이고 이력이 그대로이다. k2는 412이다", "the repeat gets 200 and history stays; k2 gets 412")],
)  # fmt: skip
def key_before_version(t: HubBench) -> None:
    who, id_ = t.login(OPERATOR), id_of(call(t))
    tag = t.http("GET", f"/v1/incidents/{id_}", who=who).headers.get("etag")
    t.given(tag is not None, "an ETag of the incident")
    path, seen = f"/v1/incidents/{id_}/actions", {"if-match": str(tag)}
    first = t.http("POST", path, who=who, json={"action": "note", "note": "하나", "key": "k1"}, headers=seen)
    t.given(first.status == 200, f"the note is taken: {first.status}")
    before = worked(t, id_)
    again = t.http("POST", path, who=who, json={"action": "note", "note": "하나", "key": "k1"}, headers=seen)
    t.check("HUB-ACT-003", again.status == 200, "200 to the same request again", again.status, seen=again)
    t.check("HUB-ACT-003", worked(t, id_) == before, "nothing has changed", worked(t, id_))
    other = t.http("POST", path, who=who, json={"action": "note", "note": "둘", "key": "k2"}, headers=seen)
    t.given(other.status == 412, f"another request under the old ETag gets 412: {other.status}")


@case(
    "TC-HUB-ACT-16",
    ko="먼저 온 중계가 아니라고 해도, 같은 누름의 다른 중계가 의료 호출이라고 하면 119에 바로 알린다",
    en="If another relay of the same press says that it is medical, 119 is told at once, though the first did not say so",
    verifies=["HUB-CALL-022"],
    needs=["incidents"],
    town=Town(parts=("school", "pole", "desk"), extra=staffed(fire_desk)),
    steps=[
        ("pole이 t1의 누름 1을 medical 없이, 이어 gs가 같은 누름을 medical true로 옮긴다",
         "pole relays press 1 of t1 without medical, then gs the same press with medical true"),
    ],
    criteria=[
        ("119의 경보가 5 s 안에 같은 사건으로 오고 flags에 medical이 있다. 보호자에게는 한 번만 간다",
         "an alert of the same incident comes to 119 within 5 s, flagged medical; the guardian is told once only"),
    ],
)  # fmt: skip
def medical_by_another(t: HubBench) -> None:
    at = t.now()
    first = alerted(t, t.tag_called("pole", "t1", 1, at), "tag_call")
    awaited(t, "guardian/g1", "notice", t.about("tag_call", "c1")).claimed = True
    second = t.tag_called("gs", "t1", 1, at, medical=True)
    alert = t.expect_alert("HUB-CALL-022", "tag_call", desk="f119", child="c1", since=second,
                           where=lambda d: d.get("incident") == id_of(first))  # fmt: skip
    t.check("HUB-CALL-022", "medical" in flags(alert.data), "flagged medical", flags(alert.data), seen=alert)
    t.expect_none("HUB-CALL-022", to="guardian/g1", type_="notice", after=second, where=t.about("tag_call"), limit=t.limit("tag_call"),
                  expected="no second notice of the press")  # fmt: skip
