"""The command ``safezone capacity``: how much a hub carries, where it breaks, and how it comes back."""

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from safezone_sim.capacity.gauges import family
from safezone_sim.capacity.local import LocalHub, LocalHubError, described
from safezone_sim.capacity.recording import Recording, RecordingError, read_recording
from safezone_sim.capacity.report import write_report
from safezone_sim.capacity.run import CapacityRun, Terms, write_result
from safezone_sim.capacity.spread import SpreadError, spread
from safezone_sim.capacity.target import Target
from safezone_sim.twin.hubapi import HubApi, HubError

_PROFILE = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)\Z")
HUB_COMMAND = (sys.executable, "-m", "safezone_cli", "hub")


def _profile(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[float, float]:
    found = _PROFILE.match(value)
    if found is None:
        raise click.BadParameter(f"{value!r}: write HH:MM-HH:MM, e.g. 08:20-08:50")
    a, b, c, d = map(int, found.groups())
    start, end = a * 3600.0 + b * 60, c * 3600.0 + d * 60
    if end <= start:
        raise click.BadParameter(f"{value!r}: the end is not after the start")
    return start, end


def _numbers(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in value.split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r}: write numbers with commas, e.g. 1,3,10") from None
    if any(number <= 0 for number in found):
        raise click.BadParameter(f"{value!r}: every number must be above 0")
    return found


def _watched(_ctx: click.Context, _param: click.Parameter, value: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for text in value:
        name, _, pids = text.partition("=")
        try:
            found[name] = [int(pid) for pid in pids.split(",")]
        except ValueError:
            raise click.BadParameter(f"{text!r}: write NAME=PID or NAME=PID,PID") from None
    return found


@click.command("capacity", short_help="허브 용량 측정 · Measure how much a hub carries")
@click.option(
    "--hub",
    "hub_url",
    metavar="URL",
    help="시험할 허브의 MQTT · mqtt[s]://[USER:PASSWORD@]HOST:PORT of the hub under test; without it the bundled hub is started.",
)
@click.option(
    "--hub-ca",
    type=click.Path(exists=True, dir_okay=False),
    help="브로커 CA 인증서 · CA of the broker's certificate.",
)
@click.option(
    "--api",
    "api_url",
    metavar="URL",
    help="그 허브의 HTTP API · The hub's HTTP interface; needed with --hub.",
)
@click.option(
    "--token", envvar="SAFEZONE_HUB_TOKEN", help="등록 권한이 있는 토큰 · A token that may register zones."
)
@click.option(
    "--messages",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="재생할 하루(결과 폴더) · Results folder of the day to replay, of `safezone run`; without it the pilot's day is made first.",
)
@click.option(
    "--profile",
    default="08:20-08:50",
    show_default=True,
    callback=_profile,
    help="재생할 시간대 · The stretch of the day; steps take its busiest seconds.",
)
@click.option(
    "--scale",
    "scales",
    default="1,3,10",
    show_default=True,
    callback=_numbers,
    help="아동 수 배율 · Multiples of the recorded children to begin with. More children, not the same child faster.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/capacity"),
    show_default=True,
    help="결과 폴더 · Folder for capacity.json and report.html.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(2, 3600),
    default=30.0,
    show_default=True,
    help="단계 길이(초) · Length of a step.",
)
@click.option(
    "--emergencies",
    type=click.FloatRange(0, 1000),
    default=5.0,
    show_default=True,
    help="초당 긴급호출 추가 · Emergency calls a second added to the morning's own.",
)
@click.option(
    "--children-max",
    type=click.IntRange(1),
    default=20_000,
    show_default=True,
    help="등록할 최대 아동 수 · Register at most so many children; beyond, the morning runs faster, and the report says so.",
)
@click.option(
    "--rate-max",
    type=click.FloatRange(1),
    default=20_000.0,
    show_default=True,
    help="최대 초당 메시지 · Try no higher rate, messages a second.",
)
@click.option(
    "--refine",
    type=click.IntRange(0, 8),
    default=3,
    show_default=True,
    help="이분 횟수 · How often to halve the gap around the knee.",
)
@click.option(
    "--beyond",
    default="3,10",
    show_default=True,
    callback=_numbers,
    help="한계 초과 배율 · Multiples of the knee to overload with.",
)
@click.option(
    "--beyond-seconds",
    type=click.FloatRange(2, 600),
    default=15.0,
    show_default=True,
    help="과부하 시간(초) · How long.",
)
@click.option(
    "--recover-seconds",
    type=click.FloatRange(5, 3600),
    default=60.0,
    show_default=True,
    help="회복 관찰(초) · How long its recovery is watched, at half the knee.",
)
@click.option(
    "--drain",
    type=click.FloatRange(1, 600),
    default=20.0,
    show_default=True,
    help="마지막 응답 대기(초) · Wait so long for the last answers.",
)
@click.option(
    "--generators",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="부하 생성 프로세스 수 · Generator processes on this machine.",
)
@click.option(
    "--scheduler",
    metavar="URL",
    help="Dask 스케줄러 · tcp://…: one generator on each worker of a Dask cluster.",
)
@click.option(
    "--watch",
    multiple=True,
    callback=_watched,
    metavar="NAME=PID",
    help="자원을 잴 프로세스 · Also take CPU and memory of these local processes, e.g. broker=123, database=456.",
)
@click.option(
    "--store", metavar="DSN", help="내장 허브의 PostgreSQL · Store of the bundled hub; else SQLite."
)
@click.option(
    "--broker", metavar="URL", help="내장 허브의 브로커 · Broker of the bundled hub; else the embedded one."
)
@click.option(
    "--shards",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="내장 허브 샤드 수 · Shards of the bundled hub; needs --store and --broker.",
)
@click.option("--hub-option", multiple=True, help="내장 허브에 넘길 옵션 · Passed to `safezone hub serve`.")
@click.option(
    "--map-dir",
    envvar="SAFEZONE_MAP_DIR",
    type=click.Path(path_type=Path),
    help="지도 자료 폴더 · Map data, for the pilot's day.",
)
def capacity_command(
    hub_url: str | None, hub_ca: str | None, api_url: str | None, token: str | None, folder: Path | None,
    profile: tuple[float, float], scales: tuple[float, ...], out: Path, seconds: float, emergencies: float,
    children_max: int, rate_max: float, refine: int, beyond: tuple[float, ...], beyond_seconds: float,
    recover_seconds: float, drain: float, generators: int, scheduler: str | None, watch: dict[str, list[int]],
    store: str | None, broker: str | None, shards: int, hub_option: tuple[str, ...], map_dir: Path | None,
) -> None:  # fmt: skip
    """허브가 초당 얼마나 감당하는지, 어디서 무너지고 어떻게 회복하는지 측정합니다.

    Replay a recorded morning against a hub in real time, raise the number of children until the service levels
    fail, overload it beyond that, watch it recover. Everything is a drill with simulated people; zones are
    registered through the registry API and named cap1-…, cap2-…
    """
    console = Console(stderr=True)
    if hub_url and not api_url:
        raise click.UsageError(
            "--hub 에는 --api 가 필요합니다. --hub needs --api: zones are registered over HTTP."
        )
    if hub_url and (store or broker or shards > 1 or hub_option):
        raise click.UsageError(
            "--store, --broker, --shards, --hub-option are the bundled hub's; leave out --hub."
        )
    if api_url and not hub_url:
        raise click.UsageError("--api needs --hub: where messages go.")
    terms = Terms(
        scales=scales, seconds=seconds, drain_s=drain, emergencies=emergencies, children_max=children_max,
        rate_max=rate_max, refine=refine, beyond=beyond, beyond_s=beyond_seconds, recover_s=recover_seconds,
    )  # fmt: skip
    try:
        with ExitStack() as stack:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="safezone-capacity-")))
            day = folder or _pilot(work, map_dir, console)
            recording = read_recording(day, *profile, map_dir=map_dir, children_max=children_max)
            console.print(
                f"{len(recording.zones)}개 학교 · schools, {recording.children} 아동 · children, "
                f"{recording.messages} 메시지 · messages", highlight=False,
            )  # fmt: skip
            how: dict[str, Any] = {"how": "given"}
            if hub_url and api_url:
                target, api = Target.parse(hub_url, hub_ca), HubApi(api_url, token)
            else:
                hub = LocalHub(
                    HUB_COMMAND, work, store=store, broker=broker, shards=shards, options=hub_option
                )
                stack.callback(hub.stop)
                target, api = Target.parse(hub.mqtt, hub_ca), HubApi(hub.api, hub.token)
                watch = {**hub.groups(), **watch}
                how = described(store, broker, shards)
            stack.callback(api.close)
            senders = spread(scheduler, generators)
            stack.callback(senders.close)
            result = _measured(recording, target, api, senders, terms, watch, how, out, console)
    except (RecordingError, LocalHubError, SpreadError, HubError, OSError, ValueError) as error:
        raise click.ClickException(f"측정할 수 없습니다 · cannot measure: {error}") from error
    write_report(out, result)
    _say_knee(console, result)
    console.print(f"보고서 · report: {os.path.relpath(out / 'report.html')}", highlight=False)
    if result["verdict"] == "inconclusive":
        raise SystemExit(3)


