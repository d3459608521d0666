"""Who can be sent: police boxes that the map knows, and patrol cars and an ambulance parked in the streets.

The places of the boxes are the map's. That anybody stands by there, and every car, is made up: all are simulated.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from safezone_sim.map.model import StreetMap
from safezone_sim.map.openmaptiles import PATH_CLASSES
from safezone_sim.routes import Router
from safezone_sim.streams import school_of, stream
from safezone_sim.world.ground import point_along

BOXES_WITHIN_M = 3000.0
SAME_BOX_M = 100.0  # the map has some stations twice, as a point and as a building
VOLUNTEERS = "자율방범대"  # of class police on the map, and cannot be ordered anywhere
PATROLS, AMBULANCES = 2, 1
PARKED_M = (300.0, 1300.0)  # from the school
BOX_M = (300.0, 800.0)  # … where a made-up box stands


@dataclass(frozen=True)
class Unit:
    """A patrol, police box or ambulance; metres of the map's frame."""

    id: str
    name: str
    type: Literal["patrol", "police_box", "ambulance"]
    x: float
    y: float


def stand_by_units(zone: str, seed: int, street_map: StreetMap, router: Router) -> tuple[Unit, ...]:
    """The units of one zone, boxes by their distance from the school first. Every zone has a box and three cars."""
    parking = _Parking(zone, seed, street_map, router)
    boxes = list(_known_boxes(street_map))
    if not boxes:
        boxes = [("파출소 (모의)", *parking.spot("box", BOX_M))]
    found: list[tuple[str, Literal["patrol", "police_box", "ambulance"], float, float]]
    found = [(name, "police_box", x, y) for name, x, y in boxes]
    for n in range(1, PATROLS + 1):
        found.append((f"순찰차 {n} (모의)", "patrol", *parking.spot(f"patrol-{n}", PARKED_M)))
    for n in range(1, AMBULANCES + 1):
        found.append((f"구급차 {n} (모의)", "ambulance", *parking.spot(f"ambulance-{n}", PARKED_M)))
    return tuple(Unit(f"{zone}-u{n:02d}", name, kind, x, y) for n, (name, kind, x, y) in enumerate(found, 1))


def _known_boxes(street_map: StreetMap) -> Iterator[tuple[str, float, float]]:
    """(name, x, y) of the map's police stations and boxes, nearest first."""
    taken: list[tuple[float, float]] = []
    pois = [p for p in street_map.pois if "police" in (p.cls, p.subclass) and VOLUNTEERS not in p.name]
    for poi in sorted(pois, key=lambda p: (math.hypot(p.x, p.y), p.name)):
        if math.hypot(poi.x, poi.y) > BOXES_WITHIN_M:
            break
        if all(math.dist(other, (poi.x, poi.y)) > SAME_BOX_M for other in taken):
            taken.append((poi.x, poi.y))
            yield poi.name or "파출소", poi.x, poi.y


class _Parking:
    """Draws points of streets where cars go. One stream a unit: one more unit moves no other."""

    def __init__(self, zone: str, seed: int, street_map: StreetMap, router: Router) -> None:
        self._zone, self._seed = zone, seed
        self._streets = street_map.streets
        classes = street_map.streets.edge_class
        self._edges = np.array(
            [e for e in router.usable_edges.tolist() if classes[e] not in PATH_CLASSES] or router.usable_edges
        )
        ends = (self._streets.edge_from[self._edges], self._streets.edge_to[self._edges])
        middle = (self._streets.xy[ends[0]] + self._streets.xy[ends[1]]) / 2.0
        self._away = np.hypot(middle[:, 0], middle[:, 1])

    def spot(self, unit: str, between_m: tuple[float, float]) -> tuple[float, float]:
        """The middle of a street so far from the school; of any street if none is."""
        near = self._edges[(self._away >= between_m[0]) & (self._away <= between_m[1])]
        edges = near if len(near) else self._edges
        edge = int(edges[stream(self._seed, school_of(self._zone), unit, "parking").integers(len(edges))])
        return point_along(self._streets.edge_line(edge), float(self._streets.length_m[edge]) / 2.0)
