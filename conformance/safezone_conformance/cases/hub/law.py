"""13: consent and its effect, records and destruction, location information of others."""

from collections.abc import Mapping

from safezone_conformance.case import case
from safezone_conformance.cases.hub._day import Day
from safezone_conformance.cases.hub._people import (
    Fact,
    access_log,
    act,
    at_about,
    expect_fact,
    given_down,
    given_fix,
    given_incident,
    operator,
    path,
    points,
    poll,
    position,
)
from safezone_conformance.cases.hub.privacy import fix_at, names, near
from safezone_conformance.cases.hub.services import RAILWAY
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.town import NAMES, SCHOOL, Item, Town, lat_lon
from safezone_conformance.wire import iso

ONE = Town(children=1, parts=("pole", "desk"), extra=lambda m: [operator(m)])


def _consented(
    t: HubBench, status: str = "given", guardian: str = "g1", name: str = "k-c1", **allowed: bool
) -> Item:
    """The consent of c1 as a registry item, as of now."""
    return {**t.make.consent("c1", guardian, status, **allowed), "id": t.id(name), "at": iso(t.now())}


def _take_consent(t: HubBench, change: str) -> None:
    """Away with c1's consent to collection: ``none`` deletes it, ``not-collect`` leaves out the item, else a status."""
    if change == "none":
        gone = t.http("DELETE", f"/v1/registry/consent/{t.id('k-c1')}")
        t.given(gone.status == 204, f"the consent is deleted: {gone.status}")
    elif change == "not-collect":
        t.put(_consented(t, collect=False))
    else:
        t.put(_consented(t, change))


@case(
    "TC-HUB-LAW-01",
    ko="수집 동의가 없으면 위치를 두지도 보이지도 않으며, 긴급호출은 예외다",
    en="Without consent to collection positions are neither kept nor shown; emergency calls are excepted",
    verifies=["HUB-LAW-001"],
    needs=["privacy", "location"],
    town=ONE,
    rows={"none": {"change": "none"}, "not-collect": {"change": "not-collect"}, "suspended": {"change": "suspended"},
          "withdrawn": {"change": "withdrawn"}},
    steps=[
        ("c1의 동의를 지운다(수집만 빼고 등록한다, 정지한다, 철회한다)",
         "c1's consent is deleted (registered without collect, suspended, withdrawn)"),
        ("p1이 위치를 보내고 위치와 경로를 묻는다", "p1 sends a fix; position and path are asked for"),
        ("pole이 t1의 tag.called를 보낸다", "pole sends tag.called of t1"),
        ("동의를 다시 등록하고 경로를 묻고, p1이 새 위치를 보낸다",
         "consent is registered again, the path asked for, and p1 sends another fix"),
    ],
    criteria=[
        ("위치는 404나 403이고 경로에 그 위치가 없다. 긴급호출은 위치와 함께 상황실에 온다. 동의한 뒤의 위치는 보인다",
         "position gets 404 or 403, and the fix is in no path; the call comes to the desk with a position; the fix after consent is shown"),
    ],
)  # fmt: skip
def not_collected(t: HubBench, change: str) -> None:
    _take_consent(t, change)
    fix_at(t, 300, 90)
    answer = position(t, "c1")
    t.check(
        "HUB-LAW-001", answer.status in (403, 404), "403 or 404 for the position", answer.status, seen=answer
    )
    shown = [p for p in points(path(t, "c1")) if near(p, 300, 90)]
    t.check("HUB-LAW-001", not shown, "no position in the path", shown)
    call = t.tag_called("pole", "t1", 1)
    alert = t.expect_alert("HUB-LAW-001", "tag_call", child="c1", since=call)
    t.check(
        "HUB-LAW-001",
        alert.data.get("position") is not None,
        "the call with its position",
        dict(alert.data),
        seen=alert,
    )
    t.put(_consented(t))
    kept = [p for p in points(path(t, "c1")) if near(p, 300, 90)]
    t.check("HUB-LAW-001", not kept, "nothing kept of the time without consent", kept)
    given_fix(t, x=350, y=60)
    t.given(any(near(p, 350, 60) for p in points(path(t, "c1"))), "a fix with consent is kept")


