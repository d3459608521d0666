"""The pictures of a capacity report as SVG: the knee, percentiles against rate, what happened second by second."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any

from safezone_sim.report.charts import svg
from safezone_sim.report.palette import INK, LINE, MUTED

WIDTH, HEIGHT = 760.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 120.0, 16.0, 44.0
COLOURS = {"holds": "#1b7f5c", "fails": "#c2452d", "inconclusive": "#8a8f98"}
SERIES = (
    ("routine", "p50", "#6b9bd1", "3 3"),
    ("routine", "p99", "#2b6cb0", ""),
    ("emergency", "p99", "#c2452d", ""),
    ("desk", "p99", "#d69e2e", "6 3"),
)

Row = Mapping[str, Any]
Scale = Callable[[float], float]


def knee_plot(rows: Sequence[Row], knee: float | None) -> str:
    """Offered against answered in time, both a second; a hub that keeps up stays on the diagonal."""
    top = max([1.0, *(_offered(r) for r in rows)]) * 1.05
    x, y = _linear(top, True), _linear(top, False)
    parts = _frame(
        x,
        y,
        _ticks(top),
        _ticks(top),
        "보낸 메시지/초 · offered per second",
        "답한 메시지/초 · receipts per second",
    )
    parts.append(
        f'<path d="M{x(0):.1f} {y(0):.1f}L{x(top):.1f} {y(top):.1f}" stroke="{LINE}" stroke-dasharray="4 4"/>'
    )
    if knee:
        parts.append(
            f'<path d="M{x(knee):.1f} {_TOP}V{HEIGHT - _BOTTOM}" stroke="{COLOURS["holds"]}" stroke-dasharray="2 3"/>'
        )
        parts.append(
            f'<text x="{x(knee) - 4:.1f}" y="{_TOP + 10}" text-anchor="end" fill="{COLOURS["holds"]}">무릎점 · knee {knee:,.0f}/s</text>'
        )
    for row in sorted(rows, key=_offered):
        at, done = _offered(row), _answered(row)
        label = f"{at:,.0f}/s → {done:,.0f}/s, {row['verdict']}"
        parts.append(
            f'<circle cx="{x(at):.1f}" cy="{y(done):.1f}" r="5" fill="{COLOURS[row["verdict"]]}"><title>{escape(label)}</title></circle>'
        )
    for n, (name, words) in enumerate(
        (("holds", "감당 · holds"), ("fails", "초과 · fails"), ("inconclusive", "판단 불가"))
    ):
        parts.append(_legend(n, COLOURS[name], words))
    return svg(WIDTH, HEIGHT, parts, "무릎점 · knee")


def percentiles(rows: Sequence[Row], limits_ms: Mapping[str, float]) -> str:
    """Latency against rate on a logarithmic axis, with the limits."""
    rows = sorted(rows, key=_offered)
    values = [v for row in rows for name, p, _, _ in SERIES if (v := row[f"{name}_ms"][p])] + list(
        limits_ms.values()
    )
    low, high = floor(log10(max(0.1, min(values, default=1)))), ceil(log10(max(values, default=10)))
    top = max([1.0, *(_offered(r) for r in rows)]) * 1.05
    x = _linear(top, True)

    def y(ms: float) -> float:
        share = (log10(max(ms, 10.0**low)) - low) / max(1, high - low)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)

    parts = _frame(
        x,
        y,
        _ticks(top),
        [10.0**k for k in range(low, high + 1)],
        "보낸 메시지/초 · offered per second",
        "ms",
    )
    for name, limit in limits_ms.items():
        parts.append(
            f'<path d="M{_LEFT} {y(limit):.1f}H{WIDTH - _RIGHT}" stroke="{MUTED}" stroke-dasharray="1 3"/>'
        )
        parts.append(
            f'<text x="{WIDTH - _RIGHT - 4}" y="{y(limit) - 3:.1f}" text-anchor="end" fill="{MUTED}">{name} {limit / 1000:g} s</text>'
        )
    for n, (name, p, colour, dash) in enumerate(SERIES):
        points = [(x(_offered(r)), y(r[f"{name}_ms"][p])) for r in rows if r[f"{name}_ms"][p] is not None]
        if points:
            path = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
            parts.append(
                f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
            )
            parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="{colour}"/>' for a, b in points]
        parts.append(_legend(n, colour, f"{_NAMES[name]} {p}"))
    return svg(WIDTH, HEIGHT, parts, "지연과 부하 · latency against rate")


def seconds(row: Row) -> str:
    """One overload second by second: sent, and of those answered in time; where it recovers."""
    sent, well = row["by_second"]["sent"], row["by_second"]["in_time"]
    top, last = max([1, *sent]) * 1.05, max(1, len(sent))
    y = _linear(top, False)

    def x(second: float) -> float:
        return _LEFT + second / last * (WIDTH - _LEFT - _RIGHT)

    parts = _frame(
        x,
        y,
        [float(s) for s in range(0, last + 1, max(1, last // 10))],
        _ticks(top),
        "초 · seconds",
        "메시지/초 · messages",
    )
    width = max(1.0, (WIDTH - _LEFT - _RIGHT) / last - 1)
    for second, (n, good) in enumerate(zip(sent, well, strict=True)):
        parts.append(
            f'<rect x="{x(second):.1f}" y="{y(n):.1f}" width="{width:.1f}" height="{y(0) - y(n):.1f}" fill="#e3b7ae"/>'
        )
        parts.append(
            f'<rect x="{x(second):.1f}" y="{y(good):.1f}" width="{width:.1f}" height="{y(0) - y(good):.1f}" fill="{COLOURS["holds"]}"/>'
        )
    if row.get("recovery_s") is not None:
        at = x(row["seconds"] + row["recovery_s"])
        parts.append(f'<path d="M{at:.1f} {_TOP}V{HEIGHT - _BOTTOM}" stroke="{INK}" stroke-dasharray="2 3"/>')
        parts.append(
            f'<text x="{at + 4:.1f}" y="{_TOP + 10}">회복 · recovered {row["recovery_s"]:.0f} s</text>'
        )
    parts += [_legend(0, COLOURS["holds"], "제때 · in time"), _legend(1, "#e3b7ae", "늦거나 없음 · late")]
    return svg(WIDTH, HEIGHT, parts, f"×{row['factor']:g}")


_NAMES = {"routine": "일반 routine", "emergency": "긴급 call", "desk": "상황실 desk"}


def _offered(row: Row) -> float:
    return float(row.get("offered_per_s", row["rate_per_s"]))


def _answered(row: Row) -> float:
    """Receipts within the seconds of sending."""
    within = row["by_second"]["receipts"][: int(row["seconds"])]
    return float(sum(within) / row["seconds"])


def _linear(top: float, across: bool) -> Scale:
    if across:
        return lambda v: _LEFT + v / top * (WIDTH - _LEFT - _RIGHT)
    return lambda v: HEIGHT - _BOTTOM - v / top * (HEIGHT - _TOP - _BOTTOM)


def _ticks(top: float) -> list[float]:
    step = 10 ** floor(log10(max(top, 1)))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if top / s <= 7)
    return [n * step for n in range(int(top / step) + 1)]


def _frame(x: Scale, y: Scale, xs: Sequence[float], ys: Sequence[float], across: str, up: str) -> list[str]:
    parts = [
        f'<path d="M{_LEFT} {y(v):.1f}H{WIDTH - _RIGHT}" stroke="{LINE}" stroke-width="0.6"/>' for v in ys
    ]
    parts += [
        f'<text x="{_LEFT - 6}" y="{y(v) + 4:.1f}" text-anchor="end" fill="{MUTED}">{v:,g}</text>' for v in ys
    ]
    parts += [
        f'<text x="{x(v):.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle" fill="{MUTED}">{v:,g}</text>'
        for v in xs
    ]
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>')
    parts.append(
        f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2})">{escape(up)}</text>'
    )
    return parts


def _legend(n: int, colour: str, words: str) -> str:
    at = _TOP + 8 + 18 * n
    return (
        f'<rect x="{WIDTH - _RIGHT + 10}" y="{at - 8}" width="10" height="10" fill="{colour}"/>'
        f'<text x="{WIDTH - _RIGHT + 25}" y="{at + 1}">{escape(words)}</text>'
    )
