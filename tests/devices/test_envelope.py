"""The device side of the envelope: bytes, MAC, ids, times."""

import base64
import hashlib
import hmac
import json
import random
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import safezone_model
from safezone_sim.devices.envelope import (
    BadMac,
    Up,
    WireTime,
    drill_or_unset,
    open_down,
    seal,
    secret_bytes,
    uuid7,
)

KEY = bytes(range(32))
TOPIC = b"safezone/v1/7041138/dev/r1/up"


def _envelope(exercise: str | None = "drill-1") -> Up:
    return Up(
        "1.0",
        uuid7(1_700_000_000_000, random.Random(1)),
        "7041138/dev/r1",
        "bell.pressed",
        "2026-05-18T23:31:05.123Z",
        "application/json",
        "k1",
        1,
        1,
        drill_or_unset(exercise),
        {"press": 1, "pressed_at": "2026-05-18T23:31:05.123Z"},
    )


@pytest.mark.parametrize("exercise", ["drill-1", None])
def test_sealed_bytes_satisfy_the_standards_schema(exercise: str | None) -> None:
    message = json.loads(seal(KEY, TOPIC, _envelope(exercise)))
    safezone_model.validator("envelope").validate(message)
    safezone_model.validator("messages/bell.pressed").validate(message["data"])
    assert message.get("exercise") == exercise


def test_mac_covers_topic_linefeed_and_every_byte_before_it() -> None:
    payload = seal(KEY, TOPIC, _envelope())
    body, mac = payload.split(b',"mac":"')
    expected = base64.urlsafe_b64encode(hmac.new(KEY, TOPIC + b"\n" + body, hashlib.sha256).digest()).rstrip(
        b"="
    )
    assert mac == expected + b'"}'


@pytest.mark.parametrize("position", [5, 60, -20])
def test_one_flipped_byte_is_a_bad_mac(position: int) -> None:
    payload = bytearray(seal(KEY, TOPIC, _envelope()))
    payload[position] ^= 1
    with pytest.raises(BadMac):
        open_down(KEY, TOPIC, bytes(payload))


def test_a_message_played_on_another_topic_is_a_bad_mac() -> None:
    with pytest.raises(BadMac):
        open_down(KEY, TOPIC.replace(b"/up", b"/down"), seal(KEY, TOPIC, _envelope()))


def test_uuid7_holds_time_version_and_variant() -> None:
    text = uuid7(0x0123456789AB, random.Random(2))
    assert text.startswith("01234567-89ab-7")
    assert text[19] in "89ab"
    assert uuid7(1, random.Random(3)) != uuid7(1, random.Random(4))


def test_wire_time_is_utc_of_the_local_day_to_the_millisecond() -> None:
    wire = WireTime(datetime(2026, 5, 19, tzinfo=ZoneInfo("Asia/Seoul")))
    assert wire.text(8.5 * 3600 + 0.0004) == "2026-05-18T23:30:00.000Z"
    assert wire.seconds(wire.text(31234.567)) == pytest.approx(31234.567, abs=1e-6)


def test_secret_bytes_accepts_unpadded_base64url() -> None:
    assert secret_bytes(base64.urlsafe_b64encode(KEY).rstrip(b"=").decode()) == KEY
