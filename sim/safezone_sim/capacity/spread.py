"""Generators in processes of this machine, or one on each worker of a Dask cluster. Each has its own zones.

They start by the wall clock, so machines must keep time (NTP); how far a worker's clock is off is asked first, and more
than 50 ms is refused. Latencies are taken on one machine each and need no common clock.
"""

import gc
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from typing import Any, Protocol

from safezone_sim.capacity.generator import Generator
from safezone_sim.capacity.outcome import Outcome, outcome_of
from safezone_sim.capacity.plan import Segment, make_plan
from safezone_sim.capacity.signing import Principal, key_of
from safezone_sim.capacity.target import Target
from safezone_sim.capacity.zones import Ground

CLOCK_OFF_MAX_S = 0.05
NICE = -10


@dataclass(frozen=True)
class Part:
    """One generator's share of a step. Everything it needs, by value."""

    zones: tuple[Ground, ...]
    segments: tuple[Segment, ...]
    target: Target
    profile: tuple[float, float]
    emergencies: float
    starts_at: float  # wall
    epoch: int
    drain_s: float
    limits_s: tuple[float, float]  # routine, emergency
    share: tuple[int, int] = (0, 1)
    watched: Mapping[str, Sequence[int]] = field(default_factory=dict)
    judged_s: float | None = None  # latencies are taken of what is due before; None: of all

    @property
    def seconds(self) -> float:
        return max((s.starts_s + s.seconds for s in self.segments), default=0.0)


class SpreadError(RuntimeError):
    """Generators cannot be spread as asked. The text says what to do."""


class Spread(Protocol):
    """Where generators run. ``size``: how many at once."""

    size: int

    def run(self, parts: Sequence[Part]) -> list[Outcome]: ...
    def close(self) -> None: ...


def run_part(part: Part) -> Outcome:
    """Write the messages, wait for the start, send and watch. Runs in a process of its own."""
    with _going_first():
        return _run_part(part)


def _run_part(part: Part) -> Outcome:
    began = time.monotonic()
    plan = make_plan(
        part.zones, part.segments, emergencies=part.emergencies, profile=part.profile, starts_at=part.starts_at,
        epoch=part.epoch, seed=part.epoch + part.share[0], share=part.share,
    )  # fmt: skip
    grounds = {ground.zone: ground for ground in part.zones}

    def person(zone: str, role: str, id_: str) -> Principal:
        ground = grounds[zone]
        key = key_of(ground.run, f"{zone}/{role}/{id_}")
        # Another epoch than the plan's: a camera has a place in both.
        return Principal(zone, role, id_, part.epoch + 1, key, exercise=ground.exercise)

    watched = {name: list(pids) for name, pids in part.watched.items()}
    generator = Generator(
        plan, part.target, part.epoch, person, name=f"cap-{part.share[0]}-{os.getpid()}", gauges=watched
    )
    # Hundreds of thousands of rows that stay: looking through them for garbage would hold up the schedule.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        made_s = time.monotonic() - began
        late_s = time.time() - part.starts_at
        seen = generator.run(time.monotonic() - min(0.0, late_s), part.seconds, part.drain_s)
    finally:
        generator.close()
        gc.enable()
        gc.unfreeze()
    out = outcome_of(seen, *part.limits_s, judged_s=part.judged_s)
    out.made_s, out.late_s = round(made_s, 2), round(max(0.0, late_s), 2)
    return out


@contextmanager
def _going_first() -> Iterator[None]:
    """On the hub's own machine the sender must keep its schedule all the same, as from a machine of its own.

    Only who may (root, CAP_SYS_NICE) can; without it a sender held up by the hub shows as lag.
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, min(before, NICE))
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


def shared_out(whole: Part, generators: int) -> list[Part]:
    """The zones of a step dealt to so many generators, like cards: every segment is shared evenly."""
    count = max(1, min(generators, len(whole.zones)))
    parts = []
    for mine in range(count):
        segments = tuple(
            replace(s, zones=len(range(mine, s.zones, count)), sharers=min(count, s.zones))
            for s in whole.segments
        )
        parts.append(replace(whole, zones=whole.zones[mine::count], segments=segments, share=(mine, count)))
    # What runs on this machine is looked at once.
    return [parts[0], *(replace(part, watched={}) for part in parts[1:])]


class Processes:
    """Processes of this machine."""

    def __init__(self, count: int = 1) -> None:
        self.size = count
        self._pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"))
        # Started now: what a process takes to begin must not come out of the first step.
        for started in [self._pool.submit(_now) for _ in range(count)]:
            started.result()

    def run(self, parts: Sequence[Part]) -> list[Outcome]:
        return list(self._pool.map(run_part, parts))

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


class Workers:
    """The workers of a Dask cluster, one generator each. SpreadError without any, or with clocks that disagree."""

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise SpreadError(
                "--scheduler 에는 Dask가 필요합니다. --scheduler needs Dask: pip install 'safezone[city]'"
            ) from None
        try:
            self._client: Any = Client(scheduler, timeout=10)
        except (OSError, TimeoutError) as error:
            raise SpreadError(f"--scheduler {scheduler}: no Dask scheduler answers there ({error})") from None
        self._names = sorted(self._client.scheduler_info()["workers"])
        self.size = len(self._names)
        if not self.size:
            self._client.close()
            raise SpreadError(f"--scheduler {scheduler}: it has no workers; start some with `dask worker`")
        self._check_clocks()

    def _check_clocks(self) -> None:
        before = time.time()
        clocks: dict[str, float] = self._client.run(_now)
        after = time.time()
        for name, now in clocks.items():
            off = max(before - now, now - after, 0.0)
            if off > CLOCK_OFF_MAX_S:
                self._client.close()
                raise SpreadError(
                    f"worker {name}: its clock is {off:.2f} s off; keep time on all machines (NTP), or they do not start together"
                )

    def run(self, parts: Sequence[Part]) -> list[Outcome]:
        futures = [
            self._client.submit(
                run_part, part, workers=[self._names[n]], pure=False, allow_other_workers=False
            )
            for n, part in enumerate(parts)
        ]
        found: list[Outcome] = self._client.gather(futures)
        return found

    def close(self) -> None:
        self._client.close()


def _now() -> float:
    return time.time()


def spread(scheduler: str | None, generators: int) -> Spread:
    """Where the generators run: on a Dask cluster when there is one to ask, else here."""
    return Workers(scheduler) if scheduler else Processes(generators)
