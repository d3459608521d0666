"""An incident in the form that another authority's system reads: what ``handover`` needs is looked up here."""

from typing import TYPE_CHECKING, Any

import msgspec

from safezone_hub.handover import Callback, ChildFacts, HandoverView, Issued, cap_alert, handover
from safezone_hub.incidents.public import detailed
from safezone_hub.state import Incident

if TYPE_CHECKING:
    from safezone_hub.zones import ZoneDesk, Zones

SENDER_DOMAIN = (
    "safezone.invalid"  # CAP wants a sender that is unique; a deployer sets the hub's own (hub id)
)


def as_json(zones: "Zones", desk: "ZoneDesk", incident: Incident, agency: str, wall: float) -> dict[str, Any]:
    """The hand-over document."""
    return handover(detailed(desk.view, desk.state, incident), _view(zones, desk, incident, agency, wall))


def as_cap(zones: "Zones", desk: "ZoneDesk", incident: Incident, agency: str, wall: float) -> bytes:
    """CAP 1.2: an alert, an update or a cancellation, with references to what this agency got before."""
    return cap_alert(detailed(desk.view, desk.state, incident), _view(zones, desk, incident, agency, wall))


def earlier(zones: "Zones", zone: str, incident: str, agency: str) -> tuple[Issued, ...]:
    """The versions of an incident that an agency was given, oldest first."""
    found: dict[int, float] = {}
    for _, at, body in zones.store.feed(zone, f"agency/{agency}", 0, 100_000):
        event = msgspec.json.decode(body)
        if event["type"] == "incident" and event["data"]["id"] == incident:
            found.setdefault(event["data"]["version"], at)
    return tuple(Issued(version, at) for version, at in sorted(found.items()))


def _view(zones: "Zones", desk: "ZoneDesk", incident: Incident, agency: str, wall: float) -> HandoverView:
    view, child = desk.view, desk.view.children.get(incident.child or "")
    reported = incident.history[0].note if incident.service == "missing_report" and incident.history else ""
    callback = next((d.id for _, d in sorted(view.desks.items()) if d.post == "desk"), "112")
    before = tuple(
        each for each in earlier(zones, desk.zone, incident.id, agency) if each.version < incident.version
    )
    return HandoverView(
        zone_name=view.item.name if view.item is not None else desk.zone,
        timezone=view.timezone,
        now=wall,
        sender=f"{zones.hub_id}@{SENDER_DOMAIN}",
        callback=Callback(callback),
        child=ChildFacts(child.name, child.grade, reported) if child is not None else None,
        evidence_at=incident.opened_at,
        basis="bell" if incident.service == "bell_call" else "unknown",
        earlier=before,
    )
