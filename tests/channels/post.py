"""What the tests of the channels share: invented jobs, a collector of reports, a receiver of HTTP."""

import asyncio
import itertools
import socket
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from safezone_hub.channels import ChannelSettings, Courier, Job, Patience, Report
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SECRET = "c2VjcmV0IG9mIGFuIGludmVudGVkIHJlY2VpdmVyISE"
KOREAN = "[안심구역] 김하늘 어린이가 08:30:06에 학교에 도착했습니다. (발송 08:30:14)"
QUICK = Patience(first_s=0.05, factor=1.5, max_s=0.3, give_up_after_s=30.0)
_numbers = itertools.count(1)


def job(channel: str, address: str, **more: Any) -> Job:
    values: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "notice": f"n-{next(_numbers)}",
        "channel": channel,
        "address": address,
        "secret": SECRET if channel == "webhook" else None,
        "language": "ko",
        "subject": "학교 도착",
        "text": KOREAN,
        "body": '{"service":"school_arrival","text":"도착"}'.encode(),
        "content_type": "application/json",
        "urgent": False,
    }
    return Job(**values | more)


@dataclass
class Reports:
    """Collects what the courier reports; a test waits for what it expects."""

    seen: list[Report] = field(default_factory=list)
    refusing: bool = False

    def __post_init__(self) -> None:
        self._changed = threading.Condition()

    def __call__(self, reports: list[Report]) -> None:
        with self._changed:
            if self.refusing:
                raise RuntimeError("no store")
            self.seen += reports
            self._changed.notify_all()

    def of(self, id_: str) -> list[Report]:
        return [report for report in self.seen if report.job == id_]

    def states(self, id_: str) -> list[str]:
        return [report.state for report in self.of(id_)]

    def wait(self, id_: str, state: str, timeout_s: float = 8.0) -> Report:
        def found() -> Report | None:
            return next((report for report in self.of(id_) if report.state == state), None)

        with self._changed:
            assert self._changed.wait_for(found, timeout_s), f"expected {state}, saw {self.of(id_)}"
            report = found()
            assert report
            return report

    def wait_all(self, ids: list[str], state: str, timeout_s: float = 8.0) -> float:
        """Seconds until all are there."""
        began, open_ids, read = time.monotonic(), set(ids), 0

        def all_there() -> bool:
            nonlocal read
            for report in self.seen[read:]:
                if report.state == state:
                    open_ids.discard(report.job)
            read = len(self.seen)
            return not open_ids

        with self._changed:
            assert self._changed.wait_for(all_there, timeout_s), f"{len(open_ids)} are not {state}"
        return time.monotonic() - began


def until(what: Callable[[], bool], timeout_s: float = 8.0) -> None:
    """Wait for something that wakes nobody."""
    ends = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < ends, "it did not come to be"
        time.sleep(0.005)


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float


Answering = Callable[[Received], Response | Awaitable[Response]]


class Receiver:
    """A real HTTP server on a free port; ``answer`` decides, everything that came is in ``received``."""

    def __init__(self, tls: tuple[str, str] | None = None, port: int = 0) -> None:
        self.received: list[Received] = []
        self.answer: Answering = lambda received: Response(status_code=204)
        self._changed = threading.Condition()
        self._tls = tls
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen(256)
        self.port: int = self._socket.getsockname()[1]
        app = Starlette(routes=[Route("/{path:path}", self._take, methods=["GET", "POST"])])
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=0,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def wait(self, count: int, timeout_s: float = 8.0) -> list[Received]:
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.received) >= count, timeout_s)
            assert came, f"expected {count} requests, saw {len(self.received)}"
            return list(self.received)

    def close(self, wait_s: float = 5.0) -> None:
        self._server.should_exit = True
        self._thread.join(wait_s)

    async def _take(self, request: Request) -> Response:
        received = Received(
            request.method,
            request.url.path,
            dict(request.headers),
            await request.body(),
            time.monotonic(),
        )
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()
        answer = self.answer(received)
        return await answer if asyncio.iscoroutine(answer) else answer  # type: ignore[misc, return-value]


def in_turn(*answers: Response) -> Answering:
    """Each answer once, then the last for ever."""
    left = list(answers)
    return lambda received: left.pop(0) if len(left) > 1 else left[0]


def status(code: int, **headers: str) -> Response:
    return Response(
        status_code=code, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


Starting = Callable[[ChannelSettings], Courier]
