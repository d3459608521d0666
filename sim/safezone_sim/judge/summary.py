"""``summary.json`` of one run (version 1): counts, latencies, causes, location; see summary.schema.json.

Rates: ``missed_rate`` is hub faults over what was observable (delivered + missed), the stricter of the
two readings; ``false_rate`` is false notices over all notices of the service at that recipient.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from safezone_model import SERVICES

from safezone_sim.judge.intervals import wilson
from safezone_sim.judge.location import quantile
from safezone_sim.judge.rows import Row, Stray
from safezone_sim.records import RunRecord

if TYPE_CHECKING:
    from safezone_sim.judge.verdicts import Scores

SUMMARY_VERSION = 1
P99_MIN_ROWS = 100
COUNTS = (
    "true", "delivered", "missed", "coverage_gap", "equipment_failed", "late", "unevidenced",
    "false", "false_hub", "false_equipment", "false_coverage", "duplicates", "near_bell", "notices",
)  # fmt: skip
CLASSES = ("emergency", "danger", "everyday")


class RunFacts(Struct, frozen=True):
    """What the record does not hold: the map {kind, source, sha256}, how long it took, the truth's digest."""

    map: Mapping[str, str]
    simulated_seconds: float
    wall_seconds: float
    messages: int
    truth_sha256: str


def load_summary_schema() -> Any:
    """The JSON Schema (2020-12) of summary.json."""
    return msgspec.json.decode(files("safezone_sim.judge").joinpath("summary.schema.json").read_bytes())


def summarise(scores: "Scores", facts: RunFacts) -> dict[str, Any]:
    """The summary of a judged run, as plain values ready for JSON."""
    record = scores.record
    scenario = record.scenario
    services = _services(scores)
    return {
        "summary_version": SUMMARY_VERSION,
        "scenario": scenario["name"],
        "seed": scenario["seed"],
        "exercise": scenario["exercise"],
        "children": sum(1 for items in record.registry.values() for i in items if i.get("kind") == "child"),
        "schools": sorted(record.registry),
        "map": dict(facts.map),
        "simulated_seconds": facts.simulated_seconds,
        "wall_seconds": facts.wall_seconds,
        "messages": facts.messages,
        "truth_sha256": facts.truth_sha256,
        "services": services,
        "location": _location(scores),
        "totals": _totals(services),
        "hub_faults": hub_faults(_totals(services)),
        "repeats": scores.repeats,
        "faults": _faults(record),
        "wall_latency_ms": _wall_latency(scores),
    }


def add_rates(counts: Mapping[str, int]) -> dict[str, Any]:
    """Shares and their Wilson 95 % intervals from one row of counts."""
    observable = counts["delivered"] + counts["missed"]
    return {
        "delivered_rate": _share(counts["delivered"], counts["true"]),
        "missed_rate": _share(counts["missed"], observable),
        "missed_ci95": wilson(counts["missed"], observable),
        "false_rate": _share(counts["false"], counts["notices"]),
        "false_ci95": wilson(counts["false"], counts["notices"]),
        "false_hub_rate": _share(counts["false_hub"], counts["notices"]),
        "false_hub_ci95": wilson(counts["false_hub"], counts["notices"]),
        "coverage_gap_ci95": wilson(counts["coverage_gap"], counts["true"]),
        "equipment_failed_ci95": wilson(counts["equipment_failed"], counts["true"]),
    }


