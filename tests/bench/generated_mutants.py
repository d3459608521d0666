"""Source mutants of the hub's rules, incidents and access, made by a mutation tool, against the conformance suite.

    python tests/bench/generated_mutants.py --sample 60 --out results/generated-mutants.json

A seeded sample of cosmic-ray's mutations. Each hub meets first the cases whose zoo mutants live in the same module, then
the whole suite, and is killed by the first FAIL. Survivors are listed with their line, to be judged by people.
"""

import argparse
import difflib
import importlib.util
import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from safezone_conformance.case import Case, cases
from safezone_conformance.session import Lanes, Result, Unusable
from safezone_conformance.verdicts import Verdict
from safezone_zoo.mutant import Change, mutants
from safezone_zoo.stable import Stable, StableError, open_session

ROOTS = ("rules", "incidents", "access")
OPERATORS = (
    "AddNot", "NumberReplacer", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue",
    "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop", "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_LtE_Lt", "ReplaceComparisonOperator_Gt_GtE", "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Lt_Gt", "ReplaceComparisonOperator_Gt_Lt", "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq", "ReplaceComparisonOperator_Is_IsNot", "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_Div",
)  # fmt: skip


def modules() -> Iterator[tuple[str, str]]:
    """Name and source of every module that is mutated."""
    spec = importlib.util.find_spec("safezone_hub")
    assert spec is not None and spec.submodule_search_locations is not None
    root = Path(next(iter(spec.submodule_search_locations)))
    for folder in ROOTS:
        for path in sorted((root / folder).rglob("*.py")):
            name = ".".join(("safezone_hub", *path.relative_to(root).with_suffix("").parts)).removesuffix(
                ".__init__"
            )
            yield name, path.read_text(encoding="utf-8")


def mutations() -> Iterator[tuple[str, str, str]]:
    """(module, source, mutated source, …) of every mutation of the operators above."""
    for name, source in modules():
        tree = parso.parse(source)
        for operator in OPERATORS:
            found = get_operator(f"core/{operator}")()
            count = sum(1 for node in ast_nodes(tree) for _ in found.mutation_positions(node))
            for occurrence in range(count):
                mutated = mutate_code(source, get_operator(f"core/{operator}")(), occurrence)
                if mutated is not None and mutated != source:
                    yield name, source, mutated


def what_changed(source: str, mutated: str) -> str:
    lines = [
        d
        for d in difflib.unified_diff(source.splitlines(), mutated.splitlines(), lineterm="", n=0)
        if d[0] in "@+-"
    ]
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


class Unfinished(Exception):
    """The machine was too slow to run every case within the budget."""


def killer(kept: Any, chosen: list[Case], lanes: int, budget_s: float) -> Result | None:
    """The first case that fails, None when none does. Raises Unfinished when not all of them ran within the budget."""
    session = open_session(kept, limits__network_s=3.0)
    found: list[Result] = []
    stop = threading.Event()

    def run(case: Case) -> Result | None:
        if stop.is_set():
            return None
        result = session.run(case)
        if result.outcome.verdict is Verdict.FAIL:
            found.append(result)
            stop.set()
        return result

    left_out = False
    try:
        running = Lanes(run, chosen, lanes)  # type: ignore[arg-type]
        deadline = time.monotonic() + budget_s
        for case in chosen:
            if time.monotonic() > deadline:
                stop.set()
            left_out |= running.result(case) is None
    finally:
        session.close()
    if found:
        return found[0]
    if left_out:
        raise Unfinished
    return None


def keep(out: Path, possible: int, rows: list[dict[str, Any]]) -> None:
    """After each mutant, so that a broken-off run can go on with --resume."""
    killed = sum(r["verdict"] == "killed" for r in rows)
    found = {"possible": possible, "tried": len(rows), "killed": killed, "rows": rows}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=60.0, help="no new mutant is begun after so long")
    parser.add_argument(
        "--budget",
        type=float,
        default=300.0,
        help="seconds for the cases of one mutant; then it is unfinished, and tried again with --resume",
    )
    parser.add_argument("--out", type=Path, default=Path("results/generated-mutants.json"))
    parser.add_argument("--resume", action="store_true", help="go on with what --out holds")
    options = parser.parse_args()
    everything = list(mutations())
    sample = random.Random(options.seed).sample(everything, min(options.sample, len(everything)))
    near: dict[str, set[str]] = {}
    for one in mutants().values():
        for change in one.changes:
            near.setdefault(change.module, set()).add(one.kills)
    hub_cases = [c for c in cases().values() if c.role == "hub"]
    began = time.monotonic()
    rows: list[dict[str, Any]] = []
    if options.resume and options.out.is_file():
        rows = json.loads(options.out.read_text(encoding="utf-8"))["rows"]
        rows = [r for r in rows if r["verdict"] != "unfinished"]
    done = {(r["module"], r["change"]) for r in rows}
    sample = [m for m in sample if (m[0], what_changed(m[1], m[2])) not in done]
    with Stable() as stable, ThreadPoolExecutor(options.workers) as pool:

        def judge(position: int) -> dict[str, Any] | None:
            if time.monotonic() - began > options.minutes * 60:
                return None
            module, source, mutated = sample[position]
            row: dict[str, Any] = {
                "module": module,
                "change": what_changed(source, mutated),
                "verdict": "survived",
                "by": "",
            }
            first = [c for c in hub_cases if c.name in near.get(module, ()) and not c.alone]
            rest = [c for c in hub_cases if c not in first and not c.alone]
            try:
                with stable.hub(f"generated-{position}", changes=[Change(module, source, mutated)]) as kept:
                    found = (killer(kept, first, 12, options.budget) if first else None) or killer(
                        kept, rest, 24, options.budget
                    )
            except Unfinished:
                row |= {"verdict": "unfinished"}
            except StableError:
                row |= {"verdict": "killed", "by": "does not start"}
            except Unusable as error:  # the hub ended under the cases: its broker went with it
                row |= {"verdict": "killed", "by": f"does not stay up: {error}"}
            else:
                if found is not None:
                    broken = sorted(
                        {f.requirement for f in found.outcome.findings if not f.ok and f.level == "MUST"}
                    )
                    row |= {"verdict": "killed", "by": f"{found.case.name}: {', '.join(broken)}"}
            print(
                f"{row['verdict']:<9} {module} {row['by']}\n{row['change'] if row['verdict'] == 'survived' else ''}",
                flush=True,
            )
            return row

        for done_one in as_completed([pool.submit(judge, n) for n in range(len(sample))]):
            row = done_one.result()
            if row is not None:
                rows.append(row)
                keep(options.out, len(everything), rows)
    killed = sum(r["verdict"] == "killed" for r in rows)
    print(
        f"{len(rows)} of {len(everything)} generated mutants tried, {killed} killed, "
        f"{sum(r['verdict'] == 'survived' for r in rows)} survived, {sum(r['verdict'] == 'unfinished' for r in rows)} unfinished, "
        f"{time.monotonic() - began:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
