"""``sizing.json``: the study for machines, versioned; checked against ``sizing.schema.json`` before it is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from safezone_sim.sizing.inputs import checked
from safezone_sim.sizing.study import Cell, StageResult, Study
from safezone_sim.staffing.levels import Estimate

SIZING_VERSION = 1


def write_document(study: Study, path: Path, provenance: Mapping[str, str]) -> dict[str, Any]:
    """Writes and gives the document. SizingError if it broke its own schema."""
    found = document(study, provenance)
    checked(found, "sizing.schema.json", path, "This is a fault of the program; report it.")
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    return found


def document(study: Study, provenance: Mapping[str, str]) -> dict[str, Any]:
    """The study as plain values."""
    inputs, survival = study.inputs, study.survival
    return {
        "sizing_version": SIZING_VERSION,
        "take_up": study.take_up,
        "load_model": study.runs[-1].load_model,
        "example": {
            "prices": inputs.prices.example,
            "staffing": inputs.plan.example,
            "assumptions": inputs.assumptions.example,
        },
        "currency": inputs.prices.currency,
        "horizon_years": inputs.prices.horizon_years,
        "hub": {"knee_per_s": inputs.knee_per_s, "measured": inputs.knee_measured},
        "runs": [
            {
                "scenario": r.scenario,
                "seed": r.seed,
                "schools": len(r.schools),
                "truth_sha256": r.truth_sha256,
            }
            for r in study.runs
        ],
        "stages": [_stage(s) for s in study.stages],
        "main_stage": study.main.stage.key,
        "false_calls": {
            "stated_per_day": survival.false_per_day,
            "true_per_day": survival.true_per_day,
            "breaks": [
                {
                    "level": b.level,
                    "per_day": _times(b.at, survival.false_per_day),
                    "low": _times(b.low, survival.false_per_day),
                    "high": _times(b.high, survival.false_per_day),
                }
                for b in survival.breaking
            ],
            "first": survival.first.level if survival.first else None,
        },
        "tornado": {
            output: [
                {
                    "input": b.key,
                    "low": b.low_input,
                    "high": b.high_input,
                    "at_low": b.at_low,
                    "at_high": b.at_high,
                    "base": b.base,
                }
                for b in bars
            ]
            for output, bars in study.tornado.items()
        },
        "by_streets": study.by_streets,
        "provenance": dict(provenance),
    }


def _stage(result: StageResult) -> dict[str, Any]:
    stage, sized = result.stage, result.desk.sized
    return {
        "key": stage.key,
        "name": {"ko": stage.name.ko, "en": stage.name.en},
        "source": {"ko": stage.source.ko, "en": stage.source.en},
        "seeds": len(stage.loads),
        "by_schools": stage.by_schools,
        "by_pupils": stage.by_pupils,
        "rows": {key: _cell(cell) for key, cell in result.cells.items()},
        "desk": {
            "holds": sized.holds,
            "operators": list(sized.staff.operators),
            "patrols": list(sized.staff.patrols),
            "levels": {k: _estimate(e) for k, e in sized.trial.levels.items()},
            "waits_s": sized.trial.quantiles,
        },
    }


def _cell(cell: Cell) -> dict[str, Any]:
    row = cell.row
    found: dict[str, Any] = {
        "value": row.cell.value,
        "unit": row.unit,
        "formula": row.cell.en,
        "figures": row.cell.figures,
    }
    if cell.low is not None:
        found |= {"low": cell.low, "high": cell.high}
    return found


def _estimate(e: Estimate) -> dict[str, float | int] | None:
    return {"mean": e.mean, "low": e.low, "high": e.high, "seeds": e.seeds} if e.seeds else None


def _times(at: float | None, per_day: float) -> float | None:
    return None if at is None else at * per_day
