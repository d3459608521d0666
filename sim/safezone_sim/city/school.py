"""One school's day as one task: world, plans, truth, messages, written to its own partitions. A pure function of
scenario, school and map: whatever else runs, in whatever process or order, it gives the same bytes of truth.
"""

import gc
import os
import platform
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from safezone_sim.city.area import Area, Share, share_of
from safezone_sim.city.calls import Caller, draw_calls, with_calls
from safezone_sim.city.down import bytes_down
from safezone_sim.city.messages import CLASSES, TYPES, school_messages
from safezone_sim.city.motion import Motion
from safezone_sim.city.truth import Truth, counted, school_truth, truth_digest, truth_table, walks_table
from safezone_sim.city.worlds import kept_world
from safezone_sim.life.day import Day, prepare_day
from safezone_sim.life.trips import Stays
from safezone_sim.map import load_map
from safezone_sim.scenario import Scenario
from safezone_sim.schools import School
from safezone_sim.world import build_world
from safezone_sim.world.model import SchoolWorld
from safezone_sim.world.people import PUPILS_IF_UNKNOWN

MINUTES = 1440
PLAIN = frozenset(
    {
        "t_s",
        "first_s",
        "last_s",
        "lat",
        "lon",
        "depart_s",
        "arrive_s",
        "metres",
        "stay",
        "rssi",
        "battery_pct",
    }
)


@dataclass(frozen=True)
class SchoolTask:
    """What a worker needs to play one school. ``map_source`` as for ``load_map``; nothing is written if ``out`` is None."""

    scenario: Scenario
    school: School
    map_dir: Path | None
    map_source: str | None
    out: Path | None
    worlds: Path | None = None  # where built worlds are kept; None: nowhere
    area: Area | None = None  # only its share of the day is counted and written; None: all
    world_seed: int | None = None  # of homes, people and equipment; None: the scenario's own


@dataclass(frozen=True)
class SchoolColumns:
    """One school's day in columns."""

    day: Day
    motion: Motion
    calls: tuple[Caller, ...]
    own_stays: Stays
    truth: Truth

    def messages(self) -> pa.Table:
        return school_messages(self.day, self.motion, self.calls, self.own_stays)


def school_scenario(scenario: Scenario, school: School) -> Scenario:
    """The scenario as this school plays it alone: its take-up as a number of subscribers, its own incidents."""
    share = scenario.city.take_up if scenario.city else 1.0
    pupils = school.pupils or PUPILS_IF_UNKNOWN
    return msgspec.structs.replace(
        scenario,
        schools=(school.code,),
        people=msgspec.structs.replace(scenario.people, subscribers=max(1, round(share * pupils))),
        incidents=tuple(i for i in scenario.incidents if i.school == school.code),
        closed_roads=(),
    )


def school_world(task: SchoolTask, scenario: Scenario) -> tuple[SchoolWorld, bool]:
    """The school's world without names, keys and registry, for the day needs none; and whether it was kept."""
    school = task.school
    if task.world_seed is not None:
        scenario = msgspec.structs.replace(scenario, seed=task.world_seed)

    def build() -> SchoolWorld:
        street_map = load_map(
            school.lon, school.lat, scenario.map.radius_m, map_dir=task.map_dir, source=task.map_source
        )
        return build_world(scenario, school, street_map, map_dir=task.map_dir, bare=True)

    return kept_world(task.worlds, scenario, school, task.map_dir, task.map_source, build)


def school_columns(scenario: Scenario, world: SchoolWorld) -> SchoolColumns:
    """The day of one school; ``scenario`` as ``school_scenario`` gives it."""
    day = prepare_day(scenario, world)
    own_stays = subscribers_stays(day)
    calls = draw_calls(day, scenario.city.calls, own_stays) if scenario.city else ()
    day = with_calls(day, calls)
    motion = Motion(day)
    return SchoolColumns(day, motion, calls, own_stays, school_truth(day, motion, calls, own_stays))


def subscribers_stays(day: Day) -> Stays:
    """Stays of subscribers' tags at antennas."""
    stays = day.stays
    own = np.flatnonzero(day.settled.trips.person[stays.trip] < len(day.world.subscribers))
    return Stays(stays.trip[own], stays.circle[own], stays.t_in[own], stays.t_out[own])


def play_school(task: SchoolTask) -> dict[str, Any]:
    """Plays one school and writes its partitions. Gives its row of ``city.json`` and its truth's digest."""
    # A task makes hundreds of thousands of values and hardly a cycle; looking for cycles meanwhile costs a tenth.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _play(task)
    finally:
        if collecting:
            gc.enable()


def _play(task: SchoolTask) -> dict[str, Any]:
    started = time.process_time()
    scenario = school_scenario(task.scenario, task.school)
    world, kept = school_world(task, scenario)
    columns = school_columns(scenario, world)
    messages = columns.messages()
    share = share_of(task.area, world) if task.area is not None else None
    if share is not None:
        columns = replace(columns, truth=share.truth(columns.truth))
        messages = share.messages(messages)
    written = _write(task.out, world.zone, columns, messages, share) if task.out is not None else 0
    row = {**_about(world, task.school), **_loads(columns, messages)}
    if share is not None:
        row |= _about_share(world, columns, share)
    return {
        **row,
        "truth_sha256": truth_digest(columns.day, columns.truth),
        "map": {"kind": world.map.source.kind, "sha256": world.map.source.sha256},
        "attribution": world.map.source.attribution,
        "world_kept": kept,
        "worker": worker_name(),
        "bytes_written": written,
        "cpu_s": time.process_time() - started,
    }


