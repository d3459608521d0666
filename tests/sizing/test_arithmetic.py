"""Terms: value and formula are one; brackets stand where the value needs them."""

import pytest
from safezone_sim.sizing.arithmetic import larger, leaf, number, root, total, up

from tests.sizing.formula import evaluated

a, b, c = leaf(7, "가", "a"), leaf(2.5, "나", "b"), leaf(1234567, "다", "c")


@pytest.mark.parametrize(
    "term",
    [a + b * c, (a + b) * c, a - (b - c), a - (b + c), a / (b * c), a / (b / c), a * (b / c), up((a + b) / c) + a,
     larger(a * b, c), root(c) * b, total([a, b, c]) / total([b, c])],
)  # fmt: skip
def test_the_formula_in_figures_gives_the_value(term: object) -> None:
    assert evaluated(term.figures) == pytest.approx(term.value)  # type: ignore[attr-defined]


def test_words_follow_the_figures() -> None:
    term = (a + b) / c
    assert (term.ko, term.en, term.figures) == ("(가 + 나) ÷ 다", "(a + b) ÷ c", "(7 + 2.5) ÷ 1,234,567")


@pytest.mark.parametrize("value", [0.000123456, 0.5, 12.3456, 99999.5, 123456.7, 1e9, 3.0, 0.0])
def test_a_leaf_shows_exactly_the_value_it_has(value: float) -> None:
    term = leaf(value, "", "")
    assert float(number(term.value).replace(",", "")) == term.value
    assert term.value == pytest.approx(value, rel=1e-5)


def test_noise_of_a_float_does_not_round_up() -> None:
    assert up(leaf(0.1, "", "") * leaf(30, "", "")).value == 3
    assert up(leaf(3.01, "", "")).value == 4


def test_division_by_nothing_is_nothing() -> None:
    assert (a / leaf(0, "", "")).value == 0
