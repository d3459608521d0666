"""The search area of an incident: what is copied on the engine's thread, and what is computed beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import hypot
from typing import Any

from safezone_hub.clock import format_time, local_date, local_moment
from safezone_hub.geometry import Plane
from safezone_hub.places import LastEvidence, StreetNet, search_area
from safezone_hub.position import PLACE_SHARE
from safezone_hub.registry import Device, ZoneView
from safezone_hub.state import Child, Incident
from safezone_hub.zones import ZoneDesk

# Pupils come so long before the bell as a rule: who should have left is taken to have left that much earlier.
EARLY_S = 900.0


@dataclass(frozen=True)
class Search:
    """Everything the computation needs; values that nobody changes."""

    incident: str
    child: str
    at: float
    plane: Plane
    net: StreetNet | None
    evidence: LastEvidence
    device: str | None
    equipment: tuple[Device, ...]


def search_for(
    desk: ZoneDesk, item: Mapping[str, Any] | None, incident: Incident, now: float
) -> Search | None:
    """The question, copied out of the engine's memory; None when nothing is known of where the child was.

    ``item``: the child's in the registry.
    """
    view, state = desk.view, desk.state
    if incident.child is None:
        return None
    child = state.children.get(incident.child)
    found = last_evidence(view, child, now) if child is not None else None
    if found is not None and found[0].presumed and item is not None:
        found = _from_leaving(view, item, found[0], incident.opened_at, now), None
    if found is None:
        if incident.x is None or incident.y is None:
            return None
        accuracy = incident.accuracy_m or 50.0
        found = LastEvidence(incident.x, incident.y, accuracy, incident.opened_at, "place"), incident.device
    evidence, device = found
    equipment = tuple(d for d in view.devices.values() if d.type in ("camera", "reader"))
    return Search(incident.id, incident.child, now, view.plane, view.net, evidence, device, equipment)


def last_evidence(view: ZoneView, child: Child, now: float) -> tuple[LastEvidence, str | None] | None:
    """The newest sign of a child up to a moment, with the accuracy it had then, and its device.

    Without a sign of that day it is the home, presumed since the day began, where the hub takes children to sleep at home.
    """
    signs: list[tuple[LastEvidence, str | None]] = []
    for fix in child.fixes:
        if not fix.suspect and fix.at <= now:
            device = fix.cite[0].rpartition("/")[2]
            signs.append((LastEvidence(fix.x, fix.y, fix.accuracy_m, fix.at, "phone"), device))
    for seen in child.seen:
        at = min(max(seen.at, seen.until), now)
        if seen.at <= now:
            accuracy = 0.68 * seen.range_m + 2.0
            signs.append((LastEvidence(seen.x, seen.y, accuracy, at, "reader"), seen.device))
    place, since = view.areas.get(child.where), max(child.since, child.inside_at)
    if place is not None and since <= now:
        accuracy = PLACE_SHARE * place.radius_m
        # At the stroke of midnight nobody was observed: the day's beginning set it.
        day = local_date(since, view.timezone)
        presumed = place.role == "home" and since == local_moment(day, "00:00", view.timezone)
        signs.append((LastEvidence(place.x, place.y, accuracy, since, "place", presumed), None))
    return max(signs, key=lambda sign: sign[0].at, default=None)


def _from_leaving(
    view: ZoneView, item: Mapping[str, Any], home: LastEvidence, told: float, now: float
) -> LastEvidence:
    """The presumed home until the child should have left it for school.

    The area then counts from there and not from midnight; not if the child was missed before, or need not go to school.
    """
    day, school = local_date(home.at, view.timezone), view.school
    ways = [
        r for r in item["routes"] if school is not None and (r["from"], r["to"]) == (item["home"], school.id)
    ]
    if (
        view.item is None
        or not ways
        or not view.is_school_day(day)
        or (item["id"], day.isoformat()) in view.absences
    ):
        return home
    walk_s = 60.0 * max(float(r["minutes"]) for r in ways)
    leaves = local_moment(day, view.item.calendar.arrive_by, view.timezone) - walk_s - EARLY_S
    return home if told < leaves else replace(home, at=max(home.at, min(leaves, now)))


def area(search: Search) -> dict[str, Any]:
    """The area as the standard's JSON. Takes a while for a wide one: not on the engine's thread."""
    found = search_area(search.net, search.plane, search.evidence, search.at, search.equipment)
    by_id = {device.id: device for device in search.equipment}
    last: dict[str, Any] = {
        "lat": found.lat,
        "lon": found.lon,
        "accuracy_m": round(search.evidence.accuracy_m, 1),
        "at": format_time(search.evidence.at),
        "basis": search.evidence.basis,
    }
    if search.device is not None and search.evidence.basis != "place":
        last["device"] = search.device
    if search.evidence.presumed:
        last["presumed"] = True
    return {
        "incident": search.incident,
        "child": search.child,
        "at": format_time(search.at),
        "last": last,
        "age_s": round(found.elapsed_s, 1),
        "reach_m": round(found.radius_m, 1),
        "outline": [[list(point) for point in ring] for ring in found.outline],
        "cut": found.cut,
        "cameras": [_thing(search, by_id[id_]) for id_ in found.cameras],
        "readers": [_thing(search, by_id[id_]) for id_ in found.readers],
    }


def _thing(search: Search, device: Device) -> dict[str, Any]:
    assert device.x is not None and device.y is not None
    lat, lon = search.plane.lat_lon(device.x, device.y)
    away = hypot(device.x - search.evidence.x, device.y - search.evidence.y)
    return {"id": device.id, "lat": round(lat, 6), "lon": round(lon, 6), "distance_m": round(away, 1)}
