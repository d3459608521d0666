"""``safezone run``: a day of a scenario, with a hub or without, or a day of a city."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from safezone_sim.catalogue import NOT_SCENARIOS, scenarios_dir
from safezone_sim.map.errors import MapError
from safezone_sim.scenario import Scenario, ScenarioError, clock_seconds, load_scenario
from safezone_sim.schools import SchoolError
from safezone_sim.world import WorldError

STAGES = {
    "map": "지도 읽기 · map",
    "tiles": "지도 타일 · tiles",
    "decode": "지도 해독 · decode",
    "hub": "허브 시작 · hub",
    "provision": "등록 · provision",
    "day": "하루 · the day",
    "judge": "판정 · judge",
    "report": "보고서 · report",
    "schools": "학교 · schools",
    "days": "날 · days",
}


def _find_scenario(name: str) -> Path:
    """By path, then by name among the bundled scenarios."""
    path = Path(name)
    if path.is_file():
        return path
    bundled = scenarios_dir() / f"{path.name.removesuffix('.toml')}.toml"
    if bundled.is_file():
        return bundled
    known = ", ".join(sorted(p.stem for p in scenarios_dir().glob("*.toml") if p.stem not in NOT_SCENARIOS))
    raise click.ClickException(
        f"시나리오가 없습니다 · no scenario {name!r}: neither a file nor one of {known}."
    )


def _speed(_ctx: click.Context, _param: click.Parameter, value: str) -> float | None:
    if value == "max":
        return None
    try:
        return float(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither a number nor max. Try --speed 60.") from None


def _changed(
    scenario: Scenario, seed: int | None, start: str | None, until: str | None, schools: tuple[str, ...]
) -> Scenario:
    changes: dict[str, object] = {}
    if seed is not None:
        changes["seed"] = seed
    if start is not None:
        changes["start"] = start
    if until is not None:
        changes["end"] = until
    if schools:
        changes["schools"] = schools
        changes["incidents"] = tuple(i for i in scenario.incidents if i.school in schools)
        changes["closed_roads"] = tuple(c for c in scenario.closed_roads if c.school in schools)
    changed = msgspec.structs.replace(scenario, **changes)
    if changed.start_s >= changed.end_s:
        raise ScenarioError(f"--until {changed.end} is not after --from {changed.start}. Set it later.")
    kept = tuple(i for i in changed.incidents if changed.start_s <= clock_seconds(i.at) <= changed.end_s)
    return msgspec.structs.replace(changed, incidents=kept)


@click.command("run", short_help="하루 실행과 판정 · Run a scenario's day and judge it")
@click.argument("scenario")
@click.option("--seed", type=int, help="난수 씨앗. Seed instead of the scenario's.")
@click.option(
    "--speed", default="max", callback=_speed, help="배속 또는 max. Times real time, or max.  [default: max]"
)
@click.option(
    "--hub", default="bundled", help="bundled | none | http://…  시험할 허브. The hub to run against."
)
@click.option("--hub-token", envvar="SAFEZONE_HUB_TOKEN", help="외부 허브의 토큰. Token of an outside hub.")
@click.option(
    "--hub-option",
    multiple=True,
    help="내장 허브에 넘길 옵션. Passed to `safezone hub serve`, e.g. --hub-option=--rules=debounce=off",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="결과 폴더. Results folder.  [default: results/<name>-seed<seed>]",
)
@click.option(
    "--map-dir",
    envvar="SAFEZONE_MAP_DIR",
    type=click.Path(path_type=Path),
    help="지도 자료 폴더. Folder with map data.",
)
@click.option("--map-source", help="PMTiles, {z}/{x}/{y} URL, .osm.pbf, 가져온 지도. Map to use instead.")
@click.option("--from", "start", help="HH:MM 부터만. Start of the part of the day to run.")
@click.option("--until", help="HH:MM 까지만. End of the part of the day to run.")
@click.option("--school", "schools", multiple=True, help="다른 학교(NEIS 코드)로. Run these schools instead.")
@click.option(
    "--keep-hub-state", is_flag=True, help="허브 저장소를 남김. Keep the hub's store in the results."
)
@click.option("--no-report", is_flag=True, help="report.html 생략. Skip report.html.")
@click.option(
    "--take-up",
    type=click.FloatRange(0, 1, min_open=True),
    help="도시: 가입률 0-1. City: share of the pupils who subscribe.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="도시: 로컬 프로세스 수. City: local processes.  [default: cores]",
)
@click.option(
    "--worlds",
    help="도시: 지은 학교 세계를 두는 폴더, 또는 none. City: where built worlds are kept, or none.  [default: ~/.cache/safezone]",
)
@click.option(
    "--seeds",
    type=click.IntRange(2, 200),
    help="도시: 같은 도시의 여러 날, city.json만. City: so many days of the same city, only city.json; for `safezone sizing`.",
)
@click.option("--scheduler", help="도시: Dask 주소 tcp://… City: Dask scheduler instead of local cores.")
def run_command(
    scenario: str,
    seed: int | None,
    speed: float | None,
    hub: str,
    hub_token: str | None,
    hub_option: tuple[str, ...],
    out: Path | None,
    map_dir: Path | None,
    map_source: str | None,
    start: str | None,
    until: str | None,
    schools: tuple[str, ...],
    keep_hub_state: bool,
    no_report: bool,
    take_up: float | None,
    workers: int | None,
    scheduler: str | None,
    worlds: str | None,
    seeds: int | None,
) -> None:
    """시나리오 하루를 실행하고 판정합니다. Run a scenario's day against a hub and judge it."""
    from safezone_sim.city import CityError, CityOptions, default_worlds_dir, run_city, run_days
    from safezone_sim.city.table import day_line
    from safezone_sim.twin.broker import BrokerError
    from safezone_sim.twin.hubapi import HubError
    from safezone_sim.twin.hubprocess import HubStartError
    from safezone_sim.twin.lockstep import HubStalled
    from safezone_sim.twin.run import RunOptions, run_scenario

    console = Console(stderr=True)
    try:
        chosen = _changed(load_scenario(_find_scenario(scenario)), seed, start, until, schools)
        target = out or Path("results") / f"{chosen.name}-seed{chosen.seed}"
        with Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        ) as bar:
            tasks: dict[str, TaskID] = {}

            def progress(stage: str, done: float, total: float) -> None:
                if stage not in tasks:
                    tasks[stage] = bar.add_task(STAGES.get(stage, stage), total=total)
                    if not console.is_terminal:
                        console.print(STAGES.get(stage, stage), highlight=False)
                bar.update(tasks[stage], completed=done, total=total)

            if chosen.city is not None:
                _check_city_options(chosen, hub)
                city = _with_take_up(chosen, take_up)
                options = CityOptions(
                    out=target,
                    map_dir=_given(map_dir),
                    map_source=map_source,
                    workers=workers,
                    scheduler=scheduler,
                    worlds=None if worlds == "none" else Path(worlds) if worlds else default_worlds_dir(),
                    report=not no_report,
                    progress=progress,
                )
                if seeds is not None:
                    target = out or Path("results") / f"{chosen.name}-{seeds}-days"
                    for day in run_days(city, seeds, replace(options, out=target)):
                        console.print(day_line(day.tally), highlight=False)
                    console.print(f"범위가 있는 산정 · ranges: safezone sizing --city {target} --out …")
                    return
                tally = run_city(city, options).tally
                bar.stop()
                _print_city(console, tally, target)
                return
            if any(option is not None for option in (take_up, workers, scheduler, seeds)):
                raise ScenarioError(
                    f"--take-up, --workers, --seeds and --scheduler are for scenarios with a [city] table; {chosen.name} has none."
                )
            result = run_scenario(
                chosen,
                RunOptions(
                    out=target,
                    map_dir=_given(map_dir),
                    map_source=map_source,
                    hub=hub,
                    hub_command=(sys.executable, "-m", "safezone_cli", "hub"),
                    hub_options=hub_option,
                    hub_token=hub_token,
                    speed=speed,
                    keep_hub_state=keep_hub_state,
                    report=not no_report,
                    progress=progress,
                ),
            )
            for stage in tasks.values():
                bar.update(stage, completed=bar.tasks[stage].total or 1)
    except (
        ScenarioError,
        SchoolError,
        MapError,
        WorldError,
        HubError,
        HubStartError,
        HubStalled,
        BrokerError,
        CityError,
    ) as e:
        raise click.ClickException(f"실행할 수 없습니다 · cannot run: {e}") from e
    _print_summary(console, result.summary, target)


