"""One school's day, ready to be lived: plans settled, incidents scripted. Shared by agents and columns."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from safezone_sim.life.antennas import AntennaBook, antenna_book
from safezone_sim.life.happenings import Grounds
from safezone_sim.life.incidents import play
from safezone_sim.life.plan import Draft, absences, draft_day
from safezone_sim.life.script import Cue, Script, incident_names
from safezone_sim.life.settle import Settled, settle
from safezone_sim.life.trips import LineHits, Stays, line_hits, stays_of
from safezone_sim.life.ways import Ways
from safezone_sim.scenario import Scenario
from safezone_sim.world.model import SchoolWorld


@dataclass(frozen=True)
class Day:
    """``settled`` is the day if nobody reacts; ``tag_gone`` says since when a person (index) has no tag."""

    scenario: Scenario
    world: SchoolWorld
    ways: Ways
    draft: Draft
    settled: Settled
    cues: tuple[Cue, ...]
    tag_gone: dict[int, float]
    grounds: Grounds
    incidents: tuple[str, ...]  # ids by number
    parts: tuple[tuple[int, int], ...]  # (person, number of its incident)

    @cached_property
    def antennas(self) -> AntennaBook:
        return antenna_book(self.world)

    @cached_property
    def hits(self) -> LineHits:
        """Where the day's lines pass antennas."""
        return line_hits(self.settled.lines, self.antennas.circles)

    @cached_property
    def stays(self) -> Stays:
        """All stays at antennas if nobody reacts; ``trip`` is the row among the settled trips."""
        return stays_of(self.settled.trips, self.hits)

    def absences(self) -> list[dict[str, Any]]:
        """Registry items of announced absences."""
        return absences(self.scenario, self.world, self.draft)


def prepare_day(scenario: Scenario, world: SchoolWorld) -> Day:
    """Plans, scripts and settles the day of one school."""
    ways = Ways(world)
    draft = draft_day(scenario, world, ways)
    settled = settle(world, draft.lines, draft.trips)
    grounds = Grounds(world)
    script = Script(scenario, world, ways, draft, settled, grounds)
    if any(i.school == world.zone for i in scenario.incidents):
        play(script)
        settled = script.settled()
    return Day(
        scenario,
        world,
        ways,
        draft,
        settled,
        tuple(script.cues),
        dict(script.tag_gone),
        grounds,
        tuple(incident_names(scenario)),
        tuple(script.parts),
    )
