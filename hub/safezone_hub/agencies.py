"""An incident in the form that another authority's system reads: what ``handover`` needs is looked up here."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from safezone_hub.handover import Callback, ChildFacts, HandoverView, Issued, cap_alert, handover
from safezone_hub.incidents.public import detailed
from safezone_hub.state import Incident

if TYPE_CHECKING:
    from safezone_hub.zones import ZoneDesk, Zones

NO_DOMAIN = "safezone.invalid"  # of a hub that was not told its public address
BASES = {"phone": "phone", "reader": "reader", "bell": "bell"}


def as_json(zones: "Zones", desk: "ZoneDesk", incident: Incident, agency: str) -> dict[str, Any]:
    """The hand-over document."""
    return handover(detailed(desk.view, desk.state, incident), _view(zones, desk, incident, agency))


def as_cap(zones: "Zones", desk: "ZoneDesk", incident: Incident, agency: str) -> bytes:
    """CAP 1.2: an alert, an update or a cancellation, with references to what this agency got before."""
    return cap_alert(detailed(desk.view, desk.state, incident), _view(zones, desk, incident, agency))


def earlier(zones: "Zones", zone: str, incident: Incident, agency: str) -> tuple[Issued, ...]:
    """The versions of an incident that an agency was given before this one, oldest first."""
    versions = zones.given.get((incident.id, agency))
    if versions is None:
        events = (
            msgspec.json.decode(body) for *_, body in zones.store.feed(zone, f"agency/{agency}", 0, 100_000)
        )
        found = (e["data"] for e in events if e["type"] == "incident" and e["data"]["id"] == incident.id)
        versions = zones.given[incident.id, agency] = {data["version"] for data in found}
    return tuple(Issued(v, made_at(incident, v)) for v in sorted(versions) if v < incident.version)


def note_given(zones: "Zones", incident: Incident, agency: str) -> None:
    """It has this version now. Nothing to note for one whose versions nobody asked for yet: its stream has them."""
    versions = zones.given.get((incident.id, agency))
    if versions is not None:
        versions.add(incident.version)


def made_at(incident: Incident, version: int) -> float:
    """When a version came to be: each is one entry of the history."""
    return incident.history[min(version, len(incident.history)) - 1].at


def _view(zones: "Zones", desk: "ZoneDesk", incident: Incident, agency: str) -> HandoverView:
    view, child = desk.view, desk.view.children.get(incident.child or "")
    reported = incident.history[0].note if incident.service == "missing_report" and incident.history else ""
    return HandoverView(
        zone_name=view.item.name if view.item is not None else desk.zone,
        timezone=view.timezone,
        now=made_at(incident, incident.version),
        sender=f"{zones.hub_id}@{urlsplit(zones.public_url).hostname or NO_DOMAIN}",
        callback=_callback(zones, desk),
        child=ChildFacts(child.name, child.grade, reported) if child is not None else None,
        evidence_at=incident.opened_at,
        basis=_basis(desk, incident),
        base_url=zones.public_url,
        earlier=earlier(zones, desk.zone, incident, agency),
    )


def _callback(zones: "Zones", desk: "ZoneDesk") -> Callback:
    """The desk that answers questions, and its number or mail where it has one."""
    for id_, recipient in sorted(desk.view.desks.items()):
        if recipient.post == "desk":
            body = zones.registry.get("desk", id_) or {}
            contact = next((c.address for c in recipient.contacts if c.channel != "webhook"), "")
            return Callback(str(body.get("name", id_)), contact)
    return Callback("112")


def _basis(desk: "ZoneDesk", incident: Incident) -> str:
    """What the position rests on: the equipment of the first evidence."""
    for source, _ in incident.evidence:
        device = desk.view.devices.get(source.rpartition("/")[2])
        if device is not None:
            return BASES.get(device.type, "unknown")
    return "unknown"
