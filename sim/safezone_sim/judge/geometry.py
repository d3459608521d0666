"""Plane geometry the judge needs, in metres, vectorised over points."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def distance_to_line(x: FloatArray, y: FloatArray, line: FloatArray) -> FloatArray:
    """Shortest distance, metres, from each point to a polyline (k, 2)."""
    a = line[:-1]
    d = line[1:] - a
    if len(a) == 0:
        return np.asarray(np.hypot(x - line[0, 0], y - line[0, 1]))
    length2 = np.maximum((d * d).sum(axis=1), 1e-12)
    px = np.asarray(x)[:, None] - a[None, :, 0]
    py = np.asarray(y)[:, None] - a[None, :, 1]
    share = np.clip((px * d[:, 0] + py * d[:, 1]) / length2, 0.0, 1.0)
    return np.asarray(np.hypot(px - share * d[:, 0], py - share * d[:, 1]).min(axis=1))


def inside_ring(x: FloatArray, y: FloatArray, ring: FloatArray) -> BoolArray:
    """Which points lie inside a closed ring (k, 2): even-odd rule, ray to the east."""
    x1, y1 = ring[:-1, 0][None, :], ring[:-1, 1][None, :]
    x2, y2 = ring[1:, 0][None, :], ring[1:, 1][None, :]
    px, py = np.asarray(x)[:, None], np.asarray(y)[:, None]
    spans = (y1 > py) != (y2 > py)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = x1 + (py - y1) * (x2 - x1) / (y2 - y1)
    return np.asarray((spans & (px < crossing)).sum(axis=1) % 2 == 1)