@case(
    "TC-HUB-LAW-02",
    ko="notify_guardians 동의가 없는 어린이의 일상 알림은 보내지 않는다",
    en="Without consent notify_guardians no everyday notice of that child is sent",
    verifies=["HUB-LAW-002"],
    needs=["everyday"],
    town=Town(children=2, parts=("school", "desk"), extra=lambda m: [m.consent("c1", "g1", notify_guardians=False)]),
    before=[("c1은 notify_guardians만 동의하지 않았고 c2는 모두 동의했다", "c1 lacks consent notify_guardians only, c2 has all")],
    steps=[
        ("학교 안의 is가 t1과 t2의 tag.sighted를 보낸다", "is, inside the school, sends tag.sighted of t1 and t2"),
        ("gs가 t1의 tag.called를 보낸다", "gs sends tag.called of t1"),
    ],
    criteria=[
        ("g2는 school_arrival을 받고 g1은 일상 알림을 받지 않는다. g1은 긴급호출을 받는다",
         "g2 gets school_arrival, g1 no everyday notice; g1 is told of the call"),
    ],
)  # fmt: skip
def not_notified(t: HubBench) -> None:
    first = t.sighted("is", "a", "t1", t.now() - 40, t.now() - 20)
    second = t.sighted("is", "a", "t2", t.now() - 40, t.now() - 20)
    t.accepted(first)
    t.expect_notice("HUB-LAW-002", "g2", "school_arrival", child="c2", since=second)
    t.expect_none("HUB-LAW-002", to="guardian/g1", type_="notice", after=first, limit=t.limit("school_arrival"),
                  expected="no everyday notice of c1")  # fmt: skip
    t.expect_notice("HUB-LAW-002", "g1", "tag_call", child="c1", since=t.tag_called("gs", "t1", 1))


@case(
    "TC-HUB-LAW-03",
    ko="provide_112 동의가 없으면 위험 부류는 112에 알리지 않고 긴급 부류는 알린다",
    en="Without consent provide_112 no alert of class danger is sent; those of class emergency are",
    verifies=["HUB-LAW-003"],
    needs=["danger"],
    town=Town(children=2, parts=("danger", "pole", "desk"), extra=lambda m: [m.consent("c1", "g1", provide_112=False)]),
    before=[("c1은 provide_112만 동의하지 않았고 c2는 모두 동의했다", "c1 lacks consent provide_112 only, c2 has all")],
    steps=[
        ("위험지역 안의 ir가 t1과 t2의 25초 머문 것을 보낸다", "ir, inside the danger area, sends a stay of 25 s of t1 and of t2"),
        ("pole이 t1의 tag.called를 보낸다", "pole sends tag.called of t1"),
    ],
    criteria=[
        ("danger_entry는 g1과 g2, c2의 것만 상황실에 온다. 긴급호출은 상황실에 온다",
         "danger_entry comes to g1 and g2, and to the desk of c2 only; the call comes to the desk"),
    ],
)  # fmt: skip
def not_to_112(t: HubBench) -> None:
    now = t.now()
    first = t.sighted("ir", "a", "t1", now - 30, now - 3)
    second = t.sighted("ir", "a", "t2", now - 30, now - 3)
    t.accepted(first)
    given_down(t, "guardian/g1", "notice", first, t.about("danger_entry", "c1"))
    t.expect_alert("HUB-LAW-003", "danger_entry", child="c2", since=second)
    t.expect_none("HUB-LAW-003", to="desk/d112", type_="alert", after=first, where=t.about("danger_entry", "c1"),
                  limit=t.limit("danger_entry"), expected="no alert danger_entry of c1")  # fmt: skip
    t.expect_alert("HUB-LAW-003", "tag_call", child="c1", since=t.tag_called("pole", "t1", 1))


