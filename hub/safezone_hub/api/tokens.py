"""Tokens over HTTP: made, listed and revoked by whoever administers the hub."""

from typing import Any

from starlette.responses import Response

from safezone_hub.access import KIND_OF_ROLE, Token, new_token
from safezone_hub.access import OPERATIONS as RULES
from safezone_hub.api import guard
from safezone_hub.api.call import JSON, Call, Operation, cursor, identifier, whole_number
from safezone_hub.api.guard import Sight
from safezone_hub.api.paging import page, page_size
from safezone_hub.api.problem import Problem, fault, invalid, not_found
from safezone_hub.api.reply import json_reply
from safezone_hub.clock import format_time, parse_time

DAY_S = 86400.0
# How long a token is good for when nobody says otherwise, and at most.
LASTS_S = {"guardian": 365 * DAY_S, "agency": 365 * DAY_S, "peer": 365 * DAY_S}
LASTS_ELSE_S = 90 * DAY_S
LASTS_MAX_S = 731 * DAY_S


async def create(call: Call) -> Response:
    body = await call.json()
    role, principal, zone = body["role"], body["principal"], body.get("zone", "")
    scopes = body.get("scopes", [])
    beyond = sorted(name for name in scopes if RULES[name][role] == "-")
    if beyond:
        raise invalid(
            [fault("scopes", beyond, f"the role {role} has none of these")], "scopes beyond the role"
        )
    expires_at = expiry(body.get("expires_at"), role, call.wall)
    shown, token = new_token(role, principal, zone, scopes, expires_at)

    def make(sight: Sight) -> Token:
        made = _at_home(sight, token)
        sight.work.batch.tokens.append(made.as_row())
        return made

    made = await guard.on(call, guard.hub_itself, make)
    call.services.book.put(made)
    return json_reply({**_public(made), "token": shown}, 201, {"location": f"/v1/tokens/{made.id}"})


async def list_tokens(call: Call) -> Response:
    zone, after = call.query.get("zone"), call.query.get("after", "")
    limit = page_size(call.query.get("limit"))
    await guard.on(call, guard.hub_itself, lambda sight: None)
    own = call.principal.zone or zone
    rows = [t for t in call.services.book if t.id > after and (not own or t.zone == own)][: limit + 1]
    return json_reply(page(rows, limit, lambda token: token.id, _public))


async def revoke(call: Call) -> Response:
    """With effect at once: the next call, and within a heartbeat every stream, is refused."""
    id_, book = call.path("token"), call.services.book

    def write(sight: Sight) -> Token:
        token = book.revoked(id_)
        if token is None or (sight.who.zone and token.zone != sight.who.zone):
            raise not_found("such token")
        sight.work.batch.tokens.append(token.as_row())
        return token

    book.put(await guard.on(call, guard.hub_itself, write))
    return Response(status_code=204)


def _at_home(sight: Sight, token: Token) -> Token:
    """The token in its holder's zone. A holder with a registry item must be there."""
    kind = KIND_OF_ROLE.get(token.role)
    zones, zone = sight.zones, token.zone
    if kind is not None:
        item = zones.registry.get(kind, token.principal)
        if item is None:
            error = fault("principal", token.principal, f"register the {kind} first")
            raise invalid([error], f"no {kind} {token.principal}")
        if zone and zone != item["zone"]:
            raise invalid(
                [fault("zone", zone, f"{token.principal} is of zone {item['zone']}")], "another zone"
            )
        zone = item["zone"]
    elif zone and zone not in zones.registry.zones:
        raise invalid([fault("zone", zone, "register the zone first")], f"no zone {zone}")
    if sight.who.zone and zone != sight.who.zone:
        raise Problem(403, "other_zone", "this token may make tokens of its own zone only")
    return Token(
        token.id,
        token.digest,
        token.role,
        token.principal,
        zone,
        token.scopes,
        token.expires_at,
        token.revoked,
    )


def expiry(asked: str | None, role: str | None, now: float) -> float:
    """The moment asked for, or how long such a thing lasts. Problem 422 for what is no moment or too far off."""
    if asked is None:
        return now + LASTS_S.get(role or "", LASTS_ELSE_S)
    try:
        at = parse_time(asked)
    except (ValueError, OverflowError):
        raise invalid([fault("expires_at", asked, "no such moment")], "no such moment") from None
    if not now < at <= now + LASTS_MAX_S:
        remedy = f"between now and {format_time(now + LASTS_MAX_S)}"
        raise invalid([fault("expires_at", asked, remedy)], "not in the time allowed")
    return at


def _public(token: Token) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": token.id,
        "role": token.role,
        "principal": token.principal,
        "scopes": sorted(token.scopes),
        "expires_at": format_time(token.expires_at),
        "revoked": token.revoked,
    }
    if token.zone:
        shown["zone"] = token.zone
    return shown


OPERATIONS = (
    Operation("createToken", "POST", "/v1/tokens", create, body=JSON),
    Operation(
        "listTokens", "GET", "/v1/tokens", list_tokens,
        {"zone": identifier, "after": cursor, "limit": whole_number},
    ),
    Operation("revokeToken", "DELETE", "/v1/tokens/{token}", revoke),
)  # fmt: skip
