"""A child does not arrive at school and nobody was told: it stays in bed, or plays truant until noon."""

from safezone_sim.life.script import NoCandidate, Script, incident_names, moment
from safezone_sim.scenario import Incident

AROUND_S = 1200.0
NOON_S = 12 * 3600.0
SPREAD_S = 1200.0
TRUANT = 0.5


def play(script: Script, incident: Incident, number: int) -> None:
    """Takes a child that would set out around ``at``; its friends wait in vain."""
    name = incident_names(script.scenario)[number]
    rng = script.rng(number)
    u, leaves, noon = rng.random(3).tolist()
    chosen = script.chosen(incident)
    free = [p for p in ([chosen] if chosen else script.free()) if not script.draft.ill[p.index]]
    if not free:
        raise NoCandidate(f"incident {name}: no child is left that would have gone to school.")
    start = script.plan.trips.set_out
    around = [p for p in free if abs(start[script.rows(p.index)[0]] - moment(incident)) <= AROUND_S]
    pick = around or free
    person = pick[int(u * len(pick))]
    script.engage(person, number)
    script.absent.add(person.index)
    playground = person.playground
    truant = leaves < TRUANT and playground and script.ways.registered(person.id, person.home, playground)
    if not truant or playground is None:
        script.replace(person, [], [])
        return
    out, back = script.ways.between(person.home, playground), script.ways.between(playground, person.home)
    set_out = float(start[script.rows(person.index)[0]])
    script.replace(
        person,
        [],
        [
            script.trip(person, out, set_out, person.speed_mps, -1),
            script.trip(person, back, NOON_S + SPREAD_S * (noon - 0.5), person.speed_mps, -1),
        ],
    )
