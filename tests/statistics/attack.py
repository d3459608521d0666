"""An attacker who has the published report and a linear-programming solver, and nothing else.

Written apart from the hub's own method: rebuilds every sum from the dates and names in the JSON alone, knows what the
marks mean, and asks of each hidden number how small and how large it could be.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

Equation = tuple[Hashable, list[Hashable]]  # total, parts
ABOVE = {"total": None, "before": "total", "after": "total"}


def spans(
    cells: Mapping[Hashable, dict[str, Any]], equations: Iterable[Equation], threshold: int
) -> dict[Hashable, tuple[float, float]]:
    """For each hidden cell (``{"count": None, "hidden": …}``) the smallest and largest number that fits."""
    hidden = {key: i for i, key in enumerate(k for k, cell in cells.items() if cell["count"] is None)}
    rows: list[int] = []
    columns: list[int] = []
    signs: list[float] = []
    known: list[float] = []
    for total, parts in equations:
        constant, used = 0.0, False
        for key, sign in ((total, 1.0), *((part, -1.0) for part in parts)):
            if key in hidden:
                used = True
                rows.append(len(known))
                columns.append(hidden[key])
                signs.append(sign)
            else:
                constant -= sign * cells[key]["count"]
        if used:
            known.append(constant)
        else:
            assert constant == 0, f"what is shown does not add up at {total}"
    if not hidden:
        return {}
    matrix = csr_matrix((signs, (rows, columns)), shape=(len(known), len(hidden)))
    bounds = [(0, threshold - 1) if cells[k]["hidden"] == "small" else (threshold, None) for k in hidden]
    found = {}
    for key, i in hidden.items():
        ends = []
        for sign in (1.0, -1.0):
            objective = np.zeros(len(hidden))
            objective[i] = sign
            result = linprog(objective, A_eq=matrix, b_eq=known, bounds=bounds, method="highs")
            assert result.status in (0, 3), result.message  # 3: unbounded
            ends.append(sign * np.inf * -1 if result.status == 3 else float(result.x[i]))
        found[key] = (ends[0], ends[1])
    return found


def read_table(
    rows: list[dict[str, Any]], table: str
) -> tuple[dict[Hashable, dict[str, Any]], list[Equation]]:
    """Cells and sums of one table, from the published rows."""
    cells: dict[Hashable, dict[str, Any]] = {}
    equations: list[Equation] = []
    names: dict[int, set[tuple[str, str]]] = {}
    for r, row in enumerate(rows):
        names[r] = set()
        for by, columns in row["tables"][table].items():
            for column, cell in ({"all": columns} if by == "all" else columns).items():
                cells[r, by, column] = cell
                names[r].add((by, column))
            if by != "all":
                equations.append(((r, "all", "all"), [(r, by, column) for column in columns]))
    for r, parts in _nested(rows):
        shared = [name for name in names[r] if all(name in names[p] for p in parts)]
        equations += [((r, *name), [(p, *name) for p in parts]) for name in shared]
    return cells, equations


def _nested(rows: list[dict[str, Any]]) -> Iterator[tuple[int, list[int]]]:
    """Every set of rows of one level whose days together are exactly those of another row."""
    order = ["total", "before", "after", "month", "week", "day"]
    for r, row in enumerate(rows):
        groups = [["before", "after"], ["month"], ["week"], ["day"]]
        for group in groups:
            if row["level"] in group or order.index(group[0]) <= order.index(row["level"]):
                continue
            inside = [
                p for p, part in enumerate(rows)
                if part["level"] in group and row["from"] <= part["from"] and part["to"] <= row["to"]
            ]  # fmt: skip
            if inside and sum(rows[p]["days"] for p in inside) == row["days"]:
                yield r, inside
