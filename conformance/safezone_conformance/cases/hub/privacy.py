"""19.1, 19.2: facts, the effect of consent, erasure. Facts are read in the child's access log."""

from collections.abc import Mapping
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._people import (
    Fact,
    access_log,
    at_about,
    by,
    consent,
    expect_fact,
    given_down,
    given_fix,
    given_incident,
    given_position,
    operator,
    path,
    points,
    poll,
    position,
    watching,
)
from safezone_conformance.hub_bench import SETUP_S, Answer, HubBench, Message
from safezone_conformance.town import Town, metres

LOCATED = Town(children=1, parts=("pole", "desk"), extra=lambda m: [operator(m)])
RESCUE = Town(
    children=1,
    parts=("pole", "desk"),
    extra=lambda m: [m.consent("c1", "g1", collect=False, provide_112=False)],
)


def names(t: HubBench, fact: Fact, who: str) -> bool:
    """Whether a fact says that ``role/name`` did it, or got it."""
    role, name = who.split("/")
    full = f"{role}/{t.id(name)}"
    return fact.get("by") == full or full in str(fact.get("to", "")).replace(" ", "").split(",")


def near(point: Mapping[str, Any], x: float, y: float) -> bool:
    """Whether a point of a path lies within a metre of metres (x, y) of the town."""
    px, py = metres(float(point["lat"]), float(point["lon"]))
    return abs(px - x) < 1 and abs(py - y) < 1


@case(
    "TC-HUB-PRIV-01",
    ko="위치를 물은 일은 답했든 거부했든 누가, 언제, 무엇을, 무슨 근거로 물었는지 남는다",
    en="A query of a position, answered or refused, is kept: who, when, what and on what ground",
    verifies=["HUB-PRIV-001", "HUB-LAW-012"],
    needs=["privacy", "location", "tokens"],
    town=LOCATED,
    steps=[
        ("g1이 c1의 위치와 경로를 묻는다", "g1 asks for position and path of c1"),
        ("o1이 사유 없이, 다음에 사유와 함께 c1의 위치를 묻는다", "o1 asks for the position of c1, without a reason and then with one"),
        ("c1의 접근 기록을 읽는다", "the access log of c1 is read"),
    ],
    criteria=[
        ("물음마다 물은 이를 by로 하고 그 시각의 at, what, basis가 있는 사실이 있고, 거부된 것은 outcome refused다",
         "for each query there is a fact whose by is who asked, with its time, what and basis; the refused one has outcome refused"),
    ],
)  # fmt: skip
def asked_for(t: HubBench) -> None:
    t.login("guardian/g1")
    t.login("operator/o1")
    given_fix(t)
    asked: list[tuple[str, str, Answer]] = [
        ("the position asked for by g1", "guardian/g1", position(t, "c1", "guardian/g1")),
        ("the path asked for by g1", "guardian/g1", path(t, "c1", "guardian/g1")),
        ("the position refused to o1", "operator/o1", position(t, "c1", "operator/o1")),
        ("the position given to o1", "operator/o1", position(t, "c1", "operator/o1", "routine check 7")),
    ]
    for words, _, answer in asked:
        t.given(answer.status == (403 if "refused" in words else 200), f"{words}: {answer.status}")
    used: list[Fact] = []
    for words, who, answer in asked:
        refused = answer.status == 403

        def fits(fact: Fact, who: str = who, answer: Answer = answer, refused: bool = refused) -> bool:
            again = any(fact == other for other in used)
            return (
                by(t, who)(fact) and at_about(t, fact, answer.t) and (fact.get("outcome") == "refused") == refused and not again
            )  # fmt: skip

        found = expect_fact(t, "HUB-PRIV-001", "c1", words, fits)
        t.check(
            "HUB-LAW-012",
            found is not None,
            f"{words} in the access log, with who and when",
            found or "no such fact",
        )
        if found is not None:
            used.append(found)
            whole = bool(found.get("what")) and bool(found.get("basis"))
            t.check("HUB-PRIV-001", whole, f"what and basis of {words}", dict(found))


@case(
    "TC-HUB-PRIV-02",
    ko="알림과 경보로 내준 것은 제공 사실로 남는다",
    en="What is given out by notice and alert is kept as provision",
    verifies=["HUB-PRIV-002"],
    needs=["privacy"],
    town=Town(children=1, parts=("pole", "desk")),
    steps=[
        ("pole이 t1의 tag.called를 보낸다", "pole sends tag.called of t1"),
        ("c1의 접근 기록을 읽는다", "the access log of c1 is read"),
    ],
    criteria=[
        (
            "받은 보호자와 상황실을 말하는 fact provision이 있다",
            "facts of sort provision name the guardian and the desk that got it",
        )
    ],
)
def given_out(t: HubBench) -> None:
    call = t.tag_called("pole", "t1", 1)
    given_incident(t, "tag_call", call, "c1")
    given_down(t, "guardian/g1", "notice", call, t.about("tag_call", "c1"))
    for who in ("guardian/g1", "desk/d112"):

        def provided(fact: Fact, who: str = who) -> bool:
            return fact.get("fact") == "provision" and names(t, fact, who) and at_about(t, fact, call.t)

        expect_fact(t, "HUB-PRIV-002", "c1", f"the provision to {who}", provided)


