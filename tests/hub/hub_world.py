"""A small world for the hub's tests: one zone in metres, and a client that speaks the wire by itself."""

import base64
import hashlib
import hmac
import json
import math
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as mqtt

LAT, LON = 37.5086, 126.8913
DAY = datetime(2026, 3, 4, tzinfo=UTC).timestamp() - 9 * 3600  # a Wednesday in Seoul, 00:00
ZONE, DRILL, CLOCK = "z1", "drill-1", "clock-1"
SECRET = "k" * 43


def at(clock: str) -> float:
    """Seconds since 1970 of a local HH:MM[:SS] of the test day."""
    parts = [int(p) for p in clock.split(":")] + [0]
    return DAY + parts[0] * 3600 + parts[1] * 60 + parts[2]


def iso(t: float) -> str:
    return datetime.fromtimestamp(t, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lat_lon(x: float, y: float) -> dict[str, float]:
    k = 6371008.8 * math.pi / 180
    return {"lat": LAT + y / k, "lon": LON + x / (k * math.cos(math.radians(LAT)))}


def lon_lat(x: float, y: float) -> list[float]:
    point = lat_lon(x, y)
    return [point["lon"], point["lat"]]


def key(id_: str) -> dict[str, str]:
    return {"keyid": f"key-{id_}", "secret": SECRET}


def area(id_: str, role: str, x: float, y: float, radius: float, **more: Any) -> dict[str, Any]:
    return {
        "kind": "area", "id": id_, "zone": ZONE, "role": role, "name": id_, "center": lat_lon(x, y),
        "radius_m": radius, **more,
    }  # fmt: skip


def gate(id_: str, place: str, x: float, y: float) -> dict[str, Any]:
    """A gate whose outer antenna is 5 m east, its inner 5 m west."""
    antennas = [
        {"id": "out", "side": "outer", **lat_lon(x + 5, y), "range_m": 4},
        {"id": "in", "side": "inner", **lat_lon(x - 5, y), "range_m": 4},
    ]
    placement = {**lat_lon(x, y), "position": "gate", "area": place}
    return device(id_, "reader", placement=placement, antennas=antennas)


def reader(id_: str, position: str, x: float, y: float, place: str | None = None) -> dict[str, Any]:
    placement = {**lat_lon(x, y), "position": position, **({"area": place} if place else {})}
    antennas = [{"id": "a", "side": "single", **lat_lon(x, y), "range_m": 10}]
    return device(id_, "reader", placement=placement, antennas=antennas)


def device(id_: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"kind": "device", "id": id_, "zone": ZONE, "type": type_, "nature": "simulated",
            **({} if type_ == "tag" else {"key": key(id_)}), **more}  # fmt: skip


def child(id_: str, **more: Any) -> list[dict[str, Any]]:
    """A child with tag ``t-ID``, phone ``p-ID`` and guardian ``g-ID``."""
    route = {
        "id": "r1", "from": "home", "to": "school", "line": [lon_lat(0, 0), lon_lat(1000, 0)],
        "corridor_m": 30, "minutes": 15,
    }  # fmt: skip
    body = {
        "kind": "child", "id": id_, "zone": ZONE, "name": f"아이 {id_}", "grade": 3, "class": 1, "number": 1,
        "home": "home", "places": ["academy"], "routes": [route], "home_by": "19:00",
    }  # fmt: skip
    bind = {"kind": "binding", "zone": ZONE, "child": id_}
    guardian = {
        "kind": "guardian", "id": f"g-{id_}", "zone": ZONE, "name": "보호자", "children": [id_],
        "nature": "simulated", "key": key(f"g-{id_}"),
    }  # fmt: skip
    return [
        {**body, **more},
        guardian,
        consent(id_),
        {**bind, "id": f"b1-{id_}", "thing": f"t-{id_}"},
        {**bind, "id": f"b2-{id_}", "thing": f"p-{id_}"},
        device(f"t-{id_}", "tag", press_counter=True),
        device(f"p-{id_}", "phone"),
    ]


def consent(id_: str, status: str = "given", **items: bool) -> dict[str, Any]:
    """The guardian's consent to everything, or to ``items`` only."""
    allowed = {"collect": True, "notify_guardians": True, "provide_112": True} | items
    return {"kind": "consent", "id": f"k-{id_}", "zone": ZONE, "child": id_, "guardian": f"g-{id_}",
            "items": allowed, "status": status, "at": iso(DAY)}  # fmt: skip


def world(*children: str, drill: bool = True) -> list[dict[str, Any]]:
    """School at x = 1000 m, home at 0, academy at (500, 400), railway 200 m south of the route."""
    ring = [
        lon_lat(400, -300),
        lon_lat(600, -300),
        lon_lat(600, -150),
        lon_lat(400, -150),
        lon_lat(400, -300),
    ]
    zone = {
        "kind": "zone", "id": ZONE, "zone": ZONE, "name": "신도림", "timezone": "Asia/Seoul",
        "school": {"code": "7041138", "lat": LAT, "lon": LON},
        "calendar": {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "arrive_by": "09:00",
                     "not_arrived_after": "09:10", "closes_at": "16:00"},
    }  # fmt: skip
    desk = {
        "kind": "desk",
        "id": "d112",
        "zone": ZONE,
        "name": "112",
        "nature": "simulated",
        "key": key("d112"),
    }
    body: list[dict[str, Any]] = [
        zone, desk,
        area("home", "home", 0, 0, 50), area("school", "school", 1000, 0, 100), area("academy", "academy", 500, 400, 30),
        area("rail", "danger", 500, -225, 125, danger="railway", ring=ring),
        gate("gh", "home", 50, 0), gate("gs", "school", 900, 0), gate("ga", "academy", 530, 400),
        reader("is", "interior", 1000, 0, "school"), reader("pole", "pole", 500, 0), reader("ir", "interior", 500, -225, "rail"),
        device("bell", "bell", placement=lat_lon(510, 0)),
        device("cam", "camera", placement=lat_lon(520, 0), presets=[{"id": "w", "bearing_deg": 270}, {"id": "e", "bearing_deg": 90}],
               fov_deg=60, view_m=60),
    ]  # fmt: skip
    for id_ in children:
        body += child(id_)
    if drill:
        body.append(
            {"kind": "drill", "id": DRILL, "zone": ZONE, "opens_at": iso(DAY), "closes_at": iso(DAY + 86400),
             "clock": {"id": CLOCK, "key": key(CLOCK)}}
        )  # fmt: skip
    return body


def signed(topic: str, envelope: dict[str, Any], secret: str = SECRET) -> bytes:
    """The test's own signature, not the hub's code."""
    head = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))[:-1]
    raw = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    mac = hmac.new(raw, topic.encode() + b"\n" + head.encode(), hashlib.sha256).digest()
    return f'{head},"mac":"{base64.urlsafe_b64encode(mac).decode().rstrip("=")}"}}'.encode()


