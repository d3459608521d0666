"""Devices and recipients that never give up: each message is repeated until its receipt, each notice acknowledged.

One thread, a few connections, its own retries by the standard's timing. It keeps the ledger, survives the death of
hub and broker, and can be told to misbehave as real devices do: send twice, in another order, with a wrong clock.
"""

import heapq
import random
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
from safezone_sim.capacity import wire

from .district import District, lat_lon
from .ledger import Ledger, Sent, Told
from .signing import Ids, Principal, iso

RETRY_FIRST_S, RETRY_FACTOR = 2.0, 2.0
RETRY_MAX_S = {True: 5.0, False: 60.0}  # emergency, routine
WINDOW = 64
RECONNECT_S = 0.1
TICK_S = 0.01
KEEPALIVE_S = 60
FORGETFUL = 0.1  # share of notices that a recipient lets pass the first time


class _Receipt(msgspec.Struct, gc=False):
    id: str
    status: str
    reason: str = ""


class _Evidence(msgspec.Struct, gc=False):
    id: str


class _Data(msgspec.Struct, gc=False):
    receipts: list[_Receipt] = []
    evidence: list[_Evidence] = []
    service: str = ""
    child: str = ""
    event_at: str = ""
    incident: str = ""
    preset: str = ""
    flags: list[str] = []


class _Down(msgspec.Struct, gc=False):
    id: str
    type: str
    data: _Data


