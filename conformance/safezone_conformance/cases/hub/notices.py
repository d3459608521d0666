"""8.9 and 8.10: what a notice or an alert says, and to whom it goes."""

from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day, Point, happened_at
from safezone_conformance.cases.hub.tag_call import cites, expect_alert_of
from safezone_conformance.hub_bench import Down, HubBench, Message
from safezone_conformance.town import Item, Maker, Town, lat_lon, metres

RAILWAY: list[Point] = [(480.0, -225.0), (490.0, -228.0), (500.0, -225.0), (510.0, -222.0)]


@case(
    "TC-HUB-NOTE-01",
    ko="알림은 언제 일어났는지와 언제 보냈는지를 모두 말한다",
    en="A notice tells both when it happened and when it was sent",
    verifies=["HUB-NOTE-009"],
    needs=["everyday"],
    town=Town(parts=("school", "pole", "desk")),
    steps=[
        ("50 s 전의 태그 호출과 120 s 전의 학교 안의 감지를 보낸다", "a tag call of 50 s ago and a sighting inside the school of 120 s ago are sent"),
    ],
    criteria=[("event_at은 일어난 때에서 5 s 안이고, 봉투의 time은 보낸 뒤부터 받기까지의 사이이다(2 s의 여유)",
               "event_at is within 5 s of when it happened, time of the envelope between our sending and its coming (2 s of slack)")],
)  # fmt: skip
def both_times(t: HubBench) -> None:
    now = t.now()
    happened: list[tuple[str, Message, float]] = [
        ("tag_call", t.tag_called("pole", "t1", 1, now - 50), now - 50),
        ("school_arrival", t.sighted("is", "a", "t1", now - 120), now - 120),
    ]
    for service, sent, at in happened:
        notice = t.expect_notice("HUB-NOTE-009", "g1", service, child="c1", since=sent)
        t.check(
            "HUB-NOTE-009",
            abs(happened_at(notice) - at) <= 5,
            f"event_at of {service}",
            notice.data["event_at"],
            seen=notice,
        )
        in_order = t.unix(sent.t) - t.allowed(2) <= notice.sent_at <= t.unix(notice.t) + t.allowed(2)
        t.check("HUB-NOTE-009", in_order, "time is when it was sent", notice.envelope["time"], seen=notice)


@case(
    "TC-HUB-NOTE-02",
    ko="알림과 경보는 허브가 받아들인 관측을 근거로 들고, 관측이 있는 서비스에서는 비어 있지 않다",
    en="Notices and alerts cite observations that the hub accepted; for services with observations evidence is not empty",
    verifies=["HUB-NOTE-010", "HUB-NOTE-011"],
    needs=["everyday", "danger"],
    town=Town(parts=("school", "danger", "pole", "bell", "desk")),
    slow_s=9.0,
    steps=[
        ("통과의 머무름 하나를 먼저 틀린 열쇠로, 이어서 바르게 보낸다", "one stay of a pass is sent under a wrong key first, and then rightly"),
        ("벨의 누름, 태그와 전화기의 호출, 위험지역 안의 측위 넷을 보낸다", "a press of the bell, calls of tag and phone, and four fixes in the danger area are sent"),
    ],
    criteria=[("evidence는 비어 있지 않고, 그 모두가 accepted인 그 일의 메시지이다", "evidence is not empty, and all of it are accepted messages of that happening")],
)  # fmt: skip
def evidence(t: HubBench) -> None:
    now = t.now()
    wrong = t.identity.key("gs", 2) | {"keyid": t.keys["dev/gs"]["keyid"]}
    refused = t.sighted("gs", "out", "t1", now - 30, key=wrong)
    way_in = t.pass_gate("gs", "t1", True, now - 30)
    fixes = [t.located("p1", x, y, now - 60 + 20 * n) for n, (x, y) in enumerate(RAILWAY)]
    about: dict[str, tuple[Message, ...]] = {
        "tag_call": (t.tag_called("pole", "t1", 1),),
        "bell_call": (t.bell_pressed("bell", 1),),
        "phone_call_112": (t.phone_called("p1", "call-1"),),
        "danger_entry": tuple(fixes),
    }
    found: list[tuple[Down, tuple[Message, ...]]] = []
    for service, messages in about.items():
        limit = t.limit("danger_entry")
        found.append((t.expect_alert("HUB-NOTE-010", service, since=refused, within=limit), messages))
        if service != "bell_call":
            found.append(
                (t.expect_notice("HUB-NOTE-010", "g1", service, since=refused, within=limit), messages)
            )
    found.append((t.expect_notice("HUB-NOTE-010", "g1", "school_arrival", child="c1", since=refused), way_in))
    for down, messages in found:
        cited = down.data.get("evidence", [])
        t.check("HUB-NOTE-011", bool(cited), f"evidence of {down.data['service']}", cited, seen=down)
        refs = [m.ref for m in messages]
        others = [c for c in cited if {"source": c["source"], "id": c["id"]} not in refs]
        t.check(
            "HUB-NOTE-010", not others, f"only messages of this {down.data['service']}", others, seen=down
        )
        for message in messages:
            row = t.receipt(message, 5.0)
            if message.ref in cited:
                t.check(
                    "HUB-NOTE-010",
                    row is not None and row["status"] in ("accepted", "duplicate"),
                    "an accepted message",
                    row,
                    seen=down,
                )


