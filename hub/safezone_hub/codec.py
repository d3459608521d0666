"""Bytes to checked messages and back: the wire's first eleven rejection reasons, and the MAC.

The order of the checks is the standard's. What is proved here needs no state but the keys;
reuse of ids and sequence numbers is the store's to see (``pipeline``).
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn, Protocol

import msgspec
from safezone_model import MESSAGES, timing

from safezone_hub.clock import parse_time
from safezone_hub.messages import DECODERS, TIME_FIELDS, TOPIC, Data, Envelope

MESSAGE_MAX_BYTES = int(timing()["message_max_bytes"])
MAX_NESTING = 32
_MAC_HEAD = b',"mac":"'
_TAIL = len(_MAC_HEAD) + 43 + len(b'"}')


class Key(NamedTuple):
    """A principal's symmetric key and what may come from it."""

    keyid: str
    secret: bytes
    role: str  # a role of messages.json: reader, bell, camera, phone, guardian, desk, clock


class Keys(Protocol):
    def key_of(self, source: str) -> Key | None:
        """The key of ``{zone}/{role}/{id}``, or None when no such principal is registered."""


class Address(NamedTuple):
    zone: str
    role: str
    id: str

    @property
    def source(self) -> str:
        return f"{self.zone}/{self.role}/{self.id}"


class Checked(NamedTuple):
    """A message up that is what it says it is."""

    address: Address
    envelope: Envelope
    data: Data
    sent_at: float  # sender's clock
    digest: bytes  # of the payload: tells a repeat from a reuse


class Rejected(Exception):
    """A message refused. ``proved`` when the MAC was right, so that the sender is answered."""

    def __init__(self, reason: str, detail: str = "", *, proved: Envelope | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.proved = reason, detail, proved


_envelope_decoder = msgspec.json.Decoder(Envelope)
_addresses: dict[str, Address] = {}


def parse_topic(topic: str) -> Address:
    """Zone, role and id of a topic up. Rejected ``bad_topic`` otherwise."""
    address = _addresses.get(topic)
    if address is None:
        match = TOPIC.fullmatch(topic)
        if match is None:
            raise Rejected("bad_topic", topic[:200])
        address = Address(*match.groups())
        if len(_addresses) < 100_000:
            _addresses[topic] = address
    return address


def check(topic: str, payload: bytes, keys: Keys) -> Checked:
    """Run every check that needs only the keys, in the standard's order. Raises Rejected."""
    if len(payload) > MESSAGE_MAX_BYTES:
        raise Rejected("too_large", f"{len(payload)} bytes, at most {MESSAGE_MAX_BYTES}")
    address = parse_topic(topic)
    _refuse_unstrict_json(payload)
    envelope = _decode_envelope(payload)
    source = address.source
    if envelope.source != source:
        raise Rejected("wrong_source", f"{envelope.source} on the topic of {source}")
    key = keys.key_of(source)
    if key is None:
        raise Rejected("unknown_sender", source)
    if key.keyid != envelope.keyid:
        raise Rejected("unknown_key", envelope.keyid)
    if not hmac.compare_digest(_mac(key.secret, topic, payload[:-_TAIL]), payload[-45:-2]):
        raise Rejected("bad_mac", source)
    kind = MESSAGES.get(envelope.type)
    if kind is None or kind.direction != "up" or key.role not in kind.roles:
        raise Rejected("bad_type", f"{envelope.type} from a {key.role}", proved=envelope)
    data = _decode_data(envelope)
    return Checked(address, envelope, data, parse_time(envelope.time), digest_of(payload))


def digest_of(payload: bytes) -> bytes:
    """Tells a repeat from a reuse."""
    return hashlib.blake2b(payload, digest_size=16).digest()


def sign(topic: str, envelope: Mapping[str, Any], secret: bytes) -> bytes:
    """The envelope's bytes with ``mac`` as its last member."""
    head = msgspec.json.encode(envelope)[:-1]
    return head + _MAC_HEAD + _mac(secret, topic, head) + b'"}'


def decode_secret(secret: str) -> bytes:
    """Bytes of a base64url secret without padding."""
    return base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))


def _mac(secret: bytes, topic: str, head: bytes) -> bytes:
    # Not by ``hmac.digest``: that lets go of the interpreter for a few microseconds of work, once or twice a message,
    # and the engine then waits for whichever thread took it.
    digest = hmac.new(secret, topic.encode() + b"\n" + head, "sha256").digest()
    return base64.urlsafe_b64encode(digest)[:43]


def _decode_envelope(payload: bytes) -> Envelope:
    try:
        envelope = _envelope_decoder.decode(payload)
        parse_time(envelope.time)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise Rejected("bad_envelope", str(error)) from None
    if bytes(envelope.data)[:1] != b"{":
        raise Rejected("bad_envelope", "data is no object")
    if payload[-_TAIL:-45] != _MAC_HEAD or payload[-2:] != b'"}':
        raise Rejected("bad_envelope", 'the payload does not end with ,"mac":"…"}')
    if payload[:1] != b"{":
        raise Rejected("bad_envelope", "white space before the payload")
    return envelope


def _decode_data(envelope: Envelope) -> Data:
    try:
        data = DECODERS[envelope.type].decode(envelope.data)
        for field in TIME_FIELDS[envelope.type]:
            parse_time(getattr(data, field))
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise Rejected("bad_data", str(error), proved=envelope) from None
    return data


# ------------------------------------------------------------------- strict JSON


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_strict = json.JSONDecoder(object_pairs_hook=_object_without_repeats, parse_constant=_refuse_constant)


def _refuse_unstrict_json(payload: bytes) -> None:
    """Refuse what lenient parsers let through: repeats, NaN, trailing data, depth, broken UTF-8."""
    try:
        value = _strict.decode(payload.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Rejected("not_json", str(error)) from None
    if payload.count(b"{") + payload.count(b"[") > MAX_NESTING and _depth(value) > MAX_NESTING:
        raise Rejected("not_json", f"nested deeper than {MAX_NESTING}")
    if not isinstance(value, dict):
        raise Rejected("bad_envelope", "not an object")


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return deepest
