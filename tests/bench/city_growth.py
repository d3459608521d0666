"""How a city's day grows: 25, 150 and all schools of Seoul; wall, CPU and peak memory of all processes.

    python tests/bench/city_growth.py [--schools 25,150,597] [--take-up 1.0] [--workers 2] [--twins 1]

Each size runs twice: first with an empty folder of worlds (streets, homes and people are built), then with the worlds
that the first run kept, as every later run has them. Schools are spread evenly over the list. ``--twins N`` plays
every school N times, each time with other people, and so goes beyond the list: a tenth of the nation is 600 schools.
"""

import argparse
import tempfile
from pathlib import Path

import harness
import msgspec
from safezone_sim.city import CityOptions, run_city
from safezone_sim.scenario import Scenario
from safezone_sim.schools import all_schools

NATION_SCHOOLS, NATION_PUPILS = 6_000, 2_500_000  # about


def some_schools(scenario: Scenario, count: int, twins: int) -> Scenario:
    """The scenario with ``count`` schools spread evenly over the list."""
    assert scenario.city is not None
    known = all_schools(harness.map_dir())
    codes = tuple(known[i * len(known) // count].code for i in range(min(count, len(known))))
    city = msgspec.structs.replace(scenario.city, times=twins)
    return msgspec.structs.replace(scenario, schools=codes, city=city)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schools", default="25,150,597")
    parser.add_argument("--take-up", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--twins", type=int, default=1)
    parser.add_argument(
        "--kept", type=Path, help="a folder with worlds of an earlier run: only the second run of each"
    )
    args = parser.parse_args()
    scenario = harness.scenario("seoul")
    assert scenario.city is not None
    scenario = msgspec.structs.replace(
        scenario, city=msgspec.structs.replace(scenario.city, take_up=args.take_up)
    )
    rows = []
    for count in map(int, args.schools.split(",")):
        chosen = some_schools(scenario, count, args.twins)
        with tempfile.TemporaryDirectory(prefix="safezone-city-") as name:
            folder = Path(name)
            worlds = args.kept or folder / "worlds"
            digests = set()
            for how in ("kept",) if args.kept else ("built", "kept"):
                tally = run_city(
                    chosen,
                    CityOptions(
                        out=folder / "run", map_dir=harness.map_dir(), workers=args.workers, worlds=worlds
                    ),
                ).tally
                totals = tally["totals"]
                digests.add(tally["truth_sha256"])
                row = {
                    "worlds": how,
                    "worlds_kept": tally["worlds_kept"],
                    "schools": totals["schools"],
                    "children": totals["children"],
                    "walks": totals["walks"],
                    "truth": totals["truth_rows"],
                    "messages": sum(totals["messages"].values()),
                    "wall_s": tally["wall_seconds"],
                    "cpu_s": tally["cpu_seconds"],
                    "cpu_ms_per_school": round(1000 * tally["cpu_seconds"] / totals["schools"], 1),
                    "peak_mb": tally["peak_memory_mb"],
                    "mb_written": round(_bytes_under(folder / "run") / 1e6),
                    "truth_sha256": tally["truth_sha256"],
                }
                rows.append(row)
                print(row, flush=True)
            assert len(digests) == 1, "a kept world gave another truth"
    print(harness.write("city-growth", {"take_up": args.take_up, "workers": args.workers, "rows": rows}))
    last = rows[-1]
    print(
        f"the nation, {NATION_SCHOOLS:,} schools and {NATION_PUPILS:,} pupils, by this growth: "
        f"{last['cpu_s'] * NATION_SCHOOLS / last['schools'] / 3600:.2f} CPU hours by schools, "
        f"{last['cpu_s'] * NATION_PUPILS / last['children'] / 3600:.2f} by children ({last['worlds']} worlds)"
    )


def _bytes_under(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


if __name__ == "__main__":
    main()
