"""How far patrols drive: on real streets from real police boxes, or, without a map, by the square-root law.

Streets: shortest ways on the graph's edges that cars use. The map's trunk roads are not in the graph and one-way rules
are not known, so a way may be longer or shorter than the one driven. Without a map: the nearest of k units spread at
random over an area A lies at a Rayleigh-distributed distance with mean 0.5 √(A/k) (Kolesar and Blum, Management Science
19, 1973), times the stated circuity.
"""

import csv
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log, pi, sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from safezone_sim.map.loading import load_map
from safezone_sim.map.model import StreetGraph, StreetMap
from safezone_sim.schools import School
from safezone_sim.staffing.plan import StaffingError
from safezone_sim.streams import stream

FloatArray = npt.NDArray[np.float64]

POLICE_FILE = "police-seoul-2021.csv"
ATTRIBUTION = "© OpenMapTiles © OpenStreetMap contributors; 서울특별시 공공데이터 (경찰관서 2021); NEIS"
POINTS = 4  # places a school's calls come from: its own, and street corners around it
AROUND_M = 600.0
FAR_M = 15_000.0  # a box further off than this never serves a school
_NOT_DRIVEN = frozenset({"path", "pedestrian", "track", "crossing"})


@dataclass(frozen=True)
class AreaTravel:
    """Units spread at random over ``area_km2``; the square-root law."""

    area_km2: float
    circuity: float

    def metres(self, point: int, posts: Sequence[int], draw: float) -> tuple[int, float]:
        """The first of ``posts`` and the distance that ``draw`` (0 to 1) picks from the law."""
        per_m2 = len(posts) / (self.area_km2 * 1e6)
        return posts[0], self.circuity * sqrt(-log(1.0 - min(draw, 1 - 1e-12)) / (pi * per_m2))


@dataclass(frozen=True)
class StreetTravel:
    """Metres along the streets from each unit's post to each point: (units, points)."""

    distance_m: FloatArray

    def metres(self, point: int, posts: Sequence[int], draw: float) -> tuple[int, float]:
        """The nearest of ``posts`` and its metres; ``draw`` plays no part."""
        column = self.distance_m[posts, point]
        nearest = int(column.argmin())
        return posts[nearest], float(column[nearest])


@dataclass(frozen=True)
class Ground:
    """Police boxes and the points that calls come from, with the street metres between them."""

    boxes: tuple[str, ...]
    schools: tuple[str, ...]  # codes; school i owns points i × POINTS …
    distance_m: FloatArray  # (boxes, points); inf where no street leads
    attribution: str

    def points_of(self, codes: Sequence[str]) -> npt.NDArray[np.int64]:
        """Point indices of these schools, in their order. KeyError for a school that is not here."""
        at = {code: n for n, code in enumerate(self.schools)}
        return np.concatenate([np.arange(at[c] * POINTS, at[c] * POINTS + POINTS) for c in codes])

    def posts(self, points: npt.NDArray[np.int64], weights: FloatArray, within_m: float) -> list[int]:
        """All useful boxes in the order they are manned: each next one brings the most calls within ``within_m``,

        ties by the shortest mean way (greedy maximal covering; Church and ReVelle 1974).
        """
        distance = np.minimum(self.distance_m[:, points], FAR_M)
        best = np.full(len(points), FAR_M)
        order: list[int] = []
        left = set(np.flatnonzero((distance < FAR_M).any(axis=1)).tolist())
        while left:
            candidates = np.array(sorted(left))
            near = np.minimum(best, distance[candidates])
            score = ((near <= within_m) * weights).sum(axis=1) - (near * weights).sum(axis=1) / (FAR_M * 10)
            chosen = int(candidates[int(score.argmax())])
            order.append(chosen)
            best = np.minimum(best, distance[chosen])
            left.discard(chosen)
        return order


def read_boxes(map_dir: Path) -> list[tuple[str, float, float]]:
    """(gu and name, lon, lat) of every police station and box. StaffingError if the list cannot be read."""
    path = map_dir / POLICE_FILE
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [
                (f"{r['gu']} {r['name']}", float(r["lon"]), float(r["lat"])) for r in csv.DictReader(file)
            ]
    except (OSError, KeyError, ValueError) as error:
        raise StaffingError(
            f"{path}: cannot be read ({error}); needs the columns gu, name, lon, lat. Without it, leave --map-dir "
            "out: distances then follow the stated circuity."
        ) from error


