"""The load itself: messages by the standard, books that notice each kind of loss, a generator that knows its limits."""

import base64
import hashlib
import hmac
import json
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
import throughput
from hubproc import HubProcess
from load.district import District
from load.ledger import LOSSES, Answered, Ledger, Sent, Told, losses
from load.plan import make_plan
from load.proxy import Proxy
from load.signing import SECRET
from safezone_model import MESSAGES, validator
from safezone_sim.capacity import latency, wire
from safezone_sim.capacity.connection import Connection
from safezone_sim.capacity.target import Target

NOW = time.time()


def _plan(**more: float):  # type: ignore[no-untyped-def]
    terms = {
        "rate": 200.0,
        "emergencies": 20.0,
        "seconds": 2.0,
        "connections": 12,
        "starts_at": NOW,
        "epoch": 7,
        "seed": 1,
    }
    return make_plan(District(children=40, now=NOW), **{**terms, **more})  # type: ignore[arg-type]


def test_the_registry_and_every_planned_message_fit_the_standard() -> None:
    for item in District(children=8, now=NOW).items():
        validator(f"registry/{item['kind']}").validate(item)
    plan, reader, key = _plan(), wire.Reader(), base64.urlsafe_b64decode(SECRET + "=")
    seen = set()
    for row, packet in enumerate(plan.packets):
        ((topic, payload, _),) = reader.feed(packet)
        envelope = json.loads(payload)
        validator("envelope").validate(envelope)
        validator(f"messages/{envelope['type']}").validate(envelope["data"])
        head = payload[: payload.rindex(b',"mac":')]
        mac = hmac.new(key, topic.encode() + b"\n" + head, hashlib.sha256).digest()
        assert envelope["mac"] == base64.urlsafe_b64encode(mac).decode().rstrip("=")
        assert plan.emergency[row] == (MESSAGES[envelope["type"]].cls == "emergency")
        seen.add(envelope["type"])
    assert seen == {
        "phone.located",
        "tag.sighted",
        "device.status",
        "tag.called",
        "bell.pressed",
        "phone.called",
    }


def test_a_stream_cut_anywhere_gives_the_same_packets() -> None:
    stream = b"".join([wire.publish("a/b", bytes(n * 50), n + 1) for n in range(8)]) + wire.puback(5)
    whole = wire.Reader().feed(stream)
    for size in (1, 2, 3, 7, 64, 129):
        reader, found = wire.Reader(), []
        for start in range(0, len(stream), size):
            found += reader.feed(stream[start : start + size])
        assert found == whole and reader.pubacks == 1


def test_latency_counts_from_the_intended_moment() -> None:
    row = latency.summary([0.001] * 98 + [0.5, 2.0])
    assert row["count"] == 100
    assert row["p50_ms"] == pytest.approx(1.0, rel=0.01)
    assert row["max_ms"] == pytest.approx(2000, rel=0.01)


def _book() -> Ledger:
    """One press receipted and told, one arrival told, one action kept."""
    book = Ledger()
    book.sent["m1"] = Sent("m1", "t", b"{}", True, "press:1", 0.0, "accepted", 0.1, 1, "duplicate")
    book.presses["press:1"] = ["m1"]
    book.arrivals["arrival:c1"] = "guardian/g-c1"
    _tell(book, "a1", "desk/d112", "tag_call", ("m1",))
    _tell(book, "n1", "guardian/g-c1", "school_arrival", ("m2", "m3"))
    book.answered.append(Answered("i1", "note", "x", kept=True))
    return book


def _tell(
    book: Ledger, id_: str, who: str, service: str, evidence: tuple[str, ...], flags: tuple[str, ...] = ()
) -> None:
    type_ = "alert" if who.startswith("desk") else "notice"
    book.told[who, id_] = Told(
        id_, who, type_, service, "c1", "2026-01-01T00:00:00Z", evidence, flags, "i1", 0.2, b""
    )


