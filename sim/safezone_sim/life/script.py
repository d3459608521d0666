"""The day's script: how incidents bend the plans before the day begins.

An incident takes its child by a named stream, replaces trips of its plan and leaves cues: what is pressed,
thrown away or switched off, and when. Once the clock runs nothing here changes, so incidents are the same for
agents and columns, and for every hub.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.happenings import Grounds
from safezone_sim.life.lines import LineSpec, build_lines
from safezone_sim.life.plan import Draft
from safezone_sim.life.settle import Settled, settle
from safezone_sim.life.tracks import Leg, Track, legs_of
from safezone_sim.life.trips import Trips, new_trips, time_at_vertex, walk
from safezone_sim.life.ways import Ways, inside_point
from safezone_sim.scenario import Incident, Scenario, clock_seconds
from safezone_sim.streams import stream
from safezone_sim.world.model import Device, Person, SchoolWorld

CueKind = Literal["tag", "bell", "phone", "silence"]


class NoCandidate(ValueError):
    """No child of this world can live through an incident: names the incident and the remedy."""


@dataclass(frozen=True)
class Cue:
    """Something done to the equipment at ``t``: tag button, bell, speed dial, or tag and phone fall silent."""

    t: float
    kind: CueKind
    person: Person | None
    incident: str
    bell: Device | None = None


@dataclass(frozen=True)
class _MarkedCue:
    """A cue at a mark of a scripted trip's line; its time is known when the day is settled."""

    kind: CueKind
    person: int
    line: int
    mark: int
    incident: str
    bell: Device | None


