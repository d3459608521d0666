"""Where children go besides school and home: academies and playgrounds.

No public list of academies exists for these quarters: all are synthetic, set by buildings on busier streets
and near shops. Playgrounds are the map's parks and playgrounds where it has any.
"""

from collections.abc import Iterator

import numpy as np
import shapely
from scipy.spatial import cKDTree

from safezone_sim.map.model import FloatArray, StreetMap
from safezone_sim.streams import school_of, stream
from safezone_sim.world.ground import Ground, largest_part, touched
from safezone_sim.world.model import Place
from safezone_sim.world.sites import Site, Sites, Spots, gate_of

ACADEMIES = (5, 8)
PLAYGROUNDS = 3
RADIUS_M = 45.0
APART_M = 125.0  # centres of places that are no homes: a phone in one never seems to be in the other
NEAR_SHOPS_M = 60.0
PLAYGROUND_MAX_WALK_M = 800.0
SUBJECTS = ("영어", "수학", "피아노", "태권도", "미술", "논술", "과학", "컴퓨터", "바둑", "수영")
BUSY = {"primary": 1.0, "secondary": 1.0, "tertiary": 1.0, "pedestrian": 0.6, "minor": 0.25}
PARKS = frozenset({"park", "playground", "recreation_ground", "garden"})
NO_SHOPS = frozenset(
    {"park", "playground", "school", "college", "parking", "cemetery", "pitch", "toilets", "place_of_worship"}
)
NO_ACADEMIES = frozenset(
    {"school", "railway", "industrial", "military", "cemetery", "pitch", "playground", "quarry"}
)


def build_academies(
    zone: str, seed: int, ground: Ground, sites: Sites, spots: Spots, max_walk_m: float
) -> tuple[Place, ...]:
    """Five to eight academies within ``max_walk_m``, drawn by busy street, shops around and nearness."""
    draws = stream(seed, school_of(zone), "academies", "sites")
    wanted = int(draws.integers(ACADEMIES[0], ACADEMIES[1] + 1))
    subjects = draws.permutation(len(SUBJECTS))
    candidates = spots.where(~spots.on_grounds & (spots.walk_m <= max_walk_m) & ~_taboo(ground, spots.xy))
    weight = _busyness(ground, candidates) * np.exp(-candidates.walk_m / 500.0)
    # Efraimidis and Spirakis (2006): sorting by log(u)/w draws by weight without replacement.
    order = np.argsort(-np.log(draws.random(len(weight))) / weight, kind="stable")
    built = candidates.by_building[order]
    places: list[Place] = []
    # In buildings the map knows; then, lest there be too few, anywhere.
    for fewest, choice in ((wanted, order[built]), (ACADEMIES[0], order[~built])):
        for x, y in candidates.xy[choice][:2000].tolist():
            if len(places) >= fewest:
                break
            site = sites.take(x, y, APART_M, max_walk_m)
            if site:
                n = len(places) + 1
                subject = SUBJECTS[int(subjects[n - 1])]
                places.append(_place(f"{zone}-a{n:02d}", "academy", f"{subject}학원 {n}", site, True))
    return tuple(places)


def build_playgrounds(zone: str, ground: Ground, sites: Sites, spots: Spots) -> tuple[Place, ...]:
    """Up to three of the map's parks and playgrounds, nearest first; one synthetic one if it knows none."""
    off_grounds = spots.where(~spots.on_grounds & (spots.walk_m <= PLAYGROUND_MAX_WALK_M))
    places: list[Place] = []
    for x, y, name in _parks(ground.map, off_grounds):
        site = sites.take(x, y, APART_M, PLAYGROUND_MAX_WALK_M)
        if site:
            n = len(places) + 1
            places.append(_place(f"{zone}-p{n:02d}", "playground", name or f"놀이터 {n}", site, False))
            if len(places) == PLAYGROUNDS:
                break
    if not places:
        order = np.lexsort((off_grounds.walk_m, off_grounds.by_building | off_grounds.no_homes))
        for x, y in off_grounds.xy[order].tolist():
            site = sites.take(x, y, APART_M, PLAYGROUND_MAX_WALK_M)
            if site:
                return (_place(f"{zone}-p01", "playground", "놀이터 1", site, True),)
    return tuple(places)


def _place(place_id: str, role: str, name: str, site: Site, synthetic: bool) -> Place:
    return Place(
        id=place_id,
        role="academy" if role == "academy" else "playground",
        name=name,
        x=site.x,
        y=site.y,
        radius_m=RADIUS_M,
        shape=None,
        gates=gate_of(place_id, site),
        indoors=role == "academy",
        synthetic=synthetic,
    )


def _taboo(ground: Ground, xy: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    land = [f.shape for f in ground.map.features if f.cls in NO_ACADEMIES or f.kind in ("water", "park")]
    return touched(shapely.STRtree(shapely.points(xy)), land)


def _busyness(ground: Ground, spots: Spots) -> FloatArray:
    """Weight (n,) of spots: class of the street that they stand behind, and shops within ``NEAR_SHOPS_M``."""
    by_edge = np.array([BUSY.get(cls, 0.1) for cls in ground.map.streets.edge_class])
    at = ground.nearest_lines(spots.xy)
    weight: FloatArray = by_edge[ground.edges[at]]
    shops = np.array([(p.x, p.y) for p in ground.map.pois if p.cls and p.cls not in NO_SHOPS]).reshape(-1, 2)
    if len(shops) and len(spots.xy):
        near = cKDTree(shops).query_ball_point(spots.xy, NEAR_SHOPS_M, return_length=True)
        weight = weight * (1.0 + np.minimum(near, 5))
    return weight


def _parks(street_map: StreetMap, spots: Spots) -> Iterator[tuple[float, float, str]]:
    """A spot in each park, nearest first: within its polygon, or at most 30 m from its point."""
    if not len(spots.xy):
        return
    points = shapely.points(spots.xy)
    found: list[tuple[float, int, str]] = []
    for feature in street_map.features:
        if feature.cls in PARKS or feature.kind == "park":
            part = largest_part(feature.shape)
            if part is None or part.area < 300.0 or part.area > 500_000.0:
                continue
            inside = np.flatnonzero(shapely.intersects(part, points))
            if len(inside):
                middle = part.centroid
                best = inside[np.argmin(shapely.distance(points[inside], middle))]
                found.append((float(spots.walk_m[best]), int(best), feature.name))
    for poi in street_map.pois:
        if poi.cls in PARKS or poi.subclass in PARKS:
            away = np.hypot(spots.xy[:, 0] - poi.x, spots.xy[:, 1] - poi.y)
            best = int(np.argmin(away))
            if away[best] <= 30.0:
                found.append((float(spots.walk_m[best]), best, poi.name))
    for _, at, name in sorted(found):
        yield float(spots.xy[at, 0]), float(spots.xy[at, 1]), name
