"""Event streams: whose events each role follows, and how a row of the feed looks as an event."""

from typing import Any

import msgspec
from starlette.responses import Response

from safezone_hub.api import guard
from safezone_hub.api.call import Call, Operation
from safezone_hub.api.guard import Sight
from safezone_hub.api.incidents import as_seen_by
from safezone_hub.api.problem import Problem
from safezone_hub.api.sse import PAGE, Event, EventStream, event_bytes, last_event_id
from safezone_hub.clock import format_time

_AUDIENCE = {"admin": "desk", "operator": "desk", "school": "school"}


async def zone_stream(call: Call) -> Response:
    """The desk's, the school's or the agency's part of what happens in a zone."""
    who = call.principal
    audience = _AUDIENCE.get(who.role, who.name)
    return await _stream(call, guard.zone(call.path("zone")), audience)


async def guardian_stream(call: Call) -> Response:
    id_ = call.path("id")
    return await _stream(call, guard.guardian(id_), f"guardian/{id_}")


async def _stream(call: Call, find: guard.Finder, audience: str) -> Response:
    services, who = call.services, call.principal
    if services.streams.count >= services.limits.streams_max:
        raise Problem(503, "too_many_streams", "come again later", headers={"retry-after": "5"})

    def place(sight: Sight) -> tuple[str, int]:
        return sight.desk.zone, sight.desk.feed_end

    zone, end = await guard.on(call, find, place)
    try:
        after = last_event_id(call.request, zone)
    except ValueError as error:
        raise Problem(400, "bad_last_event_id", str(error)) from None

    async def read(since: int) -> tuple[list[Event], int, bool]:
        # Who may see what can have changed since a row was written: each is asked anew.
        return await guard.on(call, find, lambda sight: _stored(sight, zone, audience, since))

    def may_go_on() -> bool:
        return services.book.is_valid(who, services.clock.now()) and services.engine.is_running()

    begin = end if after is None else min(after, end)
    return EventStream(services.streams, (zone, audience), begin, read, may_go_on)


def _stored(sight: Sight, zone: str, audience: str, since: int) -> tuple[list[Event], int, bool]:
    rows = sight.zones.store.feed(zone, audience, since, PAGE)
    only = _children(sight, audience)
    events = []
    for n, made_at, body in rows:
        sent = render(zone, audience, n, made_at, body, only)
        if sent is not None:
            events.append((n, sent))
    return events, rows[-1][0] if rows else since, len(rows) == PAGE


def _children(sight: Sight, audience: str) -> frozenset[str] | None:
    """Of whose children a guardian may learn now; None for those who follow a zone."""
    role, _, id_ = audience.partition("/")
    if role != "guardian":
        return None
    return frozenset(guard.children_of(sight.zones, id_))


def render(
    zone: str, audience: str, n: int, made_at: float, body: bytes, only: frozenset[str] | None = None
) -> bytes | None:
    """A row of the feed as an event of the standard; None when it is about none of the children in ``only``."""
    row: dict[str, Any] = msgspec.json.decode(body)
    type_, data = row["type"], row["data"]
    if only is not None and data.get("child", None) not in {*only, None}:
        return None
    if type_ == "incident":
        data = as_seen_by(audience.partition("/")[0], data)
    if type_ == "notice":
        data = {"id": row["id"], "made_at": format_time(made_at), "seen": False, "notice": row["data"]}
        if "exercise" in row:
            data["exercise"] = row["exercise"]
    return event_bytes(zone, n, type_, msgspec.json.encode(data))


def live(zone: str, audience: str, n: int, made_at: float, body: bytes) -> bytes | None:
    """A row just written: who it is for was decided in the same step."""
    return render(zone, audience, n, made_at, body)


OPERATIONS = (
    Operation("streamZone", "GET", "/v1/zones/{zone}/stream", zone_stream),
    Operation("streamGuardian", "GET", "/v1/guardians/{id}/stream", guardian_stream),
)
