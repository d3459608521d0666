"""Effects into the batch: what one step of the rules changes outside the state, noted for one commit."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from safezone_model import SERVICES

from safezone_hub import agencies, deliveries
from safezone_hub.clock import format_time, local_date
from safezone_hub.handover import CAP_TYPE
from safezone_hub.incidents.public import nearest_units, public
from safezone_hub.items import Agency
from safezone_hub.notices import Addressed, Outgoing, quiet_until
from safezone_hub.observation import (
    Count,
    Effect,
    HandOver,
    IncidentChanged,
    ReleaseCamera,
    SavePosition,
    Settle,
    Tell,
    TurnCamera,
)
from safezone_hub.state import Incident
from safezone_hub.subjects import of_child

if TYPE_CHECKING:
    from safezone_hub.pipeline import Work
    from safezone_hub.zones import ZoneDesk, Zones


def apply(zones: "Zones", work: "Work", desk: "ZoneDesk", effects: Iterable[Effect], wall: float) -> None:
    """Note each effect for the commit, and what is to be sent after it."""
    work.touched.add(desk.zone)
    for effect in effects:
        match effect:
            case SavePosition():
                _save_position(zones, work, desk, effect, wall)
            case Tell():
                _tell(zones, work, desk, effect, wall)
            case TurnCamera():
                for message in zones.writer.camera_turn(desk.view, desk.ledger, effect):
                    _send(zones, work, desk, message, (), wall)
            case ReleaseCamera():
                zones.outbox.drop_turns(work.batch, desk.zone, effect.camera, effect.incident)
                for message in zones.writer.camera_release(desk.view, desk.ledger, effect):
                    _send(zones, work, desk, message, (), wall)
            case Settle():
                _settle(zones, work, desk, effect, wall)
            case IncidentChanged():
                _incident_changed(zones, work, desk, effect, wall)
            case HandOver():
                _hand_over(zones, work, desk, effect, wall)
            case Count():
                desk.ledger.count(effect.name)


def _save_position(zones: "Zones", work: "Work", desk: "ZoneDesk", effect: SavePosition, wall: float) -> None:
    """A point of the path. That positions of the child are collected is recorded once a day (law: collection)."""
    day = local_date(wall, desk.view.timezone).isoformat()
    if desk.collected.get(effect.child) != day and effect.child in desk.view.children:
        desk.collected[effect.child] = day
        consented = desk.view.consented(effect.child, zones.settings.consent_required)
        fact = {"fact": "collection", "child": effect.child, "by": "hub", "to": [], "what": "position", "purpose": "services",
                "basis": "consent" if consented.collect else "rescue", "at": format_time(wall)}  # fmt: skip
        desk.fact(work.batch, wall, fact, of_child(effect.child))
    lat, lon = desk.view.plane.lat_lon(effect.x, effect.y)
    row = (effect.at, effect.device, round(lat, 7), round(lon, 7), effect.accuracy_m, effect.basis)
    work.batch.pos.append((desk.zone, effect.child, *row))


def _tell(zones: "Zones", work: "Work", desk: "ZoneDesk", tell: Tell, wall: float) -> None:
    """A message each recipient, on every channel it has; who was told is recorded (law: provision)."""
    child = tell.child if tell.child in desk.view.children else None
    subjects = of_child(child)
    withheld = {g for c, g, _ in desk.state.zone.withheld if c == tell.child}
    told: list[str] = []
    audiences: dict[str, Addressed] = {}
    units: list[dict[str, Any]] = []
    if tell.posts and tell.position is not None and "reminder" not in tell.flags and desk.view.units:
        place = tell.position
        units = nearest_units(desk.view, desk.state, place.x, place.y, "medical" in tell.flags)
    for addressed in zones.writer.notices(desk.view, desk.ledger, tell, withheld, units):
        message, to = addressed.message, addressed.to
        hold = quiet_until(desk.view, to, tell.service, message.made_at)
        _send(zones, work, desk, message, subjects, wall, hold)
        for delivery in deliveries.of_notice(
            desk.view, addressed, subjects, zones.settings.sms_after_s, hold
        ):
            zones.deliveries.add(work.batch, delivery)
            if delivery.state == "queued":
                work.jobs.append(delivery)
        told.append(f"{to.role}/{to.id}")
        if to.role == "guardian":
            audience = f"guardian/{to.id}"
        else:
            audience = "school" if to.post == "school" else "desk"
        audiences.setdefault(audience, addressed)
    if tell.exercise is None and told:
        desk.tally(wall).add("notices", tell.service, len(told))
    for audience, addressed in audiences.items():
        event = {"type": addressed.type, "id": addressed.message.id, "data": addressed.data}
        if tell.exercise is not None:
            event["exercise"] = tell.exercise
        desk.feed(work, audience, tell.sent_at, event, subjects)
    if told and child is not None:
        consented = desk.view.consented(child, zones.settings.consent_required)
        basis = "consent" if consented.collect else "rescue"
        fact = {"fact": "provision", "child": child, "by": "hub", "to": told, "what": tell.service,
                "purpose": SERVICES[tell.service].cls, "basis": basis, "at": format_time(tell.sent_at)}  # fmt: skip
        desk.fact(work.batch, wall, fact, subjects)


def _send(
    zones: "Zones", work: "Work", desk: "ZoneDesk", message: Outgoing, subjects: tuple[str, ...], wall: float,
    hold: float | None = None,
) -> None:  # fmt: skip
    zones.outbox.add(work.batch, message, desk.time_of(message.exercise, wall), subjects, hold)
    if hold is None:
        work.outgoing.append(message)


def _settle(zones: "Zones", work: "Work", desk: "ZoneDesk", effect: Settle, wall: float) -> None:
    if zones.outbox.settle(work.batch, desk.zone, effect.message, effect.by):
        zones.deliveries.not_needed(work.batch, effect.message, wall)
    else:
        desk.ledger.count("ack_unmatched")


def _incident_changed(
    zones: "Zones", work: "Work", desk: "ZoneDesk", effect: IncidentChanged, wall: float
) -> None:
    incident = desk.state.incidents.get(effect.id)
    if incident is None:
        return
    desk.keep_incident(work.batch, incident)
    if effect.action == "withhold":
        # Nor shall what is on its way be repeated to them.
        for guardian in {g for c, g, i in desk.state.zone.withheld if i == incident.id}:
            zones.outbox.drop_recipient(work.batch, desk.zone, f"guardian/{guardian}")
            zones.deliveries.drop_recipient(work.batch, desk.zone, f"guardian/{guardian}", wall)
    if incident.level == "private":
        return
    event = {"type": "incident", "action": effect.action, "data": public(desk.view, desk.state, incident)}
    desk.feed(work, "desk", wall, event, of_child(incident.child))
    if incident.level in ("guardian", "school") or incident.service == "missing_report":
        desk.feed(work, "school", wall, event, of_child(incident.child))
    for agency in sorted(incident.agencies):
        work.handed.add((desk.zone, incident.id, agency))


def _hand_over(zones: "Zones", work: "Work", desk: "ZoneDesk", effect: HandOver, wall: float) -> None:
    incident = desk.state.incidents.get(effect.incident)
    if incident is None:
        return
    work.handed.add((desk.zone, incident.id, effect.agency))
    desk.ledger.count("handed_over")
    if incident.child in desk.view.children:
        fact = {"fact": "provision", "child": incident.child, "by": "hub", "to": [f"agency/{effect.agency}"],
                "what": incident.service, "purpose": "rescue", "basis": "rescue", "at": format_time(wall)}  # fmt: skip
        desk.fact(work.batch, wall, fact, of_child(incident.child))


def finish(zones: "Zones", work: "Work", wall: float) -> None:
    """What is sent once a batch, however often its subject changed in it: incidents to agencies."""
    for zone, id_, agency_id in sorted(work.handed):
        desk = zones.desk(zone)
        incident, agency = desk.state.incidents.get(id_), desk.view.agencies.get(agency_id)
        if incident is None or agency is None:
            continue
        subjects = of_child(incident.child)
        shown = public(desk.view, desk.state, incident)
        event = {"type": "incident", "action": "handover", "data": shown}
        desk.feed(work, f"agency/{agency_id}", wall, event, subjects)
        if agency.webhook is not None:
            body, content_type = _document(zones, desk, incident, agency)
            delivery = deliveries.handover(
                zone, agency_id, agency.webhook.url, agency.webhook.secret, id_, incident.version, body, content_type,
                incident.exercise, wall, subjects,
            )  # fmt: skip
            if delivery.id not in zones.deliveries.open:
                zones.deliveries.add(work.batch, delivery)
                work.jobs.append(delivery)
        agencies.note_given(zones, incident, agency_id)
    work.handed.clear()


def _document(zones: "Zones", desk: "ZoneDesk", incident: Incident, agency: Agency) -> tuple[bytes, str]:
    """The incident in the agency's own format."""
    if agency.format == "cap":
        return agencies.as_cap(zones, desk, incident, agency.id), CAP_TYPE
    return msgspec.json.encode(agencies.as_json(zones, desk, incident, agency.id)), "application/json"
