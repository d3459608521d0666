"""The hand-over document: what another authority (119, 112, the city) gets to know of an incident, as JSON.

It says who is needed, what happened, when, where and how surely, how old that knowledge is, whom to ask. Of the child:
name and grade, so that responders can call it and know it, and only while the incident is open; a closing document holds
neither name nor position, because the purpose is met. Operators' notes stay in the hub: free text about people is not
for passing on unread. Cameras are links to the hub, which logs every view, never the cameras' own addresses.

Its schema is the standard's ``handover``.
"""

from collections.abc import Mapping
from typing import Any

from safezone_hub.clock import format_time
from safezone_hub.handover import wording
from safezone_hub.handover.view import HandoverView, moment

SCHEMA_ID = "urn:safezone:v1:handover"
CLOSED = ("resolved", "false_alarm", "withdrawn")
CONFIDENCE_PCT = 68  # of the wire's accuracy_m


def handover(incident: Mapping[str, Any], view: HandoverView) -> dict[str, Any]:
    """The document of one incident, given as its public JSON. Times in UTC, metres, seconds.

    Raises KeyError when the incident lacks id, zone, service, class, state or opened_at.
    """
    closed = incident["state"] in CLOSED
    child = None if closed else view.child
    medical = bool(incident.get("medical"))
    services = wording.needed(incident)
    out: dict[str, Any] = {
        "schema": SCHEMA_ID,
        "incident": incident["id"],
        "version": int(incident.get("version", 1)),
        "issued_at": format_time(view.now),
        "references": [
            {"version": each.version, "issued_at": format_time(moment(each.sent))} for each in view.earlier
        ],
        "zone": {"id": incident["zone"], "name": view.zone_name},
        "state": incident["state"],
        "needed": {"services": services, "text": wording.needed_text(services)},
        "what": {
            "service": incident["service"],
            "class": incident["class"],
            "title": wording.title(incident["service"]),
            "text": wording.happened(
                incident["service"],
                child.name if child else None,
                child.grade if child else None,
                medical,
                closed,
            ),
            "medical": medical,
            "marks": list(incident.get("marks", ())),
        },
        "when": {
            "event_at": format_time(moment(incident["opened_at"])),
            "told_at": format_time(moment(incident.get("told_at", incident["opened_at"]))),
        },
        "where": _where(incident, view, closed),
        "callback": {"name": view.callback.name},
        "cameras": []
        if closed
        else [_camera(incident, each, view.base_url) for each in incident.get("cameras", ())],
        "units": [_unit(each) for each in incident.get("units", ())],
        "agencies": dict(incident.get("agencies", {})),
        "linked": list(incident.get("linked", ())),
        "handling": {"legal_basis": view.legal_basis, "text": wording.both(wording.HANDLING)},
    }
    if incident.get("closed_at") is not None:
        out["when"]["closed_at"] = format_time(moment(incident["closed_at"]))
    if view.callback.contact:
        out["callback"]["contact"] = view.callback.contact
    if child is not None:
        out["child"] = {"name": child.name, "grade": child.grade}
        if child.description:
            out["child"]["description"] = child.description
    if not closed:
        evidence_at = view.evidence_at if view.evidence_at is not None else moment(incident["opened_at"])
        out["evidence"] = {
            "at": format_time(evidence_at),
            "age_s": max(0, round(view.now - evidence_at)),
            "basis": view.basis,
            "text": wording.basis(view.basis),
        }
    if incident.get("exercise") is not None:
        drill = str(incident["exercise"])
        out["exercise"] = {"drill": drill, "text": wording.both(wording.DRILL, drill=drill)}
    if view.base_url:
        out["links"] = _links(incident["id"], view.base_url)
    return out


def _where(incident: Mapping[str, Any], view: HandoverView, closed: bool) -> dict[str, Any]:
    place = incident.get("place") or {}
    # A closing message names the zone only: a street beside a resolved call still says where a child was.
    road = None if closed else place.get("road")
    near = None if closed else place.get("near")
    area = None if closed else view.place
    out: dict[str, Any] = {"text": wording.where(view.zone_name, road, near, area)}
    if area:
        out["place"] = area
    if road:
        out["road"] = road
    if near:
        out["near"] = {"kind": near["kind"], "id": near["id"], "distance_m": near["distance_m"]}
    position = incident.get("position")
    if position is not None and not closed:
        out["position"] = {
            "lat": float(position["lat"]),
            "lon": float(position["lon"]),
            "accuracy_m": float(position["accuracy_m"]),
            "confidence_pct": CONFIDENCE_PCT,
            "shape": "circle",
        }
    return out


def _camera(incident: Mapping[str, Any], camera: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    out = {"id": camera["id"]}
    if camera.get("preset") is not None:
        out["preset"] = camera["preset"]
    for picture in ("snapshot", "live"):
        if base_url and camera.get(picture):
            out[picture] = f"{_links(incident['id'], base_url)['incident']}/cameras/{camera['id']}/{picture}"
    return out


def _unit(unit: Mapping[str, Any]) -> dict[str, Any]:
    return {name: unit[name] for name in ("id", "name", "type", "distance_m", "expected_s") if name in unit}


def _links(incident: str, base_url: str) -> dict[str, str]:
    own = f"{base_url.rstrip('/')}/v1/incidents/{incident}"
    return {"incident": own, "handover": f"{own}/handover", "cap": f"{own}/cap", "answer": f"{own}/agency"}
