"""Children stray into a danger area, on the way home or from home, and wander about in it."""

from dataclasses import dataclass, field

import numpy as np
import shapely

from safezone_sim.life.incidents.wander import Clearing, clearing, wander
from safezone_sim.life.lines import LineSpec, lengths_along
from safezone_sim.life.script import NoCandidate, Script, incident_names, moment
from safezone_sim.life.trips import Trips
from safezone_sim.life.ways import joined
from safezone_sim.map.model import FloatArray
from safezone_sim.routes import NoPath
from safezone_sim.scenario import Incident
from safezone_sim.world.model import Person, Place

CLEAR_M = 40.0  # of the child's registered routes and places: nearer, the standard wants no alarm
SURE_CLEAR_M = 55.0
WANDER_MPS = 0.6
ON_THE_WAY_S = 900.0  # a way home that begins so near to the moment is bent; else the child goes out
MARGIN_S = 600.0
APART_S = 1800.0  # between two entries of one child
BACK_BEFORE_END_S = 900.0
LONGEST_WALK_M = 1600.0
SHIFTS_S = (0.0, 300.0, -300.0, 600.0, -600.0, 1200.0, -1200.0, 1800.0)


@dataclass
class _Part:
    """One child's day with its entries: planned rows that stay, scripted trips, when it is not at home."""

    person: Person
    kept: list[int]
    away: list[tuple[float, float]]
    added: list[Trips] = field(default_factory=list)
    entered: list[float] = field(default_factory=list)


def play(script: Script, incident: Incident, number: int) -> None:
    """``count`` entries spread evenly over ``spread_s``; several by one child only ``APART_S`` apart."""
    name = incident_names(script.scenario)[number]
    rng = script.rng(number)
    chosen = script.chosen(incident)
    people = [chosen] if chosen else script.free(phone=True)
    parts = {p.index: _part(script, p) for p in people}
    spots = Spots(script)
    played = 0
    for k in range(incident.count):
        at = moment(incident) + incident.spread_s * k / incident.count
        order = [people[i] for i in rng.permutation(len(people)).tolist()]
        played += _one(script, incident, number, at, order, parts, spots, rng)
    if not played:
        raise NoCandidate(
            f"incident {name}: no child with a phone can reach a danger area around {incident.at}. "
            "Choose the time after school, or raise people.phones."
        )
    for part in parts.values():
        if part.added:
            script.engage(part.person, number)
            script.replace(part.person, part.kept, part.added)


def _one(
    script: Script,
    incident: Incident,
    number: int,
    at: float,
    order: list[Person],
    parts: dict[int, _Part],
    spots: "Spots",
    rng: np.random.Generator,
) -> bool:
    for person in order:
        if _on_the_way_home(script, incident, number, at, parts[person.index], spots, rng):
            return True
    for shift in SHIFTS_S:
        for person in order:
            if _out_of_home(script, incident, number, at + shift, parts[person.index], spots, rng):
                return True
    return False


def _part(script: Script, person: Person) -> _Part:
    rows = script.rows(person.index)
    trips, lines = script.plan.trips, script.plan.lines
    away: list[tuple[float, float]] = []
    left = None
    for row in rows:
        if lines.from_place[int(trips.line[row])] == person.home:
            left = float(trips.set_out[row])
        if lines.to_place[int(trips.line[row])] == person.home and left is not None:
            away.append((left, float(script.plan.arrive[row])))
            left = None
    return _Part(person, list(rows), away)


def _on_the_way_home(
    script: Script,
    incident: Incident,
    number: int,
    at: float,
    part: _Part,
    spots: "Spots",
    rng: np.random.Generator,
) -> bool:
    """Bends a way home that begins around ``at``, if the child has no entry yet."""
    person, trips, lines = part.person, script.plan.trips, script.plan.lines
    if part.entered:
        return False
    for row in part.kept:
        line = int(trips.line[row])
        start = float(trips.set_out[row])
        if lines.to_place[line] != person.home or abs(start - at) > ON_THE_WAY_S:
            continue
        spec = spots.line(person, lines.from_place[line], person.home, incident.stay_s, rng)
        if spec is None:
            continue
        mps = person.speed_mps
        trip = _trip(script, person, spec, start, number)
        end = start + _seconds(spec, mps)
        later = [r for r in part.kept if trips.set_out[r] > start]
        if later and trips.set_out[later[0]] < end + MARGIN_S:
            later_kept: list[int] = []
        else:
            later_kept = later
        if end > script.scenario.end_s - BACK_BEFORE_END_S:
            continue
        part.kept = [r for r in part.kept if trips.set_out[r] < start] + later_kept
        part.away = [(a, b) if not a <= start <= b else (a, end) for a, b in part.away]
        part.added.append(trip)
        part.entered.append(at)
        return True
    return False


