"""The whole hub suite against the bundled hub, again and again: the same verdicts each time, and how long it takes.

    python tests/bench/suite_runs.py --runs 10 --loaded 1

A fresh hub each run, `safezone conform run -n 2` by the vendor's command. The ``loaded`` runs have every core kept busy by
something else. Fails when two runs differ in any verdict, or one is not PASS.
"""

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from safezone_zoo.stable import Stable

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.conformance.running import fill_in, run, verdicts


def _burn() -> None:
    while True:
        hashlib.sha256(b"x" * 100_000).digest()


@contextlib.contextmanager
def busy_cores(count: int) -> Iterator[None]:
    burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(count)]
    for one in burners:
        one.start()
    try:
        yield
    finally:
        for one in burners:
            one.terminate()
            one.join()


def once(loaded: bool) -> tuple[float, dict[str, str]]:
    """Wall seconds of the command, and the verdict of each case."""
    with tempfile.TemporaryDirectory() as name, Stable() as stable, stable.hub() as hub:
        folder = Path(name)
        fill_in(folder, hub, **{'command = ""': f'command = "{hub.restart_command}"'})
        with busy_cores(os.cpu_count() or 2) if loaded else contextlib.nullcontext():
            began = time.monotonic()
            run(folder, "-n", "2", expect=None)
            took = time.monotonic() - began
        return took, {case: row["verdict"] for case, row in verdicts(folder)["cases"].items()}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--loaded", type=int, default=1, help="further runs with every core kept busy")
    options = parser.parse_args()
    seconds: list[float] = []
    digests: set[str] = set()
    bad: list[str] = []
    for number in range(options.runs + options.loaded):
        loaded = number >= options.runs
        took, found = once(loaded)
        digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:12]
        digests.add(digest)
        other = {case: verdict for case, verdict in found.items() if verdict != "PASS"}
        bad += [f"run {number + 1}: {case} {verdict}" for case, verdict in other.items()]
        if not loaded:
            seconds.append(took)
        print(
            f"run {number + 1}{' (loaded)' if loaded else ''}: {took:.1f} s, {len(found)} verdicts, "
            f"{len(found) - len(other)} PASS, digest {digest} {other or ''}",
            flush=True,
        )
    if seconds:
        print(
            f"{len(seconds)} runs: {min(seconds):.1f} to {max(seconds):.1f} s, median {statistics.median(seconds):.1f}"
        )
    print("\n".join(bad) or "every verdict PASS and the same in every run")
    return int(bool(bad) or len(digests) > 1)


if __name__ == "__main__":
    sys.exit(main())
