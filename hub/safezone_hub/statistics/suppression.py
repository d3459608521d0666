"""Hiding small numbers in tables with totals, so that no subtraction brings them back.

Every number below the threshold is hidden («small»). Totals that are shown would give some of them away, so further
numbers are hidden too («withheld»). The attacker is assumed to know every number shown, that all are whole and not
negative, that a small one lies below the threshold and a withheld one does not. Whatever he solves for, a hidden
number can still be anything its mark allows, or, where marks alone say more than that (two small ones make a number
above the threshold), at least two different numbers.

The method is cell suppression by linear programming (J. P. Kelly, B. L. Golden, A. A. Assad, Networks 22, 1992):
for each hidden number find the table nearest to the true one in which that number has another value, and withhold what
differs. Each table so found is a witness for all its numbers, which saves most of the work.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack

K = TypeVar("K", bound=Hashable)
Floats = NDArray[np.float64]

SHOWN, SMALL, WITHHELD = "", "small", "withheld"
_ROUNDS_MAX = 1000  # of witnesses by random objectives, while they still help
_SLACK = 1e-6


@dataclass(frozen=True)
class Sum(Generic[K]):
    """``total`` is the sum of ``parts``."""

    total: K
    parts: tuple[K, ...]


def suppress(
    values: Mapping[K, int],
    sums: Sequence[Sum[K]],
    threshold: int,
    *,
    withheld: Collection[K] = (),
    prices: Mapping[K, float] | None = None,
    twins: Sequence[Sequence[Sequence[K]]] = (),
) -> dict[K, str]:
    """What becomes of every number: SHOWN, SMALL or WITHHELD. ``withheld`` are hidden whatever their size.

    ``prices`` say which numbers one would rather keep (default 1; ten times as dear is ten times as rarely hidden).
    ``twins`` are groups of lines that the sums could not tell apart if they were exchanged, number by number (the days
    of one week, the columns of one table): what one of them could be, every other that is all small could be as well.
    They only save time.

    The same table gives the same answer, always. Raises ValueError when the table does not add up.
    """
    for each in sums:
        if values[each.total] != sum(values[part] for part in each.parts):
            raise ValueError(f"{each.total} is not the sum of its parts")
    if all(number < threshold for number in values.values()):
        return dict.fromkeys(values, SMALL)  # no number is shown, nothing to solve with
    search = _Search(values, sums, threshold, withheld, prices or {}, twins)
    search.run()
    marks = (SHOWN, SMALL, WITHHELD)
    return {key: marks[search.mark[i]] for i, key in enumerate(values)}


class _Search:
    """The state of one search; cells by number. ``mark``: 0 shown, 1 small, 2 withheld."""

    def __init__(
        self,
        values: Mapping[K, int],
        sums: Sequence[Sum[K]],
        threshold: int,
        withheld: Collection[K],
        prices: Mapping[K, float],
        twins: Sequence[Sequence[Sequence[K]]],
    ) -> None:
        number = {key: i for i, key in enumerate(values)}
        self.n, self.t = len(values), threshold
        self.value: Floats = np.array(list(values.values()), dtype=np.float64)
        # Few large numbers are given up before many small ones only if need be: the price grows slowly with the number.
        self.price = np.array([prices.get(key, 1.0) for key in values]) * (1.0 + np.log1p(self.value))
        self.mark = np.where(self.value < threshold, 1, 0)
        for key in withheld:
            if values[key] >= threshold:
                self.mark[number[key]] = 2
        rows, columns, signs = [], [], []
        for row, each in enumerate(sums):
            for key, sign in ((each.total, 1.0), *((part, -1.0) for part in each.parts)):
                rows.append(row)
                columns.append(number[key])
                signs.append(sign)
        self.matrix = csr_matrix((signs, (rows, columns)), shape=(len(sums), self.n))
        self.twins = [np.array([[number[key] for key in row] for row in group]) for group in twins if group]
        self.low, self.high = self.value.copy(), self.value.copy()  # witnessed
        self.given_up: set[int] = set()
        # Finding the same hidden numbers for the same table matters more than good randomness.
        self.random = np.random.default_rng(20090101)

    def run(self) -> None:
        self._gather_witnesses()
        while waiting := [int(i) for i in np.flatnonzero(self.mark) if not self._is_safe(int(i))]:
            for i in waiting:
                hidden = int((self.mark != 0).sum())
                if not self._is_safe(i):
                    self._make_safe(i)
                if int((self.mark != 0).sum()) > hidden:
                    self._gather_witnesses()  # what is hidden now lets others move too

    def _bounds(self) -> tuple[Floats, Floats]:
        """How far each number may move, going by the marks alone; shown ones not at all."""
        low = np.where(self.mark == 1, -self.value, np.where(self.mark == 2, self.t - self.value, 0.0))
        high = np.where(self.mark == 1, self.t - 1 - self.value, np.where(self.mark == 2, np.inf, 0.0))
        return low, high

    def _is_safe(self, i: int) -> bool:
        if i in self.given_up:
            return True
        if self.mark[i] == 1:
            return bool(self.low[i] <= _SLACK and self.high[i] >= self.t - 1 - _SLACK)
        return bool(self.high[i] - self.low[i] >= self.t - 1 - _SLACK)

    def _wishes(self) -> Floats:
        """Random costs that pull each hidden number to an end where it was not seen yet."""
        up = self.high < np.where(self.mark == 1, self.t - 1, self.value + self.t - 1) - _SLACK
        down = np.where(self.mark == 1, self.low > _SLACK, False)
        signs = np.where(
            up & down, self.random.choice((-1.0, 1.0), self.n), np.where(up, -1.0, np.where(down, 1.0, 0.0))
        )
        wishes: Floats = signs * self.random.uniform(0.5, 1.0, self.n)
        return wishes

    def _witness(self, moved: Floats) -> None:
        there = self.value + moved
        self.low, self.high = np.minimum(self.low, there), np.maximum(self.high, there)
        for group in self.twins:
            alike = group[(self.mark[group] == 1).all(axis=1)]
            if len(alike) > 1:
                self.low[alike] = self.low[alike].min(axis=0)
                self.high[alike] = self.high[alike].max(axis=0)

    def _gather_witnesses(self) -> None:
        """Other tables that agree with everything shown, found by pulling the hidden numbers at random."""
        hidden = np.flatnonzero(self.mark)
        if not len(hidden):
            return
        low, high = (bound[hidden] for bound in self._bounds())
        high = np.minimum(high, 4.0 * self.t)
        columns = self.matrix[:, hidden]
        for _ in range(_ROUNDS_MAX):
            before = self._unsafe()
            found = _solve(self._wishes()[hidden], columns, low, high) if before else None
            if found is None:
                return
            moved = np.zeros(self.n)
            moved[hidden] = found
            self._witness(moved)
            if before - self._unsafe() < 2:
                return

    def _unsafe(self) -> int:
        return sum(not self._is_safe(int(i)) for i in np.flatnonzero(self.mark))

    def _make_safe(self, i: int) -> None:
        """Withhold what stands in the way of this number being as small, and as large, as its mark allows."""
        room = self.t - 1.0
        for target in (-self.value[i], room - self.value[i]) if self.mark[i] == 1 else (room,):
            if target:
                self._move(i, float(target))
        # A second try would find the same.
        self.given_up.add(i)

    def _move(self, i: int, target: float) -> None:
        """Move one number towards ``target`` as far as can be, at the least cost in numbers shown."""
        shown = np.flatnonzero(self.mark == 0)
        low, high = self._bounds()
        high = np.minimum(high, 4.0 * self.t)
        # Rising and falling of shown numbers apart, so that both cost.
        price = self.price[shown]
        # What moves freely may show other hidden numbers at their ends on the way: too little to pay a price for.
        reward = np.where(self.mark == 0, 0.0, self._wishes() * 1e-3)
        reward[i] = -1e4 if target > 0 else 1e4
        low[i], high[i] = min(target, 0.0), max(target, 0.0)
        costs = np.concatenate([reward, price, price])
        matrix = hstack([self.matrix, self.matrix[:, shown], -self.matrix[:, shown]], format="csr")
        falls = np.maximum(self.value[shown] - self.t, 0.0)
        lows = np.concatenate([low, np.zeros(2 * len(shown))])
        highs = np.concatenate([high, np.full(len(shown), 4.0 * self.t), falls])
        found = _solve(costs, matrix, lows, highs)
        if found is None:
            return
        moved = found[: self.n].copy()
        moved[shown] += found[self.n : self.n + len(shown)] - found[self.n + len(shown) :]
        self.mark[shown[np.abs(moved[shown]) > _SLACK]] = 2
        self._witness(moved)


def _solve(costs: Floats, matrix: Any, low: Floats, high: Floats) -> Floats | None:
    """The cheapest movement that keeps every sum."""
    bounds = np.column_stack([low, high])
    result = linprog(costs, A_eq=matrix, b_eq=np.zeros(matrix.shape[0]), bounds=bounds, method="highs")
    return np.asarray(result.x, dtype=np.float64) if result.status == 0 else None
