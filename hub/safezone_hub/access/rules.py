"""Who may do what: one table, role by operation, and one pure function that reads it.

A cell names the circumstances under which a role may do an operation; ``-`` is never. Operations and words
are those of the standard's OpenAPI document (operationId, x-access); a test holds both against each other. Nothing here asks the store, the clock or HTTP:
``guard`` of the API gathers the circumstances, on the engine's thread, in the same step as the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from safezone_hub.access.principals import ROLES, Principal
from safezone_hub.clock import local_date, local_moment
from safezone_hub.registry import ZoneView

BEFORE_SCHOOL_S = 3600.0
AFTER_SCHOOL_S = 3600.0

# any        no circumstances are asked for
# zone       the target lies in the principal's zone
# self       the target is the principal's own: its stream, its notices
# child      a child of this guardian, not barred from it and not withheld from it
# legal      as child, and the guardian is the child's legal representative
# pupil      a child of the school's zone whose data may be collected, during school hours
# call       a child of the desk's zone with an open incident; without one, a reason given that is logged, and
#            consent that the police may be told
# handed     an incident that was handed to this agency; of a zone's incidents, those that were
_TABLE = """
operation             admin  operator  school  guardian  agency  auditor  peer
getMe                 any    any       any     any       any     any      any
getMetrics            any    -         -       -         -       any      -
createToken           any    -         -       -         -       -        -
listTokens            any    -         -       -         -       -        -
revokeToken           any    -         -       -         -       -        -

putItem               any    -         -       -         -       -        -
getItem               any    -         -       -         -       -        -
deleteItem            any    -         -       -         -       -        -
listItems             any    -         -       -         -       -        -
importItems           any    -         -       -         -       -        -
importCsv             any    -         -       -         -       -        -

getIncidents          any    zone      -       -         handed  -        -
reportMissing         any    zone      zone    child     -       -        -
getIncident           any    zone      -       child     handed  -        -
actOnIncident         any    zone      -       -         -       -        -
getSearchArea         any    zone      -       -         -       -        -
viewCamera            any    zone      -       -         -       -        -
getCap                any    zone      -       -         handed  -        -
getHandover           any    zone      -       -         handed  -        -
reportAgencyStatus    any    -         -       -         handed  -        -

getUnits              any    zone      zone    -         -       -        -
putUnitStatus         any    zone      -       -         -       -        -
handOverShift         any    zone      -       -         -       -        -

streamZone            any    zone      zone    -         zone    -        -
streamGuardian        any    -         -       self      -       -        -

getNotices            any    -         -       self      -       -        -
markNoticeSeen        any    -         -       self      -       -        -
reportWrongNotice     any    -         -       self      -       -        -
getDeliveries         any    zone      -       self      -       -        -
getComplaints         any    -         zone    -         -       -        -
answerComplaint       any    -         zone    -         -       -        -
putSmsReceipt         any    -         -       -         -       -        -

getPosition           any    call      pupil   child     -       -        -
getPath               any    -         -       child     -       -        -
getAccessLog          any    -         -       child     -       -        -
getChildData          any    -         -       legal     -       -        -
putConsent            any    -         -       legal     -       -        -
eraseChild            any    -         -       legal     -       -        -
createEnrolmentCode   any    -         zone    -         -       -        -
getEnrolments         any    -         zone    -         -       -        -
confirmWritten        any    -         zone    -         -       -        -
issuePin              any    -         zone    -         -       -        -

getStats              any    zone      zone    -         -       zone     -
getRejections         any    -         -       -         -       -        -
getDevices            any    zone      zone    -         -       -        -
getPupils             any    -         pupil   -         -       -        -
getStatistics         any    zone      zone    -         zone    zone     -
getAudit              any    -         -       -         -       zone     -
"""

OPERATIONS: Mapping[str, Mapping[str, str]] = {
    line.split()[0]: dict(zip(ROLES, line.split()[1:], strict=True))
    for line in _TABLE.strip().splitlines()[1:]
    if line.strip()
}

# Refusals that must not be told from «there is no such thing».
_HIDING = frozenset({"not_yours", "barred", "withheld", "other_zone", "not_handed"})

Outcome = Literal["allowed", "forbidden", "hidden"]


@dataclass(frozen=True, slots=True)
class Target:
    """What an operation is about. ``owner`` is the principal it belongs to, for ``self``."""

    zone: str = ""  # empty: the hub itself
    child: str | None = None
    owner: str | None = None  # role/id
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds at this moment about the target and, if there is one, its child."""

    guardians: frozenset[str] = field(default=frozenset())  # of the child, second guardians too
    legal: frozenset[str] = field(default=frozenset())  # those who represent the child in law
    barred: frozenset[str] = field(default=frozenset())  # by custody
    withheld: frozenset[str] = field(default=frozenset())  # by the desk
    school_hours: bool = False
    open_incident: bool = False  # of that child
    handed_to: frozenset[str] = field(default=frozenset())  # agencies that have the incident
    access_reason: str = ""
    may_collect: bool = True  # the representatives consent to positions at all
    may_tell_police: bool = True  # and to giving them to the 112 desk; a rescue does not need it


