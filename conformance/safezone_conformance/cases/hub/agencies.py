"""16.2: hand-over to agencies, and what they report back."""

import json
from collections.abc import Callable
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import (
    ALERT_S,
    act,
    agency,
    handed_to,
    incident,
    incident_of,
    next_post,
    posts,
    press_bell,
    press_tag,
    webhook,
)  # fmt: skip
from safezone_conformance.cases.hub._cap import Cap
from safezone_conformance.cases.hub._signature import wrong_with
from safezone_conformance.hub_bench import Answer, Hooked, HubBench
from safezone_conformance.town import Town
from safezone_conformance.wire import breaches, unix

POST_S = 10.0  # a webhook that answers at once is not kept waiting
NEEDS = ["dispatch", "tokens"]
CONTACT, GUARDIAN, CLASS, NUMBER = "010-0351-0913", "가람지기", 97, 83


def _report(t: HubBench, id_: str, who: str, status: str, **more: Any) -> None:
    """An agency's own system reports, as a precondition."""
    answer = t.http("POST", f"/v1/incidents/{id_}/agency", who=who, json={"status": status, **more})
    t.given(answer.status == 200, f"{who} reports {status}: {answer.status} {answer.body[:200]!r}")


def _document(t: HubBench, id_: str) -> Answer:
    """The hand-over document, as a precondition."""
    answer = t.http("GET", f"/v1/incidents/{id_}/handover")
    t.given(answer.status == 200, f"the hand-over document: {answer.status} {answer.body[:200]!r}")
    return answer


@case(
    "TC-HUB-AGY-01",
    ko="사건을 받은 기관만 그 사건을 읽고 보고할 수 있다",
    en="Only an agency that the incident was handed to can read it and report on it",
    verifies=["HUB-AGY-001"],
    needs=NEEDS,
    town=Town(children=0, parts=("bell", "desk"), extra=lambda m: [agency(m, "fire", "fire"), agency(m, "other", "other")]),
    before=[("소방 기관 fire와 다른 기관 other", "The agency fire of service fire, and other of another service")],
    steps=[("비상벨이 눌리고 상황실이 call_119를 한다", "the bell is pressed and the desk does call_119"),
           ("두 기관이 getIncident, getCap, getHandover, reportAgencyStatus를 부른다", "both agencies call getIncident, getCap, getHandover and reportAgencyStatus")],
    criteria=[("fire는 200, other는 404", "fire gets 200, other 404")],
)  # fmt: skip
def only_those_handed_to(t: HubBench) -> None:
    here = incident_of(press_bell(t))
    act(t, here, "call_119")
    fire, other = t.login("agency/fire"), t.login("agency/other")
    for who, status in ((fire, 200), (other, 404)):
        for call in ("", "/cap", "/handover"):
            t.expect_http("HUB-AGY-001", status, "GET", f"/v1/incidents/{here}{call}", who=who)
        t.expect_http(
            "HUB-AGY-001",
            status,
            "POST",
            f"/v1/incidents/{here}/agency",
            who=who,
            json={"status": "accepted"},
        )


