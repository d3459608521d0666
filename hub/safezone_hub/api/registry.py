"""The registry over HTTP: one item, a page of items, a batch as JSON or as CSV."""

import asyncio
from dataclasses import asdict
from typing import Any

from safezone_model import REGISTRY_KINDS
from starlette.responses import Response

from safezone_hub import items
from safezone_hub.access import KIND_OF_ROLE
from safezone_hub.api import guard
from safezone_hub.api.call import (
    CSV,
    JSON,
    Call,
    Operation,
    cursor,
    flag,
    identifier,
    required,
    whole_number,
    word_of,
)
from safezone_hub.api.children import destroy
from safezone_hub.api.guard import Sight
from safezone_hub.api.paging import page, page_size
from safezone_hub.api.problem import Problem, fault, invalid, not_found
from safezone_hub.api.reply import json_reply
from safezone_hub.bodies import ItemKey, Kept, opened
from safezone_hub.importing import KINDS as CSV_KINDS
from safezone_hub.importing import KnownIds, Parsed, read_csv

Held = dict[ItemKey, Kept]


async def put_item(call: Call) -> Response:
    kind, id_ = _kind(call), call.path("id")
    body = await call.raw_json()
    try:
        item = _read_item(body)
    except items.ItemError as error:
        raise invalid(error.errors, "the item does not fit its schema") from None
    if (item.kind, item.id) != (kind, id_):
        found = fault("id", f"{item.kind}/{item.id}", f"use {kind}/{id_}, as in the path")
        raise invalid([found], "kind and id differ from the path")

    def put(sight: Sight) -> int:
        _refuse(sight.zones.conflicts([item]))
        return sight.zones.put(sight.work, [body], [item], sight.wall)

    new = await guard.on(call, guard.items_of({item.zone}), put)
    return json_reply(items.without_secrets(body), 201 if new else 200)


async def import_items(call: Call) -> Response:
    body = await call.raw_json()
    rows = body.get("items") if isinstance(body, dict) else None
    if not isinstance(rows, list) or len(body) > 1:
        raise invalid([fault("items", None, 'send {"items": [...]}')])
    parsed, errors = await asyncio.to_thread(_read_all, rows)
    if errors:
        raise invalid(errors)

    def put(sight: Sight) -> int:
        _refuse(sight.zones.conflicts(parsed))
        sight.zones.put(sight.work, rows, parsed, sight.wall)
        return len(parsed)

    find = guard.items_of({item.zone for item in parsed})
    return json_reply({"stored": await guard.on(call, find, put)})


async def import_csv(call: Call) -> Response:
    """A school's spreadsheet: all of its lines, or none and every error. ``dry_run`` only checks.

    Read beside the engine, since a large file takes seconds; refused if the registry changed under it meanwhile.
    """
    kind, dry_run = call.query["kind"], call.query.get("dry_run", False)
    raw = await call.body()
    find = guard.items_of({call.query["zone"]} if "zone" in call.query else set())
    held = await guard.on(call, find, lambda sight: sight.zones.registry.bodies.held())
    zone = call.query.get("zone") or call.principal.zone or _only_zone(held)
    parsed = await asyncio.to_thread(_read_csv, raw, kind, zone, held, call.wall)
    if parsed.errors:
        raise invalid([error.as_problem() for error in parsed.errors])
    if dry_run:
        return json_reply({"stored": parsed.rows, "dry_run": True})
    typed = await asyncio.to_thread(_read_all, parsed.items)
    if typed[1]:
        raise invalid(typed[1])

    def put(sight: Sight) -> None:
        bodies = sight.zones.registry.bodies
        keys = [(item["kind"], item["id"]) for item in parsed.items]
        if any(bodies.as_held(key) is not held.get(key) for key in keys):
            raise Problem(409, "conflict", "the registry changed meanwhile; send the file again")
        _refuse(sight.zones.conflicts(typed[0]))
        sight.zones.put(sight.work, parsed.items, typed[0], sight.wall)

    await guard.on(call, guard.items_of({zone}), put)
    body: dict[str, Any] = {"stored": parsed.rows, "dry_run": False}
    if parsed.credentials:  # shown this once
        body["credentials"] = [asdict(each) for each in parsed.credentials]
    return json_reply(body)


def _read_csv(raw: bytes, kind: str, zone: str, held: Held, now: float) -> Parsed:
    own = (opened(kept) for kept in held.values() if kept[0] == zone)
    return read_csv(raw, kind, zone, KnownIds.from_items(zone, own, held), now=now)


