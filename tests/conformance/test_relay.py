"""The relay: packets cut right however the bytes come, and a cut that is a cut."""

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from safezone_conformance.drivers.relay import Packets, Relay, filters, protocol_level, published

CONNECT = bytes([0x10, 12, 0, 4]) + b"MQTT" + bytes([4, 2, 0, 60, 0, 0])
BODY = bytes([0, 3]) + b"a/b" + bytes([0, 7]) + b"x" * 300
PUBLISH = bytes([0x3B, 0xB3, 0x02]) + BODY  # dup, qos 1, retain


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_packets_are_cut_right_in_any_portion(size: int) -> None:
    packets, found = Packets(), []
    whole = CONNECT + PUBLISH + CONNECT
    for begin in range(0, len(whole), size):
        found += packets.feed(whole[begin : begin + size])
    assert [first for first, _ in found] == [0x10, 0x3B, 0x10]
    assert found[1][1] == BODY
    assert protocol_level(found[0][1]) == 4


def test_no_mqtt_is_an_error() -> None:
    with pytest.raises(ValueError, match="no MQTT"):
        Packets().feed(b"\x30\xff\xff\xff\xff\xff")


def test_publish_is_read_with_its_flags() -> None:
    assert published(0x3B, BODY) == {
        "topic": "a/b",
        "payload": "x" * 300,
        "qos": 1,
        "retain": True,
        "dup": True,
    }
    assert published(0x30, bytes([0, 1]) + b"t" + b"p")["payload"] == "p"


def test_subscribe_tells_every_filter() -> None:
    body = bytes([0, 9]) + b"".join(bytes([0, len(f)]) + f + b"\x01" for f in (b"a/b/down", b"a/+/down"))
    packets = Packets().feed(bytes([0x82, len(body)]) + body)
    assert [filters(b) for _, b in packets] == [["a/b/down", "a/+/down"]]


def test_cut_ends_connections_and_restore_takes_new_ones() -> None:
    broker = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def take() -> None:
        with contextlib.suppress(OSError):  # the broker's end
            while True:
                taken.append(broker.accept()[0])

    taking = threading.Thread(target=take)
    taking.start()
    heard: list[tuple[str, Mapping[str, Any]]] = []
    closed = threading.Event()

    def arrived(via: str, content: Mapping[str, Any]) -> None:
        heard.append((via, content))
        if content.get("state") == "closed":
            closed.set()

    relay = Relay("127.0.0.1", 0, broker.getsockname()[:2], arrived)
    try:
        device = socket.create_connection(("127.0.0.1", relay.port), 2)
        device.sendall(CONNECT)
        while not heard:
            pass
        assert heard[0] == ("connection", {"state": "open", "protocol": 4, "filters": []})
        device.sendall(bytes([0x82, 8, 0, 1, 0, 3]) + b"a/b" + bytes([1]))
        relay.cut()
        assert closed.wait(2)
        assert device.recv(1) == b""
        device.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", relay.port), 0.5)
        relay.restore()
        back = socket.create_connection(("127.0.0.1", relay.port), 2)
        back.sendall(CONNECT)  # of a session that the broker kept
        while heard[-1][1]["state"] != "open":
            pass
        assert heard[-1][1]["filters"] == ["a/b"]
        back.close()
    finally:
        relay.close()
        broker.shutdown(socket.SHUT_RDWR)  # closing alone does not wake accept
        broker.close()
        taking.join()
        for one in taken:
            one.close()
