"""A worker's session with the system under test: connects, learns its clock, runs cases in lanes, one record each."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import httpx

from safezone_conformance.case import Case
from safezone_conformance.clock import ClockReading, clock_case, read_clock
from safezone_conformance.drivers.hook_relay import join
from safezone_conformance.drivers.hooks import HookServer
from safezone_conformance.drivers.mqtt import Broker, BrokerError, Connection
from safezone_conformance.drivers.world import LiveWorld, Restarts, System, restart_system
from safezone_conformance.execution import Outcome, conduct, conduct_again, lacking
from safezone_conformance.hub_bench import HubBench
from safezone_conformance.identity import Identity
from safezone_conformance.line import LiveLine, ReplayLine
from safezone_conformance.proforma import Ics, Ixit
from safezone_conformance.record import Record
from safezone_conformance.settings import Settings
from safezone_conformance.verdicts import Inconclusive

LANES = 12


class Unusable(Exception):
    """The system under test cannot be reached or is none; the message says what helps."""


@dataclass(frozen=True)
class Result:
    """One case run live. ``left``: what could not be cleaned up."""

    case: Case
    outcome: Outcome
    record: Record
    left: tuple[str, ...] = ()


def settings_from(ics: Ics, ixit: Ixit) -> Settings:
    """What cases may know."""
    has = set(ics.has) | ({"restart"} if ixit.values.get("restart.command") else set())
    return Settings(
        time_scale=float(ixit["limits.time_scale"]),
        network_s=float(ixit["limits.network_s"]),
        absence=str(ixit.values.get("absence.proof", "fence")),
        absence_s=float(ixit.values.get("absence.margin_s", 0.5)),
        provisioning=str(ixit.values.get("subjects.provisioning", "api")),
        subjects_prefix=str(ixit["subjects.prefix"]),
        has=frozenset(has),
        values={**ixit.public(), "role": ics.role},
    )


def open_hooks(ixit: Ixit, relay: str = "") -> HookServer:
    """The tester's web server where the IXIT says; behind the run's relay if there is one. Raises Unusable."""
    host, port, public = str(ixit["hooks.host"]), int(ixit["hooks.port"]), str(ixit["hooks.public"])
    try:
        if not relay:
            return HookServer(host, port, public)
        hooks = HookServer()
        try:
            below = join(relay, hooks.port)
        except OSError:
            hooks.close()
            raise
    except OSError as error:
        raise Unusable(f"cannot take webhooks on hooks.host {host}, hooks.port {port}: {error}") from None
    hooks.url = (public or f"http://{host}:{port}") + below
    return hooks


class HubSession:
    """Everything a worker needs to run cases against one hub. Raises Unusable."""

    def __init__(
        self, ics: Ics, ixit: Ixit, nonce: bytes, settings: Settings | None = None, hook_relay: str = ""
    ) -> None:
        self._nonce = nonce
        self.hooks = open_hooks(ixit, hook_relay)
        try:
            broker = Broker(ixit["mqtt.url"], ixit["mqtt.username"], ixit["mqtt.password"], ixit["mqtt.ca"])
            connection = Connection(broker)
        except (BrokerError, OSError) as error:
            self.hooks.close()
            raise Unusable(str(error)) from None
        self.system = System(
            connection,
            ixit["http.url"].rstrip("/"),
            ixit["http.token"],
            self.hooks,
            ixit["restart.command"],
            ixit["http.ca"],
        )
        self._restarts = Restarts(lambda: restart_system(self.system))
        self.clock: ClockReading | None = None
        try:
            known = settings or settings_from(ics, ixit)
            self.settings = known if known.hub_id else self._meet(known)
        except BaseException:
            self.close()
            raise

    def _meet(self, settings: Settings) -> Settings:
        """Who the hub is, and its clock. Raises Unusable."""
        try:
            with self.system.client() as client:
                about = client.get("/v1/hub")
                settings = replace(settings, hub_id=str(about.json()["hub_id"]))
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Unusable(
                f"no hub of this standard at {self.system.api}: GET /v1/hub gave {error!r}"
            ) from None
        self.settings = settings
        readings: list[ClockReading] = []
        result = self.run(clock_case(lambda t: readings.append(read_clock(t))))
        if not readings:
            raise Unusable(f"the hub does not take a plain message: {result.outcome.why}")
        self.clock = readings[0]
        return replace(settings, offset_s=round(readings[0].offset_s, 3))

    def run(self, case: Case) -> Result:
        """One case, live, cleaned up afterwards."""
        identity = Identity(self._nonce, case.name, self.settings.subjects_prefix)
        line = LiveLine()
        world = LiveWorld(self.system, line, identity.zone, self._restarts if case.alone else None)
        if lacking(case, self.settings):
            return Result(case, conduct(case, _never, self.settings), line.close())

        def make() -> HubBench:
            try:
                self.system.connection.enter(identity.zone, line.arrived)
            except BrokerError as error:
                raise Inconclusive(str(error)) from None
            bench = HubBench(line, case, identity, self.settings, world)
            bench.provision()
            return bench

        if case.alone:
            self._restarts.enter()
        try:
            outcome = conduct(case, make, self.settings)
        finally:
            if case.alone:
                self._restarts.leave()
        record = line.close()
        self.system.connection.leave(identity.zone)
        return Result(case, outcome, record, tuple(world.clean()))

    def close(self) -> None:
        self.system.connection.close()
        self.hooks.close()


def _never() -> HubBench:
    raise AssertionError("a case that is not applicable has no bench")


def replay(case: Case, record: Record, nonce: bytes, settings: Settings) -> Outcome:
    """The verdict of a recorded hub case, worked out again. Raises Unlike."""
    identity = Identity(nonce, case.name, settings.subjects_prefix)

    def make(line: ReplayLine) -> HubBench:
        bench = HubBench(line, case, identity, settings, None)
        bench.provision()
        return bench

    return conduct_again(case, record, make, settings)


class Lanes:
    """Runs many cases at a time: they mostly wait. Those that run alone come after, together; ``last`` ones one by one."""

    def __init__(self, run: Callable[[Case], Result], chosen: Iterable[Case], lanes: int = LANES,
                 before_alone: Callable[[], None] = lambda: None, done: Callable[[], None] = lambda: None) -> None:  # fmt: skip
        chosen = list(chosen)
        self._run = run
        self._stopped = False
        self._futures: dict[str, Future[Result]] = {c.name: Future() for c in chosen}
        together = sorted((c for c in chosen if not c.alone), key=lambda c: -c.slow_s)
        self._thread = threading.Thread(
            target=self._go,
            args=(together, [c for c in chosen if c.alone], lanes, before_alone, done),
            daemon=True,
        )
        self._thread.start()

    def _go(
        self, together: list[Case], alone: list[Case], lanes: int, before_alone: Callable[[], None], done: Callable[[], None]
    ) -> None:  # fmt: skip
        with ThreadPoolExecutor(lanes) as pool:
            list(pool.map(self._one, together))
        if alone:
            before_alone()
        restarting = [c for c in alone if not c.last]
        if restarting:
            with ThreadPoolExecutor(len(restarting)) as pool:
                list(pool.map(self._one, restarting))
        for case in alone:
            if case.last:
                self._one(case)
        done()

    def stop(self) -> None:
        """Begin no further case."""
        self._stopped = True

    def _one(self, case: Case) -> None:
        if self._stopped:
            self._futures[case.name].cancel()
            return
        try:
            self._futures[case.name].set_result(self._run(case))
        except BaseException as error:
            self._futures[case.name].set_exception(error)

    def result(self, case: Case) -> Result:
        """Of a case, once it is there."""
        return self._futures[case.name].result()
