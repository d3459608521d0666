"""The session with one piece of equipment: hub and broker for it, before, during and between cases.

A device is one physical thing, so its cases run one after another, whatever the lanes; other devices have sessions of
their own. Between cases the session gives receipts itself and puts right what a case changed.
"""

import base64
import json
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safezone_conformance.case import Case
from safezone_conformance.drivers.device_link import Link, NamedLink, OwnLink, mac_state, sealed
from safezone_conformance.drivers.mqtt import BrokerError
from safezone_conformance.equipment_bench import Device, EquipmentBench, device_from
from safezone_conformance.execution import Outcome, conduct, conduct_again, lacking
from safezone_conformance.identity import Identity
from safezone_conformance.line import LiveLine, ReplayLine
from safezone_conformance.proforma import Ics, Ixit
from safezone_conformance.record import IN, Record, bytes_of
from safezone_conformance.session import Result, Unusable, settings_from
from safezone_conformance.settings import Settings
from safezone_conformance.stimulus import PROTOCOL, Stimulus, StimulusError, open_stimulus
from safezone_conformance.wire import encode, iso

QUIET_S = 0.3  # between cases: long enough for contacts and field to come to rest
FIRST_WORD_S = 10.0


class EquipmentSession:
    """Starts when the first case runs. Raises Unusable."""

    def __init__(self, ics: Ics, ixit: Ixit, nonce: bytes, settings: Settings | None, out: Path) -> None:
        self._ics, self._ixit, self._nonce, self._out = ics, ixit, nonce, out
        try:
            self.device = device_from(ixit.values, ics.role)
            self._key = _raw(str(ixit["device.secret"]))
        except ValueError as error:
            raise Unusable(f"IXIT: {error}") from None
        self.settings = settings or replace(settings_from(ics, ixit), hub_id=self.device.hub_id)
        self._turn = threading.Lock()
        self._heard = threading.Event()
        self._link: Link | None = None
        self._stimulus: Stimulus | None = None
        self._now: LiveLine | None = None  # the case that runs
        self._caretaker = _Caretaker(self.device, self._key)
        self._last = time.monotonic()
        self._unusable = ""
        self._open_stays: dict[str, str] = {}  # by stay: antenna and tag
        self._ended_stays: set[str] = set()
        self._epoch: int | None = None  # of what the device said last
        self._calls: dict[str, float] = {}  # tag: when it was last pressed

    # Start and end

    def _start(self) -> None:
        v = self._ixit.values
        try:
            if v["broker.url"]:
                self._link = NamedLink(v["broker.url"], v["mqtt.username"], v["mqtt.password"], v["mqtt.ca"],
                                       self.device.zone, self.device.id, self._arrived)  # fmt: skip
            else:
                self._link = OwnLink(v["broker.host"], int(v["broker.port"]), v["broker.certificate"], v["broker.private_key"],
                                     self._arrived)  # fmt: skip
            self._caretaker.link = self._link
            environment = {"SAFEZONE_BROKER": self._link.url, "SAFEZONE_ROLE": self._ics.role,
                           "SAFEZONE_ZONE": self.device.zone, "SAFEZONE_DEVICE": self.device.id}  # fmt: skip
            self._out.mkdir(parents=True, exist_ok=True)
            self._stimulus = open_stimulus(v, environment, self._out, tuple(self.device.presets))
        except (BrokerError, StimulusError) as error:
            raise Unusable(str(error)) from None
        hello = {"protocol": PROTOCOL, "broker": self._link.url, "role": self._ics.role, "zone": self.device.zone,
                 "device": self.device.id}  # fmt: skip
        reply = self._ask("hello", hello, float(v["device.start_s"]))
        if not reply["ok"] and reply.get("why") != "unsupported":
            raise Unusable(f"stimulus hello: {reply.get('why')}")
        if not self._settle(float(v["device.start_s"])):
            raise Unusable(
                f"no device has connected to {self._link.url} within {v['device.start_s']:g} s after it was to start"
            )
        self._heard.wait(FIRST_WORD_S)  # a device says something when it starts

    def close(self) -> None:
        with self._turn:
            self._stop()

    def _stop(self) -> None:
        if self._stimulus is not None:
            self._stimulus.close()
        if self._link is not None:
            self._link.close()
        self._stimulus = self._link = None

    # Between cases

    def _arrived(self, via: str, content: Mapping[str, Any]) -> None:
        """From the wire, in its own thread."""
        if via == "mqtt":
            content = {**content, "mac": mac_state(self._key, content)}
            self._note_tags(content)
            self._heard.set()
        self._last = time.monotonic()
        line = self._now
        if line is not None:
            line.arrived(via, content)
        elif via == "mqtt":
            self._caretaker.take(content)

    def _note_tags(self, content: Mapping[str, Any]) -> None:
        """Which tags are in the field, and which were pressed: the next case must not take one stay for another."""
        try:
            envelope = json.loads(bytes_of(content["payload"]))
            data = envelope["data"]
            if envelope["epoch"] != self._epoch:  # another store: it knows nothing of stays that were open
                self._epoch = envelope["epoch"]
                self._open_stays.clear()
            if envelope["type"] == "tag.sighted":
                # By the name of the stay: a start may be repeated after its end, and opens nothing again.
                where, stay = f"{data['antenna']} {data['tag']}", str(data["stay"])
                if data["phase"] == "end":
                    self._ended_stays.add(stay)
                    self._open_stays.pop(stay, None)
                elif stay not in self._ended_stays:
                    self._open_stays[stay] = where
            elif envelope["type"] == "tag.called":
                self._calls[str(data["tag"])] = time.monotonic()
        except (ValueError, KeyError, TypeError):
            return

    def state(self) -> dict[str, Any]:
        """What a case must know of what was before it."""
        assert self._link is not None
        now = time.monotonic()
        return {"connected": self._link.connected() is not False, "stays": sorted(set(self._open_stays.values())),
                "pressed_s": {tag: round(now - t, 3) for tag, t in sorted(self._calls.items())}}  # fmt: skip

    def _ask(self, verb: str, args: Mapping[str, Any], more_s: float = 0.0) -> Mapping[str, Any]:
        assert self._stimulus is not None
        within = more_s + float(self._ixit["stimulus.patience_s"])
        return self._stimulus.ask(
            {"do": verb, "device": self.device.id, "args": dict(args), "within_s": within}
        )

    def _settle(self, within_s: float) -> bool:
        """Until the device is connected and says nothing more for a moment. Whether it is connected."""
        assert self._link is not None
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if self._link.connected() is not False and time.monotonic() - self._last >= QUIET_S:
                return True
            time.sleep(0.02)
        return self._link.connected() is not False

    def _put_right(self, bench: EquipmentBench | None, record: Record, left: list[str]) -> None:
        """What a case changed, put back; what it withheld, given; what it held, released."""
        assert self._link is not None
        if bench is None:
            return
        if bench.is_cut and not self._ixit["broker.url"]:
            self._link.restore()
        for verb, args in reversed(bench.undo):
            reply = self._ask(verb, args)
            if not reply["ok"]:
                left.append(f"{verb} {json.dumps(dict(args))}: {reply.get('why')}")
        given = {m.id for m in bench.messages.values() if m.receipts}
        for entry in record.entries:  # what the case withheld, and what came when it looked no more
            if entry.direction == IN and entry.via == "mqtt":
                self._caretaker.take(entry.content, but=given)
        for incident in bench.held:
            self._caretaker.tell("camera.release", {"incident": incident})

    # Cases

    def run(self, case: Case) -> Result:
        """One case, live, put right afterwards. One at a time."""
        with self._turn:
            identity = Identity(self._nonce, case.name, self.settings.subjects_prefix)
            if lacking(case, self.settings):
                return Result(case, conduct(case, _never, self.settings), LiveLine().close())
            if self._unusable:
                raise Unusable(self._unusable)
            if self._link is None:
                try:
                    self._start()
                except Unusable as error:
                    self._unusable = str(error)
                    self._stop()
                    raise
            self._ask("begin", {"case": case.name})
            self._settle(float(self._ixit["device.start_s"]))
            line = LiveLine()
            made: list[EquipmentBench] = []

            def make() -> EquipmentBench:
                bench = EquipmentBench(
                    line, case, identity, self.settings, _LiveHands(self, line), self._ics.role
                )
                made.append(bench)
                bench.begin()
                return bench

            self._now = line
            try:
                outcome = conduct(case, make, self.settings)
            finally:
                self._now = None
                record = line.close()
                self._last = time.monotonic()
                self._caretaker.begin_anew()
                left: list[str] = []
                self._put_right(made[0] if made else None, record, left)
            return Result(case, outcome, record, tuple(left))


