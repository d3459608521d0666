"""What people ask of the hub beside messages: actions on incidents, answers to notices, erasure, records.

Each runs on the engine's thread within a batch (``engine.ask``), so what it changed is durable before
it is answered. Raises ActionError, and then nothing has changed.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from safezone_hub import effects, items, registering, subjects
from safezone_hub.clock import format_time
from safezone_hub.context import stable_id
from safezone_hub.deliveries import Delivery, State
from safezone_hub.incidents import actions
from safezone_hub.incidents.actions import Action, ActionError
from safezone_hub.incidents.public import detailed, public
from safezone_hub.observation import Tell
from safezone_hub.state import Incident
from safezone_hub.tallies import statistics_input as statistics_input

if TYPE_CHECKING:
    from safezone_hub.channels import Report
    from safezone_hub.pipeline import Work
    from safezone_hub.zones import ZoneDesk, Zones

TEXT_MAX = 2000


def act(
    zones: "Zones", work: "Work", zone: str, verb: str, by: str, data: dict[str, Any], wall: float
) -> dict[str, Any]:
    """Perform an action of ``incidents.actions`` as an input of the event log; the incident as it then is."""
    desk = _desk(zones, zone)
    zones.bring_to_time(work, desk, wall)
    action = Action(verb, by, data)
    id_, found = actions.perform(desk.view, desk.state, zones.settings, action, wall)
    incident = desk.state.incidents.get(id_)
    about = subjects.of_child(incident.child if incident is not None else None)
    body = msgspec.json.encode({"verb": verb, "by": by, "data": data})
    desk.log(work.batch, wall, "action", verb, body, about)
    effects.apply(zones, work, desk, found, wall)
    return public(desk.view, desk.state, incident) if incident is not None else {"id": id_}


def public_incident(zones: "Zones", zone: str, id_: str) -> dict[str, Any] | None:
    """One incident, open or closed long ago; None when there is none to be shown."""
    desk = _desk(zones, zone)
    incident = desk.state.incidents.get(id_) or stored_incident(zones, zone, id_)
    if incident is None or incident.level == "private":
        return None
    return detailed(desk.view, desk.state, incident)


def stored_incident(zones: "Zones", zone: str, id_: str) -> Incident | None:
    body = zones.store.incident(zone, id_)
    return msgspec.msgpack.decode(body, type=Incident) if body is not None else None


def record_fact(zones: "Zones", work: "Work", zone: str, fact: dict[str, Any], wall: float) -> None:
    """Into the zone's log and hash chain, under the child's key."""
    desk = _desk(zones, zone)
    child = fact.get("child")
    about = subjects.of_child(child if child in desk.view.children else None)
    desk.fact(work.batch, wall, {"at": format_time(wall), **fact}, about)
    if fact["fact"] in ("access", "view", "use") and desk.state.zone.clock_drill is None:
        desk.tally(wall).add("queries", str(fact.get("by", "")).partition("/")[0])
    work.touched.add(zone)


def say_provided(
    zones: "Zones",
    work: "Work",
    zone: str,
    child: str,
    to: str,
    what: str,
    wall: float,
    basis: str = "consent",
) -> None:
    """A third party got the child's position: recorded, and told to the guardians at once (law: Act 19(3))."""
    desk = _desk(zones, zone)
    fact = {
        "fact": "provision",
        "child": child,
        "by": "hub",
        "to": [to],
        "what": what,
        "purpose": "query",
        "basis": basis,
    }
    record_fact(zones, work, zone, fact, wall)
    now = zones.zone_time(desk, wall)
    state = desk.state.children.get(child)
    exercise = desk.state.zone.clock_drill or (state.exercise if state is not None else None)
    tell = Tell("location_provided", child, now, (), exercise, True, (), device=to, sent_at=now)
    effects.apply(zones, work, desk, [tell], wall)


# ------------------------------------------------------------------- notices


def notice_seen(zones: "Zones", work: "Work", zone: str, notice: str, by: str, wall: float) -> dict[str, Any]:
    """A person has read it: no more repeats, no SMS; its incident notes it."""
    desk = _desk(zones, zone)
    row = _notice_of(zones, zone, notice, by)
    if zones.outbox.settle(work.batch, zone, notice, by):
        work.touched.add(zone)
    zones.deliveries.not_needed(work.batch, notice, wall)
    incident = msgspec.json.decode(row[4])["data"].get("incident")
    if incident in desk.state.incidents and by.startswith("guardian/"):
        act(zones, work, zone, "incident.guardian_seen", by, {"incident": incident, "key": notice}, wall)
    return {"id": notice, "seen": True}


def notice_wrong(
    zones: "Zones", work: "Work", zone: str, notice: str, by: str, text: str, wall: float
) -> dict[str, Any]:
    """«This notice was wrong»: a case that the school answers, and the statistics count."""
    if len(text) > TEXT_MAX:
        raise ActionError("invalid", f"at most {TEXT_MAX} characters", "text")
    desk = _desk(zones, zone)
    row = _notice_of(zones, zone, notice, by)
    data = msgspec.json.decode(row[4])["data"]
    id_ = stable_id(row[5], zone, notice, by, "wrong")
    if zones.case(zone, id_) is not None:
        raise ActionError("conflict", f"there is a case about it: {id_}", "notice")
    body = {"id": id_, "notice": notice, "service": data["service"], "child": data.get("child"), "by": by, "text": text,
            "made_at": format_time(wall), "state": "open"}  # fmt: skip
    about = (*subjects.of_child(data.get("child")), by)
    work.batch.cases.append((zone, id_, "complaint", "open", wall, msgspec.json.encode(body), about))
    desk.ledger.count(f"complaint.{data['service']}")
    desk.tally(wall).add("complaints", "opened")
    desk.feed(work, "school", wall, {"type": "complaint", "data": body}, about)
    work.touched.add(zone)
    return body


