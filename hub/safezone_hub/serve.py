"""Wiring: store, broker, engine, link, courier and HTTP into one running hub. No behaviour of its own."""

import hmac
import logging
import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safezone_hub import requests
from safezone_hub.api import About, build_api
from safezone_hub.api.server import HttpServer, Tls
from safezone_hub.broker import Broker, EmbeddedBroker, check_loopback, connect
from safezone_hub.channels import ChannelSettings, Courier, Job, Report, Sent
from safezone_hub.clock import Clock, WallClock
from safezone_hub.deliveries import Delivery
from safezone_hub.engine import Engine
from safezone_hub.housekeeping import Housekeeping
from safezone_hub.link import MqttLink
from safezone_hub.mosquitto import AccountKeeper, MosquittoFiles, Principal, principals_of
from safezone_hub.settings import RuleSettings
from safezone_hub.shards import Front, Shard, ShardKeeper, ShardLedger
from safezone_hub.shards.ledger import FENCE
from safezone_hub.store import SqliteStore, Store
from safezone_hub.store.sealed import SealedStore
from safezone_hub.vault import KEYS_FILE, Vault, master_key

log = logging.getLogger("safezone.hub")


@dataclass
class Hub:
    """A running hub. ``ready`` is what the ready line says."""

    engine: Engine
    broker: Broker
    link: MqttLink
    store: Store
    courier: Courier
    token: str
    http: HttpServer
    housekeeping: Housekeeping
    _closing: list[Any] = field(default_factory=list)
    _keepers: list[AccountKeeper] = field(default_factory=list)
    shards: ShardKeeper | None = None

    @property
    def http_port(self) -> int:
        return self.http.port

    @property
    def ready(self) -> dict[str, str]:
        line = {"mqtt": self.broker.url}
        if self.broker.port5 is not None:
            line["mqtt5"] = f"mqtt://{self.broker.host}:{self.broker.port5}"
        return line | {"http": self.http.url}

    def is_running(self) -> bool:
        """Whether the engine works. A broker that is away, or a store, is waited for."""
        return self.engine.is_running()

    def stop(self) -> None:
        """Take nothing more, finish what is begun, let go of ports and files."""
        self.http.stop()
        self.housekeeping.stop()
        for keeper in self._keepers:
            keeper.stop()
        if self.shards is not None:
            self.shards.stop()
        self.engine.stop()
        self.courier.close(2.0)
        self.link.close()
        self.broker.stop()
        self.store.close()
        for each in self._closing:
            each.close()


def open_store(
    state: Path, dsn: str | None = None, master_key_file: Path | None = None, *, read_only: bool = False
) -> tuple[SealedStore, Vault]:
    """The sealed store of a state folder, in SQLite there or in PostgreSQL, and its vault.

    ``read_only`` looks beside a hub that writes. Raises StoreRefused, VaultError or StoreUnavailable, each with its remedy.
    """
    if not read_only:
        state.mkdir(parents=True, exist_ok=True)
    vault = Vault(state / KEYS_FILE, master_key(state, master_key_file), read_only=read_only)
    if dsn is None:
        return SealedStore(SqliteStore(state / "hub.sqlite", read_only=read_only), vault), vault
    from safezone_hub.store.postgres import PostgresStore  # only where it is used: it loads libpq

    return SealedStore(PostgresStore(dsn, read_only=read_only), vault), vault


