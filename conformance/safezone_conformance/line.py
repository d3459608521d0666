"""The one way a case touches the world. Live it acts and records; in a replay it answers from the record.

A case is a deterministic function of its seed and of what a line gives back. It reads no clock, draws no random
numbers and starts no thread of its own, so that a replay comes to the same verdict.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from safezone_conformance.record import ANSWER, IN, OUT, Entry, Record

Perform = Callable[[], Mapping[str, Any]]


class Line(Protocol):
    """What a bench needs of the world. Times are seconds since the case began."""

    began_at: float

    def stamp(self) -> float:
        """A reading of the clock."""
        ...

    def out(self, via: str, content: Mapping[str, Any], perform: Callable[[], None]) -> Entry:
        """Record what is sent, then send it."""
        ...

    def ask(self, via: str, content: Mapping[str, Any], perform: Perform) -> tuple[Entry, Entry]:
        """Record a question, put it, record the answer."""
        ...

    def next(self, until: float) -> Entry | None:
        """The next thing that came, at ``until`` at the latest; None once that moment has passed without one."""
        ...


class LiveLine:
    """Acts on the real system. Drivers hand what comes to ``arrived`` from their own threads."""

    def __init__(self) -> None:
        self.began_at = time.time()
        self._zero = time.monotonic()
        self._entries: list[Entry] = []
        self._read = 0  # of _incoming
        self._incoming: list[Entry] = []
        self._changed = threading.Condition()
        self._closed = False

    def _add(self, direction: str, via: str, content: Mapping[str, Any]) -> Entry:
        # Under the lock: order of numbers is order of times.
        entry = Entry(len(self._entries), round(time.monotonic() - self._zero, 6), direction, via, content)
        self._entries.append(entry)
        return entry

    def stamp(self) -> float:
        with self._changed:
            return self._add(OUT, "clock", {}).t

    def out(self, via: str, content: Mapping[str, Any], perform: Callable[[], None]) -> Entry:
        with self._changed:
            entry = self._add(OUT, via, content)
        perform()
        return entry

    def ask(self, via: str, content: Mapping[str, Any], perform: Perform) -> tuple[Entry, Entry]:
        with self._changed:
            question = self._add(OUT, via, content)
        answer = perform()
        with self._changed:
            return question, self._add(ANSWER, via, answer)

    def arrived(self, via: str, content: Mapping[str, Any]) -> None:
        """From a driver: something came. Ignored once the case is over."""
        with self._changed:
            if not self._closed:
                self._incoming.append(self._add(IN, via, content))
                self._changed.notify_all()

    def next(self, until: float) -> Entry | None:
        with self._changed:
            while self._read >= len(self._incoming):
                left = until - (time.monotonic() - self._zero)
                if left <= 0:
                    return None
                self._changed.wait(left)
            entry = self._incoming[self._read]
            if entry.t > until:
                return None
            self._read += 1
            return entry

    def close(self) -> Record:
        """End the case; the record of it."""
        with self._changed:
            self._closed = True
            return Record(self.began_at, round(time.monotonic() - self._zero, 6), tuple(self._entries))


class Unlike(Exception):
    """A replay met something else than the record holds: it was altered, or is another suite's."""


class ReplayLine:
    """Answers from a record. Raises Unlike where the case would have done something else than the record says."""

    def __init__(self, record: Record) -> None:
        self.began_at = record.began_at
        self._ended_at = record.ended_at
        self._own = [e for e in record.entries if e.direction != IN]
        self._incoming = [e for e in record.entries if e.direction == IN]
        self._done = self._read = 0

    def _follow(self, direction: str, via: str, content: Mapping[str, Any] | None) -> Entry:
        if self._done >= len(self._own):
            raise Unlike(f"the record ends before the case does: it would now use {via}")
        entry = self._own[self._done]
        if entry.direction != direction or entry.via != via:
            raise Unlike(
                f"entry {entry.n}: recorded {entry.direction} {entry.via}, the case has {direction} {via}"
            )
        if content is not None and dict(entry.content) != dict(content):
            raise Unlike(f"entry {entry.n}: what the case sends is not what was recorded")
        self._done += 1
        return entry

    def stamp(self) -> float:
        return self._follow(OUT, "clock", {}).t

    def out(self, via: str, content: Mapping[str, Any], perform: Callable[[], None]) -> Entry:
        return self._follow(OUT, via, content)

    def ask(self, via: str, content: Mapping[str, Any], perform: Perform) -> tuple[Entry, Entry]:
        return self._follow(OUT, via, content), self._follow(ANSWER, via, None)

    def next(self, until: float) -> Entry | None:
        if self._read < len(self._incoming) and self._incoming[self._read].t <= until:
            self._read += 1
            return self._incoming[self._read - 1]
        if self._ended_at < until:
            raise Unlike(f"the case waited until {until:.3f} s, the record ends at {self._ended_at:.3f} s")
        return None

    def finish(self) -> None:
        """The case is over: nothing it sent may be left in the record. Raises Unlike."""
        if self._done < len(self._own):
            raise Unlike(f"entry {self._own[self._done].n}: recorded, but the case does no such thing")
