"""What a simulated camera would see, as SVG: streets, buildings and people in perspective.

A drawing of the twin's truth, not a picture of anybody: figures have no faces and no names.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import shapely

from safezone_sim.map.model import FloatArray, StreetMap
from safezone_sim.world.model import Device

EYE_M = 4.5  # a street camera's pole
DOWN_DEG = 9.0
NEAR_M = 2.0
BUILDING_M = 9.0
BODY_M = {"child": 1.35, "pupil": 1.35, "stranger": 1.75, "patrol": 1.6, "ambulance": 2.2, "police_box": 1.75}
COLOURS = {"child": "#1d4ed8", "pupil": "#475569", "stranger": "#7c2d12", "patrol": "#f8fafc", "ambulance": "#fde68a",
           "police_box": "#0f172a"}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """Somebody in view: metres, kind, flags of frames."""

    x: float
    y: float
    kind: str
    trouble: bool = False


@dataclass(frozen=True)
class View:
    """Where the camera stands and looks. Metres, degrees clockwise from north."""

    x: float
    y: float
    bearing_deg: float
    fov_deg: float
    view_m: float
    name: str
    time: str


def render(street_map: StreetMap, view: View, figures: Iterable[Figure], width: int = 640) -> str:
    """The SVG, 16:9."""
    eye = _Eye(view, width)
    reach = shapely.Point(view.x, view.y).buffer(view.view_m * 2.2)
    shapes: list[tuple[float, str]] = []
    for e in range(len(street_map.streets.edge_from)):
        line = street_map.streets.edge_line(e)
        if np.hypot(line[:, 0] - view.x, line[:, 1] - view.y).min() < view.view_m * 2.2:
            shapes += eye.street(line, 3.0 if street_map.streets.edge_class[e] in ("path", "track") else 6.0)
    before = buildings_before(street_map.buildings, view.x, view.y, reach)
    for building in before:
        shapes += eye.building(shapely.get_coordinates(building.exterior))
    shapes.sort(key=lambda s: -s[0])
    # A wall is nine metres high: who stands behind one is not seen, and whoever is seen stands before all that is drawn.
    people = [s for f in figures if in_sight(before, view.x, view.y, f.x, f.y) for s in eye.figure(f)]
    shapes += sorted(people, key=lambda s: -s[0])
    h, horizon = eye.height, eye.horizon
    body = "".join(svg for _, svg in shapes)
    stamp = escape(f"{view.name} · {view.time}")
    size = max(12, width // 40)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {h}" width="{width}" height="{h}" role="img" '
        f'aria-label="{stamp}" font-family="sans-serif"><rect width="{width}" height="{h}" fill="#bcd0e0"/>'
        f'<rect y="{horizon:.0f}" width="{width}" height="{max(0.0, h - horizon):.0f}" fill="#a3ab9b"/>{body}'
        f'<rect width="{width}" height="{size * 2}" fill="#b45309"/><text x="{width / 2}" y="{size * 1.4}" fill="#fff" '
        f'font-size="{size}" font-weight="700" text-anchor="middle">훈련 · EXERCISE — 모의 영상 · simulated view</text>'
        f'<rect y="{h - size * 2}" width="{width}" height="{size * 2}" fill="#000" fill-opacity=".6"/>'
        f'<text x="{size}" y="{h - size * 0.6}" fill="#fff" font-size="{size}">{stamp}</text></svg>'
    )


def buildings_before(
    buildings: Iterable[shapely.Polygon], x: float, y: float, reach: shapely.Geometry
) -> list[shapely.Polygon]:
    """Buildings within reach that may stand in a camera's way: not the one it hangs on."""
    camera = shapely.Point(x, y)
    return [b for b in buildings if b.intersects(reach) and not b.contains(camera)]


def in_sight(buildings: Sequence[shapely.Polygon], x: float, y: float, to_x: float, to_y: float) -> bool:
    """Whether no building stands between a camera and a spot."""
    line = shapely.LineString([(x, y), (to_x, to_y)])
    return not any(b.intersects(line) for b in buildings)


def can_see(buildings: Iterable[shapely.Polygon], camera: Device, x: float, y: float) -> bool:
    """Whether a camera, turned as it may be, has a spot in its picture with no building between."""
    metres, bearing = (
        math.hypot(x - camera.x, y - camera.y),
        math.degrees(math.atan2(x - camera.x, y - camera.y)),
    )
    if not NEAR_M <= metres <= camera.view_m:
        return False
    if not any(abs((bearing - b + 180.0) % 360.0 - 180.0) <= camera.fov_deg / 2 for _, b in camera.presets):
        return False
    reach = shapely.Point(camera.x, camera.y).buffer(metres)
    return in_sight(buildings_before(buildings, camera.x, camera.y, reach), camera.x, camera.y, x, y)


