"""What comes down to one device: believed only if its mac is right and it is from the hub of the device's own zone."""

from collections.abc import MutableMapping
from typing import Any

import msgspec

from safezone_sim.devices.envelope import BadMac, Down, is_from_hub, open_down

_KEPT = 256  # commands remembered, so that a repeat is known for one


class Inbox:
    """The down topic of one principal. ``memory`` outlives a power cut where there is one."""

    def __init__(
        self, zone: str, role: str, principal: str, key: bytes, memory: MutableMapping[str, Any]
    ) -> None:
        self.topic = f"safezone/v1/{zone}/{role}/{principal}/down"
        self._zone = zone
        self._key = key
        self._memory = memory

    def open(self, topic: str, payload: bytes) -> Down | None:
        """The message, or None for what is not to be believed."""
        if topic != self.topic:
            return None
        try:
            message = open_down(self._key, topic.encode(), payload)
        except (BadMac, msgspec.MsgspecError):
            return None
        return message if is_from_hub(message, self._zone) else None

    def is_repeat(self, message: Down) -> bool:
        """Whether this command has come before. Asked once for each that comes."""
        seen: list[str] = self._memory.get("commands", [])
        if message.id in seen:
            return True
        self._memory["commands"] = [*seen, message.id][-_KEPT:]
        return False
