"""How a drill stands: its scene, its list, and all that is written down about it. Data, without threads or interfaces.

Its session alone changes it; what shows or keeps a drill reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safezone_sim.devices.camera import Camera
from safezone_sim.drill.masterlist import MasterList
from safezone_sim.drill.rollcall import RollCall
from safezone_sim.drill.scene import Scene
from safezone_sim.drill.stage import Stage
from safezone_sim.drill.states import OVER, State
from safezone_sim.drill.timeline import Timeline


@dataclass
class Course:
    """One drill. Times are seconds after midnight. ``owner``: whose it is, in the words of whoever opened it; the twin only keeps it.

    ``join``: the code with which a trainee takes a role; ``tokens``: the roles by name.
    """

    scene: Scene
    cameras: Sequence[Camera]
    master: MasterList
    rollcall: RollCall
    folder: Path
    hub: str
    tokens: Mapping[str, Mapping[str, Any]]
    join: str
    owner: str | None
    created_at: str
    speed: float
    state: State = "preparing"
    failed: str | None = None
    hub_state: str = "ok"
    started: bool = False
    all_clear_t: float | None = None
    ended_t: float | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)
    ratings: dict[str, dict[str, Any]] = field(default_factory=dict)
    improvements: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        return self.scene.stage

    @property
    def timeline(self) -> Timeline:
        return self.scene.timeline

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def now(self) -> float:
        """The drill's time; after its end, when that was."""
        return float(self.scene.env.now) if self.ended_t is None else self.ended_t

    @property
    def started_t(self) -> float | None:
        return self.stage.start_s if self.started else None

    @property
    def elapsed_s(self) -> float:
        return max(0.0, round(self.now - self.stage.start_s, 1)) if self.started else 0.0
