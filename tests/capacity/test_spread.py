"""Generators on a Dask cluster: two workers load one hub together, each with zones of its own."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from safezone_sim.capacity.commands import HUB_COMMAND
from safezone_sim.capacity.local import LocalHub
from safezone_sim.capacity.run import CapacityRun, Terms
from safezone_sim.capacity.spread import SpreadError, Workers, spread
from safezone_sim.capacity.target import Target
from safezone_sim.twin.hubapi import HubApi

from tests.capacity.recorded import morning

distributed = pytest.importorskip("distributed")


def test_two_workers_load_one_hub_and_their_counts_add_up(tmp_path: Path) -> None:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        hub = LocalHub(HUB_COMMAND, tmp_path)
        api, senders = HubApi(hub.api, hub.token), spread(cluster.scheduler_address, 1)
        try:
            terms = Terms(seconds=2.0, drain_s=10.0, emergencies=4.0)
            row = CapacityRun(morning(children=24), Target.parse(hub.mqtt), api, senders, terms)._measured(
                100.0
            )
        finally:
            senders.close()
            api.close()
            hub.stop()
    assert senders.size == row["senders"] == 2
    assert row["zones"] >= 4 and row["connections"] == 2 * row["zones"]
    assert row["sent"] == row["offered"] == row["receipts"] >= 200
    assert row["emergencies"] >= 8 and (row["lost_emergencies"], row["lost_routine"]) == (0, 0)


def test_a_cluster_that_cannot_measure_is_refused_with_the_remedy() -> None:
    with (
        distributed.LocalCluster(
            n_workers=0, dashboard_address=None, protocol="tcp", processes=False
        ) as cluster,
        pytest.raises(SpreadError, match="start some with `dask worker`"),
    ):
        spread(cluster.scheduler_address, 1)
    late = Workers.__new__(Workers)
    late._client = SimpleNamespace(run=lambda now: {"tcp://w1": time.time() - 3.0}, close=lambda: None)
    with pytest.raises(SpreadError, match="w1: its clock is 3"):
        late._check_clocks()
