"""Each fault once, briefly, with the same zeros as the long run (bench/faults.py)."""

from pathlib import Path

import faults
import pytest
from faults import Terms

TERMS = Terms(
    hold_s=2.0, cut_s=2.5, shuffle_s=2.0, before_s=0.7, settle_s=40.0, filler=100.0,
    hub_options=("--rules", "gate_dwell_s=0.5"),
)  # fmt: skip


@pytest.mark.parametrize("fault", [name for name in faults.FAULTS if name != "clock-behind"])
def test_a_fault_loses_nothing_and_the_hub_says_so_while_it_lasts(fault: str, folder: Path) -> None:
    row = faults.run(fault, folder, TERMS)
    if row.skipped:
        pytest.skip(row.skipped)
    assert row.faults() == []
    assert row.summary["presses"] > 0 and row.summary["arrivals"] > 0