@case(
    "TC-HUB-AGY-02",
    ko="웹훅이 있는 기관은 이관 때와 그 뒤 바뀔 때마다 서명된 문서를 제 형식으로 받는다",
    en="An agency with a webhook is sent the signed document in its format upon hand-over and each change",
    verifies=["HUB-AGY-002"],
    needs=[*NEEDS, "webhooks", "incidents"],
    town=Town(children=0, parts=("bell", "desk")),
    rows={"json": {"form": "json"}, "cap": {"form": "cap"}},
    before=[("소방 기관 fire의 format은 줄에 적힌 것이고, 시험기의 웹훅이 있다", "The agency fire has the format of the row, and a webhook of the tester")],
    steps=[("비상벨이 눌리고 상황실이 call_119를 한다", "the bell is pressed and the desk does call_119"),
           ("상황실이 note를 남긴다", "the desk leaves a note"), ("상황실이 확인한다(acknowledge)", "the desk acknowledges")],
    criteria=[("이관 때와 두 번 바뀔 때 POST가 오며, 서명이 맞고, 그 사건의 문서이며, version이 오른다",
               "a POST comes upon the hand-over and upon each of the two changes; its signature is right, it is the document of that "
               "incident, and its version rises")],
)  # fmt: skip
def documents_are_posted(t: HubBench, form: str) -> None:
    hook = webhook(t, "fire")
    t.put(agency(t.make, "fire", "fire", format=form, webhook=hook))
    here = incident_of(press_bell(t))
    version = 0
    for action, more in (("call_119", {}), ("note", {"note": "기록"}), ("acknowledge", {})):
        done = act(t, here, action, **more)
        now = int(done.json["version"])
        post = next_post(t, "fire", done.t + t.allowed(POST_S), _at_least(now, form))
        t.require("HUB-AGY-002", post is not None, f"a POST of version {now} after {action}", f"versions {[_version(p, form) for p in posts(t, 'fire')]}",
                  within=t.allowed(POST_S), sent=done.question)  # fmt: skip
        assert post is not None
        wrong = wrong_with(t, post, hook["secret"])
        t.check("HUB-AGY-002", not wrong, "a signature that is right", wrong, seen=post)
        kind = post.headers.get("content-type", "").partition(";")[0]
        if form == "json":
            document = _json(post)
            faults = breaches("handover", document)
            t.check("HUB-AGY-002", kind == "application/json" and not faults and document.get("incident") == here,
                    "the hand-over document of the incident", f"{kind} {faults}", seen=post)  # fmt: skip
        else:
            cap = Cap(post.body)
            t.check("HUB-AGY-002", kind == "application/cap+xml" and not cap.breaches and cap.text("incidents").split()[:1] == [here],
                    "the incident as CAP 1.2", f"{kind} {cap.breaches}", seen=post)  # fmt: skip
        t.check(
            "HUB-AGY-002",
            _version(post, form) > version,
            f"a version above {version}",
            _version(post, form),
            seen=post,
        )
        version = _version(post, form)


