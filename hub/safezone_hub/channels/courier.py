"""The courier: one thread with an event loop that tries every job until it is delivered or given up.

What it reports is what the other side said: «delivered» is never a guess. What it holds is a copy: the
hub's table of deliveries is the truth, and offers again what the courier could not take or lost with
its process. Hence at least once, with an id for the receiver to drop repeats by.

The callback runs on the courier's thread and should only hand the reports on. If it raises, they are
kept and given again, and meanwhile little that is new is tried.
"""

import asyncio
import logging
import random
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Literal

from safezone_hub.channels.channel import Channel
from safezone_hub.channels.gateway import GatewayChannel, NotTaken
from safezone_hub.channels.jobs import Job, Outcome, Report, Sent, State, retry
from safezone_hub.channels.lanes import Schedule, Ticket
from safezone_hub.channels.ledger import RECEIPT_KEPT_S, Arrival, Ledger, Settled
from safezone_hub.channels.mail import MailChannel
from safezone_hub.channels.settings import ChannelSettings, GatewaySettings, SmppSettings
from safezone_hub.channels.smpp import SmppChannel
from safezone_hub.channels.webhook import WebhookChannel
from safezone_hub.clock import Clock, WallClock, format_time

log = logging.getLogger("safezone.hub")

CHANNELS = ("sms", "email", "webhook")
NOT_CONFIGURED = "not configured"
HELD_JOBS, HELD_BYTES = 20_000, 64 * 1024 * 1024
DONE_KEPT, DONE_KEPT_S = 100_000, 3600.0
REPORTS_HELD = 10_000
REPORT_AGAIN_S = 1.0
SWEEP_S = 1.0
UNANSWERED_S = 30.0
LEAVE_S = 3.0
TRY_MAX_S = 600.0  # far beyond what any channel takes: a net under its own timeouts


