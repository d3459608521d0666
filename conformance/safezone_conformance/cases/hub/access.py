"""18.1, 18.2: tokens, and who may do what. The calls and conditions are those of openapi.json (x-roles, x-access)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from safezone_conformance import openapi
from safezone_conformance.case import case
from safezone_conformance.cases.hub._people import (
    Fact,
    abroad,
    act,
    agency,
    at_about,
    by,
    expect_fact,
    given_down,
    given_fix,
    given_incident,
    operator,
    path,
    patiently,
    poll,
    position,
    staff,
    token,
    unit,
    watching,
)
from safezone_conformance.hub_bench import SETUP_S, UNSET, Answer, HubBench, Streamed
from safezone_conformance.town import WEEKDAYS, Item, Maker, Town
from safezone_conformance.verdicts import NotApplicable
from safezone_conformance.wire import iso

STREAM_COMMENT_S = 15.0  # Annex A, stream_comment_s: as often a stream says at least that it is there
LOCATED = Town(children=1, parts=("pole", "desk"), extra=lambda m: [operator(m), staff(m)])
FAMILIES = Town(
    children=2, parts=("pole", "desk"), extra=lambda m: [operator(m), m.guardian("h1", ["c1"], legal=False)]
)


# Tokens


@case(
    "TC-HUB-ACC-01",
    ko="토큰은 만들 때 한 번만 보이고 목록에는 id만 있다",
    en="A token is shown once, when it is made; lists show its id only",
    verifies=["HUB-ACC-001"],
    needs=["tokens"],
    town=LOCATED,
    steps=[
        ("o1의 토큰을 만든다", "a token of o1 is made"),
        ("그 토큰으로 getMe를 부른다", "getMe is called with it"),
        ("구역의 토큰 목록을 끝까지 읽는다", "the zone's list of tokens is read to its end"),
    ],
    criteria=[
        ("만든 응답에만 token이 있고, 목록의 항목은 그 id를 주되 token이 없다",
         "only the answer that made it holds token; the list gives its id, and no token"),
    ],
)  # fmt: skip
def shown_once(t: HubBench) -> None:
    made = token(t, "operator/o1", "operator", "o1")
    t.check(
        "HUB-ACC-001",
        bool(made.json.get("token")),
        "the token in the answer that made it",
        sorted(made.json),
        seen=made,
    )
    me = t.http("GET", "/v1/me", who="operator/o1")
    if me.status != 501:  # not offered: other cases say so
        t.given(
            me.status == 200 and me.json.get("principal") == t.id("o1"), f"the token is o1's: {me.status}"
        )
    listed: list[Mapping[str, Any]] = []
    after = ""
    for _ in range(50):
        page = t.http("GET", f"/v1/tokens?zone={t.zone}{after}")
        t.given(page.status == 200, f"the list of tokens: {page.status}")
        listed += page.json["items"]
        if not page.json.get("next"):
            break
        after = f"&after={page.json['next']}"
    mine = next((row for row in listed if row.get("id") == made.json["id"]), None)
    t.check("HUB-ACC-001", mine is not None, "the token's id in the list", [row.get("id") for row in listed])
    loose = [row.get("id") for row in listed if "token" in row]
    t.check("HUB-ACC-001", not loose, "no token itself in the list", loose)


@case(
    "TC-HUB-ACC-16",
    ko="getMe는 보호자에게 제 어린이와 그 이름만 말한다",
    en="getMe tells a guardian its own children and their names, and no others",
    verifies=["HUB-ACC-017"],
    needs=["tokens"],
    town=Town(children=3, parts=("desk",), extra=lambda m: [operator(m), m.guardian("h1", ["c1", "c3"])]),
    steps=[("어린이 c1과 c3의 보호자 h1, 그리고 근무자 o1이 getMe를 부른다", "h1, guardian of the children c1 and c3, and the operator o1 call getMe")],
    criteria=[
        ("h1의 children은 c1과 c3이고 names는 그 둘의 이름이다. o1의 응답에는 children도 names도 없다",
         "children of h1 are c1 and c3, and names are the names of these two; the answer to o1 has neither children nor names"),
    ],
)  # fmt: skip
def own_names(t: HubBench) -> None:
    mine = {t.id(c): t.make.child(int(c[1:]))["name"] for c in ("c1", "c3")}
    me = t.http("GET", "/v1/me", who=t.login("guardian/h1"))
    t.require("HUB-ACC-017", me.status == 200, "an answer", me.status, seen=me)
    t.check(
        "HUB-ACC-017",
        set(me.json.get("children", [])) == set(mine),
        "c1 and c3",
        me.json.get("children"),
        seen=me,
    )
    t.check("HUB-ACC-017", me.json.get("names") == mine, f"names {mine}", me.json.get("names"), seen=me)
    desk = t.http("GET", "/v1/me", who=t.login("operator/o1"))
    t.given(desk.status == 200, f"getMe of o1: {desk.status}")
    told = sorted({"children", "names"} & set(desk.json))
    t.check("HUB-ACC-017", not told, "no child told to an operator", told, seen=desk)


@case(
    "TC-HUB-ACC-02",
    ko="취소되거나 만료된 토큰은 곧바로 401이고 그 토큰으로 연 스트림은 끝난다",
    en="A token that was revoked or has expired gets 401 at once, and the stream it had opened ends",
    verifies=["HUB-ACC-002"],
    needs=["tokens", "streams"],
    town=LOCATED,
    slow_s=19.0,
    steps=[
        ("o1의 토큰을 하나는 그대로, 하나는 몇 초 뒤 만료로 만들고 각각 구역 스트림을 연다",
         "two tokens of o1 are made, one to expire in a few seconds, and each opens the zone's stream"),
        ("첫째를 취소하고 곧바로 getMe를 부른다", "the first is revoked, and getMe called at once"),
        ("둘째가 만료된 뒤 getMe를 부른다", "getMe is called after the second has expired"),
        ("pole이 t1의 tag.called를 보낸다", "pole sends tag.called of t1"),
    ],
    criteria=[
        ("두 getMe는 401이다. 두 스트림은 그 뒤의 일을 알리지 않고, 주석을 보낼 시간 안에 끝난다",
         "both getMe get 401. Neither stream tells what happens after, and both end within the time of a stream's comment"),
    ],
)  # fmt: skip
def over_and_done(t: HubBench) -> None:
    first = token(t, "revoked", "operator", "o1")
    ends = t.now() + 4.0
    token(t, "expired", "operator", "o1", expires_at=iso(ends))
    for who in ("revoked", "expired"):
        t.given(
            t.stream(who, f"/v1/zones/{t.zone}/stream", who=who) == 200,
            f"the stream of the {who} token opens",
        )
    gone = t.http("DELETE", f"/v1/tokens/{first.json['id']}")
    t.given(gone.status == 204, f"the token is revoked: {gone.status}")
    answer = patiently(t, lambda: t.http("GET", "/v1/me", who="revoked"))
    t.check("HUB-ACC-002", answer.status == 401, "401 for the revoked token", answer.status, seen=answer)
    t.await_all(max(t.line.stamp(), ends - t.unix(0.0)) + 0.7)
    answer = patiently(t, lambda: t.http("GET", "/v1/me", who="expired"))
    t.check("HUB-ACC-002", answer.status == 401, "401 for the expired token", answer.status, seen=answer)
    call = t.tag_called("pole", "t1", 1)
    given_incident(t, "tag_call", call, "c1")

    def ended(who: str) -> bool:
        return any(isinstance(s, Streamed) and s.name == who and s.event == "closed" for s in t.arrived)

    until = answer.t + t.allowed(STREAM_COMMENT_S + 2)
    while not (ended("revoked") and ended("expired")) and t.take(until) is not None:
        pass
    for who in ("revoked", "expired"):
        told = [
            s
            for s in t.arrived
            if isinstance(s, Streamed) and s.name == who and s.event in ("alert", "incident")
        ]
        t.check("HUB-ACC-002", ended(who), f"the stream of the {who} token ends", "it goes on")
        t.check(
            "HUB-ACC-002", not told, f"nothing on the stream of the {who} token", told[0].data if told else ""
        )


@case(
    "TC-HUB-ACC-03",
    ko="scopes가 있는 토큰은 그 호출과 getMe만 할 수 있다",
    en="A token with scopes is good for those calls and getMe only",
    verifies=["HUB-ACC-003"],
    needs=["tokens"],
    town=LOCATED,
    steps=[
        ("getPosition과, 허브가 밝힌 것 가운데 getStats와 getUnits로 한정한 o1의 토큰을 만든다",
         "a token of o1 limited to getPosition, and to getStats and getUnits as far as the hub claims them, is made"),
        ("getMe, getStats, getUnits, getIncidents, getDevices, handOverShift를 부른다",
         "getMe, getStats, getUnits, getIncidents, getDevices and handOverShift are called"),
    ],
)  # fmt: skip
def scoped(t: HubBench) -> None:
    zone = f"/v1/zones/{t.zone}"
    inside = [
        (n, w)
        for n, w in (("getStats", f"{zone}/stats"), ("getUnits", f"{zone}/units"))
        if t.offers("GET", w)
    ]
    token(t, "scoped", "operator", "o1", scopes=["getPosition", *(name for name, _ in inside)])
    for name, where in (("getMe", "/v1/me"), *inside):
        answer = t.http("GET", where, who="scoped")
        t.check("HUB-ACC-003", answer.status == 200, f"200 for {name}", answer.status, seen=answer)
    for name, where in (("getIncidents", f"{zone}/incidents"), ("getDevices", f"{zone}/devices")):
        if t.offers("GET", where):
            answer = t.http("GET", where, who="scoped")
            t.check("HUB-ACC-003", answer.status == 403, f"403 for {name}", answer.status, seen=answer)
    if t.offers("POST", f"{zone}/shift"):
        answer = t.http("POST", f"{zone}/shift", who="scoped", json={"to": t.id("o1")})
        t.check("HUB-ACC-003", answer.status == 403, "403 for handOverShift", answer.status, seen=answer)


@case(
    "TC-HUB-ACC-04",
    ko="한 구역의 토큰에게 다른 구역의 것은 없는 것과 같다",
    en="For a token of one zone, what is another zone's is not there",
    verifies=["HUB-ACC-004"],
    needs=["tokens"],
    town=Town(children=1, parts=("pole", "desk"), extra=lambda m: [operator(m), *abroad(m)]),
    before=[("같은 허브에 둘째 구역 z2와 그 어린이 x1이 등록되어 있다", "a second zone z2 of the same hub has the child x1")],
    steps=[
        ("시험 구역만의 admin 토큰과 o1의 토큰을 만든다", "a token of role admin for the zone alone, and one of o1, are made"),
        ("그 토큰들로 제 구역과 z2의 구역·항목·어린이를 묻는다", "with them the own zone and its things, and z2's, are asked for"),
    ],
    criteria=[("제 구역의 것은 200, z2의 것은 404다", "200 for the own zone's, 404 for z2's")],
)  # fmt: skip
def one_zone(t: HubBench) -> None:
    token(t, "mayor", "admin", "mayor")
    token(t, "operator/o1", "operator", "o1")
    own = [
        ("mayor", f"/v1/zones/{t.zone}/stats"), ("mayor", f"/v1/registry/child/{t.id('c1')}"),
        ("mayor", f"/v1/children/{t.id('c1')}/access-log"), ("operator/o1", f"/v1/zones/{t.zone}/stats"),
        ("operator/o1", f"/v1/zones/{t.zone}/devices"),
    ]  # fmt: skip
    other = [
        ("mayor", f"/v1/zones/{t.id('z2')}/stats"), ("mayor", f"/v1/registry/child/{t.id('x1')}"),
        ("mayor", f"/v1/children/{t.id('x1')}/access-log"), ("mayor", f"/v1/children/{t.id('x1')}/data"),
        ("mayor", f"/v1/guardians/{t.id('gx1')}/notices"), ("mayor", f"/v1/zones/{t.id('z2')}/audit"),
        ("operator/o1", f"/v1/zones/{t.id('z2')}/stats"), ("operator/o1", f"/v1/zones/{t.id('z2')}/devices"),
        ("operator/o1", f"/v1/zones/{t.id('z2')}/incidents"), ("operator/o1", f"/v1/zones/{t.id('z2')}/statistics"),
    ]  # fmt: skip
    for who, where in own:
        if not t.offers("GET", where):
            continue
        answer = t.http("GET", where, who=who)
        t.check(
            "HUB-ACC-004",
            answer.status == 200,
            f"200 for {who} at {_words(t, where)}",
            answer.status,
            seen=answer,
        )
    for who, where in other:
        if not t.offers("GET", where):
            continue
        answer = t.http("GET", where, who=who)
        t.check(
            "HUB-ACC-004",
            answer.status == 404,
            f"404 for {who} at {_words(t, where)}",
            answer.status,
            seen=answer,
        )


def _words(t: HubBench, where: str) -> str:
    """A path without this run's own ids."""
    return where.replace(f"{t.zone}-", "").replace(t.zone, "own")


