"""RFID reader: one message at a tag's first read at an antenna, one at the end of its stay; tags' calls are relayed.

A day of the twin tells it whole stays, whose end is known when they begin (``sense``, ``relay_call``). On a bench it gets
one read after the other, as its antennas do (``read``, ``hear``).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from safezone_sim.devices.agents import Equipment
from safezone_sim.devices.tag import CALL_BURSTS, CALL_PERIOD_S, battery_pct
from safezone_sim.scenario import Noise
from safezone_sim.world.model import Device

# Readers repeat a tag every 0.4 s.
READ_PERIOD_S = 0.4
# The twin's stays end when the tag has not been read for a second: its «double reads» are stays torn in two, with which a
# hub must cope (HUB-TAG-013). By the standard reads less than 6 s apart are one stay, and so it is on the bench.
STAY_GAP_S = 1.0
ONE_STAY_S = 6.0
# A call heard again within this time is the same press, where the tag does not count its presses.
ONE_CALL_S = CALL_PERIOD_S * (CALL_BURSTS + 1)

StayNote = Callable[[str, float], None]  # ("start" | "end", when the hub's side had it)


@dataclass
class _Stay:
    """A tag in the field of an antenna, so far."""

    tag: str
    antenna: str
    name: str
    first: float
    last: float
    reads: int
    rssi: float


class Reader(Equipment):
    """One reader with its antennas."""

    def __init__(self, *args: Any, device: Device, noise: Noise, **more: Any) -> None:
        super().__init__(*args, **more)
        self.device = device
        self._noise = noise
        self._open = {(s["tag"], s["antenna"]): _Stay(**s) for s in self.memory.get("open", [])}
        for stay in self._open.values():
            self._watch(stay)

    def read(self, tag: str, antenna: str, rssi: float) -> None:
        """One antenna has read one tag now."""
        now = self.env.now
        stay = self._open.get((tag, antenna))
        if stay is None:
            stay = _Stay(tag, antenna, self._new_name(), now, now, 1, rssi)
            self._open[tag, antenna] = stay
            self._remember()
            self._tell(stay, "start")
            self._watch(stay)
        else:
            stay.last, stay.reads, stay.rssi = now, stay.reads + 1, max(stay.rssi, rssi)

    def hear(self, tag: str, press: int | None, antenna: str, rssi: float, medical: bool = False) -> None:
        """A tag's call has come in now; ``press`` None: the tag does not count its presses."""
        now = self.env.now
        calls: dict[str, list[Any]] = self.memory.get("calls", {})
        before, heard_at = calls.get(tag, (None, -ONE_CALL_S))
        self.memory["calls"] = {**calls, tag: [press, now]}
        if before == press and (press is not None or now - heard_at < ONE_CALL_S):
            return
        self._call(tag, press or 0, antenna, rssi, medical, None)

    def _new_name(self) -> str:
        # A reader that has lost its memory has another epoch.
        stay = self.number("stays")
        return f"{self.name}-{stay}" if self.outbox.epoch == 1 else f"{self.outbox.epoch}-{stay}"

    def _remember(self) -> None:
        self.memory["open"] = [asdict(s) for s in self._open.values()]

    def _watch(self, stay: _Stay) -> None:
        """Looks again when the stay may be over."""
        event = self.env.timeout(max(0.0, stay.last + ONE_STAY_S - self.env.now))
        event.callbacks.append(lambda _event: self._close_or_watch(stay))

    def _close_or_watch(self, stay: _Stay) -> None:
        if self.env.now < stay.last + ONE_STAY_S:
            self._watch(stay)
            return
        del self._open[stay.tag, stay.antenna]
        self._remember()
        self._tell(stay, "end")

    def _tell(self, stay: _Stay, phase: str) -> None:
        self._send(
            stay.tag, stay.antenna, stay.name, phase, stay.first, stay.last, stay.rssi, None, stay.reads
        )

    def sense(self, tag: str, antenna: str, t_in: float, t_out: float, note: StayNote) -> bool:
        """A tag is in range from now (``t_in``) to ``t_out``. False if the pass is not read at all."""
        missed = self.chance.random() >= self._noise.pass_read
        doubled = self.chance.random() < self._noise.double_read
        first = t_in + self.chance.uniform(0.02, READ_PERIOD_S)
        rssi = round(self.chance.gauss(-55.0, 4.0), 1)
        gap = self.chance.uniform(0.3, 3.0)
        if missed:
            return False
        last = max(first, t_out - self.chance.uniform(0.0, READ_PERIOD_S))
        self.env.process(self._report(tag, antenna, first, last, rssi, note))
        if doubled:
            again = last + STAY_GAP_S + gap
            self.env.process(self._report(tag, antenna, again, again + READ_PERIOD_S, rssi - 8.0, None))
        return True

    def _report(
        self, tag: str, antenna: str, first: float, last: float, rssi: float, note: StayNote | None
    ) -> Any:
        yield self.env.timeout(max(0.0, first - self.env.now))
        stay = self._new_name()
        self._send(tag, antenna, stay, "start", first, first, rssi, note)
        yield self.env.timeout(max(0.0, last + STAY_GAP_S - self.env.now))
        self._send(tag, antenna, stay, "end", first, last, rssi, note)

    def _send(
        self,
        tag: str,
        antenna: str,
        stay: str,
        phase: str,
        first: float,
        last: float,
        rssi: float,
        note: StayNote | None,
        reads: int | None = None,
    ) -> None:
        self.outbox.send(
            "tag.sighted",
            {
                "tag": tag,
                "antenna": antenna,
                "stay": stay,
                "phase": phase,
                "first_at": self.outbox.device_time(first),
                "last_at": self.outbox.device_time(last),
                "reads": 1 + int((last - first) / READ_PERIOD_S) if reads is None else reads,
                "rssi_peak_dbm": rssi,
                "battery_pct": battery_pct(tag),
            },
            None if note is None else lambda t: note(phase, t),
        )

    def relay_call(
        self, tag: str, press: int, medical: bool, note: Callable[[float, float], None]
    ) -> float | None:
        """A tag's button call is on the air now: relays the first burst that is heard.

        ``note(heard_at, known_at)`` when the hub's side has it. Returns when it was heard, None if never.
        """
        heard = next(
            (n for n in range(CALL_BURSTS) if self.chance.random() < self._noise.pass_read),
            None,
        )
        if heard is None:
            return None
        at: float = self.env.now + heard * CALL_PERIOD_S
        event = self.env.timeout(heard * CALL_PERIOD_S)
        event.callbacks.append(lambda _event: self._send_call(tag, press, medical, at, note))
        return at

    def _send_call(
        self, tag: str, press: int, medical: bool, at: float, note: Callable[[float, float], None]
    ) -> None:
        antenna, rssi = self.device.antennas[0].id, round(self.chance.gauss(-70.0, 5.0), 1)
        self._call(tag, press, antenna, rssi, medical, lambda t: note(at, t))

    def _call(
        self,
        tag: str,
        press: int,
        antenna: str,
        rssi: float,
        medical: bool,
        note: Callable[[float], None] | None,
    ) -> None:
        data: dict[str, Any] = {
            "tag": tag,
            "press": press,
            "pressed_at": self.outbox.device_time(self.env.now),
            "antenna": antenna,
            "rssi_dbm": rssi,
        }
        if medical:
            data["medical"] = True
        self.outbox.send("tag.called", data, note)
