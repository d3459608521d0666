"""Sheets that go out: errors, credentials, the columns in the documents."""

import csv
import io
from pathlib import Path

import pytest
from safezone_hub.importing import KINDS, Error, credentials_csv, describe, errors_csv
from safezone_hub.importing.faults import Text

from tests.importing.school import LAT_LON, read

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "\r=1"])
def test_no_cell_is_a_formula(evil: str) -> None:
    error = Error(2, evil, evil, Text(evil, evil))
    for row in cells(errors_csv([error])):
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "＝")) for cell in row), row


def test_errors_in_either_language() -> None:
    error = Error(3, "이름", "김…", Text("비어 있다.", "empty"))
    assert cells(errors_csv([error])) == [
        ["줄", "열", "값", "고치는 방법"],
        ["3", "이름", "김…", "비어 있다."],
    ]
    assert cells(errors_csv([error], "en"))[1][3] == "empty"


def test_credentials_come_through_a_spreadsheet_unchanged() -> None:
    parsed = read(
        "name,grade,class,number,home_lat,home_lon,phone,guardian1_name\n"
        + "\n".join(f"x,1,1,{n},{LAT_LON},p-{n},g{n}" for n in range(1, 99))
    )
    rows = cells(credentials_csv(parsed.credentials, "en"))
    assert rows[0] == ["kind", "id", "name", "principal", "keyid", "key", "broker_password"]
    assert [(r[1], r[5], r[6]) for r in rows[1:]] == [
        (c.id, c.secret, c.password) for c in parsed.credentials
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_documents_list_the_columns(kind: str) -> None:
    assert describe(kind) in OPERATIONS.read_text(encoding="utf-8")