def _family(m: Maker) -> list[Item]:
    return [
        m.guardian("h1", ["c1"]),
        m.guardian("x1", ["c1"]),
        m.guardian("both", ["c1", "c2"]),
        m.child(1, barred=[m.identity.id("x1")]),
        m.consent("c3", "g3", notify_guardians=False),
    ]


@case(
    "TC-HUB-NOTE-03",
    ko="알림은 그 어린이를 가진 모든 보호자에게, 그들에게만 간다. 막힌 보호자와 동의가 없는 곳은 빼고",
    en="A notice goes to every guardian whose children name that child and to no other, save those barred and where consent is wanting",
    verifies=["HUB-NOTE-012", "HUB-NOTE-013"],
    needs=["everyday"],
    town=Town(children=3, parts=("school", "pole", "desk"), extra=_family),
    before=[("c1의 보호자는 g1, h1, x1, both이고 x1은 막혀 있다. c2의 보호자는 g2와 both이다. c3에게는 알림의 동의가 없다",
             "guardians of c1 are g1, h1, x1 and both, of whom x1 is barred; of c2 g2 and both; for c3 there is no consent to notices")],
    steps=[
        ("c3, c1이 학교 안에서 감지된다", "c3 and c1 are seen inside the school"),
        ("pole이 t1의 호출을 중계한다", "pole relays a call of t1"),
    ],
    criteria=[("두 일 모두 g1, h1, both에게만 간다. c3의 등교는 누구에게도 가지 않는다", "both go to g1, h1 and both only; the arrival of c3 goes to nobody")],
)  # fmt: skip
def guardians(t: HubBench) -> None:
    day = Day(t)
    wanted = {"guardian/g1", "guardian/h1", "guardian/both"}
    first = day.sighted("is", "a", "t3")
    seen = day.sighted("is", "a", "t1")
    call = day.sends(
        "dev/pole",
        "tag.called",
        {"tag": t.id("t1"), "press": 1, "pressed_at": seen.envelope["data"]["first_at"]},
    )
    for service in ("tag_call", "school_arrival"):
        for guardian in ("g1", "h1", "both"):
            day.told(
                "HUB-NOTE-013", guardian, service, "c1", since=seen if service == "school_arrival" else call
            )
    t.await_all(t.line.stamp() + t.settings.absence_s)
    for service in ("tag_call", "school_arrival"):
        got = {d.principal for d in t.downs(type_="notice", where=t.about(service, "c1"))}
        t.check(
            "HUB-NOTE-012", got <= wanted | {"guardian/x1"}, f"{service} to guardians of c1 only", sorted(got)
        )
        t.check("HUB-NOTE-013", "guardian/x1" not in got, "nothing to the one who is barred", sorted(got))
    without = t.downs(type_="notice", where=t.about("school_arrival", "c3"))
    t.check(
        "HUB-NOTE-013",
        not without,
        "no everyday notice without consent",
        [d.principal for d in without],
        sent=first,
    )


def _desks(m: Maker) -> list[Item]:
    return [m.desk("d2"), m.desk("sup", "supervisor"), m.desk("office", "school"), m.desk("f119", "fire119")]


