"""Real servers for the proofs, on the loopback: Mosquitto, PostgreSQL, a bare embedded broker.

Each lives in a folder of its own and is ended by its process id. ``missing()`` says why one cannot
run here, so that a test can skip with the reason.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from hubproc import children_of, free_port

_USER = "postgres"
INITDB = ("--no-sync", "--auth=trust", "--username=safezone", "--encoding=UTF8", "--locale=C.UTF-8")


class ServerFailed(RuntimeError):
    """A server did not come up."""


class Mosquitto:
    """Open to anybody on the loopback; keeps sessions over its own restart."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def missing() -> str | None:
        return None if _mosquitto() else "mosquitto is not installed"

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        return [self._process.pid] if self._process is not None else []

    def start(self) -> None:
        config = self.folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
            "max_queued_messages 0\nmax_queued_bytes 0\nmax_inflight_messages 200\n"
            f"persistence true\npersistence_location {self.folder}/\nautosave_interval 5\n"
            + ("user root\n" if os.getuid() == 0 else "")
        )
        program = _mosquitto()
        assert program is not None
        self._process = subprocess.Popen(
            [program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_port(self.port, self._process)

    def kill(self) -> None:
        _end(self._process, signal.SIGKILL)
        self._process = None

    def close(self) -> None:
        _end(self._process, signal.SIGTERM)
        self._process = None


class BareBroker:
    """The hub's embedded broker without the hub."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        from safezone_hub.broker import EmbeddedBroker

        self._broker = EmbeddedBroker(folder, "127.0.0.1")
        self.port = self._broker.port

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        return [self._broker._process.pid]

    def start(self) -> None:
        """It runs from its construction on."""

    def close(self) -> None:
        self._broker.stop()


class Postgres:
    """A cluster of its own. ``preload`` is put into the server's environment, for the disk's recorder."""

    def __init__(
        self, folder: Path, preload: Mapping[str, str] | None = None, *, data: Path | None = None
    ) -> None:
        self.folder, self.data, self.port = folder, data or folder / "data", free_port()
        self.preload = dict(preload or {})
        self.owner: tuple[int, int] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, str | int] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root; its own user must be able to come this far.
            entry = pwd.getpwnam(_USER)
            self.owner = (entry.pw_uid, entry.pw_gid)
            self._as = {"user": entry.pw_uid, "group": entry.pw_gid}
            os.chown(folder, *self.owner)
            for parent in (*folder.parents, *self.data.parents):
                if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o011)
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            if self.owner is not None:
                os.chown(self.data, *self.owner)
            _run([_postgres("initdb"), *INITDB, "-D", self.data], **self._as)

    @staticmethod
    def missing() -> str | None:
        if _postgres("postgres") is None:
            return "PostgreSQL is not installed"
        if os.getuid() == 0:
            try:
                pwd.getpwnam(_USER)
            except KeyError:
                return f"PostgreSQL cannot run as root, and there is no user {_USER}"
        return None

    @property
    def dsn(self) -> str:
        return f"postgresql://safezone@127.0.0.1:{self.port}/safezone"

    @property
    def pids(self) -> list[int]:
        return [] if self._process is None else [self._process.pid, *children_of(self._process.pid)]

    def start(self) -> None:
        log = (self.folder / "postgres.log").open("ab")
        command = [
            _postgres("postgres"), "-D", self.data, "-p", str(self.port), "-h", "127.0.0.1", "-k", self.folder,
        ]  # fmt: skip
        with log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdout=log,
                stderr=log,
                env={**os.environ, **self.preload},
                cwd=self.folder,
                **self._as,  # type: ignore[arg-type]
            )
        deadline = time.monotonic() + 30
        while True:
            if self._process.poll() is not None:
                raise ServerFailed((self.folder / "postgres.log").read_text(errors="replace")[-2000:])
            if self._asks("template1", "SELECT 1"):
                break
            if time.monotonic() > deadline:
                raise ServerFailed("PostgreSQL does not answer")
            time.sleep(0.05)
        if not self._asks("safezone", "SELECT 1"):
            self._asks("template1", "CREATE DATABASE safezone")

    def stop(self, mode: str = "fast") -> None:
        """``fast`` cleanly, ``immediate`` as if the server had crashed."""
        _end(self._process, signal.SIGINT if mode == "fast" else signal.SIGQUIT)
        self._process = None

    def kill(self) -> None:
        """kill -9 of every process of this server at once."""
        pids = self.pids
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(10)
        self._process = None
        deadline = time.monotonic() + 5
        while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.01)
        # What a reboot would have removed.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def close(self) -> None:
        self.stop("immediate")

    def _asks(self, database: str, sql: str) -> bool:
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "safezone", "-d", database]
        command = [str(_postgres("psql")), *address, "-tAc", sql]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def wait_for_port(port: int, process: "subprocess.Popen[bytes] | None" = None, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process is not None and process.poll() is not None:
                break
            time.sleep(0.02)
    raise ServerFailed(f"nobody listens on port {port}")


def _mosquitto() -> str | None:
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _postgres(program: str) -> str | None:
    found = shutil.which(program)
    if found is None:
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        found = next((str(f / program) for f in folders if (f / program).exists()), None)
    return found


def _run(command: list[object], **more: object) -> None:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload]
    if done.returncode:
        raise ServerFailed(f"{command[0]}: {done.stderr[-1000:]}")


def _end(process: "subprocess.Popen[bytes] | None", number: signal.Signals) -> None:
    if process is None:
        return
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
