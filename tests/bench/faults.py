"""Every fault that the world holds ready, one after the other, and the same zeros after each.

    python tests/bench/faults.py [--only NAME …] [--hold 20] [--cut 60] [--store sqlite|postgresql]

Devices repeat until their receipt, recipients acknowledge, a desk works incidents, and all keep a ledger on their
side. While a fault lasts the health endpoint is asked what it says; after it was healed the time until an emergency
is receipted again is the recovery. Then everything is given time to settle, and every receipted message is sent
once more: a hub that remembers answers «duplicate».

  broker-killed     the embedded broker gets a SIGKILL; the hub has to bring it back on the same port
  mosquitto-killed  Mosquitto gets a SIGKILL and comes back after the hold
  network-cut       nothing passes between devices, hub and broker; half of the connections do not survive it
  clock-ahead/-behind  every device's clock is wrong by an hour
  duplicates        every message is sent twice
  reordering        messages leave in a random order within 30 s
  disk-full         the hub's folder lies on a small tmpfs, filled to the last byte (no root: RLIMIT_FSIZE)
  database-gone     PostgreSQL is stopped, and started after the hold
"""

import argparse
import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
from hubproc import HubFailed, HubProcess, children_of, free_port, has_option
from incident_actions import DeskWorker
from load.district import District
from load.ledger import LOSSES, losses
from load.players import Players
from load.proxy import Proxy
from servers import BareBroker, Mosquitto, Postgres

BEFORE_S = 3.0
SETTLE_S = 120.0
TMPFS_MIB = 48
HOUR_S = 3600.0
# A connection that says nothing is given up after this; a shorter cut passes unnoticed, and may.
NOTICED_S = 25.0


@dataclass(frozen=True)
class Terms:
    """Of one run: how long a fault lasts, how much is going on."""

    hold_s: float = 20.0
    cut_s: float = 60.0
    shuffle_s: float = 30.0
    store: str = "sqlite"
    seed: int = 1
    filler: float = 200.0
    presses: float = 5.0
    arrivals: float = 2.0
    before_s: float = BEFORE_S
    settle_s: float = SETTLE_S
    hub_options: tuple[str, ...] = ()


@dataclass
class Row:
    """What came of one fault."""

    fault: str
    part: str | None = None  # of the health endpoint that had to say so
    said: str | None = None  # what it said of that part while the fault lasted
    said_after_s: float | None = None
    recovered_s: float | None = None
    hub_ended: bool = False
    summary: dict[str, Any] = field(default_factory=dict)
    settled_in_s: float = 0.0
    not_answered_again: int = 0  # receipted messages whose repeat at the end got no receipt
    actions: bool | None = None
    skipped: str | None = None

    def faults(self) -> list[str]:
        """What is wrong with the hub."""
        if self.skipped is not None:
            return []
        found = [f"{self.summary[n]} {n.replace('_', ' ')}" for n in LOSSES if self.summary.get(n)]
        if self.not_answered_again:
            found.append(f"{self.not_answered_again} repeats not answered")
        if self.part is not None and self.said is None:
            found.append(f"/healthz never said that the {self.part} was failing")
        if self.part is not None and self.recovered_s is None:
            found.append("did not recover")
        if self.hub_ended:
            found.append("the hub ended itself")
        return found


