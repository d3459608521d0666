"""The day's scripted incidents: what happened, when it could be seen, who was told when."""

from collections import defaultdict
from typing import NamedTuple

from safezone_model import SERVICES

from safezone_sim.judge.rows import Row
from safezone_sim.judge.verdicts import Scores
from safezone_sim.judge.wording import clock
from safezone_sim.records import TruthEvent
from safezone_sim.report.charts import svg
from safezone_sim.report.palette import DELIVERED, HUB, INK, LINE, MUTED

MOST = 80


class Step(NamedTuple):
    """One true event of an incident. Delays in seconds after the truth; None: never."""

    event: TruthEvent
    clock: str
    title: tuple[str, str]
    who: str
    name: str
    limit_s: float
    observable_s: float | None
    desk_s: float | None
    guardians_s: list[float | None]
    desk_entitled: bool
    verdicts: list[str]
    picture: str


class IncidentView(NamedTuple):
    """One incident with its number on the map."""

    number: int
    id: str
    zone: str
    lat: float
    lon: float
    steps: list[Step]


def incidents(scores: Scores) -> list[IncidentView]:
    """All incidents in order of their first event; events without an incident are everyday life."""
    names = child_names(scores)
    by_event: dict[str, list[Row]] = defaultdict(list)
    for row in scores.rows:
        by_event[row.event.id].append(row)
    by_incident: dict[tuple[str, str], list[TruthEvent]] = defaultdict(list)
    for event in sorted(scores.record.truth, key=lambda e: e.t):
        if event.incident:
            by_incident[event.zone, event.incident].append(event)
    return [
        IncidentView(
            n,
            name,
            zone,
            events[0].lat,
            events[0].lon,
            [_step(e, by_event[e.id], names.get(e.child or "", "")) for e in events],
        )
        for n, ((zone, name), events) in enumerate(by_incident.items(), 1)
    ]


def _step(event: TruthEvent, rows: list[Row], name: str) -> Step:
    service = SERVICES[event.service]
    desk = [r for r in rows if r.role == "desk"]
    guardians = [r for r in rows if r.role == "guardian"]
    seen = next((r.observable_at for r in [*desk, *guardians] if r.observable_at is not None), None)
    observable = None if seen is None else max(0.0, seen - event.t)
    desk_s = next((r.latency_s for r in desk), None)
    guardians_s = [r.latency_s for r in guardians]
    return Step(
        event, clock(event.t), (service.title_ko, service.title_en), event.child or event.device or "", name,
        service.limit_s, observable, desk_s, guardians_s, bool(desk), sorted({r.verdict for r in rows}),
        _timeline(observable, desk_s, guardians_s, service.limit_s),
    )  # fmt: skip


def _timeline(
    observable: float | None, desk: float | None, guardians: list[float | None], limit_s: float
) -> str:
    """Truth at the left, then observable (open), limit (bar), desk (square) and guardians (dots)."""
    width, height, left = 300.0, 30.0, 8.0
    told = [t for t in (desk, *guardians) if t is not None]
    start = observable if observable is not None else 0.0
    longest = max([start + limit_s, *told, 1.0]) * 1.05

    def x(t: float) -> float:
        return left + t / longest * (width - 2 * left)

    parts = [
        f'<path d="M{left:g} 15H{width - left:g}" stroke="{LINE}" stroke-width="2"/>',
        f'<path d="M{left:g} 8v14" stroke="{INK}" stroke-width="2.5"/>',
    ]
    if observable is not None:
        parts.append(
            f'<rect x="{x(observable):.1f}" y="11" width="{x(observable + limit_s) - x(observable):.1f}" '
            f'height="8" fill="{DELIVERED}" fill-opacity=".16"/>'
            f'<circle cx="{x(observable):.1f}" cy="15" r="4.5" fill="#fff" stroke="{DELIVERED}" stroke-width="2"/>'
        )
    parts += [f'<circle cx="{x(t):.1f}" cy="15" r="3.2" fill="{MUTED}"/>' for t in guardians if t is not None]
    if desk is not None:
        parts.append(f'<rect x="{x(desk) - 3.2:.1f}" y="11.8" width="6.4" height="6.4" fill="{HUB}"/>')
    return svg(width, height, parts, "사실 → 드러남 → 통지 truth → observable → told")


def child_names(scores: Scores) -> dict[str, str]:
    """The invented names of the children, by id."""
    items = (i for zone in scores.record.registry.values() for i in zone)
    return {i["id"]: i["name"] for i in items if i.get("kind") == "child"}
