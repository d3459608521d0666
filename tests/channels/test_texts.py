"""Short messages, numbers, receipts and addresses, in bytes."""

import ipaddress
from contextlib import suppress

import pytest
import smpp34
from hypothesis import example, given
from hypothesis import strategies as st
from safezone_hub.channels.json_paths import find, leaves, put, text_at
from safezone_hub.channels.reaching import is_public, is_reachable
from safezone_hub.channels.smpp_pdu import (
    BadPdu,
    Command,
    Deliver,
    Pdu,
    Receipt,
    Submit,
    read_deliver,
    read_receipt,
)
from safezone_hub.channels.sms_text import BadNumber, TooLong, dialled, parts_of

SURROGATES = st.characters(blacklist_categories=("Cs",))


@given(st.text(SURROGATES, max_size=700), st.integers(0, 0xFFFF))
@example("가" + "🚸" * 100, 7)
def test_any_text_comes_together_again_from_parts_that_fit(text: str, reference: int) -> None:
    parts = parts_of(text, reference)
    whole = ""
    for number, part in enumerate(parts, start=1):
        content = part.content
        if len(parts) > 1:
            header = bytes((6, 8, 4, reference >> 8, reference & 255, len(parts), number))
            assert content[:7] == header and part.esm_class == 0x40
            content = content[7:]
        # Each part alone is a text: no pair is parted.
        whole += content.decode("utf-16-be" if part.data_coding == 8 else "ascii")
        assert len(part.content) <= (140 if part.data_coding == 8 else 160)
        assert part.data_coding == 8 or len(parts) == 1 or len(content) <= 152
    assert whole == text


def test_seventy_korean_characters_are_one_message_and_seventy_one_are_two() -> None:
    assert [len(parts_of("가" * n, 1)) for n in (70, 71, 132, 133)] == [1, 2, 2, 3]
    assert [len(parts_of("a" * n, 1)) for n in (160, 161, 304, 305)] == [1, 2, 2, 3]
    with pytest.raises(TooLong):
        parts_of("가" * 17_000, 1)


def test_numbers() -> None:
    assert dialled("010-0000-0001", "") == ("01000000001", False)
    assert dialled("010 0000 0001", "82") == ("821000000001", True)
    assert dialled("+82 10-0000-0001", "82") == ("821000000001", True)
    for bad in ("", "x", "12", "0" * 21, "٠١٠٠٠٠", "+", "010;1"):
        with pytest.raises(BadNumber):
            dialled(bad, "82")


@given(st.binary(max_size=140), st.text(st.sampled_from("0123456789"), min_size=3, max_size=20))
def test_submit_is_read_alike_by_another_maker(content: bytes, number: str) -> None:
    body = Submit("0212", 5, 0, number, 1, 1, 0x40, 8, content, True, 0xBEEF).body()
    read = smpp34.decode(Pdu(Command.SUBMIT_SM, 0, 7, body).encode())
    assert isinstance(read, smpp34.SubmitSm)
    assert (read.source_addr, read.source_addr_ton, read.source_addr_npi) == ("0212", 5, 0)
    assert (read.destination_addr, read.dest_addr_ton, read.dest_addr_npi) == (number, 1, 1)
    assert (read.esm_class, read.data_coding, read.registered_delivery, read.priority_flag) == (0x40, 8, 1, 1)
    assert (read.short_message, read.sequence_number) == (content, 7)
    assert [(tlv.tag, tlv.value) for tlv in read.tlvs] == [(0x0204, b"\xbe\xef")]


@given(st.binary(max_size=254), st.integers(0, 255))
def test_deliver_of_another_maker_is_read(content: bytes, esm_class: int) -> None:
    tlvs = [smpp34.Tlv(0x1403, b"vendor"), smpp34.Tlv(0x001E, b"m1\0")]
    theirs = smpp34.DeliverSm("0100", "0212", content, esm_class=esm_class, tlvs=tlvs)
    deliver = read_deliver(theirs.encode()[16:])
    assert (deliver.esm_class, deliver.content, deliver.tlvs[0x001E]) == (esm_class, content, b"m1\0")


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with suppress(BadPdu):
        read_receipt(read_deliver(body))


@pytest.mark.parametrize(
    ("text", "receipt"),
    [
        (b"id:7f sub:001 dlvrd:001 submit date:2605 done date:26 stat:DELIVRD err:000 text:x", Receipt("7f", "DELIVRD", "000")),
        (b"ID:a-b SUB:1 STAT:undeliv ERR:00A Text:", Receipt("a-b", "UNDELIV", "00A")),
        (b"stat:EXPIRED id: 12", Receipt("12", "EXPIRED", "")),
        (b"id:9 stat:DELIVRD text:id:8 stat:REJECTD", Receipt("9", "DELIVRD", "")),
        (b"id:9 text:stat:DELIVRD", None),
        (b"hello", None),
    ],
)  # fmt: skip
def test_receipts_as_centres_write_them(text: bytes, receipt: Receipt | None) -> None:
    assert read_receipt(Deliver(0x04, text, {})) == receipt
    assert read_receipt(Deliver(0x00, text, {})) is None


def test_parameters_go_before_the_text() -> None:
    deliver = Deliver(0x04, b"id:1 stat:DELIVRD", {0x001E: b"2\0", 0x0427: b"\x05"})
    assert read_receipt(deliver) == Receipt("2", "UNDELIV", "")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
     "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "192.0.2.1", "198.18.0.1"],
)  # fmt: skip
def test_inner_addresses(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def test_public_addresses_and_those_never_reached() -> None:
    assert all(
        is_public(ipaddress.ip_address(a)) for a in ("8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8")
    )
    for address in ("0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:0.0.0.0"):
        assert not is_reachable(ipaddress.ip_address(address))
    assert is_reachable(ipaddress.ip_address("::1")) and is_reachable(ipaddress.ip_address("10.0.0.1"))


def test_paths_in_json() -> None:
    document: dict[str, object] = {}
    for path, value in [*leaves({"a": {"b.0": 1}, "c": [1], "e": {}}), (("list", "1", "x"), "y")]:
        put(document, path, value)
    assert document == {"a": {"b": [1]}, "c": [1], "e": {}, "list": [None, {"x": "y"}]}
    assert text_at(document, "list.1.x") == "y" and text_at(document, "a.b.0") == "1"
    assert [find(document, path) for path in ("a.x", "list.9", "list.x", "c.0.z")] == [None] * 4
    for bad in ("a.b.x", "list.999", "c.0.z", "a..b"):
        with pytest.raises(ValueError, match=r".+"):
            put(document, bad.split("."), 1)
