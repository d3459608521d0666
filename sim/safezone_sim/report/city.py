"""``report.html`` of a city's day: the fixed load model first, then the curve, the map, and every school.

One file, opens offline, Korean first with English beside it. What it costs and how much a hub carries is in other
reports; this one only tells the day.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup
from safezone_model import SERVICES

from safezone_sim.report import palette
from safezone_sim.report.charts import Mark
from safezone_sim.report.city_map import DOT, PLACE, SHADES, busiest_by_gu, city_map, gu_rings, shade_steps
from safezone_sim.report.load_curve import load_curve
from safezone_sim.report.templates import page_templates
from safezone_sim.scenario import Scenario

COLOURS = {"routine": palette.CLASS_COLOUR["everyday"], "emergency": palette.CLASS_COLOUR["emergency"]}
TYPES = {
    "tag.sighted": ("태그 감지", "tag sightings"),
    "phone.located": ("휴대전화 위치", "phone positions"),
    "device.status": ("장치 상태", "heartbeats"),
    "tag.called": ("태그 긴급호출", "tag calls, by each reader that hears one"),
    "bell.pressed": ("비상벨", "bell presses"),
    "phone.called": ("112 전화", "calls to 112"),
}


def write_city_report(
    directory: Path, scenario: Scenario, tally: Mapping[str, Any], map_dir: Path | None
) -> Path:
    """Writes ``report.html`` beside ``city.json``; returns its path."""
    page = directory / "report.html"
    page.write_text(render_city(scenario, tally, map_dir), encoding="utf-8")
    return page


def busiest(per_minute: Mapping[str, list[int]]) -> tuple[int, float]:
    """The busiest minute of the day, and its messages a second."""
    minutes = [sum(both) for both in zip(*per_minute.values(), strict=True)]
    at = max(range(len(minutes)), key=minutes.__getitem__)
    return at, minutes[at] / 60.0


def render_city(scenario: Scenario, tally: Mapping[str, Any], map_dir: Path | None) -> str:
    """The page as text."""
    totals, schools = tally["totals"], tally["schools"]
    at, peak = busiest(totals["per_minute"])
    clock = f"{at // 60:02d}:{at % 60:02d}"
    load = busiest_by_gu(schools)
    steps = shade_steps(list(load.values()))
    rings = gu_rings(map_dir)
    environment = page_templates("safezone_sim.report")
    environment.filters["svg"] = Markup
    environment.filters["count"] = lambda v: f"{v:,}"
    environment.filters["pct"] = lambda v: f"{100 * v:g} %"
    environment.filters["size"] = _size
    children = max(1, totals["children"])
    mark = Mark(at * 60.0, f"{clock}  {peak:,.0f} msg/s", palette.INK)
    return environment.get_template("city.html.j2").render(
        tally=tally,
        title=scenario.title,
        totals=totals,
        model=tally["load_model"],
        rule=tally["rule"],
        palette=palette,
        colours=COLOURS,
        types=TYPES,
        services={name: (s.title_ko, s.title_en) for name, s in SERVICES.items()},
        assumed=sum(s["pupils_assumed"] for s in schools),
        sent=sum(totals["messages"].values()),
        mean=sum(totals["messages"].values()) / 86400.0,
        clock=clock,
        peak=peak,
        per_child_up=totals["bytes_up"] / children,
        per_child_down=totals["bytes_down"] / children,
        day=load_curve(totals["per_minute"], COLOURS, "하루의 부하 load of the day", marks=[mark]),
        morning=load_curve(
            totals["per_minute"], COLOURS, "아침의 부하 load of the morning", marks=[mark], hours=(7, 10)
        ),
        map=city_map(schools, rings, tally["rule"].get("places", ()), "구별 부하 load by gu"),
        shades=list(zip(SHADES, [0.0, *steps], [*steps, max(load.values(), default=0.0)], strict=True)),
        dot=DOT,
        place_colour=PLACE,
        gu_known=bool(rings),
        schools=[
            (s, busiest(s["per_minute"])) for s in sorted(schools, key=lambda s: (-s["children"], s["code"]))
        ],
    )


def _size(n: float) -> str:
    for unit, below in (("B", 1e3), ("kB", 1e6), ("MB", 1e9), ("GB", 1e12)):
        if n < below:
            return f"{n / (below / 1e3):,.1f} {unit}" if unit != "B" else f"{n:,.0f} B"
    return f"{n / 1e12:,.2f} TB"
