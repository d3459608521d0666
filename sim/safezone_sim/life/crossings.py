"""Where a polyline enters and leaves circles and polygons: analytic geometry, no stepping.

Circles (antenna ranges, closed streets) are solved per segment on geometry alone; the times follow from the
walk. Polygons (danger areas, corridors) are solved on a timed track. Every formula is elementwise, so a
line gives the same result alone and among a hundred thousand.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from safezone_sim.map.model import FloatArray

IndexArray = npt.NDArray[np.int64]

_CELL_M = 32.0
_TOUCH = 1e-9  # in segment fractions: two pieces this close are one
_SHORTEST_M = 0.01  # a shorter chord is no stay: the range was only grazed


@dataclass(frozen=True)
class Circles:
    """Circles as columns: centres and radii in metres."""

    x: FloatArray
    y: FloatArray
    r: FloatArray


@dataclass(frozen=True)
class Hits:
    """Passages of lines through circles. Entry lies on segment ``seg_in`` (of the line, from 0) at the
    fraction ``u_in`` of it, likewise for leaving. In order of line, then of entry."""

    line: IndexArray
    circle: IndexArray
    seg_in: IndexArray
    u_in: FloatArray
    seg_out: IndexArray
    u_out: FloatArray


def spread(counts: IndexArray) -> tuple[IndexArray, IndexArray]:
    """For counts (n,): which item each of the sum(counts) entries belongs to, and its number within it."""
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - first[owner]


def circle_hits(at: IndexArray, x: FloatArray, y: FloatArray, circles: Circles) -> Hits:
    """Passages of polylines through circles.

    Line i has the vertices ``at[i]:at[i + 1]`` of (x, y), metres. Pieces of one passage on successive
    segments are merged.
    """
    start = np.ones(len(x), bool)
    start[at[1:] - 1] = False  # the last vertex of a line starts no segment
    a = np.flatnonzero(start)
    seg, circle = _candidates(x[a], y[a], x[a + 1], y[a + 1], circles)
    p = a[seg]
    u0, u1 = _chord(x[p], y[p], x[p + 1], y[p + 1], circles, circle)
    met = u1 >= u0
    p, circle, u0, u1 = p[met], circle[met], u0[met], u1[met]
    line = np.searchsorted(at, p, side="right") - 1
    return _merged(line, circle, p - at[line], u0, u1, x, y, at)


def _chord(
    ax: FloatArray, ay: FloatArray, bx: FloatArray, by: FloatArray, circles: Circles, c: IndexArray
) -> tuple[FloatArray, FloatArray]:
    """Fractions [u0, u1] of each segment a-b inside its circle; u1 < u0 where there is none."""
    dx, dy = bx - ax, by - ay
    fx, fy = ax - circles.x[c], ay - circles.y[c]
    r = circles.r[c]
    qa = dx * dx + dy * dy
    qb = fx * dx + fy * dy
    qc = fx * fx + fy * fy - r * r
    moving = qa > 0
    disc = qb * qb - qa * qc
    root = np.sqrt(np.maximum(disc, 0.0))
    safe = np.where(moving, qa, 1.0)
    u0 = np.clip(np.where(moving, (-qb - root) / safe, 0.0), 0.0, None)
    u1 = np.clip(np.where(moving, (-qb + root) / safe, 1.0), None, 1.0)
    missed = np.where(moving, disc < 0, qc > 0)
    return np.where(missed, 1.0, u0), np.where(missed, 0.0, u1)


def _candidates(
    ax: FloatArray, ay: FloatArray, bx: FloatArray, by: FloatArray, circles: Circles
) -> tuple[IndexArray, IndexArray]:
    """Pairs (segment, circle) whose boxes share a cell of a grid; sorted, each once."""
    none = np.zeros(0, np.int64)
    if not len(circles.x) or not len(ax):
        return none, none
    x0, y0 = float((circles.x - circles.r).min()), float((circles.y - circles.r).min())
    wide = int((circles.x + circles.r).max() - x0) // int(_CELL_M) + 1
    high = int((circles.y + circles.r).max() - y0) // int(_CELL_M) + 1

    def cells(
        lo_x: FloatArray, lo_y: FloatArray, hi_x: FloatArray, hi_y: FloatArray
    ) -> tuple[IndexArray, IndexArray]:
        cx0 = np.clip(np.floor((lo_x - x0) / _CELL_M).astype(np.int64), 0, wide)
        cy0 = np.clip(np.floor((lo_y - y0) / _CELL_M).astype(np.int64), 0, high)
        cx1 = np.clip(np.floor((hi_x - x0) / _CELL_M).astype(np.int64), -1, wide - 1)
        cy1 = np.clip(np.floor((hi_y - y0) / _CELL_M).astype(np.int64), -1, high - 1)
        nx, ny = np.maximum(cx1 - cx0 + 1, 0), np.maximum(cy1 - cy0 + 1, 0)
        owner, k = spread(nx * ny)
        return owner, (cy0[owner] + k // nx[owner]) * wide + cx0[owner] + k % nx[owner]

    c_owner, c_cell = cells(
        circles.x - circles.r, circles.y - circles.r, circles.x + circles.r, circles.y + circles.r
    )
    order = np.argsort(c_cell, kind="stable")
    c_owner, c_cell = c_owner[order], c_cell[order]
    per_cell = np.bincount(c_cell, minlength=wide * high)
    cell_at = np.cumsum(per_cell) - per_cell
    s_owner, s_cell = cells(np.minimum(ax, bx), np.minimum(ay, by), np.maximum(ax, bx), np.maximum(ay, by))
    used = per_cell[s_cell] > 0
    s_owner, s_cell = s_owner[used], s_cell[used]
    pair, k = spread(per_cell[s_cell])
    key = np.unique(s_owner[pair] * len(circles.x) + c_owner[cell_at[s_cell[pair]] + k])
    return key // len(circles.x), key % len(circles.x)


def _merged(
    line: IndexArray,
    circle: IndexArray,
    seg: IndexArray,
    u0: FloatArray,
    u1: FloatArray,
    x: FloatArray,
    y: FloatArray,
    at: IndexArray,
) -> Hits:
    order = np.lexsort((seg, circle, line))
    line, circle, seg, u0, u1 = line[order], circle[order], seg[order], u0[order], u1[order]
    joined = np.zeros(len(line), bool)
    joined[1:] = (
        (line[1:] == line[:-1])
        & (circle[1:] == circle[:-1])
        & (seg[1:] == seg[:-1] + 1)
        & (u1[:-1] >= 1.0 - _TOUCH)
        & (u0[1:] <= _TOUCH)
    )
    first = np.flatnonzero(~joined)
    last = np.append(first[1:], len(line)) - 1 if len(first) else first
    p = at[line[first]] + seg[first]
    chord = (u1[first] - u0[first]) * np.sqrt((x[p + 1] - x[p]) ** 2 + (y[p + 1] - y[p]) ** 2)
    real = (last > first) | (chord >= _SHORTEST_M)
    first, last = first[real], last[real]
    order = np.lexsort((circle[first], u0[first], seg[first], line[first]))
    first, last = first[order], last[order]
    return Hits(line[first], circle[first], seg[first], u0[first], seg[last], u1[last])


def polygon_stays(
    t: FloatArray, x: FloatArray, y: FloatArray, polygon: BaseGeometry, inside: bool = True
) -> list[tuple[float, float]]:
    """When a timed track (t, x, y) is inside ``polygon`` (or outside it, if not ``inside``): [(in, out)], seconds.

    Between two moments the track is straight and even. Touching stays are merged.
    """
    if len(t) < 2:
        return []
    u, seg = _boundary_cuts(x, y, polygon)
    seg = np.concatenate([np.arange(len(t) - 1), seg, [len(t) - 2]])
    u = np.concatenate([np.zeros(len(t) - 1), u, [1.0]])
    order = np.lexsort((u, seg))
    seg, u = seg[order], u[order]
    cut_t = t[seg] + u * (t[seg + 1] - t[seg])
    cut_x = x[seg] + u * (x[seg + 1] - x[seg])
    cut_y = y[seg] + u * (y[seg + 1] - y[seg])
    held = shapely.contains_xy(polygon, (cut_x[1:] + cut_x[:-1]) / 2, (cut_y[1:] + cut_y[:-1]) / 2) == inside
    stays: list[tuple[float, float]] = []
    for i in np.flatnonzero(held & (cut_t[1:] > cut_t[:-1])).tolist():
        t0, t1 = float(cut_t[i]), float(cut_t[i + 1])
        if stays and t0 - stays[-1][1] <= 1e-6:
            stays[-1] = (stays[-1][0], t1)
        else:
            stays.append((t0, t1))
    return stays


def _boundary_cuts(x: FloatArray, y: FloatArray, polygon: BaseGeometry) -> tuple[FloatArray, IndexArray]:
    """Where track segments cross the polygon's rings: fraction and segment of each crossing."""
    lines = shapely.get_parts(shapely.get_rings(shapely.get_parts(polygon)))
    coords, ring = shapely.get_coordinates(lines, return_index=True)
    same = ring[1:] == ring[:-1]
    px, py = coords[:-1, 0][same], coords[:-1, 1][same]
    qx, qy = coords[1:, 0][same], coords[1:, 1][same]
    us: list[FloatArray] = []
    segs: list[IndexArray] = []
    for i in range(len(x) - 1):
        dx, dy = x[i + 1] - x[i], y[i + 1] - y[i]
        if dx == 0 and dy == 0:
            continue
        ex, ey = qx - px, qy - py
        cross = dx * ey - dy * ex
        safe = np.where(cross == 0, 1.0, cross)
        wx, wy = px - x[i], py - y[i]
        u = (wx * ey - wy * ex) / safe
        v = (wx * dy - wy * dx) / safe
        met = u[(cross != 0) & (u > 0) & (u < 1) & (v >= 0) & (v <= 1)]
        us.append(met)
        segs.append(np.full(len(met), i, np.int64))
    if not us:
        return np.zeros(0), np.zeros(0, np.int64)
    return np.concatenate(us), np.concatenate(segs)
