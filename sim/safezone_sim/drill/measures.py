"""How long things took in a drill, compared with its targets. Pure functions over the master list and the roll call.

All in whole seconds of the drill's own clock, so that each is the difference of the two times that people see: a pause costs nobody
anything, a higher speed costs more.

    notice       from what happened to the hub's alert        acknowledge  from the alert to somebody's «I have it»
    dispatch     from the alert to a unit being sent           arrive       from being sent to being there
    found        from what happened to the child being safe    close        from the alert to the incident being closed
    accounted    from the alarm to nobody being unaccounted for

What people did while the clock ran fast is not judged: a trainee's minute would have lasted a few seconds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from safezone_sim.drill.clock import between
from safezone_sim.drill.masterlist import Case, Line
from safezone_sim.drill.plan import Objective
from safezone_sim.drill.rollcall import RollCall

# What people do; the rest is the twin's, and as quick on a fast clock as on a slow one.
BY_PEOPLE = ("acknowledge", "dispatch", "close", "accounted")
ENDS = {"acknowledge": "acknowledged_t", "dispatch": "dispatched_t", "close": "closed_t"}
Record = Mapping[str, Any]


def seconds(case: Case, measure: str) -> float | None:
    """One measure of one case; None if it has not come so far."""
    called = case.alert_t if case.heard_t is None else case.heard_t
    start, end = {
        "notice": (case.t, case.alert_t),
        "acknowledge": (called, case.acknowledged_t),
        "dispatch": (called, case.dispatched_t),
        "arrive": (case.dispatched_t, case.arrived_t),
        "found": (case.t, case.found_t),
        "close": (called, case.closed_t),
    }[measure]
    return None if start is None or end is None else between(start, end)


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


def judged(record: Record, o: Mapping[str, Any]) -> dict[str, Any] | None:
    """The result of an objective of a record, not judged (``met`` None, ``fast``) where people acted while the clock ran fast."""
    result: dict[str, Any] | None = o["result"]
    return result | {"met": None, "fast": True} if result is not None and uncounted(record, o) else result


def by_measure(objectives: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The state's short form: one entry a measure, the first objective that has it."""
    found: dict[str, dict[str, Any]] = {}
    for o in objectives:
        if o["result"] is not None:
            found.setdefault(o["measure"], o["result"])
    return found


def fast_stretches(record: Record) -> list[tuple[float, float, float]]:
    """Stretches in which the drill's clock ran faster than real time: from, to, how many times."""
    found: list[tuple[float, float, float]] = []
    since, speed = record["started_t"], 1.0
    if since is None:
        return found
    last = record["ended_t"] if record["ended_t"] is not None else record["events"][-1]["t"]
    changes = [
        (e["t"], e["data"]["speed"])
        for e in record["events"]
        if e["kind"] == "state" and "speed" in e.get("data", {})
    ]
    for t, x in [*changes, (last, 1.0)]:
        if speed > 1.0 and t > since:
            found.append((max(since, record["started_t"]), t, speed))
        since, speed = t, x
    return found


def uncounted(record: Record, o: Mapping[str, Any]) -> bool:
    """Whether people did it while the clock ran fast, so that its seconds say nothing of them."""
    if o["measure"] not in BY_PEOPLE or o["result"]["s"] is None:
        return False
    if o["measure"] == "accounted":
        spans = [(record["rollcall"]["asked_t"], record["rollcall"]["complete_t"])]
    else:
        plan: Mapping[str, Any] = next((p for p in record["plan"]["objectives"] if p["id"] == o["id"]), {})
        spans = [
            (c["alert_t"] if c.get("heard_t") is None else c["heard_t"], c[ENDS[o["measure"]]])
            for c in record["cases"]
            if plan.get("inject") in (None, c["inject"])
        ]
    return any(
        a is not None and b is not None and a < to and b > since
        for a, b in spans
        for since, to, _ in fast_stretches(record)
    )
