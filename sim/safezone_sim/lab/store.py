"""What a device still knows after a power cut: its sequence, the messages without a receipt, and its own notes. SQLite.

Changes are kept together and committed by ``commit``; what was not committed is lost by a cut, as it would be.
"""

import json
import sqlite3
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from safezone_sim.devices.network import Outgoing

_TABLES = """
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS message (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, payload BLOB NOT NULL,
  emergency INTEGER NOT NULL, created REAL NOT NULL
);
"""


class Store(MutableMapping[str, Any]):
    """A device's durable memory: a mapping of its notes, and its outbox's journal.

    ``fresh_epoch``: the epoch of a store that is new. It must be above that of every store the device had before.
    """

    def __init__(self, path: Path, fresh_epoch: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        # The lab has one thread for the device.
        self._db = sqlite3.connect(path, isolation_level="DEFERRED")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)
        self._notes = {n: json.loads(v) for n, v in self._db.execute("SELECT name, value FROM note")}
        if "epoch" not in self._notes:
            self["epoch"], self["seq"] = fresh_epoch, 0
            self.commit()

    @property
    def epoch(self) -> int:
        return int(self._notes["epoch"])

    @property
    def seq(self) -> int:
        """The last sequence number used."""
        return int(self._notes["seq"])

    # Notes

    def __getitem__(self, name: str) -> Any:
        return self._notes[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._notes[name] = value
        self._db.execute(
            "INSERT INTO note VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def __delitem__(self, name: str) -> None:
        del self._notes[name]
        self._db.execute("DELETE FROM note WHERE name = ?", (name,))

    def __iter__(self) -> Iterator[str]:
        return iter(self._notes)

    def __len__(self) -> int:
        return len(self._notes)

    # The outbox's journal

    def keep(self, message: Outgoing, seq: int) -> None:
        self._db.execute(
            "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)",
            (seq, message.id, message.type, message.payload, message.emergency, message.created),
        )
        self["seq"] = seq

    def drop(self, message: Outgoing) -> None:
        self._db.execute("DELETE FROM message WHERE id = ?", (message.id,))

    def waiting(self, zone: str, source: str, topic: str) -> list[Outgoing]:
        """Messages without a receipt, in order of sequence."""
        rows = self._db.execute("SELECT id, type, payload, emergency, created FROM message ORDER BY seq")
        return [
            Outgoing(zone, source, id_, type_, topic, payload, bool(emergency), created)
            for id_, type_, payload, emergency, created in rows
        ]

    # Life and death

    def commit(self) -> None:
        """Everything up to now is safe."""
        if self._db.in_transaction:
            self._db.commit()

    def cut(self) -> None:
        """The power is gone: what was not committed never was."""
        self._db.rollback()
        self._db.close()

    def erase(self) -> None:
        """The memory is exchanged for an empty one. Cut first."""
        for path in self._path.parent.glob(f"{self._path.name}*"):
            path.unlink()
