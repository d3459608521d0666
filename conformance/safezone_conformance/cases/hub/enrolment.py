"""18.3: enrolment of parents. The number for the identity step is given by the school (issuePin), so no text message is needed.

A hub limits tries by the tester's address. So the two cases here that must succeed make few calls, one after another
where they are refused with 429, and the case that provokes 429 runs last of all.
"""

from collections.abc import Mapping
from typing import Any

from safezone_conformance.case import case
from safezone_conformance.cases.hub._people import patiently, staff
from safezone_conformance.hub_bench import Answer, HubBench
from safezone_conformance.town import NAMES, Town
from safezone_conformance.wire import iso

SCHOOL = Town(children=1, parts=(), extra=lambda m: [staff(m)])
CHOICES = {"collect": True, "notify_guardians": False, "provide_112": True}
PARENT = "이새봄"
TRIES = 100


def code_for(t: HubBench, child: str = "c1", **more: Any) -> str:
    """A code of the school."""
    answer = t.http(
        "POST", f"/v1/zones/{t.zone}/enrolment-codes", who="school/s1", json={"child": t.id(child)} | more
    )
    t.given(answer.status == 201, f"a code: {answer.status} {answer.body[:200]!r}")
    return str(answer.json["code"])


def begin(t: HubBench, code: str, name: str = PARENT, number: str = "010-0000-7301") -> Answer:
    """A parent begins, and will come to the school."""
    contact = {"channel": "sms", "address": number}
    return t.http(
        "POST",
        "/v1/enrolments",
        who="nobody",
        json={"code": code, "name": name, "contact": contact, "in_person": True},
    )


def step(t: HubBench, enrolment: str, what: str, body: Mapping[str, Any]) -> Answer:
    """A step of the parent: verify, consent."""
    return t.http("POST", f"/v1/enrolments/{enrolment}/{what}", who="nobody", json=dict(body))


def pin_for(t: HubBench, enrolment: str) -> str:
    """The number that the school hands over."""
    answer = t.http("POST", f"/v1/enrolments/{enrolment}/pin", who="school/s1", json={"legal": True})
    t.given(answer.status == 201, f"a number of the school: {answer.status} {answer.body[:200]!r}")
    return str(answer.json["pin"])


def guardians(t: HubBench) -> list[str]:
    """Ids of the registered guardians of the zone."""
    answer = t.http("GET", f"/v1/registry/guardian?zone={t.zone}")
    t.given(answer.status == 200, f"the list of guardians: {answer.status}")
    return [str(i["id"]) for i in answer.json["items"]]


def alike(first: Answer, second: Answer) -> bool:
    """Whether two refusals are the same answer."""

    def seen(a: Answer) -> tuple[Any, ...]:
        body = a.json if isinstance(a.json, Mapping) else {}
        return a.status, *(body.get(k) for k in ("title", "type", "detail"))

    return seen(first) == seen(second)


