"""The one worker: drains what arrived in batches, commits each once, then sends.

Everything that reads or changes the hub's memory runs here, HTTP queries too (``ask``): no locks,
and a query sees the state of the last commit. Nothing leaves before the commit that holds it.
"""

import gc
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from safezone_hub import effects, pipeline
from safezone_hub.clock import Clock, format_time
from safezone_hub.codec import Address
from safezone_hub.deliveries import Delivery
from safezone_hub.inbox import Inbox
from safezone_hub.link import Link
from safezone_hub.notices import Outgoing
from safezone_hub.pipeline import Work
from safezone_hub.settings import RuleSettings
from safezone_hub.store import Row, Store, StoreUnavailable
from safezone_hub.zones import ZoneDesk, Zones

log = logging.getLogger("safezone.hub")
T = TypeVar("T")

BATCH_MAX = 200
BATCH_BEHIND_MAX = 600  # when much waits: a commit and what each zone costs are then shared by more
BEHIND = 1000
# An emergency waits for the batch at hand and goes with the next: on a slow machine batches must be smaller.
BATCH_S = 1.0
REGISTRY_MANY = 100
RECEIPTS_MAX = 200
STORE_RETRY_S = 1.0
POISONS_KEPT = 1000
_SENDING_ORDER = ("desk", "guardian", "dev")

Arrival = tuple[str, bytes]
Ask = tuple[Callable[[Zones, Work], Any], "Future[Any]"]
CommitListener = Callable[[list[Row]], None]