class _LiveHands:
    """One case's hands. See ``equipment_bench.Hands``."""

    def __init__(self, session: EquipmentSession, line: LiveLine) -> None:
        self._session, self._line = session, line

    def _link(self) -> Link:
        assert self._session._link is not None
        return self._session._link

    def publish(self, topic: str, head: bytes, mac: str) -> None:
        self._link().publish(topic, sealed(self._session._key, topic, head, mac))

    def cut(self) -> None:
        self._link().cut()

    def restore(self) -> None:
        self._link().restore()

    def state(self) -> dict[str, Any]:
        return self._session.state()

    def ask(self, number: int, request: Mapping[str, Any]) -> None:
        def put() -> None:
            assert self._session._stimulus is not None
            reply = self._session._stimulus.ask(request)
            self._line.arrived("ask", {"n": number, **reply})

        threading.Thread(target=put, daemon=True, name="stimulus").start()


class _Caretaker:
    """The hub between cases: it stores nothing and gives every proved message its receipt."""

    def __init__(self, device: Device, key: bytes) -> None:
        self._device, self._key = device, key
        self.link: Link | None = None
        self._lock = threading.Lock()
        self.begin_anew()

    def begin_anew(self) -> None:
        self._epoch, self._seq = round(time.time() * 1000), 0
        self._identity = Identity(str(self._epoch).encode(), "caretaker", "ct")

    def take(self, content: Mapping[str, Any], but: Collection[str] = ()) -> None:
        """Give a message its receipt, unless it is one of ``but``."""
        if content.get("mac") != "right":
            return
        try:
            id_ = str(json.loads(bytes_of(content["payload"]))["id"])
            if id_ not in but:
                self.give(id_)
        except (ValueError, KeyError, TypeError):
            return

    def give(self, id_: str) -> None:
        """A receipt."""
        self.tell("receipt", {"receipts": [{"source": self._device.source, "id": id_, "status": "accepted"}]})

    def tell(self, type_: str, data: Mapping[str, Any]) -> None:
        with self._lock:
            if self.link is None:
                return
            self._seq += 1
            now = time.time()
            envelope = {
                "specversion": "1.0", "id": self._identity.uuid7(now), "source": f"{self._device.zone}/hub/{self._device.hub_id}",
                "type": type_, "time": iso(now), "datacontenttype": "application/json", "keyid": self._device.keyid,
                "epoch": self._epoch, "seq": self._seq, "data": dict(data),
            }  # fmt: skip
            self.link.publish(
                self._device.down, sealed(self._key, self._device.down, encode(envelope), "right")
            )


def _raw(secret: str) -> bytes:
    """The key bytes of a base64url secret. ValueError."""
    try:
        raw = base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    if not 32 <= len(raw) <= 64:
        raise ValueError("device.secret: must be base64url of 32 to 64 bytes")
    return raw


def _never() -> EquipmentBench:
    raise AssertionError("a case that is not applicable has no bench")


def replay(case: Case, record: Record, nonce: bytes, settings: Settings) -> Outcome:
    """The verdict of a recorded case on equipment, worked out again. Raises Unlike."""
    identity = Identity(nonce, case.name, settings.subjects_prefix)

    def make(line: ReplayLine) -> EquipmentBench:
        bench = EquipmentBench(line, case, identity, settings, None)
        bench.begin()
        return bench

    return conduct_again(case, record, make, settings)
