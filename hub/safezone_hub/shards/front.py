"""HTTP of several shards: whoever is asked answers, or passes the request on to the zone's shard and its answer back.

So a load balancer may choose any shard, and a client sees one hub: same paths, same answers, streams too. Where a
request names no zone, its token's zone counts; a token of the whole hub asks this shard first, and the others when it
knows no such thing. Lists over all zones are put together. A zone on the move is answered 503 with Retry-After.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

import httpx
from starlette.types import Message, Receive, Scope, Send

from safezone_hub.access import TokenBook
from safezone_hub.api.problem import Problem
from safezone_hub.shards.keeper import ShardKeeper

FORWARDED = b"x-safezone-shard"
BODY_MAX_BYTES = 64 * 1024 * 1024
WAIT_S = 120.0
_ZONE = re.compile(r"/v1/zones/([^/]+)(/|\Z)")
_ITEM = re.compile(r"/v1/registry/([^/:]+)/[^/]+\Z")
_LIST = re.compile(r"/v1/registry/([^/:]+)\Z")
_OWN = frozenset({"/v1/hub", "/healthz", "/readyz", "/openapi.json", "/metrics", "/v1/tokens"})
_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}
)
# Where «not here» may mean «ask another»: by path, the answers that do.
_ELSEWHERE = {"/v1/tokens": (422,), "/v1/enrolments": (403, 404, 422)}

App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Front:
    """An ASGI application before the hub's own. ``keeper`` knows whose a zone is, ``book`` whose a token."""

    def __init__(self, app: App, keeper: ShardKeeper, book: TokenBook, service_token: str) -> None:
        self._app, self._keeper, self._book, self._service = app, keeper, book, service_token
        self._client: httpx.AsyncClient | None = None

    @property
    def state(self) -> Any:
        return self._app.state  # type: ignore[attr-defined]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        if path in _OWN and not (path == "/v1/tokens" and method == "POST"):
            await self._know_token(scope)
            await self._app(scope, receive, send)
            return
        try:
            body = await _whole(receive)
        except ValueError:
            await _answer(send, Problem(413, "too_large", f"at most {BODY_MAX_BYTES} bytes"))
            return
        await self._know_token(scope)
        request = _Request(scope, body)
        zones = self._zones_of(request)
        if dict(scope["headers"]).get(FORWARDED):
            await self._passed_on_to_us(request, zones, send)
        elif len(zones) > 1:
            await self._import(request, zones, send)
        elif zones:
            await self._to_zone(request, zones[0], send)
        elif method == "GET" and _LIST.match(path):
            await self._list(request, send)
        else:
            await self._wherever(request, send)

    # ------------------------------------------------------------------- where to

    def _zones_of(self, request: "_Request") -> list[str]:
        """The zones a request is about; none when it does not say."""
        path, query = request.scope["path"], request.query
        if found := _ZONE.match(path):
            return [found[1]]
        if path == "/v1/registry:import" or (request.scope["method"] == "PUT" and _ITEM.match(path)):
            return request.zones_in_body()
        if "zone" in query and path.startswith("/v1/registry"):
            return [query["zone"][0]]
        token = self._book.token_of(request.bearer)
        return [token.zone] if token is not None and token.zone else []

    async def _know_token(self, scope: Scope) -> None:
        """A token made at another shard a moment ago: look before it is refused."""
        bearer = _bearer(scope)
        if bearer.startswith("szt_") and self._book.token_of(bearer) is None:
            await asyncio.to_thread(self._keeper.renew_tokens)

    async def _url_of(self, request: "_Request", zone: str) -> str | None:
        return await asyncio.to_thread(self._keeper.url_of, zone, request.registers)

    async def _passed_on_to_us(self, request: "_Request", zones: list[str], send: Send) -> None:
        """From another shard, and never passed on again: if the zone has left meanwhile, the asker tries again."""
        for zone in zones:
            if await self._url_of(request, zone) != "":
                await _answer(send, _moving(zone))
                return
        await self._app(request.scope, request.receive(), send)

    async def _to_zone(self, request: "_Request", zone: str, send: Send) -> None:
        url = await self._url_of(request, zone)
        if url == "":
            await self._app(request.scope, request.receive(), send)
        elif url is None:
            await _answer(send, _moving(zone))
        else:
            await self._pass_on(request, url, send)

    async def _wherever(self, request: "_Request", send: Send) -> None:
        """Here first; when there is no such thing here, the others in turn."""
        elsewhere = _ELSEWHERE.get(request.scope["path"], (404,))
        kept = await self._here(request, send, elsewhere)
        if kept is None:
            return
        for url in self._keeper.others():
            if await self._pass_on(request, url, send, unless=elsewhere):
                return
        await _replay(kept, send)

    async def _here(self, request: "_Request", send: Send, unless: Sequence[int]) -> list[Message] | None:
        """Answer here. When the status is one of ``unless`` nothing was sent, and the answer is returned."""
        kept: list[Message] = []
        holding = False

        async def sift(message: Message) -> None:
            nonlocal holding
            if message["type"] == "http.response.start":
                holding = message["status"] in unless
            if holding:
                kept.append(message)
            else:
                await send(message)

        await self._app(request.scope, request.receive(), sift)
        return kept if holding else None

    # ------------------------------------------------------------------- to another shard

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=2000, max_keepalive_connections=50)
            self._client = httpx.AsyncClient(timeout=httpx.Timeout(WAIT_S, read=None), limits=limits)
        return self._client

    async def _pass_on(
        self,
        request: "_Request",
        url: str,
        send: Send,
        *,
        unless: Sequence[int] = (),
        body: bytes | None = None,
    ) -> bool:
        """The other shard's answer, as it comes. False, and nothing sent, when its status is one of ``unless``."""
        headers = [(k, v) for k, v in request.scope["headers"] if k.decode().lower() not in _HOP]
        headers.append((FORWARDED, str(self._keeper.shard).encode()))
        started = False
        try:
            async with self._http().stream(
                request.scope["method"], url + request.target, headers=headers,
                content=request.body if body is None else body,
            ) as answer:  # fmt: skip
                if answer.status_code in unless:
                    return False
                passed = [(k.lower(), v) for k, v in answer.headers.raw if k.decode().lower() not in _HOP]
                await send({"type": "http.response.start", "status": answer.status_code, "headers": passed})
                started = True
                async for chunk in answer.aiter_raw():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except httpx.HTTPError:
            if started:
                raise
            if unless:
                return False
            await _answer(
                send,
                Problem(
                    503,
                    "shard_unavailable",
                    "the zone's shard does not answer; try again",
                    headers={"retry-after": "1"},
                ),
            )
        return True

    async def _asked(self, request: "_Request", url: str, body: bytes | None = None) -> tuple[int, bytes]:
        """A shard's whole answer; ``url`` empty is this one."""
        if url:
            headers = [(k, v) for k, v in request.scope["headers"] if k.decode().lower() not in _HOP]
            headers.append((FORWARDED, str(self._keeper.shard).encode()))
            answer = await self._http().request(
                request.scope["method"], url + request.target, headers=headers,
                content=request.body if body is None else body,
            )  # fmt: skip
            return answer.status_code, answer.content
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._app(request.scope, request.receive(body), keep)
        return int(kept[0]["status"]), b"".join(m.get("body", b"") for m in kept[1:])

    async def _import(self, request: "_Request", zones: list[str], send: Send) -> None:
        """Items of several zones, each to its shard. All or nothing within a shard; an import may always be repeated."""
        by_url: dict[str, list[str]] = {}
        for zone in zones:
            url = await self._url_of(request, zone)
            if url is None:
                await _answer(send, _moving(zone))
                return
            by_url.setdefault(url, []).append(zone)
        if list(by_url) == [""]:
            await self._app(request.scope, request.receive(), send)
            return
        items, stored = json.loads(request.body)["items"], 0
        for url, here in by_url.items():
            part = json.dumps({"items": [i for i in items if i["zone"] in here]}, ensure_ascii=False).encode()
            status, answer = await self._asked(request, url, part)
            if status >= 300:
                await _plain(send, status, answer)
                return
            stored += int(json.loads(answer)["stored"])
        await _plain(send, 200, json.dumps({"stored": stored}).encode())

    async def _list(self, request: "_Request", send: Send) -> None:
        """A page over all zones: the first of all shards' pages, by id."""
        answers = [await self._asked(request, url) for url in ("", *self._keeper.others())]
        bad = next(((status, body) for status, body in answers if status != 200), None)
        if bad is not None:
            await _plain(send, *bad)
            return
        pages = [json.loads(body) for _, body in answers]
        found = sorted((item for page in pages for item in page["items"]), key=lambda item: str(item["id"]))
        asked = request.query.get("limit", [""])[0]
        cut = [
            len(page["items"]) for page in pages if page.get("next")
        ]  # a shard's page that is not its last
        limit = int(asked) if asked.isdecimal() else min(cut, default=len(found))
        more = len(found) > limit or bool(cut)
        kept = found[:limit] if more else found
        page = {"items": kept, **({"next": kept[-1]["id"]} if more and kept else {})}
        await _plain(send, 200, json.dumps(page, ensure_ascii=False).encode())


