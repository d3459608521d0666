"""What a machine's crash leaves of a folder, made from the recorder's journal.

kill -9 of a process is a weak test of durability: what it wrote lies in the kernel's cache and survives. Here the
process runs under ``recorder.c``, is killed, and its folder is then replaced by an image of what a disk may hold
after the power went at that moment:

- What a finished fsync or fdatasync covers is in the image, always. A synchronisation covers the changes of its
  file that were done before it began.
- Every other change of content may be there, be missing, or be torn at sectors of 512 bytes, each by itself and
  in any combination: a disk writes in any order. Per crash one of three moods is drawn: nothing of it, all of it, or
  a random part.
- Names (created, removed, renamed) are kept in order, as the journal of a file system does: a random first part of
  those not yet durable. A synchronised file brings its own name along with every earlier change of names, a
  synchronised folder its names. That is what ext4 and XFS do; POSIX promises less.

It is sound, that is, no loss is invented: the image never lacks what was synchronised before the process could
act on it. The recorder notes a change after it was made and before its caller hears of it, a synchronisation as
done only after the real one returned; what happened between the last note and the kill was answered to nobody.
It is not complete: a real disk may also lie about its cache, and lose what it once had. SQLite's ``-shm`` is memory,
not disk, and does not survive (it is mapped, and rebuilt from the write-ahead log).
"""

import mmap
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

SECTOR = 512
_HEAD = struct.Struct("<IIQQQIHH")
_MAGIC = 0x53464A31
(_WRITE, _TRUNCATE, _CREATE, _UNLINK, _RENAME, _SYNC_BEGIN, _SYNC_DONE, _EXTEND, _MKDIR, _RMDIR, _LINK) = (
    range(1, 12)
)
_CONTROL_BYTES = 20
MOODS = ("none", "all", "some", "some")


class CannotRecord(RuntimeError):
    """No compiler, or one that fails."""


@dataclass(slots=True)
class Lost:
    """What one crash dropped."""

    mood: str
    synchronisations: int
    unsynced: int  # changes of content not covered
    dropped: int
    torn: int
    names_dropped: int


class _Record(NamedTuple):
    op: int
    inode: int
    offset: int
    token: int
    path: str
    other: str
    data: bytes


class _Change(NamedTuple):
    op: int
    offset: int  # the new length, for a truncation or an extension
    data: bytes


@dataclass(slots=True, eq=False)
class _File:
    """A file of the image: where its durable content lies, and what is not durable."""

    backing: Path
    pending: list[_Change] = field(default_factory=list)
    dropped_first: int = 0  # changes of ``pending`` that were made durable and taken out


class _Naming(NamedTuple):
    op: int
    path: str
    other: str
    file: _File | None


