"""kill -9 of the hub at moments spread over the day: what was lost, compared with the undisturbed run.

python tests/bench/crash.py --kills 20 [--seed 1]
"""

import argparse

import harness
from safezone_sim.streams import stream


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    day = harness.scenario("pilot", args.seed)
    # Half of the moments anywhere in the day, half within seconds of a scripted emergency.
    rng = stream(args.seed, "crash moments")
    spread = [day.start_s + float(u) * (day.end_s - day.start_s) for u in rng.random(args.kills)]
    calm = harness.run(day)
    hurt = harness.run(day, crash_at=sorted(spread))
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
        f"kills {args.kills}; additionally missed: {lost}; same truth: {calm.truth_sha256 == hurt.truth_sha256}"
    )
    print(harness.write("crash", {"kills": sorted(spread), "rows": rows, "additionally_missed": lost}))


if __name__ == "__main__":
    main()