class Sender:
    """One principal's side of the wire: topic, sequence, signature."""

    def __init__(self, role: str, id_: str, drill: str | None = DRILL) -> None:
        self.role, self.id, self.drill, self.seq = role, id_, drill, 0
        self.topic = f"safezone/v1/{ZONE}/{role}/{id_}/up"
        self.source = f"{ZONE}/{role}/{id_}"

    def message(self, type_: str, data: dict[str, Any], t: float, /, **more: Any) -> tuple[str, bytes]:
        self.seq += 1
        envelope: dict[str, Any] = {
            "specversion": "1.0", "id": str(uuid.uuid4()), "source": self.source, "type": type_, "time": iso(t),
            "datacontenttype": "application/json", "keyid": f"key-{self.id}", "epoch": 1, "seq": self.seq,
        }  # fmt: skip
        if self.drill is not None:
            envelope["exercise"] = self.drill
        envelope |= {"data": data} | more
        return self.topic, signed(self.topic, envelope)


class Client:
    """A connection that plays devices and recipients, and waits on events, never on time alone."""

    def __init__(self, port: int) -> None:
        self.arrived: list[tuple[str, dict[str, Any], bytes]] = []
        self._changed = threading.Condition()
        self._mqtt = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        subscribed = threading.Event()
        self._mqtt.on_message = self._on_message
        self._mqtt.on_subscribe = lambda *_: subscribed.set()
        self._mqtt.on_connect = lambda c, *_: c.subscribe("safezone/v1/+/+/+/down", qos=1)
        self._mqtt.max_inflight_messages_set(20000)
        self._mqtt.connect("127.0.0.1", port)
        self._mqtt.loop_start()
        assert subscribed.wait(5)

    def _on_message(self, _client: Any, _user: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.arrived.append((message.topic, json.loads(message.payload), message.payload))
            self._changed.notify_all()

    def send(self, message: tuple[str, bytes]) -> str:
        self._mqtt.publish(*message, qos=1)
        id_: str = json.loads(message[1])["id"]
        return id_

    def wait(
        self, wanted: Callable[[dict[str, Any]], bool], what: str, count: int = 1
    ) -> list[dict[str, Any]]:
        """Envelopes down that satisfy ``wanted``, once there are ``count`` of them."""
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            found[:] = [e for _, e, _ in self.arrived if wanted(e)]
            return len(found) >= count

        with self._changed:
            assert self._changed.wait_for(enough, timeout=10), (
                f"expected {count} × {what} within 10 s, saw {len(found)}"
            )
        return found

    def receipt(self, id_: str, count: int = 1) -> dict[str, Any]:
        def of(e: dict[str, Any]) -> bool:
            return e["type"] == "receipt" and any(r["id"] == id_ for r in e["data"]["receipts"])

        envelopes = self.wait(of, f"receipt of {id_}", count)
        return [r for e in envelopes for r in e["data"]["receipts"] if r["id"] == id_][count - 1]

    def down(self, type_: str) -> list[dict[str, Any]]:
        with self._changed:
            return [e for _, e, _ in self.arrived if e["type"] == type_]

    def fresh(self, type_: str) -> list[dict[str, Any]]:
        """As ``down``, repeats left out."""
        return list({e["id"]: e for e in self.down(type_)}.values())

    def close(self) -> None:
        self._mqtt.disconnect()
        self._mqtt.loop_stop()


class Ticker:
    """The exercise clock's side."""

    def __init__(self, client: Client) -> None:
        self._client, self._sender, self.tick = client, Sender("clock", CLOCK), 0

    def to(self, t: float) -> None:
        """Send a tick and wait until everything up to it is done."""
        self.tick += 1
        self._client.send(self._sender.message("clock.tick", {"now": iso(t), "tick": self.tick}, t))
        self._client.wait(
            lambda e: e["type"] == "clock.ack" and e["data"]["tick"] >= self.tick,
            f"clock.ack of tick {self.tick}",
        )


def sighted(
    antenna: str, first: float, last: float | None = None, *, tag: str = "t-c1", stay: str | None = None
) -> dict[str, Any]:
    return {
        "tag": tag, "antenna": antenna, "stay": stay or f"s{int(first * 1000)}-{antenna}",
        "phase": "start" if last is None else "end", "first_at": iso(first), "last_at": iso(last or first),
        "reads": 1, "rssi_peak_dbm": -60,
    }  # fmt: skip
