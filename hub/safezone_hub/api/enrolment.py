"""Enrolment of a parent over HTTP: the steps of ``safezone_hub.enrolment``, kept, sent and registered.

The parent's steps need no token; the school's code and the number sent to a contact on file stand for it. Tries
are limited by address and by code here, and once more, durably, by the steps themselves.
"""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.responses import Response

from safezone_hub import items
from safezone_hub.access import Token, new_token
from safezone_hub.api import guard
from safezone_hub.api.call import JSON, Call, Operation
from safezone_hub.api.enrolling import stored_code
from safezone_hub.api.guard import Sight
from safezone_hub.api.problem import Problem, fault, invalid, not_found
from safezone_hub.api.reply import json_reply
from safezone_hub.api.tokens import expiry
from safezone_hub.channels import Job
from safezone_hub.clock import format_time
from safezone_hub.enrolment import (
    CASE_KIND,
    CODE_KIND,
    Case,
    Claim,
    Effect,
    IssueToken,
    People,
    PutItems,
    Refuse,
    SaveCode,
    SchoolCode,
    SendCode,
    ShowCode,
    public,
)
from safezone_hub.pipeline import Work
from safezone_hub.zones import Zones

_STATUS = {"not_found": 404, "invalid": 422, "conflict": 409, "forbidden": 409, "locked": 429}
LISTED_MAX = 1000
_encode = msgspec.msgpack.Encoder().encode


@dataclass
class Done:
    """What a step leaves to be done or shown after the commit."""

    case: Case
    token: Token | None = None
    shown: str | None = None  # the token, as its holder keeps it
    texts: list[SendCode] = field(default_factory=list)
    key: dict[str, str] | None = None


# ------------------------------------------------------------------- the school


async def create_code(call: Call) -> Response:
    zone, body = call.path("zone"), await call.json()
    expires_at = expiry(body.get("expires_at"), None, call.wall) if "expires_at" in body else None
    enrolments = call.services.enrolments

    def make(sight: Sight) -> tuple[SchoolCode, str]:
        code, effects = enrolments.steps.new_code(
            zone, sight.who.name, sight.wall, child=body["child"], expires_at=expires_at
        )
        _save_code(sight.work, code)
        enrolments.added(sight.zones, code)
        return code, next(effect.code for effect in effects if isinstance(effect, ShowCode))

    code, letters = await guard.on(call, guard.child_in(zone, body["child"]), make)
    shown = {"code": letters, "zone": zone, "child": code.child, "expires_at": format_time(code.expires_at)}
    return json_reply(shown, 201)


async def listed(call: Call) -> Response:
    """What waits for the school: a guardian who comes, a signed form."""
    zone = call.path("zone")

    def read(sight: Sight) -> list[dict[str, Any]]:
        rows = sight.zones.store.cases(zone, CASE_KIND, None, None, LISTED_MAX)
        cases = [msgspec.msgpack.decode(row[4], type=Case) for row in rows]
        return [_for_school(case) for case in cases if case.waits_for_school(sight.wall)]

    return json_reply({"items": await guard.on(call, guard.zone(zone), read)})


async def written(call: Call) -> Response:
    """The school holds the signed form of a young child's guardian, or none will come."""
    id_, body = call.path("id"), await call.json()
    steps = call.services.enrolments.steps

    def confirm(sight: Sight) -> Done:
        case, people = _of_school(sight, id_)
        after, effects = steps.confirm_written(
            case, sight.who.name, people, sight.wall, received=body["received"]
        )
        # The parent has had a token since the consent; one made now would be nobody's.
        kept = [effect for effect in effects if not isinstance(effect, IssueToken)]
        return _carry_out(sight.zones, sight.work, after, kept, sight.wall)

    done = await guard.on(call, guard.enrolment(id_), confirm)
    return json_reply(_for_school(done.case))


