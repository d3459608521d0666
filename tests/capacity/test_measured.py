"""A real hub measured: the clean one holds, one that sleeps has a lower knee, one that drops is caught to the message."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from safezone_sim.capacity import ramp
from safezone_sim.capacity.commands import HUB_COMMAND, capacity_command
from safezone_sim.capacity.local import LocalHub
from safezone_sim.capacity.ramp import FAILS, HOLDS
from safezone_sim.capacity.report import render
from safezone_sim.capacity.run import CapacityRun, Terms
from safezone_sim.capacity.spread import Outcome, Part, run_part
from safezone_sim.capacity.target import Target
from safezone_sim.twin.hubapi import HubApi

from tests.capacity.recorded import morning

CALLS = ("tag.called", "bell.pressed", "phone.called")
BROKEN = str(Path(__file__).with_name("broken_hub.py"))
SLEPT_PER_S = 200.0  # 5 ms an event


class Here:
    """A generator in the test's own process."""

    size = 1

    def run(self, parts: Sequence[Part]) -> list[Outcome]:
        return [run_part(part) for part in parts]

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def _busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here is the hub: a machine that runs other tests beside must not make every figure doubtful."""
    monkeypatch.setattr(ramp, "LAG_LIMIT_MS", 2000.0)
    monkeypatch.setattr(ramp, "CPU_LIMIT", 2.0)
    monkeypatch.setattr(ramp, "KEPT_UP", 0.5)


@contextmanager
def measured(command: Sequence[str], folder: Path, terms: Terms, **more: Any) -> Iterator[CapacityRun]:
    hub = LocalHub(command, folder)
    api = HubApi(hub.api, hub.token)
    try:
        yield CapacityRun(morning(**more), Target.parse(hub.mqtt), api, Here(), terms, watched=hub.groups())
    finally:
        api.close()
        hub.stop()


def test_the_bundled_hub_holds_small_rates_and_the_report_says_it_is_a_lower_bound(tmp_path: Path) -> None:
    terms = Terms(scales=(1.0,), seconds=2.0, drain_s=5.0, emergencies=4.0, rate_max=120.0)
    with measured(HUB_COMMAND, tmp_path, terms, children=24) as run:
        kept: list[dict[str, Any]] = []
        result = run.run(lambda so_far: kept.append(json.loads(json.dumps(so_far))))
        run.close_drills()
    assert [row["verdict"] for row in result["steps"]] == [HOLDS] * len(result["steps"]) != []
    first = result["steps"][0]
    assert first["sent"] == first["offered"] == first["receipts"] and first["emergencies"] >= 8
    assert (
        first["desk_ms"]["count"] == first["emergencies"]
        and first["lost_emergencies"] == 0
        and first["rejected"] == 0
    )
    assert first["cpu"]["hub"] > 0 and first["rss_mb"]["hub"] > 10
    assert result["knee_is_lower_bound"] and result["beyond"] == []
    assert len(kept) >= len(result["steps"])
    page = render(result)
    assert "true knee is higher" in page and "<svg" in page


def test_a_hub_that_sleeps_5_ms_an_event_has_its_knee_there_and_comes_back_from_beyond(
    tmp_path: Path,
) -> None:
    terms = Terms(
        scales=(2.0, 8.0), seconds=3.0, drain_s=4.0, emergencies=2.0, refine=0, rate_max=1000.0, beyond=(3.0,),
        beyond_s=2.0, recover_s=8.0,
    )  # fmt: skip
    with measured([sys.executable, BROKEN, "slow", ""], tmp_path, terms, children=24) as run:
        result = run.run()
    assert result["knee_per_s"] < SLEPT_PER_S
    assert result["steps"][-1]["verdict"] == FAILS
    assert result["beyond"][0]["verdict"] == FAILS and result["beyond"][0]["lost_emergencies"] == 0
    assert "overload" not in result["beyond"][0]["why"]
    assert render(result).count("<svg") == 3


@pytest.mark.parametrize("one_in", [20])
def test_a_hub_that_drops_one_message_in_n_is_caught_with_the_exact_number(
    tmp_path: Path, one_in: int
) -> None:
    file = tmp_path / "dropped"
    terms = Terms(seconds=4.0, drain_s=3.0, emergencies=8.0)
    with measured(
        [sys.executable, BROKEN, f"drops={one_in}", str(file)], tmp_path, terms, children=24
    ) as run:
        row = run._measured(60.0)
    lines = [line.split() for line in file.read_text().splitlines()]
    taken = {press for what, _, _, press in lines if what == "kept"}
    # A press that two readers relay is lost only with both.
    calls = {press for what, type_, _, press in lines if what == "dropped" and type_ in CALLS} - taken
    routine = [id_ for what, type_, id_, _ in lines if what == "dropped" and type_ not in CALLS]
    assert row["verdict"] == FAILS and routine
    assert (row["lost_emergencies"], row["lost_routine"]) == (len(calls), len(routine))
    assert row["repeats"] >= row["lost_routine"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--hub", "mqtt://h"], "--hub needs --api"),
        (["--api", "http://h"], "--api needs --hub"),
        (["--hub", "mqtt://h", "--api", "http://h", "--shards", "2"], "leave out --hub"),
        (["--profile", "8-9"], "HH:MM-HH:MM"),
        (["--profile", "09:00-08:00"], "not after"),
        (["--scale", "1,x"], "numbers with commas"),
        (["--scale", "0"], "above 0"),
        (["--watch", "broker"], "NAME=PID"),
        (["--messages", "nowhere"], "No recorded day"),
    ],
)
def test_what_does_not_fit_together_is_said_with_the_remedy(given: list[str], said: str) -> None:
    result = CliRunner().invoke(capacity_command, given)
    assert result.exit_code in (1, 2) and said in result.output
