"""The routes that guardians register: the very lines that children later walk (``walks``)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from safezone_sim.map.model import FloatArray
from safezone_sim.world.ground import line_length
from safezone_sim.world.model import Person, Place, RegisteredRoute
from safezone_sim.world.walks import Walks

CORRIDOR_M = 60.0


def trips(person: Person, school: str) -> Iterator[tuple[str, str]]:
    """(from, to) of every regular trip: school both ways, academies in order, playground, and back home."""
    home = person.home
    yield home, school
    yield school, home
    stops = person.academies
    if stops:
        yield school, stops[0]
        yield from pairwise(stops)
        # Some days only the first academy is visited, so every one leads home.
        for stop in stops:
            yield stop, home
    if person.playground:
        yield school, person.playground
        yield person.playground, home


def registered_routes(
    people: Sequence[Person], places: Mapping[str, Place], school: str, walks: Walks
) -> tuple[RegisteredRoute, ...]:
    """All routes of all subscribers, minutes at the child's own speed."""
    routes = []
    known: dict[tuple[str, str], tuple[FloatArray, float]] = {}  # line and metres: shared by all of one home
    for person in people:
        if not person.subscriber:
            continue
        for n, (start, end) in enumerate(dict.fromkeys(trips(person, school)), 1):
            way = known.get((start, end))
            if way is None:
                found = walks.line(places[start], places[end])
                way = known[start, end] = found, line_length(found)
            line, metres = way
            routes.append(
                RegisteredRoute(
                    id=f"{person.id}-r{n}",
                    child=person.id,
                    from_place=start,
                    to_place=end,
                    line=line,
                    corridor_m=CORRIDOR_M,
                    minutes=max(0.1, round(metres / person.speed_mps / 60.0, 1)),
                )
            )
    return tuple(routes)
