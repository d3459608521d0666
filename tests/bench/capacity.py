"""The bundled hub's knee beside its own generator: every store and broker, alone and as two shards, overloaded and back.

    python tests/bench/capacity.py [--only sqlite-embedded,shards-2] [--again] [-- OPTION …]

Each row is one ``safezone capacity`` of at most four minutes, the whole table at most twenty; what is done stays done
under ``--out`` and is not run again (``--again`` does). The table is printed as Markdown, after each row and at the end.
What comes after ``--`` is given to ``safezone capacity`` after this bench's own options.

    python tests/bench/capacity.py --drops 1000

counts instead what a hub loses that drops one message in 1,000, against the hub's own list: to the message.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from servers import Mosquitto, Postgres

ROOT = Path(__file__).resolve().parents[2]
CLI = [sys.executable, "-m", "safezone_cli"]
ROW_S = 240.0  # a row that takes longer is ended; what it measured by then counts

# Times the recorded children, who say 11.7/s in their busiest seconds: from about 2,900/s, and 4,700/s for two.
ONE, TWO = "250,350,450,550", "400,550,700,850"
# name: PostgreSQL, Mosquitto, shards, the rates to begin with
SETUPS: dict[str, tuple[bool, bool, int, str]] = {
    "sqlite-embedded": (False, False, 1, ONE),
    "sqlite-mosquitto": (False, True, 1, ONE),
    "postgresql-embedded": (True, False, 1, ONE),
    "postgresql-mosquitto": (True, True, 1, ONE),
    "shards-2": (True, True, 2, TWO),
}
OPTIONS = [
    "--seconds",
    "6",
    "--children-max",
    "4000",
    "--refine",
    "2",
    "--rate-max",
    "16000",
    "--beyond",
    "3,10",
    "--beyond-seconds",
    "8",
    "--recover-seconds",
    "30",
    "--drain",
    "8",
]


def measure(name: str, messages: Path, out: Path, more: list[str]) -> dict[str, Any] | None:
    """One row; the content of its capacity.json, None when nothing came of it."""
    on_postgres, on_mosquitto, shards, scale = SETUPS[name]
    command = [*CLI, "capacity", "--messages", str(messages), "--out", str(out / name), "--scale", scale]
    found = out / name / "capacity.json"
    found.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="safezone-capacity-") as folder:
        Path(folder).chmod(0o755)
        servers: list[Any] = []
        try:
            if on_mosquitto:
                broker = Mosquitto(Path(folder) / "mosquitto")
                servers.append(broker)
                broker.start()
                command += ["--broker", broker.url, "--watch", f"broker={broker.pids[0]}"]
            if on_postgres:
                postgres = Postgres(Path(folder) / "postgres")
                servers.append(postgres)
                postgres.start()
                command += ["--store", postgres.dsn, "--watch", f"database={postgres.pids[0]}"]
            if shards > 1:
                command += ["--shards", str(shards)]
            running = subprocess.Popen([*command, *OPTIONS, *more], start_new_session=True)
            try:
                running.wait(ROW_S)
            except subprocess.TimeoutExpired:
                print(f"{name}: ended after {ROW_S:.0f} s", flush=True)
                running.send_signal(signal.SIGINT)
                try:
                    running.wait(30)
                except subprocess.TimeoutExpired:
                    os.killpg(running.pid, signal.SIGKILL)  # its own session: it, its generator and its hub
        finally:
            for server in reversed(servers):
                server.close()
    return read(found)


def read(file: Path) -> dict[str, Any] | None:
    result: dict[str, Any] | None = json.loads(file.read_text()) if file.is_file() else None
    return result


HEAD = (
    "| hub | knee /s | hub CPU | desk p99 | fails at | ×3: offered, answered /s | calls lost | desk p99 | recovery "
    "| ×10: offered, answered /s | calls lost | desk p99 | recovery | hub MB | verdict |\n|" + "---|" * 15
)


def markdown(results: dict[str, dict[str, Any]]) -> str:
    """The table of what is there."""
    return "\n".join([HEAD, *(row_of(name, result) for name, result in results.items())])


def row_of(name: str, result: dict[str, Any]) -> str:
    """One row of the table."""
    held = [row for row in result["steps"] if row["verdict"] == "holds"]
    failed = [row["rate_per_s"] for row in result["steps"] if row["verdict"] == "fails"]
    best = max(held, key=lambda row: float(row["rate_per_s"])) if held else None
    cells = [name, f"{'≥ ' if result['knee_is_lower_bound'] else ''}{number(result['knee_per_s'])}"]
    cells += (
        [f"{best['cpu'].get('hub', 0):.0%}", f"{number(best['desk_ms']['p99'])} ms"] if best else ["–", "–"]
    )
    cells.append(number(min(failed, default=None)))
    beyond = {row["factor"]: row for row in result["beyond"]}
    for factor in (3, 10):
        row = beyond.get(factor)
        if row is None:
            cells += ["–"] * 4
            continue
        unsure = " (inconclusive)" if row["verdict"] == "inconclusive" else ""
        cells += [
            f"{number(row['reached_per_s'])}, {number(row['receipts_per_s'])}{unsure}",
            f"{row['lost_emergencies']} of {row['emergencies']}",
            f"{number(row['desk_ms']['p99'])} ms",
            "none seen" if row["recovery_s"] is None else f"{row['recovery_s']:.0f} s",
        ]
    rss = [row["rss_mb"].get("hub", 0) for row in [*result["steps"], *result["beyond"]]]
    cells += [number(max(rss, default=None)), result["verdict"]]
    return f"| {' | '.join(cells)} |"


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def pilot(folder: Path) -> Path:
    """The pilot's day, made once."""
    if not (folder / "transcript.jsonl.gz").is_file():
        print(f"== making the pilot's day in {folder}", flush=True)
        scenario = str(ROOT / "scenarios" / "pilot.toml")
        subprocess.run([*CLI, "run", scenario, "--hub", "none", "--out", str(folder)], check=True)
    return folder