@dataclass(frozen=True, slots=True)
class Decision:
    """``reason`` is one word, for the record and for the answer. ``record``: a look at a child, keep the fact."""

    allowed: bool
    reason: str
    record: bool

    @property
    def outcome(self) -> Outcome:
        if self.allowed:
            return "allowed"
        return "hidden" if self.reason in _HIDING else "forbidden"


def decide(who: Principal, operation: str, target: Target, facts: Circumstances) -> Decision:
    """Whether a principal may do an operation to a target, and why. KeyError for an unknown operation."""
    condition = OPERATIONS[operation][who.role]
    allowed, reason = _judge(who, condition, target, facts)
    if allowed and not in_scope(who, operation):
        allowed, reason = False, "not_in_scope"
    return Decision(allowed, reason, target.child is not None)


def in_scope(who: Principal, operation: str) -> bool:
    """Whether the token was made for this operation; a token without scopes was made for all of its role."""
    return not who.scopes or operation in who.scopes or operation == "getMe"


def may_ever(who: Principal, operation: str) -> bool:
    """Whether the role has the operation at all: asked before anything is looked up, so that nothing is told."""
    return OPERATIONS[operation][who.role] != "-"


def _judge(who: Principal, condition: str, target: Target, facts: Circumstances) -> tuple[bool, str]:
    if condition == "-":
        return False, "wrong_role"
    if who.zone and target.zone and who.zone != target.zone:
        return False, "other_zone"
    match condition:
        case "any":
            return True, who.role
        case "zone":
            return True, "own_zone"
        case "self":
            return _yes_or(target.owner == who.name, "self", "not_yours")
        case "child":
            return _as_guardian(who, facts)
        case "legal":
            allowed, reason = _as_guardian(who, facts)
            return (
                _yes_or(who.id in facts.legal, "legal_representative", "not_legal")
                if allowed
                else (False, reason)
            )
        case "pupil":
            if not facts.may_collect:
                return False, "not_consented"
            return _yes_or(facts.school_hours, "school_hours", "outside_school_hours")
        case "call":
            if facts.open_incident:
                return True, "open_incident"
            if not (facts.may_collect and facts.may_tell_police):
                return False, "not_consented"
            return _yes_or(bool(facts.access_reason), "logged_reason", "reason_required")
        case "handed":
            # A list is asked for as a whole; what of it the agency gets is asked incident by incident.
            if target.incident is None:
                return True, "own_zone"
            return _yes_or(who.id in facts.handed_to, "handed_over", "not_handed")
        case _:
            raise AssertionError(condition)


def _as_guardian(who: Principal, facts: Circumstances) -> tuple[bool, str]:
    # A bar counts before everything else: who is barred must not learn even that the child is here.
    if who.id in facts.barred:
        return False, "barred"
    if who.id not in facts.guardians:
        return False, "not_yours"
    return _yes_or(who.id not in facts.withheld, "own_child", "withheld")


def _yes_or(holds: bool, yes: str, no: str) -> tuple[bool, str]:
    return holds, yes if holds else no


def in_school_hours(view: ZoneView, now: float) -> bool:
    """Whether the school has the children in its care: on school days, from an hour before the bell to an hour after."""
    if view.item is None:
        return False
    day = local_date(now, view.timezone)
    if not view.is_school_day(day):
        return False
    calendar = view.item.calendar
    opens = local_moment(day, calendar.arrive_by, view.timezone) - BEFORE_SCHOOL_S
    closes = local_moment(day, calendar.closes_at, view.timezone) + AFTER_SCHOOL_S
    return opens <= now < closes


def next_school_hours(view: ZoneView, now: float) -> float | None:
    """When school hours begin next, within two weeks; for the answer outside of them."""
    if view.item is None:
        return None
    today = local_date(now, view.timezone)
    for ahead in range(15):
        day = today + timedelta(days=ahead)
        opens = local_moment(day, view.item.calendar.arrive_by, view.timezone) - BEFORE_SCHOOL_S
        if view.is_school_day(day) and opens > now:
            return opens
    return None
