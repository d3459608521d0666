"""What every store must do: the same tests on SQLite and on a real PostgreSQL, plain and sealed."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from safezone_hub.store import DESTROYED, Batch, SqliteStore, StoreRefused, StoreUnavailable
from safezone_hub.store.plain import PlainStore
from safezone_hub.store.postgres import PostgresStore
from safezone_hub.store.sealed import SealedStore
from safezone_hub.vault import KEYS_FILE, Vault

from tests.services import PostgresServer

Z, Y = "z1", "z2"
C1, C2, P1 = ("child/c1",), ("child/c2",), ("device/p-c1", "child/c1")
DAY = 86400.0
Open = Callable[[], PlainStore]


@pytest.fixture(params=["sqlite", "sqlite-sealed", "postgres", "postgres-sealed"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store of this test; called again it closes it first, as a new start of the hub does."""
    database, _, sealed = request.param.partition("-")
    opened: list[PlainStore] = []
    inner: Callable[[], PlainStore]
    if database == "postgres":
        server: PostgresServer = request.getfixturevalue("server")
        schema = f"s{abs(hash(str(tmp_path))):x}"
        with psycopg.connect(server.dsn(), autocommit=True) as db:
            db.execute(f"CREATE SCHEMA {schema}".encode())

        def inner() -> PlainStore:
            return PostgresStore(f"{server.dsn()}&options=-csearch_path%3D{schema}")
    else:

        def inner() -> PlainStore:
            return SqliteStore(tmp_path / "hub.sqlite")

    def open_() -> PlainStore:
        if opened:
            opened.pop().close()
        store = inner()
        if sealed:
            store = SealedStore(store, Vault(tmp_path / KEYS_FILE, bytes(32)))
        opened.append(store)
        return store

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Open) -> PlainStore:
    return reopen()


def logged(n: int, kind: str = "message", subjects: tuple[str, ...] = (), zone: str = Z, **more: Any) -> Any:
    at = more.get("at", float(n))
    return (zone, n, at, more.get("wall", at), kind, f"topic/{n}", f"body {n}".encode(), subjects)


def write(store: PlainStore, **rows: list[Any]) -> None:
    store.write(Batch(**rows))


# ------------------------------------------------------------------- everything comes back