async def pin(call: Call) -> Response:
    """A guardian came to the school and showed who it is."""
    id_, body = call.path("id"), await call.json()
    steps = call.services.enrolments.steps

    def issue(sight: Sight) -> tuple[Case, str]:
        case, people = _of_school(sight, id_)
        after, effects = steps.issue_in_person(case, sight.who.name, body["legal"], people, sight.wall)
        done = _carry_out(sight.zones, sight.work, after, effects, sight.wall)
        return done.case, next(effect.code for effect in effects if isinstance(effect, ShowCode))

    case, digits = await guard.on(call, guard.enrolment(id_), issue)
    return json_reply({"pin": digits, "expires_at": format_time(case.pin_until)}, 201)


def _of_school(sight: Sight, id_: str) -> tuple[Case, People]:
    case = _case(sight.zones, id_)
    assert case is not None, "the guard has found it"
    return case, _people(sight.zones, case.zone)


def _for_school(case: Case) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": case.id,
        "zone": case.zone,
        "state": case.state,
        "name": case.name,
        "made_at": format_time(case.made_at),
    }
    shown |= {name: value for name, value in (("child", case.child), ("guardian", case.guardian)) if value}
    return shown


# ------------------------------------------------------------------- the parent


async def begin(call: Call) -> Response:
    services, body = call.services, await call.json()
    services.enrolment.take(call.address)
    services.enrolment_codes.take(hashlib.sha256(body["code"].encode()).hexdigest())
    contact = (body["contact"]["channel"], body["contact"]["address"])
    in_person = bool(body.get("in_person", False))
    claim = Claim(body["name"], None, contact, language=body.get("language", "ko"), in_person=in_person)
    steps, address, wall = services.enrolments.steps, call.address, call.wall

    def step(zones: Zones, work: Work) -> Done:
        code = services.enrolments.code(zones, body["code"], wall)
        people = _people(zones, code.zone) if code is not None else People("")
        case, effects = steps.begin(body["code"], code, people, claim, address, wall)
        return _carry_out(zones, work, case, effects, wall)

    done = await call.ask(step)
    _send(call, done)
    return json_reply(public(done.case), 201)


async def verify(call: Call) -> Response:
    """The identity step: the number that was sent."""
    body = await call.json()

    def step(zones: Zones, work: Work, case: Case, code: SchoolCode | None, people: People) -> Done:
        after, effects = call.services.enrolments.steps.verify(case, code, body["pin"], people, call.wall)
        return _carry_out(zones, work, after, effects, call.wall)

    return await _parents_step(call, step)


async def consent(call: Call) -> Response:
    """Item by item; then the parent is registered, or the school waits for the signed form."""
    body = await call.json()

    def step(zones: Zones, work: Work, case: Case, code: SchoolCode | None, people: People) -> Done:
        after, effects = call.services.enrolments.steps.consent(case, body["items"], people, call.wall)
        if after.state == "written" and after.guardian is not None:
            # Who it is has been proved, and when the school has the form there is nobody here to be given it.
            effects = [*effects, IssueToken("guardian", after.guardian, after.zone)]
        return _carry_out(zones, work, after, effects, call.wall)

    return await _parents_step(call, step)


ParentsStep = Callable[[Zones, Work, Case, SchoolCode | None, People], Done]


async def _parents_step(call: Call, step: ParentsStep) -> Response:
    id_ = call.path("id")
    call.services.enrolment.take(call.address)

    def on_case(zones: Zones, work: Work) -> Done:
        case = _case(zones, id_)
        if case is None:
            raise not_found("such enrolment")
        code = stored_code(zones, case.zone, case.code)
        return step(zones, work, case, code, _people(zones, case.zone))

    done = await call.ask(on_case)
    if done.token is not None:
        call.services.book.put(done.token)
    shown: dict[str, Any] = dict(public(done.case))
    if done.shown is not None:
        shown["token"] = done.shown
    if done.key is not None:
        shown["key"] = done.key
    return json_reply(shown)


