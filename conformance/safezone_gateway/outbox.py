"""What is not yet receipted, kept so that a power cut loses nothing. SQLite, one file, every change on the disk at once."""

import json
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
  epoch INTEGER NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, emergency INTEGER NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (epoch, seq));
"""


@dataclass(frozen=True)
class Waiting:
    """One message without a receipt."""

    epoch: int
    seq: int
    id: str
    emergency: bool
    payload: bytes


class Store:
    """A device's store. A new file begins a new epoch; ``epoch`` must be above every former one of that device."""

    def __init__(self, path: Path, epoch: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.RLock()
        self._depth = 0
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_TABLES)
        if self.get("epoch") is None:
            self.put("epoch", epoch)
            self.put("seq", 0)

    def get(self, name: str, default: Any = None) -> Any:
        """A value kept, decoded."""
        with self._lock:
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def put(self, name: str, value: Any) -> None:
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def __enter__(self) -> "Store":
        """What is done inside is one commit, that of the outermost."""
        self._lock.acquire()
        if self._depth == 0:
            self._db.execute("BEGIN IMMEDIATE")
        self._depth += 1
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                self._db.execute("COMMIT" if kind is None else "ROLLBACK")
        finally:
            self._lock.release()

    def number(self) -> tuple[int, int]:
        """The next (epoch, seq); call it inside the commit that uses it."""
        seq = int(self.get("seq")) + 1
        self.put("seq", seq)
        return int(self.get("epoch")), seq

    def add(self, message: Waiting) -> None:
        with self._lock:
            self._db.execute("INSERT INTO outbox VALUES (?, ?, ?, ?, ?)",
                             (message.epoch, message.seq, message.id, int(message.emergency), message.payload))  # fmt: skip

    def remove(self, id_: str) -> None:
        with self._lock:
            self._db.execute("DELETE FROM outbox WHERE id = ?", (id_,))

    def waiting(self) -> list[Waiting]:
        """In the order in which a backlog goes out: emergencies first, then by sequence."""
        with self._lock:
            rows = self._db.execute("SELECT * FROM outbox ORDER BY emergency DESC, epoch, seq").fetchall()
        return [Waiting(r[0], r[1], r[2], bool(r[3]), r[4]) for r in rows]

    def close(self) -> None:
        with self._lock:
            self._db.close()