def test_everything_written_is_there_after_a_new_start(reopen: Open) -> None:
    write(
        reopen(),
        log=[logged(1, subjects=P1, wall=1.5), logged(2, "fact", C1), logged(1, "registry", zone=Y)],
        seen=[(Z, "dev/p-c1", "id-1", 1, 7, b"d" * 32)],
        state=[(Z, "child", "c1", b"s1", C1), (Z, "zone", Z, b"z", ()), (Z, "device", "gate", b"g", ())],
        outbox=[(Z, "m1", "guardian/g1", "safezone/v1/z1/guardian/g1/down", b"{}", 5.5, "drill-1", C1)],
        pos=[
            (Z, "c1", 10.25, "p-c1", 37.5, 126.9, 23, "phone"),
            (Z, "c1", 11, "gate", 37.5, 126.9, 4.5, "reader"),
        ],
        incidents=[(Z, "i1", 10.0, None, "tag_call", None, b"incident", C1)],
        feed=[(Z, 1, "guardian/g1", 10.0, b"event", C1), (Z, 2, "desk", 10.0, b"for the desk", C1)],
        deliveries=[(Z, "d1", "m1", "sms", "queued", 10.0, 12.5, b"delivery", C1)],
        cases=[(Z, "k1", "complaint", "open", 10.0, b"case", ("guardian/g1", "child/c1"))],
        tokens=[("t1", b"digest", "guardian", "guardian/g1", Z, '["read"]', 99.5, 0)],
        rejections=[(Z, 3, 10.0, "topic/x", "bad_mac", "detail", b"\x00\xff", ("device/p-c1",))],
        registry=[
            (Z, "child", "c1", b"child", C1),
            (Z, "zone", Z, b"zone", ()),
            (Z, "binding", "b-c1", b"b", P1),
        ],
    )
    store = reopen()
    assert list(store.log()) == [
        (Z, 1, 1.0, 1.5, "message", "topic/1", b"body 1"),
        (Z, 2, 2.0, 2.0, "fact", "topic/2", b"body 2"),
        (Y, 1, 1.0, 1.0, "registry", "topic/1", b"body 1"),
    ]
    assert list(store.log(Z, 1)) == [(Z, 2, 2.0, 2.0, "fact", "topic/2", b"body 2")]
    assert store.find_seen(Z, "dev/p-c1", "id-1", 0, 0) == ("id-1", 1, 7, b"d" * 32)
    states = list(store.states())
    assert states[0] == (Z, "zone", Z, b"z")
    assert sorted(states[1:]) == [(Z, "child", "c1", b"s1"), (Z, "device", "gate", b"g")]
    assert list(store.outbox()) == [
        (Z, "m1", "guardian/g1", "safezone/v1/z1/guardian/g1/down", b"{}", 5.5, "drill-1")
    ]
    assert store.path(Z, "c1", 0, 99) == [
        (10.25, 37.5, 126.9, 23, "phone"),
        (11.0, 37.5, 126.9, 4.5, "reader"),
    ]
    assert store.path(Z, "c1", 10.5, 99) == [(11.0, 37.5, 126.9, 4.5, "reader")]
    assert store.path(Z, "c2", 0, 99) == store.path(Y, "c1", 0, 99) == []
    assert store.incidents(Z) == [b"incident"] == [store.incident(Z, "i1")]
    assert store.incident(Z, "i2") is None
    assert store.incident_figures(Z, 0, 99) == [("i1", 10.0, None, "tag_call", None)]
    assert store.feed(Z, "guardian/g1") == [(1, 10.0, b"event")]
    assert store.feed(Z, "desk") == [(2, 10.0, b"for the desk")]
    assert list(store.open_deliveries()) == [(Z, "d1", "m1", "sms", "queued", 10.0, 12.5, b"delivery")]
    assert store.deliveries(Z, "m1") == [("d1", "sms", "queued", 10.0, 12.5, b"delivery")]
    assert store.cases(Z) == [("k1", "complaint", "open", 10.0, b"case")] == [store.case(Z, "k1")]
    assert list(store.tokens()) == [("t1", b"digest", "guardian", "guardian/g1", Z, '["read"]', 99.5, 0)]
    assert store.rejections(Z, 10) == [(10.0, "topic/x", "bad_mac", "detail", b"\x00\xff")]
    items = list(store.registry())
    assert items[0] == (Z, "zone", Z, b"zone")
    assert sorted(items[1:]) == [(Z, "binding", "b-c1", b"b"), (Z, "child", "c1", b"child")]
    assert store.log_ends() == {Z: 2, Y: 1}
    assert store.feed_ends() == {Z: 2}
    assert store.rejection_ends() == {Z: 3}


def test_an_empty_store_answers_with_nothing(store: PlainStore) -> None:
    assert [*store.log(), *store.states(), *store.registry(), *store.outbox(), *store.tokens()] == []
    assert store.log_ends() == store.feed_ends() == store.rejection_ends() == {}
    assert store.path(Z, "c1", 0, 1e12) == store.facts(Z, "child/c1") == store.feed(Z, "desk") == []
    assert store.case(Z, "k1") is None and store.find_seen_many([]) == {}
    assert store.prune(Z, 1e9, 1e9).counts == {}


def test_a_batch_is_written_as_a_whole_or_not_at_all(reopen: Open) -> None:
    store = reopen()
    write(store, log=[logged(1)])
    with pytest.raises(StoreUnavailable):
        write(store, state=[(Z, "child", "c1", b"s", C1)], log=[logged(2), logged(2)], settled=[(Z, "m1")])
    assert list(store.states()) == [] and store.log_ends() == {Z: 1}
    write(store, state=[(Z, "child", "c1", b"s", C1)], log=[logged(2)])
    assert list(reopen().states()) == [(Z, "child", "c1", b"s")]


