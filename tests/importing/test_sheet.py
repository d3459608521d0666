"""Files as spreadsheets save them, and as they should not be."""

import unicodedata

import pytest
from safezone_hub.importing import BYTES_MAX, COLUMNS, KINDS, ROWS_MAX, KnownIds, Parsed, read_csv, template
from safezone_hub.importing.reading import ERRORS_MAX

from tests.hub.hub_world import ZONE
from tests.importing.school import faults, of, read, registered

KNOWN = KnownIds.from_items(ZONE, registered())
STAFF = "아이디,이름\r\ns-1,최교사\r\ns-2,정교사\r\n"


def raw(data: bytes, kind: str = "staff") -> Parsed:
    return read_csv(data, kind, ZONE, KNOWN)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_encodings_that_excel_writes(encoding: str) -> None:
    assert [s["name"] for s in of(raw(STAFF.encode(encoding)), "staff")] == ["최교사", "정교사"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_that_spreadsheets_write(separator: str) -> None:
    assert len(of(raw(STAFF.replace(",", separator).encode()), "staff")) == 2


@pytest.mark.parametrize(
    "header",
    ["ID,NAME", "id , Name *", "아 이 디,이름", "\ufeffid,name", '"id","name"', "이름,아이디,,", "Id,이름"],
)
def test_headers_in_either_language_whatever_their_form(header: str) -> None:
    row = "s-1,s-1" + "," * (header.count(",") - 1)
    assert len(of(raw(f"{header}\n{row}".encode()), "staff")) == 1


def test_hangul_in_parts_blank_rows_and_blanks_around_do_not_matter() -> None:
    text = f"이름\n\n\u3000{unicodedata.normalize('NFD', '김')}하나\u200b \n,\n"
    (staff,) = of(raw(text.replace(",\n", "\n").encode()), "staff")
    assert staff["name"] == "김하나"


def test_a_cell_in_quotation_marks_may_hold_commas_but_no_line_break() -> None:
    (unit,) = of(read('name,type,lat,lon\n"구로, ""1""",patrol,37.5086,126.8913', "unit"), "unit")
    assert unit["name"] == '구로, "1"'
    broken = raw('id,name\ns-1,"두\n줄"\ns-2,\u202e거꾸로\ns-3,정\n'.encode())
    assert faults(broken) == [(2, "name"), (4, "name")]


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "빈 파일"),
        (b"\xef\xbb\xbf \r\n\r\n", 1, "빈 파일"),
        ("이름\n".encode(), 1, "내용이 없다"),
        ("이름\n최교사\n".encode("utf-16"), 1, "CSV UTF-8"),
        (b"name\nx\n\xff\xff\n", 3, "CP949"),
        ("이름,주소\n최,서울\n".encode(), 1, "모르는 열"),
        ("이름,name\n최,최\n".encode(), 1, "두 번"),
        ("아이디\ns-1\n".encode(), 1, "‘이름’ 열이 없다"),
        ("아이디,이름\ns-1\n".encode(), 2, "칸이 1개"),
        ("아이디,이름\ns-1,최,더\n".encode(), 2, "칸이 3개"),
        ('아이디,이름\ns-1,"최교사\ns-2,정교사\n'.encode(), 2, "따옴표"),
        ('아이디,이름\ns-1,"최"교사\n'.encode(), 2, "따옴표"),
        ("아이디,이름,\ns-1,최,여분\n".encode(), 2, "머리글이 없는 열"),
        (f"이름\n{'가' * 501}\n".encode(), 2, "500자"),
        (f"이름\n{'가' * 101}\n".encode(), 2, "100자"),
        ("아이디,이름\ns-1,\n".encode(), 2, "비어 있다"),
        ("이름\n최\x00교사\n".encode(), 2, "보이지 않는"),
        (b"x" * (BYTES_MAX + 1), 1, "MB보다 크다"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(data: bytes, line: int, words: str) -> None:
    parsed = raw(data)
    assert [error.line for error in parsed.errors] == [line]
    assert words in parsed.errors[0].remedy.ko
    assert parsed.items == []


def test_too_many_rows_are_refused() -> None:
    parsed = raw(("이름\n" + "최교사\n" * (ROWS_MAX + 1)).encode())
    assert faults(parsed) == [(ROWS_MAX + 2, "")]
    assert len(of(raw(("이름\n" + "최교사\n" * ROWS_MAX).encode()), "staff")) == ROWS_MAX


def test_more_errors_than_can_be_read_are_counted() -> None:
    parsed = raw(("name,id" + "\n!!,!!" * 3000).encode())
    assert len(parsed.errors) == 3000
    columns = ",".join(column.name for column in COLUMNS["child"])
    many = raw((columns + ("\n" + ",".join(["!"] * columns.count(",") + ["!"])) * 3000).encode(), "child")
    assert len(many.errors) == ERRORS_MAX + 1
    assert "더 있다" in many.errors[-1].remedy.ko


def test_formulas_stay_text_and_do_no_harm_on_the_way_out() -> None:
    (staff,) = of(raw("이름\n=1+2\n".encode()), "staff")
    assert staff["name"] == "=1+2"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949"])
def test_a_template_is_read_as_a_sheet_without_rows(kind: str, lang: str, encoding: str) -> None:
    text = template(kind, lang)
    parsed = read_csv(text.encode(encoding), kind, ZONE, KNOWN)
    assert [(e.line, "내용이 없다" in e.remedy.ko) for e in parsed.errors] == [(1, True)]
    header = text.splitlines()[0].split(",")
    assert header == [column.ko if lang == "ko" else column.name for column in COLUMNS[kind]]


def test_a_filled_template_is_read() -> None:
    text = template("staff") + ",최교사,\r\n"
    assert len(of(raw(text.encode("utf-8-sig")), "staff")) == 1
    # Only the line below the header is passed over: a child must not vanish behind a mark.
    assert faults(raw((template("staff") + "#안내,최교사,\r\n").encode())) == [(3, "아이디")]


def test_an_unknown_kind_is_the_callers_mistake() -> None:
    with pytest.raises(KeyError):
        raw(b"", "zone")
