"""The gateway itself: takes lines of its reader, makes messages of them, and answers a line once it is on the disk."""

import json
import socketserver
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from safezone_gateway.outbox import Store
from safezone_gateway.stays import Stay, Stays
from safezone_gateway.uplink import Principal, Uplink, iso, open_store

LINE_MAX = 8192
PRESS_WINDOW_S, PRESS_MEMORY_S = 30.0, 86400.0
PRESSES_KEPT = 2000
HEALTH = ("battery_pct", "mains", "tamper", "self_test", "firmware")
TOLD_AT_ONCE = ("mains", "tamper", "self_test")
TICK_S = 0.2


class BadLine(ValueError):
    """A line that is none of the protocol's; the message says why."""


@dataclass(frozen=True)
class Config:
    """What ``safezone gateway`` reads from its file."""

    principal: Principal
    broker: str
    store: Path
    antennas: tuple[str, ...]
    listen: tuple[str, int] = ("127.0.0.1", 7010)
    interval_s: float = 60.0
    username: str = ""
    password: str = ""
    ca: str = ""
    uncounted: frozenset[str] = frozenset()  # tags without a press counter


class Gateway:
    """One reader's gateway. ``now``: its clock, which is the device's."""

    def __init__(self, config: Config, now: Callable[[], float] = time.time) -> None:
        self.config, self.now = config, now
        self.store: Store = open_store(config.store)
        self._lock = threading.RLock()
        self._stays = Stays(self.store.get("stays"))
        self._presses: dict[str, float] = self.store.get("presses", {})
        self._health: dict[str, Any] = self.store.get("health", {})
        self.uplink = Uplink(config.principal, config.broker, self.store, now=now, username=config.username,
                             password=config.password, ca=config.ca)  # fmt: skip
        self._ended = threading.Event()
        self.tell_status()
        self._ticking = threading.Thread(target=self._tick, daemon=True, name="stays")
        self._ticking.start()

    # What the reader says

    def take(self, line: Mapping[str, Any], shift_s: float) -> None:
        """One line. ``shift_s``: the gateway's clock minus the reader's. It is on the disk when this returns. BadLine."""
        with self._lock:
            if "read" in line:
                self._take_read(line["read"], shift_s)
            elif "call" in line:
                self._take_call(line["call"], shift_s)
            elif "status" in line:
                self._take_status(line["status"])
            else:
                raise BadLine("none of hello, read, call, status")

    def _moment(self, row: Mapping[str, Any], shift_s: float) -> float:
        if "at" not in row:
            return self.now()
        moment = datetime.fromisoformat(str(row["at"]))
        if moment.tzinfo is None:
            raise BadLine(f"at = {row['at']!r}: has no offset")
        return moment.timestamp() + shift_s

    def _antenna(self, row: Mapping[str, Any]) -> str:
        antenna = str(row["antenna"])
        if antenna not in self.config.antennas:
            raise BadLine(f"antenna = {antenna!r}: not one of {', '.join(self.config.antennas)}")
        return antenna

    def _take_read(self, row: Mapping[str, Any], shift_s: float) -> None:
        number = int(self.store.get("stay", 0)) + 1
        name = f"s{self.store.get('epoch')}-{number}"
        rssi = max(-130.0, min(20.0, float(row.get("rssi_dbm", -60))))
        ended, begun = self._stays.read(
            str(row["tag"]), self._antenna(row), self._moment(row, shift_s), rssi, name
        )
        with self.uplink.together():
            self.store.put("stays", self._stays.kept())
            if ended is not None:
                self._sighted(ended, "end")
            if begun is not None:
                self.store.put("stay", number)
                self._sighted(begun, "start")

    def _sighted(self, stay: Stay, phase: str) -> None:
        self.uplink.send("tag.sighted", {
            "tag": stay.tag, "antenna": stay.antenna, "stay": stay.name, "phase": phase, "first_at": iso(stay.first_at),
            "last_at": iso(stay.last_at), "reads": stay.reads, "rssi_peak_dbm": stay.rssi_peak_dbm,
        })  # fmt: skip

    def _take_call(self, row: Mapping[str, Any], shift_s: float) -> None:
        tag, press, at = str(row["tag"]), int(row.get("press", 0)), self._moment(row, shift_s)
        counted = "press" in row and tag not in self.config.uncounted
        name = f"{tag} {press}" if counted else tag
        heard = self._presses.get(name)
        if heard is not None and at - heard < (PRESS_MEMORY_S if counted else PRESS_WINDOW_S):
            return  # the tag says one press several times
        data: dict[str, Any] = {"tag": tag, "press": press if counted else 0, "pressed_at": iso(at)}
        if "antenna" in row:
            data["antenna"] = self._antenna(row)
        if "rssi_dbm" in row:
            data["rssi_dbm"] = max(-130.0, min(20.0, float(row["rssi_dbm"])))
        if row.get("medical") is True:
            data["medical"] = True
        self._presses[name] = at
        self._presses = dict(list(self._presses.items())[-PRESSES_KEPT:])
        with self.uplink.together():
            self.uplink.send("tag.called", data)
            self.store.put("presses", self._presses)

    def _take_status(self, row: Mapping[str, Any]) -> None:
        before = dict(self._health)
        self._health |= {name: row[name] for name in HEALTH if name in row}
        self.store.put("health", self._health)
        if any(self._health.get(n) != before.get(n) for n in TOLD_AT_ONCE):
            self.tell_status()

    # What goes up by itself

    def tell_status(self) -> None:
        self.uplink.send("device.status", lambda now, depth: {
            "online": True, "queue_depth": depth, "clock": iso(now), "interval_s": self.config.interval_s, **self._health,
        })  # fmt: skip

    def _tick(self) -> None:
        told = time.monotonic()
        while not self._ended.wait(TICK_S):
            with self._lock:
                over = list(self._stays.over(self.now()))
                if over:
                    with self.uplink.together():
                        for stay in over:
                            self._sighted(stay, "end")
                        self.store.put("stays", self._stays.kept())
            # Early, so that it is there within the interval announced.
            if time.monotonic() - told >= self.config.interval_s * 0.9:
                told = time.monotonic()
                self.tell_status()

    def close(self) -> None:
        self._ended.set()
        self._ticking.join(5.0)
        self.uplink.close()
        self.store.close()


