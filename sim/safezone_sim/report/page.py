"""``report.html``: one file, opens offline, Korean first with English beside it.

Only puts together; each part of the page has its own module, the look is in ``page.html.j2``.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from markupsafe import Markup
from safezone_model import SERVICES

from safezone_sim.judge.day import Day
from safezone_sim.judge.notices import read_notices
from safezone_sim.judge.register import Register
from safezone_sim.judge.verdicts import Scores, score
from safezone_sim.judge.wording import FAULTS, clock, place_name
from safezone_sim.records import RunRecord
from safezone_sim.report import palette
from safezone_sim.report.cases import GROUPS, Case, cases
from safezone_sim.report.charts import Curve, Mark, day_bars, distribution
from safezone_sim.report.incidents import MOST, incidents
from safezone_sim.report.maps import zone_maps
from safezone_sim.report.published import figures
from safezone_sim.report.scoreboard import CLASSES, PARTS, ROLES, lines
from safezone_sim.report.templates import page_templates

if TYPE_CHECKING:
    from safezone_sim.world.model import SchoolWorld

MOST_CASES = 2500  # per group; the rest stands in cases.jsonl


def write_report(
    directory: Path,
    record: RunRecord,
    summary: Mapping[str, Any],
    *,
    world_views: Sequence["SchoolWorld"] = (),
    scores: Scores | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> Path:
    """Writes report.html and cases.jsonl (every explained case); returns the page's path.

    ``scores`` saves judging a second time; ``manifest`` defaults to directory/manifest.json if it is there.
    """
    scores = scores if scores is not None else score(record)
    found = cases(scores)
    if manifest is None:
        path = directory / "manifest.json"
        manifest = msgspec.json.decode(path.read_bytes()) if path.is_file() else {}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "cases.jsonl").write_bytes(msgspec.json.Encoder().encode_lines(found))
    page = directory / "report.html"
    page.write_text(render(scores, summary, world_views, found, manifest or {}), encoding="utf-8")
    return page


def render(
    scores: Scores,
    summary: Mapping[str, Any],
    worlds: Sequence["SchoolWorld"],
    found: Sequence[Case],
    manifest: Mapping[str, Any],
) -> str:
    """The page as text."""
    environment = page_templates("safezone_sim.report")
    environment.filters["svg"] = Markup
    environment.filters["pct"] = lambda v, digits=1: "–" if v is None else f"{100 * v:.{digits}f} %"
    environment.filters["num"] = lambda v, digits=1: "–" if v is None else f"{v:,.{digits}f}"
    environment.filters["count"] = lambda v: f"{v:,}"
    record = scores.record
    views = incidents(scores)
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        groups[case.group].append(case)
    maps = zone_maps(record.registry, worlds, views[:MOST], summary["map"]["kind"])
    return environment.get_template("page.html.j2").render(
        summary=summary,
        scenario=record.scenario,
        schools=[(m.zone, m.name) for m in maps],
        lines=lines(summary),
        headline=headline(summary),
        parts=PARTS,
        classes=CLASSES,
        roles=ROLES,
        palette=palette,
        maps=maps,
        incidents=views[:MOST],
        incidents_left=max(0, len(views) - MOST),
        day_chart=_day_chart(scores),
        latency_charts=_latency_charts(scores),
        location_chart=_location_chart(scores),
        groups=[(g, groups[g.key][:MOST_CASES], len(groups[g.key])) for g in GROUPS],
        faults=_faults(record),
        figures=figures(summary, record.registry),
        attributions=sorted({m.attribution for m in maps}),
        manifest=list(_flat(manifest)),
    )


def headline(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The big numbers, all from the summary: what the desk and the guardians lived through."""
    services = summary["services"]

    def total(key: str, role: str, classes: Sequence[str]) -> int:
        return sum(
            by[role][key] for name, by in services.items() if role in by and SERVICES[name].cls in classes
        )

    urgent, everyday = ("emergency", "danger"), ("everyday",)
    return {
        "desk_true": total("true", "desk", urgent),
        "desk_delivered": total("delivered", "desk", urgent),
        "guardian_urgent_true": total("true", "guardian", urgent),
        "guardian_urgent_delivered": total("delivered", "guardian", urgent),
        "everyday_true": total("true", "guardian", everyday),
        "everyday_delivered": total("delivered", "guardian", everyday),
        "late": sum(total("late", r, (*urgent, *everyday)) for r in ROLES),
        "false": sum(total("false", r, (*urgent, *everyday)) for r in ROLES),
        "false_urgent": sum(total("false", r, urgent) for r in ROLES),
        "hub": sum(total("missed", r, (*urgent, *everyday)) for r in ROLES),
        "hub_false": sum(total("false_hub", r, (*urgent, *everyday)) for r in ROLES),
        "gap": sum(total("coverage_gap", r, (*urgent, *everyday)) for r in ROLES),
        "equipment": sum(total("equipment_failed", r, (*urgent, *everyday)) for r in ROLES),
    }