class Scene:
    """A hub, its servers, and everybody who talks to it."""

    def __init__(self, folder: Path, terms: Terms, **players: Any) -> None:
        self.folder, self.terms, self._players_options = folder, terms, players
        self.closing = contextlib.ExitStack()
        self.options = list(terms.hub_options)
        self.state = folder / "state"
        self.address: tuple[str, int] | None = None
        self.postgres: Postgres | None = None
        self.hub_ended = False

    def use_postgres(self) -> None:
        self.postgres = Postgres(self.folder / "postgres")
        self.postgres.start()
        self.closing.callback(self.postgres.close)
        self.options += ["--store", self.postgres.dsn]

    def open(self, children: int = 400) -> None:
        if self.terms.store == "postgresql" and self.postgres is None:
            self.use_postgres()
        terms, district = self.terms, District(children=children, now=time.time())
        self.hub = HubProcess(self.state, self.options)
        self.hub.log = self.folder / "hub.log"
        self.hub.start()
        self.closing.callback(self.hub.close)
        self.hub.register(district.items())
        self.players = Players(
            district, self.address or self.hub.broker_address, terms.seed, filler=terms.filler, presses=terms.presses,
            arrivals=terms.arrivals, **self._players_options,
        )  # fmt: skip
        self.desk = DeskWorker(self.hub, self.players.ledger, district.zone)
        self.players.told_hook = self.desk.hear
        self.desk.start()
        self.players.start()
        self.closing.callback(self.players.close)

    def watch(self, part: str, seconds: float, row: Row) -> None:
        """Ask the health endpoint all the while, as long as the fault lasts; a hub that ends is started again."""
        began = time.monotonic()
        row.part = part
        while time.monotonic() - began < seconds:
            if not self.hub.alive():
                row.hub_ended = self.hub_ended = True
                with contextlib.suppress(HubFailed):
                    self.hub.stop()
                    self.hub.start()
                continue
            status, body = self.hub.health()
            said = str(body.get("checks", {}).get(part, "ok"))
            if status == 503 and said != "ok" and row.said is None:
                row.said, row.said_after_s = said, round(time.monotonic() - began, 2)
            time.sleep(0.1)

    def recover(self, row: Row, seconds: float = 90.0) -> None:
        """From now until an emergency that is pressed now has its receipt and its alert, and the hub says it is well."""
        began = time.monotonic()
        while not self.hub.alive():
            row.hub_ended = True
            self.hub.stop()
            self.hub.start()
        about = self.players.press_now()

        def heard(ledger: Any) -> bool:
            ids = ledger.presses[about]
            return any(ledger.sent[i].status for i in ids) and about not in ledger.presses_without_alert()

        if self.players.wait_until(heard, seconds):
            took = time.monotonic() - began
            while self.hub.health()[0] != 200 and time.monotonic() - began < seconds:
                time.sleep(0.05)
            if self.hub.health()[0] == 200:
                row.recovered_s = round(max(took, time.monotonic() - began), 2)

    def finish(self, row: Row) -> None:
        self.players.hush()
        row.settled_in_s = round(self.players.settle(self.terms.settle_s), 1)
        self.desk.finish(10.0)
        row.actions = self.desk.supported
        time.sleep(0.5)
        row.not_answered_again = self.players.say_all_again(60.0)
        row.summary = self.players.summary()


# ------------------------------------------------------------------- the faults


def broker_killed(folder: Path, terms: Terms) -> Row:
    row = Row("broker-killed")
    with _scene(folder, terms) as scene:
        scene.open()
        time.sleep(terms.before_s)
        brokers = children_of(scene.hub.pid)
        watching = threading.Thread(target=scene.watch, args=("broker", 3.0, row))
        watching.start()
        for pid in brokers:
            os.kill(pid, signal.SIGKILL)
        watching.join()
        scene.recover(row)
        time.sleep(terms.before_s)
        scene.finish(row)
    return row


def mosquitto_killed(folder: Path, terms: Terms) -> Row:
    row = Row("mosquitto-killed")
    broker = Mosquitto(folder / "mosquitto")
    with _scene(folder, terms) as scene:
        scene.closing.callback(broker.close)
        broker.start()
        scene.options += ["--broker", broker.url]
        scene.address = ("127.0.0.1", broker.port)
        scene.open()
        time.sleep(terms.before_s)
        broker.kill()
        scene.watch("broker", terms.hold_s, row)
        broker.start()
        scene.recover(row)
        time.sleep(terms.before_s)
        scene.finish(row)
    return row


