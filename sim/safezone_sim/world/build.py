"""Builds the world of one school. Only wires: each kind of place, person and device has its own module."""

from dataclasses import replace
from pathlib import Path

from safezone_sim.map.model import StreetMap
from safezone_sim.routes import Router
from safezone_sim.scenario import Scenario
from safezone_sim.schools import School
from safezone_sim.world.danger_places import build_dangers
from safezone_sim.world.equipment import StreetUse, place_bells, place_cameras, place_readers
from safezone_sim.world.keys import simulation_keys
from safezone_sim.world.model import SchoolWorld
from safezone_sim.world.people import build_people, with_home_by
from safezone_sim.world.places import lay_out_places
from safezone_sim.world.registered import registered_routes
from safezone_sim.world.registry import registry_items
from safezone_sim.world.units import stand_by_units
from safezone_sim.world.walks import Walks


def build_world(
    scenario: Scenario,
    school: School,
    street_map: StreetMap,
    *,
    seed: int | None = None,
    map_dir: Path | None = None,
    bare: bool = False,
) -> SchoolWorld:
    """The world of one school: a function of scenario, school, map and seed alone, whatever other schools there are.

    ``street_map`` has its origin at the school's point. ``seed`` replaces the scenario's. ``map_dir`` is
    needed only for ``equipment.cctv = "city-2021"``. A ``bare`` world lacks what only a hub or a reader of a report
    asks for (names, keys, registry); everything that lives and stands in it is the same.
    """
    seed = scenario.seed if seed is None else seed
    zone = school.code
    layout = lay_out_places(zone, seed, school, street_map, scenario)
    ground, tree = layout.ground, layout.tree
    homes, school_place = layout.homes, layout.school
    population = build_people(
        zone,
        seed,
        school.pupils,
        scenario.people,
        scenario.behaviour,
        homes,
        layout.academies,
        layout.playgrounds,
        named=not bare,
    )
    lived_in = {p.home for p in population.people}
    regular = (
        school_place,
        *(home.place for home in homes if home.place.id in lived_in),
        *layout.academies,
        *layout.playgrounds,
    )
    places = {place.id: place for place in regular}
    walks = Walks(layout.router)
    routes = registered_routes(population.people, places, school_place.id, walks)
    dangers = build_dangers(zone, ground, layout.sites, tree, regular, routes, layout.radius_m)
    places |= {place.id: place for place in dangers}

    use = StreetUse(population.people, places, school_place, walks)
    readers = place_readers(
        zone, scenario.equipment, school_place, tuple(places.values()), use, layout.router
    )
    bells = place_bells(zone, scenario.equipment, tuple(places.values()), use, layout.router, tree)
    cameras = place_cameras(
        zone, seed, scenario.equipment, street_map, school_place, use, layout.router, tree, map_dir
    )
    devices = (*readers, *bells, *cameras)
    read_homes = frozenset(d.place for d in readers if d.position == "gate" and d.place)
    people = with_home_by(population.people, read_homes)
    world = SchoolWorld(
        zone=zone,
        school=school,
        map=street_map,
        places=places,
        school_place=school_place.id,
        people=people,
        guardians=population.guardians,
        devices=devices,
        routes=routes,
        keys={},
        registry=(),
    )
    return world if bare else _registered(world, scenario, seed, layout.router)


def _registered(world: SchoolWorld, scenario: Scenario, seed: int, router: Router) -> SchoolWorld:
    """The world with its keys and its registry."""
    zone = world.zone
    keys = simulation_keys(
        zone,
        seed,
        (
            *(d.id for d in world.devices),
            *(p.phone for p in world.people if p.phone),
            *(g.id for g in world.guardians),
            f"{zone}-desk",
            f"{zone}-clock",
        ),
    )
    registry = registry_items(
        scenario,
        world.school,
        world.map,
        world.places,
        world.people,
        world.guardians,
        world.devices,
        stand_by_units(zone, seed, world.map, router),
        world.routes,
        keys,
    )
    return replace(world, keys=keys, registry=registry)
