"""What truly happened in one school's day, as columns, and its digest.

Row for row the truth that ``life.compose.compose_truth`` gives for the same day (``tests/city`` holds the two
together): everyday services at the gates' own points, absences at the deadline, calls at their moment.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from safezone_model import evidence

from safezone_sim.city.calls import Caller
from safezone_sim.city.motion import Motion
from safezone_sim.life.crossings import IndexArray
from safezone_sim.life.day import Day
from safezone_sim.life.happenings import SERVICES, gate_passes, near_bell
from safezone_sim.life.trips import Stays
from safezone_sim.life.truth import device_rows
from safezone_sim.map.model import FloatArray
from safezone_sim.scenario import clock_seconds

KINDS = (*SERVICES, "not_arrived", "tag_call", "bell_call", "phone_call_112")
NOT_ARRIVED = KINDS.index("not_arrived")
CALL = {
    "tag": KINDS.index("tag_call"),
    "bell": KINDS.index("bell_call"),
    "phone": KINDS.index("phone_call_112"),
}
INWARD = np.array([0, 2, 4])  # of SERVICES: arrival and entries


@dataclass(frozen=True)
class Truth:
    """Events in order of time. ``child``: index of the person, -1 for none; ``place``, ``device``: ids or "".

    ``guardians`` and ``desk`` count those entitled to be told.
    """

    kind: IndexArray
    t: FloatArray
    child: IndexArray
    place: tuple[str, ...]
    device: tuple[str, ...]
    lat: FloatArray
    lon: FloatArray
    guardians: IndexArray
    desk: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.t)


def school_truth(day: Day, motion: Motion, calls: Sequence[Caller], own_stays: Stays) -> Truth:
    """All events of one school. ``own_stays``: those of subscribers' tags (for bells: who was near)."""
    world = day.world
    subscribers = len(world.subscribers)
    kind, t, child, x, y, place = _everyday(day, subscribers)
    absent = _absent(day, subscribers, kind, t, child)
    deadline = np.full(len(absent), clock_seconds(day.scenario.not_arrived_after))
    at = motion.position(absent, deadline)
    kinds, ts, children = [kind, np.full(len(absent), NOT_ARRIVED)], [t, deadline], [child, absent]
    xs, ys = [x, at[:, 0]], [y, at[:, 1]]
    places, devices = [*place, *[world.school_place] * len(absent)], [""] * (len(kind) + len(absent))
    told = [len(p.guardians) for p in world.subscribers]
    guardians = [np.array(told, np.int64)[np.concatenate([child, absent])]]
    for call in calls:
        cue = call.cue
        kinds.append(np.array([CALL[cue.kind]]))
        ts.append(np.array([cue.t]))
        children.append(np.array([-1 if cue.person is None else cue.person.index]))
        if cue.bell is not None:
            here = np.array([[cue.bell.x, cue.bell.y]])
            near = evidence()["near_bell"]
            persons = day.settled.trips.person[own_stays.trip]
            found = near_bell(
                world, cue.bell.id, cue.t, own_stays, persons, near["within_m"], near["within_s"]
            )
            count, device = len(found), cue.bell.id
        else:
            assert cue.person is not None
            here = motion.on_trip(np.array([call.trip]), np.array([cue.t]))
            count = len(cue.person.guardians)
            device = (cue.person.tag if cue.kind == "tag" else cue.person.phone) or ""
        xs.append(here[:, 0])
        ys.append(here[:, 1])
        places.append("")
        devices.append(device)
        guardians.append(np.array([count], np.int64))
    return _ordered(
        day,
        np.concatenate(kinds),
        np.concatenate(ts),
        np.concatenate(children),
        np.stack([np.concatenate(xs), np.concatenate(ys)], axis=1),
        places,
        devices,
        np.concatenate(guardians),
    )


def _everyday(
    day: Day, subscribers: int
) -> tuple[IndexArray, FloatArray, IndexArray, FloatArray, FloatArray, list[str]]:
    trips, lines = day.settled.trips, day.settled.lines
    own = trips.take(np.flatnonzero(trips.person < subscribers))  # subscribers come first
    passes = gate_passes(day.world, own, lines)
    kept = np.flatnonzero(passes.t <= day.scenario.end_s)
    trip, kind = passes.trip[kept], passes.service[kept]
    line = own.line[trip].tolist()
    inward = np.isin(kind, INWARD).tolist()
    place = [lines.to_place[i] if into else lines.from_place[i] for i, into in zip(line, inward, strict=True)]
    return kind, passes.t[kept], own.person[trip], passes.x[kept], passes.y[kept], place


def _absent(day: Day, subscribers: int, kind: IndexArray, t: FloatArray, child: IndexArray) -> IndexArray:
    """Whose absence nobody announced and who has not been in school by the deadline; none if the day ends before."""
    deadline = clock_seconds(day.scenario.not_arrived_after)
    if deadline > day.scenario.end_s:
        return np.zeros(0, np.int64)
    there = np.zeros(subscribers, bool)
    there[child[(kind == SERVICES.index("school_arrival")) & (t <= deadline)]] = True
    told = (day.draft.ill & day.draft.told)[:subscribers]
    return np.flatnonzero(~there & ~told)


