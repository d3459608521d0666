"""The report itself: read back from Markdown and HTML, and what it must say."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from safezone_hub.privacy import FactCount, HubFacts, InForce, count_facts, load_model, report
from safezone_hub.privacy.document import Bullets, Document, Heading, Paragraph, Table, both
from safezone_model.figures import law

NOW = 1772593200.0  # 2026-03-04 12:00:00 in Seoul
FACTS = (
    FactCount("2026-02", "provision", "desk", "rescue", 3),
    FactCount("2026-03", "access", "guardian", "consent", 12),
    FactCount("2026-03", "view", "operator", "", 2),
)
Found = list[tuple[str, Any]]


def hub_facts(**more: Any) -> HubFacts:
    values: dict[str, Any] = {
        "zones": {"z1": "영문초등학교"},
        "timezone": "Asia/Seoul",
        "children": 396,
        "facts": FACTS,
        "consents": {"given": 380, "suspended": 4, "withdrawn": 2, "none": 10},
        "pending_erasures": 1,
        "oldest_position_at": NOW - 23 * 3600,
    }
    return HubFacts(**(values | more))


def made(in_force: InForce | None = None, **more: Any) -> Document:
    return report(load_model(), in_force or InForce(), hub_facts(**more), NOW)


class Page(HTMLParser):
    """Blocks of the page as (tag, text) or ("table", rows), by language; every tag and attribute it met."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: dict[str, Found] = {}
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self._lang, self._text = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        self.addresses += [
            v or "" for k, v in attrs if k in ("href", "src", "action", "data", "style", "onclick")
        ]
        if tag == "section":
            self._lang = values["lang"] or ""
            self.blocks[self._lang] = []
        elif tag == "table":
            self.blocks[self._lang].append(("table", []))
        elif tag == "tr":
            self.blocks[self._lang][-1][1].append([])
        if tag in ("h1", "h2", "h3", "p", "li", "th", "td", "title", "style"):
            self._text = ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self.blocks[self._lang][-1][1][-1].append(plain(self._text))
        elif tag in ("h1", "h2", "h3", "p", "li"):
            self.blocks[self._lang].append((tag, plain(self._text)))

    def handle_data(self, data: str) -> None:
        self._text += data


def plain(text: str) -> str:
    return " ".join(text.split())


def read_html(document: Document) -> Page:
    page = Page()
    page.feed(document.to_html())
    page.close()
    return page


def read_markdown(document: Document) -> Found:
    """The same blocks, out of the Markdown by a CommonMark parser."""
    found: Found = []
    tag = ""
    for token in MarkdownIt("commonmark").enable("table").parse(document.to_markdown()):
        if token.type == "table_open":
            found.append(("table", []))
        elif token.type == "tr_open":
            found[-1][1].append([])
        elif token.type in ("heading_open", "paragraph_open", "list_item_open", "th_open", "td_open"):
            tag = token.tag if not (token.type == "paragraph_open" and token.hidden) else tag
        elif token.type == "inline":
            text = plain("".join(child.content or " " for child in token.children or ()))
            if tag in ("th", "td"):
                found[-1][1][-1].append(text)
            else:
                found.append((tag, text))
    return found


def tables(document: Document, lang: str = "ko") -> list[list[list[str]]]:
    return [rows for tag, rows in read_html(document).blocks[lang] if tag == "table"]


def test_markdown_and_page_say_the_same_korean_first() -> None:
    document = made()
    page = read_html(document)
    assert list(page.blocks) == ["ko", "en"]
    assert len(page.blocks["ko"]) == len(page.blocks["en"]) > 20
    assert read_markdown(document) == page.blocks["ko"] + page.blocks["en"]


def test_page_needs_nothing_from_elsewhere() -> None:
    text = made().to_html()
    page = read_html(made())
    assert set(page.addresses) == {"#ko", "#en"}
    assert not {"script", "img", "link", "iframe", "form", "object"} & set(page.tags)
    assert "url(" not in text and "@import" not in text and "http" not in re.sub(r"http-equiv", "", text)


def test_says_first_that_it_is_no_legal_advice() -> None:
    blocks = read_html(made()).blocks
    assert any("법률 자문이 아닙니다" in text for _, text in blocks["ko"][:5])
    assert any("not legal advice" in text for _, text in blocks["en"][:5])


def test_every_duty_stands_in_the_table_and_unverified_ones_in_front() -> None:
    duties = tables(made(), "en")[0]
    assert [row[1] for row in duties[1:]] == [duty["en"] for duty in law().values()]
    front = " ".join(text for tag, text in read_html(made()).blocks["en"] if tag == "li")
    for duty in law().values():
        assert (duty["en"] in front) == (duty["status"] != "read")


def test_other_values_than_the_laws_default_are_shown_beside_it() -> None:
    values = {
        row[1]: row[2] for row in tables(made(InForce(retention_h=48, consent_required=False)), "ko")[0]
    }
    assert values[law()["retention"]["ko"]] == "위치와 경로 48시간 (기본값 위치와 경로 24시간)"
    assert values[law()["consent"]["ko"]] == "끔(시험용) (기본값 필요)"
    assert {row[1]: row[2] for row in tables(made(), "ko")[0]}[
        law()["retention"]["ko"]
    ] == "위치와 경로 24시간"


