"""What the cases about people share: their items, the access log, positions, and questions asked again until the answer fits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from safezone_conformance.hub_bench import SETUP_S, Answer, Down, HubBench, Message
from safezone_conformance.town import Item, Maker, home_of, lat_lon
from safezone_conformance.wire import iso, unix

SOON_S = 5.0  # for what a hub writes down beside its answer: no limit of the standard, but patience
POLL_S = 0.2
WAIT_MAX_S = 90.0  # longer nobody waits for a hub that limits tries
PICTURE = "https://camera.invalid/still.jpg"


# People and their things


def operator(m: Maker, name: str = "o1", desk: str = "d112") -> Item:
    return m.other(
        "operator", name, name="근무자", desk=m.identity.id(desk), rank="operator", nature="simulated"
    )


def staff(m: Maker, name: str = "s1") -> Item:
    return m.other("staff", name, name="교직원", nature="simulated")


def agency(m: Maker, name: str, service: str) -> Item:
    return m.other("agency", name, name="기관", service=service, nature="simulated", format="json")


def unit(m: Maker, name: str = "u1") -> Item:
    return m.other("unit", name, name="순찰", type="patrol", nature="simulated", **lat_lon(400, 0))


def watching(m: Maker) -> Item:
    """The camera ``cam``, with a still picture."""
    return m.camera("cam", (520, 0), {"w": 270, "e": 90}, snapshot_url=PICTURE)


def abroad(m: Maker) -> list[Item]:
    """A second zone ``z2`` of the same hub: child x1, its guardian gx1, a desk with the operator ox, staff sx, unit ux."""
    other = m.identity.id("z2")
    items = [
        {**m.zone(), "id": other},
        m.desk("dx"),
        m.area("homex", "home", home_of(9), 50),
        m.other(
            "child",
            "x1",
            name="이웃구역아이",
            grade=4,
            number=1,
            home=m.identity.id("homex"),
            places=[],
            routes=[],
        )
        | {"class": 1},
        m.guardian("gx1", ["x1"]),
        m.consent("x1", "gx1"),
        operator(m, "ox", "dx"),
        staff(m, "sx"),
        unit(m, "ux"),
    ]
    return [i | {"zone": other} for i in items]


# Questions


def poll(
    t: HubBench, ask: Callable[[], Answer], fits: Callable[[Answer], bool], within: float = SOON_S
) -> Answer:
    """The first answer that fits, else the last one given before ``within`` seconds are over."""
    until = t.line.stamp() + t.allowed(within)
    while True:
        answer = ask()
        if fits(answer) or answer.t >= until:
            return answer
        t.await_all(answer.t + POLL_S)


def given_down(
    t: HubBench, to: str, type_: str, since: Message, where: Callable[[Mapping[str, Any]], bool]
) -> Down:
    """A message that must have come for the case to go on."""
    found = t.await_one(lambda s: t.is_down(s, to, type_, where) and s.t >= since.t, since.t + SETUP_S)
    t.given(found is not None, f"{type_} to {to}")
    assert isinstance(found, Down)
    return found


def given_incident(t: HubBench, service: str, since: Message, child: str | None = None) -> str:
    """The incident of an alert that comes upon a message."""
    alert = given_down(t, "desk/d112", "alert", since, t.about(service, child))
    incident = alert.data.get("incident")
    t.given(incident is not None, "the alert names its incident")
    return str(incident)


def act(t: HubBench, incident: str, action: str, **more: Any) -> Answer:
    """An action of the desk that must succeed for the case to go on."""
    answer = t.http("POST", f"/v1/incidents/{incident}/actions", json={"action": action} | more)
    t.given(answer.status == 200, f"{action}: {answer.status} {answer.body[:200]!r}")
    return answer


def position(t: HubBench, child: str, who: str = "admin", reason: str | None = None) -> Answer:
    headers = None if reason is None else {"x-access-reason": reason}
    return t.http("GET", f"/v1/children/{t.id(child)}/position", who=who, headers=headers)


def path(t: HubBench, child: str, who: str = "admin") -> Answer:
    return t.http("GET", f"/v1/children/{t.id(child)}/path", who=who)


def points(answer: Answer) -> list[Mapping[str, Any]]:
    body = answer.json
    return list(body.get("points", [])) if answer.status == 200 and isinstance(body, Mapping) else []


def given_position(t: HubBench, child: str, who: str = "admin") -> Answer:
    """The hub knows where a child is."""
    answer = poll(t, lambda: position(t, child, who), lambda a: a.status == 200)
    t.given(answer.status == 200, f"a position of {child} for {who}: {answer.status} {answer.body[:200]!r}")
    return answer


def given_fix(
    t: HubBench, phone: str = "p1", child: str = "c1", x: float = 500.0, y: float = 60.0
) -> Message:
    """A fix of a child's phone that the hub took and shows."""
    fix = t.located(phone, x, y, t.now() - 2)
    t.accepted(fix)
    given_position(t, child)
    return fix


