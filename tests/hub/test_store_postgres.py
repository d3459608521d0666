"""What only a database server can do to a hub: go away, come back, crash, or have another hub on it."""

from pathlib import Path

import psycopg
import pytest
from safezone_hub import chain
from safezone_hub.store import Batch, StoreRefused, StoreUnavailable
from safezone_hub.store.postgres import PostgresStore
from safezone_hub.store.sealed import SealedStore
from safezone_hub.vault import KEYS_FILE, Vault

from tests.services import PostgresServer, free_port

Z = "z1"


def logged(n: int) -> Batch:
    return Batch(
        log=[(Z, n, float(n), float(n), "message", "t", f"body {n}".encode(), ("child/c1",))],
        seen=[(Z, "dev/p-c1", f"id-{n}", 1, n, b"d" * 32)],
    )


def test_a_second_hub_on_a_database_is_refused_until_the_first_has_ended(
    server: PostgresServer, database: str
) -> None:
    first = PostgresStore(server.dsn(database))
    with pytest.raises(StoreRefused, match="Another hub is using this database"):
        PostgresStore(server.dsn(database), lock_wait_s=0.1)
    with psycopg.connect(server.dsn(database), autocommit=True) as db:
        db.execute("CREATE SCHEMA other")
    other = PostgresStore(f"{server.dsn(database)}&options=-csearch_path%3Dother", lock_wait_s=0.1)
    first.write(logged(1))
    assert other.log_ends() == {}
    first.close()
    second = PostgresStore(server.dsn(database), lock_wait_s=0.1)
    assert second.log_ends() == {Z: 1}
    with pytest.raises(StoreUnavailable, match="closed"):
        first.write(logged(2))
    second.close()
    other.close()


def test_a_hub_that_lost_its_place_to_another_writes_nothing_more(
    server: PostgresServer, database: str
) -> None:
    """Cut off, it is followed by a second hub; when it comes back it must not write beside that one."""
    first = PostgresStore(server.dsn(database), lock_wait_s=0.1)
    first.write(logged(1))
    cut_off(server, database)
    second = PostgresStore(server.dsn(database), lock_wait_s=5)
    second.write(logged(2))
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            first.write(logged(3))
    assert second.log_ends() == {Z: 2}
    second.close()
    first.write(logged(3))
    first.close()


def test_somebody_may_look_into_the_database_of_a_running_hub(
    server: PostgresServer, database: str, tmp_path: Path
) -> None:
    with pytest.raises(StoreRefused):
        PostgresStore(server.dsn(database), read_only=True)  # nothing to see yet, and nothing is made
    store = SealedStore(PostgresStore(server.dsn(database)), Vault(tmp_path / KEYS_FILE, bytes(32)))
    store.write(logged(1))
    keys = Vault(tmp_path / KEYS_FILE, bytes(32), read_only=True)
    beside = SealedStore(PostgresStore(server.dsn(database), read_only=True), keys)
    store.write(logged(2))
    assert [row[6] for row in beside.log()] == [b"body 1", b"body 2"]
    assert chain.verify(beside, Z).ok
    with pytest.raises(StoreUnavailable, match="read-only"):
        beside.write(logged(3))
    store.write(logged(3))
    beside.close()
    store.close()


def cut_off(server: PostgresServer, database: str) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as db:
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))


def test_a_connection_that_broke_is_made_anew_at_the_next_call(
    server: PostgresServer, database: str, tmp_path: Path
) -> None:
    store = SealedStore(PostgresStore(server.dsn(database)), Vault(tmp_path / KEYS_FILE, bytes(32)))
    for n in range(1, 7, 2):
        store.write(logged(n))
        cut_off(server, database)
        with pytest.raises(StoreUnavailable):
            store.write(logged(n + 1))
        store.write(logged(n + 1))
        cut_off(server, database)
        with pytest.raises(StoreUnavailable):
            store.find_seen(Z, "dev/p-c1", "id-1", 1, 1)
        assert store.find_seen(Z, "dev/p-c1", "id-1", 1, 1) is not None
    assert [row[6] for row in store.log()] == [f"body {n}".encode() for n in range(1, 7)]
    assert chain.verify(store, Z).ok
    store.close()


