"""The judge's findings, one by one: a row per true event and recipient, a stray per other notice."""

from typing import Literal

from msgspec import Struct
from safezone_model import SERVICES

from safezone_sim.judge.misled import Cause
from safezone_sim.judge.notices import Notice
from safezone_sim.judge.place_evidence import Evidence
from safezone_sim.records import TruthEvent

Role = Literal["desk", "guardian"]
Verdict = Literal["delivered", "missed", "coverage_gap", "equipment_failed"]
Fate = Literal["false", "duplicate", "near_bell"]


class Row(Struct, frozen=True):
    """One true event at one entitled recipient.

    ``ideal`` and ``realised``: the evidence in noise-free and in real samples, however late.
    ``observable_at`` is the realised one's; None if the standard's evidence never was complete.
    ``missed`` is the hub's fault; the other two causes are the equipment's. ``foregone``: evidence that had
    settled the matter too early, if that is why nothing came.
    """

    event: TruthEvent
    recipient: str
    role: Role
    verdict: Verdict
    ideal: Evidence | None
    realised: Evidence | None
    notice: Notice | None = None
    foregone: Evidence | None = None

    @property
    def observable_at(self) -> float | None:
        """When the hub's side of the network had the evidence, None if never."""
        return self.realised.known_at if self.realised else None

    @property
    def latency_s(self) -> float | None:
        """From truth to the recipient; None if nothing came; 0 if the notice came first."""
        return max(0.0, self.notice.t - self.event.t) if self.notice else None

    @property
    def over_limit_s(self) -> float:
        """By how much the notice missed the limit, which runs from when the truth was observable."""
        if self.notice is None or self.observable_at is None:
            return 0.0
        start = max(self.event.t, self.observable_at)
        return max(0.0, self.notice.t - start - SERVICES[self.event.service].limit_s)

    @property
    def late(self) -> bool:
        """Delivered, over the limit (tolerance 1 ms)."""
        return self.over_limit_s > 1e-3


class Stray(Struct, frozen=True):
    """A notice that is no event's first: false, duplicate, or rightly «near a bell call».

    ``cause`` of a false one: "hub"; "equipment" (what the equipment really showed warranted it);
    "coverage" (even perfect equipment, placed as it is, would have shown so).
    """

    notice: Notice
    role: Role
    fate: Fate
    cause: Cause | None = None
    evidence: Evidence | None = None
    event: TruthEvent | None = None


def role_of(recipient: str) -> Role:
    """ "desk:<id>" or "guardian:<id>" to its role."""
    return "desk" if recipient.startswith("desk:") else "guardian"
