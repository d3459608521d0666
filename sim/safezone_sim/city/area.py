"""What of a school's day belongs to some places: who lives or walks there, what stands there, what happens there.

The day itself is played in whole, exactly as in the city; only its share is counted and written. A place is a circle.
Of the place are: equipment that stands in it; children whose home or one of whose registered routes (to school,
academies, playground, and back) comes into it; their phones' messages all day, wherever they are, for a phone does
not know of places; and everyday services and calls that happen in it. A child who only strays into a place is not of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from safezone_sim.city.places import RADIUS_M, VulnerablePlace
from safezone_sim.city.truth import Truth
from safezone_sim.map.model import FloatArray, Frame
from safezone_sim.schools import School
from safezone_sim.world.model import Device, SchoolWorld

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Area:
    """Places, and all the schools that are played for them."""

    places: tuple[VulnerablePlace, ...]
    schools: tuple[School, ...]


@dataclass(frozen=True)
class Share:
    """The part of one school's world that belongs to an area. Places are numbered from 1; those that have nothing here are left out."""

    area: Area
    children: BoolArray  # (subscribers,)
    devices: tuple[Device, ...]
    names: frozenset[str]  # ids of these devices and of the children's phones
    guardians: int
    places: Mapping[int, Mapping[str, int]]  # by number: its children, phones, readers, bells, cameras

    @property
    def empty(self) -> bool:
        return not self.devices and not self.children.any()

    def messages(self, table: pa.Table) -> pa.Table:
        """The rows of these devices and phones."""
        device = table["device"].combine_chunks()
        ours = np.array([name in self.names for name in device.dictionary.to_pylist()] or [False])
        return table.filter(pa.array(ours[device.indices.to_numpy()]))

    def truth(self, truth: Truth) -> Truth:
        """What happened within the area."""
        lonlat = np.stack([truth.lon, truth.lat], axis=1)
        inside = np.zeros(len(truth), bool)
        for place in self.area.places:
            frame = Frame.at(place.lon, place.lat)
            xy = frame.to_xy(lonlat[:, 0], lonlat[:, 1])
            inside |= np.hypot(xy[:, 0], xy[:, 1]) <= RADIUS_M
        at = np.flatnonzero(inside)
        return replace(
            truth,
            **{name: getattr(truth, name)[at] for name in _COLUMNS},
            place=tuple(truth.place[i] for i in at.tolist()),
            device=tuple(truth.device[i] for i in at.tolist()),
        )


_COLUMNS = ("kind", "t", "child", "lat", "lon", "guardians", "desk")


def share_of(area: Area, world: SchoolWorld) -> Share:
    """The area's share of a school's world."""
    frame = world.map.frame
    centres = frame.to_xy(np.array([p.lon for p in area.places]), np.array([p.lat for p in area.places]))
    circles = shapely.points(centres)
    subscribers = world.subscribers
    at = {p.id: i for i, p in enumerate(subscribers)}
    children = np.zeros((len(area.places), len(subscribers)), bool)
    homes = np.array([(world.places[p.home].x, world.places[p.home].y) for p in subscribers]).reshape(-1, 2)
    for n, centre in enumerate(centres):
        children[n] = np.hypot(homes[:, 0] - centre[0], homes[:, 1] - centre[1]) <= RADIUS_M
    reached: dict[int, BoolArray] = {}  # by line: all children of one home share theirs
    for route in world.routes:
        key = id(route.line)
        if key not in reached:
            reached[key] = shapely.distance(shapely.linestrings(route.line), circles) <= RADIUS_M
        children[:, at[route.child]] |= reached[key]
    devices = [d for d in world.devices if _stands_in(d, centres) and _is_ours(d, area, world, frame)]
    mine: BoolArray = np.asarray(children.any(axis=0), bool)
    ours = [subscribers[i] for i in np.flatnonzero(mine).tolist()]
    places = {}
    for n, (centre, of_it) in enumerate(zip(centres, children, strict=True), 1):
        kinds = [d.type for d in devices if _stands_in(d, centre[None])]
        if kinds or of_it.any():
            places[n] = {
                "children": int(of_it.sum()),
                "phones": sum(subscribers[i].phone is not None for i in np.flatnonzero(of_it).tolist()),
                "readers": kinds.count("reader"),
                "bells": kinds.count("bell"),
                "cameras": kinds.count("camera"),
            }
    return Share(
        area,
        mine,
        tuple(devices),
        frozenset([d.id for d in devices] + [p.phone for p in ours if p.phone]),
        len({g for p in ours for g in p.guardians}),
        places,
    )


def _stands_in(device: Device, centres: FloatArray) -> bool:
    return bool((np.hypot(centres[:, 0] - device.x, centres[:, 1] - device.y) <= RADIUS_M).any())


def _is_ours(device: Device, area: Area, world: SchoolWorld, frame: Frame) -> bool:
    """False for a real camera that another school of the area is nearer to: each of them has it among its own."""
    if device.type != "camera":
        return True
    return _nearest_school(area.schools, frame, device.x, device.y) == world.school.code


def _nearest_school(schools: Sequence[School], frame: Frame, x: float, y: float) -> str:
    xy = frame.to_xy(np.array([s.lon for s in schools]), np.array([s.lat for s in schools]))
    return schools[int(np.argmin(np.hypot(xy[:, 0] - x, xy[:, 1] - y)))].code
