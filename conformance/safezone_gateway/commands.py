"""``safezone gateway``: reads its file, runs until it is stopped."""

import os
import tomllib
from pathlib import Path
from typing import Any

import click

from safezone_gateway.gateway import Config, serve
from safezone_gateway.uplink import Principal


def read_config(path: Path) -> Config:
    """ClickException names the field that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise click.ClickException(f"{path}: {error}. See conformance/gateway.md") from None

    def value(table: str, name: str, default: Any = None) -> Any:
        found = content.get(table, {}).get(name, default)
        if found is None:
            raise click.ClickException(f"{path}: {table}.{name}: 없음 · missing. See conformance/gateway.md")
        return found

    zone, id_, keyid, secret = (str(value("device", n)) for n in ("zone", "id", "keyid", "secret"))
    who = Principal(zone, id_, keyid, _secret(secret, path))
    host, _, port = str(value("reader", "listen", "127.0.0.1:7010")).rpartition(":")
    interval = float(value("device", "interval_s", 60.0))
    if not 0 < interval < 600:
        raise click.ClickException(f"{path}: device.interval_s = {interval:g}: must be above 0 and below 600")
    return Config(
        who, str(value("hub", "broker")), path.parent / str(value("store", "file", "gateway.sqlite")),
        tuple(map(str, value("reader", "antennas"))), (host or "127.0.0.1", int(port)), interval,
        str(value("hub", "username", "")), _secret(str(value("hub", "password", "")), path), str(value("hub", "ca", "")),
        frozenset(map(str, value("reader", "uncounted_tags", []))),
    )  # fmt: skip


def _secret(text: str, path: Path) -> str:
    if text.startswith("env:"):
        return os.environ.get(text[4:], "")
    return (path.parent / text[5:]).read_text(encoding="utf-8").strip() if text.startswith("file:") else text


@click.command("gateway", short_help="리더기의 게이트웨이 · Gateway of a reader")
@click.option(
    "--config", "config", type=click.Path(path_type=Path), required=True, help="설정 파일 · Its file (TOML)."
)
def gateway_command(config: Path) -> None:
    """줄 규약으로 말하는 리더기를 이 규격의 허브에 잇는다.

    Joins a reader that speaks the line protocol (conformance/gateway.md) to a hub of this standard.
    """
    read = read_config(config)
    try:
        server, gateway = serve(read)
    except OSError as error:
        raise click.ClickException(f"{read.listen[0]}:{read.listen[1]}: {error}") from None
    click.echo(f"듣는 곳 · listening on {read.listen[0]}:{server.server_address[1]}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        gateway.close()


if __name__ == "__main__":
    gateway_command()