def _only_zone(held: Held) -> str:
    zones = [id_ for kind, id_ in held if kind == "zone"]
    if len(zones) != 1:
        raise Problem(400, "bad_query", "zone: say of which zone the lines are")
    return zones[0]


async def get_item(call: Call) -> Response:
    kind, id_ = _kind(call), call.path("id")

    def read(sight: Sight) -> dict[str, Any] | None:
        return sight.zones.registry.get(kind, id_)

    body = await guard.on(call, guard.item(kind, id_), read)
    assert body is not None, "it was found in the same step"
    return json_reply(items.without_secrets(body))


async def list_items(call: Call) -> Response:
    kind, zone = _kind(call), call.principal.zone or call.query.get("zone")
    after, limit = call.query.get("after", ""), page_size(call.query.get("limit"))
    rows = await guard.on(call, guard.hub_itself, lambda sight: sight.zones.registry.list(kind, zone))
    following = [body for body in rows if body["id"] > after][: limit + 1]
    return json_reply(page(following, limit, lambda body: str(body["id"]), items.without_secrets))


async def delete_item(call: Call) -> Response:
    kind, id_ = _kind(call), call.path("id")

    def delete(sight: Sight) -> None:
        if kind == "child":  # nothing of it stays, not even unreadable in the log
            destroy(call, sight, id_)
        else:
            sight.zones.delete(sight.work, kind, id_, sight.wall)

    await guard.on(call, guard.item(kind, id_), delete)
    if kind in KIND_OF_ROLE.values():
        await _revoke_all(call, kind, id_)
    return Response(status_code=204)


async def _revoke_all(call: Call, kind: str, id_: str) -> None:
    """Tokens of whoever is gone. They are refused already, because their holder is not registered; but
    somebody else may be registered under the same id one day."""
    book = call.services.book
    roles = [role for role, registered_as in KIND_OF_ROLE.items() if registered_as == kind]
    gone = [book.revoked(t.id) for role in roles for t in book.of(role, id_) if not t.revoked]
    tokens = [token for token in gone if token is not None]
    if tokens:
        await call.ask(lambda zones, work: work.batch.tokens.extend(token.as_row() for token in tokens))
        for token in tokens:
            book.put(token)


def _read_item(body: Any) -> items.Item:
    """Raises ItemError, also for a kind that is no word at all."""
    kind = body.get("kind") if isinstance(body, dict) else None
    if not isinstance(kind, str):
        raise items.ItemError([fault("kind", None, f"use one of {', '.join(REGISTRY_KINDS)}")])
    return items.read_item(body)


def _read_all(rows: list[Any]) -> tuple[list[items.Item], list[dict[str, Any]]]:
    """Each row as an item, or every error with its line."""
    parsed: list[items.Item] = []
    errors: list[dict[str, Any]] = []
    for line, body in enumerate(rows, 1):
        try:
            parsed.append(_read_item(body))
        except items.ItemError as error:
            where: dict[str, Any] = {"line": line}
            if isinstance(body, dict):
                where |= {name: body[name] for name in ("kind", "id") if isinstance(body.get(name), str)}
            errors += [{**where, **found} for found in error.errors]
    return parsed, errors


def _refuse(errors: list[dict[str, Any]]) -> None:
    if errors:
        raise Problem(422, "conflict", errors[0]["remedy"], errors=errors)


def _kind(call: Call) -> str:
    kind = str(call.request.path_params["kind"])
    if kind not in REGISTRY_KINDS:
        raise not_found(f"kind {kind[:64]}; known: {', '.join(REGISTRY_KINDS)}")
    return kind


_ONE = "/v1/registry/{kind}/{id}"
OPERATIONS = (
    Operation("putItem", "PUT", _ONE, put_item, body=JSON),
    Operation("getItem", "GET", _ONE, get_item),
    Operation("deleteItem", "DELETE", _ONE, delete_item),
    Operation(
        "listItems", "GET", "/v1/registry/{kind}", list_items,
        {"zone": identifier, "after": cursor, "limit": whole_number},
    ),
    Operation(
        "importCsv", "POST", "/v1/registry:import-csv", import_csv,
        {"kind": required(word_of(*CSV_KINDS)), "zone": identifier, "dry_run": flag}, body=CSV, large=True,
    ),
    Operation("importItems", "POST", "/v1/registry:import", import_items, body=JSON, large=True),
)  # fmt: skip