# Who may do what


@dataclass(frozen=True)
class Stage:
    """Things that exist, by the names of openapi.json's x-scope, so that a refusal is about the caller alone.

    One that needs what the hub does not claim is "", and no call is made about it.
    """

    zone: str
    child: str
    guardian: str
    unit: str
    incident: str
    notice: str
    complaint: str
    token: str
    operator: str


PRINCIPALS = {
    "operator": "o1",
    "school": "s1",
    "guardian": "g1",
    "agency": "a1",
    "auditor": "aud",
    "peer": "hub2",
}
DESTRUCTIVE = ("revokeToken", "deleteItem", "eraseChild")
NO_ENROLMENT = "enr-0000"  # enrolments have cases of their own: beginning one uses up tries


def _populous(m: Maker) -> list[Item]:
    peer = m.other("peer", "hub2", name="이웃 허브", key=m.identity.key("hub2"))
    return [
        operator(m), staff(m), agency(m, "a1", "fire"), agency(m, "a2", "city"), unit(m), watching(m), peer,
        m.guardian("h1", ["c1"], legal=False), *abroad(m),
    ]  # fmt: skip


POPULOUS = Town(children=2, parts=("pole", "camera", "desk"), extra=_populous)


def _notice_of(t: HubBench, guardian: str) -> str:
    answer = poll(
        t,
        lambda: t.http("GET", f"/v1/guardians/{t.id(guardian)}/notices"),
        lambda a: bool(a.status == 200 and a.json["items"]),
        SETUP_S,
    )
    t.given(answer.status == 200 and bool(answer.json["items"]), f"{guardian} has a notice")
    return str(answer.json["items"][0]["id"])