class _Reader(socketserver.StreamRequestHandler):
    """One connection of the reader."""

    server: "_Server"

    def handle(self) -> None:
        shift_s = 0.0
        gateway = self.server.gateway
        while line := self.rfile.readline(LINE_MAX + 1):
            number: Any = None
            try:
                row = json.loads(line) if len(line) <= LINE_MAX else None
                if not isinstance(row, dict):
                    raise BadLine(f"not a JSON object of at most {LINE_MAX} bytes")
                number = row.get("n")
                if "hello" in row:
                    clock = datetime.fromisoformat(str(row["hello"]["now"]))
                    if clock.tzinfo is None:
                        raise BadLine("hello.now has no offset")
                    shift_s = gateway.now() - clock.timestamp()
                else:
                    gateway.take(row, shift_s)
                reply: dict[str, Any] = {"ok": number}
            except (ValueError, KeyError, TypeError) as error:
                reply = {"bad": number, "why": str(error) if isinstance(error, BadLine) else repr(error)}
            try:
                self.wfile.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
            except OSError:
                return


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], gateway: Gateway) -> None:
        self.gateway = gateway
        super().__init__(address, _Reader)


def serve(config: Config, now: Callable[[], float] = time.time) -> tuple[_Server, Gateway]:
    """Start to listen; the caller runs ``serve_forever``. OSError if the address is taken."""
    gateway = Gateway(config, now)
    return _Server(config.listen, gateway), gateway
