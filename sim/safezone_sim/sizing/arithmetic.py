"""Numbers that carry their own arithmetic: a value, the formula in words (Korean, English) and in figures.

A cell of the report is a ``Term``; because value and formula are built by the same operation, a formula cannot tell
another story than its value. Leaves are rounded to six significant digits first, so that the figures shown give
exactly the value shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

_ATOM, _TIMES, _PLUS = 3, 2, 1


@dataclass(frozen=True)
class Term:
    """``rank`` says how tightly the formula binds, for brackets."""

    value: float
    ko: str
    en: str
    figures: str
    rank: int = _ATOM

    def __add__(self, other: "Term") -> "Term":
        return _joined(self, other, " + ", self.value + other.value, _PLUS)

    def __sub__(self, other: "Term") -> "Term":
        return _joined(self, other, " − ", self.value - other.value, _PLUS, tight=True)

    def __mul__(self, other: "Term") -> "Term":
        return _joined(self, other, " × ", self.value * other.value, _TIMES)

    def __truediv__(self, other: "Term") -> "Term":
        value = self.value / other.value if other.value else 0.0
        return _joined(self, other, " ÷ ", value, _TIMES, tight=True)

    @property
    def is_plain(self) -> bool:
        """A single number: there is nothing to follow."""
        return self.figures == number(self.value)

    def named(self, ko: str, en: str) -> "Term":
        """The result as a leaf of its own, for use in further formulas: «see that row»."""
        return leaf(self.value, ko, en)


def leaf(value: float, ko: str, en: str) -> Term:
    """A given number under its name."""
    rounded = float(f"{value:.6g}") if value != int(value) or abs(value) >= 1e15 else float(value)
    return Term(rounded, ko, en, number(rounded))


def up(term: Term) -> Term:
    """Rounded up to a whole number; noise in the last digits of a float does not count."""
    return Term(float(ceil(round(term.value, 9))), f"⌈{term.ko}⌉", f"⌈{term.en}⌉", f"⌈{term.figures}⌉", _ATOM)


def root(term: Term) -> Term:
    """Square root."""
    return Term(sqrt(term.value), f"√({term.ko})", f"√({term.en})", f"√({term.figures})", _ATOM)


def larger(a: Term, b: Term) -> Term:
    """The larger of two."""
    return Term(
        max(a.value, b.value),
        f"max({a.ko}, {b.ko})",
        f"max({a.en}, {b.en})",
        f"max({a.figures}, {b.figures})",
        _ATOM,
    )


def total(terms: Sequence[Term]) -> Term:
    """The sum; 0 for none."""
    if not terms:
        return leaf(0, "없음", "none")
    whole = terms[0]
    for term in terms[1:]:
        whole = whole + term
    return whole


def number(value: float) -> str:
    """A number as it stands in formulas: thousands separated, six significant digits, no exponent."""
    if value == int(value):
        return f"{int(value):,}"
    text = f"{value:,.6f}" if abs(value) < 1 else f"{value:,.{max(0, 5 - len(str(int(abs(value)))) + 1)}f}"
    if abs(value) < 1e-3:
        text = f"{value:.10f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _joined(a: Term, b: Term, sign: str, value: float, rank: int, *, tight: bool = False) -> Term:
    """``tight``: the right side needs brackets even at the same rank (a − (b + c), a ÷ (b × c))."""
    left = a.rank < rank
    right = b.rank < rank or (tight and b.rank == rank)

    def text(x: str, y: str) -> str:
        return f"{f'({x})' if left else x}{sign}{f'({y})' if right else y}"

    return Term(value, text(a.ko, b.ko), text(a.en, b.en), text(a.figures, b.figures), rank)
