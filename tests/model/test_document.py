"""The generated document: up to date, whole, and nothing left unfilled."""

import re
from pathlib import Path

import pytest
from safezone_model import MESSAGES, REGISTRY_KINDS, SERVICES, clauses, requirements
from safezone_model.document import byte_examples, chapters, openapi, render_chapter, standard, standard_html
from safezone_model.figures import LANGUAGES, rejections

ROOT = Path(__file__).parents[2]
PROSE = ROOT / "conformance" / "safezone_model" / "prose"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_committed_document_is_up_to_date(lang: str) -> None:
    committed = (ROOT / "docs" / f"standard.{lang}.md").read_text(encoding="utf-8")
    assert committed == standard(lang), f"run: safezone model doc --lang {lang} --out docs/standard.{lang}.md"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_requirement_stands_once_in_the_document(lang: str) -> None:
    text = standard(lang)
    assert [r.id for r in requirements() if text.count(f"**{r.id}**") != 1] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_clause_has_one_heading_in_order(lang: str) -> None:
    text = standard(lang)
    wanted = [f"{'#' * (2 + n.count('.'))} {n} {title.of(lang)}" for n, title in clauses().items()]
    headings = [line for line in text.splitlines() if re.match(r"#{2,3} [0-9]", line)]
    assert headings == wanted


@pytest.mark.parametrize("lang", LANGUAGES)
def test_document_speaks_of_every_part_of_the_wire(lang: str) -> None:
    text = standard(lang)
    wanted = [f"**`{m}`**" for m in MESSAGES] + [f"`{s}`" for s in SERVICES]
    wanted += [f"#### {k} — " for k in REGISTRY_KINDS] + [f"`{r.reason}`" for r in rejections()]
    wanted += [f"`{name}.json`" for name in byte_examples()]
    wanted += [f"{method.upper()} {path}" for path, item in openapi()["paths"].items() for method in item]
    assert [w for w in wanted if w not in text] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_left_unfilled(lang: str) -> None:
    assert "{{" not in standard(lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_links_within_the_document_lead_somewhere(lang: str) -> None:
    text = standard(lang)
    anchors = set(re.findall(r'<a id="([^"]+)">', text))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_tables_are_even() -> None:
    for lang in LANGUAGES:
        width = 0
        for line in standard(lang).splitlines():
            cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
            assert width == 0 or cells in (0, width), line
            width = cells


def test_caveats_stand_in_both_languages() -> None:
    assert "**TTA 인증이 아니다**" in standard("ko")
    assert "**법률 자문이 아니다" in standard("ko")
    assert "**not a TTA certificate**" in standard("en")
    assert "**Not legal advice.**" in standard("en")


def test_chapters_come_in_pairs_with_the_same_blocks() -> None:
    names = {
        lang: sorted(p.name.removesuffix(f".{lang}.md") for p in PROSE.glob(f"*.{lang}.md"))
        for lang in LANGUAGES
    }
    assert names["ko"] == names["en"]
    block = re.compile(r"\{\{[#>][^}]*\}\}")
    for ko, en in zip(chapters("ko"), chapters("en"), strict=True):
        assert block.findall(ko) == block.findall(en)


def test_chapters_quote_figures_and_repeat_none() -> None:
    unit = re.compile(r"(?<![\w.-])[0-9]+ ?(?:s|m|min|bytes|초|분|바이트)(?![A-Za-z0-9])")
    for path in sorted(PROSE.glob("*.md")):
        assert unit.findall(path.read_text(encoding="utf-8")) == [], path.name


def test_unknown_block_and_clause_are_errors() -> None:
    with pytest.raises(KeyError, match="no block 'nothing'"):
        render_chapter("{{> nothing}}", "en")
    with pytest.raises(KeyError):
        render_chapter("{{# 99.9}}", "en")


def test_html_is_one_page_that_names_no_host() -> None:
    page = standard_html("ko")
    assert page.startswith("<!doctype html>")
    assert "<table>" in page
    assert not re.search(r'(?:src|href)="https?:', page)
    assert "%BODY%" not in page
