"""The log's chain: whoever changes, removes, inserts or reorders a row is found, and the place is named."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from safezone_hub import chain
from safezone_hub.chain import Head, verify
from safezone_hub.store import Batch, SqliteStore, StoreUnavailable
from safezone_hub.store.sealed import SealedStore
from safezone_hub.vault import KEYS_FILE, Vault

Z, Y = "z1", "z2"
LINKS, ROWS = 8, 5  # a zone: links of five rows each, so that link k has rows 5k-4 to 5k


def open_store(state: Path) -> SealedStore:
    return SealedStore(SqliteStore(state / "hub.sqlite"), Vault(state / KEYS_FILE, bytes(32)))


def logged(n: int, zone: str = Z, wall: float | None = None) -> Any:
    who = (f"child/c{n % 3}",) if n % 2 else ()
    kind = "fact" if n % 4 == 0 else "message"
    return (zone, n, n * 1.5, n * 2.0 if wall is None else wall, kind, f"t/{n}", f"body {n}".encode(), who)


@pytest.fixture
def store(tmp_path: Path) -> SealedStore:
    store = open_store(tmp_path)
    for k in range(LINKS):
        rows = range(k * ROWS + 1, k * ROWS + ROWS + 1)
        store.write(Batch(log=[logged(n, zone) for n in rows for zone in (Z, Y)]))
    return store


def test_an_untouched_chain_holds_and_its_head_can_be_compared(store: SealedStore, tmp_path: Path) -> None:
    head = chain.head(store, Z)
    assert head is not None and Head.parse(str(head)) == head
    assert (head.k, head.last_n, head.at) == (LINKS, LINKS * ROWS, LINKS * ROWS * 2.0)
    store.close()
    again = open_store(tmp_path)
    again.write(Batch(log=[logged(41)]))
    other = chain.head(again, Y)
    assert other is not None
    report = verify(again, Z, [head, other])
    assert report.ok and not report.findings
    assert (report.rows, report.links, report.pruned) == (41, LINKS + 1, 0)
    assert report.head == chain.head(again, Z) != head
    assert verify(again, "nowhere").ok and chain.head(again, "nowhere") is None


def test_a_link_is_the_digest_that_is_described(store: SealedStore) -> None:
    """Computed here anew: links of two versions must not differ."""
    digest = bytes(32)
    for k in (1, 2):
        first, last = k * ROWS - ROWS + 1, k * ROWS
        hashed = hashlib.sha256(digest)
        for number in (k, first, last):
            hashed.update(number.to_bytes(8, "big"))
        import struct

        hashed.update(struct.pack(">dI", last * 2.0, 0))
        for n, at, wall, kind, who, _, body in list(store.chain_log(Z))[first - 1 : last]:
            hashed.update(struct.pack(">qdd", n, at, wall) + f"{kind} {who}\n".encode())
            hashed.update(hashlib.sha256(body).digest())
        digest = hashed.digest()
        assert list(store.chain_links(Z))[k - 1][5] == digest


def sql(*statements: str) -> Callable[[SealedStore], None]:
    def tamper(store: SealedStore) -> None:
        for statement in statements:
            store.db.all(statement)

    return tamper


def forge_link(store: SealedStore) -> None:
    """A row behind the end, with a link as somebody would make it who does not know how."""
    store.db.all(
        "INSERT INTO log SELECT zone, 41, at, wall, kind, who, digest, body FROM log WHERE zone = 'z1' AND n = 40"
    )
    store.db.all(
        "INSERT INTO chain SELECT zone, 9, 41, 41, at, note, digest FROM chain WHERE zone = 'z1' AND k = 8"
    )


def swap_bodies(store: SealedStore) -> None:
    """Two rows of one link change places, digests and all."""
    a, b = store.db.all("SELECT digest, body FROM log WHERE zone = 'z1' AND n IN (12, 13) ORDER BY n")
    for n, (digest, body) in ((12, b), (13, a)):
        store.db.all("UPDATE log SET digest = ?, body = ? WHERE zone = 'z1' AND n = ?", (digest, body, n))


WHERE = "WHERE zone = 'z1' AND n = 12"
TAMPERED: dict[str, tuple[Callable[[SealedStore], None], str, tuple[int, int]]] = {
    "a body": (sql(f"UPDATE log SET body = zeroblob(length(body)) {WHERE}"), "body", (12, 12)),
    "a body and its digest": (sql(f"UPDATE log SET body = x'01', digest = zeroblob(32) {WHERE}"), "row", (11, 15)),
    "a digest": (sql(f"UPDATE log SET digest = zeroblob(32) {WHERE}"), "row", (11, 15)),
    "no digest": (sql(f"UPDATE log SET digest = NULL {WHERE}"), "row", (11, 15)),
    "a time": (sql(f"UPDATE log SET at = at + 1e-6 {WHERE}"), "row", (11, 15)),
    "a wall time": (sql(f"UPDATE log SET wall = wall + 1e-6 {WHERE}"), "row", (11, 15)),
    "a kind": (sql(f"UPDATE log SET kind = 'message' {WHERE}"), "row", (11, 15)),
    "a subject": (sql("UPDATE log SET who = '' WHERE zone = 'z1' AND n = 13"), "row", (11, 15)),
    "a subject that is no text": (
        sql("UPDATE log SET who = CAST(x'ff7e' AS TEXT) WHERE zone = 'z1' AND n = 13"),
        "row",
        (11, 15),
    ),
    "a row removed": (sql(f"DELETE FROM log {WHERE}"), "removed", (12, 12)),
    "a link's last row removed": (sql("DELETE FROM log WHERE zone = 'z1' AND n = 15"), "removed", (15, 15)),
    "rows of two links removed": (sql("DELETE FROM log WHERE zone = 'z1' AND n BETWEEN 14 AND 17"), "removed", (14, 15)),
    "the last row removed": (sql("DELETE FROM log WHERE zone = 'z1' AND n = 40"), "removed", (40, 40)),
    "a row inserted in front": (
        sql("INSERT INTO log SELECT zone, 0, at, wall, kind, who, digest, body FROM log WHERE zone = 'z1' AND n = 1"),
        "inserted", (0, 0),
    ),
    "a row inserted behind": (
        sql("INSERT INTO log SELECT zone, 41, at, wall, kind, who, digest, body FROM log WHERE zone = 'z1' AND n = 1"),
        "unchained", (41, 41),
    ),
    "a link forged": (forge_link, "row", (41, 41)),
    "two rows exchanged": (swap_bodies, "row", (11, 15)),
    "two rows renumbered": (
        sql("UPDATE log SET n = 99 WHERE zone = 'z1' AND n = 12", "UPDATE log SET n = 12 WHERE zone = 'z1' AND n = 13",
            "UPDATE log SET n = 13 WHERE zone = 'z1' AND n = 99"),
        "row", (11, 15),
    ),
    "a row from another zone": (
        sql("UPDATE log SET (digest, body) = (SELECT digest, body FROM log WHERE zone = 'z2' AND n = 12) " + WHERE),
        "row", (11, 15),
    ),
    "a body blanked": (sql(f"UPDATE log SET body = x'' {WHERE}"), "pruned", (12, 12)),
    "a link's digest": (sql("UPDATE chain SET digest = zeroblob(32) WHERE zone = 'z1' AND k = 3"), "row", (11, 15)),
    "a link's time": (sql("UPDATE chain SET at = at + 1 WHERE zone = 'z1' AND k = 3"), "row", (11, 15)),
    "a link's note": (
        sql(f"UPDATE log SET body = x'' {WHERE}",
            "UPDATE chain SET note = 'pruned bodies<=40 facts<=40' WHERE zone = 'z1' AND k = 3"),
        "row", (11, 15),
    ),
    "a link removed": (sql("DELETE FROM chain WHERE zone = 'z1' AND k = 3"), "link", (11, 15)),
    "the first link removed": (sql("DELETE FROM chain WHERE zone = 'z1' AND k = 1"), "link", (1, 5)),
    "a link removed with its rows": (
        sql("DELETE FROM chain WHERE zone = 'z1' AND k = 3", "DELETE FROM log WHERE zone = 'z1' AND n BETWEEN 11 AND 15"),
        "link", (11, 15),
    ),
    "a link widened": (sql("UPDATE chain SET last_n = 16 WHERE zone = 'z1' AND k = 3"), "row", (11, 16)),
    "the end removed": (
        sql("DELETE FROM chain WHERE zone = 'z1' AND k > 6", "DELETE FROM log WHERE zone = 'z1' AND n > 30"),
        "head", (31, 40),
    ),
    "everything removed": (
        sql("DELETE FROM chain WHERE zone = 'z1'", "DELETE FROM log WHERE zone = 'z1'"), "head", (1, 40),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED)
def test_tampering_is_found_and_its_place_named(store: SealedStore, case: str) -> None:
    tamper, what, place = TAMPERED[case]
    head = chain.head(store, Z)
    assert head is not None
    tamper(store)
    report = verify(store, Z, [head])
    assert not report.ok
    found = {(f.what, (f.first_n, f.last_n)) for f in report.findings}
    assert (what, place) in found
    assert all("z1 " in finding.text for finding in report.findings)
    assert verify(store, Y).ok, "expected the other zone to be as it was"


def test_a_chain_written_anew_is_found_by_an_exported_head(store: SealedStore, tmp_path: Path) -> None:
    head = chain.head(store, Z)
    assert head is not None
    forged_state = tmp_path / "forged"
    forged_state.mkdir()
    forged = open_store(forged_state)
    for k in range(LINKS):
        rows = range(k * ROWS + 1, k * ROWS + ROWS + 1)
        forged.write(Batch(log=[logged(n) for n in rows]))
    assert verify(forged, Z).ok
    assert [f.what for f in verify(forged, Z, [head]).findings] == ["head"]


def test_many_findings_are_counted(store: SealedStore) -> None:
    store.write(Batch(log=[logged(n) for n in range(41, 241)]))
    store.db.all("UPDATE log SET body = x'01' WHERE zone = 'z1'")
    report = verify(store, Z)
    assert len(report.findings) == 100 and report.unnamed == 140


# ------------------------------------------------------------------- what may happen to a log


def test_the_chain_holds_after_pruning_and_tells_what_was_not_pruned(
    store: SealedStore, tmp_path: Path
) -> None:
    head = chain.head(store, Z)
    assert head is not None
    store.save_snapshot(Z, 30, 1.0, [])
    assert store.prune(Z, 50.0, 20.0).counts == {"log": 18, "facts": 2}
    report = verify(store, Z, [head])
    assert report.ok and report.pruned == 20 and report.links == LINKS + 1
    store.close()
    store = open_store(tmp_path)
    store.write(Batch(log=[logged(41)]))
    store.prune(Z, 1000.0, 30.0)
    report = verify(store, Z, [head])
    assert report.ok and report.pruned == 23 + 3
    store.db.all("UPDATE log SET body = x'' WHERE zone = 'z1' AND n IN (20, 31)")  # a fact, and one too young
    assert [(f.what, f.first_n) for f in verify(store, Z).findings] == [("pruned", 20), ("pruned", 31)]


def test_the_chain_holds_after_an_erasure(store: SealedStore) -> None:
    store.write(Batch(erase=[(Z, "child/c1")]))
    store.write(Batch(log=[logged(41)]))
    assert verify(store, Z).ok and verify(store, Y).ok


def test_a_commit_that_failed_leaves_no_gap(store: SealedStore) -> None:
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            store.write(Batch(log=[logged(41), logged(41)]))
    store.write(Batch(log=[logged(41), logged(42)]))
    report = verify(store, Z)
    assert report.ok and report.links == LINKS + 1


def test_a_batch_without_log_rows_makes_no_link(store: SealedStore) -> None:
    store.write(Batch(state=[(Z, "zone", Z, b"", ())]))
    assert verify(store, Z).links == LINKS


def test_a_chain_can_be_checked_while_the_hub_goes_on_writing(tmp_path: Path, store: SealedStore) -> None:
    class Beside(SealedStore):
        """Somebody writes between every two readings."""

        n = LINKS * ROWS

        def chain_links(self, zone: str) -> Iterator[Any]:
            links = super().chain_links(zone)
            yield next(links)
            self.hub_writes()
            yield from links

        def chain_log(self, zone: str) -> Iterator[Any]:
            self.hub_writes()
            rows = super().chain_log(zone)
            yield next(rows)
            self.hub_writes()
            yield from rows

        def chain_end(self, zone: str) -> Any:
            self.hub_writes()
            return super().chain_end(zone)

        def hub_writes(self) -> None:
            self.n += 1
            store.write(Batch(log=[logged(self.n)]))
            store.save_snapshot(Z, self.n, 1.0, [])
            store.prune(Z, self.n - 10.0, self.n - 10.0)

    keys = Vault(tmp_path / KEYS_FILE, bytes(32), read_only=True)
    beside = Beside(SqliteStore(tmp_path / "hub.sqlite", read_only=True), keys)
    report = verify(beside, Z)
    assert report.ok, report.findings
    assert report.rows == LINKS * ROWS
    assert store.log_ends()[Z] > LINKS * ROWS + 3
    with pytest.raises(StoreUnavailable, match="readonly"):
        beside.write(Batch(log=[logged(999)]))
    beside.close()
    assert verify(store, Z).ok
