"""Who is next: the waiting jobs of one channel, in lanes. Pure: no clock, no I/O; times are any rising seconds.

Each address is a lane, each host a gate in front of its lanes, each channel a gate in front of its hosts.
- The urgent go first, and a quarter of every gate is kept free for them.
- A lane whose last try failed is suspect: all suspects together get at most half of every gate, so that
  dead addresses never hold up living ones. A lane that has not answered yet tries one job at a time.
- A try that runs longer than a second gives its slot back and takes one of the slow, while there are any:
  so addresses that hang before anything is known of them hold up others for a second, not for a timeout.
- Hosts, and lanes within a host, take turns.
- Routine jobs of a suspect lane wait for its pause together; an urgent job keeps its own, shorter waits.
- When the link itself is down (blame "link", or ``hold``), jobs stay where they are, and one probes.
"""

import heapq
import itertools
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from safezone_hub.channels.jobs import Job, Outcome, State
from safezone_hub.channels.patience import Patience

LANE_KEPT_S = 600.0
SLOW_S = 1.0

Rank = tuple[bool, bool]  # urgent, suspect


@dataclass(frozen=True, slots=True)
class Limits:
    """How many tries at once: in the channel, at one host, at one address that answers. With ``slow``
    there are as many slots again, in channel and host, for tries that take long."""

    slots: int
    host_slots: int
    lane_slots: int
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a try came to: the state to report, and when the next try is due (None: on an event, or never)."""

    state: State
    next_at: float | None
    detail: str


class Gate:
    """So many at once; part is kept for the urgent, part for those that answer. The slow sit apart."""

    def __init__(self, slots: int, slow_slots: int = 0) -> None:
        self.slow_room = slow_slots
        self._most = {
            (True, False): slots,
            (False, False): max(1, slots - max(1, slots // 4)),
            (True, True): max(1, slots // 2),
        }
        self._most[False, True] = max(1, self._most[True, True] - max(1, slots // 8))
        self._inside = dict.fromkeys(self._most, 0)

    def admits(self, rank: Rank) -> bool:
        """Whether one more of this rank may pass. Every limit that the newcomer counts in must hold."""
        urgent, suspect = rank
        inside = self._inside
        if sum(inside.values()) >= self._most[True, False]:
            return False
        if not urgent and inside[False, False] + inside[False, True] >= self._most[False, False]:
            return False
        if suspect and inside[True, True] + inside[False, True] >= self._most[True, True]:
            return False
        return rank != (False, True) or inside[rank] < self._most[rank]

    def enter(self, rank: Rank) -> None:
        self._inside[rank] += 1

    def leave(self, rank: Rank, is_slow: bool = False) -> None:
        if is_slow:
            self.slow_room += 1
        else:
            self._inside[rank] -= 1

    def set_aside(self, rank: Rank) -> None:
        """Move one of this rank to the slow."""
        self._inside[rank] -= 1
        self.slow_room -= 1


@dataclass(slots=True, eq=False)
class Lane:
    """One address: its jobs that are ready, and how it answered lately."""

    key: str
    host: "Host"
    ready: tuple[deque["Ticket"], deque["Ticket"]] = field(default_factory=lambda: (deque(), deque()))
    running: list[int] = field(default_factory=lambda: [0, 0])
    tickets: int = 0
    answered: bool = False
    failures: int = 0
    failing_since: float = 0.0
    failed_at: float = float("-inf")
    paused_until: float = float("-inf")
    touched_at: float = 0.0

    @property
    def is_suspect(self) -> bool:
        return self.failures > 0

    def may_start(self, urgent: bool, now: float, lane_slots: int) -> bool:
        if urgent:
            return self.running[True] < (lane_slots if self.answered and not self.failures else 1)
        if self.failures:
            return self.running[False] < 1 and now >= self.paused_until
        return self.running[False] < lane_slots if self.answered else sum(self.running) < 1


@dataclass(slots=True, eq=False)
class Host:
    key: str
    gate: Gate
    rings: dict[Rank, OrderedDict[str, Lane]] = field(default_factory=lambda: _rings())
    lanes: int = 0


@dataclass(slots=True, eq=False)
class Ticket:
    """A job's place in the schedule."""

    job: Job
    lane: Lane
    deadline: float
    tries: int  # in all lives of the process
    tried: int = 0  # in this one
    started_at: float = 0.0
    rank: Rank = (False, False)
    running: bool = False
    slow: bool = False
    gone: bool = False