class Disk:
    """One folder under the recorder. ``begin`` before each life of the process, ``crash`` after its death."""

    def __init__(
        self, live: Path, folder: Path, seed: int, *, owners: dict[str, tuple[int, int]] | None = None
    ) -> None:
        """``owners``: user and group of everything below a first-level folder of ``live``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.live, self._folder, self._owners = live, folder, owners or {}
        self._rng = random.Random(seed)
        self._library = compiled(folder)
        self._image, self._journal = folder / "image", folder / "journal"
        (folder / "control").write_bytes(bytes(_CONTROL_BYTES))
        with (folder / "control").open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), _CONTROL_BYTES)
        self._journal.touch()
        for path in (self._journal, folder / "control"):
            path.chmod(0o666)
        live.mkdir(parents=True, exist_ok=True)

    def environment(self, *, lies: bool = False) -> dict[str, str]:
        """For the process. ``lies``: synchronisations do nothing."""
        return {
            "LD_PRELOAD": str(self._library),
            "RECORDER_FOLDER": str(self.live),
            "RECORDER_JOURNAL": str(self._journal),
            "RECORDER_CONTROL": str(self._folder / "control"),
            **({"RECORDER_LIE": "1"} if lies else {}),
        }

    def begin(self) -> None:
        """What lies in the folder now is what the disk holds."""
        self.arm(0)
        self._set(3, 0)
        os.truncate(self._journal, 0)
        shutil.rmtree(self._image, ignore_errors=True)
        shutil.copytree(self.live, self._image, symlinks=True)
        self._inodes = {p.stat().st_ino: str(p.relative_to(self.live)) for p in self._walk(self.live)}
        self._inodes[self.live.stat().st_ino] = ""

    def arm(self, after: int, *, before_done: bool = True) -> None:
        """Let the process stand still at the ``after``-th synchronisation from now on (0: never); then kill it."""
        self._set(4, 0)
        self._set(1, 1 if before_done else 2)
        self._set(0, after)

    def slow(self, seconds: float) -> None:
        """Every synchronisation takes so much longer."""
        self._set(2, int(seconds * 1e6))

    @property
    def stands_still(self) -> bool:
        """Whether the armed synchronisation was reached."""
        return self._control[16] == 1

    @property
    def synchronisations(self) -> int:
        return int.from_bytes(self._control[12:16], "little")

    def crash(self, mood: str | None = None) -> Lost:
        """The process is dead: replace its folder by what a crash would have left."""
        mood = mood or self._rng.choice(MOODS)
        lost = _Replay(self._image, self._inodes, self._folder / "objects", self._rng).run(
            self._journal, mood
        )
        lost.synchronisations = self.synchronisations
        mode = self.live.stat().st_mode
        shutil.rmtree(self.live)
        shutil.copytree(self._image, self.live, symlinks=True)
        self.live.chmod(mode)
        for path in self._walk(self.live):
            if path.name.endswith("-shm"):
                path.unlink()
        for name, owner in self._owners.items():
            for path in (self.live / name, *self._walk(self.live / name)):
                os.chown(path, *owner)
        return lost

    @staticmethod
    def _walk(folder: Path) -> list[Path]:
        return list(folder.rglob("*"))

    def _set(self, place: int, value: int) -> None:
        self._control[4 * place : 4 * place + 4] = value.to_bytes(4, "little")


class _Replay:
    """One journal, applied to the image."""

    def __init__(self, image: Path, inodes: dict[int, str], objects: Path, rng: random.Random) -> None:
        self._image, self._rng, self._objects = image, rng, objects
        shutil.rmtree(objects, ignore_errors=True)
        objects.mkdir()
        self._names: dict[str, _File] = {}
        self._folders: set[str] = set()
        self._inode_files: dict[int, _File] = {}
        self._inode_folders: dict[int, str] = {}
        for path in image.rglob("*"):
            name = str(path.relative_to(image))
            if path.is_dir():
                self._folders.add(name)
            else:
                self._names[name] = _File(path)
        for inode, name in inodes.items():
            if name in self._names:
                self._inode_files[inode] = self._names[name]
            else:
                self._inode_folders[inode] = name
        self._now = dict(self._names)  # names as the process sees them
        self._naming: list[_Naming] = []
        self._named = 0  # of those, durable
        self._begun: dict[int, tuple[int, int, int]] = {}  # token -> inode, changes, namings
        self._handles: dict[Path, BinaryIO] = {}

    def run(self, journal: Path, mood: str) -> Lost:
        for record in _records(journal):
            self._take(record)
        lost = Lost(mood, 0, 0, 0, 0, 0)
        left = len(self._naming) - self._named
        kept = {"none": 0, "all": left}.get(mood, self._rng.randint(0, left))
        lost.names_dropped = left - kept
        self._name_up_to(self._named + kept)
        for file in {id(f): f for f in [*self._names.values(), *self._inode_files.values()]}.values():
            for change in file.pending:
                lost.unsynced += 1
                self._keep(file, change, mood, lost)
        for handle in self._handles.values():
            handle.close()
        self._lay_out()
        return lost

    # ------------------------------------------------------------------- the journal

    def _take(self, r: _Record) -> None:
        file = self._inode_files.get(r.inode)
        match r.op:
            case 1 | 2 | 8:  # write, truncate, extend
                if file is not None:
                    file.pending.append(_Change(r.op, r.offset, r.data))
            case 3:  # create
                made = _File(self._objects / f"{len(self._naming)}")
                made.backing.touch(mode=0o600)
                self._inode_files[r.inode] = self._now[r.path] = made
                self._naming.append(_Naming(r.op, r.path, "", made))
            case 4 | 5 | 11:  # unlink, rename, link
                about = self._now.get(r.path)
                if r.op == _UNLINK:
                    self._now.pop(r.path, None)
                elif about is not None:
                    self._now[r.other] = about
                    if r.op == _RENAME:
                        del self._now[r.path]
                self._naming.append(_Naming(r.op, r.path, r.other, about))
            case 9 | 10:  # mkdir, rmdir
                if r.op == _MKDIR:
                    self._inode_folders[r.inode] = r.path
                self._naming.append(_Naming(r.op, r.path, "", None))
            case 6:
                changes = file.dropped_first + len(file.pending) if file is not None else 0
                self._begun[r.token] = (r.inode, changes, len(self._naming))
            case 7:
                self._synchronised(*self._begun.pop(r.token))

    def _synchronised(self, inode: int, changes: int, namings: int) -> None:
        file = self._inode_files.get(inode)
        if file is not None:
            done = changes - file.dropped_first
            for change in file.pending[:done]:
                self._apply(file, change.op, change.offset, change.data)
            if done > 0:
                del file.pending[:done]
                file.dropped_first = changes
            about = [n for n in range(self._named, namings) if self._naming[n].file is file]
        else:
            folder = self._inode_folders.get(inode)
            about = [n for n in range(self._named, namings) if folder in _folders_of(self._naming[n])]
        if about:
            self._name_up_to(about[-1] + 1)

    def _name_up_to(self, end: int) -> None:
        for naming in self._naming[self._named : end]:
            match naming.op:
                case 3:
                    assert naming.file is not None
                    self._names[naming.path] = naming.file
                case 4:
                    self._names.pop(naming.path, None)
                case 5:
                    if naming.path in self._names:
                        self._names[naming.other] = self._names.pop(naming.path)
                    else:
                        for old in list(self._folders):
                            if old == naming.path or old.startswith(f"{naming.path}/"):
                                self._folders.discard(old)
                                self._folders.add(naming.other + old[len(naming.path) :])
                case 11:
                    if naming.path in self._names:
                        self._names[naming.other] = self._names[naming.path]
                case 9:
                    self._folders.add(naming.path)
                case 10:
                    self._folders.discard(naming.path)
        self._named = max(self._named, end)

    # ------------------------------------------------------------------- content

    def _keep(self, file: _File, change: _Change, mood: str, lost: Lost) -> None:
        fate = mood if mood != "some" else self._rng.choice(("all", "none", "torn"))
        if fate == "none":
            lost.dropped += 1
        elif fate == "all" or change.op != _WRITE:
            self._apply(file, change.op, change.offset, change.data)
        else:
            lost.torn += 1
            start, end = change.offset, change.offset + len(change.data)
            while start < end:
                stop = min(end, (start // SECTOR + 1) * SECTOR)
                if self._rng.random() < 0.5:
                    part = change.data[start - change.offset : stop - change.offset]
                    self._apply(file, _WRITE, start, part)
                start = stop

    def _apply(self, file: _File, op: int, offset: int, data: bytes) -> None:
        handle = self._handles.get(file.backing)
        if handle is None:
            if len(self._handles) > 200:
                self._handles.pop(next(iter(self._handles))).close()
            handle = self._handles[file.backing] = file.backing.open("r+b")
        if op == _WRITE:
            handle.seek(offset)
            handle.write(data)
        elif op == _TRUNCATE:
            handle.truncate(offset)
        else:
            handle.seek(0, os.SEEK_END)
            if handle.tell() < offset:
                handle.truncate(offset)

    def _lay_out(self) -> None:
        """The image anew, with every file under its durable name."""
        fresh = self._image.with_name("image.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        for folder in sorted(self._folders):
            (fresh / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        laid: dict[int, Path] = {}
        for name, file in self._names.items():
            (fresh / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if id(file) in laid:
                os.link(laid[id(file)], fresh / name)
            else:
                laid[id(file)] = file.backing.rename(fresh / name)
        shutil.rmtree(self._image)
        fresh.rename(self._image)


def _folders_of(naming: _Naming) -> tuple[str, ...]:
    """The folders whose names changed; the recorded one's own is the empty string."""
    return tuple(os.path.dirname(path) for path in (naming.path, naming.other) if path)


def _records(journal: Path) -> Iterator[_Record]:
    with journal.open("rb", buffering=1 << 20) as file:
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                return  # the process died while it wrote this note
            magic, op, inode, offset, length, token, path, other = _HEAD.unpack(head)
            if magic != _MAGIC:
                raise ValueError("the journal is broken")
            rest = file.read(path + other + length)
            if len(rest) < path + other + length:
                return
            names = rest[: path + other].decode("utf-8", "surrogateescape")
            at = len(rest[:path].decode("utf-8", "surrogateescape"))
            yield _Record(op, inode, offset, token, names[:at], names[at:], rest[path + other :])


def missing() -> str | None:
    """Why nothing can be recorded here, if so."""
    if shutil.which("gcc") is None:
        return "gcc is not installed: the recorder cannot be compiled"
    return None


@cache
def compiled(folder: Path) -> Path:
    """The recorder, compiled into the folder."""
    library = folder / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    command = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotRecord(str(error)) from None
    if done.returncode:
        raise CannotRecord(done.stderr[-2000:])
    library.chmod(0o755)
    return library
