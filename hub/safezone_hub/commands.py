"""The command line of the hub: ``safezone hub serve``, and what its operator needs besides."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from safezone_hub.api.server import Tls
from safezone_hub.broker import Broker, ExternalBroker, NotLoopback
from safezone_hub.chain import Head, head, verify
from safezone_hub.channels import ChannelSettings, SettingsError, read_settings
from safezone_hub.link import Refused
from safezone_hub.logs import configure_logging
from safezone_hub.mosquitto import MosquittoFiles, Principal, mosquitto_command, principals_of
from safezone_hub.serve import build_hub, open_store
from safezone_hub.settings import settings_from
from safezone_hub.shards import Shard
from safezone_hub.store import StoreRefused, StoreUnavailable
from safezone_hub.vault import MASTER_ENV, VaultError

WATCH_S = 1.0
STATE_HELP = "기록을 두는 폴더 · Folder of the event log, the keys and everything else that must survive."

_file = click.Path(path_type=Path, exists=True, dir_okay=False)
_state = click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), required=True, help=STATE_HELP
)
_store = click.option(
    "--store", "dsn", metavar="DSN", envvar="SAFEZONE_STORE",
    help="PostgreSQL 주소 · postgresql://USER@HOST/DB instead of SQLite in --state (which still keeps the keys).",
)  # fmt: skip
_master = click.option(
    "--master-key-file",
    type=_file,
    help="마스터 키 파일 · Master key from a file, else STATE/master.key is made.",
)


@click.group("hub")
def hub_group() -> None:
    """안전구역 허브 · The reference hub."""


@hub_group.command()
@_state
@_store
@_master
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="수신 주소 · Address to listen on; with the embedded broker loopback only.",
)
@click.option(
    "--mqtt-port", default=0, help="MQTT 3.1.1 포트 · Port of the embedded broker; 0 takes a free one."
)
@click.option(
    "--mqtt5-port", default=0, help="MQTT 5 포트 · Port of the embedded broker; 0 takes a free one."
)
@click.option("--http-port", default=0, help="HTTP 포트 · Port; 0 takes a free one.")
@click.option(
    "--broker",
    "broker_url",
    metavar="URL",
    help="외부 브로커 · mqtts://USER@HOST:8883, made by `safezone hub mosquitto`; else the embedded one.",
)
@click.option("--broker-ca", type=_file, help="브로커 CA 인증서 · CA of the broker's certificate.")
@click.option(
    "--broker-cert", type=_file, help="브로커용 클라이언트 인증서 · The hub's own certificate for the broker."
)
@click.option("--broker-key", type=_file, help="그 키 · Its key.")
@click.option(
    "--broker-password-file",
    type=_file,
    help="브로커 비밀번호 파일 · File with the password of the broker's user.",
)
@click.option(
    "--broker-plain",
    is_flag=True,
    help="암호화 없는 원격 브로커 허용 · Allow mqtt:// to another machine: something else protects the way.",
)
@click.option(
    "--accounts",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="모스키토 설정 폴더 · Folder written by `safezone hub mosquitto`; its accounts follow the registry from now on.",
)
@click.option(
    "--channels",
    type=_file,
    help="문자·메일·웹훅 설정(TOML) · SMS, e-mail and webhooks; see docs/channels.md.",
)
@click.option("--tls-cert", type=_file, help="HTTPS 인증서(PEM) · Certificate for HTTPS.")
@click.option("--tls-key", type=_file, help="그 키 · Its key.")
@click.option(
    "--token-file",
    type=_file,
    help="서비스 토큰 파일 · File with the service token; else SAFEZONE_HUB_TOKEN, else STATE/token is made.",
)
@click.option(
    "--public-url",
    default="",
    metavar="URL",
    help="외부에서 보는 주소 · Where agencies reach the API: for links, and the sender of CAP messages.",
)
@click.option(
    "--hub-id", default="hub", show_default=True, help="허브 이름 · The hub's name in every message."
)
@click.option(
    "--shard",
    metavar="I/N",
    help="샤드 · Process I of N on one --store and one --broker: each has its share of the zones (docs/operations.md).",
)
@click.option(
    "--shard-url",
    metavar="URL",
    help="다른 샤드에서 보는 주소 · Where the other shards reach this one; else where it listens.",
)
@click.option(
    "--vault",
    "vault_dsn",
    metavar="DSN",
    envvar="SAFEZONE_VAULT",
    help="샤드의 키 저장소 · PostgreSQL for the shards' keys, with backups of its own; else in --store.",
)
@click.option(
    "--rules",
    "rules",
    multiple=True,
    metavar="NAME=VALUE",
    help="규칙 설정 변경(시험용) · Change a rule setting, for benchmarks: --rules debounce=off.",
)
def serve(
    state: Path, dsn: str | None, master_key_file: Path | None, host: str, mqtt_port: int, mqtt5_port: int,
    http_port: int, broker_url: str | None, broker_ca: Path | None, broker_cert: Path | None,
    broker_key: Path | None, broker_password_file: Path | None, broker_plain: bool, accounts: Path | None,
    channels: Path | None,
    tls_cert: Path | None, tls_key: Path | None, token_file: Path | None, public_url: str, hub_id: str,
    shard: str | None, shard_url: str | None, vault_dsn: str | None, rules: tuple[str, ...],
) -> None:  # fmt: skip
    """허브를 실행하고 준비되면 한 줄을 출력 · Run the hub; one JSON line on stdout says where it listens."""
    configure_logging(os.environ.get("SAFEZONE_LOG_LEVEL", "WARNING"))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    token = (
        token_file.read_text(encoding="utf-8").strip() if token_file else os.environ.get("SAFEZONE_HUB_TOKEN")
    )
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    try:
        broker: Broker | None = None
        if broker_url is not None:
            broker = ExternalBroker(
                broker_url, ca=broker_ca, certificate=broker_cert, key=broker_key,
                password_file=broker_password_file, plain=broker_plain,
            )  # fmt: skip
        hub = build_hub(
            state, host=host, mqtt_port=mqtt_port, mqtt5_port=mqtt5_port, http_port=http_port, token=token,
            hub_id=hub_id, settings=settings_from(pair for text in rules for pair in text.split(",")), store=dsn,
            broker=broker, channels=read_settings(channels) if channels is not None else ChannelSettings(),
            tls=Tls(tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None,
            master_key_file=master_key_file, public_url=public_url,
            accounts=MosquittoFiles(accounts) if accounts is not None else None,
            shard=Shard.parse(shard) if shard is not None else None, vault_dsn=vault_dsn, shard_url=shard_url,
        )  # fmt: skip
    except (
        NotLoopback,
        Refused,
        SettingsError,
        StoreRefused,
        StoreUnavailable,
        VaultError,
        ValueError,
    ) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot listen or open {state}: {error}") from None
    click.echo(json.dumps(hub.ready))
    while not stopped.wait(WATCH_S):
        # A hub that cannot judge must not go on taking messages: let whoever runs it start it anew.
        if not hub.is_running():
            hub.stop()
            raise click.ClickException(f"the hub failed and stopped: {hub.engine.failed}; start it again")
    hub.stop()


# ------------------------------------------------------------------- the records of fact


@hub_group.group()
def audit() -> None:
    """기록 사슬 · The hash chain of the event log and of the records of fact."""


@audit.command("verify")
@_state
@_store
@_master
@click.option("--zone", "zones", multiple=True, help="구역(없으면 전부) · Zone; all when none is given.")
@click.option(
    "--heads", type=_file, help="먼저 내보낸 사슬 끝 · Heads exported earlier, to hold the chain against."
)
def audit_verify(
    state: Path, dsn: str | None, master_key_file: Path | None, zones: tuple[str, ...], heads: Path | None
) -> None:
    """사슬을 처음부터 확인 · Follow the chain from its beginning; says what was changed, taken out or put in.

    Exit code 0 when it holds, 1 when it does not.
    """
    try:
        known = (
            [Head.parse(line) for line in heads.read_text(encoding="utf-8").splitlines() if line]
            if heads
            else []
        )
    except ValueError:
        raise click.ClickException(f"{heads}: not what `safezone hub audit heads` prints") from None
    store = _opened(state, dsn, master_key_file)
    broken = False
    try:
        for zone in zones or sorted(store.log_ends()):
            report = verify(store, zone, known)
            broken |= not report.ok
            verdict = "온전함 · holds" if report.ok else "깨짐 · BROKEN"
            click.echo(
                f"{zone}: {verdict}: {report.rows} rows, {report.links} links, {report.pruned} bodies destroyed by age"
            )
            for finding in report.findings:
                click.echo(f"  [{finding.what}] {finding.text}")
            if report.unnamed:
                click.echo(f"  … {report.unnamed} more")
    finally:
        store.close()
    if broken:
        raise SystemExit(1)


@audit.command("heads")
@_state
@_store
@_master
def audit_heads(state: Path, dsn: str | None, master_key_file: Path | None) -> None:
    """사슬 끝을 내보내기 · Print the heads of all chains, to be kept elsewhere and compared later."""
    store = _opened(state, dsn, master_key_file)
    try:
        for zone in sorted(store.log_ends()):
            click.echo(str(head(store, zone)))
    finally:
        store.close()


@hub_group.command("move", short_help="샤드로 옮기기 · Move a hub of one process to shards")
@_state
@_store
@_master
@click.option(
    "--to",
    "target",
    metavar="DSN",
    help="옮길 빈 PostgreSQL · Empty PostgreSQL for the rows; without it those in --store stay and only the keys move.",
)
@click.option(
    "--vault", metavar="DSN", help="열쇠를 둘 데이터베이스 · Database for the keys; else that of the rows."
)
def move_command(
    state: Path, dsn: str | None, master_key_file: Path | None, target: str | None, vault: str | None
) -> None:
    """멈춘 허브(프로세스 하나)의 기록과 열쇠를 샤드가 이어받을 수 있게 옮깁니다.

    Stop the hub first. Afterwards start the shards with the same master key and hub id, `--store` (and `--vault`) as
    given here; the old hub can not be started any more. Run it again when it was broken off.
    """
    from safezone_hub.shards.moving import move

    try:
        moved = move(
            state, dsn, target, vault, master_key_file, lambda text: click.echo(f"  {text}", err=True)
        )
    except (StoreRefused, StoreUnavailable, VaultError, OSError) as error:
        raise click.ClickException(f"옮기지 않았습니다 · not moved: {error}") from None
    click.echo(
        f"옮김 · moved: {moved.zones} zones, {moved.rows:,} rows, {moved.keys:,} keys. "
        f"마스터 키와 토큰을 샤드에도 주십시오 · Give every shard the same master key ({MASTER_ENV} or --master-key-file) "
        "and token (--token-file or SAFEZONE_HUB_TOKEN)."
    )


# ------------------------------------------------------------------- the auditor's report


@hub_group.group()
def privacy() -> None:
    """개인정보 · What the hub holds of whom, and how it fulfils the law's duties."""


