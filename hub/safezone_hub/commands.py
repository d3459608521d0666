"""The command line of the hub: ``safezone hub serve``."""

import json
import logging
import os
import signal
import threading
from pathlib import Path

import click

from safezone_hub.broker import NotLoopback
from safezone_hub.serve import build_hub
from safezone_hub.settings import settings_from

WATCH_S = 1.0


@click.group("hub")
def hub_group() -> None:
    """안전구역 허브 · The reference hub."""


@hub_group.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="기록을 두는 폴더 · Folder of the event log and everything else that must survive.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="수신 주소(루프백만) · Address, loopback only."
)
@click.option("--mqtt-port", default=0, help="MQTT 3.1.1 포트 · Port; 0 takes a free one.")
@click.option("--mqtt5-port", default=0, help="MQTT 5 포트 · Port; 0 takes a free one.")
@click.option("--http-port", default=0, help="HTTP 포트 · Port; 0 takes a free one.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="서비스 토큰 파일 · File with the service token; else SAFEZONE_HUB_TOKEN, else STATE/token is made.",
)
@click.option(
    "--hub-id", default="hub", show_default=True, help="허브 이름 · The hub's name in every message."
)
@click.option(
    "--rules",
    "rules",
    multiple=True,
    metavar="NAME=VALUE",
    help="규칙 설정 변경(시험용) · Change a rule setting, for benchmarks: --rules debounce=off.",
)
def serve(
    state: Path,
    host: str,
    mqtt_port: int,
    mqtt5_port: int,
    http_port: int,
    token_file: Path | None,
    hub_id: str,
    rules: tuple[str, ...],
) -> None:
    """허브를 실행하고 준비되면 한 줄을 출력 · Run the hub; one JSON line on stdout says where it listens."""
    logging.basicConfig(level=os.environ.get("SAFEZONE_LOG_LEVEL", "WARNING"))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    token = (
        token_file.read_text(encoding="utf-8").strip() if token_file else os.environ.get("SAFEZONE_HUB_TOKEN")
    )
    try:
        settings = settings_from(pair for text in rules for pair in text.split(","))
        hub = build_hub(
            state,
            host=host,
            mqtt_port=mqtt_port,
            mqtt5_port=mqtt5_port,
            http_port=http_port,
            token=token,
            hub_id=hub_id,
            settings=settings,
        )
    except (NotLoopback, ValueError) as error:
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