class Engine:
    """Owns the zones. ``submit`` and ``ask`` may be called from any thread."""

    def __init__(
        self, store: Store, clock: Clock, settings: RuleSettings, hub_id: str, *, one_by_one: bool = False
    ) -> None:
        """``one_by_one``: begin with no zone; they come by ``take_in`` and leave by ``let_go``."""
        self._clock, self._hub_id = clock, hub_id
        self.zones = Zones(store, settings, hub_id, one_by_one=one_by_one)
        self._epoch = store.next_epoch(int(clock.now() * 1000))
        self._seq = 0
        self.inbox: Inbox[Ask] = Inbox()
        self._link: Link | None = None
        self._courier: Callable[[list[Delivery]], None] | None = None
        self._listeners: list[CommitListener] = []
        self._between: deque[tuple[Callable[[Zones], Any], Future[Any]]] = deque()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._stopping = False
        self._message_s = 1e-4  # what a message of the last batches took
        self._reconnected = threading.Event()
        self._poisons: dict[bytes, bool] = {}  # messages the hub fails on, and whether their call was told
        self.store_error: str | None = None
        self.failed: BaseException | None = None
        # The zones this process has; None: all. Read from any thread, replaced on the engine's.
        self.owned: frozenset[str] | None = frozenset() if one_by_one else None
        self.on_registry: Callable[[], None] | None = None  # the registry changed
        self.observe_batch: Callable[[Work, float, float], None] | None = None  # for metrics

    def start(self, link: Link, courier: Callable[[list[Delivery]], None] | None = None) -> None:
        """Begin to work, and first say again what nobody acknowledged before the restart."""
        self._link, self._courier = link, courier
        self._say_again()
        gc.freeze()
        if courier is not None:
            courier([d for d in self.zones.deliveries.open.values() if d.state == "queued"])
        self._thread.start()

    def on_commit(self, listener: CommitListener) -> None:
        """Call with the feed rows of each commit, on the engine's thread; must return at once."""
        self._listeners.append(listener)

    def submit(self, arrivals: list[Arrival]) -> None:
        """Messages from the broker, in order: topic and payload. Emergencies overtake routine."""
        self.inbox.put_messages(arrivals, self._may_overtake)

    def ask(self, question: Callable[[Zones, Work], T], *, ahead: bool = False) -> "Future[T]":
        """Run something on the hub's memory; what it writes is committed before it answers.

        It sees every message that arrived before it, or with ``ahead`` waits for none of them.
        """
        future: Future[T] = Future()
        self.inbox.put_question((question, future), ahead)
        return future

    def between(self, task: Callable[[Zones], T]) -> "Future[T]":
        """Run something between two batches, when memory and store agree. It must be short."""
        future: Future[T] = Future()
        self._between.append((task, future))
        self.inbox.wake()
        return future

    def offer_again(self) -> "Future[None]":
        """Give the courier what it may have had no room for; it knows what it has."""

        def offer(zones: Zones) -> None:
            if self._courier is not None:
                self._courier([d for d in zones.deliveries.open.values() if d.state == "queued"])

        return self.between(offer)

    def take_in(self, zones: list[str], epoch: int) -> "Future[None]":
        """Zones that now belong to this process: load them, and say again what is open once they show life.

        ``epoch``: a new one for the hub's own messages, above that of whoever had the zones before.
        """

        def take(held: Zones) -> None:
            held.store.refresh()
            for zone in zones:
                held.load_zone(zone, restarted=True)
            gc.freeze()
            self._epoch, self._seq = epoch, 0
            self.owned = (self.owned or frozenset()) | set(zones)
            if self._courier is not None:
                queued = [d for d in held.deliveries.open.values() if d.state == "queued" and d.zone in zones]
                self._courier(queued)

        return self.between(take)

    def let_go(self, zone: str, urgent: bool) -> "Future[bool]":
        """Forget a zone between two commits; False while a channel still has something of it, unless ``urgent``.

        Its messages are not taken from the first call on: they get no receipt, and are repeated to whoever has it next.
        """

        def leave(held: Zones) -> bool:
            self.owned = (self.owned or frozenset()) - {zone}
            if not urgent and any(
                d.zone == zone and d.state == "queued" for d in held.deliveries.open.values()
            ):
                self.owned |= {zone}
                return False
            held.drop_zone(zone)
            return True

        return self.between(leave)

    def give_up(self, why: BaseException) -> None:
        """Stop at once: somebody else has what was here. Nothing more is written or sent."""
        self.failed, self._stopping = why, True
        self.owned = frozenset()
        self.inbox.wake()

    def reconnected(self) -> None:
        """The broker was away: what was published meanwhile is said again."""
        self._reconnected.set()
        self.inbox.wake()

    def stop(self) -> None:
        """Finish the batch at hand and end."""
        self._stopping = True
        self.inbox.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)

    def is_running(self) -> bool:
        return self._thread.is_alive()

    # ------------------------------------------------------------------- the worker

    def _run(self) -> None:
        try:
            while self.failed is None and (not self._stopping or len(self.inbox)):
                self._turn()
        except BaseException as error:
            log.exception("the engine stopped")
            self.failed = self.failed or error

    def _turn(self) -> None:
        """Wait for work, do one batch of it."""
        messages, questions = self.inbox.take(self._batch_limit(), self._patience())
        if self._reconnected.is_set():
            self._reconnected.clear()
            self._say_again()
        self._do(messages, questions)
        while self._between and not self._stopping:
            task, future = self._between.popleft()
            try:
                _resolve(future, task(self.zones), None)
            except Exception as error:
                _resolve(future, None, error)

    def _batch_limit(self) -> int:
        """When much waits, so many messages as are judged in ``BATCH_S`` by what the last ones took, at least the usual."""
        if len(self.inbox) <= BEHIND:
            return BATCH_MAX
        return max(BATCH_MAX, min(BATCH_BEHIND_MAX, int(BATCH_S / self._message_s)))

    def _patience(self) -> float:
        due = self.zones.next_due()
        return 5.0 if due is None else max(0.0, min(5.0, due - self._clock.now()))

    def _may_overtake(self, topic: str) -> bool:
        """Not while an exercise clock has the zone: there the order of arrival is the order of time."""
        zone = topic.split("/", 3)[2:3]
        desk = self.zones.desks.get(zone[0]) if zone else None
        return desk is None or desk.state.zone.clock_drill is None

    def _do(self, messages: list[Arrival], questions: list[Ask]) -> None:
        """One batch: judge, commit, send. When the store fails, start over from what it holds."""
        while True:
            work, answers = Work(), []
            self.zones.making = work.batch
            try:
                began = time.perf_counter()
                set_aside = self._judge(work, messages)
                now = self._clock.now()
                answers = [self._answer(work, question) for question in questions]
                self.zones.watch_clocks(work, now)
                self._fire_due(work)
                effects.finish(self.zones, work, now)
                for zone in sorted(work.touched):
                    self.zones.desk(zone).save(work.batch)
                judged = time.perf_counter()
                if not work.batch.is_empty():
                    if self.zones.settings.early_receipts:
                        self._send_receipts(work)  # a planted fault, for the proof that it is noticed
                    self.zones.store.write(work.batch)
                self.store_error = None
                self._remember(work)
                self._poisons.update(dict.fromkeys(set_aside, True))
                break
            except Poison as poison:
                self._poisons[poison.payload] = False
                if len(self._poisons) > POISONS_KEPT:
                    raise
            except StoreUnavailable as error:
                self.store_error = str(error) or type(error).__name__
                log.error("store unavailable; trying again")
                threading.Event().wait(STORE_RETRY_S)
            self._load_again()
        ended = time.perf_counter()
        if len(messages) >= BATCH_MAX:
            self._message_s += 0.5 * ((judged - began) / len(messages) - self._message_s)
        if self.observe_batch is not None and (messages or questions):
            self.observe_batch(work, judged - began, ended - judged)
        self._send(work)
        for future, result, failure in answers:
            _resolve(future, result, failure)

    def _judge(self, work: Work, messages: list[Arrival]) -> list[bytes]:
        """All messages of a batch. One that the hub itself fails on ends it (Poison); those set aside before are returned."""
        begun, set_aside = [], []
        owned = self.owned
        for topic, payload in messages:
            if owned is not None and topic.split("/", 3)[2] not in owned:
                continue  # another shard's by now: not receipted, so it is sent again, to that one
            now = self._clock.now()
            if payload in self._poisons:
                pipeline.quarantine(self.zones, work, topic, payload, now, tell=not self._poisons[payload])
                set_aside.append(payload)
            else:
                begun.append(pipeline.begin(self.zones, work, topic, payload, now))
        pipeline.look_up(self.zones, work, begun)
        for message in begun:
            try:
                pipeline.run(self.zones, work, message)
            except StoreUnavailable:
                raise
            except Exception as error:
                log.exception("a message the hub fails on is set aside")
                raise Poison(message.payload) from error
        return set_aside

    def _remember(self, work: Work) -> None:
        """What was just committed, for its repeats; nothing while keys change."""
        if work.batch.registry or work.batch.unregistered or work.batch.erase:
            self.zones.recent.clear()
        else:
            self.zones.recent.add(work.accepted)

    def _load_again(self) -> None:
        """Back to what the store holds, however long that takes."""
        while True:
            try:
                self.zones.load(restarted=False)
                return
            except StoreUnavailable as error:
                self.store_error = str(error) or type(error).__name__
                threading.Event().wait(STORE_RETRY_S)

    def _answer(self, work: Work, question: Ask) -> tuple["Future[Any]", Any, Exception | None]:
        ask, future = question
        try:
            return future, ask(self.zones, work), None
        except StoreUnavailable:
            raise
        except Exception as error:
            return future, None, error

    def _fire_due(self, work: Work) -> None:
        """What is due by the hub's own time."""
        now = self._clock.now()
        for desk in list(self.zones.desks.values()):
            state = desk.state
            real = state.incident_due(real=True)
            dues = [real] if real is not None else []
            if state.zone.clock_drill is None:
                dues += [d for d in (state.next_due(), state.incident_due(real=False)) if d is not None]
            if dues and min(dues) <= now:
                self.zones.bring_to_time(work, desk, now)
                desk.log(work.batch, now, "time", "", b"{}")
            work.jobs += self.zones.deliveries.take_due(work.batch, desk.zone, True, now)
            if state.zone.clock_drill is None:
                work.jobs += self.zones.deliveries.take_due(work.batch, desk.zone, False, now)

    # ------------------------------------------------------------------- after the commit

    def _send(self, work: Work) -> None:
        if not self.zones.settings.early_receipts:
            self._send_receipts(work)
        zones, now = self.zones, self._clock.now()
        down = sorted(work.outgoing, key=_most_urgent_first) + work.again
        for desk in zones.desks.values():
            if desk.say_again and desk.zone in work.heard_from:
                desk.say_again = False
                down += zones.outbox.of_zone(desk.zone)
            down += zones.outbox.take_due(desk.zone, True, now)
            if desk.state.zone.clock_drill is None:
                down += zones.outbox.take_due(desk.zone, False, now)
        for message in down:
            self._publish(message.topic, message.payload)
        for zone, clock in work.ticked.items():
            self._send_clock_ack(zones.desk(zone), clock)
        if self._link is not None:
            self._link.flush()
        if self._courier is not None and work.jobs:
            self._courier(work.jobs)
        if len(work.batch.registry) > REGISTRY_MANY:
            # What was registered stays. Looking through a city's worth of it for garbage held up emergencies for half a second.
            gc.freeze()
        if self.on_registry is not None and (work.batch.registry or work.batch.unregistered):
            self.on_registry()
        if work.batch.feed:
            for listener in self._listeners:
                listener(work.batch.feed)

    def _say_again(self) -> None:
        for message in list(self.zones.outbox.open.values()):
            if message.wait_s:  # not one that waits for the end of quiet hours
                self._publish(message.topic, message.payload)
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
        if self.zones.settings.early_receipts and self._link is not None:
            self._link.flush()

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


def _resolve(future: "Future[Any]", result: Any, failure: Exception | None) -> None:
    """Answer, unless whoever asked has gone."""
    if not future.set_running_or_notify_cancel():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)


class Poison(Exception):
    """A message that the hub itself fails on, outside the rules."""

    def __init__(self, payload: bytes) -> None:
        super().__init__("a message the hub fails on")
        self.payload = payload


def _most_urgent_first(message: Outgoing) -> int:
    return _SENDING_ORDER.index(message.settled_by.partition("/")[0])
