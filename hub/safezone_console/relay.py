"""Streams of the hub and of the twin, handed on over a WebSocket.

A browser holds at most six connections to one address, streams and pages of all its tabs together; a teacher with desk,
control room, guardian and school open would use them up, and the next page would wait for ever. WebSockets have no such limit.
What is said stays what the standard's stream says: each message is ``[event, id, data]``.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
from starlette.websockets import WebSocket, WebSocketDisconnect

from safezone_console.upstream import Upstream

REFUSED, OVER = 4401, 1000


def from_our_page(socket: WebSocket) -> bool:
    """Browsers say which page opened the socket; only a page of this address may."""
    origin = socket.headers.get("origin")
    return origin is None or origin.partition("://")[2] == socket.headers.get("host")


async def relay(socket: WebSocket, upstream: Upstream, path: str, token: str | None) -> None:
    """Hands one stream on until either side ends it."""
    await socket.accept()
    sending = asyncio.create_task(_send(socket, upstream, path, token))
    listening = asyncio.create_task(_listen(socket))
    try:
        await asyncio.wait({sending, listening}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, listening):
            task.cancel()
        await asyncio.gather(sending, listening, return_exceptions=True)


async def _listen(socket: WebSocket) -> None:
    """A page says nothing; this notices that it is gone."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.receive_text()


async def _send(socket: WebSocket, upstream: Upstream, path: str, token: str | None) -> None:
    code = OVER
    with suppress(WebSocketDisconnect, RuntimeError, httpx.HTTPError):
        async with upstream.stream(path, socket.query_params, token) as answer:
            if answer.status_code == 200:
                await socket.send_text('["open", "", null]')
                async for kind, id_, data in events(answer.aiter_lines()):
                    await socket.send_text(f"[{json.dumps(kind)}, {json.dumps(id_)}, {data}]")
            else:
                code = REFUSED
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.close(code)


async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str, str]]:
    """(event, id, data as JSON text) of server-sent events; comments and what is no JSON are left out."""
    kind, id_ = "message", ""
    data: list[str] = []
    async for line in lines:
        if line == "":
            text = "\n".join(data)
            kind_, kind, data = kind, "message", []
            with suppress(ValueError):
                if text:
                    json.loads(text)
                    yield kind_, id_, text
        elif line.startswith("event:"):
            kind = line[6:].strip()
        elif line.startswith("id:"):
            id_ = line[3:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].lstrip())
