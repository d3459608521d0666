"""What goes out as a spreadsheet: templates, errors, credentials. No cell of it is ever a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from safezone_hub.importing.columns import COLUMNS, Column
from safezone_hub.importing.draft import Credential
from safezone_hub.importing.faults import Error
from safezone_hub.importing.sheet import GUIDE_MARKS

LANGUAGES = ("ko", "en")
_FORMULA_STARTS = "=+-@＝＋－＠\t\r\n"

_ERROR_HEADER = {"ko": ("줄", "열", "값", "고치는 방법"), "en": ("line", "column", "value", "remedy")}
_CREDENTIAL_HEADER = {
    "ko": ("종류", "아이디", "이름", "주체", "키 이름", "키", "브로커 비밀번호"),
    "en": ("kind", "id", "name", "principal", "keyid", "key", "broker_password"),
}
_KINDS_KO = {
    "child": "어린이", "guardian": "보호자", "device": "장치", "absence": "결석·조퇴 예정", "unit": "출동 조",
    "staff": "교직원", "operator": "상황실 근무자",
}  # fmt: skip


def template(kind: str, lang: str = "ko") -> str:
    """A header and a line of hints, which the import passes over. Write it with the encoding ``utf-8-sig`` for Excel.

    KeyError for an unknown kind or language.
    """
    columns = COLUMNS[kind]
    mark = dict(zip(LANGUAGES, GUIDE_MARKS, strict=True))[lang]
    hints = [_hint(column, lang) for column in columns]
    hints[0] = f"{mark} {hints[0]}"
    return _written([[_header(column, lang) for column in columns], hints])


def errors_csv(errors: Iterable[Error], lang: str = "ko") -> str:
    """The errors as a spreadsheet for the school's office."""
    rows = [[str(e.line), e.column, e.value, getattr(e.remedy, lang)] for e in errors]
    return _written([list(_ERROR_HEADER[lang]), *rows])


def credentials_csv(credentials: Iterable[Credential], lang: str = "ko") -> str:
    """Keys of the new principals. To be handed out and destroyed: no key can be read back from the hub."""
    rows = [[c.kind, c.id, c.name, c.source, c.keyid, c.secret, c.password] for c in credentials]
    return _written([list(_CREDENTIAL_HEADER[lang]), *rows])


def describe(kind: str) -> str:
    """The kind's columns as a Markdown table, for the documents."""
    lines = [f"**{kind}** ({_KINDS_KO[kind]})", "", "| column | 열 | | |", "|---|---|---|---|"]
    for column in COLUMNS[kind]:
        need = "required" if column.required else ""
        lines.append(f"| `{column.name}` | {column.ko} | {need} | {column.hint.en} |".replace("|  |", "| |"))
    return "\n".join(lines) + "\n"


def _header(column: Column, lang: str) -> str:
    return column.ko if lang == "ko" else column.name


def _hint(column: Column, lang: str) -> str:
    hint: str = getattr(column.hint, lang)
    needed = {"ko": "필수", "en": "required"}[lang]
    return f"({needed}) {hint}" if column.required else hint


def _written(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: str) -> str:
    """Text that a spreadsheet would calculate begins with an apostrophe instead."""
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(tuple(_FORMULA_STARTS)) else cell