def hub_faults(totals: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The hub's own faults: emergencies are the classes emergency and danger; percentages of everyday."""
    urgent = [totals[c] for c in ("emergency", "danger")]
    everyday = totals["everyday"]
    return {
        "emergencies_true": sum(t["true"] for t in urgent),
        "emergencies_delivered": sum(t["delivered"] for t in urgent),
        "emergencies_missed": sum(t["missed"] for t in urgent),
        "emergencies_false": sum(t["false"] for t in urgent),
        "emergencies_false_hub": sum(t["false_hub"] for t in urgent),
        "everyday_missed": everyday["missed"],
        "everyday_missed_pct": _percent(everyday["missed_rate"]),
        "everyday_false": everyday["false"],
        "everyday_false_pct": _percent(everyday["false_rate"]),
        "everyday_false_hub": everyday["false_hub"],
        "everyday_false_hub_pct": _percent(everyday["false_hub_rate"]),
    }


def sum_counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Adds rows of counts."""
    total = dict.fromkeys(COUNTS, 0)
    for row in rows:
        for name in COUNTS:
            total[name] += row[name]
    return total


def _services(scores: "Scores") -> dict[str, dict[str, Any]]:
    rows: dict[tuple[str, str], list[Row]] = {}
    strays: dict[tuple[str, str], list[Stray]] = {}
    for row in scores.rows:
        rows.setdefault((row.event.service, row.role), []).append(row)
    for stray in scores.strays:
        strays.setdefault((stray.notice.service, stray.role), []).append(stray)
    result: dict[str, dict[str, Any]] = {}
    for name, service in SERVICES.items():
        roles = set(service.recipients) | {r for s, r in (*rows, *strays) if s == name}
        result[name] = {
            role: _entry(rows.get((name, role), []), strays.get((name, role), [])) for role in sorted(roles)
        }
    return result


def _entry(rows: Sequence[Row], strays: Sequence[Stray]) -> dict[str, Any]:
    delivered = [r for r in rows if r.verdict == "delivered"]
    false = [s for s in strays if s.fate == "false"]
    latencies = [r.latency_s for r in delivered if r.latency_s is not None]
    counts = {
        "true": len(rows),
        "delivered": len(delivered),
        "missed": sum(r.verdict == "missed" for r in rows),
        "coverage_gap": sum(r.verdict == "coverage_gap" for r in rows),
        "equipment_failed": sum(r.verdict == "equipment_failed" for r in rows),
        "late": sum(r.late for r in rows),
        "unevidenced": sum(r.observable_at is None for r in delivered),
        "false": len(false),
        "false_hub": sum(s.cause == "hub" for s in false),
        "false_equipment": sum(s.cause == "equipment" for s in false),
        "false_coverage": sum(s.cause == "coverage" for s in false),
        "duplicates": sum(s.fate == "duplicate" for s in strays),
        "near_bell": sum(s.fate == "near_bell" for s in strays),
        "notices": len(delivered) + len(strays),
    }
    return {**counts, **add_rates(counts), "latency_s": latency(latencies)}


def latency(values: Sequence[float]) -> dict[str, float | None]:
    """p50 and p99, seconds; p99 is None below 100 rows."""
    return {
        "p50": quantile(values, 0.5),
        "p99": quantile(values, 0.99) if len(values) >= P99_MIN_ROWS else None,
    }


def _totals(services: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    totals: dict[str, dict[str, Any]] = {}
    for cls in CLASSES:
        counts = sum_counts(e for s, by in services.items() if SERVICES[s].cls == cls for e in by.values())
        totals[cls] = {**counts, **add_rates(counts)}
    return totals


def _location(scores: "Scores") -> dict[str, Any]:
    def flat(score: Any) -> dict[str, Any]:
        values = msgspec.to_builtins(score)
        age = {"p50": values.pop("age_p50_s"), "p95": values.pop("age_p95_s")}
        return {**values, "age_s": age}

    location = scores.location
    return {
        **flat(location.all),
        "phone": flat(location.phone),
        "tag_only": flat(location.tag_only),
        "on_the_way": flat(location.on_the_way),
        "paths": msgspec.to_builtins(scores.paths),
    }


def _faults(record: RunRecord) -> dict[str, int]:
    kinds = ("reader_offline", "tag_forgotten", "phone_dead")
    return {kind: sum(f.kind == kind for f in record.faults) for kind in kinds}


def _wall_latency(scores: "Scores") -> dict[str, float | None] | None:
    walls = [r.notice.wall_ms for r in scores.rows if r.notice and r.notice.wall_ms is not None]
    return latency(walls) if walls else None


def _share(hits: int, n: int) -> float | None:
    return hits / n if n else None


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 4)
