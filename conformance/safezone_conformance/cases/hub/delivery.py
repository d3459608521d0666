"""17: how notices reach guardians besides MQTT, how far each has come, and what is said of a wrong one."""

import json
from collections.abc import Mapping
from typing import Any

from safezone_model import load_schema

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import contact, incident, next_post, operator, posts
from safezone_conformance.cases.hub._signature import wrong_with
from safezone_conformance.hub_bench import SETUP_S, Answer, Down, Hooked, HubBench, Message
from safezone_conformance.town import Item, Maker, Town

SMS_AFTER_S = 10.0
LEAVE_S = 5.0  # that a text message may take to leave once it is due
POST_S = 10.0  # a webhook that answers at once is not kept waiting
AGAIN_S = 120.0  # the standard names no interval; longer is taken for never
POLL_S = 0.3
GONE = frozenset({"queued", "sent", "delivered", "seen", "failed"})  # neither waiting nor unneeded
REASON = {"x-access-reason": "conformance test"}
SMS = [
    ("보호자 g1과 h1, 각각 sms의 연락처가 있다", "Guardians g1 and h1, each with a contact of channel sms")
]
ONE = Town(children=1, parts=("pole", "desk"))


def _sms(t: HubBench, name: str) -> dict[str, str]:
    return {"channel": "sms", "address": t.sms_number(name)}


def _guardian(t: HubBench, name: str, *contacts: dict[str, str], **more: Any) -> None:
    """Register a guardian of c1 with these contacts."""
    t.put(t.make.guardian(name, ["c1"], contacts=list(contacts), **more))


def _notice(t: HubBench, guardian: str, service: str, since: Message | Answer, child: str = "c1") -> Down:
    """A notice over MQTT, as a precondition."""
    start = since.question.t if isinstance(since, Answer) else since.t
    found = t.await_one(lambda s: t.is_down(s, f"guardian/{guardian}", "notice", t.about(service, child)) and s.t >= start,
                        start + max(SETUP_S, t.limit(service)))  # fmt: skip
    t.given(found is not None, f"a notice {service} comes to {guardian}")
    assert isinstance(found, Down)
    return found


def _deliveries(t: HubBench, notice: Down, who: str = "admin") -> tuple[dict[str, list[str]], Answer]:
    """States of one notice by channel, as a precondition."""
    answer = t.http("GET", f"/v1/notices/{notice.id}/deliveries", who=who)
    t.given(answer.status == 200, f"the deliveries are told: {answer.status} {answer.body[:200]!r}")
    states: dict[str, list[str]] = {}
    for item in answer.json["items"]:
        states.setdefault(item["channel"], []).append(item["state"])
    return states, answer


def _gone(states: dict[str, list[str]], channel: str) -> bool:
    return any(state in GONE for state in states.get(channel, []))


def _sms_leaves(t: HubBench, notice: Down, hook: str, until: float) -> float | None:
    """When the text message of a notice left, or was seen to have; None if it has not until then."""
    if t.has_sms_sink:
        post = next_post(t, hook, until)
        return None if post is None else post.t
    while True:
        states, answer = _deliveries(t, notice)
        if _gone(states, "sms") or answer.t >= until:
            return answer.t if _gone(states, "sms") else None
        t.await_all(answer.t + POLL_S)


def _ask_position(t: HubBench) -> Answer:
    """Makes an everyday notice (location_provided)."""
    t.accepted(t.located("p1", 400, 100, t.now() - 5))
    answer = t.http("GET", f"/v1/children/{t.id('c1')}/position", who=t.login("operator/o1"), headers=REASON)
    t.given(answer.status == 200, f"the desk gets the position: {answer.status} {answer.body[:200]!r}")
    return answer


def _missing(t: HubBench) -> Answer:
    answer = t.http("POST", f"/v1/zones/{t.zone}/incidents", json={"child": t.id("c1")})
    t.given(answer.status == 201, f"the report is taken: {answer.status} {answer.body[:200]!r}")
    return answer


