"""Which cameras can see a place, and with which preset."""

from collections.abc import Callable, Container, Iterable, Sequence
from math import atan2, cos, degrees, hypot, pi, sin
from typing import Protocol, TypeVar

from safezone_hub.geometry import angle_between_deg, bearing_deg

CLOSE_M = 3.0  # right below a camera every preset shows the place
GLIMPSE = 0.25  # a camera that misses the place itself must see so much of where it may be

# Points of the unit disc that stand for equal parts of it: the middle, and rings of 6, 12 and 18.
_RINGS = [(ring / 3.5, 2 * pi * i / (6 * ring)) for ring in (1, 2, 3) for i in range(6 * ring)]
_DISC = [(0.0, 0.0), *((r * cos(angle), r * sin(angle)) for r, angle in _RINGS)]


class Camera(Protocol):
    """A registered camera: metres, degrees; ``presets`` are (id, bearing)."""

    @property
    def id(self) -> str: ...
    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def view_m(self) -> float: ...
    @property
    def fov_deg(self) -> float: ...
    @property
    def presets(self) -> Sequence[tuple[str, float]]: ...


C = TypeVar("C", bound=Camera)


def rank_cameras(
    cameras: Iterable[C],
    x: float,
    y: float,
    accuracy_m: float,
    busy: Container[str],
    down: Container[str],
    in_order: Callable[[str], bool],
    most: int,
) -> list[tuple[C, str | None, float]]:
    """At most ``most`` cameras for a place (x, y) known to ``accuracy_m``, best first, each with preset and score.

    First those that see the place itself: in order before doubtful, idle before busy with another incident; of
    each group the nearest leads, and after it they go by score. Then those that see at least ``GLIMPSE`` of the
    disc of uncertainty. One that is down is never asked. The preset is the one whose bearing is closest to the
    place's. The score, 0 to 1, is the share of the disc in view, less up to half with distance.
    """
    groups: dict[tuple[bool, bool, bool], list[tuple[float, str, C, str | None, float]]] = {}
    disc = [(x + accuracy_m * dx, y + accuracy_m * dy) for dx, dy in _DISC] if accuracy_m > 0 else [(x, y)]
    for camera in cameras:
        away = hypot(camera.x - x, camera.y - y)
        if camera.id in down or away > camera.view_m + accuracy_m:
            continue
        preset, bearing, sees = _towards(camera, x, y)
        share = _share(camera, bearing, disc)
        if not sees and share < GLIMPSE:
            continue
        score = share * (1.0 - 0.5 * min(1.0, away / camera.view_m))
        group = (not sees, not in_order(camera.id), camera.id in busy)
        groups.setdefault(group, []).append((away, camera.id, camera, preset, score))
    ranked: list[tuple[C, str | None, float]] = []
    for _, found in sorted(groups.items(), key=lambda item: item[0]):
        found.sort(key=lambda row: row[:2])
        rest = sorted(found[1:], key=lambda row: (-row[4], row[0], row[1]))
        ranked += [(camera, preset, score) for _, _, camera, preset, score in (found[0], *rest)]
    return ranked[: max(most, 0)]


def _towards(camera: Camera, x: float, y: float) -> tuple[str | None, float | None, bool]:
    """The preset that looks nearest towards a point, its bearing, and whether it shows the point.

    A camera without presets looks everywhere or in a direction nobody knows: bearing None.
    """
    away = hypot(camera.x - x, camera.y - y)
    if not camera.presets:
        return None, None, away <= camera.view_m and camera.fov_deg >= 360.0
    towards = bearing_deg(camera.x, camera.y, x, y)
    preset, bearing = min(camera.presets, key=lambda p: (angle_between_deg(p[1], towards), p[0]))
    shows = away < CLOSE_M or angle_between_deg(bearing, towards) <= camera.fov_deg / 2
    return preset, bearing, shows and away <= camera.view_m


def _share(camera: Camera, bearing: float | None, points: list[tuple[float, float]]) -> float:
    """How much of some points a camera sees when it looks that way, 0 to 1."""
    seen = 0
    for x, y in points:
        dx, dy = x - camera.x, y - camera.y
        away = hypot(dx, dy)
        if away > camera.view_m:
            continue
        if away < CLOSE_M or camera.fov_deg >= 360.0:
            seen += 1
        elif bearing is not None:
            seen += angle_between_deg(bearing, degrees(atan2(dx, dy)) % 360.0) <= camera.fov_deg / 2
    return seen / len(points)