@case(
    "TC-HUB-PRIV-03",
    ko="사건의 카메라를 본 일은 열람 사실로 남는다",
    en="A look through a camera of an incident is kept as view",
    verifies=["HUB-PRIV-003"],
    needs=["privacy", "cameras", "tokens"],
    town=Town(children=1, parts=("pole", "desk", "camera"), extra=lambda m: [operator(m), watching(m)]),
    steps=[
        ("pole이 t1의 tag.called를 보낸다", "pole sends tag.called of t1"),
        (
            "o1이 그 사건의 카메라 cam의 정지 화면을 연다",
            "o1 opens the still picture of cam at that incident",
        ),
        ("c1의 접근 기록을 읽는다", "the access log of c1 is read"),
    ],
    criteria=[("o1이 본 fact view가 있다", "there is a fact of sort view by o1")],
)
def looked(t: HubBench) -> None:
    t.login("operator/o1")
    incident = given_incident(t, "tag_call", t.tag_called("pole", "t1", 1), "c1")
    look = t.http("GET", f"/v1/incidents/{incident}/cameras/{t.id('cam')}/snapshot", who="operator/o1")
    t.given(look.status == 307, f"the camera can be looked through: {look.status} {look.body[:200]!r}")
    expect_fact(
        t, "HUB-PRIV-003", "c1", "the look of o1 as view",
        lambda f: f.get("fact") == "view" and names(t, f, "operator/o1") and at_about(t, f, look.t),
    )  # fmt: skip


@case(
    "TC-HUB-PRIV-04",
    ko="동의 없이 구조에 쓴 것은 근거가 rescue다",
    en="What was used for rescue without consent has the basis rescue",
    verifies=["HUB-PRIV-004"],
    needs=["privacy"],
    town=RESCUE,
    before=[
        (
            "c1은 수집과 112 제공에 동의하지 않았다",
            "for c1 neither collection nor provision to 112 is consented to",
        )
    ],
    steps=[
        ("pole이 t1의 tag.called를 보낸다", "pole sends tag.called of t1"),
        ("c1의 접근 기록을 읽는다", "the access log of c1 is read"),
    ],
    criteria=[
        (
            "상황실에 내준 사실의 basis는 rescue다",
            "the fact of the provision to the desk has the basis rescue",
        )
    ],
)
def rescued(t: HubBench) -> None:
    call = t.tag_called("pole", "t1", 1)
    given_incident(t, "tag_call", call, "c1")
    found = expect_fact(
        t, "HUB-PRIV-004", "c1", "what the desk was given",
        lambda f: f.get("fact") in ("provision", "rescue") and names(t, f, "desk/d112") and at_about(t, f, call.t),
    )  # fmt: skip
    if found is not None:
        t.check("HUB-PRIV-004", found.get("basis") == "rescue", "the basis rescue", found.get("basis"))


def fix_at(t: HubBench, x: float, y: float) -> Message:
    """A fix of p1, told and dealt with, whether or not it is kept."""
    fix = t.located("p1", x, y, t.now() - 1)
    t.given(t.receipt(fix, SETUP_S) is not None, "the fix has a receipt")
    t.settle()
    return fix


