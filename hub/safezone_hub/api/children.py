"""A child: where it is and was, who looked, what is kept of it, and its representatives' say over it."""

import hashlib
from typing import Any

import msgspec
from starlette.responses import Response

from safezone_hub import items, requests
from safezone_hub.api import guard
from safezone_hub.api.call import JSON, Call, Operation, cursor, moment, whole_number
from safezone_hub.api.guard import Sight
from safezone_hub.api.incidents import shown_to
from safezone_hub.api.notices import record_of
from safezone_hub.api.paging import page_size
from safezone_hub.api.problem import Problem
from safezone_hub.api.reply import json_reply
from safezone_hub.clock import format_time, parse_time
from safezone_hub.position import best_estimate
from safezone_hub.store import Row

FOREVER = 1e12
DAY_S = 86400.0
FACTS_MAX, FACTS_PAGE = 100_000, 500
NOTICES_MAX = 1000


async def position(call: Call) -> Response:
    at = call.query.get("at")
    return json_reply(await guard.on(call, guard.child(call.path("id")), lambda sight: _position(sight, at)))


async def path(call: Call) -> Response:
    id_, since, until = call.path("id"), call.query.get("from", 0.0), call.query.get("to", FOREVER)

    def read(sight: Sight) -> list[Row]:
        _need_consent(sight)
        return sight.zones.store.path(sight.desk.zone, id_, since, until)

    rows = await guard.on(call, guard.child(id_), read)
    return json_reply({"child": id_, "points": [_point(row) for row in rows]})


async def access_log(call: Call) -> Response:
    """Who collected, used or was given what of the child, and who was refused; in the order it happened."""
    id_, since, until = call.path("id"), call.query.get("from", 0.0), call.query.get("to", FOREVER)
    limit, after = page_size(call.query.get("limit")), call.query.get("after", "")
    place = int(after) if after.isascii() and after.isdecimal() and len(after) < 16 else 0

    def read(sight: Sight) -> list[tuple[int, float, float, bytes]]:
        found: list[tuple[int, float, float, bytes]] = []
        begin = place
        while len(found) <= limit:
            page = sight.zones.store.facts(sight.desk.zone, f"child/{id_}", after=begin, limit=FACTS_PAGE)
            # By the time told in the fact: the zone's own time stands still between two messages.
            found += [row for row in page if since <= _told_at(row) <= until]
            if len(page) < FACTS_PAGE:
                break
            begin = page[-1][0]
        return found[: limit + 1]

    rows = await guard.on(call, guard.child(id_), read)
    last = str(rows[limit - 1][0]) if len(rows) > limit else None
    return json_reply({"child": id_, "items": [_fact(row[3]) for row in rows[:limit]], "next": last})


async def data(call: Call) -> Response:
    """Everything the hub keeps of the child, for access and correction."""
    id_ = call.path("id")

    def read(sight: Sight) -> dict[str, Any]:
        zones, desk, who = sight.zones, sight.desk, sight.who
        owner = who.name if who.role == "guardian" else None
        incidents = [i for i in desk.state.incidents.values() if i.child == id_ and i.level != "private"]
        return {
            "registry": _items_about(sight, id_),
            "positions": zones.store.path(desk.zone, id_, 0.0, FOREVER),
            "zone": desk.zone,
            "notices": zones.store.outbox_of(desk.zone, owner, None, NOTICES_MAX)
            if owner is not None
            else [],
            "incidents": [
                shown_to(who, body)
                for i in incidents
                if (body := requests.public_incident(zones, desk.zone, i.id)) is not None
            ],
        }

    held = await guard.on(call, guard.child(id_), read)
    notices = [record_of(row) for row in held["notices"]]
    facts = await _all_facts(call, held["zone"], id_)
    return json_reply(
        {
            "child": id_,
            "made_at": format_time(call.wall),
            "registry": [items.without_secrets(body) for body in held["registry"]],
            "positions": [_point(row) for row in held["positions"]],
            "notices": [notice for notice in notices if notice["notice"].get("child") == id_],
            "incidents": held["incidents"],
            "facts": [_fact(body) for body in facts],
        }
    )


