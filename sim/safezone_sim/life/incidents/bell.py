"""Somebody presses an emergency bell: a subscriber who walks up to it, a prankster, or a stranger."""

from dataclasses import replace

import numpy as np
import shapely

from safezone_sim.life.lines import LineSpec, lengths_along
from safezone_sim.life.script import NoCandidate, Script, incident_names, moment
from safezone_sim.life.ticks import tick
from safezone_sim.life.ways import joined
from safezone_sim.map.model import FloatArray
from safezone_sim.scenario import Incident
from safezone_sim.world.model import Device, Person

NEAR_M = 25.0  # so far somebody leaves the way for a bell without thinking twice
FAR_M = 60.0
SOON_S = 180.0
SEARCH_S = 1800.0


def play(script: Script, incident: Incident, number: int) -> None:
    """Bends the way of who presses; a stranger's press needs nobody's."""
    name = incident_names(script.scenario)[number]
    rng = script.rng(number)
    bells = [d for d in script.world.devices if d.type == "bell"]
    if not bells:
        raise NoCandidate(f"incident {name}: this school has no bell. Set equipment.bells above 0.")
    people = _people(script, incident)
    passing = _passing(script, people, bells, moment(incident)) if people else []
    if not passing:
        if incident.kind == "bell_subscriber":
            raise NoCandidate(
                f"incident {name}: nobody passes a bell around {incident.at}. Choose the way home."
            )
        script.cue(tick(moment(incident)), "bell", None, name, bells[int(rng.integers(len(bells)))])
        return
    # Suitable ones by lot; if there are none, whoever passes at the best moment.
    suitable = [p for p in passing if abs(p[2] - moment(incident)) <= SOON_S and p[3] <= NEAR_M]
    if suitable:
        row, bell, t, _ = suitable[int(rng.integers(len(suitable)))]
    else:
        row, bell, t, _ = min(
            passing, key=lambda p: (abs(p[2] - moment(incident)) + 5.0 * p[3], p[0], p[1].id)
        )
    person = script.world.people[int(script.plan.trips.person[row])]
    script.engage(person, number)
    _press(script, person, row, bell, t, name)


def _people(script: Script, incident: Incident) -> list[Person]:
    chosen = script.chosen(incident)
    if chosen:
        return [chosen]
    if incident.kind == "bell_subscriber":
        return script.free()
    if incident.kind == "bell_prank":
        return [p for p in script.world.people if not p.subscriber and p.index not in script.cast]
    return []


def _passing(
    script: Script, people: list[Person], bells: list[Device], at: float
) -> list[tuple[int, Device, float, float]]:
    """(row, bell, time, metres) of whoever comes near a bell on the way around ``at``, in order of row and bell."""
    points = shapely.points([(b.x, b.y) for b in bells])
    found = []
    for person in people:
        for row in script.rows(person.index):
            trips, leg = script.plan.trips, script.legs[row]
            on_foot = trips.foot_mps[row] == trips.street_mps[row]
            if not on_foot or leg.t[-1] < at - SEARCH_S or leg.t[0] > at + SEARCH_S:
                continue
            spec = script.row_to_spec(row)
            line = shapely.linestrings(spec.xy)
            along, away = shapely.line_locate_point(line, points), shapely.distance(line, points)
            low, high = spec.street[0], float(line.length) - spec.street[1]
            for k in np.flatnonzero((away <= FAR_M) & (along > low + 1) & (along < high - 1)).tolist():
                x, y = _point(spec.xy, float(along[k]))
                i = int(np.argmin((np.array(leg.x) - x) ** 2 + (np.array(leg.y) - y) ** 2))
                found.append((row, bells[k], leg.t[i], float(away[k])))
    return found


def _press(script: Script, person: Person, row: int, bell: Device, t: float, name: str) -> None:
    """Replaces the trip by one that turns off to the bell and comes back; there it presses."""
    spec = script.row_to_spec(row)
    target = shapely.Point(bell.x, bell.y)
    along = float(shapely.linestrings(spec.xy).project(target))
    x, y = _point(spec.xy, along)
    away = float(np.hypot(bell.x - x, bell.y - y))
    line = script.ways.add(detour_to(spec, along, (bell.x, bell.y)))
    mps = float(script.plan.trips.foot_mps[row])
    ready = max(t - (along + away) / mps, _earliest(script, row))
    script.replace(
        person,
        [r for r in script.rows(person.index) if r != row],
        [script.trip(person, line, ready, mps, -1)],
    )
    script.cue_at_mark("bell", person, line, 0, name, bell)


def _earliest(script: Script, row: int) -> float:
    rows = script.rows(int(script.plan.trips.person[row]))
    before = rows.index(row)
    return float(script.plan.arrive[rows[before - 1]]) + 60.0 if before else script.scenario.start_s + 60.0


def detour_to(spec: LineSpec, along_m: float, point: tuple[float, float]) -> LineSpec:
    """The line with a way there and back to ``point`` at ``along_m``; mark 0 is the point."""
    along = lengths_along(spec.xy)
    at = np.array([_point(spec.xy, along_m)])
    there = np.array([point], float)
    extra = 2.0 * float(np.hypot(*(there - at)[0]))
    xy = joined(spec.xy[along < along_m], at, there, at, spec.xy[along > along_m])
    return replace(
        spec,
        xy=xy,
        marks=(along_m + extra / 2.0,),
    )


def _point(xy: FloatArray, along_m: float) -> tuple[float, float]:
    along = lengths_along(xy)
    return float(np.interp(along_m, along, xy[:, 0])), float(np.interp(along_m, along, xy[:, 1]))
