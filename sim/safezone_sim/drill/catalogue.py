"""The drills there are: every ``scenarios/drill-*.toml`` that has a story of its own."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from safezone_sim.catalogue import scenarios_dir
from safezone_sim.drill.hours import hours_of
from safezone_sim.drill.plan import FOUND, LEAD_SEAT, DrillPlan, with_seat
from safezone_sim.scenario import Scenario, ScenarioError, load_scenario

# In the order in which a class would do them.
ORDER = ("tag-call", "bell", "danger", "not-arrived", "stranger", "earthquake", "dial-112")


@cache
def drills() -> Mapping[str, Scenario]:
    """Drill id to scenario, in the order of the catalogue. ScenarioError names a file that cannot be used."""
    found: dict[str, Scenario] = {}
    for path in sorted(scenarios_dir().glob("drill-*.toml")):
        scenario = load_drill(path)
        assert scenario.drill is not None
        found[scenario.drill.id] = scenario
    known = [d for d in ORDER if d in found]
    return MappingProxyType({d: found[d] for d in [*known, *sorted(set(found) - set(known))]})


def load_drill(path: Path) -> Scenario:
    """Reads and checks one drill."""
    scenario = load_scenario(path)
    if scenario.drill is None:
        raise ScenarioError(f"{path}: no [drill] table. Compare with scenarios/drill-tag-call.toml.")
    _check(scenario.drill, str(path))
    return scenario


def _check(plan: DrillPlan, origin: str) -> None:
    ids = [i.id for i in plan.injects]
    if len(set(ids)) != len(ids):
        raise ScenarioError(f"{origin}: drill.injects {ids!r} names one twice. Give each its own id.")
    for n, o in enumerate(plan.objectives):
        if o.inject is not None and o.inject not in ids:
            raise ScenarioError(
                f"{origin}: drill.objectives[{n}].inject {o.inject!r} is none of {ids!r}. Name one."
            )
        if (o.measure is None) != (o.target_s is None):
            raise ScenarioError(
                f"{origin}: drill.objectives[{n}]: measure and target_s go together. Give both or none."
            )
    for n, i in enumerate(plan.injects):
        if i.after is not None and (i.after not in ids or i.after == i.id):
            raise ScenarioError(
                f"{origin}: drill.injects[{n}].after {i.after!r} is no other one of {ids!r}. Name one."
            )
        if i.until not in (None, FOUND, *ids) or i.until == i.id:
            raise ScenarioError(
                f"{origin}: drill.injects[{n}].until {i.until!r} is neither {FOUND!r} nor another one of {ids!r}. Name one."
            )
    end = 0.0
    for n, phase in enumerate(plan.phases):
        if phase.from_min != end or phase.to_min <= phase.from_min:
            raise ScenarioError(
                f"{origin}: drill.phases[{n}] runs {phase.from_min}-{phase.to_min}, expected to begin at {end}. "
                "Let each phase begin where the one before ends."
            )
        end = phase.to_min
    if end != plan.minutes:
        raise ScenarioError(
            f"{origin}: drill.phases end at {end}, drill.minutes is {plan.minutes}. Make them agree."
        )
    late = [i.id for i in plan.injects if i.at_min > plan.minutes]
    if late:
        raise ScenarioError(
            f"{origin}: drill.injects {late!r} come after the drill's {plan.minutes} minutes."
        )


def shown(scenario: Scenario, seat: int = LEAD_SEAT) -> dict[str, Any]:
    """A drill as the control API shows it; ``seat``: of its lead."""
    plan = scenario.drill
    assert plan is not None
    row: dict[str, Any] = msgspec.to_builtins(with_seat(plan, seat))
    first, last = hours_of(plan)
    return {
        "id": plan.id, "title": msgspec.to_builtins(scenario.title), "summary": row["summary"], "minutes": plan.minutes,
        "starts": scenario.start[:5], "starts_from": first, "starts_until": last, "deadline_min": plan.deadline_min,
        "objectives": row["objectives"], "plan": row["phases"],
        "roles": list({r["id"]: r for r in [*row["common_roles"], *row["roles"]]}.values()), "checklist": row["common_checklist"] + row["checklist"],
        "letter": row["letter"], "rehearsal": row["rehearsal"], "rehearsal_minutes": plan.rehearsal_minutes,
        "injects": row["injects"], "rollcall": plan.rollcall, "class_size": plan.class_size,
    }  # fmt: skip
