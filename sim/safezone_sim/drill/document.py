"""A printed document as blocks, and its two forms: one HTML file that prints well, and PDF with the Korean font embedded.

What is in a document is decided by ``report`` and ``pack``; how it looks is decided here, once for both forms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

import pylopdf_fonts_ko
from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

INK, DIM, RULE, BAND = "#111827", "#4b5563", "#cbd5e1", "#b45309"
GOOD, BAD, NEUTRAL = "#15803d", "#b91c1c", "#64748b"


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 1


@dataclass(frozen=True)
class Para:
    text: str
    dim: bool = False


@dataclass(frozen=True)
class Notice:
    """Something nobody may overlook."""

    text: str


@dataclass(frozen=True)
class Table:
    """``widths``: shares of the line. A cell that begins with ✓, × or – is coloured."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]


@dataclass(frozen=True)
class Bars:
    """Times against targets: (label, seconds or None, target or None, met)."""

    rows: Sequence[tuple[str, float | None, float | None, bool | None]]
    language: str


@dataclass(frozen=True)
class Cards:
    """Role cards to cut out: (title, text)."""

    cards: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Checks:
    """Boxes to tick."""

    items: Sequence[str]


@dataclass(frozen=True)
class SignOff:
    """Boxes in which those responsible sign, at the right-hand margin."""

    head: str
    people: Sequence[str]


@dataclass(frozen=True)
class Picture:
    """A map picture as ``picture.picture_of`` gives it; ``language`` of its words."""

    shown: Mapping[str, Any]
    language: str


@dataclass(frozen=True)
class PageBreak:
    """``calm``: what stands small on top of the following pages instead of the band, which would frighten their readers."""

    calm: str = ""


Block = Heading | Para | Notice | Table | Bars | Cards | Checks | SignOff | Picture | PageBreak


@dataclass(frozen=True)
class Document:
    """``band``: what stands on top of every page."""

    title: str
    band: str
    blocks: Sequence[Block]
    language: str = "ko"


def paper_name(day: str, school: str, title: str, *more: str) -> str:
    """What a saved PDF is called: 2026-12-08-서울공덕초-태그버튼.pdf."""
    parts = (day, school.replace("초등학교", "초"), title.partition(":")[0], *more)
    return "-".join(p.replace(" ", "") for p in parts if p) + ".pdf"


