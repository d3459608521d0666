"""Malformed messages without end, from the model's own valid examples. Seeded: the same seed, the same messages.

Three depths, so that every check of a hub is reached: bytes broken after signing, topics and senders that do not fit,
and contents broken before a *valid* signature is put under them. What is broken may by chance still be valid;
emergencies with a good signature are always broken in their time, or a run would be one great alarm.
"""

import json
import random
import string
from collections.abc import Callable, Iterator
from typing import Any

from safezone_model import MESSAGES

from .district import District
from .signing import Ids, Principal, iso, keyid, signed

_ROLE_OF = {"guardian": "guardian", "desk": "desk"}
_TIMES = (
    "2026-02-30T08:00:00Z", "2026-05-18T24:00:00Z", "2026-05-18T08:31:60Z", "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999+23:59", "2026-05-18T08:31:05", "2026-05-18 08:31:05Z", "2026-05-18T08:31:05.1234567Z",
    "2026-05-18T08:31:05+25:00", "1747524665", "", "９９９９-12-31T00:00:00Z", "0001-01-01T00:00:00+23:59",
)  # fmt: skip
_NUMBERS = (
    "1e400", "-1e400", "NaN", "Infinity", "-Infinity", "9007199254740992", "-1", "1.5", "-0.0", "1e-400", "0x10", "01",
    "9" * 400, "1" + "0" * 5000, "1E+999999999", "18446744073709551616", "+1", "1.", ".5",
)  # fmt: skip
_STRINGS = (
    "", " ", "\x00", "a" * 65, "a" * 20000, "../../etc/passwd", "c0001\n", "ｃ0001", "c0001\u200b", "\u202ec0001", "é", "e\u0301",
    "💣" * 40, "'; DROP TABLE log;--", "${jndi:ldap://x}", "%s%n", "\ud800", "\udfff\ud800", "-", ".", "_a", "A" * 64, "true",
    "+", "#", "a/b", "null",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    {},
    [[]],
    {"a": 1},
    [None],
    2**53,
    -(2**63),
    1e308,
)


class _Raw(str):
    """JSON text to be put in as it is."""


def _dump(value: Any) -> str:
    """JSON, except that raw text stays raw and unpaired surrogates stay escaped."""
    if isinstance(value, _Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(k))}:{_dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dump, value)) + "]"
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value)
    return text


