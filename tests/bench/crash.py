"""kill -9 of the hub at moments spread over the day: what was lost, compared with the undisturbed run.

python tests/bench/crash.py --kills 20 [--seed 1]
"""

import argparse
import sys
import tempfile
from pathlib import Path

import harness
import safezone_model
from safezone_sim.judge import read_record
from safezone_sim.streams import stream


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    day = harness.scenario("pilot", args.seed)
    with tempfile.TemporaryDirectory() as folder:
        calm = harness.run(day, out=Path(folder) / "calm")
        truth = read_record(Path(folder) / "calm").truth
    urgent = sorted({e.t for e in truth if safezone_model.SERVICES[e.service].cls != "everyday"})
    # Half of the moments anywhere in the day, half within seconds of an emergency.
    rng = stream(args.seed, "crash moments")
    near = [
        urgent[int(rng.integers(len(urgent)))] + float(rng.uniform(-1, 4)) for _ in range(args.kills // 2)
    ]
    spread = [day.start_s + float(u) * (day.end_s - day.start_s) for u in rng.random(args.kills - len(near))]
    spread = sorted(t for t in near + spread if day.start_s < t < day.end_s)
    hurt = harness.run(day, crash_at=spread)
    rows = {}
    for name, recipients in hurt.summary["services"].items():
        for recipient, row in recipients.items():
            before = calm.summary["services"][name][recipient]
            rows[f"{name}/{recipient}"] = {
                k: (before[k], row[k]) for k in ("true", "delivered", "missed", "false", "duplicates")
            }
    lost = sum(max(0, b["missed"][1] - b["missed"][0]) for b in rows.values())
    print(
        f"{'service/recipient':<28}{'true':>12}{'delivered':>14}{'missed':>10}{'false':>10}{'dup':>8}   (calm, killed)"
    )
    for name, row in rows.items():
        print(
            f"{name:<28}{row['true']!s:>12}{row['delivered']!s:>14}{row['missed']!s:>10}{row['false']!s:>10}{row['duplicates']!s:>8}"
        )
    print(
        f"kills {len(spread)}; additionally missed: {lost}; same truth: {calm.truth_sha256 == hurt.truth_sha256}"
    )
    print(harness.write("crash", {"kills": spread, "rows": rows, "additionally_missed": lost}))
    sys.exit(lost > 0 or calm.truth_sha256 != hurt.truth_sha256)


if __name__ == "__main__":
    main()
