"""A whole school's day in columns, without agents or a clock: the fast path for the city.

Where nobody has to react (no closed street) this is the very day that the agents live: the same plans, the
same walks, the same truth.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from safezone_sim.life.compose import Lived, compose_truth, whereabouts
from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.day import Day, prepare_day
from safezone_sim.life.happenings import GatePasses, gate_passes
from safezone_sim.life.script import day_track
from safezone_sim.life.tracks import Leg, Track, legs_of
from safezone_sim.life.trips import Stays, walk
from safezone_sim.life.truth import school_digest
from safezone_sim.map.model import FloatArray
from safezone_sim.records import TruthEvent, Whereabouts
from safezone_sim.scenario import Scenario
from safezone_sim.world.model import SchoolWorld


@dataclass(frozen=True)
class TagStays:
    """Stays of subscribers' tags: person index, antenna (of ``Day.antennas``), seconds."""

    person: IndexArray
    antenna: IndexArray
    t_in: FloatArray
    t_out: FloatArray


@dataclass(frozen=True)
class SchoolDay:
    """One school's day in columns; each table is made when first asked for."""

    day: Day

    @cached_property
    def tag_stays(self) -> TagStays:
        """What the antennas could feel, in order of person and time; nothing of tags left behind or thrown away."""
        stays, trips = self.day.stays, self.day.settled.trips
        person = trips.person[stays.trip]
        people = self.day.world.people
        gone = np.array([np.inf if p.subscriber else -np.inf for p in people])
        for who, since in self.day.tag_gone.items():
            gone[who] = since
        kept = stays.t_in < gone[person]
        person = person[kept]
        return TagStays(
            person, stays.circle[kept], stays.t_in[kept], np.minimum(stays.t_out[kept], gone[person])
        )

    @cached_property
    def gate_passes(self) -> GatePasses:
        """Everyday truth as columns; ``trip`` is the row among the settled trips (others' trips included)."""
        return gate_passes(self.day.world, self.day.settled.trips, self.day.settled.lines)

    @cached_property
    def legs(self) -> dict[int, list[Leg]]:
        """Everybody's walks of the day, by person index."""
        trips, lines = self.day.settled.trips, self.day.settled.lines
        legs: dict[int, list[Leg]] = defaultdict(list)
        for person, leg in zip(trips.person.tolist(), legs_of(trips, lines, walk(trips, lines)), strict=True):
            legs[person].append(leg)
        return dict(legs)

    @cached_property
    def subscriber_tracks(self) -> dict[int, Track]:
        world = self.day.world
        return {p.index: day_track(world, p.index, self.legs.get(p.index, ())) for p in world.subscribers}

    @cached_property
    def truth(self) -> list[TruthEvent]:
        """All truth events in order of time."""
        s = self.tag_stays
        order = np.lexsort((s.t_out, s.t_in, s.antenna, s.person))
        stays = Stays(s.person[order], s.antenna[order], s.t_in[order], s.t_out[order])
        return compose_truth(self.day, Lived(self.legs, self.subscriber_tracks, stays, stays.trip))

    def tracks(self) -> list[Whereabouts]:
        """The true tracks of the subscribers."""
        return [whereabouts(self.day, p, self.subscriber_tracks[p.index]) for p in self.day.world.subscribers]

    def digest(self) -> str:
        """This school's truth digest, hex."""
        return school_digest(self.day.scenario, self.day.world, self.truth, self.tracks())


def school_day(scenario: Scenario, world: SchoolWorld) -> SchoolDay:
    """The day of one school. ValueError if the scenario closes streets there: that takes agents."""
    if any(road.school == world.zone for road in scenario.closed_roads):
        raise ValueError(
            f"{scenario.name}: closed_roads at {world.zone} make children react; run it with Life."
        )
    return SchoolDay(prepare_day(scenario, world))
