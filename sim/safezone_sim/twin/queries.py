"""Location queries: which child is asked for, and when. Drawn before the run, from a named stream."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from safezone_sim.life.model import Life
from safezone_sim.streams import stream


def planned_outings(life: Life) -> Mapping[str, tuple[float, float]]:
    """By subscriber: first leaving and last coming home of the day's plan, seconds after midnight."""
    settled = life.day.settled
    spans: dict[str, tuple[float, float]] = {}
    people = life.world.people
    columns = (settled.trips.person.tolist(), settled.trips.depart.tolist(), settled.arrive.tolist())
    for index, depart, arrive in zip(*columns, strict=True):
        if people[index].subscriber:
            first, last = spans.get(people[index].id, (depart, arrive))
            spans[people[index].id] = (min(first, depart), max(last, arrive))
    return spans


def draw_queries(
    seed: int, count: int, outings: Mapping[tuple[str, str], tuple[float, float]], grid_s: float, start: float
) -> Mapping[float, Sequence[tuple[str, str]]]:
    """(zone, child) pairs by instant; each instant lies on the slice grid, within the child's outing.

    ``outings`` maps (zone, child) to its first leaving and last coming home, seconds after midnight.
    """
    rng = stream(seed, "queries")
    children = sorted(outings)
    by_instant: dict[float, list[tuple[str, str]]] = defaultdict(list)
    if not children:
        return by_instant
    for _ in range(count):
        child = children[int(rng.integers(len(children)))]
        t0, t1 = outings[child]
        t = t0 + rng.random() * (t1 - t0)
        by_instant[start + math.ceil((t - start) / grid_s) * grid_s].append(child)
    return by_instant
