"""What a drill leaves behind: ``session.json`` (all that the report needs), ``replay.json``, ``map.geojson``.

The folder is ``<results>/<school>/<session>``. No names of real people, no keys, no tokens are in it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from safezone_sim.drill.catalogue import shown
from safezone_sim.drill.course import Course
from safezone_sim.drill.evaluation import Evaluation, Papers
from safezone_sim.drill.geo import places_of
from safezone_sim.drill.picture import picture_of
from safezone_sim.drill.report import file_name, report_html, report_pdf
from safezone_sim.drill.states import OVER
from safezone_sim.drill.timeline import Timeline
from safezone_sim.drill.views import REACTIONS, UNRATED, cases, public, status

RECORD, REPLAY, MAP, TIMELINE, PICTURE = (
    "session.json", "replay.json", "map.geojson", "timeline.jsonl", "picture.json",
)  # fmt: skip
VERSION = 1
SHOWN = (
    "session",
    "school",
    "zone",
    "exercise",
    "drill",
    "date",
    "starts",
    "rehearsal",
    "state",
    "failed",
    "created_at",
    "map",
    "hub",
    "class",
    "child",
    "report",
    "owner",
)
LOST = (
    "훈련 프로그램이 도중에 꺼져 이 훈련을 이어 갈 수 없습니다. 그때까지의 기록은 보고서에 있습니다. 새 훈련을 시작하세요. · "
    "The drill program stopped in mid-drill; this drill cannot go on. What happened until then is in the report. Start a new one."
)  # fmt: skip


def record_of(course: Course) -> dict[str, Any]:
    """The record as it is now."""
    now, stage = status(course), course.stage
    return {
        "record_version": VERSION,
        **public(course, with_tokens=False),
        "seed": stage.scenario.seed, "speed": course.speed, "started_t": course.started_t,
        "ended_t": course.ended_t, "ended_at": None if course.ended_t is None else stage.at(course.ended_t),
        "all_clear_t": course.all_clear_t, "minutes": stage.minutes, "plan_minutes": stage.plan.minutes,
        "plan": shown(stage.scenario) | {"starts": stage.start}, "injects": now["injects"], "cases": cases(course),
        "objectives": now["objectives"], "measures": now["measures"], "rollcall": now["rollcall"],
        "notes": course.notes, "improvements": course.improvements, "events": course.timeline.after(0),
        "pupils": len(stage.world.people), "subscribers": len(stage.world.subscribers),
    }  # fmt: skip


def shown_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of a record, what the control API shows of a session; see ``views.public``."""
    return {name: record.get(name) for name in SHOWN}


def write_record(course: Course) -> None:
    """Writes ``session.json``."""
    _write(course.folder / RECORD, record_of(course))


