"""The report of a hub as it stands: counted out of its store, which may be written meanwhile."""

from pathlib import Path

import msgspec

from safezone_hub import items
from safezone_hub.chain import verify
from safezone_hub.keeping import NOTICES_S
from safezone_hub.privacy.facts import count_facts
from safezone_hub.privacy.report import report
from safezone_hub.privacy.values import HubFacts, InForce, load_model
from safezone_hub.registry import Registry
from safezone_hub.settings import RuleSettings
from safezone_hub.store.sealed import SealedStore

FACTS_A_PAGE = 10_000


def write_report(store: SealedStore, out: Path, now: float, cctv_days: float | None = None) -> None:
    """Write it as HTML or Markdown, by the file's suffix."""
    settings = RuleSettings()
    in_force = InForce(
        retention_h=settings.retention_s / 3600.0, notices_days=NOTICES_S / 86400.0,
        consent_required=settings.consent_required, cctv_days=cctv_days,
    )  # fmt: skip
    document = report(load_model(), in_force, gather(store), now)
    out.write_text(document.to_html() if out.suffix == ".html" else document.to_markdown(), encoding="utf-8")


def gather(store: SealedStore) -> HubFacts:
    """Counts and ages; no id, no name, no position."""
    registry = Registry()
    for _, _, _, body in store.registry():
        parsed = msgspec.json.decode(body)
        registry.put(parsed, items.read_item(parsed))
    zones = {id_: view.item.name for id_, view in sorted(registry.zones.items()) if view.item is not None}
    timezone = next((view.timezone for view in registry.zones.values()), "Asia/Seoul")
    consents: dict[str, int] = {}
    children = 0
    for view in registry.zones.values():
        for child in view.children:
            children += 1
            given = {row.status for row in view.consents.get(child, {}).values()}
            status = next((s for s in ("withdrawn", "suspended", "given") if s in given), "none")
            consents[status] = consents.get(status, 0) + 1
    facts = []
    for zone in zones:
        after = 0
        while page := store.facts(zone, None, after=after, limit=FACTS_A_PAGE):
            facts += [msgspec.json.decode(body) for *_, body in page]
            after = page[-1][0]
    broken = [zone for zone in zones if not verify(store, zone).ok]
    return HubFacts(
        zones, timezone, children, count_facts(facts, timezone), consents, store.pending_erasures,
        _oldest(store, "SELECT min(ts) FROM pos"),
        _oldest(store, "SELECT min(wall) FROM log WHERE kind <> 'fact' AND length(body) > 0"),
        _oldest(store, "SELECT min(wall) FROM log WHERE kind = 'fact' AND length(body) > 0"),
        "온전함 · holds" if not broken else f"깨짐 · broken: {', '.join(broken)}",
    )  # fmt: skip


def _oldest(store: SealedStore, sql: str) -> float | None:
    rows = store.db.all(sql)
    return float(rows[0][0]) if rows and rows[0][0] is not None else None
