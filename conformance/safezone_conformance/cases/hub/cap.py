"""16.3: the incident as CAP 1.2."""

from collections.abc import Callable
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import (
    act,
    agency,
    alert_of,
    incident,
    incident_of,
    next_post,
    posts,
    press_bell,
    press_tag,
    webhook,
)  # fmt: skip
from safezone_conformance.cases.hub._cap import Cap, circle, is_time
from safezone_conformance.hub_bench import Answer, Hooked, HubBench
from safezone_conformance.town import Town, lat_lon

POST_S = 10.0
NEEDS = ["dispatch"]
ONE = Town(children=1, parts=("bell", "pole", "desk"))


def _cap(t: HubBench, id_: str, who: str = "admin") -> tuple[Cap, Answer]:
    """The message as getCap gives it, as a precondition."""
    answer = t.http("GET", f"/v1/incidents/{id_}/cap", who=who)
    t.given(answer.status == 200, f"the CAP message: {answer.status} {answer.body[:200]!r}")
    return Cap(answer.body), answer


def _called(identifier: str) -> Callable[[Hooked], bool]:
    return lambda post: Cap(post.body).text("identifier") == identifier


def _bell(t: HubBench) -> str:
    return incident_of(press_bell(t))


def _tag(t: HubBench) -> str:
    return incident_of(press_tag(t))


def _phone(t: HubBench) -> str:
    called = t.phone_called("p1", "call-1", position={**lat_lon(700, 20), "accuracy_m": 250})
    return incident_of(alert_of(t, called, "phone_call_112"))


def _missing(t: HubBench) -> str:
    """Of a child whose place is not known, reported with characters that XML has for itself."""
    body = {"child": t.id("c1"), "text": '노란 가방 <크다> & 파란 모자 "새것"'}
    report = t.http("POST", f"/v1/zones/{t.zone}/incidents", json=body)
    t.given(report.status == 201, f"the report is taken: {report.status} {report.body[:200]!r}")
    return incident_of(alert_of(t, report, "missing_report"))


def _closed(t: HubBench) -> str:
    here = _tag(t)
    act(t, here, "resolve")
    return here


MAKE = {
    "tag_call": _tag,
    "bell_call": _bell,
    "phone_call_112": _phone,
    "missing_report": _missing,
    "closed": _closed,
}


@case(
    "TC-HUB-CAP-01",
    ko="CAP 메시지는 CAP 1.2의 스키마와 이 표준의 프로파일을 따른다",
    en="A CAP message satisfies the schema of CAP 1.2 and the profile of this standard",
    verifies=["HUB-CAP-001", "HUB-CAP-002", "HUB-CAP-004", "HUB-CAP-005", "HUB-CAP-007"],
    needs=[*NEEDS, "incidents"],
    town=ONE,
    rows={name: {"sort": name} for name in MAKE},
    steps=[("줄에 적힌 사건을 낸다: 태그 호출, 비상벨 호출, 112 전화, 위치를 모르는 어린이의 실종 신고(글에 <, >, &가 있음), 끝난 태그 호출",
            "the incident of the row is made: a tag call, a bell call, a call to 112, a report of a missing child whose place is not "
            "known (its text has <, > and &), a tag call that was closed"),
           ("그 사건의 CAP을 읽는다", "its CAP is read")],
    criteria=[("CAP 1.2의 원소, 차례, 수, 값의 범위를 따른다", "elements, their order, number and values are those of CAP 1.2"),
              ("status Actual, scope Restricted, restriction이 비어 있지 않다", "status Actual, scope Restricted, a restriction that is not empty"),
              ("info는 ko-KR과 en-US 하나씩", "one info in ko-KR, one in en-US"),
              ("sent, onset, expires에 시간대 차이가 있고 Z가 아니다", "sent, onset and expires carry an offset, never Z")],
)  # fmt: skip
def satisfies_schema_and_profile(t: HubBench, sort: str) -> None:
    cap, answer = _cap(t, MAKE[sort](t))
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    t.check("HUB-CAP-001", kind == "application/cap+xml" and not cap.breaches, "a message that satisfies CAP 1.2",
            cap.breaches or kind, seen=answer)  # fmt: skip
    t.check("HUB-CAP-002", cap.text("status") == "Actual", "status Actual", cap.text("status"), seen=answer)
    handling = (cap.text("scope"), cap.text("restriction").strip() != "")
    t.check(
        "HUB-CAP-004",
        handling == ("Restricted", True),
        "scope Restricted with a restriction",
        handling,
        seen=answer,
    )
    languages = cap.of_info("language")
    t.check("HUB-CAP-005", sorted(languages) == ["en-US", "ko-KR"] and len(cap.infos) == 2, "one info in ko-KR, one in en-US",
            languages, seen=answer)  # fmt: skip
    for name, texts in (
        ("sent", [cap.text("sent")]),
        ("onset", cap.of_info("onset")),
        ("expires", cap.of_info("expires")),
    ):
        t.check(
            "HUB-CAP-007",
            bool(texts) and all(map(is_time, texts)),
            f"{name} with an offset",
            texts,
            seen=answer,
        )