def _ordered(
    day: Day,
    kind: IndexArray,
    t: FloatArray,
    child: IndexArray,
    xy: FloatArray,
    place: Sequence[str],
    device: Sequence[str],
    guardians: IndexArray,
) -> Truth:
    by_name = np.argsort(
        np.argsort(np.array(KINDS))
    )  # as TruthEvents are ordered: time, service, child, device
    order = np.lexsort((np.arange(len(t)), child, by_name[kind], t))
    lonlat = day.world.map.frame.to_lonlat(xy[order])
    return Truth(
        kind=kind[order],
        t=t[order],
        child=child[order],
        place=tuple(place[i] for i in order.tolist()),
        device=tuple(device[i] for i in order.tolist()),
        lat=lonlat[:, 1],
        lon=lonlat[:, 0],
        guardians=guardians[order],
        desk=(kind >= CALL["tag"])[order],
    )


def truth_table(day: Day, truth: Truth) -> pa.Table:
    """``events.parquet``: see README.md for the columns."""
    ids = [p.id for p in day.world.subscribers]
    child = pa.array(np.where(truth.child < 0, 0, truth.child), pa.int32(), mask=truth.child < 0)
    return pa.table(
        {
            "t_s": truth.t,
            "service": pa.DictionaryArray.from_arrays(pa.array(truth.kind, pa.int8()), list(KINDS)),
            "child": pa.DictionaryArray.from_arrays(child, pa.array(ids, pa.string())),
            "place": pa.array([p or None for p in truth.place], pa.string()).dictionary_encode(),
            "device": pa.array([d or None for d in truth.device], pa.string()).dictionary_encode(),
            "lat": truth.lat,
            "lon": truth.lon,
            "guardians": pa.array(truth.guardians, pa.int16()),
            "desk": truth.desk,
        }
    )


def walks_table(day: Day, only: npt.NDArray[np.bool_] | None = None) -> pa.Table:
    """``walks.parquet``: who walks from where to where when; pupils who do not subscribe included.

    With ``only`` (subscribers,): the walks of these subscribers.
    """
    table = _walks(day)
    if only is None:
        return table
    person = day.settled.trips.person
    own = np.concatenate([only, np.zeros(len(day.world.people) - len(only), bool)])
    return table.filter(pa.array(own[person]))


def _walks(day: Day) -> pa.Table:
    trips, lines = day.settled.trips, day.settled.lines
    people = pa.array([p.id for p in day.world.people], pa.string())
    last = lines.at[trips.line + 1] - 1

    def ends(places: Sequence[str]) -> pa.DictionaryArray:
        coded = pa.array(list(places), pa.string()).dictionary_encode()
        return pa.DictionaryArray.from_arrays(coded.indices.take(pa.array(trips.line)), coded.dictionary)

    return pa.table(
        {
            "person": pa.DictionaryArray.from_arrays(pa.array(trips.person, pa.int32()), people),
            "from_place": ends(lines.from_place),
            "to_place": ends(lines.to_place),
            "depart_s": trips.depart,
            "arrive_s": day.settled.arrive,
            "metres": (lines.foot_m[last] + lines.street_m[last]).astype(np.float32),
        }
    )


def truth_digest(day: Day, truth: Truth) -> str:
    """SHA-256 (hex) of one school's truth: people, equipment, walks to 1 ms, events to 1 ms and 1 cm."""
    world = day.world
    digest = hashlib.sha256()

    def add(row: object) -> None:
        digest.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def add_columns(*columns: npt.NDArray[np.generic]) -> None:
        for column in columns:
            digest.update(np.rint(np.asarray(column, float)).astype("<i8").tobytes())

    add(["city truth", 1, world.zone, day.scenario.date.isoformat(), day.scenario.seed])
    for p in world.subscribers:
        add([p.id, p.grade, round(p.speed_mps * 1000), p.home, p.academies, p.playground, p.tag, p.phone])
    for row in device_rows(world):
        add(row)
    trips = day.settled.trips
    last = day.settled.lines.at[trips.line + 1] - 1
    metres = day.settled.lines.foot_m[last] + day.settled.lines.street_m[last]
    add_columns(trips.person, trips.depart * 1e3, day.settled.arrive * 1e3, metres * 1e2)
    add_columns(truth.kind, truth.t * 1e3, truth.child, truth.lat * 1e7, truth.lon * 1e7, truth.guardians)
    add([truth.place, truth.device])
    return digest.hexdigest()


def counted(truth: Truth) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Notices to guardians and incidents at the desk, by service."""
    told = np.bincount(truth.kind, weights=truth.guardians, minlength=len(KINDS)).astype(int).tolist()
    opened = np.bincount(truth.kind[truth.desk], minlength=len(KINDS)).tolist()
    return (
        {k: n for k, n in zip(KINDS, told, strict=True) if n},
        {k: n for k, n in zip(KINDS, opened, strict=True) if n},
    )
