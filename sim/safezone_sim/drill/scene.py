"""A drill alive: the school's day, its equipment, the lead, patrols and strangers, on one SimPy clock.

The scene lets things happen and says that they did (``tell``); it knows nothing of hubs, trainees or wall clocks. The
everyday crowd is ``life``'s; whoever has a part in the drill leaves its plan and walks where the drill sends it.
"""

import math
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from safezone_sim.devices.fleet import Fleet
from safezone_sim.drill.assembly import assembly_of
from safezone_sim.drill.stage import BEFORE_POST_S, Stage
from safezone_sim.drill.timeline import Timeline
from safezone_sim.drill.units import Unit, units_of
from safezone_sim.life.lines import LineSpec, build_lines, lengths_along
from safezone_sim.life.model import Life
from safezone_sim.life.tracks import Leg, Track, legs_of
from safezone_sim.life.trips import line_hits, new_trips, stays_of, walk
from safezone_sim.map.model import FloatArray
from safezone_sim.routes import Router
from safezone_sim.streams import scalar_stream
from safezone_sim.world.model import Person

WALKING, OUTDOORS, CAST, TROUBLE, SAFE, SILENT = 1, 2, 4, 8, 16, 32
NO_CROSSINGS = np.zeros((0, 2))
HURRY_MPS = 1.3
STRANGER_BESIDE_M = 0.8
LEAVES_CLASS_S = 75.0  # after the alarm the last class is under way


@dataclass(frozen=True)
class Extra:
    """Somebody or something beside the pupils that moves: a stranger, a unit."""

    id: str
    kind: str
    label: str | dict[str, str]
    track: Track


