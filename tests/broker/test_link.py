"""The link against a peer that behaves as no broker should."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from safezone_hub import link as link_module
from safezone_hub.link import Arrivals, MqttLink, Refused

from tests.broker.peers import CONNACK, SUBACK, Peer, publish, wait_until

UP = "safezone/v1/z1/dev/gs/up"
DOWN = "safezone/v1/z1/dev/gs/down"

Link = Callable[..., MqttLink]


@pytest.fixture
def arrived() -> Arrivals:
    return []


@pytest.fixture
def link(arrived: Arrivals) -> Iterator[Link]:
    """Makes links that are closed at the end."""
    made: list[MqttLink] = []

    def make(port: int, **more: Any) -> MqttLink:
        made.append(MqttLink("127.0.0.1", port, "hub", arrived.extend, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    each = Peer()
    yield each
    with suppress(OSError):  # closed by the test
        each.close()


def test_what_a_kept_session_says_before_the_subscription_is_answered_is_not_lost(
    arrived: Arrivals, link: Link
) -> None:
    early, late = publish(UP, b"early", 1), publish(UP, b"late", 2)
    peer = Peer(CONNACK + early + SUBACK + late[:7])
    link(peer.port)
    wait_until(lambda: peer.connections, "a connection")
    peer.say(late[7:])
    wait_until(lambda: arrived == [(UP, b"early"), (UP, b"late")], "both messages in order")
    wait_until(lambda: bytes(peer.heard) == b"\x40\x02\x00\x01\x40\x02\x00\x02", "both acknowledgements")
    peer.close()


def test_messages_cut_anywhere_arrive_whole(arrived: Arrivals, link: Link, peer: Peer) -> None:
    link(peer.port)
    wait_until(lambda: peer.connections, "a connection")
    for byte in publish(UP, b"x" * 300):
        peer.say(bytes([byte]))
    wait_until(lambda: arrived == [(UP, b"x" * 300)], "the message")


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (b"\x20\x02\x00\x05", "wrong username or password"),
        (CONNACK + b"\x90\x03\x00\x01\x80", "refused the subscription"),
    ],
)
def test_a_refusal_is_an_error_at_once_even_for_a_patient_link(
    greeting: bytes, words: str, link: Link
) -> None:
    peer = Peer(greeting)
    with pytest.raises(Refused, match=words):
        link(peer.port, patient=True)
    peer.close()


def test_a_patient_link_says_what_it_kept_once_the_broker_is_there(link: Link, peer: Peer) -> None:
    port = peer.port
    peer.close()
    told = threading.Event()
    waiting = link(port, patient=True, on_reconnect=told.set)
    assert not waiting.is_connected()
    assert waiting.health().startswith("not connected: ")
    waiting.publish(DOWN, b"kept")
    waiting.flush()
    late = Peer(port=port)
    assert told.wait(10), "expected the call after the connection"
    wait_until(lambda: b"kept" in late.heard, "what was published before")
    assert waiting.health() == "ok"
    late.close()


def test_an_impatient_link_is_an_error_when_nobody_listens(link: Link, peer: Peer) -> None:
    peer.close()
    with pytest.raises(OSError, match="refused"):
        link(peer.port)


def test_while_away_the_newest_are_kept_and_the_oldest_counted(
    link: Link, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "AWAY_MAX_BYTES", 1000)
    port = peer.port
    peer.close()
    away = link(port, patient=True)
    for n in range(10):
        away.publish(DOWN, b"%03d" % n + b"x" * 300)
        away.flush()
    assert away.dropped == 8
    late = Peer(port=port)
    wait_until(lambda: b"009x" in late.heard, "the newest")
    assert b"008x" in late.heard
    assert b"007x" not in late.heard
    late.close()


def test_a_broker_that_takes_nothing_holds_nobody_up_and_is_left(link: Link) -> None:
    peer = Peer(deaf=True)
    told = threading.Event()
    stuck = link(peer.port, silence_s=0.5, on_reconnect=told.set)
    began = time.monotonic()
    for _ in range(40):
        for _ in range(10):
            stuck.publish(DOWN, b"x" * 50_000)
        stuck.flush()
    assert time.monotonic() - began < 2.0, "expected 20 MB to be taken at once, not to wait for the broker"
    assert told.wait(10), "expected the silent connection to be given up"
    wait_until(lambda: len(peer.connections) >= 2, "a second connection")
    peer.close()


def test_more_than_fits_ends_the_connection_rather_than_the_memory(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "UNSENT_MAX_BYTES", 1_000_000)
    peer = Peer(deaf=True)
    told = threading.Event()
    stuck = link(peer.port, on_reconnect=told.set)
    for _ in range(200):
        stuck.publish(DOWN, b"x" * 100_000)
    stuck.flush()
    assert told.wait(10), "expected a new connection well before the silence is noticed"
    peer.close()


def test_a_broker_that_only_listens_is_asked_and_kept_while_it_answers(link: Link, peer: Peer) -> None:
    told = threading.Event()
    quiet = link(peer.port, silence_s=0.6, on_reconnect=told.set)
    for n in range(1, 4):
        wait_until(lambda n=n: bytes(peer.heard).count(b"\xc0\x00") >= n, f"ping {n}")  # type: ignore[misc]
        peer.say(b"\xd0\x00")
    assert quiet.is_connected()
    assert not told.is_set()
    assert told.wait(10), "expected an end once the answers stop"


def test_after_every_loss_it_subscribes_again_and_says_so(arrived: Arrivals, link: Link, peer: Peer) -> None:
    times: list[float] = []

    def note() -> None:
        times.append(time.monotonic())
        raise RuntimeError("a fault of the callback")

    each = link(peer.port, on_reconnect=note)
    for n in range(1, 4):
        wait_until(lambda n=n: len(peer.connections) == n, f"connection {n}")  # type: ignore[misc]
        peer.say(publish(UP, b"%d" % n))
        wait_until(lambda n=n: len(arrived) == n, f"message {n}")  # type: ignore[misc]
        peer.hang_up()
    wait_until(lambda: len(times) == 3, "three reconnections")
    wait_until(each.is_connected, "a connection")


def test_close_says_what_is_unsent_and_goodbye(link: Link, peer: Peer) -> None:
    each = link(peer.port)
    wait_until(lambda: peer.connections, "a connection")
    for _ in range(50):
        each.publish(DOWN, b"y" * 60_000)
    each.flush()
    each.close()
    wait_until(lambda: peer.heard.endswith(b"\xe0\x00"), "DISCONNECT as the last word")
    assert peer.heard.count(b"y" * 60_000) == 50


def test_garbage_ends_the_connection_and_nothing_else(arrived: Arrivals, link: Link, peer: Peer) -> None:
    link(peer.port)
    wait_until(lambda: peer.connections, "a connection")
    peer.say(b"\x32\xff\xff\xff\xff\xff")
    wait_until(lambda: len(peer.connections) == 2, "a second connection")
    peer.say(publish(UP, b"after"))
    wait_until(lambda: arrived == [(UP, b"after")], "the message after it")
