"""A stopped hub of one process moved to where shards can go on with it: rows into PostgreSQL, keys into the shared vault.

Rows go as they stand: what is sealed stays sealed under the same keys, chains and numbers go on. The keys are wrapped
anew under the same master key. Nothing of the old hub is destroyed; its keys' file is set aside at the very end, so that
the old hub and the shards can never both speak for one zone. Broken off half way, it is begun anew by the same command.
"""

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psycopg

from safezone_hub.shards.ledger import refuse_sqlite
from safezone_hub.shards.vault import SharedVault
from safezone_hub.store import Row, StoreRefused
from safezone_hub.store.plain import PlainStore
from safezone_hub.store.postgres import PostgresStore
from safezone_hub.store.sealed import SealedStore
from safezone_hub.store.sqlite import SqliteStore
from safezone_hub.store.tables import TABLES
from safezone_hub.vault import KEYS_FILE, Vault, VaultError, master_key

MOVING = "moving"  # in the table ``hub`` of the target: whose rows are on their way
SET_ASIDE = KEYS_FILE + ".moved"
ROWS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved."""

    rows: int
    keys: int
    zones: int


def move(
    state: Path,
    source: str | None,
    target: str | None,
    vault_dsn: str | None = None,
    master_key_file: Path | None = None,
    told: Callable[[str], None] = lambda text: None,
) -> Moved:
    """Move the hub of ``state``, whose rows are in SQLite there or in PostgreSQL at ``source``, to ``target``.

    Without ``target`` the rows stay where they are, in PostgreSQL, and only the keys move. Raises StoreRefused,
    StoreUnavailable, VaultError or OSError, each with its remedy; then the old hub can go on as before.
    """
    if not (state / KEYS_FILE).is_file():
        raise VaultError(
            f"{state}: {KEYS_FILE} 이(가) 없습니다. There is no {KEYS_FILE}: nothing was kept there, or it was moved before "
            f"({SET_ASIDE})."
        )
    if source is None and target is None:
        raise refuse_sqlite()
    target = target or source
    assert target is not None
    master = master_key(state, master_key_file)
    vault = Vault(state / KEYS_FILE, master)  # refused while the hub runs
    try:
        before: PlainStore = PostgresStore(source) if source else SqliteStore(state / "hub.sqlite")
        store = SealedStore(before, vault)  # finishes what erasures a crash left
        try:
            if store.pending_erasures:
                raise StoreRefused(
                    "an erased child's key could not be destroyed yet; start the hub once more"
                )
            if target != source:
                _copy(before, target, vault, told)
            rows = sum(_count(before, table) for table in TABLES if table != "hub")
            zones = len(store.log_ends())
        finally:
            before.close()
        told(f"열쇠 · keys: {len(vault.subjects())}")
        SharedVault.adopt(vault_dsn or target, master, vault)
        _check(target, vault_dsn or target, master, vault, rows)
        keys = len(vault.subjects())
    finally:
        vault.close()
    (state / KEYS_FILE).rename(state / SET_ASIDE)
    return Moved(rows, keys, zones)


def _copy(before: PlainStore, target: str, vault: Vault, told: Callable[[str], None]) -> None:
    """Every row of every table. The target must be empty, or hold what an earlier try of this very move left."""
    after = PostgresStore(target)
    try:
        ours, there = vault.id.hex(), after.mark("vault")
        if there == ours and after.mark(MOVING) is None:
            return  # all of it, by an earlier try
        if after.mark(MOVING) == ours:
            with psycopg.connect(target) as db:
                for table in TABLES:
                    if table != "hub":
                        db.execute(f"DELETE FROM {table}".encode())
        elif there is not None or any(_count(after, table) for table in TABLES if table != "hub"):
            raise StoreRefused(
                "옮길 데이터베이스가 비어 있지 않습니다. The database to move to is not empty: another hub kept something "
                "there. Give it a database or schema of its own."
            )
        after.db.commit([("hub", [(MOVING, ours)])])
        for name in TABLES:
            if name == "hub":
                continue
            done = 0
            for rows in _portions(_rows(before, name)):
                after.db.commit([(name, rows)])
                done += len(rows)
            if done:
                told(f"{name}: {done:,}")
        # The vault's id among them: from here on it is a whole store.
        after.db.commit([("hub", [row for row in _rows(before, "hub") if row[0] != "layout"])])
        with psycopg.connect(target) as db:
            db.execute("DELETE FROM hub WHERE name = %s", (MOVING,))
    finally:
        after.close()


def _rows(store: PlainStore, table: str) -> Iterator[Row]:
    for row in store.db.stream(f"SELECT {', '.join(TABLES[table].columns)} FROM {table}"):
        yield tuple(row)


def _portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while portion := list(islice(rows, ROWS_AT_ONCE)):
        yield portion


def _count(store: PlainStore, table: str) -> int:
    return int(store.db.all(f"SELECT count(*) FROM {table}")[0][0])


def _check(target: str, vault_dsn: str, master: bytes, vault: Vault, rows: int) -> None:
    """Opened as a shard opens it: as many rows, every key the same."""
    shared = SharedVault(vault_dsn, master)
    try:
        store = SealedStore(PostgresStore(target, shared=True), shared)
        try:
            found = sum(_count(store, table) for table in TABLES if table != "hub")
        finally:
            store.db.close()
        if found != rows:
            raise StoreRefused(f"expected {rows} rows in the new database, found {found}")
        if sorted(shared.subjects()) != sorted(vault.subjects()):
            raise VaultError("the new vault does not hold the same keys")
        for subject in vault.subjects():
            if not hmac.compare_digest(shared.pseudonym(subject), vault.pseudonym(subject)):
                raise VaultError("the new vault holds other keys")
    finally:
        shared.close()


__all__ = ["Moved", "move"]
