"""Child-days per CPU second: this simulator beside eclipse-sumo, same streets, same trips, one run.

    python tests/bench/beside_sumo.py [--rounds 3]

SUMO walks every trip of the pilot day between the same street nodes at the same speed and departure, with its
nonInteracting pedestrian model, 1 s steps and no output at all. This side computes the whole day of the same
pupils: plans, walks, every stay at every antenna, truth. Both are CPU seconds (user + system) of one process,
start-up included on SUMO's side and reported apart; the world (streets, homes) is built before both.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from xml.sax.saxutils import quoteattr

import harness
import numpy as np
import simpy
import sumo
from safezone_sim.life.columns import school_day
from safezone_sim.life.model import Life
from safezone_sim.map import load_map
from safezone_sim.schools import find_school
from safezone_sim.world import build_world
from safezone_sim.world.model import SchoolWorld

SUMO = Path(sumo.__file__).parent / "bin" / "sumo"
NETCONVERT = SUMO.with_name("netconvert")


def write_network(world: SchoolWorld, folder: Path) -> Path:
    """The street graph as a SUMO network, both directions, pedestrians allowed."""
    g = world.map.streets
    nodes = [f'<node id="n{i}" x="{x:.2f}" y="{y:.2f}"/>' for i, (x, y) in enumerate(g.xy)]
    edges = []
    for i in range(len(g.edge_from)):
        line = g.edge_line(i)
        for way, a, b, points in (
            ("f", g.edge_from[i], g.edge_to[i], line),
            ("b", g.edge_to[i], g.edge_from[i], line[::-1]),
        ):
            shape = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
            edges.append(
                f'<edge id="e{i}{way}" from="n{a}" to="n{b}" numLanes="1" speed="3" allow="pedestrian" shape="{shape}"/>'
            )
    (folder / "n.xml").write_text("<nodes>" + "".join(nodes) + "</nodes>")
    (folder / "e.xml").write_text("<edges>" + "".join(edges) + "</edges>")
    net = folder / "net.xml"
    subprocess.run(
        [NETCONVERT, "-n", folder / "n.xml", "-e", folder / "e.xml", "-o", net, "--no-turnarounds", "false",
         "--offset.disable-normalization", "--no-warnings"],
        check=True, capture_output=True,
    )  # fmt: skip
    return net


def write_walks(world: SchoolWorld, life: Life, folder: Path) -> tuple[Path, int, float]:
    """All trips of the day as SUMO persons. Returns the file, how many, and their metres."""
    day = life.day
    settled = day.settled
    ways = day.ways
    rows = []
    metres = 0.0
    for row in np.argsort(settled.trips.depart, kind="stable").tolist():
        line = int(settled.trips.line[row])
        a, b = settled.lines.from_place[line], settled.lines.to_place[line]
        if a not in world.places or b not in world.places:
            continue
        out, into = ways.gates(a, b)
        router = ways.walks.router
        tree = router.tree([into.street_node])
        steps = router.directed_edges(np.array(tree.nodes(out.street_node))).tolist()
        edges = [f"e{step >> 1}{'b' if step & 1 else 'f'}" for step in steps]
        metres += sum(float(world.map.streets.length_m[step >> 1]) for step in steps)
        if not edges:
            continue
        rows.append(
            f'<person id="p{row}" depart="{settled.trips.depart[row]:.1f}">'
            f'<walk edges={quoteattr(" ".join(edges))} speed="{settled.trips.street_mps[row]:.3f}"/></person>'
        )
    path = folder / "walks.xml"
    path.write_text("<routes>" + "\n".join(rows) + "</routes>")
    return path, len(rows), metres


def cpu_of(command: list[str | Path]) -> float:
    """User plus system seconds of one command."""
    before = os.times()
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    day = harness.scenario("pilot")
    rows = []
    for code in day.schools:
        school = find_school(code, harness.map_dir())
        street_map = load_map(school.lon, school.lat, day.map.radius_m, map_dir=harness.map_dir())
        world = build_world(day, school, street_map, map_dir=harness.map_dir())
        life = Life(simpy.Environment(initial_time=day.start_s), day, world)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            net = write_network(world, folder)
            walks, trips, metres = write_walks(world, life, folder)
            common: list[str | Path] = [
                SUMO, "-n", net, "--begin", str(int(day.start_s)), "--pedestrian.model", "nonInteracting",
                "--no-step-log", "--no-warnings", "--xml-validation", "never", "--duration-log.disable",
            ]  # fmt: skip
            empty = folder / "none.xml"
            empty.write_text("<routes></routes>")
            theirs, start, ours, agents = [], [], [], []
            for _ in range(args.rounds):
                start.append(cpu_of([*common, "-r", empty, "--end", str(int(day.start_s) + 1)]))
                theirs.append(cpu_of([*common, "-r", walks, "--end", str(int(day.end_s))]))
                t = time.process_time()
                table = school_day(day, world)
                assert len(table.tag_stays.t_in) and len(table.gate_passes.t)
                ours.append(time.process_time() - t)
                t = time.process_time()
                env = simpy.Environment(initial_time=day.start_s)
                Life(env, day, world)
                env.run(until=day.end_s)
                agents.append(time.process_time() - t)
        children = len(world.people)
        row = {
            "school": code,
            "children": children,
            "trips": trips,
            "mean_walk_m": round(metres / trips),
            "sumo_cpu_s": round(statistics.median(theirs), 3),
            "sumo_start_cpu_s": round(statistics.median(start), 3),
            "columns_cpu_s": round(statistics.median(ours), 3),
            "agents_cpu_s": round(statistics.median(agents), 3),
        }
        for side in ("sumo", "columns", "agents"):
            row[f"{side}_child_days_per_cpu_s"] = round(children / row[f"{side}_cpu_s"])
        row["columns_over_sumo"] = round(row["sumo_cpu_s"] / row["columns_cpu_s"], 1)
        row["agents_over_sumo"] = round(row["sumo_cpu_s"] / row["agents_cpu_s"], 1)
        rows.append(row)
        print(row, flush=True)
    print(harness.write("beside-sumo", {"rounds": args.rounds, "schools": rows}))


if __name__ == "__main__":
    main()