def _day_chart(scores: Scores) -> str:
    notices, _ = read_notices(scores.record.receptions, Day.of(scores.record.scenario))
    times: dict[str, list[float]] = {cls: [] for cls in palette.CLASS_COLOUR}
    for notice in notices:
        times[SERVICES[notice.service].cls].append(notice.t)
    scenario = scores.record.scenario
    span = (_clock_s(scenario.get("start", "06:00")), _clock_s(scenario.get("end", "21:00")))
    return day_bars(
        times,
        palette.CLASS_COLOUR,
        span,
        "10분마다 도착한 알림 notices per 10 minutes",
        ticks_for=("danger", "emergency"),
    )


def _clock_s(text: str) -> float:
    hours, minutes = (int(p) for p in text.split(":")[:2])
    return hours * 3600.0 + minutes * 60.0


def _latency_charts(scores: Scores) -> list[dict[str, Any]]:
    """Per class: delay after the truth, and after it became observable, against the limit."""
    charts = []
    for cls, (ko, en) in CLASSES.items():
        rows = [r for r in scores.rows if SERVICES[r.event.service].cls == cls and r.notice is not None]
        since_truth = [r.latency_s or 0.0 for r in rows]
        since_seen = [
            max(0.0, r.notice.t - max(r.event.t, r.observable_at))
            for r in rows
            if r.notice is not None and r.observable_at is not None
        ]
        limit = next(s.limit_s for s in SERVICES.values() if s.cls == cls)
        colour = palette.CLASS_COLOUR[cls]
        picture = distribution(
            [Curve("truth", since_truth, colour, True), Curve("observable", since_seen, colour)],
            f"{ko} 알림의 지연 delay of {en} notices",
            "초 s",
            marks=[Mark(limit, f"한도 limit {limit:g} s", palette.INK)],
            width=440,
        )
        charts.append({"ko": ko, "en": en, "n": len(rows), "limit": limit, "svg": picture, "colour": colour})
    return charts


def _location_chart(scores: Scores) -> str:
    location = scores.location
    return distribution(
        [
            Curve("phone", location.errors_phone_m, palette.PHONE),
            Curve("tag only", location.errors_tag_only_m, palette.TAG_ONLY),
        ],
        "위치 응답의 오차 error of location answers",
        "m",
        lo=1.0,
        width=560,
        height=260,
    )


def _faults(record: RunRecord) -> list[dict[str, str]]:
    register = Register.read(record.registry, Day.of(record.scenario))
    rows = []
    for fault in sorted(record.faults, key=lambda f: (f.kind, f.t_from, f.subject)):
        zone = register.zones.get(fault.zone)
        reader = zone.readers.get(fault.subject) if zone else None
        child = register.children.get(zone.child_of_thing.get(fault.subject, "")) if zone else None
        about = place_name(zone, reader.area) if reader else (f"{child.name} ({child.id})" if child else "")
        text = FAULTS[fault.kind]
        rows.append(
            {
                "ko": text.ko,
                "en": text.en,
                "zone": zone.name if zone else fault.zone,
                "subject": fault.subject,
                "about": about,
                "from": clock(fault.t_from),
                "to": clock(fault.t_to),
            }
        )
    return rows


def _flat(value: Any, path: str = "") -> Any:
    """(path, text) of every leaf of the manifest."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(v, Mapping | list | tuple) for v in value):
        for n, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{n}]")
    else:
        yield path, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
