"""How a case comes to an incident: a bell or a tag is pressed, and the desk's alert names it."""

from collections.abc import Callable, Mapping
from typing import Any

from safezone_conformance.hub_bench import SETUP_S, Answer, Down, Hooked, HubBench, Message
from safezone_conformance.town import Item, Maker, lat_lon

ALERT_S = SETUP_S
POLL_S = 0.2


def alert_of(
    t: HubBench, since: Message | Answer, service: str, where: Callable[[Mapping[str, Any]], bool] | None = None
) -> Down:  # fmt: skip
    """The desk's first alert, as a precondition: neither a reminder nor what climbed."""

    def first(data: Mapping[str, Any]) -> bool:
        return not {"reminder", "escalated"} & set(data.get("flags", [])) and (where is None or where(data))

    start = since.question.t if isinstance(since, Answer) else since.t
    found = t.await_one(
        lambda s: t.is_down(s, "desk/d112", "alert", t.about(service, None, first)) and s.t >= start, start + ALERT_S
    )  # fmt: skip
    t.given(found is not None, f"an alert {service} comes to the desk")
    assert isinstance(found, Down)
    return found


def press_bell(t: HubBench, bell: str = "bell", press: int = 1, **how: Any) -> Down:
    """The alert of a press of this bell."""
    sent = t.bell_pressed(bell, press, **how)
    return alert_of(t, sent, "bell_call", lambda d: d.get("device") == t.id(bell))


def press_tag(t: HubBench, tag: str = "t1", press: int = 1, reader: str = "pole", **how: Any) -> Down:
    """The alert of a press of this tag, heard by a reader."""
    sent = t.tag_called(reader, tag, press, **how)
    return alert_of(t, sent, "tag_call", lambda d: d.get("child") == t.id(f"c{tag[1:]}"))


def incident_of(alert: Down) -> str:
    return str(alert.data["incident"])


def act(t: HubBench, incident: str, action: str, *, who: str = "admin", **more: Any) -> Answer:
    """What the desk does, as a precondition."""
    answer = t.http("POST", f"/v1/incidents/{incident}/actions", who=who, json={"action": action, **more})
    t.given(answer.status == 200, f"{action}: {answer.status} {answer.body[:200]!r}")
    return answer


def incident(t: HubBench, id_: str, *, who: str = "admin") -> dict[str, Any]:
    """As it now is, as a precondition."""
    answer = t.http("GET", f"/v1/incidents/{id_}", who=who)
    t.given(answer.status == 200, f"GET of incident {id_}: {answer.status} {answer.body[:200]!r}")
    return dict(answer.json)


def agency(make: Maker, name: str, service: str, **more: Any) -> Item:
    body = {"name": f"기관 {name}", "service": service, "nature": "simulated", "format": "json"} | more
    return make.other("agency", name, **body)


def webhook(t: HubBench, hook: str, answers: tuple[int, ...] = (200,)) -> dict[str, str]:
    """A webhook of an agency, at a hook of the tester."""
    return {"url": t.hook(hook, answers), "secret": t.identity.secret(hook)}


def contact(t: HubBench, hook: str, answers: tuple[int, ...] = (200,)) -> dict[str, str]:
    """A contact of a guardian, at a hook of the tester."""
    return {"channel": "webhook", "address": t.hook(hook, answers), "secret": t.identity.secret(hook)}


def patrol(make: Maker, name: str, at: tuple[float, float], **more: Any) -> Item:
    body = {"name": f"순찰 {name}", "type": "patrol", **lat_lon(*at), "nature": "simulated"} | more
    return make.other("unit", name, **body)


def operator(make: Maker, name: str) -> Item:
    return make.other(
        "operator", name, name=f"당직 {name}", desk=make.identity.id("d112"), rank="operator", nature="simulated"
    )  # fmt: skip


def handed_to(t: HubBench, id_: str, who: str, within: float = SETUP_S) -> bool:
    """Whether an agency may see an incident, within a time."""
    end = t.line.stamp() + within
    while t.http("GET", f"/v1/incidents/{id_}", who=who).status != 200:
        now = t.line.stamp()
        if now >= end:
            return False
        t.await_all(now + POLL_S)
    return True


def next_post(
    t: HubBench, hook: str, until: float, where: Callable[[Hooked], bool] | None = None
) -> Hooked | None:
    """The next POST to a hook."""
    found = t.await_one(
        lambda s: isinstance(s, Hooked) and s.name == hook and (where is None or where(s)), until
    )  # fmt: skip
    return found if isinstance(found, Hooked) else None


def posts(t: HubBench, hook: str) -> list[Hooked]:
    """Every POST to a hook so far."""
    return [s for s in t.arrived if isinstance(s, Hooked) and s.name == hook]