class Courier:
    """Takes jobs from any thread. ``start`` once, ``close`` once."""

    def __init__(
        self,
        settings: ChannelSettings,
        report: Callable[[list[Report]], None],
        *,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``report`` is given every change of state. ``chance`` spreads the waits."""
        self._settings, self._report = settings, report
        self._clock = clock or WallClock()
        self._posts = {
            channel.name: _Post(channel, Schedule(channel.limits, settings.urgent, settings.routine, chance))
            for channel in _channels(settings, self._clock)
        }
        self._ledger, self._ids = Ledger(), _Ids(self._clock)
        self._inbox: deque[Job] = deque()
        self._asked: deque[Callable[[], None]] = deque()
        self._reports: list[Report] = []
        self._flushing: asyncio.Handle | None = None
        states = ("sent", "delivered", "retrying", "failed")
        self._counts = {f"{channel}_{state}": 0 for channel in CHANNELS for state in states}
        self._counts |= {"refused": 0, "repeated": 0, "report_failures": 0}
        self._trying: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._is_closing, self._patience_s = False, 0.0
        self._stopped: str | None = None
        self._opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    # ------------------------------------------------------------------- from any thread

    def start(self) -> None:
        """Returns when the channels are open; whether they reach anybody, ``health`` says."""
        self._thread.start()
        self._opened.result()

    def send(self, jobs: Iterable[Job]) -> list[str]:
        """Take jobs that are not here yet; a known id is ignored. Returns the ids of those there is no
        room for now: offer them again later, as after a restart. Never blocks."""
        refused, taken = [], []
        for job in jobs:
            match self._ids.admit(job):
                case "taken":
                    taken.append(job)
                case "full":
                    refused.append(job.id)
                case "known":
                    self._counts["repeated"] += 1
        self._counts["refused"] += len(refused)
        self._inbox.extend(taken)
        self.rouse()
        return refused

    def expect(self, deliveries: Iterable[Sent]) -> None:
        """Wait for the receipts of deliveries that an earlier life of the process has sent."""
        listed = list(deliveries)
        for delivery in listed:
            self._ids.finish(delivery.job, RECEIPT_KEPT_S)
        self._ask(lambda: self._expect(listed))

    def may_report(self, token: str) -> bool:
        """Whether a receipt's bearer shows the token shared with the provider. In constant time."""
        sms = self._settings.sms
        shared = sms.receipts.token if isinstance(sms, GatewaySettings) else None
        return shared is not None and compare_digest(token.encode(), shared.encode())

    def receipt(self, provider: str, raw: Mapping[str, Any] | list[Any]) -> "Future[int]":
        """A provider's callback (``provider`` = "sms"), its token already checked. The future gives the
        number of fates in it once they are reported; it fails when the hub could not take them, or has
        no such provider. Answer the provider only then."""
        done: Future[int] = Future()
        if self._loop.is_closed():
            done.set_exception(NotTaken("the courier is closed"))
        else:
            self._ask(lambda: self._take_callback(provider, raw, done))
        return done

    def health(self) -> dict[str, str]:
        """By channel: ``ok``, ``not configured``, or what is wrong since when."""
        posts = self._posts
        return {
            name: (self._stopped or posts[name].health()) if name in posts else NOT_CONFIGURED
            for name in CHANNELS
        }

    def counts(self) -> dict[str, int]:
        """Totals since the start, and how many wait, run, or wait for their receipt now."""
        counts = dict(self._counts)
        for name, post in self._posts.items():
            counts[f"{name}_waiting"] = post.schedule.waiting
            counts[f"{name}_running"] = post.schedule.running
            counts[f"{name}_addresses_failing"] = post.failing
        counts["receipts_awaited"] = len(self._ledger)
        counts["receipts_unmatched"] = self._ledger.unmatched
        counts["reports_held"] = len(self._reports)
        return counts

    def close(self, patience_s: float = 5.0) -> None:
        """Begin nothing more, let what is under way end within ``patience_s``, report it, take leave.
        What waits is not reported: the hub offers it again in its next life."""
        if not self._thread.is_alive():
            return
        self._patience_s = patience_s
        self._ask(self._begin_to_close)
        self._thread.join(patience_s + 2 * LEAVE_S)

    def _ask(self, what: Callable[[], None]) -> None:
        """Have it done on the courier's thread, in order."""
        self._asked.append(what)
        self.rouse()

    def wall(self) -> float:
        return self._clock.now()

    def rouse(self) -> None:
        """See what can be tried now."""
        try:
            self._loop.call_soon_threadsafe(self._wake.set)
        except RuntimeError:
            return  # closed: the hub offers again in its next life

    # ------------------------------------------------------------------- the thread

    def _run(self) -> None:
        # At DEBUG, which somebody may turn on for all, it writes URLs and tokens.
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._main())
        except Exception as error:
            self._stopped = f"stopped by {type(error).__name__} since {format_time(self._clock.now())}"
            log.critical("courier: stopped by %s", type(error).__name__)
            if not self._opened.done():
                self._opened.set_exception(error)

    async def _main(self) -> None:
        self._loop.set_exception_handler(_log_without_content)
        opened: list[_Post] = []
        try:
            for post in self._posts.values():
                await post.channel.open(_PostDesk(self, post))
                opened.append(post)
            self._opened.set_result(None)
            await self._work()
            if self._trying:
                await asyncio.wait(self._trying, timeout=self._patience_s)
        finally:
            for task in self._trying:
                task.cancel()
            await asyncio.gather(*self._trying, return_exceptions=True)
            await asyncio.gather(*(self._leave(post) for post in opened))
            while self._asked:
                self._asked.popleft()()
            self._flush()

    async def _work(self) -> None:
        swept_at = float("-inf")
        while True:
            self._wake.clear()
            now = self._loop.time()
            while self._asked:
                self._asked.popleft()()
            if self._is_closing:
                return
            if now - swept_at >= SWEEP_S:
                swept_at = now
                self._sweep(now)
            self._take_in(now)
            wakes = [swept_at + SWEEP_S]
            for post in self._posts.values():
                if len(self._reports) < REPORTS_HELD:
                    self._start_tries(post, now)
                self._tell_waiting(post)
                wakes.append(post.schedule.next_wake(now) or wakes[0])
            timer = self._loop.call_at(max(min(wakes), now + 0.001), self._wake.set)
            await self._wake.wait()
            timer.cancel()

    async def _leave(self, post: "_Post") -> None:
        try:
            async with asyncio.timeout(LEAVE_S):
                await post.channel.close()
        except Exception as error:
            log.warning("%s: left with %s", post.channel.name, type(error).__name__)

    def _begin_to_close(self) -> None:
        self._is_closing = True

    def _take_in(self, now: float) -> None:
        while self._inbox:
            job = self._inbox.popleft()
            post = self._posts.get(job.channel)
            if post is None:
                detail = NOT_CONFIGURED if job.channel in CHANNELS else "unknown channel"
                self._ids.finish(job.id)
                self._tell(job.channel, job.id, "failed", detail, job.tries)
                continue
            age_s = max(0.0, self._clock.now() - job.made_at) if job.made_at else 0.0
            post.schedule.add(job, *post.channel.place(job), now, age_s)

    def _start_tries(self, post: "_Post", now: float) -> None:
        while ticket := post.schedule.take(now):
            task = self._loop.create_task(self._try(post, ticket))
            self._trying.add(task)
            task.add_done_callback(self._trying.discard)

    async def _try(self, post: "_Post", ticket: Ticket) -> None:
        job, name = ticket.job, post.channel.name
        try:
            async with asyncio.timeout(TRY_MAX_S):
                outcome = await post.channel.deliver(job)
        except asyncio.CancelledError:
            post.schedule.abandon(ticket)
            self._ids.release(job.id)
            raise
        except Exception as error:
            # Not its message: that may hold an address or the words.
            log.error("%s: delivery %s: unexpected %s", name, job.id, type(error).__name__)
            outcome = retry(f"unexpected {type(error).__name__}")
        self._conclude(post, ticket, outcome)
        self._wake.set()

    def _conclude(self, post: "_Post", ticket: Ticket, outcome: Outcome) -> None:
        now, job, name = self._loop.time(), ticket.job, post.channel.name
        verdict = post.schedule.finish(ticket, outcome, now)
        if outcome.kind != "retry":
            post.note_answer()
        elif outcome.blame == "link":
            post.note_trouble(outcome.detail, self._clock.now())
        awaits = verdict.state == "sent" and post.channel.keeps_receipts
        if verdict.state != "retrying":
            self._ids.finish(job.id, RECEIPT_KEPT_S if awaits else DONE_KEPT_S)
        next_at = None if verdict.next_at is None else self._clock.now() + verdict.next_at - now
        provider_id = outcome.provider_id
        self._tell(name, job.id, verdict.state, verdict.detail, ticket.tries, provider_id, next_at)
        if awaits:
            settled = self._ledger.expect(job.id, provider_id or "", ticket.tries, self._clock.now())
            if settled:
                self._tell_settled(name, settled)

    def _sweep(self, now: float) -> None:
        wall = self._clock.now()
        self._ledger.expire(wall)
        for post in self._posts.values():
            for ticket in post.schedule.expire(now):
                why = post.trouble or "no answer"
                self._ids.finish(ticket.job.id)
                detail = f"given up: {why}"
                self._tell(post.channel.name, ticket.job.id, "failed", detail, ticket.tries)
            post.note_failing(now, wall)

    def _tell_waiting(self, post: "_Post") -> None:
        """Emergencies that cannot go out because there is no link: say so, nobody else will."""
        now = self._loop.time()
        for ticket, at in post.schedule.pop_untold():
            next_at = None if at is None else self._clock.now() + max(0.0, at - now)
            detail = f"waiting: {post.trouble or 'no connection'}"
            self._tell(post.channel.name, ticket.job.id, "retrying", detail, ticket.tries, None, next_at)

    # ------------------------------------------------------------------- receipts

    def _expect(self, deliveries: list[Sent]) -> None:
        for delivery in deliveries:
            settled = self._ledger.expect(
                delivery.job, delivery.provider_id, delivery.tries, self._clock.now()
            )
            if settled:
                self._tell_settled("sms", settled)

    def _take_callback(self, provider: str, raw: Mapping[str, Any] | list[Any], done: "Future[int]") -> None:
        post = self._posts.get(provider)
        if not post or not isinstance(post.channel, GatewayChannel):
            done.set_exception(NotTaken("no such provider"))
            return
        try:
            done.set_result(post.channel.take_callback(raw))
        except Exception as error:
            done.set_exception(error)

    def take_receipt(
        self, channel: str, part: str, arrival: Arrival, detail: str, reference: str = ""
    ) -> bool:
        """For the channels, on the courier's thread; see ``Desk.receipt``."""
        settled = self._ledger.settle(part, reference, arrival, detail, self._clock.now())
        if settled:
            self._tell_settled(channel, settled)
        return self._flush()

    def open_messages(self) -> list[tuple[str, str]]:
        return self._ledger.open_messages()

    # ------------------------------------------------------------------- reports

    def _tell_settled(self, channel: str, settled: Settled) -> None:
        self._ids.finish(settled.job)
        self._tell(
            channel, settled.job, settled.arrival, settled.detail, settled.tries, settled.provider_id or None
        )

    def _tell(
        self,
        channel: str,
        job: str,
        state: State,
        detail: str,
        tries: int,
        provider_id: str | None = None,
        next_at: float | None = None,
    ) -> None:
        key = f"{channel}_{state}"
        self._counts[key] = self._counts.get(key, 0) + 1
        self._reports.append(Report(job, state, self._clock.now(), detail, provider_id, tries, next_at))
        if self._flushing is None:
            self._flushing = self._loop.call_soon(self._flush)

    def _flush(self) -> bool:
        """Hand the reports over. When the hub cannot take them now they are kept, in order."""
        if self._flushing:
            self._flushing.cancel()
            self._flushing = None
        if not self._reports:
            return True
        reports, self._reports = self._reports, []
        try:
            self._report(reports)
        except Exception as error:
            self._reports = reports + self._reports
            self._counts["report_failures"] += 1
            log.error("courier: %d reports not taken: %s", len(reports), type(error).__name__)
            self._flushing = self._loop.call_later(REPORT_AGAIN_S, self._flush)
            return False
        return True


