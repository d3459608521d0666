"""Today's arrivals as the school's office sees them, and the state of each tag. No position is told here."""

from datetime import date
from typing import Any

from starlette.responses import Response

from safezone_hub.api import guard
from safezone_hub.api.call import Call, Operation
from safezone_hub.api.etag import polled
from safezone_hub.api.guard import Sight
from safezone_hub.api.reply import json_bytes
from safezone_hub.clock import format_time, local_date, local_moment
from safezone_hub.state import Child


async def pupils(call: Call) -> Response:
    body = await guard.on(call, guard.zone(call.path("zone")), _pupils)
    return polled(call.request, json_bytes(body))


def _pupils(sight: Sight) -> dict[str, Any]:
    view, now = sight.desk.view, sight.now
    today = local_date(now, view.timezone)
    late_from = None
    if view.item is not None and view.is_school_day(today):
        late_from = local_moment(today, view.item.calendar.not_arrived_after, view.timezone)
    tags = {
        row.child: thing
        for thing in view.bindings
        if (held := view.devices.get(thing)) is not None and held.type == "tag"
        for row in view.bindings[thing]
        if (bound := view.child_of(thing, now)) is not None and bound.id == row.child
    }
    rows = [_pupil(sight, id_, today, late_from, tags.get(id_)) for id_ in view.children]
    rows.sort(key=lambda row: (row["grade"], row["class"], row["number"], row["id"]))
    return {"date": today.isoformat(), "school_day": late_from is not None, "items": rows}


def _pupil(sight: Sight, id_: str, today: date, late_from: float | None, tag: str | None) -> dict[str, Any]:
    view, held = sight.desk.view, sight.desk.state.children.get(id_) or Child(id_)
    item = sight.zones.registry.get("child", id_) or {}
    row = {name: item[name] for name in ("id", "name", "grade", "class", "number")}
    # Without consent to collection the school knows of the child what its class knows: nothing from here.
    if not view.consented(id_, sight.zones.settings.consent_required).collect:
        return row | {"state": "unknown"}
    row["state"] = _state(sight, held, today, late_from)
    if row["state"] in ("in_school", "left"):
        row["since"] = format_time(held.since)
    if tag is not None:
        row["tag"] = tag
        if held.tag_at:
            row["tag_seen_at"] = format_time(held.tag_at)
        if held.tag_battery_pct is not None:
            row["tag_battery_pct"] = held.tag_battery_pct
    if held.heard_at:
        row["heard_at"] = format_time(held.heard_at)
    return row


def _state(sight: Sight, child: Child, today: date, late_from: float | None) -> str:
    school = sight.desk.view.school
    if school is not None and child.where == school.id:
        return "in_school"
    if child.arrived_on == today.isoformat():
        return "left"
    if (child.id, today.isoformat()) in sight.desk.view.absences:
        return "absent"
    return "missing" if late_from is not None and sight.now >= late_from else "expected"


OPERATIONS = (Operation("getPupils", "GET", "/v1/zones/{zone}/pupils", pupils),)