async def _all_facts(call: Call, zone: str, child: str) -> list[bytes]:
    """Page by page, so that the engine is never held for long."""
    found: list[bytes] = []
    place = 0
    while len(found) < FACTS_MAX:
        since = place
        rows = await call.ask(
            lambda zones, _, since=since: zones.store.facts(
                zone, f"child/{child}", 0.0, FOREVER, since, FACTS_PAGE
            )
        )
        found += [row[3] for row in rows]
        if len(rows) < FACTS_PAGE:
            break
        place = rows[-1][0]
    return found


async def consent(call: Call) -> Response:
    """Given, suspended or withdrawn, item by item, with effect at once."""
    id_, body = call.path("id"), await call.json()

    def write(sight: Sight) -> dict[str, Any]:
        zones, desk, who = sight.zones, sight.desk, sight.who
        guardian = who.id if who.role == "guardian" else _first_legal(sight, id_)
        held = desk.view.consents.get(id_, {})
        known = next((c.id for c in held.values() if c.guardian == guardian), None)
        row: dict[str, Any] = {
            "kind": "consent",
            "id": known or _consent_id(id_, guardian),
            "zone": desk.zone,
            "child": id_,
            "guardian": guardian,
            "items": body["items"],
            "status": body["status"],
            "at": format_time(sight.wall),
        }
        if "form" in body:
            row["form"] = body["form"]
        zones.put(sight.work, [row], [items.read_item(row)], sight.wall)
        return row

    return json_reply(await guard.on(call, guard.child(id_), write))


async def erase(call: Call) -> Response:
    """Destroy the child's key and rows. There is no way back."""
    id_ = call.path("id")

    await guard.on(call, guard.child(id_), lambda sight: destroy(call, sight, id_))
    return json_reply({"child": id_, "erased_at": format_time(call.wall)})


# ------------------------------------------------------------------- answers, on the engine's thread


def destroy(call: Call, sight: Sight, child: str) -> None:
    """Erase a child, and the tokens of guardians that go with it."""
    guardians = {r.id for r in sight.desk.view.guardians.get(child, [])}
    requests.erase(sight.zones, sight.work, child, sight.who.name, sight.wall)
    for id_ in guardians:
        if sight.zones.registry.get("guardian", id_) is None:
            call.services.book.drop("guardian", id_)


def _position(sight: Sight, at: float | None) -> dict[str, Any]:
    desk, id_ = sight.desk, sight.target.child
    assert id_ is not None
    _need_consent(sight)
    child, now = desk.state.children.get(id_), sight.now
    if at is not None and abs(at - now) > 1.0:
        return _position_then(sight, id_, at)
    # That a child is at home in the night is taken for granted by the services; as a position it is no observation.
    observed = child is not None and bool(child.seen or child.fixes)
    estimate = best_estimate(desk.view, desk.state, child, now) if child is not None and observed else None
    if estimate is None or child is None:
        raise Problem(404, "no_position", "nothing is known of where the child is")
    lat, lon = desk.view.plane.lat_lon(estimate.x, estimate.y)
    answer: dict[str, Any] = {
        "child": id_,
        "lat": round(lat, 7),
        "lon": round(lon, 7),
        "accuracy_m": max(0.1, round(estimate.accuracy_m, 1)),
        "at": format_time(estimate.at),
        "age_s": round(estimate.age_s, 3),
        "basis": estimate.basis,
    }
    if estimate.device is not None:
        answer["device"] = estimate.device
    if estimate.place is not None:
        answer["place"] = estimate.place
    answer["state"] = {"place": child.where or "unknown", "since": format_time(child.since)}
    area = desk.view.areas.get(child.where)
    if area is not None:
        answer["state"] |= {"name": area.name, "role": area.role}
    return answer


def _need_consent(sight: Sight) -> None:
    """Without consent to collection no position is shown, but in an emergency (law: Act 15, 24, 29)."""
    if not (sight.facts.may_collect or sight.facts.open_incident):
        raise Problem(404, "no_position", "there is no consent to collection, and no open incident")


