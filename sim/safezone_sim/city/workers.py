"""Where school tasks run: this process, local cores, or a Dask cluster. Each gives the results as they come.

A worker that is lost costs its tasks again and nothing else: tasks are pure, and their files are replaced whole.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from safezone_sim.city.choice import CityError
from safezone_sim.city.school import SchoolTask, play_school

POOLS = 4  # so often a broken pool of local workers is replaced

Row = dict[str, Any]
PlayOne = Callable[[SchoolTask], Row]
Lost = Callable[[int], None]  # told how many tasks a lost worker costs


def local_workers() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def play_here(tasks: Sequence[SchoolTask]) -> Iterator[Row]:
    """One after the other in this process."""
    for task in tasks:
        yield play_school(task)


def play_local(
    tasks: Sequence[SchoolTask], workers: int, lost: Lost = lambda n: None, one: PlayOne = play_school
) -> Iterator[Row]:
    """On ``workers`` local processes, each school by ``one``. Raises CityError if they die again and again."""
    left = {task.school.code: task for task in tasks}
    context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    if sys.platform == "linux":
        context.set_forkserver_preload(["safezone_sim.city.school"])
    for _ in range(POOLS):
        with ProcessPoolExecutor(min(workers, len(left)), mp_context=context) as pool:
            futures: dict[Future[Row], str] = {pool.submit(one, t): c for c, t in left.items()}
            try:
                for future in as_completed(futures):
                    row = future.result()
                    del left[futures[future]]
                    yield row
            except BrokenProcessPool:
                lost(len(left))
                continue
            return
    raise CityError(
        f"local workers died {POOLS} times with {len(left)} schools to go. Is memory short? Try --workers 1."
    )


def play_dask(tasks: Sequence[SchoolTask], scheduler: str) -> Iterator[Row]:
    """On the Dask cluster at ``scheduler``. Every worker must see the map and the results folder by the same path.

    Dask gives the tasks of a lost worker to another one, each up to ``allowed-failures`` times (3 by default).
    """
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ImportError as error:
        raise CityError(
            f"--scheduler {scheduler} needs Dask: pip install 'safezone[city]', or leave it out for local cores."
        ) from error
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, TimeoutError, ValueError) as error:
        raise CityError(
            f"--scheduler {scheduler}: no scheduler answers there ({error}). Start one with «dask scheduler»."
        ) from error
    with client:
        futures = [
            client.submit(play_school, task, key=f"school-{task.school.code}", pure=False) for task in tasks
        ]
        for future in completed(futures):
            yield future.result()
            future.release()


def play(
    tasks: Sequence[SchoolTask], workers: int | None, scheduler: str | None, lost: Lost = lambda n: None
) -> Iterator[Row]:
    """The rows of all schools, as they come."""
    if scheduler is not None:
        return play_dask(tasks, scheduler)
    count = workers or local_workers()
    return play_here(tasks) if count == 1 or len(tasks) == 1 else play_local(tasks, count, lost)