def test_an_epoch_is_higher_at_every_start(reopen: Open) -> None:
    assert reopen().next_epoch(100) == 100
    assert reopen().next_epoch(50) == 101
    assert reopen().next_epoch(500) == 500


# ------------------------------------------------------------------- repeats


def test_a_message_is_found_by_its_id_else_by_its_sequence_number(store: PlainStore) -> None:
    digest = b"d" * 32
    write(
        store,
        registry=[(Z, "device", "p-c1", b"phone", P1)],
        log=[logged(1)],
        seen=[
            (Z, "dev/p-c1", "id-1", 1, 1, digest),
            (Z, "dev/p-c1", "id-2", 1, 2, digest),
            (Z, "dev/gate", "id-1", 1, 1, digest),
        ],
    )
    asked = {
        (Z, "dev/p-c1", "id-1", 9, 9): ("id-1", 1, 1, digest),
        (Z, "dev/p-c1", "new", 1, 2): ("id-2", 1, 2, digest),
        (Z, "dev/p-c1", "id-1", 1, 2): ("id-1", 1, 1, digest),  # the id first
        (Z, "dev/gate", "id-1", 1, 1): ("id-1", 1, 1, digest),
        (Z, "dev/gate", "id-2", 1, 2): None,
        (Y, "dev/p-c1", "id-1", 1, 1): None,
        (Z, "dev/p-c2", "id-1", 1, 1): None,
    }
    assert store.find_seen_many(list(asked)) == {key: found for key, found in asked.items() if found}
    for key, found in asked.items():
        assert store.find_seen(*key) == found


# ------------------------------------------------------------------- changes


def test_the_last_word_on_a_row_counts_also_within_one_batch(store: PlainStore) -> None:
    write(store, state=[(Z, "child", "c1", b"1", C1), (Z, "child", "c1", b"2", C1)])
    assert list(store.states()) == [(Z, "child", "c1", b"2")]
    write(store, state=[(Z, "child", "c1", b"3", C1)], pos=[(Z, "c1", 1.0, "p", 1.0, 1.0, 1.0, "phone")] * 2)
    assert list(store.states()) == [(Z, "child", "c1", b"3")]
    assert len(store.path(Z, "c1", 0, 9)) == 1


def test_a_deleted_item_comes_back_only_when_put_again(store: PlainStore) -> None:
    item = (Z, "child", "c1", b"child", C1)
    bound = (Z, "binding", "b1", b"binding", C1)
    write(
        store, registry=[item, bound], state=[(Z, "child", "c1", b"s", C1), (Z, "device", "gate", b"g", ())]
    )
    batch = Batch()
    batch.unregister(*item[:3])
    batch.unregister(*bound[:3])
    batch.forget(Z, "child", "c1")
    batch.forget(Z, "device", "gate")
    store.write(batch)
    assert [*store.registry(), *store.states()] == []
    batch = Batch(registry=[item])
    batch.unregister(*item[:3])
    store.write(batch)
    assert list(store.registry()) == []
    batch = Batch()
    batch.unregister(*item[:3])
    batch.registry.append(item)
    store.write(batch)
    assert list(store.registry()) == [item[:4]]


def test_an_item_whose_subjects_change_is_not_there_twice(store: PlainStore) -> None:
    for subjects in ((), ("area/a1",), ("child/c1",), ()):
        write(store, registry=[(Z, "area", "a1", str(subjects).encode(), subjects)])
        assert list(store.registry()) == [(Z, "area", "a1", str(subjects).encode())]


def test_what_is_settled_is_not_sent_again(store: PlainStore) -> None:
    def message(id_: str) -> Any:
        return (Z, id_, "guardian/g1", "t", b"p", 1.0, None, ("guardian/g1", "child/c1"))

    write(store, outbox=[message("m1"), message("m2")], settled=[(Z, "m2")])
    assert [row[1] for row in store.outbox()] == ["m1"]
    write(store, outbox=[message("m1")], settled=[(Z, "m1")])
    write(store, outbox=[message("m1")])  # the same notice again, after it was settled
    assert list(store.outbox()) == []


