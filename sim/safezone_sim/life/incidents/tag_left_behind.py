"""A child goes home and leaves its tag in the classroom."""

from safezone_sim.life.script import NoCandidate, Script, incident_names, moment
from safezone_sim.life.ticks import tick
from safezone_sim.scenario import Incident

SOON_S = 2400.0
BEFORE_LEAVING_S = 60.0


def play(script: Script, incident: Incident, number: int) -> None:
    """Takes a child that leaves school soonest after ``at``, by lot within ``SOON_S``."""
    name = incident_names(script.scenario)[number]
    u = script.rng(number).random()
    chosen = script.chosen(incident)
    lines, trips = script.plan.lines, script.plan.trips
    leaving = []
    for person in [chosen] if chosen else script.free():
        for row in script.rows(person.index):
            t = float(trips.set_out[row])
            if lines.from_place[int(trips.line[row])] == script.world.school_place and t >= moment(incident):
                leaving.append((t, person.index, person))
                break
    if not leaving:
        raise NoCandidate(
            f"incident {name}: nobody leaves school after {incident.at}. Choose an earlier time."
        )
    leaving.sort()
    soon = [entry for entry in leaving if entry[0] <= leaving[0][0] + SOON_S]
    t, _, person = soon[int(u * len(soon))]
    script.engage(person, number)
    script.tag_gone[person.index] = tick(t - BEFORE_LEAVING_S)
