"""What was sent, receipted, told and answered, and what must follow from it. No I/O; the hub is not asked here.

The book is kept by the players, on their side of the wire. Every check is a pure function of it.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

ON_ITS_WAY_S = 10.0


@dataclass(slots=True)
class Sent:
    """One message up. ``about`` names the press or the arrival that it tells of, or nothing."""

    id: str
    topic: str
    payload: bytes
    emergency: bool
    about: str
    intended_at: float  # monotonic
    status: str = ""  # of its first receipt
    receipt_at: float = 0.0
    tries: int = 0
    status_again: str = ""  # of the receipt for the repeat at the end


@dataclass(slots=True)
class Told:
    """One message down, first seen; ``bytes_differ`` when its id came again with other bytes."""

    id: str
    recipient: str  # role/id
    type: str
    service: str
    child: str
    event_at: str
    evidence: tuple[str, ...]
    flags: tuple[str, ...]
    incident: str
    at: float
    payload: bytes
    times: int = 1
    bytes_differ: bool = False


@dataclass(slots=True)
class Answered:
    """One action on an incident that the hub said it had taken."""

    incident: str
    action: str
    note: str
    kept: bool | None = None  # found again at the end


@dataclass
class Ledger:
    sent: dict[str, Sent] = field(default_factory=dict)
    told: dict[tuple[str, str], Told] = field(default_factory=dict)  # recipient, id
    presses: dict[str, list[str]] = field(default_factory=dict)  # about -> message ids
    arrivals: dict[str, str] = field(default_factory=dict)  # about -> recipient that must be told
    answered: list[Answered] = field(default_factory=list)
    stray_receipts: int = 0

    # ------------------------------------------------------------------- what is still open

    def unreceipted(self) -> list[Sent]:
        return [s for s in self.sent.values() if not s.status]

    def presses_without_alert(self) -> list[str]:
        """Presses that no desk was told of."""
        cited = {id_ for t in self.told.values() if t.recipient.startswith("desk/") for id_ in t.evidence}
        return [about for about, ids in self.presses.items() if not cited.intersection(ids)]

    def presses_half_sent(self) -> list[str]:
        """Presses of which the hub confirmed nothing: their device is still trying."""
        return [about for about, ids in self.presses.items() if not any(self.sent[i].status for i in ids)]

    def arrivals_untold(self) -> list[str]:
        found = {(t.recipient, t.child) for t in self.told.values() if t.service == "school_arrival"}
        return [about for about, who in self.arrivals.items() if (who, about.partition(":")[2]) not in found]

    def is_settled(self) -> bool:
        return not self.unreceipted() and not self.presses_without_alert() and not self.arrivals_untold()

    # ------------------------------------------------------------------- duplicates

    def unrecognisable(self) -> list[tuple[str, ...]]:
        """The same told twice to the same recipient under different ids. Reminders say so and are none."""
        seen: Counter[tuple[str, ...]] = Counter()
        for t in self.told.values():
            if t.type == "camera.turn" or {"reminder", "escalated"} & set(t.flags):
                continue
            if t.service == "school_arrival":
                seen[t.recipient, t.service, t.child] += 1
            else:
                seen[t.recipient, t.service, t.child, t.event_at, *sorted(t.evidence)] += 1
        return [what for what, n in seen.items() if n > 1]

    def changed_in_repeat(self) -> list[Told]:
        return [t for t in self.told.values() if t.bytes_differ]

    # ------------------------------------------------------------------- losses

    def forgotten(self) -> list[Sent]:
        """Receipted, and at the end unknown: the repeat was accepted as news."""
        return [
            s
            for s in self.sent.values()
            if s.status in ("accepted", "duplicate") and s.status_again == "accepted"
        ]

    def summary(self, now: float) -> dict[str, Any]:
        """The zeros, and what they are zeros of. What was said in the last seconds may still be on its way."""
        emergencies = [s for s in self.sent.values() if s.emergency]
        forgotten = self.forgotten()
        return {
            "messages": len(self.sent),
            "receipted": sum(bool(s.status) for s in self.sent.values()),
            "rejected": sum(s.status == "rejected" for s in self.sent.values()),
            "presses": len(self.presses),
            "emergencies_lost": len(self.presses_without_alert()),
            "emergency_receipts_lost": sum(s.emergency for s in forgotten),
            "receipts_lost": len(forgotten),
            "unreceipted_at_end": sum(now - s.intended_at > ON_ITS_WAY_S for s in self.unreceipted()),
            "actions_answered": len(self.answered),
            "actions_lost": sum(a.kept is False for a in self.answered),
            "actions_unchecked": sum(a.kept is None for a in self.answered),
            "arrivals": len(self.arrivals),
            "notices_lost": len(self.arrivals_untold()),
            "told": len(self.told),
            "repeats": sum(t.times - 1 for t in self.told.values()),
            "unrecognisable_duplicates": len(self.unrecognisable()),
            "changed_in_repeat": len(self.changed_in_repeat()),
            "emergency_messages": len(emergencies),
            "tries": sum(s.tries for s in self.sent.values()),
        }


LOSSES = (
    "emergencies_lost",
    "receipts_lost",
    "unreceipted_at_end",
    "actions_lost",
    "notices_lost",
    "unrecognisable_duplicates",
    "changed_in_repeat",
    "rejected",
)


def losses(summary: dict[str, Any]) -> int:
    """What must be zero, added up."""
    return sum(summary[name] for name in LOSSES)
