"""Wandering about on open ground: a stroll of a given length that stays within a shape."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from safezone_sim.map.model import FloatArray

_TRIES = 40
_STEP_M = (6.0, 35.0)


@dataclass(frozen=True)
class Clearing:
    """Ground to wander on: its ``core`` polygon, prepared, and the ``middle`` (2,) where every stroll begins."""

    core: Any
    middle: FloatArray


def clearing(ground: Any) -> Clearing:
    """The deep part of a polygon, or all of it where it has none."""
    deep = ground.buffer(-8.0)
    core = max(shapely.get_parts(deep).tolist(), key=lambda p: p.area) if deep.area >= 200.0 else ground
    middle = np.array(shapely.maximum_inscribed_circle(core, tolerance=1.0).coords[0], float)
    shapely.prepare(core)
    return Clearing(core, middle)


def wander(
    ground: Clearing, start: FloatArray, end: FloatArray, length_m: float, rng: np.random.Generator
) -> FloatArray:
    """Points (k, 2), metres, of a stroll of about ``length_m``, the ways from ``start`` and to ``end`` included."""
    here = ground.middle
    points = [here]
    walked = float(np.hypot(*(here - start)) + np.hypot(*(here - end)))
    while walked < length_m:
        following = _step(ground.core, here, rng)
        if following is None:
            following = ground.middle + np.array([2.0, 0.0]) if here is ground.middle else ground.middle
        walked += float(np.hypot(*(following - here)))
        here = following
        points.append(here)
    return np.stack(points)


def _step(core: Any, here: FloatArray, rng: np.random.Generator) -> FloatArray | None:
    for _ in range(_TRIES):
        bearing, metres = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(*_STEP_M)
        to = here + metres * np.array([np.cos(bearing), np.sin(bearing)])
        if shapely.contains(core, shapely.linestrings([here, to])):
            return np.asarray(np.round(to, 3), float)
    return None
