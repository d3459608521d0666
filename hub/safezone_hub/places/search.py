"""Where to look for a missing child: it widens with time along the streets from the last evidence.

Not an estimate of where the child is (that is ``position``), but of how far the child can have come.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from safezone_hub.geometry import Plane
from safezone_hub.places.reach import Reach, Ring
from safezone_hub.places.streets import By, StreetNet

WALK_MPS, WALK_MAX_MPS = 1.4, 3.0  # a child in a hurry; one that runs all the time
DRIVE_MPS, DRIVE_MAX_MPS = 30.0 / 3.6, 80.0 / 3.6  # city traffic with its lights; a clear main road
# An accuracy is the radius of 68 %; of a round normal error 95 % lie within 1.62 times as much.
FAR_SHARE = 1.62
DISC_MAX_M = 5000.0
FOOT_MAX_M = 5000.0  # an hour on foot without a rest: beyond that an area says no more than «anywhere»
_CORNERS = 48


class Equipment(Protocol):
    """A registered device as far as this module cares; those without a place are left out."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def x(self) -> float | None: ...
    @property
    def y(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class LastEvidence:
    """Where the child was at ``at`` (unix seconds). ``accuracy_m`` as it was then, before any spreading with age.

    ``basis`` is phone, reader or place. ``presumed``: nobody observed it; the child is taken to have been there until ``at``.
    """

    x: float
    y: float
    accuracy_m: float
    at: float
    basis: str
    presumed: bool = False


@dataclass(frozen=True, slots=True)
class SearchArea:
    """Lines and rings of (lon, lat); ids of equipment, nearest to the evidence first.

    ``shape`` «disc»: there are no streets to go by, so the area is all that lies within ``radius_m``.
    ``cut``: the streets known to the hub end within reach, or the area at its limit (``FOOT_MAX_M``, ``DISC_MAX_M``);
    look beyond as well.
    """

    evidence: LastEvidence
    lat: float
    lon: float
    at: float
    speed_mps: float
    in_vehicle: bool
    radius_m: float  # along the streets, beyond the evidence's own uncertainty
    shape: Literal["streets", "disc"]
    cut: bool
    lines: tuple[tuple[tuple[float, float], ...], ...]
    outline: tuple[Ring, ...]
    cameras: tuple[str, ...]
    readers: tuple[str, ...]
    bells: tuple[str, ...]

    @property
    def elapsed_s(self) -> float:
        """Since the evidence, seconds."""
        return max(0.0, self.at - self.evidence.at)


def search_area(
    net: StreetNet | None,
    plane: Plane,
    evidence: LastEvidence,
    now: float,
    equipment: Iterable[Equipment] = (),
    *,
    speed_mps: float | None = None,
    in_vehicle: bool = False,
) -> SearchArea:
    """How far the child can have come by ``now`` (unix seconds), and the equipment in that area.

    ``speed_mps`` None is ``WALK_MPS``, or ``DRIVE_MPS`` if somebody saw the child get into a vehicle; neither
    goes above its maximum, and nobody is looked for on foot beyond ``FOOT_MAX_M``. Evidence from after ``now`` counts as of
    now.
    """
    usual, top = (DRIVE_MPS, DRIVE_MAX_MPS) if in_vehicle else (WALK_MPS, WALK_MAX_MPS)
    speed = min(max(usual if speed_mps is None else speed_mps, 0.0), top)
    radius = speed * max(0.0, now - evidence.at)
    at_limit = not in_vehicle and radius > FOOT_MAX_M
    radius = FOOT_MAX_M if at_limit else radius
    around = FAR_SHARE * evidence.accuracy_m
    by: By = "car" if in_vehicle else "foot"
    reach: Reach | None = None
    if net is not None:
        reach = net.reach(evidence.x, evidence.y, radius, within_m=around, by=by)
        if not len(reach.pieces) and not net.covers(evidence.x, evidence.y, by):
            reach = None
    placed = [(e, float(e.x), float(e.y)) for e in equipment if e.x is not None and e.y is not None]
    xy = np.array([(x, y) for _, x, y in placed]).reshape(-1, 2)
    away = np.hypot(xy[:, 0] - evidence.x, xy[:, 1] - evidence.y)
    if reach is not None:
        inside = reach.contains(xy)
        lines, outline, cut = reach.lines, reach.outline, reach.cut or at_limit
    else:
        wide = around + radius
        cut = wide > DISC_MAX_M or at_limit
        inside = away <= min(wide, DISC_MAX_M)
        lines, outline = (), (_circle(plane, evidence, min(wide, DISC_MAX_M)),)
    order = [i for i in np.lexsort((np.arange(len(away)), away)).tolist() if inside[i]]

    def of(type_: str) -> tuple[str, ...]:
        return tuple(placed[i][0].id for i in order if placed[i][0].type == type_)

    lat, lon = _lat_lon(plane, evidence.x, evidence.y)
    return SearchArea(
        evidence=evidence,
        lat=lat,
        lon=lon,
        at=now,
        speed_mps=speed,
        in_vehicle=in_vehicle,
        radius_m=radius,
        shape="disc" if reach is None else "streets",
        cut=cut,
        lines=lines,
        outline=outline,
        cameras=of("camera"),
        readers=of("reader"),
        bells=of("bell"),
    )


def _circle(plane: Plane, evidence: LastEvidence, radius_m: float) -> Ring:
    """A closed ring round the disc: its sides touch the circle, so nothing of the disc is left out."""
    radius = max(radius_m, 1.0) / math.cos(math.pi / _CORNERS)
    ring = []
    for corner in range(_CORNERS):
        angle = 2.0 * math.pi * corner / _CORNERS
        x, y = evidence.x + radius * math.sin(angle), evidence.y + radius * math.cos(angle)
        ring.append(_lat_lon(plane, x, y)[::-1])
    return [*ring, ring[0]]


def _lat_lon(plane: Plane, x: float, y: float) -> tuple[float, float]:
    lat, lon = plane.lat_lon(x, y)
    return round(lat, 6), round(lon, 6)