def _given(map_dir: Path | None) -> Path | None:
    """An empty SAFEZONE_MAP_DIR is none."""
    return map_dir if map_dir is not None and str(map_dir) not in ("", ".") else None


def _check_city_options(scenario: Scenario, hub: str) -> None:
    if hub != "none":
        raise ScenarioError(
            f"{scenario.name} is a city and makes messages without a hub: add --hub none. "
            "Load on a hub is measured by «safezone capacity»."
        )


def _with_take_up(scenario: Scenario, take_up: float | None) -> Scenario:
    if take_up is None or scenario.city is None:
        return scenario
    return msgspec.structs.replace(scenario, city=msgspec.structs.replace(scenario.city, take_up=take_up))


def _print_city(console: Console, tally: Mapping[str, Any], target: Path) -> None:
    from safezone_sim.city.table import city_table

    console.print(city_table(tally))
    report = target / "report.html"
    if report.exists():
        console.print(f"보고서 · report: {os.path.relpath(report)}")


def _print_summary(console: Console, summary: Mapping[str, Any], target: Path) -> None:
    from safezone_sim.judge.table import scoreboard_table

    console.print(scoreboard_table(summary))
    report = target / "report.html"
    if report.exists():
        console.print(f"보고서 · report: {os.path.relpath(report)}")