def test_rejections_are_a_ring_and_come_newest_first(store: PlainStore) -> None:
    write(store, rejections=[(Z, n, 10.0 + n, "t", "bad_mac", str(n), b"", ()) for n in range(3)])
    write(store, rejections=[(Z, 0, 20.0, "t", "bad_mac", "again", b"", ())])
    assert [row[3] for row in store.rejections(Z, 2)] == ["again", "2"]
    assert store.rejection_ends() == {Z: 0}


# ------------------------------------------------------------------- queries


def test_incidents_come_by_time_of_opening_page_by_page(store: PlainStore) -> None:
    opened = [("i3", 1.0, 5.0), ("i1", 2.0, None), ("i2", 2.0, 6.0), ("i0", 3.0, None)]
    write(
        store, incidents=[(Z, id_, at, end, "bell_call", None, id_.encode(), ()) for id_, at, end in opened]
    )
    assert store.incidents(Z) == [b"i3", b"i1", b"i2", b"i0"]
    assert store.incidents(Z, "open") == [b"i1", b"i0"]
    assert store.incidents(Z, "closed") == [b"i3", b"i2"]
    assert store.incidents(Z, limit=2) == [b"i3", b"i1"]
    assert store.incidents(Z, after="i1", limit=1) == [b"i2"]
    assert store.incident_figures(Z, 2.0, 3.0) == [
        ("i1", 2.0, None, "bell_call", None),
        ("i2", 2.0, 6.0, "bell_call", None),
    ]


def test_a_stream_resumes_after_the_last_event_its_audience_saw(store: PlainStore) -> None:
    events = [(Z, n, "guardian/g1" if n % 2 else "desk", float(n), str(n).encode(), ()) for n in range(1, 10)]
    write(store, feed=events)
    assert [n for n, _, _ in store.feed(Z, "guardian/g1", after=3)] == [5, 7, 9]
    assert [n for n, _, _ in store.feed(Z, "desk", after=3, limit=2)] == [4, 6]
    assert store.feed(Y, "desk") == []


def test_cases_are_found_by_kind_and_state(store: PlainStore) -> None:
    write(
        store,
        cases=[
            (Z, "k1", "complaint", "open", 1.0, b"1", C1),
            (Z, "k2", "enrolment", "open", 2.0, b"2", C2),
            (Z, "k3", "complaint", "answered", 3.0, b"3", C1),
        ],
    )
    assert [row[0] for row in store.cases(Z, kind="complaint")] == ["k1", "k3"]
    assert [row[0] for row in store.cases(Z, "complaint", "open")] == ["k1"]
    assert [row[0] for row in store.cases(Z, after="k1", limit=1)] == ["k2"]
    write(store, cases=[(Z, "k1", "complaint", "answered", 1.0, b"4", C1)])
    assert store.case(Z, "k1") == ("k1", "complaint", "answered", 1.0, b"4")


def test_facts_are_found_by_their_first_subject_and_time(store: PlainStore) -> None:
    rows = [
        logged(n, "fact" if n % 3 else "message", (C1, C2)[n % 2], at=n * 10.0, wall=n) for n in range(1, 20)
    ]
    write(store, log=rows)
    of_c1 = [row[1] for row in rows if row[4] == "fact" and row[7] == C1]
    assert [row[0] for row in store.facts(Z, "child/c1")] == of_c1
    assert store.facts(Z, "child/c1", limit=1) == [(2, 20.0, 2.0, b"body 2")]
    assert [row[0] for row in store.facts(Z, "child/c1", after=4)] == of_c1[2:]
    assert [row[0] for row in store.facts(Z, "child/c1", since=80.0, until=140.0)] == [8, 10]
    assert len(store.facts(Z, None)) == 13
    assert store.facts(Z, "child/c3") == []


