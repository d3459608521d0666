"""Which notice tells of which true event: one to one, within the service's window, in order.

Within one recipient, service and child (or device) both sides are put in order of time and matched
without crossings: as many pairs as possible, then the nearest in time. Of several notices that tell of
the same event the first received counts; the others are duplicates.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from safezone_model import SERVICES

from safezone_sim.judge.notices import Notice
from safezone_sim.records import TruthEvent

Fits = Callable[[TruthEvent, Notice], bool]


class Matched(NamedTuple):
    """Index of the matched notice per event (or None), and of the event per duplicate notice."""

    of_event: list[int | None]
    duplicate_of: dict[int, int]
    unmatched: list[int]


def in_window(event: TruthEvent, notice: Notice) -> bool:
    """Whether the notice's event_at lies in the service's window around the truth, edges included."""
    service = SERVICES[event.service]
    return -service.before_s - 1e-6 <= notice.event_at - event.t <= service.after_s + 1e-6


def match(events: Sequence[TruthEvent], notices: Sequence[Notice], fits: Fits) -> Matched:
    """Matches events (in order of t) with notices of one group. ``fits`` says who may tell of what."""
    order = sorted(range(len(notices)), key=lambda j: (notices[j].event_at, notices[j].t))
    of_event = _align(events, [notices[j] for j in order], fits)
    chosen: list[int | None] = [order[j] if j is not None else None for j in of_event]
    taken = {j for j in chosen if j is not None}
    spare = [j for j in range(len(notices)) if j not in taken]
    duplicate_of: dict[int, int] = {}
    unmatched: list[int] = []
    for j in sorted(spare, key=lambda j: notices[j].t):
        told = [i for i, e in enumerate(events) if chosen[i] is not None and fits(e, notices[j])]
        if not told:
            unmatched.append(j)
            continue
        i = min(told, key=lambda i: abs(notices[j].event_at - events[i].t))
        first = chosen[i]
        if first is not None and notices[j].t < notices[first].t:
            chosen[i], duplicate_of[first] = j, i
        else:
            duplicate_of[j] = i
    return Matched(chosen, duplicate_of, unmatched)


def _align(events: Sequence[TruthEvent], notices: Sequence[Notice], fits: Fits) -> list[int | None]:
    """Order-preserving assignment: most pairs, then least total distance in time. Small groups only."""
    n, m = len(events), len(notices)
    if n == 0 or m == 0:
        return [None] * n
    # best[i][j]: (pairs negated, distance) for events i.. and notices j..
    best = [[(0, 0.0)] * (m + 1) for _ in range(n + 1)]
    step = [[""] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            options = [(best[i][j + 1], "notice"), (best[i + 1][j], "event")]
            if fits(events[i], notices[j]):
                pairs, distance = best[i + 1][j + 1]
                options.append(((pairs - 1, distance + abs(notices[j].event_at - events[i].t)), "pair"))
            best[i][j], step[i][j] = min(options, key=lambda o: (o[0], o[1] != "pair"))
    result: list[int | None] = [None] * n
    i = j = 0
    while i < n and j < m:
        if step[i][j] == "pair":
            result[i] = j
            i, j = i + 1, j + 1
        elif step[i][j] == "event":
            i += 1
        else:
            j += 1
    return result
