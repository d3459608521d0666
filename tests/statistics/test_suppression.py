"""Nothing hidden can be solved for: random tables against an attacker of another make."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safezone_hub.statistics.suppression import SHOWN, SMALL, Sum, suppress

from tests.statistics.attack import spans

THRESHOLD = 5


def table(grid: list[list[int]], fold: int = 0) -> tuple[dict[Any, int], list[Sum[Any]], list[Any]]:
    """Rows × columns with both margins; rows folded by ``fold`` into a level between, if it is given."""
    values: dict[Any, int] = {}
    sums: list[Sum[Any]] = []
    columns = range(len(grid[0]))

    def put(name: str, numbers: list[int]) -> None:
        for c, number in enumerate(numbers):
            values[name, c] = number
        values[name, "all"] = sum(numbers)
        sums.append(Sum((name, "all"), tuple((name, c) for c in columns)))

    def add(name: str, parts: list[str]) -> None:
        put(name, [sum(values[part, c] for part in parts) for c in columns])
        sums.extend(Sum((name, c), tuple((part, c) for part in parts)) for c in (*columns, "all"))

    for r, numbers in enumerate(grid):
        put(f"r{r}", numbers)
    names = [f"r{r}" for r in range(len(grid))]
    families = [names]
    if fold:
        families = [names[i : i + fold] for i in range(0, len(names), fold)]
        for i, family in enumerate(families):
            add(f"f{i}", family)
        names = [f"f{i}" for i in range(len(families))]
    add("total", names)
    twins = [[[(row, c) for c in (*columns, "all")] for row in family] for family in families]
    return values, sums, twins


def attack(
    values: dict[Any, int], sums: list[Sum[Any]], marks: dict[Any, str]
) -> dict[Any, tuple[float, float]]:
    cells = {
        key: {"count": number} if marks[key] == SHOWN else {"count": None, "hidden": marks[key]}
        for key, number in values.items()
    }
    return spans(cells, [(each.total, list(each.parts)) for each in sums], THRESHOLD)


grids = st.integers(1, 5).flatmap(
    lambda n: st.lists(
        st.lists(st.one_of(st.integers(0, 6), st.integers(0, 40)), min_size=n, max_size=n),
        min_size=1,
        max_size=6,
    )
)


@settings(max_examples=25, deadline=None)
@given(grid=grids, fold=st.sampled_from([0, 2, 3]))
@example(grid=[[5, 0, 0]], fold=0)
@example(grid=[[4, 4]], fold=0)
@example(grid=[[0, 0], [0, 7]], fold=2)
@example(grid=[[5]], fold=0)
@example(grid=[[5, 0], [0, 5]], fold=0)
@example(grid=[[4, 30, 31], [32, 33, 34], [35, 36, 37]], fold=0)
def test_no_hidden_number_can_be_found(grid: list[list[int]], fold: int) -> None:
    values, sums, twins = table(grid, fold)
    marks = suppress(values, sums, THRESHOLD, twins=twins)
    assert all(values[key] >= THRESHOLD for key, mark in marks.items() if mark == SHOWN)
    assert all((values[key] < THRESHOLD) == (mark == SMALL) for key, mark in marks.items() if mark != SHOWN)
    for key, (low, high) in attack(values, sums, marks).items():
        assert low - 1e-6 <= values[key] <= high + 1e-6
        assert high - low >= 1 - 1e-6, f"{key} is {values[key]}, found between {low} and {high}"


def test_a_small_number_can_be_anything_its_mark_allows() -> None:
    grid = [[4, 30, 31], [32, 33, 34], [35, 36, 37]]
    values, sums, twins = table(grid)
    marks = suppress(values, sums, THRESHOLD, twins=twins)
    low, high = attack(values, sums, marks)["r0", 0]
    assert (round(low, 6), round(high, 6)) == (0, 4)
    assert marks["total", "all"] == SHOWN
    assert sum(mark != SHOWN for mark in marks.values()) <= 4  # a square of four, or a row with totals


def test_hiding_small_numbers_alone_is_not_enough() -> None:
    """The attacker is worth something: without complementary suppression he finds the number."""
    values, sums, _ = table([[4, 30, 31], [32, 33, 34]])
    marks = {key: SMALL if number < THRESHOLD else SHOWN for key, number in values.items()}
    assert attack(values, sums, marks)["r0", 0] == (4, 4)


def test_large_tables_are_shown_whole() -> None:
    values, sums, twins = table([[10, 20], [30, 40]])
    assert set(suppress(values, sums, THRESHOLD, twins=twins).values()) == {SHOWN}


def test_twins_save_time_and_nothing_else() -> None:
    grid = [[0, 1, 0, 9], [1, 0, 0, 8], [0, 0, 2, 7], [0, 1, 1, 11]] * 3
    values, sums, twins = table(grid, fold=4)
    for with_twins in (twins, []):
        marks = suppress(values, sums, THRESHOLD, twins=with_twins)
        assert all(high - low >= 1 for low, high in attack(values, sums, marks).values())


def test_same_table_same_answer() -> None:
    values, sums, twins = table([[1, 7, 9], [8, 2, 30], [6, 6, 0]])
    assert suppress(values, sums, THRESHOLD, twins=twins) == suppress(values, sums, THRESHOLD, twins=twins)


def test_a_table_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="not the sum"):
        suppress({"a": 1, "b": 2, "t": 4}, [Sum("t", ("a", "b"))], THRESHOLD)
