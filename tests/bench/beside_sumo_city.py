"""CPU seconds a walk beside SUMO at 400, 5,000 and 20,000 walkers: the same walks on the same streets.

    python tests/bench/beside_sumo_city.py [--walkers 400,5000,20000] [--rounds 3]

Walks are the morning's, from home to school, of the largest schools; each school's streets are in one SUMO network,
side by side. SUMO gets every walk's edges, speed and departure (no routing), its nonInteracting pedestrian model, 1 s
steps, three ways: bare steps; all positions read every second (libsumo); a position file (--fcd-output). What the
same run costs without walkers is taken off, so reading the network counts for nothing.
This side gets the same walks as lines and speeds, and computes the same product that one would want from the positions:
who passed which reader when, with entry and exit. Nobody computes it from SUMO's positions here: that would be extra.
Both are CPU seconds (user and system) of processes that do nothing else; medians of the rounds, five times as many of
them below 5,000 walkers.

What SUMO does that this does not: it steps, so anything may change at any second; vehicles, junctions, signals,
people who give way (in its other models), lanes and crossings; positions of everybody at any time without asking.
What this does that SUMO does not, in the same time: pauses, waits at crossings, queues at gates and friends are in.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.sax.saxutils import quoteattr

import harness
import msgspec
import numpy as np
import sumo
from beside_sumo import NETCONVERT, SUMO
from safezone_sim.life.antennas import antenna_book
from safezone_sim.life.day import Day, prepare_day
from safezone_sim.life.lines import build_lines
from safezone_sim.life.trips import Trips, line_hits, stays_of, walk
from safezone_sim.map import load_map
from safezone_sim.schools import School, all_schools
from safezone_sim.world import build_world

assert sumo  # the binaries come with it
APART_M = 10_000.0
END_S = 11 * 3600

READER = """
import sys, libsumo
libsumo.start(sys.argv[1:])
end, seen = float(sys.argv[sys.argv.index("--end") + 1]), 0
while libsumo.simulation.getTime() < end:
    libsumo.simulationStep()
    for who in libsumo.person.getIDList():
        libsumo.person.getPosition(who)
        seen += 1
libsumo.close()
print(seen)
"""


def cpu_of(command: list[str | Path]) -> float:
    """User plus system seconds of one command, to the microsecond."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Quarter:
    """One school's morning: its day, and the rows of its walks from home to school."""

    def __init__(self, school: School, index: int) -> None:
        self.school, self.index = school, index
        scenario = harness.scenario("seoul")
        people = msgspec.structs.replace(scenario.people, subscribers=school.pupils or 1)
        self.scenario = msgspec.structs.replace(scenario, schools=(school.code,), people=people)
        street_map = load_map(school.lon, school.lat, scenario.map.radius_m, map_dir=harness.map_dir())
        self.world = build_world(self.scenario, school, street_map, map_dir=harness.map_dir(), bare=True)
        self.day: Day = prepare_day(self.scenario, self.world)
        lines, trips = self.day.settled.lines, self.day.settled.trips
        to_school = np.array([place == self.world.school_place for place in lines.to_place])
        from_home = np.array([place.startswith(f"{school.code}-h") for place in lines.from_place])
        rows = np.flatnonzero((to_school & from_home)[trips.line])
        self.rows = rows[np.argsort(trips.depart[rows], kind="stable")]

    def network(self, nodes: list[str], edges: list[str]) -> None:
        """Adds this school's streets, shifted aside."""
        g, q = self.world.map.streets, self.index
        shift = np.array([q * APART_M, 0.0])
        nodes += [f'<node id="{q}n{i}" x="{x:.2f}" y="{y:.2f}"/>' for i, (x, y) in enumerate(g.xy + shift)]
        for i in range(len(g.edge_from)):
            line = g.edge_line(i) + shift
            for way, a, b, points in (
                ("f", g.edge_from[i], g.edge_to[i], line),
                ("b", g.edge_to[i], g.edge_from[i], line[::-1]),
            ):
                shape = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
                edges.append(
                    f'<edge id="{q}e{i}{way}" from="{q}n{a}" to="{q}n{b}" numLanes="1" speed="3" '
                    f'allow="pedestrian" shape="{shape}"/>'
                )

    def persons(self, rows: np.ndarray) -> tuple[list[tuple[float, str]], list[int], float]:  # type: ignore[type-arg]
        """(departure, SUMO person) of each walk that uses a street, the rows kept, and their metres."""
        settled, ways = self.day.settled, self.day.ways
        found, kept, metres = [], [], 0.0
        for row in rows.tolist():
            line = int(settled.trips.line[row])
            out, into = ways.gates(settled.lines.from_place[line], settled.lines.to_place[line])
            tree = ways.walks.router.tree([into.street_node])
            steps = ways.walks.router.directed_edges(np.array(tree.nodes(out.street_node))).tolist()
            edges = [f"{self.index}e{step >> 1}{'b' if step & 1 else 'f'}" for step in steps]
            metres += sum(float(self.world.map.streets.length_m[step >> 1]) for step in steps)
            if edges:
                depart = float(settled.trips.depart[row])
                kept.append(row)
                found.append(
                    (
                        depart,
                        f'<person id="{self.index}p{row}" depart="{depart:.1f}"><walk edges={quoteattr(" ".join(edges))} '
                        f'speed="{settled.trips.foot_mps[row]:.3f}"/></person>',
                    )
                )
        return found, kept, metres

    def passes(self, rows: list[int]) -> tuple[float, float, int]:
        """CPU seconds for the bare walks, for who passed which reader when, and how many passes."""
        trips = self.day.settled.trips.take(np.array(rows))
        used, line = np.unique(trips.line, return_inverse=True)
        specs = [self.day.ways.specs[i] for i in used.tolist()]
        trips = Trips(**{f: getattr(trips, f) for f in trips.__dataclass_fields__} | {"line": line})
        circles = antenna_book(self.world).circles
        start = time.process_time()
        lines = build_lines(specs, self.world.map.crossings_xy)
        walked = walk(trips, lines)
        bare = time.process_time() - start
        assert len(walked.t)
        start = time.process_time()
        lines = build_lines(specs, self.world.map.crossings_xy)
        stays = stays_of(trips, line_hits(lines, circles))
        return bare, time.process_time() - start, len(stays.t_in)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--walkers", default="400,5000,20000")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    largest = sorted(all_schools(harness.map_dir()), key=lambda s: (-(s.pupils or 0), s.code))
    quarters: list[Quarter] = []
    results = []
    for walkers in sorted(map(int, args.walkers.split(","))):
        while sum(len(q.rows) for q in quarters) < walkers * 1.02:
            quarters.append(Quarter(largest[len(quarters)], len(quarters)))
        with tempfile.TemporaryDirectory() as name:
            row = measured(quarters, walkers, args.rounds, Path(name))
        results.append(row)
        print(json.dumps(row), flush=True)
    print(harness.write("beside-sumo-city", {"rounds": args.rounds, "rows": results}))


