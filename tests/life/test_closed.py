"""A closed street is walked around: from where one meets it, or from the start when one knows."""

from math import cos, radians, sin

import msgspec
import numpy as np
import pytest
import shapely
from safezone_sim.life.model import Life
from safezone_sim.scenario import ClosedRoad, Scenario
from safezone_sim.world.model import SchoolWorld

from .conftest import ZONE, lived

SINCE = 8 * 3600.0 + 25 * 60


@pytest.fixture(scope="module")
def closed_lives(scenario: Scenario, world: SchoolWorld) -> list[tuple[Life, ClosedRoad]]:
    """The day with each of the three closures, among some, that most ways to school lead through."""
    ways = {
        r.line.tobytes(): shapely.linestrings(r.line)
        for r in world.routes
        if r.to_place == world.school_place
    }
    roads = [
        ClosedRoad(school=ZONE, at="08:25", bearing_deg=float(bearing), toward_m=toward, radius_m=25.0)
        for bearing in range(0, 360, 15)
        for toward in (150.0, 250.0, 350.0)
    ]
    roads.sort(key=lambda r: -sum(shapely.dwithin(list(ways.values()), _point(r), 20.0)))
    return [(lived(msgspec.structs.replace(scenario, closed_roads=(r,)), world), r) for r in roads[:3]]


@pytest.fixture(scope="module")
def closed_life(closed_lives: list[tuple[Life, ClosedRoad]]) -> tuple[Life, ClosedRoad]:
    return closed_lives[0]


def _point(road: ClosedRoad) -> shapely.Point:
    return shapely.Point(
        road.toward_m * sin(radians(road.bearing_deg)), road.toward_m * cos(radians(road.bearing_deg))
    )


def rerouted(life: Life):
    return [(a, leg) for a in life.agents for leg in a.legs if leg.trips is not life.day.settled.trips]


def test_children_walk_around(closed_life: tuple[Life, ClosedRoad]) -> None:
    life, road = closed_life
    turned = [(a, leg) for a, leg in rerouted(life) if leg.lines is not life.day.settled.lines]
    assert len(turned) > 5
    street = _point(road).buffer(road.radius_m)
    through = [
        shapely.linestrings(np.stack([leg.x, leg.y], axis=1)).intersection(street).length for _, leg in turned
    ]
    assert sum(metres < 1.0 for metres in through) >= 0.9 * len(turned)


def test_the_surprised_walk_farther_than_those_who_know(closed_lives: list[tuple[Life, ClosedRoad]]) -> None:
    """In the afternoon everybody knows and takes the shortest way left; in the morning some turn at the closure."""
    morning: list[float] = []
    afternoon: list[float] = []
    for life, _ in closed_lives:
        (closure,) = life._closed._closures
        for leg in (leg for _, leg in rerouted(life) if leg.lines is not life.day.settled.lines):
            line, lines = leg.line, leg.lines
            a, b = (closure.router.nearest_node(*lines.xy(line)[v]) for v in lines.street_v[line])
            extra_m = float(lines.street_m[lines.at[line + 1] - 1]) - closure.router.distance_m(a, b)
            (morning if leg.t[0] < SINCE + 3600 else afternoon).append(extra_m)
    assert max(morning) > 2.0
    assert afternoon
    assert max(afternoon) < 1.0


def test_they_walk_farther_but_arrive(closed_lives: list[tuple[Life, ClosedRoad]], plain_life) -> None:
    plain, _ = plain_life
    services = ("school_arrival", "home_entry")
    extra = []
    for life, _ in closed_lives:
        assert {e.id for e in life.truth if e.service in services} == {
            e.id for e in plain.truth if e.service in services
        }
        planned = life.day.settled.lines
        metres = {
            ends: planned.street_m[planned.at[i + 1] - 1]
            for i, ends in enumerate(zip(planned.from_place, planned.to_place, strict=True))
        }
        for leg in (leg for _, leg in rerouted(life) if leg.lines is not planned):
            walked = leg.lines.street_m[leg.lines.at[leg.line + 1] - 1]
            extra.append(walked - metres[leg.from_place, leg.to_place])
    assert min(extra) > -0.1
    assert max(extra) > 2.0


def test_who_passed_before_is_not_turned(closed_life: tuple[Life, ClosedRoad]) -> None:
    life, _ = closed_life
    assert all(leg.t[-1] > SINCE for _, leg in rerouted(life))


def test_tracks_stay_continuous(closed_life: tuple[Life, ClosedRoad]) -> None:
    life, _ = closed_life
    for agent, _ in rerouted(life):
        t, x, y = (np.array(c[1:]) for c in (agent.track.t, agent.track.x, agent.track.y))
        took, step = np.diff(t), np.hypot(np.diff(x), np.diff(y))
        assert (took >= 0).all()
        assert (step[took == 0] < 0.01).all()
        assert (step[took > 0.05] / took[took > 0.05]).max() < 6.4