@case(
    "TC-HUB-LAW-04",
    ko="등록된 정지와 철회는 곧바로 효력이 있다",
    en="Suspension and withdrawal take effect at once when registered",
    verifies=["HUB-LAW-004"],
    needs=["everyday", "privacy"],
    town=Town(children=2, parts=("school", "pole")),
    rows={"suspended": {"status": "suspended"}, "withdrawn": {"status": "withdrawn"}},
    steps=[
        ("p1이 위치를 보낸다", "p1 sends a fix"),
        ("c1의 동의를 정지(철회)로 등록하고 곧바로 위치를 묻는다", "the consent of c1 is registered as suspended (withdrawn), and the position asked for at once"),
        ("학교 안의 is가 t1과 t2의 tag.sighted를 보낸다", "is, inside the school, sends tag.sighted of t1 and t2"),
    ],
    criteria=[
        ("위치는 404나 403이다. g2는 school_arrival을 받고 g1은 받지 않는다", "the position gets 404 or 403; g2 gets school_arrival, g1 does not"),
    ],
)  # fmt: skip
def at_once(t: HubBench, status: str) -> None:
    given_fix(t)
    t.put(_consented(t, status))
    answer = position(t, "c1")
    t.check(
        "HUB-LAW-004", answer.status in (403, 404), "403 or 404 for the position", answer.status, seen=answer
    )
    first = t.sighted("is", "a", "t1", t.now() - 40, t.now() - 20)
    second = t.sighted("is", "a", "t2", t.now() - 40, t.now() - 20)
    given_down(t, "guardian/g2", "notice", second, t.about("school_arrival", "c2"))
    t.expect_none("HUB-LAW-004", to="guardian/g1", type_="notice", after=first, limit=t.limit("school_arrival"),
                  expected="no everyday notice of c1")  # fmt: skip
    kept = [p for p in points(path(t, "c1")) if near(p, *SCHOOL)]
    t.check("HUB-LAW-004", not kept, "no new position kept", kept)


@case(
    "TC-HUB-LAW-05",
    ko="동의는 법정대리인의 것만 효력이 있다",
    en="Only the consent of the legal representative counts",
    verifies=["HUB-LAW-005"],
    needs=["privacy", "location"],
    town=Town(children=2, parts=("pole",), extra=lambda m: [m.guardian("h1", ["c1"], legal=False)]),
    rows={"not-legal": {"guardian": "h1"}, "of-another-child": {"guardian": "g2"}},
    before=[("h1의 children에 c1이 있고 legal은 false다. g2의 children에 c1이 없다", "children of h1 names c1, and its legal is false; children of g2 does not name c1")],
    steps=[
        ("c1의 동의를 지우고 h1(g2)의 동의를 등록한다", "c1's consent is deleted, and one of h1 (g2) registered"),
        ("p1이 위치를 보내고 위치와 경로를 묻는다", "p1 sends a fix; position and path are asked for"),
        ("g1의 동의를 등록하고 p1이 새 위치를 보낸다", "the consent of g1 is registered, and p1 sends another fix"),
    ],
    criteria=[
        ("등록이 거부되거나, 등록되어도 위치를 두지도 보이지도 않는다. g1이 동의하면 보인다",
         "it is refused, or without effect: the position is neither kept nor shown; with the consent of g1 it is"),
    ],
)  # fmt: skip
def only_the_legal(t: HubBench, guardian: str) -> None:
    gone = t.http("DELETE", f"/v1/registry/consent/{t.id('k-c1')}")
    t.given(gone.status == 204, f"the consent is deleted: {gone.status}")
    other = t.put(_consented(t, guardian=guardian, name="k-other"), setup=False)
    fix_at(t, 300, 90)
    answer = position(t, "c1")
    t.check(
        "HUB-LAW-005",
        answer.status in (403, 404),
        f"403 or 404 for the position upon the consent of {guardian}",
        answer.status,
        seen=answer,
    )
    kept = [p for p in points(path(t, "c1")) if near(p, 300, 90)]
    t.check("HUB-LAW-005", not kept, f"nothing kept upon the consent of {guardian}", kept)
    if other.status in (200, 201):
        t.http("DELETE", f"/v1/registry/consent/{t.id('k-other')}")
    t.put(_consented(t))
    given_fix(t, x=350, y=60)


