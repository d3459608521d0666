"""The control room as SimPy queues: operators, one radio channel or several, patrols. One run, one Outcome.

A call waits for an operator (emergencies first, nobody is cut off) and is assessed; once it is clear that somebody
must go, the order waits for the nearest free patrol and for the radio while the operator talks on. The patrol turns out, drives, reports its arrival, works, reports that it
is clear, and is back at its post at once (a simplification that flatters by one return trip). Operators who go off
duty finish their call. An alert does not hang up: nobody leaves the queue.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Protocol

import numpy as np
import simpy

from safezone_sim.staffing.calls import Calls, FloatArray
from safezone_sim.staffing.plan import Staffing

_OFF_DUTY = -1  # priority of going off duty: before every call


class Travel(Protocol):
    """How far the posts are from where calls come from."""

    def metres(self, point: int, posts: Sequence[int], draw: float) -> tuple[int, float]:
        """The nearest of ``posts`` (not empty) to a point and the metres along the streets."""


@dataclass(frozen=True)
class Staff:
    """Who is on duty: per shift of the plan, in its order."""

    operators: tuple[int, ...]
    patrols: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """Seconds from each call's arrival, in the order of the calls; NaN where nobody was sent."""

    answered: FloatArray
    dispatched: FloatArray
    arrived: FloatArray
    operator_busy_s: float
    patrol_busy_s: float
    radio_busy_s: float


class Fleet:
    """Patrols by post. The most urgent, then the longest waiting call gets the nearest unit that is free."""

    def __init__(self, env: simpy.Environment, travel: Travel, units: int) -> None:
        self._env, self._travel = env, travel
        self._free = [True] * units
        self._on_duty = units
        self._waiting: list[tuple[int, int, Any]] = []
        self._count = 0

    def set_on_duty(self, units: int) -> None:
        """Units 0 … ``units`` - 1 take new calls from now on."""
        self._on_duty = units
        self._serve()

    def take(self, priority: int, point: int, draw: float) -> Any:
        """An event that comes with (unit, metres) when a unit has been given to this call."""
        event = self._env.event()
        heappush(self._waiting, (priority, self._count, (event, point, draw)))
        self._count += 1
        self._serve()
        return event

    def give_back(self, unit: int) -> None:
        self._free[unit] = True
        self._serve()

    def _serve(self) -> None:
        while self._waiting:
            posts = [u for u in range(self._on_duty) if self._free[u]]
            if not posts:
                return
            _, _, (event, point, draw) = heappop(self._waiting)
            unit, metres = self._travel.metres(point, posts, draw)
            self._free[unit] = False
            event.succeed((unit, metres))


def run_room(plan: Staffing, staff: Staff, calls: Calls, travel: Travel, *, draws: FloatArray) -> Outcome:
    """Serves every call to its end. ``draws`` (calls,) are uniform numbers for a travel that needs chance."""
    env = simpy.Environment()
    room = _Room(env, plan, staff, calls, travel, draws)
    env.process(room.arrivals())
    env.run()
    return room.outcome()


class _Room:
    def __init__(
        self,
        env: simpy.Environment,
        plan: Staffing,
        staff: Staff,
        calls: Calls,
        travel: Travel,
        draws: FloatArray,
    ) -> None:
        self.env, self.plan, self.staff, self.calls, self.draws = env, plan, staff, calls, draws
        self.most = max(staff.operators)
        self.operators = simpy.PriorityResource(env, self.most)
        self.radio = simpy.PriorityResource(env, plan.radio.channels)
        self.fleet = Fleet(env, travel, max(staff.patrols))
        self.answered = np.full(len(calls), np.nan)
        self.dispatched = np.full(len(calls), np.nan)
        self.arrived = np.full(len(calls), np.nan)
        self.operator_busy_s = self.patrol_busy_s = self.radio_busy_s = 0.0
        end = float(calls.t[-1]) if len(calls) else 0.0
        for n in range(len(staff.operators)):
            env.process(self._shift(n, end))

    def _shift(self, n: int, end: float) -> Generator[Any, Any, None]:
        """Every day: those not on duty in this shift hold their seats; the fleet is cut to its patrols."""
        start, stop = self.plan.shift[n].seconds()
        away = self.most - self.staff.operators[n]
        at = start - 86_400.0 if stop > 86_400.0 else start  # the shift running at the first midnight
        while at <= end:
            if at > self.env.now:
                yield self.env.timeout(at - self.env.now)
            self.fleet.set_on_duty(self.staff.patrols[n])
            until = at + (stop - start)
            for _ in range(away):
                self.env.process(self._off_duty(until))
            at += 86_400.0
            # Wake when the next one starts; in between nothing changes.

    def _off_duty(self, until: float) -> Generator[Any, Any, None]:
        with self.operators.request(priority=_OFF_DUTY) as seat:
            yield seat
            if until > self.env.now:
                yield self.env.timeout(until - self.env.now)

    def arrivals(self) -> Generator[Any, Any, None]:
        for i, t in enumerate(self.calls.t.tolist()):
            if t > self.env.now:
                yield self.env.timeout(t - self.env.now)
            self.env.process(self._call(i))

    def _call(self, i: int) -> Generator[Any, Any, None]:
        env, calls = self.env, self.calls
        arrived_at, priority = env.now, int(calls.priority[i])
        with self.operators.request(priority=priority) as operator:
            yield operator
            self.answered[i] = env.now - arrived_at
            talk = float(calls.talk_s[i])
            self.operator_busy_s += talk
            until_decided = talk * self.plan.desk.decided_after
            yield env.timeout(until_decided)
            if calls.dispatched[i]:
                env.process(self._dispatch(i, arrived_at, priority))
            yield env.timeout(talk - until_decided)

    def _dispatch(self, i: int, arrived_at: float, priority: int) -> Generator[Any, Any, None]:
        env, calls, patrols = self.env, self.calls, self.plan.patrols
        unit, metres = yield self.fleet.take(priority, int(calls.point[i]), float(self.draws[i]))
        taken_at = env.now
        yield from self._transmit(priority)
        self.dispatched[i] = env.now - arrived_at
        yield env.timeout(patrols.turnout_s.value + metres / (patrols.speed_kmh.value / 3.6))
        self.arrived[i] = env.now - arrived_at
        yield from self._transmit(2)
        yield env.timeout(float(calls.on_scene_s[i]))
        yield from self._transmit(2)
        self.patrol_busy_s += env.now - taken_at
        self.fleet.give_back(unit)

    def _transmit(self, priority: int) -> Generator[Any, Any, None]:
        with self.radio.request(priority=priority) as slot:
            yield slot
            yield self.env.timeout(self.plan.radio.transmission_s)
            self.radio_busy_s += self.plan.radio.transmission_s

    def outcome(self) -> Outcome:
        return Outcome(
            self.answered,
            self.dispatched,
            self.arrived,
            self.operator_busy_s,
            self.patrol_busy_s,
            self.radio_busy_s,
        )