def write_report(record: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Writes the report as HTML and PDF beside the record, to be had without any program of ours."""
    partial = folder / ".report.partial"
    for name, content in (
        ("report.html", report_html(record, earlier).encode()),
        (file_name(record), report_pdf(record, earlier)),
    ):
        partial.write_bytes(content)
        partial.replace(folder / name)


def write_replay(course: Course) -> None:
    """Writes the drill on the map for later: everybody's way, and the places."""
    _write(course.folder / REPLAY, replay_of(course))
    _write(course.folder / PICTURE, picture_of(course))
    write_map(course)


def read_picture(folder: Path) -> dict[str, Any] | None:
    """The map picture of an ended session; None where none was kept."""
    try:
        found: dict[str, Any] = json.loads((folder / PICTURE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def write_map(course: Course) -> None:
    """Writes the places alone."""
    _write(course.folder / MAP, places_of(course.scene, course.cameras, course.stage.schematic))


def agents_of(course: Course) -> list[dict[str, Any]]:
    """Everybody who is in frames, by index."""
    scene, stage = course.scene, course.stage
    seat_of = {index: seat for seat, index in enumerate(stage.seats, 1)}
    t = course.now
    rows: list[dict[str, Any]] = []
    for n, track in enumerate(scene.tracks()):
        lon, lat = scene.lonlat(*track.position(t))
        common = {"i": n, "cast": n in scene.cast, "lon": lon, "lat": lat}
        if n < len(stage.world.people):
            p = stage.world.people[n]
            seat = seat_of.get(n)
            label = (
                {"ko": f"{seat}번", "en": f"seat {seat}"}
                if seat
                else {"ko": f"{p.grade}학년", "en": f"grade {p.grade}"}
            )
            if n == stage.lead.index:
                label = dict(zip(("ko", "en"), stage.lead_words, strict=True))
            rows.append(
                {
                    "id": p.id,
                    "kind": "child" if p.subscriber else "pupil",
                    "label": label,
                    "seat": seat,
                    **common,
                }
            )
        else:
            e = scene.extras[n - len(stage.world.people)]
            rows.append({"id": e.id, "kind": e.kind, "label": e.label, "seat": None, **common})
    return rows


def replay_of(course: Course) -> dict[str, Any]:
    """Tracks over the drill, events and camera turns."""
    scene = course.scene
    start, end = course.stage.start_s - 30.0, course.now
    tracks = []
    for n, track in enumerate(scene.tracks()):
        t, x, y, place = track.between(start, max(end, start + 0.01))
        keep = np.ones(len(t), bool)
        # Who stands still needs only where the standing begins and ends.
        keep[1:-1] = (x[1:-1] != x[:-2]) | (y[1:-1] != y[:-2]) | (x[1:-1] != x[2:]) | (y[1:-1] != y[2:])
        lon, lat = scene.lonlats(np.column_stack([x[keep], y[keep]])).T.tolist()
        tracks.append({
            "i": n, "t": np.round(t[keep], 1).tolist(), "lon": lon, "lat": lat,
            "place": [p for p, k in zip(place, keep.tolist(), strict=True) if k],
        })  # fmt: skip
    cameras = [
        {"t": e["t"], "camera": e["camera"], "preset": e["preset"], "bearing_deg": e["data"]["bearing_deg"]}
        for e in course.timeline.after(0) if e["kind"] == "camera"
    ]  # fmt: skip
    return {"from_t": start, "to_t": end, "agents": agents_of(course), "tracks": tracks,
            "events": course.timeline.after(0), "cameras": cameras}  # fmt: skip


def is_waiting(record: Mapping[str, Any]) -> bool:
    """Whether a drill was prepared and never begun: a later run can prepare it again."""
    return record["state"] == "ready" and record["started_t"] is None and "seed" in record


def is_name(session: str) -> bool:
    """Whether that can be a session's name, and no pattern of other files."""
    return session.replace("-", "").isalnum()


def prepared(folder: Path, session: str) -> tuple[dict[str, Any], Path] | None:
    """The record of a waiting session and where it is; None for any other session."""
    if not is_name(session):
        return None
    for path in folder.glob(f"*/{session}/{RECORD}"):
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return (record, path) if is_waiting(record) else None
        except (OSError, ValueError, KeyError):
            return None
    return None


def read_records(folder: Path, school: str = "*", session: str = "*") -> list[dict[str, Any]]:
    """All records under a results folder, or those of a school or a session, newest first; what cannot be read is left out.

    For sessions that nobody runs any more: one that was begun and did not end was lost with its twin, and its timeline goes on
    after its record.
    """
    found = []
    for path in folder.glob(f"{school}/{session}/{RECORD}"):
        try:
            record = {**json.loads(path.read_text(encoding="utf-8")), "folder": str(path.parent)}
            whole = record["state"] in OVER or is_waiting(record)
            found.append(record if whole else _lost(record, path.parent))
        except (OSError, ValueError, KeyError):
            continue
    return sorted(found, key=lambda r: str(r.get("created_at", "")), reverse=True)


def kept_agents(folder: Path) -> list[dict[str, Any]]:
    """Everybody of an ended session, as its replay has them; nobody if it was lost."""
    try:
        found: list[dict[str, Any]] = json.loads((folder / REPLAY).read_text(encoding="utf-8"))["agents"]
    except (OSError, ValueError, KeyError):
        return []
    return found


def _lost(record: dict[str, Any], folder: Path) -> dict[str, Any]:
    events = []
    for line in (folder / TIMELINE).read_text(encoding="utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:  # the last line, cut off as it was written
            break
    last = events[-1]["t"] if events else None
    return record | {
        "state": "failed",
        "failed": LOST,
        "events": events,
        "ended_t": last,
    }


def evaluation_of(record: dict[str, Any]) -> Evaluation:
    """Writes in the record of a drill that left memory, and keeps it; nobody else may do so meanwhile. ``record``: of ``read_records``."""
    folder, ended = Path(record["folder"]), record["ended_t"] or 0.0
    ended_at = record["ended_at"] or (record["events"][-1]["at"] if record["events"] else "")
    rows = record["objectives"]
    ratings = {o["id"]: {"rating": o["rating"], "evidence": o["evidence"]} for o in rows}
    timeline = Timeline(folder / TIMELINE, lambda _t: ended_at, record["events"])

    def save() -> None:
        given = [{**o, **ratings.get(o["id"], UNRATED)} for o in rows]
        kept = {name: value for name, value in record.items() if name != "folder"}
        _write(folder / RECORD, kept | {"objectives": given, "events": timeline.after(0)})

    return Evaluation(Papers(
        [o["id"] for o in rows], record["notes"], ratings, record["improvements"], timeline,
        now=lambda: ended, at=lambda _t: ended_at, save=save,
    ))  # fmt: skip


def state_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a session of an earlier run, in the form of ``views.status``."""
    events = record["events"]
    started, ended = record["started_t"], record["ended_t"]
    return {
        "session": record["session"], "state": record["state"], "failed": record["failed"], "t": ended,
        "at": events[-1]["at"] if events else record["ended_at"], "started_t": started,
        "elapsed_s": 0.0 if started is None or ended is None else round(ended - started, 1), "minutes": record["minutes"],
        "speed": 1.0, "phase": None, "all_clear_t": record["all_clear_t"], "hub": "ok", "injects": record["injects"],
        "counts": {}, "child": None, "rollcall": record["rollcall"], "measures": record["measures"], "objectives": record["objectives"],
        "improvements": record["improvements"], "reactions": events[-REACTIONS:], "last_event": len(events),
    }  # fmt: skip


def _write(path: Path, value: Any) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