def answer_case(
    zones: "Zones", work: "Work", zone: str, id_: str, by: str, text: str, upheld: bool, wall: float
) -> dict[str, Any]:
    """The school's answer to a complaint; given once."""
    desk = _desk(zones, zone)
    row = zones.case(zone, id_)
    if row is None or row[1] != "complaint":
        raise ActionError("not_found", f"no complaint {id_}", "id")
    if row[2] != "open":
        raise ActionError("conflict", "it has been answered", "id")
    body: dict[str, Any] = msgspec.json.decode(row[4])
    body |= {"state": "upheld" if upheld else "rejected", "answer": text[:TEXT_MAX], "answered_by": by,
             "answered_at": format_time(wall)}  # fmt: skip
    about = (*subjects.of_child(body.get("child")), body["by"])
    work.batch.cases.append((zone, id_, "complaint", body["state"], row[3], msgspec.json.encode(body), about))
    desk.ledger.count(f"complaint_{body['state']}.{body['service']}")
    if upheld:
        desk.tally(wall).add("complaints", "upheld")
    desk.feed(work, body["by"], wall, {"type": "complaint", "data": body}, about)
    work.touched.add(zone)
    return body


def _notice_of(zones: "Zones", zone: str, notice: str, by: str) -> Any:
    """The outbox row of somebody's own notice."""
    row = zones.store.outbox_row(zone, notice)
    if row is None or row[2] != by:
        raise ActionError("not_found", f"no notice {notice} to {by}", "notice")
    return row


def delivery_reports(zones: "Zones", work: "Work", reports: list["Report"], wall: float) -> None:
    """What the courier found out."""
    for report in reports:
        delivery: Delivery | None = zones.deliveries.open.get(report.job)
        if delivery is None:
            continue
        delivery.tries, delivery.provider_id = report.tries, report.provider_id or delivery.provider_id
        state: State = "queued" if report.state == "retrying" else report.state
        zones.deliveries.move(work.batch, delivery, state, wall, report.detail[:300])
        if state in ("delivered", "failed", "sent"):
            zones.desk(delivery.zone).ledger.count(f"delivery.{delivery.channel}.{state}")
            work.touched.add(delivery.zone)


# ------------------------------------------------------------------- the end of a child's data


def erase(zones: "Zones", work: "Work", child: str, by: str, wall: float) -> None:
    """Destroy a child's keys and rows: nothing of it can be read any more, the log and its chain stay whole."""
    body = zones.registry.get("child", child)
    if body is None:
        raise ActionError("not_found", f"no child {child}", "child")
    desk = _desk(zones, body["zone"])
    zones.bring_to_time(work, desk, wall)
    things, homes, guardians = subjects.erased_with(desk.view, child)
    fact = {
        "fact": "erasure",
        "child": child,
        "by": by,
        "to": [],
        "what": "all",
        "purpose": "erasure",
        "basis": "duty",
    }
    record_fact(zones, work, desk.zone, fact, wall)
    gone = [("child", child)] + [("device", t) for t in things] + [("area", h) for h in homes]
    gone += [("guardian", g) for g in guardians]
    for kind in ("binding", "consent", "absence"):
        gone += [(kind, b["id"]) for b in zones.registry.list(kind, desk.zone) if b["child"] == child]
    for guardian in desk.view.guardians.get(child, []):
        if guardian.id not in guardians:
            _take_child_from(zones, work, desk, guardian.id, child, wall)
        zones.outbox.drop_recipient(work.batch, desk.zone, f"guardian/{guardian.id}")
    for kind, id_ in gone:
        if zones.registry.delete(kind, id_) is not None:
            work.batch.unregister(desk.zone, kind, id_)
    registering.erase(desk.state, child, things)
    desk.collected.pop(child, None)
    for delivery in [d for d in zones.deliveries.open.values() if f"child/{child}" in d.subjects]:
        zones.deliveries.move(work.batch, delivery, "unneeded", wall)
    desk.log(work.batch, wall, "erased", "", b"{}", (f"child/{child}",))
    desk.ledger.count("erased")
    for kind, id_ in gone:
        if kind in ("child", "device", "area", "guardian"):
            work.batch.erase.append((desk.zone, f"{kind}/{id_}"))
    work.touched.add(desk.zone)


def _take_child_from(
    zones: "Zones", work: "Work", desk: "ZoneDesk", guardian: str, child: str, wall: float
) -> None:
    """A guardian of other children stays, and does not name this one any more."""
    body = zones.registry.get("guardian", guardian)
    if body is not None:
        kept = {**body, "children": [c for c in body["children"] if c != child]}
        zones.put(work, [kept], [items.read_item(kept)], wall)


def _desk(zones: "Zones", zone: str) -> "ZoneDesk":
    if zone not in zones.registry.zones:
        raise ActionError("not_found", f"no zone {zone}", "zone")
    return zones.desk(zone)
