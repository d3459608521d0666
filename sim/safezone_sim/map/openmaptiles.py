"""The OpenMapTiles schema (openmaptiles.org/schema): which layer and class means what, and tiles to a map."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, Polygon

from .errors import MapError
from .model import Feature, FloatArray, Frame, Line, Poi, StreetGraph
from .mvt import LINE, POINT, POLYGON, TileLayer, Value, decode_tile
from .network import Segments, build_graph, edges_within, keep_edges
from .polygons import rings_to_polygons, union_across_borders
from .tiles import Progress, TileSet, tile_position

# Widest first: where two lines share a piece, the wider class names it.
WALKABLE = (
    *("primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link"),
    *("minor", "living_street", "service", "pedestrian", "track", "path"),
    *("footway", "cycleway", "steps", "crossing"),
)
PATH_CLASSES = frozenset({"pedestrian", "track", "path", "footway", "cycleway", "steps", "crossing"})
MAIN_ROADS = ("motorway", "motorway_link", "trunk", "trunk_link")
RAIL = ("rail", "transit", "subway", "tram", "light_rail", "monorail", "narrow_gauge")
AREA_LAYERS = ("landuse", "landcover", "park", "water")
LINE_LAYERS = ("transportation", "transportation_name", "waterway")
LAYERS = frozenset({*LINE_LAYERS, "building", "poi", *AREA_LAYERS})
TILES_KEPT = 96  # decoded, about 1 MB each: three rows of Seoul, so that neighbouring schools share theirs

IntArray64 = npt.NDArray[np.int64]

UNITS = 4096  # of one tile; other extents are scaled to it
_FINE = 16  # parts of a unit kept when a line is cut at a tile border
_SEAM = 2 * _FINE  # two ends on a border this close (0.95 m at zoom 14 in Seoul) are one street


@dataclass(frozen=True)
class MapParts:
    """What tiles give, in metres of the frame, before choosing crossings and naming the source."""

    streets: StreetGraph
    buildings: tuple[Polygon, ...]
    features: tuple[Feature, ...]
    lines: tuple[Line, ...]
    roads: tuple[Line, ...]
    pois: tuple[Poi, ...]


@dataclass(frozen=True)
class _Pieces:
    """Straight pieces (n, 4) of one kind of line in one tile, world units, and the label of each."""

    pieces: FloatArray
    owner: IntArray64
    labels: tuple["_Label", ...]


@dataclass(frozen=True)
class _Tile:
    """One tile, decoded. ``layers`` are those of areas and points; lines are in ``lines``, by kind."""

    x: int
    y: int
    layers: dict[str, TileLayer]
    lines: dict[str, _Pieces]
    _words: dict[bytes, tuple[str, str, str]] = field(default_factory=dict)

    def words(self, name: str, feature: int) -> tuple[str, str, str]:
        """Class, subclass and name of a feature of a layer, each "" if absent."""
        properties = self.layers[name].properties
        key = name.encode() + properties.tags[feature]
        found = self._words.get(key)
        if found is None:
            p = properties[feature]
            found = self._words[key] = text(p, "class"), text(p, "subclass"), _name(p)
        return found

    def world(self, layer: TileLayer) -> FloatArray:
        """Points of a layer in world units: ``UNITS`` a tile, x east, y south, one grid for all tiles."""
        world: FloatArray = layer.xy * (UNITS / layer.extent) + np.array([self.x * UNITS, self.y * UNITS])
        return world


def text(properties: dict[str, Value], *keys: str) -> str:
    """The first of the keys that holds a non-empty text, or ""."""
    return next((str(properties[key]) for key in keys if properties.get(key)), "")


def _name(properties: dict[str, Value]) -> str:
    return text(properties, "name", "name:ko", "name:latin")


def _metres(world: FloatArray, zoom: int, frame: Frame) -> FloatArray:
    size = UNITS * 2.0**zoom
    lon = world[..., 0] / size * 360.0 - 180.0
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1.0 - 2.0 * world[..., 1] / size))))
    return frame.to_xy(lon, lat)


def build_map_parts(
    tiles: TileSet, frame: Frame, radius_m: float, progress: Progress | None = None
) -> MapParts:
    """Decode, stitch and clip: what touches the square of half side ``radius_m`` around the origin, uncut.

    A square, because maps are drawn square, and it holds the circle.
    """
    decoded = []
    for done, ((x, y), data) in enumerate(sorted(tiles.tiles.items()), 1):
        try:
            decoded.append(_decoded(x, y, data))
        except MapError as error:
            raise MapError(f"map source {tiles.source}: tile {tiles.zoom}/{x}/{y}: {error}") from error
        if progress:
            progress("decode", done, len(tiles.tiles))
    streets = _network(decoded, tiles.zoom, frame, "street")
    square = shapely.box(-radius_m, -radius_m, radius_m, radius_m)
    buildings, features = _areas(decoded, tiles.zoom, frame, square)
    lines = [
        *_lines(_network(decoded, tiles.zoom, frame, "rail"), "rail"),
        *_lines(_network(decoded, tiles.zoom, frame, "waterway"), "waterway"),
    ]
    return MapParts(
        streets=keep_edges(streets, edges_within(streets, radius_m)),
        buildings=buildings,
        features=features,
        lines=tuple(line for line in lines if square.intersects(line.shape)),
        roads=tuple(
            line
            for line in _lines(_network(decoded, tiles.zoom, frame, "road"), "road")
            if square.intersects(line.shape)
        ),
        pois=tuple(_pois(decoded, tiles.zoom, frame, radius_m)),
    )


# --- lines -----------------------------------------------------------------------------------------------

_Label = tuple[str, str]  # class, name
LabelFor = Callable[[str, dict[str, Value]], _Label | None]  # (layer, properties); None: not wanted


def _street_label(layer: str, properties: dict[str, Value]) -> _Label | None:
    if layer == "transportation" and properties.get("class") in WALKABLE:
        return str(properties["class"]), _name(properties)
    if layer == "transportation_name" and _name(properties):
        return "", _name(properties)
    return None


def _above_ground(classes: tuple[str, ...]) -> LabelFor:
    """Labels lines of these classes outside tunnels: nobody gets onto a track or motorway below ground."""

    def label_for(layer: str, properties: dict[str, Value]) -> _Label | None:
        cls = properties.get("class")
        if cls in classes and layer == "transportation" and properties.get("brunnel") != "tunnel":
            return str(cls), _name(properties)
        if cls in classes and layer == "transportation_name" and _name(properties):
            return "", _name(properties)
        return None

    return label_for


def _waterway_label(layer: str, properties: dict[str, Value]) -> _Label | None:
    if layer == "waterway" and properties.get("brunnel") != "tunnel":
        return text(properties, "class") or "stream", _name(properties)
    return None


LINE_KINDS: dict[str, LabelFor] = {
    "street": _street_label,
    "rail": _above_ground(RAIL),
    "waterway": _waterway_label,
    "road": _above_ground(MAIN_ROADS),
}


@lru_cache(maxsize=TILES_KEPT)
def _decoded(x: int, y: int, data: bytes) -> _Tile:
    """A tile, decoded once for all the schools around it: nothing in it depends on a frame."""
    tile = _Tile(x, y, decode_tile(data, LAYERS), {})
    for kind, label_for in LINE_KINDS.items():
        tile.lines[kind] = _pieces_of(tile, label_for)
    for name in LINE_LAYERS:
        tile.layers.pop(name, None)
    return tile


def _pieces_of(tile: _Tile, label_for: LabelFor) -> _Pieces:
    numbers: dict[_Label, int] = {}
    pieces, owners = [np.zeros((0, 4))], [np.zeros(0, np.int64)]
    for name in LINE_LAYERS:
        layer = tile.layers.get(name)
        if layer is None:
            continue
        known: dict[bytes, int] = {}  # by packed properties: a street's pieces share them
        number = np.full(len(layer.properties), -1)
        for i, tag in enumerate(layer.properties.tags):
            if tag not in known:
                label = label_for(name, layer.properties[i])
                known[tag] = numbers.setdefault(label, len(numbers)) if label else -1
            number[i] = known[tag]
        found, feature = _segments_of(tile, layer, number >= 0)
        pieces.append(found)
        owners.append(number[feature])
    return _Pieces(np.concatenate(pieces), np.concatenate(owners), tuple(numbers))


def _segments_of(
    tile: _Tile, layer: TileLayer, wanted: npt.NDArray[np.bool_]
) -> tuple[FloatArray, IntArray64]:
    """Pieces (n, 4) of the wanted features' lines, world units, cut at the tile's border; and their feature."""
    sizes = np.diff(layer.part_at)
    inner = np.ones(len(layer.xy), bool)
    inner[layer.part_at[1:] - 1] = False
    owner = np.repeat(layer.part_feature, sizes)
    at = np.flatnonzero(inner & (wanted & (layer.geometry == LINE))[owner])
    world = tile.world(layer)
    pieces = np.concatenate([world[at], world[at + 1]], axis=1)
    pieces, kept = _clip(pieces, tile.x * UNITS, tile.y * UNITS)
    return pieces, owner[at[kept]]


def _clip(pieces: FloatArray, west: float, north: float) -> tuple[FloatArray, IntArray64]:
    """Cut straight pieces (n, 4) at a tile's square (Liang and Barsky); gives those left and their index."""
    p, step = pieces[:, :2], pieces[:, 2:] - pieces[:, :2]
    low = np.array([west, north])
    with np.errstate(divide="ignore", invalid="ignore"):
        t0, t1 = (low - p) / step, (low + UNITS - p) / step
    flat = step == 0
    outside = flat & ((p < low) | (p > low + UNITS))
    enter = np.where(flat, 0.0, np.minimum(t0, t1)).max(axis=1).clip(min=0.0)
    leave = np.where(flat, 1.0, np.maximum(t0, t1)).min(axis=1).clip(max=1.0)
    kept = np.flatnonzero((enter < leave) & ~outside.any(axis=1))
    p, step, enter, leave = p[kept], step[kept], enter[kept, None], leave[kept, None]
    cut = np.concatenate(
        [p + enter * step, np.where(leave == 1.0, pieces[kept, 2:], p + leave * step)], axis=1
    )
    return cut, kept


