"""Closed streets: whoever comes to one turns back to the last corner and walks around.

Nobody knows of it before meeting it, except those who met it earlier that day, or once it has stood for
``TOLD_AFTER_S`` (the school has told everybody by then). Who has a part in an incident keeps to the script.
"""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
import shapely

from safezone_sim.life.crossings import Circles
from safezone_sim.life.day import Day
from safezone_sim.life.lines import Lines, LineSpec, build_lines, lengths_along
from safezone_sim.life.tracks import Leg
from safezone_sim.life.trips import DAWDLE, Trips, line_hits, time_at
from safezone_sim.life.ways import joined
from safezone_sim.map.model import FloatArray
from safezone_sim.routes import NoPath, Router
from safezone_sim.scenario import clock_seconds
from safezone_sim.world.walks import walking_router

TOLD_AFTER_S = 3600.0


@dataclass(frozen=True)
class _Closure:
    number: int
    since: float
    x: float
    y: float
    r: float
    router: Router  # without the closed streets, and without all closed before


class ClosedStreets:
    """The closures of one school's day."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._closures = self._read()
        self._cast = {person for person, _ in day.parts}
        self._corners = (
            {_corner(p): n for n, p in enumerate(day.world.map.streets.xy)} if self._closures else {}
        )
        circles = Circles(*(np.array([getattr(c, k) for c in self._closures]) for k in ("x", "y", "r")))
        hits = line_hits(day.settled.lines, circles) if self._closures else None
        self._met = np.diff(hits.at) > 0 if hits else np.zeros(len(day.settled.lines), bool)

    def meets(self, leg: Leg) -> bool:
        """True if the leg's line leads through a closure, open or not, and its walker may turn."""
        return bool(self._met[leg.line]) and int(leg.trips.person[leg.row]) not in self._cast

    def around(self, trip: Trips, lines: Lines, known: set[int]) -> tuple[Trips, Lines] | None:
        """One trip (one row) led around what is closed when the person comes there; None if nothing is.

        ``known`` are the closures this person knows of; those it meets are added.
        """
        turned: tuple[Trips, Lines] | None = None
        if int(trip.person[0]) in self._cast:
            return None
        for closure in self._closures:
            found = self._turn(trip, lines, closure, known)
            if found is not None:
                trip, lines = turned = found
        return turned

    def _read(self) -> list[_Closure]:
        world = self._day.world
        streets = world.map.streets
        closed = np.zeros(len(streets.edge_from), bool)
        out = []
        for number, road in enumerate(self._day.scenario.closed_roads):
            if road.school != world.zone:
                continue
            x, y = (
                road.toward_m * sin(radians(road.bearing_deg)),
                road.toward_m * cos(radians(road.bearing_deg)),
            )
            owner = np.repeat(np.arange(len(closed)), np.diff(streets.geom_at))
            edges = shapely.linestrings(streets.geom_xy, indices=owner)
            closed = closed | np.asarray(shapely.dwithin(edges, shapely.Point(x, y), road.radius_m), bool)
            out.append(
                _Closure(number, clock_seconds(road.at), x, y, road.radius_m, walking_router(world, closed))
            )
        return out

    def _turn(
        self, trip: Trips, lines: Lines, closure: _Closure, known: set[int]
    ) -> tuple[Trips, Lines] | None:
        line = int(trip.line[0])
        circle = Circles(np.array([closure.x]), np.array([closure.y]), np.array([closure.r]))
        hits = line_hits(lines, circle)
        rows = np.arange(hits.at[line], hits.at[line + 1])
        if not len(rows):
            return None
        row, first = np.array([0]), rows[:1]
        there = float(time_at(trip, row, hits.foot_in[first], hits.street_in[first], hits.seg_in[first])[0])
        if there < closure.since:
            return None
        depart = float(trip.depart[0])
        told = closure.number in known or depart >= closure.since + TOLD_AFTER_S
        known.add(closure.number)
        spec = self._detour(
            lines, line, int(hits.seg_in[rows[0]]), closure, at_once=told and depart >= closure.since
        )
        if spec is None:
            return None
        new = build_lines([spec], self._day.world.map.crossings_xy)
        v, s = trip.pause_v.copy(), trip.pause_s.copy()
        # Its pauses at crossings move to the crossings of the new way; the dawdling is over with the shock.
        v[0, DAWDLE] = -1
        v[0, DAWDLE + 1 :] = np.where(v[0, DAWDLE + 1 :] >= 0, new.crossing_v[0], -1)
        return trip.with_columns(line=np.array([0]), pause_v=v, pause_s=s), new

    def _detour(
        self, lines: Lines, line: int, segment: int, closure: _Closure, at_once: bool
    ) -> LineSpec | None:
        """Back to the last corner before ``segment`` (or from the first), then around to the same gate."""
        xy = lines.xy(line)
        start, end = (int(v) for v in lines.street_v[line])
        goal = self._corners.get(_corner(xy[end]))
        corners = [v for v in range(start, min(segment, end) + 1) if _corner(xy[v]) in self._corners]
        if goal is None or not corners:
            return None  # the closure lies at the very door: it lets residents pass
        turn = corners[0] if at_once else corners[-1]
        try:
            rest: FloatArray = closure.router.path_xy(self._corners[_corner(xy[turn])], goal)
        except NoPath:
            return None
        walked = xy[: segment + 1] if not at_once else xy[: turn + 1]
        back = walked[turn:][::-1]
        way = joined(walked, back, rest, xy[end:])
        along = lengths_along(xy)
        entry, total = int(lines.entry_v[line]), float(along[-1])
        exit_v = int(lines.exit_v[line])
        return LineSpec(
            xy=way,
            from_place=lines.from_place[line],
            to_place=lines.to_place[line],
            exit_gate=lines.exit_gate[line],
            exit_at_m=float(along[exit_v]) if exit_v >= 0 else None,
            entry_gate=lines.entry_gate[line],
            entry_before_m=total - float(along[entry]) if entry >= 0 else None,
            street=(float(along[start]), total - float(along[end])),
        )


def _corner(p: FloatArray) -> tuple[int, int]:
    return round(float(p[0]) * 1000), round(float(p[1]) * 1000)
