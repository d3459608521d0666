"""Homes: building footprints grouped into complexes with one gate each, and synthetic ones where none are mapped.

This map knows no building use: who lives where is made up from footprints. Floors and pupils per dwelling
are assumptions of ours, written below, not data.
"""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import MultiPoint, Point, Polygon

from safezone_sim.map.model import FloatArray, StreetMap
from safezone_sim.streams import school_of, stream
from safezone_sim.world.ground import Ground, largest_part
from safezone_sim.world.model import Place
from safezone_sim.world.sites import Site, Sites, Spots, by_preference, gate_of

MIN_FOOTPRINT_M2 = 40.0
HOME_RADIUS_M = 60.0
HOMES_APART_M = 45.0
HOME_WALK_SLACK_M = 60.0  # a spot's walk is rough; the site's own length decides
OVERFLOW_APART_M = 75.0
FROM_SCHOOL_M = 140.0  # so that a phone at home never looks as if it were in school
JOIN_WITHIN_M = 55.0
M2_PER_DWELLING = 110.0  # gross floor area, assumption
PUPILS_PER_DWELLING = 0.2  # assumption
FEWEST_HOMES = 30  # fewer mapped complexes mean unmapped houses, not an empty quarter
OVERFLOW_PUPILS = 12.0  # of a synthetic cluster of houses
SPARE = 1.2
# (least footprint in m², fewest floors, most floors): assumption, after what such footprints mostly are.
FLOORS = ((0.0, 2, 3), (120.0, 3, 5), (250.0, 4, 10), (450.0, 10, 18), (3000.0, 3, 6))
MINOR = frozenset({"minor", "living_street", "service", "path", "pedestrian", "residential", "footway"})


@dataclass(frozen=True)
class Home:
    """A home complex and what the draw of homes needs: capacity in pupils and metres to the school."""

    place: Place
    capacity: float
    walk_m: float


def build_homes(
    zone: str,
    seed: int,
    pupils: int,
    ground: Ground,
    sites: Sites,
    spots: Spots,
    school: Place,
    max_walk_m: float,
) -> tuple[Home, ...]:
    """The home complexes within ``max_walk_m`` of the school's gates, largest first, then synthetic overflow."""
    away = np.hypot(spots.xy[:, 0] - school.x, spots.xy[:, 1] - school.y)
    livable = (
        ~spots.no_homes
        & ~spots.on_grounds
        & (away >= FROM_SCHOOL_M)
        & (spots.walk_m <= max_walk_m + HOME_WALK_SLACK_M)
    )
    found = [
        *_complexes(zone, seed, ground, sites, spots.where(livable & spots.by_building), school, max_walk_m),
    ]
    room = sum(home[1] for home in found)
    missing = max(math.ceil((SPARE * pupils - room) / OVERFLOW_PUPILS), FEWEST_HOMES - len(found))
    if missing > 0:
        found += _overflow(ground, sites, spots.where(livable), max_walk_m, missing)
    if not found:
        raise ValueError(f"{zone}: no place for a single home within {max_walk_m:.0f} m of the school")
    fence = school.shape.buffer(1.0) if school.shape is not None else Polygon()
    homes = []
    for n, (site, capacity, members, known) in enumerate(found, 1):
        place_id = f"{zone}-h{n:03d}"
        circle = Point(site.x, site.y).buffer(HOME_RADIUS_M - 2.0, quad_segs=6)
        hull = MultiPoint(np.vstack([members, [[site.x, site.y]]])).convex_hull.buffer(3.0, quad_segs=2)
        place = Place(
            id=place_id,
            role="home",
            name=f"주거단지 {n}",
            x=site.x,
            y=site.y,
            radius_m=HOME_RADIUS_M,
            shape=largest_part(hull.intersection(circle).difference(fence)),
            gates=gate_of(place_id, site),
            indoors=True,
            synthetic=not known,
        )
        homes.append(Home(place, capacity, site.walk_m))
    return tuple(homes)