def _own(t: HubBench) -> Stage:
    """The things of g1, c1 and their zone; the incident is handed to a1."""
    call = t.tag_called("pole", "t1", 1)
    incident = given_incident(t, "tag_call", call, "c1")
    if "dispatch" in t.settings.has:
        act(t, incident, "call_119")
    notice = given_down(t, "guardian/g1", "notice", call, t.about("tag_call", "c1")).id
    t.login("guardian/g1")
    complaint = _complaint(t, notice, "guardian/g1")
    spare = token(t, "spare", "auditor", "spare").json["id"]
    return Stage(
        t.zone, t.id("c1"), t.id("g1"), t.id("u1"), incident, notice, complaint, str(spare), t.id("o1")
    )  # fmt: skip


def _complaint(t: HubBench, notice: str, who: str) -> str:
    if not notice or "deliveries" not in t.settings.has:
        return ""
    answer = t.http("POST", f"/v1/notices/{notice}/wrong", who=who, json={"text": "누른 적이 없다"})
    t.given(answer.status == 201, f"a complaint: {answer.status} {answer.body[:200]!r}")
    return str(answer.json["id"])


def _next_door(t: HubBench, own: Stage) -> Stage:
    """The things of the other family of the zone."""
    call = t.tag_called("pole", "t2", 1)
    incident = given_incident(t, "tag_call", call, "c2")
    notice = given_down(t, "guardian/g2", "notice", call, t.about("tag_call", "c2")).id
    return Stage(
        t.zone, t.id("c2"), t.id("g2"), own.unit, incident, notice, own.complaint, own.token, own.operator
    )  # fmt: skip


