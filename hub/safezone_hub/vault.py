"""Keys of persons and places. Who destroys a key makes unreadable, at once and everywhere, what was sealed under it.

A subject is ``kind/id``: ``child/c1``, ``guardian/g1``, ``area/home-c1``, ``device/p-c1``, and ``zone/z1`` for all that
belongs to nobody. Every subject has a random key of its own, kept in one small SQLite file wrapped by the master key.
Sealing is AES-256-GCM; what speaks of several subjects needs the keys of all of them.

Not a defence against who holds the master key *and* an old copy of the file: keep the two apart, and backups short.
"""

import base64
import fcntl
import hmac
import os
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TextIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEYS_FILE = "keys.sqlite"
MASTER_FILE = "master.key"
MASTER_ENV = "SAFEZONE_MASTER_KEY"
_LAYOUT = b"1"
_NAME = 9  # bytes of a pseudonym in the tables: 12 characters, and no two alike among millions
_NONCE = 12
# Ciphers kept ready, of each generation: 2.6 kB each. A city has more; one that is not ready takes some 10 µs to make.
_CACHED_MAX = 10_000
_MASTER = re.compile(r"[A-Za-z0-9_-]{43}=?\Z")

Seal = Callable[[bytes, bytes], bytes]


class VaultError(Exception):
    """The keys can not be had, or are not those of this data. The message says what to do."""


class SealBroken(VaultError):
    """The keys are here, but the sealed bytes are not what was sealed, or not in their place."""