# ------------------------------------------------------------------- on the engine's thread


def _carry_out(zones: Zones, work: Work, case: Case | None, effects: Sequence[Effect], wall: float) -> Done:
    """Keep the case and do what the step wants. A refusal is raised last: the case may have changed with it."""
    refused = next((effect for effect in effects if isinstance(effect, Refuse)), None)
    if case is None:
        raise _problem(refused)
    _save_case(work, case)
    done = Done(case)
    for effect in effects:
        match effect:
            case SaveCode():
                _save_code(work, effect.code)
            case SendCode():
                done.texts.append(effect)
            case PutItems():
                bodies = list(effect.items)
                zones.put(work, bodies, [items.read_item(body) for body in bodies], wall)
            case IssueToken():
                expires_at = expiry(None, effect.role, wall)
                done.shown, done.token = new_token(effect.role, effect.principal, effect.zone, (), expires_at)
                work.batch.tokens.append(done.token.as_row())
                done.key = (zones.registry.get("guardian", effect.principal) or {}).get("key")
            case ShowCode() | Refuse():
                pass
    if refused is not None:
        raise _problem(refused)
    return done


def _problem(refused: Refuse | None) -> Problem:
    assert refused is not None, "a step without a case is a refusal"
    words, status = f"{refused.ko} · {refused.en}", _STATUS[refused.why]
    if status == 422:
        problem = invalid([fault("", None, words)], words)
        if refused.tries_left is not None:
            problem.body["tries_left"] = refused.tries_left
        return problem
    headers = {"retry-after": str(max(1, round(refused.retry_after_s)))} if refused.retry_after_s else None
    title = "too_many_requests" if status == 429 else ""
    return Problem(status, title, words, headers=headers)


def _people(zones: Zones, zone: str) -> People:
    return People.from_items(zone, zones.registry.of_zone(zone))


def _case(zones: Zones, id_: str) -> Case | None:
    for zone in sorted(zones.registry.zones):
        row = zones.case(zone, id_)
        if row is not None and row[1] == CASE_KIND:
            return msgspec.msgpack.decode(row[4], type=Case)
    return None


def _save_case(work: Work, case: Case) -> None:
    row = (case.zone, case.id, CASE_KIND, case.state, case.made_at, _encode(case), case.subjects())
    work.batch.cases.append(row)


def _save_code(work: Work, code: SchoolCode) -> None:
    state = "revoked" if code.revoked else "open"
    work.batch.cases.append(
        (code.zone, code.id, CODE_KIND, state, code.made_at, _encode(code), code.subjects())
    )


# ------------------------------------------------------------------- after the commit


def _send(call: Call, done: Done) -> None:
    """Straight to the courier: a number that lasts ten minutes is not worth keeping."""
    courier = call.services.courier
    if courier is not None and done.texts:
        courier.send(
            Job(
                id=str(uuid.uuid4()), notice=done.case.id, channel=text.channel, address=text.address, secret=None,
                language=done.case.language, subject="안전구역 · Safe Zone", text=text.text, body=b"{}",
                content_type="application/json", urgent=True,
            )
            for text in done.texts
        )  # fmt: skip


OPERATIONS = (
    Operation("createEnrolmentCode", "POST", "/v1/zones/{zone}/enrolment-codes", create_code, body=JSON),
    Operation("getEnrolments", "GET", "/v1/zones/{zone}/enrolments", listed),
    Operation("confirmWritten", "POST", "/v1/enrolments/{id}/written", written, body=JSON),
    Operation("issuePin", "POST", "/v1/enrolments/{id}/pin", pin, body=JSON),
    Operation("beginEnrolment", "POST", "/v1/enrolments", begin, body=JSON, public=True),
    Operation("verifyEnrolment", "POST", "/v1/enrolments/{id}/verify", verify, body=JSON, public=True),
    Operation("consentEnrolment", "POST", "/v1/enrolments/{id}/consent", consent, body=JSON, public=True),
)
