"""From what everybody wants to what happens: friends wait for each other, gates pass one at a time.

Also the check that nobody warps and nobody is in two places.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from safezone_sim.life.gates import Crowd, crowd_at_gates, with_waits
from safezone_sim.life.groups import leave_together
from safezone_sim.life.lines import Lines
from safezone_sim.life.plan import CAR_MPS
from safezone_sim.life.trips import Trips, arrivals
from safezone_sim.map.model import FloatArray
from safezone_sim.world.model import SchoolWorld

WALK_LIMIT_MPS = 2.5  # a child's run; nobody on foot is faster over a whole trip
CAR_LIMIT_MPS = CAR_MPS * 1.05
INSIDE_MPS = 2.5  # between two doors of one building


class ImpossiblePlan(ValueError):
    """A plan that no body can follow: names the person and the times."""


@dataclass(frozen=True)
class Settled:
    """The day as it will be if nobody has to react."""

    lines: Lines
    trips: Trips
    arrive: FloatArray
    crowd: Crowd
    own_mps: FloatArray  # pace before friends
    missing: frozenset[int]  # groups that wait in vain for a member who stays away


def settle(world: SchoolWorld, lines: Lines, trips: Trips, missing: Collection[int] = ()) -> Settled:
    """Friends and queues applied; ImpossiblePlan if the result cannot be."""
    own = trips.foot_mps
    same_pace = trips.foot_mps == trips.street_mps
    set_out, foot = leave_together(trips.ready, trips.foot_mps, trips.group, missing)
    street = np.where(same_pace, foot, trips.street_mps)
    trips = trips.with_columns(set_out=set_out, depart=set_out, foot_mps=foot, street_mps=street)
    crowd = crowd_at_gates(trips, lines, world.school_place)
    trips = with_waits(trips, lines, crowd)
    arrive = arrivals(trips, lines)
    check_plan(world, lines, trips, arrive)
    return Settled(lines, trips, arrive, crowd, own, frozenset(missing))


def check_plan(world: SchoolWorld, lines: Lines, trips: Trips, arrive: FloatArray) -> None:
    """Raises ImpossiblePlan for the first person who warps, is in two places, or arrives before leaving."""

    def fail(row: int, what: str) -> None:
        person = world.people[int(trips.person[row])]
        raise ImpossiblePlan(f"{world.zone}, {person.id}: {what}")

    def first(mask: npt.ArrayLike) -> int | None:
        rows = np.flatnonzero(mask)
        return int(rows[0]) if len(rows) else None

    finite = np.isfinite(trips.depart) & np.isfinite(arrive)
    if (i := first(~finite)) is not None:
        fail(i, f"trip {lines.from_place[trips.line[i]]} -> {lines.to_place[trips.line[i]]} has no time")
    if (i := first(arrive < trips.depart)) is not None:
        fail(i, f"arrives at {clock(arrive[i])} before leaving at {clock(trips.depart[i])}")
    if (i := first((trips.foot_mps > WALK_LIMIT_MPS) | (trips.street_mps > CAR_LIMIT_MPS))) is not None:
        fail(i, f"at {clock(trips.depart[i])} moves at {max(trips.foot_mps[i], trips.street_mps[i]):.1f} m/s")
    if (i := first((trips.pause_s < 0).any(axis=1))) is not None:
        fail(i, f"at {clock(trips.depart[i])} pauses for a negative time")
    _check_chains(world, lines, trips, arrive, fail)


def _check_chains(
    world: SchoolWorld, lines: Lines, trips: Trips, arrive: FloatArray, fail: Callable[[int, str], None]
) -> None:
    seen: dict[int, int] = {}
    line, person = trips.line.tolist(), trips.person.tolist()
    depart, arrived = trips.depart.tolist(), arrive.tolist()
    ends = np.stack([lines.at[:-1], lines.at[1:] - 1], axis=1).tolist()
    x, y = lines.x, lines.y
    for row, (who, ln) in enumerate(zip(person, line, strict=True)):
        before = seen.get(who)
        here = world.people[who].home if before is None else lines.to_place[line[before]]
        if lines.from_place[ln] != here:
            fail(
                row, f"leaves {lines.from_place[ln]} at {clock(depart[row])}, but was in {here or 'nowhere'}"
            )
        if before is not None:
            if depart[row] < arrived[before]:
                fail(
                    row, f"leaves at {clock(depart[row])}, but arrives there only at {clock(arrived[before])}"
                )
            a, b = ends[line[before]][1], ends[ln][0]
            if a != b and (x[a] != x[b] or y[a] != y[b]):
                gap = float(np.hypot(x[a] - x[b], y[a] - y[b]))
                if gap > INSIDE_MPS * (depart[row] - arrived[before]):
                    fail(
                        row,
                        f"is {gap:.0f} m from where it was at {clock(arrived[before])} by {clock(depart[row])}",
                    )
        seen[who] = row


def clock(t: float) -> str:
    """Seconds after midnight as HH:MM:SS."""
    whole = int(t)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
