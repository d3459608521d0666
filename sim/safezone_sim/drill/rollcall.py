"""The roll call of the class that drills: seat numbers and nothing else. Names stay with the teacher."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from safezone_sim.drill.clock import between
from safezone_sim.drill.refusals import Invalid

STATUSES = ("here", "missing", "excused")


@dataclass
class RollCall:
    """``asked_t``: when everybody should be counted from; ``complete_t``: when nobody was left to account for."""

    expected: int
    asked_t: float | None = None
    complete_t: float | None = None
    seats: dict[int, str] = field(default_factory=dict)

    def ask(self, t: float) -> None:
        """From now on the class is to be accounted for."""
        if self.asked_t is None:
            self.asked_t = t

    def take(self, seats: Iterable[Mapping[str, Any]], t: float) -> None:
        """Adds what a teacher counted. Invalid, and then nothing has changed."""
        taken: dict[int, str] = {}
        for n, entry in enumerate(seats):
            extra = set(entry) - {"seat", "status"}
            if extra:
                raise Invalid(
                    f"seats[{n}].{sorted(extra)[0]}", entry[sorted(extra)[0]],
                    "자리 번호와 상태만 받습니다. 이름은 보내지 마십시오. · seat and status only; do not send names",
                )  # fmt: skip
            seat, status = entry.get("seat"), entry.get("status")
            if not isinstance(seat, int) or isinstance(seat, bool) or not 1 <= seat <= self.expected:
                raise Invalid(
                    f"seats[{n}].seat", seat,
                    f"자리 번호는 1에서 {self.expected}까지입니다. · seats are 1 to {self.expected}",
                )  # fmt: skip
            if status not in STATUSES:
                raise Invalid(
                    f"seats[{n}].status", status,
                    f"{', '.join(STATUSES)} 가운데 하나입니다. · use one of {', '.join(STATUSES)}",
                )  # fmt: skip
            taken[seat] = status
        self.ask(t)
        self.seats |= taken
        if len(self.seats) == self.expected and not self.missing:
            if self.complete_t is None:
                self.complete_t = t
        else:
            self.complete_t = None

    @property
    def missing(self) -> list[int]:
        return sorted(s for s, status in self.seats.items() if status == "missing")

    def row(self) -> dict[str, Any]:
        """As the control API shows it."""
        accounted = None
        if self.complete_t is not None and self.asked_t is not None:
            accounted = between(self.asked_t, self.complete_t)
        return {
            "asked_t": self.asked_t, "expected": self.expected,
            "here": sum(status == "here" for status in self.seats.values()),
            "missing": self.missing,
            "excused": sorted(s for s, status in self.seats.items() if status == "excused"),
            "uncounted": [s for s in range(1, self.expected + 1) if s not in self.seats],
            "complete_t": self.complete_t, "accounted_s": accounted,
        }  # fmt: skip