@case(
    "TC-HUB-CAP-02",
    ko="훈련의 CAP은 Exercise이다",
    en="The CAP message of a drill is an Exercise",
    verifies=["HUB-CAP-002"],
    needs=[*NEEDS, "drills"],
    town=Town(children=0, parts=("bell", "desk"), extra=lambda m: [m.drill("drill")]),
    steps=[("훈련의 비상벨이 눌리고, 실제의 비상벨이 눌린다", "the bell is pressed in the drill, and in earnest"), ("두 사건의 CAP을 읽는다", "the CAP of both incidents is read")],
    criteria=[("훈련은 Exercise, 실제는 Actual", "Exercise of the drill, Actual of the other")],
)  # fmt: skip
def drills_are_exercises(t: HubBench) -> None:
    for press, how, status in ((1, {"exercise": "drill"}, "Exercise"), (2, {}, "Actual")):
        cap, answer = _cap(t, incident_of(press_bell(t, press=press, **how)))
        t.check(
            "HUB-CAP-002", cap.text("status") == status, f"status {status}", cap.text("status"), seen=answer
        )


@case(
    "TC-HUB-CAP-03",
    ko="첫 메시지는 Alert, 다음은 Update, 오인 신고로 끝나면 Cancel이고 앞의 모든 메시지를 가리킨다",
    en="The first message is Alert, later ones Update, and Cancel upon a false alarm, each naming all earlier ones",
    verifies=["HUB-CAP-003", "HUB-CAP-008"],
    needs=[*NEEDS, "webhooks", "incidents", "tokens"],
    town=Town(children=0, parts=("bell", "desk")),
    before=[("소방 기관 fire, format cap, 시험기의 웹훅", "The agency fire, format cap, with a webhook of the tester")],
    steps=[("비상벨이 눌리고 상황실이 call_119를 한다", "the bell is pressed and the desk does call_119"),
           ("note, acknowledge, false_alarm을 차례로 하며, 그때마다 fire가 getCap을 부른다", "note, acknowledge and false_alarm follow; each time fire calls getCap")],
    criteria=[("msgType이 Alert, Update, Update, Cancel", "msgType is Alert, Update, Update, Cancel"),
              ("references가 앞서 받은 모든 메시지의 sender,identifier,sent를 담는다", "references holds sender,identifier,sent of every message got before"),
              ("identifier는 사건의 id와 version으로 되고, 같은 version을 다시 읽어도 같다",
               "identifier is made of the incident's id and version, and the same when the same version is read again")],
)  # fmt: skip
def refers_to_all_earlier(t: HubBench) -> None:
    t.put(agency(t.make, "fire", "fire", format="cap", webhook=webhook(t, "fire")))
    here = incident_of(press_bell(t))
    who = t.login("agency/fire")
    earlier: list[Cap] = []
    for action, more, kind in (("call_119", {}, "Alert"), ("note", {"note": "기록"}, "Update"), ("acknowledge", {}, "Update"),
                               ("false_alarm", {}, "Cancel")):  # fmt: skip
        done = act(t, here, action, **more)
        identifier = f"{here}.{done.json['version']}"
        post = next_post(t, "fire", done.t + t.allowed(POST_S), _called(identifier))
        got = [Cap(p.body).text("identifier") for p in posts(t, "fire")]
        t.require(
            "HUB-CAP-008",
            post is not None,
            f"a message {identifier}",
            got,
            within=t.allowed(POST_S),
            sent=done.question,
        )
        assert isinstance(post, Hooked)
        cap = Cap(post.body)
        t.check(
            "HUB-CAP-003",
            cap.text("msgType") == kind,
            f"{kind} upon {action}",
            cap.text("msgType"),
            seen=post,
        )
        missing = [each.reference for each in earlier if each.reference not in cap.references]
        t.check(
            "HUB-CAP-003",
            not missing,
            "references to every earlier message",
            f"{missing} not in {cap.references}",
            seen=post,
        )
        earlier.append(cap)
        again, answer = _cap(t, here, who)
        t.check("HUB-CAP-008", again.text("identifier") == identifier, f"the same identifier {identifier} when read again",
                again.text("identifier"), seen=answer)  # fmt: skip


@case(
    "TC-HUB-CAP-04",
    ko="area의 circle은 위치를 가운데로, 정확도를 킬로미터로 반지름으로 갖는다",
    en="The circle of area has the position as centre and its accuracy, in kilometres, as radius",
    verifies=["HUB-CAP-006"],
    needs=NEEDS,
    town=ONE,
    steps=[("c1의 휴대전화가 정확도 250 m의 위치와 함께 112에 전화한다", "the phone of c1 calls 112 with a position of accuracy 250 m"),
           ("사건의 CAP을 읽는다", "the incident's CAP is read")],
    criteria=[("모든 info에 가운데가 그 위치(1 m 이내), 반지름이 0.25 km(±2 %)인 circle이 있다",
               "every info has a circle with that position as centre (to 1 m) and a radius of 0.25 km (±2 %)")],
)  # fmt: skip
def circle_is_the_position(t: HubBench) -> None:
    here = _phone(t)
    known = incident(t, here).get("position") or {}
    t.given(known.get("accuracy_m") is not None, f"the incident has a position: {known}")
    cap, answer = _cap(t, here)
    found = [circle(text) for text in cap.circles]
    radius = float(known["accuracy_m"]) / 1000
    right = [c for c in found if c is not None and _is(c[0], known["lat"], 1e-5) and _is(c[1], known["lon"], 1e-5)
             and _is(c[2], radius, 0.02 * radius)]  # fmt: skip
    t.check(
        "HUB-CAP-006",
        len(right) == len(found) == len(cap.infos) > 0,
        f"{known['lat']},{known['lon']} {radius}",
        cap.circles,
        seen=answer,
    )


def _is(one: float, other: Any, by: float) -> bool:
    return abs(one - float(other)) <= by
