"""How much the engine does at a time: an emergency must not wait long for what came before it, however slow the machine."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safezone_hub import engine, pipeline

from tests.hub.engine_bench import Bench
from tests.hub.hub_world import Sender, iso, lat_lon


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_a_slow_hub_does_less_at_a_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run, worked = pipeline.run, bench.engine

    def slow(*given: Any) -> None:
        time.sleep(0.004)  # what is tested is what a slow rule does to the batches
        run(*given)

    assert worked._batch_limit() == engine.BATCH_MAX
    monkeypatch.setattr(pipeline, "run", slow)
    sender, now = Sender("dev", "p-c1"), bench.clock.now()
    fix = {**lat_lon(0, 0), "accuracy_m": 20, "fix_source": "gps", "fixed_at": iso(now), "moving": True}
    worked.submit([sender.message("phone.located", fix, now) for _ in range(200)])
    bench.settle()
    assert bench.counts()["accepted"] == 200
    monkeypatch.setattr(engine, "BEHIND", -1)
    assert worked._message_s >= 0.002 and worked._batch_limit() < engine.BATCH_BEHIND_MAX
    worked._message_s = 1e-4
    assert worked._batch_limit() == engine.BATCH_BEHIND_MAX
    worked._message_s = 1.0
    assert worked._batch_limit() == engine.BATCH_MAX, "never so few that the commits cost more than the work"
