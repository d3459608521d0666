"""A desk that works incidents over HTTP while the hub is being killed, and keeps what it was told was taken."""

import queue
import threading
import time
from typing import Any

import httpx
from hubproc import TOKEN, HubProcess
from load.ledger import Answered, Ledger, Told

ACTIONS = ("acknowledge", "note")


class DeskWorker:
    """Acknowledges the incident of every alert, and writes a note of its own making on it.

    ``supported`` is None until the first answer, then whether this hub has the endpoint.
    """

    def __init__(self, hub: HubProcess, ledger: Ledger, zone: str) -> None:
        self._hub, self._ledger, self._zone = hub, ledger, zone
        self._inbox: queue.Queue[str | None] = queue.Queue()
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{hub.http_port}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=5.0,
        )
        self.supported: bool | None = None
        self.refused: dict[str, int] = {}
        self._seen: set[str] = set()
        self._n = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)

    def hear(self, told: Told) -> None:
        """The players' hook: an incident to be worked."""
        if told.type == "alert" and told.incident and told.incident not in self._seen:
            self._seen.add(told.incident)
            self._inbox.put(told.incident)

    def start(self) -> None:
        self.supported = self._has_endpoint()
        if self.supported:
            self._thread.start()

    def finish(self, seconds: float) -> None:
        """Work off what is left, then compare everything taken with the incidents' histories."""
        if not self.supported:
            return
        deadline = time.monotonic() + seconds
        while not self._inbox.empty() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._stop.set()
        self._inbox.put(None)
        self._thread.join(10)
        histories: dict[str, list[dict[str, Any]]] = {}
        for answered in self._ledger.answered:
            if answered.incident not in histories:
                got = self._client.get(f"/v1/incidents/{answered.incident}")
                histories[answered.incident] = got.json().get("history", []) if got.status_code == 200 else []
            answered.kept = any(
                entry.get("action", "").removeprefix("incident.") == answered.action
                and (answered.action != "note" or entry.get("note") == answered.note)
                for entry in histories[answered.incident]
            )
        self._client.close()

    def _has_endpoint(self) -> bool:
        answer = self._client.get("/openapi.json")
        if answer.status_code == 200 and any(p.endswith("/actions") for p in answer.json().get("paths", {})):
            return True
        # Starlette answers 405 for a known path with another method.
        return self._client.get("/v1/incidents/none/actions").status_code == 405

    def _run(self) -> None:
        while not self._stop.is_set():
            incident = self._inbox.get()
            if incident is None:
                return
            for action in ACTIONS:
                self._n += 1
                self._until_answered(Answered(incident, action, f"note-{self._n}"))

    def _until_answered(self, wanted: Answered) -> None:
        """Repeat under the same key until the hub says something."""
        body = {"action": wanted.action, "note": wanted.note, "key": wanted.note}
        while not self._stop.is_set():
            try:
                answer = self._client.post(f"/v1/incidents/{wanted.incident}/actions", json=body)
            except httpx.HTTPError:
                self._stop.wait(0.2)
                continue
            if answer.status_code == 200:
                self._ledger.answered.append(wanted)
            elif answer.status_code >= 500:
                self._stop.wait(0.2)
                continue
            else:
                reason = f"{answer.status_code} {wanted.action}"
                self.refused[reason] = self.refused.get(reason, 0) + 1
            return
