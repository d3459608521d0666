"""The door: who is asking, may they, and the record of every look at a child. Nothing answers without it.

Target, circumstances, decision, record and answer are one step on the engine's thread: nothing can change
between the decision and the look, and the record is durable before the answer leaves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from safezone_hub import requests
from safezone_hub.access import (
    KIND_OF_ROLE,
    Circumstances,
    Decision,
    Principal,
    Target,
    decide,
    in_school_hours,
    in_scope,
    may_ever,
    next_school_hours,
)
from safezone_hub.api.call import Call
from safezone_hub.api.problem import Problem, not_found
from safezone_hub.clock import format_time
from safezone_hub.enrolment import CASE_KIND
from safezone_hub.pipeline import Work
from safezone_hub.zones import ZoneDesk, Zones

T = TypeVar("T")

PROVIDER = "sms-provider"
_CHALLENGE = {"www-authenticate": 'Bearer realm="safezone"'}
_BASIS = {
    "own_child": "consent",
    "legal_representative": "consent",
    "self": "consent",
    "school_hours": "consent",
    "open_incident": "rescue",
    "handed_over": "rescue",
    "own_zone": "rescue",
}
# What gives a third party the place of a child: the guardians are told of it.
_PROVIDING = frozenset({"getPosition", "getPath"})
_THIRD_PARTIES = frozenset({"operator", "school", "agency", "peer"})


@dataclass(frozen=True)
class Found:
    """What a finder gives: the target, the zone's desk, and what the answer should call the thing."""

    target: Target
    desk: ZoneDesk | None = None
    name: str = "such thing"
    agencies: frozenset[str] = frozenset()  # those that have the incident


@dataclass(frozen=True)
class Sight:
    """What an answer is made from, on the engine's thread, once it was decided that it may be made."""

    zones: Zones
    work: Work
    who: Principal
    target: Target
    facts: Circumstances
    wall: float
    _desk: ZoneDesk | None

    @property
    def desk(self) -> ZoneDesk:
        assert self._desk is not None, "a target in a zone has a desk"
        return self._desk

    @property
    def now(self) -> float:
        """The zone's present time."""
        return self.zones.zone_time(self.desk, self.wall)


Finder = Callable[[Zones, Principal], Found]


def authenticate(call: Call) -> Principal:
    """The holder of the token. 401 without a valid one, 429 after too many tries with wrong ones."""
    scheme, _, given = call.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given:
        who = call.services.book.find(given.strip(), call.wall)
        if who is not None:
            return who
        courier = call.services.courier
        if (
            call.operation.name == "putSmsReceipt"
            and courier is not None
            and courier.may_report(given.strip())
        ):
            return Principal("admin", PROVIDER, scopes=frozenset({"putSmsReceipt"}))
        # Only wrong tokens are counted: nobody can lock out others behind the same address.
        call.services.failed_tokens.take(call.address)
    raise Problem(
        401, "unauthorized", "send Authorization: Bearer with a token that is valid now", headers=_CHALLENGE
    )


def admit(call: Call) -> None:
    """Whether this role and this token have the operation at all, before anything is looked up."""
    who, name = call.principal, call.operation.name
    if not may_ever(who, name):
        raise Problem(403, "wrong_role", f"{name} is not for the role {who.role}")
    if not in_scope(who, name):
        raise Problem(403, "not_in_scope", f"the token was not made for {name}")


async def on(call: Call, find: Finder, question: Callable[[Sight], T]) -> T:
    """Decide, record and answer in one step on the engine's thread. What it wrote is durable when this returns."""

    def step(zones: Zones, work: Work) -> T:
        who = call.principal
        _refuse_gone(zones, who)
        found = find(zones, who)
        target, desk = found.target, found.desk
        facts = circumstances(zones, found, call.wall, call.access_reason)
        decision = decide(who, call.operation.name, target, facts)
        if decision.record:
            record_look(zones, work, who, call.operation.name, target, decision, facts, call.wall)
        if not decision.allowed:
            raise _refusal(zones, desk, decision, found.name, call.wall)
        answer = question(Sight(zones, work, who, target, facts, call.wall, desk))
        if decision.record:  # only what was really given is a provision: a 404 gives nothing
            tell_provision(zones, work, who, call.operation.name, target, decision, call.wall)
        return answer

    answer = await call.ask(step)
    call.decided = True
    return answer


