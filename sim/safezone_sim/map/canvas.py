"""A square piece of map as SVG, and the way from its metres to picture points, for whoever draws on top.

canvas = MapCanvas(street_map, width_px=900, extent_m=600)
svg = canvas.document(f'<path d="{canvas.path(route_xy)}" stroke="crimson" fill="none"/>')
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from html import escape

import numpy as np
import shapely
from shapely.geometry import Polygon

from .model import Feature, FloatArray, StreetMap
from .openmaptiles import PATH_CLASSES

LAYERS = ("areas", "water", "buildings", "streets", "rail", "crossings", "school", "labels", "furniture")
FONT = "Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', NanumGothic, sans-serif"

LAND = "#f5f2ec"
INK = "#3d4650"
AREA_STYLE = {  # (kind, class) -> fill; painted in this order
    ("landuse", "residential"): "#f1ede5",
    ("landuse", "commercial"): "#f4ebe3",
    ("landuse", "retail"): "#f4e9e2",
    ("landuse", "industrial"): "#ebe8ea",
    ("landuse", "railway"): "#e8e5e0",
    ("landuse", "military"): "#ece6dd",
    ("landuse", "construction"): "#eadfcb",
    ("landuse", "quarry"): "#e3dbcd",
    ("landuse", "cemetery"): "#dbe4d0",
    ("park", ""): "#d7e8ca",  # often a whole mountain: its woods go on top
    ("landcover", "farmland"): "#eef0dc",
    ("landcover", "sand"): "#f3ecd2",
    ("landcover", "grass"): "#dfead3",
    ("landcover", "wood"): "#cbdfbf",
    ("landcover", "wetland"): "#d6e5dc",
    ("landuse", "stadium"): "#dfe9dc",
    ("landuse", "hospital"): "#f8e4e2",
    ("landuse", "university"): "#f7edd3",
    ("landuse", "college"): "#f7edd3",
    ("landuse", "library"): "#f7edd3",
    ("landuse", "kindergarten"): "#fae7bd",
    ("landuse", "school"): "#fae7bd",
    ("landuse", "playground"): "#cfe6cf",
    ("landuse", "pitch"): "#c9e2cc",
}
WATER, WATER_EDGE = "#b5d3e7", "#93bcd6"
BUILDING, BUILDING_EDGE = "#e0d9cd", "#cdc4b5"
# class -> (width in metres, least width in px, fill, casing), painted in this order
STREET_STYLE = {
    "trunk": (10.0, 4.2, "#f4d8c4", "#d3a98a"),  # not for walking: below all others
    "service": (3.2, 1.1, "#ffffff", "#dcd6cb"),
    "minor": (5.2, 1.9, "#ffffff", "#d2cbbf"),
    "tertiary": (7.5, 2.8, "#fffdf3", "#cbbf9f"),
    "secondary": (9.5, 3.8, "#fdeebf", "#d2b877"),
    "primary": (12.0, 4.8, "#fbdc9a", "#cfa659"),
}
PATH_COLOUR = "#b39878"
RAIL_COLOUR = "#8b8c90"


class MapCanvas:
    """The square of half side ``extent_m`` (default: the map's radius) in ``width_px`` × ``width_px`` points."""

    def __init__(self, street_map: StreetMap, width_px: int = 1200, extent_m: float | None = None) -> None:
        self.map = street_map
        self.width_px = width_px
        self.extent_m = street_map.radius_m if extent_m is None else extent_m
        if width_px < 50 or self.extent_m <= 0:
            raise ValueError(f"picture of {width_px} px for {self.extent_m} m: needs 50 px and above 0 m")
        self.px_per_m = width_px / (2 * self.extent_m)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Metres east and north of the centre to picture points, y down."""
        return (x + self.extent_m) * self.px_per_m, (self.extent_m - y) * self.px_per_m

    def path(self, xy: FloatArray, closed: bool = False) -> str:
        """SVG path data of a polyline (n, 2) in metres, to 0.1 px; ``closed`` makes a ring of it."""
        px = np.round((np.asarray(xy) * [1, -1] + self.extent_m) * self.px_per_m, 1)
        return "M" + "L".join(f"{a:g} {b:g}" for a, b in px.tolist()) + ("Z" if closed else "")

    def base_svg(self, layers: Collection[str] = LAYERS) -> str:
        """The map as one ``<g>``; draw on top of it with ``point`` and ``path``. See ``LAYERS``."""
        unknown = set(layers) - set(LAYERS)
        if unknown:
            raise ValueError(f"map layers {sorted(unknown)}: unknown; choose from {', '.join(LAYERS)}")
        painters: dict[str, Callable[[], Iterable[str]]] = {
            "areas": self._areas,
            "water": self._water,
            "buildings": self._buildings,
            "streets": self._streets,
            "rail": self._rail,
            "crossings": self._crossings,
        }
        # Inside, whole tenths of a pixel: shorter than decimals, and exact.
        body = [part for layer, paint in painters.items() if layer in layers for part in paint()]
        size = self.width_px
        parts = [
            '<g class="base-map">',
            f'<rect width="{size}" height="{size}" fill="{LAND}"/>',
            f'<g transform="scale(.1)" fill="none" stroke-linejoin="round" stroke-linecap="round">{"".join(body)}</g>',
        ]
        if "school" in layers:
            parts.append(self._school())
        if "labels" in layers:
            parts.extend(self._labels())
        return "\n".join([*parts, "</g>"])

    def furniture_svg(self) -> str:
        """Scale bar, north, attribution, and the banner of a schematic map: goes above everything."""
        return "\n".join(
            ["<g class='furniture'>", self._scale_bar(), self._attribution(), self._banner(), "</g>"]
        )

    def document(self, *overlays: str, layers: Collection[str] = LAYERS, title: str = "") -> str:
        """A whole SVG file: base map, overlays, furniture. ``title`` is the text for those who cannot see it."""
        size = self.width_px
        furniture = [self.furniture_svg()] if "furniture" in layers else [self._banner()]
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {size} {size}" '
                f'font-family="{FONT}" role="img">',
                f"<title>{escape(title or self.map.source.attribution)}</title>",
                self.base_svg(layers),
                *overlays,
                *furniture,
                "</svg>\n",
            ]
        )

    # --- geometry to path data ---------------------------------------------------------------------------

    def _tenths(self, xy: FloatArray) -> FloatArray:
        return np.rint((xy * [1, -1] + self.extent_m) * (self.px_per_m * 10))

    def _run(self, xy: FloatArray, closed: bool = False) -> str:
        """Relative path data in tenths of a pixel, points that fall together left out."""
        at = self._tenths(xy).astype(np.int64)
        step = np.diff(at, axis=0)
        step = step[step.any(axis=1)]
        if not len(step):
            return ""
        moves = "".join(f"{a}{b}" if b < 0 else f"{a} {b}" for a, b in (step[:1]).tolist())
        moves += "".join(
            (f"{a}" if a < 0 else f" {a}") + (f"{b}" if b < 0 else f" {b}") for a, b in step[1:].tolist()
        )
        return f"M{at[0, 0]} {at[0, 1]}l{moves}{'z' if closed else ''}"

    def _polygons(self, shapes: Iterable[Polygon]) -> str:
        reach = self.extent_m + 40.0 / self.px_per_m
        view = shapely.box(-reach, -reach, reach, reach)
        runs: list[str] = []
        for shape in shapes:
            if not view.intersects(shape):
                continue
            seen = shape if view.contains(shape) else view.intersection(shape)
            for part in shapely.get_parts(seen).tolist():
                if part.geom_type == "Polygon":
                    runs.extend(
                        self._run(shapely.get_coordinates(ring)[:-1], True)
                        for ring in (part.exterior, *part.interiors)
                    )
        return "".join(runs)

    def _seen(self, xy: FloatArray) -> bool:
        reach = self.extent_m + 40.0 / self.px_per_m
        low, high = xy.min(axis=0), xy.max(axis=0)
        return bool((low <= reach).all() and (high >= -reach).all())

    # --- layers ------------------------------------------------------------------------------------------

    def _areas(self) -> Iterable[str]:
        groups: dict[tuple[str, str], list[Feature]] = defaultdict(list)
        for feature in self.map.features:
            groups[feature.kind, "" if feature.kind == "park" else feature.cls].append(feature)
        for key, fill in AREA_STYLE.items():
            path = self._polygons(feature.shape for feature in groups.get(key, ()))
            if path:
                edge = ' stroke="#e3c983" stroke-width="9"' if key[1] in ("school", "kindergarten") else ""
                yield f'<path d="{path}" fill="{fill}" fill-rule="evenodd"{edge}/>'

    def _water(self) -> Iterable[str]:
        ways = [line for line in self.map.lines if line.kind == "waterway"]
        wide = {"river", "canal"}
        for names, width_m in ((True, 9.0), (False, 3.0)):
            runs = "".join(
                self._run(shapely.get_coordinates(line.shape))
                for line in ways
                if (line.cls in wide) is names and self._seen(shapely.get_coordinates(line.shape))
            )
            if runs:
                width = max(1.4, width_m * self.px_per_m) * 10
                yield f'<path d="{runs}" stroke="{WATER}" stroke-width="{width:.0f}"/>'
        path = self._polygons(f.shape for f in self.map.features if f.kind == "water")
        if path:
            yield f'<path d="{path}" fill="{WATER}" stroke="{WATER_EDGE}" stroke-width="7" fill-rule="evenodd"/>'

    def _buildings(self) -> Iterable[str]:
        path = self._polygons(self.map.buildings)
        if path:
            yield f'<path d="{path}" fill="{BUILDING}" stroke="{BUILDING_EDGE}" stroke-width="6" fill-rule="evenodd"/>'

    def _streets(self) -> Iterable[str]:
        runs: dict[str, list[str]] = defaultdict(list)
        streets = self.map.streets
        for edge, cls in enumerate(streets.edge_class):
            line = streets.edge_line(edge)
            if self._seen(line):
                base = cls.removesuffix("_link")
                style = "path" if base in PATH_CLASSES else base
                runs[style if style in STREET_STYLE or style == "path" else "minor"].append(self._run(line))
        for road in self.map.roads:
            line = shapely.get_coordinates(road.shape)
            if self._seen(line):
                runs["trunk"].append(self._run(line))
        if runs["path"]:
            width = max(0.9, 1.5 * self.px_per_m) * 10
            yield (
                f'<path d="{"".join(runs["path"])}" stroke="{PATH_COLOUR}" stroke-width="{width:.0f}" '
                f'stroke-dasharray="{2.6 * width:.0f} {2.2 * width:.0f}" stroke-opacity=".85"/>'
            )
        paths = {cls: "".join(runs[cls]) for cls in STREET_STYLE if runs[cls]}
        for casing in (True, False):
            for cls, path in paths.items():
                width_m, least_px, fill, rim = STREET_STYLE[cls]
                stroke = max(least_px, width_m * self.px_per_m) * 10 + (16 if casing else 0)
                yield f'<path d="{path}" stroke="{rim if casing else fill}" stroke-width="{stroke:.0f}"/>'

    def _rail(self) -> Iterable[str]:
        lines = (shapely.get_coordinates(line.shape) for line in self.map.lines if line.kind == "rail")
        runs = "".join(self._run(xy) for xy in lines if self._seen(xy))
        if runs:
            width = min(max(1.6, 2.2 * self.px_per_m), 4.0) * 10
            yield f'<path d="{runs}" stroke="{RAIL_COLOUR}" stroke-width="{width:.0f}" stroke-linecap="butt"/>'
            yield (
                f'<path d="{runs}" stroke="#fff" stroke-width="{0.55 * width:.0f}" stroke-linecap="butt" '
                f'stroke-dasharray="{3 * width:.0f} {3 * width:.0f}"/>'
            )

    def _crossings(self) -> Iterable[str]:
        xy = self.map.crossings_xy
        inside = xy[np.abs(xy).max(axis=1) <= self.extent_m] if len(xy) else xy
        dots = "".join(f"M{a:.0f} {b:.0f}h0" for a, b in self._tenths(inside).tolist())
        if not dots:
            return
        colour = "#9aa5b1" if self.map.crossings_synthetic else "#4f6d8f"
        width = min(max(3.4, 4.2 * self.px_per_m), 9.0) * 10
        yield f'<path d="{dots}" stroke="#fff" stroke-width="{width + 16:.0f}"/>'
        yield f'<path d="{dots}" stroke="{colour}" stroke-width="{width:.0f}"/>'

    def _school(self) -> str:
        x, y = self.point(0.0, 0.0)
        return (
            f'<g transform="translate({x:.1f} {y:.1f})" stroke-linejoin="round">'
            '<path d="M0 0c-3-6-10-11-10-19a10 10 0 0 1 20 0c0 8-7 13-10 19z" fill="#c8402f" stroke="#fff" '
            'stroke-width="2"/><path d="M-6-18.5 0-22l6 3.5L0-15z" fill="#fff"/>'
            '<path d="M-3.4-16.2v3c2 1.6 4.8 1.6 6.8 0v-3L0-14.2z" fill="#fff"/></g>'
        )

    def _labels(self) -> Iterable[str]:
        """Names of the main streets along them, then of schools and stations; what would collide is left out."""
        taken: list[tuple[float, float, float, float]] = []
        centre = self.width_px / 2
        taken.append((centre - 14, centre - 34, centre + 14, centre + 6))

        def place(x: float, y: float, half_w: float, half_h: float) -> bool:
            size = self.width_px
            if not (half_w < x < size - half_w and half_h < y < size - half_h - 30):
                return False
            box = (x - half_w, y - half_h, x + half_w, y + half_h)
            if any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken):
                return False
            taken.append(box)
            return True

        halo = f'stroke="{LAND}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
        yield f'<g text-anchor="middle" fill="{INK}" {halo}>'
        yield from self._street_names(place)
        for poi in self.map.pois:
            if poi.name and (poi.cls == "school" or poi.subclass in ("station", "subway")):
                x, y = self.point(poi.x, poi.y)
                if place(x, y, 5.5 * len(poi.name), 9):
                    yield f'<text x="{x:.0f}" y="{y + 4:.0f}" font-size="10.5">{escape(poi.name)}</text>'
        yield "</g>"

    def _street_names(self, place: Callable[[float, float, float, float], bool]) -> Iterable[str]:
        streets = self.map.streets
        rank = {"primary": 0, "secondary": 1, "tertiary": 2}
        named = [
            (rank[cls], -float(streets.length_m[edge]), edge)
            for edge, cls in enumerate(streets.edge_class)
            if cls in rank and streets.edge_name[edge]
        ]
        done: set[str] = set()
        for _, _, edge in sorted(named):
            name = streets.edge_name[edge]
            if name in done:
                continue
            line = np.array([self.point(x, y) for x, y in streets.edge_line(edge).tolist()])
            along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
            middle = along[-1] / 2
            x, y = (float(np.interp(middle, along, line[:, axis])) for axis in (0, 1))
            i = int(np.searchsorted(along, middle, side="right")) - 1
            i = min(i, len(line) - 2)
            dx, dy = line[i + 1] - line[i]
            angle = float(np.degrees(np.arctan2(dy, dx)))
            angle = angle - 180 if angle > 90 else angle + 180 if angle < -90 else angle
            half = 5.6 * len(name)
            turn = np.radians(angle)
            if not place(x, y, abs(half * np.cos(turn)) + 8, abs(half * np.sin(turn)) + 8):
                continue
            done.add(name)
            yield (
                f'<text transform="translate({x:.0f} {y:.0f}) rotate({angle:.0f})" dy="4" font-size="11">'
                f"{escape(name)}</text>"
            )

    # --- furniture ---------------------------------------------------------------------------------------

    def _scale_bar(self) -> str:
        target = self.width_px * 0.18 / self.px_per_m
        power = 10.0 ** np.floor(np.log10(target))
        metres = next(float(power * m) for m in (5, 2, 1) if power * m <= target)
        bar = metres * self.px_per_m
        text = f"{metres:g} m" if metres < 1000 else f"{metres / 1000:g} km"
        x, y = 18.0, self.width_px - 16.0
        return (
            f'<g transform="translate({x:g} {y:g})" font-size="11" fill="{INK}">'
            f'<rect x="-8" y="-22" width="{bar + 46:.0f}" height="30" rx="5" fill="#fff" fill-opacity=".86"/>'
            f'<path d="M0-6V0H{bar:.1f}V-6" fill="none" stroke="{INK}" stroke-width="1.6"/>'
            f'<text x="{bar / 2:.1f}" y="-7" text-anchor="middle">{text}</text>'
            f'<path d="M{bar + 22:.1f}-18l5.5 15-5.5-3.6-5.5 3.6z" fill="{INK}"/>'
            f'<text x="{bar + 22:.1f}" y="6" font-size="8.5" text-anchor="middle" font-weight="700">N</text></g>'
        )

    def _attribution(self) -> str:
        source = self.map.source
        text = source.attribution + (f" · {source.as_of}" if source.as_of else "")
        size = self.width_px
        # Hangul is about 1 em wide, Latin half; the plate needs only be wide enough.
        width = 10 + sum(9.2 if ord(letter) > 0x2E7F else 5.3 for letter in text)
        return (
            f'<g transform="translate({size - 8} {size - 8})" font-size="10" fill="{INK}" text-anchor="end">'
            f'<rect x="{-width:.0f}" y="-13" width="{width:.0f}" height="17" rx="4" fill="#fff" fill-opacity=".86"/>'
            f'<text x="-5">{escape(text)}</text></g>'
        )

    def _banner(self) -> str:
        if self.map.source.kind == "real":
            return ""
        size = self.width_px
        height = max(44.0, size * 0.055)
        return (
            f'<g class="schematic-banner" text-anchor="middle" fill="#fff">'
            f'<rect width="{size}" height="{height:.0f}" fill="#a3402c" fill-opacity=".93"/>'
            f'<text x="{size / 2:g}" y="{height * 0.5:.0f}" font-size="{height * 0.4:.0f}" font-weight="700" '
            f'letter-spacing="1">약도 / schematic map</text>'
            f'<text x="{size / 2:g}" y="{height * 0.84:.0f}" font-size="{height * 0.23:.0f}">'
            "실제 거리와 건물이 아닙니다 · generated, not the real streets and buildings</text></g>"
        )