def worker_name() -> str:
    """This process, among those of all machines."""
    return f"{platform.node()}:{os.getpid()}"


def _write(out: Path, zone: str, columns: SchoolColumns, messages: pa.Table, share: Share | None) -> int:
    """Gives the bytes written. Beside and renamed: a worker that dies leaves no half of a file, and whoever repeats
    its task replaces it."""
    written = 0
    if share is not None and share.empty:
        return written
    tables = {
        f"truth/school={zone}/events.parquet": truth_table(columns.day, columns.truth),
        f"truth/school={zone}/walks.parquet": walks_table(columns.day, share.children if share else None),
        f"messages/school={zone}/messages.parquet": messages,
    }
    for name, table in tables.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.{os.getpid()}")
        pq.write_table(
            table,
            half,
            compression="zstd",
            compression_level=1,
            # Positions and moments hardly repeat, and nobody filters by row group within one school.
            use_dictionary=[name for name in table.column_names if name not in PLAIN],
            write_statistics=False,
        )
        written += half.stat().st_size
        half.replace(path)
    return written


def _about(world: SchoolWorld, school: School) -> dict[str, Any]:
    kinds = [d.type for d in world.devices]
    return {
        "code": school.code,
        "name": school.name,
        "gu": school.gu,
        "lat": school.lat,
        "lon": school.lon,
        "pupils": school.pupils or PUPILS_IF_UNKNOWN,
        "pupils_assumed": not school.pupils,
        "children": len(world.subscribers),
        "phones": sum(p.phone is not None for p in world.subscribers),
        "guardians": len(world.guardians),
        "readers": kinds.count("reader"),
        "antennas": sum(len(d.antennas) for d in world.devices),
        "bells": kinds.count("bell"),
        "cameras": kinds.count("camera"),
        "camera_points": sum(d.camera_points for d in world.devices if d.type == "camera"),
    }


def _about_share(world: SchoolWorld, columns: SchoolColumns, share: Share) -> dict[str, Any]:
    """What is otherwise about the whole school. ``pupils``: those of the area, whoever subscribes."""
    kinds = [d.type for d in share.devices]
    children = int(share.children.sum())
    subscribers = world.subscribers
    walkers = columns.day.settled.trips.person
    own = np.concatenate([share.children, np.zeros(len(world.people) - len(subscribers), bool)])
    return {
        "pupils": round(children * len(world.people) / max(1, len(subscribers))),
        "children": children,
        "phones": sum(subscribers[i].phone is not None for i in np.flatnonzero(share.children).tolist()),
        "guardians": share.guardians,
        "readers": kinds.count("reader"),
        "antennas": sum(len(d.antennas) for d in share.devices),
        "bells": kinds.count("bell"),
        "cameras": kinds.count("camera"),
        "camera_points": sum(d.camera_points for d in share.devices if d.type == "camera"),
        "walks": int(own[walkers].sum()),
        "places": dict(share.places),
    }


def _loads(columns: SchoolColumns, messages: pa.Table) -> dict[str, Any]:
    count = messages["count"].to_numpy().astype(np.int64)
    kind = messages["type"].combine_chunks().indices.to_numpy()
    size = messages["bytes"].to_numpy().astype(np.int64)
    per_type = np.bincount(kind, weights=count, minlength=len(TYPES)).astype(int).tolist()
    notices, incidents = counted(columns.truth)
    walks = columns.day.settled
    down = bytes_down(columns.day, messages, columns.truth)
    return {
        "truth_rows": len(columns.truth),
        "walks": len(walks.trips),
        "messages": {k: n for k, n in zip(TYPES, per_type, strict=True) if n},
        "bytes_up": int((size * count).sum()),
        "bytes_down": sum(down.values()),
        "bytes_down_of": down,
        "notices": dict(notices),
        "incidents": dict(incidents),
        "per_minute": per_minute(messages),
    }


def per_minute(messages: pa.Table) -> dict[str, list[int]]:
    """Messages in each minute of the day, by class."""
    t, count = messages["t_s"].to_numpy(), messages["count"].to_numpy().astype(np.int64)
    every = np.nan_to_num(messages["every_s"].to_numpy(zero_copy_only=False).astype(float))
    cls = messages["class"].combine_chunks().indices.to_numpy().astype(np.int64)
    both = np.zeros((2, MINUTES + 1))
    # Whatever comes once a minute comes in every minute from its first to its last: no need to unfold it.
    once = every == 60.0
    minute = (t[once] // 60.0).astype(np.int64)
    np.add.at(both, (cls[once], minute), 1)
    np.add.at(both, (cls[once], np.minimum(minute + count[once], MINUTES)), -1)
    both = np.cumsum(both, axis=1)[:, :MINUTES].astype(np.int64)
    t, every, count, cls = t[~once], every[~once], count[~once], cls[~once]
    row = np.repeat(np.arange(len(t)), count)
    k = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    minute = np.minimum(((t[row] + k * every[row]) // 60.0).astype(np.int64), MINUTES - 1)
    both += np.bincount(cls[row] * MINUTES + minute, minlength=2 * MINUTES).reshape(2, MINUTES)
    return {name: both[i].tolist() for i, name in enumerate(CLASSES)}
