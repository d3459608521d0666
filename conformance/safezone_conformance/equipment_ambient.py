"""What is true of every message of a device, held against each one in whatever case it comes."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from safezone_model import MESSAGES

from safezone_conformance.record import Entry, bytes_of
from safezone_conformance.wire import MAC_AT_END, Malformed, breaches, breaches_of_message, parse, unix

if TYPE_CHECKING:
    from safezone_conformance.equipment_bench import EquipmentBench, Up

TOPIC = re.compile(r"safezone/v1/([^/]+)/(dev|guardian|desk|peer|clock)/([^/]+)/up")
PADDED = re.compile(rb',"mac":"[A-Za-z0-9_+/-]{43}=+"\}\Z')
STAY_GAP_S = 6.0
TEXT_MAX = 1024  # no text of a device's message is as long; pictures and sound are
PERSONAL = (
    "name",
    "child",
    "guardian",
    "contact",
    "email",
    "e_mail",
    "telephone",
    "phone_number",
    "address",
    "birth",
    "parent",
)
OFFSET = re.compile(r"(Z|[+-]\d{2}:\d{2})\Z")
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
NUMBER = re.compile(r"(?<![\d.:-])(?:\+82|0)\d{1,2}[- ]?\d{3,4}[- ]?\d{4}(?!\d)")


def read_up(t: "EquipmentBench", entry: Entry) -> "Up":
    """A message up, held to chapters 3, 4 and 8."""
    from safezone_conformance.equipment_bench import Up

    c = entry.content
    topic, payload = str(c["topic"]), bytes_of(c["payload"])
    up = Up(entry, False, topic, payload)
    hold_topic(t, up)
    t.ambient("ALL-TOPIC-009", c["qos"] == 1, "QoS 1", f"QoS {c['qos']}", up)
    t.ambient("ALL-TOPIC-013", not c["retain"], "no retain flag", "retained", up)
    t.ambient("ALL-TOPIC-010", len(payload) <= 65536, "at most 65536 bytes", f"{len(payload)} bytes", up)
    bare = payload[:1] == b"{" and payload[-1:] == b"}"
    t.ambient(
        "ALL-ENV-005",
        bare,
        "one JSON object, nothing around it",
        repr(payload[:20] + b" ... " + payload[-20:]),
        up,
    )
    try:
        up.envelope = parse(payload)
    except Malformed as error:
        requirement = "ALL-ENV-006" if "twice" in str(error) else "ALL-ENV-005"
        t.ambient(requirement, False, "one JSON object in UTF-8, no member twice", str(error), up)
        return up
    hold_mac(t, up)
    bare_times = [x for x in times_in(up.envelope) if x and not OFFSET.search(x)]
    t.ambient("DEV-TIME-002", not bare_times, "an offset or Z in every time", bare_times, up)
    if not hold_schema(t, up):
        return up
    source = f"{t.device.zone}/dev/{t.device.id}"
    t.ambient("ALL-TOPIC-004", up.envelope["source"] == source, f"source {source}", up.envelope["source"], up)
    t.keep(up)
    if up.message is not None and up.first:
        hold_data(t, up)
    return up


def hold_topic(t: "EquipmentBench", up: "Up") -> None:
    match = TOPIC.fullmatch(up.topic)
    t.ambient(
        "ALL-TOPIC-001",
        match is not None,
        "a topic of the form safezone/v1/{zone}/{role}/{id}/up",
        up.topic,
        up,
    )
    if match is not None:
        t.ambient("SND-TOPIC-002", match[1] == t.device.zone, f"the home zone {t.device.zone}", up.topic, up)
        t.ambient("DEV-TOPIC-003", match[2] == "dev", "the role dev", up.topic, up)
        t.ambient("ALL-TOPIC-004", match[3] == t.device.id, f"the id {t.device.id}", up.topic, up)


def hold_mac(t: "EquipmentBench", up: "Up") -> None:
    ends = MAC_AT_END.search(up.payload) is not None
    t.ambient("ALL-ENV-007", ends, 'mac last, as ,"mac":"…"}', repr(up.payload[-70:]), up)
    t.ambient(
        "ALL-MAC-002",
        PADDED.search(up.payload) is None,
        "base64url without padding",
        repr(up.payload[-60:]),
        up,
    )
    mac = str(up.entry.content.get("mac"))
    fits = mac == "right"
    t.ambient(
        "ALL-MAC-001",
        fits,
        'HMAC-SHA256, under device.secret of the IXIT, of the topic, a line feed, and the bytes before ,"mac":"…"}',
        {"wrong": "another mac", "none": "no mac at the end"}.get(mac, mac),
        up,
    )
    keyid = up.envelope.get("keyid")
    t.ambient(
        "ALL-MAC-001",
        keyid == t.device.keyid,
        f"keyid {t.device.keyid} (device.keyid of the IXIT): it names the key (4.1)",
        keyid,
        up,
    )


def hold_schema(t: "EquipmentBench", up: "Up") -> bool:
    """Whether the message is well-formed enough to be looked at further."""
    wrong = breaches("envelope", up.envelope)
    t.ambient("ALL-ENV-001", not wrong, "an envelope that satisfies its schema", "; ".join(wrong), up)
    if wrong:
        return False
    type_ = up.type
    t.ambient("SND-RCPT-008", type_ not in ("receipt", "ack"), "no answer to a receipt", type_, up)
    own = type_ in MESSAGES and t.speaks(type_)
    t.ambient("ALL-ENV-002", own, f"a message that a {t.device.role} sends", type_, up)
    if not own:
        return False
    wrong = breaches_of_message(up.envelope)
    t.ambient("ALL-ENV-003", not wrong, f"data that satisfies messages/{type_}", "; ".join(wrong), up)
    return not wrong and all(_is_instant(v) for v in times_in(up.envelope))


def times_in(envelope: Mapping[str, Any]) -> list[str]:
    """The envelope's time, and those of the data."""
    data = envelope.get("data")
    named = ("first_at", "last_at", "pressed_at", "fixed_at", "dialled_at", "clock")
    found = [data[n] for n in named if n in data] if isinstance(data, Mapping) else []
    return [str(envelope.get("time", "")), *map(str, found)]


