"""A scripted trainee and a lab to train in: hub, control service, and somebody who acts through their interfaces alone."""

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from safezone_sim.drill.control import Control
from safezone_sim.drill.serve import ControlServer, HubKeeper
from safezone_sim.drill.session import TURBO
from safezone_sim.twin.hubprocess import HubProcess

TOKEN = "control-token-of-tests"
PILOT = "7041138"


class Lab:
    """A hub of its own, kept alive, and a control service; used as a context."""

    def __init__(self, folder: Path, map_dir: Path | None, *, keep: bool = False) -> None:
        self.folder = folder
        self.hub = HubProcess((sys.executable, "-m", "safezone_cli", "hub"), folder / "hub")
        self._map_dir = map_dir
        self.keeper = HubKeeper(self.hub) if keep else None

    def __enter__(self) -> "Lab":
        address = self.hub.start()
        if self.keeper is not None:
            self.keeper.start()
        self.hub_http, self.hub_token = address.http, address.token or ""
        source = None if self._map_dir else "schematic"
        self.control = Control(
            self.hub_http, self.hub_token, TOKEN, self.folder / "results", self._map_dir, source, lab=True
        )
        self.server = ControlServer(self.control)
        self.server.start()
        self.http = httpx.Client(
            base_url=f"{self.server.url}/control/v1",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=90.0,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.server.stop()
        if self.keeper is not None:
            self.keeper.stop()
        self.hub.stop()

    def open(self, drill: str, school: str = PILOT, **more: Any) -> dict[str, Any]:
        """A prepared session, at full speed unless told otherwise."""
        body = {"school": school, "drill": drill, "date": "2026-12-08", "speed": TURBO, **more}
        answer = self.http.post("/sessions", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.http.post(path, json=body)


def events(response: httpx.Response) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(id, event, data) of a stream."""
    id_, kind = "", ""
    for line in response.iter_lines():
        if line.startswith("id:"):
            id_ = line[3:].strip()
        elif line.startswith("event:"):
            kind = line[6:].strip()
        elif line.startswith("data:"):
            yield id_, kind, json.loads(line[5:])


class Trainee:
    """Works a drill from START to END: acknowledges, sends a unit, closes, calls the roll. Wakes on the streams' events."""

    def __init__(self, lab: Lab, session: dict[str, Any], *, until_s: float = 2400.0) -> None:
        self.lab, self.session = lab, session
        self.id, self.zone = session["session"], session["zone"]
        desk = {"Authorization": f"Bearer {session['tokens']['desk']['token']}"}
        self.hub = httpx.Client(base_url=session["hub"]["http"], headers=desk, timeout=30.0)
        self.until_s = until_s
        self.seen: list[dict[str, Any]] = []
        self.happened: dict[str, threading.Event] = {}
        self.on_event: dict[str, Any] = {}
        self._dials: set[str] = set()
        self._open: list[str] = []

    def work(self) -> dict[str, Any]:
        """The whole drill; the report's record."""
        at = f"/sessions/{self.id}"
        with self.lab.http.stream(
            "GET", f"{at}/stream", params={"frames": "0", "last_event_id": "0"}
        ) as response:
            started: float | None = None
            for _, kind, data in events(response):
                if kind == "clock":
                    if data["state"] == "ready":
                        self.lab.post(f"{at}/start").raise_for_status()
                        started = data["t"]
                    elif (
                        started is not None
                        and data["t"] - started >= self.until_s
                        and data["state"] == "running"
                    ):
                        started = None  # a clock told before the end may be heard after it
                        self.lab.post(f"{at}/all-clear").raise_for_status()
                        self.lab.post(f"{at}/end").raise_for_status()
                else:
                    self.seen.append(data)
                    self._react(data)
        answer = self.lab.http.get(f"{at}/report.json")
        assert answer.status_code == 200, answer.text
        record: dict[str, Any] = answer.json()
        return record

    def _react(self, event: dict[str, Any]) -> None:
        kind, incident = event["kind"], event.get("incident")
        if kind in self.on_event:
            self.on_event.pop(kind)(event)
        if kind == "alert":
            if event["data"]["service"] == "phone_call_112":
                self._dials.add(incident)
            self._act(incident, "acknowledge")
            if incident not in self._dials:
                unit = self._free_unit()
                self._act(incident, "dispatch", **({"unit": unit} if unit else {}))
                self._open.append(incident)
            else:
                self._act(incident, "resolve", note="연습 통화 · practice")
        elif kind == "found":
            while self._open:
                self._act(self._open.pop(0), "resolve", note="찾음 · found")
            self._roll({})
        elif kind == "assembled":
            self._roll({7: "missing"})

    def _free_unit(self) -> str | None:
        units = self.hub.get(f"/v1/zones/{self.zone}/units").json()["items"]
        return next((str(u["id"]) for u in units if u["type"] == "patrol" and u["available"]), None)

    def _act(self, incident: str, action: str, **more: Any) -> None:
        answer = self.hub.post(f"/v1/incidents/{incident}/actions", json={"action": action, **more})
        assert answer.status_code == 200, answer.text

    def _roll(self, status: dict[int, str]) -> None:
        if self.session["drill"]["id"] != "earthquake":
            return
        seats = [{"seat": s, "status": status.get(s, "here")} for s in self.session["class"]["seats"]]
        self.lab.post(f"/sessions/{self.id}/rollcall", seats=seats).raise_for_status()
