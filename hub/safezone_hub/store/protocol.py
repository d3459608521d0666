"""What the hub needs of a store, whatever keeps the rows. Rows in and out are plain; ``Batch`` names their members."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from safezone_hub.store.batch import Batch, Row
from safezone_hub.store.database import Seen, SeenKey

DESTROYED = "destroyed"  # the kind of a log row whose body is gone; replay steps over it
SEEN_KEPT_S = 30 * 86400.0


class StoreUnavailable(OSError):
    """The store can not be read or written now (disk full, I/O error, server gone). Try again later."""


class StoreRefused(Exception):
    """This store can not be used by this hub as it is. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A zone's whole state after log row ``n``: rows of (kind, id, body), those of erased subjects left out."""

    zone: str
    n: int
    at: float
    rows: list[tuple[str, str, bytes]]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one call to ``prune`` destroyed, by table. ``more``: there is more to do, call again."""

    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False


class Store(Protocol):
    """Reads leave out what can not be opened any more, unless said otherwise. Any call may raise StoreUnavailable."""

    def write(self, batch: Batch) -> None:
        """Write all of it durably, or raise and write nothing."""

    def find_seen(self, zone: str, principal: str, id_: str, epoch: int, seq: int) -> Seen | None:
        """A message of this principal with this id, or this epoch and seq: (id, epoch, seq, digest)."""

    def find_seen_many(self, keys: Sequence[SeenKey]) -> dict[SeenKey, Seen]:
        """``find_seen`` of many (zone, principal, id, epoch, seq) at once; those not found are left out."""

    def next_epoch(self, at_least: int) -> int:
        """A number higher than at any earlier start of this hub."""

    # ------------------------------------------------------------------- at start, and for replay

    def registry(self, zone: str | None = None) -> Iterator[tuple[str, str, str, bytes]]:
        """zone, kind, id, body; zones first."""

    def states(self, zone: str | None = None) -> Iterator[tuple[str, str, str, bytes]]:
        """zone, kind, id, body; zones first."""

    def outbox(self, zone: str | None = None) -> Iterator[Row]:
        """What is not settled: zone, id, settled_by, topic, payload, made_at, exercise."""

    def outbox_row(self, zone: str, id_: str) -> Row | None:
        """One message down, settled or not: the columns of ``outbox``, then settled (0 or 1)."""

    def outbox_of(self, zone: str, principal: str, after: str | None = None, limit: int = 100) -> list[Row]:
        """All that went to one recipient (``role/id``), oldest first: columns as ``outbox_row``."""

    def open_deliveries(self, zone: str | None = None) -> Iterator[Row]:
        """Those with a next_at: zone, id, notice, channel, state, made_at, next_at, body."""

    def tokens(self) -> Iterator[Row]:
        """id, digest, role, principal, zone, scopes, expires_at, revoked."""

    def log(self, zone: str | None = None, after: int = 0) -> Iterator[Row]:
        """zone, n, at, wall, kind, topic, body. A body that is gone: kind ``destroyed``, topic and body empty."""

    def snapshots(self) -> Iterator[Snapshot]:
        """The newest of each zone."""

    def log_ends(self, zone: str | None = None) -> dict[str, int]: ...
    def feed_ends(self, zone: str | None = None) -> dict[str, int]: ...
    def rejection_ends(self, zone: str | None = None) -> dict[str, int]:
        """By zone, the place of the newest sample in its ring."""

    # ------------------------------------------------------------------- queries

    def path(self, zone: str, child: str, since: float, until: float) -> list[Row]:
        """ts, lat, lon, accuracy_m, basis; at most 20,000."""

    def incidents(
        self, zone: str, state: str = "all", after: str | None = None, limit: int = 100_000
    ) -> list[bytes]:
        """Bodies by time of opening; ``state`` is open, closed or all; ``after`` an incident's id."""

    def incident(self, zone: str, id_: str) -> bytes | None:
        """One incident's body."""

    def incident_figures(self, zone: str, since: float, until: float) -> list[Row]:
        """id, opened_at, closed_at, service, exercise; also of those whose bodies are gone."""

    def feed(
        self, zone: str, audience: str, after: int = 0, limit: int = 1000
    ) -> list[tuple[int, float, bytes]]:
        """n, made_at, body."""

    def deliveries(self, zone: str, notice: str) -> list[Row]:
        """id, channel, state, made_at, next_at, body."""

    def cases(
        self,
        zone: str,
        kind: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> list[Row]:
        """id, kind, state, made_at, body; by time; ``after`` a case's id."""

    def case(self, zone: str, id_: str) -> Row | None:
        """id, kind, state, made_at, body."""

    def facts(
        self,
        zone: str,
        subject: str | None,
        since: float = 0.0,
        until: float = 1e12,
        after: int = 0,
        limit: int = 1000,
    ) -> list[tuple[int, float, float, bytes]]:
        """Log rows of kind ``fact``: n, at, wall, body. Of one subject (the row's first) or of all."""

    def rejections(self, zone: str, limit: int) -> list[Row]:
        """at, topic, reason, detail, bytes; newest first."""

    # ------------------------------------------------------------------- keeping

    def save_snapshot(
        self, zone: str, n: int, at: float, rows: Iterable[tuple[str, str, bytes, tuple[str, ...]]]
    ) -> None:
        """Keep a zone's whole state after log row ``n`` (kind, id, body, subjects), in place of the last one."""

    def prune(
        self,
        zone: str,
        before: float,
        keep_facts_before: float,
        *,
        positions_before: float | None = None,
        notices_before: float | None = None,
        seen_before: float | None = None,
        incidents_before: float | None = None,
        limit: int = 5000,
    ) -> Pruned:
        """Destroy what is older, about ``limit`` rows of a table a call. Times are wall seconds since 1970.

        ``before``: bodies of the log up to the newest snapshot (never beyond), rejections, settled messages of the
        outbox; and positions, unless ``positions_before`` says otherwise (they go by the zone's own time).
        ``keep_facts_before``: facts of the log. ``notices_before``: feed and ended deliveries (none: they stay).
        ``incidents_before``: bodies of incidents closed before, and answered cases; the incidents' figures stay.
        ``seen_before``: memory of message ids, 30 days before ``before`` when none: older repeats count as new.
        """

    # ------------------------------------------------------------------- beside other processes (``shards``)

    def refresh(self) -> None:
        """Look again at what other processes may have changed beside the rows."""

    def forget(self, zone: str) -> None:
        """Another process writes the zone from now on: keep nothing of it in memory."""

    def close(self) -> None: ...
