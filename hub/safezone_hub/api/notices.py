"""Notices of a guardian, how far each has come, and what is said about a wrong one."""

from typing import Any

import msgspec
from starlette.responses import Response

from safezone_hub import requests
from safezone_hub.access import Principal
from safezone_hub.api import guard
from safezone_hub.api.call import JSON, Call, Operation, cursor, whole_number
from safezone_hub.api.guard import Sight
from safezone_hub.api.paging import page, page_size
from safezone_hub.api.reply import json_reply
from safezone_hub.clock import format_time
from safezone_hub.deliveries import Delivery
from safezone_hub.store import Row

COMPLAINTS_MAX = 1000


async def list_notices(call: Call) -> Response:
    """Newest first."""
    id_, before = call.path("id"), call.query.get("after")
    limit = page_size(call.query.get("limit"))

    def read(sight: Sight) -> list[Row]:
        return sight.zones.store.outbox_of(sight.desk.zone, f"guardian/{id_}", before, limit + 1)

    rows = await guard.on(call, guard.guardian(id_), read)
    return json_reply(page(rows, limit, lambda row: str(row[1]), record_of))


async def seen(call: Call) -> Response:
    id_ = call.path("id")

    def settle(sight: Sight) -> None:
        requests.notice_seen(sight.zones, sight.work, sight.desk.zone, id_, _holder(sight), sight.wall)

    await guard.on(call, guard.notice(id_), settle)
    return Response(status_code=204)


async def wrong(call: Call) -> Response:
    """«This notice was wrong»: a case that the school answers and the statistics count."""
    id_, body = call.path("id"), await call.json()

    def complain(sight: Sight) -> dict[str, Any]:
        made = requests.notice_wrong(
            sight.zones, sight.work, sight.desk.zone, id_, _holder(sight), body["text"], sight.wall
        )
        return _complaint(made)

    shown = await guard.on(call, guard.notice(id_), complain)
    return json_reply(shown, 201)


async def deliveries(call: Call) -> Response:
    id_ = call.path("id")

    def read(sight: Sight) -> tuple[Row | None, list[Row]]:
        store, zone = sight.zones.store, sight.desk.zone
        return store.outbox_row(zone, id_), store.deliveries(zone, id_)

    pushed, rows = await guard.on(call, guard.notice(id_), read)
    items = [_pushed(pushed)] if pushed is not None else []
    return json_reply({"notice": id_, "items": items + [_delivery(row) for row in rows]})


async def complaints(call: Call) -> Response:
    """All of the zone, newest first."""
    zone = call.path("zone")

    def read(sight: Sight) -> list[Row]:
        return sight.zones.store.cases(zone, "complaint", None, None, COMPLAINTS_MAX)

    rows = await guard.on(call, guard.zone(zone), read)
    found = [_complaint(msgspec.json.decode(row[4])) for row in rows]
    return json_reply({"items": sorted(found, key=lambda c: str(c["made_at"]), reverse=True)})


async def answer(call: Call) -> Response:
    id_, body = call.path("id"), await call.json()

    def write(sight: Sight) -> dict[str, Any]:
        given = requests.answer_case(
            sight.zones,
            sight.work,
            sight.desk.zone,
            id_,
            sight.who.name,
            body["text"],
            body["upheld"],
            sight.wall,
        )
        return _complaint(given)

    return json_reply(await guard.on(call, guard.complaint(id_), write))


def record_of(row: Row) -> dict[str, Any]:
    """A row of the outbox as the standard's NoticeRecord."""
    _zone, id_, _to, _topic, payload, made_at, exercise, settled = row
    record: dict[str, Any] = {
        "id": id_,
        "made_at": format_time(made_at),
        "seen": bool(settled),
        "notice": msgspec.json.decode(payload)["data"],
    }
    if exercise is not None:
        record["exercise"] = exercise
    return record


def _holder(sight: Sight) -> str:
    """In whose name it is done: the guardian's own, or, by an administrator, the addressee's."""
    who: Principal = sight.who
    return who.name if who.role == "guardian" else str(sight.target.owner)


def _pushed(row: Row) -> dict[str, Any]:
    """The push over MQTT and streams; its acknowledgement is the person's."""
    return {"channel": "mqtt", "state": "seen" if row[7] else "sent", "made_at": format_time(row[5])}


def _delivery(row: Row) -> dict[str, Any]:
    _id, channel, state, made_at, next_at, body = row
    delivery = msgspec.msgpack.decode(body, type=Delivery)
    shown: dict[str, Any] = {
        "channel": channel,
        "state": state,
        "made_at": format_time(made_at),
        "tries": delivery.tries,
    }
    if delivery.changed_at:
        shown["at"] = format_time(delivery.changed_at)
    if next_at is not None:
        shown["next_at"] = format_time(next_at)
    if delivery.detail:
        shown["detail"] = delivery.detail
    return shown


def _complaint(body: dict[str, Any]) -> dict[str, Any]:
    """A case as the standard's Complaint: members that say nothing are left out."""
    return {name: value for name, value in body.items() if value is not None}


OPERATIONS = (
    Operation(
        "getNotices", "GET", "/v1/guardians/{id}/notices", list_notices,
        {"after": cursor, "limit": whole_number},
    ),
    Operation("markNoticeSeen", "POST", "/v1/notices/{id}/seen", seen, ahead=True),
    Operation("reportWrongNotice", "POST", "/v1/notices/{id}/wrong", wrong, body=JSON),
    Operation("getDeliveries", "GET", "/v1/notices/{id}/deliveries", deliveries),
    Operation("getComplaints", "GET", "/v1/zones/{zone}/complaints", complaints),
    Operation("answerComplaint", "POST", "/v1/complaints/{id}/answer", answer, body=JSON),
)  # fmt: skip
