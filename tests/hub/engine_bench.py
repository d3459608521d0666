"""An engine with a sealed store and a clock that is set by hand; no broker. What it sends is written down."""

import json
from pathlib import Path
from typing import Any

from safezone_hub import requests
from safezone_hub.clock import SetClock
from safezone_hub.deliveries import Delivery
from safezone_hub.engine import Engine
from safezone_hub.items import read_item
from safezone_hub.serve import open_store
from safezone_hub.settings import RuleSettings

from tests.hub.hub_world import ZONE, Sender, at, iso, lat_lon, world


class Recorder:
    """A link that only writes down."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def publish(self, topic: str, payload: bytes) -> None:
        self.sent.append((topic, payload))

    def flush(self) -> None: ...
    def is_connected(self) -> bool:
        return True

    def close(self) -> None: ...


class Bench:
    """One zone on the wall clock (no drill), people told by MQTT and by whatever the courier would carry."""

    def __init__(self, folder: Path, *children: str, items: list[dict[str, Any]] | None = None, start: str = "09:30",
                 drill: bool = False, **rules: Any) -> None:  # fmt: skip
        self.folder, self.settings = folder, RuleSettings(**rules)
        self.clock = SetClock(at(start))
        self._senders: dict[str, Sender] = {}
        self.feed: list[Any] = []
        self.open()
        if items is None:
            items = world(*(children or ("c1",)), drill=drill)
        if items:
            self.put(*items)

    def open(self) -> None:
        """Start, or start again after ``close``."""
        store, self.vault = open_store(self.folder)
        self.link, self.jobs = Recorder(), []
        self.engine = Engine(store, self.clock, self.settings, "hub")
        self.engine.on_commit(self.feed.extend)
        self.engine.start(self.link, self.jobs.extend)

    def close(self) -> None:
        self.engine.stop()
        self.engine.zones.store.close()
        self.vault.close()

    jobs: list[Delivery]

    # ------------------------------------------------------------------- input

    def put(self, *bodies: dict[str, Any]) -> None:
        items = [read_item(body) for body in bodies]
        self.engine.ask(lambda zones, work: zones.put(work, list(bodies), items, self.clock.now())).result(10)

    def to(self, when: str | float) -> None:
        """Move the wall clock and let what is due happen."""
        self.clock.set(at(when) if isinstance(when, str) else when)
        self.settle()

    def settle(self) -> None:
        self.engine.ask(lambda zones, work: None).result(20)

    def send(self, role: str, id_: str, type_: str, data: dict[str, Any], drill: str | None = None) -> str:
        sender = self._senders.setdefault(f"{role}/{id_}/{drill}", Sender(role, id_, drill))
        if drill is not None:
            sender.seq += 1_000_000
        topic, payload = sender.message(type_, data, self.clock.now())
        self.engine.submit([(topic, payload)])
        self.settle()
        id_ = json.loads(payload)["id"]
        return id_

    def call(self, press: int = 1, child: str = "c1", drill: str | None = None) -> str:
        data = {"tag": f"t-{child}", "press": press, "pressed_at": iso(self.clock.now())}
        return self.send("dev", "pole", "tag.called", data, drill)

    def fix(self, x: float, y: float, child: str = "c1") -> str:
        data = {
            **lat_lon(x, y),
            "accuracy_m": 20,
            "fix_source": "gps",
            "fixed_at": iso(self.clock.now()),
            "moving": True,
        }
        return self.send("dev", f"p-{child}", "phone.located", data)

    def act(self, verb: str, by: str = "operator/op1", **data: Any) -> dict[str, Any]:
        verb = verb if "." in verb else f"incident.{verb}"
        return self.request(requests.act, ZONE, verb, by, data)

    def request(self, function: Any, *args: Any, **more: Any) -> Any:
        """A function of ``requests`` on the engine's thread, at the present moment."""
        future = self.engine.ask(
            lambda zones, work: function(zones, work, *args, wall=self.clock.now(), **more)
        )
        return future.result(10)

    # ------------------------------------------------------------------- output

    def down(self, type_: str, to: str | None = None) -> list[dict[str, Any]]:
        """Envelopes of a type, repeats left out."""
        found = {}
        for topic, payload in self.link.sent:
            envelope = json.loads(payload)
            if envelope["type"] == type_ and (to is None or topic.endswith(f"/{to}/down")):
                found[envelope["id"]] = envelope
        return list(found.values())

    def receipt(self, id_: str) -> dict[str, Any]:
        found = [r for e in self.down("receipt") for r in e["data"]["receipts"] if r["id"] == id_]
        assert found, f"no receipt of {id_}"
        return found[-1]

    @property
    def state(self) -> Any:
        return self.engine.zones.desks[ZONE].state

    def counts(self) -> dict[str, int]:
        return self.engine.zones.desks[ZONE].ledger.counts

    def facts(self, child: str = "c1") -> list[dict[str, Any]]:
        rows = self.engine.ask(lambda zones, _: zones.store.facts(ZONE, f"child/{child}")).result(10)
        return [json.loads(row[-1]) for row in rows]
