"""Rings to polygons, and polygons cut by tile borders back to whole ones."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from shapely.geometry import Polygon

from .model import FloatArray

MIN_OVERLAP_M2 = 1.0  # two pieces of one thing overlap by the tile's buffer; neighbours only touch
MIN_SEAM_M = 0.5


@dataclass(frozen=True)
class Pieces:
    """Polygons as the tiles hold them, one entry a polygon, metres."""

    shapes: npt.NDArray[np.object_]
    feature: npt.NDArray[np.int64]  # index of the feature in its layer
    beyond: npt.NDArray[np.bool_]  # reaches past its tile's border
    at_border: npt.NDArray[np.bool_]  # reaches its tile's border, or past it


def rings_to_polygons(
    xy: FloatArray,
    tile_xy: npt.NDArray[np.int64],
    part_at: npt.NDArray[np.int64],
    part_feature: npt.NDArray[np.int64],
    extent: int,
) -> Pieces:
    """Polygons of the rings ``xy[part_at[p]:part_at[p + 1]]``; ``tile_xy`` are the same points in tile units.

    The first ring of a feature is an outer one; rings turning the same way start further polygons, the
    others are holes (MVT 2.1, 4.3.4.4). Rings without area are dropped, and so are polygons that lie in
    the tile's buffer only: they belong to the neighbour.
    """
    sizes = np.diff(part_at)
    if not len(sizes):
        return Pieces(*(np.zeros(0, t) for t in (object, np.int64, bool, bool)))
    starts = part_at[:-1]
    following = np.arange(1, len(xy) + 1)
    following[part_at[1:] - 1] = starts
    x, y = tile_xy[:, 0], tile_xy[:, 1]
    area = np.add.reduceat(x * y[following] - x[following] * y, starts)
    first_of_feature = np.flatnonzero(np.diff(part_feature, prepend=-1))
    sign = np.sign(area)
    outer_sign: npt.NDArray[np.int64] = np.repeat(
        sign[first_of_feature], np.diff(np.append(first_of_feature, len(sizes)))
    )
    good: npt.NDArray[np.bool_] = np.array((sizes >= 3) & (sign != 0) & (outer_sign != 0), bool)
    outer: npt.NDArray[np.bool_] = np.array(good & (sign == outer_sign), bool)
    polygon_of = np.cumsum(outer) - 1
    rings = shapely.linearrings(
        xy[np.repeat(good, sizes)], indices=np.repeat(np.arange(int(good.sum())), sizes[good])
    )
    shapes = shapely.polygons(rings, indices=polygon_of[good]) if len(rings) else np.zeros(0, object)
    low = np.minimum.reduceat(tile_xy, starts, axis=0)[outer]
    high = np.maximum.reduceat(tile_xy, starts, axis=0)[outer]
    own = np.flatnonzero(((high > 0) & (low < extent)).all(axis=1))
    beyond = np.asarray(((low < 0) | (high > extent)).any(axis=1))
    at_border = np.asarray(((low <= 0) | (high >= extent)).any(axis=1))
    return Pieces(shapes[own], part_feature[outer][own], beyond[own], at_border[own])


def valid_polygons(shape: shapely.Geometry) -> list[Polygon]:
    """The polygons in a geometry, made valid; nothing for what has no area."""
    if not shape.is_valid:
        shape = shapely.make_valid(shape)
    return [
        part
        for part in shapely.get_parts(shape).tolist()
        if part.geom_type == "Polygon" and not part.is_empty
    ]


def union_across_borders(
    shapes: Sequence[Polygon],
    keys: Sequence[Hashable],
    tiles: Sequence[Hashable],
    beyond: Sequence[bool],
    at_border: Sequence[bool],
) -> list[tuple[int, Polygon]]:
    """Join the pieces of things that a tile border cuts; gives (index of a piece, whole polygon).

    Pieces belong together when their keys agree, their tiles differ, and they overlap (tiles with a buffer)
    or, in tiles cut at the border, share a stretch of it.
    """
    edge = [i for i, reaches in enumerate(at_border) if reaches]
    inner = [i for i, reaches in enumerate(at_border) if not reaches]
    sound = shapely.is_valid(
        inner_shapes := np.array([shapes[i] for i in inner], object)
    ) & ~shapely.is_empty(inner_shapes)
    whole = [
        (i, part)
        for i, good in zip(inner, sound.tolist(), strict=True)
        for part in ([shapes[i]] if good else valid_polygons(shapes[i]))
    ]
    if not edge:
        return whole
    cut = np.array([shapes[i] if shapes[i].is_valid else shapely.buffer(shapes[i], 0) for i in edge], object)
    left, right = shapely.STRtree(cut).query(cut, predicate="intersects")
    pairs = [
        (a, b)
        for a, b in zip(left.tolist(), right.tolist(), strict=True)
        if a < b and tiles[edge[a]] != tiles[edge[b]] and keys[edge[a]] == keys[edge[b]]
    ]
    if pairs:
        common = shapely.intersection(cut[[a for a, _ in pairs]], cut[[b for _, b in pairs]])
        unbuffered = np.array([not beyond[edge[a]] and not beyond[edge[b]] for a, b in pairs])
        joined = (shapely.area(common) > MIN_OVERLAP_M2) | (
            unbuffered & (shapely.length(common) > MIN_SEAM_M)
        )
        pairs = [pair for pair, yes in zip(pairs, joined.tolist(), strict=True) if yes]
    links = np.array(pairs, np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(links), bool), (links[:, 0], links[:, 1])), shape=(len(edge), len(edge)))
    count, group = connected_components(graph, directed=False)
    order = np.argsort(group, kind="stable")
    for members in np.split(order, np.cumsum(np.bincount(group, minlength=count))[:-1]):
        shape = cut[members[0]] if len(members) == 1 else shapely.union_all(cut[members])
        whole.extend((edge[members[0]], part) for part in valid_polygons(shape))
    return whole
