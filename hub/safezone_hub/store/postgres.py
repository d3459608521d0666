"""PostgreSQL: one connection, one round trip and one synchronous commit a batch. One hub a database (or schema).

Rows go in as arrays, one a column, packed here: an INSERT for each row would cost the hub three times as much.
When the server is gone every call raises StoreUnavailable, and the next call connects anew.
"""

import logging
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer, Dumper
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Format, TransactionStatus

from safezone_hub.store.batch import Row
from safezone_hub.store.database import CHANGES, Operation, Seen, SeenKey, put
from safezone_hub.store.plain import PlainStore
from safezone_hub.store.protocol import StoreRefused, StoreUnavailable
from safezone_hub.store.sqlite import refusal
from safezone_hub.store.tables import LAYOUT, TABLES, create

log = logging.getLogger("safezone.hub")

_TYPES = {"text": 'TEXT COLLATE "C"', "int": "BIGINT", "real": "DOUBLE PRECISION", "bytes": "BYTEA"}
_LOCK_CLASS = 0x5AFE20E  # of our advisory locks
LOCK_WAIT_S = 5.0  # a hub that was just killed may still be let go of
# A server that went without a word is noticed within 15 s.
_CONNECT = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "safezone-hub",
    "client_encoding": "UTF8",
}


class PostgresDatabase:
    """One connection that is made anew after an error, used by one thread."""

    def __init__(
        self, dsn: str, lock_wait_s: float = LOCK_WAIT_S, *, read_only: bool = False, shared: bool = False
    ) -> None:
        """Raises StoreUnavailable without a server, StoreRefused when another hub has the database.

        ``shared``: other shards write too, each its own zones. Then set ``fence`` before the first zone comes.
        """
        self._shared = shared
        self.fence: tuple[str, int] | None = (
            None  # SQL that fails unless this process may still write, and its token
        )
        try:
            given = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
        except psycopg.ProgrammingError as error:
            raise StoreRefused(
                f"PostgreSQL 주소가 아닙니다. Not an address of a PostgreSQL database: {error}"
            ) from error
        self._dsn = make_conninfo(**{**_CONNECT, **given})
        self._name = f"postgresql {given.get('host', '')}/{given.get('dbname', '')}"
        self._lock_wait_s, self._read_only = lock_wait_s, read_only
        self._closed = False
        self._db: psycopg.Connection | None = None
        self._connection(first=True)

    # ------------------------------------------------------------------- connection

    def _connection(self, *, first: bool = False) -> psycopg.Connection:
        db = self._db
        if db is not None and not db.closed:
            return db
        if self._closed:
            raise StoreUnavailable(f"{self._name}: closed")
        try:
            db = psycopg.connect(self._dsn, autocommit=True)
        except psycopg.Error as error:
            raise StoreUnavailable(f"{self._name}: {error}") from error
        try:
            self._prepare(db)
        except psycopg.errors.LockNotAvailable as error:
            db.close()
            text = (
                f"{self._name}: 다른 허브가 이 데이터베이스를 쓰고 있습니다. 허브마다 데이터베이스나 스키마를 따로 두십시오. "
                "Another hub is using this database. Stop it, or give each hub a database or schema of its own."
            )
            raise (StoreRefused(text) if first else StoreUnavailable(text)) from error
        except psycopg.Error as error:
            db.close()
            raise StoreUnavailable(f"{self._name}: {error}") from error
        except BaseException:
            db.close()
            raise
        self._db = db
        return db

    def _prepare(self, db: psycopg.Connection) -> None:
        if self._read_only:
            db.execute("SET default_transaction_read_only = on")
        else:
            self._take_over(db)
        if db.execute("SELECT to_regclass('hub')").fetchone() == (None,):
            raise StoreRefused(f"{self._name}: 허브의 기록이 없습니다. No hub kept anything here.")
        layout = db.execute("SELECT value FROM hub WHERE name = 'layout'").fetchone()
        if layout is None or layout[0] != str(LAYOUT):
            raise StoreRefused(refusal(self._name, layout[0] if layout else "1"))

    def _take_over(self, db: psycopg.Connection) -> None:
        """Be the one hub that writes; make the tables when there are none."""
        db.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        )
        if db.execute("SHOW fsync").fetchone() == ("off",):
            log.warning("%s runs with fsync = off: it will lose data when its machine fails", self._name)
        # Held as long as the connection: who has it is the one that writes.
        db.execute(f"SET lock_timeout = '{self._lock_wait_s * 1000:.0f}ms'")
        lock = "pg_advisory_lock_shared" if self._shared else "pg_advisory_lock"
        db.execute(f"SELECT {lock}(%s, hashtext(current_schema()))".encode(), (_LOCK_CLASS,))
        db.execute("RESET lock_timeout")
        if self._shared:  # shards that start together make the tables once
            db.execute("SELECT pg_advisory_lock(%s, hashtext(current_schema()) + 1)", (_LOCK_CLASS,))
        try:
            self._make_tables(db)
        finally:
            if self._shared:
                db.execute("SELECT pg_advisory_unlock(%s, hashtext(current_schema()) + 1)", (_LOCK_CLASS,))

    def _make_tables(self, db: psycopg.Connection) -> None:
        if db.execute("SELECT to_regclass('hub')").fetchone() == (None,):
            with db.transaction():
                for statement in create(_TYPES, ""):
                    db.execute(_as_query(statement))
                db.execute("INSERT INTO hub VALUES ('layout', %s)", (str(LAYOUT),))

    def _failed(self, error: psycopg.Error) -> Exception:
        """What to raise: a mistake in the SQL as it is, everything else as «try again later»."""
        db, self._db = self._db, None
        if db is not None:
            db.close()
        if isinstance(error, psycopg.ProgrammingError | psycopg.DataError):
            return error
        return StoreUnavailable(f"{self._name}: {error}")

    # ------------------------------------------------------------------- Database

    def commit(self, operations: Sequence[Operation]) -> None:
        db = self._connection()
        try:
            with db.pipeline():
                db.execute("BEGIN")
                if self.fence is not None:
                    db.execute(self.fence[0].encode(), (self.fence[1],))
                for name, rows in operations:
                    if not rows:
                        continue
                    if name in TABLES:
                        db.execute(_put_sql(name), _arrays(name, rows))
                    else:
                        with db.cursor() as cursor:
                            cursor.executemany(_query(_CHANGES[name]), rows)
                db.execute("COMMIT")
            if db.info.transaction_status != TransactionStatus.IDLE:
                raise psycopg.OperationalError("the transaction did not end")
        except psycopg.Error as error:
            raise self._failed(error) from error
        except BaseException:
            self._db = None
            db.close()  # whatever was under way is rolled back
            raise

    def all(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        db = self._connection()
        try:
            return db.execute(_query(sql), parameters or None).fetchall()
        except psycopg.Error as error:
            raise self._failed(error) from error

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """On a connection of its own, so that the hub may go on writing while somebody reads."""
        try:
            with psycopg.connect(self._dsn) as db, db.cursor(name="stream") as cursor:
                cursor.itersize = 2000
                yield from cursor.execute(_query(sql), parameters or None)
        except psycopg.Error as error:
            raise StoreUnavailable(f"{self._name}: {error}") from error

    def find_seen(self, keys: Sequence[SeenKey]) -> dict[SeenKey, Seen]:
        if not keys:
            return {}
        db = self._connection()
        columns = zip(("text", "text", "text", "int", "int"), zip(*keys, strict=True), strict=True)
        try:
            rows = db.execute(_FIND_SEEN, [_array(type_, values) for type_, values in columns]).fetchall()
        except psycopg.Error as error:
            raise self._failed(error) from error
        return {keys[i - 1]: (id_, epoch, seq, digest) for i, id_, epoch, seq, digest in rows}

    def scrub(self) -> None:
        """Nothing: the files of the server hold sealed bodies and pseudonyms only, old versions of rows too."""

    def close(self) -> None:
        self._closed = True
        if self._db is not None:
            self._db.close()


class PostgresStore(PlainStore):
    """A store in a PostgreSQL database: ``postgresql://user@host/database``. ``read_only`` looks into a running hub's."""

    def __init__(
        self, dsn: str, lock_wait_s: float = LOCK_WAIT_S, *, read_only: bool = False, shared: bool = False
    ) -> None:
        self.database = PostgresDatabase(dsn, lock_wait_s, read_only=read_only, shared=shared)
        super().__init__(self.database)


# ------------------------------------------------------------------- SQL

_CHANGES = {name: text.format(contains="strpos") for name, text in CHANGES.items()}
# A planner without statistics would take the other index for the id as well and read all of a principal's messages:
# the expression keeps it from that.
_FIND_SEEN = (
    "SELECT q.i, s.id, s.epoch, s.seq, s.digest "
    "FROM unnest(%b, %b, %b, %b, %b) WITH ORDINALITY AS q(zone, principal, id, epoch, seq, i) "
    "CROSS JOIN LATERAL ("
    "(SELECT id, epoch, seq, digest, 0 AS place FROM seen "
    "WHERE zone = q.zone AND id = q.id AND principal || '' = q.principal) UNION ALL "
    "(SELECT id, epoch, seq, digest, 1 AS place FROM seen "
    "WHERE zone = q.zone AND principal = q.principal AND epoch = q.epoch AND seq = q.seq) "
    "ORDER BY place LIMIT 1) s"
)


def _as_query(text: str) -> sql.SQL:
    return sql.SQL(text)


@cache
def _query(text: str) -> bytes:
    """The shared SQL in psycopg's words."""
    return text.replace("?", "%s").encode()


@cache
def _put_sql(table: str) -> bytes:
    arrays = ", ".join(["%b"] * len(TABLES[table].columns))
    return put(table, f"SELECT * FROM unnest({arrays})").encode()


# ------------------------------------------------------------------- rows as arrays


class _Array:
    """A column of values, packed as PostgreSQL's binary array."""

    def __init__(self, packed: bytes) -> None:
        self.packed = packed


class _TextArray(_Array): ...


class _IntArray(_Array): ...


class _RealArray(_Array): ...


class _BytesArray(_Array): ...


def _dumper(array_oid: int) -> type[Dumper]:
    class ArrayDumper(Dumper):
        format = Format.BINARY
        oid = array_oid

        def dump(self, obj: Any) -> Buffer:
            packed: bytes = obj.packed
            return packed

    return ArrayDumper


# By type: the array's class, its oid, its element's oid.
_ARRAYS: dict[str, tuple[type[_Array], int, int]] = {
    "text": (_TextArray, 1009, 25),
    "int": (_IntArray, 1016, 20),
    "real": (_RealArray, 1022, 701),
    "bytes": (_BytesArray, 1001, 17),
}
for _class, _oid, _ in _ARRAYS.values():
    psycopg.adapters.register_dumper(_class, _dumper(_oid))

_HEAD = struct.Struct(">iiiii").pack  # dimensions, has nulls, element's oid, length, first index
_LENGTH = struct.Struct(">i").pack
_NULL = _LENGTH(-1)
_FIXED: dict[str, Callable[..., bytes]] = {
    "int": struct.Struct(">iq").pack,
    "real": struct.Struct(">id").pack,
}


def _array(type_: str, values: Iterable[Any]) -> _Array:
    made, _, element = _ARRAYS[type_]
    fixed = _FIXED.get(type_)
    if fixed is not None:
        packed = [_NULL if value is None else fixed(8, value) for value in values]
    else:
        if type_ == "text":
            values = [None if value is None else value.encode() for value in values]
        packed = [_NULL if value is None else _LENGTH(len(value)) + value for value in values]
    return made(_HEAD(1, 1, element, len(packed), 1) + b"".join(packed))


def _arrays(table: str, rows: Sequence[Row]) -> list[_Array]:
    """The rows column by column. Of rows with the same key the last stays: one INSERT can not replace twice."""
    shape = TABLES[table]
    if shape.taken == "replace":
        places = [list(shape.columns).index(column) for column in shape.key]
        rows = list({tuple(row[place] for place in places): row for row in rows}.values())
    columns = zip(shape.columns.values(), zip(*rows, strict=True), strict=True)
    return [_array(type_.rstrip("?"), values) for type_, values in columns]
