"""The scoreboard: rows for the page, and a standalone picture of it."""

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

from safezone_model import SERVICES

from safezone_sim.report.palette import (
    CLASS_COLOUR,
    DELIVERED,
    EQUIPMENT,
    FONT,
    GAP,
    HUB,
    INK,
    LATE,
    LINE,
    MUTED,
    PAPER,
)

ROLES = {"desk": ("112 상황실", "112 desk"), "guardian": ("보호자", "guardians")}
CLASSES = {
    "emergency": ("긴급", "emergency"),
    "danger": ("위험", "danger"),
    "everyday": ("일상", "everyday"),
}
# What stands on a bar, from the left: key of the summary row, colour, Korean, English.
PARTS = (
    ("on_time", DELIVERED, "제때 전달", "delivered in time"),
    ("late", LATE, "늦게 전달", "delivered late"),
    ("coverage_gap", GAP, "장비 공백", "coverage gap"),
    ("equipment_failed", EQUIPMENT, "장비 고장·잡음", "equipment failed"),
    ("missed", HUB, "허브 잘못", "hub's fault"),
)


class Line(NamedTuple):
    """One service at one recipient, ready to show. ``parts`` are shares of true, in the order of PARTS."""

    cls: str
    service: str
    title: tuple[str, str]
    role: str
    limit_s: float
    row: Mapping[str, Any]
    not_delivered: int
    parts: tuple[tuple[str, float], ...]


def lines(summary: Mapping[str, Any]) -> list[Line]:
    """Every service and recipient of the summary: emergencies first, then danger, then everyday."""
    found = []
    for cls in CLASSES:
        for name, service in SERVICES.items():
            if service.cls != cls:
                continue
            for role, row in summary["services"].get(name, {}).items():
                found.append(_line(cls, name, role, row))
    return found


def _line(cls: str, name: str, role: str, row: Mapping[str, Any]) -> Line:
    service = SERVICES[name]
    counts = {**row, "on_time": row["delivered"] - row["late"]}
    shares = tuple((colour, counts[key] / row["true"] if row["true"] else 0.0) for key, colour, _, _ in PARTS)
    return Line(
        cls, name, (service.title_ko, service.title_en), role, service.limit_s, row,
        row["true"] - row["delivered"], shares,
    )  # fmt: skip


def scoreboard_svg(summary: Mapping[str, Any]) -> str:
    """A standalone picture of the scoreboard, for a README: one bar per service and recipient that had truth."""
    shown = [line for line in lines(summary) if line.row["true"] or line.row["notices"]]
    width, row_h, head = 1080, 30, 128
    height = head + row_h * len(shown) + 56
    parts = [
        f'<rect width="{width}" height="{height}" rx="10" fill="{PAPER}" stroke="{LINE}"/>',
        _text(28, 40, f"{summary['scenario']} · 알림 성적표 scoreboard", 20, weight=700),
        _text(28, 63, _subtitle(summary), 12, MUTED),
        *_legend(28, 88),
        _text(560, 118, "겪은 것 — 원인별 what people lived through, by cause", 11, MUTED),
        *(
            _text(x, 118, label, 11, MUTED, "end")
            for x, label in ((440, "사실 true"), (530, "전달 told"), (960, "허위 false"), (1052, "p50 s"))
        ),
    ]
    for n, line in enumerate(shown):
        parts += _bar_row(line, head + row_h * n, row_h)
    if summary["map"]["kind"] != "real":
        parts.append(_text(width - 28, 40, "약도 / schematic map", 16, "#a3402c", "end", 700))
    note = "훈련 EXERCISE — 가상의 인물 invented people · 허위 = 모든 원인 false = all causes"
    parts.append(_text(28, height - 20, note, 11, MUTED))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="{FONT}" role="img"><title>알림 성적표 scoreboard</title>'
        f"{''.join(parts)}</svg>\n"
    )


def _subtitle(summary: Mapping[str, Any]) -> str:
    return (
        f"어린이 {summary['children']}명 children · 학교 schools {', '.join(summary['schools'])} · "
        f"seed {summary['seed']} · {summary['map']['kind']} map"
    )


def _legend(x: float, y: float) -> list[str]:
    parts = []
    for _, colour, ko, en in PARTS:
        parts.append(f'<rect x="{x:g}" y="{y - 9:g}" width="11" height="11" rx="2" fill="{colour}"/>')
        label = f"{ko} {en}"
        parts.append(_text(x + 16, y + 1, label, 11))
        x += 30 + sum(11 if ord(c) > 0x2E7F else 6.1 for c in label)
    return parts


def _bar_row(line: Line, y: float, row_h: float) -> list[str]:
    row, mid = line.row, y + row_h / 2 + 4
    told = f"{100 * row['delivered'] / row['true']:.1f} %" if row["true"] else "–"
    p50 = row["latency_s"]["p50"]
    parts = [
        f'<path d="M28 {y:g}H1052" stroke="{LINE}"/>',
        f'<rect x="28" y="{y + 9:g}" width="4" height="13" rx="1" fill="{CLASS_COLOUR[line.cls]}"/>',
        _text(42, mid, f"{line.title[0]}", 13, weight=600),
        _text(160, mid, line.title[1], 11, MUTED),
        _text(318, mid, " ".join(ROLES[line.role]), 11),
        _text(440, mid, str(row["true"]), 13, anchor="end"),
        _text(530, mid, told, 13, anchor="end", weight=600),
        _text(960, mid, str(row["false"]) if row["false"] else "·", 13, anchor="end"),
        _text(1052, mid, "–" if p50 is None else f"{p50:.1f}", 13, anchor="end"),
    ]
    x = 560.0
    for colour, share in line.parts:
        if share:
            parts.append(
                f'<rect x="{x:.2f}" y="{y + 7:g}" width="{320 * share:.2f}" height="17" fill="{colour}"/>'
            )
            x += 320 * share
    return parts


def _text(
    x: float, y: float, text: str, size: float, fill: str = INK, anchor: str = "start", weight: int = 400
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )
