"""A zone: counts, rejections, devices, its units and its shift, its statistics and its chain."""

import base64
from typing import Any

from starlette.responses import Response

from safezone_hub import requests
from safezone_hub.access import Principal, Target
from safezone_hub.api import guard
from safezone_hub.api.call import JSON, Call, Operation, whole_number
from safezone_hub.api.etag import polled
from safezone_hub.api.guard import Finder, Found, Sight
from safezone_hub.api.paging import page_size
from safezone_hub.api.reply import json_bytes, json_reply
from safezone_hub.clock import format_time
from safezone_hub.registry import ZoneView
from safezone_hub.rules.health import faults
from safezone_hub.state import ZoneState
from safezone_hub.store import Row
from safezone_hub.zones import ZoneDesk, Zones

NO_ZONE = "-"  # messages that name no registered zone


async def stats(call: Call) -> Response:
    return json_reply(await guard.on(call, _zone_or_none(call), _stats))


async def rejections(call: Call) -> Response:
    limit = page_size(call.query.get("limit"))

    def read(sight: Sight) -> list[Row]:
        return sight.zones.store.rejections(sight.desk.zone, limit)

    rows = await guard.on(call, _zone_or_none(call), read)
    found = [
        {
            "at": format_time(at),
            "topic": topic,
            "reason": reason,
            "detail": detail,
            "bytes_b64": base64.b64encode(sample).decode(),
        }
        for at, topic, reason, detail, sample in rows
    ]
    return json_reply({"items": found})


async def devices(call: Call) -> Response:
    body = await guard.on(call, guard.zone(call.path("zone")), _devices)
    return polled(call.request, json_bytes(body))


async def units(call: Call) -> Response:
    def read(sight: Sight) -> list[dict[str, Any]]:
        view, state = sight.desk.view, sight.desk.state
        return [_unit(view, state, id_) for id_ in sorted(view.units)]

    found = await guard.on(call, guard.zone(call.path("zone")), read)
    return polled(call.request, json_bytes({"items": found}))


async def unit_status(call: Call) -> Response:
    """What a unit, or the desk for it, reports: free or busy, and where it is."""
    id_, body = call.path("id"), await call.json()

    def report(sight: Sight) -> dict[str, Any]:
        data = {**body, "unit": id_}
        requests.act(
            sight.zones, sight.work, sight.desk.zone, "unit.status", sight.who.name, data, sight.wall
        )
        return _unit(sight.desk.view, sight.desk.state, id_)

    return json_reply(await guard.on(call, guard.unit(id_), report))


async def shift(call: Call) -> Response:
    """Hand the shift over: whoever comes has the open incidents of who leaves, and those nobody has."""
    zone, body = call.path("zone"), await call.json()

    def hand_over(sight: Sight) -> dict[str, Any]:
        requests.act(sight.zones, sight.work, zone, "shift.hand_over", sight.who.name, body, sight.wall)
        state = sight.desk.state
        handed = [i.id for i in state.incidents.values() if i.is_open and i.owner == state.zone.shift]
        shown = {
            "zone": zone,
            "from": sight.who.name,
            "to": state.zone.shift,
            "at": format_time(sight.wall),
            "incidents": sorted(handed),
        }
        if "note" in body:
            shown["note"] = body["note"]
        return shown

    return json_reply(await guard.on(call, guard.zone(zone), hand_over))


# ------------------------------------------------------------------- answers, on the engine's thread


def _zone_or_none(call: Call) -> Finder:
    """A zone, or, for who administers the whole hub, the place of messages that name none."""
    if str(call.request.path_params["zone"]) != NO_ZONE:
        return guard.zone(call.path("zone"))

    def find(zones: Zones, who: Principal) -> Found:
        # An administrator of one zone does not see what belongs to none.
        return Found(Target(zone=NO_ZONE), zones.desk(""), f"zone {NO_ZONE}")

    return find


def _stats(sight: Sight) -> dict[str, Any]:
    desk, counts = sight.desk, sight.desk.ledger.counts
    notices: dict[str, dict[str, int]] = {}
    for name, n in sorted(counts.items()):
        if name.startswith("notice."):
            _, service, role = name.split(".")
            notices.setdefault(service, {})[role] = n
    now = sight.now
    in_fault = [d for d in sorted(desk.view.devices) if _faults(sight.zones, desk, d, now)]
    prefixed = ("notice.", "rejected.", "incident.")
    return {
        "zone": desk.zone or NO_ZONE,
        "now": format_time(now),
        "accepted": counts.get("accepted", 0),
        "duplicate": counts.get("duplicate", 0),
        "rejected": {k[9:]: n for k, n in sorted(counts.items()) if k.startswith("rejected.")},
        "notices": notices,
        "incidents_open": sum(i.is_open for i in desk.state.incidents.values()),
        "devices_in_fault": in_fault,
        "other": {k: n for k, n in sorted(counts.items()) if not k.startswith(prefixed)},
    }


def _devices(sight: Sight) -> dict[str, Any]:
    desk, now, rows = sight.desk, sight.now, []
    for id_ in sorted(desk.view.devices):
        type_ = desk.view.devices[id_].type
        if type_ == "tag" or (type_ == "phone" and sight.who.role != "admin"):
            continue  # a phone is a child's; its health is told to its guardians
        device = desk.state.devices.get(id_)
        known = device is not None and bool(device.offsets)
        row: dict[str, Any] = {
            "id": id_,
            "type": type_,
            "faults": _faults(sight.zones, desk, id_, now),
            "clock_offset_s": round(device.offset_s(), 3) if device is not None and known else None,
            "last_heartbeat": None,
        }
        if device is not None and device.heartbeat_at is not None:
            row["last_heartbeat"] = format_time(device.heartbeat_at)
        row |= _where(desk, id_)
        if device is not None and device.battery_pct is not None:
            row["battery_pct"] = device.battery_pct
        if device is not None and device.preset is not None:
            row["preset"] = device.preset
        rows.append(row)
    return {"items": rows}


def _where(desk: ZoneDesk, id_: str) -> dict[str, float]:
    """Where a fixed device stands, for a map; nothing for what moves with a child."""
    held = desk.view.devices[id_]
    if held.x is None or held.y is None or held.type in ("tag", "phone"):
        return {}
    lat, lon = desk.view.plane.lat_lon(held.x, held.y)
    return {"lat": round(lat, 6), "lon": round(lon, 6)}


def _faults(zones: Zones, desk: ZoneDesk, id_: str, now: float) -> list[str]:
    if desk.view.devices[id_].type == "tag":
        return []
    state = desk.state
    limit = zones.settings.heartbeat_fault_s
    return faults(state.devices.get(id_), now, state.zone.started_at or now, limit)


def _unit(view: ZoneView, state: ZoneState, id_: str) -> dict[str, Any]:
    registered, held = view.units[id_], state.units.get(id_)
    shown: dict[str, Any] = {
        "id": id_,
        "name": registered.name,
        "type": registered.type,
        "nature": registered.nature,
        "available": held.available if held is not None else True,
        "lat": registered.lat,
        "lon": registered.lon,
    }
    if registered.agency is not None:
        shown["agency"] = registered.agency
    if held is not None:
        if held.x is not None and held.y is not None:
            lat, lon = view.plane.lat_lon(held.x, held.y)
            shown |= {"lat": round(lat, 6), "lon": round(lon, 6)}
        if held.at:
            shown["at"] = format_time(held.at)
        if held.incident:
            shown["incident"] = held.incident
    return shown


OPERATIONS = (
    Operation("getStats", "GET", "/v1/zones/{zone}/stats", stats),
    Operation("getRejections", "GET", "/v1/zones/{zone}/rejections", rejections, {"limit": whole_number}),
    Operation("getDevices", "GET", "/v1/zones/{zone}/devices", devices),
    Operation("getUnits", "GET", "/v1/zones/{zone}/units", units),
    Operation("putUnitStatus", "PUT", "/v1/units/{id}/status", unit_status, body=JSON, ahead=True),
    Operation("handOverShift", "POST", "/v1/zones/{zone}/shift", shift, body=JSON, ahead=True),
)
