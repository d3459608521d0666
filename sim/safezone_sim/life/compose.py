"""The truth of one school's day from what was lived, whoever lived it: agents or columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from safezone_model import evidence

from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.day import Day
from safezone_sim.life.happenings import Happening, everyday, near_bell, not_arrived, numbered, off_plan
from safezone_sim.life.script import Cue
from safezone_sim.life.tracks import Leg, Track
from safezone_sim.life.trips import Stays
from safezone_sim.records import TruthEvent, Whereabouts
from safezone_sim.scenario import clock_seconds
from safezone_sim.world.model import Person

SERVICE_OF_CUE = {
    "tag": "tag_call",
    "bell": "bell_call",
    "phone": "phone_call_112",
    "silence": "tag_silent",
}


@dataclass(frozen=True)
class Lived:
    """What was lived. ``legs`` and ``tracks`` by person index; ``stay_persons`` (n,) are those of ``stays``."""

    legs: Mapping[int, Sequence[Leg]]
    tracks: Mapping[int, Track]
    stays: Stays
    stay_persons: IndexArray


def compose_truth(day: Day, lived: Lived) -> list[TruthEvent]:
    """All truth events of the day, numbered, in order of time."""
    return numbered(day.world, [h for h in _happenings(day, lived) if h.t <= day.scenario.end_s])


def whereabouts(day: Day, person: Person, track: Track) -> Whereabouts:
    """A subscriber's true track over the run, in degrees."""
    t, x, y, place = track.between(day.scenario.start_s, day.scenario.end_s)
    lonlat = day.world.map.frame.to_lonlat(np.stack([x, y], axis=1))
    return Whereabouts(
        person.id, day.world.zone, t.tolist(), lonlat[:, 1].tolist(), lonlat[:, 0].tolist(), place
    )


def _happenings(day: Day, lived: Lived) -> Iterator[Happening]:
    yield from _everyday(day, lived)
    for cue in day.cues:
        yield _cued(day, lived, cue)
    for person in day.world.subscribers:
        windows = list(_off_plan_windows(day, lived.legs.get(person.index, ())))
        if windows:
            yield from off_plan(day.grounds, person, lived.tracks[person.index], windows)


def _everyday(day: Day, lived: Lived) -> Iterator[Happening]:
    world, settled = day.world, day.settled
    as_planned = np.zeros(len(settled.trips), bool)
    arrived: dict[str, float] = {}
    found: list[Happening] = []
    for legs in lived.legs.values():
        for leg in legs:
            if leg.trips is settled.trips:
                as_planned[leg.row] = True
            else:
                found += everyday(world, leg.trips, leg.lines, day.scenario.end_s)
    found += everyday(
        world, settled.trips.take(np.flatnonzero(as_planned)), settled.lines, day.scenario.end_s
    )
    for h in found:
        if h.service == "school_arrival" and h.child is not None:
            arrived[h.child] = min(h.t, arrived.get(h.child, h.t))
    yield from found
    told = {item["child"] for item in day.absences()}
    yield from not_arrived(
        world,
        clock_seconds(day.scenario.not_arrived_after),
        told,
        arrived,
        lambda person, t: lived.tracks[person.index].position(t),
        _stories(day),
    )


def _stories(day: Day) -> dict[str, str]:
    """Which child lives through which not_arrived incident."""
    names = {n: day.incidents[n] for n, i in enumerate(day.scenario.incidents) if i.kind == "not_arrived"}
    return {day.world.people[who].id: names[n] for who, n in day.parts if n in names}


def _cued(day: Day, lived: Lived, cue: Cue) -> Happening:
    person, bell = cue.person, cue.bell
    if bell is not None:
        rule = evidence()["near_bell"]
        near = near_bell(
            day.world, bell.id, cue.t, lived.stays, lived.stay_persons, rule["within_m"], rule["within_s"]
        )
        return Happening(
            cue.t, "bell_call", bell.x, bell.y, None, bell.id, None, near, True, None, cue.incident
        )
    assert person is not None
    x, y = lived.tracks[person.index].position(cue.t)
    service = SERVICE_OF_CUE[cue.kind]
    device = {"tag": person.tag, "phone": person.phone, "silence": person.tag}[cue.kind]
    return Happening(
        cue.t, service, x, y, person.id, device, None, person.guardians, True, None, cue.incident
    )


def _off_plan_windows(day: Day, legs: Sequence[Leg]) -> Iterator[tuple[float, float, str | None]]:
    """From leaving off plan to the next trip, or to the end; neighbours with the same cause are one."""
    window: tuple[float, float, str | None] | None = None
    for leg, following in zip_longest(legs, legs[1:]):
        number = int(leg.trips.incident[leg.row])
        if number < 0 and leg.trips is day.settled.trips:
            continue
        name = day.incidents[number] if number >= 0 else None
        end = following.t[0] if following else day.scenario.end_s
        if end <= leg.t[0]:
            continue
        if window and window[1] == leg.t[0] and window[2] == name:
            window = (window[0], end, name)
            continue
        if window:
            yield window
        window = (leg.t[0], end, name)
    if window:
        yield window