def _position_then(sight: Sight, id_: str, at: float) -> dict[str, Any]:
    """An earlier moment: the last point of the path before it."""
    rows = sight.zones.store.path(sight.desk.zone, id_, at - DAY_S, at)
    if not rows:
        raise Problem(404, "no_position", "nothing is known of where the child was then")
    ts, lat, lon, accuracy, basis = rows[-1]
    return {
        "child": id_,
        "lat": lat,
        "lon": lon,
        "accuracy_m": max(0.1, round(accuracy + min(600.0, 1.0 * (at - ts)), 1)),
        "at": format_time(ts),
        "age_s": round(at - ts, 3),
        "basis": basis,
        # Only the present place is kept as a state; what it was then would have to be judged anew.
        "state": {"place": "unknown", "since": format_time(ts)},
    }


def _items_about(sight: Sight, child: str) -> list[dict[str, Any]]:
    """The child's own item and those that speak of it; of guardians the asking one's and, to an admin, all."""
    registry, who = sight.zones.registry, sight.who
    own = registry.get("child", child) or {}
    bindings = [b for b in registry.list("binding", sight.desk.zone) if b["child"] == child]
    found = [own, *bindings]
    for kind in ("absence", "consent"):
        found += [body for body in registry.list(kind, sight.desk.zone) if body["child"] == child]
    found += [g for g in registry.list("guardian", sight.desk.zone) if child in g["children"] and (
        who.role == "admin" or g["id"] == who.id)]  # fmt: skip
    wanted = [("area", own.get("home", ""))] + [("device", b["thing"]) for b in bindings]
    found += [body for kind, id_ in wanted if (body := registry.get(kind, id_)) is not None]
    if (
        who.role == "guardian"
    ):  # who is barred, and in which quarrel, is not one parent's to read of the other
        found[0] = {name: value for name, value in own.items() if name != "barred"}
    return found


def _first_legal(sight: Sight, child: str) -> str:
    """In whose name the hub's administrator files a consent on paper."""
    legal = sorted(sight.facts.legal)
    if not legal:
        raise Problem(409, "no_representative", "the child has no legal representative registered")
    return legal[0]


def _consent_id(child: str, guardian: str) -> str:
    """One consent a child and guardian. Ids are at most 64 characters long."""
    plain = f"consent-{child}-{guardian}"
    if len(plain) <= 64:
        return plain
    return f"consent-{hashlib.sha256(plain.encode()).hexdigest()[:32]}"


def _point(row: Row) -> dict[str, Any]:
    at, lat, lon, accuracy, basis = row
    return {"at": format_time(at), "lat": lat, "lon": lon, "accuracy_m": max(0.1, accuracy), "basis": basis}


def _told_at(row: tuple[int, float, float, bytes]) -> float:
    return parse_time(msgspec.json.decode(row[3])["at"])


def _fact(body: bytes) -> dict[str, Any]:
    fact: dict[str, Any] = msgspec.json.decode(body)
    to = fact.get("to")
    shown = {name: value for name, value in fact.items() if name not in ("child", "to") and value is not None}
    if to:
        shown["to"] = to if isinstance(to, str) else ", ".join(to)
    return shown


_ONE = "/v1/children/{id}"
OPERATIONS = (
    Operation("getPosition", "GET", f"{_ONE}/position", position, {"at": moment}, ahead=True),
    Operation("getPath", "GET", f"{_ONE}/path", path, {"from": moment, "to": moment}),
    Operation(
        "getAccessLog", "GET", f"{_ONE}/access-log", access_log,
        {"from": moment, "to": moment, "after": cursor, "limit": whole_number},
    ),
    Operation("getChildData", "GET", f"{_ONE}/data", data),
    Operation("putConsent", "PUT", f"{_ONE}/consent", consent, body=JSON),
    Operation("eraseChild", "POST", f"{_ONE}/erase", erase),
)  # fmt: skip
