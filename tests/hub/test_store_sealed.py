"""The sealed store: who is erased is in no file any more, whatever was written of them, and whenever the hub was killed."""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from safezone_hub.store import DESTROYED, Batch, SqliteStore, StoreRefused, StoreUnavailable
from safezone_hub.store.sealed import SealedStore
from safezone_hub.store.tables import TABLES
from safezone_hub.vault import KEYS_FILE, SealBroken, Vault

MASTER = bytes(range(32))
Z = "7041138"
T0 = 1_772_582_400.0
CHILDREN = [f"{Z}-c{i:04d}" for i in (12, 123, 77)]
_pack = msgspec.msgpack.encode


def open_store(state: Path) -> SealedStore:
    return SealedStore(SqliteStore(state / "hub.sqlite"), Vault(state / KEYS_FILE, MASTER))


def files(state: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(state.rglob("*")) if path.is_file())


def ids_of(child: str) -> list[str]:
    return [child, f"g-{child}", f"p-{child}", f"t-{child}", f"home-{child}"]


def subjects_of(child: str) -> list[str]:
    kinds = ("child", "guardian", "device", "device", "area")
    return [f"{kind}/{id_}" for kind, id_ in zip(kinds, ids_of(child), strict=True)]


def lat_lon(child: str, step: int) -> tuple[float, float]:
    return 37.5 + CHILDREN.index(child) / 100 + step / 1e5, 126.89 + step / 1e5


def a_day(children: Iterable[str] = CHILDREN) -> Iterable[Batch]:
    """What a hub writes of a day: registered, seen at gates and by phone, told to guardians, one of them in danger."""
    batch, n = Batch(), 0
    batch.registry.append((Z, "zone", Z, b'{"kind":"zone"}', ()))
    for child in children:
        _, guardian, phone, tag, home = ids_of(child)
        own = (f"child/{child}",)
        for kind, id_, body, subjects in (
            ("child", child, {"id": child, "name": f"아이 {child}", "home": home}, own),
            ("guardian", guardian, {"id": guardian, "children": [child]}, (f"guardian/{guardian}", *own)),
            ("device", phone, {"id": phone, "key": {"secret": "k" * 43}}, (f"device/{phone}", *own)),
            ("device", tag, {"id": tag}, (f"device/{tag}", *own)),
            ("area", home, {"id": home, "center": lat_lon(child, 0)}, (f"area/{home}", *own)),
            ("binding", f"b-{child}", {"child": child, "thing": tag}, (f"device/{tag}", *own)),
            ("consent", f"consent-{child}", {"child": child}, own),
        ):
            n += 1
            body_bytes = json.dumps(body, ensure_ascii=False).encode()
            batch.registry.append((Z, kind, id_, body_bytes, subjects))
            batch.log.append((Z, n, T0, T0, "registry", f"{kind}/{id_}", body_bytes, subjects))
    yield batch
    for step in range(0, 240):
        batch, at = Batch(), T0 + step * 360.0
        for child in children:
            _, guardian, phone, tag, home = ids_of(child)
            own, (lat, lon) = (f"child/{child}",), lat_lon(child, step)
            device, subjects = (
                (phone, (f"device/{phone}", *own)) if step % 3 else ("gate-1", (f"device/{tag}", *own))
            )
            data = {"lat": lat, "lon": lon} if step % 3 else {"tag": tag, "antenna": "in"}
            message = json.dumps({"source": f"{Z}/dev/{device}", "data": data, "mac": "x" * 43}).encode()
            n += 1
            batch.log.append((Z, n, at, at, "message", f"safezone/v1/{Z}/dev/{device}/up", message, subjects))
            batch.seen.append((Z, f"dev/{device}", str(uuid.uuid4()), 1, n, b"d" * 32))
            batch.pos.append((Z, child, at, device, lat, lon, 23.0, "phone"))
            batch.state.append((Z, "child", child, _pack([child, home, lat, lon]), own))
            batch.state.append((Z, "device", device, _pack([device, 99.0]), subjects if step % 3 else ()))
            n += 1
            fact = json.dumps({"fact": "collection", "child": child, "by": f"dev/{device}"}).encode()
            batch.log.append((Z, n, at, at, "fact", "", fact, own))
            if step % 40 == 7:
                told, notice = (
                    (f"guardian/{guardian}", *own),
                    json.dumps({"child": child, "lat": lat}).encode(),
                )
                id_ = str(uuid.uuid4())
                topic = f"safezone/v1/{Z}/guardian/{guardian}/down"
                batch.outbox.append((Z, id_, f"guardian/{guardian}", topic, notice, at, None, told))
                batch.settled += [(Z, id_)] if step < 200 else []
                batch.feed.append((Z, n, f"guardian/{guardian}", at, notice, told))
                batch.feed.append((Z, n, "desk", at, notice, own))
                batch.deliveries.append((Z, id_, id_, "sms", "sent", at, None, notice, told))
                batch.incidents.append((Z, f"i{n}", at, None, "danger_entry", None, notice, own))
                batch.state.append((Z, "incident", f"i{n}", notice, own))
                batch.cases.append((Z, f"k{n}", "complaint", "open", at, notice, told))
                batch.tokens.append(
                    (f"t{n}", b"d", "guardian", f"guardian/{guardian}", Z, f'["{child}"]', 9e9, 0)
                )
            if step % 50 == 3:
                topic = f"safezone/v1/{Z}/dev/{phone}/up"
                batch.rejections.append(
                    (Z, n % 1000, at, topic, "bad_data", f"{phone}: lat", message, subjects)
                )
        batch.state.append((Z, "zone", Z, b"zone", ()))
        yield batch


