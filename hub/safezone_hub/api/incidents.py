"""Incidents over HTTP: lists that are polled, one incident, what people do with it, its search area, its cameras."""

import asyncio
from typing import Any

import msgspec
from starlette.responses import RedirectResponse, Response

from safezone_hub import agencies, requests
from safezone_hub.access import Principal
from safezone_hub.api import guard, searching
from safezone_hub.api.call import JSON, Call, Operation, cursor, moment, whole_number, word_of
from safezone_hub.api.etag import check_version, expected_versions, polled
from safezone_hub.api.guard import Sight
from safezone_hub.api.paging import page, page_size
from safezone_hub.api.problem import Problem, not_found
from safezone_hub.api.reply import json_bytes, json_reply
from safezone_hub.clock import format_time, parse_time
from safezone_hub.handover import CAP_TYPE
from safezone_hub.incidents.public import public
from safezone_hub.state import Incident

# A guardian sees how far it is, not what the desk says among itself (the standard, Incident).
_NOT_FOR_GUARDIANS = ("withheld", "owner", "marks", "next_escalation_at", "nearest_units")
# Pages of the store looked through for one page of an agency's list.
_STORE_PAGES_MAX = 20
VIEWS = ("snapshot", "live")


def shown_to(who: Principal, body: dict[str, Any]) -> dict[str, Any]:
    """An incident's public JSON as its asker sees it."""
    return as_seen_by(who.role, body)


def as_seen_by(role: str, body: dict[str, Any]) -> dict[str, Any]:
    """An incident's public JSON as a role sees it: the desk and agencies all of it, guardians and schools less."""
    body = dict(body)
    if role in ("guardian", "school"):
        for name in _NOT_FOR_GUARDIANS:
            body.pop(name, None)
        body["cameras"] = []
        body["linked"] = []  # related incidents may be another family's
        body["history"] = [
            {name: value for name, value in entry.items() if name != "note"} for entry in body["history"]
        ]
    return body


async def list_incidents(call: Call) -> Response:
    zone = call.path("zone")
    state, after = call.query.get("state", "open"), call.query.get("after")
    limit = page_size(call.query.get("limit"))

    def read(sight: Sight) -> list[dict[str, Any]]:
        desk, found, place = sight.desk, list[dict[str, Any]](), after
        for _ in range(_STORE_PAGES_MAX):
            rows = sight.zones.store.incidents(zone, state, place, limit + 1)
            for row in rows:
                stored = msgspec.msgpack.decode(row, type=Incident)
                place = stored.id
                incident = desk.state.incidents.get(stored.id, stored)
                if incident.level == "private":
                    continue
                if sight.who.role == "agency" and sight.who.id not in incident.agencies:
                    continue
                found.append(shown_to(sight.who, public(desk.view, desk.state, incident)))
            if len(rows) <= limit or len(found) > limit:
                break
        return found

    rows = await guard.on(call, guard.zone(zone), read)
    return polled(call.request, json_bytes(page(rows, limit, lambda body: str(body["id"]))))


async def report_missing(call: Call) -> Response:
    zone, body = call.path("zone"), await call.json()

    def report(sight: Sight) -> dict[str, Any]:
        shown = requests.act(
            sight.zones, sight.work, zone, "missing.report", sight.who.name, body, sight.wall
        )
        return shown_to(sight.who, shown)

    shown = await guard.on(call, guard.child_in(zone, body["child"]), report)
    return json_reply(shown, 201, {"location": f"/v1/incidents/{shown['id']}"})


async def get_incident(call: Call) -> Response:
    id_ = call.path("id")
    shown = await guard.on(call, guard.incident(id_), lambda sight: _shown(sight, id_))
    return polled(call.request, json_bytes(shown), shown["version"])


async def act(call: Call) -> Response:
    """One action of the desk. With If-Match it is done on the version that the desk has seen, or not at all."""
    id_, body, expected = call.path("id"), await call.json(), expected_versions(call.request)
    verb = f"incident.{body.pop('action')}"

    def perform(sight: Sight) -> dict[str, Any]:
        held = sight.desk.state.incidents.get(id_)
        # Who lost the answer to a change asks again with the same key, and with the version of before it.
        if held is not None and not any(body.get("key") == line.key != "" for line in held.history):
            check_version(expected, held.version)
        data = {**body, "incident": id_}
        shown = requests.act(sight.zones, sight.work, sight.desk.zone, verb, sight.who.name, data, sight.wall)
        return shown_to(sight.who, shown)

    shown = await guard.on(call, guard.incident(id_), perform)
    return polled(call.request, json_bytes(shown), shown["version"])


