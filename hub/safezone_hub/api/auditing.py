"""Checking a zone's chain while the hub goes on."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from safezone_hub import chain
from safezone_hub.clock import format_time

CHECK_KEPT_S = 30.0


@dataclass
class Audits:
    """Checks of chains: one at a time, since each reads the whole log, and the last of each zone for a while."""

    _running: asyncio.Lock = field(default_factory=asyncio.Lock)
    _last: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)

    async def check(self, store: chain.Chained, head: chain.Head, now: float) -> dict[str, Any]:
        """The chain up to a head, read beside the engine. What is logged after it is not judged."""
        async with self._running:
            at, known = self._last.get(head.zone, (-CHECK_KEPT_S, {}))
            if 0.0 <= now - at < CHECK_KEPT_S and known["head"] == head.digest.hex():
                return known
            body = await asyncio.to_thread(_checked, store, head, now)
            self._last[head.zone] = now, body
            return body


def _checked(store: chain.Chained, head: chain.Head, now: float) -> dict[str, Any]:
    report = chain.verify(store, head.zone, [head] if head.k else [])
    # Rows and links are read one after the other while the hub goes on: only what stood at the head counts.
    findings = [f for f in report.findings if f.first_n <= head.last_n]
    body: dict[str, Any] = {
        "zone": head.zone,
        "records": head.k,
        "head": head.digest.hex(),
        "ok": not findings,
        "checked_at": format_time(now),
    }
    if findings:
        body["broken_at"] = max(1, min(f.first_n or f.last_n for f in findings))
        body["findings"] = [f.text for f in findings]
    return body
