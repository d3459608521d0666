"""Records of fact, counted: how often who got what, without saying of whom."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from safezone_hub.clock import local_date, parse_time


@dataclass(frozen=True)
class FactCount:
    """So many facts of one kind in one local month, to one kind of recipient (empty: to nobody)."""

    month: str  # YYYY-MM
    fact: str
    recipient: str
    basis: str
    count: int


def count_facts(facts: Iterable[Mapping[str, Any]], timezone: str) -> tuple[FactCount, ...]:
    """Counts of the bodies of the log's facts, in order of month, fact, recipient and basis.

    A fact with several recipients counts once for each kind of them. One whose body is gone counts nowhere.
    """
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for fact in facts:
        at = fact["at"]
        month = local_date(parse_time(at) if isinstance(at, str) else float(at), timezone).strftime("%Y-%m")
        to = fact.get("to") or ()
        kinds = sorted({str(name).partition("/")[0] for name in ([to] if isinstance(to, str) else to)}) or [
            ""
        ]
        for kind in kinds:
            counts[month, str(fact["fact"]), kind, str(fact.get("basis") or "")] += 1
    return tuple(FactCount(*key, count) for key, count in sorted(counts.items()))
