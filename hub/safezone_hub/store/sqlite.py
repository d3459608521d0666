"""SQLite: one file, write-ahead log, every commit on disk before it returns."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from safezone_hub.store.batch import Row
from safezone_hub.store.database import CHANGES, Operation, Seen, SeenKey, put
from safezone_hub.store.plain import PlainStore
from safezone_hub.store.protocol import StoreRefused, StoreUnavailable
from safezone_hub.store.tables import LAYOUT, TABLES, create

_STRICT = sqlite3.sqlite_version_info >= (3, 37)
BUSY_MS = 5000
_TYPES = {"text": "TEXT", "int": "INTEGER", "real": "REAL", "bytes": "BLOB"}
# Rows a statement. Each step of a statement lets go of the interpreter; with one for every row the engine would stand
# in line behind the link's thread hundreds of times a batch.
_SIZES = (32, 8, 2, 1)
_PUT = {
    name: {
        n: put(name, "VALUES " + ",".join([f"({','.join('?' * len(table.columns))})"] * n)) for n in _SIZES
    }
    for name, table in TABLES.items()
}
_CHANGE = {name: sql.format(contains="instr") for name, sql in CHANGES.items()}
_SEEN = (
    "s.id, s.epoch, s.seq, s.digest FROM k CROSS JOIN seen s ON s.zone = k.zone AND s.principal = k.principal"
)


def _find_seen(keys: int) -> str:
    """Of each key the row with its id, then the one with its epoch and seq. ``CROSS``: the keys are the outer loop."""
    given = ",".join(["(?,?,?,?,?,?)"] * keys)
    return (
        f"WITH k(n, zone, principal, id, epoch, seq) AS (VALUES {given}) "
        f"SELECT k.n, {_SEEN} AND s.id = k.id UNION ALL SELECT k.n, {_SEEN} AND s.epoch = k.epoch AND s.seq = k.seq"
    )


_FIND_SEEN = {n: _find_seen(n) for n in _SIZES}


def _pieces(rows: Sequence[Row]) -> Iterator[tuple[int, list[object]]]:
    """The rows in pieces of ``_SIZES``, each as one list of parameters."""
    at = 0
    for size in _SIZES:
        while len(rows) - at >= size:
            yield size, [*chain.from_iterable(rows[at : at + size])]
            at += size


class SqliteDatabase:
    """One connection, used by one thread at a time."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        try:
            self._db = self._look_into(path) if read_only else self._open(path)
            layout = self._db.execute("SELECT value FROM hub WHERE name = 'layout'").fetchone()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{path}: {error}") from error
        if layout is None or layout[0] != str(LAYOUT):
            self._db.close()
            raise StoreRefused(refusal(str(path), layout[0] if layout else "1"))

    def _look_into(self, path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, check_same_thread=False)
        db.execute("PRAGMA query_only = ON")
        return db

    def _open(self, path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=BUSY_MS / 1000
        )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA cache_size = -65536")
        # The rows of a batch lie scattered; the log gathers more of them before they move to their pages.
        db.execute("PRAGMA wal_autocheckpoint = 8000")
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'log'").fetchone():
            db.execute("BEGIN IMMEDIATE")
            for statement in create(_TYPES, " WITHOUT ROWID" + (", STRICT" if _STRICT else "")):
                db.execute(statement)
            db.execute(_PUT["hub"][1], ("layout", str(LAYOUT)))
            db.execute("COMMIT")
        return db

    def commit(self, operations: Sequence[Operation]) -> None:
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            for name, rows in operations:
                if name not in TABLES:
                    db.executemany(_CHANGE[name], rows)
                    continue
                for size, values in _pieces(rows):
                    db.execute(_PUT[name][size], values)
            db.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.ProgrammingError):
                raise StoreUnavailable(f"{self._path}: {error}") from error
            raise

    def _roll_back(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # the error that led here is the one to tell

    def all(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        try:
            return self._db.execute(sql, parameters).fetchall()
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """On a connection of its own: a long reading holds nobody up, and takes text as it stands."""
        try:
            with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as db:
                db.execute("PRAGMA query_only = ON")
                db.text_factory = _any_text
                yield from db.execute(sql, parameters)
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error

    def find_seen(self, keys: Sequence[SeenKey]) -> dict[SeenKey, Seen]:
        found: dict[SeenKey, Seen] = {}
        try:
            for size, values in _pieces([(n, *key) for n, key in enumerate(keys)]):
                for n, *row in self._db.execute(_FIND_SEEN[size], values):
                    found.setdefault(keys[n], tuple(row))
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error
        return found

    def scrub(self) -> None:
        """Move everything to its pages, where deleted rows are zeroed, and empty the write-ahead log.

        Not while somebody reads; then a later one does it.
        """
        self.all("PRAGMA busy_timeout = 0")
        try:
            self.all("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.all(f"PRAGMA busy_timeout = {BUSY_MS}")

    def close(self) -> None:
        self._db.close()


class SqliteStore(PlainStore):
    """A store in one file. ``read_only`` looks into it beside a running hub."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__(SqliteDatabase(path, read_only=read_only))


def _any_text(raw: bytes) -> str:
    """Also what is no UTF-8: who checks the log must get to see it."""
    return raw.decode("utf-8", "surrogateescape")


def refusal(where: str, layout: str) -> str:
    """What to tell about a store of another layout."""
    return (
        f"{where}: 저장소 형식이 {layout}이고 이 버전은 {LAYOUT}을(를) 씁니다. "
        "파일을 다른 곳으로 옮기고 새 저장소로 시작한 다음 등록 정보를 다시 가져오십시오. "
        f"The store has layout {layout}, and this version writes layout {LAYOUT}. "
        "Move it away, start with a new one (--state or --store) and import the registry again; "
        "the version that wrote it can still read it."
    )
