"""The scoreboard for a terminal of 80 columns: what people lived through, then the causes."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table
from safezone_model import SERVICES

_ROLES = {"desk": "상황실", "guardian": "보호자"}
_HEADINGS = (
    "사실\ntrue", "전달\ntold", "\n%", "늦음\nlate", "공백\ngap", "장비\neq.",
    "허브\nhub", "허위\nfalse", "p50\ns",
)  # fmt: skip


def scoreboard_table(summary: Mapping[str, Any]) -> Table:
    """A rich table of summary.json: one line per service and recipient that had truth or notices.

    «hub» holds the hub's own misses, «false» all false notices, the hub's own among them in brackets.
    """
    table = Table(
        title=f"{summary['scenario']} · seed {summary['seed']} · {summary['map']['kind']} map",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )
    table.add_column("서비스\nservice", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, service in SERVICES.items():
        for role, row in summary["services"].get(name, {}).items():
            if row["true"] or row["notices"]:
                table.add_row(f"{service.title_ko} {_ROLES[role]}", *_cells(row))
    return table


def _cells(row: Mapping[str, Any]) -> list[str]:
    share = f"{100 * row['delivered'] / row['true']:.1f}" if row["true"] else "–"
    share = share.removesuffix(".0")
    p50 = row["latency_s"]["p50"]
    false = str(row["false"]) + (f" [red]({row['false_hub']})[/red]" if row["false_hub"] else "")
    missed = f"[red]{row['missed']}[/red]" if row["missed"] else "0"
    counts = [str(row[k]) for k in ("late", "coverage_gap", "equipment_failed")]
    return [str(row["true"]), str(row["delivered"]), share, *counts, missed, false,
            "–" if p50 is None else f"{p50:.0f}" if p50 >= 100 else f"{p50:.1f}"]  # fmt: skip