@case(
    "TC-HUB-PRIV-05",
    ko="동의의 정지와 철회는 응답부터 효력이 있다",
    en="Suspension and withdrawal of consent hold from the answer on",
    verifies=["HUB-PRIV-005"],
    needs=["privacy", "location", "tokens"],
    town=LOCATED,
    rows={"suspended": {"status": "suspended"}, "withdrawn": {"status": "withdrawn"}},
    steps=[
        ("p1이 위치를 보내고 g1이 위치를 묻는다", "p1 sends a fix, and g1 asks for the position"),
        ("g1이 putConsent로 정지(철회)한다", "g1 suspends (withdraws) by putConsent"),
        ("곧바로 g1이 위치와 경로를, o1이 사유와 함께 위치를 묻는다",
         "at once g1 asks for position and path, and o1 for the position with a reason"),
        ("p1이 다른 곳의 위치를 보내고, g1이 다시 동의한 뒤 경로를 묻는다",
         "p1 sends a fix elsewhere; g1 consents again and asks for the path"),
        ("p1이 또 위치를 보내고 g1이 위치를 묻는다", "p1 sends one more fix, and g1 asks for the position"),
    ],
    criteria=[
        ("정지(철회) 뒤의 물음은 모두 403이나 404다. 그동안의 위치는 경로에 없다. 다시 동의한 뒤의 위치는 있다",
         "after that all queries get 403 or 404; the fix sent meanwhile is not in the path; the one after consenting again is known"),
    ],
)  # fmt: skip
def from_the_answer_on(t: HubBench, status: str) -> None:
    g1, o1 = t.login("guardian/g1"), t.login("operator/o1")
    given_fix(t)
    given_position(t, "c1", g1)
    consent(t, g1, "c1", status)
    for words, answer in (
        ("the position to g1", position(t, "c1", g1)), ("the path to g1", path(t, "c1", g1)),
        ("the position to o1", position(t, "c1", o1, "routine check 8")),
    ):  # fmt: skip
        t.check(
            "HUB-PRIV-005", answer.status in (403, 404), f"403 or 404 for {words}", answer.status, seen=answer
        )
    fix_at(t, 300, 90)
    answer = position(t, "c1", g1)
    t.check(
        "HUB-PRIV-005", answer.status in (403, 404), "403 or 404 after a new fix", answer.status, seen=answer
    )
    consent(t, g1, "c1", "given")
    kept = [p for p in points(path(t, "c1", g1)) if near(p, 300, 90)]
    t.check("HUB-PRIV-005", not kept, "no position kept meanwhile", kept)
    t.accepted(t.located("p1", 350, 60, t.now() - 1))
    answer = poll(t, lambda: position(t, "c1", g1), lambda a: a.status == 200)
    t.given(answer.status == 200, f"a position once consented again: {answer.status}")


@case(
    "TC-HUB-PRIV-06",
    ko="법정대리인이 아닌 보호자의 putConsent와 eraseChild는 403이다",
    en="putConsent and eraseChild by a guardian who is not the legal representative get 403",
    verifies=["HUB-PRIV-006"],
    needs=["privacy", "tokens"],
    town=Town(children=1, parts=("pole",), extra=lambda m: [m.guardian("h1", ["c1"], legal=False)]),
    before=[("h1의 children에 c1이 있고 legal은 false다", "children of h1 names c1, and its legal is false")],
    steps=[
        (
            "h1이 c1의 putConsent(철회)와 eraseChild를 부른다",
            "h1 calls putConsent (withdrawn) and eraseChild of c1",
        ),
        ("c1의 위치를 p1이 보내고 묻는다", "p1 sends a fix of c1, which is asked for"),
    ],
    criteria=[("둘 다 403이고 아무것도 바뀌지 않았다", "both get 403, and nothing has changed")],
)
def not_legal(t: HubBench) -> None:
    t.login("guardian/h1")
    answer = consent(t, "guardian/h1", "c1", "withdrawn", setup=False)
    t.check("HUB-PRIV-006", answer.status == 403, "403 for putConsent", answer.status, seen=answer)
    answer = t.http("POST", f"/v1/children/{t.id('c1')}/erase", who="guardian/h1")
    t.check("HUB-PRIV-006", answer.status == 403, "403 for eraseChild", answer.status, seen=answer)
    t.receipt(t.located("p1", 500, 60, t.now() - 2), SETUP_S)
    known = poll(t, lambda: position(t, "c1"), lambda a: a.status == 200)
    t.check(
        "HUB-PRIV-006", known.status == 200, "the child and its consent as before", known.status, seen=known
    )


def queries_of(t: HubBench, child: str) -> list[tuple[str, Answer]]:
    """Every query about a child, by the admin."""
    where = f"/v1/children/{t.id(child)}"
    found = [(name, t.http("GET", f"{where}/{name}")) for name in ("position", "path", "access-log", "data")]
    return [*found, ("registry item", t.http("GET", f"/v1/registry/child/{t.id(child)}"))]


