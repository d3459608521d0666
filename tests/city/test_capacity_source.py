"""A city run as load for ``safezone capacity``: its schools, its messages, and a registry that a hub knows them by."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from safezone_hub import codec, items
from safezone_hub.link import publishes_in
from safezone_hub.registry import Registry
from safezone_sim.capacity.plan import Segment, make_plan
from safezone_sim.capacity.recording import TYPES, RecordingError, read_recording
from safezone_sim.capacity.zones import Ground
from safezone_sim.city import CityOptions, run_city
from safezone_sim.scenario import Scenario

from tests.city.conftest import CODES

START, END = 8 * 3600.0, 9 * 3600.0


@pytest.fixture(scope="module")
def folder(town: Scenario, town_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("capacity") / "town"
    run_city(town, CityOptions(out=out, map_dir=town_dir, map_source="schematic", workers=1))
    return out


def test_every_message_of_the_morning_is_there_and_a_hub_takes_it(folder: Path, town_dir: Path) -> None:
    # No more schools are built than children are wanted: here the first.
    [zone] = read_recording(folder, START, END, map_dir=town_dir, children_max=1).zones
    assert zone.zone == min(CODES) and zone.children > 1
    table = pq.read_table(folder / "messages" / f"school={zone.zone}" / "messages.parquet", partitioning=None)
    written = Counter(
        row["type"]
        for row in table.select(["t_s", "every_s", "type", "count"]).to_pylist()
        for n in range(row["count"])  # a row may stand for several at regular intervals
        if START <= row["t_s"] + n * (row["every_s"] or 0.0) < END and row["type"] in TYPES
    )
    assert written["tag.sighted"] and written == Counter(each.type for each in zone.said)
    assert all(a.t <= b.t for a, b in zip(zone.said, zone.said[1:], strict=False))

    now, ground = 1_780_000_000.0, Ground(zone, 1, "run")
    registry = Registry()
    for body in ground.items(now):
        registry.put(body, items.read_item(body))
    plan = make_plan(
        [ground], [Segment(0.0, 60.0, 1, START + 1800)], emergencies=1.0, profile=(START, END), starts_at=now,
        epoch=int(now * 1000), seed=1,
    )  # fmt: skip
    assert plan.presses >= 60 and len(plan.packets) > 60
    for packet in plan.packets:
        [(topic, payload)], _, _ = publishes_in(packet)
        assert codec.check(topic, payload, registry).address.zone == ground.zone


def test_what_is_no_finished_city_run_is_said(tmp_path: Path) -> None:
    (tmp_path / "messages").mkdir()
    with pytest.raises(RecordingError, match=r"manifest\.json is missing"):
        read_recording(tmp_path, START, END)