def measured(quarters: list[Quarter], walkers: int, rounds: int, folder: Path) -> dict[str, object]:
    """One number of walkers, all ways."""
    nodes: list[str] = []
    edges: list[str] = []
    persons: list[tuple[float, str]] = []
    mine: list[tuple[Quarter, list[int]]] = []
    metres = 0.0
    for quarter in quarters:
        if len(persons) >= walkers:
            break
        found, kept, _ = quarter.persons(quarter.rows)
        take = min(len(kept), walkers - len(persons))
        found, kept, walked = quarter.persons(np.array(kept[:take]))
        persons += found
        metres += walked
        mine.append((quarter, kept))
        quarter.network(nodes, edges)
    (folder / "n.xml").write_text("<nodes>" + "".join(nodes) + "</nodes>")
    (folder / "e.xml").write_text("<edges>" + "".join(edges) + "</edges>")
    (folder / "walks.xml").write_text("<routes>" + "\n".join(p for _, p in sorted(persons)) + "</routes>")
    (folder / "none.xml").write_text("<routes></routes>")
    net = folder / "net.xml"
    subprocess.run(
        [NETCONVERT, "-n", folder / "n.xml", "-e", folder / "e.xml", "-o", net, "--no-turnarounds", "false",
         "--offset.disable-normalization", "--no-warnings"],
        check=True, capture_output=True,
    )  # fmt: skip
    begin = str(int(min(d for d, _ in persons)) - 1)

    def options(routes: str) -> list[str | Path]:
        return ["-n", net, "-r", folder / routes, "--begin", begin, "--end", str(END_S), "--pedestrian.model",
                "nonInteracting", "--no-step-log", "--no-warnings", "--xml-validation", "never",
                "--duration-log.disable"]  # fmt: skip

    reader = folder / "reader.py"
    reader.write_text(READER)
    ways = {
        "bare": lambda r: [SUMO, *options(r)],
        "read": lambda r: [sys.executable, reader, "sumo", *options(r)],
        "file": lambda r: [SUMO, *options(r), "--fcd-output", folder / "fcd.xml"],
    }
    n = len(persons)
    rounds = rounds if n >= 5000 else 5 * rounds  # few walkers drown in the start-up's own scatter
    row: dict[str, object] = {"walkers": n, "schools": len(mine), "mean_walk_m": round(metres / n)}
    took: dict[str, float] = {}
    for way, command in ways.items():
        with_walks = statistics.median(cpu_of(command("walks.xml")) for _ in range(rounds))
        empty = statistics.median(cpu_of(command("none.xml")) for _ in range(rounds))
        took[way] = (with_walks - empty) / n
        row[f"sumo_{way}_ms"] = round(1000 * took[way], 4)
        row[f"sumo_{way}_empty_cpu_s"] = round(empty, 2)
    ours = [[q.passes(rows) for q, rows in mine] for _ in range(max(rounds, 3))]
    bare = statistics.median(sum(b for b, _, _ in one) for one in ours) / n
    product = statistics.median(sum(p for _, p, _ in one) for one in ours) / n
    row |= {
        "our_walk_ms": round(1000 * bare, 5),
        "our_passes_ms": round(1000 * product, 5),
        "reader_passes": sum(k for _, _, k in ours[0]),
        "bare_walk_ratio": round(took["bare"] / bare, 1),
        "read_over_passes": round(took["read"] / product, 1),
        "file_over_passes": round(took["file"] / product, 1),
    }
    return row


if __name__ == "__main__":
    main()