class _Eye:
    """Projects metres to the picture."""

    def __init__(self, view: View, width: int) -> None:
        self.view, self.width, self.height = view, width, width * 9 // 16
        a = math.radians(view.bearing_deg)
        self.ahead, self.right = np.array([math.sin(a), math.cos(a)]), np.array([math.cos(a), -math.sin(a)])
        self.focal = width / 2 / math.tan(math.radians(max(20.0, view.fov_deg)) / 2)
        self.horizon = self.height / 2 - self.focal * math.tan(math.radians(DOWN_DEG))

    def ground(self, xy: FloatArray) -> FloatArray:
        """Points (n, 2) as (depth, sideways), metres."""
        rel = np.asarray(xy, float) - (self.view.x, self.view.y)
        return np.stack([rel @ self.ahead, rel @ self.right], axis=1)

    def at(self, depth: float, side: float, up: float) -> tuple[float, float]:
        """A point in the picture."""
        scale = self.focal / max(depth, NEAR_M)
        return self.width / 2 + side * scale, self.horizon + (EYE_M - up) * scale

    def _polygon(self, corners: Sequence[tuple[float, float, float]], fill: str, stroke: str = "none") -> str:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*c) for c in corners))
        return f'<polygon points="{points}" fill="{fill}" stroke="{stroke}"/>'

    def street(self, line: FloatArray, wide_m: float) -> list[tuple[float, str]]:
        found = []
        g = self.ground(line)
        for a, b in itertools.pairwise(g):
            clipped = _clip(a, b)
            if clipped is None:
                continue
            a, b = clipped
            along = b - a
            length = float(np.hypot(*along))
            if length < 0.01:
                continue
            n = np.array([-along[1], along[0]]) / length * wide_m / 2
            corners = [(float(p[0]), float(p[1]), 0.0) for p in (a + n, b + n, b - n, a - n)]
            corners = [(max(d, NEAR_M), s, u) for d, s, u in corners]
            found.append((1e6, self._polygon(corners, "#6b7280")))
        return found

    def building(self, ring: FloatArray) -> list[tuple[float, str]]:
        found = []
        g = self.ground(ring)
        for a, b in itertools.pairwise(g):
            clipped = _clip(a, b)
            if clipped is None:
                continue
            (d0, s0), (d1, s1) = clipped[0].tolist(), clipped[1].tolist()
            shade = 200 - int(50 * abs(d1 - d0) / (math.hypot(d1 - d0, s1 - s0) + 0.01))
            fill = f"rgb({shade},{shade - 6},{shade - 18})"
            wall = [(d0, s0, 0.0), (d1, s1, 0.0), (d1, s1, BUILDING_M), (d0, s0, BUILDING_M)]
            found.append(((d0 + d1) / 2, self._polygon(wall, fill, "#78716c")))
        return found

    def figure(self, f: Figure) -> list[tuple[float, str]]:
        depth, side = self.ground(np.array([[f.x, f.y]]))[0].tolist()
        if depth < NEAR_M or depth > self.view.view_m * 2 or abs(side) > depth * 2:
            return []
        tall = BODY_M.get(f.kind, 1.6)
        (x, foot), (_, head) = self.at(depth, side, 0.0), self.at(depth, side, tall)
        size = foot - head
        colour = COLOURS.get(f.kind, "#334155")
        if f.kind in ("patrol", "ambulance"):
            drawn = (
                f'<rect x="{x - size:.1f}" y="{head + size * 0.2:.1f}" width="{size * 2:.1f}" height="{size * 0.8:.1f}" rx="{size * 0.15:.1f}" '
                f'fill="{colour}" stroke="#0f172a"/><rect x="{x - size * 0.3:.1f}" y="{head:.1f}" width="{size * 0.6:.1f}" '
                f'height="{size * 0.2:.1f}" fill="#dc2626"/>'
            )
        else:
            drawn = (
                f'<circle cx="{x:.1f}" cy="{head + size * 0.12:.1f}" r="{size * 0.12:.1f}" fill="#e7c9a9"/>'
                f'<rect x="{x - size * 0.14:.1f}" y="{head + size * 0.25:.1f}" width="{size * 0.28:.1f}" height="{size * 0.42:.1f}" '
                f'rx="{size * 0.08:.1f}" fill="{colour}"/><rect x="{x - size * 0.11:.1f}" y="{head + size * 0.65:.1f}" '
                f'width="{size * 0.22:.1f}" height="{size * 0.35:.1f}" fill="#1f2937"/>'
            )
        if f.trouble:
            drawn += f'<circle cx="{x:.1f}" cy="{head + size / 2:.1f}" r="{size * 0.8:.1f}" fill="none" stroke="#dc2626" stroke-width="3" stroke-dasharray="8 4"/>'
        return [(depth, drawn)]


def _clip(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """The part of a segment before the lens; None if there is none."""
    if a[0] < NEAR_M and b[0] < NEAR_M:
        return None
    if a[0] < NEAR_M:
        a = a + (NEAR_M - a[0]) / (b[0] - a[0]) * (b - a)
    elif b[0] < NEAR_M:
        b = b + (NEAR_M - b[0]) / (a[0] - b[0]) * (a - b)
    return a, b
