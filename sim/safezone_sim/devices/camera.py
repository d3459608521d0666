"""IP-CCTV with presets: turns when the hub commands, goes back when let go or when its hold is over.

By default the latest command wins: a camera held for one incident turns for another. One that does not ``yield`` stays
where it is and says busy. Either remembers where it looked before the first of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from safezone_sim.devices.agents import Equipment
from safezone_sim.world.model import Device

TURN_S = 1.5  # a speed dome turns to any preset within about this time


@dataclass
class Mount:
    """What carries the camera: it stays where it is, whatever becomes of the program."""

    preset: str
    moves: int = 0
    turning: int = 0  # commands under way

    def turn(self, preset: str) -> None:
        if preset != self.preset:
            self.preset = preset
            self.moves += 1


class Camera(Equipment):
    """One camera point."""

    def __init__(
        self, *args: Any, device: Device, mount: Mount | None = None, yields: bool = True, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.device = device
        self._bearings = dict(device.presets)
        self.mount = Mount(device.presets[0][0] if device.presets else "home") if mount is None else mount
        self._yields = yields
        self.held_for: str | None = self.memory.get("held_for")  # incident
        self._former: str = self.memory.get("former", self.mount.preset)
        self._hold = 0  # counts holds: only the last one's end counts
        self.turns: list[dict[str, Any]] = []  # those commanded, in order
        self.mount.turning = 0
        if self.held_for is not None and "hold_until" in self.memory:
            self._hold_until(self.memory["hold_until"])

    @property
    def preset(self) -> str:
        """Where it looks."""
        return self.mount.preset

    def take(self, kind: str, message: dict[str, Any], repeat: bool, t: float) -> None:
        """Commands take effect in order of arrival; the answer comes when the picture stands."""
        if kind == "camera.turn":
            self._after_turning(lambda: self._turned(message, repeat))
        elif kind == "camera.release":
            self._after_turning(lambda: self._released(message))

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        event = self.env.timeout(seconds)
        event.callbacks.append(lambda _event: act())

    def _after_turning(self, act: Callable[[], None]) -> None:
        def stands() -> None:
            self.mount.turning -= 1
            act()

        self.mount.turning += 1
        self._after(TURN_S, stands)

    def _turned(self, message: dict[str, Any], repeat: bool) -> None:
        """A repeat is only answered again: the camera may long have been let go."""
        data = message["data"]
        free = self._yields or self.held_for in (None, data["incident"])
        if data["preset"] in self._bearings and not repeat and free:
            if self.held_for is None:
                self._former = self.preset
            renewed = (self.held_for, self.preset) == (data["incident"], data["preset"])
            self.mount.turn(data["preset"])
            self._hold_for(data["incident"])
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
                self._hold_until(self.env.now + data["hold_s"])
        self._answer(message)

    def _released(self, message: dict[str, Any]) -> None:
        if self.held_for == message["data"]["incident"]:
            self._go_back()
        self._answer(message)

    def _hold_for(self, incident: str | None) -> None:
        self.held_for = incident
        self.memory["held_for"], self.memory["former"] = incident, self._former
        self.memory.pop("hold_until", None)

    def _hold_until(self, t: float) -> None:
        hold = self._hold
        self.memory["hold_until"] = t
        self._after(max(0.0, t - self.env.now), lambda: self._hold_over(hold))

    def _hold_over(self, hold: int) -> None:
        if hold == self._hold and self.held_for is not None:
            self._go_back()
            self._tell({})  # unasked: the hub would think it still looks there

    def _go_back(self) -> None:
        self.mount.turn(self._former)
        self._hold_for(None)

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