def master_key(state: Path, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> bytes:
    """The 32 bytes that wrap all keys: from ``file``, else SAFEZONE_MASTER_KEY, else ``<state>/master.key``.

    Made (mode 0600) at the first start only: beside existing keys a missing master key is an error.
    """
    if file is not None:
        return _parse_master(_read(file), str(file))
    if text := environ.get(MASTER_ENV):
        return _parse_master(text, MASTER_ENV)
    path = state / MASTER_FILE
    if path.exists():
        return _parse_master(_read(path), str(path))
    if (state / KEYS_FILE).exists():
        raise VaultError(
            f"{path} 이(가) 없습니다. 백업에서 되돌리거나 --master-key-file 로 지정하십시오. "
            f"{path} is missing, but {state / KEYS_FILE} needs it: put it back, or name it by --master-key-file."
        )
    key = secrets.token_bytes(32)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(base64.urlsafe_b64encode(key).rstrip(b"=") + b"\n")
        out.flush()
        os.fsync(out.fileno())
    _sync_directory(state)
    return key


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise VaultError(
            f"마스터 키를 읽을 수 없습니다. The master key can not be read: {path}: {error}"
        ) from error


def _parse_master(text: str, whence: str) -> bytes:
    text = text.strip()
    if not _MASTER.match(text):
        raise VaultError(
            f"{whence}: 마스터 키는 base64url 43자입니다. A master key is 43 characters of base64url (32 random bytes)."
        )
    return base64.urlsafe_b64decode(text.rstrip("=") + "=")


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals for one set of subjects. ``names`` are their pseudonyms as text, in the order given."""

    seal: Seal  # plaintext, place -> sealed
    names: tuple[str, ...]
    who: str  # the names, separated by spaces


@dataclass(frozen=True, slots=True)
class _Key:
    n: int
    subject: str
    secret: bytes
    name: bytes
    text: str  # the name as it stands in tables


class Vault:
    """All keys, held in memory and in one file. For one thread; one hub at a time has it open for writing."""

    def __init__(self, path: Path, master: bytes, *, read_only: bool = False) -> None:
        """Open or make the file. Raises VaultError when it belongs to another master key, or another hub has it.

        ``read_only`` is for looking beside a running hub: the keys as they are now.
        """
        self._path, self.read_only = path, read_only
        self._lock = None if read_only else _lock(path.with_name(path.name + ".lock"))
        self._wrap = AESGCM(hmac.digest(master, b"safezone: wrap keys", "sha256"))
        check = hmac.digest(master, b"safezone: check", "sha256")
        self._keys: dict[str, _Key] = {}
        self._by_name: dict[bytes, _Key] = {}
        self._sealers: dict[tuple[str, ...], Sealer] = {}
        self._older_sealers: dict[tuple[str, ...], Sealer] = {}
        self._openers: dict[bytes, AESGCM | None] = {}
        # The counter makes nonces unique within a run; 48 random bits keep runs apart, also one from a backup.
        self._run, self._count = os.urandom(6), count()
        try:
            self._db = self._connect()
            self.id = self._check(check)
            for n, wrapped in self._db.execute("SELECT n, wrapped FROM key"):
                if wrapped.strip(b"\0"):
                    self._hold(n, wrapped)
            if not read_only:
                self._wipe_journal()  # a crash may have left one
        except (sqlite3.Error, VaultError) as error:
            self._unlock()
            raise error if isinstance(error, VaultError) else VaultError(f"{path}: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        if self.read_only:
            return sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
            )
        if not self._path.exists():
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600))
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        # A journal that stays can be wiped; one that is deleted leaves its bytes on the disk.
        db.execute("PRAGMA journal_mode = PERSIST")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")
        db.executescript(
            "CREATE TABLE IF NOT EXISTS vault (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
            # By rising number and overwritten in place: a key never moves, so no page keeps an old copy of it.
            "CREATE TABLE IF NOT EXISTS key (n INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);"
        )
        return db

    def _check(self, check: bytes) -> bytes:
        """The vault's own random id, once it is clear that the master key fits."""
        kept = dict(self._db.execute("SELECT name, value FROM vault"))
        if not kept and not self.read_only:
            kept = {"layout": _LAYOUT, "check": check, "id": os.urandom(16)}
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO vault VALUES (?, ?)", list(kept.items()))
            self._db.execute("COMMIT")
        if kept.get("layout") != _LAYOUT:
            raise VaultError(f"{self._path}: 알 수 없는 형식입니다. Not a vault that this version can read.")
        if not hmac.compare_digest(kept["check"], check):
            raise VaultError(
                f"{self._path}: 다른 마스터 키로 만들어졌습니다. These keys were made with another master key; "
                f"give that one by --master-key-file or {MASTER_ENV}."
            )
        return bytes(kept["id"])

    def _hold(self, n: int, wrapped: bytes) -> None:
        try:
            opened = self._wrap.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], n.to_bytes(8, "big"))
        except InvalidTag:
            raise VaultError(
                f"{self._path}: {n}번 키가 손상되었습니다. Key {n} is damaged; restore the file."
            ) from None
        secret, subject = opened[:32], opened[32:].decode()
        name = hmac.digest(secret, b"name", "sha256")[:_NAME]
        key = _Key(n, subject, secret, name, _as_text(name))
        self._keys[subject] = self._by_name[key.name] = key

    # ------------------------------------------------------------------- keys

    def refresh(self) -> None:
        """Take in what other processes did to the keys. Here nobody else has them."""

    def knows(self, subject: str) -> bool:
        """Whether the subject has a key now."""
        return subject in self._keys

    def subjects(self) -> list[str]:
        """Everybody who has a key now."""
        return list(self._keys)

    def secrets(self) -> Iterator[tuple[str, bytes]]:
        """Every subject and its key, for a vault that takes over from this one."""
        for key in self._keys.values():
            yield key.subject, key.secret

    def ensure(self, subjects: Iterable[str]) -> None:
        """Give each subject a key, on disk before this returns; one commit for all new ones."""
        new = [subject for subject in dict.fromkeys(subjects) if subject not in self._keys]
        if not new:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                last = self._db.execute("SELECT coalesce(max(n), 0) FROM key").fetchone()[0]
                rows = []
                for n, subject in enumerate(new, last + 1):
                    nonce = os.urandom(_NONCE)
                    plain = secrets.token_bytes(32) + subject.encode()
                    rows.append((n, nonce + self._wrap.encrypt(nonce, plain, n.to_bytes(8, "big"))))
                self._db.executemany("INSERT INTO key VALUES (?, ?)", rows)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise OSError(f"{self._path}: {error}") from error
        for n, wrapped in rows:
            self._hold(n, wrapped)

    def destroy(self, subjects: Iterable[str]) -> None:
        """Destroy the keys, on disk before this returns: what was sealed under them is gone. Repeating is harmless.

        Raises OSError when the disk would not; then nothing of it may be taken as done.
        """
        wanted = list(dict.fromkeys(subjects))
        if any(subject.startswith("zone/") for subject in wanted):
            raise ValueError("a zone's key is never destroyed")
        keys = [self._keys[subject] for subject in wanted if subject in self._keys]
        try:
            if keys:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    self._db.executemany(
                        "UPDATE key SET wrapped = zeroblob(length(wrapped)) WHERE n = ?",
                        [(k.n,) for k in keys],
                    )
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            raise OSError(f"{self._path}: {error}") from error
        for key in keys:
            del self._keys[key.subject], self._by_name[key.name]
        self._forget_ciphers()
        self._wipe_journal()

    def _wipe_journal(self) -> None:
        """Zero what the last transactions left of older pages. No transaction is open, so nobody needs it."""
        journal = self._path.with_name(self._path.name + "-journal")
        if not journal.exists():
            return
        with journal.open("r+b") as file:
            for _ in range(0, journal.stat().st_size, 65536):
                file.write(bytes(min(65536, journal.stat().st_size - file.tell())))
            file.flush()
            os.fsync(file.fileno())

    # ------------------------------------------------------------------- pseudonyms

    def pseudonym(self, subject: str, text: str = "") -> bytes:
        """16 bytes that stand for the subject, or for a text that belongs to it. KeyError without its key.

        Made with the subject's own key: once that is destroyed nobody can find out whom it stood for.
        """
        key = self._keys[subject]
        return hmac.digest(key.secret, b"text" + text.encode() if text else b"name", "sha256")[:16]

    def name(self, subject: str, text: str = "") -> str:
        """The pseudonym as it stands in tables, shorter: ``~`` and 12 characters. No id begins so."""
        return _as_text(self.pseudonym(subject, text)[:_NAME]) if text else self._keys[subject].text

    def subject_of(self, name: str) -> str | None:
        """Whom a pseudonym stands for; None when the key is gone."""
        key = self._by_name.get(base64.urlsafe_b64decode(name[1:]))
        return key.subject if key is not None else None

    # ------------------------------------------------------------------- sealing

    def sealer(self, subjects: tuple[str, ...]) -> Sealer:
        """Seals under the keys of all these subjects. KeyError when one has none (``ensure``)."""
        found = self._sealers.get(subjects)
        if found is None:
            found = self._older_sealers.get(subjects) or self._new_sealer(subjects)
            if len(self._sealers) >= _CACHED_MAX:
                self._sealers, self._older_sealers = {}, self._sealers
            self._sealers[subjects] = found
        return found

    def _new_sealer(self, subjects: tuple[str, ...]) -> Sealer:
        if not 0 < len(subjects) < 256:
            raise ValueError("what is sealed belongs to 1 to 255 subjects")
        keys = [self._keys[subject] for subject in subjects]
        head = bytes((len(keys),)) + b"".join(key.name for key in keys)
        encrypt, run, numbers = AESGCM(_derive(keys)).encrypt, self._run, self._count

        def seal(plaintext: bytes, place: bytes) -> bytes:
            nonce = run + next(numbers).to_bytes(6, "big")
            return head + nonce + encrypt(nonce, plaintext, place)

        names = tuple(key.text for key in keys)
        return Sealer(seal, names, " ".join(names))

    def _forget_ciphers(self) -> None:
        self._sealers.clear()
        self._older_sealers.clear()
        self._openers.clear()

    def seal(self, subjects: tuple[str, ...], plaintext: bytes, place: bytes) -> bytes:
        """Seal for a place (table and key): elsewhere it will not open. The sealed bytes name their keys."""
        return self.sealer(subjects).seal(plaintext, place)

    def open(self, sealed: bytes, place: bytes) -> bytes | None:
        """What was sealed, or None when a key it needs was destroyed. SealBroken when it was tampered with."""
        start = 1 + _NAME * sealed[0] if sealed else 0
        if len(sealed) < start + _NONCE + 16 or start == 1:
            raise SealBroken(f"not sealed bytes: {place!r}")
        head = sealed[:start]
        opener = self._openers.get(head)
        if opener is None:
            opener = self._new_opener(head)
            if opener is None:
                return None
        try:
            return opener.decrypt(sealed[start : start + _NONCE], sealed[start + _NONCE :], place)
        except InvalidTag:
            raise SealBroken(f"not what was sealed here: {place!r}") from None

    def _new_opener(self, head: bytes) -> AESGCM | None:
        keys = [self._by_name.get(head[i : i + _NAME]) for i in range(1, len(head), _NAME)]
        held = [key for key in keys if key is not None]
        if len(held) < len(keys):
            return None
        if len(self._openers) >= _CACHED_MAX:
            self._openers.clear()
        opener = self._openers[head] = AESGCM(_derive(held))
        return opener

    def close(self) -> None:
        self._db.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()


def _derive(keys: list[_Key]) -> bytes:
    """One key out of all of them; without any one it can not be made."""
    return hmac.digest(b"safezone: seal", b"".join(key.secret for key in keys), "sha256")


def _lock(path: Path) -> TextIO:
    """Two hubs on one state would give the same person two keys, and fork the log's chain."""
    try:
        file = path.open("a")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise VaultError(
            f"{path.parent}: 다른 허브가 쓰고 있습니다. 먼저 그 허브를 끝내거나 다른 --state 를 지정하십시오. "
            "Another hub is using this state. Stop it first, or give another --state."
        ) from error
    except OSError as error:
        raise VaultError(str(error)) from error
    return file


def _as_text(name: bytes) -> str:
    return "~" + base64.urlsafe_b64encode(name).decode()


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