def _rings() -> dict[Rank, OrderedDict[str, Lane]]:
    return {rank: OrderedDict() for rank in _RANKS}


_RANKS: tuple[Rank, ...] = ((True, False), (True, True), (False, False), (False, True))


class Schedule:
    """The jobs of one channel. ``chance`` draws from [0, 1)."""

    def __init__(
        self, limits: Limits, urgent: Patience, routine: Patience, chance: Callable[[], float]
    ) -> None:
        self._limits, self._chance = limits, chance
        self._patience = (routine, urgent)
        self._gate = Gate(limits.slots, limits.slots * limits.slow)
        self._hosts: dict[str, Host] = {}
        self._lanes: dict[str, Lane] = {}
        self._tickets: dict[str, Ticket] = {}
        self._rings: dict[Rank, OrderedDict[str, Host]] = {rank: OrderedDict() for rank in _RANKS}
        self._timers: list[tuple[float, int, Ticket | Lane]] = []
        self._order = itertools.count()
        self._running = [0, 0]
        self._quick: OrderedDict[str, Ticket] = OrderedDict()  # running, not slow yet, oldest first
        self._held = False
        self._link_failures = 0
        self._link_failed_at = float("-inf")
        self._link_paused = [float("-inf"), float("-inf")]
        self._untold: dict[str, Ticket] = {}
        self.answered_at: float | None = None

    # ------------------------------------------------------------------- jobs in

    def add(self, job: Job, host: str, address: str, now: float, age_s: float = 0.0) -> None:
        """Take a job that is not here yet. ``age_s`` is how long ago giving up began to count."""
        lane, patience = self._lane(host, address, now), self._patience[job.urgent]
        # Whatever its age, it gets one full wait: after a restart the link may need a moment.
        deadline = now + max(patience.give_up_after_s - age_s, patience.max_s)
        ticket = Ticket(job, lane, deadline, job.tries)
        self._tickets[job.id] = ticket
        lane.tickets += 1
        if job.urgent:
            self._untold[job.id] = ticket
        self._make_ready(ticket, now)

    # ------------------------------------------------------------------- jobs out

    def take(self, now: float) -> Ticket | None:
        """The next job to try now, if any may be tried. ``finish`` must follow."""
        self._ripen(now)
        self._set_slow_aside(now)
        for rank in _RANKS:
            if self._is_link_open(rank[0], now):
                ticket = self._first(rank, now)
                if ticket:
                    return ticket
        return None

    def finish(self, ticket: Ticket, outcome: Outcome, now: float) -> Verdict:
        """Note what came of a try. The job stays here only if it is to be retried."""
        lane = ticket.lane
        self._leave(ticket)
        ticket.tries, ticket.tried, lane.touched_at = ticket.tries + 1, ticket.tried + 1, now
        if outcome.kind != "retry":
            self._note_answer(lane, now)
            self._remove(ticket)
            self._offer_again(lane, now)
            return Verdict(outcome.kind, None, outcome.detail)
        next_at = self._note_failure(ticket, outcome, now)
        if now >= ticket.deadline:
            self._remove(ticket)
            self._offer_again(lane, now)
            return Verdict("failed", None, f"given up: {outcome.detail}")
        if outcome.blame == "link":
            # It waits for the link and nothing else; at the back, so that a bad job is not the only probe.
            self._make_ready(ticket, now)
        else:
            next_at = min(next_at, ticket.deadline)
            heapq.heappush(self._timers, (next_at, next(self._order), ticket))
        self._offer_again(lane, now)
        return Verdict(
            "retrying", None if self._held and outcome.blame == "link" else next_at, outcome.detail
        )

    def abandon(self, ticket: Ticket) -> None:
        """Forget a running job without a verdict: the process ends, its next life tries again."""
        self._leave(ticket)
        self._remove(ticket)

    def expire(self, now: float) -> list[Ticket]:
        """Give up what waits beyond its time, if it was tried or its address or link is known to be down."""
        over = [
            ticket
            for ticket in self._tickets.values()
            if now >= ticket.deadline
            and not ticket.running
            and (ticket.tried or ticket.lane.failures or self.is_link_down)
        ]
        for ticket in over:
            self._remove(ticket)
        for lane in {ticket.lane for ticket in over}:
            for ready in lane.ready:
                kept = [ticket for ticket in ready if not ticket.gone]
                ready.clear()
                ready.extend(kept)
        if over:
            self._timers = [timer for timer in self._timers if not _is_stale(timer[2])]
            heapq.heapify(self._timers)
        idle = [
            lane
            for lane in self._lanes.values()
            if not lane.tickets and (not lane.failures or now - lane.touched_at > LANE_KEPT_S)
        ]
        for lane in idle:
            del self._lanes[lane.key]
            lane.host.lanes -= 1
            if not lane.host.lanes:
                del self._hosts[lane.host.key]
        return over

    def next_wake(self, now: float) -> float | None:
        """When ``take`` may next have something that it has not now, if no try ends before."""
        while self._timers and _is_stale(self._timers[0][2]):
            heapq.heappop(self._timers)
        times = [self._timers[0][0]] if self._timers else []
        if self._quick:
            times.append(next(iter(self._quick.values())).started_at + SLOW_S)
        if self._link_failures and not self._held:
            times += [at for at in self._link_paused if at > now]
        return min(times, default=None)

    # ------------------------------------------------------------------- the link

    def hold(self) -> None:
        """The link is down: try nothing until ``release``."""
        self._held = True

    def release(self) -> None:
        """The link is up: what waits can be taken at once."""
        self._held = False
        self._note_link_up()

    @property
    def is_link_down(self) -> bool:
        return self._held or self._link_failures > 0

    def pop_untold(self) -> list[tuple[Ticket, float | None]]:
        """Urgent jobs that wait for a link that is down and were never tried; each once."""
        if not self.is_link_down:
            return []
        untold, self._untold = self._untold, {}
        next_at = None if self._held else self._link_paused[True]
        return [(ticket, next_at) for ticket in untold.values() if not ticket.gone]

    # ------------------------------------------------------------------- how things stand

    @property
    def waiting(self) -> int:
        return len(self._tickets) - self.running

    @property
    def running(self) -> int:
        return sum(self._running)

    def failing_lanes(self) -> list[float]:
        """Since when each address that does not answer has not."""
        return [lane.failing_since for lane in self._lanes.values() if lane.failures]

    # ------------------------------------------------------------------- inside

    def _lane(self, host_key: str, key: str, now: float) -> Lane:
        lane = self._lanes.get(key)
        if lane is None:
            host = self._hosts.get(host_key)
            if host is None:
                host = self._hosts[host_key] = Host(
                    host_key, Gate(self._limits.host_slots, self._limits.host_slots * self._limits.slow)
                )
            host.lanes += 1
            lane = self._lanes[key] = Lane(key, host, touched_at=now)
        return lane

    def _make_ready(self, ticket: Ticket, now: float) -> None:
        ticket.lane.ready[ticket.job.urgent].append(ticket)
        self._offer(ticket.lane, now)

    def _ripen(self, now: float) -> None:
        """Move what has become due to where it can be taken."""
        while self._timers and self._timers[0][0] <= now:
            _at, _n, what = heapq.heappop(self._timers)
            if isinstance(what, Lane):
                self._offer(what, now)
            elif not what.gone:
                self._make_ready(what, now)

    def _offer(self, lane: Lane, now: float) -> None:
        """Put the lane in the rings it belongs in now. Where it no longer belongs it is skipped later."""
        for urgent in (True, False):
            if lane.ready[urgent] and lane.may_start(urgent, now, self._limits.lane_slots):
                rank = (urgent, lane.is_suspect)
                lane.host.rings[rank][lane.key] = lane
                self._rings[rank][lane.host.key] = lane.host

    def _offer_again(self, lane: Lane, now: float) -> None:
        """After a try: the lane, and the host that may have had no slot for others of its lanes."""
        self._offer(lane, now)
        for rank, lanes in lane.host.rings.items():
            if lanes:
                self._rings[rank][lane.host.key] = lane.host

    def _first(self, rank: Rank, now: float) -> Ticket | None:
        ring = self._rings[rank]
        while ring and self._gate.admits(rank):
            key, host = ring.popitem(last=False)
            ticket = self._first_of(host, rank, now)
            if ticket:
                ring[key] = host  # at the back: hosts take turns
                return ticket
        return None

    def _first_of(self, host: Host, rank: Rank, now: float) -> Ticket | None:
        lanes, (urgent, suspect) = host.rings[rank], rank
        while lanes and host.gate.admits(rank):
            _key, lane = lanes.popitem(last=False)
            ready = lane.ready[urgent]
            while ready and ready[0].gone:
                ready.popleft()
            if not ready or lane.is_suspect != suspect:
                continue
            if lane.may_start(urgent, now, self._limits.lane_slots):
                ticket = ready.popleft()
                self._enter(ticket, rank, now)
                self._offer(lane, now)
                return ticket
        return None

    def _enter(self, ticket: Ticket, rank: Rank, now: float) -> None:
        ticket.running, ticket.rank, ticket.started_at = True, rank, now
        ticket.lane.running[rank[0]] += 1
        self._running[rank[0]] += 1
        ticket.lane.host.gate.enter(rank)
        self._gate.enter(rank)
        if self._limits.slow:
            self._quick[ticket.job.id] = ticket
        self._untold.pop(ticket.job.id, None)

    def _leave(self, ticket: Ticket) -> None:
        rank, ticket.running = ticket.rank, False
        ticket.lane.running[rank[0]] -= 1
        self._running[rank[0]] -= 1
        ticket.lane.host.gate.leave(rank, ticket.slow)
        self._gate.leave(rank, ticket.slow)
        ticket.slow = False
        self._quick.pop(ticket.job.id, None)

    def _set_slow_aside(self, now: float) -> None:
        """Free the slots of tries that take long, while there is room among the slow."""
        while self._quick:
            id_, ticket = next(iter(self._quick.items()))
            if now - ticket.started_at < SLOW_S:
                return
            del self._quick[id_]
            host = ticket.lane.host
            if self._gate.slow_room and host.gate.slow_room:
                self._gate.set_aside(ticket.rank)
                host.gate.set_aside(ticket.rank)
                ticket.slow = True
                self._offer_again(ticket.lane, now)

    def _remove(self, ticket: Ticket) -> None:
        ticket.gone = True
        ticket.lane.tickets -= 1
        del self._tickets[ticket.job.id]
        self._untold.pop(ticket.job.id, None)

    def _is_link_open(self, urgent: bool, now: float) -> bool:
        if self._held:
            return False
        if self._link_failures:
            return now >= self._link_paused[urgent] and self._running[urgent] == 0
        return True

    def _note_answer(self, lane: Lane, now: float) -> None:
        lane.answered, lane.failures, lane.paused_until = True, 0, float("-inf")
        self.answered_at = now
        self._note_link_up()

    def _note_link_up(self) -> None:
        self._link_failures = 0
        self._link_paused = [float("-inf"), float("-inf")]

    def _note_failure(self, ticket: Ticket, outcome: Outcome, now: float) -> float:
        """When this job is due again."""
        lane, urgent = ticket.lane, ticket.job.urgent
        asked_s = min(outcome.after_s or 0.0, self._patience[urgent].max_s)
        if outcome.blame == "link":
            # Several that fail together are one failure of the link.
            if ticket.started_at >= self._link_failed_at:
                self._link_failures += 1
                self._link_failed_at = now
                for kind in (False, True):
                    wait_s = self._patience[kind].wait_s(self._link_failures, self._chance())
                    self._link_paused[kind] = now + max(wait_s, asked_s)
            return max(now, self._link_paused[urgent])
        if outcome.blame == "address":
            if ticket.started_at >= lane.failed_at:
                if not lane.failures:
                    lane.failing_since = now
                lane.failures, lane.failed_at = lane.failures + 1, now
            pause_s = self._patience[False].wait_s(lane.failures, self._chance())
            until = now + max(pause_s, asked_s)
            if until > lane.paused_until:
                lane.paused_until = until
                heapq.heappush(self._timers, (until, next(self._order), lane))
        return now + max(self._patience[urgent].wait_s(ticket.tried, self._chance()), asked_s)


def _is_stale(what: Ticket | Lane) -> bool:
    return isinstance(what, Ticket) and what.gone
