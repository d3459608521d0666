"""The life of one school on the SimPy clock: its pupils as agents, its script, its truth."""

from collections import Counter
from collections.abc import Generator, Iterator
from math import inf
from typing import Any

import mesa
import numpy as np
import simpy

from safezone_sim.life.agents import ChildAgent, Meeting
from safezone_sim.life.closed import ClosedStreets
from safezone_sim.life.compose import Lived, compose_truth, whereabouts
from safezone_sim.life.day import Day, prepare_day
from safezone_sim.life.gates import Gaps
from safezone_sim.life.lines import Lines
from safezone_sim.life.ports import NoSenses, Senses
from safezone_sim.life.script import Cue, day_track
from safezone_sim.life.ticks import on_tick
from safezone_sim.life.tracks import Leg, legs_of
from safezone_sim.life.trips import QUEUE, Stays, Trips, line_hits, stays_of, time_at_vertex, walk
from safezone_sim.life.truth import school_digest
from safezone_sim.records import TruthEvent, Whereabouts
from safezone_sim.scenario import Scenario
from safezone_sim.world.model import Antenna, Device, Person, SchoolWorld

COUNT_EVERY_S = 300.0
WAYS_OF_BEING = ("home", "school", "academy", "playground", "way")

TagStay = tuple[Device, Antenna, float, float]