def _is_instant(text: str) -> bool:
    try:
        unix(text)
    except ValueError:
        return False
    return True


def strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value, with the name of its member."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from strings(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, name)


def personal(data: Any) -> list[str]:
    """Members that name a person or a contact."""
    found = []
    for name, text in strings(data):
        low = name.lower()
        if any(low == p or low.startswith(f"{p}_") or low.endswith(f"_{p}") for p in PERSONAL):
            found.append(name)
        elif MAIL.search(text) or NUMBER.search(text):
            found.append(f"{name}={text!r}")
    return found


def hold_data(t: "EquipmentBench", up: "Up") -> None:
    """What the data of each message must say, whatever the case is about."""
    role, data = t.device.role, up.data
    t.ambient("SND-DRILL-001", t.in_drill(up), f"exercise {t.drill}", up.envelope.get("exercise"), up)
    if role in ("bell", "reader", "tag"):
        found = personal(data)
        t.ambient("DEV-LAW-016", not found, "no name or contact of a person", found, up)
    if role == "camera":
        long = [n for n, s in strings(data) if len(s) > TEXT_MAX or s.startswith("data:")]
        t.ambient("CAMERA-CAM-007", not long, "no sound and no picture", long, up)
    if up.type == "device.status":
        same = abs(unix(str(data["clock"])) - unix(str(up.envelope["time"]))) < 0.001
        t.ambient(
            "DEV-STATUS-003",
            same,
            "clock equals the envelope's time",
            f"{data['clock']} and {up.envelope['time']}",
            up,
        )
        t.ambient("DEV-STATUS-002", data["interval_s"] < 600, "interval_s below 600", data["interval_s"], up)
    elif up.type == "tag.sighted":
        hold_sighting(t, up)
    elif up.type == "tag.called" and "antenna" in data:
        known = data["antenna"] in t.device.antennas
        t.ambient(
            "READER-TAG-005",
            known,
            f"one of the antennas {', '.join(t.device.antennas)}",
            data["antenna"],
            up,
        )


def hold_sighting(t: "EquipmentBench", up: "Up") -> None:
    data = up.data
    first, last = unix(str(data["first_at"])), unix(str(data["last_at"]))
    known = data["antenna"] in t.device.antennas
    t.ambient(
        "READER-TAG-005", known, f"one of the antennas {', '.join(t.device.antennas)}", data["antenna"], up
    )
    t.ambient(
        "READER-TAG-006",
        first <= last,
        "first_at not after last_at",
        f"{data['first_at']}, {data['last_at']}",
        up,
    )
    where = (str(data["tag"]), str(data["antenna"]))
    start = t.stays.get(str(data["stay"]))
    if data["phase"] == "start":
        t.ambient("READER-TAG-004", start is None, "a new name for a new stay", data["stay"], up)
        former = t.stay_ends.get(where)
        gap = None if former is None else first - former
        t.ambient("READER-TAG-003", gap is None or gap >= STAY_GAP_S - 0.01, "6 s or more since the stay before it at this antenna",
                  "no stay before it" if gap is None else f"{gap:.3f} s", up)  # fmt: skip
        t.stays[str(data["stay"])] = up
        return
    if start is not None:
        same = (str(start.data["tag"]), str(start.data["antenna"])) == where
        t.ambient("READER-TAG-002", same, "an end of the stay's own tag and antenna", dict(data), up)
        t.ambient(
            "READER-TAG-006",
            data["reads"] >= start.data["reads"],
            f"{start.data['reads']} reads or more",
            data["reads"],
            up,
        )
    t.stay_ends[where] = max(last, t.stay_ends.get(where, last))