class _Request:
    """A request whose body is here, so that it can be asked several times."""

    def __init__(self, scope: Scope, body: bytes) -> None:
        self.scope, self.body = scope, body
        self.bearer = _bearer(scope)
        self.query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        raw = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string", b"")
        self.target = (raw.split(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")

    @property
    def registers(self) -> bool:
        """Whether it may bring a zone that nobody has yet."""
        return self.scope["method"] in ("PUT", "POST") and self.scope["path"].startswith("/v1/registry")

    def receive(self, body: bytes | None = None) -> Receive:
        messages = [{"type": "http.request", "body": self.body if body is None else body, "more_body": False}]
        forever = asyncio.Event()

        async def give() -> Message:
            if messages:
                return messages.pop()
            await forever.wait()
            return {"type": "http.disconnect"}

        return give

    def zones_in_body(self) -> list[str]:
        """Empty when the body is no registry item or import: the hub's own door says what is wrong with it."""
        try:
            body = json.loads(self.body)
        except (ValueError, RecursionError):
            return []
        rows = body.get("items", [body]) if isinstance(body, dict) else []
        if not isinstance(rows, list):
            return []
        zones = [row.get("zone") if isinstance(row, dict) else None for row in rows]
        named = [zone for zone in zones if isinstance(zone, str)]
        return sorted(set(named)) if len(named) == len(zones) else []


def _bearer(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    return str(given.partition(" ")[2]).strip()


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_MAX_BYTES:
            raise ValueError("too large")
        if not message.get("more_body"):
            return b"".join(parts)


def _moving(zone: str) -> Problem:
    return Problem(
        503,
        "zone_moving",
        f"zone {zone} is on its way to another shard; try again",
        headers={"retry-after": "1"},
    )


async def _answer(send: Send, problem: Problem) -> None:
    response = problem.response()
    await send(
        {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    )
    await send({"type": "http.response.body", "body": response.body})


async def _plain(send: Send, status: int, body: bytes) -> None:
    kind = b"application/problem+json" if status >= 400 else b"application/json"
    headers = [
        (b"content-type", kind),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _replay(messages: Sequence[Message], send: Send) -> None:
    for message in messages:
        await send(message)
