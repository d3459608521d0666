"""The state of every zone, folded anew from the event log. Proof that the log is the truth.

Slow and simple beside the snapshot a restart loads; a test holds the two against each other.
"""

from typing import Any

import msgspec

from safezone_hub import codec, fold, items, pipeline, registering
from safezone_hub.incidents import actions
from safezone_hub.incidents.actions import Action
from safezone_hub.registering import registered, unregistered
from safezone_hub.registry import Registry
from safezone_hub.settings import RuleSettings
from safezone_hub.state import Zone, ZoneState
from safezone_hub.store import Snapshot, Store
from safezone_hub.zones import load_row

_NO_SECRET = "A" * 43  # the log keeps no secrets, and the rules need none


def rebuild(store: Store, settings: RuleSettings) -> dict[str, ZoneState]:
    """Every zone's state, by folding its inputs in order."""
    registry = Registry()
    states: dict[str, ZoneState] = {}
    from_n: dict[str, int] = {}
    for snapshot in store.snapshots():
        from_n[snapshot.zone] = snapshot.n
        states[snapshot.zone] = _from_snapshot(registry, snapshot)
    for zone, n, at, wall, kind, topic, body in store.log():
        if n <= from_n.get(zone, 0):
            continue
        state = states.get(zone)
        if state is None:
            state = states[zone] = ZoneState(Zone(zone))
        view = registry.zone(zone)
        fold.advance(view, state, settings, at)
        fold.advance_real(view, state, settings, wall)
        match kind:
            case "message":
                envelope, data = pipeline.decode(body)
                address = codec.parse_topic(topic)
                pipeline.take_effect(view, state, settings, address, envelope, data, wall)
            case "action":
                action = msgspec.json.decode(body, type=Action)
                actions.perform(view, state, settings, action, wall)
            case "registry":
                parsed = _with_secret(msgspec.json.decode(body))
                item = items.read_item(parsed)
                registry.put(parsed, item)
                registered(registry.zone(zone), state, settings, item)
            case "unregistered":
                item_kind, _, id_ = topic.partition("/")
                registry.delete(item_kind, id_)
                unregistered(registry.zone(zone), state, settings, item_kind, id_)
            case "watchdog":
                registering.close_clock(view, state, settings)
            case _:
                pass  # records of fact, dropped messages, and what was erased since: no inputs of the fold
    return states


def _from_snapshot(registry: Registry, snapshot: Snapshot) -> ZoneState:
    """The state a zone had when it was saved."""
    bodies = [body for kind, _, body in snapshot.rows if kind == "zone"]
    state = ZoneState(msgspec.msgpack.decode(bodies[0], type=Zone))
    for kind, _, body in sorted(snapshot.rows, key=lambda row: row[0] != "registry/zone"):
        if kind.startswith("registry/"):
            parsed = _with_secret(msgspec.json.decode(body))
            registry.put(parsed, items.read_item(parsed))
        else:
            load_row(state, kind, body)
    return state


def _with_secret(body: dict[str, Any]) -> dict[str, Any]:
    """Put something where the log left a secret out."""
    for holder in (body, body.get("clock")):
        if isinstance(holder, dict) and isinstance(holder.get("key"), dict):
            holder["key"] = {**holder["key"], "secret": _NO_SECRET}
    for holder in (*body.get("contacts", ()), body.get("webhook")):
        if isinstance(holder, dict) and holder.get("channel", "webhook") == "webhook":
            holder["secret"] = _NO_SECRET
    return body
