"""The sizing report as one page that opens offline: Korean first with English beside it. The look is in page.html.j2."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from safezone_sim.report import palette
from safezone_sim.report.templates import page_templates
from safezone_sim.sizing import charts
from safezone_sim.sizing.inputs import CityRun
from safezone_sim.sizing.model import GROUPS, beats_per_s
from safezone_sim.sizing.study import Cell, StageResult, Study
from safezone_sim.sizing.tornado import OUTPUTS
from safezone_sim.staffing.levels import LEVELS
from safezone_sim.staffing.plan import Wording

LEVEL_NAMES = {
    "answer": Wording("긴급 응답", "emergency answered"),
    "dispatch": Wording("출동 지령", "patrol ordered"),
    "arrive": Wording("현장 도착", "patrol arrived"),
    "answer_danger": Wording("위험 경보 응답", "danger alert answered"),
}


def write_report(study: Study, path: Path, provenance: Mapping[str, str]) -> None:
    """Writes the page. ``provenance``: what stands at its end, by name."""
    path.write_text(render(study, provenance), encoding="utf-8")


def render(study: Study, provenance: Mapping[str, str]) -> str:
    """The page as text."""
    environment = page_templates("safezone_sim.sizing")
    environment.filters["cell"] = lambda c: cell_text(c, study)
    environment.filters["range"] = lambda c: range_text(c, study)
    environment.filters["plain"] = plain
    environment.filters["pct"] = lambda v, d=1: "–" if v is None or v != v else f"{v * 100:.{d}f} %"
    environment.filters["figures"] = lambda c: arithmetic_text(c)
    return environment.get_template("page.html.j2").render(
        study=study,
        palette=palette,
        groups=GROUPS,
        level_names=LEVEL_NAMES,
        levels=LEVELS,
        level_colour=charts.LEVEL_COLOUR,
        outputs=OUTPUTS,
        keys=_keys(study),
        same_city=same_city(study.runs),
        pictures=_pictures(study),
        headline=_headline(study),
        beyond=list(study.capacity.beyond) if study.capacity else [],
        provenance=provenance,
        load_model=load_model_lines(study),
        money_unit=Wording("백만 원", "KRW million") if study.inputs.prices.currency == "KRW" else Wording(study.inputs.prices.currency, study.inputs.prices.currency),
        resource_names=lambda field: list(zip(charts.resource_names(study.capacity.steps, field), charts.RESOURCE_COLOURS, strict=False)) if study.capacity else [],
    )  # fmt: skip


def _keys(study: Study) -> list[tuple[str, list[str]]]:
    """Groups in order with the keys of their rows; unit prices by item stand apart under «items»."""
    rows = [c.row for c in study.main.cells.values()]
    return [(g, [r.key for r in rows if r.group == g]) for g in (*GROUPS, "items")]


def same_city(runs: Sequence[CityRun]) -> int | None:
    """The seed of homes, people and equipment that all days of the largest scenario share; None if they do not."""
    largest = max(runs, key=lambda r: len(r.schools)).scenario
    seeds = {r.world_seed for r in runs if r.scenario == largest}
    return seeds.pop() if len(seeds) == 1 else None


def plain(value: float, decimals: int = 0) -> str:
    """A number with thousands separated."""
    return f"{value:,.{decimals}f}"


def shown(value: float, cell: Cell, study: Study) -> str:
    """A value as the table shows it: money in millions of won."""
    if cell.row.money:
        millions = value / 1e6 if study.inputs.prices.currency == "KRW" else value
        return plain(millions, 0 if abs(millions) >= 10 else 1)
    return plain(value, cell.row.decimals)


def cell_text(cell: Cell, study: Study) -> str:
    """The value of one cell."""
    return shown(cell.row.cell.value, cell, study)


def range_text(cell: Cell, study: Study) -> str:
    """Least and greatest over the simulated days, or nothing where they do not differ as shown."""
    if cell.low is None or cell.high is None:
        return ""
    low, high = shown(cell.low, cell, study), shown(cell.high, cell, study)
    return "" if low == high else f"{low}–{high}"


def arithmetic_text(cell: Cell) -> Markup:
    """«figures = value», or the bare number where nothing was computed."""
    term = cell.row.cell
    value = plain(term.value, 2 if abs(term.value) < 100 and term.value != int(term.value) else 0)
    if term.is_plain:
        return Markup("<b>{}</b>").format(term.figures)
    return Markup("{} = <b>{}</b>").format(term.figures, value)


def load_model_lines(study: Study) -> list[tuple[Wording, str]]:
    """The fixed load model, line by line, as the simulated day states it."""
    model: Mapping[str, Any] = study.runs[-1].load_model
    a = study.inputs.assumptions
    stays = model.get("stays_reported", 1.0)
    lines = [
        (Wording("가입률", "take-up"), f"{study.take_up:.0%} (25 / 50 / 100 %)"),
        (Wording("휴대전화를 가진 어린이", "children with a phone"), f"{a.phones.value:.0%}"),
        (
            Wording("위치 보고", "position fixes"),
            f"{a.fix_moving_s.value:g} s 이동 moving · {float(model.get('fix_still_s', 300)):g} s 정지 still",
        ),
        (Wording("태그 머묾 보고", "stays of tags reported"), f"{float(stays):.0%} (두 번 twice: 시작 first, 끝 end)" if isinstance(stays, int | float) else str(stays)),
        (Wording("장비 상태", "heartbeat"), f"{a.heartbeat_s.value:g} s"),
    ]  # fmt: skip
    most = [model.get(f"{k}_at_most") for k in ("readers", "bells", "cameras")]
    if all(m is not None for m in most):
        lines.append((Wording("학교마다 많아야", "at most, a school"), "{} 리더 readers · {} 비상벨 bells · {} CCTV".format(*most)))  # fmt: skip
    if isinstance(calls := model.get("calls_per_1000"), Mapping):
        text = " · ".join(f"{k} {v:g}" for k, v in calls.items())
        lines.append((Wording("모의한 긴급호출 /1000·일", "emergency calls played /1,000·day"), text))
    return lines


def _headline(study: Study) -> dict[str, Any]:
    cells = study.main.cells
    shifts = [s.key for s in study.inputs.plan.shift]
    first = study.survival.first
    return {
        "peak": cells["peak"],
        "hubs": cells["hubs"],
        "operators": " · ".join(plain(cells[f"operators_{s}"].row.cell.value) for s in shifts),
        "patrols": " · ".join(plain(cells[f"patrols_{s}"].row.cell.value) for s in shifts),
        "total": cells["cost_total"],
        "false": None
        if first is None or first.at is None
        else tuple(
            None if v is None else v * study.survival.false_per_day for v in (first.at, first.low, first.high)
        ),
        "first": first,
    }


def _pictures(study: Study) -> dict[str, Any]:
    main: StageResult = study.main
    load = main.stage.mean
    cells = main.cells
    found: dict[str, Any] = {
        "day": Markup(charts.day_curve(load, beats_per_s(load), "하루의 부하 load of the day")),
        "survival": Markup(
            charts.survival_plot(
                study.survival,
                {n: getattr(study.inputs.plan.levels, n).share for n in LEVELS},
                "거짓 호출과 약속 false calls against promises",
            )
        ),
        "tornado": {},
    }

    def show(output: str) -> Any:
        if output == "cost_total":
            return lambda v: shown(v, cells["cost_total"], study)
        return lambda v: plain(v, 1 if output == "hub_need" else 0)

    for output, bars in study.tornado.items():
        found["tornado"][output] = Markup(charts.tornado_plot(bars, show(output), OUTPUTS[output].en))
    if study.capacity:
        steps = [*study.capacity.steps, *study.capacity.beyond]
        limits = study.capacity.limits_ms
        found["knee"] = Markup(
            charts.knee_plot(steps, study.capacity.knee_per_s, limits, "무릎 knee of the hub")
        )
        found["percentiles"] = {
            name: Markup(charts.percentile_plot(steps, key, colour, f"{name} latency"))
            for name, key, colour in (
                ("routine", "routine_ms", charts.ROUTINE),
                ("emergency", "emergency_ms", charts.EMERGENCY),
                ("desk", "desk_ms", charts.DESK),
            )
        }
        for field, unit, scale in (("cpu", "% of a core", 100.0), ("rss_mb", "MB", 1.0)):
            if charts.resource_names(steps, field):
                found[field] = Markup(
                    charts.resource_plot(steps, field, unit, scale, f"{field} against rate")
                )
    return found
