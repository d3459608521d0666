"""SQLite: the event log and everything that must be there after a crash. One writer, one batch a commit.

Keys begin with the zone. The log is the truth; ``state`` is a fold of it, saved in the same
transaction so that a restart need not read a day again.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

SCHEMA = """
CREATE TABLE IF NOT EXISTS hub (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS registry (
    zone TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (zone, kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
    zone TEXT NOT NULL, n INTEGER NOT NULL, at REAL NOT NULL, wall REAL NOT NULL, kind TEXT NOT NULL,
    topic TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (zone, n)) WITHOUT ROWID;
-- By id first: UUIDs of version 7 rise with time, so that a batch touches few pages.
CREATE TABLE IF NOT EXISTS seen (
    zone TEXT NOT NULL, principal TEXT NOT NULL, id TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
    digest BLOB NOT NULL, PRIMARY KEY (zone, id, principal)) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS seen_seq ON seen (zone, principal, epoch, seq);
CREATE TABLE IF NOT EXISTS state (
    zone TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (zone, kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    zone TEXT NOT NULL, id TEXT NOT NULL, settled_by TEXT NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL,
    made_at REAL NOT NULL, exercise TEXT, settled INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (zone, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_open ON outbox (zone, made_at) WHERE settled = 0;
CREATE TABLE IF NOT EXISTS pos (
    zone TEXT NOT NULL, child TEXT NOT NULL, ts REAL NOT NULL, device TEXT NOT NULL, lat REAL NOT NULL,
    lon REAL NOT NULL, accuracy_m REAL NOT NULL, basis TEXT NOT NULL,
    PRIMARY KEY (zone, child, ts, device)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incident (
    zone TEXT NOT NULL, id TEXT NOT NULL, opened_at REAL NOT NULL, exercise TEXT, body BLOB NOT NULL,
    PRIMARY KEY (zone, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rejection (
    zone TEXT NOT NULL, n INTEGER NOT NULL, at REAL NOT NULL, topic TEXT NOT NULL, reason TEXT NOT NULL,
    detail TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (zone, n)) WITHOUT ROWID;
"""

REJECTIONS_KEPT = 1000

Row = tuple[Any, ...]


@dataclass(slots=True)
class Batch:
    """Everything one commit writes."""

    log: list[Row] = field(default_factory=list)  # zone, n, at, wall, kind, topic, body
    seen: list[Row] = field(default_factory=list)  # zone, principal, id, epoch, seq, digest
    state: list[Row] = field(default_factory=list)  # zone, kind, id, body
    outbox: list[Row] = field(default_factory=list)  # zone, id, settled_by, topic, payload, made_at, exercise
    settled: list[Row] = field(default_factory=list)  # zone, id
    pos: list[Row] = field(default_factory=list)  # zone, child, ts, device, lat, lon, accuracy_m, basis
    incidents: list[Row] = field(default_factory=list)  # zone, id, opened_at, exercise, body
    rejections: list[Row] = field(default_factory=list)  # zone, n, at, topic, reason, detail, bytes
    registry: list[Row] = field(default_factory=list)  # zone, kind, id, body
    unregistered: list[Row] = field(default_factory=list)  # zone, kind, id

    def is_empty(self) -> bool:
        return not any(getattr(self, name) for name in _STATEMENTS)


class Store(Protocol):
    """What the engine needs of a store."""

    def write(self, batch: Batch) -> None:
        """Write all of it durably, or raise and write nothing."""

    def find_seen(
        self, zone: str, principal: str, id_: str, epoch: int, seq: int
    ) -> tuple[str, int, int, bytes] | None:
        """A message of this principal with this id, or this epoch and seq: (id, epoch, seq, digest)."""

    def next_epoch(self, at_least: int) -> int: ...
    def registry(self) -> Iterator[tuple[str, str, str, bytes]]: ...
    def states(self) -> Iterator[tuple[str, str, str, bytes]]: ...
    def outbox(self) -> Iterator[Row]: ...
    def log(self) -> Iterator[Row]: ...
    def log_ends(self) -> dict[str, int]: ...
    def rejection_ends(self) -> dict[str, int]: ...
    def path(self, zone: str, child: str, since: float, until: float) -> list[Row]: ...
    def incidents(self, zone: str) -> list[bytes]: ...
    def rejections(self, zone: str, limit: int) -> list[Row]: ...
    def close(self) -> None: ...


_STATEMENTS = {
    "log": "INSERT INTO log VALUES (?,?,?,?,?,?,?)",
    "seen": "INSERT INTO seen VALUES (?,?,?,?,?,?)",
    "state": "INSERT OR REPLACE INTO state VALUES (?,?,?,?)",
    "outbox": "INSERT OR IGNORE INTO outbox VALUES (?,?,?,?,?,?,?,0)",
    "settled": "UPDATE outbox SET settled = 1 WHERE zone = ? AND id = ?",
    "pos": "INSERT OR REPLACE INTO pos VALUES (?,?,?,?,?,?,?,?)",
    "incidents": "INSERT OR REPLACE INTO incident VALUES (?,?,?,?,?)",
    "rejections": "INSERT OR REPLACE INTO rejection VALUES (?,?,?,?,?,?,?)",
    "registry": "INSERT OR REPLACE INTO registry VALUES (?,?,?,?)",
    "unregistered": "DELETE FROM registry WHERE zone = ? AND kind = ? AND id = ?",
}


class SqliteStore:
    """One file, write-ahead log, every commit on disk before it returns. Used by one thread."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA cache_size = -65536")
        # The rows of a batch lie scattered; the log gathers more of them before they move to their pages.
        self._db.execute("PRAGMA wal_autocheckpoint = 8000")
        self._db.executescript(SCHEMA)

    def write(self, batch: Batch) -> None:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            for name, statement in _STATEMENTS.items():
                rows = getattr(batch, name)
                if rows:
                    db.executemany(statement, rows)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def find_seen(
        self, zone: str, principal: str, id_: str, epoch: int, seq: int
    ) -> tuple[str, int, int, bytes] | None:
        row = self._db.execute(
            "SELECT id, epoch, seq, digest FROM seen WHERE zone = ?1 AND principal = ?2 AND id = ?3 UNION ALL "
            "SELECT id, epoch, seq, digest FROM seen WHERE zone = ?1 AND principal = ?2 AND epoch = ?4 AND seq = ?5",
            (zone, principal, id_, epoch, seq),
        ).fetchone()
        return row if row is None else (row[0], row[1], row[2], row[3])

    def next_epoch(self, at_least: int) -> int:
        """A number higher than at any earlier start of this hub."""
        row = self._db.execute("SELECT value FROM hub WHERE name = 'epoch'").fetchone()
        epoch = max(at_least, (row[0] if row else 0) + 1)
        self._db.execute("INSERT OR REPLACE INTO hub VALUES ('epoch', ?)", (epoch,))
        return epoch

    def registry(self) -> Iterator[tuple[str, str, str, bytes]]:
        # The zone first: it says where the plane lies.
        yield from self._db.execute(
            "SELECT zone, kind, id, body FROM registry ORDER BY kind != 'zone', zone, kind, id"
        )

    def states(self) -> Iterator[tuple[str, str, str, bytes]]:
        yield from self._db.execute(
            "SELECT zone, kind, id, body FROM state ORDER BY kind != 'zone', zone, kind, id"
        )

    def outbox(self) -> Iterator[Row]:
        yield from self._db.execute(
            "SELECT zone, id, settled_by, topic, payload, made_at, exercise FROM outbox "
            "WHERE settled = 0 ORDER BY zone, made_at, id"
        )

    def log(self) -> Iterator[Row]:
        yield from self._db.execute("SELECT zone, n, at, kind, topic, body FROM log ORDER BY zone, n")

    def log_ends(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT zone, max(n) FROM log GROUP BY zone"))

    def rejection_ends(self) -> dict[str, int]:
        """By zone, the place of the newest sample in its ring."""
        rows = self._db.execute("SELECT zone, n, max(at) FROM rejection GROUP BY zone")
        return {zone: n for zone, n, _at in rows}

    def path(self, zone: str, child: str, since: float, until: float) -> list[Row]:
        return self._db.execute(
            "SELECT ts, lat, lon, accuracy_m, basis FROM pos WHERE zone = ? AND child = ? AND ts BETWEEN ? AND ? "
            "ORDER BY ts LIMIT 20000",
            (zone, child, since, until),
        ).fetchall()

    def incidents(self, zone: str) -> list[bytes]:
        rows = self._db.execute("SELECT body FROM incident WHERE zone = ? ORDER BY opened_at, id", (zone,))
        return [row[0] for row in rows]

    def rejections(self, zone: str, limit: int) -> list[Row]:
        return self._db.execute(
            "SELECT at, topic, reason, detail, bytes FROM rejection WHERE zone = ? ORDER BY at DESC, n DESC LIMIT ?",
            (zone, limit),
        ).fetchall()

    def close(self) -> None:
        self._db.close()
