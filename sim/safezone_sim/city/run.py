"""One run of a city: choose the schools, play them wherever there are workers, put the results together."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from safezone_sim.city.area import Area
from safezone_sim.city.choice import Chosen, CityError, choose_schools, in_order_of_place
from safezone_sim.city.memory import PeakMemory
from safezone_sim.city.nation import nation_cost
from safezone_sim.city.places import NO_CRIME
from safezone_sim.city.school import SchoolTask, worker_name
from safezone_sim.city.tally import city_tally
from safezone_sim.city.workers import play
from safezone_sim.scenario import Noise, Scenario

Progress = Callable[[str, float, float], None]  # stage, done, total
RESULT = "city.json"


@dataclass(frozen=True)
class CityOptions:
    """``workers`` None: all local cores. ``scheduler``: a Dask address instead. ``columns`` False: only city.json.

    ``worlds``: where built worlds are kept (``default_worlds_dir()``), None for nowhere. ``world_seed``: draws homes,
    people and equipment instead of the scenario's seed, which then draws the day alone.
    """

    out: Path
    map_dir: Path | None = None
    map_source: str | None = None
    workers: int | None = None
    scheduler: str | None = None
    columns: bool = True
    worlds: Path | None = None
    world_seed: int | None = None
    report: bool = True
    command: str = ""
    progress: Progress = field(default=lambda stage, done, total: None)


@dataclass(frozen=True)
class CityResult:
    """``tally`` is the content of city.json."""

    out: Path
    tally: dict[str, Any]
    lost_tasks: int


def run_city(scenario: Scenario, options: CityOptions) -> CityResult:
    """Plays a city scenario into ``options.out``. Raises CityError, SchoolError, MapError, WorldError."""
    started, cpu_started = time.monotonic(), time.process_time()
    check_scenario(scenario)
    final = options.out.resolve()
    _check_place(final)
    chosen = choose_schools(scenario, options.map_dir)
    out = final.with_name(f".{final.name}.partial")  # an earlier run stays until this one is whole
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    map_dir = options.map_dir.resolve() if options.map_dir else None
    area = Area(chosen.places, chosen.schools) if chosen.places else None
    tasks = [
        SchoolTask(
            scenario,
            school,
            map_dir,
            options.map_source,
            out if options.columns else None,
            options.worlds,
            area,
            options.world_seed,
        )
        for school in in_order_of_place(chosen.schools)
    ]
    rows: list[dict[str, Any]] = []
    lost: list[int] = []
    once = 0.0
    options.progress("schools", 0, len(tasks))
    with PeakMemory() as memory:
        for row in play(tasks, options.workers, options.scheduler, lost.append):
            if not rows:
                once = time.process_time() - cpu_started - (0.0 if _elsewhere(row) else float(row["cpu_s"]))
            rows.append(row)
            options.progress("schools", len(rows), len(tasks))
    played = [row for row in rows if row.get("places") != {}]  # schools that reach no place after all
    if not played:
        raise CityError(
            f"{scenario.name}: nobody lives or walks at any of the places, and nothing stands there."
        )
    tally = city_tally(scenario, played) | {
        "rule": _rule(chosen, played),
        "world_seed": scenario.seed if options.world_seed is None else options.world_seed,
        "wall_seconds": round(time.monotonic() - started, 2),
        "cpu_seconds": round(_cpu(rows) + time.process_time() - cpu_started, 2),
        "peak_memory_mb": round(memory.peak_mb),
        "workers": options.scheduler or options.workers or "local cores",
        "lost_tasks": sum(lost),
        "worlds_kept": sum(row["world_kept"] for row in rows),
    }
    # A place's children do not tell what their whole schools cost.
    tally["nation"] = (
        None
        if area
        else nation_cost(
            rows,
            cpu_s=tally["cpu_seconds"],
            once_s=once,
            wall_s=tally["wall_seconds"],
            peak_mb=tally["peak_memory_mb"],
        )
    )
    _write_json(out / RESULT, tally)
    _write_json(
        out / "manifest.json",
        {
            "safezone": version("safezone"),
            "python": sys.version.split()[0],
            "command": options.command or " ".join(sys.argv),
            "scenario": msgspec.to_builtins(scenario),
            "world_seed": tally["world_seed"],
            "truth_sha256": tally["truth_sha256"],
        },
    )
    if options.report:
        from safezone_sim.report.city import write_city_report

        options.progress("report", 0, 1)
        write_city_report(out, scenario, tally, options.map_dir)
    if final.exists():
        shutil.rmtree(final)
    out.rename(final)
    return CityResult(final, tally, sum(lost))


def run_days(scenario: Scenario, days: int, options: CityOptions) -> Iterator[CityResult]:
    """``days`` days of one and the same city: homes, people and equipment of the scenario's seed, and seeds from that
    one on for what happens. Only ``city.json`` of each, in ``options.out``/seed-<n>. For ranges, as ``safezone sizing``
    reads them. Raises as ``run_city``.
    """
    for seed in range(scenario.seed, scenario.seed + days):
        options.progress("days", seed - scenario.seed, days)
        one = replace(
            options,
            out=options.out / f"seed-{seed}",
            columns=False,
            report=False,
            world_seed=scenario.seed,
        )
        yield run_city(msgspec.structs.replace(scenario, seed=seed), one)
    options.progress("days", days, days)


def _cpu(rows: Sequence[Mapping[str, Any]]) -> float:
    """CPU seconds of the tasks that ran in other processes than this one."""
    return sum(float(row["cpu_s"]) for row in rows if _elsewhere(row))


def _elsewhere(row: Mapping[str, Any]) -> bool:
    """Whether another process than this one played the school."""
    return bool(row["worker"] != worker_name())


def check_scenario(scenario: Scenario) -> None:
    """CityError for what columns cannot play: faults, closed streets, a real-time hub."""
    quiet = Noise(latency_s=scenario.noise.latency_s)
    if scenario.noise != quiet:
        raise CityError(
            f"{scenario.name}: [noise] is not empty, but a city's equipment has no faults. Leave the table out."
        )
    if scenario.closed_roads:
        raise CityError(
            f"{scenario.name}: closed_roads make children react; run that school by itself without [city]."
        )


def _rule(chosen: Chosen, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    about: dict[str, Any] = {"ko": chosen.rule[0], "en": chosen.rule[1]}
    if chosen.places:
        about["places"] = [
            {**msgspec.to_builtins(p), "played": _played(n, rows)} for n, p in enumerate(chosen.places, 1)
        ]
        about["note"] = {"ko": NO_CRIME[0], "en": NO_CRIME[1]}
    return about


def _played(place: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """What was played of a place: schools with a share, and the sums of their shares."""
    shares = [row["places"][place] for row in rows if place in row["places"]]
    names = ("children", "phones", "readers", "bells", "cameras")
    return {"schools": len(shares)} | {name: sum(s[name] for s in shares) for name in names}


def _check_place(out: Path) -> None:
    """Only an empty folder or an earlier run may be replaced."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / RESULT).is_file())):
        raise CityError(
            f"--out {out} exists and is no earlier run. Name a new folder, or empty that one yourself."
        )


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")
