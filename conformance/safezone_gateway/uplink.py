"""A sender of the standard: composes and seals messages, keeps them until their receipt, repeats, heeds the window."""

import hmac
import json
import random
import secrets
import ssl
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from safezone_gateway.outbox import Store, Waiting

EMERGENCIES = frozenset({"tag.called", "bell.pressed", "phone.called"})
FIRST_S, FACTOR, ROUTINE_S, EMERGENCY_S = 2.0, 2.0, 60.0, 5.0
WINDOW, KEPT_FREE = 64, 4  # so many places of the window are for emergencies alone
SPREAD = 0.08
MAC_MARK = b',"mac":"'


@dataclass(frozen=True)
class Principal:
    """Who sends. ``key``: the registered secret, base64url."""

    zone: str
    id: str
    keyid: str
    key: str

    @property
    def source(self) -> str:
        return f"{self.zone}/dev/{self.id}"

    def topic(self, way: str) -> str:
        return f"safezone/v1/{self.zone}/dev/{self.id}/{way}"

    @property
    def raw(self) -> bytes:
        return urlsafe_b64decode(self.key + "=" * (-len(self.key) % 4))


def iso(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uuid7(unix_s: float) -> str:
    value = (
        (round(unix_s * 1000) & (1 << 48) - 1) << 80
        | 7 << 76
        | secrets.randbits(12) << 64
        | 2 << 62
        | secrets.randbits(62)
    )
    h = f"{value:032x}"
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def mac(key: bytes, topic: str, body: bytes) -> bytes:
    return urlsafe_b64encode(hmac.digest(key, topic.encode() + b"\n" + body, "sha256")).rstrip(b"=")


def proved(key: bytes, topic: str, payload: bytes) -> Mapping[str, Any] | None:
    """The envelope of a payload whose mac is right; None otherwise."""
    body, mark, end = payload.rpartition(MAC_MARK)
    if (
        not mark
        or len(end) != 45
        or not end.endswith(b'"}')
        or not hmac.compare_digest(end[:43], mac(key, topic, body))
    ):
        return None
    try:
        envelope = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return envelope if isinstance(envelope, dict) else None


@dataclass
class _UnderWay:
    message: Waiting
    due: float
    interval: float


class Uplink:
    """Connects by itself, for ever. ``on_down`` gets proved messages of the hub other than receipts, ``on_receipt`` entries."""

    def __init__(
        self, who: Principal, broker: str, store: Store, *, now: Callable[[], float] = time.time,
        on_down: Callable[[Mapping[str, Any]], None] | None = None,
        on_receipt: Callable[[str, str], None] | None = None,
        username: str = "", password: str = "", ca: str = "", certificate: str = "", private_key: str = "", reconnect_s: float = 5.0,
    ) -> None:  # fmt: skip
        self.who, self.store, self.now = who, store, now
        self.exercise: str | None = None
        self._on_down, self._on_receipt = on_down, on_receipt
        self._key, self._up, self._down = who.raw, who.topic("up"), who.topic("down")
        self._changed = threading.Condition(threading.RLock())
        self._under_way: dict[str, _UnderWay] = {}
        self._queue: list[Waiting] = store.waiting()
        self._connected = self._ended = False
        self._random = random.Random()
        self._broker, self._reconnect_s = urlsplit(broker), reconnect_s
        self._access = (username, password)
        self._tls: ssl.SSLContext | None = None
        if self._broker.scheme == "mqtts":
            self._tls = ssl.create_default_context(cafile=ca or None)
            if certificate:
                self._tls.load_cert_chain(certificate, private_key or None)
        self._client: mqtt.Client | None = None
        self._break = threading.Event()
        self._connecting = threading.Thread(target=self._stay_connected, daemon=True, name="connection")
        self._connecting.start()
        self._thread = threading.Thread(target=self._run, daemon=True, name="uplink")
        self._thread.start()

    @property
    def depth(self) -> int:
        """Messages without a receipt."""
        with self._changed:
            return len(self._queue) + len(self._under_way)

    def send(self, type_: str, data: Mapping[str, Any] | Callable[[float, int], Mapping[str, Any]]) -> str:
        """Keep a message and send it as soon as it may go. Its id. ``data`` may be made of (device's time, depth) just then."""
        with self._changed, self.store as store:
            now = self.now()
            made = data(now, self.depth) if callable(data) else data
            epoch, seq = store.number()
            envelope: dict[str, Any] = {
                "specversion": "1.0", "id": uuid7(now), "source": self.who.source, "type": type_, "time": iso(now),
                "datacontenttype": "application/json", "keyid": self.who.keyid, "epoch": epoch, "seq": seq,
            }  # fmt: skip
            if self.exercise is not None:
                envelope["exercise"] = self.exercise
            head = json.dumps(
                {**envelope, "data": dict(made)}, ensure_ascii=False, separators=(",", ":")
            ).encode()[:-1]
            payload = head + MAC_MARK + mac(self._key, self._up, head) + b'"}'
            message = Waiting(epoch, seq, envelope["id"], type_ in EMERGENCIES, payload)
            store.add(message)
            self._queue.append(message)
            self._changed.notify_all()
        return message.id

    @contextmanager
    def together(self) -> Iterator[None]:
        """Messages and what is put into the store inside are one commit. Always in this order of locks."""
        with self._changed, self.store:
            yield

    def close(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._break.set()
        self._connecting.join(2.0)
        self._thread.join(2.0)

    # Connection

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{self.who.zone}.{self.who.id}",
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(WINDOW * 4)
        if self._access[0]:
            client.username_pw_set(*self._access)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_connect, client.on_disconnect = self._opened, self._closed
        client.on_subscribe, client.on_message = self._ready, self._take
        return client

    def _stay_connected(self) -> None:
        """A new client for every connection: an old one would send again by itself what is repeated here anyway."""
        port = self._broker.port or (8883 if self._broker.scheme == "mqtts" else 1883)
        wait = 0.5
        while not self._ended:
            self._break.clear()
            client = self._new_client()
            try:
                client.connect(str(self._broker.hostname), port, keepalive=20)
            except OSError:
                pass
            else:
                self._client = client
                client.loop_start()
                self._break.wait()
                wait = 0.5
                client.disconnect()
                client.loop_stop()
                self._client = None
            with self._changed:
                self._connected = False
            if not self._ended:
                time.sleep(wait * (1.0 - 0.2 * self._random.random()))
                wait = min(wait * 2.0, self._reconnect_s)

    def _opened(self, client: mqtt.Client, _user: Any, _flags: Any, reason: Any, _p: Any = None) -> None:
        if reason.is_failure:
            self._break.set()
        else:
            client.subscribe(self._down, qos=1)

    def _ready(self, *_: Any) -> None:
        with self._changed:
            self._connected = True
            # What was under way begins anew, in the order of a backlog.
            self._queue = sorted([*(u.message for u in self._under_way.values()), *self._queue],
                                 key=lambda m: (not m.emergency, m.epoch, m.seq))  # fmt: skip
            self._under_way.clear()
            self._changed.notify_all()

    def _closed(self, *_: Any) -> None:
        with self._changed:
            self._connected = False
        self._break.set()

    # Sending

    def _run(self) -> None:
        with self._changed:
            while not self._ended:
                wait = 1.0
                if self._connected:
                    self._begin_new()
                    wait = self._repeat()
                self._changed.wait(wait)

    def _begin_new(self) -> None:
        for message in sorted(self._queue, key=lambda m: (not m.emergency, m.epoch, m.seq)):
            room = WINDOW if message.emergency else WINDOW - KEPT_FREE
            if len(self._under_way) >= room:
                break
            self._queue.remove(message)
            self._under_way[message.id] = _UnderWay(
                message, time.monotonic() + self._spread(FIRST_S), FIRST_S
            )
            self._publish(message)

    def _repeat(self) -> float:
        """Send again what is due. Seconds until the next is."""
        now = time.monotonic()
        for one in self._under_way.values():
            if one.due <= now:
                one.interval = min(one.interval * FACTOR, EMERGENCY_S if one.message.emergency else ROUTINE_S)
                one.due = now + self._spread(one.interval)
                self._publish(one.message)
        return max(0.0, min((u.due for u in self._under_way.values()), default=now + 1.0) - time.monotonic())

    def _spread(self, interval: float) -> float:
        return interval * (1.0 - SPREAD * self._random.random())

    def _publish(self, message: Waiting) -> None:
        client = self._client
        if client is not None and client.is_connected():
            client.publish(self._up, message.payload, qos=1)

    # What comes down

    def _take(self, _client: Any, _user: Any, message: mqtt.MQTTMessage) -> None:
        envelope = (
            proved(self._key, message.topic, bytes(message.payload)) if message.topic == self._down else None
        )
        if envelope is None or envelope.get("keyid") != self.who.keyid:
            return
        if not str(envelope.get("source", "")).startswith(f"{self.who.zone}/hub/"):
            return
        data = envelope.get("data")
        if not isinstance(data, dict):
            return
        if envelope.get("type") != "receipt":
            if self._on_down is not None:
                self._on_down(envelope)
            return
        rows = data.get("receipts")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and row.get("source") == self.who.source:
                self._receipted(str(row.get("id")), str(row.get("status")))

    def _receipted(self, id_: str, status: str) -> None:
        if status not in ("accepted", "duplicate", "rejected"):
            return
        with self._changed:
            mine = id_ in self._under_way or any(m.id == id_ for m in self._queue)
            if mine:
                self.store.remove(id_)
                self._under_way.pop(id_, None)
                self._queue = [m for m in self._queue if m.id != id_]
                self._changed.notify_all()
        if mine and self._on_receipt is not None:
            self._on_receipt(id_, status)


def first_epoch() -> int:
    """For a store that is new: seconds since 1970, above any former epoch of this device as long as its clock is not set back."""
    return int(time.time())


def open_store(path: Path) -> Store:
    return Store(path, first_epoch())


__all__ = ["Principal", "Uplink", "iso", "open_store", "proved", "uuid7"]
