"""Which sent messages still wait for the provider's receipt. Pure; times are seconds since 1970."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

RECEIPT_KEPT_S = 259_200.0  # a provider tries a message for at most three days
EARLY_KEPT_S = 600.0
EARLY_MAX = 10_000
WAITING_MAX = 200_000

Arrival = Literal["delivered", "failed"]


@dataclass(slots=True)
class Waiting:
    """A sent message. Long texts go in parts, each with an id and a receipt of its own."""

    job: str
    provider_id: str
    tries: int
    until: float
    open_parts: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Settled:
    """A message whose fate is known now."""

    job: str
    provider_id: str
    tries: int
    arrival: Arrival
    detail: str


class Ledger:
    """Finds the job of a receipt. Receipts that come before the answer to their message are kept a while."""

    def __init__(self) -> None:
        self._by_part: dict[str, Waiting] = {}
        self._by_job: OrderedDict[str, Waiting] = OrderedDict()
        self._early: OrderedDict[tuple[str, str], tuple[float, Arrival, str]] = OrderedDict()
        self.unmatched = 0

    def __contains__(self, job: object) -> bool:
        return job in self._by_job

    def __len__(self) -> int:
        return len(self._by_job)

    def expect(self, job: str, provider_id: str, tries: int, now: float) -> Settled | None:
        """Wait for the receipts of a message; its fate at once, if they came before."""
        parts = {part for part in provider_id.split(",") if part}
        waiting = Waiting(job, provider_id, tries, now + RECEIPT_KEPT_S, parts)
        self._by_job[job] = waiting
        for part in parts:
            self._by_part[part] = waiting
        while len(self._by_job) > WAITING_MAX:
            self._forget(next(iter(self._by_job.values())))
        for part, reference in [*((part, "") for part in sorted(parts)), ("", job)]:
            early = self._early.pop((part, reference), None)
            settled = self.settle(part, reference, early[1], early[2], now) if early else None
            if settled:
                return settled
        return None

    def settle(self, part: str, reference: str, arrival: Arrival, detail: str, now: float) -> Settled | None:
        """Note a receipt, of a part by its provider's id, or of a whole message by our own (``reference``).
        A message has arrived with its last part, and failed with the first that did."""
        waiting = self._by_part.pop(part, None)
        if waiting is not None:
            waiting.open_parts.discard(part)
            if arrival == "delivered" and waiting.open_parts:
                return None
        else:
            waiting = self._by_job.get(reference)
        if waiting is None:
            self._early[part, "" if part else reference] = (now, arrival, detail)
            while len(self._early) > EARLY_MAX:
                self._early.popitem(last=False)
                self.unmatched += 1
            return None
        self._forget(waiting)
        return Settled(waiting.job, waiting.provider_id, waiting.tries, arrival, detail)

    def open_messages(self) -> list[tuple[str, str]]:
        """Job and provider id of every message that waits, oldest first."""
        return [(waiting.job, waiting.provider_id) for waiting in self._by_job.values()]

    def expire(self, now: float) -> None:
        """Stop waiting for what can no longer come."""
        for waiting in [waiting for waiting in self._by_job.values() if now >= waiting.until]:
            self._forget(waiting)
        while self._early:
            key, (at, _arrival, _detail) = next(iter(self._early.items()))
            if now - at < EARLY_KEPT_S:
                break
            del self._early[key]
            self.unmatched += 1

    def _forget(self, waiting: Waiting) -> None:
        self._by_job.pop(waiting.job, None)
        for part in waiting.open_parts:
            self._by_part.pop(part, None)
