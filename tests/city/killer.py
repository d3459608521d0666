"""A worker that is killed in the middle of its first task; in a module of its own, for workers import it."""

import os
import signal
from typing import Any

from safezone_sim.city.school import SchoolTask, play_school


def die_once(task: SchoolTask) -> dict[str, Any]:
    """Kills its own process the first time that any school is played, then plays as others do."""
    assert task.out is not None
    mark = task.out / "killed"
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return play_school(task)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed processes do not go on")
