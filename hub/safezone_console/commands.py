"""The command ``safezone console``: only reads options and starts the pages."""

import json
import socket
import sys
from dataclasses import replace
from pathlib import Path

import click


@click.command("console", short_help="화면(훈련·상황실·보호자·학교) · Serve the pages")
@click.option("--hub", required=True, envvar="SAFEZONE_HUB", help="허브 주소. Address of the hub, http://…")
@click.option(
    "--control", help="트윈 제어 주소(훈련에 필요). Address of the twin's control API; drills need it."
)
@click.option("--control-token", envvar="SAFEZONE_CONTROL_TOKEN", help="제어 토큰. Token of the control API.")
@click.option(
    "--map-dir",
    envvar="SAFEZONE_MAP_DIR",
    type=click.Path(path_type=Path),
    help="지도 자료 폴더(*.pmtiles). Folder with map data.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="듣는 주소. Address to listen at.")
@click.option(
    "--port", default=0, show_default=True, help="듣는 포트, 0은 빈 포트. Port; 0 takes a free one."
)
@click.option(
    "--shared",
    is_flag=True,
    help="선생님 한 분의 컴퓨터: 누구나 모든 훈련을 진행. One teacher's machine: whoever reaches the pages steers every drill.",
)
@click.option(
    "--public-https",
    is_flag=True,
    help="https 프록시 뒤에서 운영(쿠키를 Secure로). Behind a proxy that speaks https: cookies are Secure.",
)
def console_command(
    hub: str,
    control: str | None,
    control_token: str | None,
    map_dir: Path | None,
    host: str,
    port: int,
    shared: bool,
    public_https: bool,
) -> None:
    """화면을 띄웁니다: 훈련 데스크, 상황실, 보호자, 학교. 토큰은 브라우저 쿠키에만 있습니다.

    Serve the pages: drill desk, control room, guardians, school. One JSON line on stdout says where they are.
    """
    from safezone_console.settings import Settings, address_for_others, base_address

    try:
        settings = Settings(
            hub=base_address(hub),
            control=base_address(control) if control else None,
            control_token=control_token,
            map_dir=map_dir if map_dir is not None and str(map_dir) not in ("", ".") else None,
            shared=shared,
            public_https=public_https,
        )
    except ValueError as e:
        raise click.ClickException(f"주소가 올바르지 않습니다 · bad address: {e}") from None
    if settings.map_dir is not None and not settings.map_dir.is_dir():
        raise click.ClickException(
            f"폴더가 없습니다 · no such folder: --map-dir {settings.map_dir}. Give an existing one, or none."
        )
    try:
        listening = socket.create_server((host, port), reuse_port=False, backlog=256)
    except OSError as e:
        raise click.ClickException(
            f"포트를 열 수 없습니다 · cannot listen at {host}:{port}: {e.strerror}. Try --port 0."
        ) from None

    import uvicorn

    from safezone_console.app import build_app

    port = listening.getsockname()[1]
    settings = replace(settings, others=address_for_others(host, port))
    app = build_app(settings)
    at = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    print(
        json.dumps(
            {"pages": at, "others": settings.others, "hub": settings.hub, "control": settings.control}
        ),
        flush=True,
    )
    server.run(sockets=[listening])
    sys.exit(0)