class Words:
    """One language of the two: ``say(("가", "a"))``, ``say({"ko": "가", "en": "a"})``."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, text: tuple[str, str] | Mapping[str, str]) -> str:
        ko, en = (text["ko"], text["en"]) if isinstance(text, Mapping) else text
        return en if self.language == "en" else ko

    def duration(self, seconds: float | None) -> str:
        return duration(seconds, self.language)

    def day(self, day: str) -> str:
        return day_words(day, self.language)


def day_words(day: str, language: str = "ko") -> str:
    """2026년 12월 8일(화); Tuesday 8 December 2026. ValueError for what is no date."""
    when = date.fromisoformat(day)
    if language == "en":
        return f"{when:%A} {when.day} {when:%B %Y}"
    return f"{when.year}년 {when.month}월 {when.day}일({'월화수목금토일'[when.weekday()]})"


def duration(seconds: float | None, language: str = "ko") -> str:
    """Seconds for people, begun ones left out as on the pages: 42초, 3분 5초, 10분; 42 s, 3 min 5 s, 10 min."""
    if seconds is None:
        return "–"
    minute, second = ("분", "초") if language != "en" else (" min", " s")
    whole = int(seconds)
    if whole < 60:
        return f"{whole}{second}"
    return f"{whole // 60}{minute}" + (f" {whole % 60}{second}" if whole % 60 else "")


# --- HTML ---------------------------------------------------------------------------------------------

STYLE = """
:root{color-scheme:light}body{font:16px/1.55 "Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif;color:#111827;max-width:60rem;margin:0 auto;padding:0 1rem 3rem}
.band{background:#b45309;color:#fff;font-weight:700;text-align:center;padding:.5rem;margin:0 -1rem 1rem;letter-spacing:.05em}
h1{font-size:1.7rem;line-height:1.25;margin:.6rem 0}h2{font-size:1.25rem;margin:1.8rem 0 .5rem;border-bottom:2px solid #cbd5e1;padding-bottom:.2rem}h3{font-size:1.05rem;margin:1rem 0 .3rem}
table{border-collapse:collapse;width:100%;font-size:.93rem}th,td{border:1px solid #cbd5e1;padding:.35rem .5rem;text-align:left;vertical-align:top}th{background:#f1f5f9}tr{break-inside:avoid}
.wide{overflow-x:auto}.dim{color:#4b5563}.good{color:#15803d;font-weight:600}.bad{color:#b91c1c;font-weight:600}.notice{border:3px solid #b91c1c;padding:.7rem 1rem;font-size:1.2rem;font-weight:700}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:.8rem}.card{border:1.5px dashed #4b5563;border-radius:.4rem;padding:.6rem .9rem;break-inside:avoid}.card h3{margin-top:0}
ul.checks{list-style:none;padding:0}ul.checks li{padding-left:1.8rem;position:relative;margin:.4rem 0}ul.checks li:before{content:"☐";position:absolute;left:0;font-size:1.2rem;line-height:1.2}
table.sign{width:auto;margin:0 0 .8rem auto}table.sign td,table.sign th{text-align:center;width:5.2rem}table.sign td{height:3.4rem}table.sign th.head{width:1.6rem}
svg{width:100%;height:auto}.break{break-before:page}@page{size:A4;margin:14mm}@media print{body{font-size:10.5pt;padding:0;max-width:none}.band{margin:0 0 1rem;-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def to_html(document: Document) -> str:
    """One file, nothing fetched."""
    body = "".join(_html(b) for b in document.blocks)
    return (
        f'<!doctype html><html lang="{document.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(document.title)}</title>'
        f'<style>{STYLE}</style></head><body><div class="band" role="note">{escape(document.band)}</div><main>{body}</main></body></html>'
    )


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{_lines(text)}</h{level}>"
        case Para(text, dim):
            return f"<p{' class=dim' if dim else ''}>{_lines(text)}</p>"
        case Notice(text):
            return f'<p class="notice" role="alert">{_lines(text)}</p>'
        case Table(head, rows, widths):
            columns = "".join(f'<col style="width:{100 * w / sum(widths):.0f}%">' for w in widths)
            top = "".join(f'<th scope="col">{_lines(h)}</th>' for h in head)
            top = f"<thead><tr>{top}</tr></thead>" if any(head) else ""
            body = "".join(
                "<tr>" + "".join(f"<td{_class(c)}>{_lines(c)}</td>" for c in row) + "</tr>" for row in rows
            )
            return f'<div class="wide"><table><colgroup>{columns}</colgroup>{top}<tbody>{body}</tbody></table></div>'
        case Bars(rows, language):
            return bars_svg(rows, language)
        case Cards(cards):
            return (
                '<div class="cards">'
                + "".join(f'<div class="card"><h3>{_lines(t)}</h3><p>{_lines(x)}</p></div>' for t, x in cards)
                + "</div>"
            )
        case Checks(items):
            return '<ul class="checks">' + "".join(f"<li>{_lines(i)}</li>" for i in items) + "</ul>"
        case SignOff(head, people):
            names = "".join(f'<th scope="col">{escape(p)}</th>' for p in people)
            return (
                f'<table class="sign"><tr><th class="head" rowspan="2">{escape(head)}</th>{names}</tr>'
                f"<tr>{'<td></td>' * len(people)}</tr></table>"
            )
        case Picture(shown, language):
            return picture_svg(shown, language)
        case PageBreak(calm):
            return f'<div class="break dim">{_lines(calm)}</div>'


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _class(text: str) -> str:
    return {"✓": ' class="good"', "×": ' class="bad"'}.get(text[:1], "")


PAPER, ROAD, FOOT = "#f8fafc", "#cbd5e1", "#e2e8f0"
WAYS = {
    "child": ("#d55e00", "어린이가 간 길", "way of the child"),
    "unit": ("#0a5c9c", "출동한 차의 길", "way of a unit"),
}
GROUNDS = "#fde68a"
# Marks nearer to one another than these shares of the picture's width would cover each other: they are one marker. Every mark has a
# dot where it was; the marker stands above it, the school's below.
ONE_SPOT = (1 / 16, 1 / 32)
MARKS = {"school": "#4b5563", "alert": "#b91c1c", "arrived": "#0a5c9c", "found": "#15803d"}


def picture_svg(shown: Mapping[str, Any], language: str) -> str:
    """The map picture, 900 units wide; marks are numbered, their words stand below."""
    width, height = float(shown["width"]), float(shown["height"])
    k = 900 / width

    def path(line: Sequence[Sequence[float]]) -> str:
        return "M" + "L".join(f"{x * k:.0f} {(height - y) * k:.0f}" for x, y in line)

    parts = [f'<rect width="900" height="{height * k:.0f}" fill="{PAPER}"/>']
    parts += [f'<path d="{path(line)}Z" fill="{GROUNDS}"/>' for line in shown.get("grounds", ())]
    for foot, colour, thick in ((True, FOOT, 2), (False, ROAD, 5)):
        d = "".join(path(r["line"]) for r in shown["roads"] if r["foot"] == foot)
        parts.append(f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{thick}"/>')
    parts += [
        f'<path d="{path(way["line"])}" fill="none" stroke="{WAYS[way["who"]][0]}" stroke-width="4" stroke-opacity=".8"/>'
        for way in reversed(shown["ways"])
    ]
    parts += [
        f'<circle cx="{m["x"] * k:.0f}" cy="{(height - m["y"]) * k:.0f}" r="5" fill="{MARKS[m["kind"]]}" stroke="#fff" stroke-width="1.5"/>'
        for m in shown["marks"]
    ]
    for label, mark in spots(shown):
        x, y, half = mark["x"] * k, (height - mark["y"]) * k, 13 + 5.5 * (len(label) - 1)
        parts.append(
            f'<path d="M{x:.0f} {y:.0f}v{26 * _side(mark)}" stroke="{MARKS[mark["kind"]]}" stroke-width="3"/>'
        )
        y += 30 * _side(mark)
        parts.append(
            f'<rect x="{x - half:.0f}" y="{y - 13:.0f}" width="{2 * half:.0f}" height="26" rx="13" fill="{MARKS[mark["kind"]]}" stroke="#fff" stroke-width="2"/>'
            f'<text x="{x:.0f}" y="{y + 5:.0f}" font-size="15" font-weight="700" fill="#fff" text-anchor="middle">{label}</text>'
        )
    bar = _scale_bar(width)
    y = height * k - 14
    parts.append(
        f'<path d="M20 {y:.0f}H{20 + bar * k:.0f}" stroke="{INK}" stroke-width="3"/><text x="20" y="{y - 7:.0f}" font-size="15" fill="{INK}">{bar} m</text>'
    )
    label = "훈련의 지도" if language != "en" else "map of the drill"
    return (
        f'<svg viewBox="0 0 900 {height * k:.0f}" role="img" aria-label="{label}" font-family="sans-serif" style="border:1px solid {RULE}">'
        f'{"".join(parts)}</svg><p class="dim">{escape(picture_words(shown, language))}</p>'
    )


def spots(shown: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The markers of a map picture: their numbers («2·3·4»), and a mark whose place and colour they have."""
    wide, high = (share * float(shown["width"]) for share in ONE_SPOT)
    found: list[tuple[list[str], Mapping[str, Any]]] = []
    for n, mark in enumerate(shown["marks"], 1):
        near = next(
            (i for i, (_, m) in enumerate(found) if "school" not in (m["kind"], mark["kind"]) and abs(m["x"] - mark["x"]) < wide and abs(m["y"] - mark["y"]) < high), None
        )  # fmt: skip
        if near is None:
            found.append(([str(n)], mark))
        else:
            numbers, first = found[near]
            found[near] = ([*numbers, str(n)], {**first, "kind": mark["kind"]})
    return [("·".join(numbers), mark) for numbers, mark in found]


def _side(mark: Mapping[str, Any]) -> int:
    """Below its spot, or above."""
    return 1 if mark["kind"] == "school" else -1


def picture_words(shown: Mapping[str, Any], language: str) -> str:
    """What the numbers and the lines of a map picture mean."""
    of = 2 if language == "en" else 1
    colours = {"child": ("주황", "orange"), "unit": ("파랑", "blue")}
    marks = [f"{n} {m['text']['en' if of == 2 else 'ko']}" for n, m in enumerate(shown["marks"], 1)]
    ways = [f"{colours[w][of - 1]}: {WAYS[w][of]}" for w in WAYS if any(x["who"] == w for x in shown["ways"])]
    return " · ".join([*marks, *ways])


def _scale_bar(width_m: float) -> int:
    return next((m for m in (500, 200, 100, 50) if m < width_m / 4), 50)


def bars_svg(
    rows: Sequence[tuple[str, float | None, float | None, bool | None]], language: str = "ko"
) -> str:
    """Bars against target marks, each on its own scale: how much of the allowed time was used."""
    h = 44
    parts = []
    for n, (label, value, target, met) in enumerate(rows):
        y = n * h
        most = max(value or 0.0, target or 0.0, 1.0) * 1.1
        width = 0 if value is None else 430 * value / most
        colour = GOOD if met else BAD if met is False else NEUTRAL
        said = duration(value, language) + ("" if target is None else f" / {duration(target, language)}")
        parts.append(f'<text x="0" y="{y + 14}" font-size="13" fill="{INK}">{escape(label)}</text><rect x="0" y="{y + 20}" width="430" height="14" fill="#e2e8f0"/>'
                     f'<rect x="0" y="{y + 20}" width="{width:.1f}" height="14" fill="{colour}"/>'
                     f'<text x="440" y="{y + 32}" font-size="13" fill="{INK}">{escape(said)}</text>')  # fmt: skip
        if target is not None:
            x = 430 * target / most
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + 16}" y2="{y + 38}" stroke="{INK}" stroke-width="2"/>'
            )
    label = "걸린 시간과 목표" if language != "en" else "times against targets"
    return f'<svg viewBox="0 0 640 {len(rows) * h}" role="img" aria-label="{label}" font-family="sans-serif">{"".join(parts)}</svg>'


# --- PDF ----------------------------------------------------------------------------------------------


class _Paper(FPDF):  # type: ignore[misc]
    band = calm = coming = ""  # ``coming``: of the page that begins, while the one before gets its foot
    signed_to = 0.0  # how far down the boxes for signing reach: only the first heading stands beside them

    def header(self) -> None:
        self.calm = self.coming
        if not self.calm:
            self.set_fill_color(BAND)
            self.rect(0, 0, self.w, 10, style="F")
        self.set_text_color(DIM if self.calm else "#ffffff")
        self.set_font("ko", size=10)
        self.set_xy(0, 2)
        self.cell(self.w, 6, self.calm or self.band, align="C")
        self.set_text_color(INK)
        self.set_xy(self.l_margin, 16)

    def footer(self) -> None:
        if self.calm:  # a leaf by itself, for somebody who gets no other
            return
        self.set_y(-11)
        self.set_font("ko", size=8)
        self.set_text_color(DIM)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="C")
        self.set_text_color(INK)


def to_pdf(document: Document) -> bytes:
    """A4, the font embedded; needs no internet and no font of the system."""
    pdf = _Paper(format="A4")
    pdf.add_font("ko", fname=str(pylopdf_fonts_ko.sans_path()))
    pdf.band = document.band
    pdf.set_title(document.title)
    pdf.set_lang(document.language)
    pdf.set_margins(15, 16, 15)
    pdf.set_auto_page_break(True, margin=15)
    pdf.add_page()
    for n, block in enumerate(document.blocks):
        following = document.blocks[n + 1] if n + 1 < len(document.blocks) else None
        # A picture stays with its heading.
        if isinstance(following, Picture) and pdf.get_y() + _picture_mm(pdf, following) + 20 > pdf.h - 15:
            pdf.add_page()
        _print(pdf, block)
    return bytes(pdf.output())


def _bold(pdf: Any, width: float, height: float, text: str, **more: Any) -> None:
    """Text in the one weight that is shipped, drawn with an outline."""
    with pdf.local_context(text_mode="FILL_STROKE", line_width=0.22, draw_color=INK):
        pdf.multi_cell(width, height, text, align="L", **more)


def _print(pdf: Any, block: Block) -> None:
    match block:
        case Heading(text, level):
            size = {1: 19, 2: 14, 3: 11.5}.get(level, 11)
            if pdf.get_y() > pdf.h - 45:
                pdf.add_page()
            if level > 1 and pdf.get_y() < pdf.signed_to:
                pdf.set_y(pdf.signed_to)
            pdf.signed_to = pdf.signed_to if level == 1 else 0.0
            pdf.ln(0 if level == 1 else 3)
            pdf.set_font("ko", size=size)
            _bold(pdf, 0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT")
            pdf.ln(1.5)
        case Para(text, dim):
            pdf.set_font("ko", size=10)
            pdf.set_text_color(DIM if dim else INK)
            pdf.multi_cell(0, 5.4, text, new_x="LMARGIN", new_y="NEXT", align="L")
            pdf.set_text_color(INK)
            pdf.ln(1.5)
        case Notice(text):
            pdf.set_font("ko", size=13)
            pdf.set_text_color(BAD)
            pdf.set_draw_color(BAD)
            pdf.set_line_width(0.8)
            pdf.multi_cell(0, 8, text, border=1, padding=2, new_x="LMARGIN", new_y="NEXT", align="L")
            pdf.set_line_width(0.2)
            pdf.set_text_color(INK)
            pdf.ln(3)
        case Table(head, rows, widths):
            pdf.set_font("ko", size=8.5)
            pdf.set_draw_color(RULE)
            with pdf.table(col_widths=tuple(widths), borders_layout=TableBordersLayout.ALL, line_height=4.6, padding=1,
                           headings_style=FontFace(fill_color="#f1f5f9", emphasis=None), text_align="LEFT",
                           first_row_as_headings=any(head)) as table:  # fmt: skip
                if any(head):
                    table.row(list(head))
                for row in rows:
                    line = table.row()
                    for cell in row:
                        colour = {"✓": GOOD, "×": BAD}.get(cell[:1], INK)
                        line.cell(cell, style=FontFace(color=colour, fill_color="#ffffff"))
            pdf.ln(3)
        case Bars(rows, language):
            _print_bars(pdf, rows, language)
        case Cards(cards):
            for title, text in cards:
                pdf.set_font("ko", size=10)
                if pdf.get_y() > pdf.h - 50:
                    pdf.add_page()
                pdf.set_draw_color(DIM)
                pdf.set_dash_pattern(dash=2, gap=1)
                y = pdf.get_y()
                pdf.set_xy(pdf.l_margin + 4, y + 3)
                pdf.set_font("ko", size=12)
                _bold(pdf, pdf.epw - 8, 6, title, new_x="LEFT", new_y="NEXT")
                pdf.set_font("ko", size=10)
                pdf.multi_cell(pdf.epw - 8, 5.4, text, new_x="LEFT", new_y="NEXT", align="L")
                end = pdf.get_y() + 3
                pdf.set_draw_color(DIM)
                pdf.rect(pdf.l_margin, y, pdf.epw, end - y)
                pdf.set_dash_pattern()
                pdf.set_xy(pdf.l_margin, end + 4)
        case Checks(items):
            pdf.set_font("ko", size=10)
            for item in items:
                y = pdf.get_y()
                if y > pdf.h - 28:
                    pdf.add_page()
                    y = pdf.get_y()
                pdf.set_draw_color(INK)
                pdf.rect(pdf.l_margin, y + 0.8, 4, 4)
                pdf.set_x(pdf.l_margin + 8)
                pdf.multi_cell(pdf.epw - 8, 5.4, item, new_x="LMARGIN", new_y="NEXT", align="L")
                pdf.ln(1.5)
        case SignOff(head, people):
            wide, narrow, top = 22.0, 8.0, pdf.get_y()
            left = pdf.w - pdf.r_margin - narrow - wide * len(people)
            pdf.set_font("ko", size=9)
            pdf.set_draw_color(DIM)
            pdf.rect(left, top, narrow, 22)
            for n, letter in enumerate(head):
                pdf.set_xy(left, top + 11 - 2.5 * len(head) + 5 * n)
                pdf.cell(narrow, 5, letter, align="C")
            for n, person in enumerate(people):
                pdf.set_xy(left + narrow + n * wide, top)
                pdf.cell(wide, 6, person, border=1, align="C")
                pdf.rect(left + narrow + n * wide, top + 6, wide, 16)
            pdf.set_xy(pdf.l_margin, top)
            pdf.signed_to = top + 22.0
        case Picture(shown, language):
            _print_picture(pdf, shown, language)
        case PageBreak(calm):
            pdf.coming = calm
            pdf.add_page()


def _picture_mm(pdf: Any, block: Picture) -> float:
    return float(pdf.epw * block.shown["height"] / block.shown["width"])


def _print_picture(pdf: Any, shown: Mapping[str, Any], language: str) -> None:
    width, height = float(shown["width"]), float(shown["height"])
    k = pdf.epw / width
    if pdf.get_y() + height * k > pdf.h - 23:
        pdf.add_page()
    left, top = pdf.l_margin, pdf.get_y()

    def drawn(line: Sequence[Sequence[float]], colour: str, thick: float) -> None:
        pdf.set_draw_color(colour)
        pdf.set_line_width(thick)
        pdf.polyline([(left + x * k, top + (height - y) * k) for x, y in line])

    pdf.set_fill_color(PAPER)
    pdf.rect(left, top, width * k, height * k, style="F")
    with pdf.rect_clip(left, top, width * k, height * k):
        pdf.set_fill_color(GROUNDS)
        for line in shown.get("grounds", ()):
            pdf.polygon([(left + x * k, top + (height - y) * k) for x, y in line], style="F")
        for road in shown["roads"]:
            drawn(road["line"], FOOT if road["foot"] else ROAD, 0.4 if road["foot"] else 0.9)
        for way in reversed(shown["ways"]):
            drawn(way["line"], WAYS[way["who"]][0], 0.8)
        pdf.set_font("ko", size=8)
        pdf.set_text_color("#ffffff")
        for mark in shown["marks"]:
            pdf.set_fill_color(MARKS[mark["kind"]])
            pdf.circle(left + mark["x"] * k, top + (height - mark["y"]) * k, 1.0, style="F")
        for label, mark in spots(shown):
            x, y, half = left + mark["x"] * k, top + (height - mark["y"]) * k, 2.6 + 0.9 * (len(label) - 1)
            pdf.set_fill_color(MARKS[mark["kind"]])
            pdf.set_draw_color(MARKS[mark["kind"]])
            pdf.set_line_width(0.5)
            pdf.line(x, y, x, y + 5.5 * _side(mark))
            y += 6.0 * _side(mark)
            pdf.rect(x - half, y - 2.6, 2 * half, 5.2, style="F", round_corners=True, corner_radius=2.6)
            pdf.set_xy(x - half - 2, y - 2)
            pdf.cell(2 * half + 4, 4, label, align="C")
    pdf.set_text_color(INK)
    bar = _scale_bar(width)
    bottom = top + height * k
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.6)
    pdf.line(left + 4, bottom - 3, left + 4 + bar * k, bottom - 3)
    pdf.set_xy(left + 3, bottom - 8)
    pdf.cell(20, 4, f"{bar} m")
    pdf.set_line_width(0.2)
    pdf.set_draw_color(RULE)
    pdf.rect(left, top, width * k, height * k)
    pdf.set_xy(left, bottom + 1.5)
    pdf.set_font("ko", size=9)
    pdf.set_text_color(DIM)
    pdf.multi_cell(0, 5, picture_words(shown, language), new_x="LMARGIN", new_y="NEXT", align="L")
    pdf.set_text_color(INK)
    pdf.ln(1.5)


def _print_bars(
    pdf: Any, rows: Sequence[tuple[str, float | None, float | None, bool | None]], language: str
) -> None:
    wide = pdf.epw * 0.66
    for label, value, target, met in rows:
        if pdf.get_y() > pdf.h - 30:
            pdf.add_page()
        pdf.set_font("ko", size=9)
        pdf.cell(0, 5, label, new_x="LMARGIN", new_y="NEXT")
        y = pdf.get_y()
        most = max(value or 0.0, target or 0.0, 1.0) * 1.1
        pdf.set_fill_color("#e2e8f0")
        pdf.rect(pdf.l_margin, y, wide, 4, style="F")
        pdf.set_fill_color(GOOD if met else BAD if met is False else NEUTRAL)
        if value is not None:
            pdf.rect(pdf.l_margin, y, wide * value / most, 4, style="F")
        if target is not None:
            pdf.set_draw_color(INK)
            pdf.set_line_width(0.6)
            x = pdf.l_margin + wide * target / most
            pdf.line(x, y - 1, x, y + 5)
            pdf.set_line_width(0.2)
        said = duration(value, language) + ("" if target is None else f" / {duration(target, language)}")
        pdf.set_xy(pdf.l_margin + wide + 3, y - 0.5)
        pdf.cell(0, 5, said, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(2)
    pdf.ln(2)
