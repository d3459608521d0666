"""Configuration, accounts and access rules of a Mosquitto that serves other machines.

Every principal of the registry has an account of its own: the username is its source, ``{zone}/{role}/{id}``,
and one pattern lets it publish its own ``up`` and read its own ``down``, nothing else. The password is made
from the principal's wire key, so that a device needs to be given only that one secret:

    password = base64url(HMAC-SHA256(wire key, "safezone/v1/mqtt-password" LF username)), no padding, 43 characters

The broker keeps a salted hash of it and never learns the wire key; who reads the broker's files can forge
no message. Salts are made from the wire key too, so that unchanged accounts give an unchanged file.

The files are written whole and put in place at once. A running Mosquitto takes accounts, access rules and
certificates anew on SIGHUP, and parts with whoever has no account any more; the rest of the configuration
needs a restart.
"""

import base64
import hashlib
import hmac
import logging
import os
import secrets
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click

from safezone_hub.broker import NotLoopback, is_loopback
from safezone_hub.codec import MESSAGE_MAX_BYTES, decode_secret
from safezone_hub.messages import TOPIC

log = logging.getLogger("safezone.hub")

HUB_USER = "hub"
PASSWORD_BYTES = 32
PACKET_MARGIN_BYTES = 16 * 1024
HASH_ROUNDS = 101
SALT_BYTES = 12

CONFIGURATION = "mosquitto.conf"
PASSWORDS = "passwords"
RULES = "access"
HUB_PASSWORD = "hub.password"
PID = "mosquitto.pid"

_PASSWORD_PURPOSE = b"safezone/v1/mqtt-password\n"
_SALT_PURPOSE = b"safezone/v1/mqtt-salt\n"


class Principal(NamedTuple):
    """One account to be: ``secret`` is the wire key as the registry has it, base64url."""

    zone: str
    role: str  # of the topic: dev, guardian, desk, peer, clock
    id: str
    secret: str

    @property
    def username(self) -> str:
        return f"{self.zone}/{self.role}/{self.id}"


@dataclass(frozen=True, slots=True)
class Gateway:
    """An account that speaks for a whole zone: a relay of many readers, or the twin in a drill.

    It moves bytes only: every message still bears its principal's own signature.
    """

    name: str
    zone: str


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate and key of the broker; with ``client_ca`` a client needs a certificate too."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the broker listens. The loopback is in clear, everything else needs ``tls``."""

    host: str = "127.0.0.1"
    port: int = 1883
    tls: Tls | None = None


def principals_of(items: Iterable[Mapping[str, Any]]) -> Iterator[Principal]:
    """The principals among registry items: whoever has a wire key."""
    for item in items:
        role = _ROLES.get(item["kind"])
        if role is not None and "key" in item:
            yield Principal(item["zone"], role, item["id"], item["key"]["secret"])
        elif item["kind"] == "drill" and "clock" in item:
            yield Principal(item["zone"], "clock", item["clock"]["id"], item["clock"]["key"]["secret"])


_ROLES = {"device": "dev", "guardian": "guardian", "desk": "desk", "peer": "peer"}


def password_of(principal: Principal) -> str:
    """What the principal shows the broker. ValueError if the secret is no base64url."""
    return _derived(principal, _PASSWORD_PURPOSE)


