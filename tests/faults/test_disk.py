"""The disk that forgets: an image never lacks what was synchronised, and does lack what was not."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from shim.disk import Disk, missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

_COMMITS = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/t.sqlite", isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = " + sys.argv[2])
db.execute("PRAGMA wal_autocheckpoint = 40")
db.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, b BLOB)")
n = db.execute("SELECT coalesce(max(n), 0) FROM t").fetchone()[0]
while True:
    n += 1
    db.execute("INSERT INTO t VALUES (?, ?)", (n, os.urandom(700)))
    print(n, flush=True)
"""


def _kill(disk: Disk, process: "subprocess.Popen[str]", seconds: float | None) -> None:
    """After so long, or when it stands still at the armed synchronisation."""
    deadline = time.monotonic() + (seconds or 10.0)
    while not disk.stands_still and time.monotonic() < deadline:
        time.sleep(0.001)
    process.kill()


def _live(disk: Disk, synchronous: str, *, lies: bool = False, seconds: float | None = None) -> int:
    """One life of a writer until it is killed: the highest number it said it had committed."""
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMITS, str(disk.live), synchronous],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **disk.environment(lies=lies)},
    )  # fmt: skip
    threading.Thread(target=_kill, args=(disk, process, seconds), daemon=True).start()
    assert process.stdout is not None
    said = process.stdout.read().split("\n")
    process.wait(10)
    process.stdout.close()
    return int(said[-2]) if len(said) > 1 else 0


def _kept(disk: Disk) -> int:
    """The highest number in the image; -1 when the database is no more."""
    try:
        db = sqlite3.connect(disk.live / "t.sqlite")
        try:
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            return int(db.execute("SELECT coalesce(max(n), 0) FROM t").fetchone()[0])
        finally:
            db.close()
    except sqlite3.DatabaseError:
        return -1


def test_what_was_committed_in_full_survives_every_crash(tmp_path: Path) -> None:
    disk, dropped = Disk(tmp_path / "live", tmp_path / "disk", 3), 0
    for life in range(6):
        disk.begin()
        disk.arm(30 + 7 * life, before_done=bool(life % 2))
        said = _live(disk, "FULL")
        lost = disk.crash()
        dropped += lost.dropped + lost.torn
        assert said > 0
        assert _kept(disk) >= said, f"life {life}: committed {said}, found {_kept(disk)}; {lost}"
    assert dropped > 0, "expected crashes that drop something, or the test tests nothing"


@pytest.mark.parametrize(("synchronous", "lies"), [("NORMAL", False), ("FULL", True)])
def test_what_was_not_synchronised_is_lost(tmp_path: Path, synchronous: str, lies: bool) -> None:
    disk = Disk(tmp_path / "live", tmp_path / "disk", 4)
    lives = []
    for _ in range(5):  # a kill just behind a checkpoint finds nothing unsynchronised
        disk.begin()
        said = _live(disk, synchronous, lies=lies, seconds=0.4)
        disk.crash("none")
        assert said > 40
        lives.append((said, _kept(disk)))
        if lives[-1][1] < said:
            return
    pytest.fail(f"nothing was lost in five lives: said and kept {lives}")


def _run(disk: Disk, code: str) -> None:
    code = f"import os; os.chdir({str(disk.live)!r})\n{code}"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **disk.environment()})


def test_names_survive_only_when_they_were_made_durable(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "live", tmp_path / "disk", 5)
    disk.begin()
    _run(
        disk,
        """
def write(name, text, sync):
    fd = os.open(name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.write(fd, text)
    if sync: os.fsync(fd)
    os.close(fd)
write("kept", b"one", True)
write("new", b"two", True)
os.rename("new", "kept2")
folder = os.open(".", os.O_RDONLY); os.fsync(folder); os.close(folder)
write("lost", b"three", False)
os.rename("kept2", "renamed")
os.unlink("kept")
""",
    )
    disk.crash("none")
    assert {p.name: p.read_bytes() for p in disk.live.iterdir()} == {"kept": b"one", "kept2": b"two"}
    disk.begin()
    _run(disk, "os.rename('kept2', 'renamed'); os.unlink('kept')")
    disk.crash("all")
    assert {p.name: p.read_bytes() for p in disk.live.iterdir()} == {"renamed": b"two"}


def test_a_write_tears_at_sectors_and_only_what_was_not_synchronised(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "live", tmp_path / "disk", 6)
    disk.begin()
    _run(
        disk,
        """
fd = os.open("f", os.O_CREAT | os.O_RDWR)
os.pwrite(fd, b"a" * 8192, 0)
os.fdatasync(fd)
for n in range(16): os.pwrite(fd, b"b" * 512, n * 512)
""",
    )
    lost = disk.crash("some")
    sectors = [disk.live.joinpath("f").read_bytes()[n * 512 : n * 512 + 512] for n in range(16)]
    assert lost.unsynced == 16
    assert all(s in (b"a" * 512, b"b" * 512) for s in sectors)
    assert len(set(sectors)) == 2