@case(
    "TC-HUB-LAW-06",
    ko="수집·이용·제공 사실은 저절로 기록되어 접근 기록에 보인다",
    en="Facts of collection, use and provision are recorded automatically and shown by the access log",
    verifies=["HUB-LAW-007"],
    needs=["privacy", "tokens"],
    town=ONE,
    steps=[
        ("p1이 위치를 보낸다", "p1 sends a fix"),
        ("g1이 위치를 묻는다", "g1 asks for the position"),
        ("pole이 t1의 tag.called를 보낸다", "pole sends tag.called of t1"),
        ("접근 기록을 읽는다", "the access log is read"),
    ],
    criteria=[
        ("수집(collection), 이용(use 또는 access), 제공(provision) 사실이 있다", "it has facts of collection, of use (use or access) and of provision"),
    ],
)  # fmt: skip
def by_itself(t: HubBench) -> None:
    g1 = t.login("guardian/g1")
    fix = given_fix(t)
    seen = position(t, "c1", g1)
    call = t.tag_called("pole", "t1", 1)
    given_incident(t, "tag_call", call, "c1")
    for words, sorts, since in (
        ("collection", ("collection",), fix.t), ("use", ("use", "access"), seen.t), ("provision", ("provision",), call.t),
    ):  # fmt: skip

        def recorded(fact: Fact, sorts: tuple[str, ...] = sorts, since: float = since) -> bool:
            return fact.get("fact") in sorts and at_about(t, fact, since, 15)

        expect_fact(t, "HUB-LAW-007", "c1", f"the {words}", recorded)


@case(
    "TC-HUB-LAW-07",
    ko="위치를 제3자에게 줄 때마다 곧바로 location_provided를 알린다",
    en="Every provision of a position to a third party is told at once by location_provided",
    verifies=["HUB-LAW-008"],
    needs=["privacy", "location", "tokens"],
    town=ONE,
    steps=[("o1이 사유와 함께 c1의 위치를 두 번 묻는다", "o1 asks for c1's position with a reason, twice")],
    criteria=[
        (
            "g1이 물음마다 location_provided를 제한 시간 안에 하나씩 받는다",
            "g1 gets a location_provided for each query, within the limit",
        )
    ],
)
def told_at_once(t: HubBench) -> None:
    o1 = t.login("operator/o1")
    given_fix(t)
    for number in ("first", "second"):
        answer = position(t, "c1", o1, f"routine check, {number}")
        t.given(answer.status == 200, f"o1 gets the position: {answer.status}")
        t.expect_notice("HUB-LAW-008", "g1", "location_provided", child="c1", since=answer.question.t)
        t.await_all(t.line.stamp() + 1.1)  # the next is another instant, whatever ids are made of


