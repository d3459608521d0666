"""Rules of the hub switched off one by one: the judge's score must fall.

python tests/bench/broken_rules.py [--seed 1]
"""

import argparse
import sys
from typing import Any

import harness

RULES = ("debounce", "dwell", "antenna_order", "accuracy_gating")


def totals(summary: Any) -> dict[str, int]:
    rows = [row for recipients in summary["services"].values() for row in recipients.values()]
    return {
        key: sum(row[key] for row in rows)
        for key in ("true", "delivered", "missed", "late", "false", "false_hub", "duplicates")
    }


def _score(row: dict[str, int]) -> int:
    """The hub's faults, late and doubled notices among them."""
    return row["missed"] + row["false_hub"] + row["late"] + row["duplicates"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    table = {}
    for rule in ("none", *RULES):
        options = [] if rule == "none" else ["--rules", f"{rule}=off"]
        table[rule] = totals(harness.run(harness.scenario("pilot", args.seed), hub_options=options).summary)
        if rule == "none":
            print(f"{'switched off':<18}" + "".join(f"{k:>12}" for k in table[rule]))
        print(f"{rule:<18}" + "".join(f"{v:>12}" for v in table[rule].values()), flush=True)
    print(harness.write("broken-rules", {"seed": args.seed, "table": table}))
    unnoticed = [r for r in RULES if _score(table[r]) <= _score(table["none"])]
    if unnoticed:
        sys.exit(f"switched off and not noticed: {', '.join(unnoticed)}")


if __name__ == "__main__":
    main()
