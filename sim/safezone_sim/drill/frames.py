"""Frames: where everybody is, some times a second, while somebody looks."""

from dataclasses import dataclass, field

import numpy as np

from safezone_sim.drill.scene import Scene
from safezone_sim.map.model import FloatArray


@dataclass(frozen=True)
class Frame:
    """Where everybody is, at ``t``: rows of lon, lat, flags by index."""

    n: int = 0
    t: float = 0.0
    rows: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))

    def since(self, seen: FloatArray | None) -> tuple[bool, list[list[float]]]:
        """What is new to somebody who has ``seen`` these rows: whether that is everything, and index, lon, lat, flags of each."""
        full = seen is None or len(seen) != len(self.rows)
        moved = np.arange(len(self.rows)) if full else np.flatnonzero((self.rows != seen).any(axis=1))
        rows = zip(moved.tolist(), self.rows[moved].tolist(), strict=True)
        return full, [[i, lon, lat, int(flags)] for i, (lon, lat, flags) in rows]


class Frames:
    """The latest frame of a scene. ``watchers``: how many look; changed by their event loop, read by the drill's thread."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.watchers = 0
        self.latest = Frame()

    def take(self) -> None:
        """Takes one of this moment; in the drill's thread."""
        scene = self._scene
        t = scene.env.now
        rows = np.array(
            [(*track.position(t), scene.flags(n, track, t)) for n, track in enumerate(scene.tracks())]
        )
        rows[:, :2] = scene.lonlats(rows[:, :2])
        self.latest = Frame(self.latest.n + 1, round(t, 2), rows)
