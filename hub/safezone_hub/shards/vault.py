"""The vault of several shards: the same keys, wrapped by the same master key, in PostgreSQL instead of a file.

It may (and should) be another database than the rows', with backups of its own: who has the rows alone can read
nothing. What is destroyed is overwritten; PostgreSQL keeps old versions until VACUUM and in its WAL and backups, wrapped
by the master key. So here more hangs on keeping the master key apart than with the file.
"""

import hmac
import os
import secrets
from collections.abc import Iterable
from itertools import count

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safezone_hub.vault import Vault, VaultError

_TABLES = """
SELECT pg_advisory_xact_lock(94371328, hashtext(current_schema()));
CREATE TABLE IF NOT EXISTS vault (name TEXT PRIMARY KEY, value BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS vault_key (n BIGSERIAL PRIMARY KEY, known BYTEA UNIQUE, wrapped BYTEA NOT NULL);
"""
_NONCE = 12


class SharedVault(Vault):
    """Every shard holds all keys in memory; ``refresh`` takes in those of others. For one thread."""

    def __init__(self, dsn: str, master: bytes) -> None:
        """Raises VaultError without a database, or when its keys were made with another master key."""
        self._dsn, self.read_only = dsn, False
        self._where: str = "PostgreSQL vault"
        self._wrap = AESGCM(hmac.digest(master, b"safezone: wrap keys", "sha256"))
        self._known = hmac.digest(master, b"safezone: known subjects", "sha256")
        check = hmac.digest(master, b"safezone: check", "sha256")
        self._keys, self._by_name = {}, {}
        self._sealers, self._older_sealers, self._openers = {}, {}, {}
        self._run, self._count = os.urandom(6), count()
        self._last = 0
        self._numbers: dict[int, str] = {}
        self._connected: psycopg.Connection | None = None
        try:
            self._sql().execute(_TABLES)
            self.id = self._own_id(check)
            self.refresh()
        except (OSError, psycopg.Error) as error:
            raise VaultError(f"{self._where}: {error}") from error

    def _sql(self) -> psycopg.Connection:
        if self._connected is None or self._connected.closed:
            self._connected = psycopg.connect(
                self._dsn, autocommit=True, connect_timeout=5, application_name="safezone-vault"
            )
        return self._connected

    def _own_id(self, check: bytes) -> bytes:
        with self._sql().transaction():
            for name, value in (("layout", b"1"), ("check", check), ("id", os.urandom(16))):
                self._sql().execute("INSERT INTO vault VALUES (%s, %s) ON CONFLICT DO NOTHING", (name, value))
            kept = {
                name: bytes(value) for name, value in self._sql().execute("SELECT name, value FROM vault")
            }
        if kept["layout"] != b"1":
            raise VaultError(f"{self._where}: 알 수 없는 형식입니다. Not a vault that this version can read.")
        if not hmac.compare_digest(kept["check"], check):
            raise VaultError(
                f"{self._where}: 다른 마스터 키로 만들어졌습니다. Made with another master key: give all shards the same "
                "one (--master-key-file or SAFEZONE_MASTER_KEY)."
            )
        return kept["id"]

    @classmethod
    def adopt(cls, dsn: str, master: bytes, vault: Vault) -> None:
        """Put the keys of a file into an empty database, all or none. VaultError when other keys are there."""
        wrap = AESGCM(hmac.digest(master, b"safezone: wrap keys", "sha256"))
        known = hmac.digest(master, b"safezone: known subjects", "sha256")
        check = hmac.digest(master, b"safezone: check", "sha256")
        try:
            with psycopg.connect(dsn, connect_timeout=5, application_name="safezone-vault") as db:
                db.execute(_TABLES)
                kept = {name: bytes(value) for name, value in db.execute("SELECT name, value FROM vault")}
                if kept.get("id") == vault.id:
                    return  # by an earlier try: it was one transaction
                if kept:
                    raise VaultError(
                        "열쇠를 옮길 데이터베이스에 다른 열쇠가 있습니다. Other keys are kept in the vault's database: give "
                        "--vault another database or schema."
                    )
                with db.cursor() as cursor:
                    cursor.executemany(
                        "INSERT INTO vault VALUES (%s, %s)",
                        [("layout", b"1"), ("check", check), ("id", vault.id)],
                    )
                    rows = []
                    for n, (subject, secret) in enumerate(vault.secrets(), 1):
                        nonce = os.urandom(_NONCE)
                        sealed = wrap.encrypt(nonce, secret + subject.encode(), n.to_bytes(8, "big"))
                        rows.append((n, hmac.digest(known, subject.encode(), "sha256"), nonce + sealed))
                    cursor.executemany("INSERT INTO vault_key VALUES (%s, %s, %s)", rows)
                db.execute("SELECT setval('vault_key_n_seq', %s)", (len(rows) + 1,))
        except psycopg.Error as error:
            raise VaultError(f"PostgreSQL vault: {error}") from error

    def _mark(self, subject: str) -> bytes:
        return hmac.digest(self._known, subject.encode(), "sha256")

    def refresh(self) -> None:
        """Take in new keys of other shards, and forget those that were destroyed. OSError without the database."""
        try:
            rows = self._sql().execute(
                "SELECT n, wrapped FROM vault_key WHERE n > %s AND wrapped <> '' ORDER BY n",
                (self._last - 1000,),
            )
            for n, wrapped in rows:
                self._take(n, bytes(wrapped))
            gone = [n for (n,) in self._sql().execute("SELECT n FROM vault_key WHERE wrapped = ''")]
        except psycopg.Error as error:
            raise OSError(f"{self._where}: {error}") from error
        dropped = [self._numbers.pop(n) for n in gone if n in self._numbers]
        if dropped:
            self._drop(dropped)

    def _take(self, n: int, wrapped: bytes) -> None:
        # Numbers are drawn before they are committed: a lower one may appear after a higher, hence the look back.
        self._last = max(self._last, n)
        if n not in self._numbers:
            self._hold(n, wrapped)
            self._numbers[n] = next(reversed(self._keys))

    def _drop(self, subjects: Iterable[str]) -> None:
        for subject in subjects:
            key = self._keys.pop(subject, None)
            if key is not None:
                self._by_name.pop(key.name, None)
        self._forget_ciphers()

    def ensure(self, subjects: Iterable[str]) -> None:
        new = [subject for subject in dict.fromkeys(subjects) if subject not in self._keys]
        if not new:
            return
        try:
            db = self._sql()
            with db.transaction():
                numbers = [
                    n
                    for (n,) in db.execute(
                        "SELECT nextval('vault_key_n_seq') FROM generate_series(1, %s)", (len(new),)
                    )
                ]
                rows = []
                for n, subject in zip(numbers, new, strict=True):
                    nonce = os.urandom(_NONCE)
                    plain = secrets.token_bytes(32) + subject.encode()
                    wrapped = nonce + self._wrap.encrypt(nonce, plain, n.to_bytes(8, "big"))
                    rows.append((n, self._mark(subject), wrapped))
                with db.cursor() as cursor:
                    cursor.executemany(
                        "INSERT INTO vault_key VALUES (%s, %s, %s) ON CONFLICT (known) DO NOTHING", rows
                    )
                # Another shard may have been first: its key counts.
                marks = [mark for _, mark, _ in rows]
                found = db.execute(
                    "SELECT n, wrapped FROM vault_key WHERE known = ANY(%s)", (marks,)
                ).fetchall()
        except psycopg.Error as error:
            raise OSError(f"{self._where}: {error}") from error
        for n, wrapped in sorted(found):
            self._take(n, bytes(wrapped))

    def destroy(self, subjects: Iterable[str]) -> None:
        wanted = list(dict.fromkeys(subjects))
        if any(subject.startswith("zone/") for subject in wanted):
            raise ValueError("a zone's key is never destroyed")
        marks = [self._mark(subject) for subject in wanted]
        try:
            if marks:
                self._sql().execute(
                    "UPDATE vault_key SET wrapped = '', known = NULL WHERE known = ANY(%s)", (marks,)
                )
        except psycopg.Error as error:
            raise OSError(f"{self._where}: {error}") from error
        self._drop(wanted)

    def close(self) -> None:
        if self._connected is not None:
            self._connected.close()
