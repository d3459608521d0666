"""No longer than the law allows: one slice of destroying what is old, between two batches."""

from typing import TYPE_CHECKING

import msgspec
from safezone_model.figures import law

from safezone_hub import items, subjects
from safezone_hub.zones import state_rows

if TYPE_CHECKING:
    from safezone_hub.zones import ZoneDesk, Zones

SNAPSHOT_EVERY_S = 6 * 3600.0
MONTH_S = 30.44 * 86400.0
FACTS_S = float(law()["fact_records"]["value"]) * MONTH_S
RESCUE_S = float(law()["rescue_log"]["value"]) * MONTH_S  # incidents, with the positions in them
NOTICES_S = 7 * 86400.0  # what was delivered to whom; complaints refer to it
SLICE_ROWS = 2000

_encode = msgspec.msgpack.Encoder().encode


def keep_less(zones: "Zones", wall: float) -> bool:
    """Destroy a slice of every zone; whether there is more. The hub's memory must be as the last commit left it."""
    retention = zones.settings.retention_s
    more = False
    for desk in list(zones.desks.values()):
        if not desk.zone:
            continue
        if wall - desk.snapshot_wall >= SNAPSHOT_EVERY_S:
            save_snapshot(zones, desk)
            desk.snapshot_wall = wall
        pruned = zones.store.prune(
            desk.zone,
            wall - retention,
            wall - FACTS_S,
            positions_before=zones.zone_time(desk, wall) - retention,  # a drill's are dated by its own clock
            notices_before=wall - NOTICES_S,
            incidents_before=wall - RESCUE_S,
            limit=SLICE_ROWS,
        )
        more |= pruned.more
    return more


def save_snapshot(zones: "Zones", desk: "ZoneDesk") -> None:
    """The zone's whole state and registry, from which the log's later rows can be folded."""
    state = desk.state
    rows: list[tuple[str, str, bytes, tuple[str, ...]]] = [("zone", desk.zone, _encode(state.zone), ())]
    rows += state_rows(desk.view, state, changed=False)
    for body in zones.registry.of_zone(desk.zone):
        item = items.read_item(body)
        public = msgspec.json.encode(items.without_secrets(body))
        rows.append((f"registry/{item.kind}", item.id, public, subjects.of_item(item)))
    zones.store.save_snapshot(desk.zone, desk.log_end, state.zone.now, rows)
