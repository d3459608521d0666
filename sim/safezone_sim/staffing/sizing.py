"""How many operators and patrols a shift needs: Erlang's formula and coverage first, then the simulated desk decides.

The closed form takes each shift at its busiest half hour; the simulation adds people until every service level
holds with the lower end of its interval over seeds.
"""

from dataclasses import dataclass

import numpy as np

from safezone_sim.staffing.calls import Demand, FloatArray, per_day
from safezone_sim.staffing.erlang import servers_for
from safezone_sim.staffing.levels import LEVELS
from safezone_sim.staffing.plan import Level, Shift, Staffing
from safezone_sim.staffing.room import Staff
from safezone_sim.staffing.travel import StreetTravel
from safezone_sim.staffing.trial import Trial, Trials

BUSY_MINUTES = 30
MOST_ADDED = 60
WORTH = 0.0005  # an added patrol or operator must bring so much of a level's share


@dataclass(frozen=True)
class ShiftLoad:
    """What one shift's busiest half hour brings, and what Erlang's formula asks for it."""

    shift: Shift
    calls_per_hour: float  # all calls, busiest half hour
    talk_s: float  # mean over those calls
    erlang: float  # calls a second × seconds
    operators: int
    dispatches_per_hour: float
    busy_s: float  # a patrol's time per dispatch
    patrol_erlang: float
    patrols: int  # by ``busy_at_most`` alone
    dispatches_per_day: float  # of the whole day


@dataclass(frozen=True)
class Sized:
    """The answer for one desk: closed form, what the simulation made of it, and its proof."""

    loads: tuple[ShiftLoad, ...]
    coverage: int  # patrols on duty so that the arrival level can be met at all
    closed_form: Staff
    staff: Staff
    trial: Trial
    holds: bool


def shift_loads(plan: Staffing, demand: Demand, way_m: float) -> tuple[ShiftLoad, ...]:
    """Per shift: offered load and the sizes that follow. ``way_m``: mean metres from post to call."""
    daily = per_day(plan, demand)
    patrols, talk = plan.patrols, plan.desk
    drive_s = patrols.turnout_s.value + way_m / (patrols.speed_kmh.value / 3.6)
    air_s = 3 * plan.radio.transmission_s
    whole_day = sum(
        daily[r.key][0] * r.dispatched_if_true + daily[r.key][1] * r.dispatched_if_false for r in plan.calls
    )
    loads = []
    for shift in plan.shift:
        share = busiest(demand.profile, shift)  # of a day's calls, in one hour at that pace
        true = sum(t for t, _ in daily.values()) * share
        false = sum(f for _, f in daily.values()) * share
        calls = true + false
        talk_s = (true * talk.talk_true_s.value + false * talk.talk_false_s.value) / calls if calls else 0.0
        sent_true = share * sum(daily[r.key][0] * r.dispatched_if_true for r in plan.calls)
        sent_false = share * sum(daily[r.key][1] * r.dispatched_if_false for r in plan.calls)
        sent = sent_true + sent_false
        scene_s = (
            (sent_true * patrols.on_scene_true_s.value + sent_false * patrols.on_scene_false_s.value) / sent
            if sent
            else 0.0
        )
        busy_s = drive_s + air_s + scene_s
        erlang, patrol_erlang = calls / 3600 * talk_s, sent / 3600 * busy_s
        loads.append(
            ShiftLoad(
                shift,
                calls,
                talk_s,
                erlang,
                _operators(plan, erlang, talk_s),
                sent,
                busy_s,
                patrol_erlang,
                max(1, int(np.ceil(patrol_erlang / patrols.busy_at_most - 1e-9))),
                whole_day,
            )
        )
    return tuple(loads)


def _operators(plan: Staffing, erlang: float, talk_s: float) -> int:
    """All calls taken by the stricter promise: a desk sized so keeps both."""
    if talk_s <= 0:
        return 1
    levels: tuple[Level, ...] = (plan.levels.answer, plan.levels.answer_danger)
    strictest = min(levels, key=lambda v: v.within_s)
    return servers_for(erlang, talk_s, strictest.within_s, strictest.share)


def busiest(profile: FloatArray, shift: Shift) -> float:
    """The busiest half hour of a shift, as a share of the day's calls an hour."""
    start, end = shift.seconds()
    minutes = np.arange(int(start // 60), int(end // 60)) % len(profile)
    window = np.convolve(profile[minutes], np.ones(BUSY_MINUTES), "valid")
    return float(window.max()) * 60 / BUSY_MINUTES


def coverage(travel: StreetTravel, weights: FloatArray, within_m: float, share: float) -> int | None:
    """The fewest posts, in their order, with ``share`` of the calls within ``within_m``; None if all do not do."""
    best = np.full(len(weights), np.inf)
    for n, row in enumerate(travel.distance_m):
        best = np.minimum(best, row)
        if float(weights[best <= within_m].sum()) >= share - 1e-12:
            return n + 1
    return None


def size(trials: Trials, loads: tuple[ShiftLoad, ...], covering: int, most_patrols: int) -> Sized:
    """Adds operators, then patrols, to the closed form until every level holds; says so if none suffices.

    People who change nothing (the promise fails on talk or driving time) are not added.
    """
    given_operators = [s.operators for s in trials.plan.shift]
    given_patrols = [s.patrols for s in trials.plan.shift]
    closed = Staff(
        tuple(g if g is not None else v.operators for g, v in zip(given_operators, loads, strict=True)),
        tuple(
            g if g is not None else min(most_patrols, max(v.patrols, covering))
            for g, v in zip(given_patrols, loads, strict=True)
        ),
    )
    staff, trial = closed, trials.run(closed)
    for _ in range(MOST_ADDED):
        failing = failed(trials.plan, trial)
        if not failing:
            break
        if {"answer", "answer_danger"} & set(failing):
            more = _more_operators(staff, loads, given_operators)
        else:
            more = _more_patrols(staff, given_patrols, most_patrols)
        if more is None:
            break
        grown = trials.run(more)
        if all(grown.levels[n].mean - trial.levels[n].mean < WORTH for n in failing):
            break
        staff, trial = more, grown
    return Sized(loads, covering, closed, staff, trial, not failed(trials.plan, trial))


def failed(plan: Staffing, trial: Trial) -> list[str]:
    """The levels that do not surely hold: the lower end of the interval lies below the promise."""
    found = []
    for name in LEVELS:
        measured, level = trial.levels[name], getattr(plan.levels, name)
        if measured.seeds and measured.low < level.share:
            found.append(name)
    return found


def _more_operators(staff: Staff, loads: tuple[ShiftLoad, ...], given: list[int | None]) -> Staff | None:
    """One more where each carries the most."""
    open_ = [i for i, g in enumerate(given) if g is None]
    if not open_:
        return None
    at = max(open_, key=lambda i: loads[i].erlang / staff.operators[i])
    return Staff(tuple(n + (i == at) for i, n in enumerate(staff.operators)), staff.patrols)


def _more_patrols(staff: Staff, given: list[int | None], most: int) -> Staff | None:
    """A tenth more, at least one, wherever there still is a post."""
    grown = tuple(
        n if g is not None else min(most, n + max(1, n // 10))
        for n, g in zip(staff.patrols, given, strict=True)
    )
    return None if grown == staff.patrols else Staff(staff.operators, grown)
