"""Vulnerable places by an index of public data: accidents in school zones, school zones, cameras.

Crime data are not among the public data at hand, so the index knows nothing of crime; every output says so.
A place is a circle of ``RADIUS_M``. Its index is the mean of three shares, each scaled to 0-1 over all
candidates: accidents within the circle (casualties weighted), children's facilities with a school zone within
it, and 1 minus the cameras within it. Candidates are the school zones themselves; the highest is taken, then
the next at least ``APART_M`` away, and so on.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from safezone_sim.map.model import FloatArray, Frame

ACCIDENT_FILE = "school-zone-accidents-seoul-2012-2019.csv"
ZONE_FILE = "school-zones-seoul-2026.csv"
CAMERA_FILE = "cctv-seoul-2021.csv"
RADIUS_M = 500.0
APART_M = 2000.0
# Assumption: a death counts as ten minor injuries, a serious injury as three.
CASUALTIES = {"deaths": 10.0, "serious_injuries": 3.0, "minor_injuries": 1.0, "reported_injuries": 1.0}
NO_CRIME = (
    "범죄 자료가 없어 지수에 들어 있지 않습니다.",
    "Crime data are absent: the index knows nothing of crime.",
)


@dataclass(frozen=True)
class VulnerablePlace:
    """One place. ``accidents`` within ``RADIUS_M`` over 2012-2019, ``zones`` and ``cameras`` within it."""

    name: str
    lon: float
    lat: float
    index: float
    accidents: int
    casualties: float
    zones: int
    cameras: int


def vulnerable_places(map_dir: Path, count: int) -> tuple[VulnerablePlace, ...]:
    """The ``count`` places of highest index. Raises PlaceDataError if a file is missing or unreadable."""
    zones = _rows(map_dir / ZONE_FILE, ("name", "lon", "lat"))
    accidents = _rows(map_dir / ACCIDENT_FILE, ("lon", "lat", *CASUALTIES))
    cameras = _rows(map_dir / CAMERA_FILE, ("lon", "lat", "cameras"))
    frame = Frame.at(126.98, 37.56)
    at, hit, seen = (_xy(frame, rows) for rows in (zones, accidents, cameras))
    weight = np.array([sum(w * float(r[k] or 0) for k, w in CASUALTIES.items()) for r in accidents])
    points = np.array([float(r["cameras"] or 1) for r in cameras])
    near_hits = cKDTree(hit).query_ball_point(at, RADIUS_M)
    near_zones = cKDTree(at).query_ball_point(at, RADIUS_M, return_length=True)
    near_cameras = cKDTree(seen).query_ball_point(at, RADIUS_M)
    harmed = np.array([weight[i].sum() for i in near_hits])
    watched = np.array([points[i].sum() for i in near_cameras])
    index = (_scaled(harmed) + _scaled(np.asarray(near_zones, float)) + 1.0 - _scaled(watched)) / 3.0
    taken: list[int] = []
    for i in np.lexsort((np.arange(len(index)), -index)).tolist():
        if all(np.hypot(*(at[i] - at[j])) >= APART_M for j in taken):
            taken.append(i)
        if len(taken) == count:
            break
    return tuple(
        VulnerablePlace(
            name=zones[i]["name"],
            lon=float(zones[i]["lon"]),
            lat=float(zones[i]["lat"]),
            index=round(float(index[i]), 4),
            accidents=len(near_hits[i]),
            casualties=float(harmed[i]),
            zones=int(near_zones[i]),
            cameras=int(watched[i]),
        )
        for i in taken
    )


class PlaceDataError(ValueError):
    """A file that the index needs cannot be read: names it and the columns it needs."""


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.is_file():
        raise PlaceDataError(
            f"{path}: the index of vulnerable places needs this file. Put it there, or name schools."
        )
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = [c for c in columns if not rows or c not in rows[0]]
    if missing:
        raise PlaceDataError(f"{path}: needs the columns {', '.join(columns)}; {', '.join(missing)} missing.")
    return [r for r in rows if r["lon"] and r["lat"]]


def _xy(frame: Frame, rows: list[dict[str, str]]) -> FloatArray:
    lon, lat = (np.array([float(r[k]) for r in rows]) for k in ("lon", "lat"))
    return frame.to_xy(lon, lat)


def _scaled(values: FloatArray) -> FloatArray:
    """0 at the least, 1 at the 95th percentile and above: one extreme does not flatten all others."""
    low, high = float(values.min()), float(np.percentile(values, 95))
    out: FloatArray = np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0)
    return out
