"""IP-CCTV with presets: turns when the hub commands, goes back when let go or when its hold is over.

The latest command wins: a camera held for one incident turns for another. It remembers where it looked
before the first of them.
"""

from typing import Any

from safezone_sim.devices.agents import Equipment
from safezone_sim.world.model import Device

TURN_S = 1.5  # a speed dome turns to any preset within about this time


class Camera(Equipment):
    """One camera point."""

    def __init__(self, *args: Any, device: Device) -> None:
        super().__init__(*args)
        self.device = device
        self._bearings = dict(device.presets)
        self.preset = device.presets[0][0] if device.presets else "home"
        self.held_for: str | None = None  # incident
        self._former = self.preset
        self._hold = 0  # counts holds: only the last one's end counts
        self.turns: list[dict[str, Any]] = []  # those commanded, in order

    def health(self) -> dict[str, Any]:
        return {"mains": True, "tamper": False, "self_test": "passed", "firmware": "sim-1"}

    def take(self, kind: str, message: dict[str, Any], repeat: bool, t: float) -> None:
        """Commands take effect in order of arrival; the answer comes when the picture stands."""
        if kind == "camera.turn":
            self._after(TURN_S, lambda: self._turned(message, repeat))
        elif kind == "camera.release":
            self._after(TURN_S, lambda: self._released(message))

    def _after(self, seconds: float, act: Any) -> None:
        event = self.env.timeout(seconds)
        event.callbacks.append(lambda _event: act())

    def _turned(self, message: dict[str, Any], repeat: bool) -> None:
        """A repeat is only answered again: the camera may long have been let go."""
        data = message["data"]
        if data["preset"] in self._bearings and not repeat:
            if self.held_for is None:
                self._former = self.preset
            renewed = (self.held_for, self.preset) == (data["incident"], data["preset"])
            self.preset, self.held_for = data["preset"], data["incident"]
            if not renewed:
                self.turns.append(
                    {
                        "t": round(self.env.now, 3),
                        "camera": self.name,
                        "preset": self.preset,
                        "incident": self.held_for,
                    }
                )
            self._hold += 1
            if "hold_s" in data:
                hold = self._hold
                self._after(data["hold_s"], lambda: self._hold_over(hold))
        self._answer(message)

    def _released(self, message: dict[str, Any]) -> None:
        if self.held_for == message["data"]["incident"]:
            self._go_back()
        self._answer(message)

    def _hold_over(self, hold: int) -> None:
        if hold == self._hold and self.held_for is not None:
            self._go_back()
            self._tell({})  # unasked: the hub would think it still looks there

    def _go_back(self) -> None:
        self.preset, self.held_for = self._former, None

    def _answer(self, message: dict[str, Any]) -> None:
        """Busy if it is another incident's now, and so does not do what this one wants."""
        self._tell(
            {
                "command": message["id"],
                "busy": self.held_for not in (None, message["data"]["incident"]),
            }
        )

    def _tell(self, more: dict[str, Any]) -> None:
        self.outbox.send(
            "camera.state",
            {"preset": self.preset, "bearing_deg": self._bearings.get(self.preset, 0.0), **more},
        )
