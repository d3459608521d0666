"""Emergency bell: anonymous, counts its presses."""

from collections.abc import Callable
from typing import Any

from safezone_sim.devices.agents import Equipment
from safezone_sim.world.model import Device

SELF_TEST_AFTER_S = (60.0, 900.0)  # after the start of the day


class Bell(Equipment):
    """One bell on its pole."""

    def __init__(self, *args: Any, device: Device, counted: int = 0) -> None:
        super().__init__(*args)
        self.device = device
        self._presses = counted

        self._self_test = "not_run"
        self._tampered = False
        self.env.process(self._test_daily())

    def health(self) -> dict[str, Any]:
        return {
            "mains": True,
            "tamper": self._tampered,
            "self_test": self._self_test,
            "stuck_button": False,
            "firmware": "sim-1",
        }

    def open_case(self) -> None:
        """Somebody opens the case now: told at once, not with the next heartbeat."""
        self._tampered = True
        self.report_status()

    def _test_daily(self) -> Any:
        # Before the first children set out; lamp, speaker and line to the hub.
        yield self.env.timeout(self.chance.uniform(*SELF_TEST_AFTER_S))
        self._self_test = "passed"
        self.report_status()

    def press(self, note: Callable[[float], None]) -> None:
        """Somebody presses now."""
        self._presses += 1
        self.outbox.send(
            "bell.pressed",
            {"press": self._presses, "pressed_at": self.outbox.device_time(self.env.now)},
            note,
        )
