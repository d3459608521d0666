"""The load of a day as an SVG: messages a second in each minute, stacked by class. Reusable; no page of its own."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil

import numpy as np

from safezone_sim.report.charts import Mark, axis_text, grid_line, nice_step, svg
from safezone_sim.report.palette import INK

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 22, 34


def load_curve(
    per_minute: Mapping[str, Sequence[int]],
    colours: Mapping[str, str],
    title: str,
    *,
    marks: Sequence[Mark] = (),
    hours: tuple[int, int] = (0, 24),
    width: float = 980.0,
    height: float = 280.0,
) -> str:
    """Stacked areas of messages a second over ``hours`` of the day.

    ``per_minute``: class -> 1,440 counts, as in ``city.json``; the first class lies at the bottom. ``marks.at`` in
    seconds after midnight.
    """
    first, last = hours[0] * 60, hours[1] * 60
    layers = {name: np.asarray(counts, float)[first:last] / 60.0 for name, counts in per_minute.items()}
    total = np.sum(list(layers.values()), axis=0)
    step = nice_step(max(1.0, float(total.max(initial=0.0))))
    ceiling = max(step, ceil(float(total.max(initial=0.0)) / step) * step)
    base = height - _BOTTOM

    def x(minute: float) -> float:
        return _LEFT + (minute - first) / (last - first) * (width - _LEFT - _RIGHT)

    def y(rate: float) -> float:
        return base - rate / ceiling * (base - _TOP)

    parts = [grid_line(_LEFT, width - _RIGHT, y(r), f"{r:,.0f}") for r in np.arange(0, ceiling + 1e-9, step)]
    floor_at = np.zeros(last - first)
    for name, rate in layers.items():
        top = floor_at + rate
        # One step a minute: nothing is smoothed, so a burst shows as what it is.
        upper = "".join(
            f"L{x(first + i):.1f} {y(v):.1f}H{x(first + i + 1):.1f}" for i, v in enumerate(top.tolist())
        )
        lower = "".join(
            f"L{x(first + i + 1):.1f} {y(v):.1f}H{x(first + i):.1f}"
            for i, v in reversed(list(enumerate(floor_at.tolist())))
        )
        parts.append(
            f'<path d="M{x(first):.1f} {y(0):.1f}{upper}{lower}z" fill="{colours[name]}"><title>{escape(name)}</title></path>'
        )
        floor_at = top
    every = 1 if hours[1] - hours[0] <= 12 else 2
    parts += [axis_text(x(h * 60), height - 12, f"{h:02d}:00") for h in range(hours[0], hours[1] + 1, every)]
    parts.append(f'<text x="4" y="{_TOP - 8}">msg/s</text>')
    for mark in marks:
        at = x(mark.at / 60.0)
        anchor = "start" if at < width / 2 else "end"
        parts.append(
            f'<path d="M{at:.1f} {_TOP - 4}V{base:.1f}" stroke="{mark.colour}" stroke-dasharray="4 3"/>'
            f'<text x="{at + (5 if anchor == "start" else -5):.1f}" y="{_TOP - 8}" text-anchor="{anchor}" fill="{INK}">'
            f"{escape(mark.label)}</text>"
        )
    return svg(width, height, parts, title)
