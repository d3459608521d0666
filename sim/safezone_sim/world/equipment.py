"""Where readers, bells and cameras stand, and how many of each: at most what the scenario's equipment allows."""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from safezone_sim.map.model import FloatArray, StreetMap
from safezone_sim.routes import Router, Tree
from safezone_sim.scenario import Equipment, ScenarioError
from safezone_sim.streams import school_of, stream
from safezone_sim.world.ground import point_along
from safezone_sim.world.model import Antenna, Device, Gate, Person, Place
from safezone_sim.world.walks import Walks

CCTV_FILE = "cctv-seoul-2021.csv"
ANTENNA_BEFORE_GATE_M = 4.0
DANGER_READERS = 4
POLES_APART_M = 80.0
BELLS_APART_M = 60.0
CAMERAS_APART_M = 90.0
ELSEWHERE_M = 40.0  # a reader so far outside a place's radius tells «elsewhere» (evidence of the standard)
FOV_DEG, VIEW_M = 60.0, 50.0
PRESETS = (4, 8)


class StreetUse:
    """How many subscribers' home–school walks pass each street node."""

    def __init__(
        self, people: Sequence[Person], places: Mapping[str, Place], school: Place, walks: Walks
    ) -> None:
        by_home = Counter(p.home for p in people if p.subscriber)
        self.homes = [places[h] for h in sorted(by_home)]
        self.count = [by_home[h.id] for h in self.homes]
        self.nodes: list[list[int]] = []
        for home in self.homes:
            first, second = sorted((home, school), key=lambda p: p.id)
            out, into = walks.gates(first, second)
            self.nodes.append(walks.router.tree([into.street_node]).nodes(out.street_node))

    def passes(self, nodes: int) -> FloatArray:
        """Subscribers (nodes,) who pass each node."""
        total = np.zeros(nodes)
        for path, n in zip(self.nodes, self.count, strict=True):
            total[path] += n
        return total

    def telling(self, xy: FloatArray) -> FloatArray:
        """As ``passes``, only those whose home is so far away that a sighting there tells «left home»."""
        total = np.zeros(len(xy))
        for home, path, n in zip(self.homes, self.nodes, self.count, strict=True):
            at = np.array(path)
            far = np.hypot(xy[at, 0] - home.x, xy[at, 1] - home.y) > home.radius_m + ELSEWHERE_M
            total[at[far]] += n
        return total


def gate_reader(device_id: str, place: Place, gate: Gate, range_m: float) -> Device:
    """A reader at a gate: one antenna before, one behind it on the gate's own line, never overlapping."""
    half = max(ANTENNA_BEFORE_GATE_M, range_m + 1.5)
    x, y = point_along(gate.line, gate.gate_at_m)
    antennas = []
    for side, at in (("outer", gate.gate_at_m - half), ("inner", gate.gate_at_m + half)):
        ax, ay = point_along(gate.line, at)
        antennas.append(
            Antenna(f"{device_id}-{side}", "outer" if side == "outer" else "inner", ax, ay, range_m)
        )
    return Device(device_id, "reader", x, y, "gate", place.id, gate.id, tuple(antennas))


def single_reader(device_id: str, x: float, y: float, range_m: float, place: str | None) -> Device:
    """A reader with one antenna: inside ``place``, or on a pole in the street."""
    antenna = Antenna(f"{device_id}-single", "single", x, y, range_m)
    return Device(device_id, "reader", x, y, "interior" if place else "pole", place, None, (antenna,))


def entrance_of(school: Place) -> tuple[float, float]:
    """The school building's door, which every gate's line passes: the last point but one of each line."""
    x, y = school.gates[0].line[-2]
    return float(x), float(y)