def _out_of_home(
    script: Script,
    incident: Incident,
    number: int,
    at: float,
    part: _Part,
    spots: "Spots",
    rng: np.random.Generator,
) -> bool:
    """Goes out of home so as to be in the area at ``at``, if the child is at home around it."""
    person = part.person
    if any(abs(at - e) < APART_S for e in part.entered):
        return False
    if any(a - MARGIN_S < at < b + MARGIN_S for a, b in part.away):
        return False
    metres = spots.metres_to(person, person.home)
    if metres is None:
        return False
    start, end = at - metres / person.speed_mps, at + incident.stay_s + metres / person.speed_mps
    early, late = script.scenario.start_s + 300.0, script.scenario.end_s - BACK_BEFORE_END_S
    if start < early or end > late or any(start < b + MARGIN_S and end > a - MARGIN_S for a, b in part.away):
        return False
    spec = spots.line(person, person.home, person.home, incident.stay_s, rng)
    if spec is None:
        return False
    part.added.append(_trip(script, person, spec, start, number))
    part.away.append((start, start + _seconds(spec, person.speed_mps)))
    part.entered.append(at)
    return True


def _trip(script: Script, person: Person, spec: LineSpec, start: float, number: int) -> Trips:
    return script.trip(person, script.ways.add(spec), start, person.speed_mps, number, WANDER_MPS)


def _seconds(spec: LineSpec, mps: float) -> float:
    walked = spec.street[0] + spec.street[1]
    return walked / mps + (_length(spec.xy) - walked) / WANDER_MPS


class Spots:
    """Where in which danger area a child can wander, clear of its own ways; asked once a child."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._clear: dict[tuple[str, str], tuple[Place, Clearing] | None] = {}

    def line(
        self, person: Person, start: str, end: str, stay_s: float, rng: np.random.Generator
    ) -> LineSpec | None:
        """From inside ``start`` by a danger area to inside ``end``; the wandering is the line's street part."""
        found = self.area_for(person, start)
        if found is None:
            return None
        area, clear = found
        there, back = self.way(start, area.id), self.way(area.id, end)
        if there is None or back is None:
            return None
        stroll = wander(clear, there.xy[-1], back.xy[0], stay_s * WANDER_MPS, rng)
        return LineSpec(
            xy=joined(there.xy, stroll, back.xy),
            from_place=start,
            to_place=end,
            exit_gate=there.exit_gate,
            exit_at_m=there.exit_at_m,
            entry_gate=back.entry_gate,
            entry_before_m=back.entry_before_m,
            street=(_length(there.xy), _length(back.xy)),
        )

    def metres_to(self, person: Person, start: str) -> float | None:
        """Metres from inside ``start`` to the child's danger area; None if it has none."""
        found = self.area_for(person, start)
        way = self.way(start, found[0].id) if found else None
        return _length(way.xy) if way else None

    def way(self, a: str, b: str) -> LineSpec | None:
        try:
            return self.script.ways.specs[self.script.ways.between(a, b)]
        except NoPath:
            return None

    def area_for(self, person: Person, start: str) -> tuple[Place, Clearing] | None:
        """The nearest area with room to wander, within ``LONGEST_WALK_M``."""
        key = (person.id, start)
        if key not in self._clear:
            self._clear[key] = self._search(person, start)
        return self._clear[key]

    def _search(self, person: Person, start: str) -> tuple[Place, Clearing] | None:
        grounds = self.script.grounds
        options = []
        for area in grounds.dangers:
            way = self.way(start, area.id)
            if way is not None and area.gates:
                options.append((_length(way.xy), area.id, area))
        for metres, _, area in sorted(options, key=lambda o: o[:2]):
            if metres > LONGEST_WALK_M:
                break
            for clear_m in (SURE_CLEAR_M, CLEAR_M + 2.0):
                room = shapely.difference(shapely.buffer(area.shape, -6.0), grounds.within(person, clear_m))
                parts = [p for p in shapely.get_parts(room).tolist() if p.area >= 300.0]
                if parts:
                    return area, clearing(max(parts, key=lambda p: p.area))
        return None


def _length(xy: FloatArray) -> float:
    return float(lengths_along(xy)[-1])