POSTS = {
    "desk/d112": "desk",
    "desk/d2": "desk",
    "desk/sup": "supervisor",
    "desk/office": "school",
    "desk/f119": "fire119",
}


@case(
    "TC-HUB-NOTE-04",
    ko="경보는 그 경보가 말하는 post의 상황실에만 간다",
    en="An alert goes only to desks of the post that it names",
    verifies=["HUB-NOTE-014"],
    town=Town(parts=("pole", "bell", "desk"), extra=_desks),
    before=[("post가 desk인 상황실 둘과 supervisor, school, fire119인 것이 하나씩 있다", "there are two desks of post desk and one each of supervisor, school and fire119")],
    steps=[
        ("pole이 t1의 호출을, 비상벨이 누름을 보낸다", "pole relays a call of t1, and the bell sends a press"),
        ("pole이 t1의 medical인 호출을 중계한다", "pole relays a medical call of t1"),
    ],
    criteria=[
        ("호출마다 두 desk에 가고, 60 s 안에는 supervisor와 school에 가지 않으며, fire119에는 medical만 간다",
         "each goes to both desks, none within 60 s to supervisor and school, and to fire119 the medical one only"),
        ("경보의 post는 받은 상황실의 post이다 (없으면 desk)", "post of an alert is that of the desk which got it (desk, if it has none)"),
    ],
)  # fmt: skip
def posts(t: HubBench) -> None:
    calls = [("tag_call", t.tag_called("pole", "t1", 1)), ("bell_call", t.bell_pressed("bell", 1)),
             ("tag_call", t.tag_called("pole", "t1", 2, medical=True))]  # fmt: skip
    for service, call in calls:
        for desk in ("d112", "d2"):
            t.expect_alert("HUB-NOTE-014", service, desk=desk, since=call, where=cites(call))
    t.settle()
    for alert in t.downs(type_="alert"):
        post = alert.data.get("post", "desk")
        t.check(
            "HUB-NOTE-014",
            post == POSTS[alert.principal],
            f"post {POSTS[alert.principal]} to {alert.principal}",
            post,
            seen=alert,
        )
        if alert.principal == "desk/f119":
            t.check(
                "HUB-NOTE-014",
                calls[2][1].ref in alert.data["evidence"],
                "only the medical call to 119",
                alert.data["evidence"],
                seen=alert,
            )
        else:
            t.check(
                "HUB-NOTE-014",
                alert.principal in ("desk/d112", "desk/d2"),
                "to desks of post desk",
                alert.principal,
                seen=alert,
            )


@case(
    "TC-HUB-NOTE-05",
    ko="자리를 아는 경보는 그 자리를 정확도와 함께 position에 담는다",
    en="An alert whose position is known carries it, with its accuracy, in position",
    verifies=["HUB-NOTE-015"],
    needs=["danger"],
    town=Town(children=2, parts=("danger", "pole", "bell", "desk")),
    steps=[
        ("pole이 t2의 호출을, 비상벨이 누름을, p2가 위치가 있는 phone.called를, p1이 위험지역 안의 측위 넷을 보낸다",
         "pole relays a call of t2, the bell sends a press, p2 phone.called with a position, p1 four fixes in the danger area"),
    ],
    criteria=[("네 경보의 position은 그 자리에서 60 m 안이고 accuracy_m이 0보다 크다", "position of the four alerts is within 60 m of the place, with accuracy_m above 0")],
)  # fmt: skip
def positions(t: HubBench) -> None:
    now = t.now()
    given = {**lat_lon(100.0, 250.0), "accuracy_m": 9.0}
    fixes = [t.located("p1", x, y, now - 60 + 20 * n) for n, (x, y) in enumerate(RAILWAY)]
    happened: dict[str, tuple[Message, Point]] = {
        "tag_call": (t.tag_called("pole", "t2", 1), (500.0, 0.0)),
        "bell_call": (t.bell_pressed("bell", 1), (510.0, 0.0)),
        "phone_call_112": (t.phone_called("p2", "call-1", position=given), (100.0, 250.0)),
        "danger_entry": (fixes[-1], (500.0, -225.0)),
    }
    for service, (_, (x, y)) in happened.items():
        alert = t.expect_alert("HUB-NOTE-015", service, since=fixes[0], within=t.limit("danger_entry"))
        placed: Any = alert.data.get("position")
        near = isinstance(placed, dict) and placed.get("accuracy_m", 0) > 0
        if near:
            px, py = metres(placed["lat"], placed["lon"])
            near = abs(px - x) <= 60 and abs(py - y) <= 60
        t.check(
            "HUB-NOTE-015", near, f"{service} with a position near ({x:.0f}, {y:.0f}) m", placed, seen=alert
        )