def circumstances(zones: Zones, found: Found, wall: float, access_reason: str) -> Circumstances:
    """What holds now about a target and its child. On the engine's thread."""
    desk, child = found.desk, found.target.child
    if desk is None:
        return Circumstances(access_reason=access_reason)
    view, state = desk.view, desk.state
    school_hours = in_school_hours(view, zones.zone_time(desk, wall))
    if child is None:
        return Circumstances(school_hours=school_hours, handed_to=found.agencies, access_reason=access_reason)
    body = zones.registry.get("child", child) or {}
    guardians = frozenset(r.id for r in view.guardians.get(child, []))
    legal = frozenset(g for g in guardians if (zones.registry.get("guardian", g) or {}).get("legal", True))
    consent = view.consented(child, zones.settings.consent_required)
    return Circumstances(
        guardians=guardians,
        legal=legal,
        barred=frozenset(body.get("barred", ())),
        withheld=frozenset(g for c, g, _ in state.zone.withheld if c == child),
        school_hours=school_hours,
        open_incident=any(i.child == child and i.is_open for i in state.incidents.values()),
        handed_to=found.agencies,
        access_reason=access_reason,
        may_collect=consent.collect,
        may_tell_police=consent.provide_112,
    )


def children_of(zones: Zones, guardian: str) -> list[str]:
    """The children of whom a guardian may learn: its own, without those it is barred from or they are withheld."""
    body = zones.registry.get("guardian", guardian)
    if body is None:
        return []
    desk = zones.desk(body["zone"])
    hidden = {child for child, other, _ in desk.state.zone.withheld if other == guardian}
    hidden |= {child.id for child in desk.view.children.values() if guardian in child.barred}
    return [str(child) for child in body["children"] if child not in hidden]


def record_look(
    zones: Zones,
    work: Work,
    who: Principal,
    operation: str,
    target: Target,
    decision: Decision,
    facts: Circumstances,
    wall: float,
) -> None:
    """Keep who looked at a child, or tried to, why, and on which ground."""
    assert target.child is not None
    basis = _BASIS.get(decision.reason, "duty")
    kind = "access"
    if decision.allowed and operation == "viewCamera":
        kind = "view"
    elif decision.allowed and basis == "rescue":
        kind = "rescue"
    fact: dict[str, Any] = {
        "fact": kind,
        "child": target.child,
        "by": who.name,
        "to": who.name,
        "what": operation,
        "purpose": facts.access_reason or decision.reason,
        "basis": basis,
        "at": format_time(wall),
        "outcome": "allowed" if decision.allowed else "refused",
    }
    if not decision.allowed:
        fact["refusal"] = decision.reason
    if target.incident is not None:
        fact["incident"] = target.incident
    requests.record_fact(zones, work, target.zone, fact, wall)


def tell_provision(
    zones: Zones, work: Work, who: Principal, operation: str, target: Target, decision: Decision, wall: float
) -> None:
    """Tell the guardians at once who got the position. In a rescue they are told of the incident itself."""
    assert target.child is not None
    basis = _BASIS.get(decision.reason, "duty")
    if operation in _PROVIDING and who.role in _THIRD_PARTIES and basis != "rescue":
        requests.say_provided(zones, work, target.zone, target.child, who.name, "position", wall, basis)


def _refuse_gone(zones: Zones, who: Principal) -> None:
    """A token outlives neither its holder's registration nor the holder's move to another zone."""
    kind = KIND_OF_ROLE.get(who.role)
    if kind is None:
        return
    body = zones.registry.get(kind, who.id)
    if body is None or (who.zone and body["zone"] != who.zone):
        raise Problem(401, "unauthorized", "the holder of this token is not registered", headers=_CHALLENGE)


def _refusal(zones: Zones, desk: ZoneDesk | None, decision: Decision, name: str, wall: float) -> Problem:
    """403 with what would help; 404, as for what does not exist, where the existence itself would tell."""
    if decision.outcome == "hidden":
        return not_found(name)
    detail = {
        "reason_required": "no open incident: say why in X-Access-Reason; it is kept with the look",
        "not_legal": "only a legal representative of the child may do this",
        "not_consented": "the legal representatives have not consented to this; an open incident would allow it",
        "wrong_role": "not for this role",
    }.get(decision.reason, "not now")
    if decision.reason == "outside_school_hours" and desk is not None:
        begins = next_school_hours(desk.view, zones.zone_time(desk, wall))
        detail = "schools see their pupils in school hours"
        if begins is not None:
            detail += f"; next from {format_time(begins)}"
    return Problem(403, decision.reason, detail)


# ------------------------------------------------------------------- finders