async def search_area(call: Call) -> Response:
    """Copied on the engine's thread, computed beside it: a wide area takes longer than the engine may wait."""
    id_, at = call.path("id"), call.query.get("at")

    def read(sight: Sight) -> searching.Search | None:
        incident = _held(sight, id_)
        now = at if at is not None else sight.desk.time_of(incident.exercise, sight.wall)
        item = None if incident.child is None else sight.zones.registry.get("child", incident.child)
        return searching.search_for(sight.desk, item, incident, now)

    search = await guard.on(call, guard.incident(id_), read)
    if search is None:
        raise Problem(404, "no_position", "nothing is known of where the child of this incident was")
    return json_reply(await asyncio.to_thread(searching.area, search))


async def view_camera(call: Call) -> Response:
    """Leads to the camera's own address. That somebody looked is recorded before."""
    id_, camera, which = call.path("id"), call.path("camera"), str(call.request.path_params["view"])
    if which not in VIEWS:
        raise not_found(f"view {which[:20]}; known: {', '.join(VIEWS)}")

    def look(sight: Sight) -> str:
        shown = _shown(sight, id_)
        urls = sight.desk.view.camera_urls.get(camera, (None, None))
        url = urls[VIEWS.index(which)]
        if url is None or camera not in [c["id"] for c in shown["cameras"]]:
            raise not_found(f"such {which} at this incident")
        if sight.target.child is None:  # a look at a child is recorded already
            fact = {"fact": "view", "child": None, "by": sight.who.name, "to": sight.who.name, "what": camera,
                    "purpose": id_, "basis": "rescue", "at": format_time(sight.wall), "incident": id_}  # fmt: skip
            requests.record_fact(sight.zones, sight.work, sight.desk.zone, fact, sight.wall)
        return url

    return RedirectResponse(await guard.on(call, guard.incident(id_), look), 307)


async def cap(call: Call) -> Response:
    id_ = call.path("id")

    def read(sight: Sight) -> bytes:
        return agencies.as_cap(sight.zones, sight.desk, _held(sight, id_), _agency(sight))

    return Response(await guard.on(call, guard.incident(id_), read), media_type=CAP_TYPE)


async def handover(call: Call) -> Response:
    id_ = call.path("id")

    def read(sight: Sight) -> dict[str, Any]:
        return agencies.as_json(sight.zones, sight.desk, _held(sight, id_), _agency(sight))

    return json_reply(await guard.on(call, guard.incident(id_), read))


async def agency_status(call: Call) -> Response:
    """An agency's own system says how far its people are."""
    id_, body = call.path("id"), await call.json()
    if "at" in body:
        _check_moment(body["at"], "at")

    def report(sight: Sight) -> dict[str, Any]:
        if sight.who.role != "agency":
            raise Problem(409, "conflict", "an agency reports for itself: use its own token")
        data = {**body, "incident": id_}
        shown = requests.act(
            sight.zones, sight.work, sight.desk.zone, "incident.agency", sight.who.name, data, sight.wall
        )
        return shown_to(sight.who, shown)

    return json_reply(await guard.on(call, guard.incident(id_), report))


def _shown(sight: Sight, id_: str) -> dict[str, Any]:
    """The incident as the asker sees it. On the engine's thread."""
    body = requests.public_incident(sight.zones, sight.desk.zone, id_)
    if body is None:
        raise not_found("such incident")
    return shown_to(sight.who, body)


def _held(sight: Sight, id_: str) -> Incident:
    held = sight.desk.state.incidents.get(id_) or requests.stored_incident(sight.zones, sight.desk.zone, id_)
    if held is None:
        raise not_found("such incident")
    return held


def _agency(sight: Sight) -> str:
    """For whom the document is: with references to what this agency got before."""
    return sight.who.id if sight.who.role == "agency" else ""


def _check_moment(text: str, field: str) -> None:
    try:
        parse_time(text)
    except (ValueError, OverflowError):
        errors = [{"field": field, "value": text, "remedy": "no such moment"}]
        raise Problem(422, "invalid", "no such moment", errors=errors) from None


_ONE = "/v1/incidents/{id}"
OPERATIONS = (
    Operation(
        "getIncidents", "GET", "/v1/zones/{zone}/incidents", list_incidents,
        {"state": word_of("open", "closed", "all"), "after": cursor, "limit": whole_number}, ahead=True,
    ),
    Operation("reportMissing", "POST", "/v1/zones/{zone}/incidents", report_missing, body=JSON, ahead=True),
    Operation("getIncident", "GET", _ONE, get_incident, ahead=True),
    Operation("actOnIncident", "POST", f"{_ONE}/actions", act, body=JSON, ahead=True),
    Operation("getSearchArea", "GET", f"{_ONE}/search", search_area, {"at": moment}, ahead=True),
    Operation("viewCamera", "GET", f"{_ONE}/cameras/{{camera}}/{{view}}", view_camera, ahead=True),
    Operation("getCap", "GET", f"{_ONE}/cap", cap),
    Operation("getHandover", "GET", f"{_ONE}/handover", handover),
    Operation("reportAgencyStatus", "POST", f"{_ONE}/agency", agency_status, body=JSON, ahead=True),
)  # fmt: skip
