"""Korean and English. Messages are written in Korean where they are used; ``locale/en.po`` holds the English.

The catalogue is read with Babel when the pages start, so a wheel needs no compiled file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

LANGUAGES = ("ko", "en")
COOKIE = "sz-lang"


@dataclass(frozen=True)
class Words:
    """The messages of one language."""

    language: str
    messages: Mapping[str, str]

    def __call__(self, korean: str, **values: object) -> str:
        """The message in this language, its ``{names}`` filled in. A message without translation stays Korean."""
        text = self.messages.get(korean, korean)
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def as_json(self) -> str:
        """For the scripts of a page. ``<`` is escaped: it stands inside a script element."""
        return json.dumps(dict(self.messages), ensure_ascii=False).replace("<", "\\u003c")


@cache
def words(language: str) -> Words:
    """The messages of a language; Korean for one that is not known."""
    if language not in LANGUAGES or language == "ko":
        return Words("ko", {})
    with (files("safezone_console") / "locale" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return Words(language, {str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy})
