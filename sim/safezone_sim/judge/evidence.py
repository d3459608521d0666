"""When did a true event become observable, by the standard's evidence, from given samples?

On ideal samples None means a coverage gap; on realised samples, where the ideal ones are not None, it
means that equipment failed. Truth enters only to say *which* samples may be about the event: those
between the neighbouring true events at the same place, within the service's window. The hub has its own
implementation of the same text; nothing is shared.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from safezone_model import SERVICES, evidence

from safezone_sim.judge.alarms import (
    danger_evidence,
    deviation_evidence,
    silence_evidence,
    silence_past_home_by,
)
from safezone_sim.judge.place_evidence import Evidence, gate_passes, inside_evidence, outside_evidence
from safezone_sim.judge.register import Area, Child, Register, Zone
from safezone_sim.judge.sightings import ChildSamples, SampleIndex
from safezone_sim.records import Fault, Press, Samples, TruthEvent

ENTRIES = frozenset({"school_arrival", "home_entry", "academy_entry"})
EXITS = frozenset({"school_departure", "home_exit", "academy_exit"})
BUTTONS = frozenset({"tag_call", "bell_call", "phone_call_112"})
_RULES = evidence()
_SLACK_S = 1.0  # truth and samples are cut at the same moments; their rounding may differ


def subject_of(event: TruthEvent) -> str:
    """What a button event is about: the bell for bell_call, else the child (or the device)."""
    if event.service == "bell_call":
        return event.device or ""
    return event.child or event.device or ""


class Neighbours:
    """True comings and goings of each child at each place, to bound which samples tell of an event."""

    def __init__(self, truth: Iterable[TruthEvent], register: Register) -> None:
        self._in: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._out: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.presses: dict[tuple[str, str], list[float]] = defaultdict(list)
        for event in truth:
            if event.service in BUTTONS:
                self.presses[event.service, subject_of(event)].append(event.t)
            elif event.child and event.service in ENTRIES | EXITS:
                side = self._in if event.service in ENTRIES else self._out
                side[event.child, place_of(event, register)].append(event.t)
        for times in (*self._in.values(), *self._out.values(), *self.presses.values()):
            times.sort()

    def around(self, event: TruthEvent, place: str) -> tuple[float, float]:
        """Last opposite event before and first opposite event after, at the same place."""
        side = self._out if event.service in ENTRIES else self._in
        times = side.get((event.child or "", place), [])
        before, after = bisect_left(times, event.t), bisect_right(times, event.t)
        lo = times[before - 1] if before else -np.inf
        return float(lo), float(times[after] if after < len(times) else np.inf)

    def last_exit(self, child: str, place: str, t: float) -> float | None:
        """The last time before ``t`` the child truly left the place, None if never."""
        times = self._out.get((child, place), [])
        before = bisect_left(times, t)
        return times[before - 1] if before else None

    def nearest(self, key: tuple[str, str], t: float) -> float | None:
        """The true press nearest to ``t``: the one a reported press is of."""
        return min(self.presses.get(key, []), key=lambda p: abs(p - t), default=None)


def place_of(event: TruthEvent, register: Register) -> str:
    """The event's place; where truth names none, the school or the home, by service."""
    if event.place:
        return event.place
    zone = register.zones.get(event.zone)
    child = register.children.get(event.child or "")
    if event.service in ("school_arrival", "school_departure", "not_arrived"):
        return (zone.school if zone else None) or ""
    return child.home if child and event.service in ("home_entry", "home_exit") else ""


