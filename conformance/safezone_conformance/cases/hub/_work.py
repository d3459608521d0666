"""What cases about incidents and their escalation have in common: posts, acting, the look of an incident, time that passes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from safezone_conformance.cases.hub._calls import act, incident, operator
from safezone_conformance.hub_bench import SETUP_S, Answer, Down, Flow, HubBench, Message
from safezone_conformance.town import TIMEZONE, Extra, Item, Maker
from safezone_conformance.wire import unix

OPERATOR = "operator/o1"
# Two clocks of one hub may be read a moment apart, and times are written to the millisecond.
EARLY_S = 0.1
WORKED = (
    "state",
    "version",
    "level",
    "marks",
    "linked",
    "withheld",
    "owner",
    "medical",
    "agencies",
    "closed_at",
)


def staffed(*more: Callable[[Maker], Item]) -> Extra:
    """The operator o1 at d112, and what is said besides."""
    return lambda m: [operator(m, "o1"), *(one(m) for one in more)]


def supervisor(make: Maker) -> Item:
    return make.desk("sup", "supervisor")


def fire_desk(make: Maker) -> Item:
    return make.desk("f119", "fire119")


def school_desk(make: Maker) -> Item:
    return make.desk("office", "school")


def staff(make: Maker) -> Item:
    return make.other("staff", "s1", name="김담임", nature="simulated")


# Calls and alerts


def names(message: Message, service: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an alert tells of this service and cites this message."""
    return lambda data: data.get("service") == service and message.ref in data.get("evidence", [])


def alerted(t: HubBench, sent: Message, service: str, *, desk: str = "d112") -> Down:
    """The desk's alert of a message, as a precondition."""
    wanted = names(sent, service)
    found = t.await_one(
        lambda s: t.is_down(s, f"desk/{desk}", "alert", wanted) and s.t >= sent.t, sent.t + SETUP_S
    )
    t.given(found is not None, f"an alert {service} comes to {desk}")
    assert isinstance(found, Down)
    return found


def call(
    t: HubBench, press: int = 1, *, tag: str = "t1", reader: str = "pole", at: float | None = None, **how: Any
) -> Down:
    """The alert of a tag call; its incident is ``call(…).data["incident"]``."""
    return alerted(t, t.tag_called(reader, tag, press, at, **how), "tag_call")


def awaited(
    t: HubBench, to: str, type_: str, where: Callable[[Mapping[str, Any]], bool] | None = None, what: str = ""
) -> Down:
    """Something to a principal that came already or comes now, as a precondition."""
    found = t.await_one(lambda s: t.is_down(s, to, type_, where), t.line.stamp() + SETUP_S)
    t.given(isinstance(found, Down), f"{what or type_} comes to {to}")
    assert isinstance(found, Down)
    return found


def id_of(alert: Down) -> str:
    return str(alert.data["incident"])


def flags(data: Mapping[str, Any]) -> Sequence[str]:
    found: Sequence[str] = data.get("flags", [])
    return found


def flagged(incident_id: str, *wanted: str) -> Callable[[Mapping[str, Any]], bool]:
    """A condition on an alert: of this incident, with these flags."""
    return lambda data: data.get("incident") == incident_id and all(f in flags(data) for f in wanted)


def urgent(incident_id: str) -> Callable[[Mapping[str, Any]], bool]:
    """A reminder or a climb of this incident."""
    return lambda data: (
        data.get("incident") == incident_id and bool({"reminder", "escalated"} & set(flags(data)))
    )


# Acting


def by_desk(
    t: HubBench,
    incident_id: str,
    action: str,
    *,
    desk: str = "d112",
    exercise: str | None = None,
    **more: Any,
) -> Message:
    """The desk's terminal sends incident.action; does not wait."""
    data = {"incident": incident_id, "action": action, **more}
    return t.send(f"desk/{desk}", "incident.action", data, exercise=exercise)


