"""How long things took in a drill, compared with its targets. Pure functions over the master list and the roll call.

All in seconds of the drill's own clock: a pause costs nobody anything, a higher speed costs more.

    notice       from what happened to the hub's alert        acknowledge  from the alert to somebody's «I have it»
    dispatch     from the alert to a unit being sent           arrive       from being sent to being there
    found        from what happened to the child being safe    close        from the alert to the incident being closed
    accounted    from the alarm to nobody being unaccounted for
"""

from collections.abc import Sequence
from typing import Any

from safezone_sim.drill.masterlist import Case, Line
from safezone_sim.drill.plan import Objective
from safezone_sim.drill.rollcall import RollCall


def seconds(case: Case, measure: str) -> float | None:
    """One measure of one case; None if it has not come so far."""
    start, end = {
        "notice": (case.t, case.alert_t),
        "acknowledge": (case.alert_t, case.acknowledged_t),
        "dispatch": (case.alert_t, case.dispatched_t),
        "arrive": (case.dispatched_t, case.arrived_t),
        "found": (case.t, case.found_t),
        "close": (case.alert_t, case.closed_t),
    }[measure]
    return None if start is None or end is None else max(0.0, round(end - start, 1))


def measured(objective: Objective, lines: Sequence[Line], rollcall: RollCall) -> dict[str, Any] | None:
    """Seconds, target and whether it was met; the slowest of several cases counts, and all must have come so far.

    ``met`` is None where nothing has happened yet. None without a measure.
    """
    if objective.measure is None:
        return None
    if objective.measure == "accounted":
        found = [rollcall.row()["accounted_s"]] if rollcall.asked_t is not None else []
    else:
        cases = [c for line in lines if objective.inject in (None, line.plan.id) for c in line.cases]
        found = [seconds(c, objective.measure) for c in cases]
    known = [s for s in found if s is not None]
    value, still_open = max(known, default=None), len(found) - len(known)
    in_time = value is not None and (objective.target_s is None or value <= objective.target_s)
    return {
        "s": value, "target_s": objective.target_s, "met": (in_time and not still_open) if found else None,
        "cases": len(found), "open": still_open,
    }  # fmt: skip


def by_measure(
    objectives: Sequence[Objective], lines: Sequence[Line], rollcall: RollCall
) -> dict[str, dict[str, Any]]:
    """The state's short form: one entry a measure, the first objective that has it."""
    found: dict[str, dict[str, Any]] = {}
    for objective in objectives:
        row = measured(objective, lines, rollcall)
        if row is not None and objective.measure is not None and objective.measure not in found:
            found[objective.measure] = row
    return found
