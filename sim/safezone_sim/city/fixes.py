"""When and where phones tell their position: the pilot's cadence in closed form, trip by trip.

A phone that lies still tells its place every ``fix_still_s``; its motion sensor wakes the receiver one moving
period after the child sets off; on the move, and ``still_after_s`` longer, it tells every ``fix_moving_s``
(``devices.phone.Phone``). The closed form takes a trip as one motion from its start to its end; the pilot's
phone also notices standing still for minutes on the way.
Successive fixes at one place are one row: ``count`` fixes, ``fix_still_s`` apart.
"""

from dataclasses import dataclass

import numpy as np

from safezone_sim.city.motion import Motion
from safezone_sim.life.crossings import IndexArray, spread
from safezone_sim.life.day import Day
from safezone_sim.life.trips import time_at_vertex
from safezone_sim.map.model import FloatArray
from safezone_sim.streams import stream

_NEVER = 1e9


@dataclass(frozen=True)
class Fixes:
    """Rows of fixes: ``person`` (index), the first one's moment, how many, how far apart; position and state."""

    person: IndexArray
    t: FloatArray
    count: IndexArray
    every_s: FloatArray
    moving: IndexArray
    x: FloatArray
    y: FloatArray
    indoors: IndexArray


def fixes(day: Day, motion: Motion) -> Fixes:
    """All fixes of all phones between the scenario's start and end."""
    s = day.scenario.equipment
    start_s, end_s = day.scenario.start_s, day.scenario.end_s
    owners = np.array([p.index for p in day.world.subscribers if p.phone is not None], np.int64)
    u = stream(day.scenario.seed, day.world.zone, "city", "first-fix").random(len(day.world.subscribers))
    first, most = motion.first_trip[owners], motion.first_trip[owners + 1] - motion.first_trip[owners]
    depart, arrive = day.settled.trips.depart, day.settled.arrive
    # Phones have lain still since the evening, each with its own beat: no burst at the start.
    now = start_s + u[owners] * s.fix_still_s
    parts: list[tuple[IndexArray, FloatArray, IndexArray, FloatArray, IndexArray]] = []

    def note(rows: IndexArray, t: FloatArray, count: IndexArray, every: float, moving: int) -> None:
        kept = count > 0
        n = int(kept.sum())
        parts.append(
            (owners[rows[kept]], t[kept], count[kept], np.full(n, every), np.full(n, moving, np.int64))
        )

    every_one = np.arange(len(owners))
    for k in range(int(most.max(initial=0)) + 1):
        has = most > k
        trip = np.where(has, first + k, 0)
        a = np.where(has, depart[trip] if len(depart) else _NEVER, _NEVER)
        b = np.where(has, arrive[trip] if len(arrive) else _NEVER, _NEVER)
        live = every_one[now < end_s]
        # Still until the trip begins: fixes at now, now + still, … up to its start.
        until = np.minimum(a[live], end_s)
        count = np.maximum(np.floor((until - now[live]) / s.fix_still_s).astype(np.int64) + 1, 0)
        count = np.where(now[live] > until, 0, count)
        note(live, now[live], count, s.fix_still_s, 0)
        last = now[live] + (count - 1) * s.fix_still_s
        woken = np.minimum(last + s.fix_still_s, np.maximum(last + s.fix_moving_s, a[live] + s.fix_moving_s))
        now[live] = np.where(count > 0, woken, now[live])
        # On the move, and for a while after: the first fix after that finds the child at rest.
        moves = live[has[live]]
        still_at = b[moves] + s.still_after_s
        n = np.ceil((still_at - now[moves]) / s.fix_moving_s).astype(np.int64)
        n = np.maximum(n, 0)
        within = np.maximum(np.ceil((end_s - now[moves]) / s.fix_moving_s).astype(np.int64), 0)
        note(moves, now[moves], np.minimum(n, within), s.fix_moving_s, 1)
        now[moves] = now[moves] + n * s.fix_moving_s
    return _placed(day, motion, *(np.concatenate(c) for c in zip(*parts, strict=True)))


def _placed(
    day: Day,
    motion: Motion,
    person: IndexArray,
    t: FloatArray,
    count: IndexArray,
    every: FloatArray,
    moving: IndexArray,
) -> Fixes:
    """Fixes on the move one a row; those at rest stay together, for the child does not move meanwhile."""
    owner, number = spread(np.where(moving == 1, count, 1))
    person, moving = person[owner], moving[owner]
    t = t[owner] + number * np.where(moving == 1, every[owner], 0.0)
    count = np.where(moving == 1, 1, count[owner])
    every = np.where(count > 1, every[owner], 0.0)
    xy = motion.position(person, t)
    order = np.argsort(t, kind="stable")
    return Fixes(
        person[order],
        t[order],
        count[order],
        every[order],
        moving[order],
        xy[order, 0],
        xy[order, 1],
        _indoors(day, motion, person, t)[order],
    )


def _indoors(day: Day, motion: Motion, person: IndexArray, t: FloatArray) -> IndexArray:
    """1 inside a building: before a trip's exit gate, after its entry gate, or between trips."""
    settled, places = day.settled, day.world.places
    lines = settled.lines
    roof_from = np.array([places[p].indoors if p in places else False for p in lines.from_place], bool)
    roof_to = np.array([places[p].indoors if p in places else False for p in lines.to_place], bool)
    trip = motion.trip_at(person, t)
    if not len(settled.trips):
        return np.ones(len(t), np.int64)
    row = np.maximum(trip, 0)
    line = settled.trips.line[row]
    every = np.arange(len(settled.trips))
    of = settled.trips.line
    out = time_at_vertex(settled.trips, lines, every, np.maximum(lines.exit_v[of], 0))
    into = time_at_vertex(settled.trips, lines, every, np.maximum(lines.entry_v[of], 0))
    out = np.where(lines.exit_v[of] >= 0, out, settled.trips.depart)
    into = np.where(lines.entry_v[of] >= 0, into, settled.arrive)
    inside = np.where(t < out[row], roof_from[line], np.where(t >= into[row], roof_to[line], False))
    return np.where(trip < 0, True, inside).astype(np.int64)