@case(
    "TC-HUB-NOTE-06",
    ko="마무리하는 관측이 서비스의 제한보다 늦게 온 것은 late이고, 제때 온 것은 아니다",
    en="What is told upon a completing observation that came later than the limit of its service is flagged late; what came in time is not",
    verifies=["HUB-NOTE-017"],
    town=Town(children=2, parts=("school", "pole", "desk")),
    rows={
        "a call": {"service": "tag_call", "ago": 30.0},
        "an arrival": {"service": "school_arrival", "ago": 120.0},
        "a pass": {"service": "pass", "ago": 120.0},
    },
    slow_s=9.0,
    steps=[
        ("30 s 전의 t1의 호출(또는 120 s 전의 학교 안의 감지, 또는 통과)을 보낸다", "a call of t1 of 30 s ago (or a sighting inside the school, or a pass, of 120 s ago) is sent"),
        ("지금의 t2의 것을 보낸다", "one of t2, of now"),
    ],
    criteria=[("앞의 것에만 late가 있다", "only the first is flagged late")],
)  # fmt: skip
def late(t: HubBench, service: str, ago: float) -> None:
    sent: list[tuple[str, float, Message]] = []
    for number, before in (("1", ago), ("2", 0.0)):
        at, tag = t.now() - before, f"t{number}"
        if service == "tag_call":
            sent.append((number, before, t.tag_called("pole", tag, 1, at)))
        elif service == "pass":
            sent.append((number, before, t.pass_gate("gs", tag, True, at - 3)[1]))
        else:
            sent.append((number, before, t.sighted("is", "a", tag, at)))
    for number, before, message in sent:
        name = "tag_call" if service == "tag_call" else "school_arrival"
        told = [t.expect_notice("HUB-NOTE-017", f"g{number}", name, child=f"c{number}", since=message)]
        if service == "tag_call":
            told.append(expect_alert_of(t, "HUB-NOTE-017", message))
        for down in told:
            flags = down.data.get("flags", [])
            t.check(
                "HUB-NOTE-017",
                ("late" in flags) == (before > 0),
                f"{'' if before else 'not '}flagged late: {before:.0f} s old",
                flags,
                seen=down,
            )


@case(
    "TC-HUB-NOTE-07",
    ko="상황실과 보호자에게 가는 것은 서로의 ack를 기다리지 않는다",
    en="What goes to the desk and to guardians does not wait for the other's ack",
    verifies=["HUB-NOTE-018"],
    needs=["danger"],
    town=Town(children=2, parts=("danger", "pole", "desk"), extra=lambda m: [m.guardian("h1", ["c1"]), m.guardian("h2", ["c2"])]),
    acks=False,
    before=[("아무도 ack를 보내지 않는다", "nobody sends an ack")],
    steps=[("pole이 t1의 호출을 중계하고 p2가 위험지역 안의 측위 넷을 보낸다", "pole relays a call of t1, and p2 sends four fixes in the danger area")],
    criteria=[("상황실과 두 보호자 모두에게 서비스의 제한 안에 온다", "it comes to the desk and to both guardians within the limit of the service")],
)  # fmt: skip
def nobody_waits(t: HubBench) -> None:
    now = t.now()
    fixes = [t.located("p2", x, y, now - 60 + 20 * n) for n, (x, y) in enumerate(RAILWAY)]
    call = t.tag_called("pole", "t1", 1)
    for service, child, guardians_, since in (
        ("tag_call", "c1", ("g1", "h1"), call),
        ("danger_entry", "c2", ("g2", "h2"), fixes[-1]),
    ):
        start = fixes[0] if service == "danger_entry" else since
        t.expect_alert(
            "HUB-NOTE-018", service, child=child, since=start, within=since.t - start.t + t.limit(service)
        )
        for guardian in guardians_:
            t.expect_notice(
                "HUB-NOTE-018",
                guardian,
                service,
                child=child,
                since=start,
                within=since.t - start.t + t.limit(service),
            )
