"""The wire, byte by byte: the MAC, and every reason for a refusal."""

import base64
import json
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safezone_hub import codec, pipeline
from safezone_hub.codec import Key, Rejected, check
from safezone_hub.items import KINDS, ItemError, read_item
from safezone_hub.messages import DECODERS
from safezone_hub.pipeline import Work
from safezone_hub.settings import RuleSettings
from safezone_hub.store import SqliteStore
from safezone_hub.zones import Zones

from tests.hub.hub_world import SECRET, ZONE, Sender, at, iso, signed

SOURCE = f"{ZONE}/dev/bell"
TOPIC = f"safezone/v1/{ZONE}/dev/bell/up"


class OneKey:
    def key_of(self, source: str) -> Key | None:
        return Key("key-bell", codec.decode_secret(SECRET), "bell") if source == SOURCE else None


def pressed(**more: Any) -> tuple[str, bytes]:
    data = {"press": 1, "pressed_at": iso(at("15:00"))}
    return Sender("dev", "bell").message("bell.pressed", data, at("15:00"), **more)


def reason(topic: str, payload: bytes) -> str:
    with pytest.raises(Rejected) as caught:
        check(topic, payload, OneKey())
    return caught.value.reason


def test_mac_of_the_standards_own_example() -> None:
    """HMAC-SHA256 over topic, LF and the bytes before ``,"mac"``: computed here by hand."""
    secret = bytes(range(32))
    payload = codec.sign("safezone/v1/z/dev/d/down", {"a": 1}, secret)
    assert payload == b'{"a":1,"mac":"' + base64.urlsafe_b64encode(_hmac(secret)).rstrip(b"=") + b'"}'


def _hmac(secret: bytes) -> bytes:
    import hashlib
    import hmac

    return hmac.new(secret, b'safezone/v1/z/dev/d/down\n{"a":1', hashlib.sha256).digest()


def test_good_message_is_taken() -> None:
    checked = check(*pressed(), OneKey())
    assert checked.envelope.type == "bell.pressed"
    assert checked.sent_at == at("15:00")


def test_each_reason_in_its_order() -> None:
    topic, good = pressed()
    body = json.loads(good)
    assert reason(topic, b"x" * 65537) == "too_large"
    assert reason("safezone/v1/z1/dev/bell/down", good) == "bad_topic"
    assert reason("safezone/v1/z1/dev/be ll/up", good) == "bad_topic"
    for broken in (
        b"",
        b"\xff\xfe",
        b"nonsense",
        good + b"{}",
        good[:-1],
        good.replace(b'"press":1', b'"press":NaN'),
        good.replace(b'"press":1', b'"press":1,"press":2'),
        good.replace(b'"press":1', b'"press":' + b"[" * 40 + b"]" * 40),
        b"[" * 30000 + b"]" * 30000,
        good.decode().encode("utf-16"),
    ):
        assert reason(topic, broken) == "not_json", broken[:60]
    assert reason(topic, b"[]") == "bad_envelope"
    assert reason(*pressed(specversion="2.0")) == "bad_envelope"
    assert reason(*pressed(time="2026-02-30T00:00:00Z")) == "bad_envelope"
    assert reason(*pressed(exercise=None)) == "bad_envelope"
    assert reason(*pressed(epoch=-1)) == "bad_envelope"
    assert reason(topic, json.dumps({"mac": body.pop("mac"), **body}).encode()) == "bad_envelope"
    assert reason(*pressed(source="z1/dev/other")) == "wrong_source"
    other = Sender("dev", "stranger")
    assert reason(*other.message("bell.pressed", {"press": 1, "pressed_at": iso(0)}, 0)) == "unknown_sender"
    assert reason(*pressed(keyid="old-key")) == "unknown_key"
    assert reason(topic, good[:-3] + (b"A" if good[-3:-2] != b"A" else b"B") + b'"}') == "bad_mac"
    assert reason(topic, signed("safezone/v1/z1/dev/bell/down", body)) == "bad_mac"
    for wrong_type in ("tag.called", "alert", "no.such"):
        assert reason(*pressed(**{"type": wrong_type})) == "bad_type"
    for wrong in ({"press": "1"}, {"press": -1}, {"pressed_at": "2026-13-01T00:00:00Z"}, {"press": None}):
        data = {"press": 1, "pressed_at": iso(0)} | wrong
        assert reason(*pressed(data=data)) == "bad_data"


def test_only_proved_senders_are_answered() -> None:
    with pytest.raises(Rejected) as unproved:
        check(pressed()[0], pressed()[1].replace(b'"press":1', b'"press":2'), OneKey())
    assert unproved.value.proved is None
    with pytest.raises(Rejected) as proved:
        check(*pressed(type="no.such"), OneKey())
    assert proved.value.proved is not None


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_and_never_more(payload: bytes) -> None:
    with pytest.raises(Rejected):
        check(TOPIC, payload, OneKey())


