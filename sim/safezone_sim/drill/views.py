"""What people see of a drill, in the forms of the control API (``CONTROL.md``). Pure functions over its course."""

from typing import Any

from safezone_sim.drill.course import Course
from safezone_sim.drill.measures import by_measure, judged, measured

REACTIONS = 20
UNRATED = {"rating": None, "evidence": ""}
SCHEMATIC = {
    "ko": "이 지도는 우리 학교 지도가 아닙니다. 실제 거리가 아닌, 만들어 낸 약도입니다.",
    "en": "This is not your school's map: a made-up sketch, not real streets.",
}


def public(course: Course, with_tokens: bool) -> dict[str, Any]:
    """The session."""
    stage, scene, m = course.stage, course.scene, course.stage.world.map
    school, lead = stage.world.school, stage.lead
    corners = [list(scene.lonlat(r, r)) for r in (-m.radius_m, m.radius_m)]
    shown = {
        "session": stage.session,
        "school": {"code": stage.zone.rpartition("-")[0], "name": school.name, "gu": school.gu, "lon": school.lon,
                   "lat": school.lat, "pupils": school.pupils},
        "zone": stage.zone, "exercise": stage.exercise,
        "drill": {"id": stage.plan.id, "title": {"ko": stage.scenario.title.ko, "en": stage.scenario.title.en}},
        "date": stage.scenario.date.isoformat(), "starts": stage.start, "rehearsal": stage.rehearsal, "state": course.state, "failed": course.failed,
        "created_at": course.created_at, "owner": course.owner,
        "map": {"kind": m.source.kind, "attribution": m.source.attribution, "as_of": m.source.as_of,
                "center": list(scene.lonlat(0.0, 0.0)), "bounds": corners, "notice": SCHEMATIC if stage.schematic else None},
        "hub": {"http": course.hub},
        "class": {"grade": lead.grade, "class": lead.class_no, "seats": list(range(1, len(stage.seats) + 1)), "lead": lead.number,
                  "phones": [n for n, i in enumerate(stage.seats, 1) if stage.world.people[i].phone is not None]},
        "child": {"id": lead.id, "name": lead.name, "grade": lead.grade, "class": lead.class_no, "seat": lead.number},
        "report": f"/control/v1/sessions/{stage.session}/report.html",
    }  # fmt: skip
    if with_tokens:
        shown["tokens"] = {k: v for k, v in course.tokens.items() if k != "field"}
        shown["join"] = course.join
    return shown


def status(course: Course) -> dict[str, Any]:
    """The state."""
    now, timeline = course.now, course.timeline
    told = [e for e in timeline.after(0) if e["kind"] not in ("rating", "improvement")]
    by_objective = objectives(course)
    return {
        "session": course.stage.session, "state": course.state, "failed": course.failed, "t": round(now, 2), "at": course.stage.at(now),
        "started_t": course.started_t, "elapsed_s": course.elapsed_s,
        "minutes": course.stage.minutes, "speed": course.speed, "phase": phase(course), "all_clear_t": course.all_clear_t,
        "hub": course.hub_state, "injects": [line.row() for line in course.master.lines], "counts": course.scene.counts(),
        "child": child(course), "rollcall": course.rollcall.row(), "measures": by_measure(by_objective),
        "objectives": by_objective, "improvements": list(course.improvements), "reactions": told[-REACTIONS:], "last_event": timeline.last,
    }  # fmt: skip


def phase(course: Course) -> dict[str, Any] | None:
    """The part of the plan that it is now."""
    if not course.started:
        return None
    phases, scene = course.stage.plan.phases, course.scene
    scale = course.stage.minutes / course.stage.plan.minutes
    minute = course.elapsed_s / 60.0 / scale
    n = next((n for n, p in enumerate(phases) if minute < p.to_min), len(phases) - 1)
    # What happens goes before the clock: no opening once it has begun, no looking back while a child is missing or an incident open.
    begun = any(line.fired_t is not None and line.plan.kind != "message" for line in course.master.lines)
    if course.all_clear_t is not None:
        n = len(phases) - 1
    elif begun:
        n = max(n, 1)
        is_open = any(
            c.alert_t is not None and c.closed_t is None for line in course.master.lines for c in line.cases
        )
        if is_open or (scene.found_t is None and scene.trouble):
            n = min(n, len(phases) - 2)
    n = max(0, min(n, len(phases) - 1))
    p = phases[n]
    return {"index": n, "title": {"ko": p.title.ko, "en": p.title.en}, "from_min": p.from_min * scale, "to_min": p.to_min * scale}  # fmt: skip


def objectives(course: Course) -> list[dict[str, Any]]:
    """Each objective with its measure and its rating."""
    plan = course.stage.plan
    record = {
        "started_t": course.started_t, "ended_t": course.ended_t, "events": course.timeline.after(0), "rollcall": course.rollcall.row(),
        "plan": {"objectives": [{"id": o.id, "inject": o.inject} for o in plan.objectives]}, "cases": cases(course),
    }  # fmt: skip
    found = []
    for o in plan.objectives:
        row = {
            "id": o.id, "text": {"ko": o.text.ko, "en": o.text.en}, "measure": o.measure, "target_s": o.target_s,
            "result": measured(o, course.master.lines, course.rollcall), **course.ratings.get(o.id, UNRATED),
        }  # fmt: skip
        found.append(row | {"result": judged(record, row)})
    return found


def child(course: Course) -> dict[str, Any]:
    """The child that the story is about: whether it is missing or found, and where it is."""
    lead, scene = course.stage.lead, course.scene
    lon, lat = scene.lonlat(*scene.position(lead))
    found = scene.found_t is not None
    missing = lead.index in scene.trouble and not found
    return {"state": "found" if found else "missing" if missing else "well", "lon": lon, "lat": lat}


def cases(course: Course) -> list[dict[str, Any]]:
    """Every case of the list, with its inject."""
    return [{**vars(case), "inject": line.plan.id} for line in course.master.lines for case in line.cases]
