"""An incident as people and other systems see it."""

from typing import Any

from safezone_model import SERVICES

from safezone_hub.clock import format_time
from safezone_hub.places import UnitAt, describe, rank_units
from safezone_hub.registry import ZoneView
from safezone_hub.state import Incident, ZoneState

SHOWN_UNITS = 9  # a desk chooses from as many, each with its minutes


def detailed(view: ZoneView, state: ZoneState, incident: Incident) -> dict[str, Any]:
    """With the place in words, who is near, and where the pictures are: a few milliseconds more."""
    out = public(view, state, incident)
    if incident.x is not None and incident.y is not None:
        out["place"] = describe(view.net, view.landmarks(), incident.x, incident.y).body()
        out["nearest_units"] = nearest_units(
            view, state, incident.x, incident.y, incident.medical, limit=SHOWN_UNITS
        )
    for camera in out["cameras"]:
        snapshot, live = view.camera_urls.get(camera["id"], (None, None))
        for name, url in (("snapshot", snapshot), ("live", live)):
            if url is not None:
                # Through the hub, so that every look is recorded.
                camera[name] = f"/v1/incidents/{incident.id}/cameras/{camera['id']}/{name}"
    out["units"] = [_unit(view, unit["id"]) for unit in out["units"]]
    return out


def nearest_units(
    view: ZoneView, state: ZoneState, x: float, y: float, medical: bool, limit: int = 3
) -> list[dict[str, Any]]:
    """Who is free and could be there first."""
    units = []
    for id_, item in sorted(view.units.items()):
        known = state.units.get(id_)
        ux, uy = view.plane.xy(item.lat, item.lon)
        if known is not None and known.x is not None and known.y is not None:
            ux, uy = known.x, known.y
        units.append(UnitAt(id_, item.name, item.type, ux, uy, known is None or known.available))
    return [ranked.body() for ranked in rank_units(view.net, units, (x, y), limit, medical=medical)]


def _unit(view: ZoneView, id_: str) -> dict[str, Any]:
    item = view.units.get(id_)
    return {"id": id_, "name": item.name, "type": item.type} if item is not None else {"id": id_}


def public(view: ZoneView, state: ZoneState, incident: Incident) -> dict[str, Any]:
    """JSON of one incident; members that say nothing are left out."""
    out: dict[str, Any] = {
        "id": incident.id,
        "zone": view.id,
        "service": incident.service,
        "class": SERVICES[incident.service].cls,
        "state": incident.state,
        "version": incident.version,
        "opened_at": format_time(incident.opened_at),
        "told_at": format_time(incident.told_at),
        "level": incident.level,
        "medical": incident.medical,
        "linked": list(incident.linked),
        "marks": list(incident.marks),
        "agencies": dict(incident.agencies),
        "evidence": [{"source": source, "id": id_} for source, id_ in incident.evidence],
        "withheld": sorted({g for c, g, _ in state.zone.withheld if c == incident.child})
        if incident.child
        else [],
        "cameras": [
            {"id": seen.camera} | ({"preset": seen.preset} if seen.preset is not None else {})
            for seen in incident.cameras
        ],
        "units": [{"id": id_} for id_ in incident.units],
        "history": [
            {"at": format_time(e.at), "by": e.by, "action": e.action, "state": e.state}
            | ({"note": e.note} if e.note else {})
            for e in incident.history
        ],
    }
    optional = {
        "child": incident.child,
        "device": incident.device,
        "exercise": incident.exercise,
        "owner": incident.owner or None,
        "closed_at": format_time(incident.closed_at) if incident.closed_at is not None else None,
        "next_escalation_at": format_time(incident.due) if incident.due is not None else None,
    }
    out |= {name: value for name, value in optional.items() if value is not None}
    if incident.x is not None and incident.y is not None:
        lat, lon = view.plane.lat_lon(incident.x, incident.y)
        out["position"] = {
            "lat": round(lat, 7), "lon": round(lon, 7), "accuracy_m": round(max(incident.accuracy_m or 0.1, 0.1), 1),
        }  # fmt: skip
    return out
