"""SMPP 3.4 on the wire: the few PDUs that sending texts takes. Pure bytes, no connection."""

import re
import struct
from dataclasses import dataclass
from enum import IntEnum

HEADER_OCTETS = 16
PDU_MAX_OCTETS = 66_000
RESPONSE = 0x80000000
RECEIPT_KIND, INTERMEDIATE_KIND, KIND_MASK = 0x04, 0x20, 0x3C
VERSION = 0x34

_HEADER = struct.Struct(">IIII")
_TLV = struct.Struct(">HH")


class Command(IntEnum):
    GENERIC_NACK = 0x80000000
    SUBMIT_SM = 0x00000004
    DELIVER_SM = 0x00000005
    UNBIND = 0x00000006
    BIND_TRANSCEIVER = 0x00000009
    ENQUIRE_LINK = 0x00000015
    ALERT_NOTIFICATION = 0x00000102


class Status(IntEnum):
    """The statuses that are told apart here."""

    OK = 0x00
    INVALID_COMMAND = 0x03
    NOT_BOUND = 0x04
    QUEUE_FULL = 0x14
    THROTTLED = 0x58
    TEMPORARY = 0x64


# What no repetition will change: lengths, numbers, flags, parameters, and the application's final no.
FINAL = frozenset(
    {0x01, 0x02, 0x03, 0x06, 0x07, 0x0B, 0x0C, 0x33, 0x34, 0x40, 0x42, 0x43, 0x54}
    | {0x61, 0x62, 0x63, 0x65, 0x66, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4}
)
# What our settings are to blame for, and so every message: the sender, kinds of numbers, service and system type.
OURS = frozenset({0x0A, 0x15, 0x48, 0x49, 0x50, 0x51, 0x53})


class Tag(IntEnum):
    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class BadPdu(ValueError):
    """Bytes that are no PDU; after them nothing on the connection can be trusted."""


@dataclass(frozen=True, slots=True)
class Pdu:
    command: int
    status: int
    sequence: int
    body: bytes = b""

    def encode(self) -> bytes:
        header = _HEADER.pack(HEADER_OCTETS + len(self.body), self.command, self.status, self.sequence)
        return header + self.body


@dataclass(frozen=True, slots=True)
class Submit:
    """A text on its way out. Texts are ASCII where SMPP says «octet string»."""

    source: str
    source_ton: int
    source_npi: int
    dest: str
    dest_ton: int
    dest_npi: int
    esm_class: int
    data_coding: int
    content: bytes
    is_urgent: bool = False
    reference: int | None = None

    def body(self) -> bytes:
        """Asks for a receipt of the final fate (``registered_delivery`` = 1)."""
        tlv = b""
        if self.reference is not None:
            tlv = _TLV.pack(Tag.USER_MESSAGE_REFERENCE, 2) + struct.pack(">H", self.reference)
        return b"".join(
            (
                b"\0",  # service_type
                bytes((self.source_ton, self.source_npi)) + c_string(self.source),
                bytes((self.dest_ton, self.dest_npi)) + c_string(self.dest),
                bytes((self.esm_class, 0, 1 if self.is_urgent else 0)),  # protocol_id, priority_flag
                b"\0\0",  # schedule_delivery_time, validity_period: the centre's own
                bytes((1, 0, self.data_coding, 0, len(self.content))),
                self.content,
                tlv,
            )
        )


@dataclass(frozen=True, slots=True)
class Deliver:
    """What the centre brings: a receipt, or somebody's answer."""

    esm_class: int
    content: bytes
    tlvs: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Receipt:
    """``state`` as SMPP writes it: DELIVRD, EXPIRED, UNDELIV, …"""

    message_id: str
    state: str
    error: str


def read_header(data: bytes) -> tuple[int, int, int, int]:
    """Octets of the body, command, status, sequence. Raises BadPdu."""
    length, command, status, sequence = _HEADER.unpack(data)
    if not HEADER_OCTETS <= length <= PDU_MAX_OCTETS:
        raise BadPdu("impossible length")
    return length - HEADER_OCTETS, command, status, sequence


def c_string(text: str) -> bytes:
    return text.encode("ascii") + b"\0"


def bind_body(system_id: str, password: str, system_type: str) -> bytes:
    """Of bind_transceiver; any address range."""
    names = c_string(system_id) + c_string(password) + c_string(system_type)
    return names + bytes((VERSION, 0, 0)) + b"\0"


def read_message_id(body: bytes) -> str:
    """Of submit_sm_resp."""
    return body.partition(b"\0")[0].decode("latin-1")


def read_deliver(body: bytes) -> Deliver:
    """Raises BadPdu."""
    try:
        _service, at = _take_string(body, 0)
        _source, at = _take_string(body, at + 2)
        _dest, at = _take_string(body, at + 2)
        esm_class, at = body[at], at + 3
        _schedule, at = _take_string(body, at)
        _validity, at = _take_string(body, at)
        length = body[at + 4]
        at += 5
        content, at = body[at : at + length], at + length
        if at > len(body):
            raise BadPdu("no deliver_sm")
        tlvs: dict[int, bytes] = {}
        while at < len(body):
            tag, size = _TLV.unpack_from(body, at)
            at += _TLV.size
            tlvs[tag] = body[at : at + size]
            at += size
    except (IndexError, ValueError, struct.error):
        raise BadPdu("no deliver_sm") from None
    return Deliver(esm_class, content or tlvs.get(Tag.MESSAGE_PAYLOAD, b""), tlvs)


def _take_string(body: bytes, at: int) -> tuple[bytes, int]:
    end = body.index(b"\0", at)
    return body[at:end], end + 1


_STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_ID = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STAT = re.compile(r"\bstat:\s*([A-Z]+)", re.IGNORECASE)
_ERR = re.compile(r"\berr:\s*(\w+)", re.IGNORECASE)


def read_receipt(deliver: Deliver) -> Receipt | None:
    """The receipt in it, from its parameters or, as most centres do, from its text. None if it is none.

    Only id, stat and err are read: dates and counts are written differently by every centre.
    """
    if deliver.esm_class & KIND_MASK not in (RECEIPT_KIND, INTERMEDIATE_KIND):
        return None
    # What follows «text:» are the first words of the message itself.
    text = re.split(r"\btext:", deliver.content.decode("latin-1"), maxsplit=1, flags=re.IGNORECASE)[0]
    ids, states, errors = _ID.search(text), _STAT.search(text), _ERR.search(text)
    message_id = deliver.tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("latin-1")
    state = _STATES.get(int.from_bytes(deliver.tlvs.get(Tag.MESSAGE_STATE, b"\0"), "big"), "")
    message_id = message_id or (ids.group(1) if ids else "")
    state = state or (states.group(1).upper() if states else "")
    if not message_id or not state:
        return None
    return Receipt(message_id, state, errors.group(1) if errors else "")
