"""HTTP: the registry, the queries of a child's whereabouts, the zone's health. Thin: asks the engine.

Errors are problem+json (RFC 9457). One service token for everything but ``/v1/hub`` and the probes.
"""

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from safezone_model import REGISTRY_KINDS
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from safezone_hub import __version__, items
from safezone_hub.clock import Clock, format_time, parse_time
from safezone_hub.engine import Engine
from safezone_hub.pipeline import Work
from safezone_hub.position import best_estimate
from safezone_hub.rules.health import faults
from safezone_hub.zones import ZoneDesk, Zones

T = TypeVar("T")
Answer = tuple[int, Any]
CAPABILITIES = ["exercise-clock"]
BODY_MAX_BYTES = 64 * 1024 * 1024
PAGE_MAX = 1000


class Problem(Exception):
    """An answer that is an error, as problem+json."""

    def __init__(self, status: int, title: str, detail: str = "", **more: Any) -> None:
        super().__init__(title)
        self.status = status
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


@dataclass(frozen=True)
class About:
    """What the hub says of itself."""

    hub_id: str
    mqtt_host: str
    mqtt_port: int


def build_api(
    engine: Engine, clock: Clock, token: str, about: About, checks: Callable[[], dict[str, str]]
) -> Starlette:
    """The application. ``checks`` gives the state of each part, ``ok`` or what is wrong."""
    api = _Api(engine, clock, token, about, checks)
    return Starlette(
        routes=[
            Route("/v1/hub", api.hub),
            Route("/healthz", api.health),
            Route("/readyz", api.health),
            Route("/v1/registry:import", api.guarded(api.import_items), methods=["POST"]),
            Route("/v1/registry/{kind}", api.guarded(api.list_items)),
            Route("/v1/registry/{kind}/{id}", api.guarded(api.get_item)),
            Route("/v1/registry/{kind}/{id}", api.guarded(api.put_item), methods=["PUT"]),
            Route("/v1/registry/{kind}/{id}", api.guarded(api.delete_item), methods=["DELETE"]),
            Route("/v1/children/{id}/position", api.guarded(api.position)),
            Route("/v1/children/{id}/path", api.guarded(api.path)),
            Route("/v1/zones/{zone}/stats", api.guarded(api.stats)),
            Route("/v1/zones/{zone}/rejections", api.guarded(api.rejections)),
            Route("/v1/zones/{zone}/incidents", api.guarded(api.incidents)),
            Route("/v1/zones/{zone}/devices", api.guarded(api.devices)),
        ],
        exception_handlers={404: _not_found, 405: _not_allowed, Problem: _problem, 500: _failed},
    )


