"""The pictures of the sizing report as SVG: day curve, knee, percentiles, resources, tornado, false calls."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any

import numpy as np

from safezone_sim.report.charts import axis_text, grid_line, nice_step, svg
from safezone_sim.report.palette import CLASS_COLOUR, DELIVERED, HUB, INK, LATE, LINE, MUTED
from safezone_sim.sizing.inputs import Load
from safezone_sim.sizing.tornado import Bar
from safezone_sim.staffing.survive import Survival

ROUTINE, EMERGENCY, DESK = CLASS_COLOUR["everyday"], CLASS_COLOUR["emergency"], DELIVERED
LEVEL_COLOUR = {"answer": EMERGENCY, "dispatch": LATE, "arrive": DELIVERED, "answer_danger": ROUTINE}
_L, _R, _T, _B = 62.0, 16.0, 24.0, 34.0


def day_curve(load: Load, beats_per_s: float, title: str) -> str:
    """Messages a second in each minute of the day; below the line, what equipment sends when nobody moves."""
    width, height = 980.0, 270.0
    per_s = (load.routine + load.emergency) / 60.0
    step = nice_step(float(per_s.max()))
    top = max(step, ceil(float(per_s.max()) * 1.08 / step) * step)
    base = height - _B

    def x(minute: float) -> float:
        return _L + minute / 1440 * (width - _L - _R)

    def y(value: float) -> float:
        return base - value / top * (base - _T)

    parts = [grid_line(_L, width - _R, y(v), f"{v:,.0f}") for v in np.arange(0, top + step / 2, step)]
    points = "".join(f"L{x(m):.1f} {y(v):.1f}" for m, v in enumerate(per_s.tolist()))
    parts.append(
        f'<path d="M{x(0):.1f} {base:.1f}{points}L{x(1439):.1f} {base:.1f}z" fill="{ROUTINE}" fill-opacity=".28" stroke="none"/>'
    )
    parts.append(f'<path d="M{points[1:]}" fill="none" stroke="{ROUTINE}" stroke-width="1.3"/>')
    if beats_per_s > 0:
        parts.append(
            f'<path d="M{x(0):.1f} {y(beats_per_s):.1f}H{x(1440):.1f}" stroke="{INK}" stroke-dasharray="4 4"/>'
        )
        parts.append(
            f'<text x="{x(1435):.1f}" y="{y(beats_per_s) - 5:.1f}" text-anchor="end">장비 상태 heartbeats {beats_per_s:,.0f}/s</text>'
        )
    at = load.peak_minute
    right = at < 1000
    parts.append(f'<circle cx="{x(at):.1f}" cy="{y(float(per_s.max())):.1f}" r="3.5" fill="{HUB}"/>')
    parts.append(
        f'<text x="{x(at) + (8 if right else -8):.1f}" y="{y(float(per_s.max())) + 4:.1f}" font-weight="700" '
        f'text-anchor="{"start" if right else "end"}" fill="{HUB}">{at // 60:02d}:{at % 60:02d} · {float(per_s.max()):,.0f}/s</text>'
    )
    ticks = "".join(f"M{x(m):.1f} {base + 2:.1f}v6" for m in np.flatnonzero(load.emergency).tolist())
    parts.append(f'<path d="{ticks}" stroke="{EMERGENCY}" stroke-width="1" stroke-opacity=".6"/>')
    parts += [axis_text(x(h * 60), height - 8, f"{h:02d}:00") for h in range(0, 25, 2)]
    parts.append(axis_text(2, 12, "msg/s", "start"))
    return svg(width, height, parts, title)


class _LogLog:
    """Axes of a plot against the offered rate, both logarithmic."""

    def __init__(self, rates: Sequence[float], values: Sequence[float], width: float, height: float) -> None:
        self.width, self.height = width, height
        self.x0, self.x1 = log10(min(rates)) - 0.05, log10(max(rates)) + 0.05
        if self.x1 - self.x0 < 0.3:
            self.x0, self.x1 = self.x0 - 0.2, self.x1 + 0.2
        known = [v for v in values if v > 0] or [1.0, 10.0]
        self.y0, self.y1 = (
            floor(log10(min(known))),
            max(ceil(log10(max(known) * 1.01)), floor(log10(min(known))) + 1),
        )

    def x(self, rate: float) -> float:
        return _L + (log10(rate) - self.x0) / (self.x1 - self.x0) * (self.width - _L - _R)

    def y(self, value: float) -> float:
        share = (log10(max(value, 10.0**self.y0)) - self.y0) / (self.y1 - self.y0)
        return self.height - _B - share * (self.height - _B - _T)

    def frame(self, unit: str) -> list[str]:
        parts = [
            grid_line(_L, self.width - _R, self.y(10.0**p), f"{10.0**p:,g}")
            for p in range(self.y0, self.y1 + 1)
        ]
        for power in range(floor(self.x0), ceil(self.x1) + 1):
            for m in (1, 2, 5) if self.width > 450 else (1,):
                rate = m * 10.0**power
                if self.x0 <= log10(rate) <= self.x1:
                    parts.append(
                        f'<path d="M{self.x(rate):.1f} {_T}V{self.height - _B:.1f}" stroke="{LINE}"/>'
                    )
                    parts.append(axis_text(self.x(rate), self.height - 17, f"{rate:,g}"))
        parts.append(axis_text(self.width - _R, self.height - 3, "보낸 msg/s offered", "end"))
        parts.append(axis_text(2, 12, unit, "start"))
        return parts


def _value(step: Mapping[str, Any], kind: str, quantile: str) -> float | None:
    found = (step.get(kind) or {}).get(quantile)
    return float(found) if found is not None else None


def knee_plot(
    steps: Sequence[Mapping[str, Any]], knee: float | None, limits: Mapping[str, float], title: str
) -> str:
    """p99 against the offered rate; full dots held the service levels, crosses did not; the knee is marked."""
    kinds = (("routine_ms", ROUTINE), ("emergency_ms", EMERGENCY), ("desk_ms", DESK))
    values = [v for s in steps for k, _ in kinds if (v := _value(s, k, "p99")) is not None] + list(
        limits.values()
    )
    plot = _LogLog([float(s["rate_per_s"]) for s in steps], values, 560, 300)
    parts = plot.frame("p99 ms")
    for kind, limit in limits.items():
        colour = EMERGENCY if kind == "emergency" else ROUTINE
        parts.append(
            f'<path d="M{_L} {plot.y(limit):.1f}H{plot.width - _R}" stroke="{colour}" stroke-dasharray="6 4"/>'
        )
        parts.append(
            f'<text x="{_L + 4}" y="{plot.y(limit) - 4:.1f}" fill="{colour}" font-size="10">한도 limit {limit:,g} ms</text>'
        )
    if knee:
        parts.append(
            f'<path d="M{plot.x(knee):.1f} {_T}V{plot.height - _B:.1f}" stroke="{INK}" stroke-width="1.5"/>'
        )
        anchor = "end" if plot.x(knee) > plot.width * 0.6 else "start"
        parts.append(
            f'<text x="{plot.x(knee) + (-5 if anchor == "end" else 5):.1f}" y="{plot.height - _B - 8:.1f}" text-anchor="{anchor}" font-weight="700">무릎 knee {knee:,.0f}/s</text>'
        )
    for kind, colour in kinds:
        parts.append(_line(plot, steps, kind, "p99", colour, dash="5 4" if kind == "desk_ms" else ""))
        for step in steps:
            value = _value(step, kind, "p99")
            if value is None:
                continue
            x, y = plot.x(float(step["rate_per_s"])), plot.y(value)
            if str(step["verdict"]) == "holds":
                parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{colour}"/>')
            else:
                parts.append(
                    f'<path d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="{colour}" stroke-width="2"/>'
                )
    return svg(560, 300, parts, title)


def percentile_plot(steps: Sequence[Mapping[str, Any]], kind: str, colour: str, title: str) -> str:
    """p50, p99 and p99.9 of one class against the offered rate."""
    quantiles = (("p50", "1.2", "2 3"), ("p99", "2.2", ""), ("p999", "1.4", "6 3"))
    values = [v for s in steps for q, _, _ in quantiles if (v := _value(s, kind, q)) is not None]
    plot = _LogLog([float(s["rate_per_s"]) for s in steps], values, 400, 250)
    parts = plot.frame("ms")
    for quantile, stroke, dash in quantiles:
        parts.append(_line(plot, steps, kind, quantile, colour, stroke, dash))
        last = [(float(s["rate_per_s"]), v) for s in steps if (v := _value(s, kind, quantile)) is not None]
        if last:
            rate, value = max(last)
            # Labels of lines that end at one height would lie on each other: p99 stands below, the others above.
            dy = 13 if quantile == "p99" else -5
            parts.append(
                f'<text x="{plot.x(rate):.1f}" y="{plot.y(value) + dy:.1f}" text-anchor="end" font-size="10" fill="{colour}">{"p99.9" if quantile == "p999" else quantile}</text>'
            )
    return svg(400, 250, parts, title)


def _line(
    plot: _LogLog,
    steps: Sequence[Mapping[str, Any]],
    kind: str,
    quantile: str,
    colour: str,
    stroke: str = "2",
    dash: str = "",
) -> str:
    points = sorted(
        (float(s["rate_per_s"]), v) for s in steps if (v := _value(s, kind, quantile)) is not None
    )
    if not points:
        return ""
    path = "L".join(f"{plot.x(r):.1f} {plot.y(v):.1f}" for r, v in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{stroke}"{dashed}/>'


RESOURCE_COLOURS = ("#a31d2d", "#4a7fb5", "#2a7f86", "#d9892b", "#7a5ea8")


def resource_names(steps: Sequence[Mapping[str, Any]], field: str) -> list[str]:
    """The process groups that were measured."""
    return list(dict.fromkeys(k for s in steps for k in (s.get(field) or {})))


def resource_plot(steps: Sequence[Mapping[str, Any]], field: str, unit: str, scale: float, title: str) -> str:
    """Processor or memory of each group of processes against the offered rate (logarithmic across, linear up)."""
    names = resource_names(steps, field)
    values = [float((s.get(field) or {}).get(n, 0.0)) * scale for s in steps for n in names]
    plot = _LogLog([float(s["rate_per_s"]) for s in steps], [1.0], 480, 250)
    top = max([*values, 1.0])
    step_ = nice_step(top)
    ceiling = ceil(top / step_) * step_

    def y(value: float) -> float:
        return plot.height - _B - value / ceiling * (plot.height - _B - _T)

    parts = plot.frame(unit)[2:]
    parts += [
        grid_line(_L, plot.width - _R, y(v), f"{v:,.0f}") for v in np.arange(0, ceiling + step_ / 2, step_)
    ]
    for n, name in enumerate(names):
        points = sorted(
            (float(s["rate_per_s"]), float(s[field][name]) * scale)
            for s in steps
            if name in (s.get(field) or {})
        )
        path = "L".join(f"{plot.x(r):.1f} {y(v):.1f}" for r, v in points)
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{RESOURCE_COLOURS[n % len(RESOURCE_COLOURS)]}" stroke-width="2"/>'
        )
    return svg(480, 250, parts, title)


def tornado_plot(bars: Sequence[Bar], show: Any, title: str) -> str:
    """Bars from the answer at the low input to that at the high one; ``show`` formats an answer."""
    row, label = 34.0, 330.0
    width, height = 980.0, 40 + row * len(bars)
    if not bars:
        return ""
    low = min(min(b.at_low, b.at_high) for b in bars)
    high = max(max(b.at_low, b.at_high) for b in bars)
    span = (high - low) or 1.0
    left, right = label + 70, width - 80

    def x(value: float) -> float:
        return left + (value - low) / span * (right - left)

    base = bars[0].base
    parts = []
    for n, bar in enumerate(bars):
        y = 26 + n * row
        parts.append(
            f'<text x="{label - 8}" y="{y + 11:.0f}" text-anchor="end" font-size="12">{escape(bar.name.ko)}</text>'
        )
        parts.append(
            f'<text x="{label - 8}" y="{y + 24:.0f}" text-anchor="end" font-size="10" fill="{MUTED}">{escape(bar.name.en)} · {_short(bar.low_input)} – {_short(bar.high_input)}</text>'
        )
        for value, colour, given in (
            (bar.at_low, ROUTINE, bar.low_input),
            (bar.at_high, "#d9892b", bar.high_input),
        ):
            a, b = sorted((x(base), x(value)))
            if b - a > 0.2:
                parts.append(
                    f'<rect x="{a:.1f}" y="{y + 3:.0f}" width="{b - a:.1f}" height="18" fill="{colour}"><title>{_short(given)} → {escape(show(value))}</title></rect>'
                )
        ends = sorted((bar.at_low, bar.at_high))
        if ends[0] < base - span * 1e-6:
            parts.append(
                f'<text x="{x(ends[0]) - 5:.1f}" y="{y + 16:.0f}" text-anchor="end" font-size="10.5">{escape(show(ends[0]))}</text>'
            )
        if ends[1] > base + span * 1e-6:
            parts.append(
                f'<text x="{x(ends[1]) + 5:.1f}" y="{y + 16:.0f}" font-size="10.5">{escape(show(ends[1]))}</text>'
            )
    parts.append(f'<path d="M{x(base):.1f} 22V{height - 8:.0f}" stroke="{INK}"/>')
    parts.append(
        f'<text x="{x(base):.1f}" y="14" text-anchor="middle" font-weight="700" font-size="12">{escape(show(base))}</text>'
    )
    return svg(width, height, parts, title)


def _short(value: float) -> str:
    """An input's value with three significant digits, never as a power of ten."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def survival_plot(survival: Survival, targets: Mapping[str, float], title: str) -> str:
    """Share within each promise against false calls a day, with 95 % bands; promises dashed; breaks marked."""
    width, height = 620.0, 300.0
    trials = sorted(survival.curve, key=lambda t: t.times_false)
    top_x = max(t.times_false for t in trials) * survival.false_per_day
    lows = [e.low for t in trials for e in t.levels.values() if e.seeds]
    floor_y = max(0.0, floor(min([*lows, *targets.values()]) * 10) / 10)

    def x(calls: float) -> float:
        return _L + calls / max(top_x, 1e-9) * (width - _L - _R)

    def y(share: float) -> float:
        return height - _B - (min(1.0, max(floor_y, share)) - floor_y) / (1 - floor_y) * (height - _B - _T)

    lines = np.arange(floor_y, 1.0001, 0.1 if 1 - floor_y > 0.25 else 0.05)
    parts = [grid_line(_L, width - _R, y(float(v)), f"{v:.0%}") for v in lines]
    step = nice_step(top_x)
    parts += [
        axis_text(x(float(v)), height - 17, f"{v:,.0f}")
        for v in np.arange(0, top_x + step / 2, step)
        if v <= top_x
    ]
    parts.append(axis_text(width - _R, height - 3, "하루 거짓 호출 false calls a day", "end"))
    for name, colour in LEVEL_COLOUR.items():
        shown = [
            (t.times_false * survival.false_per_day, t.levels[name]) for t in trials if t.levels[name].seeds
        ]
        if len(shown) < 2:
            continue
        up_ = "L".join(f"{x(c):.1f} {y(e.high):.1f}" for c, e in shown)
        down = "L".join(f"{x(c):.1f} {y(e.low):.1f}" for c, e in reversed(shown))
        parts.append(f'<path d="M{up_}L{down}z" fill="{colour}" fill-opacity=".16"/>')
        mean = "L".join(f"{x(c):.1f} {y(e.mean):.1f}" for c, e in shown)
        parts.append(f'<path d="M{mean}" fill="none" stroke="{colour}" stroke-width="2"/>')
    for share in sorted(set(targets.values())):
        names = [n for n, v in targets.items() if v == share]
        colour = LEVEL_COLOUR[names[0]] if len(names) == 1 else MUTED
        parts.append(
            f'<path d="M{_L} {y(share):.1f}H{width - _R}" stroke="{colour}" stroke-dasharray="5 4"/>'
        )
    now = survival.false_per_day
    parts.append(f'<path d="M{x(now):.1f} {_T}V{height - _B:.1f}" stroke="{MUTED}" stroke-dasharray="2 3"/>')
    parts.append(
        f'<text x="{x(now) + 4:.1f}" y="{height - _B - 6:.1f}" font-size="10" fill="{MUTED}">가정 stated {now:,.0f}</text>'
    )
    if survival.first and survival.first.at is not None:
        at = survival.first.at * now
        if at <= top_x:
            colour = LEVEL_COLOUR[survival.first.level]
            parts.append(
                f'<circle cx="{x(at):.1f}" cy="{y(targets[survival.first.level]):.1f}" r="5" fill="#fff" stroke="{colour}" stroke-width="2.5"/>'
            )
            parts.append(
                f'<text x="{x(at) + 9:.1f}" y="{y(targets[survival.first.level]) - 7:.1f}" font-weight="700" fill="{colour}">{at:,.0f}</text>'
            )
    return svg(width, height, parts, title)
