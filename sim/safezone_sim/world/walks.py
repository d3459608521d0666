"""The ways people take between places: out of one gate, along streets, in by another. Shared with life."""

import numpy as np

from safezone_sim.map.model import FloatArray, StreetMap
from safezone_sim.routes import BoolArray, NoPath, Router
from safezone_sim.world.ground import join_lines, line_length
from safezone_sim.world.model import Gate, Place, SchoolWorld
from safezone_sim.world.school_place import inside_grounds


def walking_router(world: SchoolWorld, closed: BoolArray | None = None) -> Router:
    """The router of this world: school grounds are no short cut. ``closed`` masks further closed edges (edges,)."""
    school = world.places[world.school_place]
    return school_router(world.map, school, closed)


def school_router(street_map: StreetMap, school: Place, closed: BoolArray | None = None) -> Router:
    """As ``walking_router``, before there is a world."""
    grounds = inside_grounds(street_map.streets, school.shape)
    return Router(street_map.streets, grounds if closed is None else grounds | closed)


class Walks:
    """Shortest walks between places, one line for both directions.

    Everybody who goes from place A to place B takes the same line, through the pair of gates that makes it
    shortest; a home has one gate. Lines run from inside to inside.
    """

    def __init__(self, router: Router) -> None:
        self.router = router
        self._lines: dict[tuple[str, str], FloatArray] = {}

    def line(self, a: Place, b: Place) -> FloatArray:
        """Polyline (k, 2), metres, from inside ``a`` to inside ``b``. NoPath if no open street connects them."""
        if a.id > b.id:
            return self.line(b, a)[::-1]
        key = (a.id, b.id)
        if key not in self._lines:
            self._lines[key] = self._shortest(a, b)
        return self._lines[key]

    def length_m(self, a: Place, b: Place) -> float:
        """Metres from inside ``a`` to inside ``b``."""
        return line_length(self.line(a, b))

    def gates(self, a: Place, b: Place) -> tuple[Gate, Gate]:
        """The gate out of ``a`` and the gate into ``b`` of the shortest walk."""
        best: tuple[float, Gate, Gate] | None = None
        for into in b.gates:
            tree = self.router.tree([into.street_node])
            for out in a.gates:
                length = (
                    float(tree.distance_m[out.street_node]) + line_length(out.line) + line_length(into.line)
                )
                if np.isfinite(length) and (best is None or length < best[0]):
                    best = (length, out, into)
        if best is None:
            raise NoPath(f"no open street leads from {a.id} to {b.id}")
        return best[1], best[2]

    def _shortest(self, a: Place, b: Place) -> FloatArray:
        out, into = self.gates(a, b)
        street = self.router.path_xy(out.street_node, into.street_node)
        return join_lines(out.line[::-1], street, into.line)
