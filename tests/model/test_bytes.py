"""The byte-level examples, proved with hmac alone: no codec of hub, simulator or suite has a part in it."""

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest
from safezone_model import MESSAGES, rejections, validator
from safezone_model.checking import NotJson, check_envelope, parse

FOLDER = Path(__file__).parents[2] / "conformance" / "safezone_model" / "examples" / "bytes"
NAMES = sorted(p.stem for p in FOLDER.glob("*.json"))

TAIL = re.compile(rb',"mac":"([A-Za-z0-9_-]{43})"\}\Z')
TOPIC = re.compile(r"safezone/v1/([^/]+)/(dev|guardian|desk|peer|clock)/([^/]+)/(up|down)")


def example(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return value


def mac(key: str, topic: str, body: bytes) -> str:
    secret = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    digest = hmac.new(secret, topic.encode() + b"\n" + body, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def proved(e: dict[str, Any]) -> bool:
    payload = e["payload"].encode()
    tail = TAIL.search(payload)
    return tail is not None and mac(e["key"], e["topic"], payload[: tail.start()]) == tail[1].decode()


def loads(payload: str) -> Any:
    return json.loads(payload)


@pytest.mark.parametrize("name", NAMES)
def test_mac_is_right_or_wrong_as_stated(name: str) -> None:
    e = example(name)
    assert proved(e) is e["mac_ok"]
    if "mac" in e:
        assert e["payload"].endswith(f',"mac":"{e["mac"]}"}}')


@pytest.mark.parametrize("name", NAMES)
def test_outcome_and_reason_are_words_of_the_standard(name: str) -> None:
    expected = example(name)["expected"]
    receipted = {r.reason: r.receipt for r in rejections()}
    assert expected["by"] in ("hub", "device", "guardian")
    match expected["outcome"]:
        case "silent":
            assert receipted[expected["reason"]] is False
        case "rejected":
            assert receipted[expected["reason"]] is True
        case "ignored":
            assert expected["by"] != "hub"
            assert expected["reason"] in receipted
        case outcome:
            assert outcome in ("accepted", "duplicate")
            assert "reason" not in expected


@pytest.mark.parametrize(
    "name", [n for n in NAMES if example(n)["expected"]["outcome"] in ("accepted", "duplicate")]
)
def test_accepted_examples_are_lawful_messages(name: str) -> None:
    e = example(name)
    payload = e["payload"].encode()
    assert e["mac_ok"]
    assert check_envelope(payload, parse(payload)) == []
    zone, role, id_, way = TOPIC.fullmatch(e["topic"]).groups()  # type: ignore[union-attr]
    envelope = loads(e["payload"])
    assert MESSAGES[envelope["type"]].direction == way
    sender = f"{zone}/{role}/{id_}" if way == "up" else f"{zone}/hub/hub-1"
    assert envelope["source"] == sender
    assert envelope["keyid"] == f"{id_}-k1"


def first_reason(e: dict[str, Any], before: list[dict[str, Any]]) -> str | None:
    """The stateless checks of the hub in their order, written anew from the text of the standard."""
    payload = e["payload"].encode()
    topic = TOPIC.fullmatch(e["topic"])
    if topic is None:
        return "bad_topic"
    try:
        envelope = parse(payload)
    except NotJson:
        return "not_json"
    if not TAIL.search(payload) or not validator("envelope").is_valid(envelope):
        return "bad_envelope"
    zone, role, id_, way = topic.groups()
    if way == "down" or envelope["source"] != f"{zone}/{role}/{id_}":
        return "wrong_source"
    if id_ not in ("reader-gate-1", "guardian-0001"):
        return "unknown_sender"
    if envelope["keyid"] != f"{id_}-k1":
        return "unknown_key"
    if not proved(e):
        return "bad_mac"
    kind = MESSAGES.get(envelope["type"])
    if kind is None or ("reader" if role == "dev" else role) not in kind.roles:
        return "bad_type"
    if not validator(f"messages/{envelope['type']}").is_valid(envelope["data"]):
        return "bad_data"
    for other in before:
        if other["payload"] == e["payload"]:
            return None
        former = loads(other["payload"])
        if (former["epoch"], former["seq"]) == (envelope["epoch"], envelope["seq"]):
            return "sequence_reused"
        if former["id"] == envelope["id"]:
            return "id_reused"
    return None


@pytest.mark.parametrize("name", [n for n in NAMES if example(n)["expected"]["by"] == "hub"])
def test_reason_is_the_first_check_that_fails(name: str) -> None:
    e = example(name)
    before = [example(other) for other in e.get("after", [])]
    assert first_reason(e, before) == e["expected"].get("reason")


def test_repeat_is_byte_identical() -> None:
    e = example("up-repeat")
    assert [example(n)["payload"] for n in e["after"]] == [e["payload"]]


def test_examples_show_every_reason_that_bytes_alone_can_show() -> None:
    shown = {example(n)["expected"].get("reason") for n in NAMES}
    # One needs 64 KiB, the other an incident.
    assert {r.reason for r in rejections()} - shown == {"too_large", "action_refused"}


def test_ignored_receipts_are_unproved_or_misaddressed() -> None:
    for name in NAMES:
        e = example(name)
        if e["expected"]["outcome"] == "ignored":
            assert not e["mac_ok"], name
