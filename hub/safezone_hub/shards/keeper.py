"""Keeps this shard's zones what they should be: gives away, takes in, and notices who is gone.

Giving away: no more messages of the zone are taken (what arrives between is not receipted, and its device repeats it),
what is with a channel is waited for, the zone leaves the engine's memory between two commits, and only then the
database says it is free. Taking in: the claim first, then the rows, then the subscription.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from safezone_hub.access import TokenBook
from safezone_hub.access.tokens import Token
from safezone_hub.clock import Clock
from safezone_hub.engine import Engine
from safezone_hub.link import MqttLink
from safezone_hub.shards.ledger import Fenced, Member, ShardLedger
from safezone_hub.shards.ring import Shard, home_of
from safezone_hub.store import StoreUnavailable
from safezone_hub.zones import Zones

log = logging.getLogger("safezone.hub")

POLL_S = 0.4
BEAT_S = 0.5
LEASE_S = 6.0  # without a beat for so long a shard is given up
CHANNELS_WAIT_S = 10.0
ENGINE_WAIT_S = 120.0
TAKE_AT_ONCE = 20


class ShardKeeper:
    """Two threads: one that beats, one that moves zones. ``owned`` may be read from anywhere."""

    def __init__(
        self,
        dsn: str,
        shard: Shard,
        token: int,
        engine: Engine,
        link: MqttLink,
        clock: Clock,
        lease_s: float = LEASE_S,
    ) -> None:
        self.shard, self.token = shard, token
        self._ledger, self._beats = ShardLedger(dsn), ShardLedger(dsn)
        self._engine, self._link, self._clock, self._lease_s = engine, link, clock, lease_s
        self._members: list[Member] = []
        self._heard: dict[int, tuple[int, float]] = {}  # token -> its beat, and since when it stands still
        self._leaving: dict[str, float] = {}
        self._book: TokenBook | None = None
        self._stamp: tuple[object, ...] = ()
        self._owners: dict[str, int | None] = {}
        self._lock = threading.RLock()  # the ledger's connection and the moving of zones
        self._stopping, self._nudged = threading.Event(), threading.Event()
        self.problem: str | None = None
        self._threads = [
            threading.Thread(target=self._beat, name="shard-beat", daemon=True),
            threading.Thread(target=self._run, name="shard-keeper", daemon=True),
        ]

    def start(self, url: str, book: TokenBook) -> None:
        """Take part: from now on zones come. Returns when those that are free are here."""
        self._book = book
        self._ledger.open(self.token, url)
        self._turn()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Give all zones back and leave."""
        self._stopping.set()
        self._nudged.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(10.0)
        try:
            with self._lock:
                if self._engine.is_running():
                    self._give_away(sorted(self.owned), patient=False)
                self._ledger.give_up(self.token)
        except StoreUnavailable as error:
            log.warning("left without saying so: %s", error)
        self._ledger.close()
        self._beats.close()

    @property
    def owned(self) -> frozenset[str]:
        return self._engine.owned or frozenset()

    def health(self) -> str:
        """``ok``, or what is wrong. A shard that is missing is no fault of this one, but somebody should know."""
        if self.problem is not None:
            return self.problem
        missing = sorted(set(range(1, self.expected + 1)) - {m.n for m in self._members})
        if missing and self._members:
            return f"shards missing: {', '.join(map(str, missing))} of {self.expected}; the others have their zones"
        return "ok"

    @property
    def expected(self) -> int:
        return max((m.of for m in self._members), default=self.shard.of)

    def url_of(self, zone: str, registers: bool = False) -> str | None:
        """Where a zone's shard answers; None while the zone moves. Empty when it is here.

        A zone that nobody knows is answered for here, unless the request ``registers`` it: then by its home.
        """
        if zone in self.owned:
            return ""
        with self._lock:
            owner = self._owners.get(zone)
            if owner is None or owner == self.token:  # what is known here is a moment old
                known, owner = self._ledger.owner(zone)
                if not known and not registers:
                    return ""
                if owner is None:
                    return self._for_new(zone) if registers else None
            return next((m.url for m in self._members if m.token == owner), None)

    def _for_new(self, zone: str) -> str | None:
        """A zone that nobody has: of its home, which is to claim it."""
        home = home_of(zone, {m.n for m in self._members})
        if home == self.shard.n:
            self._take([zone])
            return "" if zone in self.owned else None
        return next((m.url for m in self._members if m.n == home), None)

    def others(self) -> list[str]:
        """Where the other shards answer."""
        return [m.url for m in self._members if m.token != self.token and m.url]

    # ------------------------------------------------------------------- the threads

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT_S):
            try:
                if not self._beats.beat(self.token):
                    self.problem = "given up by the other shards"
                    self._engine.give_up(Fenced())
                    return
            except StoreUnavailable as error:
                log.warning("no beat: %s", error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._nudged.wait(POLL_S)
            self._nudged.clear()
            if self._stopping.is_set() or not self._engine.is_running():
                return
            try:
                self._turn()
                self.problem = None
            except StoreUnavailable as error:
                # Nobody is to be given up for a database that was away.
                self._heard.clear()
                self.problem = str(error).splitlines()[0]
            except Exception as error:
                log.exception("moving zones failed; it will be tried again")
                self.problem = f"moving zones failed: {type(error).__name__}"

    def _turn(self) -> None:
        with self._lock:
            self._look_around()
            living = {m.n for m in self._members if m.url or m.token == self.token}
            self._owners = owners = self._ledger.owners()
            mine = {zone for zone in owners if home_of(zone, living) == self.shard.n}
            self._give_away(sorted(self.owned - mine))
            free = [zone for zone in sorted(mine - self.owned) if owners[zone] in (None, self.token)]
            for start in range(0, len(free), TAKE_AT_ONCE):
                self._take(free[start : start + TAKE_AT_ONCE])
            self._renew_tokens()

    def _look_around(self) -> None:
        now, found = time.monotonic(), self._ledger.members()
        for member in found:
            beat, since = self._heard.get(member.token, (-1, now))
            if member.beat != beat:
                self._heard[member.token] = (member.beat, now)
                continue
            twin = member.n == self.shard.n and member.token < self.token
            if member.token != self.token and now - since > (self._lease_s / 2 if twin else self._lease_s):
                log.warning("shard %s is gone; its zones are taken over", member.n)
                self._ledger.give_up(member.token)
                self._heard.pop(member.token, None)
        self._members = [m for m in found if m.token in self._heard]

    def _give_away(self, zones: Iterable[str], *, patient: bool = True) -> None:
        now = time.monotonic()
        for zone in zones:
            if zone not in self._leaving:
                self._leaving[zone] = now
                self._link.unfollow(zone)
            urgent = not patient or now - self._leaving[zone] > CHANNELS_WAIT_S
            if self._engine.let_go(zone, urgent).result(ENGINE_WAIT_S):
                self._ledger.release(self.token, [zone])
                self._owners[zone] = None
                del self._leaving[zone]

    def _take(self, zones: Iterable[str]) -> None:
        got = [zone for zone in self._ledger.claim(self.token, zones) if zone not in self.owned]
        if not got:
            return
        epoch = self._ledger.next_epoch(int(self._clock.now() * 1000))
        self._engine.take_in(got, epoch).result(ENGINE_WAIT_S)
        for zone in got:
            self._owners[zone] = self.token
            self._leaving.pop(zone, None)
            self._link.follow(zone)

    # ------------------------------------------------------------------- API tokens

    def renew_tokens(self) -> None:
        """Take in now what other shards did to API tokens."""
        with self._lock:
            self._stamp = ()
            self._renew_tokens()

    def _renew_tokens(self) -> None:
        stamp = self._ledger.tokens_stamp()
        if stamp == self._stamp or self._book is None:
            return

        def read(zones: Zones) -> list[Token]:
            zones.store.refresh()
            return [Token.from_row(row) for row in zones.store.tokens()]

        tokens = self._engine.between(read).result(ENGINE_WAIT_S)
        self._book.replace(tokens)
        self._stamp = stamp


Provider = Callable[[], ShardKeeper]