def password_line(username: str, password: str, salt: bytes | None = None) -> str:
    """A line as mosquitto_passwd writes it: PBKDF2 with SHA-512, ``$7$rounds$salt$hash``.

    The passwords are 256 random bits, so the rounds defend nothing; they are Mosquitto's own default, since it
    hashes at every connection on its only thread.
    """
    if salt is None:
        salt = secrets.token_bytes(SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{username}:$7${HASH_ROUNDS}${'$'.join(encoded)}"


def _derived(principal: Principal, purpose: bytes) -> str:
    digest = hmac.digest(decode_secret(principal.secret), purpose + principal.username.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


# ------------------------------------------------------------------- the files


class MosquittoFiles:
    """The folder that a Mosquitto reads. Made once, then kept in step with the registry by ``update``.

    ``group`` may read the files, for a Mosquitto that runs under its own name; otherwise only their owner.
    """

    def __init__(self, folder: Path, *, group: str | None = None, gateways: Sequence[Gateway] = ()) -> None:
        self.folder, self._group, self._gateways = folder, group, tuple(gateways)
        self._lines: dict[Principal, str] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)

    def write_configuration(
        self,
        listeners: Sequence[Listener],
        *,
        user: str | None = None,
        one_connection_each: bool = True,
    ) -> None:
        """mosquitto.conf and the access rules. NotLoopback for a listener that others could reach without TLS.

        With ``one_connection_each`` the username is the client id, so that nobody can push another off by taking
        its client id; a second connection of the same principal then ends its first.
        """
        for listener in listeners:
            if listener.tls is None and not is_loopback(listener.host):
                raise NotLoopback(
                    f"{listener.host}:{listener.port} without TLS would carry passwords and children's positions "
                    "in clear; give a certificate and a key (--tls-certificate, --tls-key)"
                )
        data = self.folder / "data"
        data.mkdir(exist_ok=True, mode=0o770)
        self._give_to_group(data)
        text = _configuration(self.folder.resolve(), listeners, user, one_connection_each)
        self._put(CONFIGURATION, text)
        self._put(RULES, _rules(self._gateways))

    def update(self, principals: Iterable[Principal]) -> bool:
        """Write the accounts anew; whether that changed anything. ValueError for a principal of no valid name."""
        lines = [password_line(HUB_USER, self.hub_password(), _stable_salt(self.hub_password()))]
        for gateway in self._gateways:
            password = self.gateway_password(gateway)
            lines.append(password_line(gateway.name, password, _stable_salt(password)))
        kept: dict[Principal, str] = {}
        for principal in principals:
            kept[principal] = self._lines.get(principal) or _principal_line(principal)
        self._lines = kept
        lines += (kept[principal] for principal in sorted(kept))
        return self._put(PASSWORDS, "\n".join(lines) + "\n")

    def hub_password(self) -> str:
        """The hub's own password, made at first."""
        return self._own_password(HUB_PASSWORD)

    def gateway_password(self, gateway: Gateway) -> str:
        return self._own_password(f"{gateway.name}.password")

    def reload(self) -> bool:
        """Have the running Mosquitto read its files again. False when none runs by this folder's pid file."""
        pid = running_pid(self.folder / PID)
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGHUP)
        except ProcessLookupError:
            return False
        return True

    def _own_password(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            self._put(name, secrets.token_urlsafe(PASSWORD_BYTES) + "\n", shared=False)
        return path.read_text(encoding="utf-8").strip()

    def _put(self, name: str, text: str, *, shared: bool = True) -> bool:
        """Replace a file whole; False when it said that already."""
        path = self.folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return False
        fresh = path.with_name(f".{name}.new")
        fresh.unlink(missing_ok=True)
        mode = 0o640 if shared and self._group else 0o600
        with os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if shared:
            self._give_to_group(fresh)
        fresh.replace(path)
        return True

    def _give_to_group(self, path: Path) -> None:
        if self._group is not None:
            shutil.chown(path, group=self._group)


class AccountKeeper:
    """Keeps the accounts of a running Mosquitto in step with a running hub's registry, on a thread of its own.

    ``principals`` is called on that thread. Changes that come close together make one update.
    """

    def __init__(
        self, files: MosquittoFiles, principals: Callable[[], Iterable[Principal]], *, gather_s: float = 1.0
    ) -> None:
        self._files, self._principals, self._gather_s = files, principals, gather_s
        self._changed, self._stopping = threading.Event(), threading.Event()
        self.problem: str | None = None  # why the accounts are not in step
        self._thread = threading.Thread(target=self._run, name="accounts", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """The registry has other principals, or other keys. From any thread."""
        self._changed.set()

    def stop(self) -> None:
        self._stopping.set()
        self._changed.set()
        self._thread.join(timeout=10.0)

    def _run(self) -> None:
        while True:
            self._changed.wait()
            if self._stopping.wait(self._gather_s):
                return
            self._changed.clear()
            try:
                if self._files.update(self._principals()) and not self._files.reload():
                    log.warning("accounts written, but no Mosquitto runs by %s", self._files.folder / PID)
                self.problem = None
            except Exception as error:
                self.problem = str(error) or type(error).__name__
                log.error("accounts of the broker not written: %s; trying again", self.problem)
                self._changed.set()


def running_pid(pid_file: Path) -> int | None:
    """The Mosquitto that wrote the file, if it still runs: a number may have gone to another process since."""
    try:
        pid = int(pid_file.read_text(encoding="ascii").strip())
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return pid if name == "mosquitto" else None


def _principal_line(principal: Principal) -> str:
    if not _is_source(principal.username):
        raise ValueError(f"no name for an account: {principal.username}")
    salt = base64.urlsafe_b64decode(_derived(principal, _SALT_PURPOSE) + "=")[:SALT_BYTES]
    return password_line(principal.username, password_of(principal), salt)


def _is_source(username: str) -> bool:
    return TOPIC.fullmatch(f"safezone/v1/{username}/up") is not None


def _stable_salt(password: str) -> bytes:
    return hmac.digest(password.encode(), _SALT_PURPOSE, "sha256")[:SALT_BYTES]


def _rules(gateways: Sequence[Gateway]) -> str:
    """One pattern for all principals. Mosquitto refuses a pattern to a username with + or # in it."""
    text = f"""# Written by «safezone hub mosquitto».
user {HUB_USER}
topic read safezone/v1/+/+/+/up
topic write safezone/v1/+/+/+/down
"""
    for gateway in gateways:
        text += f"""
user {gateway.name}
topic write safezone/v1/{gateway.zone}/+/+/up
topic read safezone/v1/{gateway.zone}/+/+/down
"""
    return f"""{text}
# Everyone else: the username is {{zone}}/{{role}}/{{id}}.
pattern write safezone/v1/%u/up
pattern read safezone/v1/%u/down
"""


def _configuration(
    folder: Path, listeners: Sequence[Listener], user: str | None, one_connection_each: bool
) -> str:
    lines = [
        "# Written by «safezone hub mosquitto»; written anew by it: settings of your own go into another file.",
        *([f"user {user}"] if user else []),
        f"pid_file {folder / PID}",
        "",
        "allow_anonymous false",
        f"password_file {folder / PASSWORDS}",
        f"acl_file {folder / RULES}",
        "",
        "# Sessions survive kill -9 but for the last second; receipts and outbox cover that second.",
        "persistence true",
        f"persistence_location {folder / 'data'}/",
        "autosave_interval 1",
        "persistent_client_expiration 14d",
        "",
        "# The defaults drop acknowledged QoS 1 messages without a word when a receiver falls behind.",
        "max_inflight_messages 0",
        "max_queued_messages 100000",
        "# A little over the standard's limit: the hub sees and counts what is somewhat too large.",
        f"max_packet_size {MESSAGE_MAX_BYTES + PACKET_MARGIN_BYTES}",
        "# Nothing here is retained; a receipt must not wait 40 ms for another packet.",
        "retain_available false",
        "set_tcp_nodelay true",
        "",
        "# Client ids name people's principals: not into the log.",
        "connection_messages false",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]
    for listener in listeners:
        lines += ["", f"listener {listener.port} {listener.host}"]
        if one_connection_each:
            lines.append("use_username_as_clientid true")
        if listener.tls is not None:
            lines += [
                f"certfile {listener.tls.certificate.resolve()}",
                f"keyfile {listener.tls.key.resolve()}",
            ]
            if listener.tls.client_ca is not None:
                lines += [f"cafile {listener.tls.client_ca.resolve()}", "require_certificate true"]
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------- the command


def mosquitto_command(principals: Callable[[Path], Iterable[Principal]]) -> click.Command:
    """The command ``mosquitto``; ``principals`` reads them from a state folder, and may raise OSError or ValueError."""

    @click.command("mosquitto")
    @click.option(
        "--state",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        required=True,
        help="허브의 기록 폴더 · The hub's state folder, for its registry.",
    )
    @click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        required=True,
        help="설정을 쓸 폴더 · Folder to write; it holds secrets.",
    )
    @click.option(
        "--host", default="0.0.0.0", show_default=True, help="TLS 수신 주소 · Address of the TLS listener."
    )
    @click.option("--port", default=8883, show_default=True, help="TLS 포트 · Port of the TLS listener.")
    @click.option(
        "--local-port",
        default=1883,
        show_default=True,
        help="루프백 포트(0: 없음) · Port in clear on the loopback; 0: none.",
    )
    @click.option("--tls-certificate", type=_FILE, help="서버 인증서(PEM) · The broker's certificate chain.")
    @click.option("--tls-key", type=_FILE, help="서버 개인 키(PEM) · Its key.")
    @click.option(
        "--tls-client-ca",
        type=_FILE,
        help="클라이언트 인증서 발급자 · Ask clients for a certificate of this CA too.",
    )
    @click.option("--user", help="모스키토 실행 계정 · Account Mosquitto changes to when started as root.")
    @click.option("--group", help="파일을 읽을 그룹 · Group that may read the files, such as mosquitto.")
    @click.option(
        "--gateway",
        "gateways",
        multiple=True,
        metavar="NAME:ZONE",
        help="구역 전체를 중계하는 계정 · An account that relays for a whole zone; its password goes to NAME.password.",
    )
    @click.option(
        "--many-connections",
        is_flag=True,
        help="한 주체의 여러 연결 허용 · Let a principal hold several connections (see docs/operations.md).",
    )
    def mosquitto(
        state: Path,
        out: Path,
        host: str,
        port: int,
        local_port: int,
        tls_certificate: Path | None,
        tls_key: Path | None,
        tls_client_ca: Path | None,
        user: str | None,
        group: str | None,
        gateways: tuple[str, ...],
        many_connections: bool,
    ) -> None:
        """모스키토 설정·계정·접근 규칙을 쓴다 · Write a Mosquitto's configuration, accounts and access rules."""
        if (tls_certificate is None) != (tls_key is None):
            raise click.UsageError("--tls-certificate and --tls-key go together")
        tls = Tls(tls_certificate, tls_key, tls_client_ca) if tls_certificate and tls_key else None
        listeners = [Listener(host, port, tls)] if tls else []
        if local_port:
            listeners.append(Listener("127.0.0.1", local_port))
        if not listeners:
            raise click.UsageError(
                "nothing to listen on: give --tls-certificate and --tls-key, or a --local-port"
            )
        try:
            files = MosquittoFiles(out, group=group, gateways=[_gateway(text) for text in gateways])
            files.write_configuration(listeners, user=user, one_connection_each=not many_connections)
            changed = files.update(principals(state))
            told = files.reload() if changed else False
        except (NotLoopback, ValueError, LookupError, OSError) as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"mosquitto -c {out / CONFIGURATION}")
        scheme = f"mqtts://{HUB_USER}@HOST:{port}" if tls else f"mqtt://{HUB_USER}@127.0.0.1:{local_port}"
        click.echo(f"safezone hub serve --broker {scheme} --broker-password-file {out / HUB_PASSWORD}")
        if told:
            click.echo(
                "실행 중인 모스키토가 계정을 다시 읽었다 · the running Mosquitto has read its accounts anew"
            )

    return mosquitto


_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _gateway(text: str) -> Gateway:
    name, _, zone = text.partition(":")
    if name == HUB_USER or not _is_source(f"{zone}/dev/{name}"):
        raise ValueError(f"--gateway {text}: write NAME:ZONE, the name not {HUB_USER}")
    return Gateway(name, zone)
