"""Crashes under load: what the hub gave a receipt for, or should have told, and lost.

    python tests/bench/lost_writes.py [--kills 100] [--crash process|machine] [--store sqlite|postgresql]
                                      [--broker embedded|mosquitto] [--mutant none|early-receipts|no-sync]

Devices repeat each message until its receipt, recipients acknowledge, a desk works the incidents; all keep a ledger
on their side of the wire. The hub dies at random moments and is started again on what is left. After the last
life everything is given time to settle, and then every message that ever got a receipt is sent once more: a hub that
remembers answers «duplicate».

``process``: kill -9. What was written stays in the kernel's cache; ``postgresql`` also stops the server with
``immediate`` at every second kill. ``machine``: the same, but everything not synchronised is dropped, kept or torn,
see shim/disk.py (for PostgreSQL the server's own folder as well). Half of those kills fall on a synchronisation:
as it begins, or after it is done and before the hub (or the server) knows. ``--slow-ms`` makes each synchronisation
take longer, as on a poor disk.

Mutants prove that the test can fail: ``early-receipts`` is a hub that sends receipts before its commit
(``--rules early_receipts=on``), ``no-sync`` one whose synchronisations do nothing. With a mutant the exit code
is 0 when something was lost, and 1 when nothing was noticed.
"""

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
from hubproc import HubFailed, HubProcess, has_option
from incident_actions import DeskWorker
from load.district import District
from load.ledger import LOSSES, losses
from load.players import Players
from servers import Mosquitto, Postgres, ServerFailed
from shim import disk as shim
from shim.disk import Disk, Lost

SETTLE_S = 90.0
LIFE_S = (0.3, 2.5)
SYNCS = (1, 60)
ON_THE_WIRE_S = 0.03
MUTANTS = {"none": [], "no-sync": [], "early-receipts": ["--rules", "early_receipts=on"]}


@dataclass(frozen=True)
class Trial:
    """What one run of crashes is made of."""

    kills: int = 100
    crash: str = "process"
    store: str = "sqlite"
    broker: str = "embedded"
    mutant: str = "none"
    seed: int = 1
    slow_ms: float = 0.0
    filler: float = 200.0
    presses: float = 5.0
    arrivals: float = 2.0
    settle_s: float = SETTLE_S
    again_s: float | None = None  # for the repeats at the end; None: by their number
    life_s: tuple[float, float] = LIFE_S
    mood: str | None = None  # of every crash of a machine, see shim/disk.py; None: drawn
    on_syncs: bool = False  # every crash of a machine just before a synchronisation, not every second
    hub_options: tuple[str, ...] = ()


@dataclass
class Outcome:
    """Of one trial. ``failed`` says that the hub could not go on from what a crash left."""

    summary: dict[str, Any] = field(default_factory=dict)
    crashes: list[Lost] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    settled_in_s: float = 0.0
    not_answered_again: int = 0  # receipted messages whose repeat at the end got no receipt
    actions: bool | None = None
    refused: dict[str, int] = field(default_factory=dict)
    failed: str | None = None

    def losses(self) -> int:
        return losses(self.summary) + self.not_answered_again + (self.failed is not None)


def missing(trial: Trial) -> str | None:
    """Why a trial cannot be run here, if so."""
    if trial.crash == "machine" and (why := shim.missing()):
        return why
    if trial.store == "postgresql":
        if not has_option("--store"):
            return "this hub has no --store"
        if why := Postgres.missing():
            return why
    if trial.broker == "mosquitto":
        if not has_option("--broker"):
            return "this hub has no --broker"
        if why := Mosquitto.missing():
            return why
    return None


class _Scene:
    """The hub and what it stands on; dies and comes back as one."""

    def __init__(self, trial: Trial, folder: Path) -> None:
        self._trial, self._rng = trial, random.Random(trial.seed)
        live = folder / "live"
        live.mkdir()
        self.disk: Disk | None = None
        env: dict[str, str] = {}
        self.postgres: Postgres | None = None
        self.broker: Mosquitto | None = None
        options = [*trial.hub_options, *MUTANTS[trial.mutant]]
        if trial.store == "postgresql":
            self.postgres = Postgres(folder / "postgres", data=live / "postgres")
            options += ["--store", self.postgres.dsn]
        if trial.broker == "mosquitto":
            self.broker = Mosquitto(folder / "mosquitto")
            options += ["--broker", self.broker.url]
            self.broker.start()
        if trial.crash == "machine":
            owners = (
                {"postgres": self.postgres.owner} if self.postgres is not None and self.postgres.owner else {}
            )
            self.disk = Disk(live, folder / "disk", trial.seed, owners=owners)
            env = self.disk.environment(lies=trial.mutant == "no-sync")
            if self.postgres is not None:
                self.postgres.preload = env
        self.hub = HubProcess(live / "state", options, env)
        self.hub.log = folder / "hub.log"
        if self.broker is not None:
            self.hub.broker_address = ("127.0.0.1", self.broker.port)

    def start(self) -> None:
        if self.disk is not None:
            self.disk.slow(0.0)
            self.disk.begin()
        if self.postgres is not None and not self.postgres.pids:
            self.postgres.start()
        self.hub.start()
        if self.disk is not None:
            self.disk.slow(self._trial.slow_ms / 1000)

    def die(self, turn: int) -> Lost | None:
        """Wait for the moment, then end everything that a crash of this kind ends."""
        moment = self._rng.uniform(*self._trial.life_s)
        if self.disk is not None and (self._trial.on_syncs or turn % 2):
            time.sleep(self._trial.life_s[0])
            self.disk.arm(self._rng.randint(*SYNCS), before_done=self._trial.on_syncs or turn % 4 == 1)
            deadline = time.monotonic() + 2 * self._trial.life_s[1]
            while not self.disk.stands_still and self.hub.alive() and time.monotonic() < deadline:
                time.sleep(0.002)
            # What was sent before that moment still arrives.
            time.sleep(ON_THE_WIRE_S)
        else:
            time.sleep(moment)
        self.hub.kill()
        if self.postgres is not None:
            if self.disk is not None:
                self.postgres.kill()
            elif turn % 2:
                self.postgres.stop("immediate")
        return self.disk.crash(self._trial.mood) if self.disk is not None else None

    def close(self) -> None:
        self.hub.close()
        for server in (self.postgres, self.broker):
            if server is not None:
                server.close()