def place_readers(
    zone: str, settings: Equipment, school: Place, places: Sequence[Place], use: StreetUse, router: Router
) -> tuple[Device, ...]:
    """Readers in order of importance, cut off at ``settings.readers``.

    School gates, school entrance, academies, danger areas (4 at most); half of the rest at the home
    complexes with most subscribers, the other half on poles where most of them pass; what one half cannot
    use goes to the other.
    """
    rng = settings.antenna_range_m
    plan: list[tuple[Place, Gate] | tuple[float, float, float, str | None]] = [
        (school, g) for g in school.gates
    ]
    plan.append((*entrance_of(school), rng, school.id))
    plan += [(p, p.gates[0]) for p in places if p.role == "academy"]
    dangers = [p for p in places if p.role == "danger"][:DANGER_READERS]
    plan += [(p.x, p.y, settings.pole_range_m, p.id) for p in dangers]
    left = max(0, settings.readers - len(plan))
    ranked = sorted(zip(use.homes, use.count, strict=True), key=lambda hc: (-hc[1], hc[0].id))
    homes = [home for home, _ in ranked]
    with_gate = homes[: (left + 1) // 2]
    taken = [(*entrance_of(school), 0.0)] + [(p.x, p.y, settings.pole_range_m) for p in dangers]
    academies = [p for p in places if p.role == "academy"]
    while True:
        poles = _poles(settings, school, [*academies, *with_gate], taken, use, router)[
            : left - len(with_gate)
        ]
        more = left - len(poles)
        if more <= len(with_gate) or len(with_gate) == len(homes):
            break
        with_gate = homes[:more]
    plan += [(home, home.gates[0]) for home in with_gate]
    plan += [(x, y, settings.pole_range_m, None) for x, y in poles]
    readers = []
    for n, item in enumerate(plan[: settings.readers], 1):
        device_id = f"{zone}-r{n:03d}"
        if len(item) == 2:
            readers.append(gate_reader(device_id, item[0], item[1], rng))
        else:
            readers.append(single_reader(device_id, *item))
    return tuple(readers)


def _poles(
    settings: Equipment,
    school: Place,
    gated: Sequence[Place],
    taken: Sequence[tuple[float, float, float]],
    use: StreetUse,
    router: Router,
) -> list[tuple[float, float]]:
    """Street nodes where most are told from home, best first, clear of the school and of other antennas."""
    xy = router.streets.xy
    telling = use.telling(xy)
    telling[np.hypot(xy[:, 0] - school.x, xy[:, 1] - school.y) <= school.radius_m + ELSEWHERE_M] = 0.0
    for place in (school, *gated):
        for gate in place.gates:
            x, y = point_along(gate.line, gate.gate_at_m)
            telling[
                np.hypot(xy[:, 0] - x, xy[:, 1] - y)
                <= settings.pole_range_m + settings.antenna_range_m + 12.0
            ] = 0.0
    for x, y, range_m in taken:
        telling[np.hypot(xy[:, 0] - x, xy[:, 1] - y) <= settings.pole_range_m + range_m + 5.0] = 0.0
    poles: list[tuple[float, float]] = []
    while telling.max(initial=0.0) > 0:
        best = int(np.argmax(telling))
        poles.append((float(xy[best, 0]), float(xy[best, 1])))
        telling[np.hypot(*(xy - xy[best]).T) < POLES_APART_M] = 0.0
    return poles


def place_bells(
    zone: str, settings: Equipment, places: Sequence[Place], use: StreetUse, router: Router, tree: Tree
) -> tuple[Device, ...]:
    """Emergency bells: one at each playground, then at the junctions most subscribers pass, spread out."""
    spots = [(p.x + 6.0, p.y) for p in places if p.role == "playground"]
    spots = _spread(spots, _busy_junctions(use, router, tree), settings.bells, BELLS_APART_M)
    return tuple(Device(f"{zone}-b{n:02d}", "bell", x, y) for n, (x, y) in enumerate(spots, 1))


def _busy_junctions(use: StreetUse, router: Router, tree: Tree) -> list[tuple[float, float]]:
    """Kerb points of all junctions of the main streets: by subscribers passing, then nearest to the school."""
    streets = router.streets
    degree = np.bincount(
        np.concatenate([streets.edge_from[router.usable_edges], streets.edge_to[router.usable_edges]]),
        minlength=len(streets.xy),
    )
    nodes = np.flatnonzero((degree >= 3) & router.main & np.isfinite(tree.distance_m))
    order = np.lexsort((nodes, tree.distance_m[nodes], -use.passes(len(streets.xy))[nodes]))
    kerb = streets.xy[nodes[order]] + np.array([3.0, 3.0])
    return [(float(x), float(y)) for x, y in kerb]


def _spread(
    first: Iterable[tuple[float, float]], then: Iterable[tuple[float, float]], count: int, apart_m: float
) -> list[tuple[float, float]]:
    """The first ``count`` of both lists that keep ``apart_m`` from those before them."""
    chosen: list[tuple[float, float]] = []
    for spot in (*first, *then):
        if len(chosen) >= count:
            break
        if all(math.dist(spot, other) >= apart_m for other in chosen):
            chosen.append(spot)
    return chosen


def place_cameras(
    zone: str,
    seed: int,
    settings: Equipment,
    street_map: StreetMap,
    school: Place,
    use: StreetUse,
    router: Router,
    tree: Tree,
    map_dir: Path | None,
) -> tuple[Device, ...]:
    """Cameras by plan (school gates, then busiest junctions) or the city's real points of 2021 nearest the school."""
    if settings.cctv == "city-2021":
        spots = _city_cameras(street_map, school, settings.cameras, map_dir)
    else:
        gates = []
        for gate in school.gates:
            x, y = point_along(gate.line, gate.gate_at_m)
            gates.append((x + 1.5, y + 1.5))
        junctions = _busy_junctions(use, router, tree)
        spots = [(x, y, 1) for x, y in _spread(gates, junctions, settings.cameras, CAMERAS_APART_M)]
    cameras = []
    for n, (x, y, points) in enumerate(spots, 1):
        device_id = f"{zone}-k{n:02d}"
        draws = stream(seed, school_of(zone), school_of(zone) + device_id.removeprefix(zone), "presets")
        count = int(draws.integers(PRESETS[0], PRESETS[1] + 1))
        turn = float(draws.random()) * 360.0 / count
        presets = tuple(
            (f"p{i + 1}", round((turn + i * 360.0 / count) % 360.0, 1) % 360.0) for i in range(count)
        )
        cameras.append(
            Device(
                device_id,
                "camera",
                x,
                y,
                presets=presets,
                fov_deg=FOV_DEG,
                view_m=VIEW_M,
                camera_points=points,
            )
        )
    return tuple(cameras)


@lru_cache(maxsize=2)
def _camera_points(path: Path, changed_ns: int) -> FloatArray:
    """(n, 3): lon, lat, cameras. Read once a file, however many schools are built."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [(float(r["lon"]), float(r["lat"]), int(float(r["cameras"]))) for r in csv.DictReader(file)]
    return np.array(rows, float)


def _city_cameras(
    street_map: StreetMap, school: Place, count: int, map_dir: Path | None
) -> list[tuple[float, float, int]]:
    path = map_dir / CCTV_FILE if map_dir else None
    if path is None or not path.is_file():
        raise ScenarioError(
            f'equipment.cctv = "city-2021" needs {CCTV_FILE}: set SAFEZONE_MAP_DIR to a directory that holds it, '
            'or choose cctv = "placed"'
        )
    table = _camera_points(path, path.stat().st_mtime_ns)
    xy = street_map.frame.to_xy(table[:, 0], table[:, 1])
    away = np.hypot(xy[:, 0] - school.x, xy[:, 1] - school.y)
    nearest = np.lexsort((np.arange(len(away)), away))[:count]
    nearest = nearest[away[nearest] <= street_map.radius_m]
    return [(float(xy[i, 0]), float(xy[i, 1]), max(1, int(table[i, 2]))) for i in nearest]
