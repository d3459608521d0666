"""The nation's cost is the growth that the schools of a run show, and no run of few schools claims to know it."""

from typing import Any

import numpy as np
import pytest
from safezone_sim.city.nation import FEWEST_SCHOOLS, NATION_PUPILS, NATION_SCHOOLS, nation_cost


def _rows(count: int, kept: bool = True) -> list[dict[str, Any]]:
    pupils = np.random.default_rng(3).integers(80, 1500, count).tolist()
    return [
        {
            "pupils": n,
            "cpu_s": 0.02 + 0.00004 * n,
            "bytes_written": 100_000 + 1_500 * n,
            "world_kept": kept,
            "per_minute": {"routine": [1] * 1440},
        }
        for n in pupils
    ]


def test_what_a_school_and_a_pupil_cost_is_found_again() -> None:
    rows = _rows(60)
    tasks = sum(row["cpu_s"] for row in rows)
    found = nation_cost(rows, cpu_s=tasks + 8.0, once_s=2.0, wall_s=(tasks + 8.0) / 2, peak_mb=500.0)
    assert found is not None and found["worlds"] == "kept"
    cpu = found["cpu_s"]
    assert cpu["per_school"] == pytest.approx(0.02) and cpu["per_pupil"] == pytest.approx(0.00004)
    assert cpu["elsewhere_per_school"] == pytest.approx(0.1)
    assert cpu["total"] == pytest.approx((0.02 + 0.1) * NATION_SCHOOLS + 0.00004 * NATION_PUPILS + 2.0)
    assert found["wall_s"] == pytest.approx(cpu["total"] / 2)
    assert found["disk_bytes"]["total"] == pytest.approx(100_000 * NATION_SCHOOLS + 1_500 * NATION_PUPILS)
    held = found["memory_mb"]["per_school"]
    assert 0.01 < held < 0.2  # 1,440 numbers and some words
    assert found["memory_mb"]["total"] == pytest.approx(500.0 + held * (NATION_SCHOOLS - 60))


def test_schools_whose_worlds_were_built_are_not_mixed_with_kept_ones() -> None:
    odd = _rows(5, kept=False)
    for row in odd:
        row["cpu_s"] = 9.0
    found = nation_cost(_rows(60) + odd, cpu_s=100.0, once_s=0.0, wall_s=50.0, peak_mb=500.0)
    assert found is not None and found["cpu_s"]["per_school"] == pytest.approx(0.02)


def test_schools_of_one_size_go_by_pupils() -> None:
    rows = [row | {"pupils": 400, "cpu_s": 0.1} for row in _rows(30)]
    found = nation_cost(rows, cpu_s=3.0, once_s=0.0, wall_s=3.0, peak_mb=500.0)
    assert found is not None
    assert found["cpu_s"]["per_school"] == 0.0
    assert found["cpu_s"]["total"] == pytest.approx(0.1 / 400 * NATION_PUPILS)


def test_few_schools_tell_nothing() -> None:
    assert nation_cost(_rows(FEWEST_SCHOOLS - 1), cpu_s=1.0, once_s=0.0, wall_s=1.0, peak_mb=1.0) is None
