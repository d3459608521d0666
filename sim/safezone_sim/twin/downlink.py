"""Messages down: checked under the recipient's key, sorted into receipts, acknowledgements and the rest."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from safezone_sim.devices.envelope import BadMac, Down, WireTime, is_from_hub, open_down
from safezone_sim.devices.fleet import Fleet
from safezone_sim.devices.network import Network

INVALID_KEPT = 50


@dataclass(frozen=True)
class Arrived:
    """A notice, alert or command on its way to a principal; ``sent`` is the hub's time, seconds."""

    zone: str
    role: str
    principal: str
    sent: float
    payload: bytes
    message: Down


class Downlink:
    """Opens what comes down and hands it to the recipients' agents."""

    def __init__(
        self,
        fleets: Mapping[str, Fleet],
        keys: Mapping[tuple[str, str, str], bytes],
        wire_time: WireTime,
        network: Network,
        loss: float,
        rng_of: Callable[[str, str], random.Random],
    ) -> None:
        self._fleets = fleets
        self._keys = keys
        self._wire_time = wire_time
        self._network = network
        self._loss = loss
        self._rng_of = rng_of
        self._rngs: dict[tuple[str, str], random.Random] = {}
        self._seen: dict[tuple[str, str], bytes] = {}
        self.forged = 0
        self.lost = 0
        self.unknown = 0
        self.altered_repeats = 0
        self.rejected: list[dict[str, str | None]] = []
        self.invalid: list[dict[str, str]] = []  # a bounded sample

    def open(self, topic: str, payload: bytes) -> tuple[str, str, str, Down] | None:
        """(zone, role, principal, message), or None for what no principal would believe."""
        _, _, zone, role, principal, _ = topic.split("/")
        key = self._keys.get((zone, role, principal))
        if key is None:
            self.unknown += 1
            return None
        try:
            message = open_down(key, topic.encode(), payload)
        except (BadMac, msgspec.MsgspecError):
            self.forged += 1
            return None
        if not is_from_hub(message, zone):
            self.forged += 1
            return None
        return zone, role, principal, message

    def arrived(self, zone: str, role: str, principal: str, message: Down, payload: bytes) -> Arrived:
        """Wraps a message for delivery, stamped with the hub's own time."""
        return Arrived(zone, role, principal, self._wire_time.seconds(message.time), payload, message)

    def receipts(self, message: Down) -> list[tuple[str, str, str]]:
        """(source, id, status) of each receipt in a message; rejections are remembered with their reason."""
        taken = []
        for receipt in message.data["receipts"]:
            taken.append((receipt["source"], receipt["id"], receipt["status"]))
            if receipt["status"] == "rejected":
                self.rejected.append(
                    {"source": receipt["source"], "id": receipt["id"], "reason": receipt.get("reason")}
                )
        return taken

    def note_invalid(self, topic: str, payload: bytes, error: Exception) -> None:
        """A message under a good MAC that does not say what the standard wants: the hub's finding, not our end."""
        if len(self.invalid) < INVALID_KEPT:
            self.invalid.append(
                {"topic": topic, "error": repr(error), "payload": payload[:512].decode("utf-8", "replace")}
            )

    def hand_over(
        self, a: Arrived, *, simulated_delay: bool, now: float, wall_ms: float | None = None
    ) -> None:
        """The last link, then the recipient's agent. A lost one is the hub's to repeat."""
        rng = self._rngs.get((a.role, a.principal))
        if rng is None:
            rng = self._rngs[a.role, a.principal] = self._rng_of(a.zone, a.principal)
        lost = rng.random() < self._loss
        delay = self._network.latency(rng)
        if lost:
            self.lost += 1
            return
        fleet = self._fleets[a.zone]
        agent = fleet.principals.get((a.role, a.principal))
        if agent is None:
            self.unknown += 1
            return
        before = self._seen.get((a.principal, a.message.id))
        if before is not None and before != a.payload:
            self.altered_repeats += 1
        self._seen[a.principal, a.message.id] = a.payload
        m = a.message
        envelope: dict[str, Any] = {
            "id": m.id,
            "source": m.source,
            "type": m.type,
            "time": m.time,
            "exercise": m.exercise,
            "data": m.data,
        }
        fleet.wall_ms = wall_ms
        agent.take(m.type, envelope, before is not None, a.sent + delay if simulated_delay else now)