def network_cut(folder: Path, terms: Terms) -> Row:
    """Between devices and broker; where the hub can use a broker elsewhere, between hub and broker as well."""
    row = Row("network-cut")
    with _scene(folder, terms) as scene:
        if has_option("--broker"):
            broker: Any = (
                Mosquitto(folder / "mosquitto")
                if Mosquitto.missing() is None
                else BareBroker(folder / "bare")
            )
            scene.closing.callback(broker.close)
            broker.start()
            hubs = Proxy(("127.0.0.1", broker.port), terms.seed)
            devices = Proxy(("127.0.0.1", broker.port), terms.seed + 1)
            proxies = [hubs, devices]
            scene.options += ["--broker", hubs.url]
            scene.address = devices.address
            scene.open()
        else:
            port = free_port()
            devices = Proxy(("127.0.0.1", port), terms.seed + 1)
            proxies = [devices]
            scene.options += ["--mqtt-port", str(port)]
            scene.address = devices.address
            scene.open()
        for proxy in proxies:
            scene.closing.callback(proxy.close)
        time.sleep(terms.before_s)
        for proxy in proxies:
            proxy.cut()
        if len(proxies) == 2 and terms.cut_s >= NOTICED_S:
            scene.watch("broker", terms.cut_s, row)
        else:
            time.sleep(terms.cut_s)
        for proxy in proxies:
            proxy.heal()
        scene.recover(row)
        time.sleep(terms.before_s)
        scene.finish(row)
    return row


def clock_ahead(folder: Path, terms: Terms) -> Row:
    return _odd("clock-ahead", folder, terms, terms.hold_s, clock_off_s=HOUR_S)


def clock_behind(folder: Path, terms: Terms) -> Row:
    return _odd("clock-behind", folder, terms, terms.hold_s, clock_off_s=-HOUR_S)


def duplicates(folder: Path, terms: Terms) -> Row:
    return _odd("duplicates", folder, terms, terms.hold_s, twice=True)


def reordering(folder: Path, terms: Terms) -> Row:
    return _odd("reordering", folder, terms, 2.5 * terms.shuffle_s, shuffle_s=terms.shuffle_s)


def _odd(name: str, folder: Path, terms: Terms, seconds: float, **misbehaviour: Any) -> Row:
    """Devices misbehave from the first message to the last; the hub has nothing to complain of."""
    row = Row(name)
    with _scene(folder, terms, **misbehaviour) as scene:
        scene.open()
        time.sleep(seconds)
        scene.finish(row)
    return row


def disk_full(folder: Path, terms: Terms) -> Row:
    row = Row("disk-full")
    with _scene(folder, terms) as scene:
        mounted = _mount(folder / "small")
        if mounted:
            scene.closing.callback(lambda: subprocess.run(["umount", "-l", folder / "small"], check=False))
            scene.state = folder / "small" / "state"
        scene.open()
        time.sleep(terms.before_s)
        if mounted:
            row.fault = "disk-full (tmpfs)"
            fill, ballast = _fill(folder / "small"), folder / "small" / "ballast"
            watching = threading.Thread(target=scene.watch, args=("store", terms.hold_s, row))
            watching.start()
            # The hub lets go of space now and then: take that as well.
            while watching.is_alive():
                fill()
                watching.join(0.2)
            ballast.unlink()
        else:
            row.fault = "disk-full (RLIMIT_FSIZE)"
            pid, largest = scene.hub.pid, max(p.stat().st_size for p in scene.state.iterdir() if p.is_file())
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (min(largest, 65536), hard))
            scene.watch("store", terms.hold_s, row)
            if scene.hub.alive() and scene.hub.pid == pid:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        scene.recover(row)
        time.sleep(terms.before_s)
        scene.finish(row)
    return row


def database_gone(folder: Path, terms: Terms) -> Row:
    row = Row("database-gone")
    with _scene(folder, terms) as scene:
        scene.use_postgres()
        scene.open()
        time.sleep(terms.before_s)
        assert scene.postgres is not None
        scene.postgres.stop("fast")
        scene.watch("store", terms.hold_s, row)
        scene.postgres.start()
        scene.recover(row)
        time.sleep(terms.before_s)
        scene.finish(row)
    return row


