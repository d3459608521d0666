"""The hub itself: what it is, how it is, and who the asker is to it."""

import asyncio
import contextlib
from typing import Any

from starlette.responses import Response

from safezone_hub import __version__, metrics
from safezone_hub.api import guard
from safezone_hub.api.call import Call, Operation
from safezone_hub.api.document import document_bytes
from safezone_hub.api.etag import polled
from safezone_hub.api.guard import Sight
from safezone_hub.api.problem import Problem
from safezone_hub.api.reply import json_reply
from safezone_hub.clock import format_time
from safezone_hub.zones import Zones

CAPABILITIES = ["exercise-clock", "incidents", "registry-streets", "registry-units"]
# Of these parts the hub can not do without any; of the others it says how they are and works on.
VITAL = ("engine", "store", "broker")
METRICS_WAIT_S = 2.0


async def hub(call: Call) -> Response:
    about = call.services.about
    return json_reply(
        {
            "name": "safezone reference hub",
            "version": __version__,
            "standard": "safezone/v1",
            "hub_id": about.hub_id,
            "capabilities": CAPABILITIES,
            "mqtt": {"host": about.mqtt_host, "port": about.mqtt_port},
        }
    )


async def health(call: Call) -> Response:
    """Every part, well or not."""
    return _health(call, None)


async def readiness(call: Call) -> Response:
    """Only the parts without which no message can be taken."""
    return _health(call, VITAL)


def _health(call: Call, parts: tuple[str, ...] | None) -> Response:
    checks = {
        name: _for_anybody(state)
        for name, state in call.services.checks().items()
        if parts is None or name in parts
    }
    well = all(state == "ok" for state in checks.values())
    return json_reply({"status": "ok" if well else "failing", "checks": checks}, 200 if well else 503)


def _for_anybody(state: str) -> str:
    """What is wrong, in one line, without the words of the error that stopped the engine: nobody asked who reads it."""
    return "stopped" if state.startswith("stopped") else state.splitlines()[0][:200]


async def openapi(call: Call) -> Response:
    response = polled(call.request, document_bytes())
    response.headers["cache-control"] = "public, no-cache"
    return response


async def metrics_text(call: Call) -> Response:
    """Also when the engine or its store stands still: then what is measured without them."""
    services = call.services
    snapshot = None
    with contextlib.suppress(TimeoutError, Problem):
        asked = guard.on(call, guard.hub_itself, lambda sight: _snapshot(sight.zones))
        snapshot = await asyncio.wait_for(asked, METRICS_WAIT_S)
    call.decided = True  # the role was admitted; nothing here is anybody's
    services.metrics.queue(len(services.engine.inbox), services.engine.inbox.shed)
    body = services.metrics.text(snapshot, services.checks(), services.streams.count, services.streams.behind)
    return Response(body, media_type=metrics.CONTENT_TYPE)


def _snapshot(zones: Zones) -> metrics.Snapshot:
    desks = list(zones.desks.values())
    states = [i.state for desk in desks for i in desk.state.incidents.values() if i.is_open]
    return metrics.snapshot_of((desk.ledger.counts for desk in desks), states, len(zones.outbox.open))


async def me(call: Call) -> Response:
    who = call.principal

    def read(sight: Sight) -> dict[str, str]:
        own = guard.children_of(sight.zones, who.id) if who.role == "guardian" else []
        found = {id_: sight.zones.registry.get("child", id_) for id_ in own}
        return {id_: str(body["name"]) if body is not None else id_ for id_, body in found.items()}

    children = await guard.on(call, guard.hub_itself, read)
    body: dict[str, Any] = {"role": who.role, "principal": who.id, "scopes": sorted(who.scopes)}
    if who.zone:
        body["zone"] = who.zone
    if who.role == "guardian":
        body["children"] = list(children)
        body["names"] = children
    if who.expires_at is not None:
        body["expires_at"] = format_time(who.expires_at)
    return json_reply(body)


OPERATIONS = (
    Operation("getHub", "GET", "/v1/hub", hub, public=True),
    Operation("getHealth", "GET", "/healthz", health, public=True),
    Operation("getReadiness", "GET", "/readyz", readiness, public=True),
    Operation("getOpenapi", "GET", "/openapi.json", openapi, public=True),
    Operation("getMetrics", "GET", "/metrics", metrics_text),
    Operation("getMe", "GET", "/v1/me", me),
)
