"""The tester's own web server: webhooks of the system under test arrive here, each on the path of its case.

It is also a gateway for text messages: what is POSTed below ``/sms`` goes to the case whose number it holds, and is
answered 200 with ``{"id": …}``. The form of the body is the system's own choice.
"""

import itertools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from safezone_conformance.record import text_of

Arrived = Callable[[str, Mapping[str, Any]], None]
BODY_MAX = 1 << 20
SMS_PATH = "/sms"


@dataclass
class _Hook:
    name: str
    answers: list[int]
    arrived: Arrived
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_answer(self) -> int:
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class HookServer:
    """Listens on one address for all cases. ``public``: how the system under test reaches it."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, public: str = "") -> None:
        self._hooks: dict[str, _Hook] = {}
        self._numbers: dict[str, tuple[str, _Hook]] = {}  # by number: the case's prefix and its hook
        self._count = itertools.count(1)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer._take(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = public or f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        length = min(int(handler.headers.get("content-length") or 0), BODY_MAX)
        body = handler.rfile.read(length)
        if handler.path.startswith(SMS_PATH):
            self._take_sms(handler, body)
            return
        hook = self._hooks.get(handler.path)
        status = hook.next_answer() if hook is not None else 404
        if hook is not None:
            headers = {k.lower(): v for k, v in handler.headers.items()}
            hook.arrived(
                "hook", {"name": hook.name, "headers": headers, "body": text_of(body), "answer": status}
            )
        answer(handler, status, b"")

    def _take_sms(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        text = body.decode("utf-8", "replace")
        provider_id = f"sms-{next(self._count)}"
        # The first zero goes when a country code is put before it.
        hook = next((h for n, (_, h) in list(self._numbers.items()) if n.lstrip("0") in text), None)
        if hook is not None:
            hook.arrived("hook", {"name": hook.name, "headers": {"provider-id": provider_id}, "body": text_of(body), "answer": 200})  # fmt: skip
        answer(handler, 200, json.dumps({"id": provider_id}).encode(), x_safezone_known="1" if hook else "0")

    def open(self, path: str, name: str, answers: Sequence[int], arrived: Arrived) -> str:
        """A URL; each POST is answered by the next status, the last one for ever."""
        self._hooks[path] = _Hook(name, list(answers), arrived)
        return self.url + path

    def open_number(self, number: str, prefix: str, name: str, arrived: Arrived) -> None:
        """Text messages to a number go to the case with this prefix."""
        self._numbers[number] = (prefix, _Hook(name, [200], arrived))

    def shut(self, prefix: str) -> None:
        """Forget the hooks and numbers of a case."""
        for number in [n for n, (own, _) in list(self._numbers.items()) if own == prefix]:
            del self._numbers[number]
        for path in [p for p in self._hooks if p.startswith(prefix)]:
            del self._hooks[path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """Status, headers (underscores for hyphens) and a body of JSON."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    if body:
        handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(body)))
    try:
        handler.end_headers()
        handler.wfile.write(body)
    except OSError:
        handler.close_connection = True  # the sender did not wait for the answer
