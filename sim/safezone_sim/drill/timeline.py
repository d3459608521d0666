"""What happened in a drill, in order: an append-only list of events, kept in a file as they come."""

import json
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Listener = Callable[[dict[str, Any]], None]


class Timeline:
    """Events numbered from 1. ``at`` turns seconds after midnight into RFC 3339. May be read from any thread.

    ``events``: those that the file has already.
    """

    def __init__(
        self, path: Path | None, at: Callable[[float], str], events: Iterable[dict[str, Any]] = ()
    ) -> None:
        self._at, self._path = at, path
        self._lock = threading.Lock()
        self._events = list(events)
        self._listeners: list[Listener] = []

    def add(self, t: float, kind: str, text: tuple[str, str], **more: Any) -> dict[str, Any]:
        """Writes down one event; ``text`` is Korean, English. Members that are None are left out."""
        with self._lock:
            event: dict[str, Any] = {
                "n": len(self._events) + 1,
                "t": round(t, 3),
                "at": self._at(t),
                "wall": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "kind": kind,
                "text": {"ko": text[0], "en": text[1]},
                "exercise": True,
                **{k: v for k, v in more.items() if v is not None},
            }
            self._events.append(event)
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(event, ensure_ascii=False) + "\n")
            listeners = list(self._listeners)
        for listener in listeners:
            listener(event)
        return event

    def after(self, n: int) -> list[dict[str, Any]]:
        """Events with numbers above ``n``."""
        with self._lock:
            return self._events[n:]

    @property
    def last(self) -> int:
        with self._lock:
            return len(self._events)

    def listen(self, listener: Listener) -> None:
        """Calls ``listener`` with every event from now on, in the thread that adds it."""
        with self._lock:
            self._listeners.append(listener)

    def forget(self, listener: Listener) -> None:
        """Calls it no longer."""
        with self._lock:
            self._listeners = [other for other in self._listeners if other is not listener]
