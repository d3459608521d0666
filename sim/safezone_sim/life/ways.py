"""Which lines there are: the walks between places, with their gates. A line is made when first asked for."""

from functools import cached_property

import numpy as np

from safezone_sim.life.lines import LineSpec, lengths_along
from safezone_sim.map.model import FloatArray
from safezone_sim.world.model import Gate, Place, SchoolWorld
from safezone_sim.world.walks import Walks, walking_router


class Ways:
    """The lines of one school day. ``specs`` grows as lines are asked for; a line's number never changes."""

    def __init__(self, world: SchoolWorld) -> None:
        self.world = world
        self.specs: list[LineSpec] = []
        self._known: dict[tuple[str, str], int] = {}
        self._lengths: dict[str, float] = {}
        self._registered = {(r.child, r.from_place, r.to_place) for r in world.routes}
        # Everybody takes the same line between two places, so a registered one is anybody's.
        self._lines = {(r.from_place, r.to_place): r.line for r in world.routes}

    @cached_property
    def walks(self) -> Walks:
        """The world's own walks, for ways that nobody has registered."""
        return Walks(walking_router(self.world))

    def line(self, a: str, b: str) -> FloatArray:
        """Polyline (k, 2), metres, from inside place ``a`` to inside place ``b``."""
        if (a, b) in self._lines:
            return self._lines[a, b]
        if (b, a) in self._lines:
            return self._lines[b, a][::-1]
        places = self.world.places
        return self.walks.line(places[a], places[b])

    def between(self, a: str, b: str) -> int:
        """The number of the line from inside place ``a`` to inside place ``b``. NoPath if there is none."""
        number = self._known.get((a, b))
        if number is None:
            number = self._known[a, b] = self.add(self._spec(a, b))
        return number

    def add(self, spec: LineSpec) -> int:
        """Adds a line of its own kind; its number."""
        self.specs.append(spec)
        return len(self.specs) - 1

    def registered(self, child: str, a: str, b: str) -> bool:
        """True if the guardians registered a route between the two places, in either direction."""
        return (child, a, b) in self._registered or (child, b, a) in self._registered

    def gates(self, a: str, b: str) -> tuple[Gate, Gate]:
        """The gate out of ``a`` and the gate into ``b``: those whose lines the walk between them begins and ends with."""
        places, xy = self.world.places, self.line(a, b)
        return _gate_at_end(places[a], xy[::-1]), _gate_at_end(places[b], xy)

    def _spec(self, a: str, b: str) -> LineSpec:
        out, into = self.gates(a, b)
        out_m, in_m = self._length_of(out), self._length_of(into)
        return LineSpec(
            xy=self.line(a, b),
            from_place=a,
            to_place=b,
            exit_gate=out.id,
            exit_at_m=out_m - out.gate_at_m,
            entry_gate=into.id,
            entry_before_m=in_m - into.gate_at_m,
            street=(out_m, in_m),
        )

    def _length_of(self, gate: Gate) -> float:
        if gate.id not in self._lengths:
            self._lengths[gate.id] = gate_length(gate)
        return self._lengths[gate.id]


def _gate_at_end(place: Place, xy: FloatArray) -> Gate:
    """The gate of ``place`` by which a line comes in."""
    if len(place.gates) == 1:
        return place.gates[0]
    for gate in place.gates:
        tail = xy[-len(gate.line) :]
        if len(tail) == len(gate.line) and np.abs(tail - gate.line).max() < 1e-6:
            return gate
    raise ValueError(f"{place.id}: a walk ends in {xy[-1].tolist()}, by none of its {len(place.gates)} gates")


def gate_length(gate: Gate) -> float:
    """Metres from the street node through the gate to the inside."""
    return float(lengths_along(gate.line)[-1])


def inside_point(place: Place, gate: Gate | None = None) -> tuple[float, float]:
    """Where somebody inside a place is: the inner end of the gate's line, or the place's centre."""
    chosen = gate or (place.gates[0] if place.gates else None)
    if chosen is None:
        return place.x, place.y
    return float(chosen.line[-1, 0]), float(chosen.line[-1, 1])


def joined(*parts: FloatArray) -> FloatArray:
    """One polyline of several, without repeated points."""
    line = np.concatenate([np.asarray(p, float).reshape(-1, 2) for p in parts])
    keep = np.ones(len(line), bool)
    keep[1:] = ((line[1:] - line[:-1]) ** 2).sum(axis=1) > 1e-12
    return line[keep]
