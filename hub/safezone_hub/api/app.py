"""The application: every operation of the standard behind one door, and the same manners at every path.

One endpoint a path, which dispatches by method: so that 405 names every method there is, HEAD is GET without
its body, and OPTIONS needs no token. What a handler raises becomes problem+json here.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from safezone_hub.access import TokenBook
from safezone_hub.api import (
    children,
    enrolment,
    general,
    guard,
    incidents,
    notices,
    operations,
    pupils,
    registry,
    streams,
    tokens,
    zones,
)
from safezone_hub.api.auditing import Audits
from safezone_hub.api.call import Call, Operation
from safezone_hub.api.enrolling import Enrolments, pepper_of
from safezone_hub.api.limits import Buckets, Limits
from safezone_hub.api.problem import Problem
from safezone_hub.api.services import About, Services
from safezone_hub.api.sse import Streams
from safezone_hub.channels import Courier
from safezone_hub.clock import Clock
from safezone_hub.engine import Engine
from safezone_hub.incidents.actions import ActionError
from safezone_hub.metrics import Metrics
from safezone_hub.store import StoreUnavailable

log = logging.getLogger("safezone.hub.api")

OPERATIONS: tuple[Operation, ...] = (
    *general.OPERATIONS,
    *tokens.OPERATIONS,
    *registry.OPERATIONS,
    *incidents.OPERATIONS,
    *streams.OPERATIONS,
    *notices.OPERATIONS,
    *children.OPERATIONS,
    *enrolment.OPERATIONS,
    *zones.OPERATIONS,
    *pupils.OPERATIONS,
    *operations.OPERATIONS,
)

_STATUS_OF = {"not_found": 404, "conflict": 409, "invalid": 422, "forbidden": 403}
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
_NO_STORE = (b"cache-control", b"no-store")
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


def build_api(
    engine: Engine,
    clock: Clock,
    token: str,
    about: About,
    checks: Callable[[], dict[str, str]],
    *,
    limits: Limits | None = None,
    metrics: Metrics | None = None,
    courier: Courier | None = None,
    pepper: bytes | None = None,
) -> Starlette:
    """The application. ``token`` is the service token, of role admin; ``checks`` gives the state of each part.

    ``pepper`` is the hub's secret for school codes and numbers of the enrolment, at least 16 bytes that stay.
    Call it before the engine starts: it reads the tokens from the store.
    """
    limits = limits or Limits()
    services = Services(
        engine=engine,
        clock=clock,
        about=about,
        checks=checks,
        book=TokenBook(token, engine.zones.store.tokens()),
        limits=limits,
        failed_tokens=Buckets(limits.failed_tokens, time.monotonic),
        enrolment=Buckets(limits.enrolment, time.monotonic),
        enrolment_codes=Buckets(limits.enrolment_code, time.monotonic),
        streams=Streams(streams.live),
        audits=Audits(),
        enrolments=Enrolments(pepper if pepper is not None else pepper_of(token)),
        metrics=metrics or Metrics(),
        courier=courier,
    )
    engine.on_commit(services.streams.committed)
    engine.observe_batch = services.metrics.observe_batch
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    app = Starlette(
        routes=[
            Route(path, _Endpoint(services, methods), include_in_schema=False)
            for path, methods in sorted(by_path.items(), key=_literal_first)
        ],
        exception_handlers={HTTPException: _http_exception},
    )
    app.router.redirect_slashes = False
    app.state.services = services
    app.add_middleware(_Manners)
    return app


class _Endpoint:
    """One path. An ASGI application, so that no method is filtered before it."""

    def __init__(self, services: Services, methods: dict[str, Operation]) -> None:
        self._services, self._methods = services, methods
        allowed = sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})
        self._allow = {"allow": ", ".join(allowed)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        method = "GET" if request.method == "HEAD" else request.method
        operation = self._methods.get(method)
        if request.method == "OPTIONS":
            response = Response(status_code=204, headers=self._allow)
        elif operation is None:
            detail = f"{request.method}; there is {self._allow['allow']}"
            response = Problem(405, detail=detail, headers=self._allow).response()
        else:
            response = await _answered(Call(self._services, operation, request))
            self._services.metrics.answered(operation.name, response.status_code)
        await response(scope, receive, send)


async def _answered(call: Call) -> Response:
    """The handler's answer, or the problem it raised."""
    operation = call.operation
    try:
        if not operation.public:
            call.who = guard.authenticate(call)
            guard.admit(call)
        call.read_query()
        response = await operation.handler(call)
        if not call.decided:
            raise AssertionError("an answer without a decision")
        return response
    except Problem as problem:
        return problem.response()
    except ActionError as refused:
        more: dict[str, Any] = {}
        if refused.field:
            more["errors"] = [{"field": refused.field, "value": None, "remedy": refused.detail}]
        return Problem(_STATUS_OF[refused.code], refused.code, refused.detail, **more).response()
    except StoreUnavailable:
        return Problem(503, "store_unavailable", "the store does not answer; try again").response()
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    except Exception:
        log.exception("a request failed", extra={"operation": operation.name})
        return Problem(500, detail="the hub's own fault; its log has more").response()


async def _http_exception(request: Request, error: Exception) -> Response:
    """What the router itself refuses: a path that is none."""
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, detail=f"no {request.url.path[:200]}").response()


class _Manners:
    """Headers of every answer. Nothing of persons may be kept by anyone on the way."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def polite(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", [])) + _HEADERS
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
                if scope.get("scheme") == "https":
                    headers.append(_STRICT_TRANSPORT)
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, polite if scope["type"] == "http" else send)


def _literal_first(entry: tuple[str, object]) -> tuple[int, str]:
    """Paths without parameters before those with: the router takes the first that fits."""
    return entry[0].count("{"), entry[0]
