"""What every benchmark shares: runs of the twin, provenance, a place for the numbers."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.scenario import Scenario, load_scenario
from safezone_sim.twin.run import RunOptions, RunResult, run_scenario

HUB_COMMAND = (sys.executable, "-m", "safezone_cli", "hub")
RESULTS = Path("results/bench")


def map_dir() -> Path | None:
    named = os.environ.get("SAFEZONE_MAP_DIR")
    return Path(named) if named else None


def scenario(name: str, seed: int | None = None) -> Scenario:
    found = load_scenario(scenarios_dir() / f"{name}.toml")
    return found if seed is None else msgspec.structs.replace(found, seed=seed)


def run(
    chosen: Scenario,
    *,
    hub: str = "bundled",
    hub_options: Sequence[str] = (),
    crash_at: Sequence[float] = (),
    speed: float | None = None,
    out: Path | None = None,
) -> RunResult:
    """One run into a temporary folder (or ``out``), without a report."""
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        return run_scenario(
            chosen,
            RunOptions(
                out=out or Path(folder) / "run",
                map_dir=map_dir(),
                hub=hub,
                hub_command=HUB_COMMAND,
                hub_options=hub_options,
                crash_at=crash_at,
                speed=speed,
                report=False,
            ),
        )


def provenance() -> dict[str, Any]:
    """Commit, command and machine of this run."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return {
        "commit": commit.stdout.strip(),
        "command": " ".join(sys.argv),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }


def write(name: str, content: Mapping[str, Any]) -> Path:
    """Numbers of one benchmark as JSON."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({**provenance(), **content}, ensure_ascii=False, indent=2) + "\n")
    return path
