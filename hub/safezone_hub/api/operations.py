"""For those who run, audit and share: the state of a zone's chain, statistics, what a provider of SMS reports."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, cast

from starlette.responses import Response

from safezone_hub import chain, requests
from safezone_hub.api import guard
from safezone_hub.api.call import JSON, Call, Operation, month, word_of
from safezone_hub.api.guard import Sight
from safezone_hub.api.problem import Problem, not_found
from safezone_hub.api.reply import json_reply
from safezone_hub.channels import NotTaken
from safezone_hub.channels.courier import NOT_CONFIGURED
from safezone_hub.clock import local_date
from safezone_hub.statistics import Period, summarise, to_csv, to_json

PROVIDER_WAIT_S = 10.0


async def audit(call: Call) -> Response:
    zone = call.path("zone")

    def read(sight: Sight) -> tuple[chain.Chained, chain.Head]:
        store = cast(chain.Chained, sight.zones.store)
        return store, chain.head(store, zone) or chain.Head(zone, 0, 0, 0.0, chain.START)

    store, head = await guard.on(call, guard.zone(zone), read)
    return json_reply(await call.services.audits.check(store, head, call.wall))


async def statistics(call: Call) -> Response:
    """Counted out of what is copied on the engine's thread; hiding small numbers takes longer than it may wait."""
    zone, form = call.path("zone"), call.query.get("format", "json")
    first, last = call.query.get("from"), call.query.get("to")

    def read(sight: Sight) -> tuple[Period, dict[str, Any], Sequence[Any], Sequence[Any]]:
        item = sight.zones.registry.get("zone", zone)
        if item is None:
            raise not_found(f"zone {zone}")
        period = _period(first, last, local_date(sight.now, sight.desk.view.timezone))
        records, days = requests.statistics_input(sight.zones, zone, period.first, period.last)
        return period, item, records, days

    period, item, records, days = await guard.on(call, guard.zone(zone), read)
    report = await asyncio.to_thread(summarise, records, days, item, period)
    if form == "csv":
        return Response(to_csv(report), media_type="text/csv; charset=utf-8")
    return Response(to_json(report), media_type="application/json")


def _period(first: str | None, last: str | None, today: date) -> Period:
    """Whole months: those asked for, else the last one that is over."""
    over = (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    first = first or last or over
    try:
        return Period.months(first, last or first)
    except ValueError as error:
        raise Problem(400, "bad_query", f"from, to: {error}") from None


async def sms_receipt(call: Call) -> Response:
    """A provider's word on a message; answered once the hub has it for good."""
    courier = call.services.courier
    raw = await call.raw_json() if call.principal.id == guard.PROVIDER else await call.json()
    await guard.on(call, guard.hub_itself, lambda sight: None)
    if courier is None or courier.health()["sms"] == NOT_CONFIGURED:
        raise not_found("message waits for a receipt: no provider of SMS is set up")
    if not isinstance(raw, dict):
        raise Problem(422, "invalid", "send an object", errors=[])
    try:
        known = await asyncio.wait_for(asyncio.wrap_future(courier.receipt("sms", raw)), PROVIDER_WAIT_S)
    except (NotTaken, TimeoutError):
        raise Problem(503, "not_taken", "send it again later", headers={"retry-after": "5"}) from None
    if not known and call.principal.id != guard.PROVIDER:
        raise not_found("message with this id waits for a receipt")
    return Response(status_code=204)


OPERATIONS = (
    Operation("getAudit", "GET", "/v1/zones/{zone}/audit", audit),
    Operation(
        "getStatistics", "GET", "/v1/zones/{zone}/statistics", statistics,
        {"from": month, "to": month, "format": word_of("json", "csv")},
    ),
    Operation("putSmsReceipt", "POST", "/v1/channels/sms/receipts", sms_receipt, body=JSON),
)  # fmt: skip
