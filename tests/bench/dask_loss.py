"""A city's day on Dask: one local worker, two, and two of which one is killed midway. Same digests or an error.

    python tests/bench/dask_loss.py [--schools 24]

Workers are processes of their own (``dask worker`` under a nanny is not needed: the scheduler gives the lost tasks to
the other one). The result's digest covers truth and the bytes of every message column of every school.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness
import pyarrow.parquet as pq
from city_growth import some_schools
from distributed import Client, LocalCluster
from safezone_sim.city import CityOptions, run_city


def result_digest(run: Path) -> str:
    """SHA-256 over truth and messages of all schools, as values and not as files."""
    digest = hashlib.sha256()
    for path in sorted(run.rglob("*.parquet")):
        digest.update(path.relative_to(run).as_posix().encode())
        table = pq.read_table(path, partitioning=None)
        for column in table.itercolumns():
            digest.update(json.dumps(column.to_pylist()).encode())
    return digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schools", type=int, default=24)
    args = parser.parse_args()
    scenario = some_schools(harness.scenario("seoul"), args.schools, 1)
    rows = []
    for how, workers, kill in (
        ("one worker", 1, False),
        ("two workers", 2, False),
        ("two, one killed", 2, True),
    ):
        with tempfile.TemporaryDirectory(prefix="safezone-dask-") as name:
            row = one_run(scenario, Path(name), workers, kill)
        rows.append({"how": how, **row})
        print(rows[-1], flush=True)
    print(harness.write("dask-loss", {"schools": args.schools, "rows": rows}))
    if len({r["truth_sha256"] for r in rows}) != 1 or len({r["result_sha256"] for r in rows}) != 1:
        sys.exit("the results differ")
    if not rows[-1]["killed"]:
        sys.exit("no worker was killed")


def one_run(scenario, folder: Path, workers: int, kill: bool) -> dict[str, object]:  # type: ignore[no-untyped-def]
    """One run on a fresh cluster; with ``kill``, one worker dies when a third of the schools are played."""
    with LocalCluster(n_workers=0, dashboard_address=None, protocol="tcp") as cluster:
        address = cluster.scheduler_address
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny",
                   "--no-dashboard", "--local-directory", str(folder)]  # fmt: skip
        processes = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(workers)
        ]
        try:
            with Client(address) as client:
                client.wait_for_workers(workers)
            killed: list[int] = []

            def progress(stage: str, done: float, total: float) -> None:
                if kill and not killed and stage == "schools" and done >= total / 3:
                    os.kill(processes[0].pid, signal.SIGKILL)
                    killed.append(int(done))

            started = time.monotonic()
            tally = run_city(
                scenario,
                CityOptions(
                    out=folder / "run",
                    map_dir=harness.map_dir(),
                    scheduler=address,
                    report=False,
                    progress=progress,
                ),
            ).tally
            return {
                "wall_s": round(time.monotonic() - started, 1),
                "killed": bool(killed),
                "after_schools": killed[0] if killed else None,
                "cpu_s": tally["cpu_seconds"],
                "truth_sha256": tally["truth_sha256"],
                "result_sha256": result_digest(folder / "run"),
            }
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


if __name__ == "__main__":
    main()
