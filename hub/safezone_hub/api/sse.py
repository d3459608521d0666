"""Server-sent events: live after each commit, resumed from the store, and never buffered without bound.

One ``Streams`` for all connections. The engine calls ``committed`` on its own thread with the rows of the
feed that a commit wrote; the event loop hands each row to the few streams that follow its audience. An
event's id is ``{zone}:{n}``, its place in the zone's feed.

A stream begins live, with its queue open, and then reads from the store what came before: whatever is in
both is told once, because places only rise. A consumer that does not keep up is cut; its last id brings it
back to where it was.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

QUEUE_MAX = 256
HEARTBEAT_S = 15.0
SEND_MAX_S = 30.0
PAGE = 500
RETRY_MS = 2000

_LAST_ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([0-9]{1,15})\Z", re.ASCII)

Event = tuple[int, bytes]  # its place in the zone's feed, and the bytes as sent
Follow = tuple[str, str]  # zone, audience
Render = Callable[[str, str, int, float, bytes], bytes | None]  # zone, audience, n, made_at, body


@dataclass(eq=False)
class Subscription:
    """One consumer's queue. On the event loop only."""

    follows: Follow
    waiting: "deque[Event]" = field(default_factory=deque)
    overflowed: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, event: Event) -> None:
        """Take one more, or give up on the consumer's pace."""
        if len(self.waiting) >= QUEUE_MAX:
            self.waiting.clear()
            self.overflowed = True
        if not self.overflowed:
            self.waiting.append(event)
        self.news.set()


class Streams:
    """Hands what is committed to who follows it. ``render`` makes a row of the feed an event, or None to leave it out."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._loop: asyncio.AbstractEventLoop | None = None
        self._following: dict[Follow, set[Subscription]] = {}
        self.behind = 0  # rows committed and not yet handed on
        self.closing = False

    @property
    def count(self) -> int:
        return sum(len(each) for each in self._following.values())

    def committed(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows of ``Batch.feed`` that are durable now. Called on the engine's thread."""
        loop = self._loop
        if loop is None or not self._following:
            return
        wanted = [
            (zone, audience, n, made_at, body)
            for zone, n, audience, made_at, body, *_ in rows
            if (zone, audience) in self._following
        ]
        if not wanted:
            return
        self.behind += len(wanted)
        try:
            loop.call_soon_threadsafe(self._hand_on, wanted)
        except RuntimeError:
            self._loop = None  # the loop has ended: nobody listens any more

    def _hand_on(self, rows: list[tuple[str, str, int, float, bytes]]) -> None:
        self.behind -= len(rows)
        for row in rows:
            sent = self._render(*row)
            if sent is not None:
                for subscription in self._following.get((row[0], row[1]), ()):
                    subscription.offer((row[2], sent))

    def subscribe(self, follows: Follow) -> Subscription:
        self._loop = asyncio.get_running_loop()
        subscription = Subscription(follows)
        self._following.setdefault(follows, set()).add(subscription)
        return subscription

    def close(self) -> None:
        """End every stream, from any thread: the hub stops."""
        self.closing = True
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._wake_all)
            except RuntimeError:
                self._loop = None

    def _wake_all(self) -> None:
        for each in self._following.values():
            for subscription in each:
                subscription.news.set()

    def unsubscribe(self, subscription: Subscription) -> None:
        following = self._following.get(subscription.follows, set())
        following.discard(subscription)
        if not following:
            self._following.pop(subscription.follows, None)


def event_bytes(zone: str, n: int, type_: str, data: bytes) -> bytes:
    """One event as sent. ``data`` is JSON on one line."""
    return b"id: %s:%d\nevent: %s\ndata: %s\n\n" % (zone.encode(), n, type_.encode(), data)


def last_event_id(request: Request, zone: str) -> int | None:
    """The place after which to go on; None to begin now. ValueError for what is no id of this zone's feed."""
    text = request.headers.get("last-event-id", "").strip()
    if not text:
        return None
    match = _LAST_ID.match(text)
    if match is None or match[1] != zone:
        raise ValueError(f"Last-Event-ID: the id of an event of zone {zone}, as in {zone}:57")
    return int(match[2])


class EventStream(Response):
    """One stream to one consumer, from ``after`` on, for as long as ``may_go_on`` says so.

    ``read`` gives what the store has after a place, without what this consumer must not see: events, the
    place up to which it has read, and whether there is more.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        streams: Streams,
        follows: Follow,
        after: int,
        read: Callable[[int], Awaitable[tuple[list[Event], int, bool]]],
        may_go_on: Callable[[], bool],
    ) -> None:
        super().__init__(headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._streams, self._follows, self._sent = streams, follows, after
        self._read, self._may_go_on = read, may_go_on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        subscription = self._streams.subscribe(self._follows)
        gone = asyncio.ensure_future(_gone(receive))
        try:
            zone = self._follows[0]
            await self._push(send, f"retry: {RETRY_MS}\nid: {zone}:{self._sent}\n\n".encode())
            await self._run(send, subscription, gone)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (TimeoutError, OSError):
            pass  # the consumer does not read: the connection ends without an end
        finally:
            gone.cancel()
            self._streams.unsubscribe(subscription)

    async def _run(self, send: Send, subscription: Subscription, gone: "asyncio.Future[None]") -> None:
        await self._catch_up(send, subscription)
        while not gone.done() and not self._streams.closing and self._may_go_on():
            idle = not subscription.waiting and not subscription.overflowed
            if idle and not await _wake(subscription.news, gone):
                await self._push(send, b": still here\n\n")
                continue
            if not self._may_go_on():
                return  # revoked while nothing happened: what happens now is not this consumer's any more
            subscription.news.clear()
            if subscription.overflowed:
                await self._push(send, b": too slow; come again with the last id\n\n")
                return
            events = list(subscription.waiting)
            subscription.waiting.clear()
            await self._tell(send, events)

    async def _catch_up(self, send: Send, subscription: Subscription) -> None:
        """What is in the store and was not told yet; again, when more came meanwhile than the queue holds."""
        while True:
            subscription.overflowed = False
            events, read_to, more = await self._read(self._sent)
            await self._tell(send, events)
            self._sent = max(self._sent, read_to)
            if not more and not subscription.overflowed:
                return

    async def _tell(self, send: Send, events: list[Event]) -> None:
        # What is in the store and in the queue as well is told once: places only rise.
        fresh = [event for event in events if event[0] > self._sent]
        if fresh:
            await self._push(send, b"".join(sent for _, sent in fresh))
            self._sent = fresh[-1][0]

    async def _push(self, send: Send, body: bytes) -> None:
        message = {"type": "http.response.body", "body": body, "more_body": True}
        await asyncio.wait_for(send(message), SEND_MAX_S)


async def _gone(receive: Receive) -> None:
    """Until the consumer has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _wake(news: asyncio.Event, gone: "asyncio.Future[None]") -> bool:
    """Whether there is something to do before the next heartbeat is due."""
    waiting = asyncio.ensure_future(news.wait())
    both: set[asyncio.Future[Any]] = {waiting, gone}
    try:
        await asyncio.wait(both, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return news.is_set() or gone.done()
