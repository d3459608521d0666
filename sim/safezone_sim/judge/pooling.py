"""Several runs taken together: counts added, rates with Wilson 95 % intervals. Quantiles are not pooled.

The intervals take rows as independent; rows of one run share its noise, so across seeds they are a
little too narrow.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from safezone_model import SERVICES

from safezone_sim.judge.summary import CLASSES, add_rates, hub_faults, sum_counts


def pool(summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Pools summaries (version 1) of several runs; ValueError on none or on another version.

    Returns runs, scenarios, seeds, services, totals, hub_faults, and the spread of the location error.
    """
    if not summaries:
        raise ValueError("no summaries to pool. Give at least one run.")
    versions = {s.get("summary_version") for s in summaries}
    if versions != {1}:
        raise ValueError(
            f"summary_version {sorted(map(str, versions))} cannot be pooled. Judge the runs again."
        )
    services: dict[str, dict[str, Any]] = {}
    for name in SERVICES:
        entries = [s["services"].get(name, {}) for s in summaries]
        roles = sorted({role for e in entries for role in e})
        services[name] = {role: _rated([e[role] for e in entries if role in e]) for role in roles}
    totals = {
        cls: _rated([e for n, by in services.items() if SERVICES[n].cls == cls for e in by.values()])
        for cls in CLASSES
    }
    medians = [s["location"]["median_error_m"] for s in summaries]
    known = sorted(m for m in medians if m is not None)
    return {
        "runs": len(summaries),
        "scenarios": sorted({str(s["scenario"]) for s in summaries}),
        "seeds": [s["seed"] for s in summaries],
        "services": services,
        "totals": totals,
        "hub_faults": hub_faults(totals),
        "location": {
            "queries": sum(s["location"]["queries"] for s in summaries),
            "unanswered": sum(s["location"]["unanswered"] for s in summaries),
            "median_error_m": {
                "lowest": known[0] if known else None,
                "middle": known[len(known) // 2] if known else None,
                "highest": known[-1] if known else None,
            },
        },
    }


def _rated(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = sum_counts(entries)
    return {**counts, **add_rates(counts)}