@case(
    "TC-HUB-LAW-08",
    ko="구조에 내준 위치의 사실은 근거 rescue로 남고 위치는 쓴 뒤 지운다",
    en="A position given for rescue is kept as a fact with basis rescue, and deleted after use",
    verifies=["HUB-LAW-009"],
    needs=["privacy", "location", "incidents"],
    town=Town(children=1, parts=("pole", "desk"), extra=lambda m: [m.consent("c1", "g1", collect=False, provide_112=False)]),
    before=[("c1은 수집과 112 제공에 동의하지 않았다", "for c1 neither collection nor provision to 112 is consented to")],
    steps=[
        ("p1이 위치를 담은 phone.called를 보낸다", "p1 sends phone.called with a position"),
        ("상황실이 사건을 resolve로 닫는다", "the desk closes the incident by resolve"),
        ("위치, 경로, 접근 기록을 묻는다", "position, path and access log are asked for"),
    ],
    criteria=[
        ("경보에 위치가 있다. 접근 기록에 basis rescue인 사실이 있다. 닫은 뒤 위치는 404나 403이고 경로에 없다",
         "the alert has the position; the access log has a fact with basis rescue; after closing position gets 404 or 403, and no path holds it"),
    ],
)  # fmt: skip
def deleted_after_use(t: HubBench) -> None:
    where: dict[str, float] = {**lat_lon(420, 40), "accuracy_m": 10.0}
    call = t.phone_called("p1", "call-1", position=where)
    alert = given_down(t, "desk/d112", "alert", call, t.about("phone_call_112", "c1"))
    t.given(alert.data.get("position") is not None, "the alert has the position")
    expect_fact(
        t, "HUB-LAW-009", "c1", "what was given for rescue, with basis rescue",
        lambda f: f.get("basis") == "rescue" and names(t, f, "desk/d112") and at_about(t, f, call.t),
    )  # fmt: skip
    act(t, str(alert.data["incident"]), "resolve")
    answer = poll(t, lambda: position(t, "c1"), lambda a: a.status in (403, 404))
    t.check(
        "HUB-LAW-009",
        answer.status in (403, 404),
        "403 or 404 for the position after use",
        answer.status,
        seen=answer,
    )
    kept = [p for p in points(path(t, "c1")) if near(p, 420, 40)]
    t.check("HUB-LAW-009", not kept, "no position in the path after use", kept)
    fact = next((f for f in access_log(t, "c1") if f.get("basis") == "rescue"), None)
    t.check("HUB-LAW-009", fact is not None, "the fact kept after the incident was closed", fact or "none")


def _holds(body: bytes, words: Mapping[str, str]) -> list[str]:
    return [name for name, word in words.items() if word.encode() in body]


@case(
    "TC-HUB-LAW-09",
    ko="지운 어린이의 위치, 경로, 이름은 어느 물음에도 나오지 않는다",
    en="Position, path and name of a deleted child appear in no query",
    verifies=["HUB-LAW-011"],
    needs=["privacy"],
    town=Town(children=2, parts=("pole", "desk"), extra=lambda m: [m.guardian("g1", ["c1", "c2"])]),
    before=[("g1은 c1과 c2의 보호자다", "g1 is guardian of c1 and c2")],
    steps=[
        ("p1이 위치를, pole이 t1과 t2의 tag.called를 보낸다", "p1 sends a fix, pole sends tag.called of t1 and t2"),
        ("등록에서 c1을 지운다", "c1 is deleted from the registry"),
        ("c1의 위치·경로·자료·접근 기록, 구역의 사건과 그 사건, g1의 알림함, 어린이 목록, 통계를 묻는다",
         "position, path, data and access log of c1, the zone's incidents and c1's, the notices of g1, the list of children and the statistics are asked for"),
    ],
    criteria=[
        ("c1의 것은 404이고, 다른 답에 c1의 이름과 위치가 없다", "c1's get 404, and no other answer holds its name or position"),
    ],
)  # fmt: skip
def deleted(t: HubBench) -> None:
    given_fix(t, x=500, y=60)
    incident = given_incident(t, "tag_call", t.tag_called("pole", "t1", 1), "c1")
    given_incident(t, "tag_call", t.tag_called("pole", "t2", 1), "c2")
    gone = t.http("DELETE", f"/v1/registry/child/{t.id('c1')}")
    t.given(gone.status == 204, f"c1 is deleted: {gone.status}")
    for what in ("position", "path", "data", "access-log"):
        answer = t.http("GET", f"/v1/children/{t.id('c1')}/{what}")
        t.check("HUB-LAW-011", answer.status == 404, f"404 for {what}", answer.status, seen=answer)
    words = {"the name": f"{NAMES[0]}1", "the position": f"{lat_lon(500, 60)['lat']:.5f}"}
    for where in (
        f"/v1/zones/{t.zone}/incidents?state=all", f"/v1/incidents/{incident}", f"/v1/guardians/{t.id('g1')}/notices",
        f"/v1/registry/child?zone={t.zone}", f"/v1/zones/{t.zone}/statistics", f"/v1/zones/{t.zone}/stats",
    ):  # fmt: skip
        answer = t.http("GET", where)
        held = _holds(answer.body, words)
        t.check(
            "HUB-LAW-011", not held, f"nothing of c1 at {where.replace(t.zone, 'own')}", held, seen=answer
        )
    answer = t.http("GET", f"/v1/incidents/{incident}")
    placed = answer.json.get("position") if answer.status == 200 else None
    t.check(
        "HUB-LAW-011", placed is None, "no position in the incident of a deleted child", placed, seen=answer
    )
    kept = t.http("GET", f"/v1/guardians/{t.id('g1')}/notices")
    other = kept.status == 200 and any(n["notice"].get("child") == t.id("c2") for n in kept.json["items"])
    t.given(other, "g1 still has the notice of c2")