def test_a_crash_of_the_server_loses_nothing_that_was_written(
    server: PostgresServer, database: str, tmp_path: Path
) -> None:
    store = SealedStore(PostgresStore(server.tcp_dsn(database)), Vault(tmp_path / KEYS_FILE, bytes(32)))
    for n in range(1, 21):
        store.write(logged(n))
    server.stop("immediate")
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                store.write(logged(21))
        with pytest.raises(StoreUnavailable):
            list(store.log())
        with pytest.raises(StoreUnavailable):
            PostgresStore(server.dsn(database))
    finally:
        server.start()
    store.write(logged(21))
    assert [row[1] for row in store.log()] == list(range(1, 22))
    assert chain.verify(store, Z).ok
    store.close()


def test_a_commit_waits_for_the_disk_whatever_the_server_is_set_to(
    server: PostgresServer, database: str
) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as db:
        db.execute(f"ALTER DATABASE {database} SET synchronous_commit = off".encode())
    store = PostgresStore(server.dsn(database))
    assert store.db.all("SHOW synchronous_commit") == [("on",)]
    store.close()


def test_reading_a_long_log_does_not_hold_up_writing(server: PostgresServer, database: str) -> None:
    store = PostgresStore(server.dsn(database))
    for start in range(1, 5001, 1000):
        rows = Batch()
        for n in range(start, start + 1000):
            rows.log += logged(n).log
        store.write(rows)
    reading = store.log()
    assert next(reading)[1] == 1
    store.write(logged(5001))
    assert [row[1] for row in reading] == list(range(2, 5001)), (
        "expected the log as it was when reading began"
    )
    store.close()


def test_the_servers_files_hold_no_identifier_and_nothing_of_an_erased_child_opens(
    server: PostgresServer, database: str, tmp_path: Path
) -> None:
    vault = Vault(tmp_path / KEYS_FILE, bytes(32))
    store = SealedStore(PostgresStore(server.dsn(database)), vault)
    child, phone, guardian = "7041138-c0099", "p-7041138-c0099", "g-7041138-c0099"
    own = (f"device/{phone}", f"child/{child}")
    for n in range(1, 200):
        store.write(
            Batch(
                registry=[(Z, "device", phone, phone.encode(), own)],
                log=[
                    (
                        Z,
                        n,
                        n * 1.0,
                        n * 1.0,
                        "message",
                        f"safezone/v1/{Z}/dev/{phone}/up",
                        child.encode(),
                        own,
                    )
                ],
                seen=[(Z, f"dev/{phone}", f"id-{n}", 1, n, b"")],
                pos=[(Z, child, n * 1.0, phone, 37.5, 126.9, 5.0, "phone")],
                state=[(Z, "child", child, child.encode(), own[1:])],
                outbox=[(Z, f"m{n}", f"guardian/{guardian}", "t", child.encode(), 1.0, None, own[1:])],
                feed=[(Z, n, f"guardian/{guardian}", 1.0, child.encode(), own[1:])],
                rejections=[(Z, n, 1.0, f"t/{phone}\x00", "bad_data", "\x00", b"\x00", own)],
            )
        )
    bodies = store.db.all("SELECT zone, n, body FROM log")
    store.write(Batch(erase=[(Z, f"child/{child}"), (Z, f"device/{phone}"), (Z, f"guardian/{guardian}")]))
    with psycopg.connect(server.dsn(database), autocommit=True) as db:
        db.execute("CHECKPOINT")
        db.execute("CREATE TABLE probe AS SELECT 'the-search-finds-this' AS x")
        db.execute("CHECKPOINT")
    everything = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    assert b"the-search-finds-this" in everything
    for id_ in (child, phone, guardian):
        assert id_.encode() not in everything, f"expected no {id_} in the server's files"
    assert len(bodies) == 199
    assert all(vault.open(body, f"log {zone} {n}".encode()) is None for zone, n, body in bodies)
    assert store.path(Z, child, 0, 1e9) == [] and list(store.states()) == []
    assert chain.verify(store, Z).ok
    store.close()


@pytest.mark.parametrize("dsn", ["postgresql://127.0.0.1:{port}/x", "host=/nonexistent dbname=x"])
def test_a_server_that_is_not_there_is_unavailable(dsn: str) -> None:
    with pytest.raises(StoreUnavailable, match="postgresql"):
        PostgresStore(dsn.format(port=free_port()))


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(StoreRefused, match="Not an address"):
        PostgresStore("postgresql://user@host/db?nonsense=1")