def run(trial: Trial, folder: Path, progress: Any = None) -> Outcome:
    """One trial in an empty folder."""
    outcome = Outcome()
    # Everybody arrives once: a child for each arrival of the whole run, a quarter callers, a quarter filler.
    lives = trial.kills * (trial.life_s[1] + 1.5)
    children = max(40, int(2 * trial.arrivals * lives) + 20)
    district = District(children=children, now=time.time())
    scene = _Scene(trial, folder)
    players: Players | None = None
    try:
        scene.start()
        scene.hub.register(district.items())
        players = Players(
            district, scene.hub.broker_address, trial.seed, filler=trial.filler, presses=trial.presses,
            arrivals=trial.arrivals,
        )  # fmt: skip
        desk = DeskWorker(scene.hub, players.ledger, district.zone)
        players.told_hook = desk.hear
        desk.start()
        outcome.actions = desk.supported
        players.start()
        for turn in range(trial.kills):
            lost = scene.die(turn)
            if lost is not None:
                outcome.crashes.append(lost)
            try:
                scene.start()
            except (HubFailed, ServerFailed) as error:
                outcome.failed = f"after kill {turn + 1}: {error}"
                break
            outcome.starts_s.append(scene.hub.ready_s)
            if progress is not None and (turn + 1) % 10 == 0:
                progress(turn + 1, players.summary())
        if outcome.failed is None:
            time.sleep(0.5)
            players.hush()
            outcome.settled_in_s = round(players.settle(trial.settle_s), 1)
            desk.finish(10.0)
            time.sleep(1.0)
            again_s = 60.0 + len(players.ledger.sent) / 500 if trial.again_s is None else trial.again_s
            outcome.not_answered_again = players.say_all_again(again_s)
        outcome.refused = desk.refused
        outcome.summary = players.summary()
    finally:
        if players is not None:
            players.close()
        scene.close()
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--crash", choices=["process", "machine"], default="process")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--broker", choices=["embedded", "mosquitto"], default="embedded")
    parser.add_argument("--mutant", choices=list(MUTANTS), default="none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slow-ms", type=float, default=0.0)
    parser.add_argument("--filler", type=float, default=200.0, help="routine messages a second")
    parser.add_argument("--presses", type=float, default=5.0, help="emergencies a second")
    parser.add_argument("--arrivals", type=float, default=2.0, help="children through the gate a second")
    args = parser.parse_args()
    trial = Trial(**vars(args))
    if why := missing(trial):
        sys.exit(f"cannot run: {why}")

    def progress(kills: int, summary: dict[str, Any]) -> None:
        print(f"  {kills} kills, {summary['messages']} messages, {summary['presses']} presses", flush=True)

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="safezone-crash-") as name:
        outcome = run(trial, Path(name), progress)
    print_outcome(trial, outcome)
    name = f"lost-writes-{trial.store}-{trial.broker}-{trial.crash}" + (
        "" if trial.mutant == "none" else f"-{trial.mutant}"
    )
    print(
        harness.write(
            name,
            {
                **vars(args), "took_s": round(time.monotonic() - began), "summary": outcome.summary, "losses": outcome.losses(),
                "failed": outcome.failed, "not_answered_again": outcome.not_answered_again, "settled_in_s": outcome.settled_in_s, "actions_supported": outcome.actions,
                "refused": outcome.refused, "starts_s": [round(s, 2) for s in outcome.starts_s],
                "crashes": [{n: getattr(c, n) for n in c.__slots__} for c in outcome.crashes],
            },
        )
    )  # fmt: skip
    lost = outcome.losses() > 0
    if trial.mutant != "none":
        print("the mutant was caught" if lost else "THE MUTANT WAS NOT NOTICED")
        sys.exit(not lost)
    sys.exit(lost)


def print_outcome(trial: Trial, outcome: Outcome) -> None:
    s = outcome.summary
    print(f"{trial.kills} kills ({trial.crash}), {trial.store}, {trial.broker} broker, mutant {trial.mutant}")
    if outcome.failed:
        print(f"THE HUB DID NOT COME BACK {outcome.failed}")
    for name in (
        "messages",
        "presses",
        "arrivals",
        "actions_answered",
        "repeats",
        "tries",
        "connections_broken",
    ):
        print(f"  {name.replace('_', ' '):<28}{s.get(name, 0):>9}")
    for name in LOSSES:
        print(f"  {name.replace('_', ' '):<28}{s.get(name, 0):>9}{'   <-- must be 0' if s.get(name) else ''}")
    if outcome.not_answered_again:
        print(f"  {'repeats not answered':<28}{outcome.not_answered_again:>9}   <-- must be 0")
    if outcome.actions is False:
        print("  actions on incidents: this hub has no endpoint for them, not tested")
    if outcome.crashes:
        torn = sum(c.torn for c in outcome.crashes)
        dropped = sum(c.dropped for c in outcome.crashes)
        print(f"  writes dropped {dropped}, torn {torn}, in {len(outcome.crashes)} crashes")
    print(f"  settled {outcome.settled_in_s} s after the last start")


if __name__ == "__main__":
    main()