@pytest.fixture
def day(tmp_path: Path) -> SealedStore:
    """A day of three children in a store, half of it in a snapshot too."""
    store = open_store(tmp_path)
    for batch in a_day():
        store.write(batch)
    rows = [("child", c, _pack([c, *lat_lon(c, 120)]), (f"child/{c}",)) for c in CHILDREN]
    rows += [("registry/consent", f"consent-{c}", c.encode(), (f"child/{c}",)) for c in CHILDREN]
    store.save_snapshot(Z, 700, T0, rows)
    return store


def sealed_bodies(store: SealedStore) -> list[tuple[str, bytes]]:
    """(place, sealed bytes) of every row of every table: what somebody with all files has."""
    found = []
    for table in TABLES.values():
        if "body" not in table.columns:
            continue
        key = {"snapshot_row": ("zone", "n", "kind", "id"), "feed": ("zone", "n", "audience")}.get(
            table.name, table.key
        )
        rows = store.db.all(f"SELECT body, {', '.join(key)} FROM {table.name}")
        found += [(" ".join(map(str, (table.name, *row[1:]))), row[0]) for row in rows]
    return found


def test_a_sealed_store_writes_no_identifier_and_no_position(day: SealedStore, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    readable = SqliteStore(plain / "hub.sqlite")
    for batch in a_day():
        readable.write(batch)
    day.db.scrub()
    readable.db.scrub()
    for child in CHILDREN:
        for id_ in ids_of(child):
            assert id_.encode() in files(plain), "expected the search to find what is readable"
    readable.close()
    for path in plain.iterdir():
        path.unlink()
    everything = files(tmp_path)
    assert Z.encode() in everything
    for child in CHILDREN:
        for id_ in ids_of(child):
            assert id_.encode() not in everything, f"expected no {id_} in any file"
        for step in range(240):
            assert msgspec.msgpack.encode(lat_lon(child, step)[0]) not in everything


def test_an_erased_child_is_in_no_file_and_no_row_opens(day: SealedStore, tmp_path: Path) -> None:
    gone, kept = CHILDREN[0], CHILDREN[1:]
    names = [day._vault.name(s) for s in subjects_of(gone)]
    wrapped = {key.subject: day._vault._db.execute("SELECT wrapped FROM key WHERE n = ?", (key.n,)).fetchone()[0]
               for key in day._vault._keys.values()}  # fmt: skip
    before = {place: day._vault.open(body, place.encode()) for place, body in sealed_bodies(day)}
    assert all(opened is not None for opened in before.values())
    of_gone = {place for place, opened in before.items() if gone.encode() in (opened or b"")}
    assert {place.split()[0] for place in of_gone} >= {
        "registry", "log", "state", "outbox", "incident", "feed", "delivery", "cases", "token", "rejection", "snapshot_row",
    }  # fmt: skip
    day.write(Batch(erase=[(Z, subject) for subject in subjects_of(gone)]))
    assert day.pending_erasures == 0
    assert not any(
        day._vault.open(body, place.encode()) for place, body in sealed_bodies(day) if place in of_gone
    )
    assert (tmp_path / "hub.sqlite-wal").stat().st_size == 0, "expected no older pages in the write-ahead log"

    everything = files(tmp_path)
    for id_ in ids_of(gone):
        assert id_.encode() not in everything
    for subject in subjects_of(gone):
        assert wrapped[subject] not in everything
        assert wrapped[subject][12:40] not in everything
    for subject in subjects_of(kept[0]):
        assert wrapped[subject] in everything
    # With the master key and every file in hand: nothing opens that speaks of the child.
    day.close()
    again = open_store(tmp_path)
    left = sealed_bodies(again)
    opened = {place: again._vault.open(body, place.encode()) for place, body in left}
    assert {place for place, said in opened.items() if said is None} == {p for p in of_gone if p in opened}
    for place, said in opened.items():
        assert not any(id_.encode() in (said or b"") for id_ in ids_of(gone)), place
    # And with rows moved to any other place, they do not open there either.
    for _, body in left:
        if again._vault._openers.get(body[: 1 + 9 * body[0]]) is None:
            assert again._vault.open(body, b"") is None
    tables = {place.split()[0] for place, said in opened.items() if said is None}
    assert tables == {"log", "incident"}, "expected no row left but what is counted"
    # The name it had stands beside what can not be opened any more, and nowhere says whose it was.
    assert names[0].encode() in everything
    again.write(Batch(registry=[(Z, "child", gone, b"anew", (f"child/{gone}",))]))
    assert again._vault.name(f"child/{gone}") not in names
    assert again.path(Z, gone, 0, 1e12) == again.facts(Z, f"child/{gone}") == []
    assert all(
        again._vault.open(body, place.encode()) is None for place, body in left if opened[place] is None
    )


def test_after_an_erasure_the_others_are_as_before_and_replay_steps_over(
    day: SealedStore, tmp_path: Path
) -> None:
    def of(child: str) -> list[object]:
        return [
            day.path(Z, child, 0, 1e12),
            day.facts(Z, f"child/{child}"),
            day.feed(Z, f"guardian/g-{child}"),
            [row for row in day.registry() if child in row[2]],
        ]

    before = of(CHILDREN[1])
    log_before, figures = list(day.log(Z)), day.incident_figures(Z, 0, 1e12)
    assert len(day.path(Z, CHILDREN[0], 0, 1e12)) == 240
    day.write(Batch(erase=[(Z, f"child/{CHILDREN[0]}")]))
    assert of(CHILDREN[1]) == before
    after = list(day.log(Z))
    assert len(after) == len(log_before)
    destroyed = {row[1] for row in after if row[4] == DESTROYED}
    assert destroyed == {
        row[1]
        for row in log_before
        if CHILDREN[0].encode() in row[6] or f"t-{CHILDREN[0]}".encode() in row[6]
    }
    assert [row for row in after if row[1] not in destroyed] == [
        row for row in log_before if row[1] not in destroyed
    ]
    assert all(row[5:] == ("", b"") for row in after if row[1] in destroyed)
    assert [(row[1], row[2]) for row in after] == [(row[1], row[2]) for row in log_before]
    assert day.incident_figures(Z, 0, 1e12) == figures, "expected the statistics to hold"
    assert len(day.incidents(Z)) == len(figures) * 2 // 3


def test_erasing_a_second_subject_makes_a_row_unreadable_too(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.write(Batch(log=[(Z, 1, 1.0, 1.0, "message", "t", b"x", ("device/p1", "child/c1"))],
                      incidents=[(Z, "i1", 1.0, None, "tag_call", None, b"x", ("child/c1", "device/p1"))]))  # fmt: skip
    store.write(Batch(erase=[(Z, "child/c1")]))
    assert [row[4] for row in store.log()] == [DESTROYED]
    assert store.incidents(Z) == []


def test_what_a_batch_writes_of_somebody_it_erases_is_gone_with_them(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    own = ("child/c1",)
    store.write(
        Batch(
            log=[(Z, 1, 1.0, 1.0, "fact", "", b"of c1", own), (Z, 2, 1.0, 1.0, "fact", "", b"erased", ())],
            state=[(Z, "child", "c1", b"s", own)],
            erase=[(Z, "child/c1")],
        )
    )
    assert [row[4] for row in store.log()] == [DESTROYED, "fact"]
    assert list(store.states()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from safezone_hub.store import Batch, SqliteStore
from safezone_hub.store.sealed import SealedStore
from safezone_hub.vault import Vault
class Killed(Vault):
    def destroy(self, subjects):
        {before}
        super().destroy(subjects)
        os.kill(os.getpid(), signal.SIGKILL)
state = Path(sys.argv[1])
store = SealedStore(SqliteStore(state / "hub.sqlite"), Killed(state / "keys.sqlite", bytes(range(32))))
store.write(Batch(erase=[("7041138", "child/c1")]))
"""


@pytest.mark.parametrize("moment", ["before the key is destroyed", "before the intent is struck off"])
def test_a_kill_after_the_commit_is_made_up_for_at_the_next_start(tmp_path: Path, moment: str) -> None:
    store = open_store(tmp_path)
    for child in ("c1", "c2"):
        store.write(
            Batch(
                log=[(Z, int(child[1]), 1.0, 1.0, "message", "t", child.encode(), (f"child/{child}",))],
                pos=[(Z, child, 1.0, "p", 37.5, 126.9, 3.0, "phone")],
            )
        )
    store.close()
    before = "os.kill(os.getpid(), signal.SIGKILL)" if moment.startswith("before the key") else "pass"
    script = KILLED.format(before=before)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    again = open_store(tmp_path)
    assert again.pending_erasures == 0
    assert not again._vault.knows("child/c1")
    assert [row[4] for row in again.log()] == [DESTROYED, "message"]
    assert again.path(Z, "c1", 0, 9) == [] != again.path(Z, "c2", 0, 9)
    assert again.db.all("SELECT * FROM erasure") == []


def test_a_key_that_the_disk_will_not_destroy_is_tried_again(tmp_path: Path) -> None:
    class Stubborn(Vault):
        refusals = 2

        def destroy(self, subjects: Iterable[str]) -> None:
            if self.refusals:
                self.refusals -= 1
                raise OSError("disk I/O error")
            super().destroy(subjects)

    store = SealedStore(SqliteStore(tmp_path / "hub.sqlite"), Stubborn(tmp_path / KEYS_FILE, MASTER))
    store.write(Batch(log=[(Z, 1, 1.0, 1.0, "message", "t", b"x", ("child/c1",))]))
    store.write(Batch(erase=[(Z, "child/c1")]))
    assert store.pending_erasures == 1
    store.write(Batch(state=[(Z, "zone", Z, b"", ())]))
    assert store.pending_erasures == 1
    store.write(Batch(state=[(Z, "zone", Z, b"", ())]))
    assert store.pending_erasures == 0
    assert [row[4] for row in store.log()] == [DESTROYED]


def test_a_row_moved_to_another_place_does_not_open(day: SealedStore) -> None:
    day.db.all("UPDATE pos SET ts = ts + 1 WHERE child = (SELECT min(child) FROM pos)")
    moved = day._vault.subject_of(day.db.all("SELECT min(child) FROM pos")[0][0])
    assert moved is not None
    with pytest.raises(SealBroken):
        day.path(Z, moved.removeprefix("child/"), 0, 1e12)


def test_a_guardian_is_a_person_even_where_no_subject_says_so(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    principal = "guardian/g-7041138-c0500"
    store.write(
        Batch(
            log=[(Z, 1, 1.0, 1.0, "message", "t", b"", ())],
            seen=[(Z, principal, "id-1", 1, 1, b"d")],
            outbox=[(Z, "m1", principal, "t", b"", 1.0, None, ())],
            feed=[(Z, 1, principal, 1.0, b"f", ())],
            tokens=[("t1", b"d", "guardian", principal, Z, "[]", 9.0, 0)],
        )
    )
    assert b"g-7041138-c0500" not in files(tmp_path)
    assert store.find_seen(Z, principal, "id-1", 1, 1) is not None
    assert [row[2] for row in store.outbox()] == [row[3] for row in store.tokens()] == [principal]
    assert store.feed(Z, principal) == [(1, 1.0, b"f")]
    store.write(Batch(erase=[(Z, principal)]))
    assert [*store.outbox(), *store.tokens(), *store.feed(Z, principal)] == []


def test_only_the_vault_that_sealed_a_store_opens_it(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with pytest.raises(StoreRefused, match="other keys"):
        SealedStore(SqliteStore(tmp_path / "hub.sqlite"), Vault(tmp_path / "other.sqlite", MASTER))
    plain = SqliteStore(tmp_path / "plain.sqlite")
    plain.write(Batch(log=[(Z, 1, 1.0, 1.0, "message", "t", b"x", ())]))
    with pytest.raises(StoreRefused, match="not sealed"):
        SealedStore(plain, Vault(tmp_path / KEYS_FILE, MASTER))


def test_keys_are_there_before_the_rows_even_when_the_rows_fail(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    row = (Z, 1, 1.0, 1.0, "message", "t", b"x", ("child/c1",))
    with pytest.raises(StoreUnavailable):
        store.write(Batch(log=[row, row]))
    store.write(Batch(log=[row]))
    store.close()
    assert [r[6] for r in open_store(tmp_path).log()] == [b"x"]
