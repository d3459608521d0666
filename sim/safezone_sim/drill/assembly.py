"""Where the classes of a school stand when everybody is out: in lines of their own on the open ground of the yard.

Fixed by the school's grounds and its classes alone, so that everybody has one spot in every drill of that school.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from safezone_sim.life.ways import inside_point
from safezone_sim.map.model import FloatArray
from safezone_sim.world.model import Person, Place, SchoolWorld

LINES = 4  # of one class, side by side
APART_M, CLOSEST_M = 0.8, 0.55  # between neighbours of one class; in a small yard
CLASS_M = (8.0, 11.0)  # room for one class across and along its lines, at scale 1
SCALES = (1.8, 1.6, 1.4, 1.2, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.42)
FROM_WALLS_M = 4.0
FROM_DOOR_M = 14.0
# Whoever stands outside the school's registered radius has left, as its phone tells; and phones are not exact.
INSIDE_M = 8.0
CROWD_M = 20.0  # a whole school in rows reaches so far from its middle

Name = tuple[int, int]


@dataclass(frozen=True)
class Assembly:
    """``spots``: (people, 2) metres, by person's index; ``signs``: where each class's number stands; ``own``: whose drill it is."""

    spots: FloatArray
    signs: dict[Name, tuple[float, float]]
    own: Name

    @property
    def point(self) -> tuple[float, float]:
        """The assembly point: where the class that drills stands."""
        return self.signs[self.own]


def assembly_of(world: SchoolWorld, own: Person) -> Assembly:
    """The school's classes in the yard, that of ``own`` in the middle. A yard too small for lines holds rows, class by class."""
    classes: dict[Name, list[Person]] = {}
    for person in world.people:
        classes.setdefault((person.grade, person.class_no), []).append(person)
    first = (own.grade, own.class_no)
    names = [first, *sorted(set(classes) - {first})]
    for rows in classes.values():
        rows.sort(key=lambda p: (p.number, p.index))
    school = world.places[world.school_place]
    ground, middle = _ground(school, world.map.buildings)
    blocks = _blocks(ground, middle, [len(classes[name]) for name in names])
    spots, signs = np.zeros((len(world.people), 2)), {}
    for name, block in zip(names, blocks, strict=True):
        spots[[p.index for p in classes[name]]] = block
        signs[name] = (float(block[:, 0].mean()), float(block[:, 1].max()))
    return Assembly(spots, signs, first)


def _ground(school: Place, buildings: Sequence[shapely.Polygon]) -> tuple[shapely.Geometry, FloatArray]:
    """The open ground and its middle; an empty ground where the map knows no grounds of the school."""
    x, y = inside_point(school)
    if school.shape is None:
        return shapely.Polygon(), np.array([x, y])
    around = shapely.Point(school.x, school.y)
    built = shapely.union_all([b for b in buildings if b.intersects(school.shape)]).buffer(FROM_WALLS_M)
    open_ = school.shape.buffer(-FROM_WALLS_M).difference(built)
    door = shapely.Point(x, y).buffer(FROM_DOOR_M)
    far = around.buffer(max(8.0, school.radius_m - INSIDE_M))
    near = around.buffer(max(8.0, school.radius_m - CROWD_M))
    found = (
        open_.difference(door).intersection(far),
        open_.intersection(far),
        school.shape.intersection(near),
        school.shape,
    )
    ground = next(g for g in found if not g.is_empty)
    centre = shapely.maximum_inscribed_circle(
        ground.intersection(near) if ground.intersects(near) else ground, tolerance=1.0
    )
    return ground, np.array(centre.coords[0])


def _blocks(ground: shapely.Geometry, middle: FloatArray, sizes: Sequence[int]) -> list[FloatArray]:
    """Spots (n, 2) for each class, the first nearest the middle."""
    across, along = _axes(ground)
    for scale in SCALES:
        cells = _cells(ground, middle, across * CLASS_M[0] * scale, along * CLASS_M[1] * scale)
        if len(cells) < len(sizes):
            continue
        nearest = cells[np.argsort(np.hypot(*(cells - middle).T), kind="stable")[: len(sizes)]]
        # The rest in order of grade and class, as one reads a page: from the top left.
        rest = nearest[1:]
        row = np.round((rest @ along) / (CLASS_M[1] * scale) * 2.0)
        rest = rest[np.lexsort((rest @ across, -row))]
        step = min(APART_M, max(CLOSEST_M, APART_M * scale))
        return [
            centre + _lines(size, across * step, along * step)
            for centre, size in zip(np.concatenate([nearest[:1], rest]), sizes, strict=True)
        ]
    return _rows(middle, sizes)


def _axes(ground: shapely.Geometry) -> tuple[FloatArray, FloatArray]:
    """Unit vectors across and along the lines: they run with the yard's short side, as upright on a map as can be."""
    box = shapely.minimum_rotated_rectangle(ground)
    if ground.is_empty or box.geom_type != "Polygon":
        return np.array([1.0, 0.0]), np.array([0.0, 1.0])
    corners = shapely.get_coordinates(box)
    sides = np.diff(corners[:3], axis=0)
    side = sides[int(np.argmin(np.hypot(*sides.T)))]
    along = side / np.hypot(*side)
    along = along if along[1] > 0 or (along[1] == 0 and along[0] > 0) else -along
    return np.array([along[1], -along[0]]), along


def _cells(ground: shapely.Geometry, middle: FloatArray, across: FloatArray, along: FloatArray) -> FloatArray:
    """Middles (n, 2) of the cells of a grid that lie wholly on the ground; of nine ways to lay it, the one with most."""
    if ground.is_empty:
        return np.zeros((0, 2))
    shapely.prepare(ground)
    west, south, east, north = ground.bounds
    reach = np.hypot(east - west, north - south)
    i = np.arange(-int(reach / np.hypot(*across)) - 1, int(reach / np.hypot(*across)) + 2)
    j = np.arange(-int(reach / np.hypot(*along)) - 1, int(reach / np.hypot(*along)) + 2)
    grid = (i[:, None, None] * across + j[None, :, None] * along).reshape(-1, 2)
    corner = np.array([-across - along, across - along, across + along, along - across]) / 2.0
    best = np.zeros((0, 2))
    for a in (0.0, 1 / 3, 2 / 3):
        for b in (0.0, 1 / 3, 2 / 3):
            cells = middle + grid + a * across + b * along
            inside = shapely.contains(ground, shapely.polygons(cells[:, None, :] + corner[None, :, :]))
            if inside.sum() > len(best):
                best = cells[inside]
    return best


def _lines(count: int, across: FloatArray, along: FloatArray) -> FloatArray:
    """``count`` spots (n, 2) in ``LINES`` lines about a point, numbers one after the other along the front."""
    n = np.arange(count)
    deep = -(-count // LINES)
    column, row = n % LINES - (LINES - 1) / 2, n // LINES - (deep - 1) / 2
    return column[:, None] * across - row[:, None] * along


def _rows(middle: FloatArray, sizes: Sequence[int]) -> list[FloatArray]:
    """A dense crowd in rows, class after class: for a small yard, or a school whose grounds the map does not know."""
    count = sum(sizes)
    width = max(1, int(np.ceil(np.sqrt(count * 1.6))))
    step = min(1.1, 26.0 / width)
    n, rows = np.arange(count), -(-count // width)
    spots = middle + step * np.stack([n % width - (width - 1) / 2, n // width - (rows - 1) / 2], axis=1)
    return np.split(spots, np.cumsum(sizes)[:-1])
