"""Emergency bell: anonymous, counts its presses."""

from collections.abc import Callable
from typing import Any

from safezone_sim.devices.agents import Equipment
from safezone_sim.world.model import Device


class Bell(Equipment):
    """One bell on its pole."""

    def __init__(self, *args: Any, device: Device) -> None:
        super().__init__(*args)
        self.device = device
        self._presses = 0

    def health(self) -> dict[str, Any]:
        return {
            "mains": True,
            "tamper": False,
            "self_test": "passed",
            "stuck_button": False,
            "firmware": "sim-1",
        }

    def press(self, note: Callable[[float], None]) -> None:
        """Somebody presses now."""
        self._presses += 1
        self.outbox.send(
            "bell.pressed",
            {"press": self._presses, "pressed_at": self.outbox.device_time(self.env.now)},
            note,
        )
