"""A child dials speed dial 1 on its phone, on the way if anybody is."""

from safezone_sim.life.incidents.outdoors import on_the_way
from safezone_sim.life.script import NoCandidate, Script, incident_names, moment
from safezone_sim.life.ticks import tick
from safezone_sim.scenario import Incident

SEARCH_S, STEP_S = 1800.0, 30.0


def play(script: Script, incident: Incident, number: int) -> None:
    """The first moment from ``at`` on with a phone child outdoors; without any, at ``at`` wherever it is."""
    name = incident_names(script.scenario)[number]
    u = script.rng(number).random()
    chosen = script.chosen(incident)
    free = [chosen] if chosen else script.free(phone=True)
    if not free:
        raise NoCandidate(f"incident {name}: no child with a phone is left. Raise people.phones.")
    t = moment(incident)
    person = free[int(u * len(free))]
    for k in range(int(SEARCH_S / STEP_S)):
        outdoors = on_the_way(script, free, t + k * STEP_S)
        if outdoors:
            t, person = t + k * STEP_S, outdoors[int(u * len(outdoors))][0]
            break
    script.engage(person, number)
    script.cue(tick(t), "phone", person, name)