_Found = tuple[Site, float, FloatArray, bool]  # site, pupils, corners (k, 2), known to the map


def _complexes(
    zone: str, seed: int, ground: Ground, sites: Sites, spots: Spots, school: Place, max_walk_m: float
) -> list[_Found]:
    """Around the largest building not yet taken, all others within ``JOIN_WITHIN_M``, until none is left."""
    shapes = ground.buildings
    if not len(shapes) or not len(spots.xy):
        return []
    area = shapely.area(shapes)
    middles = shapely.centroid(shapes)
    centre = shapely.get_coordinates(middles)
    draw = stream(seed, school_of(zone), "buildings", "floors").random(len(shapes))
    fits = (area >= MIN_FOOTPRINT_M2) & ~ground.bad_for_homes(shapely.STRtree(middles))
    fits &= np.hypot(centre[:, 0], centre[:, 1]) <= max_walk_m + 60.0
    if school.shape is not None:
        fits &= ~shapely.intersects(shapes, school.shape)
    pupils = area * _floors(area, draw) / M2_PER_DWELLING * PUPILS_PER_DWELLING
    residential = _residential(ground.map, centre)
    free = fits.copy()
    near = cKDTree(centre)
    found: list[_Found] = []
    for seed_building in np.lexsort((np.arange(len(area)), -pupils)).tolist():
        if not free[seed_building]:
            continue
        x, y = centre[seed_building]
        site = None
        for spot in by_preference(spots, x, y, 40.0)[:16]:
            site = sites.take(float(spot[0]), float(spot[1]), HOMES_APART_M, max_walk_m)
            if site:
                break
        if site is None:
            continue
        members = np.array(sorted(i for i in near.query_ball_point((x, y), JOIN_WITHIN_M) if free[i]))
        free[members] = False
        corners = shapely.get_coordinates(shapes[members])
        found.append((site, float(pupils[members].sum()), corners, bool(residential[members].mean() >= 0.5)))
    return found


def _overflow(ground: Ground, sites: Sites, spots: Spots, max_walk_m: float, count: int) -> list[_Found]:
    """Up to ``count`` synthetic clusters of houses along minor streets, the nearest to the school first."""
    open_land = (spots.clear_m <= 40.0) & ~spots.by_building
    chosen = spots.where(open_land) if open_land.any() else spots
    found: list[_Found] = []
    classes = ground.map.streets.edge_class
    for at in np.lexsort((chosen.xy[:, 1], chosen.xy[:, 0], np.round(chosen.walk_m, 1))).tolist():
        x, y = map(float, chosen.xy[at])
        if classes[ground.foot(x, y).edge] not in MINOR:
            continue
        site = sites.take(x, y, OVERFLOW_APART_M, max_walk_m)
        if site is None:
            continue
        corners = np.array(
            [[x - 15.0, y - 15.0], [x + 15.0, y - 15.0], [x + 15.0, y + 15.0], [x - 15.0, y + 15.0]]
        )
        found.append((site, OVERFLOW_PUPILS, corners, False))
        if len(found) == count:
            break
    return found


def _floors(area: FloatArray, draw: FloatArray) -> FloatArray:
    """Floors (n,) by footprint (n,) in m² and uniform draws (n,)."""
    step = np.searchsorted([least for least, _, _ in FLOORS], area, side="right") - 1
    low = np.array([a for _, a, _ in FLOORS])[step]
    high = np.array([b for _, _, b in FLOORS])[step]
    floors: FloatArray = np.floor(low + draw * (high - low + 1))
    return floors


def _residential(street_map: StreetMap, xy: FloatArray) -> FloatArray:
    """1.0 for points (n, 2) that the map calls residential land, else 0.0."""
    known = np.zeros(len(xy))
    tree = shapely.STRtree([f.shape for f in street_map.features if f.cls == "residential"])
    known[tree.query(shapely.points(xy), predicate="intersects")[0]] = 1.0
    return known
