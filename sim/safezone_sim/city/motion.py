"""Where people are at given moments, for many people and moments at once: the columns' answer to ``Track.position``."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.day import Day
from safezone_sim.life.trips import Walked, walk
from safezone_sim.life.ways import inside_point
from safezone_sim.map.model import FloatArray

_DAY_S = float(1 << 17)  # longer than any day: rows lie apart on one common scale of time


@dataclass(frozen=True)
class Motion:
    """Positions on a settled day. Between trips a person stands where the last one ended."""

    day: Day

    @cached_property
    def walked(self) -> Walked:
        """All trips as timed polylines."""
        return walk(self.day.settled.trips, self.day.settled.lines)

    @cached_property
    def _scale(self) -> FloatArray:
        rows = np.repeat(np.arange(len(self.walked.at) - 1), np.diff(self.walked.at))
        return rows * _DAY_S + self.walked.t

    @cached_property
    def first_trip(self) -> IndexArray:
        """Row of each person's first trip, (people + 1,): trips are in order of person and time."""
        people = len(self.day.world.people)
        return np.searchsorted(self.day.settled.trips.person, np.arange(people + 1)).astype(np.int64)

    def on_trip(self, trip: IndexArray, t: FloatArray) -> FloatArray:
        """Metres (n, 2) on trips (rows) at moments between their start and end."""
        w = self.walked
        first, last = w.at[trip], w.at[trip + 1] - 1
        i = np.clip(np.searchsorted(self._scale, trip * _DAY_S + t, side="right"), first + 1, last)
        t0, t1 = w.t[i - 1], w.t[i]
        long = t1 > t0
        u = np.where(long, (t - t0) / np.where(long, t1 - t0, 1.0), 0.0)
        u = np.clip(u, 0.0, 1.0)
        return np.stack(
            [w.x[i - 1] + u * (w.x[i] - w.x[i - 1]), w.y[i - 1] + u * (w.y[i] - w.y[i - 1])], axis=1
        )

    def trip_at(self, person: IndexArray, t: FloatArray) -> IndexArray:
        """Row of the trip each person is on, or has ended last, at t; -1 before the first."""
        depart = self.day.settled.trips.depart
        key = self.day.settled.trips.person * _DAY_S + depart
        row = np.searchsorted(key, person * _DAY_S + t, side="right") - 1
        return np.where(row >= self.first_trip[person], row, -1)

    def position(self, person: IndexArray, t: FloatArray) -> FloatArray:
        """Metres (n, 2) of people at moments."""
        trip = self.trip_at(person, t)
        xy = self.on_trip(np.maximum(trip, 0), t) if len(self.walked.t) else np.zeros((len(person), 2))
        for k in np.flatnonzero(trip < 0).tolist():
            xy[k] = self._at_night(int(person[k]))
        return xy

    def _at_night(self, person: int) -> tuple[float, float]:
        """Where a person is before its first trip: at the door it will leave by, or inside its home."""
        row = int(self.first_trip[person])
        if row < int(self.first_trip[person + 1]):
            k = int(self.walked.at[row])
            return float(self.walked.x[k]), float(self.walked.y[k])
        who = self.day.world.people[person]
        home = self.day.world.places[who.home]
        return inside_point(home, home.gates[who.home_gate] if who.home_gate < len(home.gates) else None)