class SchoolModel(mesa.Model):  # type: ignore[misc]
    """Mesa's side: the agent set, and counts of who is where over the day."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(seed=0)  # never drawn from: behaviour has its own named streams
        self.env = env
        self.now: Counter[str] = Counter()
        self.datacollector = mesa.DataCollector(
            model_reporters={"t": lambda m: m.env.now}
            | {name: lambda m, name=name: m.now[name] for name in WAYS_OF_BEING}
        )

    def count(self) -> None:
        """Writes down how many pupils are at home, in school, … now."""
        self.now = Counter(self.agents.get("whereabouts"))
        self.datacollector.collect(self)

    def counts(self) -> Any:
        """The counts over the day, a pandas table."""
        return self.datacollector.get_model_vars_dataframe()


class Life:
    """Life of one school; answers ``ports.Bodies`` and calls ``ports.Senses``. ``env`` runs in seconds after midnight.

    ``truth`` and ``tracks()`` are complete once ``env.now`` has reached the scenario's end.
    """

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, world: SchoolWorld, senses: Senses | None = None
    ) -> None:
        self.env = env
        self.scenario = scenario
        self.world = world
        self.senses: Senses = senses or NoSenses()
        self.day: Day = prepare_day(scenario, world)
        self.model = SchoolModel(env)
        settled = self.day.settled
        self._legs = legs_of(settled.trips, settled.lines, walk(settled.trips, settled.lines))
        self._stay_at = np.searchsorted(self.day.stays.trip, np.arange(len(settled.trips) + 1)).tolist()
        self._roles = {place.id: place.role for place in world.places.values()}
        groups = Counter(int(g) for g in settled.trips.group.tolist() if g >= 0)
        self.meetings = {g: Meeting(env, n + (g in settled.missing)) for g, n in groups.items()}
        self._gaps: dict[tuple[str, str], Gaps] = {}
        self._closed = ClosedStreets(self.day)
        rows: dict[int, list[int]] = {}
        for row, person in enumerate(settled.trips.person.tolist()):
            rows.setdefault(person, []).append(row)
        self.agents = [
            ChildAgent(self, p, rows.get(p.index, []), day_track(world, p.index, ())) for p in world.people
        ]
        self._tag_stays: list[tuple[int, int, float, float]] = []
        self._truth: list[TruthEvent] | None = None
        for cue in self.day.cues:
            env.process(self._perform(cue))
        env.process(self._counting())

    # --- Bodies -------------------------------------------------------------------------------------------

    def position(self, person: Person, t: float) -> tuple[float, float]:
        return self.agents[person.index].track.position(t)

    def inside(self, person: Person, t: float) -> str:
        return self.agents[person.index].track.inside(t)

    def moved_within(self, person: Person, t0: float, t1: float) -> bool:
        return self.agents[person.index].track.moved_within(t0, t1)

    def next_motion(self, person: Person, t: float) -> float:
        agent = self.agents[person.index]
        known = agent.track.next_motion(t)
        if known < inf:
            return known
        return max(t, agent.next_depart)

    # --- what agents ask ----------------------------------------------------------------------------------

    def role_of(self, place: str) -> str:
        """Role of a place; "way" for none."""
        return self._roles.get(place, "way")

    def leg_of(self, agent: ChildAgent, row: int, set_out: float, pace: float) -> Leg:
        """The leg of a planned trip, as planned if the person is on schedule, else walked anew from ``set_out``."""
        settled = self.day.settled
        trips, lines = settled.trips, settled.lines
        leg = self._legs[row]
        on_schedule = set_out == trips.set_out[row] and pace == trips.foot_mps[row]
        if on_schedule and not self._closed.meets(leg):
            return leg
        trip = trips.take(np.array([row]))
        walker = trip.foot_mps[0] == trip.street_mps[0]
        v, s = trip.pause_v.copy(), trip.pause_s.copy()
        v[0, QUEUE], s[0, QUEUE] = -1, 0.0
        trip = trip.with_columns(
            set_out=np.array([set_out]),
            depart=np.array([set_out]),
            foot_mps=np.array([pace]),
            street_mps=np.array([pace]) if walker else trip.street_mps,
            pause_v=v,
            pause_s=s,
        )
        around = self._closed.around(trip, lines, agent.knows_closed)
        if around is not None:
            trip, lines = around
        elif on_schedule:
            return leg
        return self._leg(self._queued(trip, lines), lines)

    def stays_of(self, agent: ChildAgent, leg: Leg) -> Iterator[TagStay]:
        """The stays of a leg at antennas, in order; none without a tag."""
        if not agent.person.subscriber:
            return
        book = self.day.antennas
        if leg.trips is self.day.settled.trips:
            stays, i, j = self.day.stays, self._stay_at[leg.row], self._stay_at[leg.row + 1]
        else:
            stays = stays_of(leg.trips, line_hits(leg.lines, book.circles))
            i, j = 0, len(stays.trip)
        gone = self.day.tag_gone.get(agent.person.index, inf)
        columns = (stays.circle[i:j], stays.t_in[i:j], stays.t_out[i:j])
        for k, t_in, t_out in zip(*(c.tolist() for c in columns), strict=True):
            if t_in < gone:
                t_out = min(t_out, gone)
                self._tag_stays.append((agent.person.index, k, t_in, t_out))
                yield book.readers[k], book.antennas[k], t_in, t_out

    # --- results ------------------------------------------------------------------------------------------

    @property
    def truth(self) -> list[TruthEvent]:
        """All truth events in order of time, so far; complete after the run."""
        if self._truth is not None:
            return self._truth
        truth = compose_truth(self.day, self._lived())
        if self.env.now >= self.scenario.end_s:
            self._truth = truth
        return truth

    def tracks(self) -> list[Whereabouts]:
        """The true tracks of the subscribers over the run."""
        return [whereabouts(self.day, p, self.agents[p.index].track) for p in self.world.subscribers]

    def absences(self) -> list[dict[str, Any]]:
        """Registry items of absences that parents announced."""
        return self.day.absences()

    def digest(self) -> str:
        """This school's truth digest, hex; after the run."""
        return school_digest(self.scenario, self.world, self.truth, self.tracks())

    def _lived(self) -> Lived:
        stays = sorted(self._tag_stays)
        columns = list(zip(*stays, strict=True)) if stays else [(), (), (), ()]
        persons = np.array(columns[0], np.int64)
        return Lived(
            legs={a.person.index: a.legs for a in self.agents if a.legs},
            tracks={a.person.index: a.track for a in self.agents},
            stays=Stays(persons, np.array(columns[1], np.int64), np.array(columns[2]), np.array(columns[3])),
            stay_persons=persons,
        )

    # --- inside -------------------------------------------------------------------------------------------

    def _leg(self, trip: Trips, lines: Lines) -> Leg:
        return legs_of(trip, lines, walk(trip, lines))[0]

    def _queued(self, trip: Trips, lines: Lines) -> Trips:
        """Off schedule: waits for the first gap at the school's gate, if the trip passes one."""
        line, school = int(trip.line[0]), self.world.school_place
        row = np.array([0])
        if lines.to_place[line] == school and lines.entry_gate[line]:
            door, vertex = (lines.entry_gate[line], "in"), lines.entry_v[line]
        elif lines.from_place[line] == school and lines.exit_gate[line]:
            door, vertex = (lines.exit_gate[line], "out"), lines.exit_v[line]
        else:
            return trip
        t = float(time_at_vertex(trip, lines, row, np.array([vertex]))[0])
        wait = self._gap(door).slip_in(t) - t
        if wait <= 0:
            return trip
        if door[1] == "out":
            return trip.with_columns(depart=on_tick(trip.depart + wait))
        v, s = trip.pause_v.copy(), trip.pause_s.copy()
        v[0, QUEUE], s[0, QUEUE] = lines.queue_v[line], wait
        return trip.with_columns(pause_v=v, pause_s=s)

    def _gap(self, door: tuple[str, str]) -> Gaps:
        if door not in self._gaps:
            crowd = self.day.settled.crowd
            at = crowd.doors.index(door) if door in crowd.doors else -2
            self._gaps[door] = Gaps(crowd.passes[crowd.door == at].tolist())
        return self._gaps[door]

    def _perform(self, cue: Cue) -> Generator[Any, Any, None]:
        if cue.t < self.env.now:
            return
        yield self.env.timeout(cue.t - self.env.now)
        person, now = cue.person, self.env.now
        if cue.kind == "bell" and cue.bell is not None:
            self.senses.bell_pressed(cue.bell, person)
        elif person is not None and cue.kind == "tag":
            self.senses.tag_pressed(person, *self.position(person, now), False)
        elif person is not None and cue.kind == "phone":
            self.senses.phone_dialled(person)
        elif person is not None and cue.kind == "silence" and person.phone is not None:
            self.senses.phone_switched(person, False)

    def _counting(self) -> Generator[Any, Any, None]:
        while self.env.now <= self.scenario.end_s:
            self.model.count()
            yield self.env.timeout(COUNT_EVERY_S)
