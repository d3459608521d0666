"""Whose fault is a false notice: did the evidence, as equipment gave it, warrant what was said?

"equipment": the realised samples held the standard's evidence for it. "coverage": so would perfect
equipment, placed as it is. "hub": neither.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

import numpy as np
from safezone_model import SERVICES

from safezone_sim.judge.alarms import (
    danger_evidence,
    deviation_evidence,
    silence_evidence,
    silence_past_home_by,
)
from safezone_sim.judge.evidence import BUTTONS, ENTRIES, EXITS, Observer, absence_due, seen_at_school
from safezone_sim.judge.notices import Notice
from safezone_sim.judge.place_evidence import Evidence, gate_passes, inside_evidence, outside_evidence
from safezone_sim.judge.register import Child, Register, Zone
from safezone_sim.judge.sightings import ChildSamples

Cause = Literal["hub", "equipment", "coverage"]
_ROLE_OF_SERVICE = {"school": "school", "home": "home", "academy": "academy"}
_SLACK_S = 1.0
_LONGEST_RUN_S = 1800.0  # three fixes of a still phone span ten minutes, more when some are coarse


class Said:
    """What each recipient had been told about a child's comings and goings, in order of reception."""

    def __init__(self, notices: Iterable[Notice]) -> None:
        self._told: dict[tuple[str, str | None], list[Notice]] = defaultdict(list)
        for notice in notices:
            if notice.service in ENTRIES | EXITS:
                self._told[notice.recipient, notice.child].append(notice)

    def before(self, notice: Notice) -> Notice | None:
        """The last coming or going told before this notice."""
        told = self._told.get((notice.recipient, notice.child), [])
        earlier = [n for n in told if n.t <= notice.t and n.id != notice.id]
        return earlier[-1] if earlier else None


def blame(
    notice: Notice, before: Notice | None, register: Register, ideal: Observer, realised: Observer
) -> tuple[Cause, Evidence | None]:
    """The cause of a false notice, and the evidence that misled the hub."""
    found = warrant(notice, before, register, realised)
    if found is None:
        return "hub", None
    perfect = warrant(notice, before, register, ideal)
    if perfect is None or _known_long_before(notice, perfect, register, ideal):
        return "equipment", found
    return "coverage", found


def warrant(notice: Notice, before: Notice | None, register: Register, seen: Observer) -> Evidence | None:
    """Evidence, known when the notice came, that by the standard warrants it; None if there is none."""
    if notice.service in BUTTONS:
        return _press(notice, seen)
    child = register.children.get(notice.child or "")
    zone = register.zones.get(child.zone) if child else None
    samples = seen.index.child(child.id) if child else None
    if child is None or zone is None or samples is None:
        return None
    if notice.service in ENTRIES | EXITS:
        return _change(notice, before, samples, child, zone)
    if notice.service == "not_arrived":
        return _absence(notice, samples, child, zone)
    return _alarm(notice, samples, child, zone, seen)


def _press(notice: Notice, seen: Observer) -> Evidence | None:
    subject = notice.device if notice.service == "bell_call" else (notice.child or notice.device)
    service = SERVICES[notice.service]
    for press in seen.index.presses.get((notice.service, subject or ""), []):
        if abs(notice.event_at - press.t) <= service.after_s and press.known_at <= notice.t + _SLACK_S:
            return Evidence("button", press.t, press.known_at, (press,))
    return None


def _change(
    notice: Notice, before: Notice | None, samples: ChildSamples, child: Child, zone: Zone
) -> Evidence | None:
    """Evidence of the coming or going near its stated time, unless the recipient had just been told it."""
    if before is not None and before.service == notice.service and before.place == notice.place:
        return None
    role = _ROLE_OF_SERVICE[notice.service.partition("_")[0]]
    near = SERVICES[notice.service].before_s
    lo, hi = notice.event_at - _LONGEST_RUN_S, notice.event_at + _LONGEST_RUN_S
    found: list[Evidence] = []
    for place in (zone.areas[p] for p in child.regular if p in zone.areas):
        if place.role != role or notice.place not in (None, place.id):
            continue
        if notice.service in ENTRIES:
            found += inside_evidence(samples, place, lo, hi)
            continue
        found += gate_passes(samples, place, "out", lo, hi)
        if _had_been_in(place.id, before, samples, child, zone, notice.event_at):
            found += outside_evidence(samples, place, lo, hi)
    known = [
        e
        for e in found
        if e.known_at <= notice.t + _SLACK_S
        and e.first_t <= notice.event_at + near
        and e.t >= notice.event_at - near
    ]
    return min(known, key=lambda e: e.known_at, default=None)


def _known_long_before(notice: Notice, found: Evidence, register: Register, ideal: Observer) -> bool:
    """Whether perfect equipment would have shown this coming or going earlier: what is told now is late news."""
    child = register.children.get(notice.child or "")
    samples = ideal.index.child(notice.child or "")
    place = samples.zone.areas.get(notice.place or "") if samples else None
    if notice.service not in ENTRIES | EXITS or child is None or samples is None or place is None:
        return False
    until = found.first_t - SERVICES[notice.service].before_s
    inside = inside_evidence(samples, place, -np.inf, until)
    outside = [
        *gate_passes(samples, place, "out", -np.inf, until),
        *outside_evidence(samples, place, -np.inf, until),
    ]
    last_in = max((e.t for e in inside), default=-np.inf)
    last_out = max((e.t for e in outside), default=-np.inf)
    return last_in > last_out if notice.service in ENTRIES else last_out > last_in


def _had_been_in(
    place: str, before: Notice | None, samples: ChildSamples, child: Child, zone: Zone, t: float
) -> bool:
    """Whether the child was, for all the recipient and the samples knew, in the place before it left."""
    if before is not None and before.service in ENTRIES and before.place in (None, place):
        return True
    if before is None and place == child.home:
        return True
    return bool(inside_evidence(samples, zone.areas[place], -np.inf, t))


def _absence(notice: Notice, samples: ChildSamples, child: Child, zone: Zone) -> Evidence | None:
    deadline = zone.not_arrived_after_s
    if deadline is None or notice.t < deadline - _SLACK_S or not absence_due(zone, child):
        return None
    if seen_at_school(zone, samples, deadline):
        return None
    return Evidence("absence_by_deadline", deadline, deadline, ())


def _alarm(
    notice: Notice, samples: ChildSamples, child: Child, zone: Zone, seen: Observer
) -> Evidence | None:
    service = SERVICES[notice.service]
    lo, hi = notice.event_at - service.after_s, notice.t
    if notice.service == "danger_entry":
        found = [e for a in zone.dangers() for e in danger_evidence(samples, child, a, lo, hi)]
    elif notice.service == "route_deviation":
        found = deviation_evidence(samples, child, lo, hi)
    else:
        by_home = silence_past_home_by(samples, child, seen.faults)
        found = [*silence_evidence(samples, child, -np.inf), *([by_home] if by_home else [])]
        found = [e for e in found if notice.t - service.after_s <= e.known_at]
    found = [e for e in found if e.known_at <= notice.t + _SLACK_S]
    return min(found, key=lambda e: e.known_at, default=None)