@given(st.integers(0, 500), st.integers(0, 255))
def test_one_changed_byte_is_refused(place: int, byte: int) -> None:
    topic, good = pressed()
    place %= len(good)
    if good[place] != byte:
        with pytest.raises(Rejected):
            check(topic, good[:place] + bytes([byte]) + good[place + 1 :], OneKey())


EXAMPLES = Path(str(files("safezone_model"))) / "examples"


GATE_KEY = "lMF1kNm5M9oV_VbUl6AzzvtX_g80VKpKn_Hg63fcjP8"


def up_examples() -> list[Any]:
    paths = sorted((EXAMPLES / "bytes").glob("*.json"))
    return [
        pytest.param(p, id=p.stem) for p in paths if json.loads(p.read_bytes())["expected"]["by"] == "hub"
    ]


@pytest.mark.parametrize("path", up_examples())
def test_byte_examples_of_the_standard(path: Path, tmp_path: Path) -> None:
    """Through the hub's whole pipeline, with a store: what the sender is answered, and why not."""
    store = SqliteStore(tmp_path / "hub.sqlite")
    zones = Zones(store, RuleSettings(), "hub")
    example = json.loads(path.read_bytes())
    gate, guardian = "reader-gate-1", "guardian-0001"
    base = {"zone": "seoul-example-1", "nature": "simulated"}
    for item in (
        {**base, "kind": "device", "id": gate, "type": "reader", "key": {"keyid": f"{gate}-k1", "secret": GATE_KEY}},
        {**base, "kind": "device", "id": "reader-pole-2", "type": "reader", "key": {"keyid": "reader-pole-2-k1", "secret": SECRET}},
        {**base, "kind": "guardian", "id": guardian, "name": "x", "children": ["c"],
         "key": {"keyid": f"{guardian}-k1", "secret": example["key"]}},
    ):  # fmt: skip
        zones.registry.put(item, read_item(item))
    for earlier in (*example.get("after", ()), path.stem):
        sent = json.loads((path.parent / f"{earlier}.json").read_bytes())
        work = Work()
        message = pipeline.begin(zones, work, sent["topic"], sent["payload"].encode(), at("15:00"))
        pipeline.look_up(zones, work, [message])
        pipeline.run(zones, work, message)
        store.write(work.batch)
    expected = example["expected"]
    receipts = [receipt for _, receipt, _ in work.receipts]
    if expected["outcome"] == "silent":
        assert receipts == []
        assert [row[4] for row in work.batch.rejections] == [expected["reason"]]
    else:
        assert [r["status"] for r in receipts] == [expected["outcome"]]
        assert receipts[0].get("reason") == expected.get("reason")


def examples(folder: str, names: Iterable[str]) -> list[Any]:
    found = [p for name in names for p in sorted((EXAMPLES / folder / name).glob("*valid/*.json"))]
    return [pytest.param(p, id=f"{p.parents[1].name}-{p.parent.name}-{p.stem}") for p in found]


def example(path: Path) -> Any:
    """What the file shows; of an invalid example the value that is wrong."""
    shown = json.loads(path.read_bytes())
    return shown["value"] if path.parent.name == "invalid" else shown


@pytest.mark.parametrize("path", examples("messages", DECODERS))
def test_structs_take_what_the_message_schemas_take(path: Path) -> None:
    try:
        value = msgspec.convert(example(path), DECODERS[path.parents[1].name].type)
        for field in codec.TIME_FIELDS[path.parents[1].name]:
            codec.parse_time(getattr(value, field))
        taken = True
    except (msgspec.ValidationError, ValueError):
        taken = False
    assert taken == (path.parent.name == "valid")


@pytest.mark.parametrize("path", examples("registry", KINDS))
def test_structs_take_what_the_registry_schemas_take(path: Path) -> None:
    try:
        read_item(example(path))
        taken = True
    except ItemError:
        taken = False
    assert taken == (path.parent.name == "valid")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, id=f"{p.parent.name}-{p.stem}")
        for p in sorted((EXAMPLES / "envelope").glob("*valid/*.json"))
    ],
)
def test_structs_take_what_the_envelope_schema_takes(path: Path) -> None:
    value = example(path)
    value.setdefault("data", {})
    try:
        decoded = msgspec.json.decode(msgspec.json.encode(value), type=codec.Envelope)
        taken = bytes(decoded.data).startswith(b"{")
    except msgspec.ValidationError:
        taken = False
    assert taken == (path.parent.name == "valid")
