"""Emergency calls of one school's day, drawn at the scenario's rates: who or what calls, when, where.

A call bends no plan: the child walks on. So everyday truth is the same with calls and without. Tag calls are
made while the tag is within an antenna's range, phone calls on the way; which of them are false alarms is not
decided here, for neither hub nor load can tell.
"""

from dataclasses import dataclass, replace

import numpy as np

from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.day import Day
from safezone_sim.life.script import Cue
from safezone_sim.life.ticks import tick
from safezone_sim.life.trips import Stays
from safezone_sim.scenario import Calls
from safezone_sim.streams import stream

BELL_HOURS_S = (12 * 3600.0, 19 * 3600.0)


@dataclass(frozen=True)
class Caller:
    """A call: the cue of the day's script, and the trip (row) on which a child makes it, -1 for a bell."""

    cue: Cue
    trip: int


def draw_calls(day: Day, rates: Calls, own_stays: Stays) -> tuple[Caller, ...]:
    """All calls of the day in order of time. ``own_stays`` are those of subscribers, by person and time."""
    world, seed = day.world, day.scenario.seed
    people, trips = world.people, day.settled.trips
    n = sum(p.subscriber for p in people)
    end = day.scenario.end_s
    found: list[Caller] = []
    u = stream(seed, world.zone, "city", "tag-calls").random((n, 2))
    of_stay = trips.person[own_stays.trip]
    for i in np.flatnonzero(u[:, 0] < rates.tag_per_1000 / 1000.0).tolist():
        rows: IndexArray = np.flatnonzero(of_stay == i)
        if len(rows):
            k = int(rows[int(u[i, 1] * len(rows))])
            t = tick(float(own_stays.t_in[k] + own_stays.t_out[k]) / 2.0)
            found.append(Caller(Cue(t, "tag", people[i], f"call-{people[i].id}"), int(own_stays.trip[k])))
    u = stream(seed, world.zone, "city", "phone-calls").random((n, 3))
    for i in np.flatnonzero(u[:, 0] < rates.phone_per_1000 / 1000.0).tolist():
        rows = np.flatnonzero(trips.person == i)
        if people[i].phone is not None and len(rows):
            row = int(rows[int(u[i, 1] * len(rows))])
            start, finish = float(trips.depart[row]), float(day.settled.arrive[row])
            t = tick(start + u[i, 2] * (finish - start))
            found.append(Caller(Cue(t, "phone", people[i], f"dial-{people[i].id}"), row))
    bells = [d for d in world.devices if d.type == "bell"]
    u = stream(seed, world.zone, "city", "bell-calls").random((len(bells), 2))
    for bell, (p, at) in zip(bells, u.tolist(), strict=True):
        if p < rates.bell_per_1000 / 1000.0:
            t = tick(BELL_HOURS_S[0] + at * (BELL_HOURS_S[1] - BELL_HOURS_S[0]))
            found.append(Caller(Cue(t, "bell", None, f"press-{bell.id}", bell), -1))
    kept = (c for c in found if day.scenario.start_s <= c.cue.t <= end)
    return tuple(sorted(kept, key=lambda c: (c.cue.t, c.cue.kind, c.cue.incident)))


def with_calls(day: Day, calls: tuple[Caller, ...]) -> Day:
    """The same day with the calls in its script, as agents and columns of the pilot would play them."""
    return replace(day, cues=(*day.cues, *(c.cue for c in calls)))
