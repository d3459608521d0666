"""An active tag: an id, and a button whose presses it counts and sends several times. It is on no network itself."""

import hashlib
from collections.abc import Callable
from typing import Any

import simpy

# So often it sends one press; any reader that hears one of them relays it.
CALL_BURSTS = 6
CALL_PERIOD_S = 0.5
BOUNCE_S = 0.08


BATTERY_LIFE_D = 700  # days; each tag is at its own day of it


def battery_pct(tag: str) -> int:
    """The charge a tag tells on the day that is played, percent.

    Drawn from the tag's name alone: batteries were put in on different days, and no random stream moves.
    """
    day = int.from_bytes(hashlib.sha256(f"battery/{tag}".encode()).digest()[:4], "big") % BATTERY_LIFE_D
    return 100 - 100 * day // BATTERY_LIFE_D


class Tag:
    """One tag. ``on_air(press)`` is called for each transmission; ``press`` None if it has no counter.

    The counter is kept where a change of battery does not reach it.
    """

    def __init__(
        self, env: simpy.Environment, id_: str, on_air: Callable[[int | None], None], *, counts: bool = True
    ) -> None:
        self._env = env
        self.id = id_
        self._on_air = on_air
        self._counts = counts
        self.presses = 0
        self.sent = 0  # transmissions of the last press
        self._opened_at = -BOUNCE_S

    def answer(self, distance_m: float, range_m: float) -> str | None:
        """What it answers a reader with, which reaches ``range_m``; None out of range."""
        return self.id if distance_m <= range_m else None

    def contact(self, closed: bool) -> None:
        """The button's contact closes or opens now, bouncing as contacts do."""
        now = self._env.now
        if not closed:
            self._opened_at = now
        elif now - self._opened_at >= BOUNCE_S:
            self._env.process(self._call())

    def change_battery(self) -> None:
        """Without power for a while."""
        self._opened_at = -BOUNCE_S

    def _call(self) -> Any:
        self.presses += 1
        self.sent = 0
        press = self.presses if self._counts else None
        for burst in range(CALL_BURSTS):
            if burst:
                yield self._env.timeout(CALL_PERIOD_S)
            self.sent += 1
            self._on_air(press)