def test_the_books_are_clean_when_all_is_well_and_a_reminder_is_no_duplicate() -> None:
    book = _book()
    _tell(book, "a2", "desk/d112", "tag_call", ("m1",), ("reminder",))
    assert losses(book.summary(100.0)) == 0


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("emergencies_lost", lambda b: b.told.pop(("desk/d112", "a1"))),
        ("receipts_lost", lambda b: setattr(b.sent["m1"], "status_again", "accepted")),
        ("unreceipted_at_end", lambda b: setattr(b.sent["m1"], "status", "")),
        ("actions_lost", lambda b: setattr(b.answered[0], "kept", False)),
        ("notices_lost", lambda b: b.told.pop(("guardian/g-c1", "n1"))),
        ("unrecognisable_duplicates", lambda b: _tell(b, "a2", "desk/d112", "tag_call", ("m1",))),
        ("changed_in_repeat", lambda b: setattr(b.told["desk/d112", "a1"], "bytes_differ", True)),
        ("rejected", lambda b: setattr(b.sent["m1"], "status", "rejected")),
    ],
)
def test_the_books_notice_each_kind_of_loss(name: str, harm: Callable[[Ledger], object]) -> None:
    book = _book()
    harm(book)
    summary = book.summary(100.0)
    assert {n: summary[n] for n in LOSSES if summary[n]} == {name: 1}


def test_the_generator_measures_a_running_hub(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "state")
    try:
        hub.start()
        hub.register(District(children=40, now=NOW).items())
        args = Namespace(seconds=2.0, drain=15.0, emergencies=5.0, connections=12, children=40)
        row = throughput.generate(hub.broker_address[1], 100.0, args)
    finally:
        hub.close()
    assert row["statuses"] == {"accepted": 210}
    assert row["alerts_for_emergencies"] == row["emergencies"] == row["emergency_alert"]["count"] == 10


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        ({"verdict": "inconclusive", "why": ["late"]}, "inconclusive"),
        ({"statuses": {"accepted": 99}}, "without a receipt"),
        ({"alerts_for_emergencies": 4}, "without an alert"),
        ({"emergency_alert": {"p99_ms": 251.0}}, "p99 251 ms"),
        ({"unreceipted_at_end": 60}, "fell behind"),
        ({"receipts_per_s": 40.0}, "fell behind"),
    ],
)
def test_a_rate_holds_only_without_fault(harm: dict[str, object], fault: str) -> None:
    row = {
        "verdict": "measured", "why": [], "offered": 100, "offered_per_s": 50.0, "receipts_per_s": 50.0, "emergencies": 5,
        "statuses": {"accepted": 100}, "alerts_for_emergencies": 5, "unreceipted_at_end": 2,
        "emergency_receipt": {"p99_ms": 20.0}, "emergency_alert": {"p99_ms": 20.0},
    }  # fmt: skip
    assert throughput.faults_of(row, 250.0) == []
    found = throughput.faults_of({**row, **harm}, 250.0)
    assert len(found) == 1 and fault in found[0]


def test_nothing_passes_a_cut_network_until_it_heals(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "state")
    proxy: Proxy | None = None
    try:
        hub.start()
        proxy = Proxy(hub.broker_address)
        Connection(Target("127.0.0.1", proxy.port), "first", ["x"]).close()
        proxy.cut()
        time.sleep(0.1)
        with pytest.raises(TimeoutError):
            _connect_within(proxy, 0.5)
        proxy.heal()
        _connect_within(proxy, 5.0)
    finally:
        if proxy is not None:
            proxy.close()
        hub.close()


def _connect_within(proxy: Proxy, seconds: float) -> None:
    import socket

    with socket.create_connection(("127.0.0.1", proxy.port), timeout=seconds) as connection:
        connection.sendall(wire.connect(f"second-{seconds}"))
        connection.settimeout(seconds)
        assert connection.recv(4)[:1] == bytes([wire.CONNACK])
