"""A stranger leads a child off its way home; later the tag is thrown away and the phone switched off."""

from dataclasses import dataclass

import numpy as np
import shapely

from safezone_sim.life.lines import LineSpec, lengths_along
from safezone_sim.life.script import NoCandidate, Script, incident_names, moment
from safezone_sim.life.ways import joined
from safezone_sim.map.model import FloatArray
from safezone_sim.scenario import Incident
from safezone_sim.world.model import Person

AROUND_S = (600.0, 2400.0)  # before and after ``at``: a way home that begins then
LED_MPS = 1.0
SEEN_OFF_ROUTE_S = 330.0  # deviation lasts so long before the silence: observable by a phone
GOES_ON_M = 60.0  # at least so far after the silence: the last fix shows the child moving
AWAY_M = 250.0  # from every registered route, in the end
LEAVES_AT = (0.3, 0.6)  # of the way home
CLEAR_M = 40.0  # the course keeps so far outside the corridor: a phone can tell
TRIES = 80


@dataclass(frozen=True)
class Course:
    """A way off: ``xy`` from the corner where the child leaves its route; metres along it."""

    xy: FloatArray
    off_m: float  # where the deviation begins
    total_m: float


def play(script: Script, incident: Incident, number: int) -> None:
    """Takes a phone child on its way home around ``at``; its day ends at an unknown place."""
    name = incident_names(script.scenario)[number]
    rng = script.rng(number)
    chosen = script.chosen(incident)
    rows = _ways_home(script, [chosen] if chosen else script.free(phone=True), moment(incident))
    for row in (rows[i] for i in rng.permutation(len(rows)).tolist()):
        person = script.world.people[int(script.plan.trips.person[row])]
        if _lead_away(script, person, row, number, name, rng):
            return
    raise NoCandidate(
        f"incident {name}: no child with a phone walks home around {incident.at} from where a way leads "
        f"{AWAY_M:.0f} m off all its routes. Choose the end of lessons, or a larger map.radius_m."
    )


def _ways_home(script: Script, people: list[Person], at: float) -> list[int]:
    trips, lines = script.plan.trips, script.plan.lines
    found = []
    for person in people:
        for row in script.rows(person.index):
            start, line = float(trips.set_out[row]), int(trips.line[row])
            on_foot = trips.foot_mps[row] == trips.street_mps[row]
            in_time = at - AROUND_S[0] <= start <= at + AROUND_S[1]
            if on_foot and in_time and lines.to_place[line] == person.home:
                found.append(row)
    return found


def _lead_away(
    script: Script, person: Person, row: int, number: int, name: str, rng: np.random.Generator
) -> bool:
    spec = script.row_to_spec(row)
    along = lengths_along(spec.xy)
    corner = corner_on(script, spec, along, float(rng.uniform(*LEAVES_AT)))
    if corner is None:
        return False
    vertex, node = corner
    course = course_from(script, person, node, rng)
    if course is None:
        return False
    xy = joined(spec.xy[: vertex + 1], course.xy)
    left = float(along[vertex])
    start = float(script.plan.trips.set_out[row])
    line = script.ways.add(
        LineSpec(
            xy=xy,
            from_place=spec.from_place,
            to_place="",
            exit_gate=spec.exit_gate,
            exit_at_m=spec.exit_at_m,
            marks=(left + course.off_m + LED_MPS * SEEN_OFF_ROUTE_S,),
        )
    )
    before = [r for r in script.rows(person.index) if script.plan.trips.set_out[r] < start]
    script.engage(person, number)
    script.replace(person, before, [script.trip(person, line, start, LED_MPS, number)])
    script.cue_at_mark("silence", person, line, 0, name)
    return True


def corner_on(script: Script, spec: LineSpec, along: FloatArray, share: float) -> tuple[int, int] | None:
    """The vertex of the line nearest to ``share`` of its street part that is a street corner, and its node."""
    low, high = spec.street[0], float(along[-1]) - spec.street[1]
    wanted = low + share * (high - low)
    streets = script.world.map.streets.xy
    for v in np.argsort(np.abs(along - wanted), kind="stable").tolist():
        if not low - 1e-6 <= along[v] <= high + 1e-6:
            continue
        node = script.ways.walks.router.nearest_node(float(spec.xy[v, 0]), float(spec.xy[v, 1]))
        if np.abs(streets[node] - spec.xy[v]).max() < 1e-6:
            return v, node
    return None


def course_from(script: Script, person: Person, node: int, rng: np.random.Generator) -> Course | None:
    """Along streets to a corner far from all the child's routes, long enough to be seen off them."""
    router = script.ways.walks.router
    tree = router.tree([node])
    near = script.grounds.within(person, script.grounds.corridor_m(person) + CLEAR_M)
    routes = shapely.union_all(
        [shapely.linestrings(r.line) for r in script.world.routes if r.child == person.id]
    )
    xy = script.world.map.streets.xy
    reachable = np.flatnonzero(np.isfinite(tree.distance_m))
    away = shapely.distance(routes, shapely.points(xy[reachable]))
    far = reachable[(away > AWAY_M) & ~shapely.contains_xy(near, xy[reachable, 0], xy[reachable, 1])]
    need = LED_MPS * SEEN_OFF_ROUTE_S + GOES_ON_M
    for target in far[rng.permutation(len(far))[:TRIES]].tolist():
        line = tree.path_xy(target)[::-1]
        outside = shapely.difference(shapely.linestrings(line), near)
        parts = [p for p in shapely.get_parts(outside).tolist() if p.length > 1.0]
        if len(parts) != 1 or parts[0].length < need:
            continue
        total = float(lengths_along(line)[-1])
        return Course(line, total - float(parts[0].length), total)
    return None
