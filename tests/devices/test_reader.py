"""The simulated reader on a bench: one read after the other, and calls heard again and again."""

from pathlib import Path
from typing import Any

from safezone_sim.devices.reader import Reader
from safezone_sim.devices.tag import Tag
from safezone_sim.scenario import Noise
from safezone_sim.world.model import Antenna, Device

from tests.devices.bench import Bench

ANTENNAS = (Antenna("out", "outer", 0.0, 0.0, 4.0), Antenna("in", "inner", 0.0, 0.0, 4.0))


def _reader(bench: Bench) -> Reader:
    args, more = bench.common()
    return Reader(*args, device=Device("d", "reader", 0.0, 0.0, antennas=ANTENNAS), noise=Noise(), **more)


def _stays(bench: Bench) -> list[tuple[str, str, str, int]]:
    rows: list[dict[str, Any]] = [e["data"] for _, type_, e in bench.heard if type_ == "tag.sighted"]
    return list(
        dict.fromkeys((d["stay"], d["antenna"], d["phase"], d["reads"]) for d in rows)
    )  # without repeats


def test_reads_less_than_six_seconds_apart_are_one_stay_at_each_antenna() -> None:
    bench = Bench()
    reader = _reader(bench)
    for wait in (0.4, 5.9, 5.9, 20.0):
        reader.read("t", "out", -50.0)
        bench.pass_time(wait)
        bench.receipts()
    reader.read("t", "out", -50.0)
    reader.read("t", "in", -50.0)
    bench.pass_time(1.0)
    assert _stays(bench) == [
        ("d-1", "out", "start", 1), ("d-1", "out", "end", 4), ("d-2", "out", "start", 1), ("d-3", "in", "start", 1),
    ]  # fmt: skip


def test_a_stay_outlasts_a_power_cut_and_its_name_is_not_used_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "store")
    _reader(bench).read("t", "out", -50.0)
    bench.pass_time(1.0)
    bench.receipts()
    bench.cut()
    bench.start()
    reader = _reader(bench)
    bench.pass_time(8.0)
    reader.read("t", "out", -50.0)
    bench.pass_time(0.1)
    names = [(stay.partition("-")[2], phase) for stay, _, phase, _ in _stays(bench)]
    assert list(dict.fromkeys(names)) == [("1", "start"), ("1", "end"), ("2", "start")]


def test_one_press_is_one_call_however_often_the_tag_sends_it() -> None:
    bench = Bench()
    reader = _reader(bench)
    counting = Tag(bench.env, "t", lambda press: reader.hear("t", press, "out", -70.0))
    plain = Tag(bench.env, "p", lambda press: reader.hear("p", press, "out", -70.0), counts=False)
    for _ in range(2):
        for tag in (counting, plain):
            for closed in (True, False, True):  # it bounces
                tag.contact(closed)
            tag.contact(False)
        for _ in range(10):
            bench.pass_time(1.0)
            bench.receipts()
    calls = [(e["data"]["tag"], e["data"]["press"]) for _, type_, e in bench.heard if type_ == "tag.called"]
    assert sorted(calls) == [("p", 0), ("p", 0), ("t", 1), ("t", 2)]
    assert (counting.presses, counting.sent) == (2, 6)
