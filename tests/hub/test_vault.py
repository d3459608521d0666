"""Keys: what is sealed opens with all its subjects' keys only, and a destroyed key is in no file any more."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from safezone_hub.vault import KEYS_FILE, MASTER_ENV, MASTER_FILE, SealBroken, Vault, VaultError, master_key

MASTER = bytes(range(32))


def vault(directory: Path, master: bytes = MASTER) -> Vault:
    return Vault(directory / KEYS_FILE, master)


def bytes_of_files(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


def wrapped_keys(directory: Path) -> dict[int, bytes]:
    """The keys as they stand in the file, read by another connection."""
    with sqlite3.connect(directory / KEYS_FILE) as db:
        found = dict(db.execute("SELECT n, wrapped FROM key").fetchall())
    db.close()
    return found


def test_sealed_bytes_open_in_their_place_only_and_after_a_new_start(tmp_path: Path) -> None:
    first = vault(tmp_path)
    first.ensure(["child/c1"])
    sealed = first.seal(("child/c1",), b"where", b"pos 1")
    assert b"where" not in sealed
    first.close()
    again = vault(tmp_path)
    assert again.open(sealed, b"pos 1") == b"where"
    with pytest.raises(SealBroken):
        again.open(sealed, b"pos 2")
    for i in range(len(sealed)):
        changed = bytes((*sealed[:i], sealed[i] ^ 1, *sealed[i + 1 :]))
        with contextlib.suppress(SealBroken):
            assert again.open(changed, b"pos 1") is None  # names a key that nobody has
    for short in (b"", b"\0", sealed[:12], sealed[:37]):
        with pytest.raises(SealBroken):
            again.open(short, b"pos 1")


def test_what_speaks_of_several_needs_the_key_of_each(tmp_path: Path) -> None:
    subjects = ("device/p-c1", "child/c1", "guardian/g1")
    for gone in subjects:
        directory = tmp_path / gone.partition("/")[0]
        directory.mkdir()
        held = vault(directory)
        held.ensure(subjects)
        left = tuple(s for s in subjects if s != gone)
        of_all, of_left = held.seal(subjects, b"x", b"p"), held.seal(left, b"y", b"p")
        assert held.open(of_all, b"p") == b"x"
        held.destroy([gone])
        assert held.open(of_all, b"p") is None
        assert held.open(of_left, b"p") == b"y"
        with pytest.raises(KeyError):
            held.seal(subjects, b"x", b"p")
        # Claimed to need the remaining keys only, it does not open either.
        for claimed in (left, left[:1], left[1:]):
            head = held.seal(claimed, b"", b"")[: 1 + 9 * len(claimed)]
            with pytest.raises(SealBroken):
                held.open(head + of_all[1 + 9 * 3 :], b"p")


def test_no_nonce_is_used_twice_within_and_between_runs(tmp_path: Path) -> None:
    nonces = set()
    for _ in range(3):
        held = vault(tmp_path)
        held.ensure(["child/c1", "child/c2"])
        for subject in ("child/c1", "child/c2"):
            nonces |= {held.seal((subject,), b"same", b"p")[10:22] for _ in range(1000)}
        held.close()
    assert len(nonces) == 6000


def test_a_destroyed_key_is_in_no_file_any_more_and_the_others_stay(tmp_path: Path) -> None:
    held = vault(tmp_path)
    subjects = [f"child/7041138-c{i:04d}" for i in range(400)]  # several pages
    for start in range(0, 400, 50):
        held.ensure(subjects[start : start + 50])
    sealed = {s: held.seal((s,), b"where", b"p") for s in subjects}
    secrets = {s: held._keys[s].secret for s in subjects}
    wrapped = wrapped_keys(tmp_path)
    place = {s: held._keys[s].n for s in subjects}
    for gone in (subjects[0:1], subjects[7:300:13], subjects[398:]):
        held.destroy(gone)
    destroyed = [s for s in subjects if not held.knows(s)]
    assert len(destroyed) == 26
    held.close()
    everything = bytes_of_files(tmp_path)
    again = vault(tmp_path)
    for s in subjects:
        stands = wrapped[place[s]]
        pieces = [stands[i : i + 12] for i in range(0, len(stands) - 12, 12)]
        assert secrets[s] not in everything  # never stands there unwrapped
        if s in destroyed:
            assert not any(piece in everything for piece in pieces), f"expected no trace of the key of {s}"
            assert again.open(sealed[s], b"p") is None
        else:
            assert stands in everything
            assert again.open(sealed[s], b"p") == b"where"
    assert not any(s.encode() in everything for s in subjects)


def test_a_kill_between_the_commit_and_the_wiping_leaves_nothing_after_the_next_start(tmp_path: Path) -> None:
    held = vault(tmp_path)
    held.ensure(["child/c1", "child/c2"])
    stands = wrapped_keys(tmp_path)[1]
    held.close()
    script = (
        "import os, signal, sys; from pathlib import Path; from safezone_hub.vault import Vault\n"
        f"v = Vault(Path(sys.argv[1]), {MASTER!r})\n"
        "v._wipe_journal = lambda: os.kill(os.getpid(), signal.SIGKILL)\n"
        "v.destroy(['child/c1'])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / KEYS_FILE)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert stands in bytes_of_files(tmp_path)  # in the journal: the test would notice a missing wiping
    again = vault(tmp_path)
    assert stands not in bytes_of_files(tmp_path)
    assert not again.knows("child/c1")
    assert again.knows("child/c2")


def test_a_key_is_on_disk_before_its_first_use(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from safezone_hub.vault import Vault\n"
        f"v = Vault(Path(sys.argv[1]), {MASTER!r})\n"
        "v.ensure(['child/c1', 'child/c2'])\n"
        "sys.stdout.buffer.write(v.seal(('child/c1', 'child/c2'), b'where', b'p')); sys.stdout.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / KEYS_FILE)], capture_output=True, check=False
    )
    assert vault(tmp_path).open(done.stdout, b"p") == b"where"


def test_many_new_keys_are_one_commit(tmp_path: Path) -> None:
    held = vault(tmp_path)
    commits = []
    held._db.set_trace_callback(
        lambda statement: commits.append(statement) if statement == "COMMIT" else None
    )
    held.ensure(f"child/c{i}" for i in range(100))
    held.ensure(f"child/c{i}" for i in range(100))
    assert len(commits) == 1


def test_a_pseudonym_can_not_be_made_again_after_the_key_is_gone(tmp_path: Path) -> None:
    held = vault(tmp_path)
    held.ensure(["child/c1", "zone/z1"])
    name, text = held.name("child/c1"), held.name("zone/z1", "binding/b1-c1")
    assert name.startswith("~") and len(name) == 13
    assert held.subject_of(name) == "child/c1"
    assert text == held.name("zone/z1", "binding/b1-c1") != held.name("zone/z1", "binding/b2-c1")
    assert len(held.pseudonym("child/c1")) == 16
    held.destroy(["child/c1"])
    assert held.subject_of(name) is None
    with pytest.raises(KeyError):
        held.name("child/c1")
    held.ensure(["child/c1"])
    assert held.name("child/c1") != name


def test_a_zones_key_is_never_destroyed(tmp_path: Path) -> None:
    held = vault(tmp_path)
    held.ensure(["zone/z1", "child/c1"])
    with pytest.raises(ValueError, match="never"):
        held.destroy(["child/c1", "zone/z1"])
    assert held.knows("zone/z1") and held.knows("child/c1")


def test_a_second_hub_on_the_same_keys_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    first = vault(tmp_path)
    with pytest.raises(VaultError, match="Another hub is using this state"):
        vault(tmp_path)
    first.close()
    second = vault(tmp_path)
    second.close()
    with pytest.raises(VaultError, match="another master key"):
        vault(tmp_path, bytes(32))
    vault(tmp_path).close()  # who was refused holds nothing
    with pytest.raises(VaultError, match="No such file"):
        vault(tmp_path / "missing")


def test_a_vault_open_for_reading_makes_and_destroys_nothing(tmp_path: Path) -> None:
    held = vault(tmp_path)
    held.ensure(["child/c1"])
    sealed = held.seal(("child/c1",), b"x", b"p")
    reader = Vault(tmp_path / KEYS_FILE, MASTER, read_only=True)
    assert reader.open(sealed, b"p") == b"x"
    with pytest.raises(OSError, match="readonly"):
        reader.ensure(["child/c2"])
    with pytest.raises(OSError, match="readonly"):
        reader.destroy(["child/c1"])
    assert reader.knows("child/c1") and not reader.knows("child/c2")


# ------------------------------------------------------------------- the master key


def test_the_master_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    made = master_key(tmp_path, environ={})
    assert len(made) == 32 and made == master_key(tmp_path, environ={})
    assert (tmp_path / MASTER_FILE).stat().st_mode & 0o777 == 0o600
    vault(tmp_path, made)
    assert (tmp_path / KEYS_FILE).stat().st_mode & 0o777 == 0o600


def test_the_master_key_may_be_kept_elsewhere(tmp_path: Path) -> None:
    text = "A" * 42 + "E"
    (tmp_path / "elsewhere").write_text(text + "\n")
    state = tmp_path / "state"
    state.mkdir()
    given = master_key(state, tmp_path / "elsewhere", {MASTER_ENV: "B" * 42 + "E"})
    assert given == master_key(state, environ={MASTER_ENV: text})
    assert os.listdir(state) == []


@pytest.mark.parametrize("text", ["", "short", "A" * 44, "é" * 43])
def test_a_master_key_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(VaultError, match="master key"):
        master_key(tmp_path, tmp_path / "key")
    with pytest.raises(VaultError, match="missing"):
        master_key(tmp_path, tmp_path / "missing")


def test_keys_of_another_master_key_are_refused_with_the_remedy(tmp_path: Path) -> None:
    held = vault(tmp_path)
    held.ensure(["child/c1"])
    held.close()
    with pytest.raises(VaultError, match="--master-key-file"):
        vault(tmp_path, bytes(32))
    with pytest.raises(VaultError, match="put it back"):
        master_key(tmp_path, environ={})
    assert not (tmp_path / MASTER_FILE).exists()


def test_a_damaged_key_file_is_told(tmp_path: Path) -> None:
    held = vault(tmp_path)
    held.ensure(["child/c1"])
    held.close()
    with sqlite3.connect(tmp_path / KEYS_FILE) as db:
        db.execute("UPDATE key SET wrapped = randomblob(length(wrapped))")
    db.close()
    with pytest.raises(VaultError, match="damaged"):
        vault(tmp_path)
    (tmp_path / KEYS_FILE).write_bytes(b"no database" * 100)
    with pytest.raises(VaultError, match="not a database"):
        vault(tmp_path)
