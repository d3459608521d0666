"""The day plan of every pupil of one school, as columns: who walks which line when.

Every draw is indexed by the pupil's index from a stream keyed (seed, zone, purpose), so that equipment,
other schools or more pupils move nobody. What is drawn here needs nobody else; friends and the crowd at the
gates are settled in ``settle``.

Where no source is named the figures are assumptions for a Seoul elementary school on a weekday.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.lines import CROSSINGS, NOWHERE, Lines, build_lines
from safezone_sim.life.ticks import on_tick
from safezone_sim.life.trips import DAWDLE, PAUSES, Trips, new_trips
from safezone_sim.life.ways import Ways
from safezone_sim.map.model import FloatArray
from safezone_sim.routes import NoPath
from safezone_sim.scenario import Scenario, clock_seconds
from safezone_sim.streams import stream
from safezone_sim.world.model import Person, SchoolWorld

BoolArray = npt.NDArray[np.bool_]
MIN = 60.0

HOME, SCHOOL, ACADEMY, SECOND_ACADEMY, PLAYGROUND = range(5)

ARRIVE_BEFORE_S = (45 * MIN, 2 * MIN)  # earliest and latest punctual arrival before arrive_by
ARRIVE_MODE_S = 15 * MIN
LATE_S = (1 * MIN, 30 * MIN)
# Last lesson of the day by grade (a 40-minute lesson, lunch included, four to six lessons).
LESSONS_END = {1: "13:00", 2: "13:40", 3: "14:20", 4: "14:20", 5: "15:00", 6: "15:00"}
CLASS_SPREAD_S = (-2 * MIN, 6 * MIN)
OUT_OF_CLASS_S = (1 * MIN, 6 * MIN)
AFTER_CLASS_S = (60 * MIN, 80 * MIN)
ACADEMY_STAY_S = (45 * MIN, 95 * MIN)
PLAYGROUND_STAY_S = (15 * MIN, 50 * MIN)
SECOND_ACADEMY_TODAY = 0.7
PLAYGROUND_FIRST = 0.25  # of those who go to both
EVENING_SHARE = 0.15
EVENING_FROM = 16.5 * 3600
EVENING_REST_S = (20 * MIN, 70 * MIN)
HOME_BEFORE = 18.8 * 3600  # planned; queues and lights still come on top
PICKED_UP_BY_CAR = 0.5
GUARDIAN_COMES_S = (0.0, 5 * MIN)
CAR_MPS = 6.0  # 22 km/h on the way; school zones allow 30 km/h
ABSENCE_TOLD = 0.9  # of the ill, by their parents, to the service
WAIT_AT_CROSSING = 0.5  # the light is red, or a car comes
CROSSING_WAIT_S = 60.0  # uniform up to this
DAWDLE_SPEED = 0.8
DAWDLE_PAUSE_S = (20.0, 110.0)
PACE = (0.95, 1.05)  # of the own speed, from trip to trip
GROUP_SIZE = 3
READY_SPREAD_S = 90.0  # friends come down within so much of each other
CLASSES = 64  # more than any school has in a grade


@dataclass(frozen=True)
class Draft:
    """What everybody wants to do, before friends and queues. ``ill`` stay in; ``told``: absence announced."""

    lines: Lines
    trips: Trips
    ill: BoolArray
    told: BoolArray
    picked_up: BoolArray


class Draws:
    """Uniform draws by purpose: row i belongs to pupil i, however many there are."""

    def __init__(self, seed: int, zone: str, people: int) -> None:
        self.seed, self.zone, self.people = seed, zone, people

    def __call__(self, purpose: str) -> FloatArray:
        """(people,) in [0, 1)."""
        column: FloatArray = self.rows(purpose, 1)[:, 0]
        return column

    def rows(self, purpose: str, width: int) -> FloatArray:
        """(people, width) in [0, 1)."""
        return stream(self.seed, self.zone, "plan", purpose).random((self.people, width))

    def between(self, purpose: str, low_high: tuple[float, float]) -> FloatArray:
        return between(self(purpose), low_high)


def between(u: FloatArray, low_high: tuple[float, float]) -> FloatArray:
    """Uniform draws stretched to a range."""
    return low_high[0] + u * (low_high[1] - low_high[0])


def draft_day(scenario: Scenario, world: SchoolWorld, ways: Ways) -> Draft:
    """The day as everybody plans it."""
    return _Drafting(scenario, world, ways).draft()


def absences(scenario: Scenario, world: SchoolWorld, draft: Draft) -> list[dict[str, Any]]:
    """Registry items of the absences that parents announced, as the standard's ``absence``."""
    return [
        {
            "kind": "absence",
            "id": f"{p.id}-absence",
            "zone": world.zone,
            "child": p.id,
            "date": scenario.date.isoformat(),
            "reason": "ill",
        }
        for p in world.subscribers
        if draft.ill[p.index] and draft.told[p.index]
    ]