def dropped(one_in: int, messages: Path, seconds: float, rate: float) -> bool:
    """A hub that drops one message in so many, held against its own list. Whether every loss was counted, and no other."""
    from safezone_sim.capacity.local import LocalHub
    from safezone_sim.capacity.recording import read_recording
    from safezone_sim.capacity.run import CapacityRun, Terms
    from safezone_sim.capacity.spread import Processes
    from safezone_sim.capacity.target import Target
    from safezone_sim.twin.hubapi import HubApi

    recording = read_recording(messages, 8 * 3600 + 20 * 60, 8 * 3600 + 50 * 60)
    with tempfile.TemporaryDirectory(prefix="safezone-drops-") as folder:
        file = Path(folder) / "dropped"
        file.touch()
        broken = [
            sys.executable,
            str(ROOT / "tests" / "capacity" / "broken_hub.py"),
            f"drops={one_in}",
            str(file),
        ]
        hub, senders = LocalHub(broken, Path(folder)), Processes(1)
        api = HubApi(hub.api, hub.token)
        try:
            terms = Terms(seconds=seconds, emergencies=20.0, children_max=4000, drain_s=10.0)
            row = CapacityRun(recording, Target.parse(hub.mqtt), api, senders, terms)._measured(rate)
        finally:
            api.close()
            senders.close()
            hub.stop()
        lines = [line.split() for line in file.read_text().splitlines()]
    calls = ("tag.called", "bell.pressed", "phone.called")
    # A press that two readers relay is lost only with both.
    taken = {press for what, _, _, press in lines if what == "kept"}
    of_calls = {press for what, type_, _, press in lines if what == "dropped" and type_ in calls} - taken
    routine = [id_ for what, type_, id_, _ in lines if what == "dropped" and type_ not in calls]
    print("| dropped 1 in | sent | calls | hub dropped: calls, routine | counted: calls, routine | verdict |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {one_in:,} | {row['sent']:,} | {row['emergencies']} | {len(of_calls)}, {len(routine)} "
        f"| {row['lost_emergencies']}, {row['lost_routine']} | {row['verdict']} |"
    )
    return (row["lost_emergencies"], row["lost_routine"]) == (len(of_calls), len(routine))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=Path, help="recorded day; the pilot's is made when there is none")
    parser.add_argument("--only", default=",".join(SETUPS), metavar="ROW,ROW", help=", ".join(SETUPS))
    parser.add_argument("--again", action="store_true", help="also what is done already")
    parser.add_argument("--out", type=Path, default=Path("results/bench/capacity"))
    parser.add_argument("--drops", type=int, metavar="N", help="a hub that drops one message in N")
    parser.add_argument("--drops-rate", type=float, default=1000.0, metavar="PER_S")
    parser.add_argument("--drops-seconds", type=float, default=30.0, metavar="S")
    args, more = parser.parse_known_args()
    messages = pilot(args.messages or Path("results/pilot"))
    if args.drops:
        sys.exit(0 if dropped(args.drops, messages, args.drops_seconds, args.drops_rate) else 1)
    names = args.only.split(",")
    if unknown := [name for name in names if name not in SETUPS]:
        parser.error(f"--only {','.join(unknown)}: choose among {', '.join(SETUPS)}")
    results: dict[str, dict[str, Any]] = {}
    for n, name in enumerate(names, 1):
        began, done = time.monotonic(), read(args.out / name / "capacity.json")
        if done is not None and done.get("ended") and not args.again:
            print(f"== {n}/{len(names)} {name}: done at {done['made_at']} (--again to repeat)", flush=True)
            results[name] = done
            continue
        left = (len(names) - n + 1) * ROW_S / 60
        print(f"== {n}/{len(names)} {name}: at most {left:.0f} min to the end", flush=True)
        result = measure(name, messages, args.out, [option for option in more if option != "--"])
        if result is None:
            print(f"{name}: nothing was measured", flush=True)
            continue
        results[name] = result
        print(f"{name}: {time.monotonic() - began:.0f} s\n{markdown({name: result})}", flush=True)
    print(f"\n{markdown(results)}", flush=True)


if __name__ == "__main__":
    main()