@dataclass(eq=False, slots=True)
class _Post:
    """A channel, its jobs, and how it does."""

    channel: Channel
    schedule: Schedule
    trouble: str | None = None
    since: float = 0.0
    is_held: bool = False
    failing: int = 0
    unanswered_since: float | None = None

    def note_trouble(self, what: str, wall: float) -> None:
        if self.trouble is None:
            self.since = wall
        self.trouble = what

    def note_answer(self) -> None:
        if not self.is_held:
            self.trouble = None

    def note_failing(self, now: float, wall: float) -> None:
        """Look whether all who were tried lately kept silent."""
        since = self.schedule.failing_lanes()
        self.failing, self.unanswered_since = len(since), None
        answered_at = self.schedule.answered_at
        if since and now - min(since) >= UNANSWERED_S and (answered_at is None or answered_at < min(since)):
            self.unanswered_since = wall - (now - min(since))

    def health(self) -> str:
        if self.trouble is not None:
            return f"{self.trouble} since {format_time(self.since)}"
        if self.unanswered_since is not None:
            return f"no address answers since {format_time(self.unanswered_since)}"
        return "ok"


class _PostDesk:
    """The courier as one channel sees it."""

    def __init__(self, courier: Courier, post: _Post) -> None:
        self._courier, self._post = courier, post

    def hold(self, why: str) -> None:
        self._post.is_held = True
        self._post.note_trouble(why, self._courier.wall())
        self._post.schedule.hold()
        self._courier.rouse()

    def release(self) -> None:
        self._post.is_held, self._post.trouble = False, None
        self._post.schedule.release()
        self._courier.rouse()

    def receipt(self, part: str, arrival: Arrival, detail: str, reference: str = "") -> bool:
        return self._courier.take_receipt(self._post.channel.name, part, arrival, detail, reference)

    def open_messages(self) -> list[tuple[str, str]]:
        return self._courier.open_messages()


