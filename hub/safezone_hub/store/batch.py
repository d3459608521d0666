"""What one commit writes: plain rows, as the hub's memory has them. Holds no SQL and no keys."""

from dataclasses import dataclass, field, fields
from typing import Any

Row = tuple[Any, ...]

REJECTIONS_KEPT = 1000


@dataclass(slots=True)
class Batch:
    """Everything one commit writes. ``subjects`` are the persons a row speaks of, ``kind/id`` each.

    Deletions (``unregistered``, ``unstate``) come before what is written; use ``unregister`` and ``forget``
    so that a row written and deleted within one batch stays deleted.
    """

    log: list[Row] = field(default_factory=list)  # zone, n, at, wall, kind, topic, body, subjects
    seen: list[Row] = field(default_factory=list)  # zone, principal, id, epoch, seq, digest
    state: list[Row] = field(default_factory=list)  # zone, kind, id, body, subjects
    unstate: list[Row] = field(default_factory=list)  # zone, kind, id
    # zone, id, settled_by, topic, payload, made_at, exercise, subjects
    outbox: list[Row] = field(default_factory=list)
    settled: list[Row] = field(default_factory=list)  # zone, id
    pos: list[Row] = field(default_factory=list)  # zone, child, ts, device, lat, lon, accuracy_m, basis
    # zone, id, opened_at, closed_at or None, service, exercise, body, subjects
    incidents: list[Row] = field(default_factory=list)
    feed: list[Row] = field(default_factory=list)  # zone, n, audience, made_at, body, subjects
    # zone, id, notice, channel, state, made_at, next_at or None, body, subjects
    deliveries: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)  # zone, id, kind, state, made_at, body, subjects
    # id, digest, role, principal, zone, scopes (JSON), expires_at, revoked (0 or 1)
    tokens: list[Row] = field(default_factory=list)
    rejections: list[Row] = field(default_factory=list)  # zone, n, at, topic, reason, detail, bytes, subjects
    registry: list[Row] = field(default_factory=list)  # zone, kind, id, body, subjects
    unregistered: list[Row] = field(default_factory=list)  # zone, kind, id
    unpos: list[Row] = field(default_factory=list)  # zone, child: all positions go, before new ones come
    erase: list[Row] = field(default_factory=list)  # zone, subject

    def is_empty(self) -> bool:
        return not any(getattr(self, each.name) for each in fields(self))

    def unregister(self, zone: str, kind: str, id_: str) -> None:
        """Delete an item of the registry, also one that this batch would have written."""
        self.registry = [row for row in self.registry if row[:3] != (zone, kind, id_)]
        self.unregistered.append((zone, kind, id_))

    def forget(self, zone: str, kind: str, id_: str) -> None:
        """Delete a row of the state, also one that this batch would have written."""
        self.state = [row for row in self.state if row[:3] != (zone, kind, id_)]
        self.unstate.append((zone, kind, id_))
