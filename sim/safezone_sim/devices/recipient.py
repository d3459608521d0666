"""Guardian's app and 112 desk: take what comes, confirm it, remember when it came."""

from collections.abc import Callable
from typing import Any

from safezone_sim.devices.agents import Principal


class Recipient(Principal):
    """Confirms every notice or alert at once, as an app does; reading it is a person's business."""

    def __init__(
        self, *args: Any, role: str, note: Callable[[str, float, bool, dict[str, Any]], None]
    ) -> None:
        super().__init__(*args)
        self.label = f"{role}:{self.name}"
        self._note = note

    def take(self, kind: str, message: dict[str, Any], repeat: bool, t: float) -> None:
        if kind not in ("notice", "alert"):
            return
        self._note(self.label, t, repeat, message)
        self.outbox.send("ack", {"notice": message["id"], "received_at": self.outbox.device_time(t)})
