"""Keeping no longer than the law allows: every so often, a little at a time, on the engine's thread.

Positions, paths and the bodies of messages go after the retention time, records of fact and settled
notices later. Before the log's bodies go, the state is saved as a snapshot, so that what is left can
still be replayed.
"""

import logging
import threading
from concurrent.futures import TimeoutError as FutureTimeout

from safezone_hub.clock import Clock
from safezone_hub.engine import Engine
from safezone_hub.keeping import keep_less
from safezone_hub.pipeline import Work
from safezone_hub.zones import Zones

log = logging.getLogger("safezone.hub")

EVERY_S = 600.0
OFFER_EVERY_S = 30.0
RECEIPT_WAIT_S = 2 * 86400.0  # a text that nobody confirmed for so long is given up


class Housekeeping:
    """A thread that asks the engine, and stops when there is nothing more to do for a while."""

    def __init__(self, engine: Engine, clock: Clock, every_s: float = EVERY_S) -> None:
        self._engine, self._clock, self._every_s = engine, clock, every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        rested = 0.0
        while not self._stopping.wait(min(OFFER_EVERY_S, self._every_s)):
            try:
                self._engine.offer_again()
                rested += OFFER_EVERY_S
                if rested < self._every_s:
                    continue
                rested = 0.0
                self._give_up_unconfirmed()
                while self.once() and not self._stopping.wait(0.05):
                    pass
            except Exception:
                log.exception("housekeeping failed; it will be tried again")

    def _give_up_unconfirmed(self) -> None:
        wall = self._clock.now()

        def give_up(zones: Zones, work: Work) -> None:
            for delivery in list(zones.deliveries.open.values()):
                if delivery.state == "sent" and wall - delivery.changed_at > RECEIPT_WAIT_S:
                    zones.deliveries.move(work.batch, delivery, "failed", wall, "no delivery receipt came")

        self._engine.ask(give_up)

    def once(self) -> bool:
        """One short step; whether there is more to do."""
        wall = self._clock.now()
        future = self._engine.between(lambda zones: keep_less(zones, wall))
        while not self._stopping.is_set():
            try:
                return bool(future.result(timeout=0.5))
            except FutureTimeout:
                continue
        return False