@case(
    "TC-HUB-LAW-10",
    ko="알림에는 그 보호자의 어린이 말고 누구의 이름도 위치도 없다",
    en="A notice holds no name or position of anyone but that guardian's child",
    verifies=["HUB-LAW-013"],
    needs=["everyday"],
    town=Town(children=2, parts=("school", "bell", "pole", "desk")),
    steps=[
        ("is가 t1과 t2의 tag.sighted를 함께 보낸다", "is sends tag.sighted of t1 and t2 together"),
        ("벨 가까이의 pole이 t1과 t2를 보고 bell이 bell.pressed를 보낸다", "pole, near the bell, sights t1 and t2, and bell sends bell.pressed"),
        ("pole이 t1과 t2의 tag.called를 보낸다", "pole sends tag.called of t1 and t2"),
    ],
    criteria=[
        ("g1에게 온 알림의 child는 c1이고 c2의 이름과 id가 없다. g2도 마찬가지다",
         "notices to g1 have child c1 and neither name nor id of c2; and so the other way round"),
    ],
)  # fmt: skip
def nobody_else(t: HubBench) -> None:
    now = t.now()
    sights = [t.sighted("is", "a", tag, now - 60, now - 50) for tag in ("t1", "t2")]
    near_bell = [t.sighted("pole", "a", tag, now - 5, now - 2) for tag in ("t1", "t2")]
    t.accepted(*sights, *near_bell)
    t.bell_pressed("bell", 1)
    calls = [t.tag_called("pole", tag, 1) for tag in ("t1", "t2")]
    for n, call in enumerate(calls, start=1):
        given_down(t, f"guardian/g{n}", "notice", call, t.about("tag_call", f"c{n}"))
        given_down(t, f"guardian/g{n}", "notice", sights[n - 1], t.about("bell_call", f"c{n}"))
    t.settle()
    for n, other in ((1, 2), (2, 1)):
        words = {
            "the other's name": f"{NAMES[other - 1]}{other}",
            "the other's id": t.id(f"c{other}"),
            "the guardian": f"보호자 g{other}",
        }
        for down in t.downs(f"guardian/g{n}", "notice"):
            held = _holds(down.payload, words)
            own = down.data.get("child") == t.id(f"c{n}")
            t.check("HUB-LAW-013", own and not held, f"only c{n} in the notice {down.data.get('service')} to g{n}",
                    held or down.data.get("child"), seen=down)  # fmt: skip


