"""The gateway's parts: stays from reads, presses heard often, a store that outlasts everything."""

from pathlib import Path

import click
import pytest
from safezone_gateway.commands import read_config
from safezone_gateway.gateway import BadLine, Config, Gateway
from safezone_gateway.outbox import Store, Waiting
from safezone_gateway.stays import Stays
from safezone_gateway.uplink import Principal, proved

KEY = "YW4gaW52ZW50ZWQga2V5IG9mIHRoaXJ0eS10d28gYnk"
WHO = Principal("z", "r", "k1", KEY)


def test_reads_less_than_6_s_apart_are_one_stay() -> None:
    stays = Stays()
    assert stays.read("T", "a", 100.0, -60, "s1")[1] is not None
    assert stays.read("T", "a", 105.9, -50, "s2") == (None, None)
    assert list(stays.over(111.8)) == []
    [stay] = stays.over(111.9)
    assert (stay.name, stay.reads, stay.first_at, stay.last_at, stay.rssi_peak_dbm) == (
        "s1",
        2,
        100.0,
        105.9,
        -50,
    )


def test_read_6_s_after_the_last_ends_one_stay_and_begins_another() -> None:
    stays = Stays()
    stays.read("T", "a", 100.0, -60, "s1")
    ended, begun = stays.read("T", "a", 106.0, -60, "s2")
    assert ended is not None and begun is not None
    assert (ended.name, begun.name) == ("s1", "s2")


def test_antennas_and_tags_have_stays_of_their_own_that_outlast_a_restart() -> None:
    stays = Stays()
    for n, (tag, antenna) in enumerate([("T", "a"), ("T", "b"), ("U", "a")]):
        stays.read(tag, antenna, 100.0 + n, -60, f"s{n}")
    again = Stays(stays.kept())
    assert sorted(s.name for s in again.over(200.0)) == ["s0", "s1", "s2"]


def test_store_keeps_order_and_numbers(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", 7)
    with store, store:
        assert store.number() == (7, 1)
        store.add(Waiting(7, 1, "one", False, b"1"))
    store.__enter__()
    store.number()
    store.__exit__(RuntimeError)  # rolled back: the number is free again
    store.add(Waiting(7, *[store.number()[1]], "two", True, b"2"))
    store.close()
    again = Store(tmp_path / "s", 9)
    assert [(w.id, w.seq) for w in again.waiting()] == [("two", 2), ("one", 1)]
    assert again.number() == (7, 3)


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    # Nobody listens there: everything stays in the store.
    return Gateway(Config(WHO, "mqtt://127.0.0.1:9", tmp_path / "g", ("a",)))


def types(gateway: Gateway) -> list[str]:
    found = [proved(WHO.raw, WHO.topic("up"), w.payload) for w in gateway.store.waiting()]
    return sorted(str(e["type"]) for e in found if e is not None)


def test_press_heard_often_is_one_call(gateway: Gateway) -> None:
    for _ in range(3):
        gateway.take({"call": {"tag": "T", "press": 4, "at": "2026-05-18T08:31:05Z"}}, 0.0)
    gateway.take({"call": {"tag": "T", "press": 5, "at": "2026-05-18T08:31:06Z"}}, 0.0)
    assert types(gateway) == ["device.status", "tag.called", "tag.called"]
    gateway.close()


def test_uncounted_presses_are_told_apart_by_30_s(gateway: Gateway) -> None:
    for second in ("05", "20", "34", "36"):
        gateway.take({"call": {"tag": "T", "at": f"2026-05-18T08:31:{second}Z"}}, 0.0)
    assert types(gateway) == ["device.status", "tag.called", "tag.called"]
    gateway.close()


def test_times_of_the_reader_are_moved_to_the_gateways_clock(gateway: Gateway) -> None:
    gateway.take({"read": {"tag": "T", "antenna": "a", "at": "2026-05-18T08:31:05Z"}}, 60.0)
    [sighted] = [
        e
        for w in gateway.store.waiting()
        if (e := proved(WHO.raw, WHO.topic("up"), w.payload)) and e["type"] == "tag.sighted"
    ][:1]
    assert sighted["data"]["first_at"] == "2026-05-18T08:32:05.000Z"
    gateway.close()


@pytest.mark.parametrize(("line", "why"), [
    ({"read": {"tag": "T", "antenna": "b"}}, "not one of a"), ({"read": {"tag": "T", "antenna": "a", "at": "2026-05-18T08:31:05"}}, "no offset"),
    ({"n": 1}, "none of"),
])  # fmt: skip
def test_bad_line_says_why(gateway: Gateway, line: dict[str, object], why: str) -> None:
    with pytest.raises(BadLine, match=why):
        gateway.take(line, 0.0)
    gateway.close()


def test_config_names_the_field_that_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "g.toml"
    file.write_text('[device]\nzone = "z"\n')
    with pytest.raises(click.ClickException, match=r"device\.id"):
        read_config(file)


def test_config_of_the_document_is_read(tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "conformance" / "gateway.md").read_text()
    file = tmp_path / "g.toml"
    file.write_text(document.partition("```toml\n")[2].partition("```")[0])
    (tmp_path / "reader-key").write_text(KEY)
    (tmp_path / "broker-password").write_text("x")
    config = read_config(file)
    assert (config.antennas, config.listen, config.principal.key) == (
        ("outer", "inner"),
        ("127.0.0.1", 7010),
        KEY,
    )