def _seal_borders(points: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give points (n, 2) that two tiles put on their common border within ``_SEAM`` one position.

    Both tiles cut the same line, but one may know it only up to its buffer, so the cuts differ a little.
    """
    for across, along in ((0, 1), (1, 0)):
        on = np.flatnonzero(points[:, across] % (UNITS * _FINE) == 0)
        on = on[np.lexsort((points[on, along], points[on, across]))]
        if not len(on):
            continue
        gap = np.abs(np.diff(points[on], axis=0, prepend=points[on[:1]])).sum(axis=1)
        leader = np.maximum.accumulate(np.where(gap > _SEAM, np.arange(len(on)), 0))
        points[on] = points[on[leader]]
    return points


def _network(tiles: Iterable[_Tile], zoom: int, frame: Frame, kind: str) -> StreetGraph:
    """One graph of the lines of one kind (``LINE_KINDS``); a label without class only lends its name."""
    numbers: dict[_Label, int] = {}
    pieces, owners = [np.zeros((0, 4))], [np.zeros(0, np.int64)]
    for tile in tiles:
        lines = tile.lines[kind]
        number = np.array([numbers.setdefault(label, len(numbers)) for label in lines.labels], np.int64)
        pieces.append(lines.pieces)
        owners.append(number[lines.owner])
    fine = _seal_borders(np.rint(np.concatenate(pieces).reshape(-1, 2) * _FINE).astype(np.int64))
    packed, vertex = np.unique(fine[:, 0] << 32 | fine[:, 1], return_inverse=True)
    ends, owner, labels = _merge_repeats(vertex.reshape(-1, 2), np.concatenate(owners), list(numbers))
    world = np.stack([packed >> 32, packed & 0xFFFFFFFF], axis=1) / _FINE
    return build_graph(Segments(_metres(world, zoom, frame), ends[:, 0], ends[:, 1], owner, labels))


_WIDEST_FIRST = {cls: rank for rank, cls in enumerate((*MAIN_ROADS, *WALKABLE, *RAIL))}


def _merge_repeats(
    ends: IntArray64, owner: IntArray64, labels: list[_Label]
) -> tuple[IntArray64, IntArray64, list[_Label]]:
    """One piece a pair of ends (n, 2): the same one comes from two tiles, two layers, or lines on each other.

    The widest class wins, and the first name in that order; pieces that only have a name are dropped.
    """
    moves = ends[:, 0] != ends[:, 1]
    ends, owner = np.sort(ends[moves], axis=1), owner[moves]
    rank = np.array([_WIDEST_FIRST.get(cls, 99) if cls else 100 for cls, _ in labels] or [0])
    order = np.lexsort((rank[owner], ends[:, 1], ends[:, 0]))
    ends, owner = ends[order], owner[order]
    first = np.ones(len(ends), bool)
    first[1:] = (ends[1:] != ends[:-1]).any(axis=1)
    named = np.flatnonzero(np.array([bool(name) for _, name in labels] or [False])[owner])
    piece, at = np.unique((np.cumsum(first) - 1)[named], return_index=True)  # the first name of each piece
    namer = np.full(int(first.sum()), -1)
    namer[piece] = owner[named][at]
    classed = np.array([bool(cls) for cls, _ in labels] or [False])[owner[first]]
    pairs, number = np.unique(
        owner[first][classed] * (len(labels) + 1) + namer[classed] + 1, return_inverse=True
    )
    final: dict[_Label, int] = {}
    label_of = [
        final.setdefault((labels[cls][0], labels[name - 1][1] if name else ""), len(final))
        for cls, name in (divmod(pair, len(labels) + 1) for pair in pairs.tolist())
    ]
    return ends[first][classed], np.array(label_of, np.int64)[number], list(final)


def _lines(graph: StreetGraph, kind: Literal["rail", "waterway", "road"]) -> Iterator[Line]:
    for edge, (cls, name) in enumerate(zip(graph.edge_class, graph.edge_name, strict=True)):
        yield Line(kind, cls, name, LineString(graph.edge_line(edge)))


# --- areas and points ------------------------------------------------------------------------------------


def _areas(
    tiles: Iterable[_Tile], zoom: int, frame: Frame, square: Polygon
) -> tuple[tuple[Polygon, ...], tuple[Feature, ...]]:
    shapes: list[Polygon] = []
    keys: list[tuple[str, str, str]] = []
    homes: list[tuple[int, int]] = []
    beyond: list[bool] = []
    at_border: list[bool] = []
    bounds = _bounds_of(square, zoom, frame)
    for tile in tiles:
        for name in ("building", *AREA_LAYERS):
            layer = tile.layers.get(name)
            if layer is None:
                continue
            chosen = (layer.geometry == POLYGON)[layer.part_feature]
            sizes = np.diff(layer.part_at)
            chosen &= _near(layer, tile, bounds)[layer.part_feature]
            points = np.repeat(chosen, sizes)
            pieces = rings_to_polygons(
                _metres(tile.world(layer)[points], zoom, frame),
                layer.xy[points],
                np.concatenate([[0], np.cumsum(sizes[chosen])]),
                layer.part_feature[chosen],
                layer.extent,
            )
            near = np.flatnonzero(shapely.intersects(square, pieces.shapes))
            shapes.extend(pieces.shapes[near])
            beyond.extend(pieces.beyond[near].tolist())
            at_border.extend(pieces.at_border[near].tolist())
            homes.extend([(tile.x, tile.y)] * len(near))
            for feature in pieces.feature[near].tolist():
                cls, _, called = tile.words(name, feature)
                keys.append((name, "" if name == "building" else cls, called))
    buildings: list[Polygon] = []
    features: list[Feature] = []
    for piece, shape in union_across_borders(shapes, keys, homes, beyond, at_border):
        kind, cls, name = keys[piece]
        if kind == "building":
            buildings.append(shape)
        else:
            features.append(Feature(kind, cls, name, shape))  # type: ignore[arg-type]
    return tuple(buildings), tuple(features)


def _bounds_of(square: Polygon, zoom: int, frame: Frame) -> FloatArray:
    """West, north, east, south of a square, world units, and a little around it."""
    west, south, east, north = square.bounds
    lonlat = frame.to_lonlat(np.array([[west, north], [east, south]]))
    corners = np.array([tile_position(lon, lat, zoom) for lon, lat in lonlat.tolist()]) * UNITS
    bounds: FloatArray = (corners + np.array([[-1.0, -1.0], [1.0, 1.0]])).reshape(-1)
    return bounds


def _near(layer: TileLayer, tile: _Tile, bounds: FloatArray) -> npt.NDArray[np.bool_]:
    """Mask (features,) of those whose bounding box meets the bounds: polygons are made of no others."""
    near = np.zeros(len(layer.properties), bool)
    if len(layer.xy):
        scale, corner = UNITS / layer.extent, np.array([tile.x * UNITS, tile.y * UNITS])
        starts = layer.part_at[np.flatnonzero(np.diff(layer.part_feature, prepend=-1))]
        low = np.minimum.reduceat(layer.xy, starts, axis=0) * scale + corner
        high = np.maximum.reduceat(layer.xy, starts, axis=0) * scale + corner
        meets = ((high >= bounds[:2]) & (low <= bounds[2:])).all(axis=1)
        near[layer.part_feature[np.flatnonzero(np.diff(layer.part_feature, prepend=-1))[meets]]] = True
    return near


def _pois(tiles: Iterable[_Tile], zoom: int, frame: Frame, radius_m: float) -> Iterator[Poi]:
    for tile in tiles:
        layer = tile.layers.get("poi")
        if layer is None or not len(layer.xy):
            continue
        owner = np.repeat(layer.part_feature, np.diff(layer.part_at))
        # The buffer repeats the neighbour's points: each belongs to the tile that it lies in.
        own = ((layer.xy >= 0) & (layer.xy < layer.extent)).all(axis=1) & (layer.geometry == POINT)[owner]
        xy = _metres(tile.world(layer), zoom, frame)
        for i in np.flatnonzero(own & (np.abs(xy).max(axis=1) <= radius_m)).tolist():
            yield Poi(*tile.words("poi", int(owner[i])), float(xy[i, 0]), float(xy[i, 1]))