# ------------------------------------------------------------------- snapshots and retention


def test_only_the_newest_snapshot_of_a_zone_is_kept(reopen: Open) -> None:
    store = reopen()
    store.save_snapshot(Z, 5, 1.0, [("child", "c1", b"old", C1), ("child", "c2", b"gone", C2)])
    store.save_snapshot(
        Z, 9, 2.0, [("child", "c1", b"new", C1), ("registry/binding", "b1", b"b", C1), ("zone", Z, b"z", ())]
    )
    store.save_snapshot(Y, 3, 2.0, [("zone", Y, b"y", ())])
    first, second = reopen().snapshots()
    assert (first.zone, first.n, first.at) == (Z, 9, 2.0)
    assert sorted(first.rows) == [
        ("child", "c1", b"new"),
        ("registry/binding", "b1", b"b"),
        ("zone", Z, b"z"),
    ]
    assert (second.zone, second.rows) == (Y, [("zone", Y, b"y")])


def bodies(store: PlainStore, zone: str = Z) -> list[int]:
    return [row[1] for row in store.log(zone) if row[4] != DESTROYED]


def test_log_bodies_go_by_age_but_never_beyond_the_snapshot_and_facts_by_their_own(store: PlainStore) -> None:
    kinds = ["message", "fact", "registry", "fact", "message", "message"]
    write(store, log=[logged(n, kind, C1, wall=n * DAY) for n, kind in enumerate(kinds, 1)])
    write(store, log=[logged(1, zone=Y, wall=DAY)])
    assert store.prune(Z, 100 * DAY, 100 * DAY).counts == {}  # no snapshot, nowhere to begin a replay
    store.save_snapshot(Z, 5, 5.0, [])
    assert store.prune(Z, 4 * DAY, 3 * DAY).counts == {"log": 2, "facts": 1}
    assert bodies(store) == [4, 5, 6]
    assert next(row[4:] for row in store.log(Z)) == (DESTROYED, "", b"")
    assert store.prune(Z, 4 * DAY, 3 * DAY).counts == {}
    assert store.prune(Z, 100 * DAY, 100 * DAY).counts == {"log": 1, "facts": 1}
    assert bodies(store) == [6]
    assert bodies(store, Y) == [1]
    assert store.facts(Z, "child/c1") == []
    assert store.log_ends() == {Z: 6, Y: 1}


def test_positions_rejections_and_settled_messages_go_by_age(store: PlainStore) -> None:
    times = [10.0, 20.0, 30.0]
    write(
        store,
        pos=[(z, c, t, "p", 1.0, 2.0, 3.0, "phone") for z in (Z, Y) for c in ("c1", "c2") for t in times],
        rejections=[(Z, n, t, "t", "bad_mac", "", b"", ()) for n, t in enumerate(times)],
        outbox=[(Z, f"m{t}", "desk/d", "t", b"", t, None, ()) for t in times],
        settled=[(Z, "m10.0"), (Z, "m30.0")],
        feed=[(Z, n, "desk", t, b"", ()) for n, t in enumerate(times, 1)],
        deliveries=[(Z, f"d{t}", "m", "sms", "sent", t, None if t < 20 else 99.0, b"", ()) for t in times],
    )
    assert store.prune(Z, 30.0, 0.0, notices_before=30.0).counts == {
        "pos": 4, "rejection": 2, "outbox": 1, "feed": 2, "delivery": 1,
    }  # fmt: skip
    assert [row[0] for row in store.path(Z, "c1", 0, 99)] == [30.0]
    assert len(store.path(Y, "c1", 0, 99)) == 3
    assert [row[1] for row in store.outbox()] == ["m20.0"]
    assert [row[0] for row in store.feed(Z, "desk")] == [3]
    assert [row[1] for row in store.open_deliveries()] == ["d20.0", "d30.0"]
    assert store.prune(Z, 40.0, 0.0, positions_before=5.0).counts == {"rejection": 1, "outbox": 1}


