"""One address for the hook servers of several workers: what the system under test sends there is passed on to the right one.

Needed where the IXIT names a fixed port, which only one process can hold. A worker joins with its own port; its hooks then
lie below ``/@PORT``, and text messages go to whoever knows the number.
"""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from safezone_conformance.drivers.hooks import BODY_MAX, SMS_PATH, answer

JOIN_PATH = "/@join"
KNOWN = "x-safezone-known"  # header of a worker's answer: it knew the number
TIMEOUT_S = 30.0


class HookRelay:
    """Listens for the whole run. ``url``: where workers on this machine join."""

    def __init__(self, host: str, port: int) -> None:
        self._ports: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer._take(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.url = (
            f"http://{'127.0.0.1' if host in ('', '0.0.0.0') else host}:{self._server.server_address[1]}"
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        length = min(int(handler.headers.get("content-length") or 0), BODY_MAX)
        body = handler.rfile.read(length)
        path = handler.path
        if path == JOIN_PATH and handler.client_address[0] == self._server.server_address[0]:
            self._ports.append(int(body))
            answer(handler, 204, b"")
            return
        if path.startswith(SMS_PATH):
            for port in list(self._ports):
                status, found, known = _pass_on(port, path, handler, body)
                if known:
                    answer(handler, status, found)
                    return
            answer(handler, 200, json.dumps({"id": "sms-of-nobody"}).encode())
            return
        port_text, slash, rest = path.removeprefix("/@").partition("/")
        if path.startswith("/@") and slash and port_text.isdigit() and int(port_text) in self._ports:
            status, found, _ = _pass_on(int(port_text), "/" + rest, handler, body)
            answer(handler, status, found)
            return
        answer(handler, 404, b"")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _pass_on(port: int, path: str, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes, bool]:
    """Status, body, and whether the worker knew the address; 502 if the worker is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", path, body, dict(handler.headers.items()))
        response = connection.getresponse()
        return response.status, response.read(BODY_MAX), response.headers.get(KNOWN) == "1"
    except OSError:
        return 502, b"", False
    finally:
        connection.close()


def join(relay: str, port: int) -> str:
    """A worker's hook server joins the relay; the path below which its hooks lie. Raises OSError."""
    host, _, relay_port = relay.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(relay_port), timeout=TIMEOUT_S)
    try:
        connection.request("POST", JOIN_PATH, str(port).encode())
        if connection.getresponse().status != 204:
            raise OSError(f"the relay of hooks at {relay} does not take this worker")
    finally:
        connection.close()
    return f"/@{port}"