@case(
    "TC-HUB-PRIV-07",
    ko="파기한 어린이에 대한 모든 물음은 404이며 재시작한 뒤에도 같다",
    en="After erase every query of the child gets 404, after a restart too",
    verifies=["HUB-PRIV-007"],
    needs=["privacy", "restart"],
    town=Town(children=2, parts=("pole", "desk")),
    alone=True,
    steps=[
        (
            "p1·p2가 위치를 보내고 pole이 t1의 tag.called를 보낸다",
            "p1 and p2 send fixes, pole sends tag.called of t1",
        ),
        ("c1을 파기한다(eraseChild)", "c1 is erased (eraseChild)"),
        (
            "위치, 경로, 접근 기록, 자료, 등록 항목을 묻는다",
            "position, path, access log, data and registry item are asked for",
        ),
        (
            "시험 대상을 죽이고 다시 켠 뒤 다시 묻는다",
            "the system is killed and started again, and all is asked for again",
        ),
    ],
    criteria=[
        ("c1의 모든 물음은 404, c2의 위치는 200", "404 for all queries of c1, 200 for the position of c2")
    ],
)
def erased_for_good(t: HubBench) -> None:
    given_fix(t)
    given_fix(t, "p2", "c2", 500, 360)
    given_incident(t, "tag_call", t.tag_called("pole", "t1", 1), "c1")
    erased = t.http("POST", f"/v1/children/{t.id('c1')}/erase")
    t.require("HUB-PRIV-007", erased.status == 200, "200 for eraseChild", erased.status, seen=erased)
    for when in ("after erase", "after a restart"):
        for name, answer in queries_of(t, "c1"):
            t.check(
                "HUB-PRIV-007", answer.status == 404, f"404 for {name} {when}", answer.status, seen=answer
            )
        if when == "after erase":
            t.restart()
    other = position(t, "c2")
    t.given(other.status == 200, f"the position of c2 after the restart: {other.status}")


@case(
    "TC-HUB-PRIV-08",
    ko="data는 허브가 가진 어린이의 모든 것을 준다",
    en="data gives everything the hub holds of the child",
    verifies=["HUB-PRIV-009", "HUB-LAW-019"],
    needs=["privacy", "tokens"],
    town=Town(children=1, parts=("pole", "desk")),
    steps=[
        ("p1이 위치를, pole이 t1의 tag.called를 보낸다", "p1 sends a fix, pole sends tag.called of t1"),
        ("법정대리인 g1이 c1의 data를 부른다", "the legal representative g1 calls data of c1"),
        ("g1이 c1을 파기하고 위치를 묻는다", "g1 has c1 erased, and its position is asked for"),
    ],
    criteria=[
        ("등록(어린이와 연결), 보낸 위치, 그 알림, 그 사건, 사실이 모두 있다",
         "it holds registry (child and bindings), the position that was sent, the notice, the incident, and facts"),
        ("파기는 200이고 그 뒤의 물음은 404다", "erase gets 200, the query after it 404"),
    ],
)  # fmt: skip
def all_of_it(t: HubBench) -> None:
    g1 = t.login("guardian/g1")
    given_fix(t, x=500, y=60)
    call = t.tag_called("pole", "t1", 1)
    incident = given_incident(t, "tag_call", call, "c1")
    notice = given_down(t, "guardian/g1", "notice", call, t.about("tag_call", "c1"))
    logged = access_log(t, "c1", g1)
    answer = t.http("GET", f"/v1/children/{t.id('c1')}/data", who=g1)
    t.check(
        "HUB-LAW-019", answer.status == 200, "200 for the legal representative", answer.status, seen=answer
    )
    body = answer.json if answer.status == 200 else {}
    items = {(i.get("kind"), i.get("id")) for i in body.get("registry", [])}
    for kind, id_ in (
        ("child", "c1"),
        ("binding", "b-t1"),
        ("binding", "b-p1"),
        ("consent", "k-c1"),
        ("guardian", "g1"),
    ):
        t.check(
            "HUB-PRIV-009",
            (kind, t.id(id_)) in items,
            f"the {kind} {id_} in registry",
            sorted(items),
            seen=answer,
        )
    placed = [p for p in body.get("positions", []) if near(p, 500, 60)]
    t.check("HUB-PRIV-009", bool(placed), "the position that was sent", body.get("positions"), seen=answer)
    ids = [n.get("id") for n in body.get("notices", [])]
    t.check("HUB-PRIV-009", notice.id in ids, f"the notice {notice.id}", ids, seen=answer)
    ids = [i.get("id") for i in body.get("incidents", [])]
    t.check("HUB-PRIV-009", incident in ids, f"the incident {incident}", ids, seen=answer)
    missing = [f for f in logged if f not in body.get("facts", [])]
    t.check(
        "HUB-PRIV-009",
        bool(logged) and not missing,
        "the facts of the access log",
        missing or "no facts",
        seen=answer,
    )
    erased = t.http("POST", f"/v1/children/{t.id('c1')}/erase", who=g1)
    t.check(
        "HUB-LAW-019",
        erased.status == 200,
        "the legal representative can have it erased",
        erased.status,
        seen=erased,
    )
    gone = position(t, "c1")
    t.check("HUB-LAW-019", gone.status == 404, "404 afterwards", gone.status, seen=gone)