@case(
    "TC-HUB-LAW-11",
    ko="철회하면 위치와 경로를 지체 없이 파기하고 사실 기록은 남긴다",
    en="Upon withdrawal positions and paths are destroyed without delay, and fact records stay",
    verifies=["HUB-LAW-014"],
    needs=["privacy", "location", "tokens"],
    town=ONE,
    steps=[
        ("p1이 위치를 보내고 g1이 위치를 묻는다", "p1 sends a fix, and g1 asks for the position"),
        ("동의를 철회했다가 다시 동의한다", "consent is withdrawn, and given again"),
        ("경로, 위치, 접근 기록을 묻는다", "path, position and access log are asked for"),
    ],
    criteria=[
        ("철회하기 전의 위치는 경로에 없고 위치의 물음에도 나오지 않는다. 접근 기록에는 그 전의 사실이 모두 있다",
         "no path and no position holds what was before the withdrawal; the access log still has all earlier facts"),
    ],
)  # fmt: skip
def destroyed(t: HubBench) -> None:
    g1 = t.login("guardian/g1")
    given_fix(t, x=500, y=60)
    t.given(position(t, "c1", g1).status == 200, "g1 gets the position")
    t.given(any(near(p, 500, 60) for p in points(path(t, "c1", g1))), "the fix is in the path")
    before = access_log(t, "c1")
    t.given(bool(before), "the access log has facts")
    t.put(_consented(t, "withdrawn"))
    t.put(_consented(t))
    left = poll(t, lambda: path(t, "c1"), lambda a: not any(near(p, 500, 60) for p in points(a)))
    kept = [p for p in points(left) if near(p, 500, 60)]
    t.check("HUB-LAW-014", not kept, "nothing of the time before in the path", kept, seen=left)
    answer = position(t, "c1", g1)
    same = answer.status == 200 and near(answer.json, 500, 60)
    t.check("HUB-LAW-014", not same, "not the position of the time before", answer.body[:200], seen=answer)
    after = access_log(t, "c1")
    lost = [f for f in before if f not in after]
    t.check("HUB-LAW-014", not lost, "all facts of the time before", lost)


@case(
    "TC-HUB-LAW-12",
    ko="수집 동의가 없으면 감지와 측위는 받되 아무 효력이 없다",
    en="Without consent to collection sightings and fixes are taken and have no effect",
    verifies=["HUB-LAW-020"],
    needs=["everyday", "danger", "privacy"],
    town=Town(children=1, parts=("school", "danger", "pole", "bell", "desk")),
    rows={"none": {"change": "none"}, "not-collect": {"change": "not-collect"}, "suspended": {"change": "suspended"}},
    steps=[
        ("c1의 동의를 지운다(수집만 빼고 등록한다, 정지한다)", "c1's consent is deleted (registered without collect, suspended)"),
        ("c1이 학교 안에서 보이고, 전화기가 위험지역 안의 측위 여섯을 보내고, 비상벨 옆의 pole이 t1을 본 뒤 벨이 눌린다",
         "c1 is seen in school, its phone sends six fixes in the danger area, pole beside the bell sees t1, and the bell is pressed"),
        ("t1의 호출을 보낸다", "a call of t1 is sent"),
        ("모두 동의한 것으로 등록하고 c1이 학교 안에서 보인다", "consent to everything is registered, and c1 is seen in school"),
    ],
    criteria=[("모두 수신증을 받고, 호출 전에는 g1에게 아무것도 가지 않으며 상황실에는 벨의 것만 간다. 호출은 g1에게 간다. 동의한 뒤의 등교를 알린다",
               "all get receipts; before the call g1 is told nothing, and the desk of the bell only; the call reaches g1; the arrival after consent is told")],
)  # fmt: skip
def no_effect(t: HubBench, change: str) -> None:
    _take_consent(t, change)
    day = Day(t)
    seen = day.sighted("is", "a", "t1", day.start - 200)
    fixes = day.walks("p1", [*RAILWAY, *RAILWAY[:2]], day.start - 30, 20.0)
    near_bell = day.sighted("pole", "a", "t1", day.start - 5)
    pressed = day.sends("dev/bell", "bell.pressed", {"press": 1, "pressed_at": iso(day.now)})
    for message in (seen, *fixes, near_bell):
        t.expect_receipt("HUB-LAW-020", message, "accepted")
    day.alerted("HUB-LAW-020", "bell_call", None, since=pressed)
    day.not_told("HUB-LAW-020", "nothing of c1 to its guardian", since=seen, to="guardian/g1")
    day.not_told("HUB-LAW-020", "nothing of c1 to the desk", since=seen, child="c1", to="desk/d112")
    call = day.sends("dev/pole", "tag.called", {"tag": t.id("t1"), "press": 1, "pressed_at": iso(day.now)})
    day.told("HUB-LAW-020", "g1", "tag_call", "c1", since=call)
    t.put(_consented(t))
    day.waits(1.0)
    day.told("HUB-LAW-020", "g1", "school_arrival", "c1", since=day.sighted("is", "a", "t1"))