@case(
    "TC-HUB-ACC-13",
    ko="학부모는 코드, 신원 확인, 항목별 동의의 차례로 등록하고 코드는 한 번만 쓴다",
    en="A parent enrols by code, identity step and consent item by item, and a code is good once",
    verifies=["HUB-ACC-013", "HUB-ACC-014", "HUB-ACC-016"],
    needs=["enrolment", "tokens"],
    town=SCHOOL,
    slow_s=15.0,
    before=[("학교의 s1이 코드를 만들고, 찾아온 학부모에게 번호를 준다(issuePin)",
             "s1 of the school makes the codes, and gives the number to the parent who came (issuePin)")],
    steps=[
        ("s1이 c1의 코드를 둘 만든다. 하나는 5초 뒤 만료된다", "s1 makes two codes for c1, one to expire in 5 s"),
        ("첫 코드로 시작하고 곧바로 동의를 보낸다", "a parent begins with the first and sends consent at once"),
        ("s1이 준 번호로 신원을 확인한다", "the parent proves identity by the number s1 gave"),
        ("항목별로 동의한다", "the parent consents item by item"),
        ("쓴 코드, 만료된 코드, 지어낸 코드로 시작한다", "it is begun with the used code, the expired one, and an invented one"),
    ],
    criteria=[
        ("건너뛴 동의는 409다. 동의하기 전에는 보호자가 늘지 않고 응답에 어린이의 이름과 id가 없다",
         "consent out of turn gets 409; before consent there is no new guardian, and no answer holds name or id of the child"),
        ("동의한 뒤 그 항목대로 consent와 guardian이 등록되고 토큰을 받는다",
         "after it guardian and consent are registered with these items, and a token is given"),
        ("쓴 코드와 만료된 코드의 답은 같은 404다. 지어낸 코드도 같은 404거나, 코드의 모양이 아니면 422다",
         "the used and the expired code get the same 404; so does the invented one, or 422 if it has not the form of a code"),
    ],
)  # fmt: skip
def enrolled(t: HubBench) -> None:
    t.login("school/s1")
    before = guardians(t)
    short = code_for(t, expires_at=iso(t.now() + 5.0))
    expired_at = t.line.stamp() + 5.5
    code = code_for(t)
    opened = patiently(t, lambda: begin(t, code))
    t.require("HUB-ACC-013", opened.status == 201 and opened.json.get("state") == "identity", "201, the identity step comes next",
              f"{opened.status} {opened.body[:200]!r}", seen=opened)  # fmt: skip
    enrolment = str(opened.json["id"])
    early = patiently(t, lambda: step(t, enrolment, "consent", {"items": CHOICES}))
    t.check(
        "HUB-ACC-013",
        early.status == 409,
        "409 for consent before the identity step",
        early.status,
        seen=early,
    )
    pin = pin_for(t, enrolment)
    known = patiently(t, lambda: step(t, enrolment, "verify", {"pin": pin}))
    t.require("HUB-ACC-013", known.status == 200 and known.json.get("state") == "consent", "200, consent comes next",
              f"{known.status} {known.body[:200]!r}", seen=known)  # fmt: skip
    words = {"the child's name": f"{NAMES[0]}1", "the child's id": t.id("c1")}
    for name, answer in (("begin", opened), ("consent out of turn", early), ("verify", known)):
        told = [what for what, word in words.items() if word.encode() in answer.body]
        t.check("HUB-ACC-016", not told, f"nothing of the child in the answer to {name}", told, seen=answer)
    new = [g for g in guardians(t) if g not in before]
    t.check("HUB-ACC-016", not new, "no guardian registered before consent", new)
    done = patiently(t, lambda: step(t, enrolment, "consent", {"items": CHOICES}))
    t.require(
        "HUB-ACC-013", done.status == 200, "200 for consent", f"{done.status} {done.body[:200]!r}", seen=done
    )
    guardian = str(done.json.get("guardian"))
    t.check(
        "HUB-ACC-013", bool(done.json.get("token")), "a token for the parent", sorted(done.json), seen=done
    )
    if done.json.get("state") == "written":  # a hub may want the form of every parent
        form = t.http("POST", f"/v1/enrolments/{enrolment}/written", who="school/s1", json={"received": True})
        t.given(form.status == 200, f"the school holds the form: {form.status}")
    t.check("HUB-ACC-013", guardian in guardians(t), "the guardian is registered", guardian)
    listed = t.http("GET", f"/v1/registry/consent?zone={t.zone}")
    mine = [i for i in listed.json["items"] if i.get("guardian") == guardian] if listed.status == 200 else []
    whole = len(mine) == 1 and mine[0].get("items") == CHOICES and mine[0].get("child") == t.id("c1")
    t.check("HUB-ACC-013", whole, f"the consent with the items {CHOICES}", mine)
    t.keep_token("enrolled", done)
    me = t.http("GET", "/v1/me", who="enrolled")
    t.given(
        me.status == 200 and me.json.get("principal") == guardian, f"the token is the parent's: {me.status}"
    )
    t.await_all(max(t.line.stamp(), expired_at))
    used = patiently(t, lambda: begin(t, code, "박여름", "010-0000-7302"))
    t.check(
        "HUB-ACC-014",
        used.status == 404,
        "404 for a code that was used",
        f"{used.status} {used.title}",
        seen=used,
    )
    late = patiently(t, lambda: begin(t, short, "박여름", "010-0000-7302"))
    t.check(
        "HUB-ACC-014",
        late.status == 404,
        "404 for a code that has expired",
        f"{late.status} {late.title}",
        seen=late,
    )
    t.check(
        "HUB-ACC-014",
        alike(used, late),
        "the same answer to both",
        f"{used.body[:200]!r} and {late.body[:200]!r}",
        seen=late,
    )
    invented = patiently(
        t, lambda: begin(t, code[::-1] if code[::-1] != code else code + code, "박여름", "010-0000-7302")
    )
    same = alike(used, invented) or invented.status == 422
    t.check(
        "HUB-ACC-014",
        same,
        "the same answer to a code that does not exist, or 422",
        f"{invented.status} {invented.body[:200]!r}",
        seen=invented,
    )


@case(
    "TC-HUB-ACC-15",
    ko="코드와 번호를 거듭 시도하면 429를 받는다",
    en="Tries of codes and numbers are limited by 429",
    verifies=["HUB-ACC-015"],
    needs=["enrolment", "tokens"],
    town=SCHOOL,
    last=True,
    slow_s=10.0,
    steps=[
        ("학부모가 시작하고 s1이 번호를 준 뒤, 틀린 번호로 429가 올 때까지 확인을 시도한다",
         "a parent begins and s1 gives a number; wrong numbers are tried until 429 comes"),
        (f"지어낸 코드로 429가 올 때까지 시작을 시도한다(각각 많아야 {TRIES}번)",
         f"it is begun with invented codes until 429 comes ({TRIES} times at most, each)"),
    ],
)  # fmt: skip
def limited(t: HubBench) -> None:
    t.login("school/s1")
    opened = patiently(t, lambda: begin(t, code_for(t)))
    t.given(opened.status == 201, f"an enrolment: {opened.status} {opened.body[:200]!r}")
    enrolment = str(opened.json["id"])
    right = pin_for(t, enrolment)
    answer = opened
    for n in range(TRIES):
        wrong = f"{(int(right) + 1 + n) % 10 ** len(right):0{len(right)}d}"
        answer = step(t, enrolment, "verify", {"pin": wrong})
        t.given(answer.status != 200, "a wrong number does not hold")
        if answer.status == 429:
            break
    t.check(
        "HUB-ACC-015", answer.status == 429, f"429 within {TRIES} wrong numbers", answer.status, seen=answer
    )
    for n in range(TRIES):
        answer = begin(t, f"ZZZZ-{n:04d}", "박여름", "010-0000-7302")
        t.given(answer.status != 201, "an invented code does not hold")
        if answer.status == 429:
            break
    t.check(
        "HUB-ACC-015", answer.status == 429, f"429 within {TRIES} invented codes", answer.status, seen=answer
    )
