"""Cells to values: one small parser a sort of cell. A parser takes text that is not empty and raises Fault."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from safezone_hub.importing.faults import Fault

Parser = Callable[[str], Any]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_SEAT = re.compile(r"([1-6])(?:-|학년 ?)([0-9]{1,2})(?:-|반 ?)([0-9]{1,2})(?:번)?\Z", re.ASCII)
_DATE = re.compile(r"([0-9]{4})(?:-|/|\. ?)([0-9]{1,2})(?:-|/|\. ?)([0-9]{1,2})\.?\Z")
_PHONE = re.compile(r"\+?[0-9][0-9-]{5,19}\Z")
_EMAIL = re.compile(r"[^@\s,;]{1,64}@[^@\s,;]{1,255}\Z")
_URL = re.compile(r"(https?|rtsps?)://[^\s/]+(/\S*)?\Z")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00)?\Z")

Seat = tuple[int, int, int]  # grade, class, number


def text(longest: int = 100) -> Parser:
    def parse(cell: str) -> str:
        if len(cell) > longest:
            raise Fault(f"{longest}자 이하로 쓴다.", f"use at most {longest} characters")
        return cell

    return parse


def identifier(cell: str) -> str:
    if not _ID.match(cell):
        raise Fault(
            "영문·숫자로 시작하고 영문·숫자·점·밑줄·붙임표만 쓴 64자 이하의 아이디를 쓴다.",
            "use an id of letters, digits, dot, underscore, hyphen, up to 64, beginning with a letter or digit",
        )
    return cell


def child_reference(cell: str) -> str | Seat:
    """A child's id, or grade-class-number: 3-2-15, or 3학년 2반 15번, which no spreadsheet takes for a date."""
    seat = _SEAT.match(cell)
    if seat is not None:
        return int(seat[1]), int(seat[2]), int(seat[3])
    if _DATE.match(cell):
        raise Fault(
            "학년-반-번호가 날짜로 바뀌었다. 칸 서식을 ‘텍스트’로 바꾸거나 3학년2반15번처럼 쓴다.",
            "grade-class-number was taken for a date: format the cell as text, or write 3학년2반15번",
        )
    return identifier(cell)


def child_references(cell: str) -> list[str | Seat]:
    found: list[str | Seat] = many(child_reference)(re.sub(r"(학년|반)\s+", r"\1", cell))
    return found


def many(parse: Parser) -> Parser:
    """Several values in a cell, divided by ; or | or a comma."""

    def parse_all(cell: str) -> list[Any]:
        found = [parse(part) for part in re.split(r"[;,|\s]+", cell) if part]
        if len(set(found)) != len(found):
            raise Fault("같은 값이 두 번 있다.", "the same value twice")
        return found

    return parse_all


def whole(least: int, most: int, unit: str = "") -> Parser:
    """A whole number, its unit (학년, 반, 번) may follow."""

    def parse(cell: str) -> int:
        digits = cell.removesuffix(unit).strip() if unit else cell
        if not re.fullmatch(r"[0-9]{1,4}", digits, re.ASCII) or not least <= int(digits) <= most:
            raise Fault(
                f"{least}부터 {most}까지의 정수를 쓴다.", f"use a whole number from {least} to {most}"
            )
        return int(digits)

    return parse


def decimal(least: float, most: float) -> Parser:
    def parse(cell: str) -> float:
        if (
            not re.fullmatch(r"-?[0-9]{1,6}(\.[0-9]{1,12})?", cell, re.ASCII)
            or not least <= float(cell) <= most
        ):
            raise Fault(
                f"{least:g}부터 {most:g}까지의 수를 쓴다.", f"use a number from {least:g} to {most:g}"
            )
        return float(cell)

    return parse


def latitude(cell: str) -> float:
    return _degrees(cell, 90.0, "위도", "latitude", "37.5086")


def longitude(cell: str) -> float:
    return _degrees(cell, 180.0, "경도", "longitude", "126.8913")


def _degrees(cell: str, most: float, ko: str, en: str, example: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,12})?", cell, re.ASCII) or abs(float(cell)) > most:
        raise Fault(
            f"{ko}를 도 단위 십진수로 쓴다(예: {example}).", f"use decimal degrees of {en}, such as {example}"
        )
    return float(cell)


def choice(words: Mapping[str, str]) -> Parser:
    """One of some words, in either language; the value of the mapping is what the registry says."""
    by_word = {word.casefold(): value for word, value in words.items()}
    allowed = ", ".join(words)

    def parse(cell: str) -> str:
        found = by_word.get(cell.casefold())
        if found is None:
            raise Fault(f"다음 가운데 하나를 쓴다: {allowed}.", f"use one of {allowed}")
        return found

    return parse


_YES = choice(
    {"예": "1", "아니오": "", "Y": "1", "N": "", "O": "1", "X": "", "yes": "1", "no": "", "1": "1", "0": ""}
)


def yes_no(cell: str) -> bool:
    return bool(_YES(cell))


def day(cell: str) -> str:
    """YYYY-MM-DD, whichever way Excel wrote it. Day and month first is refused: nobody knows which is which."""
    match = _DATE.match(cell) or re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", cell, re.ASCII)
    try:
        assert match is not None
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except (AssertionError, ValueError):
        raise Fault(
            "있는 날짜를 2026-03-04처럼 쓴다.", "use an existing date written as 2026-03-04"
        ) from None


def clock_time(cell: str) -> str:
    match = _CLOCK.match(cell)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise Fault("시각을 19:00처럼 쓴다.", "use a time of day written as 19:00")
    return f"{int(match[1]):02d}:{match[2]}"


def phone(cell: str) -> str:
    """As typed, without spaces. A zero that Excel took away is not guessed back."""
    number = re.sub(r"[\s.()]", "", cell).replace("–", "-")
    if re.fullmatch(r"1[0-9]{8,9}", number.replace("-", ""), re.ASCII):
        raise Fault(
            "앞의 0이 사라졌다. 칸 서식을 ‘텍스트’로 바꾸고 010-0000-0000처럼 쓴다.",
            "the leading 0 is lost: format the cell as text and write 010-0000-0000",
        )
    if not _PHONE.match(number) or not number.isascii() or not number.startswith(("0", "+")):
        raise Fault("전화번호를 010-0000-0000처럼 쓴다.", "use a telephone number written as 010-0000-0000")
    return number


def email(cell: str) -> str:
    if not _EMAIL.match(cell) or not cell.isascii():
        raise Fault(
            "전자우편 주소를 name@example.org처럼 쓴다.", "use a mail address written as name@example.org"
        )
    return cell


def url(cell: str) -> str:
    if not _URL.match(cell) or not cell.isascii():
        raise Fault("http, https, rtsp 주소를 쓴다.", "use an http, https or rtsp address")
    return cell


def preset(cell: str) -> tuple[str, float]:
    """``west:270``: a preset and its bearing in degrees."""
    name, _, bearing = cell.partition(":")
    value = decimal(0, 360)(bearing) if bearing else 360.0
    if value >= 360:
        raise Fault(
            "‘이름:방위(0~359)’로 쓴다. 예: west:270.", "write name:bearing (0–359), such as west:270"
        )
    return identifier(name), value


def plain_number(address: str) -> str:
    """One form of a telephone number, to tell whether two are the same: digits, in Korea's own form."""
    digits = re.sub(r"[^0-9+]", "", address)
    return f"0{digits[3:]}" if digits.startswith("+82") else digits
