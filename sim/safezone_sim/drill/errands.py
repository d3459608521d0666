"""What people and the hub hand to a drill's own thread, one thing after the other. It knows nothing of drills."""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

log = logging.getLogger("safezone.drill")

T = TypeVar("T")
DONE_WITHIN_S = 60.0


class Errands:
    """Put from any thread, done by whoever calls ``drain``. ``wake`` is set when something was put."""

    def __init__(self, drill: str) -> None:
        self._drill = drill
        self._todo: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any] | None]] = queue.SimpleQueue()
        self.wake = threading.Event()

    def put(self, act: Callable[[], Any]) -> None:
        """Something to be done; nobody waits for it."""
        self._hand_over(act, None)

    def do(self, act: Callable[[], T]) -> T:
        """Waits until it is done, and gives its outcome or raises what it raised."""
        future: Future[T] = Future()
        self._hand_over(act, future)
        return future.result(timeout=DONE_WITHIN_S)

    def drain(self) -> None:
        """Does all there is."""
        for act, future in iter(self._next, None):
            try:
                outcome = act()
            except Exception as e:
                if future is None:
                    log.exception("drill %s: %s", self._drill, e)
                else:
                    future.set_exception(e)
            else:
                if future is not None:
                    future.set_result(outcome)

    def refuse(self, why: Exception) -> None:
        """Nothing of what is left will be done."""
        for _, future in iter(self._next, None):
            if future is not None:
                future.set_exception(why)

    def _hand_over(self, act: Callable[[], Any], future: Future[Any] | None) -> None:
        self._todo.put((act, future))
        self.wake.set()

    def _next(self) -> tuple[Callable[[], Any], Future[Any] | None] | None:
        try:
            return self._todo.get_nowait()
        except queue.Empty:
            return None
