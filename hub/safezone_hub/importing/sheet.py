"""Bytes to rows of cells: encoding, separator, quotes, header. Knows nothing of what the columns mean.

Strict where leniency would lose children: an open quote, a row of another length or a character that does
not belong are errors, because the rest of such a file cannot be trusted to be what it seems.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from safezone_hub.importing.columns import Column, header_key
from safezone_hub.importing.faults import Error, Text, shortened

BYTES_MAX = 4 * 1024 * 1024
ROWS_MAX = 5000
CELL_MAX = 500
GUIDE_MARKS = ("#안내", "#guide")

_BLANKS = "".join(chr(c) for c in range(0x110000) if chr(c).isspace()) + "\u200b\ufeff"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class RawRow:
    """Cells by column, cleaned; ``line`` is where the row begins."""

    line: int
    cells: dict[str, str]


@dataclass(slots=True)
class Sheet:
    """What could be read. ``names`` is each column's header as the file has it."""

    rows: list[RawRow] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    errors: list[Error] = field(default_factory=list)

    def fault(self, line: int, column: str, value: str, ko: str, en: str, *, personal: bool = False) -> None:
        self.errors.append(Error(line, column, shortened(value, personal), Text(ko, en)))


def read_sheet(raw: bytes, columns: Sequence[Column]) -> Sheet:
    """Every row that is in order, and every error. Never raises."""
    sheet = Sheet()
    if len(raw) > BYTES_MAX:
        sheet.fault(
            1, "", f"{len(raw)} bytes",
            f"파일이 {BYTES_MAX // 1024 // 1024} MB보다 크다. 나누어 올린다.",
            f"larger than {BYTES_MAX // 1024 // 1024} MB: split the file",
        )  # fmt: skip
        return sheet
    text = _decode(raw, sheet)
    if text is None:
        return sheet
    if not text.strip(_BLANKS):
        sheet.fault(
            1, "", "", "빈 파일이다. 서식을 내려받아 채운다.", "the file is empty: fill in the template"
        )
        return sheet
    records = _records(text, sheet, _separator(text, columns))
    header = next(records, None)
    if header is None:
        return sheet
    placed = _header(*header, columns, sheet)
    if placed is not None:
        _rows(records, placed, len(header[1]), header[0], columns, sheet)
    return sheet


def clean(cell: str) -> str:
    """Composed characters (macOS saves Hangul in parts), no blanks around."""
    return unicodedata.normalize("NFC", cell).strip(_BLANKS)


def _decode(raw: bytes, sheet: Sheet) -> str | None:
    """UTF-8 with or without its mark, else CP949, as Excel in Korea saves it."""
    if raw.startswith(_UTF16_MARKS):
        sheet.fault(
            1, "", "UTF-16", "‘CSV UTF-8’ 형식으로 다시 저장한다.", "save the file again as «CSV UTF-8»"
        )
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp949")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        sheet.fault(
            line, "", raw[error.start : error.start + 1].hex(),
            "UTF-8도 CP949도 아닌 글자다. ‘CSV UTF-8’ 형식으로 다시 저장한다.",
            "neither UTF-8 nor CP949 here: save the file again as «CSV UTF-8»",
        )  # fmt: skip
        return None


def _separator(text: str, columns: Sequence[Column]) -> str:
    """The one that finds most known columns in the header line; Excel writes ; or tab in some settings."""
    first = next(line for line in text.splitlines() if line.strip(_BLANKS))
    known = {key for column in columns for key in column.keys}

    def found(separator: str) -> int:
        return sum(header_key(clean(cell)) in known for cell in first.split(separator))

    return max(",;\t", key=found)


def _records(text: str, sheet: Sheet, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Non-empty records and the lines they begin on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            sheet.fault(
                line, "", str(error),
                "여기서부터 읽을 수 없다. 따옴표가 열린 채 끝나지 않았는지, 너무 긴 칸이 있는지 본다.",
                "cannot be read from here on: look for a quotation mark left open, or a cell far too long",
            )  # fmt: skip
            return
        cells = [clean(cell) for cell in cells]
        if any(cells):
            yield line, cells


def _header(line: int, cells: list[str], columns: Sequence[Column], sheet: Sheet) -> dict[int, Column] | None:
    """Which column stands where; None when the rows cannot be read by this header."""
    by_key = {key: column for column in columns for key in column.keys}
    placed: dict[int, Column] = {}
    before = len(sheet.errors)
    for place, name in enumerate(cells):
        if not name:
            continue  # an empty column; a row with something in it is an error of that row
        column = by_key.get(header_key(name))
        if column is None:
            names = ", ".join(f"{c.ko}({c.name})" for c in columns)
            sheet.fault(
                line,
                name,
                name,
                f"모르는 열이다. 쓸 수 있는 열: {names}.",
                f"no such column; the columns are {names}",
            )
        elif column in placed.values():
            sheet.fault(
                line, name, name, "같은 열이 두 번 있다. 하나를 지운다.", "the same column twice: remove one"
            )
        else:
            placed[place] = column
            sheet.names[column.name] = name
    for column in columns:
        if column.required and column not in placed.values():
            sheet.fault(
                line, column.ko, "", f"‘{column.ko}’ 열이 없다.", f"the column {column.name} is missing"
            )
    return placed if len(sheet.errors) == before else None


def _rows(
    records: Iterator[tuple[int, list[str]]],
    placed: dict[int, Column],
    width: int,
    header_line: int,
    columns: Sequence[Column],
    sheet: Sheet,
) -> None:
    for line, cells in records:
        if cells[0].startswith(GUIDE_MARKS) and not sheet.rows and line == header_line + 1:
            continue
        if len(sheet.rows) >= ROWS_MAX:
            sheet.fault(
                line,
                "",
                "",
                f"{ROWS_MAX}줄보다 많다. 나누어 올린다.",
                f"more than {ROWS_MAX} rows: split the file",
            )
            return
        row = RawRow(line, {})
        # What is wrong with its shape makes the row unreadable, but not the next one.
        sheet.rows.append(row)
        if len(cells) < width or any(cells[width:]):
            sheet.fault(
                line, "", f"{len(cells)}/{width}",
                f"칸이 {len(cells)}개다. 머리글처럼 {width}개여야 한다. 쉼표가 든 값은 따옴표로 묶는다.",
                f"{len(cells)} cells, but the header has {width}: put a value with a comma in quotation marks",
            )  # fmt: skip
            continue
        for place, cell in enumerate(cells[:width]):
            column = placed.get(place)
            if column is None:
                if cell:
                    sheet.fault(
                        line, "", cell, "머리글이 없는 열에 값이 있다.", "a value in a column without a header",
                        personal=True,
                    )  # fmt: skip
            elif len(cell) > CELL_MAX:
                sheet.fault(
                    line, sheet.names[column.name], cell, f"{CELL_MAX}자보다 길다.", f"longer than {CELL_MAX} characters",
                    personal=column.personal,
                )  # fmt: skip
            elif any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") for c in cell):
                sheet.fault(
                    line, sheet.names[column.name], cell, "보이지 않는 글자나 줄바꿈이 있다. 지우고 다시 쓴다.",
                    "an invisible character or a line break: type the value again", personal=column.personal,
                )  # fmt: skip
            else:
                row.cells[column.name] = cell