def test_inventory_names_the_childs_items_keys_and_readers() -> None:
    rows = {row[0]: row for row in tables(made(), "ko")[1]}
    child = rows["어린이 (registry/child)"]
    assert "신원: name" in child[1] and "학교생활: grade, class, number" in child[1]
    assert child[4] == "어린이의 키"
    assert "보호자(법정대리인으로서 자기 아이)" in child[6]
    assert "112" not in child[6]
    assert not any("registry/streets" in name for name in rows)


def test_periods_in_the_inventory_are_those_in_force() -> None:
    rows = {row[0]: row for row in tables(made(InForce(retention_h=12, fact_months=7)), "ko")[2]}
    assert rows["pos"][4] == "12시간"
    assert rows["log"][4] == "12시간; 7개월"


def test_facts_are_counted_by_month_and_recipient() -> None:
    assert tables(made(), "ko")[3][1:] == [
        ["2026-02", "제공", "112 상황실", "긴급구조(동의 없이도 가능)", "3"],
        ["2026-03", "열람", "보호자", "법정대리인의 동의", "12"],
        ["2026-03", "영상 열람", "112 근무자", "-", "2"],
    ]


def test_consents_and_pending_deletions() -> None:
    document = made()
    assert tables(document, "ko")[4][1:] == [
        ["동의", "380"], ["일시 중지", "4"], ["철회", "2"], ["동의 없음", "10"],
    ]  # fmt: skip
    assert ("p", "아직 끝나지 않은 삭제 요청: 1건.") in read_html(document).blocks["ko"]


@pytest.mark.parametrize(("age_h", "verdict"), [(23.0, "지킴"), (24.5, "지킴"), (25.5, "넘김")])
def test_positions_older_than_the_period_are_called_so(age_h: float, verdict: str) -> None:
    rows = tables(made(oldest_position_at=NOW - age_h * 3600), "ko")[5]
    assert rows[1][0] == "위치" and rows[1][2] == f"{age_h:.1f}" and rows[1][4] == verdict


def test_assessment_lists_what_a_risk_affects_and_leaves_the_rest_open() -> None:
    rows = tables(made(), "en")[-1]
    assert len(rows) - 1 == len(load_model().risks) >= 10
    assert {row[5] for row in rows[1:]} == {"left to the assessor"}
    offender = next(row for row in rows if row[0] == "R2")
    assert "registry/child" in offender[2] and "messages/phone.located" in offender[2]


def test_no_text_is_missing_in_one_language() -> None:
    """English has no Hangul but for names given in; Korean tables have Korean heads."""
    for tag, text in read_html(made()).blocks["en"]:
        for cell in [text] if tag != "table" else [cell for row in text for cell in row]:
            assert not re.search("[가-힣]", cell.replace("영문초등학교", "")), cell
    for rows in tables(made(), "ko"):
        assert all(re.search("[가-힣]", cell) for cell in rows[0])


def test_facts_become_counts() -> None:
    facts = [
        {"fact": "provision", "child": "c1", "to": ["desk/d1", "guardian/g1", "guardian/g2"], "basis": "rescue",
         "at": "2026-02-28T15:30:00Z"},
        {"fact": "provision", "child": "c2", "to": "desk/d1", "basis": "rescue", "at": NOW},
        {"fact": "erasure", "child": "c2", "to": [], "basis": "duty", "at": NOW},
        {"fact": "view", "at": "2026-01-01T00:00:00+09:00"},
    ]  # fmt: skip
    # 15:30 UTC on the last of February is the first of March in Seoul.
    assert count_facts(facts, "Asia/Seoul") == (
        FactCount("2026-01", "view", "", "", 1),
        FactCount("2026-03", "erasure", "", "duty", 1),
        FactCount("2026-03", "provision", "desk", "rescue", 2),
        FactCount("2026-03", "provision", "guardian", "rescue", 1),
    )
    assert "c1" not in str(count_facts(facts, "Asia/Seoul"))


words = st.text(
    st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.sampled_from("|*_`<>[]()#!&;\\~-+.1 {}'\"")),
    min_size=1,
).filter(lambda text: plain(text) != "")


@settings(max_examples=150, deadline=None)
@given(a=words, b=words, c=words)
def test_no_text_becomes_markup(a: str, b: str, c: str) -> None:
    document = Document(
        (
            Heading(1, both(f"x {a}", f"y {b}")),
            Paragraph(both(b, c), warning=True),
            Bullets((both(c, a), b)),
            Table((both(a, b), c), ((b, both(c, a)),)),
        )
    )
    page = read_html(document)
    wanted = {
        "ko": [("h1", f"x {a}"), ("p", b), ("li", c), ("li", b), ("table", [[a, c], [b, c]])],
        "en": [("h1", f"y {b}"), ("p", c), ("li", a), ("li", b), ("table", [[b, c], [b, a]])],
    }
    cleaned: dict[str, Found] = {
        lang: [
            (tag, plain(text) if isinstance(text, str) else [[plain(cell) for cell in row] for row in text])
            for tag, text in blocks
        ]
        for lang, blocks in wanted.items()
    }
    assert page.blocks == cleaned
    assert read_markdown(document) == cleaned["ko"] + cleaned["en"]


def test_a_table_with_a_short_row_is_refused() -> None:
    with pytest.raises(ValueError, match="head"):
        Table(("a", "b"), (("1",),))