def _body(post: Hooked) -> dict[str, Any]:
    try:
        found = json.loads(post.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_the_standard(data: Any) -> Any:
    """A notice's data without members of the hub's own, which it may add on one way and not on another."""
    known = load_schema("messages/notice")["properties"]
    return (
        {name: value for name, value in data.items() if name in known} if isinstance(data, Mapping) else data
    )


@case(
    "TC-HUB-DELIV-01",
    ko="알림은 MQTT, 스트림, 웹훅으로 같은 id를 갖고 나가며 웹훅은 서명된다",
    en="A notice goes out by MQTT, stream and webhook with the same id, the webhook signed",
    verifies=["HUB-DELIV-001", "HUB-DELIV-006"],
    needs=["webhooks", "streams", "tokens"],
    town=ONE,
    before=[("보호자 g1에게 시험기의 웹훅이 있고, g1의 스트림이 열려 있다", "Guardian g1 has a webhook of the tester, and its stream is open")],
    steps=[("t1의 긴급호출이 pole로 온다", "a call of t1 comes by pole")],
    criteria=[("MQTT의 notice, 스트림의 notice 사건, 웹훅의 POST가 모두 오고 id가 같다",
               "the notice by MQTT, the event notice of the stream and the POST to the webhook come, all with the same id"),
              ("POST의 본문은 {id, type, to, data}이고 data는 알림의 것이다", "the body of the POST is {id, type, to, data}, data that of the notice"),
              ("Safezone-Id, Safezone-Timestamp, Safezone-Signature가 있고 서명이 맞다",
               "Safezone-Id, Safezone-Timestamp and Safezone-Signature are there and the signature is right")],
)  # fmt: skip
def same_id_on_every_way(t: HubBench) -> None:
    hook = contact(t, "g1")
    _guardian(t, "g1", hook)
    t.given(
        t.stream("g1", f"/v1/guardians/{t.id('g1')}/stream", who=t.login("guardian/g1")) == 200,
        "the stream is open",
    )
    call = t.tag_called("pole", "t1", 1)
    notice = t.expect_notice(
        "HUB-DELIV-001", "g1", "tag_call", child="c1", since=call, within=3 * t.limit("tag_call")
    )
    t.expect_event("HUB-DELIV-001", "g1", "notice", since=call, within=POST_S,
                   where=lambda d: isinstance(d, dict) and d.get("id") == notice.id)  # fmt: skip
    post = t.expect_hook("HUB-DELIV-001", "g1", since=call, within=t.allowed(POST_S))
    body = _body(post)
    told = {name: body.get(name) for name in ("id", "type", "to", "data")}
    wanted = {
        "id": notice.id,
        "type": "notice",
        "to": f"guardian/{t.id('g1')}",
        "data": _of_the_standard(notice.data),
    }
    told["data"] = _of_the_standard(told["data"])
    t.check("HUB-DELIV-001", told == wanted, f"the notice {notice.id} with its data", told, seen=post)
    wrong = wrong_with(t, post, hook["secret"])
    t.check("HUB-DELIV-006", not wrong, "identity, time and signature", wrong, seen=post)
    t.close_stream("g1")


@case(
    "TC-HUB-DELIV-02",
    ko="알림은 등록된 전자우편으로도 나간다",
    en="A notice goes out by the registered e-mail, too",
    verifies=["HUB-DELIV-001"],
    needs=["email", "deliveries"],
    town=Town(children=1, parts=("pole", "desk"), extra=lambda m: [
        m.guardian("g1", ["c1"], contacts=[{"channel": "email", "address": "nobody@example.org"}]),
    ]),
    before=[("보호자 g1의 email 연락처 nobody@example.org", "Guardian g1 has the contact nobody@example.org of channel email")],
    steps=[("t1의 긴급호출이 pole로 온다", "a call of t1 comes by pole"), ("그 알림의 전달 상태를 읽는다", "the deliveries of that notice are read")],
    criteria=[("email의 전달이 있고 기다리거나 필요 없는 상태가 아니다", "there is a delivery by email, neither waiting nor unneeded")],
)  # fmt: skip
def mail_goes_out(t: HubBench) -> None:
    notice = _notice(t, "g1", "tag_call", t.tag_called("pole", "t1", 1))
    states, answer = _deliveries(t, notice)
    t.check("HUB-DELIV-001", _gone(states, "email"), "a delivery by email under way", states, seen=answer)


@case(
    "TC-HUB-DELIV-03",
    ko="위험과 긴급의 알림은 10초 안에 확인되지 않으면 문자로도 나가고, 확인되면 나가지 않는다",
    en="A notice of class danger or emergency that is not confirmed within 10 s goes out by sms, a confirmed one does not",
    verifies=["HUB-DELIV-002"],
    needs=["sms", "deliveries", "missing"],
    town=ONE,
    rows={"emergency": {"service": "tag_call"}, "danger": {"service": "missing_report"}},
    acks=False,
    before=SMS,
    steps=[("긴급: t1의 긴급호출이 온다. 위험: c1의 실종이 신고된다", "emergency: a call of t1 comes; danger: c1 is reported missing"),
           ("g1은 알림을 확인하고(ack) h1은 하지 않는다", "g1 acknowledges its notice, h1 does not"),
           ("전달 상태를(문자가 시험기로 오면 문자도) 지켜본다", "the deliveries are watched (and the text messages, where they come to the tester)")],
    criteria=[("h1의 문자는 8초까지는 나가지 않고 15초까지는 나간다", "the text to h1 has not left by 8 s, and has by 15 s"),
              ("g1의 문자는 나가지 않는다", "the text to g1 does not leave")],
    slow_s=12,
)  # fmt: skip
def urgent_by_sms(t: HubBench, service: str) -> None:
    for guardian in ("g1", "h1"):
        _guardian(t, guardian, _sms(t, guardian))
    cause = t.tag_called("pole", "t1", 1) if service == "tag_call" else _missing(t)
    confirmed, open_ = (_notice(t, g, service, cause) for g in ("g1", "h1"))
    t.accepted(t.ack(confirmed))
    t.given(t.line.stamp() < confirmed.t + SMS_AFTER_S / 2, "the ack was in time")
    t.await_all(open_.t + SMS_AFTER_S - 2.5)
    states, answer = _deliveries(t, open_)
    t.given(answer.t < open_.t + SMS_AFTER_S - 0.5, "the deliveries were told in time")
    t.check(
        "HUB-DELIV-002",
        not _gone(states, "sms") and not posts(t, "h1"),
        f"no text before {SMS_AFTER_S:.0f} s",
        states,
        seen=answer,
    )
    within = t.allowed(SMS_AFTER_S) + LEAVE_S
    left = _sms_leaves(t, open_, "h1", open_.t + within)
    t.check(
        "HUB-DELIV-002",
        left is not None,
        "a text to who has not confirmed",
        "none left",
        within=within,
        seen=open_,
    )
    t.await_all(t.line.stamp() + t.settings.absence_s)
    states, answer = _deliveries(t, confirmed)
    t.check(
        "HUB-DELIV-002",
        not _gone(states, "sms") and not posts(t, "g1"),
        "no text to who has confirmed",
        states,
        seen=answer,
    )


@case(
    "TC-HUB-DELIV-04",
    ko="일상의 알림은 문자로 나가지 않는다",
    en="A notice of class everyday is not sent by sms",
    verifies=["HUB-DELIV-003"],
    needs=["sms", "deliveries", "location", "tokens"],
    town=Town(children=1, parts=("pole", "desk"), extra=lambda m: [operator(m, "o1")]),
    acks=False,
    before=[("보호자 g1에게 sms의 연락처가 있다", "Guardian g1 has a contact of channel sms")],
    steps=[("상황실이 c1의 위치를 받아 g1이 location_provided를 받는다", "the desk gets the position of c1, and g1 a location_provided"),
           ("이어서 t1의 긴급호출이 온다. g1은 아무것도 확인하지 않는다", "then a call of t1 comes; g1 confirms nothing"),
           ("긴급호출의 문자가 나갈 때까지 기다린다", "until the text of the call has left")],
    criteria=[("긴급호출의 문자만 나간다", "the text of the call leaves, and no other")],
    slow_s=11,
)  # fmt: skip
def everyday_not_by_sms(t: HubBench) -> None:
    _guardian(t, "g1", _sms(t, "g1"))
    everyday = _notice(t, "g1", "location_provided", _ask_position(t))
    call = _notice(t, "g1", "tag_call", t.tag_called("pole", "t1", 1))
    left = _sms_leaves(t, call, "g1", call.t + t.allowed(SMS_AFTER_S) + LEAVE_S)
    t.given(left is not None, "the text of the call leaves")
    t.await_all(t.line.stamp() + t.settings.absence_s)
    states, answer = _deliveries(t, everyday)
    t.check(
        "HUB-DELIV-003",
        not _gone(states, "sms") and len(posts(t, "g1")) <= 1,
        "no text of the everyday notice",
        states,
        seen=answer,
    )


def _quiet(m: Maker) -> list[Item]:
    quiet = {"from": m.local(-3600), "until": m.local(3600)}
    return [operator(m, "o1"), m.guardian("g1", ["c1"], quiet=quiet), m.guardian("h1", ["c1"])]


@case(
    "TC-HUB-DELIV-05",
    ko="조용한 시간에는 일상의 알림만 기다리고 위험과 긴급은 기다리지 않는다",
    en="During quiet hours everyday notices wait, danger and emergency do not",
    verifies=["HUB-DELIV-004"],
    needs=["location", "tokens", "missing"],
    town=Town(children=1, parts=("pole", "desk"), extra=_quiet),
    before=[("g1의 quiet는 한 시간 전부터 한 시간 뒤까지, h1은 없다", "quiet of g1 is from an hour ago to an hour ahead, h1 has none")],
    steps=[("상황실이 c1의 위치를 받는다", "the desk gets the position of c1"), ("t1의 긴급호출이 오고, c1의 실종이 신고된다", "a call of t1 comes, and c1 is reported missing")],
    criteria=[("h1은 location_provided를 받고 g1은 받지 않는다", "h1 gets location_provided, g1 does not"),
              ("g1은 tag_call과 missing_report를 제한 시간 안에 받는다", "g1 gets tag_call and missing_report within their limits")],
)  # fmt: skip
def quiet_holds_everyday(t: HubBench) -> None:
    asked = _ask_position(t)
    told = _notice(t, "h1", "location_provided", asked)
    t.expect_none("HUB-DELIV-004", to="guardian/g1", type_="notice", after=0.0, where=t.about("location_provided", "c1"),
                  limit=t.limit("location_provided"), expected=f"no everyday notice during quiet (h1 got it at {told.t:.0f} s)")  # fmt: skip
    call = t.tag_called("pole", "t1", 1)
    t.expect_notice("HUB-DELIV-004", "g1", "tag_call", child="c1", since=call)
    t.expect_notice("HUB-DELIV-004", "g1", "missing_report", child="c1", since=_missing(t))


def _ends_soon(m: Maker) -> list[Item]:
    return [
        m.guardian("g1", ["c1"], quiet={"from": m.local(-3600), "until": m.local(180)}),
        m.guardian("h1", ["c1"]),
    ]


@case(
    "TC-HUB-DELIV-06",
    ko="조용한 시간이 끝나면 기다리던 일상의 알림이 나간다",
    en="At the end of quiet hours the everyday notice that waited goes out",
    verifies=["HUB-DELIV-004"],
    needs=["everyday"],
    town=Town(children=1, parts=("school",), extra=_ends_soon),
    before=[("g1의 quiet는 2–3분 뒤 끝나고 h1은 없다", "quiet of g1 ends in two to three minutes, h1 has none")],
    steps=[("t1이 집의 문을 나간다", "t1 goes out at the gate of home"), ("1분이 지난다", "a minute passes"), ("quiet가 끝날 때까지 시간이 지난다", "time passes until quiet has ended")],
    criteria=[("1분 뒤 h1은 home_exit를 받았고 g1은 받지 않았다", "after a minute h1 has home_exit, g1 has not"), ("quiet가 끝나면 g1도 받는다", "when quiet has ended g1 gets it, too")],
    slow_s=4,
)  # fmt: skip
def quiet_ends(t: HubBench) -> None:
    flow = t.flow()
    began = t.line.stamp()
    t.accepted(*t.pass_gate("gh1", "t1", False, flow.now - 30, exercise=flow.exercise))
    flow.by(60, step_s=20)
    found = t.await_one(
        lambda s: t.is_down(s, "guardian/h1", "notice", t.about("home_exit", "c1")), t.line.stamp() + SETUP_S
    )
    t.given(found is not None, "h1, who has no quiet, gets home_exit")
    t.expect_none("HUB-DELIV-004", to="guardian/g1", type_="notice", after=began, where=t.about("home_exit", "c1"),
                  limit=t.limit("home_exit"), expected="no everyday notice during quiet")  # fmt: skip
    flow.by(140, step_s=20)
    t.expect_notice(
        "HUB-DELIV-004", "g1", "home_exit", child="c1", since=began, within=t.line.stamp() - began + SETUP_S
    )


@case(
    "TC-HUB-DELIV-07",
    ko="훈련의 알림은 allow에 있는 이에게만 문자와 웹훅으로 나간다",
    en="A notice of a drill goes out by sms and webhook only to recipients in the drill's allow",
    verifies=["HUB-DELIV-005"],
    needs=["sms", "webhooks", "deliveries", "drills"],
    town=Town(children=1, parts=("pole", "desk"), extra=lambda m: [m.drill("drill", allow=["g1"])]),
    acks=False,
    before=[("보호자 g1과 h1(둘 다 simulated)에게 sms와 웹훅의 연락처가 있고, 열린 훈련의 allow에는 g1만 있다",
             "Guardians g1 and h1 (both simulated) have contacts of channels sms and webhook; allow of the open drill names g1 alone")],
    steps=[("훈련에서 t1의 긴급호출이 온다. 아무도 확인하지 않는다", "a call of t1 comes in the drill; nobody confirms")],
    criteria=[("둘 다 MQTT로 알림을 받는다", "both get the notice by MQTT"), ("g1에게는 웹훅과 문자가, h1에게는 어느 것도 나가지 않는다",
              "webhook and text go out to g1, and neither to h1")],
    slow_s=12,
)  # fmt: skip
def drills_stay_inside(t: HubBench) -> None:
    for guardian in ("g1", "h1"):
        _guardian(t, guardian, _sms(t, f"sms-{guardian}"), contact(t, guardian))
    call = t.tag_called("pole", "t1", 1, exercise="drill")
    allowed, other = (_notice(t, g, "tag_call", call) for g in ("g1", "h1"))
    t.expect_hook("HUB-DELIV-005", "g1", since=call, within=t.allowed(POST_S))
    left = _sms_leaves(t, allowed, "sms-g1", allowed.t + t.allowed(SMS_AFTER_S) + LEAVE_S)
    t.check("HUB-DELIV-005", left is not None, "a text to who is in allow", "none left", seen=allowed)
    t.await_all(t.line.stamp() + t.settings.absence_s)
    came = posts(t, "h1") + posts(t, "sms-h1")
    states, answer = _deliveries(t, other)
    gone = [channel for channel in ("sms", "email", "webhook") if _gone(states, channel)]
    t.check(
        "HUB-DELIV-005",
        not came and not gone,
        "nothing to who is not in allow",
        gone or f"{len(came)} came",
        seen=answer,
    )


@case(
    "TC-HUB-DELIV-08",
    ko="웹훅은 2xx가 올 때까지 같은 id와 본문으로 다시 보낸다",
    en="A webhook is tried, with the same id and body, until it answers 2xx",
    verifies=["HUB-DELIV-006", "HUB-DELIV-007"],
    needs=["webhooks", "deliveries"],
    town=ONE,
    before=[("보호자 g1의 웹훅은 503, 500, 그 뒤로 200으로 답한다", "The webhook of guardian g1 answers 503, 500, and 200 from then on")],
    steps=[("t1의 긴급호출이 온다", "a call of t1 comes")],
    criteria=[("POST가 세 번 오고 Safezone-Id와 본문이 같으며 저마다 서명이 맞다", "three POSTs come with the same Safezone-Id and body, each signed rightly"),
              ("200 뒤에는 오지 않는다", "none comes after the 200")],
    slow_s=4,
)  # fmt: skip
def tried_until_taken(t: HubBench) -> None:
    hook = contact(t, "g1", (503, 500, 200))
    _guardian(t, "g1", hook)
    call = t.tag_called("pole", "t1", 1)
    tries = [t.expect_hook("HUB-DELIV-007", "g1", since=call, within=t.allowed(POST_S))]
    notice = _notice(t, "g1", "tag_call", call)
    for answered in ("503", "500"):
        again = _next_try(t, notice, "g1", t.line.stamp() + AGAIN_S)
        t.require(
            "HUB-DELIV-007",
            again is not None,
            f"another try after a {answered}",
            "none",
            within=AGAIN_S,
            seen=tries[-1],
        )
        assert again is not None
        tries.append(again)
    ids, bodies = {p.headers.get("safezone-id") for p in tries}, {p.body for p in tries}
    t.check(
        "HUB-DELIV-007",
        len(ids) == 1 and len(bodies) == 1,
        "one Safezone-Id and one body",
        f"{len(ids)} ids, {len(bodies)} bodies",
        seen=tries[-1],
    )
    for post in tries:
        wrong = wrong_with(t, post, hook["secret"])
        t.check("HUB-DELIV-006", not wrong, "identity, time and signature of every try", wrong, seen=post)
    t.await_all(t.line.stamp() + 2 * (tries[2].t - tries[1].t) + t.settings.absence_s)
    t.check(
        "HUB-DELIV-007",
        len(posts(t, "g1")) == 3,
        "no try after the 200",
        f"{len(posts(t, 'g1'))} POSTs",
        seen=posts(t, "g1")[-1],
    )


def _next_try(t: HubBench, notice: Down, hook: str, until: float) -> Hooked | None:
    """The next POST to a hook; None once it is given up, or late."""
    while (now := t.line.stamp()) < until:
        post = next_post(t, hook, min(now + 3.0, until))
        if post is not None:
            return post
        states, _ = _deliveries(t, notice)
        if {"failed", "unneeded"} & set(states.get("webhook", [])):
            return None
    return None


@case(
    "TC-HUB-DELIV-09",
    ko="받는 쪽이 거절한 것은 실패로 남는다",
    en="What the receiver refuses is kept as failed",
    verifies=["HUB-DELIV-008"],
    needs=["webhooks", "deliveries"],
    town=ONE,
    before=[("보호자 g1의 웹훅은 늘 403으로 답한다", "The webhook of guardian g1 always answers 403")],
    steps=[("t1의 긴급호출이 온다", "a call of t1 comes"), ("전달 상태를 읽는다", "the deliveries are read")],
    criteria=[("웹훅의 상태가 failed가 되고 그 뒤로 POST가 오지 않는다", "the state of the webhook becomes failed, and no POST comes after that")],
)  # fmt: skip
def refused_is_failed(t: HubBench) -> None:
    _guardian(t, "g1", contact(t, "g1", (403,)))
    notice = _notice(t, "g1", "tag_call", t.tag_called("pole", "t1", 1))
    t.given(next_post(t, "g1", notice.t + t.allowed(POST_S)) is not None, "the webhook is tried")
    end = t.line.stamp() + AGAIN_S
    while True:
        states, answer = _deliveries(t, notice)
        if "failed" in states.get("webhook", []) or answer.t >= end:
            break
        t.await_all(answer.t + POLL_S)
    t.check(
        "HUB-DELIV-008", "failed" in states.get("webhook", []), "failed", states, within=AGAIN_S, seen=answer
    )
    t.await_all(t.line.stamp() + t.settings.absence_s)
    late = [p for p in posts(t, "g1") if p.t > answer.t]
    t.check(
        "HUB-DELIV-008",
        not late,
        "no try after it was given up",
        f"{len(late)} tries",
        seen=late[0] if late else None,
    )


@case(
    "TC-HUB-DELIV-10",
    ko="전달 상태의 delivered와 seen은 상대가 말한 것이다",
    en="delivered and seen of a delivery are what the other side said",
    verifies=["HUB-DELIV-009"],
    needs=["webhooks", "deliveries", "tokens"],
    town=ONE,
    acks=False,
    before=[("보호자 g1의 웹훅은 200으로, h1의 웹훅은 늘 503으로 답한다", "The webhook of guardian g1 answers 200, that of h1 always 503")],
    steps=[("t1의 긴급호출이 온다", "a call of t1 comes"), ("g1이 알림을 확인한다(ack). h1은 하지 않는다", "g1 acknowledges its notice, h1 does not"), ("두 알림의 전달 상태를 읽는다", "the deliveries of both notices are read")],
    criteria=[("g1: 확인하기 전 mqtt는 seen이 아니고 확인한 뒤 seen이며, 웹훅은 delivered가 된다",
               "g1: mqtt is not seen before the ack and seen after it; the webhook becomes delivered"),
              ("h1: 어느 경로도 delivered나 seen이 아니다", "h1: no way is delivered or seen")],
)  # fmt: skip
def never_a_guess(t: HubBench) -> None:
    for guardian, status in (("g1", 200), ("h1", 503)):
        _guardian(t, guardian, contact(t, guardian, (status,)))
    call = t.tag_called("pole", "t1", 1)
    taken, refused = (_notice(t, g, "tag_call", call) for g in ("g1", "h1"))
    for guardian in ("g1", "h1"):
        t.given(
            next_post(t, guardian, call.t + t.allowed(POST_S)) is not None,
            f"the webhook of {guardian} is tried",
        )
    states, answer = _deliveries(t, taken)
    t.check(
        "HUB-DELIV-009",
        "mqtt" in states and not {"seen"} & set(states["mqtt"]),
        "mqtt, not seen before the ack",
        states,
        seen=answer,
    )
    t.accepted(t.ack(taken))
    end = t.line.stamp() + SETUP_S
    while True:
        states, answer = _deliveries(t, taken, t.login("guardian/g1"))
        if (states.get("mqtt"), states.get("webhook")) == (["seen"], ["delivered"]) or answer.t >= end:
            break
        t.await_all(answer.t + POLL_S)
    t.check("HUB-DELIV-009", "seen" in states.get("mqtt", []), "mqtt seen after the ack", states, seen=answer)
    t.check(
        "HUB-DELIV-009",
        "delivered" in states.get("webhook", []),
        "webhook delivered after its 200",
        states,
        seen=answer,
    )
    states, answer = _deliveries(t, refused)
    claimed = {
        channel for channel in ("mqtt", "webhook") if {"delivered", "seen"} & set(states.get(channel, []))
    }
    t.check(
        "HUB-DELIV-009",
        "webhook" in states and not claimed,
        "neither delivered nor seen",
        states,
        seen=answer,
    )


@case(
    "TC-HUB-DELIV-11",
    ko="seen은 ack처럼 되풀이와 문자를 멈추고 사건의 이력에 남는다",
    en="seen stops repeats and sms as the ack does, and stands in the history of the incident",
    verifies=["HUB-DELIV-011"],
    needs=["sms", "deliveries", "incidents", "tokens"],
    town=ONE,
    acks=False,
    before=SMS,
    steps=[("t1의 긴급호출이 온다", "a call of t1 comes"), ("g1이 알림을 읽었다고 한다(markNoticeSeen). h1은 하지 않는다", "g1 says that it has read its notice (markNoticeSeen), h1 does not")],
    criteria=[("h1의 알림은 되풀이되고 문자가 나간다. g1의 것은 어느 것도 아니다", "the notice of h1 is repeated and its text leaves, neither of g1's"),
              ("사건의 history에 g1이 한 줄을 남긴다", "history of the incident has a line by g1")],
    slow_s=12,
)  # fmt: skip
def seen_is_enough(t: HubBench) -> None:
    for guardian in ("g1", "h1"):
        _guardian(t, guardian, _sms(t, guardian))
    call = t.tag_called("pole", "t1", 1)
    seen, open_ = (_notice(t, g, "tag_call", call) for g in ("g1", "h1"))
    t.expect_http("HUB-DELIV-011", 204, "POST", f"/v1/notices/{seen.id}/seen", who=t.login("guardian/g1"))
    done = t.line.stamp()
    t.given(done < seen.t + 4, "it was seen before the first repeat")
    left = _sms_leaves(t, open_, "h1", open_.t + t.allowed(SMS_AFTER_S) + LEAVE_S)
    t.given(left is not None, "the text to h1 leaves")
    t.await_all(t.line.stamp() + t.settings.absence_s)
    copies = {
        g: [s for s in t.downs(f"guardian/{g}", "notice", repeats=True) if s.t > done] for g in ("g1", "h1")
    }
    t.given(bool(copies["h1"]), "the notice of h1 is repeated")
    again = copies["g1"][0] if copies["g1"] else None
    t.check(
        "HUB-DELIV-011",
        again is None,
        "no repeat of what was seen",
        f"{len(copies['g1'])} repeats",
        seen=again,
    )
    states, answer = _deliveries(t, seen)
    t.check(
        "HUB-DELIV-011",
        not _gone(states, "sms") and not posts(t, "g1"),
        "no text of what was seen",
        states,
        seen=answer,
    )
    history = incident(t, str(seen.data.get("incident")))["history"]
    lines = [entry for entry in history if entry["by"] == f"guardian/{t.id('g1')}"]
    t.check("HUB-DELIV-011", bool(lines), "a line of the guardian in history", history)


@case(
    "TC-HUB-DELIV-12",
    ko="틀린 알림의 신고는 한 번 열려 학교의 목록에 보이고, 한 번 답한다",
    en="A complaint of a wrong notice is opened once, stands in the school's list, and is answered once",
    verifies=["HUB-DELIV-012", "HUB-DELIV-013"],
    needs=["deliveries", "tokens"],
    town=Town(children=1, parts=("pole", "desk"), extra=lambda m: [m.other("staff", "s1", name="담임 s1", nature="simulated")]),
    before=[("보호자 g1과 교직원 s1", "Guardian g1 and staff s1")],
    steps=[("t1의 긴급호출이 와 g1이 알림을 받는다", "a call of t1 comes and g1 gets a notice"), ("g1이 틀렸다고 두 번 말한다", "g1 says twice that it was wrong"),
           ("s1이 목록을 읽고 두 번 답한다", "s1 reads the list and answers twice")],
    criteria=[("201과 state open, 두 번째는 409. 목록에 그 하나가 있다", "201 with state open, 409 the second time; the list has that one"),
              ("답은 200과 upheld, 두 번째는 409이고 첫 답이 남는다", "the answer is 200 with upheld; 409 the second time, and the first answer stays")],
)  # fmt: skip
def said_and_answered_once(t: HubBench) -> None:
    notice = _notice(t, "g1", "tag_call", t.tag_called("pole", "t1", 1))
    parent, school = t.login("guardian/g1"), t.login("school/s1")
    path = f"/v1/notices/{notice.id}/wrong"
    made = t.expect_http(
        "HUB-DELIV-012", 201, "POST", path, who=parent, json={"text": "그때 집에 있었습니다."}
    )
    complaint = made.json
    told = (complaint.get("notice"), complaint.get("state"), complaint.get("by"))
    t.check(
        "HUB-DELIV-012",
        told == (notice.id, "open", f"guardian/{t.id('g1')}"),
        "an open complaint of this notice",
        told,
        seen=made,
    )
    t.expect_http("HUB-DELIV-012", 409, "POST", path, who=parent, json={"text": "정말입니다."})
    listed = _complaints(t, school)
    t.check(
        "HUB-DELIV-012",
        [c["id"] for c in listed] == [complaint.get("id")],
        "that one in the school's list",
        listed,
    )
    answer = f"/v1/complaints/{complaint.get('id')}/answer"
    first = t.expect_http(
        "HUB-DELIV-013", 200, "POST", answer, who=school, json={"text": "리더기의 오작동", "upheld": True}
    )
    t.check(
        "HUB-DELIV-013", first.json.get("state") == "upheld", "upheld", first.json.get("state"), seen=first
    )
    t.expect_http(
        "HUB-DELIV-013", 409, "POST", answer, who=school, json={"text": "맞는 알림", "upheld": False}
    )
    kept = [(c["state"], c.get("answer")) for c in _complaints(t, school)]
    t.check("HUB-DELIV-013", kept == [("upheld", "리더기의 오작동")], "the first answer", kept)


def _complaints(t: HubBench, who: str) -> list[dict[str, Any]]:
    answer = t.http("GET", f"/v1/zones/{t.zone}/complaints", who=who)
    t.given(answer.status == 200, f"the complaints are listed: {answer.status}")
    return list(answer.json["items"])


CHILDREN, EACH = (
    6,
    3,
)  # enough for the figures to be shown, small numbers and what would give them away being hidden


@case(
    "TC-HUB-DELIV-13",
    ko="통계는 틀렸다고 한 알림과 그 가운데 받아들인 것을 센다",
    en="The statistics count complaints and those that were upheld",
    verifies=["HUB-DELIV-014"],
    needs=["deliveries", "statistics"],
    town=Town(children=CHILDREN, parts=("pole", "desk")),
    before=[(f"어린이 {CHILDREN}명과 그 보호자", f"{CHILDREN} children and their guardians")],
    steps=[(f"어린이마다 긴급호출이 {EACH}번 오고, 알림마다 틀렸다고 한다", f"{EACH} calls of each child come, and each notice is said to be wrong"),
           ("절반은 받아들이고(upheld) 절반은 아니라고 답한다", "half are answered as upheld, half not"), ("이번 달의 통계를 읽는다", "the statistics of this month are read")],
    criteria=[(f"complaints의 all이 {CHILDREN * EACH}, 받아들인 것이 {CHILDREN * EACH // 2}", f"complaints has {CHILDREN * EACH} in all, {CHILDREN * EACH // 2} of them upheld")],
)  # fmt: skip
def complaints_are_counted(t: HubBench) -> None:
    month = t.make.month()
    path = f"/v1/zones/{t.zone}/statistics?from={month}&to={month}"
    empty = t.http("GET", path)
    t.given(
        empty.status == 200, f"the statistics of {month} can be read: {empty.status} {empty.body[:200]!r}"
    )
    half = CHILDREN * EACH // 2
    t.given(
        empty.json["threshold"] <= half,
        f"figures of {half} are shown: the threshold is {empty.json['threshold']}",
    )
    number = 0
    for press in range(1, EACH + 1):
        for child in range(1, CHILDREN + 1):
            call = t.tag_called("pole", f"t{child}", press)
            found = _notice(t, f"g{child}", "tag_call", call, f"c{child}")
            made = t.http("POST", f"/v1/notices/{found.id}/wrong", json={"text": "아닙니다."})
            t.given(made.status == 201, f"the complaint is taken: {made.status} {made.body[:200]!r}")
            done = t.http(
                "POST",
                f"/v1/complaints/{made.json['id']}/answer",
                json={"text": "답", "upheld": number % 2 == 0},
            )
            t.given(done.status == 200, f"the complaint is answered: {done.status}")
            number += 1
    answer = t.http("GET", path)
    t.given(answer.status == 200, f"the statistics of {month} can be read: {answer.status}")
    table: dict[str, Any] = next(
        (r["tables"]["complaints"] for r in answer.json["rows"] if r["level"] == "total"), {}
    )
    shown = table.get("all") or {}
    t.given(shown.get("hidden") != "withheld", "the total is not withheld for the sake of others")
    total = shown.get("count")
    t.check("HUB-DELIV-014", total == number, f"{number} complaints in all", table, seen=answer)
    t.check("HUB-DELIV-014", half in _upheld(table), f"{half} of them upheld", table, seen=answer)


def _upheld(table: dict[str, Any]) -> list[Any]:
    """The figures of what was upheld, whichever way the table is split."""
    splits = {name: cells for name, cells in table.items() if name != "all" and isinstance(cells, dict)}
    named = [cells["upheld"].get("count") for cells in splits.values() if "upheld" in cells]
    counts = [
        cell.get("count") or 0
        for name, cells in splits.items()
        if "upheld" in name
        for cell in cells.values()
    ]
    return named + ([sum(counts)] if counts else [])
