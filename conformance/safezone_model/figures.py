"""Every number that prose or a requirement quotes, by name, so that none is written twice.

Names: ``timing.…``, ``escalation.…``, ``service.{name}.limit_s|before_s|after_s``, ``evidence.{kind}.{parameter}``, ``wire.…``,
``law.{duty}.value`` and ``limit.…`` (read out of a schema). In text they stand as ``{{name}}``.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from safezone_model.loader import SERVICES, escalation, evidence, load_schema, timing

_ROOT = files("safezone_model")
_PLACEHOLDER = re.compile(r"\{\{\s*([a-z][A-Za-z0-9_.-]*)\s*\}\}")

LANGUAGES = ("ko", "en")


@dataclass(frozen=True)
class Text:
    """One sentence in both languages."""

    ko: str
    en: str

    def of(self, lang: str) -> str:
        return self.ko if lang == "ko" else self.en


@dataclass(frozen=True)
class Rejection:
    """A reason of rejection; ``receipt``: whether the sender is told."""

    reason: str
    receipt: bool
    text: Text


def text_of(entry: Mapping[str, Any]) -> Text:
    """The members ko and en of a data entry."""
    return Text(str(entry["ko"]), str(entry["en"]))


@cache
def wire() -> Mapping[str, Any]:
    """wire.json: limits, reasons, flags, capabilities and faults."""
    values: Mapping[str, Any] = json.loads((_ROOT / "wire.json").read_text(encoding="utf-8"))
    return values


@cache
def law() -> Mapping[str, Any]:
    """law.toml: duties of the law, by name."""
    return tomllib.loads((_ROOT / "law.toml").read_text(encoding="utf-8"))


@cache
def rejections() -> tuple[Rejection, ...]:
    """Reasons of rejection in the order of the checks."""
    return tuple(Rejection(r["reason"], r["receipt"], text_of(r)) for r in wire()["rejections"])


def _flat(prefix: str, value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {k: v for name, inner in value.items() for k, v in _flat(f"{prefix}.{name}", inner).items()}
    if isinstance(value, bool) or not isinstance(value, int | float):
        return {}
    return {prefix: format(value, "g") if isinstance(value, float) else str(value)}


@cache
def figures() -> Mapping[str, str]:
    """All figures as text, by name."""
    values = _flat("timing", timing()) | _flat("escalation", escalation())
    values |= _flat("evidence", evidence()) | _flat("wire", wire()["limits"])
    for s in SERVICES.values():
        spans = {"limit_s": s.limit_s, "before_s": s.before_s, "after_s": s.after_s}
        values |= _flat(f"service.{s.name}", spans)
    values |= {f"law.{name}.value": str(duty["value"]) for name, duty in law().items() if "value" in duty}
    receipts = load_schema("messages/receipt")["properties"]["receipts"]
    sequence = load_schema("envelope")["properties"]["seq"]
    return values | {
        "limit.receipts_max": str(receipts["maxItems"]),
        "limit.seq_max": str(sequence["maximum"]),
    }


def fill(text: str) -> str:
    """Put figures in the place of ``{{name}}``. KeyError names the figure that does not exist."""

    def figure(match: re.Match[str]) -> str:
        if match[1] not in figures():
            raise KeyError(f"no figure {match[1]!r}; see safezone_model.figures")
        return figures()[match[1]]

    return _PLACEHOLDER.sub(figure, text)
