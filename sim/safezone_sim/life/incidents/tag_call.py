"""A child presses the button of its tag on the way; within seconds, if so scripted, another one nearby."""

from math import hypot

from safezone_sim.life.incidents.outdoors import hearing, on_the_way
from safezone_sim.life.script import NoCandidate, Script, incident_names, moment
from safezone_sim.life.ticks import tick
from safezone_sim.scenario import Incident
from safezone_sim.world.model import Person

SURE_M = 10.0  # nearer to the reader than its call range by so much: a crowd may hold the child up meanwhile
SEARCH_S, STEP_S = 2400.0, 10.0
COMPANION_M = 150.0


def play(script: Script, incident: Incident, number: int) -> None:
    """The first moment from ``at`` on at which somebody suitable is within call range of a reader."""
    name = incident_names(script.scenario)[number]
    rng = script.rng(number)
    chosen = script.chosen(incident)
    free = [chosen] if chosen else script.free()
    t, caller = _first(script, free, moment(incident), rng.random())
    if caller is None:
        raise NoCandidate(
            f"incident {name}: nobody is outdoors within call range of a reader between {incident.at} and "
            f"{SEARCH_S / 60:.0f} minutes later. Choose the way to school or home."
        )
    person, x, y = caller
    script.engage(person, number)
    script.cue(tick(t), "tag", person, name)
    if incident.second_call_after_s is not None:
        t2 = t + incident.second_call_after_s
        others = _audible(script, script.free(), t2)
        near = sorted((hypot(bx - x, by - y), p.index, p) for p, bx, by in others)
        second = near[0][2] if near and near[0][0] <= COMPANION_M else person
        if second is not person:
            script.engage(second, number)
        script.cue(tick(t2), "tag", second, name)


def _audible(script: Script, people: list[Person], t: float) -> list[tuple[Person, float, float]]:
    reach = script.scenario.equipment.call_range_m - SURE_M
    return hearing(script, on_the_way(script, people, t), reach)


def _first(
    script: Script, people: list[Person], at: float, u: float
) -> tuple[float, tuple[Person, float, float] | None]:
    t = at
    while t <= at + SEARCH_S:
        heard = _audible(script, people, t)
        if heard:
            return t, heard[int(u * len(heard))]
        t += STEP_S
    return at, None
