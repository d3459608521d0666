"""What one generator, and all of them together, measured: counts and histograms that add up. Sent between machines."""

from dataclasses import dataclass, field
from typing import Any

from safezone_sim.capacity.generator import Observed
from safezone_sim.capacity.latency import Latencies


@dataclass
class Outcome:
    """Of one step. Histograms are encoded; ``sent_by_s`` and ``well_by_s``: by second since the step's start."""

    offered: int = 0
    sent: int = 0
    receipts: int = 0
    rejected: int = 0
    lost_routine: int = 0
    lost_emergencies: int = 0  # presses without a receipt, or of which no desk was told
    emergencies: int = 0
    repeats: int = 0
    notices: int = 0
    notice_repeats: int = 0
    turned: int = 0
    blocked: int = 0
    connections: int = 0
    connections_lost: int = 0
    routine: str = ""
    emergency: str = ""
    desk: str = ""
    guardian: str = ""
    lag: str = ""
    sent_by_s: list[int] = field(default_factory=list)
    well_by_s: list[int] = field(default_factory=list)  # of those sent in that second, how many in time
    receipts_by_s: list[int] = field(default_factory=list)
    cpu: float = 0.0  # the fullest sender's core
    senders: int = 0
    judged_sent: int = 0  # of those due within the judged stretch, how many left
    judged_until_s: float = 0.0  # when the last of them did
    late_s: float = 0.0  # how late the writing of the messages was for the start
    made_s: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)
    rss_mb: dict[str, float] = field(default_factory=dict)

    def add(self, other: "Outcome") -> None:
        """Take in another generator's part of the same step."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _HISTOGRAMS:
            merged = Latencies.decoded(getattr(self, name))
            merged.add(Latencies.decoded(getattr(other, name)))
            setattr(self, name, merged.encoded())
        for name in ("sent_by_s", "well_by_s", "receipts_by_s"):
            setattr(self, name, _summed(getattr(self, name), getattr(other, name)))
        for name in ("cpu", "late_s", "made_s", "judged_until_s"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        self.shares = self.shares or other.shares
        self.rss_mb = self.rss_mb or other.rss_mb

    def latencies(self, name: str) -> Latencies:
        return Latencies.decoded(getattr(self, name))


_COUNTS = (
    "offered", "sent", "receipts", "rejected", "lost_routine", "lost_emergencies", "emergencies", "repeats", "notices",
    "notice_repeats", "turned", "blocked", "connections", "connections_lost", "senders", "judged_sent",
)  # fmt: skip
_HISTOGRAMS = ("routine", "emergency", "desk", "guardian", "lag")


def outcome_of(
    seen: Observed, routine_s: float, emergency_s: float, *, judged_s: float | None = None
) -> Outcome:
    """What one generator's rows add up to; in time is a receipt within these limits.

    ``judged_s``: latencies only of what was due before; losses are counted of all.
    """
    judged = judged_s if judged_s is not None else float("inf")
    plan, out = seen.plan, Outcome(senders=1, connections=len(seen.plan.filters))
    routine, emergency, lag = Latencies(), Latencies(), Latencies()
    seconds = int(plan.due[-1]) + 1 if plan.due else 0
    out.sent_by_s, out.well_by_s = [0] * seconds, [0] * seconds
    lost_presses: set[int] = set()
    receipted: dict[int, bool] = {}
    for n, due in enumerate(plan.due):
        out.offered += 1
        if not seen.sent_at[n]:
            continue
        out.sent += 1
        lag.record(max(0.0, seen.sent_at[n] - due))
        if due < judged:
            out.judged_sent += 1
            out.judged_until_s = max(out.judged_until_s, seen.sent_at[n])
        receipt, second = seen.receipt_at[n], int(due)
        out.sent_by_s[second] += 1
        urgent = bool(plan.emergency[n])
        if urgent:
            receipted[plan.press[n]] = receipted.get(plan.press[n], False) or bool(receipt)
        if not receipt:
            out.lost_routine += not urgent
            continue
        out.receipts += 1
        took = receipt - due
        if due < judged:
            (emergency if urgent else routine).record(took)
        out.well_by_s[second] += took <= (emergency_s if urgent else routine_s)
        at = int(receipt)
        if at >= len(out.receipts_by_s):
            out.receipts_by_s += [0] * (at + 1 - len(out.receipts_by_s))
        out.receipts_by_s[at] += 1
    desk = Latencies()
    for press, told in enumerate(seen.told_at):
        if told and seen.pressed_at[press] < judged:
            desk.record(told - seen.pressed_at[press])
        if not told or not receipted.get(press, False):
            lost_presses.add(press)
    out.emergencies, out.lost_emergencies = plan.presses, len(lost_presses)
    out.rejected = seen.statuses.get("rejected", 0)
    out.repeats, out.notices, out.notice_repeats = seen.repeats, seen.notices, seen.notice_repeats
    out.turned, out.blocked, out.connections_lost = seen.turned, seen.blocked, seen.connections_lost
    out.routine, out.emergency, out.desk = routine.encoded(), emergency.encoded(), desk.encoded()
    out.guardian, out.lag = Latencies.of(max(0.0, s) for s in seen.guardian_s).encoded(), lag.encoded()
    out.cpu, out.shares, out.rss_mb = round(seen.cpu, 3), seen.shares, seen.rss_mb
    return out


def _summed(a: list[int], b: list[int]) -> list[int]:
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    return [value + (shorter[n] if n < len(shorter) else 0) for n, value in enumerate(longer)]


def row_of(out: Outcome) -> dict[str, Any]:
    """The figures of a step as they stand in capacity.json."""
    return {
        "offered": out.offered,
        "sent": out.sent,
        "receipts": out.receipts,
        "rejected": out.rejected,
        "emergencies": out.emergencies,
        "lost_emergencies": out.lost_emergencies,
        "lost_routine": out.lost_routine,
        "repeats": out.repeats,
        "notices": out.notices,
        "notice_repeats": out.notice_repeats,
        "connections": out.connections,
        "connections_lost": out.connections_lost,
        **{f"{name}_ms": out.latencies(name).row() for name in ("routine", "emergency", "desk", "guardian")},
        "sender_lag_ms": out.latencies("lag").row(),
        "senders": out.senders,
        "cpu": {**out.shares, "generator": out.cpu},
        "rss_mb": out.rss_mb,
        "by_second": {"sent": out.sent_by_s, "in_time": out.well_by_s, "receipts": out.receipts_by_s},
    }