class _Ids:
    """Which jobs are here, and which were lately. Used by every thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._held: dict[str, int] = {}
        self._bytes = 0
        self._done: OrderedDict[str, float] = OrderedDict()

    def admit(self, job: Job) -> Literal["taken", "known", "full"]:
        """Urgent jobs find room where routine ones no longer do."""
        size = 500 + len(job.body) + 3 * (len(job.text) + len(job.subject))
        room = 2 if job.urgent else 1
        with self._lock:
            if job.id in self._held or self._done.get(job.id, 0.0) > self._clock.now():
                return "known"
            if len(self._held) >= room * HELD_JOBS or self._bytes + size > room * HELD_BYTES:
                return "full"
            self._held[job.id] = size
            self._bytes += size
            return "taken"

    def finish(self, id_: str, kept_s: float = DONE_KEPT_S) -> None:
        """It is no longer here, but offered again within ``kept_s`` it is still known."""
        with self._lock:
            self._bytes -= self._held.pop(id_, 0)
            self._done[id_] = self._clock.now() + kept_s
            self._done.move_to_end(id_)
            while len(self._done) > DONE_KEPT:
                self._done.popitem(last=False)

    def release(self, id_: str) -> None:
        with self._lock:
            self._bytes -= self._held.pop(id_, 0)


def _channels(settings: ChannelSettings, clock: Clock) -> list[Channel]:
    channels: list[Channel] = []
    if isinstance(settings.sms, SmppSettings):
        channels.append(SmppChannel(settings.sms))
    elif settings.sms:
        channels.append(GatewayChannel(settings.sms, clock))
    if settings.smtp:
        channels.append(MailChannel(settings.smtp, clock))
    if settings.webhook:
        channels.append(WebhookChannel(settings.webhook, clock))
    return channels


def _log_without_content(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("courier: unexpected %s", type(error).__name__ if error else "event")
