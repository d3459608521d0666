"""The twin as a client of the hub's HTTP interface: provisioning, tokens, what happens to incidents, the patrols' radio.

It sees what any desk of a conforming hub sees, and does what a unit's radio would do. It never looks into a hub.
"""

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx

from safezone_sim.twin.hubapi import HubApi, HubError

READ_TIMEOUT_S = 45.0
AGAIN_S = 0.3


class HubLine:
    """One session's line to the hub. ``heard(incident)`` is called for every state of every incident, in a thread."""

    def __init__(self, base: str, token: str, zone: str, heard: Callable[[dict[str, Any]], None]) -> None:
        self.base, self.zone = base, zone
        self._api = HubApi(base, token)
        self._admin = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30.0)
        self._heard = heard
        self._field = ""
        self._leaving = threading.Event()
        self._orders: queue.SimpleQueue[tuple[str, str, dict[str, Any], str] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._token_ids: list[str] = []
        self._streaming: httpx.Response | None = None
        self.following = threading.Event()  # set while the stream of incidents is open

    # --- before the drill ---------------------------------------------------------------------------------

    def about(self) -> Mapping[str, Any]:
        """What the hub is and can do; HubError if it cannot be reached."""
        return self._api.about()

    def provision(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Stores the registry of the session's zone."""
        self._api.provision(items)

    def put(self, item: Mapping[str, Any]) -> None:
        """Stores one item."""
        self._api.put(item)

    def token(self, role: str, principal: str) -> str:
        """A token for somebody of this zone; it is revoked when the line is closed for good."""
        body = {"role": role, "principal": principal, "zone": self.zone}
        response = self._request("POST", "/v1/tokens", body)
        made = response.json()
        self._token_ids.append(str(made["id"]))
        return str(made["token"])

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        try:
            response = self._admin.request(method, path, json=body)
        except httpx.HTTPError as e:
            raise HubError(f"hub {self.base}: {method} {path} failed: {e}. Is the hub running there?") from e
        if response.status_code >= 300:
            raise HubError(
                f"hub {self.base}: {method} {path} answered {response.status_code}: {response.text[:300]}"
            )
        return response

    # --- during the drill ---------------------------------------------------------------------------------

    def follow(self, field_token: str) -> None:
        """Begins to follow the zone's incidents, and to send what units report. ``field_token``: the patrols' radio."""
        self._field = field_token
        for target in (self._watch, self._radio):
            thread = threading.Thread(target=target, name=f"{target.__name__}-{self.zone}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def order(self, method: str, path: str, body: Mapping[str, Any], token: str = "") -> None:
        """Something to be said to the hub, in order; tried again until it is there or refused. Default: the patrols' radio."""
        self._orders.put((method, path, dict(body), token or self._field))

    def act(self, incident: str, action: str, **more: Any) -> None:
        """A unit reports on an incident."""
        self.order("POST", f"/v1/incidents/{incident}/actions", {"action": action, **more})

    def close(self) -> None:
        """Stops following and reporting. The session's tokens stay good: trainees may still look at the hub."""
        self._leaving.set()
        self._orders.put(None)
        if self._streaming is not None:
            self._streaming.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=0.5)

    def revoke(self) -> None:
        """Ends the session's tokens and lets go of the hub."""
        for token in self._token_ids:
            try:
                self._admin.delete(f"/v1/tokens/{token}", timeout=2.0)
            except httpx.HTTPError:
                break
        self._admin.close()
        self._api.close()

    # --- inside -------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        last = ""
        with httpx.Client(
            base_url=self.base,
            headers={"Authorization": f"Bearer {self._field}"},
            timeout=httpx.Timeout(10.0, read=READ_TIMEOUT_S),
        ) as client:
            while not self._leaving.is_set():
                try:
                    headers = {"Last-Event-ID": last} if last else {}
                    with client.stream("GET", f"/v1/zones/{self.zone}/stream", headers=headers) as response:
                        if response.status_code != 200:
                            raise httpx.HTTPError(f"status {response.status_code}")
                        self._streaming = response
                        # What changed before the stream began, or was missed by it.
                        for incident in self._incidents(client):
                            self._heard(incident)
                        self.following.set()
                        for id_, kind, data in _events(response.iter_lines()):
                            last = id_ or last
                            if kind == "incident":
                                self._heard(json.loads(data))
                except (httpx.HTTPError, httpx.StreamError, OSError, ValueError, RuntimeError):
                    # Whatever it was, the stream begins anew where it ended.
                    pass
                self.following.clear()
                self._streaming = None
                self._leaving.wait(AGAIN_S)

    def _incidents(self, client: httpx.Client) -> Iterator[dict[str, Any]]:
        after: str | None = None
        while True:
            params = {"limit": "200", **({"after": after} if after else {})}
            response = client.get(f"/v1/zones/{self.zone}/incidents", params=params)
            if response.status_code != 200:
                raise httpx.HTTPError(f"status {response.status_code}")
            page = response.json()
            yield from page["items"]
            after = page.get("next")
            if not after:
                return

    def _radio(self) -> None:
        with httpx.Client(base_url=self.base, timeout=10.0) as client:
            while True:
                order = self._orders.get()
                if order is None:
                    return
                method, path, body, token = order
                while not self._leaving.is_set():
                    try:
                        response = client.request(
                            method, path, json=body, headers={"Authorization": f"Bearer {token}"}
                        )
                    except (httpx.HTTPError, OSError):
                        self._leaving.wait(AGAIN_S)
                        continue
                    if response.status_code in (429, 502, 503, 504):
                        self._leaving.wait(AGAIN_S)
                        continue
                    break


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """(id, event, data) of server-sent events."""
    id_, kind = "", "message"
    data: list[str] = []
    for line in lines:
        if line == "":
            if data:
                yield id_, kind, "\n".join(data)
            kind, data = "message", []
        elif line.startswith("id:"):
            id_ = line[3:].strip()
        elif line.startswith("event:"):
            kind = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].lstrip())