def lay_ground(
    map_dir: Path,
    schools: Sequence[School],
    *,
    cache_dir: Path | None = None,
    progress: Callable[[str, float, float], None] | None = None,
) -> Ground:
    """Street distances from every box to every school's points. About half a minute for all Seoul, once:

    ``cache_dir`` keeps them for the next run with the same schools and map.
    """
    boxes = read_boxes(map_dir)
    wanted = hashlib.blake2b(digest_size=12)
    for path in sorted(map_dir.glob("*.pmtiles")):
        wanted.update(f"{path.name} {path.stat().st_size}".encode())
    wanted.update(repr([boxes, [(s.code, s.lon, s.lat) for s in schools], POINTS, AROUND_M]).encode())
    kept = cache_dir / f"streets-{wanted.hexdigest()}.npy" if cache_dir else None
    if kept is not None and kept.is_file():
        distance = np.load(kept, allow_pickle=False)
    else:
        distance = _measure(map_dir, boxes, schools, progress)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, distance, allow_pickle=False)
    return Ground(tuple(b[0] for b in boxes), tuple(s.code for s in schools), distance, ATTRIBUTION)


def _measure(
    map_dir: Path,
    boxes: Sequence[tuple[str, float, float]],
    schools: Sequence[School],
    progress: Callable[[str, float, float], None] | None,
) -> FloatArray:
    lons = np.array([s.lon for s in schools])
    lats = np.array([s.lat for s in schools])
    lon0, lat0 = float((lons.min() + lons.max()) / 2), float((lats.min() + lats.max()) / 2)
    half_m = max(float(np.ptp(lons)) / 2 * 88_300, float(np.ptp(lats)) / 2 * 111_000) + 3_000
    if progress:
        progress("map", 0, 1)
    town: StreetMap = load_map(lon0, lat0, min(half_m, 29_000), map_dir=map_dir)
    driven = DrivenStreets(town.streets)
    box_nodes, off_m = driven.nearest(
        town.frame.to_xy(np.array([b[1] for b in boxes]), np.array([b[2] for b in boxes]))
    )
    usable = off_m < 300.0  # boxes outside this map have no street near them
    points = np.concatenate(
        [
            driven.around(xy, AROUND_M, code)
            for xy, code in zip(town.frame.to_xy(lons, lats), (s.code for s in schools), strict=True)
        ]
    )
    distance = np.full((len(boxes), len(points)), np.inf)
    for n, node in enumerate(box_nodes.tolist()):
        if usable[n]:
            distance[n] = driven.from_node(node, FAR_M)[points]
        if progress:
            progress("streets", n + 1, len(boxes))
    return distance


class DrivenStreets:
    """The part of a street graph that cars use: its largest connected component, lengths in metres."""

    def __init__(self, streets: StreetGraph) -> None:
        self._xy = streets.xy
        n = len(streets.xy)
        edges = np.array([c not in _NOT_DRIVEN for c in streets.edge_class], bool)
        a, b = streets.edge_from[edges].astype(np.int64), streets.edge_to[edges].astype(np.int64)
        length = np.maximum(streets.length_m[edges], 1e-6)
        # Of parallel edges the shortest: coo would add them up.
        key = np.minimum(a, b) * n + np.maximum(a, b)
        order = np.lexsort((length, key))
        first = np.concatenate([[True], np.diff(key[order]) != 0]) if len(order) else np.zeros(0, bool)
        kept = order[first]
        kept = kept[a[kept] != b[kept]]
        self._graph = coo_matrix((length[kept], (a[kept], b[kept])), shape=(n, n)).tocsr()
        _, label = connected_components(self._graph, directed=False)
        self._nodes = np.flatnonzero(label == np.bincount(label).argmax())
        self._tree = cKDTree(self._xy[self._nodes])

    def nearest(self, xy: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
        """Nearest nodes to points (n, 2) and how far off they lie, metres."""
        off, at = self._tree.query(xy)
        return self._nodes[at], np.asarray(off, float)

    def around(self, xy: FloatArray, radius_m: float, name: str) -> npt.NDArray[np.int64]:
        """POINTS nodes: the nearest, and others within ``radius_m`` drawn by the stream of ``name``."""
        nearest = int(self._tree.query(xy)[1])
        near = sorted(self._tree.query_ball_point(xy, radius_m)) or [nearest]
        others = stream(0, "staffing", "points", name).choice(near, POINTS - 1)
        return np.asarray(self._nodes[np.concatenate([[nearest], others])], np.int64)

    def from_node(self, node: int, limit_m: float) -> FloatArray:
        """Metres from a node to every node; inf beyond ``limit_m``."""
        return np.asarray(dijkstra(self._graph, directed=False, indices=node, limit=limit_m), float)
