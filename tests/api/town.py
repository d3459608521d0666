"""Two zones with everybody who may ask a hub something, and a running hub that knows them.

Zone ``z1``: children c1 (guardians g-c1, the second guardian h-c1, and b-c1, who is barred) and c2, the desk's
operator o1, the school's t1, the agencies a1 (fire) and a2, unit u1. Zone ``z2``, elsewhere: the same with c9.
The clock stands at a Wednesday, 10:00, in school hours.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from safezone_hub.clock import SetClock
from safezone_hub.serve import Hub, build_hub

from tests.hub.hub_world import SECRET, ZONE, Client, at, iso, key, lat_lon, signed, world

OTHER = "z2"
MORNING = at("10:00")
TOKEN = "service-token"
# Where everybody's phone is, metres about the own school's point: where the camera can see.
WHERE = {"c1": (490.0, 2.0), "c2": (500.0, -4.0), "c9": (495.0, 3.0)}
NAMES = {"c1": "가온누리", "c2": "나래솔빛", "c9": "다솜한결"}


def people(zone: str, children: list[str]) -> list[dict[str, Any]]:
    """Those of a zone who have tokens besides the first guardians, a unit, and streets."""
    base = {"zone": zone, "nature": "simulated"}
    tail = "" if zone == ZONE else f"-{zone}"
    return [
        {**base, "kind": "operator", "id": f"o1{tail}", "name": "상황요원", "desk": f"d112{tail}", "rank": "operator"},
        {**base, "kind": "operator", "id": f"o2{tail}", "name": "상황팀장", "desk": f"d112{tail}", "rank": "supervisor"},
        {**base, "kind": "staff", "id": f"t1{tail}", "name": "담임"},
        {**base, "kind": "agency", "id": f"a1{tail}", "name": "소방서", "service": "fire", "format": "json"},
        {**base, "kind": "agency", "id": f"a2{tail}", "name": "구청", "service": "city", "format": "json"},
        {**base, "kind": "unit", "id": f"u1{tail}", "name": "순찰 1", "type": "patrol", **lat_lon(200, 50)},
        {"kind": "peer", "id": f"p1{tail}", "zone": zone, "name": "이웃 허브", "key": key(f"p1{tail}")},
    ]  # fmt: skip


def _guardian(id_: str, of: str, *, legal: bool = True) -> dict[str, Any]:
    return {"kind": "guardian", "id": id_, "zone": ZONE, "name": f"보호자 {id_}", "children": [of],
            "nature": "simulated", "key": key(id_), "legal": legal}  # fmt: skip


def items() -> list[dict[str, Any]]:
    """Both zones, ready for an import."""
    here = world("c1", "c2", drill=False)
    here += [_guardian("h-c1", "c1", legal=False), _guardian("b-c1", "c1")]
    for body in here:
        if body["kind"] == "child":
            body["name"] = NAMES[body["id"]]
            if body["id"] == "c1":
                body["barred"] = ["b-c1"]
    there = [_moved(body) for body in world("c9", drill=False)]
    for body in there:
        if body["kind"] == "child":
            body["name"] = NAMES["c9"]
    for body in here + there:
        if body["kind"] == "device" and body["type"] == "camera":
            body |= {
                "snapshot_url": "http://camera.example.test/now.jpg",
                "live_url": "rtsp://camera.example.test/live",
            }
    return here + people(ZONE, ["c1", "c2"]) + there + people(OTHER, ["c9"])


_SHARED = {"home", "school", "academy", "rail", "gh", "gs", "ga", "is", "pole", "ir", "bell", "cam", "d112"}


def _moved(value: Any, name: str = "") -> Any:
    """An item of the other zone: shared ids get a tail, places move 0.3 degrees to the north-east."""
    if isinstance(value, dict):
        return {k: _moved(v, k) for k, v in value.items()}
    if isinstance(value, list):
        if len(value) == 2 and all(isinstance(v, float) for v in value):
            return [value[0] + 0.3, value[1] + 0.3]
        return [_moved(v, name) for v in value]
    if value == ZONE:
        return OTHER
    if name in ("lat", "lon"):
        return value + 0.3
    if isinstance(value, str) and name in ("id", "home", "places", "from", "to", "area") and value in _SHARED:
        return f"{value}-{OTHER}"
    return value


@dataclass
class Town:
    """The hub, its people's tokens and the things they can ask for."""

    hub: Hub
    clock: SetClock
    mqtt: Client
    base: str
    tokens: dict[str, str] = field(default_factory=dict)  # by role/id
    incidents: dict[str, str] = field(default_factory=dict)  # by child: an incident of it
    notices: dict[str, str] = field(default_factory=dict)  # by guardian: a notice to it
    complaints: dict[str, str] = field(default_factory=dict)  # by guardian
    verify: Any = True
    _seqs: dict[str, int] = field(default_factory=dict)
    _clients: dict[str | None, httpx.Client] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def http(self, who: str | None = "admin", **more: Any) -> httpx.Client:
        """A client with somebody's token: ``admin`` is the service token, None has none."""
        token = TOKEN if who == "admin" else self.tokens[who] if who is not None else None
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return httpx.Client(base_url=self.base, headers=headers, timeout=20.0, verify=self.verify, **more)

    def call(self, who: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        return self.client(who).request(method, path, **more)

    def client(self, who: str | None) -> httpx.Client:
        """The one connection of somebody; making a client each time would take most of the tests' time."""
        with self._lock:
            if who not in self._clients:
                self._clients[who] = self.http(who)
            return self._clients[who]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self.mqtt.close()
        self.hub.stop()

    def grant(self, role: str, principal: str, **more: Any) -> str:
        """A token made over HTTP."""
        answer = self.call("admin", "POST", "/v1/tokens", json={"role": role, "principal": principal, **more})
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        self.tokens.setdefault(f"{role}/{principal}", token)
        return token

    def send(self, zone: str, device: str, type_: str, data: dict[str, Any]) -> str:
        """A real (not exercise) message of a device; back when it has its receipt."""
        with self._lock:
            self._seqs[device] = seq = self._seqs.get(device, 0) + 1
        topic, now = f"safezone/v1/{zone}/dev/{device}/up", self.clock.now()
        id_ = f"00000000-0000-7000-8000-{abs(hash((device, seq))) % 16**12:012x}"
        envelope = {
            "specversion": "1.0", "id": id_, "source": f"{zone}/dev/{device}", "type": type_, "time": iso(now),
            "datacontenttype": "application/json", "keyid": f"key-{device.removesuffix(f'-{OTHER}')}", "epoch": 1, "seq": seq, "data": data,
        }  # fmt: skip
        self.mqtt.send((topic, signed(topic, envelope, SECRET)))
        assert self.mqtt.receipt(id_)["status"] == "accepted"
        return id_

    def locate(self, of: str) -> None:
        """Two fixes of a child's phone at its place in ``WHERE``."""
        zone = OTHER if of == "c9" else ZONE
        spot = lat_lon(*WHERE[of])
        if zone == OTHER:
            spot = {name: value + 0.3 for name, value in spot.items()}
        for _ in range(2):
            data = {**spot, "accuracy_m": 12.0, "fix_source": "gps", "fixed_at": iso(self.clock.now()),
                    "battery_pct": 80.0, "moving": False}  # fmt: skip
            self.send(zone, f"p-{of}", "phone.located", data)

    def press(self, of: str, press: int) -> str:
        """The child's tag is pressed at a pole's reader; the incident it opens."""
        zone = OTHER if of == "c9" else ZONE
        reader = "pole" if zone == ZONE else f"pole-{OTHER}"
        before = {i["id"] for i in self._incidents(zone)}
        self.send(
            zone,
            reader,
            "tag.called",
            {"tag": f"t-{of}", "press": press, "pressed_at": iso(self.clock.now())},
        )
        new = [i for i in self._incidents(zone) if i["id"] not in before]
        assert len(new) == 1, new
        return str(new[0]["id"])

    def _incidents(self, zone: str) -> list[dict[str, Any]]:
        answer = self.call("admin", "GET", f"/v1/zones/{zone}/incidents", params={"state": "all"})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@contextmanager
def running(folder: Path, *, verify: Any = True, **more: Any) -> Iterator[Town]:
    """A hub with both zones registered, everybody's tokens made, and nothing happened yet.

    ``verify``: what a client trusts; ``more`` goes to ``build_hub``.
    """
    clock = SetClock(MORNING)
    hub = build_hub(folder, token=TOKEN, clock=clock, **more)
    mqtt = Client(hub.broker.port)
    town = Town(hub, clock, mqtt, hub.ready["http"], verify=verify)
    try:
        answer = town.call("admin", "POST", "/v1/registry:import", json={"items": items()})
        assert answer.status_code == 200, json.dumps(answer.json(), ensure_ascii=False)[:2000]
        for tail in ("", f"-{OTHER}"):
            for role, id_ in (("operator", "o1"), ("school", "t1"), ("agency", "a1"), ("peer", "p1")):
                town.grant(role, f"{id_}{tail}")
        for id_ in ("g-c1", "h-c1", "b-c1", "g-c2", "g-c9"):
            town.grant("guardian", id_)
        town.grant("auditor", "aud", zone=ZONE)
        town.grant("admin", "adm", zone=ZONE)
        yield town
    finally:
        town.close()


def lively(town: Town) -> None:
    """Everybody is somewhere; calls of c1 (open, handed to a1), of c2 (closed) and of c9."""
    for of in WHERE:
        town.locate(of)
        town.incidents[of] = town.press(of, 1)
    for of, action in (("c1", {"action": "call_119"}), ("c2", {"action": "false_alarm"})):
        answer = town.call("admin", "POST", f"/v1/incidents/{town.incidents[of]}/actions", json=action)
        assert answer.status_code == 200, answer.text
    for id_ in ("g-c1", "h-c1", "g-c2", "g-c9"):
        rows = town.call("admin", "GET", f"/v1/guardians/{id_}/notices").json()["items"]
        town.notices[id_] = rows[0]["id"]
