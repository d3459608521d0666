"""Evidence of danger, deviation and silence: the standard's definitions over one child's samples."""

from collections.abc import Iterable, Sequence

import numpy as np
from safezone_model import evidence

from safezone_sim.judge.geometry import BoolArray, distance_to_line
from safezone_sim.judge.history import place_history, state_at
from safezone_sim.judge.place_evidence import Evidence, of_fixes
from safezone_sim.judge.register import Area, Child
from safezone_sim.judge.sightings import ChildSamples
from safezone_sim.records import Fault, Fix, Stay

_RULES = evidence()


def danger_evidence(samples: ChildSamples, child: Child, area: Area, lo: float, hi: float) -> list[Evidence]:
    """danger_fixes and danger_stay of one area, sampled in [lo, hi]."""
    rule = _RULES["danger_fixes"]
    found: list[Evidence] = []
    if samples.usable:
        holds = area.contains(samples.xy[:, 0], samples.xy[:, 1]) & clear_of_usual(
            samples, child, rule["clear_m"]
        )
        holds &= (samples.t >= lo) & (samples.t <= hi)
        found += [of_fixes("danger_fixes", samples, a, b) for a, b in samples.runs(holds, rule["k"])]
    for visit in samples.visits:
        reader = samples.zone.readers.get(visit.reader)
        if reader is None or reader.position != "interior" or reader.area != area.id:
            continue
        known = visit.lasted_known_at(_RULES["danger_stay"]["stay_min_s"])
        if known is not None and visit.t_in <= hi and visit.t_out >= lo:
            found.append(Evidence("danger_stay", visit.t_in, known, visit.parts))
    return found


def clear_of_usual(samples: ChildSamples, child: Child, clear_m: float) -> BoolArray:
    """Per usable fix: at least ``clear_m`` from every registered route and from every regular place.

    A place reaches as far as its registered radius.
    """
    x, y = samples.xy[:, 0], samples.xy[:, 1]
    clear = np.ones(len(x), dtype=np.bool_)
    for route in child.routes:
        clear &= distance_to_line(x, y, route.line) >= clear_m
    for place in _regular(samples, child):
        clear &= samples.distance_to(place.x, place.y) - place.radius_m >= clear_m
    return clear


def deviation_evidence(samples: ChildSamples, child: Child, lo: float, hi: float) -> list[Evidence]:
    """deviation_fixes: k of n successive usable fixes off every route, the k sampled in [lo, hi]."""
    rule = _RULES["deviation_fixes"]
    k, n = rule["k"], rule["n"]
    if not child.routes or len(samples.usable) < k:
        return []
    x, y = samples.xy[:, 0], samples.xy[:, 1]
    off = ~_in_regular(samples, child) & (samples.t >= lo) & (samples.t <= hi)
    for route in child.routes:
        off &= distance_to_line(x, y, route.line) > route.corridor_m + rule["slack"] * samples.accuracy
    found = []
    for i in np.flatnonzero(off):
        first = max(0, int(i) - n + 1)
        hits = first + np.flatnonzero(off[first : i + 1])
        if len(hits) >= k:
            known = float(samples.known[hits].max())
            cited = tuple(samples.usable[j] for j in hits)
            found.append(Evidence("deviation_fixes", float(samples.t[i]), known, cited))
    return found


def silence_evidence(samples: ChildSamples, child: Child, since: float) -> list[Evidence]:
    """silence_after_fixes: every silence of ``silence_s`` that ends after ``since``.

    Silence is counted from the last arrival of anything, a phone's or a tag's.
    """
    rule = _RULES["silence_after_fixes"]
    if not samples.usable:
        return []
    arrivals = np.array(sorted(_arrivals(samples)))
    ends = np.append(arrivals[1:], np.inf)
    in_place = _in_regular(samples, child)
    found = []
    for heard, then in zip(arrivals, ends, strict=True):
        alarm = float(heard) + rule["silence_s"]
        if then < alarm or alarm < since:
            continue
        arrived = np.flatnonzero(samples.known <= heard)
        if len(arrived) == 0:
            continue
        last = int(arrived[-1])
        fix = samples.usable[last]
        if fix.moving and not in_place[last] and fix.battery_pct >= rule["battery_min_pct"]:
            found.append(Evidence("silence_after_fixes", fix.t, alarm, (fix,)))
    return found


def silence_past_home_by(
    samples: ChildSamples, child: Child, faults: Sequence[Fault] = ()
) -> Evidence | None:
    """silence_past_home_by: home_by passed, last evidence of place a departure, home's readers in order then.

    An outage that is over by then does not count: its backlog has been delivered, and shows nothing.
    """
    readers = samples.zone.home_readers(child)
    due = child.home_by_s
    if due is None or not readers:
        return None
    ids = {r.id for r in readers}
    history = [h for h in place_history(samples, child) if h.known_at <= due]
    state = state_at(history, child.home)
    if state is not None or not history:
        return None
    left = history[-1]
    broken = any(
        f.kind == "reader_offline" and f.subject in ids and f.t_from <= due <= f.t_to for f in faults
    )
    seen = any(v.reader in ids and v.t_in > left.t and v.known_at <= due for v in samples.visits)
    if broken or seen:
        return None
    return Evidence("silence_past_home_by", left.t, due, left.samples)


def _arrivals(samples: ChildSamples) -> Iterable[float]:
    things: list[Fix | Stay] = [*samples.fixes, *(p for v in samples.visits for p in v.parts)]
    for thing in things:
        yield thing.known_at
        if isinstance(thing, Stay):
            yield thing.end_known_at


def _regular(samples: ChildSamples, child: Child) -> list[Area]:
    return [samples.zone.areas[p] for p in child.regular if p in samples.zone.areas]


def _in_regular(samples: ChildSamples, child: Child) -> BoolArray:
    inside = np.zeros(len(samples.usable), dtype=np.bool_)
    for place in _regular(samples, child):
        inside |= samples.distance_to(place.x, place.y) <= place.radius_m
    return inside