def hub_itself(zones: Zones, who: Principal) -> Found:
    return Found(Target())


def items_of(zone_ids: set[str]) -> Finder:
    """Registry items of zones, registered already or not: an administrator of one zone has only its items."""

    def find(zones: Zones, who: Principal) -> Found:
        beyond = sorted(id_ for id_ in zone_ids if who.zone and id_ != who.zone)
        return Found(
            Target(zone=beyond[0] if beyond else who.zone), None, f"zone {beyond[0] if beyond else ''}"
        )

    return find


def item(kind: str, id_: str) -> Finder:
    """One registry item. A child's own item is a look at the child."""

    def find(zones: Zones, who: Principal) -> Found:
        name = f"such {kind}"
        body = zones.registry.get(kind, id_)
        if body is None:
            raise not_found(name)
        child_id = id_ if kind == "child" else None
        return Found(Target(zone=body["zone"], child=child_id), zones.desk(body["zone"]), name)

    return find


def zone(id_: str) -> Finder:
    def find(zones: Zones, who: Principal) -> Found:
        if id_ not in zones.registry.zones:
            raise not_found(f"zone {id_}")
        return Found(Target(zone=id_), zones.desk(id_), f"zone {id_}")

    return find


def child(id_: str) -> Finder:
    def find(zones: Zones, who: Principal) -> Found:
        name = "such child"
        body = zones.registry.get("child", id_)
        if body is None:
            raise not_found(name)
        return Found(Target(zone=body["zone"], child=id_), zones.desk(body["zone"]), name)

    return find


def guardian(id_: str) -> Finder:
    def find(zones: Zones, who: Principal) -> Found:
        name = "such guardian"
        body = zones.registry.get("guardian", id_)
        if body is None:
            raise not_found(name)
        return Found(Target(zone=body["zone"], owner=f"guardian/{id_}"), zones.desk(body["zone"]), name)

    return find


def desks_of(zones: Zones, who: Principal) -> list[ZoneDesk]:
    """The zones in which a principal's things can lie."""
    if who.zone:
        return [zones.desk(who.zone)] if who.zone in zones.registry.zones else []
    return [zones.desk(id_) for id_ in sorted(zones.registry.zones)]


def child_in(zone_id: str, id_: str) -> Finder:
    """A child named in a body, for an operation in a zone."""

    def find(zones: Zones, who: Principal) -> Found:
        in_zone = zone(zone_id)(zones, who)
        body = zones.registry.get("child", id_)
        if body is None or body["zone"] != zone_id:
            raise not_found("such child")
        return Found(Target(zone=zone_id, child=id_), in_zone.desk, "such child")

    return find


def incident(id_: str) -> Finder:
    """An incident, open or closed long ago, in the zones where the asker can have one."""

    def find(zones: Zones, who: Principal) -> Found:
        name = "such incident"
        for desk in desks_of(zones, who):
            held = desk.state.incidents.get(id_) or requests.stored_incident(zones, desk.zone, id_)
            if held is not None and held.level != "private":
                target = Target(zone=desk.zone, child=held.child, incident=id_)
                return Found(target, desk, name, frozenset(held.agencies))
        raise not_found(name)

    return find


def notice(id_: str) -> Finder:
    """A message down that was made for somebody; its owner is who it is for."""

    def find(zones: Zones, who: Principal) -> Found:
        name = "such notice"
        for desk in desks_of(zones, who):
            row = zones.store.outbox_row(desk.zone, id_)
            if row is not None and not row[2].startswith("dev/"):
                return Found(Target(zone=desk.zone, owner=row[2]), desk, name)
        raise not_found(name)

    return find


def unit(id_: str) -> Finder:
    def find(zones: Zones, who: Principal) -> Found:
        name = f"unit {id_}"
        body = zones.registry.get("unit", id_)
        if body is None:
            raise not_found(name)
        return Found(Target(zone=body["zone"]), zones.desk(body["zone"]), name)

    return find


def complaint(id_: str) -> Finder:
    return _case(id_, "complaint", "such complaint")


def enrolment(id_: str) -> Finder:
    return _case(id_, CASE_KIND, "such enrolment")


def _case(id_: str, kind: str, name: str) -> Finder:
    """A case, in the zones where the asker can have one."""

    def find(zones: Zones, who: Principal) -> Found:
        for desk in desks_of(zones, who):
            row = zones.case(desk.zone, id_)
            if row is not None and row[1] == kind:
                return Found(Target(zone=desk.zone), desk, name)
        raise not_found(name)

    return find
