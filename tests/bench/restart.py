"""Seconds from the start of the hub to «ready», with a day of 396 children in its log.

    python tests/bench/restart.py [--store sqlite|postgresql] [--day pilot|load] [--starts 5] [--cold]

The day is made once: ``pilot`` plays scenarios/pilot.toml through the twin and keeps the hub's state (needs
SAFEZONE_MAP_DIR), ``load`` feeds ``--messages`` from the generator. Then the hub is started on it again and again, after
kill -9 and after a clean end in turn. Measured: until the ready line, and until /readyz answers 200. ``--cold`` empties
the machine's page cache before each start (root only; it slows everybody on the machine).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import harness
from hubproc import HubProcess, has_option
from load.district import District
from safezone_sim.scenario import Scenario
from safezone_sim.twin.run import RunOptions, run_scenario
from servers import Postgres

GENERATOR = Path(__file__).parent / "load" / "open_loop.py"
DROP_CACHES = Path("/proc/sys/vm/drop_caches")


def day_of_the_twin(folder: Path, options: list[str]) -> Path:
    """The pilot day; returns the hub's state folder."""
    chosen: Scenario = harness.scenario("pilot")
    run_scenario(
        chosen,
        RunOptions(
            out=folder / "run", map_dir=harness.map_dir(), hub="bundled", hub_command=harness.HUB_COMMAND,
            hub_options=options, keep_hub_state=True, report=False,
        ),
    )  # fmt: skip
    return folder / "run" / "hub"


def day_of_the_generator(folder: Path, options: list[str], messages: int, rate: float) -> Path:
    """As many messages, from as many children."""
    hub = HubProcess(folder / "state", options)
    try:
        hub.start()
        hub.register(District(children=396, now=time.time()).items())
        sent, part = 0, min(messages, int(rate * 60))
        while sent < messages:
            command = [
                sys.executable, str(GENERATOR), "--port", str(hub.broker_address[1]), "--rate", str(rate), "--emergencies", "0.1",
                "--seconds", str(part / rate), "--children", "396", "--drain", "120",
            ]  # fmt: skip
            done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            if done["statuses"].get("accepted") != done["offered"]:
                raise SystemExit(f"the hub took {done['statuses']} of {done['offered']}; give a lower --rate")
            sent += done["offered"]
            print(f"  {sent} messages taken", flush=True)
        hub.stop()
    finally:
        hub.close()
    return folder / "state"


def measure(hub: HubProcess, after: str, cold: bool) -> dict[str, Any]:
    """One start."""
    if cold:
        subprocess.run(["sync"], check=True)
        DROP_CACHES.write_text("3\n")
    began = time.monotonic()
    hub.start()
    while hub.http.get("/readyz").status_code != 200:
        time.sleep(0.01)
    row = {
        "after": after,
        "ready_line_s": round(hub.ready_s, 2),
        "readyz_s": round(time.monotonic() - began, 2),
    }
    row["rss_mib"] = round(hub.rss_mib(), 1)
    print(
        f"  after {after:<10} ready line {row['ready_line_s']:>6.2f} s, /readyz {row['readyz_s']:>6.2f} s, {row['rss_mib']} MiB"
    )
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--day", choices=["pilot", "load"], default="pilot")
    parser.add_argument("--messages", type=int, default=378_000)
    parser.add_argument("--rate", type=float, default=2000.0)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--cold", action="store_true")
    args = parser.parse_args()
    if args.store == "postgresql" and (
        why := Postgres.missing() or (None if has_option("--store") else "this hub has no --store")
    ):
        sys.exit(f"cannot run: {why}")
    with tempfile.TemporaryDirectory(prefix="safezone-restart-") as name:
        folder, options = Path(name), list[str]()
        postgres: Postgres | None = None
        hub: HubProcess | None = None
        try:
            if args.store == "postgresql":
                postgres = Postgres(folder / "postgres")
                postgres.start()
                options = ["--store", postgres.dsn]
            began = time.monotonic()
            if args.day == "pilot":
                state = day_of_the_twin(folder, options)
            else:
                state = day_of_the_generator(folder, options, args.messages, args.rate)
            made_s = round(time.monotonic() - began, 1)
            hub = HubProcess(state, options)
            hub.log = folder / "hub.log"
            rows = [measure(hub, "the day", args.cold)]
            zones = [z["id"] for z in hub.http.get("/v1/registry/zone").json()["items"]]
            taken = sum((hub.stats(z) or {}).get("accepted", 0) for z in zones)
            children = sum(len(_all(hub, z)) for z in zones)
            for n in range(args.starts - 1):
                if n % 2:
                    hub.stop()
                else:
                    hub.kill()
                rows.append(measure(hub, "clean end" if n % 2 else "kill -9", args.cold))
            hub.stop()
            size = sum(p.stat().st_size for p in state.rglob("*") if p.is_file()) / 2**20
        finally:
            if hub is not None:
                hub.close()
            if postgres is not None:
                postgres.close()
    worst = max(r["readyz_s"] for r in rows)
    print(
        f"{taken} messages of {children} children in the log ({size:.0f} MiB in the state folder), {args.store}: ready in at most {worst} s"
    )
    print(
        harness.write(
            f"restart-{args.store}",
            {
                "store": args.store, "day": args.day, "accepted": taken, "children": children, "state_mib": round(size, 1),
                "made_s": made_s, "cold": args.cold, "rows": rows, "worst_readyz_s": worst,
            },
        )
    )  # fmt: skip


def _all(hub: HubProcess, zone: str) -> list[str]:
    """Ids of the zone's children."""
    found: list[str] = []
    while True:
        after = found[-1] if found else ""
        page = hub.http.get("/v1/registry/child", params={"zone": zone, "limit": 1000, "after": after}).json()
        found += [child["id"] for child in page["items"]]
        if not page.get("next"):
            return found


if __name__ == "__main__":
    main()
