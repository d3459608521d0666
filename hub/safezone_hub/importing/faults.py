"""What is wrong in a spreadsheet, and where; in words for the school's office."""

import re
from dataclasses import dataclass
from typing import NamedTuple

SHOWN_MAX = 40


class Text(NamedTuple):
    """Words in both languages."""

    ko: str
    en: str


class Fault(Exception):
    """A cell's value is no good, for this remedy. Where it stands is for whoever reads the row."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.remedy = Text(ko, en)


@dataclass(frozen=True, slots=True)
class Error:
    """One error. ``line`` is that of the file, its first is 1; ``column`` is the header as the file has it."""

    line: int
    column: str
    value: str
    remedy: Text

    def as_problem(self) -> dict[str, str | int]:
        """An entry of ``errors`` in problem+json."""
        return {
            "line": self.line,
            "field": self.column,
            "value": self.value,
            "remedy": f"{self.remedy.ko} · {self.remedy.en}",
        }


def shortened(value: str, personal: bool) -> str:
    """What may be shown of a cell: of a personal value its first character, and the last two of a long one."""
    value = re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in value)).strip()
    if personal and value:
        return f"{value[0]}…{value[-2:] if len(value) >= 8 else ''}"
    return value if len(value) <= SHOWN_MAX else f"{value[: SHOWN_MAX - 1]}…"
