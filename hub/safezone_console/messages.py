"""Finds every message in the pages' sources and keeps ``locale/en.po`` complete: ``python -m safezone_console.messages``.

Not used while the pages run.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
CATALOGUE = HERE / "locale" / "en.po"
_METHODS = [
    ("static/**.js", "javascript"),
    ("templates/**.html", "jinja2.ext:babel_extract"),
    ("**.py", "python"),
]
# A call within another's arguments, which Babel does not look into.
_NESTED = re.compile(r'\bt\("([^"\\]+)"')
_KEYWORDS = {"t": None, "_": None, "say": None, "words": None}


def found() -> Iterator[tuple[str, str]]:
    """Every message and where it stands."""
    options = {"templates/**.html": {"silent": "false"}, "static/**.js": {"parse_template_string": "true"}}
    for file, _line, message, _comments, _context in extract_from_dir(
        HERE, method_map=_METHODS, options_map=options, keywords=_KEYWORDS
    ):
        text = message[0] if isinstance(message, tuple) else message
        if text:
            yield str(text), str(file)
    for script in sorted((HERE / "static").glob("*.js")):
        for text in _NESTED.findall(script.read_text(encoding="utf-8")):
            yield text, f"static/{script.name}"


def held() -> Catalog:
    """The catalogue as it is on disk."""
    if not CATALOGUE.exists():
        return Catalog(locale="en")
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def update() -> list[str]:
    """Write the catalogue anew: messages no longer used go, new ones come without a translation. Returns those."""
    before, after, untranslated = held(), Catalog(locale="en", fuzzy=False), []
    for text, file in found():
        known = before.get(text)
        string = str(known.string) if known is not None and known.string else ""
        after.add(text, string, locations=[(file, 0)])
        if not string and text not in untranslated:
            untranslated.append(text)
    buffer = io.BytesIO()
    write_po(buffer, after, width=0, omit_header=True, sort_output=True, include_lineno=False)
    CATALOGUE.write_bytes(buffer.getvalue())
    return untranslated


if __name__ == "__main__":
    for message in update():
        print(message)
