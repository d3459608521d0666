"""What the machine spends while the load lasts: processor time and memory of groups of processes on this machine."""

import os
import time
from collections.abc import Mapping, Sequence

import psutil


class Gauges:
    """Groups of processes by name. Shares are of one core: 1.0 is a core that was busy all the time."""

    def __init__(self, groups: Mapping[str, Sequence[int]]) -> None:
        self._groups = {name: tuple(pids) for name, pids in groups.items() if pids}
        self._seconds = self._used()
        self._began = time.monotonic()
        self._machine = _machine()

    def shares(self) -> dict[str, float]:
        """Processor time since the beginning, by group, and ``machine``: the share of all cores that was busy."""
        passed = max(1e-9, time.monotonic() - self._began)
        used = self._used()
        found = {name: round((used[name] - self._seconds[name]) / passed, 3) for name in self._groups}
        busy, total = _machine()
        found["machine"] = round((busy - self._machine[0]) / max(1e-9, total - self._machine[1]), 3)
        return found

    def rss_mb(self) -> dict[str, float]:
        """Resident memory now, MB (10^6 bytes)."""
        return {name: round(sum(map(_rss, pids)) / 1e6, 1) for name, pids in self._groups.items()}

    def _used(self) -> dict[str, float]:
        return {name: sum(map(_cpu_s, pids)) for name, pids in self._groups.items()}


def family(pid: int) -> list[int]:
    """A process and everything it started that is still there."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return []


def this_machine() -> dict[str, object]:
    """What a figure should be read beside."""
    uname = os.uname()
    return {
        "cores": os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 1e6),
        "system": f"{uname.sysname} {uname.release} {uname.machine}",
    }


def _cpu_s(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _rss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _machine() -> tuple[float, float]:
    """Busy and total seconds of all cores."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    total = float(
        sum(
            getattr(times, name)
            for name in ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
            if hasattr(times, name)
        )
    )
    return total - float(idle), total
