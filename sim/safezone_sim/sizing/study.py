"""One sizing study put together: stages, desks, rows with their ranges over seeds, tornado, survival. No output here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from safezone_sim.sizing.inputs import Capacity, CityRun, Load, SizingError, kb_per_child
from safezone_sim.sizing.model import Inputs, People, Row, rows_of
from safezone_sim.sizing.people import Desk, closed_form, find_place, size_desk
from safezone_sim.sizing.settings import Assumptions, Prices
from safezone_sim.sizing.stages import Stage, build_stages
from safezone_sim.sizing.tornado import Bar, tornado
from safezone_sim.staffing.plan import Staffing, with_day
from safezone_sim.staffing.survive import Survival, survive
from safezone_sim.staffing.travel import Ground

Progress = Callable[[str, float, float], None]
RANGE_SEEDS = 20  # of the control room


@dataclass(frozen=True)
class Cell:
    """A row of one stage with the least and the greatest value over the simulated days, if there are several."""

    row: Row
    low: float | None
    high: float | None


@dataclass(frozen=True)
class StageResult:
    stage: Stage
    desk: Desk
    people: People
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Study:
    """All that the page and the document tell."""

    runs: tuple[CityRun, ...]
    take_up: float
    other_take_ups: tuple[tuple[float, Load, str], ...]  # take-up, load, scenario: for the small comparison
    capacity: Capacity | None
    inputs: Inputs
    stages: tuple[StageResult, ...]
    main: StageResult
    tornado: Mapping[str, tuple[Bar, ...]]
    survival: Survival
    seeds: tuple[int, ...]
    by_streets: bool
    attribution: tuple[str, ...]


def make_study(
    runs: Sequence[CityRun],
    *,
    take_up: float | None,
    capacity: Capacity | None,
    prices: Prices,
    assumptions: Assumptions,
    plan: Staffing,
    ground: Ground | None,
    seeds: Sequence[int],
    progress: Progress,
) -> Study:
    """Sizes every stage that the runs can stand for. SizingError if the runs do not fit together."""
    chosen = take_up if take_up is not None else max(r.take_up for r in runs)
    used = [r for r in runs if abs(r.take_up - chosen) < 1e-9]
    if not used:
        known = ", ".join(f"{t:g}" for t in sorted({r.take_up for r in runs}))
        raise SizingError(f"--take-up {chosen:g}: no run has it; the runs have {known}. Name one of these.")
    _check_seeds(used)
    largest = max(used, key=lambda r: len(r.schools))
    day = Load.mean([Load.of(r.schools) for r in used if r.scenario == largest.scenario])
    plan = with_day(plan, day.incidents, {"children": day.children, "phones": day.phones, "bells": day.bells})
    knee = capacity.knee_per_s if capacity is not None and capacity.knee_per_s else None
    memory = kb_per_child(capacity) if capacity is not None else None
    inputs = Inputs(
        _with_load_model(assumptions, used[-1]),
        prices,
        knee or assumptions.hub_knee_per_s.value,
        knee is not None,
        memory or assumptions.hub_kb_per_child.value,
        memory is not None,
        plan,
        {},
    )
    stages = build_stages(used, assumptions.nation_schools.value, assumptions.nation_pupils.value)
    if not stages:
        raise SizingError("--city: no stage can be made of these runs. Give a run of scenarios/seoul.toml.")
    schools = {s.code: s for r in used for s in r.schools}
    results = []
    for n, stage in enumerate(stages):
        progress("stages", n, len(stages))
        place = find_place(stage, schools, ground, plan)
        desk = size_desk(stage, place, plan, seeds)
        results.append(_result(stage, desk, inputs))
    progress("stages", len(stages), len(stages))
    main = next((r for r in results if r.stage.key == "city"), None) or max(
        results, key=lambda r: r.stage.mean.children * r.stage.by_pupils if r.stage.desks == 1 else 0
    )
    count = 0

    def told() -> None:
        nonlocal count
        count += 1
        progress("survive", min(count, 599), 600)

    main.desk.trials.told = told
    survival = survive(main.desk.trials, main.desk.sized.staff)
    progress("survive", 600, 600)
    bars = tornado(main.stage, main.desk.place, main.people, inputs)
    others = tuple(
        (r.take_up, Load.of(r.schools), r.scenario)
        for r in sorted(runs, key=lambda r: (r.scenario, r.take_up))
    )
    told_of = {a for r in used for a in _attributions(r)} | ({ground.attribution} if ground else set())
    return Study(
        tuple(used),
        chosen,
        others if len({r.take_up for r in runs}) > 1 else (),
        capacity,
        inputs,
        tuple(results),
        main,
        bars,
        survival,
        tuple(seeds),
        main.desk.place.by_streets,
        tuple(sorted(told_of)),
    )


def _attributions(run: CityRun) -> list[str]:
    found = run.map.get("attribution", [])
    return [str(found)] if isinstance(found, str) else [str(a) for a in found]


def _check_seeds(runs: Sequence[CityRun]) -> None:
    seen: dict[tuple[str, int], int] = {}
    for run in runs:
        key = (run.scenario, run.seed)
        if key in seen:
            raise SizingError(
                f"--city: two runs of {run.scenario} have seed {run.seed}. A range needs different seeds; leave one out."
            )
        seen[key] = 1
        first = next(r for r in runs if r.scenario == run.scenario)
        if [s.code for s in first.schools] != [s.code for s in run.schools]:
            raise SizingError(
                f"--city: seed {run.seed} of {run.scenario} has other schools than seed {first.seed}. "
                "Give runs of the same schools."
            )


def _with_load_model(assumptions: Assumptions, run: CityRun) -> Assumptions:
    """The load model's numbers are those of the simulated day, the ranges those of the file, widened if need be."""
    for name in ("take_up", "phones", "fix_moving_s", "heartbeat_s"):
        told = run.take_up if name == "take_up" else run.load_model.get(name)
        if isinstance(told, int | float) and told > 0:
            was = getattr(assumptions, name)
            now = msgspec.structs.replace(
                was, value=float(told), low=min(was.low, told), high=max(was.high, told)
            )
            assumptions = msgspec.structs.replace(assumptions, **{name: now})
    return assumptions


def _result(stage: Stage, desk: Desk, inputs: Inputs) -> StageResult:
    sized = desk.sized
    people = People(
        sized.loads,
        sized.coverage,
        desk.added_operators,
        desk.added_patrols,
        [s.operators for s in inputs.plan.shift],
        [s.patrols for s in inputs.plan.shift],
        desk.place.posts,
    )
    rows = rows_of(stage, stage.mean, inputs, people)
    cells = {}
    spread: list[dict[str, float]] = []
    if len(stage.loads) > 1:
        for load in stage.loads:
            loads, covering, _ = closed_form(stage, load, desk.place, inputs.plan)
            seeded = replace(people, loads=loads, covering=covering)
            spread.append({r.key: r.cell.value for r in rows_of(stage, load, inputs, seeded)})
    for row in rows:
        values = [s[row.key] for s in spread]
        cells[row.key] = Cell(row, min(values) if values else None, max(values) if values else None)
    return StageResult(stage, desk, people, cells)