def test_ids_of_messages_are_remembered_for_thirty_days(store: PlainStore) -> None:
    for day in range(100, 103):
        write(store, log=[logged(day, wall=day * DAY + 5)], seen=[(Z, "dev/p", f"id-{day}", 1, day, b"")])
    assert store.prune(Z, 130 * DAY, 0.0).counts == {}
    assert store.prune(Z, 131 * DAY, 0.0).counts == {"seen": 1}
    assert store.find_seen(Z, "dev/p", "id-100", 1, 100) is None
    assert store.find_seen(Z, "dev/p", "id-101", 9, 9) is not None
    assert store.prune(Z, 131 * DAY, 0.0, seen_before=103 * DAY).counts == {"seen": 2}


def test_pruning_comes_in_slices_until_nothing_is_left(reopen: Open) -> None:
    store = reopen()
    write(
        store,
        log=[logged(n, "fact" if n % 5 == 0 else "message", wall=n) for n in range(1, 101)],
        seen=[(Z, f"dev/p{n % 3}", f"id-{n // 2:03d}", 1, n, b"") for n in range(1, 101)],
        pos=[(Z, f"c{n % 7}", float(n), "p", 1.0, 2.0, 3.0, "phone") for n in range(1, 101)],
    )
    store.save_snapshot(Z, 100, 1.0, [])
    total: dict[str, int] = {}
    slices = 0
    more = True
    while more:
        assert (slices := slices + 1) < 50, "expected an end"
        store = reopen()  # the slices go on where the last run of the hub ended
        pruned = store.prune(Z, 81.0, 41.0, seen_before=2 * DAY, limit=10)
        more = pruned.more
        for table, count in pruned.counts.items():
            assert count <= 30
            total[table] = total.get(table, 0) + count
    assert total == {"log": 64, "facts": 8, "pos": 80, "seen": 100}
    assert slices >= 10
    assert bodies(store) == [n for n in range(1, 101) if n > 80 or (n % 5 == 0 and n > 40)]


# ------------------------------------------------------------------- erasure


def test_an_erased_childs_rows_go_and_nobody_elses(reopen: Open) -> None:
    store = reopen()
    near = ("child/c10", "child/xc1")  # ids that hold the erased one
    for child, audience in (
        ("c1", "guardian/g1"),
        (near[0][6:], "guardian/g10"),
        (near[1][6:], "guardian/xg1"),
    ):
        s = (f"child/{child}",)
        write(
            store,
            state=[(Z, "child", child, b"s", s), (Z, "incident", f"i-{child}", b"i", ("device/t", *s))],
            outbox=[(Z, f"m-{child}", audience, "t", b"p", 1.0, None, (audience, *s))],
            pos=[(Z, child, 1.0, "p", 1.0, 2.0, 3.0, "phone")],
            feed=[(Z, 1, audience, 1.0, b"f", s), (Z, 2, "desk", 1.0, child.encode(), s)],
            deliveries=[(Z, f"d-{child}", "n", "sms", "queued", 1.0, 2.0, b"d", s)],
            cases=[(Z, f"k-{child}", "complaint", "open", 1.0, b"k", s)],
            tokens=[(f"t-{child}", b"", "guardian", audience, Z, "[]", 9.0, 0)],
            registry=[(Z, "child", child, b"r", s), (Z, "binding", f"b-{child}", b"r", s)],
            rejections=[(Z, len(child), 1.0, "t", "bad_mac", "", b"", s)],
        )  # fmt: skip
        store.save_snapshot(child, 1, 1.0, [("child", child, b"s", s)])
    write(store, feed=[(Z, 3, "guardian/g1", 1.0, b"f", ())])
    write(store, erase=[(Z, "child/c1"), (Z, "guardian/g1"), (Z, "child/c1")])
    for kept in (store, None):
        kept = kept or reopen()
        assert {row[2] for row in kept.states()} == {"c10", "i-c10", "xc1", "i-xc1"}
        assert {row[1] for row in kept.outbox()} == {"m-c10", "m-xc1"}
        assert kept.path(Z, "c1", 0, 9) == [] != kept.path(Z, "c10", 0, 9)
        assert kept.feed(Z, "guardian/g1") == [] != kept.feed(Z, "guardian/g10")
        assert {row[1] for row in kept.open_deliveries()} == {"d-c10", "d-xc1"}
        assert {row[0] for row in kept.cases(Z)} == {"k-c10", "k-xc1"}
        assert {row[0] for row in kept.tokens()} == {"t-c10", "t-xc1"}
        assert {row[2] for row in kept.registry()} == {"c10", "b-c10", "xc1", "b-xc1"}
        assert len(kept.rejections(Z, 9)) == 1
        assert [len(snapshot.rows) for snapshot in kept.snapshots()] == [0, 1, 1]
        assert kept.feed_ends() == {Z: 3}, "numbers of a feed are never given twice"


