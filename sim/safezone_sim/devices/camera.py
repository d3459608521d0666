"""IP-CCTV with presets: turns when the hub commands, and says where it looks."""

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
        self.turns: list[dict[str, Any]] = []

    def health(self) -> dict[str, Any]:
        return {"mains": True, "tamper": False, "self_test": "passed", "firmware": "sim-1"}

    def take(self, kind: str, message: dict[str, Any], repeat: bool, t: float) -> None:
        if kind != "camera.turn":
            return
        event = self.env.timeout(TURN_S)
        event.callbacks.append(lambda _event: self._turned(message))

    def _turned(self, message: dict[str, Any]) -> None:
        preset = message["data"]["preset"]
        if preset in self._bearings:
            self.preset = preset
        self.turns.append(
            {
                "t": round(self.env.now, 3),
                "camera": self.name,
                "preset": self.preset,
                "incident": message["data"]["incident"],
            }
        )
        self.outbox.send(
            "camera.state",
            {
                "preset": self.preset,
                "bearing_deg": self._bearings.get(self.preset, 0.0),
                "command": message["id"],
                "busy": True,
            },
        )
