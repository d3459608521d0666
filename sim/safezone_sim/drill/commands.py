"""``safezone drill``: hub, twin and pages with one command."""

import json
import os
import signal
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from safezone_sim.drill.catalogue import drills
from safezone_sim.drill.control import Control
from safezone_sim.drill.serve import FILE, ControlServer, HubKeeper, new_token
from safezone_sim.scenario import ScenarioError
from safezone_sim.twin.hubprocess import HubProcess, HubStartError

PAGES = "safezone_console"


@click.command("drill", short_help="안전 훈련 화면 · Run a safety drill in the browser")
@click.option("--school", help="학교 코드(NEIS). School to begin with.")
@click.option(
    "--port",
    type=int,
    default=8400,
    show_default=True,
    help="화면의 포트, 0이면 빈 것. Port of the pages; 0 takes a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="화면이 듣는 주소. 교실의 다른 기기도 쓰려면 0.0.0.0. Address of the pages; 0.0.0.0 lets other devices in the classroom join.",
)
@click.option("--control-port", type=int, default=0, help="제어 서비스의 포트. Port of the control service.")
@click.option("--no-browser", is_flag=True, help="브라우저를 열지 않음. Do not open the browser.")
@click.option("--no-pages", is_flag=True, help="허브와 트윈만. Hub and twin only.")
@click.option("--hub", help="쓰고 있는 허브의 주소. Use this hub instead of the bundled one.")
@click.option("--hub-token", envvar="SAFEZONE_HUB_TOKEN", help="그 허브의 관리 토큰. Its admin token.")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    default=Path("drill-state"),
    show_default=True,
    help="허브와 제어의 상태 폴더. State folder.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results/drills"),
    show_default=True,
    help="보고서 폴더. Reports go here.",
)
@click.option(
    "--map-dir",
    envvar="SAFEZONE_MAP_DIR",
    type=click.Path(path_type=Path),
    help="지도 자료 폴더. Folder with map data.",
)
@click.option("--map-source", help="다른 지도. Map to use instead, or schematic.")
@click.option(
    "--lab",
    is_flag=True,
    help="시험용: 실제 호출을 한 번 내는 호출을 엶. Opens the call that presses one real bell.",
)
def drill_command(
    school: str | None,
    port: int,
    host: str,
    control_port: int,
    no_browser: bool,
    no_pages: bool,
    hub: str | None,
    hub_token: str | None,
    state: Path,
    results: Path,
    map_dir: Path | None,
    map_source: str | None,
    lab: bool,
) -> None:
    """허브, 트윈, 훈련 화면을 시작하고 브라우저를 엽니다. 끝내려면 Ctrl-C.

    Starts hub, twin and pages, and opens the browser. Ctrl-C ends everything; reports stay.
    """
    map_dir = map_dir if map_dir is not None and str(map_dir) not in ("", ".") else None
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    try:
        drills()
        with ExitStack() as stack:
            stack.callback(click.echo, "끝났습니다 · ended")
            click.echo(
                "시작하는 중입니다. 처음에는 30초쯤 걸립니다 · starting; the first time takes some 30 s"
            )
            if hub is None:
                process = HubProcess((sys.executable, "-m", "safezone_cli", "hub"), state / "hub")
                address = process.start()
                stack.callback(process.stop)
                keeper = HubKeeper(process, lambda text: click.echo(text, err=True))
                keeper.start()
                stack.callback(keeper.stop)
                hub, hub_token = address.http, address.token
            control = Control(hub, hub_token or "", new_token(), results, map_dir, map_source, lab)
            server = ControlServer(control, port=control_port)
            server.start()
            stack.callback(server.stop)
            path = server.write(state)
            stack.callback(lambda: path.unlink(missing_ok=True))
            click.echo(f"허브 · hub      {hub}\n제어 · control  {server.url}  ({path})")
            pages = None
            if not no_pages:
                pages = subprocess.Popen(
                    pages_command(hub, server.url, port, map_dir, host), env=_environment(server), stdout=subprocess.PIPE,
                    start_new_session=True,
                )  # fmt: skip
                stack.callback(_end, pages)
                said = _ready(pages)
                here = said["pages"].replace("//0.0.0.0:", "//127.0.0.1:") + (
                    f"/drill?school={school}" if school else "/"
                )
                click.echo(f"화면 · pages    {here}")
                path.write_text(json.dumps({**json.loads(path.read_text()), "pages": here}) + "\n")
                if said["others"]:
                    click.echo(
                        f"다른 기기 · other devices  {said['others']}\n"
                        "  같은 네트워크의 기기만 열 수 있습니다. 역할은 훈련 화면의 «참가 번호»로 맡고, 진행은 훈련을 만든 브라우저만 합니다.\n"
                        "  Open to devices of this network only: a role needs the drill's join code, and only the browser that made a drill steers it."
                    )
                if not no_browser:
                    webbrowser.open(here)
            click.echo("끝내려면 Ctrl-C · Ctrl-C ends it")
            while not stopped.wait(0.5):
                if pages is not None and pages.poll() is not None:
                    raise click.ClickException(
                        f"화면이 멈췄습니다 · the pages stopped (exit {pages.returncode})"
                    )
            click.echo("기록을 저장하고 끝내는 중입니다 · saving the records and ending")
    except (HubStartError, OSError, ScenarioError) as e:
        running = _running(state)
        if running:
            raise click.ClickException(f"이미 켜져 있습니다 · already running: {running}") from e
        raise click.ClickException(f"시작할 수 없습니다 · cannot start: {e}") from e


def _running(state: Path) -> str:
    """Where the pages of another ``safezone drill`` on the same state are; empty if there is none."""
    try:
        told = json.loads((state / FILE).read_text(encoding="utf-8"))
        os.kill(int(told["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return ""
    return str(told.get("pages", told["http"]))


def _alone(host: str) -> bool:
    return host in ("127.0.0.1", "localhost", "::1")


def pages_command(
    hub: str, control: str, port: int, map_dir: Path | None, host: str = "127.0.0.1"
) -> Sequence[str]:
    """How the pages are started: a process of their own, told where hub and twin are.

    On the teacher's own machine everything is the teacher's; open to a network, a drill belongs to the browser that made it.
    """
    command = [
        sys.executable,
        "-m",
        PAGES,
        "--hub",
        hub,
        "--control",
        control,
        "--port",
        str(port),
        "--host",
        host,
        *(["--shared"] if _alone(host) else []),
    ]
    return [*command, "--map-dir", str(map_dir)] if map_dir is not None else command


def _environment(server: ControlServer) -> dict[str, str]:
    """The control token goes by the environment, which other users cannot list. The hub's admin token is not theirs."""
    env = {k: v for k, v in os.environ.items() if k != "SAFEZONE_HUB_TOKEN"}
    return {**env, "SAFEZONE_CONTROL_TOKEN": server.control.token}


def _ready(pages: subprocess.Popen[bytes]) -> dict[str, str]:
    """Waits for the line that says where the pages are."""
    assert pages.stdout is not None
    for line in pages.stdout:
        if line.startswith(b"{"):
            told: dict[str, str] = json.loads(line)
            return told
    raise click.ClickException(
        f"화면을 시작하지 못했습니다 · the pages did not start (exit {pages.wait()}). 포트를 바꿔 보십시오 · try --port 0"
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=8)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