class _Api:
    def __init__(
        self, engine: Engine, clock: Clock, token: str, about: About, checks: Callable[[], dict[str, str]]
    ) -> None:
        self._engine, self._clock, self._about, self._checks = engine, clock, about, checks
        self._authorization = f"Bearer {token}".encode()

    def guarded(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The handler behind the service token."""

        async def checked(request: Request) -> Response:
            given = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, self._authorization):
                raise Problem(401, "unauthorized", "send Authorization: Bearer with the service token")
            return await handler(request)

        return checked

    async def _ask(self, question: Callable[[Zones, Work], T]) -> T:
        if not self._engine.is_running():
            raise Problem(503, "engine_stopped", "the hub takes no messages; see /healthz")
        return await asyncio.wrap_future(self._engine.ask(question))

    # ------------------------------------------------------------------- the hub itself

    async def hub(self, request: Request) -> Response:
        about = self._about
        return JSONResponse(
            {
                "name": "safezone reference hub",
                "version": __version__,
                "standard": "safezone/v1",
                "hub_id": about.hub_id,
                "capabilities": CAPABILITIES,
                "mqtt": {"host": about.mqtt_host, "port": about.mqtt_port},
            }
        )

    async def health(self, request: Request) -> Response:
        checks = self._checks()
        well = all(value == "ok" for value in checks.values())
        body = {"status": "ok" if well else "failing", "checks": checks}
        return JSONResponse(body, 200 if well else 503)

    # ------------------------------------------------------------------- registry

    async def put_item(self, request: Request) -> Response:
        kind, id_ = _kind(request), request.path_params["id"]
        body = await _json(request)
        item = _read(body)
        if (item.kind, item.id) != (kind, id_):
            fault = {
                "field": "id",
                "value": f"{item.kind}/{item.id}",
                "remedy": f"use {kind}/{id_}, as in the path",
            }
            raise Problem(422, "invalid", "kind and id differ from the path", errors=[fault])
        wall = self._clock.now()

        def put(zones: Zones, work: Work) -> int:
            _refuse(zones.conflicts([item]))
            return zones.put(work, [body], [item], wall)

        new = await self._ask(put)
        return JSONResponse(items.without_secrets(body), 201 if new else 200)

    async def import_items(self, request: Request) -> Response:
        body = await _json(request)
        rows = body.get("items") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise Problem(422, "invalid", 'send {"items": [...]}', errors=[])
        parsed, errors = await asyncio.to_thread(_read_all, rows)
        if errors:
            raise Problem(422, "invalid", f"{len(errors)} errors; nothing was stored", errors=errors[:1000])
        wall = self._clock.now()

        def put(zones: Zones, work: Work) -> int:
            _refuse(zones.conflicts(parsed))
            zones.put(work, rows, parsed, wall)
            return len(parsed)

        return JSONResponse({"stored": await self._ask(put)})

    async def get_item(self, request: Request) -> Response:
        kind, id_ = _kind(request), request.path_params["id"]
        body = await self._ask(lambda zones, _: zones.registry.get(kind, id_))
        if body is None:
            raise Problem(404, "not_found", f"no {kind} {id_}")
        return JSONResponse(items.without_secrets(body))

    async def list_items(self, request: Request) -> Response:
        kind, query = _kind(request), request.query_params
        zone, after, limit = query.get("zone"), query.get("after", ""), _limit(request, 100)
        rows = await self._ask(lambda zones, _: zones.registry.list(kind, zone))
        page = [body for body in rows if body["id"] > after][: limit + 1]
        shown = [items.without_secrets(body) for body in page[:limit]]
        return JSONResponse({"items": shown, "next": shown[-1]["id"] if len(page) > limit else None})

    async def delete_item(self, request: Request) -> Response:
        kind, id_, wall = _kind(request), request.path_params["id"], self._clock.now()
        if not await self._ask(lambda zones, work: zones.delete(work, kind, id_, wall)):
            raise Problem(404, "not_found", f"no {kind} {id_}")
        return Response(status_code=204)

    # ------------------------------------------------------------------- children

    async def position(self, request: Request) -> Response:
        id_, wall = request.path_params["id"], self._clock.now()
        at = _time(request, "at")
        return JSONResponse(await self._ask(lambda zones, _: _position(zones, id_, at, wall)))

    async def path(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        since, until = _time(request, "from"), _time(request, "to")

        def read(zones: Zones, _: Work) -> dict[str, Any]:
            desk = _desk_of_child(zones, id_)
            rows = zones.store.path(desk.zone, id_, since or 0.0, until if until is not None else 1e12)
            points = [
                {"at": format_time(at), "lat": lat, "lon": lon, "accuracy_m": accuracy, "basis": basis}
                for at, lat, lon, accuracy, basis in rows
            ]
            return {"child": id_, "points": points}

        return JSONResponse(await self._ask(read))

    # ------------------------------------------------------------------- zones

    async def stats(self, request: Request) -> Response:
        wall = self._clock.now()
        return JSONResponse(await self._ask(lambda zones, _: _stats(zones, _desk(zones, request), wall)))

    async def rejections(self, request: Request) -> Response:
        limit = _limit(request, 100)

        def read(zones: Zones, _: Work) -> dict[str, Any]:
            zone = request.path_params["zone"]
            rows = zones.store.rejections("" if zone == "-" else _desk(zones, request).zone, limit)
            return {
                "items": [
                    {
                        "at": format_time(at),
                        "topic": topic,
                        "reason": reason,
                        "detail": detail,
                        "bytes_b64": base64.b64encode(sample).decode(),
                    }
                    for at, topic, reason, detail, sample in rows
                ]
            }

        return JSONResponse(await self._ask(read))

    async def incidents(self, request: Request) -> Response:
        def read(zones: Zones, _: Work) -> dict[str, Any]:
            bodies = (msgspec.json.decode(b) for b in zones.store.incidents(_desk(zones, request).zone))
            return {
                "items": [
                    {
                        "id": b["id"],
                        "service": b["service"],
                        "opened_at": format_time(b["opened_at"]),
                        **{name: b[name] for name in ("child", "device") if b[name] is not None},
                        "linked": b["linked"],
                        "state": b["state"],
                    }
                    for b in bodies
                ]
            }

        return JSONResponse(await self._ask(read))

    async def devices(self, request: Request) -> Response:
        wall = self._clock.now()
        return JSONResponse(await self._ask(lambda zones, _: _devices(zones, _desk(zones, request), wall)))


# ------------------------------------------------------------------- answers, on the engine's thread


def _position(zones: Zones, id_: str, at: float | None, wall: float) -> dict[str, Any]:
    desk = _desk_of_child(zones, id_)
    child = desk.state.children.get(id_)
    now = zones.zone_time(desk, wall)
    if at is not None and abs(at - now) > 1.0:
        return _position_then(zones, desk, id_, at)
    estimate = best_estimate(desk.view, desk.state, child, now) if child is not None else None
    if estimate is None or child is None:
        raise Problem(404, "no_position", f"nothing is known of {id_}")
    lat, lon = desk.view.plane.lat_lon(estimate.x, estimate.y)
    answer: dict[str, Any] = {
        "child": id_,
        "lat": round(lat, 7),
        "lon": round(lon, 7),
        "accuracy_m": round(estimate.accuracy_m, 1),
        "at": format_time(estimate.at),
        "age_s": round(estimate.age_s, 3),
        "basis": estimate.basis,
    }
    if estimate.device is not None:
        answer["device"] = estimate.device
    if estimate.place is not None:
        answer["place"] = estimate.place
    answer["state"] = {"place": child.where or "unknown", "since": format_time(child.since)}
    return answer


def _position_then(zones: Zones, desk: ZoneDesk, id_: str, at: float) -> dict[str, Any]:
    """An earlier moment: the last point of the path before it."""
    rows = zones.store.path(desk.zone, id_, at - 86400.0, at)
    if not rows:
        raise Problem(404, "no_position", f"nothing is known of {id_} before {format_time(at)}")
    ts, lat, lon, accuracy, basis = rows[-1]
    return {
        "child": id_,
        "lat": lat,
        "lon": lon,
        "accuracy_m": round(accuracy + min(600.0, 1.0 * (at - ts)), 1),
        "at": format_time(ts),
        "age_s": round(at - ts, 3),
        "basis": basis,
        # Only the present place is kept as a state; what it was then would have to be judged anew.
        "state": {"place": "unknown", "since": format_time(ts)},
    }


def _stats(zones: Zones, desk: ZoneDesk, wall: float) -> dict[str, Any]:
    counts = desk.ledger.counts
    notices: dict[str, dict[str, int]] = {}
    for name, n in sorted(counts.items()):
        if name.startswith("notice."):
            _, service, role = name.split(".")
            notices.setdefault(service, {})[role] = n
    now = zones.zone_time(desk, wall)
    in_fault = [d for d in sorted(desk.view.devices) if _faults(zones, desk, d, now)]
    prefixed = ("notice.", "rejected.", "incident.")
    return {
        "zone": desk.zone,
        "now": format_time(now),
        "accepted": counts.get("accepted", 0),
        "duplicate": counts.get("duplicate", 0),
        "rejected": {k[9:]: n for k, n in sorted(counts.items()) if k.startswith("rejected.")},
        "notices": notices,
        "incidents_open": sum(i.state == "open" for i in desk.state.zone.incidents),
        "devices_in_fault": in_fault,
        "other": {k: n for k, n in sorted(counts.items()) if not k.startswith(prefixed)},
    }


def _devices(zones: Zones, desk: ZoneDesk, wall: float) -> dict[str, Any]:
    now = zones.zone_time(desk, wall)
    rows = []
    for id_ in sorted(desk.view.devices):
        if desk.view.devices[id_].type == "tag":
            continue
        device = desk.state.devices.get(id_)
        row: dict[str, Any] = {
            "id": id_,
            "type": desk.view.devices[id_].type,
            "faults": _faults(zones, desk, id_, now),
            "clock_offset_s": round(device.offset_s(), 3) if device is not None and device.offsets else None,
            "last_heartbeat": None,
        }
        if device is not None and device.heartbeat_at is not None:
            row["last_heartbeat"] = format_time(device.heartbeat_at)
        rows.append(row)
    return {"items": rows}


def _faults(zones: Zones, desk: ZoneDesk, id_: str, now: float) -> list[str]:
    if desk.view.devices[id_].type == "tag":
        return []
    state = desk.state
    limit = zones.settings.heartbeat_fault_s
    return faults(state.devices.get(id_), now, state.zone.started_at or now, limit)


def _desk(zones: Zones, request: Request) -> ZoneDesk:
    zone = request.path_params["zone"]
    if zone not in zones.registry.zones:
        raise Problem(404, "not_found", f"no zone {zone}")
    return zones.desk(zone)


def _desk_of_child(zones: Zones, id_: str) -> ZoneDesk:
    body = zones.registry.get("child", id_)
    if body is None:
        raise Problem(404, "not_found", f"no child {id_}")
    return zones.desk(body["zone"])


# ------------------------------------------------------------------- requests


async def _json(request: Request) -> Any:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_MAX_BYTES:
            raise Problem(413, "too_large", f"at most {BODY_MAX_BYTES} bytes")
    try:
        return msgspec.json.decode(bytes(raw))
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(400, "not_json", str(error)) from None


def _read(body: Any) -> items.Item:
    try:
        return items.read_item(body)
    except items.ItemError as error:
        raise Problem(422, "invalid", "the item does not fit its schema", errors=error.errors) from None


def _read_all(rows: list[Any]) -> tuple[list[items.Item], list[dict[str, Any]]]:
    parsed, errors = [], []
    for line, body in enumerate(rows, 1):
        try:
            parsed.append(items.read_item(body))
        except items.ItemError as error:
            where = {"line": line, "kind": None, "id": None}
            if isinstance(body, dict):
                where.update(kind=body.get("kind"), id=body.get("id"))
            errors += [{**where, **fault} for fault in error.errors]
    return parsed, errors


def _refuse(errors: list[dict[str, Any]]) -> None:
    if errors:
        raise Problem(422, "conflict", errors[0]["remedy"], errors=errors)


def _kind(request: Request) -> str:
    kind: str = request.path_params["kind"]
    if kind not in REGISTRY_KINDS:
        raise Problem(404, "not_found", f"no kind {kind}; known: {', '.join(REGISTRY_KINDS)}")
    return kind


def _limit(request: Request, default: int) -> int:
    text = request.query_params.get("limit", str(default))
    if not text.isdecimal() or not 1 <= int(text) <= PAGE_MAX:
        raise Problem(400, "bad_query", f"limit: a number from 1 to {PAGE_MAX}")
    return int(text)


def _time(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        # «+09:00» unescaped in a URL arrives as a blank.
        return parse_time(text.replace(" ", "+"))
    except ValueError:
        raise Problem(400, "bad_query", f"{name}: an RFC 3339 time with offset") from None


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return JSONResponse(error.body, error.status, media_type="application/problem+json")


async def _not_found(request: Request, error: Exception) -> Response:
    return await _problem(request, Problem(404, "not_found", f"no {request.url.path}"))


async def _not_allowed(request: Request, error: Exception) -> Response:
    return await _problem(request, Problem(405, "method_not_allowed", request.method))


async def _failed(request: Request, error: Exception) -> Response:
    return await _problem(request, Problem(500, "internal_error", "the hub's own fault; its log has more"))