def build_hub(
    state: Path,
    *,
    host: str = "127.0.0.1",
    mqtt_port: int = 0,
    mqtt5_port: int = 0,
    http_port: int = 0,
    token: str | None = None,
    hub_id: str = "hub",
    settings: RuleSettings | None = None,
    clock: Clock | None = None,
    store: Store | str | None = None,
    broker: Broker | None = None,
    channels: ChannelSettings | None = None,
    tls: Tls | None = None,
    master_key_file: Path | None = None,
    public_url: str = "",
    accounts: MosquittoFiles | None = None,
    shard: Shard | None = None,
    vault_dsn: str | None = None,
    shard_url: str | None = None,
) -> Hub:
    """Start every part in order; port 0 takes a free one.

    ``accounts``: a Mosquitto's files, kept in step with the registry. ``store``: a PostgreSQL DSN, or an opened store; otherwise SQLite in ``state``. ``broker``: an external one,
    otherwise the embedded. ``shard``: this process has only its share of the zones; then ``store`` is a DSN, the broker
    external, keys stand in ``vault_dsn`` (else in the store), and other shards reach this one at ``shard_url``.
    Raises NotLoopback, OSError, StoreRefused, VaultError, or ValueError for what does not fit together.
    """
    if shard is not None and (not isinstance(store, str) or broker is None):
        raise ValueError(
            "--shard 에는 --store 와 --broker 가 필요합니다. Shards share one PostgreSQL and one broker: "
            "give --store postgresql://… and --broker mqtt[s]://…"
        )
    if shard is not None and accounts is not None:
        raise ValueError(
            "--accounts needs the whole registry: run it beside a hub of one process, not with --shard"
        )
    if broker is None:
        host = check_loopback(host)
    # The engine and the network threads hand over to each other all the time.
    sys.setswitchinterval(0.0005)
    state.mkdir(parents=True, exist_ok=True)
    clock, closing, pepper = clock or WallClock(), [], None
    keepers: list[AccountKeeper] = []
    if store is None or isinstance(store, str):
        # School codes and pins hang on the master key, not on a token that may be changed.
        pepper = hmac.digest(master_key(state, master_key_file), b"safezone: enrolment", "sha256")
        dsn = store
        if shard is not None and dsn is not None:
            store, vault, shard_token = _open_share(
                dsn, vault_dsn or dsn, master_key(state, master_key_file), shard
            )
        else:
            store, vault = open_store(state, store, master_key_file)
        closing.append(vault)
    engine = Engine(store, clock, settings or RuleSettings(), hub_id, one_by_one=shard is not None)
    token = token or _stored_token(state)
    broker = broker or EmbeddedBroker(state, host, mqtt_port, mqtt5_port)
    name = f"hub-{hub_id}" if shard is None else f"hub-{hub_id}-{shard.n}"
    link = connect(broker, name, engine.submit, engine.reconnected, by_zone=shard is not None)
    shards: ShardKeeper | None = None
    if shard is not None and dsn is not None:
        shards = ShardKeeper(dsn, shard, shard_token, engine, link, clock)
    courier = Courier(channels or ChannelSettings(), _reporter(engine, clock))
    housekeeping = Housekeeping(engine, clock)

    def checks() -> dict[str, str]:
        return {
            "engine": "ok" if engine.is_running() else f"stopped: {engine.failed}",
            "store": engine.store_error or "ok",
            **({"shards": shards.health()} if shards is not None else {}),
            **({"accounts": keepers[0].problem or "ok"} if keepers else {}),
            "broker": broker.health() if broker.health() != "ok" else link.health(),
            **{
                f"channel_{name}": text for name, text in courier.health().items() if text != "not configured"
            },
        }

    about = About(hub_id, broker.host, broker.port)
    app = build_api(engine, clock, token, about, checks, courier=courier, pepper=pepper)
    book = app.state.services.book
    http = HttpServer(app if shards is None else Front(app, shards, book, token), host, http_port, tls)
    engine.zones.public_url = public_url or http.url
    waiting = [d for d in engine.zones.deliveries.open.values() if d.state == "sent" and d.channel == "sms"]
    courier.expect(Sent(d.id, d.provider_id, d.tries) for d in waiting)
    if accounts is not None:

        def principals() -> list[Principal]:
            return engine.ask(lambda zones, _: list(principals_of(zones.registry.bodies.of()))).result()

        keeper = AccountKeeper(accounts, principals)
        engine.on_registry = keeper.changed
        keepers.append(keeper)
    courier.start()

    def carry(deliveries: list[Delivery]) -> None:
        courier.send([_job(delivery) for delivery in deliveries])

    engine.start(link, carry)
    housekeeping.start()
    http.start()
    if shards is not None:
        shards.start(shard_url or http.url, book)
    return Hub(engine, broker, link, store, courier, token, http, housekeeping, closing, keepers, shards)


def _open_share(dsn: str, vault_dsn: str, master: bytes, shard: Shard) -> tuple[SealedStore, Vault, int]:
    """Store and vault that other shards have open too, and this process's fencing token."""
    from safezone_hub.shards.vault import SharedVault
    from safezone_hub.store.postgres import PostgresStore

    vault = SharedVault(vault_dsn, master)
    inner = PostgresStore(dsn, shared=True)
    ledger = ShardLedger(dsn)
    try:
        ledger.prepare()
        token = ledger.join(shard.n, shard.of)
    finally:
        ledger.close()
    inner.database.fence = (FENCE, token)
    return SealedStore(inner, vault), vault, token


def _job(delivery: Delivery) -> Job:
    return Job(
        delivery.id, delivery.notice, delivery.channel, delivery.address, delivery.secret, delivery.language,
        delivery.subject, delivery.text, delivery.body, delivery.content_type, delivery.urgent, delivery.tries,
        delivery.made_at if delivery.exercise is None else 0.0,  # a drill is dated by its own clock
    )  # fmt: skip


def _reporter(engine: Engine, clock: Clock) -> Any:
    """What the courier finds out goes to the engine, which stores it."""

    def report(reports: list[Report]) -> None:
        wall = clock.now()
        engine.ask(lambda zones, work: requests.delivery_reports(zones, work, reports, wall))

    return report


def _stored_token(state: Path) -> str:
    """The token of an earlier start, or a new one, readable by its owner only."""
    path = state / "token"
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    token = secrets.token_urlsafe(32)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token + "\n")
    return token