def test_a_childs_positions_can_be_destroyed_without_the_child(store: PlainStore) -> None:
    for child in ("c1", "c10"):
        write(store, pos=[(Z, child, t, "p", 1.0, 2.0, 3.0, "phone") for t in (1.0, 2.0)])
    write(store, unpos=[(Z, "c1"), (Z, "c9")], pos=[(Z, "c1", 5.0, "p", 1.0, 2.0, 3.0, "phone")])
    assert [row[0] for row in store.path(Z, "c1", 0, 9)] == [5.0]
    assert len(store.path(Z, "c10", 0, 9)) == 2


def test_erasing_a_guardian_leaves_the_positions_of_a_child_of_the_same_id(store: PlainStore) -> None:
    write(
        store, pos=[(Z, "x1", 1.0, "p", 1.0, 2.0, 3.0, "phone")], feed=[(Z, 1, "guardian/x1", 1.0, b"", ())]
    )
    write(store, erase=[(Z, "guardian/x1"), (Z, "guardian/nobody")])
    assert len(store.path(Z, "x1", 0, 9)) == 1
    assert store.feed(Z, "guardian/x1") == []


# ------------------------------------------------------------------- what can not be used


def test_a_file_of_the_earlier_layout_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "hub.sqlite") as db:
        db.execute("CREATE TABLE hub (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID")
        db.execute(
            "CREATE TABLE log (zone TEXT, n INTEGER, at REAL, wall REAL, kind TEXT, topic TEXT, body BLOB)"
        )
        db.execute("INSERT INTO hub VALUES ('epoch', 5)")
    db.close()
    with pytest.raises(StoreRefused, match="Move it away, start with a new one"):
        SqliteStore(tmp_path / "hub.sqlite")


def test_a_database_of_another_layout_is_refused(server: PostgresServer) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as db:
        db.execute("CREATE DATABASE other_layout")
    PostgresStore(server.dsn("other_layout")).close()
    with psycopg.connect(server.dsn("other_layout"), autocommit=True) as db:
        db.execute("UPDATE hub SET value = '99' WHERE name = 'layout'")
    with pytest.raises(StoreRefused, match="layout 99"):
        PostgresStore(server.dsn("other_layout"))


def test_a_full_disk_is_told_and_nothing_is_lost_when_there_is_room_again(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "hub.sqlite")
    write(store, log=[logged(1)])
    pages = store.db.all("PRAGMA page_count")[0][0]
    store.db.all(f"PRAGMA max_page_count = {pages}")
    large = (Z, 2, 2.0, 2.0, "message", "t", bytes(10**6), ())
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="full"):
            write(store, log=[large])
    store.db.all("PRAGMA max_page_count = 1000000")
    write(store, log=[large])
    assert store.log_ends() == {Z: 2}


def test_a_store_that_can_not_be_opened_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="unable to open"):
        SqliteStore(tmp_path / "missing" / "hub.sqlite")
    (tmp_path / "hub.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteStore(tmp_path / "hub.sqlite")
