"""A hub of one process moved to shards: same rows, same keys, nothing said twice, and the old one can not go on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from safezone_hub.chain import verify
from safezone_hub.commands import hub_group
from safezone_hub.engine import Engine
from safezone_hub.serve import open_store
from safezone_hub.shards.vault import SharedVault
from safezone_hub.store import StoreRefused
from safezone_hub.store.database import Operation
from safezone_hub.store.postgres import PostgresDatabase, PostgresStore
from safezone_hub.store.sealed import SealedStore
from safezone_hub.vault import VaultError, master_key

from tests.hub.engine_bench import Bench, Recorder
from tests.hub.hub_world import ZONE
from tests.services import PostgresServer


@pytest.fixture
def dsn(server: PostgresServer, database: str) -> str:
    """Of an empty database."""
    return server.tcp_dsn(database)


@pytest.fixture
def lived(tmp_path: Path) -> tuple[Bench, dict[str, Any]]:
    """A hub that heard and told something, stopped; and what it held. One alert is acknowledged by nobody."""
    bench = Bench(tmp_path, "c1", "c2")
    call = bench.call(press=4, child="c1")
    bench.fix(100.0, 50.0, "c2")
    held = _held(bench.engine)
    assert held["open"] and held["seen"](call)
    bench.close()
    return bench, held | {"call": call}


def _held(engine: Engine) -> dict[str, Any]:
    zones = engine.zones
    return {
        "state": zones.desks[ZONE].state.snapshot(),
        "registry": sorted(zones.registry.of_zone(ZONE), key=lambda body: str(body["id"])),
        "open": sorted(zones.outbox.open),
        "counts": dict(zones.desks[ZONE].ledger.counts),
        "log": zones.store.log_ends(),
        "seen": lambda id_: engine.ask(lambda z, _: z.store.find_seen(ZONE, "dev/pole", id_, -1, -1)).result(
            10
        ),
    }


def _move(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(hub_group, ["move", "--state", str(folder), *more])


def _as_a_shard(bench: Bench, dsn: str) -> tuple[Engine, Recorder]:
    """What a shard does with the zone once it has claimed it."""
    vault = SharedVault(dsn, master_key(bench.folder, None))
    engine = Engine(
        SealedStore(PostgresStore(dsn, shared=True), vault),
        bench.clock,
        bench.settings,
        "hub",
        one_by_one=True,
    )
    link = Recorder()
    engine.start(link)
    engine.take_in([ZONE], epoch=engine.zones.store.next_epoch(int(bench.clock.now() * 1000))).result(10)
    return engine, link


def test_what_was_sqlite_goes_on_in_postgresql_as_if_nothing_had_been(
    lived: tuple[Bench, dict[str, Any]], dsn: str
) -> None:
    bench, before = lived
    done = _move(bench.folder, "--to", dsn)
    assert done.exit_code == 0 and "moved: 1 zones" in done.output
    engine, link = _as_a_shard(bench, dsn)
    try:
        after = _held(engine)
        for name in ("state", "registry", "open", "counts", "log"):
            assert after[name] == before[name]
        assert after["seen"](before["call"]), "a repeat is still known for one"
        assert verify(engine.zones.store, ZONE).ok
        bench.engine, bench.link = engine, link
        bench.fix(101.0, 50.0, "c2")
        told = {e["id"] for e in map(json.loads, (p for _, p in link.sent)) if e["type"] != "receipt"}
        assert told == {id_ for _, id_ in before["open"]}, (
            "what nobody acknowledged is said again, nothing else"
        )
        assert verify(engine.zones.store, ZONE).ok
    finally:
        engine.stop()
        engine.zones.store.close()

    again = _move(bench.folder, "--to", dsn)
    assert again.exit_code == 1 and "moved before" in again.output
    with pytest.raises((VaultError, StoreRefused)):
        open_store(bench.folder)


def test_broken_off_half_way_it_is_begun_anew(
    lived: tuple[Bench, dict[str, Any]], dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, before = lived
    commit, commits = PostgresDatabase.commit, []

    def failing(self: PostgresDatabase, operations: Sequence[Operation]) -> None:
        commits.append(operations)
        if len(commits) == 4:
            raise OSError("the network is gone")
        commit(self, operations)

    monkeypatch.setattr(PostgresDatabase, "commit", failing)
    broken = _move(bench.folder, "--to", dsn)
    assert broken.exit_code == 1 and "not moved" in broken.output and "network is gone" in broken.output
    monkeypatch.undo()
    _, stopped = open_store(bench.folder)  # the old hub could go on
    stopped.close()
    assert _move(bench.folder, "--to", dsn).exit_code == 0
    engine, _ = _as_a_shard(bench, dsn)
    assert _held(engine)["state"] == before["state"]
    engine.stop()
    engine.zones.store.close()


def test_a_running_hub_a_full_database_and_sqlite_alone_are_refused(
    lived: tuple[Bench, dict[str, Any]], dsn: str, tmp_path: Path
) -> None:
    bench, _ = lived
    nowhere = _move(bench.folder)
    assert nowhere.exit_code == 1 and "--store postgresql://" in nowhere.output
    bench.open()
    running = _move(bench.folder, "--to", dsn)
    assert running.exit_code == 1 and "Another hub is using this state" in running.output
    bench.close()
    with psycopg.connect(dsn) as db:
        PostgresStore(dsn).close()
        db.execute("INSERT INTO registry VALUES ('z', 'zone', 'z', '', '')")
    full = _move(bench.folder, "--to", dsn)
    assert full.exit_code == 1 and "is not empty" in full.output
    nothing = _move(tmp_path / "nothing", "--to", dsn)
    assert nothing.exit_code == 1 and "nothing was kept there" in nothing.output
    open_store(bench.folder)[0].close()


def test_in_postgresql_already_only_the_keys_move(dsn: str, tmp_path: Path) -> None:
    store, vault = open_store(tmp_path, dsn)
    vault.ensure(["child/c1", "zone/z"])
    store.close()
    done = _move(tmp_path, "--store", dsn)
    assert done.exit_code == 0 and "2 keys" in done.output
    shared = SharedVault(dsn, master_key(tmp_path, None))
    assert sorted(shared.subjects()) == ["child/c1", "zone/z"]
    shared.ensure(["child/c2"])  # numbers go on behind those that came
    assert len(shared.subjects()) == 3
    shared.close()
