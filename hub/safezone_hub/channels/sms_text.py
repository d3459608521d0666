"""An SMS on the air: its number, its alphabet, its parts. Pure.

Parts carry a user data header with a 16-bit reference (3GPP TS 23.040, 9.2.3.24.8). The reference comes
from the delivery's id, so that a part which goes out twice is the same part to the phone.
"""

import zlib
from dataclasses import dataclass

SINGLE_OCTETS = 140
HEADER_OCTETS = 7
PARTS_MAX = 255
DEFAULT_ALPHABET, UCS2 = 0x00, 0x08
UDH_INDICATOR = 0x40

# Where the GSM default alphabet and ASCII agree. Whatever a centre takes for its default, these arrive.
_SAFE = frozenset("\n\r !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class TooLong(ValueError):
    """More parts than a header can count."""


class BadNumber(ValueError):
    """Not a telephone number."""


@dataclass(frozen=True, slots=True)
class Part:
    """One short message: its bytes, header included."""

    data_coding: int
    esm_class: int
    content: bytes


def reference_of(id_: str) -> int:
    """A 16-bit number for a delivery id, the same at every try."""
    return zlib.crc32(id_.encode()) & 0xFFFF


def parts_of(text: str, reference: int) -> list[Part]:
    """The text in one message or several. Korean goes as UCS-2: 70 characters alone, 66 a part.
    Raises TooLong."""
    if _SAFE.issuperset(text):
        # One octet a character here; the centre packs 8 into 7 for the air.
        alone, each = 160, (SINGLE_OCTETS - HEADER_OCTETS) * 8 // 7
        coding, pieces = (
            DEFAULT_ALPHABET,
            [text[i : i + each].encode("ascii") for i in range(0, len(text), each)],
        )
        if len(text) <= alone:
            return [Part(coding, 0, text.encode("ascii"))]
    else:
        encoded = text.encode("utf-16-be", "replace")
        if len(encoded) <= SINGLE_OCTETS:
            return [Part(UCS2, 0, encoded)]
        coding, pieces = UCS2, _split_ucs2(encoded, (SINGLE_OCTETS - HEADER_OCTETS) // 2 * 2)
    if len(pieces) > PARTS_MAX:
        raise TooLong
    return [
        Part(coding, UDH_INDICATOR, _header(reference, len(pieces), number) + piece)
        for number, piece in enumerate(pieces, start=1)
    ]


def _split_ucs2(encoded: bytes, each: int) -> list[bytes]:
    """Pieces of at most ``each`` octets that never part a surrogate pair."""
    pieces, start = [], 0
    while start < len(encoded):
        end = min(start + each, len(encoded))
        if end < len(encoded) and 0xD8 <= encoded[end - 2] <= 0xDB:
            end -= 2
        pieces.append(encoded[start:end])
        start = end
    return pieces


def _header(reference: int, count: int, number: int) -> bytes:
    return bytes((6, 0x08, 4, reference >> 8, reference & 0xFF, count, number))


def dialled(number: str, country_code: str) -> tuple[str, bool]:
    """The digits to send to, and whether they begin with the country's code. Raises BadNumber."""
    digits = number.translate({ord(character): None for character in " -().\t"})
    if digits.startswith("+"):
        digits, international = digits[1:], True
    elif country_code and digits.startswith("0"):
        digits, international = country_code + digits[1:], True
    else:
        international = False
    if not (digits.isascii() and digits.isdigit() and 3 <= len(digits) <= 20):
        raise BadNumber
    return digits, international
