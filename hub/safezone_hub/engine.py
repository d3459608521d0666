"""The one worker: drains the inbound queue in batches, commits each once, then sends.

Everything that reads or changes the hub's memory runs here, HTTP queries too (``ask``): no locks,
and a query sees the state of the last commit. Nothing leaves before the commit that holds it.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from safezone_hub import pipeline
from safezone_hub.clock import Clock, format_time
from safezone_hub.codec import Address
from safezone_hub.link import Link
from safezone_hub.notices import Outgoing
from safezone_hub.pipeline import Work
from safezone_hub.settings import RuleSettings
from safezone_hub.store import Store
from safezone_hub.zones import ZoneDesk, Zones

log = logging.getLogger("safezone.hub")
T = TypeVar("T")

BATCH_MAX = 200
RECEIPTS_MAX = 200
STORE_RETRY_S = 1.0
_SENDING_ORDER = ("desk", "guardian", "dev")

_Ask = tuple[Callable[[Zones, Work], Any], "Future[Any]"]


class Engine:
    """Owns the zones. ``submit`` and ``ask`` may be called from any thread."""

    def __init__(self, store: Store, clock: Clock, settings: RuleSettings, hub_id: str) -> None:
        self._clock, self._hub_id = clock, hub_id
        self.zones = Zones(store, settings, hub_id)
        self._epoch = store.next_epoch(int(clock.now() * 1000))
        self._seq = 0
        self._inbox: queue.SimpleQueue[tuple[str, bytes] | _Ask | None] = queue.SimpleQueue()
        self._link: Link | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._stopping = False
        self.store_error: str | None = None
        self.failed: BaseException | None = None

    def start(self, link: Link) -> None:
        """Begin to work, and first say again what nobody acknowledged before the restart."""
        self._link = link
        for message in list(self.zones.outbox.open.values()):
            link.publish(message.topic, message.payload)
        link.flush()
        self._thread.start()

    def submit(self, arrivals: list[tuple[str, bytes]]) -> None:
        """Messages from the broker, in order: topic and payload."""
        for arrival in arrivals:
            self._inbox.put(arrival)

    def ask(self, question: Callable[[Zones, Work], T]) -> "Future[T]":
        """Run something on the hub's memory, in turn; what it writes is committed before it answers."""
        future: Future[T] = Future()
        self._inbox.put((question, future))
        return future

    def stop(self) -> None:
        """Finish the batch at hand and end."""
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)

    def is_running(self) -> bool:
        return self._thread.is_alive()

    # ------------------------------------------------------------------- the worker

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:
            log.exception("the engine stopped")
            self.failed = error

    def _turn(self) -> bool:
        """Wait for work, do one batch of it. False when told to stop."""
        taken: list[tuple[str, bytes] | _Ask] = []
        self._take(taken, self._patience())
        self._do(taken)
        return not self._stopping

    def _take(self, taken: list[tuple[str, bytes] | _Ask], wait_s: float | None = None) -> None:
        """Add what is in the inbox, up to a full batch; ``wait_s`` for the first."""
        try:
            while len(taken) < BATCH_MAX and not self._stopping:
                entry = self._inbox.get_nowait() if wait_s is None else self._inbox.get(timeout=wait_s)
                wait_s = None
                if entry is None:
                    self._stopping = True
                else:
                    taken.append(entry)
        except queue.Empty:
            pass

    def _patience(self) -> float:
        due = self.zones.next_due()
        return 5.0 if due is None else max(0.0, min(5.0, due - self._clock.now()))

    def _do(self, taken: list[tuple[str, bytes] | _Ask]) -> None:
        """One batch: judge, commit, send. When the store fails, start over from what it holds."""
        while True:
            work, answers = Work(), []
            try:
                for entry in taken:
                    if isinstance(entry[0], str):
                        pipeline.run(self.zones, work, entry[0], entry[1], self._clock.now())
                    else:
                        answers.append(self._answer(work, entry))
                self._fire_due(work)
                for zone in sorted(work.touched):
                    self.zones.desk(zone).save(work.batch)
                if not work.batch.is_empty():
                    self.zones.store.write(work.batch)
                self.store_error = None
                break
            except OSError as error:
                self.store_error = str(error)
            except Exception as error:
                if type(error).__module__ != "sqlite3":
                    raise
                self.store_error = str(error)
            self._load_again()
        self._send(work)
        for future, result, failure in answers:
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(result)

    def _load_again(self) -> None:
        """Back to what the store holds, however long that takes."""
        while True:
            log.error("store: %s; trying again", self.store_error)
            threading.Event().wait(STORE_RETRY_S)
            try:
                self.zones.load(restarted=False)
                return
            except Exception as error:
                if not isinstance(error, OSError) and type(error).__module__ != "sqlite3":
                    raise
                self.store_error = str(error)

    def _answer(self, work: Work, entry: _Ask) -> tuple["Future[Any]", Any, Exception | None]:
        question, future = entry
        try:
            return future, question(self.zones, work), None
        except Exception as error:
            if type(error).__module__ == "sqlite3":
                raise
            return future, None, error

    def _fire_due(self, work: Work) -> None:
        """Timers of zones on the hub's own time."""
        now = self._clock.now()
        for desk in list(self.zones.desks.values()):
            due = desk.state.next_due()
            if desk.state.zone.clock_drill is None and due is not None and due <= now:
                self.zones.bring_to_time(work, desk, now)
                desk.log(work.batch, now, "time", "", b"{}")

    # ------------------------------------------------------------------- after the commit

    def _send(self, work: Work) -> None:
        self._send_receipts(work)
        zones, now = self.zones, self._clock.now()
        down = sorted(work.outgoing, key=_most_urgent_first) + work.again
        for desk in zones.desks.values():
            if desk.say_again and desk.zone in work.heard_from:
                desk.say_again = False
                down += zones.outbox.of_zone(desk.zone)
            if desk.state.zone.clock_drill is None:
                down += zones.outbox.take_due(desk.zone, now)
        for message in down:
            self._publish(message.topic, message.payload)
        for zone, clock in work.ticked.items():
            self._send_clock_ack(zones.desk(zone), clock)
        if self._link is not None:
            self._link.flush()

    def _send_receipts(self, work: Work) -> None:
        """Emergencies alone and first; routine grouped by sender."""
        grouped: dict[Address, list[dict[str, str]]] = {}
        for address, receipt, emergency in work.receipts:
            if emergency:
                self._send_down(address, "receipt", {"receipts": [receipt]})
            else:
                grouped.setdefault(address, []).append(receipt)
        for address, receipts in grouped.items():
            for start in range(0, len(receipts), RECEIPTS_MAX):
                self._send_down(address, "receipt", {"receipts": receipts[start : start + RECEIPTS_MAX]})

    def _send_clock_ack(self, desk: ZoneDesk, clock: Address) -> None:
        zone = desk.state.zone
        drill = desk.view.drills.get(zone.clock_drill or "")
        if drill is not None and drill.clock is not None and drill.clock.id == clock.id and zone.tick >= 0:
            self._send_down(clock, "clock.ack", {"tick": zone.tick, "now": format_time(zone.now)})

    def _send_down(self, to: Address, type_: str, data: dict[str, Any]) -> None:
        self._seq += 1
        topic = f"safezone/v1/{to.zone}/{to.role}/{to.id}/down"
        now = self.zones.zone_time(self.zones.desk(to.zone), self._clock.now())
        payload = self.zones.writer.unnumbered(
            topic, to.zone, type_, data, self._epoch, self._seq, now, to.source
        )
        if payload is not None:
            self._publish(topic, payload)

    def _publish(self, topic: str, payload: bytes) -> None:
        assert self._link is not None
        self._link.publish(topic, payload)


def _most_urgent_first(message: Outgoing) -> int:
    return _SENDING_ORDER.index(message.settled_by.partition("/")[0])