def _far(t: HubBench, own: Stage) -> Stage:
    """The things of the zone z2."""
    zone = t.id("z2")
    incident = notice = ""
    if "missing" in t.settings.has:
        body = {"child": t.id("x1"), "text": "연락이 되지 않는다"}
        report = t.http("POST", f"/v1/zones/{zone}/incidents", json=body)
        t.given(report.status == 201, f"an incident of z2: {report.status} {report.body[:200]!r}")
        incident = str(report.json["id"])
        if "deliveries" in t.settings.has:
            notice = _notice_of(t, "gx1")
    token(t, "far", "guardian", "gx1", zone=zone)
    complaint = _complaint(t, notice, "far")
    return Stage(
        zone, t.id("x1"), t.id("gx1"), t.id("ux"), incident, notice, complaint, own.token, t.id("ox")
    )  # fmt: skip


def _bodies(t: HubBench, s: Stage) -> dict[str, Any]:
    """A body for each call that takes one. Every one is in order."""
    item = t.make.other("staff", "s1", name="교직원", nature="simulated")
    given = {"collect": True, "notify_guardians": True, "provide_112": True}
    return {
        "createToken": {"role": "auditor", "principal": "aud2", "zone": s.zone},
        "putItem": item, "importItems": {"items": [item]},
        "reportMissing": {"child": s.child, "text": "연락이 되지 않는다"},
        "actOnIncident": {"action": "note", "note": "확인 중"},
        "reportAgencyStatus": {"status": "accepted"},
        "putUnitStatus": {"available": True},
        "handOverShift": {"to": s.operator},
        "reportWrongNotice": {"text": "그때 집에 있었다"},
        "answerComplaint": {"text": "살펴보았다", "upheld": False},
        "putSmsReceipt": {"id": "none", "state": "delivered"},
        "putConsent": {"items": given, "status": "given"},
        "createEnrolmentCode": {"child": s.child},
        "confirmWritten": {"received": True}, "issuePin": {"legal": True},
    }  # fmt: skip


def _call(
    t: HubBench, who: str, method: str, template: str, found: Mapping[str, Any], s: Stage
) -> Answer | int | None:
    """One call of openapi.json about the things of a stage. A stream's answer is its status alone. None: the stage lacks it."""
    name = str(found["operationId"])
    scope = found.get("x-scope") or {}
    ids = {
        "zone": s.zone, "child": s.child, "guardian": s.guardian, "unit": s.unit, "incident": s.incident, "notice": s.notice,
        "complaint": s.complaint, "token": s.token, "enrolment": NO_ENROLMENT, "item": t.id("s1"),
    }  # fmt: skip
    where = template.replace("{kind}", "staff").replace("{camera}", t.id("cam")).replace("{view}", "snapshot")
    if scope and not ids[str(scope["of"])]:
        return None
    if scope:
        where = where.replace("{" + str(scope["parameter"]) + "}", ids[str(scope["of"])])
    if name.startswith("stream"):
        stream = f"{name}-{who}-{s.guardian}"
        status = t.stream(stream, where, who=who)
        t.close_stream(stream)
        return status
    if name == "importCsv":
        text = f"id,name,nature\n{t.id('s1')},교직원,simulated\n".encode()
        return t.http(
            method, f"{where}?kind=staff&zone={s.zone}&dry_run=true", who=who, body=text, headers={"content-type": "text/csv"}
        )  # fmt: skip
    return t.http(method, where, who=who, json=_bodies(t, s).get(name, UNSET))


def _status(answer: Answer | int | None) -> int | None:
    return answer.status if isinstance(answer, Answer) else answer


def _asked(
    t: HubBench, who: str, method: str, template: str, found: Mapping[str, Any], s: Stage, as_: str = ""
) -> int | None:
    """The status of a call about a stage, by ``as_`` instead of ``who`` where given; None if the stage lacks the thing."""
    return _status(_call(t, as_ or who, method, template, found, s))


