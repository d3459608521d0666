"""Canonical rows of truth and their digests: times to 1 ms, positions to 1 cm (1e-7 degrees).

A function of scenario and seed alone. Whatever depends on a hub or a trainee is in the reactions, not here.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from safezone_sim.records import TruthEvent, Whereabouts
from safezone_sim.scenario import Scenario
from safezone_sim.world.model import SchoolWorld


def millis(t: float) -> int:
    """Seconds to whole milliseconds."""
    return round(t * 1000)


def centimetres(degrees: float) -> int:
    """Degrees to units of 1e-7 degrees, about 1 cm."""
    return round(degrees * 1e7)


def event_row(e: TruthEvent) -> list[Any]:
    """One event as its canonical row."""
    return [
        *(
            "event",
            e.id,
            millis(e.t),
            e.service,
            e.child,
            e.device,
            e.place,
            centimetres(e.lat),
            centimetres(e.lon),
        ),
        sorted(e.recipients),
        None if e.until is None else millis(e.until),
        e.incident,
    ]


def child_rows(world: SchoolWorld) -> Iterable[list[Any]]:
    """Subscribers and what they carry, in order of index."""
    for p in world.subscribers:
        yield [
            "child",
            p.id,
            p.grade,
            millis(p.speed_mps),
            p.home,
            list(p.academies),
            p.playground,
            p.tag,
            p.phone,
        ]


def device_rows(world: SchoolWorld) -> Iterable[list[Any]]:
    """Equipment with its placement, metres to 1 cm, in order of id."""
    for d in sorted(world.devices, key=lambda d: d.id):
        antennas = [[a.id, a.side, *(round(v * 100) for v in (a.x, a.y, a.range_m))] for a in d.antennas]
        yield ["device", d.id, d.type, round(d.x * 100), round(d.y * 100), d.place, d.gate, antennas]


def school_digest(
    scenario: Scenario, world: SchoolWorld, events: Iterable[TruthEvent], tracks: Iterable[Whereabouts]
) -> str:
    """SHA-256 (hex) of one school's truth: children, devices, incidents as scripted, tracks, events."""
    digest = hashlib.sha256()

    def add(row: Any) -> None:
        digest.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    add(["truth", 1, world.zone, scenario.date.isoformat(), scenario.seed])
    for row in (*child_rows(world), *device_rows(world)):
        add(row)
    for incident in scenario.incidents:
        if incident.school == world.zone:
            add(["incident", msgspec.to_builtins(incident)])
    for track in sorted(tracks, key=lambda w: w.child):
        add(["track", track.child, track.place])
        columns = (np.array(track.t) * 1e3, np.array(track.lat) * 1e7, np.array(track.lon) * 1e7)
        digest.update(np.rint(np.stack(columns)).astype("<i8").tobytes())
    for event in sorted(events, key=lambda e: (millis(e.t), e.id)):
        add(event_row(event))
    return digest.hexdigest()


def truth_sha256(digests: Mapping[str, str]) -> str:
    """The digest of a run: over the schools' digests, sorted by school code."""
    text = "".join(f"{zone} {digests[zone]}\n" for zone in sorted(digests))
    return hashlib.sha256(text.encode()).hexdigest()