class Scene:
    """One drill's world in motion. Call from one thread."""

    def __init__(
        self, stage: Stage, env: simpy.Environment, life: Life, fleet: Fleet, timeline: Timeline
    ) -> None:
        self.stage, self.env, self.life, self.fleet, self.timeline = stage, env, life, fleet, timeline
        self.world = stage.world
        self.lead = stage.lead
        self.router = Router(stage.world.map.streets)
        self.extras: list[Extra] = []
        self.units: dict[str, Unit] = {}
        for unit in units_of(stage.world, self.router):
            self.units[unit.id] = unit
            ko, en = unit.words
            self.extras.append(Extra(unit.id, unit.kind, {"ko": ko, "en": en}, unit.track))
        self.cast: set[int] = {self.lead.index}
        self.trouble: set[int] = set()
        self.safe: set[int] = set()
        self.silent: set[int] = set()
        self.assembled: set[int] = set()
        self.assembly = assembly_of(stage.world, stage.lead)
        self.evacuated = False
        self.found_t: float | None = None
        self.ask: Callable[[str, dict[str, Any]], None] = lambda what, body: (
            None
        )  # of the hub, as a person would
        self.lead_at_post = stage.part.prelude is None
        self._walks: dict[int, Any] = {}
        self._dialled = 0
        self.hold_class()
        if stage.part.prelude is not None:
            env.process(self._prelude(stage.part.prelude))

    # --- who is where -------------------------------------------------------------------------------------

    def index_of_extra(self, extra_id: str) -> int:
        """The index in frames of a unit or stranger."""
        return len(self.world.people) + next(n for n, e in enumerate(self.extras) if e.id == extra_id)

    def position(self, person: Person) -> tuple[float, float]:
        """Where a pupil is now, metres."""
        return self.life.position(person, self.env.now)

    def lonlat(self, x: float, y: float) -> tuple[float, float]:
        """Metres to degrees, rounded to a decimetre."""
        f = self.world.map.frame
        return round(x / f.m_per_deg_lon + f.lon0, 6), round(y / f.m_per_deg_lat + f.lat0, 6)

    def lonlats(self, xy: FloatArray) -> FloatArray:
        """Metres (n, 2) to degrees (n, 2), rounded likewise."""
        return np.round(self.world.map.frame.to_lonlat(xy), 6)

    def flags(self, index: int, track: Track, t: float) -> int:
        """What frames say of somebody beside the position."""
        walking = WALKING if track.moved_within(t - 1.0, t) else 0
        outdoors = 0 if track.inside(t) else OUTDOORS
        return (
            walking | outdoors
            | (CAST if index in self.cast else 0) | (TROUBLE if index in self.trouble else 0)
            | (SAFE if index in self.safe else 0) | (SILENT if index in self.silent else 0)
        )  # fmt: skip

    def tracks(self) -> list[Track]:
        """Everybody's track by index: pupils, then extras."""
        return [a.track for a in self.life.agents] + [e.track for e in self.extras]

    def counts(self) -> dict[str, int]:
        """How many pupils are where."""
        where = Counter(a.whereabouts for a in self.life.agents)
        where["assembly"] = len(self.assembled)
        where["way"] -= len(self.assembled)
        where["missing"] = len(self.trouble - self.safe)
        return {
            k: where[k] for k in ("home", "school", "academy", "playground", "way", "assembly", "missing")
        }

    # --- moving somebody ----------------------------------------------------------------------------------

    def hold_class(self) -> None:
        """The class that drills stays in its classroom until the drill sends it somewhere."""
        for index in self.stage.seats:
            if self.stage.plan.story == "stays_away" and index != self.lead.index:
                continue
            self.life.agents[index].leave_plan()

    def walk(self, walks: Sequence[tuple[Person, LineSpec, float, float]]) -> list[Leg]:
        """People leave their plans and walk: (who, line, m/s, when to set out). Readers on the way sense their tags."""
        specs = [spec for _, spec, _, _ in walks]
        lines = build_lines(specs, NO_CROSSINGS)
        n = np.arange(len(walks))
        trips = new_trips(
            np.array([p.index for p, _, _, _ in walks]), n,
            np.array([max(t, self.env.now) for *_, t in walks]), np.array([mps for _, _, mps, _ in walks]),
        )  # fmt: skip
        legs = legs_of(trips, lines, walk(trips, lines))
        book = self.life.day.antennas
        stays = stays_of(trips, line_hits(lines, book.circles))
        per_row: dict[int, list[tuple[int, float, float]]] = {}
        for row, k, t_in, t_out in zip(
            stays.trip.tolist(), stays.circle.tolist(), stays.t_in.tolist(), stays.t_out.tolist(), strict=True
        ):
            per_row.setdefault(row, []).append((k, t_in, t_out))
        for row, ((person, *_), leg) in enumerate(zip(walks, legs, strict=True)):
            self._stop(person)
            agent = self.life.agents[person.index]
            agent.leave_plan()
            agent.track.walk(leg)
            phone = self.fleet.phones.get(person.id)
            if phone is not None and phone.on:
                phone.wake()
            if person.subscriber and row in per_row:
                self._walks[person.index] = self.env.process(self._sensed(person, per_row[row]))
        return legs

    def _stop(self, person: Person) -> None:
        process = self._walks.pop(person.index, None)
        if process is not None and process.is_alive:
            process.interrupt("walks elsewhere")

    def _sensed(self, person: Person, stays: list[tuple[int, float, float]]) -> Generator[Any, Any, None]:
        book = self.life.day.antennas
        try:
            for k, t_in, t_out in stays:
                if t_in > self.env.now:
                    yield self.env.timeout(t_in - self.env.now)
                if person.index not in self.silent:
                    self.life.senses.tag_stay(person, book.readers[k], book.antennas[k], self.env.now, t_out)
        except simpy.Interrupt:
            return

    def line_to(self, person: Person, xy: FloatArray, place: str = "") -> LineSpec:
        """A line from where somebody is now through points (k, 2)."""
        here = np.array([self.position(person)])
        line = np.concatenate([here, xy])
        keep = np.ones(len(line), bool)
        keep[1:] = ((line[1:] - line[:-1]) ** 2).sum(axis=1) > 1e-9
        line = line[keep]
        if len(line) == 1:
            line = np.concatenate([line, line + 0.05])
        return LineSpec(line, "", place)

    def streets_to(self, x: float, y: float, to: tuple[float, float]) -> FloatArray:
        """Along streets from one point to another, both included."""
        a, b = self.router.nearest_node(x, y), self.router.nearest_node(*to)
        street = self.router.path_xy(a, b) if a != b else self.world.map.streets.xy[a : a + 1]
        return np.concatenate([street, np.array([to])])

    def _prelude(self, line: LineSpec) -> Generator[Any, Any, None]:
        """The lead goes to its post, so as to be there just before START."""
        stage = self.stage
        seconds = float(lengths_along(line.xy)[-1]) / self.lead.speed_mps
        if stage.plan.story == "stays_away":
            leave = stage.warm_s + 300.0
            phone = self.fleet.phones.get(self.lead.id)
            if phone is not None:
                phone.switch(False)
            self.silent.add(self.lead.index)
        else:
            leave = stage.start_s - seconds - BEFORE_POST_S
        if leave > self.env.now:
            yield self.env.timeout(leave - self.env.now)
        (leg,) = self.walk([(self.lead, line, self.lead.speed_mps, self.env.now)])
        yield self.env.timeout(max(0.0, leg.t[-1] - self.env.now))
        self.lead_at_post = True

    def at_post(self) -> Generator[Any, Any, None]:
        """Waits until the lead is where its part begins. A process."""
        while not self.lead_at_post:
            yield self.env.timeout(1.0)

    # --- what happens to people ---------------------------------------------------------------------------

    def in_trouble(self, person: Person) -> None:
        """Somebody needs help from now on."""
        self.trouble.add(person.index)
        self.safe.discard(person.index)

    def find(self, person: Person, by: Unit | None) -> None:
        """Somebody is found and looked after: it stays beside whoever found it."""
        if person.index in self.safe:
            return
        self._stop(person)
        self.life.agents[person.index].leave_plan()
        self.safe.add(person.index)
        if person.index == self.lead.index:
            self.found_t = self.env.now
        x, y = self.position(person)
        name = self.stage.lead_words if person.index == self.lead.index else ("아이", "child")
        self.tell_at(
            "found",
            (f"찾아 보호함 · {name[0]}" + (f": {by.words[0]}" if by else ""), f"found and safe · {name[1]}" + (f": {by.words[1]}" if by else "")),
            x, y, agent=person.index, unit=by.id if by else None,
        )  # fmt: skip

    def tell(self, kind: str, text: tuple[str, str], **more: Any) -> None:
        """An event of now."""
        self.timeline.add(self.env.now, kind, text, **more)

    def tell_at(self, kind: str, text: tuple[str, str], x: float, y: float, **more: Any) -> None:
        """An event of now at a place, metres."""
        lon, lat = self.lonlat(x, y)
        self.tell(kind, text, lon=lon, lat=lat, **more)

    def lead_away(self, course: FloatArray, mps: float) -> None:
        """A stranger comes up to the lead and walks with it along a course (k, 2)."""
        beside = course + STRANGER_BESIDE_M
        track = Track(float(beside[0, 0]), float(beside[0, 1]), "")
        t, along = self.env.now, lengths_along(beside)
        for metres, (x, y) in zip(along.tolist(), beside.tolist(), strict=True):
            track.pass_by(t + metres / mps, x, y)
        stranger = Extra(
            f"{self.stage.zone}-stranger",
            "stranger",
            {"ko": "낯선 사람 (모의)", "en": "stranger (played)"},
            track,
        )
        self.extras.append(stranger)
        self.cast.add(self.index_of_extra(stranger.id))
        self.tell(
            "agent",
            ("낯선 사람이 다가옴", "a stranger comes up"),
            agent=self.index_of_extra(stranger.id),
        )
        self.walk([(self.lead, self.line_to(self.lead, course), mps, self.env.now)])

    def evacuate(self) -> None:
        """Everybody in school goes to the assembly point, class after class; the lead, if its story says so, does not."""
        self.evacuated = True
        school = self.world.places[self.world.school_place]
        inside = [
            a.person for a in self.life.agents
            if a.track.inside(self.env.now) == school.id
            and not (self.stage.plan.story == "stays_inside" and a.person.index == self.lead.index)
        ]  # fmt: skip
        rng = scalar_stream(self.stage.scenario.seed, self.stage.zone, "drill", "evacuation")
        # The class that drills goes first.
        own = set(self.stage.seats)
        inside.sort(key=lambda p: (p.index not in own, p.grade, p.class_no, p.number))
        walks = []
        for n, person in enumerate(inside):
            door = school.gates[0].line[-2:-1]
            xy = np.concatenate([door, self.assembly.spots[person.index, None]])
            wait = 5.0 + LEAVES_CLASS_S * n / max(1, len(inside)) + rng.uniform(0.0, 6.0)
            walks.append((person, self.line_to(person, xy), HURRY_MPS, self.env.now + wait))
        legs = self.walk(walks)
        for (person, *_), leg in zip(walks, legs, strict=True):
            event = self.env.timeout(max(0.0, leg.t[-1] - self.env.now))
            event.callbacks.append(lambda _e, who=person: self._assemble(who, len(inside)))
        n, left = len(inside), int(self.stage.plan.story == "stays_inside")
        self.tell(
            "evacuate",
            (
                f"대피 시작: 학교에 있던 {n + left}명 가운데 {n}명"
                + (f" ({left}명은 건물에 남음)" if left else ""),
                f"evacuation begins: {n} of {n + left} pupils in school"
                + (f" ({left} left in the building)" if left else ""),
            ),
        )

    def _assemble(self, person: Person, expected: int) -> None:
        self.assembled.add(person.index)
        self.safe.add(person.index)
        if len(self.assembled) == expected:
            left = len(self.trouble - self.safe)
            self.tell(
                "assembled",
                (f"운동장에 {expected}명 모임" + (f", {left}명은 아직 건물에" if left else ""), f"{expected} in the yard" + (f", {left} still in the building" if left else "")),
            )  # fmt: skip

    def join_assembly(self, person: Person) -> None:
        """Somebody found late is brought to the others."""
        spot = self.assembly.spots[person.index, None]
        (leg,) = self.walk([(person, self.line_to(person, spot), 1.0, self.env.now)])
        event = self.env.timeout(max(0.0, leg.t[-1] - self.env.now))
        event.callbacks.append(lambda _e: self.assembled.add(person.index))

    def go_back(self) -> None:
        """All clear: whoever the drill sent out goes back to school."""
        school = self.world.places[self.world.school_place]
        back = [a.person for a in self.life.agents if a.person.index in self.assembled]
        walks = []
        for n, person in enumerate(back):
            xy = np.concatenate([school.gates[0].line[-2:-1], np.array([[school.x, school.y]])])
            walks.append(
                (person, self.line_to(person, xy, school.id), 1.1, self.env.now + 5.0 + 90.0 * n / len(back))
            )
        x, y = self.position(self.lead)
        if self.lead.index not in self.assembled and math.hypot(x - school.x, y - school.y) > school.radius_m:
            gate = school.gates[0]
            street = self.streets_to(x, y, (float(gate.line[0, 0]), float(gate.line[0, 1])))
            xy = np.concatenate([street, gate.line])
            walks.append((self.lead, self.line_to(self.lead, xy, school.id), 1.2, self.env.now + 5.0))
        self.assembled.clear()
        self.trouble.clear()
        phone = self.fleet.phones.get(self.lead.id)
        if phone is not None and not phone.on:
            phone.switch(True)
        self.silent.clear()
        if walks:
            self.walk(walks)

    def next_seat(self) -> int:
        """Whose turn it is at the telephone: seats one after the other, those with a phone."""
        with_phone = [s for s, i in enumerate(self.stage.seats, 1) if self.world.people[i].phone is not None]
        seat = with_phone[self._dialled % len(with_phone)] if with_phone else 1
        self._dialled += 1
        return seat

    def pupil(self, seat: int) -> Person:
        """The pupil at a seat of the class. KeyError for a seat that there is not."""
        if not 1 <= seat <= len(self.stage.seats):
            raise KeyError(seat)
        return self.world.people[self.stage.seats[seat - 1]]