@privacy.command("report")
@_state
@_store
@_master
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="결과 파일 · .html or .md"
)
@click.option("--cctv-days", type=float, help="영상 보관 일수 · How long camera images are kept, days.")
def privacy_report(
    state: Path, dsn: str | None, master_key_file: Path | None, out: Path, cctv_days: float | None
) -> None:
    """감사인용 보고서와 영향평가 초안 · Report for an auditor, with a draft impact assessment. Not legal advice."""
    from safezone_hub.privacy.gather import write_report  # it loads the whole standard

    if out.suffix not in (".html", ".md"):
        raise click.BadParameter(f"{out}: use .html or .md", param_hint="--out")
    store = _opened(state, dsn, master_key_file)
    try:
        write_report(store, out, time.time(), cctv_days)
    finally:
        store.close()
    click.echo(f"{out}")


# ------------------------------------------------------------------- brokers


def _principals(state: Path) -> Iterable[Principal]:
    """Everybody with a key, from the registry of a state folder."""
    store = _opened(state, os.environ.get("SAFEZONE_STORE"), None)
    try:
        return list(principals_of(msgspec.json.decode(body) for _, _, _, body in store.registry()))
    finally:
        store.close()


hub_group.add_command(mosquitto_command(_principals))


def _opened(state: Path, dsn: str | None, master_key_file: Path | None) -> Any:
    """The store, to be read beside a running hub or without one, or the error for people."""
    if dsn is None and not (state / "hub.sqlite").exists():
        raise click.ClickException(f"{state} 에 허브의 기록이 없습니다. No hub kept anything in {state}.")
    try:
        store, _ = open_store(state, dsn, master_key_file, read_only=True)
        return store
    except (StoreRefused, StoreUnavailable, VaultError) as error:
        raise click.ClickException(str(error)) from None
