"""What every case is given, whatever the role under test: findings, time, waiting. Its subclasses know the roles."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from safezone_model import timing
from safezone_model.loader import SERVICES

from safezone_conformance.case import Case, by_id
from safezone_conformance.identity import Identity
from safezone_conformance.line import Line
from safezone_conformance.record import Entry
from safezone_conformance.settings import Settings
from safezone_conformance.verdicts import Failed, Finding, Inconclusive

SHOWN = 400


class UnknownRequirement(Exception):
    """A case holds something against the system that it does not name in ``verifies``: a mistake in the suite."""


@dataclass(eq=False)
class Seen:
    """Something that came, and whether a step of the case has claimed it."""

    entry: Entry
    claimed: bool = False

    @property
    def t(self) -> float:
        return self.entry.t


class Bench:
    """Holds a system to requirements. Times: ``t`` are seconds since the case began, ``now`` seconds since 1970.

    ``line`` is the only way out (``line.py``); what a case does with a bench can be replayed.
    """

    def __init__(self, line: Line, case: Case, identity: Identity, settings: Settings) -> None:
        self.line, self.case, self.identity, self.settings = line, case, identity, settings
        self.findings: list[Finding] = []
        self.arrived: list[Seen] = []
        self._ambient = False

    # Time

    def now(self) -> float:
        """Seconds since 1970 by the clock of the system under test, as measured before the run."""
        return self.line.began_at + self.line.stamp() + self.settings.offset_s

    def unix(self, t: float) -> float:
        """A moment of the case as ``now`` counts."""
        return self.line.began_at + t + self.settings.offset_s

    def allowed(self, seconds: float) -> float:
        """A limit of the standard as it is held on this bench: scaled and lengthened by the IXIT."""
        return seconds * self.settings.time_scale + self.settings.network_s

    def limit(self, service: str) -> float:
        """``allowed`` of a service's limit_s."""
        return self.allowed(SERVICES[service].limit_s)

    def timing(self, name: str) -> float:
        """A number of services.json ``timing``, not scaled."""
        return float(timing()[name])

    # Findings

    def check(
        self, requirement: str, ok: bool, expected: str, got: object = "", *,
        within: float | None = None, sent: Any = None, seen: Any = None,
    ) -> bool:  # fmt: skip
        """Hold the system to a requirement. A breach is noted and the case goes on. ``sent``, ``seen``: what it is about."""
        if requirement not in self.case.verifies and not self._ambient:
            raise UnknownRequirement(f"{self.case.name} checks {requirement}, which it does not verify")
        if ok and self._ambient:
            return True  # what holds of every message would drown what the case is about
        level = by_id()[requirement].level
        found = Finding(requirement, level, ok, expected, _short(got), within, _number(sent), _number(seen))
        self.findings.append(found)
        return ok

    def require(self, requirement: str, ok: bool, expected: str, got: object = "", **about: Any) -> None:
        """As ``check``, and the case ends here if it does not hold."""
        if not self.check(requirement, ok, expected, got, **about):
            raise Failed(requirement)

    def given(self, ok: bool, what: str) -> None:
        """A precondition: if it does not hold the case is inconclusive."""
        if not ok:
            raise Inconclusive(f"precondition: {what}")

    def ambient(self, requirement: str, ok: bool, expected: str, got: object = "", seen: Any = None) -> bool:
        """Hold the system to what is true of every message, in whatever case it shows."""
        self._ambient = True
        try:
            return self.check(requirement, ok, expected, got, seen=seen)
        finally:
            self._ambient = False

    # Waiting

    def await_one(self, wanted: Callable[[Seen], bool], until: float) -> Seen | None:
        """The first unclaimed thing that is wanted, claimed; what came before counts. None once ``until`` has passed."""
        for seen in self.arrived:
            if not seen.claimed and wanted(seen) and seen.t <= until:
                seen.claimed = True
                return seen
        while (fresh := self.take(until)) is not None:
            if wanted(fresh):
                fresh.claimed = True
                return fresh
        return None

    def await_all(self, until: float) -> None:
        """Take in everything that comes until a moment."""
        while self.take(until) is not None:
            pass

    def take(self, until: float) -> Seen | None:
        """The next thing that comes, looked at and kept."""
        entry = self.line.next(until)
        if entry is None:
            return None
        seen = self.look_at(entry)
        self.arrived.append(seen)
        self.answer(seen)
        return seen

    def look_at(self, entry: Entry) -> Seen:
        """What an entry is. Subclasses read messages here, and hold them to what is true of every message."""
        return Seen(entry)

    def answer(self, seen: Seen) -> None:
        """What is done at once upon something that came (an ack, a receipt)."""


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _number(about: Any) -> int | None:
    entry = getattr(about, "entry", about)
    return entry.n if isinstance(entry, Entry) else None
