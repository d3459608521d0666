"""Patrols and ambulances that drive along real streets to where they are sent.

They know streets and speed; who sends them and what they find is the session's business.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

from safezone_sim.life.lines import lengths_along
from safezone_sim.life.tracks import Track
from safezone_sim.map.model import FloatArray
from safezone_sim.routes import NoPath, Router
from safezone_sim.world.model import SchoolWorld

# Assumptions: with lights on in streets where 30 km/h is allowed.
SPEED_MPS = {"patrol": 8.0, "ambulance": 8.0}
MOUNT_S = {"patrol": 10.0, "ambulance": 25.0}  # until it moves
TURN_IN_MPS = 2.0  # the last metres, from the street on foot

NAMES = (("순찰차 ", "patrol car "), ("구급차 ", "ambulance "))  # as the world names its own
BOX_CAR = " 순찰차 (모의)"  # after the name of a police box


@dataclass
class Unit:
    """One unit. ``name``: as the registry has it, in Korean. ``incident``: whose it is now; ``goal``: where it was last told to go, metres."""

    id: str
    name: str
    kind: str
    track: Track
    incident: str | None = None
    goal: tuple[float, float] = (0.0, 0.0)
    process: Any = None
    route: FloatArray = field(default_factory=lambda: np.zeros((0, 2)))

    @property
    def words(self) -> tuple[str, str]:
        """Its name in Korean and English; a police box keeps its own."""
        for korean, english in NAMES:
            if self.name.startswith(korean):
                return self.name, english + self.name.removeprefix(korean).replace("(모의)", "(simulated)")
        return self.name, f"patrol car of {self.name.removesuffix(BOX_CAR)} (simulated)"

    def position(self, t: float) -> tuple[float, float]:
        """Metres at time t."""
        return self.track.position(t)


def units_of(world: SchoolWorld, router: Router) -> list[Unit]:
    """The units of the world's registry, where they stand by."""
    frame = world.map.frame
    units = []
    for item in world.registry:
        if item["kind"] == "unit":
            (x, y) = frame.to_xy(np.array([item["lon"]]), np.array([item["lat"]]))[0].tolist()
            units.append(Unit(item["id"], item["name"], item["type"], Track(x, y, "")))
    return units


def drive(
    env: simpy.Environment,
    router: Router,
    unit: Unit,
    to: tuple[float, float],
    arrived: Callable[[Unit], None],
    *,
    under_way: bool = False,
) -> None:
    """Sends a unit to a point, metres; ``arrived`` is called there. A new order ends the one before.

    ``under_way``: it sits in its car already.
    """
    unit.goal = to
    if unit.process is not None and unit.process.is_alive:
        unit.process.interrupt("sent elsewhere")
    unit.process = env.process(
        _driving(env, router, unit, to, arrived, 0.0 if under_way else MOUNT_S[unit.kind])
    )


def _driving(
    env: simpy.Environment,
    router: Router,
    unit: Unit,
    to: tuple[float, float],
    arrived: Callable[[Unit], None],
    mount_s: float,
) -> Generator[Any, Any, None]:
    try:
        unit.track.cut(env.now)
        yield env.timeout(mount_s)
        here = unit.position(env.now)
        a, b = router.nearest_node(*here), router.nearest_node(*to)
        xy = router.streets.xy
        try:
            street = router.path_xy(a, b) if a != b else xy[a : a + 1]
        except NoPath:
            street = xy[b : b + 1]
        # As near to the place as the street comes.
        unit.route = np.concatenate([np.array([here]), street])
        t, mps = env.now, SPEED_MPS[unit.kind]
        along = lengths_along(unit.route)
        for metres, (x, y) in zip(along.tolist(), unit.route.tolist(), strict=True):
            unit.track.pass_by(t + metres / mps, x, y)
        reached = t + float(along[-1]) / mps
        last = float(np.hypot(to[0] - unit.route[-1, 0], to[1] - unit.route[-1, 1]))
        unit.track.pass_by(reached + last / TURN_IN_MPS, *to)
        yield env.timeout(max(0.0, reached + last / TURN_IN_MPS - env.now))
        arrived(unit)
    except simpy.Interrupt:
        return
