"""Passes calls of the pages on to the hub and to the twin's control API, adding the token that the browser must not read.

Nothing is kept and nothing is retried here: what the other side says is what the page gets. A stream is passed on as it
comes; when the other side falls silent for longer than the standard allows, the page's stream ends and it comes again.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import httpx
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

SILENCE_MAX_S = 25.0  # the standard: a stream says something every 15 s
_PASSED_IN = (
    "content-type",
    "if-match",
    "if-none-match",
    "accept",
    "x-access-reason",
    "accept-language",
    "range",
)
_PASSED_OUT = ("content-type", "etag", "location", "retry-after", "content-disposition", "cache-control")
_BODY_MAX = 4 * 1024 * 1024


class Upstream:
    """One other side: the hub, or the control API."""

    def __init__(self, base: str, name: str) -> None:
        self.base, self.name = base, name
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
        self._client = httpx.AsyncClient(
            base_url=base, limits=limits, follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(
        self, method: str, path: str, token: str | None = None, *, timeout_s: float = 20.0, **more: Any
    ) -> httpx.Response | None:
        """One call of the pages' own; None when nobody answers."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            return await self._client.request(method, path, headers=headers, timeout=timeout_s, **more)
        except httpx.HTTPError:
            return None

    async def pass_on(
        self, request: Request, path: str, token: str | None, body: bytes | None = None
    ) -> Response:
        """A page's call, as it is, or with another ``body``. 503 with problem+json when nobody answers."""
        if body is None:
            body = await request.body() if request.method not in ("GET", "HEAD") else b""
        if len(body) > _BODY_MAX:
            return problem(413, "too_large", f"at most {_BODY_MAX} bytes")
        headers = {name: value for name in _PASSED_IN if (value := request.headers.get(name))}
        query: list[tuple[str, str | int | float | bool | None]] = [
            (k, v) for k, v in request.query_params.multi_items() if k != "last_event_id"
        ]
        # A page that opens its stream anew cannot set the header itself.
        last = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
        if last:
            headers["last-event-id"] = last
        if token:
            headers["authorization"] = f"Bearer {token}"
        streaming = "text/event-stream" in headers.get("accept", "")
        timeout = httpx.Timeout(60.0, connect=3.0, read=SILENCE_MAX_S if streaming else 60.0)
        asked = self._client.build_request(
            request.method, path, params=query, content=body or None, headers=headers, timeout=timeout
        )
        try:
            answer = await self._client.send(asked, stream=True)
        except httpx.HTTPError:
            return self.away()
        passed = {name: value for name in _PASSED_OUT if (value := answer.headers.get(name))}
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            passed |= {"cache-control": "no-store", "x-accel-buffering": "no"}
            return StreamingResponse(_lines(answer), answer.status_code, headers=passed)
        try:
            content = await answer.aread()
        except httpx.HTTPError:
            return self.away()
        finally:
            await answer.aclose()
        passed.setdefault("cache-control", "no-store")
        return Response(content, answer.status_code, headers=passed)

    def stream(
        self, path: str, query: QueryParams, token: str | None
    ) -> AbstractAsyncContextManager[httpx.Response]:
        """A stream of the other side, from after ``last_event_id`` on; httpx.HTTPError as it breaks or falls silent."""
        asked = [(k, v) for k, v in query.multi_items() if k != "last_event_id"]
        headers = {"accept": "text/event-stream"}
        if query.get("last_event_id"):
            headers["last-event-id"] = query["last_event_id"]
        if token:
            headers["authorization"] = f"Bearer {token}"
        timeout = httpx.Timeout(60.0, connect=3.0, read=SILENCE_MAX_S)
        return self._client.stream("GET", path, params=QueryParams(asked), headers=headers, timeout=timeout)

    def away(self) -> Response:
        return problem(
            503, f"{self.name}_away", f"{self.name} does not answer at the moment", {"retry-after": "2"}
        )


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        with suppress(httpx.HTTPError):
            async for chunk in answer.aiter_raw():
                yield chunk
    finally:
        await answer.aclose()


def problem(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error in the standard's form."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status, headers=dict(headers or {}), media_type="application/problem+json")
