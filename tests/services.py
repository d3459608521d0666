"""Real services for tests: each started on a free port of the loopback and ended with its block. No fixtures here."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")


class NotInstalled(Exception):
    """The service's programs are not on this machine; the message says which. Skip with it."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server. ``dsn(database)`` connects as its superuser over the unix socket."""

    sockets: Path
    port: int
    data: Path
    _ctl: list[str]

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.sockets}&port={self.port}"

    def tcp_dsn(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def stop(self, mode: str = "immediate") -> None:
        """``immediate`` is a crash: no checkpoint, recovery at the next start."""
        subprocess.run([*self._ctl, "stop", "-m", mode, "-w"], check=True, capture_output=True)

    def start(self) -> None:
        # Its output must not be a pipe: the server would inherit it and keep it open.
        log = self.data.parent / "log"
        done = subprocess.run(
            [*self._ctl, "start", "-w", "-t", "30", "-l", str(log)], stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            raise RuntimeError(
                f"expected a PostgreSQL server, but: {log.read_text(errors='replace')[-2000:]}"
            )


@contextlib.contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A fresh PostgreSQL server of its own data, durable as in production. Raises NotInstalled."""
    programs = _postgres_programs()
    as_other = _as_unprivileged()
    root = Path(tempfile.mkdtemp(prefix="safezone-pg-"))  # short: a socket's path has at most 107 bytes
    try:
        root.chmod(0o755)
        data, sockets, port = root / "data", root / "s", free_port()
        for each in (data, sockets):
            each.mkdir(mode=0o700)
            if as_other:
                shutil.chown(each, "postgres")
        if as_other:
            (root / "log").touch()
            shutil.chown(root / "log", "postgres")
        subprocess.run(
            [*as_other, str(programs / "initdb"), *INITDB, "--pgdata", str(data)],
            check=True,
            capture_output=True,
            cwd="/",
        )
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(
                f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{sockets}'\n"
                "shared_buffers = 64MB\nmax_connections = 50\nautovacuum_naptime = 5min\n"
            )
        server = PostgresServer(sockets, port, data, [*as_other, str(programs / "pg_ctl"), "-D", str(data)])
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):  # a test may have stopped it
                server.stop()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgres_programs() -> Path:
    on_path = shutil.which("pg_ctl")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    for place in [Path(on_path).resolve().parent] if on_path else found[::-1]:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    raise NotInstalled("PostgreSQL's server programs (initdb, pg_ctl) are not installed")


def _as_unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    for command in (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"],
        ["runuser", "-u", "postgres", "--"],
    ):
        if shutil.which(command[0]):
            return command
    raise NotInstalled("root can not run PostgreSQL, and there is neither setpriv nor runuser")
