"""The live side of a case against a hub: publishes, asks, listens, and cleans up. Its tokens never reach the record."""

import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from safezone_conformance.drivers.hooks import HookServer
from safezone_conformance.drivers.mqtt import BrokerError, Connection
from safezone_conformance.line import LiveLine
from safezone_conformance.record import text_of

HTTP_S = 30.0
RESTART_S = 120.0
REDACTED = "(redacted by the suite)"  # as long as a token must be
KEPT_HEADERS = (
    "content-type",
    "etag",
    "location",
    "retry-after",
    "www-authenticate",
    "cache-control",
    "date",
)


@dataclass(frozen=True)
class System:
    """The system under test as a worker reaches it, shared by its cases."""

    connection: Connection
    api: str  # http(s)://host:port
    token: str
    hooks: HookServer
    restart_command: str = ""
    ca: str = ""

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.api, timeout=HTTP_S, verify=self.ca or True, follow_redirects=False)


class Restarts:
    """Cases that restart the system share a restart: it happens when every case still running asks for one."""

    def __init__(self, act: Callable[[], dict[str, Any]]) -> None:
        self._act = act
        self._changed = threading.Condition()
        self._running = self._waiting = self._round = 0
        self._outcome: dict[str, Any] = {}

    def enter(self) -> None:
        with self._changed:
            self._running += 1

    def leave(self) -> None:
        with self._changed:
            self._running -= 1
            self._go_if_all_wait()

    def restart(self) -> dict[str, Any]:
        """Back when the system answers again, with what came of it."""
        with self._changed:
            mine = self._round
            self._waiting += 1
            self._go_if_all_wait()
            while self._round == mine:
                self._changed.wait()
            return self._outcome

    def _go_if_all_wait(self) -> None:
        if self._waiting and self._waiting == self._running:
            self._outcome = self._act()
            self._waiting = 0
            self._round += 1
            self._changed.notify_all()


def restart_system(system: System) -> dict[str, Any]:
    """Run the IXIT's restart command and wait until the system answers."""
    try:
        done = subprocess.run(
            system.restart_command, shell=True, capture_output=True, text=True, timeout=RESTART_S
        )
    except subprocess.TimeoutExpired:
        return {"ok": False, "why": f"{system.restart_command!r} took more than {RESTART_S:.0f} s"}
    if done.returncode != 0:
        return {
            "ok": False,
            "why": f"{system.restart_command!r} exited with {done.returncode}: {done.stderr[-300:]}",
        }
    waited = threading.Event()
    with system.client() as client:
        for _ in range(int(RESTART_S * 5)):
            try:
                if client.get("/readyz").status_code == 200 and system.connection.wait_connected(5.0):
                    return {"ok": True}
            except httpx.HTTPError:
                pass
            waited.wait(0.2)
    return {"ok": False, "why": f"no answer within {RESTART_S:.0f} s after the restart"}


