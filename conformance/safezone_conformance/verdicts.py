"""Verdicts, and the findings they are made of. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a case came to. Worst first, so that ``min`` by ``ORDER`` is the worst."""

    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    SKIPPED = "SKIPPED"
    PASS = "PASS"
    NOT_APPLICABLE = "NOT APPLICABLE"


@dataclass(frozen=True, slots=True)
class Finding:
    """One requirement held against what was seen.

    ``level`` is the catalogue's (MUST, SHOULD, MAY). ``expected`` and ``got`` are for people; ``within_s`` is the time
    allowed, None where time plays no part. ``sent`` and ``seen`` are places in the exchange (entry numbers) or None.
    """

    requirement: str
    level: str
    ok: bool
    expected: str
    got: str
    within_s: float | None = None
    sent: int | None = None
    seen: int | None = None


class Stop(Exception):
    """Ends a case early."""


class Failed(Stop):
    """A finding was recorded after which the case cannot go on."""


class Inconclusive(Stop):
    """The tool, the network or a precondition failed. Never a pass, never a fail."""


class Skipped(Stop):
    """Not run to its end, and why: nothing is known against the system, and nothing for it."""


class NotApplicable(Stop):
    """The system under test does not claim what the case is about; the message names the ICS line."""


def verdict_of(findings: Iterable[Finding], stopped: Exception | None) -> Verdict:
    """A MUST that did not hold fails, whatever happened besides; SHOULD gives warnings only."""
    if any(not f.ok and f.level == "MUST" for f in findings):
        return Verdict.FAIL
    if isinstance(stopped, NotApplicable):
        return Verdict.NOT_APPLICABLE
    if isinstance(stopped, Skipped):
        return Verdict.SKIPPED
    if stopped is not None and not isinstance(stopped, Failed):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS


def warnings_of(findings: Iterable[Finding]) -> list[Finding]:
    """What a SHOULD says and the system does not do."""
    return [f for f in findings if not f.ok and f.level != "MUST"]
