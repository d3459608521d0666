"""Peak memory of a run: the sum over this process and all its children, sampled while the run lasts."""

import threading
from pathlib import Path

import psutil

EVERY_S = 0.5


def _proportional(pid: int) -> int:
    """Proportional set size in bytes; 0 where the system does not tell it. The summed-up file: the long one is slow."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


class PeakMemory:
    """A context that samples. ``peak_mb``: proportional set size where the system tells it, else resident size.

    Shared pages count once in the proportional sum. Processes of a Dask cluster are not this process's children
    and are not seen.
    """

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._sample()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            self._sample()

    def _sample(self) -> None:
        me = psutil.Process()
        total = 0
        for process in (me, *me.children(recursive=True)):
            try:
                total += _proportional(process.pid) or process.memory_info().rss
            except psutil.Error:
                continue  # it has just ended
        self.peak_mb = max(self.peak_mb, total / 2**20)