def access_log(t: HubBench, child: str, who: str = "admin") -> list[Mapping[str, Any]]:
    """All facts of a child, page by page."""
    found: list[Mapping[str, Any]] = []
    after = ""
    for _ in range(20):
        answer = t.http("GET", f"/v1/children/{t.id(child)}/access-log{after}", who=who)
        t.given(answer.status == 200, f"the access log of {child}: {answer.status} {answer.body[:200]!r}")
        body = answer.json
        found += body["items"]
        if not body.get("next"):
            break
        after = f"?after={body['next']}"
    return found


Fact = Mapping[str, Any]


def find_fact(t: HubBench, child: str, fits: Callable[[Fact], bool], who: str = "admin") -> Fact | None:
    """The first fact that fits, once it is there; None if it is not soon."""
    until = t.line.stamp() + t.allowed(SOON_S)
    while True:
        found = next((f for f in access_log(t, child, who) if fits(f)), None)
        now = t.line.stamp()
        if found is not None or now >= until:
            return found
        t.await_all(now + POLL_S)


def expect_fact(
    t: HubBench, requirement: str, child: str, what: str, fits: Callable[[Fact], bool], who: str = "admin"
) -> Fact | None:
    """Fails unless such a fact is in the child's access log soon. ``what``: in words."""
    found = find_fact(t, child, fits, who)
    t.check(requirement, found is not None, f"the access log shows {what}", found or "no such fact")
    return found


def by(t: HubBench, who: str) -> Callable[[Fact], bool]:
    """Facts of ``role/name``."""
    role, name = who.split("/")
    return lambda f: f.get("by") == f"{role}/{t.id(name)}"


def at_about(t: HubBench, fact: Fact, moment: float, slack: float = 10.0) -> bool:
    """Whether a fact's time is that moment of the case."""
    return abs(unix(str(fact["at"])) - t.unix(moment)) <= t.allowed(slack)


def consent(t: HubBench, who: str, child: str, status: str, *, setup: bool = True, **allowed: bool) -> Answer:
    """putConsent: to everything, save what ``allowed`` says otherwise."""
    items = {"collect": True, "notify_guardians": True, "provide_112": True} | allowed
    answer = t.http(
        "PUT", f"/v1/children/{t.id(child)}/consent", who=who, json={"items": items, "status": status}
    )
    if setup:
        t.given(answer.status == 200, f"consent {status} by {who}: {answer.status} {answer.body[:200]!r}")
    return answer


def token(t: HubBench, who: str, role: str, name: str, **more: Any) -> Answer:
    """A token for a registered principal under the name ``who``; its answer, with the token itself left out."""
    body = {"role": role, "principal": t.id(name), "zone": t.zone} | more
    answer = t.http("POST", "/v1/tokens", json={k: v for k, v in body.items() if v is not None})
    t.given(answer.status == 201, f"a token for {who}: {answer.status} {answer.body[:200]!r}")
    t.keep_token(who, answer)
    return answer


def patiently(t: HubBench, ask: Callable[[], Answer]) -> Answer:
    """An answer other than 429: where tries are limited the case waits as long as it is told to, and tries again."""
    spent = 0.0
    while True:
        answer = ask()
        if answer.status != 429:
            return answer
        wait = answer.headers.get("retry-after", "5")
        seconds = float(wait) if wait.isdigit() else 5.0
        spent += seconds
        t.given(spent <= WAIT_MAX_S, f"the hub limits tries for {spent:.0f} s and more")
        t.await_all(answer.t + seconds + 0.2)


def in_the_past(t: HubBench, seconds: float) -> str:
    return iso(t.now() - seconds)


def absent(body: bytes, words: Sequence[str]) -> list[str]:
    """Which of these words an answer holds after all."""
    return [w for w in words if w.encode() in body]
