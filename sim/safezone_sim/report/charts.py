"""Small SVG charts: stacked bars over the day, distribution curves on a logarithmic axis. No library."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

import numpy as np

from safezone_sim.report.palette import FONT, INK, LINE, MUTED

Scale = Callable[[float], float]
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 14, 34


class Curve(NamedTuple):
    """One distribution to draw; ``dashed`` for the secondary reading."""

    name: str
    values: Sequence[float]
    colour: str
    dashed: bool = False


class Mark(NamedTuple):
    """A labelled vertical line."""

    at: float
    label: str
    colour: str


def svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    """Wraps drawn parts as one scalable picture with a title for those who cannot see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'font-family="{FONT}" font-size="11" fill="{INK}"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def day_bars(
    times: Mapping[str, Sequence[float]],
    colours: Mapping[str, str],
    span: tuple[float, float],
    title: str,
    *,
    ticks_for: Sequence[str] = (),
    bin_s: float = 600.0,
) -> str:
    """Stacked counts per bin of the day; groups in ``ticks_for`` also get a tick each below the axis,

    for they are few and would drown. Times in seconds after midnight.
    """
    width, height = 980.0, 250.0
    t0, t1 = floor(span[0] / 3600) * 3600.0, ceil(span[1] / 3600) * 3600.0
    edges = np.arange(t0, t1 + bin_s, bin_s)
    counts = {name: np.histogram(np.asarray(ts, dtype=float), edges)[0] for name, ts in times.items()}
    top = max(1, int(np.sum(list(counts.values()), axis=0).max())) if counts else 1
    step = nice_step(top)
    ceiling = ceil(top / step) * step
    base = height - _BOTTOM - 12

    def x(t: float) -> float:
        return _LEFT + (t - t0) / (t1 - t0) * (width - _LEFT - _RIGHT)

    def y(n: float) -> float:
        return base - n / ceiling * (base - _TOP)

    parts = [grid_line(_LEFT, width - _RIGHT, y(n), f"{n:g}") for n in np.arange(0, ceiling + 1, step)]
    floor_at = np.zeros(len(edges) - 1)
    for name, n in counts.items():
        bars = "".join(
            f"M{x(a) + 0.5:.1f} {y(low):.1f}V{y(low + k):.1f}H{x(b) - 0.5:.1f}V{y(low):.1f}z"
            for a, b, low, k in zip(edges, edges[1:], floor_at, n, strict=False)
            if k
        )
        floor_at = floor_at + n
        parts.append(f'<path d="{bars}" fill="{colours[name]}"/>')
    for name in ticks_for:
        ticks = "".join(f"M{x(t):.1f} {base + 3:.1f}v9" for t in times.get(name, ()))
        parts.append(f'<path d="{ticks}" stroke="{colours[name]}" stroke-width="2"/>')
    hours = range(int(t0 // 3600), int(t1 // 3600) + 1)
    parts += [
        f'<text x="{x(h * 3600):.1f}" y="{height - 10:.0f}" text-anchor="middle" fill="{MUTED}">{h:02d}:00</text>'
        for h in hours
    ]
    return svg(width, height, parts, title)


def distribution(
    curves: Sequence[Curve],
    title: str,
    unit: str,
    *,
    marks: Sequence[Mark] = (),
    lo: float = 0.1,
    hi: float | None = None,
    width: float = 480.0,
    height: float = 250.0,
) -> str:
    """Share of values at or below x, on a logarithmic x axis from ``lo``; smaller values sit at its left end."""
    largest = max([*(v for c in curves for v in c.values), *(m.at for m in marks), lo * 100])
    high = 10 ** ceil(log10(hi if hi is not None else largest))
    low_log, high_log = log10(lo), log10(high)

    def x(v: float) -> float:
        share = (log10(max(v, lo)) - low_log) / (high_log - low_log)
        return _LEFT + min(1.0, max(0.0, share)) * (width - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return height - _BOTTOM - share * (height - _BOTTOM - _TOP - 10)

    parts = [grid_line(_LEFT, width - _RIGHT, y(s), f"{s:.0%}") for s in (0, 0.25, 0.5, 0.75, 1)]
    for power in range(ceil(low_log - 1e-9), floor(high_log + 1e-9) + 1):
        at = x(10.0**power)
        parts.append(f'<path d="M{at:.1f} {y(1):.1f}V{y(0):.1f}" stroke="{LINE}"/>')
        parts.append(axis_text(at, height - 16, f"{10.0**power:g}"))
    parts.append(axis_text(width - _RIGHT, height - 3, unit, "end"))
    for mark in marks:
        at = x(mark.at)
        parts.append(
            f'<path d="M{at:.1f} {y(1) - 4:.1f}V{y(0):.1f}" stroke="{mark.colour}" stroke-dasharray="4 3"/>'
            f'<text x="{at:.1f}" y="{_TOP - 2}" text-anchor="middle" fill="{mark.colour}">{escape(mark.label)}</text>'
        )
    for curve in curves:
        if len(curve.values):
            dash = ' stroke-dasharray="5 4" stroke-opacity=".7"' if curve.dashed else ""
            parts.append(
                f'<path d="{_steps(curve.values, x, y)}" fill="none" stroke="{curve.colour}" '
                f'stroke-width="{1.4 if curve.dashed else 2.2}"{dash}/>'
            )
    return svg(width, height, parts, title)


def _steps(values: Sequence[float], x: Scale, y: Scale) -> str:
    """An empirical distribution as path data, thinned to what can be seen."""
    ordered = np.sort(np.asarray(values, dtype=float))
    shares = np.arange(1, len(ordered) + 1) / len(ordered)
    keep = np.unique(np.linspace(0, len(ordered) - 1, min(len(ordered), 240)).astype(int))
    path = f"M{x(float(ordered[0])):.1f} {y(0):.1f}"
    return path + "".join(f"H{x(float(ordered[i])):.1f}V{y(float(shares[i])):.1f}" for i in keep)


def grid_line(x0: float, x1: float, y: float, label: str) -> str:
    """A level line with its label at the left end."""
    return (
        f'<path d="M{x0:g} {y:.1f}H{x1:g}" stroke="{LINE}"/>'
        f'<text x="{x0 - 6:g}" y="{y + 4:.1f}" text-anchor="end" fill="{MUTED}">{label}</text>'
    )


def axis_text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    """A label of an axis."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{MUTED}">{escape(text)}</text>'


def nice_step(top: float) -> float:
    """A round step, at least 1, that divides an axis up to ``top`` into about four."""
    rough = top / 4
    power = 10.0 ** floor(log10(max(rough, 1e-9)))
    return max(1.0, next(m * power for m in (1, 2, 5, 10) if m * power >= rough))
