"""RFID reader: one message at a tag's first read at an antenna, one at the end of its stay."""

from collections.abc import Callable
from typing import Any

from safezone_sim.devices.agents import Equipment
from safezone_sim.scenario import Noise
from safezone_sim.world.model import Device

# Readers repeat a tag every 0.4 s; a stay ends when it has not been read for a second.
READ_PERIOD_S = 0.4
STAY_GAP_S = 1.0
# An active tag repeats its button call so often; any reader that hears one of them relays it.
CALL_BURSTS = 6
CALL_PERIOD_S = 0.5

StayNote = Callable[[str, float], None]  # ("start" | "end", when the hub's side had it)


class Reader(Equipment):
    """One reader with its antennas."""

    def __init__(self, *args: Any, device: Device, noise: Noise) -> None:
        super().__init__(*args)
        self.device = device
        self._noise = noise
        self._stays = 0

    def health(self) -> dict[str, Any]:
        return {"mains": True, "tamper": False, "self_test": "passed", "firmware": "sim-1"}

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
        self._stays += 1
        stay = f"{self.name}-{self._stays}"
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
                "reads": 1 + int((last - first) / READ_PERIOD_S),
                "rssi_peak_dbm": rssi,
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
        data: dict[str, Any] = {
            "tag": tag,
            "press": press,
            "pressed_at": self.outbox.device_time(at),
            "antenna": self.device.antennas[0].id,
            "rssi_dbm": round(self.chance.gauss(-70.0, 5.0), 1),
        }
        if medical:
            data["medical"] = True
        self.outbox.send("tag.called", data, lambda t: note(at, t))
