"""``safezone sizing``: what each stage needs and who pays, as a page and for machines. Korean first, English after."""

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from safezone_sim.catalogue import scenarios_dir
from safezone_sim.map.errors import MapError
from safezone_sim.schools import School, SchoolError, all_schools
from safezone_sim.sizing.inputs import CityRun, SizingError, find_cities, read_capacity, read_city
from safezone_sim.sizing.settings import load_assumptions, load_prices
from safezone_sim.staffing.plan import StaffingError, load_staffing
from safezone_sim.staffing.travel import POLICE_FILE, Ground, lay_ground

Progress_ = Callable[[str, float, float], None]
_PROGRESS = {
    "read": "모의한 날 · simulated days",
    "map": "거리 · streets",
    "streets": "순찰 거리 · patrol ways",
    "stages": "단계 · stages",
    "survive": "거짓 호출 · false calls",
}


@click.command("sizing", short_help="단계별 장비·사람·비용 · What each stage needs, and who pays")
@click.option("--city", "cities", multiple=True, required=True, type=click.Path(exists=True, path_type=Path),
              help="모의한 도시의 결과, 여러 번 가능. City run, or a folder of runs (seeds); repeatable.")  # fmt: skip
@click.option(
    "--capacity", type=click.Path(exists=True, path_type=Path), help="잰 허브. capacity.json, or its folder."
)
@click.option("--prices", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="단가 파일. Unit prices.  [default: prices-example.toml, marked as examples]")  # fmt: skip
@click.option("--staffing", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="근무표. Shifts, promises, calls.  [default: staffing-example.toml]")  # fmt: skip
@click.option("--assumptions", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="가정. What no run tells.  [default: sizing-assumptions.toml]")  # fmt: skip
@click.option(
    "--take-up",
    type=click.FloatRange(0, 1, min_open=True),
    help="여러 가입률 가운데. Which take-up, if the runs have several.  [default: the highest]",
)
@click.option(
    "--seeds",
    type=click.IntRange(2, 200),
    default=20,
    show_default=True,
    help="상황실 모의 횟수. Seeds of the control room.",
)
@click.option(
    "--map-dir",
    envvar="SAFEZONE_MAP_DIR",
    type=click.Path(path_type=Path),
    help="지도 자료 폴더. Folder with map data, for patrol ways.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="결과 폴더. Results folder.",
)
def sizing_command(
    cities: tuple[Path, ...],
    capacity: Path | None,
    prices: Path | None,
    staffing: Path | None,
    assumptions: Path | None,
    take_up: float | None,
    seeds: int,
    map_dir: Path | None,
    out: Path,
) -> None:
    """단계마다 필요한 장비·허브·사람·비용과 내는 곳을 report.html과 sizing.json으로 씁니다.

    Writes report.html and sizing.json: equipment, hubs, people, cost and payer of each stage.
    """
    from safezone_sim.sizing.document import write_document
    from safezone_sim.sizing.page import write_report
    from safezone_sim.sizing.study import make_study

    console = Console(stderr=True)
    chosen = {
        "prices": prices or scenarios_dir() / "prices-example.toml",
        "staffing": staffing or scenarios_dir() / "staffing-example.toml",
        "assumptions": assumptions or scenarios_dir() / "sizing-assumptions.toml",
    }
    try:
        price_list, plan = load_prices(chosen["prices"]), load_staffing(chosen["staffing"])
        stated = load_assumptions(chosen["assumptions"])
        measured = read_capacity(capacity) if capacity else None
        with Progress(
            TextColumn("{task.description:<30}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(), console=console, disable=not console.is_terminal,
        ) as bar:  # fmt: skip
            tasks: dict[str, TaskID] = {}

            def progress(stage: str, done: float, whole: float) -> None:
                if stage not in tasks:
                    tasks[stage] = bar.add_task(_PROGRESS.get(stage, stage), total=whole)
                    if not console.is_terminal:
                        console.print(_PROGRESS.get(stage, stage), highlight=False)
                bar.update(tasks[stage], completed=done, total=whole)

            paths = find_cities(cities)
            runs: list[CityRun] = []
            for n, path in enumerate(paths):
                progress("read", n, len(paths))
                runs.append(read_city(path))
            progress("read", len(paths), len(paths))
            ground = _ground(map_dir, runs, progress)
            study = make_study(
                runs, take_up=take_up, capacity=measured, prices=price_list, assumptions=stated, plan=plan,
                ground=ground, seeds=range(1, seeds + 1), progress=progress,
            )  # fmt: skip
    except (SizingError, StaffingError, SchoolError, MapError) as e:
        raise click.ClickException(f"산정할 수 없습니다 · cannot size: {e}") from e
    out.mkdir(parents=True, exist_ok=True)
    provenance = {
        "safezone": version("safezone"),
        **{
            f"city {r.scenario} seed {r.seed} ({r.take_up:.0%})": f"truth {r.truth_sha256}"
            for r in study.runs
        },
        **(
            {"capacity": _digest(capacity / "capacity.json" if capacity.is_dir() else capacity)}
            if capacity
            else {}
        ),
        **{name: f"{path.name} {_digest(path)}" for name, path in chosen.items()},
    }
    write_document(study, out / "sizing.json", provenance)
    write_report(study, out / "report.html", provenance)
    console.print(f"보고서 · report: {out / 'report.html'}", highlight=False)


def _digest(path: Path) -> str:
    return f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _ground(map_dir: Path | None, runs: list[CityRun], progress: Progress_) -> Ground | None:
    """Street distances where there are a map directory with the police list and the schools' places."""
    if map_dir is None or str(map_dir) in ("", ".") or not (map_dir / POLICE_FILE).is_file():
        return None
    wanted = {s.code[:7] for r in runs for s in r.schools}
    known = {s.code: s for s in all_schools(map_dir) if s.code in wanted}
    for run in runs:
        for school in run.schools:
            if school.code[:7] not in known and school.lat is not None and school.lon is not None:
                known[school.code[:7]] = School(
                    school.code[:7], school.name, school.lon, school.lat, school.gu, school.pupils
                )
    cache = Path.home() / ".cache" / "safezone"
    return lay_ground(map_dir, [known[c] for c in sorted(known)], cache_dir=cache, progress=progress)
