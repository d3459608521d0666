"""A hub and the pages, each a process of its own, with two zones of invented people: what a browser is let loose on."""

import json
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.api.town import items
from tests.bench.hubproc import HubProcess
from tests.hub.hub_world import SECRET, ZONE, Client, iso, lat_lon, signed

CHROMIUM = "/usr/bin/chromium"
# No address but the loopback exists for the browser: whatever a page asks elsewhere fails, and the test sees it.
FLAGS = [
    "--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


class Pages:
    """The process of the pages."""

    def __init__(self, hub: str, *options: str) -> None:
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "safezone_console", "--hub", hub, *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.base: str = json.loads(self.process.stdout.readline())["pages"]
        self.ready_s = time.monotonic() - began

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@dataclass
class Place:
    """Hub, pages, and the hands of devices."""

    hub: HubProcess
    pages: Pages
    tokens: dict[str, str] = field(default_factory=dict)
    mqtt: Client | None = None
    _seqs: dict[str, int] = field(default_factory=dict)
    _presses: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, *options: str) -> "Place":
        """Everybody is registered and has a token; nothing has happened."""
        hub = HubProcess(folder / "state")
        hub.start()
        registered = [body for body in items() if body["kind"] != "drill"]
        for body in registered:
            if body["kind"] == "zone":  # a school day whenever the test runs, and never late
                body["calendar"] |= {
                    "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                    "arrive_by": "00:30", "not_arrived_after": "23:59", "closes_at": "23:30",
                }  # fmt: skip
            body.pop("snapshot_url", None)
            body.pop("live_url", None)
        unit = next(body for body in registered if body["kind"] == "unit")
        hub.register([*registered, {**unit, "id": "amb", "name": "구급 1", "type": "ambulance"}])
        place = cls(hub, Pages(f"http://127.0.0.1:{hub.http_port}", *options))
        for role, id_ in (
            ("operator", "o1"),
            ("operator", "o2"),
            ("school", "t1"),
            ("guardian", "g-c1"),
            ("guardian", "g-c2"),
        ):
            answer = hub.http.post("/v1/tokens", json={"role": role, "principal": id_, "zone": ZONE})
            assert answer.status_code == 201, answer.text
            place.tokens[f"{role}/{id_}"] = answer.json()["token"]
        place.mqtt = Client(hub.mqtt_port)
        return place

    def close(self) -> None:
        if self.mqtt is not None:
            self.mqtt.close()
        self.pages.close()
        self.hub.close()

    def reconnect(self) -> None:
        """After the hub, and its broker with it, was started again."""
        if self.mqtt is not None:
            self.mqtt.close()
        self.mqtt = Client(self.hub.mqtt_port)

    def send(self, device: str, type_: str, data: dict[str, Any]) -> None:
        """A real message of a device, until its receipt."""
        assert self.mqtt is not None
        self._seqs[device] = seq = self._seqs.get(device, 0) + 1
        topic, now = f"safezone/v1/{ZONE}/dev/{device}/up", time.time()
        id_ = str(uuid.uuid4())
        envelope = {
            "specversion": "1.0", "id": id_, "source": f"{ZONE}/dev/{device}", "type": type_, "time": iso(now),
            "datacontenttype": "application/json", "keyid": f"key-{device}", "epoch": 1, "seq": seq, "data": data,
        }  # fmt: skip
        self.mqtt.send((topic, signed(topic, envelope, SECRET)))
        assert self.mqtt.receipt(id_)["status"] == "accepted"

    def locate(self, child: str, x: float, y: float) -> None:
        """Two fixes of the child's phone, metres from the school's point."""
        for _ in range(2):
            self.send(
                f"p-{child}", "phone.located",
                {**lat_lon(x, y), "accuracy_m": 12.0, "fix_source": "gps", "fixed_at": iso(time.time()), "battery_pct": 80.0, "moving": False},
            )  # fmt: skip

    def press(self, child: str) -> None:
        """The child's tag is pressed near the pole's reader."""
        self._presses[child] = self._presses.get(child, 0) + 1
        self.send(
            "pole",
            "tag.called",
            {"tag": f"t-{child}", "press": self._presses[child], "pressed_at": iso(time.time())},
        )

    def ring(self) -> None:
        """The emergency bell is pressed."""
        self._presses["bell"] = self._presses.get("bell", 0) + 1
        self.send("bell", "bell.pressed", {"press": self._presses["bell"], "pressed_at": iso(time.time())})

    def incidents(self, state: str = "open") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.hub.http.get(
            f"/v1/zones/{ZONE}/incidents", params={"state": state}
        ).json()["items"]
        return found

    def act(self, incident: str, action: str, **more: str) -> None:
        """The desk works on an incident."""
        answer = self.hub.http.post(
            f"/v1/incidents/{incident}/actions",
            json={"action": action, "key": f"{incident}-{action}{'-'.join(['', *more.values()])}", **more},
            headers={"Authorization": f"Bearer {self.tokens['operator/o1']}"},
        )
        assert answer.status_code == 200, answer.text

    def login(self, page: Page, who: str) -> None:
        """By the link a person is given; ends on the role's page, with everything loaded."""
        page.goto(f"{self.pages.base}/login#token={self.tokens[who]}")
        page.wait_for_selector("body[data-loaded=yes]", timeout=20000)