def _json(post: Hooked) -> dict[str, Any]:
    try:
        found = json.loads(post.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _at_least(version: int, form: str) -> Callable[[Hooked], bool]:
    return lambda post: _version(post, form) >= version


def _version(post: Hooked, form: str) -> int:
    """Of a document; 0 if it has none."""
    version = (
        _json(post).get("version", 0)
        if form == "json"
        else Cap(post.body).text("identifier").rpartition(".")[2]
    )
    return int(version) if str(version).isdecimal() else 0


POLICE = Town(children=0, parts=("bell", "desk"), extra=lambda m: [agency(m, "police", "police")])


def _given_to_police(t: HubBench) -> tuple[str, str]:
    """An incident that the police has."""
    here = incident_of(press_bell(t))
    who = t.login("agency/police")
    t.given(handed_to(t, here, who, ALERT_S), "the incident is handed to the police")
    return here, who


@case(
    "TC-HUB-AGY-03",
    ko="경찰의 보고는 사건을 앞으로만 옮긴다",
    en="Reports of the police move the incident forward, and never back",
    verifies=["HUB-AGY-003"],
    needs=NEEDS,
    town=POLICE,
    before=[("경찰 기관 police", "The agency police of service police")],
    steps=[("비상벨이 눌려 경찰이 사건을 받는다", "the bell is pressed and the police is given the incident"),
           ("경찰이 accepted, dispatched, arrived를 차례로 보고한다", "the police reports accepted, dispatched, arrived in turn"),
           ("경찰이 dispatched와 accepted를 다시 보고한다", "the police reports dispatched and accepted again")],
    criteria=[("사건은 acknowledged, dispatched, on_scene이 되고 on_scene으로 남는다", "the incident becomes acknowledged, dispatched, on_scene, and stays on_scene")],
)  # fmt: skip
def reports_move_forward(t: HubBench) -> None:
    here, who = _given_to_police(t)
    for status, state in (("accepted", "acknowledged"), ("dispatched", "dispatched"), ("arrived", "on_scene"),
                          ("dispatched", "on_scene"), ("accepted", "on_scene")):  # fmt: skip
        _report(t, here, who, status)
        found = incident(t, here)
        t.check("HUB-AGY-003", found["state"] == state, f"{state} after {status}", found["state"])


@case(
    "TC-HUB-AGY-04",
    ko="기관의 closed는 그 기관의 몫일 뿐이고, 늦거나 두 번 온 보고는 이력에만 남는다",
    en="An agency's closed is its own part only; a late or doubled report stands in history alone",
    verifies=["HUB-AGY-004", "HUB-AGY-005"],
    needs=NEEDS,
    town=POLICE,
    before=[("경찰 기관 police", "The agency police of service police")],
    steps=[("비상벨이 눌려 경찰이 사건을 받고 accepted, arrived, closed를 보고한다",
            "the bell is pressed, the police is given the incident and reports accepted, arrived, closed"),
           ("경찰이 dispatched를 늦게, closed를 다시 보고한다", "the police reports dispatched late, and closed again")],
    criteria=[("agencies의 police는 closed이고 사건은 on_scene으로 열려 있다", "agencies has police closed; the incident stays open, on_scene"),
              ("뒤의 두 보고는 history에 늘어나고 agencies와 state를 바꾸지 않는다", "the two later reports are added to history and change neither agencies nor state")],
)  # fmt: skip
def closed_is_its_own_part(t: HubBench) -> None:
    here, who = _given_to_police(t)
    for status in ("accepted", "arrived", "closed"):
        _report(t, here, who, status)
    found = incident(t, here)
    part = found.get("agencies", {}).get(t.id("police"))
    t.check("HUB-AGY-004", part == "closed", "closed in agencies", found.get("agencies"))
    t.check(
        "HUB-AGY-004",
        found["state"] == "on_scene",
        "an incident that is still open, on_scene",
        found["state"],
    )
    for status in ("dispatched", "closed"):
        lines = sum(entry["by"] == f"agency/{t.id('police')}" for entry in found["history"])
        _report(t, here, who, status)
        found = incident(t, here)
        now = sum(entry["by"] == f"agency/{t.id('police')}" for entry in found["history"])
        t.check(
            "HUB-AGY-005",
            now == lines + 1,
            f"{status}, late or again, in history",
            f"{lines} lines, then {now}",
        )
        kept = (found.get("agencies", {}).get(t.id("police")), found["state"])
        t.check("HUB-AGY-005", kept == ("closed", "on_scene"), "closed and on_scene as before", kept)


@case(
    "TC-HUB-AGY-05",
    ko="훈련의 사건은 가상의 기관과 훈련이 허락한 기관에만 간다",
    en="An incident of a drill goes only to simulated agencies and to those the drill allows",
    verifies=["HUB-AGY-006"],
    needs=[*NEEDS, "drills", "incidents"],
    town=Town(children=0, parts=("bell", "desk"), extra=lambda m: [
        agency(m, "sim", "fire"), agency(m, "real", "fire", nature="real"), agency(m, "asked", "fire", nature="real"),
        m.drill("drill", allow=["asked"]),
    ]),
    before=[("소방 기관 sim(simulated), real(real), asked(real, 훈련의 allow에 있음)과 열린 훈련",
             "The agencies sim (simulated), real (real) and asked (real, in allow of the drill), all of service fire; an open drill")],
    steps=[("훈련의 비상벨이 눌리고 상황실이 call_119를 한다", "the bell is pressed in the drill and the desk does call_119"),
           ("실제의 비상벨이 눌리고 상황실이 call_119를 한다", "the bell is pressed in earnest and the desk does call_119")],
    criteria=[("훈련의 사건: sim과 asked는 200, real은 404", "the drill's incident: sim and asked get 200, real 404"),
              ("실제 사건: real도 200", "the real incident: real gets 200, too")],
)  # fmt: skip
def drills_reach_whom_they_may(t: HubBench) -> None:
    drilled = incident_of(press_bell(t, press=1, exercise="drill"))
    act(t, drilled, "call_119")
    actual = incident_of(press_bell(t, press=2))
    act(t, actual, "call_119")
    for name, status in (("sim", 200), ("asked", 200), ("real", 404)):
        t.expect_http("HUB-AGY-006", status, "GET", f"/v1/incidents/{drilled}", who=t.login(f"agency/{name}"))
    t.expect_http("HUB-AGY-006", 200, "GET", f"/v1/incidents/{actual}", who=t.login("agency/real"))


@case(
    "TC-HUB-AGY-06",
    ko="이관 문서는 어린이의 이름과 학년만, 끝난 뒤에는 아무것도 말하지 않는다",
    en="The hand-over document names of the child only name and grade, and nothing once the incident is closed",
    verifies=["HUB-AGY-007", "HUB-AGY-008"],
    needs=[*NEEDS, "incidents"],
    town=Town(children=1, parts=("pole", "desk"), child={"class": CLASS, "number": NUMBER}, extra=lambda m: [
        m.guardian("g1", ["c1"], name=GUARDIAN, contacts=[{"channel": "sms", "address": CONTACT}]),
    ]),
    steps=[("t1의 긴급호출이 pole로 온다", "a call of t1 comes by pole"), ("이관 문서를 읽는다", "the hand-over document is read"),
           ("상황실이 사건을 끝내고(resolve) 다시 읽는다", "the desk closes the incident (resolve) and it is read again")],
    criteria=[("어린이는 이름과 학년뿐이고, 집, 반, 번호, 보호자, 그 연락처는 어디에도 없다",
               "the child has name and grade only; home, class, number, guardians and their contacts stand nowhere"),
              ("위치에 경보와 같은 accuracy_m이, 근거에 issued_at까지의 나이 age_s가 있다",
               "the position has the accuracy_m of the alert, the evidence its age_s at issued_at"),
              ("끝난 뒤에는 이름도 위치도 없다", "after the end neither name nor position is there")],
)  # fmt: skip
def no_more_than_needed(t: HubBench) -> None:
    alert = press_tag(t)
    t.given("position" in alert.data, "the place of the call is known")
    here = incident_of(alert)
    child = next(i for i in t.case.town.items(t.make) if i["kind"] == "child")
    before = _document(t, here)
    document, text = dict(before.json), before.body.decode("utf-8", "replace")
    told = document.get("child", {})
    t.check("HUB-AGY-007", told.get("name") == child["name"] and told.get("grade") == child["grade"],
            "name and grade of the child", told, seen=before)  # fmt: skip
    t.check(
        "HUB-AGY-007",
        set(told) <= {"name", "grade", "description"},
        "no more of the child",
        sorted(told),
        seen=before,
    )
    secrets = {"home": t.id("home1"), "guardian": t.id("g1"), "guardian's name": GUARDIAN, "contact": CONTACT}
    shown = [what for what, word in secrets.items() if word in text]
    t.check("HUB-AGY-007", not shown, "neither home nor guardian nor contact", shown, seen=before)
    numbers = [n for n in (CLASS, NUMBER) if n in _numbers(told)]
    t.check("HUB-AGY-007", not numbers, "neither class nor number", numbers, seen=before)
    position, evidence = document.get("where", {}).get("position", {}), document.get("evidence", {})
    t.check("HUB-AGY-008", _near(position.get("accuracy_m"), float(alert.data["position"]["accuracy_m"]), 1.0),
            f"accuracy_m {alert.data['position']['accuracy_m']}", position, seen=before)  # fmt: skip
    age = unix(str(document["issued_at"])) - unix(str(evidence["at"])) if "at" in evidence else None
    t.check(
        "HUB-AGY-008",
        age is not None and _near(evidence.get("age_s"), age, 2.0),
        "the age of the evidence in age_s",
        evidence,
        seen=before,
    )
    act(t, here, "resolve")
    after = _document(t, here)
    rest, text = dict(after.json), after.body.decode("utf-8", "replace")
    t.check(
        "HUB-AGY-007",
        "child" not in rest and child["name"] not in text,
        "no name once it is closed",
        rest.get("child", text),
        seen=after,
    )
    t.check(
        "HUB-AGY-007",
        "position" not in rest.get("where", {}),
        "no position once it is closed",
        rest.get("where"),
        seen=after,
    )


def _numbers(value: Any) -> set[Any]:
    return {v for v in value.values() if isinstance(v, int)} if isinstance(value, dict) else set()


def _near(one: Any, other: float, by: float) -> bool:
    return isinstance(one, int | float) and abs(one - other) <= by
