"""The registry of one school as a hub needs it: exactly the children and devices of the city's day."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safezone_sim.city.school import school_scenario
from safezone_sim.life.day import prepare_day
from safezone_sim.map import load_map
from safezone_sim.scenario import Scenario
from safezone_sim.schools import School
from safezone_sim.world import build_world


def school_registry(
    scenario: Scenario, school: School, *, map_dir: Path | None, map_source: str | None = None
) -> tuple[Mapping[str, Any], ...]:
    """Items of the standard's registry, zone first, keys and announced absences included; no drill.

    ``scenario`` is the city's as a whole; ``school`` one of ``choose_schools``. The world is built in full here
    (names, keys, routes), which the city's day itself leaves out: about a second a school.
    """
    own = school_scenario(scenario, school)
    street_map = load_map(school.lon, school.lat, own.map.radius_m, map_dir=map_dir, source=map_source)
    world = build_world(own, school, street_map, map_dir=map_dir)
    return (*world.registry, *prepare_day(own, world).absences())
