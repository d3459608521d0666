"""A repeat known by its bytes: the same receipt again, whatever way it is recognised, and never where keys changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safezone_hub import codec, pipeline
from safezone_hub.link import packets_in, publishes_in
from safezone_hub.recent import KEPT, Accepted, Recent

from tests.hub.engine_bench import Bench
from tests.hub.hub_world import ZONE, Sender, iso, lat_lon


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def fix(bench: Bench) -> tuple[str, bytes]:
    moment = iso(bench.clock.now())
    data = {
        **lat_lon(0, 0),
        "accuracy_m": 20,
        "fix_source": "gps",
        "fixed_at": moment,
        "moving": True,
    }
    return Sender("dev", "p-c1").message("phone.located", data, bench.clock.now())


def statuses(bench: Bench) -> list[tuple[str, str]]:
    """Every receipt, in order: source and status."""
    rows = [
        json.loads(payload)["data"]["receipts"] for _, payload in bench.link.sent if b'"receipts"' in payload
    ]
    return [(row["source"], row["status"]) for each in rows for row in each]


def test_a_repeat_gets_the_same_receipt_and_costs_no_check(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[bytes] = []
    check = codec.check

    def counting(topic: str, payload: bytes, keys: Any) -> codec.Checked:
        checked.append(payload)
        return check(topic, payload, keys)

    monkeypatch.setattr(pipeline.codec, "check", counting)
    message = fix(bench)
    for _ in range(3):
        bench.engine.submit([message])
        bench.settle()
    assert statuses(bench) == [(f"{ZONE}/dev/p-c1", s) for s in ("accepted", "duplicate", "duplicate")]
    assert checked == [message[1]]
    assert (bench.counts()["accepted"], bench.counts()["duplicate"]) == (1, 2)


def test_the_same_bytes_on_another_topic_are_looked_at(bench: Bench) -> None:
    topic, payload = fix(bench)
    bench.engine.submit([(topic, payload), (topic.replace("p-c1", "pole"), payload)])
    bench.settle()
    bench.engine.submit([(topic.replace("p-c1", "pole"), payload)])
    bench.settle()
    assert statuses(bench) == [(f"{ZONE}/dev/p-c1", "accepted")]
    assert bench.counts()["rejected.wrong_source"] == 2


def test_a_device_whose_key_changed_is_no_longer_known_by_its_old_bytes(bench: Bench) -> None:
    message = fix(bench)
    bench.engine.submit([message])
    bench.settle()
    body = bench.engine.ask(lambda zones, _: zones.registry.get("device", "p-c1")).result(10)
    assert body is not None
    bench.put({**body, "key": {"keyid": body["key"]["keyid"], "secret": "n" * 43}})
    bench.engine.submit([message])
    bench.settle()
    assert statuses(bench) == [(f"{ZONE}/dev/p-c1", "accepted")]
    assert bench.counts()["rejected.bad_mac"] == 1


def test_only_so_many_are_remembered_the_newest_of_them() -> None:
    recent, address = Recent(), codec.Address("z", "dev", "d")
    for n in range(3 * KEPT):
        recent.add([(codec.digest_of(b"%d" % n), Accepted(address, str(n), False))])
    found = [recent.find("safezone/v1/z/dev/d/up", b"%d" % n) for n in (0, 2 * KEPT, 3 * KEPT - 1)]
    assert [each.id if each is not None else None for each in found] == [
        None,
        str(2 * KEPT),
        str(3 * KEPT - 1),
    ]


def publish(topic: str, payload: bytes, packet_id: int) -> bytes:
    """By the specification of MQTT 3.1.1, 3.3, with a length of up to four bytes (2.2.3)."""
    qos = 2 if packet_id else 0
    body = len(topic).to_bytes(2, "big") + topic.encode()
    body += (packet_id.to_bytes(2, "big") if packet_id else b"") + payload
    length, encoded = len(body), b""
    while True:
        length, low = divmod(length, 128)
        encoded += bytes([low | (0x80 if length else 0)])
        if not length:
            return bytes([0x30 | qos]) + encoded + body


def test_messages_are_read_out_of_a_stream_wherever_it_is_cut() -> None:
    sizes = (0, 1, 100, 126, 127, 128, 300, 16_370, 16_390, 60_000)
    sent = [(f"a/{size}", bytes([size % 251]) * size, n % 3) for n, size in enumerate(sizes)]
    stream = b"\xd0\x00" + b"".join(publish(*each) for each in sent) + b"\x40\x02\x00\x07"
    for step in (1, 7, 130, len(stream)):
        buffer, arrived, acknowledged = b"", [], []
        for start in range(0, len(stream), step):
            buffer += stream[start : start + step]
            arrivals, ids, end = publishes_in(buffer)
            arrived += arrivals
            acknowledged += ids
            buffer = buffer[end:]
        assert arrived == [(topic, payload) for topic, payload, _ in sent] and not buffer
        assert acknowledged == [packet_id.to_bytes(2, "big") for *_, packet_id in sent if packet_id]
    assert len(list(packets_in(stream))) == len(sent) + 2
    with pytest.raises(ValueError, match="no MQTT packet"):
        publishes_in(b"\x30\xff\xff\xff\xff\x01" + bytes(10))
