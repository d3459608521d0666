"""What a store needs of a database, and the SQL that all databases share (``?`` stands for a parameter)."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from safezone_hub.store.batch import Row
from safezone_hub.store.tables import ERASED_WITH, TABLES

SeenKey = tuple[str, str, str, int, int]  # zone, principal, id, epoch, seq
Seen = tuple[str, int, int, bytes]  # id, epoch, seq, digest
Operation = tuple[str, Sequence[Row]]  # a table's name (rows to put) or a name of CHANGES, and its rows


class Database(Protocol):
    """Runs SQL; knows nothing of what the rows mean. Every method may raise StoreUnavailable."""

    def commit(self, operations: Sequence[Operation]) -> None:
        """All of it in order, in one durable transaction; or raise and change nothing."""

    def all(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]: ...
    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """Row by row, for what may be larger than the memory."""

    def find_seen(self, keys: Sequence[SeenKey]) -> dict[SeenKey, Seen]:
        """Of each key the message with this id, else the one with this epoch and seq. One round trip."""

    def scrub(self) -> None:
        """Let nothing that was deleted stand in the files any longer."""

    def close(self) -> None: ...


# Changes other than putting rows into a table.
CHANGES = {
    "unregistered": "DELETE FROM registry WHERE zone = ? AND kind = ? AND id = ?",
    "unstate": "DELETE FROM state WHERE zone = ? AND kind = ? AND id = ?",
    "settled": "UPDATE outbox SET settled = 1 WHERE zone = ? AND id = ?",
    # Whose subject is erased. The feed's numbers must not begin anew when its newest rows go.
    "feed end": (
        "INSERT INTO hub SELECT 'feed/' || zone, CAST(max(n) AS TEXT) FROM feed WHERE zone = ? GROUP BY zone "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value "
        "WHERE CAST(excluded.value AS BIGINT) > CAST(hub.value AS BIGINT)"
    ),
    **{
        f"erase {table}": f"DELETE FROM {table} WHERE {{contains}}(' ' || who || ' ', ?) > 0"
        for table in ERASED_WITH
    },
    "erase pos": "DELETE FROM pos WHERE zone = ? AND child = ?",
    "erase outbox to": "DELETE FROM outbox WHERE settled_by = ?",
    "erase feed of": "DELETE FROM feed WHERE audience = ?",
    "erase token of": "DELETE FROM token WHERE principal = ?",
    "erasure done": "DELETE FROM erasure WHERE zone = ? AND who = ?",
    # Retention.
    "prune log": "UPDATE log SET body = ? WHERE zone = ? AND n > ? AND n <= ? AND kind <> 'fact'",
    "prune facts": "UPDATE log SET body = ? WHERE zone = ? AND n > ? AND n <= ? AND kind = 'fact'",
    "prune pos": "DELETE FROM pos WHERE zone = ? AND child = ? AND ts < ?",
    "prune seen": "DELETE FROM seen WHERE zone = ? AND id = ? AND principal = ?",
    "prune outbox": "DELETE FROM outbox WHERE zone = ? AND id = ?",
    "prune feed": "DELETE FROM feed WHERE zone = ? AND n <= ?",
    "prune delivery": "DELETE FROM delivery WHERE zone = ? AND id = ?",
    "prune incident": "UPDATE incident SET body = ? WHERE zone = ? AND id = ?",
    "prune cases": "DELETE FROM cases WHERE zone = ? AND id = ?",
    "prune rejection": "DELETE FROM rejection WHERE zone = ? AND at < ?",
    "no snapshot": "DELETE FROM snapshot_row WHERE zone = ?",
}


# In this order within a commit.
COMMIT_ORDER = (
    "unregistered",
    "unstate",
    "registry",
    "log",
    "seen",
    "state",
    "outbox",
    "settled",
    "erase pos",
    "pos",
    "incident",
    "feed",
    "delivery",
    "cases",
    "token",
    "rejection",
    "chain",
    "snapshot",
    "snapshot_row",
    "erasure",
)

_TAKEN = {"fail": "", "keep": " ON CONFLICT DO NOTHING"}


def put(table: str, source: str) -> str:
    """INSERT into a table from ``VALUES (…)`` or a SELECT, with what happens when the key is taken."""
    shape = TABLES[table]
    if shape.taken != "replace":
        return f"INSERT INTO {table} {source}{_TAKEN[shape.taken]}"
    rest = [column for column in shape.columns if column not in shape.key]
    replace = ", ".join(f"{column} = excluded.{column}" for column in rest)
    do = f"DO UPDATE SET {replace}" if rest else "DO NOTHING"
    return f"INSERT INTO {table} {source} ON CONFLICT ({', '.join(shape.key)}) {do}"
