"""``report.html`` of a capacity run: one file, opens offline, Korean first. Says how it was measured before what came out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from safezone_sim.capacity import charts
from safezone_sim.report.palette import FONT
from safezone_sim.report.templates import page_templates

WORDS = {"holds": "감당 · holds", "fails": "초과 · fails", "inconclusive": "판단 불가 · inconclusive"}


def write_report(folder: Path, result: Mapping[str, Any]) -> Path:
    """Writes the page beside ``capacity.json``; returns its path."""
    page = folder / "report.html"
    page.write_text(render(result), encoding="utf-8")
    return page


def render(result: Mapping[str, Any]) -> str:
    """The page's text, from what stands in ``capacity.json``."""
    environment = page_templates("safezone_sim.capacity")
    environment.filters |= {"ms": _ms, "n": _number, "share": _share, "s": _seconds}
    steps = list(result["steps"])
    near = [row for row in result["beyond"] if row["factor"] <= 3]  # farther out the rest would be a dot
    return environment.get_template("page.html.j2").render(
        r=result,
        font=FONT,
        words=WORDS,
        steps=sorted(steps, key=lambda row: float(row["rate_per_s"])),
        knee=Markup(charts.knee_plot([*steps, *near], result["knee_per_s"])) if steps else "",
        percentiles=Markup(charts.percentiles(steps, result["limits_ms"])) if steps else "",
        overloads=[(row, Markup(charts.seconds(row))) for row in result["beyond"]],
        faster=any(row["speedup"] > 1.001 for row in [*steps, *result["beyond"]]),
    )


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} s"