def _measured(
    recording: Recording, target: Target, api: HubApi, senders: Any, terms: Terms, watch: dict[str, list[int]],
    how: dict[str, Any], out: Path, console: Console,
) -> dict[str, Any]:  # fmt: skip
    run = CapacityRun(
        recording, target, api, senders, terms, watched=watch,
        told=lambda text: console.print(text, style="dim", highlight=False),
        step=lambda row: console.print(line(row), highlight=False),
    )  # fmt: skip

    def keep(result: dict[str, Any]) -> None:
        result["hub"] |= how
        result["registered"] = {"items": run.items, "seconds": round(run.provisioned_s, 1)}
        write_result(out, result)

    console.print(HEAD, highlight=False)
    try:
        result = run.run(keep)
    finally:
        run.close_drills()
    if watch:
        result["hub"]["processes"] = {
            name: len([p for pid in pids for p in family(pid)]) for name, pids in watch.items()
        }
        keep(result)
    return result


HEAD = (
    f"{'건/초 · per s':>14}{'아동 children':>14}{'수신확인 p99':>14}{'긴급 p99':>11}{'상황실 p99':>12}"
    f"{'분실 lost':>10}{'허브 hub':>9}{'생성기 gen':>10}  판정 · verdict"
)


def line(row: dict[str, Any]) -> str:
    """One step for people."""

    def ms(name: str) -> str:
        value = row[f"{name}_ms"]["p99"]
        return "–" if value is None else f"{value:,.0f} ms"

    hub = row["cpu"].get("hub")
    words = {"holds": "감당 · holds", "fails": "초과 · fails", "inconclusive": "판단 불가 · INCONCLUSIVE"}
    rate = row.get("offered_per_s", row["rate_per_s"])
    factor = f" ×{row['factor']:g}, 회복 · recovery {_seconds(row['recovery_s'])}" if "factor" in row else ""
    return (
        f"{rate:>16,.0f}{row['children']:>14,}{ms('routine'):>16}{ms('emergency'):>12}{ms('desk'):>13}"
        f"{row['lost_routine'] + row['lost_emergencies']:>11,}{'–' if hub is None else f'{hub:.0%}':>10}"
        f"{row['cpu']['generator']:>11.0%}  {words[row['verdict']]}{factor}"
        f"{'' if not row['why'] else ': ' + '; '.join(row['why'])}"
    )


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} s"


def _say_knee(console: Console, result: dict[str, Any]) -> None:
    knee = result["knee_per_s"]
    if knee is None:
        console.print(
            "무릎점 없음 · no knee: no rate held"
            if result["verdict"] == "fails"
            else "판단 불가 · INCONCLUSIVE"
        )
        return
    least = "이상 · at least " if result["knee_is_lower_bound"] else ""
    console.print(
        f"무릎점 · knee: {least}{knee:,.0f} /s; 회복 · recovery: {_seconds(result['recovery_s'])}",
        highlight=False,
    )


def _pilot(work: Path, map_dir: Path | None, console: Console) -> Path:
    """The pilot's day, made here: two schools, 396 children."""
    from safezone_sim.catalogue import scenarios_dir
    from safezone_sim.scenario import load_scenario
    from safezone_sim.twin.run import RunOptions, run_scenario

    console.print("시범사업의 하루를 만듭니다 · making the pilot's day", highlight=False)
    scenario = load_scenario(scenarios_dir() / "pilot.toml")
    out = work / "pilot"
    run_scenario(scenario, RunOptions(out=out, map_dir=map_dir, hub="none", report=False))
    return out
