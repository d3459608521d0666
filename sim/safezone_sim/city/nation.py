"""What the nation's day would cost on this machine, by the growth that this run itself measured. Not a run of it.

A school is one task that knows no other, so the cost of many is the sum of their costs. That sum is taken as
(so much a school) + (so much a pupil), fitted by least squares to the schools that were played; where they do not
tell the two apart, everything goes by pupils. Memory holds one school a worker and one row a school.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

NATION_SCHOOLS, NATION_PUPILS = 6_000, 2_500_000
FEWEST_SCHOOLS = 20  # fewer tell no growth


def nation_cost(
    rows: Sequence[Mapping[str, Any]], *, cpu_s: float, once_s: float, wall_s: float, peak_mb: float
) -> dict[str, Any] | None:
    """CPU seconds, wall seconds, bytes on disk and memory of a whole nation; None of too few schools.

    ``cpu_s``, ``wall_s`` and ``peak_mb`` are those of the whole run. Of what its tasks do not account for, ``once_s`` (all before
    the first school came back) is spent once; the rest grows with the schools.
    Built and kept worlds differ tenfold: only schools of the more frequent kind are fitted.
    """
    kept = sum(bool(row["world_kept"]) for row in rows) * 2 > len(rows)
    alike = [row for row in rows if bool(row["world_kept"]) == kept]
    if len(alike) < FEWEST_SCHOOLS:
        return None
    pupils = np.array([row["pupils"] for row in alike], float)
    cpu = _grown(pupils, np.array([row["cpu_s"] for row in alike]))
    disk = _grown(pupils, np.array([row["bytes_written"] for row in alike], float))
    elsewhere = max(0.0, cpu_s - once_s - sum(float(row["cpu_s"]) for row in rows)) / len(rows)
    held = sum(map(_bytes_held, rows)) / len(rows) / 2**20
    whole_cpu = cpu["total"] + elsewhere * NATION_SCHOOLS + once_s
    return {
        "schools": NATION_SCHOOLS,
        "pupils": NATION_PUPILS,
        "from_schools": len(rows),
        "from_pupils": int(sum(row["pupils"] for row in rows)),
        "worlds": "kept" if kept else "built",
        "cpu_s": cpu | {"once": once_s, "elsewhere_per_school": elsewhere, "total": whole_cpu},
        "disk_bytes": disk,
        "wall_s": wall_s / max(cpu_s, 1e-9) * whole_cpu,
        "memory_mb": {
            "measured": peak_mb,
            "per_school": held,
            "total": peak_mb + held * (NATION_SCHOOLS - len(rows)),
        },
    }


def _grown(pupils: np.ndarray[Any, np.dtype[np.float64]], cost: Any) -> dict[str, float]:
    """``per_school`` and ``per_pupil`` of a cost (n,), what they come to for the nation, and how far a school is off."""
    columns = np.stack([np.ones_like(pupils), pupils], axis=1)
    a, b = np.linalg.lstsq(columns, cost, rcond=None)[0].tolist()
    if a < 0 or b < 0 or np.ptp(pupils) == 0:
        a, b = 0.0, float(cost.sum() / max(1.0, pupils.sum()))
    off = cost - columns @ np.array([a, b])
    return {
        "per_school": a,
        "per_pupil": b,
        "deviation": float(np.sqrt((off**2).mean())),
        "total": a * NATION_SCHOOLS + b * NATION_PUPILS,
    }


def _bytes_held(value: Any) -> int:
    """Bytes of a row as it lies in memory; small numbers are shared and still counted, which errs upwards."""
    size = sys.getsizeof(value)
    if isinstance(value, Mapping):
        return size + sum(_bytes_held(k) + _bytes_held(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return size + sum(_bytes_held(v) for v in value)
    return size
