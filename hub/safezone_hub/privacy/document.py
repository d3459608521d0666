"""A small document in two languages, written as Markdown or as one HTML page that needs nothing else.

Korean first and whole, then English. Every text is data: it can hold any character and changes no markup.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from safezone_model.figures import LANGUAGES, Text

Said = Text | str  # a str is the same in both languages
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_NAMES = {"ko": "한국어", "en": "English"}
_STYLE = """
body { font: 15px/1.6 system-ui, "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", sans-serif; color: #1b1f24;
  background: #fff; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.7rem; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #c9d1d9; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .87rem; min-width: 40rem; }
th, td { border: 1px solid #c9d1d9; padding: .35rem .55rem; text-align: left; vertical-align: top; }
th { background: #eef2f6; } td { min-width: 5.5rem; overflow-wrap: anywhere; word-break: keep-all; }
.warning { border-left: .3rem solid #b35900; background: #fff6e9; padding: .6rem 1rem; }
section[lang] { margin-bottom: 4rem; }
@media print { body { margin: 0; max-width: none; } .scroll { overflow: visible; } }
"""


def both(ko: str, en: str) -> Text:
    return Text(ko, en)


@dataclass(frozen=True)
class Heading:
    level: Literal[1, 2, 3]
    text: Text


@dataclass(frozen=True)
class Paragraph:
    text: Said
    warning: bool = False


@dataclass(frozen=True)
class Bullets:
    items: tuple[Said, ...]


@dataclass(frozen=True)
class Table:
    head: tuple[Said, ...]
    rows: tuple[tuple[Said, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError("a row is longer or shorter than the head")


Block = Heading | Paragraph | Bullets | Table


@dataclass(frozen=True)
class Document:
    """Blocks in order; the first is the title."""

    blocks: tuple[Block, ...]

    def to_markdown(self) -> str:
        """CommonMark with tables."""
        return "\n\n".join(_markdown(block, lang) for lang in LANGUAGES for block in self.blocks) + "\n"

    def to_html(self) -> str:
        """One page without scripts, pictures or addresses of other hosts."""
        parts = []
        for lang in LANGUAGES:
            body = "\n".join(_html(block, lang) for block in self.blocks)
            parts.append(f'<section lang="{lang}" id="{lang}">\n{body}\n</section>')
        links = " · ".join(f'<a href="#{lang}">{_NAMES[lang]}</a>' for lang in LANGUAGES)
        title = html.escape(next(b.text.ko for b in self.blocks if isinstance(b, Heading)))
        return (
            '<!doctype html>\n<html lang="ko">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
            f"<nav>{links}</nav>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
        )


def say(text: Said, lang: str) -> str:
    return text if isinstance(text, str) else text.of(lang)


def joined(texts: Sequence[Said], between: Said = ", ") -> Text:
    """Several texts as one."""
    ko, en = (say(between, lang).join(say(text, lang) for text in texts) for lang in ("ko", "en"))
    return Text(ko, en)


# ------------------------------------------------------------------------------------ Markdown


def _plain(text: str) -> str:
    """One line in which nothing is markup. A leading number or dash would begin a list."""
    line = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", re.sub(r"^([-+=])", r"\\\1", line)).replace("&", "&amp;")


def _markdown(block: Block, lang: str) -> str:
    match block:
        case Heading():
            return "#" * block.level + " " + _plain(say(block.text, lang))
        case Paragraph():
            return ("> " if block.warning else "") + _plain(say(block.text, lang))
        case Bullets():
            return "\n".join("- " + _plain(say(item, lang)) for item in block.items)
        case Table():
            lines = [_cells(block.head, lang), "|" + " --- |" * len(block.head)]
            return "\n".join(lines + [_cells(row, lang) for row in block.rows])


def _cells(row: Iterable[Said], lang: str) -> str:
    return "| " + " | ".join(_plain(say(cell, lang)) for cell in row) + " |"


# ------------------------------------------------------------------------------------ HTML


def _html(block: Block, lang: str) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_text(block.text, lang)}</h{block.level}>"
        case Paragraph():
            kind = ' class="warning"' if block.warning else ""
            return f"<p{kind}>{_text(block.text, lang)}</p>"
        case Bullets():
            return "<ul>" + "".join(f"<li>{_text(item, lang)}</li>" for item in block.items) + "</ul>"
        case Table():
            head = "".join(f'<th scope="col">{_text(cell, lang)}</th>' for cell in block.head)
            rows = "\n".join(
                "<tr>" + "".join(f"<td>{_text(cell, lang)}</td>" for cell in row) + "</tr>"
                for row in block.rows
            )
            return (
                f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
                f"<tbody>\n{rows}\n</tbody>\n</table></div>"
            )


def _text(text: Said, lang: str) -> str:
    return html.escape(say(text, lang))
