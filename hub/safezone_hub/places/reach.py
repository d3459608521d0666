"""What can be reached from a place along the streets: the stretches, and an outline round them to draw."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_fill_holes

from safezone_hub.geometry import Plane

Ring = list[tuple[float, float]]  # lon, lat; closed

CELL_M = 20.0  # of the grid that the outline follows
_STEP_M = 10.0
_DIGITS = 6  # of a degree: 0.1 m


@dataclass(frozen=True)
class Reach:
    """The streets within reach of (x, y). ``pieces`` (n, 4) are straight stretches, metres.

    ``cut``: the net ends within reach, so the truth may go farther than what is shown here.
    """

    plane: Plane
    x: float
    y: float
    metres: float
    within_m: float
    pieces: NDArray[np.float64]
    _goes_on: NDArray[np.bool_]
    cut: bool

    @cached_property
    def length_m(self) -> float:
        """Metres of street within reach."""
        return float(np.hypot(*(self.pieces[:, 2:] - self.pieces[:, :2]).T).sum())

    @cached_property
    def farthest_m(self) -> float:
        """Metres, as the crow flies, from (x, y) to the farthest point within reach."""
        ends = self.pieces.reshape(-1, 2)
        if not len(ends):
            return self.within_m
        return max(self.within_m, float(np.hypot(ends[:, 0] - self.x, ends[:, 1] - self.y).max()))

    @cached_property
    def lines(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """The stretches as polylines of (lon, lat)."""
        if not len(self.pieces):
            return ()
        starts = np.flatnonzero(~self._goes_on)
        ends = np.append(starts[1:], len(self.pieces))
        head = _degrees(self.plane, self.pieces[:, :2])
        tail = _degrees(self.plane, self.pieces[:, 2:])
        return tuple(
            (*head[start:end], tail[end - 1])
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        )

    @cached_property
    def outline(self) -> tuple[Ring, ...]:
        """Closed rings of (lon, lat) round everything within ``CELL_M`` or so of the streets within reach.

        No holes: a courtyard in the middle is looked into as well. A ring grows with ``metres``, never shrinks.
        """
        return tuple(_degrees(self.plane, shapely.get_coordinates(shape.exterior)) for shape in self._shapes)

    def contains(self, xy: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mask (n,) of the points (n, 2), metres, inside the outline."""
        inside = np.zeros(len(xy), bool)
        for shape in self._shapes:
            inside |= shapely.contains_xy(shape, xy[:, 0], xy[:, 1])
        return inside

    @cached_property
    def _shapes(self) -> list[shapely.Polygon]:
        """One polygon a connected part, metres, the largest first.

        Drawn on a grid, because round buffers of a thousand streets take a tenth of a second to unite.
        """
        cells = np.floor(self._dense() / CELL_M).astype(np.int64)
        corner = cells.min(axis=0) - 2
        mask = np.zeros(tuple(cells.max(axis=0) - corner + 3), bool)
        mask[tuple((cells - corner).T)] = True
        mask = binary_fill_holes(binary_dilation(mask, np.ones((3, 3), bool)))
        faces = shapely.get_parts(shapely.polygonize(_sides(mask)))
        shapes = [_bevelled(face, corner) for face in faces]
        return sorted(shapes, key=lambda shape: (-shape.area, shape.bounds))

    def _dense(self) -> NDArray[np.float64]:
        """Points (n, 2) at most ``_STEP_M`` apart: of the streets, and of the disc where the way began."""
        start, end = self.pieces[:, :2], self.pieces[:, 2:]
        count = np.ceil(np.hypot(*(end - start).T) / _STEP_M).astype(np.int64) + 1
        owner = np.repeat(np.arange(len(count)), count)
        nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        share = (nth / np.maximum(count - 1, 1)[owner])[:, None]
        along = start[owner] + share * (end - start)[owner]
        side = np.arange(-self.within_m, self.within_m + _STEP_M, _STEP_M)
        square = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        disc = square[np.hypot(*square.T) <= self.within_m]
        return np.concatenate([along, np.array([[self.x, self.y]]), disc + np.array([self.x, self.y])])


def _sides(mask: NDArray[np.bool_]) -> NDArray[np.object_]:
    """The unit sides between cells that are in and cells that are not, as lines in cells."""
    rows = []
    for axis in (0, 1):
        at = np.argwhere(np.diff(mask.astype(np.int8), axis=axis))
        begin = at + np.eye(2, dtype=np.int64)[axis]
        rows.append(np.stack([begin, begin + np.eye(2, dtype=np.int64)[1 - axis]], axis=1))
    lines: NDArray[np.object_] = shapely.linestrings(np.concatenate(rows).astype(float))
    return lines


def _bevelled(face: shapely.Polygon, corner: NDArray[np.int64]) -> shapely.Polygon:
    """A face in cells as a polygon in metres, its steps cut off."""
    ring = shapely.get_coordinates(face.exterior)
    middles = (ring[:-1] + ring[1:]) / 2.0
    shape = shapely.polygons((middles + corner) * CELL_M)
    return shapely.simplify(shape, 0.01)


def _degrees(plane: Plane, xy: NDArray[np.float64]) -> Ring:
    lat, lon = plane.lat_lon(xy[:, 0], xy[:, 1])  # type: ignore[arg-type]  # linear: as good for columns
    return list(zip(np.round(lon, _DIGITS).tolist(), np.round(lat, _DIGITS).tolist(), strict=True))
