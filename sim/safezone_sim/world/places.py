"""Lays out the regular places of one school. Danger areas come later: they keep clear of registered routes."""

from dataclasses import dataclass

from safezone_sim.map.model import StreetMap
from safezone_sim.routes import Router, Tree
from safezone_sim.scenario import Scenario
from safezone_sim.schools import School
from safezone_sim.world.ground import Ground
from safezone_sim.world.home_places import HOME_WALK_SLACK_M, Home, build_homes
from safezone_sim.world.model import Place
from safezone_sim.world.outing_places import PLAYGROUND_MAX_WALK_M, build_academies, build_playgrounds
from safezone_sim.world.people import PUPILS_IF_UNKNOWN
from safezone_sim.world.school_place import build_school
from safezone_sim.world.sites import Sites, find_spots


@dataclass(frozen=True)
class Layout:
    """The regular places, and the tools that found them."""

    school: Place
    homes: tuple[Home, ...]
    academies: tuple[Place, ...]
    playgrounds: tuple[Place, ...]
    router: Router  # nobody cuts through the school's grounds
    tree: Tree  # to the school's gates
    ground: Ground
    sites: Sites
    radius_m: float


def lay_out_places(zone: str, seed: int, school: School, street_map: StreetMap, scenario: Scenario) -> Layout:
    """School, academies, playgrounds, then homes; each keeps clear of the ways into those before."""
    settings = scenario.map
    school_place, ground = build_school(f"{zone}-school", school.name, street_map)
    router = ground.router
    tree = router.tree([gate.street_node for gate in school_place.gates])
    sites = Sites(ground, tree)
    for gate in school_place.gates:
        sites.reserve(gate.line[-4:])  # street, fence, door, inside
    sites.reserve_centre(school_place.x, school_place.y)
    radius = min(street_map.radius_m, max(settings.home_max_walk_m, settings.academy_max_walk_m))
    assert school_place.shape is not None
    farthest = max(
        settings.academy_max_walk_m, PLAYGROUND_MAX_WALK_M, settings.home_max_walk_m + HOME_WALK_SLACK_M
    )
    spots = find_spots(ground, tree, school_place.shape, radius, farthest)
    academies = build_academies(zone, seed, ground, sites, spots, settings.academy_max_walk_m)
    playgrounds = build_playgrounds(zone, ground, sites, spots)
    homes = build_homes(
        zone,
        seed,
        max(school.pupils or PUPILS_IF_UNKNOWN, scenario.people.subscribers),
        ground,
        sites,
        spots,
        school_place,
        settings.home_max_walk_m,
    )
    return Layout(school_place, homes, academies, playgrounds, router, tree, ground, sites, radius)