class _Line:
    """One connection, made again whenever it breaks."""

    def __init__(self, address: tuple[str, int], client_id: str, filters: tuple[str, ...]) -> None:
        self._address, self._client_id, self._filters = address, client_id, filters
        self.socket: socket.socket | None = None
        self.reader = wire.Reader()
        self._waiting = b""
        self._next_try = self._next_ping = 0.0
        self._packet_id = 0
        self.breaks = 0

    def is_up(self) -> bool:
        return self.socket is not None and self.reader.connack == 0

    def keep_up(self, now: float) -> None:
        if self.socket is not None:
            if now > self._next_ping:
                self._next_ping = now + KEEPALIVE_S / 4
                self._push(wire.PINGREQ)
            return
        if now < self._next_try:
            return
        self._next_try, self._next_ping = now + RECONNECT_S, now + KEEPALIVE_S / 4
        try:
            made = socket.create_connection(self._address, timeout=1.0)
        except OSError:
            return
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setblocking(False)
        self.socket, self.reader, self._waiting = made, wire.Reader(), b""
        self._push(wire.connect(self._client_id, keepalive_s=KEEPALIVE_S))
        if self._filters:
            self._push(wire.subscribe(1, *self._filters))

    def publish(self, topic: str, payload: bytes) -> None:
        self._packet_id = self._packet_id % 65535 + 1
        self._push(wire.publish(topic, payload, self._packet_id))

    def receive(self) -> list[wire.Arrived]:
        assert self.socket is not None
        try:
            chunk = self.socket.recv(262144)
        except BlockingIOError:
            return []
        except OSError:
            chunk = b""
        if not chunk:
            self.drop()
            return []
        arrived = self.reader.feed(chunk)
        if arrived:
            self._push(b"".join(wire.puback(a.packet_id) for a in arrived if a.packet_id))
        return arrived

    def push_waiting(self) -> None:
        if self._waiting:
            self._push(b"")

    def drop(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None
            self.breaks += 1

    def _push(self, data: bytes) -> None:
        if self.socket is None:
            return
        self._waiting += data
        try:
            self._waiting = self._waiting[self.socket.send(self._waiting) :]
        except BlockingIOError:
            pass
        except OSError:
            self.drop()


class Players:
    """Everybody on the far side of the broker. Start with ``start``; the ledger is theirs.

    ``twice`` sends every message two times; ``shuffle_s`` keeps messages back and lets them go in a random order
    within windows of so many seconds; ``clock_off_s`` is how wrong the devices' clocks are.
    """

    def __init__(
        self,
        district: District,
        address: tuple[str, int],
        seed: int,
        *,
        filler: float = 200.0,
        presses: float = 5.0,
        arrivals: float = 2.0,
        twice: bool = False,
        shuffle_s: float = 0.0,
        clock_off_s: float = 0.0,
    ) -> None:
        self.ledger, self.district = Ledger(), district
        self._rng, self._ids = random.Random(seed), Ids(seed)
        self._rates = {"filler": filler, "press": presses, "arrival": arrivals}
        self._twice, self._shuffle_s, self._clock_off_s = twice, shuffle_s, clock_off_s
        self._epoch = int(time.time() * 1000)
        self._principals: dict[tuple[str, str], Principal] = {}
        self._ears = _Line(address, f"ears-{seed}-{self._epoch}", (f"safezone/v1/{district.zone}/+/+/down",))
        self._lines = [self._ears, *(_Line(address, f"voice-{seed}-{self._epoch}-{n}", ()) for n in range(3))]
        self._due: list[tuple[float, int, str]] = []  # when to send, tie, message id
        self._waits: dict[str, float] = {}
        self._held: list[str] = []  # for the shuffle
        self._held_until = 0.0
        self._open: dict[str, int] = {}  # unreceipted by source
        self._tie = 0
        self._next_arrival, self._press = 0, self._epoch % 1_000_000 * 1000
        self._callers = [c for n, c in enumerate(district.child_ids) if n % 4 == 0]
        self._walkers = [c for n, c in enumerate(district.child_ids) if n % 4 in (1, 2)]
        self._fillers = [c for n, c in enumerate(district.child_ids) if n % 4 == 3]
        self._lock = threading.Lock()
        self._stop, self._talking = threading.Event(), threading.Event()
        self._acked: set[str] = set()
        self._again: list[str] = []
        self._again_open: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="players", daemon=True)
        self.told_hook: Callable[[Told], None] | None = None
        self.failed: BaseException | None = None
        self._decode = msgspec.json.Decoder(_Down).decode

    # ------------------------------------------------------------------- for the benchmark

    def start(self) -> None:
        self._talking.set()
        self._thread.start()

    def hush(self) -> None:
        """Say nothing new; go on repeating and acknowledging."""
        self._talking.clear()

    def talk(self) -> None:
        self._talking.set()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        for line in self._lines:
            line.drop()
        if self.failed is not None:
            raise self.failed

    def settle(self, seconds: float) -> float:
        """Wait until everything is receipted and told, at most so long. Returns how long it took."""
        began = time.monotonic()
        while time.monotonic() - began < seconds and self.failed is None:
            with self._lock:
                if self.ledger.is_settled():
                    break
            time.sleep(0.1)
        return time.monotonic() - began

    def say_all_again(self, seconds: float) -> int:
        """Repeat every receipted message byte for byte; a hub that knows it answers «duplicate».

        Returns how many got no second receipt in time.
        """
        with self._lock:
            self._again = [s.id for s in self.ledger.sent.values() if s.status in ("accepted", "duplicate")]
            self._again.reverse()
        began = time.monotonic()
        while time.monotonic() - began < seconds and self.failed is None:
            with self._lock:
                if not self._again and not self._again_open:
                    break
            time.sleep(0.05)
        with self._lock:
            return len(self._again) + len(self._again_open)

    def wait_until(self, condition: Callable[[Ledger], bool], seconds: float) -> bool:
        """Whether the condition came true in time; it is asked under the players' lock."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.failed is None:
            with self._lock:
                if condition(self.ledger):
                    return True
            time.sleep(0.02)
        return False

    def press_now(self) -> str:
        """One emergency at once; returns what it is about."""
        with self._lock:
            return self._one_press(time.monotonic())

    def summary(self) -> dict[str, Any]:
        with self._lock:
            return {
                **self.ledger.summary(time.monotonic()),
                "connections_broken": sum(line.breaks for line in self._lines),
            }

    # ------------------------------------------------------------------- the thread

    def _run(self) -> None:
        try:
            last = time.monotonic()
            owed = dict.fromkeys(self._rates, 0.0)
            while not self._stop.is_set():
                now = time.monotonic()
                for line in self._lines:
                    line.keep_up(now)
                with self._lock:
                    if self._talking.is_set():
                        for what, rate in self._rates.items():
                            owed[what] = min(owed[what] + rate * (now - last), 3 * rate + 1)
                            while owed[what] >= 1 and self._may_talk():
                                owed[what] -= 1
                                {
                                    "filler": self._one_filler,
                                    "press": self._one_press,
                                    "arrival": self._one_arrival,
                                }[what](now)
                    last = now
                    self._let_go(now)
                    self._send_due(now)
                    self._send_again(now)
                self._listen()
        except BaseException as error:
            self.failed = error

    def _listen(self) -> None:
        sockets = {line.socket: line for line in self._lines if line.socket is not None}
        if not sockets:
            time.sleep(TICK_S)
            return
        readable, _, _ = select.select(list(sockets), [], [], TICK_S)
        for each in readable:
            for topic, payload, _ in sockets[each].receive():
                with self._lock:
                    self._hear(topic, payload)
        for line in self._lines:
            line.push_waiting()

    def _may_talk(self) -> bool:
        """A device's buffer is finite: while the hub is away, nothing more than some thousand messages."""
        return len(self._waits) < 5000

    # ------------------------------------------------------------------- what happens in the district

    def _one_filler(self, now: float) -> str:
        t = time.time() + self._clock_off_s
        n = self._rng.randrange(len(self._fillers))
        child = self._fillers[n]
        phone = self._principal("dev", f"p-{child}")
        if self._open.get(phone.source, 0) >= WINDOW:
            return ""
        if self._rng.random() < 0.2:
            data: dict[str, Any] = {
                "online": True,
                "battery_pct": 64,
                "queue_depth": 0,
                "clock": iso(t),
                "interval_s": 240,
            }
            return self._send(phone, "device.status", data, now, "", emergency=False)
        x, y = self.district.home_of(self.district.child_ids.index(child))
        data = {
            **lat_lon(x + self._rng.uniform(-3, 3), y), "accuracy_m": 10, "fix_source": "gps", "fixed_at": iso(t),
            "moving": False,
        }  # fmt: skip
        return self._send(phone, "phone.located", data, now, "", emergency=False)

    def _one_press(self, now: float) -> str:
        """A tag's call, relayed by one reader or two; a bell; a call by phone."""
        t = time.time() + self._clock_off_s
        self._press += 1
        kind = self._rng.choice(("tag", "tag", "bell", "phone"))
        about = f"press:{kind}#{self._press}"
        if kind == "tag":
            data: dict[str, Any] = {
                "tag": f"t-{self._rng.choice(self._callers)}",
                "press": self._press,
                "pressed_at": iso(t),
            }
            relays = self._rng.sample(self.district.pole_ids, self._rng.choice((1, 2)))
            ids = [
                self._send(self._principal("dev", relay), "tag.called", data, now, about, emergency=True)
                for relay in relays
            ]
        elif kind == "bell":
            bell = self._principal("dev", self._rng.choice(self.district.bell_ids))
            ids = [
                self._send(
                    bell,
                    "bell.pressed",
                    {"press": self._press, "pressed_at": iso(t)},
                    now,
                    about,
                    emergency=True,
                )
            ]
        else:
            phone = self._principal("dev", f"p-{self._rng.choice(self._callers)}")
            data = {"dialled_at": iso(t), "call": f"call-{self._press}"}
            ids = [self._send(phone, "phone.called", data, now, about, emergency=True)]
        self.ledger.presses[about] = ids
        return about

    def _one_arrival(self, now: float) -> str:
        """A child walks through the school's gate, once in the whole run."""
        if self._next_arrival >= len(self._walkers):
            return ""
        child = self._walkers[self._next_arrival]
        self._next_arrival += 1
        about, gate = f"arrival:{child}", self._principal("dev", self._rng.choice(self.district.gates))
        t = time.time() + self._clock_off_s
        for antenna, at in (("out", t - 6.0), ("in", t)):
            data = {
                "tag": f"t-{child}", "antenna": antenna, "stay": f"s-{child}-{antenna}", "phase": "start",
                "first_at": iso(at), "last_at": iso(at), "reads": 1, "rssi_peak_dbm": -60,
            }  # fmt: skip
            self._send(gate, "tag.sighted", data, now, about, emergency=False)
        self.ledger.arrivals[about] = f"guardian/g-{child}"
        return about

    def arrivals_left(self) -> int:
        return len(self._walkers) - self._next_arrival

    def _principal(self, role: str, id_: str) -> Principal:
        found = self._principals.get((role, id_))
        if found is None:
            found = self._principals[role, id_] = Principal(self.district.zone, role, id_, self._epoch)
        return found

    # ------------------------------------------------------------------- sending and repeating

    def _send(
        self, who: Principal, type_: str, data: dict[str, Any], now: float, about: str, *, emergency: bool
    ) -> str:
        t = time.time() + (self._clock_off_s if who.role == "dev" else 0.0)
        id_ = self._ids.next(t)
        payload = who.write_json(id_, type_, data, t)
        self.ledger.sent[id_] = Sent(id_, who.topic, payload, emergency, about, now)
        self._open[who.source] = self._open.get(who.source, 0) + 1
        self._waits[id_] = 0.0
        if self._shuffle_s and about != "ack":
            if not self._held:
                self._held_until = now + self._shuffle_s
            self._held.append(id_)
        else:
            self._schedule(id_, now)
        return id_

    def _let_go(self, now: float) -> None:
        """The window is over: what was held back goes out in another order."""
        if self._held and now >= self._held_until:
            self._rng.shuffle(self._held)
            for id_ in self._held:
                self._schedule(id_, now)
            self._held.clear()

    def _schedule(self, id_: str, at: float) -> None:
        self._tie += 1
        heapq.heappush(self._due, (at, self._tie, id_))

    def _send_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            _, _, id_ = heapq.heappop(self._due)
            wait = self._waits.get(id_)
            if wait is None:
                continue
            sent = self.ledger.sent[id_]
            line = self._line_of(sent.topic)
            if not line.is_up():
                self._schedule(id_, now + RECONNECT_S)
                continue
            sent.tries += 1
            for _ in range(2 if self._twice else 1):
                line.publish(sent.topic, sent.payload)
            wait = min(RETRY_MAX_S[sent.emergency], wait * RETRY_FACTOR or RETRY_FIRST_S)
            self._waits[id_] = wait
            self._schedule(id_, now + wait)

    def _send_again(self, now: float) -> None:
        """The repeats at the end, a few hundred at a time."""
        for id_, at in list(self._again_open.items()):
            if now - at > 3.0:
                del self._again_open[id_]
                self._again.append(id_)
        while self._again and len(self._again_open) < 400:
            sent = self.ledger.sent[self._again[-1]]
            line = self._line_of(sent.topic)
            if not line.is_up():
                return
            line.publish(sent.topic, sent.payload)
            self._again_open[self._again.pop()] = now

    def _line_of(self, topic: str) -> _Line:
        # The order of one sender must hold: it keeps to its line.
        return self._lines[1 + sum(topic.encode()) % (len(self._lines) - 1)]

    # ------------------------------------------------------------------- hearing

    def _hear(self, topic: str, payload: bytes) -> None:
        down, now = self._decode(payload), time.monotonic()
        if down.type == "receipt":
            for receipt in down.data.receipts:
                self._note_receipt(receipt, now)
        elif down.type in ("alert", "notice", "camera.turn"):
            self._note_told(topic, payload, down, now)

    def _note_receipt(self, receipt: _Receipt, now: float) -> None:
        sent = self.ledger.sent.get(receipt.id)
        if sent is None:
            self.ledger.stray_receipts += 1
            return
        if receipt.id in self._again_open:
            del self._again_open[receipt.id]
            sent.status_again = receipt.status
        elif not sent.status:
            sent.status, sent.receipt_at = receipt.status, now
            self._waits.pop(receipt.id, None)
            source = sent.topic[12:-3]
            self._open[source] = self._open.get(source, 1) - 1

    def _note_told(self, topic: str, payload: bytes, down: _Down, now: float) -> None:
        role, id_ = topic.split("/")[3:5]
        recipient, data = f"{role}/{id_}", down.data
        told = self.ledger.told.get((recipient, down.id))
        if told is not None:
            told.times += 1
            told.bytes_differ = told.bytes_differ or payload != told.payload
        else:
            told = self.ledger.told[recipient, down.id] = Told(
                down.id, recipient, down.type, data.service, data.child, data.event_at,
                tuple(e.id for e in data.evidence), tuple(data.flags), data.incident, now, payload,
            )  # fmt: skip
            if self.told_hook is not None:
                self.told_hook(told)
            if self._rng.random() < FORGETFUL:
                return
        key = f"ack:{recipient}:{down.id}"
        if key in self._acked:
            return
        self._acked.add(key)
        who = self._principal(role, id_)
        if down.type == "camera.turn":
            answer = {"preset": data.preset, "bearing_deg": 0, "command": down.id}
            self._send(who, "camera.state", answer, now, "ack", emergency=False)
        else:
            self._send(
                who, "ack", {"notice": down.id, "received_at": iso(time.time())}, now, "ack", emergency=False
            )
