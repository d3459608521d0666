"""What readers report of the tags that pass: one message when a stay begins, one when it is over."""

from dataclasses import dataclass

import numpy as np

from safezone_sim.devices.reader import READ_PERIOD_S, STAY_GAP_S
from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.day import Day
from safezone_sim.life.trips import Stays
from safezone_sim.map.model import FloatArray
from safezone_sim.streams import stream

RSSI_DBM = (-55.0, 4.0)  # mean and σ, as the pilot's readers


@dataclass(frozen=True)
class Sightings:
    """Stays as the readers know them, in order of the first read; ``number`` counts a reader's stays from 1."""

    child: IndexArray
    antenna: IndexArray  # of ``day.antennas``
    reader: IndexArray  # of the world's devices
    number: IndexArray
    first: FloatArray
    last: FloatArray
    reads: IndexArray
    rssi: FloatArray

    @property
    def told_over(self) -> FloatArray:
        """When the end of each stay is reported: a tag not read for so long is gone."""
        return self.last + STAY_GAP_S


def sightings(day: Day, own_stays: Stays) -> Sightings:
    """All stays of subscribers' tags. The first read comes within one read period, as does the last."""
    world = day.world
    n = len(own_stays.t_in)
    u = stream(day.scenario.seed, world.zone, "city", "reads").random((n, 2))
    first = own_stays.t_in + 0.02 + u[:, 0] * (READ_PERIOD_S - 0.02)
    last = np.maximum(first, own_stays.t_out - u[:, 1] * READ_PERIOD_S)
    deviate = stream(day.scenario.seed, world.zone, "city", "rssi").standard_normal(n)
    number_of = {d.id: k for k, d in enumerate(world.devices)}
    reader_of = np.array([number_of[d.id] for d in day.antennas.readers], np.int64)
    reader = reader_of[own_stays.circle] if n else np.zeros(0, np.int64)
    order = np.argsort(first, kind="stable")
    reader, first, last = reader[order], first[order], last[order]
    return Sightings(
        child=day.settled.trips.person[own_stays.trip][order],
        antenna=own_stays.circle[order],
        reader=reader,
        number=_count_up(reader),
        first=first,
        last=last,
        reads=1 + ((last - first) / READ_PERIOD_S).astype(np.int64),
        rssi=np.round(RSSI_DBM[0] + RSSI_DBM[1] * deviate, 1)[order],
    )


def _count_up(group: IndexArray) -> IndexArray:
    """1, 2, 3 … within each group, in the order given."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    start = np.flatnonzero(np.diff(ordered, prepend=-1))
    number = np.empty(len(group), np.int64)
    number[order] = np.arange(len(group)) - np.repeat(start, np.diff(np.append(start, len(group)))) + 1
    return number