class Mutations:
    """``next`` gives (topic, payload). ``examples`` are (type, role of messages.json, data)."""

    def __init__(
        self,
        district: District,
        examples: list[tuple[str, str, dict[str, Any]]],
        seed: int,
        now: float,
        epoch: int,
    ) -> None:
        self._rng, self._ids, self._now, self._epoch = random.Random(seed), Ids(seed), now, epoch
        self._examples, self._zone = examples, district.zone
        self._principals = {
            role: Principal(district.zone, _ROLE_OF.get(role, "dev"), id_, epoch)
            for role, id_ in {
                "reader": "gate1", "bell": district.bell_ids[0], "camera": district.camera_ids[0],
                "phone": f"p-{district.child_ids[0]}", "guardian": f"g-{district.child_ids[0]}", "desk": "d112",
            }.items()
        }  # fmt: skip
        self._seq = 0
        self._taken: tuple[Principal, dict[str, Any]] | None = None
        self.counts: dict[str, int] = {}
        bytes_level = (
            self._flip, self._cut, self._insert, self._remove, self._double, self._splice, self._bad_utf8, self._wrap,
        )  # fmt: skip
        topic_level = (self._other_topic, self._odd_topic, self._other_sender)
        deep = (
            self._wrong_type, self._without, self._extra, self._number, self._string, self._time, self._twice_named, self._nested,
            self._other_kind, self._envelope, self._mac_place, self._reuse,
        )  # fmt: skip
        self._ways: list[tuple[Callable[[], tuple[str, bytes]], float]] = [
            *((way, 4.0) for way in bytes_level),
            *((way, 5.0) for way in topic_level),
            *((way, 4.0) for way in deep),
            (self._oversize, 0.05),
        ]
        self._cumulative = [sum(w for _, w in self._ways[: n + 1]) for n in range(len(self._ways))]

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return self

    def __next__(self) -> tuple[str, bytes]:
        way = self._rng.choices(self._ways, cum_weights=self._cumulative)[0][0]
        name = way.__name__.strip("_")
        self.counts[name] = self.counts.get(name, 0) + 1
        return way()

    # ------------------------------------------------------------------- a message to break

    def _fresh(self) -> tuple[Principal, dict[str, Any]]:
        """Sender and envelope with data, not signed, of a random example."""
        type_, role, data = self._rng.choice(self._examples)
        who = self._principals[role]
        return who, self._envelope_of(who, type_, json.loads(json.dumps(data)))

    def _envelope_of(self, who: Principal, type_: str, data: dict[str, Any]) -> dict[str, Any]:
        self._seq += 1
        return {
            "specversion": "1.0", "id": self._ids.next(self._now), "source": who.source, "type": type_,
            "time": iso(self._now), "datacontenttype": "application/json", "keyid": keyid(who.id),
            "epoch": self._epoch, "seq": self._seq, "data": data,
        }  # fmt: skip

    def _sign(self, topic: str, envelope: dict[str, Any]) -> tuple[str, bytes]:
        """A valid signature, and for an emergency a time that is none."""
        data = envelope.get("data")
        if isinstance(data, dict) and not isinstance(data, _Raw):
            for name in ("pressed_at", "dialled_at"):
                if name in data:
                    data[name] = self._rng.choice(_TIMES[:4])
        return topic, signed(topic, _dump(envelope)[:-1].encode("utf-8", "surrogatepass"))

    def _good(self) -> tuple[str, bytearray]:
        who, envelope = self._fresh()
        return who.topic, bytearray(signed(who.topic, _dump(envelope)[:-1].encode()))

    # ------------------------------------------------------------------- bytes

    def _flip(self) -> tuple[str, bytes]:
        topic, payload = self._good()
        for _ in range(self._rng.choice((1, 1, 1, 2, 8))):
            payload[self._rng.randrange(len(payload))] ^= 1 << self._rng.randrange(8)
        return topic, bytes(payload)

    def _cut(self) -> tuple[str, bytes]:
        topic, payload = self._good()
        return topic, bytes(payload[: self._rng.randrange(len(payload))])

    def _insert(self) -> tuple[str, bytes]:
        topic, payload = self._good()
        at = self._rng.randrange(len(payload))
        payload[at:at] = self._rng.randbytes(self._rng.choice((1, 1, 3, 40)))
        return topic, bytes(payload)

    def _remove(self) -> tuple[str, bytes]:
        topic, payload = self._good()
        at = self._rng.randrange(len(payload))
        del payload[at : at + self._rng.choice((1, 1, 4, 60))]
        return topic, bytes(payload)

    def _double(self) -> tuple[str, bytes]:
        topic, payload = self._good()
        return topic, bytes(payload + self._rng.choice((b"", b"\n", b",")) + payload)

    def _splice(self) -> tuple[str, bytes]:
        topic, one = self._good()
        _, other = self._good()
        return topic, bytes(one[: self._rng.randrange(len(one))] + other[self._rng.randrange(len(other)) :])

    def _bad_utf8(self) -> tuple[str, bytes]:
        topic, payload = self._good()
        bad = self._rng.choice(
            (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x82")
        )
        at = self._rng.randrange(len(payload))
        return topic, bytes(payload[:at] + bad + payload[at:])

    def _wrap(self) -> tuple[str, bytes]:
        topic, payload = self._good()
        before, after = self._rng.choice(
            (
                (b"\xef\xbb\xbf", b""),
                (b" ", b""),
                (b"", b" "),
                (b"", b"\n"),
                (b"[", b"]"),
                (b'"', b'"'),
                (b"", b"\x00"),
                (b"//", b""),
            )
        )
        return topic, before + bytes(payload) + after

    # ------------------------------------------------------------------- topic and sender

    def _other_topic(self) -> tuple[str, bytes]:
        """A good message of one sender on the topic of another."""
        _, payload = self._good()
        return self._rng.choice(list(self._principals.values())).topic, bytes(payload)

    def _odd_topic(self) -> tuple[str, bytes]:
        """Still of the form that a hub listens to."""
        rng = self._rng
        zone = rng.choice(
            (self._zone, "nowhere", "구역", "z" * 65, "", "-", self._zone.upper(), f"{self._zone} ")
        )
        role = rng.choice(("dev", "guardian", "desk", "peer", "clock", "hub", "DEV", "", "개"))
        name = rng.choice(
            (
                "gate1",
                "nobody",
                "이름",
                "x" * 65,
                "",
                ".hidden",
                "a b",
                "".join(rng.choices(string.printable[:62], k=9)),
            )
        )
        topic = f"safezone/v1/{zone}/{role}/{name}/up"
        _, envelope = self._fresh()
        if rng.random() < 0.5:
            envelope["source"] = f"{zone}/{role}/{name}"
        return self._sign(topic, envelope)

    def _other_sender(self) -> tuple[str, bytes]:
        """Unknown senders and keys, well formed."""
        who, envelope = self._fresh()
        match self._rng.randrange(4):
            case 0:
                stranger = Principal(self._zone, "dev", f"stranger{self._rng.randrange(50)}", self._epoch)
                envelope["source"] = stranger.source
                return self._sign(stranger.topic, envelope)
            case 1:
                envelope["keyid"] = self._rng.choice(("key-old", "KEY-gate1", "k"))
                return self._sign(who.topic, envelope)
            case 2:
                return who.topic, signed(who.topic, _dump(envelope)[:-1].encode(), self._rng.randbytes(32))
            case _:
                envelope["source"] = self._rng.choice(list(self._principals.values())).source
                return self._sign(who.topic, envelope)

    # ------------------------------------------------------------------- content under a valid signature

    def _somewhere(self, envelope: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """A member of the data, or now and then of the envelope."""
        place = envelope["data"] if self._rng.random() < 0.75 else envelope
        return place, self._rng.choice([k for k in place if k != "data"] or ["x"])

    def _wrong_type(self) -> tuple[str, bytes]:
        who, envelope = self._fresh()
        place, name = self._somewhere(envelope)
        place[name] = self._rng.choice(_VALUES)
        return self._sign(who.topic, envelope)

    def _without(self) -> tuple[str, bytes]:
        who, envelope = self._fresh()
        place, name = self._somewhere(envelope)
        place.pop(name, None)
        if self._rng.random() < 0.1:
            envelope.pop("data", None)
        return self._sign(who.topic, envelope)

    def _extra(self) -> tuple[str, bytes]:
        who, envelope = self._fresh()
        place = self._rng.choice((envelope, envelope["data"]))
        place[self._rng.choice(_STRINGS)] = self._rng.choice(_VALUES)
        return self._sign(who.topic, envelope)

    def _number(self) -> tuple[str, bytes]:
        who, envelope = self._fresh()
        place, name = self._somewhere(envelope)
        if self._rng.random() < 0.3:
            place, name = envelope, self._rng.choice(("seq", "epoch"))
        place[name] = _Raw(self._rng.choice(_NUMBERS))
        return self._sign(who.topic, envelope)

    def _string(self) -> tuple[str, bytes]:
        who, envelope = self._fresh()
        place, name = self._somewhere(envelope)
        place[name] = self._rng.choice(_STRINGS)
        return self._sign(who.topic, envelope)

    def _time(self) -> tuple[str, bytes]:
        who, envelope = self._fresh()
        named = [n for n in envelope["data"] if n.endswith("_at") or n in ("clock", "now")]
        if named and self._rng.random() < 0.7:
            envelope["data"][self._rng.choice(named)] = self._rng.choice(_TIMES)
        else:
            envelope["time"] = self._rng.choice(_TIMES)
        return self._sign(who.topic, envelope)

    def _twice_named(self) -> tuple[str, bytes]:
        """A member twice, in the envelope or in the data."""
        who, envelope = self._fresh()
        name = self._rng.choice([k for k in envelope if k != "data"])
        head = _dump(envelope)[:-1]
        if self._rng.random() < 0.5:
            head = head.replace("{", f'{{"{name}":{_dump(self._rng.choice(_VALUES))},', 1)
        else:
            inner = self._rng.choice(list(envelope["data"]) or ["x"])
            head = head.replace('"data":{', f'"data":{{"{inner}":{_dump(self._rng.choice(_VALUES))},', 1)
        return who.topic, signed(who.topic, head.encode())

    def _nested(self) -> tuple[str, bytes]:
        who, envelope = self._fresh()
        depth = self._rng.choice((30, 33, 100, 5000))
        opened, closed = self._rng.choice((("[", "]"), ('{"a":', "}")))
        core = "1" if opened != "[" else ""
        envelope["data"]["deep"] = _Raw(opened * depth + core + closed * depth)
        return self._sign(who.topic, envelope)

    def _other_kind(self) -> tuple[str, bytes]:
        """A type that is not this sender's, none at all, or one that only a hub sends."""
        who, envelope = self._fresh()
        allowed = envelope["type"]
        envelope["type"] = self._rng.choice([*MESSAGES, "tag.unknown", "", "TAG.CALLED", "tag", "x" * 200])
        if envelope["type"] == allowed:
            envelope["type"] = "receipt"
        return self._sign(who.topic, envelope)

    def _envelope(self) -> tuple[str, bytes]:
        """The fixed words of the envelope, and the shape of the data."""
        who, envelope = self._fresh()
        name, value = self._rng.choice(
            (
                ("specversion", "0.3"), ("specversion", 1.0), ("datacontenttype", "text/plain"), ("data", _Raw("[]")),
                ("data", _Raw("null")), ("data", _Raw('"text"')), ("data", _Raw("{}")), ("exercise", ""), ("exercise", "x" * 65),
                ("exercise", None), ("id", "0196D2A0-0001-7F34-836F-50B2F7F1613A"), ("id", "1"), ("mac", "A" * 43), ("seq", -1),
            )
        )  # fmt: skip
        envelope[name] = value
        return self._sign(who.topic, envelope)

    def _mac_place(self) -> tuple[str, bytes]:
        """The mac elsewhere than at the end, spaced, padded, or missing."""
        who, envelope = self._fresh()
        topic, payload = self._sign(who.topic, envelope)
        mac = payload[-45:-2]
        match self._rng.randrange(5):
            case 0:
                return topic, b'{"mac":"' + mac + b'",' + payload[1:-53] + b"}"
            case 1:
                return topic, payload[:-53] + b', "mac": "' + mac + b'"}'
            case 2:
                return topic, payload[:-2] + b'="}'
            case 3:
                return topic, payload[:-53] + b"}"
            case _:
                return topic, payload[:-1] + b',"more":1}'

    def _reuse(self) -> tuple[str, bytes]:
        """The id or the number of a message that was taken, for something else. Every other one is the valid first."""
        if self._taken is None:
            who, envelope = self._fresh()
            while MESSAGES[envelope["type"]].cls == "emergency":
                who, envelope = self._fresh()
            self._taken = (who, envelope)
            return self._sign(who.topic, envelope)
        (who, earlier), self._taken = self._taken, None
        envelope = self._envelope_of(who, earlier["type"], earlier["data"])
        name = self._rng.choice(("id", "seq"))
        envelope[name] = earlier[name]
        return self._sign(who.topic, envelope)

    def _oversize(self) -> tuple[str, bytes]:
        who, envelope = self._fresh()
        envelope["data"]["pad"] = "x" * self._rng.choice((65_536, 70_000, 150_000))
        return self._sign(who.topic, envelope)
