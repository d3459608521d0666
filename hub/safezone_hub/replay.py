"""The state of every zone, folded anew from the event log. Proof that the log is the truth.

Slow and simple beside the snapshot a restart loads; a test holds the two against each other.
"""

import msgspec

from safezone_hub import codec, fold, items, pipeline
from safezone_hub.registry import Registry
from safezone_hub.settings import RuleSettings
from safezone_hub.state import Zone, ZoneState
from safezone_hub.store import Store
from safezone_hub.zones import registered, unregistered

_NO_SECRET = "A" * 43  # the log keeps no secrets, and the rules need none


def rebuild(store: Store, settings: RuleSettings) -> dict[str, ZoneState]:
    """Every zone's state, by folding its inputs in order."""
    registry = Registry()
    states: dict[str, ZoneState] = {}
    for zone, _, at, kind, topic, body in store.log():
        state = states.get(zone)
        if state is None:
            state = states[zone] = ZoneState(Zone(zone))
        fold.advance(registry.zone(zone), state, settings, at)
        if kind == "message":
            envelope, data = pipeline.decode(body)
            address = codec.parse_topic(topic)
            pipeline.take_effect(registry.zone(zone), state, settings, address, envelope, data)
        elif kind == "registry":
            parsed = _with_secret(msgspec.json.decode(body))
            item = items.read_item(parsed)
            registry.put(parsed, item)
            registered(registry.zone(zone), state, settings, item)
        elif kind == "unregistered":
            item_kind, _, id_ = topic.partition("/")
            registry.delete(item_kind, id_)
            unregistered(state, item_kind, id_)
    return states


def _with_secret(body: dict[str, object]) -> dict[str, object]:
    for holder in (body, body.get("clock")):
        if isinstance(holder, dict) and isinstance(holder.get("key"), dict):
            holder["key"] = {**holder["key"], "secret": _NO_SECRET}
    return body