@dataclass
class Script:
    """What incidents have changed so far. ``plan`` is the day without them, to choose from."""

    scenario: Scenario
    world: SchoolWorld
    ways: Ways
    draft: Draft
    plan: Settled
    grounds: Grounds
    cast: set[int] = field(default_factory=set)  # who has a part already
    own_trips: dict[int, list[Trips]] = field(default_factory=dict)
    cues: list[Cue] = field(default_factory=list)
    tag_gone: dict[int, float] = field(default_factory=dict)  # person -> since when without its tag
    parts: list[tuple[int, int]] = field(default_factory=list)  # (person, number of its incident)
    absent: set[int] = field(default_factory=set)  # whose friends wait in vain
    _marked: list[_MarkedCue] = field(default_factory=list)

    # --- to choose from -----------------------------------------------------------------------------------

    @cached_property
    def legs(self) -> list[Leg]:
        """The planned trips as legs, by row."""
        return legs_of(self.plan.trips, self.plan.lines, walk(self.plan.trips, self.plan.lines))

    @cached_property
    def _rows(self) -> dict[int, list[int]]:
        rows: dict[int, list[int]] = {}
        for row, person in enumerate(self.plan.trips.person.tolist()):
            rows.setdefault(person, []).append(row)
        return rows

    @cached_property
    def _tracks(self) -> dict[int, Track]:
        return {}

    def rows(self, person: int) -> list[int]:
        """Rows of a person's planned trips, in order of time."""
        return self._rows.get(person, [])

    def track(self, person: int) -> Track:
        """A person's planned track."""
        if person not in self._tracks:
            self._tracks[person] = day_track(self.world, person, [self.legs[r] for r in self.rows(person)])
        return self._tracks[person]

    def rng(self, number: int) -> np.random.Generator:
        """The incident's own stream."""
        name = incident_names(self.scenario)[number]
        return stream(self.scenario.seed, self.world.zone, "incident", name)

    def free(self, phone: bool = False) -> list[Person]:
        """Subscribers who are well and have no part in another incident, in order of index."""
        well = [p for p in self.world.subscribers if self.rows(p.index) and p.index not in self.cast]
        return [p for p in well if p.phone is not None] if phone else well

    def chosen(self, incident: Incident) -> Person | None:
        """The child whom the scenario names by its index among the subscribers."""
        if incident.child is None:
            return None
        if not 0 <= incident.child < len(self.world.subscribers):
            raise NoCandidate(
                f"incident {incident.id or incident.kind}: child {incident.child} is not among "
                f"0-{len(self.world.subscribers) - 1}. Name another or none."
            )
        return self.world.subscribers[incident.child]

    def row_to_spec(self, row: int) -> LineSpec:
        """The line of a planned trip."""
        return self.ways.specs[int(self.plan.trips.line[row])]

    def engage(self, person: Person, number: int) -> None:
        """Gives the person its part in incident ``number``."""
        self.cast.add(person.index)
        self.parts.append((person.index, number))

    # --- to change ----------------------------------------------------------------------------------------

    def replace(self, person: Person, kept: Iterable[int], added: Iterable[Trips]) -> None:
        """The person's day: planned trips ``kept`` (rows, walked alone) and ``added`` ones."""
        own = self.draft_rows(list(kept))
        self.own_trips[person.index] = [own.with_columns(group=np.full(len(own), -1, np.int64)), *added]

    def draft_rows(self, rows: list[int]) -> Trips:
        """Planned trips as they were before friends and queues, leaving when the settled ones do."""
        at = np.array(rows, np.int64)
        trips = self.draft.trips.take(at)
        settled = self.plan.trips.take(at)
        return trips.with_columns(
            ready=settled.set_out, set_out=settled.set_out, depart=settled.set_out, foot_mps=settled.foot_mps
        )

    def trip(
        self,
        person: Person,
        line: int,
        ready: float,
        mps: float,
        number: int,
        street_mps: float | None = None,
    ) -> Trips:
        """One scripted trip."""
        return new_trips(
            np.array([person.index]),
            np.array([line]),
            np.array([ready]),
            np.array([mps]),
            None if street_mps is None else np.array([street_mps]),
            incident=number,
        )

    def cue(
        self, t: float, kind: CueKind, person: Person | None, incident: str, bell: Device | None = None
    ) -> None:
        self.cues.append(Cue(t, kind, person, incident, bell))

    def cue_at_mark(
        self, kind: CueKind, person: Person, line: int, mark: int, incident: str, bell: Device | None = None
    ) -> None:
        """A cue when the person comes to mark number ``mark`` of the scripted line."""
        self._marked.append(_MarkedCue(kind, person.index, line, mark, incident, bell))

    # --- done ---------------------------------------------------------------------------------------------

    def settled(self) -> Settled:
        """The bent day, settled; marked cues get their times."""
        lines = self.draft.lines
        if len(self.ways.specs) > len(lines):
            lines = build_lines(self.ways.specs, self.world.map.crossings_xy)
        bent = np.isin(self.draft.trips.person, list(self.own_trips))
        kept = self.draft.trips.take(np.flatnonzero(~bent))
        trips = Trips.joined([kept, *(t for ts in self.own_trips.values() for t in ts)])
        left = self.draft.trips.take(np.flatnonzero(np.isin(self.draft.trips.person, list(self.absent))))
        missing = {int(g) for g in left.group.tolist() if g >= 0}
        day = settle(self.world, lines, trips, missing)
        for m in self._marked:
            row = self._row_of(day, m.person, m.line)
            t = float(
                time_at_vertex(day.trips, lines, np.array([row]), np.array([lines.marks[m.line][m.mark]]))[0]
            )
            self.cue(t, m.kind, self.world.people[m.person], m.incident, m.bell)
            if m.kind == "silence":
                self.tag_gone[m.person] = t
        self._marked.clear()
        self.cues.sort(key=lambda c: (c.t, c.kind, c.incident))
        return day

    @staticmethod
    def _row_of(day: Settled, person: int, line: int) -> int:
        rows: IndexArray = np.flatnonzero((day.trips.person == person) & (day.trips.line == line))
        return int(rows[0])


def incident_names(scenario: Scenario) -> list[str]:
    """The id of every incident, by number: its own, or made of its kind and a count.

    The count is the school's own, so that dropping another school renames (and so redraws) nothing.
    """
    count: Counter[tuple[str, str]] = Counter()
    names = []
    for incident in scenario.incidents:
        count[incident.school, incident.kind] += 1
        names.append(incident.id or f"{incident.kind}-{count[incident.school, incident.kind]}")
    return names


def moment(incident: Incident) -> float:
    """When an incident is due, seconds after local midnight."""
    return clock_seconds(incident.at)


def day_track(world: SchoolWorld, person: int, legs: Iterable[Leg]) -> Track:
    """A person's track of the whole day, beginning at home."""
    home = world.places[world.people[person].home]
    gates = home.gates
    at = world.people[person].home_gate
    track = Track(*inside_point(home, gates[at] if at < len(gates) else None), home.id)
    for leg in legs:
        track.walk(leg)
    return track