def _operations(t: HubBench) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Calls that need a token and that the hub claims; those that cannot be undone come last."""
    guarded = [o for o in openapi.operations() if o[2].get("x-roles") and t.offers(o[0], o[1])]
    yield from sorted(guarded, key=lambda o: o[2]["operationId"] in DESTRUCTIVE)


@case(
    "TC-HUB-ACC-05",
    ko="역할마다 x-roles에 없는 모든 호출은 403이다",
    en="For each role every call without it in x-roles gets 403",
    verifies=["HUB-ACC-005"],
    needs=["tokens"],
    town=POPULOUS,
    rows={role: {"role": role} for role in PRINCIPALS},
    slow_s=3.0,
    before=[
        ("구역에 근무자 o1, 교직원 s1, 보호자 g1, 기관 a1, 이웃 허브 hub2, 차량 u1과 그 구역의 사건·알림·이의가 있다",
         "the zone has the operator o1, staff s1, guardian g1, agency a1, peer hub2, unit u1, an incident, a notice and a complaint"),
    ],
    steps=[
        ("그 역할의 토큰으로 getMe를 부른다", "getMe is called with a token of the role"),
        ("openapi.json의 x-roles에 그 역할이 없는 모든 호출을, 있는 대상과 올바른 본문으로 부른다",
         "every call of openapi.json without the role in x-roles is called, about things that exist, with a body in order"),
    ],
)  # fmt: skip
def not_for_this_role(t: HubBench, role: str) -> None:
    stage = _own(t)
    who = f"{role}/{PRINCIPALS[role]}"
    t.login(who)
    me = t.http("GET", "/v1/me", who=who)
    if me.status != 501:  # not offered: other cases say so
        t.given(me.status == 200 and me.json.get("role") == role, f"a token of the role {role}: {me.status}")
    for method, template, found in _operations(t):
        if role in found["x-roles"]:
            continue
        status = _status(_call(t, who, method, template, found, stage))
        if status is None:
            continue
        t.check("HUB-ACC-005", status == 403, f"403 for {role} at {found['operationId']}", status)


CONDITIONAL = ("operator", "school", "guardian", "agency", "auditor")


@case(
    "TC-HUB-ACC-06",
    ko="역할이 x-roles에 있어도 x-access의 조건이 맞는 것만 얻는다",
    en="A role in x-roles gets only that for which its condition in x-access holds",
    verifies=["HUB-ACC-006"],
    needs=["tokens"],
    town=POPULOUS,
    rows={role: {"role": role, "needs": ("dispatch",) if role == "agency" else ()} for role in CONDITIONAL},
    slow_s=4.0,
    before=[
        ("구역에 두 가족(c1·g1, c2·g2), 법정대리인이 아닌 보호자 h1, 사건을 넘겨받은 기관 a1과 아닌 a2가 있고, 오늘은 수업일이 아니다",
         "the zone has two families (c1 with g1, c2 with g2), h1 who is no legal representative, the agency a1 that has the incident and a2 that has not; today is no school day"),
        ("같은 허브의 구역 z2에 어린이 x1, 보호자 gx1, 사건, 알림, 이의, 차량이 있다",
         "the zone z2 of the same hub has the child x1, its guardian gx1, an incident, a notice, a complaint and a unit"),
    ],
    steps=[
        ("역할에 열린 모든 호출을 제 것에 대하여 부른다", "every call of the role is called about its own"),
        ("같은 호출을 남의 것에 대하여 부른다: zone·pupil·call은 z2의 것, self·child·legal은 이웃 가족의 것, handed는 넘겨받지 않은 기관으로",
         "the same calls about another's: z2's for zone, pupil and call, the other family's for self, child and legal, by an agency that was not given it for handed"),
        ("legal은 h1로, pupil은 수업 시간 밖에, call은 사건도 사유도 없이 부른다",
         "legal by h1, pupil outside school hours, call without incident and reason"),
    ],
    criteria=[
        ("제 것은 401·403·404가 아니다. 남의 것은 404다. 사정이 허락하지 않으면 403이다",
         "the own gets none of 401, 403 and 404; another's gets 404; 403 where the circumstances do not allow it"),
    ],
)  # fmt: skip
def only_its_own(t: HubBench, role: str) -> None:
    own = _own(t)
    door, far = _next_door(t, own), _far(t, own)
    who = f"{role}/{PRINCIPALS[role]}"
    t.login(who)
    if role == "agency":
        t.login("agency/a2")
    if role == "guardian":
        t.login("guardian/h1")
    if "location" in t.settings.has:
        given_fix(t)

    def hold(status: int | None, wanted: int, name: str, words: str) -> None:
        if status is not None:
            t.check("HUB-ACC-006", status == wanted, f"{wanted} for {role} at {name} {words}", status)

    for method, template, found in _operations(t):
        condition = found["x-access"].get(role, "any")
        name = str(found["operationId"])
        if condition == "any" or name in ("confirmWritten", "issuePin"):
            continue

        asked = partial(_asked, t, who, method, template, found)

        # Another's first: what is the own may be gone afterwards.
        match condition:
            case "zone":
                hold(asked(far), 404, name, "of another zone")
            case "self":
                hold(asked(door), 404, name, "of another guardian")
            case "child":
                hold(asked(door), 404, name, "of another's child")
            case "legal":
                hold(asked(door), 404, name, "of another's child")
                hold(asked(own, "guardian/h1"), 403, name, "who is not the legal representative")
            case "pupil":
                hold(asked(far), 404, name, "of another zone's child")
                hold(asked(own), 403, name, "outside school hours")
                continue  # in school hours: a case of its own
            case "call":
                hold(asked(far), 404, name, "of another zone's child")
            case "handed" if name == "getIncidents":
                listed = t.http("GET", template.replace("{zone}", t.zone), who="agency/a2")
                ids = [i.get("id") for i in listed.json["items"]] if listed.status == 200 else []
                t.check(
                    "HUB-ACC-006",
                    own.incident not in ids,
                    "no incident in the list of an agency that has none",
                    ids,
                    seen=listed,
                )
            case "handed":
                hold(asked(own, "agency/a2"), 404, name, "that was not handed over")
        status = asked(own)
        if status is not None:
            t.check("HUB-ACC-006", status not in (401, 403, 404), f"{role} may {name} of its own", status)
    if not t.findings:
        raise NotApplicable(f"no call for which {role} has a condition is claimed in the ICS")
    if role == "operator" and {"incidents", "location"} <= t.settings.has:
        act(t, door.incident, "resolve")
        hold(_status(position(t, "c2", who)), 403, "getPosition", "without open incident and reason")


@case(
    "TC-HUB-ACC-07",
    ko="없는 것과 남의 것의 404는 구별되지 않는다",
    en="The 404 for what does not exist and for what is another's are alike",
    verifies=["HUB-ACC-007"],
    needs=["tokens"],
    town=POPULOUS,
    before=[("TC-HUB-ACC-06과 같다", "as in TC-HUB-ACC-06")],
    steps=[
        ("g1의 토큰으로 c2와 없는 어린이의 위치·경로·접근 기록을 묻는다",
         "with g1's token position, path and access log of c2, and of a child that does not exist, are asked for"),
        ("g1의 토큰으로 c2의 사건, g2의 알림함, g2의 알림과 없는 것들을 묻는다",
         "with g1's token the incident of c2, g2's notices, the deliveries of one of them, and such that do not exist"),
        ("o1의 토큰으로 z2의 구역·차량·어린이와 없는 것들을 묻는다",
         "with o1's token the zone, unit and child of z2, and such that do not exist"),
        ("c1의 사건 이름으로 a2의 토큰이, 없는 사건 이름으로 a2의 토큰이 묻는다", "a2, which was handed nothing, asks for c1's incident and for one that does not exist"),
    ],
    criteria=[
        ("상태, 머리글, 구성원과 title·type·detail이 물은 id 말고는 같다",
         "status, headers, members, title, type and detail are the same, save for the id that was asked for"),
    ],
)  # fmt: skip
def alike(t: HubBench) -> None:
    own = _own(t)
    door, far = _next_door(t, own), _far(t, own)
    for who in ("guardian/g1", "operator/o1", "agency/a2"):
        t.login(who)
    if "location" in t.settings.has:
        given_fix(t, "p2", "c2")
    nothing = _unlike(own.incident)
    pairs = [
        ("guardian/g1", "GET", f"/v1/children/{{}}/{what}", t.id("c2"), t.id("c9")) for what in ("position", "path", "access-log", "data")
    ]  # fmt: skip
    pairs += [
        ("guardian/g1", "GET", "/v1/incidents/{}", door.incident, nothing),
        ("guardian/g1", "GET", "/v1/guardians/{}/notices", t.id("g2"), t.id("g9")),
        ("guardian/g1", "GET", "/v1/notices/{}/deliveries", door.notice, t.identity.uuid7(t.now())),
        ("operator/o1", "GET", "/v1/zones/{}/stats", t.id("z2"), t.id("z9")),
        ("operator/o1", "GET", "/v1/zones/{}/incidents", t.id("z2"), t.id("z9")),
        ("operator/o1", "GET", "/v1/children/{}/position", t.id("x1"), t.id("x9")),
        ("operator/o1", "GET", "/v1/incidents/{}", far.incident, _unlike(far.incident or nothing)),
        ("agency/a2", "GET", "/v1/incidents/{}", own.incident, nothing),
        ("agency/a2", "GET", "/v1/incidents/{}/handover", own.incident, nothing),
    ]
    for who, method, template, there, missing in pairs:
        if not there or not t.offers(method, template):
            continue
        answers = [t.http(method, template.format(id_), who=who) for id_ in (there, missing)]
        found = [_seen(a, id_) for a, id_ in zip(answers, (there, missing), strict=True)]
        name = f"{method} {template}"
        t.check(
            "HUB-ACC-007",
            answers[0].status == 404,
            f"404 for {who} at {name}, another's",
            answers[0].status,
            seen=answers[0],
        )
        t.check("HUB-ACC-007", found[0] == found[1], f"the same answer to {who} at {name}", f"{found[0]} for another's, {found[1]} for none",
                seen=answers[0])  # fmt: skip


def _unlike(id_: str) -> str:
    """An id of the same form that nothing has."""
    last = "0" if id_[-1] != "0" else "1"
    return id_[:-1] + last


def _seen(answer: Answer, id_: str) -> tuple[Any, ...]:
    """What of an answer can be told from another, without the id that was asked for and what changes by itself."""
    body = answer.json if isinstance(answer.json, Mapping) else {}
    words = tuple(str(body.get(k, "")).replace(id_, "…") for k in ("title", "type", "detail"))
    headers = tuple(sorted(k for k in answer.headers if k != "date"))
    return answer.status, tuple(sorted(body)), words, headers


# Custody, school hours, reasons


def _barred(m: Maker) -> list[Item]:
    child = m.child(1, barred=[m.identity.id("b1")])
    return [child, m.guardian("b1", ["c1"]), operator(m)]


@case(
    "TC-HUB-ACC-08",
    ko="barred에 있는 보호자는 children에 있어도 아무것도 얻지 못한다",
    en="A guardian in barred gets nothing of the child, even if its children name it",
    verifies=["HUB-ACC-008"],
    needs=["tokens"],
    town=Town(children=1, parts=("pole", "desk"), extra=_barred),
    before=[("c1의 barred에 b1이 있고 b1의 children에 c1이 있다", "barred of c1 names b1, and children of b1 names c1")],
    steps=[
        ("b1과 g1이 보호자 스트림을 연다", "b1 and g1 open their streams"),
        ("pole이 t1의 tag.called를 보낸다", "pole sends tag.called of t1"),
        ("b1의 토큰으로 위치, 경로, 접근 기록, 자료, 사건, 알림함, getMe를 부르고 실종을 신고한다",
         "with b1's token position, path, access log, data, incident, notices and getMe are called, and c1 is reported missing"),
    ],
    criteria=[
        ("g1에게는 알림이 오고 모두 답한다. b1에게는 알림이 없고, 404이며, 알림함과 getMe에 c1이 없다",
         "g1 is told and answered. b1 is told nothing and gets 404, and neither its notices nor getMe name c1"),
    ],
)  # fmt: skip
def barred(t: HubBench) -> None:
    for g in ("b1", "g1"):
        t.login(f"guardian/{g}")
        if "streams" in t.settings.has:
            t.given(
                t.stream(g, f"/v1/guardians/{t.id(g)}/stream", who=f"guardian/{g}") == 200,
                f"the stream of {g} opens",
            )
    if "location" in t.settings.has:
        given_fix(t)
    call = t.tag_called("pole", "t1", 1)
    incident = given_incident(t, "tag_call", call, "c1")
    given_down(t, "guardian/g1", "notice", call, t.about("tag_call", "c1"))
    child = f"/v1/children/{t.id('c1')}"
    for what in (
        f"{child}/position",
        f"{child}/path",
        f"{child}/access-log",
        f"{child}/data",
        f"/v1/incidents/{incident}",
    ):
        if not t.offers("GET", what):
            continue
        allowed = t.http("GET", what, who="guardian/g1")
        t.given(allowed.status == 200, f"g1 gets {_words(t, what)}: {allowed.status}")
        answer = t.http("GET", what, who="guardian/b1")
        t.check(
            "HUB-ACC-008",
            answer.status == 404,
            f"404 for b1 at {_words(t, what)}",
            answer.status,
            seen=answer,
        )
    if "missing" in t.settings.has:
        body = {"child": t.id("c1"), "text": "찾는다"}
        report = t.http("POST", f"/v1/zones/{t.zone}/incidents", who="guardian/b1", json=body)
        t.check(
            "HUB-ACC-008",
            report.status == 404,
            "404 for b1 who reports c1 missing",
            report.status,
            seen=report,
        )
    if "deliveries" in t.settings.has:
        kept = t.http("GET", f"/v1/guardians/{t.id('b1')}/notices", who="guardian/b1")
        t.check(
            "HUB-ACC-008",
            t.id("c1").encode() not in kept.body,
            "no notice of c1 among b1's",
            kept.body[:200],
            seen=kept,
        )
    me = t.http("GET", "/v1/me", who="guardian/b1")
    t.check("HUB-ACC-008", t.id("c1").encode() not in me.body, "no c1 in getMe of b1", me.body[:200], seen=me)
    t.expect_none(
        "HUB-ACC-008",
        to="guardian/b1",
        type_="notice",
        after=call,
        limit=t.limit("tag_call"),
        expected="no notice to b1",
    )
    told = [s for s in t.arrived if isinstance(s, Streamed) and s.name == "b1" and s.event == "notice"]
    t.check("HUB-ACC-008", not told, "no notice on b1's stream", told[0].data if told else "")


def noon_somewhere(unix_s: float) -> str:
    """A time zone in which it is neither early nor late, so that school hours can lie about now."""
    hour = datetime.fromtimestamp(unix_s, ZoneInfo("Asia/Seoul")).hour
    return "Asia/Seoul" if 6 <= hour < 18 else "America/Sao_Paulo"


def _hours(m: Maker, opens_s: float, closes_s: float, day: bool = True, holiday: bool = False) -> Item:
    """The zone with a first bell and a closing so many seconds from now."""
    name = noon_somewhere(m.now)
    now = datetime.fromtimestamp(m.now, ZoneInfo(name))
    today = WEEKDAYS[now.weekday()]
    days = [d for d in WEEKDAYS if (d == today) == day] if day else [d for d in WEEKDAYS if d != today]

    def clock(seconds: float) -> str:
        return (now + timedelta(seconds=seconds)).strftime("%H:%M")

    calendar = {
        "weekdays": days, "arrive_by": clock(opens_s), "not_arrived_after": clock(closes_s - 60), "closes_at": clock(closes_s),
    }  # fmt: skip
    if holiday:
        calendar["holidays"] = [now.date().isoformat()]
    return m.zone(timezone=name, calendar=calendar)


MINUTE = 60.0


@case(
    "TC-HUB-ACC-09",
    ko="학교는 수업 시간 앞뒤 한 시간 안에서만 위치를 얻는다",
    en="The school gets positions only within an hour of school hours",
    verifies=["HUB-ACC-009"],
    needs=["tokens", "location"],
    town=Town(children=1, parts=("pole", "desk"), extra=lambda m: [staff(m), _hours(m, -30 * MINUTE, 60 * MINUTE)]),
    before=[("구역의 시간대와 학사일정은 시험 시각에 맞추어 정한다", "time zone and calendar of the zone are chosen about the time of the test")],
    steps=[
        ("수업 중일 때 s1이 c1의 위치를 묻는다", "in class s1 asks for c1's position"),
        ("첫 종 50분 전, 70분 전, 마친 지 50분 뒤, 70분 뒤가 되도록 학사일정을 바꾸고 묻는다",
         "the calendar is changed so that it is 50 and 70 minutes before the first bell, 50 and 70 minutes after closing, and s1 asks"),
        ("오늘을 수업이 없는 요일로, 또 휴일로 바꾸고 묻는다", "today is made a day without school, and a holiday, and s1 asks"),
    ],
    criteria=[
        ("수업 중과 50분일 때는 200, 70분일 때와 수업일이 아닐 때는 403 outside_school_hours",
         "200 in class and at 50 minutes; 403 outside_school_hours at 70 minutes and on days without school"),
    ],
)  # fmt: skip
def school_hours(t: HubBench) -> None:
    t.login("school/s1")
    given_fix(t)
    times: list[tuple[str, Callable[[], Item] | None, bool]] = [
        ("in class", None, True),
        ("50 minutes before the first bell", lambda: _hours(t.make, 50 * MINUTE, 120 * MINUTE), True),
        ("70 minutes before the first bell", lambda: _hours(t.make, 70 * MINUTE, 120 * MINUTE), False),
        ("50 minutes after closing", lambda: _hours(t.make, -120 * MINUTE, -50 * MINUTE), True),
        ("70 minutes after closing", lambda: _hours(t.make, -120 * MINUTE, -70 * MINUTE), False),
        ("on a day without school", lambda: _hours(t.make, -30 * MINUTE, 60 * MINUTE, day=False), False),
        ("on a holiday", lambda: _hours(t.make, -30 * MINUTE, 60 * MINUTE, holiday=True), False),
    ]
    for words, zone, allowed in times:
        if zone is not None:
            t.put(zone())
        answer = position(t, "c1", "school/s1")
        if allowed:
            t.check(
                "HUB-ACC-009",
                answer.status == 200,
                f"200 {words}",
                f"{answer.status} {answer.title}",
                seen=answer,
            )
        else:
            refused = answer.status == 403 and answer.title == "outside_school_hours"
            t.check(
                "HUB-ACC-009",
                refused,
                f"403 outside_school_hours {words}",
                f"{answer.status} {answer.title}",
                seen=answer,
            )


REASON = "search for a missing child, 112-0042"


@case(
    "TC-HUB-ACC-10",
    ko="사건이 없으면 상황실은 사유를 밝혀야 위치를 얻고, 물은 일은 모두 기록된다",
    en="Without an incident the desk must give a reason for a position, and every question is kept",
    verifies=["HUB-ACC-010", "HUB-ACC-011"],
    needs=["tokens", "location", "privacy"],
    town=LOCATED,
    steps=[
        ("o1이 사유 없이 c1의 위치를 묻는다", "o1 asks for c1's position without a reason"),
        ("o1이 X-Access-Reason과 함께 묻는다", "o1 asks with X-Access-Reason"),
        ("접근 기록을 읽는다", "the access log is read"),
        ("pole이 t1의 tag.called를 보내고, o1이 사유 없이 다시 묻는다", "pole sends tag.called of t1, and o1 asks again without a reason"),
    ],
    criteria=[
        ("차례로 403 reason_required, 200, 200", "403 reason_required, 200 and 200, in this order"),
        ("접근 기록에 거부된 물음이 outcome refused로, 사유가 purpose로 남는다",
         "the access log keeps the refused question with outcome refused, and the reason as purpose"),
    ],
)  # fmt: skip
def with_a_reason(t: HubBench) -> None:
    who = t.login("operator/o1")
    given_fix(t)
    refused = position(t, "c1", who)
    told = f"{refused.status} {refused.title}"
    t.check(
        "HUB-ACC-010",
        refused.status == 403 and refused.title == "reason_required",
        "403 reason_required without a reason",
        told,
        seen=refused,
    )
    expect_fact(
        t, "HUB-ACC-011", "c1", "the refused question of o1",
        lambda f: by(t, who)(f) and f.get("outcome") == "refused" and at_about(t, f, refused.t),
    )  # fmt: skip
    t.given(path(t, "c1", who).status == 403, "the desk has no path")
    answer = position(t, "c1", who, REASON)
    t.check("HUB-ACC-010", answer.status == 200, "200 with a reason", answer.status, seen=answer)

    def reasoned(fact: Fact) -> bool:
        return (
            by(t, who)(fact) and REASON in str(fact.get("purpose", "")) and fact.get("outcome") != "refused"
        )

    expect_fact(t, "HUB-ACC-010", "c1", "the reason that was given", reasoned)
    given_incident(t, "tag_call", t.tag_called("pole", "t1", 1), "c1")
    answer = position(t, "c1", who)
    t.check(
        "HUB-ACC-010",
        answer.status == 200,
        "200 without a reason during an incident",
        answer.status,
        seen=answer,
    )


# Wrong tokens. Last of all: a hub may refuse everybody at the tester's address for a while afterwards.

TRIES = 120


@case(
    "TC-HUB-ACC-12",
    ko="틀린 토큰을 거듭 내면 429와 Retry-After를 받는다",
    en="Wrong tokens presented again and again get 429 with Retry-After",
    verifies=["HUB-ACC-012"],
    needs=["tokens"],
    town=Town(children=0, parts=()),
    last=True,
    steps=[
        (f"서로 다른 틀린 토큰으로 GET /v1/me를 429가 올 때까지, 많아야 {TRIES}번 부른다",
         f"GET /v1/me is called with wrong tokens, each another, until 429 comes, {TRIES} times at most"),
    ],
)  # fmt: skip
def wrong_tokens(t: HubBench) -> None:
    answer = None
    for n in range(TRIES):
        answer = t.http("GET", "/v1/me", who=f"=wrong-token-{t.zone}-{n:04d}")
        if answer.status == 429:
            break
        t.given(answer.status == 401, f"401 for a wrong token: {answer.status}")
    assert answer is not None
    t.check("HUB-ACC-012", answer.status == 429, f"429 within {TRIES} tries", answer.status, seen=answer)
    t.check(
        "HUB-ACC-012", "retry-after" in answer.headers, "Retry-After", sorted(answer.headers), seen=answer
    )
