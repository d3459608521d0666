"""Who is outdoors when, and near which equipment: what several kinds of incident ask of the plan."""

import numpy as np

from safezone_sim.life.script import Script
from safezone_sim.map.model import FloatArray
from safezone_sim.world.model import Person


def on_the_way(script: Script, people: list[Person], t: float) -> list[tuple[Person, float, float]]:
    """Those of ``people`` who are outside every place at time t, with their position in metres."""
    found = []
    for person in people:
        track = script.track(person.index)
        if not track.inside(t) and track.t[1] < t < track.t[-1]:
            found.append((person, *track.position(t)))
    return found


def readers_xy(script: Script) -> FloatArray:
    """Positions (n, 2) of all readers, metres."""
    at = [(d.x, d.y) for d in script.world.devices if d.type == "reader"]
    return np.array(at, float).reshape(-1, 2)


def hearing(
    script: Script, bodies: list[tuple[Person, float, float]], range_m: float
) -> list[tuple[Person, float, float]]:
    """Those within ``range_m`` of some reader."""
    readers = readers_xy(script)
    if not len(readers):
        return []
    return [b for b in bodies if np.hypot(readers[:, 0] - b[1], readers[:, 1] - b[2]).min() <= range_m]