def post_action(
    t: HubBench, incident_id: str, body: Any, *, who: str = OPERATOR, headers: Mapping[str, str] | None = None
) -> Answer:
    """POST of an action, whatever the answer."""
    return t.http("POST", f"/v1/incidents/{incident_id}/actions", who=who, json=body, headers=headers)


def performed(t: HubBench, requirement: str, incident_id: str, verb: str, *, who: str, **more: Any) -> Answer:
    """An action that the case is about: a hub that refuses it breaks the requirement."""
    answer = post_action(t, incident_id, {"action": verb, **more}, who=who)
    t.require(requirement, answer.status == 200, f"200 to {verb}", answer.status, seen=answer)
    return answer


def worked(t: HubBench, incident_id: str, *, who: str = "admin") -> dict[str, Any]:
    """What actions change of an incident, with the length of its history."""
    body = incident(t, incident_id, who=who)
    return {k: body[k] for k in WORKED if k in body} | {"history": len(body["history"])}


def lines_by_people(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lines of an incident's history, without those of the hub itself: it may note more than is asked of it."""
    return [line for line in body["history"] if line.get("by") != "hub"]


def report(t: HubBench, who: str, child: str = "c1", **more: Any) -> Answer:
    """A child is reported missing."""
    return t.http("POST", f"/v1/zones/{t.zone}/incidents", who=who, json={"child": t.id(child), **more})


def reported(t: HubBench, who: str, child: str = "c1", **more: Any) -> tuple[Answer, str]:
    """A report as a precondition, with the incident's id."""
    answer = report(t, who, child, **more)
    t.given(
        answer.status == 201,
        f"the report of {who} is taken; it answered {answer.status} {answer.body[:200]!r}",
    )
    return answer, str(answer.json["id"])


# Time


def told_at(t: HubBench, alert: Down) -> float:
    """When the hub knew of the incident of this alert, seconds since 1970 of its zone's time."""
    body = incident(t, id_of(alert))
    return unix(body["told_at"]) if "told_at" in body else alert.sent_at


def expect_told_again(
    t: HubBench, requirement: str, desk: str, alert: Down, flag: str, due: float, *, base: float, limit: float, since: float
) -> Down:  # fmt: skip
    """Fails unless a desk is told again, with this flag, ``due`` seconds after ``base`` (seconds since 1970): not sooner,
    and at the latest ``limit`` later. Time must have passed up to then already, except ``limit`` seconds."""
    found = t.expect_down(requirement, f"desk/{desk}", "alert", within=t.line.stamp() - since + limit, since=since,
                          where=flagged(id_of(alert), flag), what=f"alert flagged {flag}")  # fmt: skip
    after = found.sent_at - base
    t.check(requirement, due - EARLY_S <= after <= due + limit, f"alert flagged {flag} to {desk} after {due:g} s",
            f"after {after:.3f} s", within=limit, seen=found)  # fmt: skip
    return found


def pass_until(flow: Flow, base: float, after: float) -> None:
    """Let time pass until ``after`` seconds from ``base`` of the zone's time."""
    left = base + after - flow.now
    if left > 0:
        flow.by(left)


def morning(t: HubBench, hhmm: str, days: int = 3) -> float:
    """A time of day some days ahead, seconds since 1970: a school day by the calendar of every town."""
    day = datetime.fromtimestamp(t.now(), ZoneInfo(TIMEZONE)) + timedelta(days=days)
    hour, minute = map(int, hhmm.split(":"))
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp()


__all__ = [
    "EARLY_S", "OPERATOR", "act", "alerted", "awaited", "by_desk", "call", "expect_told_again", "fire_desk", "flagged", "flags", "id_of",
    "incident", "lines_by_people", "morning", "names", "operator", "pass_until", "post_action", "report", "reported", "school_desk", "staff",
    "staffed", "supervisor", "told_at", "urgent", "worked",
]  # fmt: skip
