"""The map picture of a report: the streets around what happened, who went where, and what happened at which spot.

Numbers only, in metres from the picture's lower left corner; how it is drawn is decided in ``document``.
"""

from typing import Any

import numpy as np
import shapely

from safezone_sim.drill.course import Course
from safezone_sim.map.model import FloatArray

ASPECT = 2.1  # width by height
AROUND_M = 90.0
LEAST_M = 480.0
MOST_M = 2200.0
MARKED = ("alert", "arrived", "found")


def picture_of(course: Course) -> dict[str, Any]:
    """What the report shows of the map, once the drill is over."""
    stage, scene = course.stage, course.scene
    last = course.now if course.all_clear_t is None else course.all_clear_t  # then everybody goes home
    world, start, end = stage.world, stage.start_s, max(last, stage.start_s + 0.1)
    ways = [("child", _way(scene.tracks()[stage.lead.index], start, end))]
    for unit in scene.units.values():
        way = _way(unit.track, start, end)
        if len(way) > 1:
            ways.append(("unit", way))
    school = world.places[world.school_place]
    marks = [("school", school.x, school.y, {"ko": world.school.name, "en": f"school ({world.school.name})"})]
    f = world.map.frame
    for event in course.timeline.after(0):
        if event["kind"] in MARKED and "lon" in event:
            x, y = f.to_xy(np.array([event["lon"]]), np.array([event["lat"]]))[0].tolist()
            # The spot says it; the clock says when.
            at = {k: f"{event['at'][11:16]} {v}" for k, v in _WORDS[event["kind"]].items()}
            marks.append((event["kind"], x, y, at))
    points = np.vstack([*(way for _, way in ways), np.array([[x, y] for _, x, y, _ in marks])])
    west, south, width, height = _frame(points)
    corner = np.array([west, south])
    streets = world.map.streets
    roads = []
    for edge in range(len(streets.edge_from)):
        line = streets.edge_line(edge) - corner
        inside = (line[:, 0].max() > 0) & (line[:, 0].min() < width) & (line[:, 1].max() > 0) & (line[:, 1].min() < height)  # fmt: skip
        if inside:
            roads.append({"foot": streets.edge_class[edge] in ("path", "track"), "line": _short(line)})
    return {
        "width": round(width, 1), "height": round(height, 1), "roads": roads,
        "ways": [{"who": who, "line": _short(way - corner)} for who, way in ways if len(way) > 1],
        "marks": [{"kind": kind, "x": round(x - west, 1), "y": round(y - south, 1), "text": text} for kind, x, y, text in marks],
        "grounds": [] if school.shape is None else [_short(np.array(part.exterior.coords) - corner) for part in polygons(school.shape)],
    }  # fmt: skip


_WORDS = {
    "alert": {"ko": "경보", "en": "alert"},
    "arrived": {"ko": "도착", "en": "arrived"},
    "found": {"ko": "찾음", "en": "found"},
}


def _way(track: Any, start: float, end: float) -> FloatArray:
    _, x, y, _ = track.between(start, end)
    xy = np.column_stack([x, y])
    keep = np.ones(len(xy), bool)
    keep[1:] = np.hypot(*np.diff(xy, axis=0).T) > 1.0
    way: FloatArray = xy[keep]
    return way


def _frame(points: FloatArray) -> tuple[float, float, float, float]:
    """West, south, width and height of a picture that holds the points."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, (width, height) = (low + high) / 2, (high - low + 2 * AROUND_M).tolist()
    width = min(max(width, height * ASPECT, LEAST_M), MOST_M)
    height = width / ASPECT
    return float(middle[0] - width / 2), float(middle[1] - height / 2), width, height


def polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    """The polygons of a ground, be it one or several."""
    return [p for p in shapely.get_parts(shape) if isinstance(p, shapely.Polygon)]


def _short(line: FloatArray) -> list[list[float]]:
    found: list[list[float]] = np.round(line, 1).tolist()
    return found
