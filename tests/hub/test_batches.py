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
    taken: list[int] = []
    take, run = bench.engine.inbox.take, pipeline.run

    def counting(limit: int, patience_s: float) -> Any:
        found = take(limit, patience_s)
        taken.append(len(found[0]))
        return found

    def slow(*given: Any) -> None:
        time.sleep(0.004)  # what is tested is what a slow rule does to the batches
        run(*given)

    sender, now = Sender("dev", "p-c1"), bench.clock.now()
    fix = {**lat_lon(0, 0), "accuracy_m": 20, "fix_source": "gps", "fixed_at": iso(now), "moving": True}
    monkeypatch.setattr(bench.engine.inbox, "take", counting)
    bench.engine.submit([sender.message("phone.located", fix, now) for _ in range(600)])
    bench.settle()
    assert max(taken) >= engine.BATCH_MAX / 2, "fast enough for large ones"
    monkeypatch.setattr(pipeline, "run", slow)
    taken.clear()
    bench.engine.submit([sender.message("phone.located", fix, now) for _ in range(450)])
    bench.settle()
    assert taken[0] > taken[1] > taken[2] and taken[2] <= 0.6 * engine.BATCH_MAX, taken
    assert bench.counts()["accepted"] == 1050