class Observer:
    """Evaluates true events against samples of one provenance."""

    def __init__(
        self,
        samples: Samples,
        register: Register,
        truth: Sequence[TruthEvent],
        faults: Sequence[Fault] = (),
    ) -> None:
        self.index = SampleIndex(samples, register)
        self._register = register
        self._near = Neighbours(truth, register)
        self.faults = faults

    def observe(self, event: TruthEvent) -> Evidence | None:
        """The earliest complete evidence of the event, however late it was known; None if there is none."""
        if event.service in BUTTONS:
            return self._button(event)
        child = self._register.children.get(event.child or "")
        zone = self._register.zones.get(child.zone) if child else None
        samples = self.index.child(child.id) if child else None
        if child is None or zone is None or samples is None:
            return None
        found = self._of_child(event, zone, child, samples)
        return min(found, key=lambda e: e.known_at, default=None)

    def observable_at(self, event: TruthEvent) -> float | None:
        """When the event became observable, if in time (within the service's window after it)."""
        return in_time(event, self.observe(event))

    def foregone(self, event: TruthEvent) -> Evidence | None:
        """Evidence, older than the service's window, that had settled the matter before it happened.

        A child dawdling inside its home's circle shows «inside» long before it passes the gate; fixes gone
        astray show «outside» before it leaves. Who follows the standard has then told it already, too
        early for this event, and tells nothing when it happens.
        """
        child = self._register.children.get(event.child or "")
        samples = self.index.child(child.id) if child else None
        if child is None or samples is None or event.service not in ENTRIES | EXITS:
            return None
        area = samples.zone.areas.get(place_of(event, self._register))
        if area is None:
            return None
        start = event.t - SERVICES[event.service].before_s
        since, _ = self._near.around(event, area.id)
        inside = [e for e in inside_evidence(samples, area, since, event.t) if e.kind != "gate_pass_in"]
        outside = outside_evidence(samples, area, since, event.t)
        told, undone = outside, inside
        if event.service in ENTRIES:
            # After a true exit the child is inside the circle for a while yet.
            gone = min((e.t for e in outside), default=np.inf)
            told, undone = [e for e in inside if e.first_t > gone], outside
        settled = max((e.t for e in undone if e.first_t < start), default=-np.inf)
        told = [e for e in told if settled < e.first_t < start]
        return min(told, key=lambda e: e.known_at, default=None)

    def near_bell(self, event: TruthEvent, child_id: str) -> Evidence | None:
        """Evidence that this child's tag was near the pressed bell: the press and the sighting."""
        press = self._button(event)
        sighting = self.sighted_near(event.zone, event.device or "", child_id, event.t)
        if press is None or sighting is None:
            return None
        known = max(press.known_at, sighting.known_at)
        return Evidence("near_bell", sighting.t, known, press.samples + sighting.samples)

    def sighted_near(self, zone_id: str, bell: str, child_id: str, t: float) -> Evidence | None:
        """A stay within ``near_bell.within_m`` of the bell and ``within_s`` of ``t``, earliest known."""
        rule = _RULES["near_bell"]
        zone = self._register.zones.get(zone_id)
        samples = self.index.child(child_id)
        if zone is None or samples is None or bell not in zone.bells:
            return None
        bx, by = zone.bells[bell]
        near = []
        for visit in samples.visits:
            reader = zone.readers.get(visit.reader)
            if reader is None or visit.t_in > t + rule["within_s"] or visit.t_out < t - rule["within_s"]:
                continue
            x, y = reader.antenna_xy(visit.antenna)
            if np.hypot(x - bx, y - by) <= rule["within_m"]:
                near.append(visit)
        best = min(near, key=lambda v: v.known_at, default=None)
        return Evidence("near_bell", best.t_in, best.known_at, (best.parts[0],)) if best else None

    def _of_child(self, event: TruthEvent, zone: Zone, child: Child, samples: ChildSamples) -> list[Evidence]:
        service = SERVICES[event.service]
        until = event.until if event.until is not None else event.t + service.after_s
        if event.service in ENTRIES | EXITS:
            area = zone.areas.get(place_of(event, self._register))
            if area is None:
                return []
            return self._place(event, child, samples, area)
        if event.service == "danger_entry":
            named = zone.areas.get(event.place or "")
            areas = [named] if named else zone.dangers()
            return [
                e
                for area in areas
                for e in danger_evidence(samples, child, area, event.t - _SLACK_S, until + _SLACK_S)
            ]
        if event.service == "route_deviation":
            return deviation_evidence(samples, child, event.t - _SLACK_S, until + _SLACK_S)
        if event.service == "tag_silent":
            by_home = silence_past_home_by(samples, child, self.faults)
            return [
                *(
                    e
                    for e in silence_evidence(samples, child, event.t)
                    if e.known_at <= event.t + service.after_s
                ),
                *([by_home] if by_home and by_home.known_at >= event.t else []),
            ]
        return self._absence(event, zone, child, samples)

    def _place(self, event: TruthEvent, child: Child, samples: ChildSamples, area: Area) -> list[Evidence]:
        service = SERVICES[event.service]
        before, after = self._near.around(event, area.id)
        lo, hi = max(event.t - service.before_s, before), min(event.t + service.after_s, after)
        if event.service in ENTRIES:
            return inside_evidence(samples, area, lo, hi)
        found = gate_passes(samples, area, "out", lo, hi)
        gone = outside_evidence(samples, area, event.t, hi)
        if gone:
            placed = self._placed_inside(event, child, samples, area)
            if placed is not None:
                found += [Evidence(e.kind, e.t, max(e.known_at, placed), e.samples) for e in gone]
        return found

    def _placed_inside(
        self, event: TruthEvent, child: Child, samples: ChildSamples, area: Area
    ) -> float | None:
        """When it was known that the child is in the place it will leave; None if never.

        «Seen elsewhere» says «left» only of a child that was known to be there. The day begins at home.
        """
        last = self._near.last_exit(child.id, area.id, event.t)
        if last is None and area.id == child.home:
            return -np.inf
        since = last if last is not None else -np.inf
        return min((e.known_at for e in inside_evidence(samples, area, since, event.t)), default=None)

    def _absence(self, event: TruthEvent, zone: Zone, child: Child, samples: ChildSamples) -> list[Evidence]:
        deadline = zone.not_arrived_after_s if zone.not_arrived_after_s is not None else event.t
        if not absence_due(zone, child) or seen_at_school(zone, samples, deadline):
            return []
        return [Evidence("absence_by_deadline", deadline, deadline, ())]

    def _button(self, event: TruthEvent) -> Evidence | None:
        key = (event.service, subject_of(event))
        window = SERVICES[event.service]
        mine: list[Press] = [
            p
            for p in self.index.presses.get(key, [])
            if event.t - window.before_s <= p.t <= event.t + window.after_s
            and self._near.nearest(key, p.t) == event.t
        ]
        first = min(mine, key=lambda p: p.known_at, default=None)
        return Evidence("button", first.t, first.known_at, (first,)) if first else None


def in_time(event: TruthEvent, found: Evidence | None) -> float | None:
    """``known_at`` if it lies within the service's window after the event, else None."""
    if found is None or found.known_at > event.t + SERVICES[event.service].after_s:
        return None
    return found.known_at


def absence_due(zone: Zone, child: Child) -> bool:
    """Whether the child is expected at school: a school day, and no planned absence."""
    return zone.school_day and child.id not in zone.absent


def seen_at_school(zone: Zone, samples: ChildSamples, by: float) -> bool:
    """Whether anything known by ``by`` places the child in school."""
    school = zone.areas.get(zone.school or "")
    return school is not None and any(e.known_at <= by for e in inside_evidence(samples, school, -np.inf, by))


def observable_at(
    truth_event: TruthEvent,
    samples: Samples,
    registry: Register,
) -> float | None:
    """When one true event became observable from samples, or None. For many events use ``Observer``."""
    return Observer(samples, registry, [truth_event]).observable_at(truth_event)
