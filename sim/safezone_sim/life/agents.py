"""A pupil as a living agent: carries out the day plan on the SimPy clock, and reacts.

Reactions: a friend is waited for, a closed street is walked around, a gate is passed in the first gap by who
comes off schedule. Mesa gives agents and agent sets; time and order come from SimPy alone.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import mesa
import simpy

from safezone_sim.life.groups import PATIENCE_S
from safezone_sim.life.tracks import Leg, Track
from safezone_sim.world.model import Person

if TYPE_CHECKING:
    from safezone_sim.life.model import Life

LAST = 2  # SimPy priority after everything else of the same instant


class Meeting:
    """Friends gather before they set out. Fires with the common pace when all are there or patience ends."""

    def __init__(self, env: simpy.Environment, size: int) -> None:
        self._env = env
        self._missing = size
        self._pace = float("inf")
        self.start: Any = env.event()

    def join(self, pace_mps: float) -> Any:
        """The event to wait for; already over when the friends have gone."""
        if self.start.triggered:
            return None
        if self._pace == float("inf"):
            end = self._env.event()
            end._ok, end._value = True, None
            end.callbacks.append(lambda _: self._go())
            self._env.schedule(end, priority=LAST, delay=PATIENCE_S)
        self._pace = min(self._pace, pace_mps)
        self._missing -= 1
        if self._missing == 0:
            self._go()
        return self.start

    def _go(self) -> None:
        if not self.start.triggered:
            self.start.succeed(self._pace)


class ChildAgent(mesa.Agent):  # type: ignore[misc]
    """One pupil. ``track`` grows leg by leg; ``next_depart`` is the next departure known so far."""

    def __init__(self, life: "Life", person: Person, rows: list[int], track: Track) -> None:
        super().__init__(life.model)
        self.life = life
        self.person = person
        self.rows = rows
        self.track = track
        self.legs: list[Leg] = []
        self.next_depart = float("inf")
        self.knows_closed: set[int] = set()
        self._living = life.env.process(self._live_plan()) if rows else None

    @property
    def whereabouts(self) -> str:
        """Role of the place the pupil is in now, or "way"."""
        return self.life.role_of(self.track.inside(self.life.env.now))

    def leave_plan(self) -> None:
        """From now on somebody else says where this pupil goes; it stands where it is."""
        if self._living is not None and self._living.is_alive:
            self._living.interrupt("leaves its plan")
        self.next_depart = float("inf")
        self.track.cut(self.life.env.now)

    def _live_plan(self) -> Generator[Any, Any, None]:
        try:
            yield from self.live()
        except simpy.Interrupt:
            return

    def live(self) -> Generator[Any, Any, None]:
        """The day, trip after trip."""
        env, trips = self.life.env, self.life.day.settled.trips
        for row in self.rows:
            self.next_depart = float(trips.depart[row])
            yield from self._until(max(env.now, float(trips.ready[row])))
            set_out, pace = env.now, float(trips.foot_mps[row])
            meeting = self.life.meetings.get(int(trips.group[row]))
            if meeting is not None:
                own = float(self.life.day.settled.own_mps[row])
                start = meeting.join(own)
                pace = own if start is None else (yield start)
                set_out = env.now
            leg = self.life.leg_of(self, row, set_out, pace)
            yield from self._until(leg.t[0])
            self.next_depart = float("inf")
            self.track.walk(leg)
            self.legs.append(leg)
            yield from self._sensed(leg)
            yield from self._until(leg.t[-1])

    def _sensed(self, leg: Leg) -> Generator[Any, Any, None]:
        for reader, antenna, t_in, t_out in self.life.stays_of(self, leg):
            yield from self._until(t_in)
            self.life.senses.tag_stay(self.person, reader, antenna, t_in, t_out)

    def _until(self, t: float) -> Generator[Any, Any, None]:
        wait = t - self.life.env.now
        if wait > 0:
            yield self.life.env.timeout(wait)