def arrive_punctually(u: FloatArray, arrive_by: float) -> FloatArray:
    """Arrival times from uniform draws: triangular, ARRIVE_BEFORE_S with its mode ARRIVE_MODE_S before the bell."""
    low, high = (arrive_by - s for s in ARRIVE_BEFORE_S)
    mode = arrive_by - ARRIVE_MODE_S
    cut = (mode - low) / (high - low)
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u < cut, rising, falling)


class _Drafting:
    """One school's draft in the making: columns over its people."""

    def __init__(self, scenario: Scenario, world: SchoolWorld, ways: Ways) -> None:
        self.scenario, self.world, self.ways = scenario, world, ways
        people = world.people
        self.n = len(people)
        self.u = Draws(scenario.seed, world.zone, self.n)
        self.speed = np.array([p.speed_mps for p in people])
        self.grade = np.array([p.grade for p in people], np.int64)
        self.subscriber = np.array([p.subscriber for p in people], bool)
        limit = [
            HOME_BEFORE if p.home_by_s is None else min(HOME_BEFORE, p.home_by_s - 15 * MIN) for p in people
        ]
        self.limit = np.array(limit)
        self.parts: list[Trips] = []

    def draft(self) -> Draft:
        b, u = self.scenario.behaviour, self.u
        self.ill = u("ill") < b.ill
        self.picked_up = u("picked-up") < b.picked_up
        chain, evening = self._wishes()
        self.line_of = self._lines_for(chain, evening)
        self.lines = build_lines(self.ways.specs, self.world.map.crossings_xy)
        well = np.flatnonzero(~self.ill & (self.line_of[:, HOME, SCHOOL] >= 0))
        self._morning(well)
        home_at = self._afternoon(well, chain)
        self._evening(well, evening, home_at)
        return Draft(self.lines, Trips.joined(self.parts), self.ill, u("told") < ABSENCE_TOLD, self.picked_up)

    def _wishes(self) -> tuple[IndexArray, IndexArray]:
        """Per person the places after school in order (n, 4; NOWHERE after the last), and the evening's place."""
        b, u = self.scenario.behaviour, self.u
        has = np.array(
            [
                (len(p.academies) > 0, len(p.academies) > 1, p.playground is not None)
                for p in self.world.people
            ]
        )
        own = self.subscriber & ~self.picked_up  # others: only their way to school and back is told
        first = own & has[:, 0]
        second = first & has[:, 1] & (u("second-academy") < SECOND_ACADEMY_TODAY)
        plays = own & has[:, 2] & (u("playground") < b.playground) & ~second
        early = plays & first & (u("playground-first") < PLAYGROUND_FIRST)
        chain = np.full((self.n, 4), NOWHERE, np.int64)
        fill = np.zeros(self.n, np.int64)
        for role, goes in (
            (PLAYGROUND, early),
            (ACADEMY, first),
            (SECOND_ACADEMY, second),
            (PLAYGROUND, plays & ~early),
        ):
            rows = np.flatnonzero(goes)
            chain[rows, fill[rows]] = role
            fill[rows] += 1
        goes_out = own & (u("evening") < EVENING_SHARE)
        # Nobody goes to the same academy twice a day; only the first and the playground are on known ways.
        to_academy = goes_out & has[:, 0] & ~first
        evening = np.where(to_academy, ACADEMY, np.where(goes_out & has[:, 2] & ~plays, PLAYGROUND, NOWHERE))
        return chain, evening

    def _lines_for(self, chain: IndexArray, evening: IndexArray) -> IndexArray:
        """Line numbers (n, 5, 5) by the roles of both ends, of the ways anybody may need today; NOWHERE if none."""
        table = np.full((self.n, 5, 5), NOWHERE, np.int64)
        for i, person in enumerate(self.world.people):
            pairs = {(HOME, SCHOOL), (SCHOOL, HOME)}
            stops = [r for r in chain[i].tolist() if r >= 0]
            for a, b in zip([SCHOOL, *stops], stops, strict=False):
                pairs |= {(a, b), (b, HOME)}
            if evening[i] >= 0:
                pairs |= {(HOME, int(evening[i])), (int(evening[i]), HOME)}
            places = _places_of(person, self.world.school_place)
            for a, b in sorted(pairs):
                table[i, a, b] = self._line(person, places[a], places[b])
        return table

    def _line(self, person: Person, a: str, b: str) -> int:
        if person.subscriber and not self.ways.registered(person.id, a, b):
            return NOWHERE  # nobody's guardians would let them: an unregistered way is a deviation
        try:
            return self.ways.between(a, b)
        except NoPath:
            return NOWHERE

    # --- the parts of the day -----------------------------------------------------------------------------

    def _morning(self, well: IndexArray) -> None:
        u, s = self.u, self.scenario
        by = clock_seconds(s.arrive_by)
        aim = arrive_punctually(u("arrive"), by)
        late = u("late") < s.behaviour.late
        lateness = np.where(late, by + u.between("lateness", LATE_S) - aim, 0.0)
        trips = self._trips("morning", well, self.line_of[well, HOME, SCHOOL], np.zeros(len(well)))
        group = self._friends(well, np.zeros(self.n, np.int64))
        aim = _shared(aim, well, group)
        ready = aim[well] - durations(trips, self.lines) + lateness[well]
        ready += np.where(group >= 0, READY_SPREAD_S * (u("ready")[well] - 0.5), 0.0)
        at = on_tick(np.maximum(ready, s.start_s + MIN))
        self.parts.append(trips.with_columns(ready=at, set_out=at, depart=at, group=group))

    def _afternoon(self, well: IndexArray, chain: IndexArray) -> FloatArray:
        """School's end to home; gives when everybody is home, (n,)."""
        u, b = self.u, self.scenario.behaviour
        lessons = np.array([0.0] + [clock_seconds(LESSONS_END[g]) for g in range(1, 7)])[
            np.clip(self.grade, 1, 6)
        ]
        class_u = stream(self.scenario.seed, self.world.zone, "plan", "dismissal").random((7, CLASSES))
        class_no = np.array([p.class_no for p in self.world.people], np.int64) % CLASSES
        lessons = lessons + between(class_u[np.clip(self.grade, 0, 6), class_no], CLASS_SPREAD_S)
        stays_on = (u("after-class") < b.after_class) & ~self.picked_up
        lessons = lessons + np.where(stays_on, u.between("after-class-length", AFTER_CLASS_S), 0.0)
        lessons = np.minimum(lessons, clock_seconds(self.scenario.closes_at) - 15 * MIN)
        by_car = self.picked_up & (u("car") < PICKED_UP_BY_CAR)
        now: FloatArray = lessons + u.between("out-of-class", OUT_OF_CLASS_S)
        now = now + np.where(self.picked_up, u.between("guardian-comes", GUARDIAN_COMES_S), 0.0)
        here = np.full(self.n, SCHOOL)
        rows = well
        for leg in range(chain.shape[1] + 1):
            wish = chain[rows, leg] if leg < chain.shape[1] else np.full(len(rows), NOWHERE)
            stay = self._stay(f"leg-{leg}", rows, wish)
            to = self._next(rows, here[rows], wish, now[rows], stay)
            line = self.line_of[rows, here[rows], to]
            going = line >= 0
            rows, to, line, stay = rows[going], to[going], line[going], stay[going]
            trips = self._trips(f"leg-{leg}", rows, line, now[rows], by_car[rows])
            if leg == 0:
                walks_home = (to == HOME) & ~self.picked_up[rows]
                finish = np.full(self.n, -1, np.int64)
                finish[rows] = np.where(walks_home, self.grade[rows] * 2 + stays_on[rows], -1)
                trips = self._go_home_together(trips, rows, finish, lessons)
            self.parts.append(trips)
            now[rows] = trips.ready + durations(trips, self.lines) + np.where(to == HOME, 0.0, stay)
            here[rows] = to
            rows = rows[to != HOME]
        return now

    def _go_home_together(
        self, trips: Trips, rows: IndexArray, finish: IndexArray, lessons: FloatArray
    ) -> Trips:
        """Friends of one grade, from one home, whose lessons end within reach of each other's patience."""
        slot = np.where(finish >= 0, finish * 100_000 + (lessons // (10 * MIN)).astype(np.int64), -1)
        group = self._friends(rows, slot, offset=self.n)
        return trips.with_columns(group=group)

    def _evening(self, well: IndexArray, evening: IndexArray, home_at: FloatArray) -> None:
        leave = np.maximum(home_at + self.u.between("evening-rest", EVENING_REST_S), EVENING_FROM)
        rows = well[evening[well] >= 0]
        to = evening[rows]
        stay = self._stay("evening", rows, to)
        out_line, back_line = self.line_of[rows, HOME, to], self.line_of[rows, to, HOME]
        known = (out_line >= 0) & (back_line >= 0)
        rows, stay, out_line, back_line = rows[known], stay[known], out_line[known], back_line[known]
        out = self._trips("evening-out", rows, out_line, leave[rows])
        back = self._trips("evening-back", rows, back_line, out.ready + durations(out, self.lines) + stay)
        fits = np.flatnonzero(back.ready + durations(back, self.lines) <= self.limit[rows])
        self.parts += [out.take(fits), back.take(fits)]

    # --- pieces -------------------------------------------------------------------------------------------

    def _stay(self, purpose: str, rows: IndexArray, role: IndexArray) -> FloatArray:
        u = self.u(f"stay-{purpose}")[rows]
        return np.where(role == PLAYGROUND, between(u, PLAYGROUND_STAY_S), between(u, ACADEMY_STAY_S))

    def _next(
        self, rows: IndexArray, here: IndexArray, wish: IndexArray, now: FloatArray, stay: FloatArray
    ) -> IndexArray:
        """The wish, if there is a known way there and home again in good time; else home."""
        there = np.where(wish >= 0, self.line_of[rows, here, wish], NOWHERE)
        back = np.where(wish >= 0, self.line_of[rows, wish, HOME], NOWHERE)
        length = self._line_m(there) + self._line_m(back)
        home = now + stay + 1.2 * length / (DAWDLE_SPEED * self.speed[rows]) + 4 * MIN
        return np.where((there >= 0) & (back >= 0) & (home <= self.limit[rows]), wish, HOME)

    def _line_m(self, line: IndexArray) -> FloatArray:
        last = self.lines.at[np.maximum(line, 0) + 1] - 1
        return np.where(line >= 0, self.lines.foot_m[last] + self.lines.street_m[last], np.inf)

    def _trips(
        self,
        purpose: str,
        rows: IndexArray,
        line: IndexArray,
        ready: FloatArray,
        by_car: BoolArray | None = None,
    ) -> Trips:
        """Trips with this leg's own pace, dawdling and waits at crossings."""
        u = self.u.rows(f"walk-{purpose}", 4 + 2 * CROSSINGS)[rows]
        dawdles = u[:, 0] < self.scenario.behaviour.dawdle
        if by_car is not None:
            dawdles &= ~by_car
        foot = self.speed[rows] * between(u[:, 1], PACE) * np.where(dawdles, DAWDLE_SPEED, 1.0)
        street = foot if by_car is None else np.where(by_car, CAR_MPS, foot)
        trips = new_trips(rows, line, ready, foot, street)
        v, s = np.full((len(rows), PAUSES), NOWHERE, np.int64), np.zeros((len(rows), PAUSES))
        start, end = self.lines.street_v[line, 0], self.lines.street_v[line, 1]
        inner = end - start - 1  # vertices strictly on the street
        v[:, DAWDLE] = np.where(
            dawdles & (inner > 0), start + 1 + (u[:, 2] * inner).astype(np.int64), NOWHERE
        )
        s[:, DAWDLE] = np.where(v[:, DAWDLE] >= 0, between(u[:, 3], DAWDLE_PAUSE_S), 0.0)
        waits = u[:, 4 : 4 + CROSSINGS] < WAIT_AT_CROSSING
        crossing = np.where(waits, self.lines.crossing_v[line], NOWHERE)
        v[:, DAWDLE + 1 :] = crossing
        s[:, DAWDLE + 1 :] = np.where(crossing >= 0, CROSSING_WAIT_S * u[:, 4 + CROSSINGS :], 0.0)
        return trips.with_columns(pause_v=v, pause_s=on_tick(s))

    def _friends(self, rows: IndexArray, slot: IndexArray, offset: int = 0) -> IndexArray:
        """Group number per row, -1 alone. Friends share home, gate and ``slot`` (n,); subscribers among themselves."""
        sociable = (self.u("in-groups") < self.scenario.behaviour.in_groups)[rows] & (slot[rows] >= 0)
        group = np.full(len(rows), -1, np.int64)
        people = self.world.people
        members: dict[tuple[Any, ...], list[int]] = {}
        for k in np.flatnonzero(sociable).tolist():
            p = people[int(rows[k])]
            key = (p.subscriber, p.home, p.home_gate, int(slot[rows[k]]))
            members.setdefault(key, []).append(k)
        for ks in members.values():
            for i in range(0, len(ks), GROUP_SIZE):
                some = ks[i : i + GROUP_SIZE]
                if len(some) > 1:
                    group[some] = offset + int(
                        rows[some[0]]
                    )  # named after its first member: nobody renames it
        return group


def durations(trips: Trips, lines: Lines) -> FloatArray:
    """How long trips take without queues, seconds."""
    last = lines.at[trips.line + 1] - 1
    walking = lines.foot_m[last] / trips.foot_mps + lines.street_m[last] / trips.street_mps
    pausing: FloatArray = np.where(trips.pause_v >= 0, trips.pause_s, 0.0).sum(axis=1)
    return walking + pausing


def _shared(aim: FloatArray, rows: IndexArray, group: IndexArray) -> FloatArray:
    """Friends aim at the same arrival: that of the member after whom the group is named."""
    out = aim.copy()
    grouped = group >= 0
    out[rows[grouped]] = aim[group[grouped]]
    return out


def _places_of(person: Person, school: str) -> Mapping[int, str]:
    """The person's places by role; roles the person has not are missing."""
    places = {HOME: person.home, SCHOOL: school}
    places |= dict(zip((ACADEMY, SECOND_ACADEMY), person.academies, strict=False))
    if person.playground is not None:
        places[PLAYGROUND] = person.playground
    return places
