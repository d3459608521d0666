"""Which cases a run has: those of the role under test. What the ICS does not claim stays in, as not applicable."""

from collections.abc import Iterable

from safezone_conformance.case import Case, cases
from safezone_conformance.proforma import Ics


def chosen_for(ics: Ics) -> tuple[Case, ...]:
    """The cases of a role, in the order of their ids."""
    return tuple(c for c in cases().values() if ics.role in c.roles)


def matching(chosen: Iterable[Case], text: str) -> tuple[Case, ...]:
    """Cases whose name holds one of the words of ``text`` (words apart by commas or spaces); all where it is empty."""
    words = text.replace(",", " ").split()
    return tuple(c for c in chosen if not words or any(w in c.name for w in words))
