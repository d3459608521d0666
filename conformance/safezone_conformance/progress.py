"""Progress of a run. Tells of each case as soon as its verdict is stored, whichever worker or lane decided it; and what is still awaited.

pytest reports its items in their order: behind one that waits for minutes a thousand decided ones would stay unheard.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from safezone_conformance.folder import CASES, BadFolder, Folder, Kept, file_name

POLL_S = 0.5
QUIET_S = 15.0  # so long nothing is decided before it is said what is awaited
NAMED = 4

Decided = Callable[[Kept], None]
Awaited = Callable[[Sequence[str]], None]


class Watch:
    """Reads a run's folder while others write it. ``decided`` and ``awaited`` are called from its own thread."""

    def __init__(self, out: Path, decided: Decided, awaited: Awaited) -> None:
        self._out, self._decided, self._awaited = out, decided, awaited
        self._told: dict[str, float] = {}  # file name → when it was written
        self._expected: dict[str, str] = {}  # file name → case
        self._over = threading.Event()
        self._changed_at = time.monotonic()
        for path in self._files():
            self._told[path.stem] = path.stat().st_mtime

    def expect(self, cases: Sequence[str]) -> None:
        """The cases of this run; those that have a verdict from before are not awaited."""
        self._expected = {file_name(c): c for c in cases}

    def _files(self) -> Iterator[Path]:
        return (self._out / CASES).glob("*.json")

    def look(self) -> None:
        """Tell of what is new."""
        for path in self._files():
            written = path.stat().st_mtime
            if self._told.get(path.stem) == written:
                continue
            self._told[path.stem] = written
            self._changed_at = time.monotonic()
            try:
                self._decided(Folder(self._out).kept_in(path))
            except BadFolder:  # the run itself will say so
                continue
        if time.monotonic() - self._changed_at >= QUIET_S:
            self._changed_at = time.monotonic()
            self._awaited([name for stem, name in self._expected.items() if stem not in self._told])

    def _run(self) -> None:
        while not self._over.wait(POLL_S):
            self.look()

    @contextmanager
    def running(self) -> Iterator["Watch"]:
        """Watches while the block runs, and tells of the last at its end."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()
            self.look()


def in_words(cases: Sequence[str]) -> str:
    """The first few of them."""
    more = len(cases) - NAMED
    return ", ".join(cases[:NAMED]) + (f" … +{more}" if more > 0 else "")


class Collector:
    """A pytest plugin in place of its terminal: which cases there are, and what goes wrong besides them."""

    def __init__(self, collected: Callable[[Sequence[str]], None]) -> None:
        self._collected = collected
        self.interrupted = False
        self.errors: list[str] = []
        self.failed: dict[str, str] = {}

    def pytest_collection_finish(self, session: Any) -> None:
        if session.items:  # with workers it is they who collect
            self._collected([name_of(item.nodeid) for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        self._collected([name_of(i) for i in ids])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.outcome == "failed":
            text = str(getattr(report, "longreprtext", "") or report.nodeid)
            if report.when == "call":  # a verdict, or the tool's own failure: the folder knows
                self.failed[name_of(report.nodeid)] = text
            else:
                self.errors.append(text)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.errors.append(str(report.longreprtext))

    def pytest_internalerror(self, excrepr: Any) -> None:
        self.errors.append(str(excrepr))

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        if str(excinfo.value):  # pytest.exit of a worker that cannot test
            self.errors.append(str(excinfo.value))
        self.interrupted = True


def name_of(node: str) -> str:
    """The case of a pytest node id."""
    return re.sub(r"\](@share[0-9]+)?$", "", node.partition("::test_case[")[2])