FAULTS: dict[str, Callable[[Path, Terms], Row]] = {
    "broker-killed": broker_killed,
    "mosquitto-killed": mosquitto_killed,
    "network-cut": network_cut,
    "clock-ahead": clock_ahead,
    "clock-behind": clock_behind,
    "duplicates": duplicates,
    "reordering": reordering,
    "disk-full": disk_full,
    "database-gone": database_gone,
}


def missing(fault: str, terms: Terms) -> str | None:
    """Why a fault cannot be played here, if so."""
    if fault == "mosquitto-killed":
        return Mosquitto.missing() or (None if has_option("--broker") else "this hub has no --broker")
    if fault == "database-gone" or terms.store == "postgresql":
        return Postgres.missing() or (None if has_option("--store") else "this hub has no --store")
    return None


def run(fault: str, folder: Path, terms: Terms) -> Row:
    """One fault in an empty folder; a row that says so when it cannot be played."""
    why = missing(fault, terms)
    return Row(fault, skipped=why) if why else FAULTS[fault](folder, terms)


# ------------------------------------------------------------------- means


@contextlib.contextmanager
def _scene(folder: Path, terms: Terms, **players: Any) -> Iterator[Scene]:
    scene = Scene(folder, terms, **players)
    with scene.closing:
        yield scene


def _mount(folder: Path) -> bool:
    """A small tmpfs, if we may."""
    folder.mkdir()
    if os.getuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MIB}m", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _fill(folder: Path) -> Callable[[], None]:
    """Writes until nothing more goes in, each time it is called."""

    def fill() -> None:
        with (folder / "ballast").open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    fill()
    return fill


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=list(FAULTS))
    parser.add_argument("--hold", type=float, default=20.0, help="seconds that a fault lasts")
    parser.add_argument("--cut", type=float, default=60.0, help="seconds without a network")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    terms = Terms(hold_s=args.hold, cut_s=args.cut, store=args.store, seed=args.seed)
    rows = []
    print_head()
    for fault in args.only or FAULTS:
        with tempfile.TemporaryDirectory(prefix="safezone-fault-") as name:
            row = run(fault, Path(name), terms)
        rows.append(row)
        print_row(row)
    print(
        harness.write(
            f"faults-{args.store}",
            {
                "hold_s": args.hold, "cut_s": args.cut,
                "rows": [{**vars(r), "faults": r.faults(), "losses": losses(r.summary) if r.summary else None} for r in rows],
            },
        )
    )  # fmt: skip
    sys.exit(any(r.faults() for r in rows))


def print_head() -> None:
    print(
        f"{'fault':<26}{'messages':>9}{'presses':>8}{'emerg.':>7}{'receipts':>9}{'actions':>8}{'notices':>8}{'dup.':>5}"
        f"{'said after':>11}{'recovered':>10}"
    )


def print_row(row: Row) -> None:
    if row.skipped:
        print(f"{row.fault:<26}not played: {row.skipped}", flush=True)
        return
    s = row.summary
    actions = s["actions_lost"] if row.actions else "-"
    said = "-" if row.part is None else "never" if row.said_after_s is None else f"{row.said_after_s} s"
    recovered = "-" if row.part is None and row.recovered_s is None else f"{row.recovered_s} s"
    print(
        f"{row.fault:<26}{s['messages']:>9}{s['presses']:>8}{s['emergencies_lost']:>7}{s['receipts_lost']:>9}"
        f"{actions:>8}{s['notices_lost']:>8}{s['unrecognisable_duplicates']:>5}{said:>11}{recovered:>10}"
        + (f"  said: {row.said[:60]}" if row.said else "")
        + (f"  WRONG: {'; '.join(row.faults())}" if row.faults() else ""),
        flush=True,
    )


if __name__ == "__main__":
    main()
