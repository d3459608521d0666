"""Several hub processes on one PostgreSQL and one Mosquitto: zones move and shards die, and nobody's notice is lost or told twice."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from hubproc import HubProcess
from load.district import District
from load.ledger import LOSSES
from load.players import Players
from safezone_hub.commands import hub_group
from safezone_hub.shards.ledger import FENCE, ShardLedger
from safezone_hub.shards.ring import Shard, home_of
from servers import Mosquitto

from tests.services import PostgresServer

MASTER = "m" * 42 + "A"
ZONES = tuple(f"zone{n}" for n in range(6))
PATIENCE_S = 30.0


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_place_among_shards_is_written_i_of_n(text: str) -> None:
    with pytest.raises(ValueError, match="--shard"):
        Shard.parse(text)


def test_a_third_shard_takes_zones_and_moves_none_between_the_others() -> None:
    zones = [f"z{n}" for n in range(600)]
    two = {zone: home_of(zone, (1, 2)) for zone in zones}
    three = {zone: home_of(zone, (1, 2, 3)) for zone in zones}
    moved = [zone for zone in zones if two[zone] != three[zone]]
    assert {three[zone] for zone in moved} == {3}
    assert 120 < len(moved) < 280
    assert home_of("z1", ()) is None


@pytest.fixture
def postgres(server: PostgresServer, database: str) -> str:
    """Of an empty database."""
    return server.tcp_dsn(database)


def test_who_was_given_up_can_commit_nothing_more_and_its_zones_are_free(postgres: str) -> None:
    from safezone_hub.store.postgres import PostgresStore

    store = PostgresStore(postgres, shared=True)
    ledger = ShardLedger(postgres)
    ledger.prepare()
    one, two = ledger.join(1, 2), ledger.join(2, 2)
    store.database.fence = (FENCE, one)
    assert ledger.claim(one, ["a", "b"]) == ["a", "b"]
    assert ledger.claim(two, ["b", "c"]) == ["c"]  # never two owners
    store.db.commit([("hub", [("before", "1")])])
    ledger.give_up(one)
    with pytest.raises(Exception, match="division by zero"):
        store.db.commit([("hub", [("after", "1")])])
    assert store.mark("before") == "1" and store.mark("after") is None
    assert sorted(ledger.claim(two, ["a", "b"])) == ["a", "b"]
    assert ledger.claim(one, ["d"]) == []
    first = ledger.next_epoch(5)
    assert ledger.next_epoch(5) == first + 1
    ledger.give_up(two)
    store.close()
    ledger.close()


class Shards:
    """Hub processes by number, and the broker and database they share."""

    def __init__(self, folder: Path, broker: Mosquitto, dsn: str) -> None:
        self._folder, self._broker, self._dsn = folder, broker, dsn
        self.running: dict[int, HubProcess] = {}

    def start(self, n: int, of: int) -> HubProcess:
        options = ["--store", self._dsn, "--broker", self._broker.url, "--shard", f"{n}/{of}"]
        hub = HubProcess(self._folder / f"hub{n}", options, {"SAFEZONE_MASTER_KEY": MASTER})
        hub.start()
        self.running[n] = hub
        return hub

    def get(self, n: int, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Asked again while the zone is on its way, as the answer says."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self.running[n].http.get(path, headers=headers)
            if answer.status_code != 503 or time.monotonic() > deadline:
                return answer
            assert answer.headers["retry-after"] == "1"
            time.sleep(0.1)

    def owners(self, ledger: ShardLedger) -> dict[str, int | None]:
        numbers = {m.token: m.n for m in ledger.members()}
        return {zone: numbers.get(token or 0) for zone, token in ledger.owners().items()}

    def close(self) -> None:
        for hub in self.running.values():
            hub.close()


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"expected {what} within {PATIENCE_S:.0f} s")


@pytest.fixture
def shards(tmp_path: Path, postgres: str) -> Iterator[tuple[Shards, Mosquitto, ShardLedger]]:
    why = Mosquitto.missing()
    if why is not None:
        pytest.skip(why)
    broker = Mosquitto(tmp_path / "mosquitto")
    broker.start()
    ledger = ShardLedger(postgres)
    made = Shards(tmp_path, broker, postgres)
    try:
        yield made, broker, ledger
    finally:
        made.close()
        ledger.close()
        broker.close()


@contextmanager
def _players(districts: Sequence[District], broker: Mosquitto) -> Iterator[list[Players]]:
    """What lives in these districts, at work until the block ends."""
    players = [
        Players(district, ("127.0.0.1", broker.port), n, filler=8.0, presses=1.5, arrivals=1.0)
        for n, district in enumerate(districts)
    ]
    for each in players:
        each.start()
    try:
        yield players
    finally:
        for each in players:
            each.close()


def _nothing_lost(players: Sequence[Players]) -> list[dict[str, Any]]:
    """The summaries, once everybody is quiet: nothing is lost, nothing told twice, nobody has to say anything again."""
    for each in players:
        each.hush()
    for each in players:
        each.settle(PATIENCE_S)
        assert each.say_all_again(PATIENCE_S) == 0
    summaries = [each.summary() for each in players]
    for summary in summaries:
        assert {name: summary[name] for name in LOSSES} == dict.fromkeys(LOSSES, 0)
    return summaries


def test_zones_move_to_a_third_shard_and_away_from_a_dead_one_in_the_middle_of_traffic(
    shards: tuple[Shards, Mosquitto, ShardLedger],
) -> None:
    town, broker, ledger = shards
    town.start(1, 2)
    town.start(2, 2)
    districts = [
        District(zone, 24, poles=6, bells=4, cameras=2, now=time.time(), prefix=f"{zone}-") for zone in ZONES
    ]
    # All through one shard, which has only some of the zones: an import of several zones is shared out.
    town.running[1].register([item for district in districts for item in district.items()])
    _until(lambda: {town.owners(ledger).get(z) for z in ZONES} == {1, 2}, "both shards to have zones")
    with _players(districts, broker) as players:
        assert all(p.wait_until(lambda book: bool(book.told), PATIENCE_S) for p in players)
        before = town.owners(ledger)
        town.start(3, 3)
        _until(
            lambda: town.owners(ledger) == {z: home_of(z, (1, 2, 3)) for z in before},
            "zones to come to shard 3",
        )
        moved = [z for z in ZONES if town.owners(ledger)[z] == 3]
        assert moved, "the names of the zones are chosen so that some move"
        _asks_anywhere(town, districts)
        _until(lambda: all(_press_is_told(p) for p in players), "a press to be told everywhere")
        town.running[2].kill()
        left = {z: home_of(z, (1, 3)) for z in before}
        _until(lambda: town.owners(ledger) == left, "the dead shard's zones to be taken over")
        _until(lambda: all(_press_is_told(p) for p in players), "a press to be told everywhere")
        summaries = _nothing_lost(players)
        assert all(s["presses"] > 2 and s["arrivals"] > 2 for s in summaries)


def test_a_hub_of_one_process_moved_to_shards_in_the_middle_of_its_day_loses_and_doubles_nothing(
    shards: tuple[Shards, Mosquitto, ShardLedger], postgres: str, tmp_path: Path
) -> None:
    town, broker, ledger = shards
    alone = HubProcess(tmp_path / "alone", ["--broker", broker.url], {"SAFEZONE_MASTER_KEY": MASTER})
    town.running[0] = alone
    alone.start()
    districts = [
        District(zone, 12, poles=4, bells=2, cameras=1, now=time.time(), prefix=f"{zone}-")
        for zone in ZONES[2:]
    ]
    alone.register([item for district in districts for item in district.items()])
    with _players(districts, broker) as players:
        _until(lambda: all(_press_is_told(p) for p in players), "a press to be told everywhere")
        alone.stop()
        done = CliRunner().invoke(
            hub_group,
            ["move", "--state", str(alone.state), "--to", postgres],
            env={"SAFEZONE_MASTER_KEY": MASTER},
        )
        assert done.exit_code == 0, done.output
        town.start(1, 2)
        town.start(2, 2)
        homes = {d.zone: home_of(d.zone, (1, 2)) for d in districts}
        assert set(homes.values()) == {1, 2}
        _until(lambda: town.owners(ledger) == homes, "the shards to take the zones up")
        _until(lambda: all(_press_is_told(p) for p in players), "a press to be told everywhere")
        assert all(s["presses"] > 2 for s in _nothing_lost(players))


def _press_is_told(players: Players) -> bool:
    about = players.press_now()
    return players.wait_until(lambda book: about not in book.presses_without_alert(), 10.0)


def _asks_anywhere(town: Shards, districts: list[District]) -> None:
    """Every shard gives the same answers, whosever the zone is."""
    for n in (1, 2, 3):
        for district in districts:
            stats: dict[str, Any] = town.get(n, f"/v1/zones/{district.zone}/stats").json()
            assert stats["zone"] == district.zone
            child = district.child_ids[0]
            assert town.get(n, f"/v1/registry/child/{child}").json()["zone"] == district.zone
        zones = town.get(n, "/v1/registry/zone").json()["items"]
        assert [z["id"] for z in zones] == sorted(ZONES)
        first = town.get(n, "/v1/registry/zone?limit=2").json()
        assert [z["id"] for z in first["items"]] == sorted(ZONES)[:2] and first["next"] == sorted(ZONES)[1]
        assert town.get(n, "/v1/registry/child/nobody").status_code == 404
        assert town.get(n, "/v1/zones/nowhere/stats").status_code == 404
    guardian = f"g-{districts[0].child_ids[3]}"
    made = town.running[1].http.post("/v1/tokens", json={"role": "guardian", "principal": guardian})
    assert made.status_code == 201, made.text
    bearer = {"Authorization": f"Bearer {made.json()['token']}"}
    for n in (1, 2, 3):
        me = town.get(n, "/v1/me", bearer)
        assert me.status_code == 200, me.text
        position = town.get(n, f"/v1/children/{districts[0].child_ids[3]}/position", bearer)
        assert position.status_code == 200, position.text


def test_shards_need_one_store_and_one_broker(tmp_path: Path) -> None:
    told = CliRunner().invoke(hub_group, ["serve", "--state", str(tmp_path), "--shard", "1/2"])
    assert told.exit_code == 1 and "--store" in told.output
