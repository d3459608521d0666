"""Operators and patrols of one stage: the demand its simulated day makes, where its calls come from, and the desk sized."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log, pi

import numpy as np

from safezone_sim.sizing.inputs import Load, SchoolDay
from safezone_sim.sizing.stages import Stage
from safezone_sim.staffing.calls import MINUTES, Demand
from safezone_sim.staffing.plan import Staffing
from safezone_sim.staffing.room import Travel
from safezone_sim.staffing.sizing import ShiftLoad, Sized, coverage, shift_loads, size
from safezone_sim.staffing.travel import FAR_M, POINTS, AreaTravel, Ground, StreetTravel
from safezone_sim.staffing.trial import Trials

KM2_PER_SCHOOL = 605.2 / 597  # Seoul's area over its elementary schools, where no street map is given
SMOOTH_MIN = 15


@dataclass(frozen=True)
class Place:
    """Where the calls of a stage come from and which posts can serve them, in the order they are manned."""

    travel: Travel
    weights: np.ndarray
    posts: int
    by_streets: bool
    area_km2: float


@dataclass(frozen=True)
class Desk:
    """One stage's control room, sized; ``way_m``: mean metres from the nearest of the covering posts to a call."""

    place: Place
    demand: Demand
    trials: Trials
    way_m: float
    sized: Sized

    @property
    def added_operators(self) -> tuple[int, ...]:
        """What the simulation added to Erlang's number, by shift."""
        pairs = zip(self.sized.staff.operators, self.sized.closed_form.operators, strict=True)
        return tuple(a - b for a, b in pairs)

    @property
    def added_patrols(self) -> tuple[int, ...]:
        """What the simulation added to coverage and load, by shift."""
        pairs = zip(self.sized.staff.patrols, self.sized.closed_form.patrols, strict=True)
        return tuple(a - b for a, b in pairs)


def profile(load: Load, outside: float) -> np.ndarray:
    """When calls come: as the messages above the night's level (children moving) do, smoothed over 15 minutes;

    the share ``outside`` is spread over the whole day.
    """
    moving = np.clip(load.routine - np.percentile(load.routine, 10), 0, None)
    smooth = np.convolve(moving, np.ones(SMOOTH_MIN) / SMOOTH_MIN, "same")
    if smooth.sum() <= 0:
        return np.full(MINUTES, 1.0 / MINUTES)
    shaped = (1 - outside) * smooth / smooth.sum() + outside / MINUTES
    return np.asarray(shaped / shaped.sum(), float)


def find_place(stage: Stage, schools: dict[str, SchoolDay], ground: Ground | None, plan: Staffing) -> Place:
    """Posts and weights of the stage's schools, on streets where there is a ground that knows them."""
    codes = [c[:7] for c in stage.codes]  # twins of a school stand where it stands
    children = np.array([max(1, schools[c].children) for c in stage.codes], float)
    if ground is None or not set(codes) <= set(ground.schools):
        area = len(set(codes)) * KM2_PER_SCHOOL
        return Place(AreaTravel(area, plan.patrols.circuity.value), np.ones(1), 10_000, False, area)
    points = ground.points_of(codes)
    weights = np.repeat(children / children.sum() / POINTS, POINTS)
    order = ground.posts(points, weights, reach_m(plan))
    travel = StreetTravel(np.minimum(ground.distance_m[order][:, points], FAR_M))
    return Place(travel, weights, len(order), True, 0.0)


def reach_m(plan: Staffing) -> float:
    """How far a patrol gets in what the arrival promise leaves after the dispatch promise and turning out."""
    levels, patrols = plan.levels, plan.patrols
    left = levels.arrive.within_s - levels.dispatch.within_s - patrols.turnout_s.value
    return max(0.0, left) * patrols.speed_kmh.value / 3.6


def covering(place: Place, plan: Staffing) -> int:
    """The fewest posts that bring the arrival promise's share of calls within reach; all if none does."""
    reach, share = reach_m(plan), plan.levels.arrive.share
    if isinstance(place.travel, StreetTravel):
        return coverage(place.travel, place.weights, reach, share) or place.posts
    if reach <= 0:
        return place.posts
    needed = -log(1 - share) * place.area_km2 * 1e6 / pi * (plan.patrols.circuity.value / reach) ** 2
    return max(1, ceil(needed))


def mean_way_m(place: Place, posts: int, plan: Staffing) -> float:
    """Mean metres to the nearest of the first ``posts``."""
    if isinstance(place.travel, StreetTravel):
        return float((place.travel.distance_m[:posts].min(axis=0) * place.weights).sum())
    return plan.patrols.circuity.value * 1000 * 0.5 * float(np.sqrt(place.area_km2 / posts))


def demand_of(stage: Stage, load: Load, place: Place, plan: Staffing) -> Demand:
    """The calls of one control room of this stage: scaled by pupils, unless the stage has as many more rooms."""
    people = stage.by_pupils / stage.desks
    things = stage.by_schools if stage.desks == 1.0 else 1.0
    counts = {
        "children": load.children * people,
        "phones": load.phones * people,
        "bells": load.bells * things,
    }
    return Demand(counts, profile(load, plan.outside_hours), place.weights)


def closed_form(
    stage: Stage, load: Load, place: Place, plan: Staffing
) -> tuple[tuple[ShiftLoad, ...], int, float]:
    """Shift loads, covering posts and mean way: what needs no simulation."""
    posts = covering(place, plan)
    way = mean_way_m(place, posts, plan)
    return shift_loads(plan, demand_of(stage, load, place, plan), way), posts, way


def size_desk(
    stage: Stage,
    place: Place,
    plan: Staffing,
    seeds: Sequence[int],
    told: Callable[[], None] | None = None,
) -> Desk:
    """Sizes the stage's control room and proves it over the seeds."""
    load = stage.mean
    # A travel without streets is drawn anew from the plan, whose circuity may have been changed.
    if isinstance(place.travel, AreaTravel):
        place = with_travel(place, AreaTravel(place.area_km2, plan.patrols.circuity.value))
    loads, posts, way = closed_form(stage, load, place, plan)
    demand = demand_of(stage, load, place, plan)
    trials = Trials(plan, demand, place.travel, seeds, told)
    return Desk(place, demand, trials, way, size(trials, loads, posts, place.posts))


def with_travel(place: Place, travel: Travel) -> Place:
    """The same place with another travel."""
    return Place(travel, place.weights, place.posts, place.by_streets, place.area_km2)
