"""Three crashes each: nothing is lost, and a hub that would lose something is caught. The long run: bench/lost_writes.py."""

from pathlib import Path

import lost_writes
import pytest
from lost_writes import Outcome, Trial

# A pass through a gate is believed sooner, so that its notice need not be waited for.
QUICK = ("--rules", "gate_dwell_s=0.5")


def _run(folder: Path, **terms: object) -> Outcome:
    trial = Trial(
        **{
            "kills": 3,
            "crash": "machine",
            "settle_s": 30.0,
            "life_s": (0.3, 1.2),
            "hub_options": QUICK,
            **terms,
        }  # type: ignore[arg-type]
    )
    why = lost_writes.missing(trial)
    if why:
        pytest.skip(why)
    return lost_writes.run(trial, folder)


def _assert_nothing_lost(outcome: Outcome) -> None:
    assert outcome.failed is None
    assert outcome.losses() == 0, outcome.summary
    s = outcome.summary
    assert s["presses"] >= 5 and s["arrivals"] >= 2 and s["messages"] > 100
    assert outcome.actions, "expected the incidents' actions over HTTP"
    assert s["actions_answered"] > 0 and s["actions_unchecked"] == 0


def test_a_machine_that_crashes_three_times_loses_nothing(folder: Path) -> None:
    outcome = _run(folder)
    _assert_nothing_lost(outcome)
    assert sum(c.dropped + c.torn for c in outcome.crashes) > 0


def test_kill_9_on_postgresql_loses_nothing(folder: Path) -> None:
    _assert_nothing_lost(_run(folder, store="postgresql", crash="process", kills=2))


@pytest.mark.parametrize(("mutant", "kills"), [("early-receipts", 2), ("no-sync", 1)])
def test_a_hub_that_confirms_too_early_is_caught(folder: Path, mutant: str, kills: int) -> None:
    # The disk is slow and every crash falls on a synchronisation: what was confirmed before it is gone.
    terms = {
        "mutant": mutant,
        "kills": kills,
        "slow_ms": 30.0,
        "on_syncs": True,
        "settle_s": 3.0,
        "again_s": 4.0,
        "mood": "none",
    }
    outcome = _run(folder, **terms)
    assert outcome.losses() > 0, outcome.summary
