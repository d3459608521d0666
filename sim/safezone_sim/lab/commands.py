"""``safezone device``: one simulated device on a real broker, under the line protocol of conformance/stimulus.md."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

ROLES = ("reader", "tag", "bell", "camera", "phone")


def _pairs(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> tuple[tuple[str, str], ...] | None:
    """``name:what`` words, apart by spaces, as in an IXIT."""
    if value is None:
        return None
    found = tuple((w.partition(":")[0], w.partition(":")[2]) for w in value.split())
    if not found or any(not name or not what for name, what in found):
        raise click.BadParameter(f"{value!r}: write name:value, apart by spaces")
    return found


@click.command("device", short_help="시험대의 장치 하나 · One simulated device on a bench")
@click.option(
    "--role", type=click.Choice(ROLES), envvar="SAFEZONE_ROLE", required=True, help="장치의 역할 · Role."
)
@click.option(
    "--broker",
    envvar="SAFEZONE_BROKER",
    default="mqtt://127.0.0.1:1883",
    show_default=True,
    help="브로커 · Broker.",
)
@click.option("--zone", envvar="SAFEZONE_ZONE", required=True, help="구역 · Zone.")
@click.option("--id", "device", envvar="SAFEZONE_DEVICE", required=True, help="장치의 id · Id of the device.")
@click.option("--keyid", required=True, help="키의 이름 · Name of its key.")
@click.option("--secret", envvar="SAFEZONE_DEVICE_SECRET", required=True, help="키, base64url · Its key.")
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    help="저장 파일, 없으면 임시 · File of its memory; without, one that is new and goes away.",
)
@click.option("--heartbeat-s", type=float, help="상태 보고의 간격 · Interval of device.status.")
@click.option(
    "--antennas", callback=_pairs, help="이름:outer|inner|single, 빈칸으로 나눔 · Antennas, apart by spaces."
)
@click.option("--presets", callback=_pairs, help="이름:방위, 빈칸으로 나눔 · Presets, apart by spaces.")
@click.option("--range-m", type=float, help="안테나의 거리 · Range of its antennas.")
@click.option(
    "--no-counter", is_flag=True, help="태그에 누름 계수기가 없다 · Tags do not count their presses."
)
@click.option("--stuck-s", type=float, help="이만큼 눌리면 걸린 단추 · Held so long the button is stuck.")
@click.option("--test-every-s", type=float, help="자가 시험의 간격 · Interval of the bell's self-test.")
@click.option("--fix-moving-s", type=float, help="움직일 때 위치의 간격 · Interval of fixes when moving.")
@click.option("--fix-still-s", type=float, help="서 있을 때 위치의 간격 · Interval of fixes at rest.")
@click.option(
    "--still-after-s", type=float, help="멈춘 뒤 이만큼 지나면 서 있는 것 · At rest so long after a stop."
)
def device_command(
    role: str,
    broker: str,
    zone: str,
    device: str,
    keyid: str,
    secret: str,
    store: Path | None,
    presets: tuple[tuple[str, str], ...] | None,
    no_counter: bool,
    **more: Any,
) -> None:
    """모의 장치 하나를 실제 브로커에 붙이고, 자극 요청(conformance/stimulus.md)을 표준 입력으로 받는다.

    Connects one simulated device to a real broker; requests for stimuli come on standard input, until it ends.
    """
    from safezone_sim.devices.envelope import secret_bytes
    from safezone_sim.lab.bench import run_device
    from safezone_sim.lab.part import Setting

    given = {name: value for name, value in more.items() if value is not None}
    if presets is not None:
        given["presets"] = tuple((name, float(bearing)) for name, bearing in presets)
    with tempfile.TemporaryDirectory(prefix="safezone-device-") as folder:
        setting = Setting(
            role, zone, device, keyid, secret_bytes(secret), broker, store or Path(folder) / "store.db",
            counts=not no_counter, **given,
        )  # fmt: skip
        # Whatever prints must not come between the replies.
        with os.fdopen(os.dup(1), "w", encoding="utf-8") as replies:
            os.dup2(2, 1)
            run_device(setting, sys.stdin, replies)