class LiveWorld:
    """One case's hands. See ``hub_bench.World``."""

    def __init__(self, system: System, line: LiveLine, zone: str, restarts: Restarts | None) -> None:
        self._system, self._line, self._zone, self._restarts = system, line, zone, restarts
        self._client = system.client()
        self._tokens = {"admin": system.token}
        self._streams: dict[str, threading.Event] = {}
        self._left: list[tuple[str, str]] = []  # registry items to take away again

    # MQTT

    def publish(self, topic: str, payload: bytes, principal: str) -> None:
        self._system.connection.publish(topic, payload)

    # HTTP

    def _headers(self, who: str, headers: Mapping[str, str]) -> dict[str, str]:
        if who == "nobody":
            return dict(headers)
        token = who[1:] if who.startswith("=") else self._tokens.get(who, "")
        return {"authorization": f"Bearer {token}", **headers}

    def request(
        self, who: str, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, headers=self._headers(who, headers), content=body)
        except httpx.HTTPError as error:
            return {"error": f"{type(error).__name__}: {error}"}
        self._note(method, path, body, answer.status_code)
        kept = {k: v for k, v in answer.headers.items() if k in KEPT_HEADERS}
        found: dict[str, Any] = {
            "status": answer.status_code,
            "headers": kept,
            "body": text_of(answer.content),
        }
        secret = _token_in(answer.content)
        if secret:
            found["body"] = str(found["body"]).replace(secret, REDACTED)
            found = _Secret(found, secret)
        return found

    def _note(self, method: str, path: str, body: bytes | None, status: int) -> None:
        """Remember what is registered now, for ``clean``."""
        if status not in (200, 201) or not path.startswith("/v1/registry"):
            return
        if method == "PUT":
            kind, _, id_ = path.removeprefix("/v1/registry/").partition("/")
            self._left.append((kind, id_))
        elif method == "POST" and path == "/v1/registry:import" and body:
            self._left += [(i["kind"], i["id"]) for i in json.loads(body).get("items", [])]

    def keep_token(self, who: str, answer: Mapping[str, Any]) -> None:
        if isinstance(answer, _Secret):
            self._tokens[who] = answer.secret

    # Streams

    def open_stream(self, name: str, who: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
        opened: dict[str, Any] = {}
        ready, stop = threading.Event(), threading.Event()
        self._streams[name] = stop
        sent = self._headers(who, {"accept": "text/event-stream", **headers})

        def run() -> None:
            try:
                with (
                    httpx.Client(
                        base_url=self._system.api,
                        timeout=httpx.Timeout(HTTP_S, read=60.0),
                        verify=self._system.ca or True,
                    ) as client,
                    client.stream("GET", path, headers=sent) as answer,
                ):
                    if answer.status_code != 200:
                        answer.read()
                    opened.update(
                        status=answer.status_code,
                        headers={k: v for k, v in answer.headers.items() if k in KEPT_HEADERS},
                    )
                    ready.set()
                    if answer.status_code == 200:
                        self._read_stream(name, answer, stop)
            except httpx.HTTPError as error:
                if not ready.is_set():
                    opened.update(error=f"{type(error).__name__}: {error}")
                    ready.set()
            if not stop.is_set():
                self._line.arrived("stream", {"name": name, "closed": True})

        threading.Thread(target=run, daemon=True, name=f"stream {name}").start()
        if not ready.wait(HTTP_S):
            return {"error": "no answer"}
        return opened

    def _read_stream(self, name: str, answer: httpx.Response, stop: threading.Event) -> None:
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            if stop.is_set():
                return
            if not line:
                if "data" in event:
                    self._line.arrived("stream", {"name": name, **event})
                elif event:  # a line all the same: of retry, or an id alone
                    self._line.arrived("stream", {"name": name, "event": ":", "data": ""})
                event = {}
            elif line.startswith(":"):
                self._line.arrived("stream", {"name": name, "event": ":", "data": ""})
            else:
                field, _, value = line.partition(":")
                value = value.removeprefix(" ")
                event[field] = f"{event[field]}\n{value}" if field == "data" and field in event else value

    def close_stream(self, name: str) -> None:
        if name in self._streams:
            self._streams.pop(name).set()

    def subscribe_again(self) -> dict[str, Any]:
        try:
            self._system.connection.enter(self._zone, self._line.arrived)
        except BrokerError as error:
            return {"ok": False, "why": str(error)}
        return {"ok": True}

    # Hooks, restarts

    def open_hook(self, name: str, answers: Sequence[int]) -> dict[str, Any]:
        return {"url": self._system.hooks.open(f"/{self._zone}/{name}", name, answers, self._line.arrived)}

    def open_number(self, name: str, number: str) -> dict[str, Any]:
        self._system.hooks.open_number(number, f"/{self._zone}/", name, self._line.arrived)
        return {"ok": True}

    def restart(self) -> dict[str, Any]:
        if self._restarts is None:
            return {"ok": False, "why": "this case is not marked as one that runs alone"}
        return self._restarts.restart()

    # The end

    def clean(self) -> list[str]:
        """Take away everything that the case registered. What could not be taken away, as sentences."""
        for stop in self._streams.values():
            stop.set()
        self._system.hooks.shut(f"/{self._zone}/")
        problems = []
        for kind, id_ in reversed(list(dict.fromkeys(self._left))):
            try:
                answer = self._client.delete(f"/v1/registry/{kind}/{id_}", headers=self._headers("admin", {}))
            except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as error:
                problems.append(f"{kind} {id_}: {type(error).__name__}: {error}")
                continue
            if answer.status_code not in (204, 404):
                problems.append(f"{kind} {id_}: DELETE answered {answer.status_code}")
        self._client.close()
        return problems


class _Secret(dict[str, Any]):
    """An answer whose token was taken out before it is recorded."""

    def __init__(self, content: Mapping[str, Any], secret: str) -> None:
        super().__init__(content)
        self.secret = secret


def _token_in(body: bytes) -> str:
    if b'"token"' not in body:
        return ""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    token = found.get("token") if isinstance(found, dict) else None
    return token if isinstance(token, str) else ""


__all__ = ["LiveWorld", "Restarts", "System", "restart_system"]
