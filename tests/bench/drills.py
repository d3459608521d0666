"""All seven drills, each to its report, on schools drawn at random from the list; and the time from press to alert.

The trainee is scripted and acts through the hub's interface and the control API alone (tests/drill/trainee.py). Times on the
drill's clock are those of a trainee who answers at once at full speed: they show that every drill can be played, not how fast
people are.
"""

import argparse
import json
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from safezone_sim.drill.catalogue import drills
from safezone_sim.map import load_map
from safezone_sim.routes import Router
from safezone_sim.schools import School, all_schools

from tests.conftest import map_dir_or_none
from tests.drill.trainee import Lab, Trainee, events

FAR_M = 100.0
FAR_WANTED = 3


def metres_to_street(school: School, map_dir: Path) -> float:
    """From the school's point to the nearest node of the connected streets, metres."""
    found = load_map(school.lon, school.lat, 1300.0, map_dir=map_dir)
    router = Router(found.streets)
    x, y = found.streets.xy[router.nearest_node(0.0, 0.0)].tolist()
    return float(np.hypot(x, y))


def draw(count: int, seed: int, map_dir: Path) -> list[tuple[School, float]]:
    """``count`` schools at random, at least three of them over 100 m from a street node if such are found."""
    rng = random.Random(seed)
    order = list(all_schools(map_dir))
    rng.shuffle(order)
    chosen = [(s, metres_to_street(s, map_dir)) for s in order[:count]]
    far = sum(m > FAR_M for _, m in chosen)
    for school in order[count:]:
        if far >= min(FAR_WANTED, count):
            break
        metres = metres_to_street(school, map_dir)
        if metres > FAR_M:
            near = next(n for n in reversed(range(count)) if chosen[n][1] <= FAR_M)
            chosen[near] = (school, metres)
            far += 1
    return chosen


def play(lab: Lab, drill: str, school: str, begin: str = "own") -> dict[str, Any]:
    """One drill to its report; what went wrong in ``problem``. ``begin``: see the options."""
    started = time.monotonic()
    row: dict[str, Any] = {"school": school, "drill": drill, "problem": None}
    try:
        hours = lab.http.get(f"/drills/{drill}").json()
        start = hours[{"own": "starts", "first": "starts_from", "last": "starts_until"}[begin]]
        session = lab.open(drill, school, start=start)
        row["starts"] = start
        row["prepare_s"] = round(time.monotonic() - started, 2)
        record = Trainee(lab, session).work()
        row["state"], row["map"] = record["state"], record["map"]["kind"]
        row["measures"] = {k: v["s"] for k, v in record["measures"].items()}
        row["unmet"] = [
            o["id"] for o in record["objectives"] if o["result"] is not None and o["result"]["met"] is False
        ]
        html = lab.http.get(f"/sessions/{session['session']}/report.html")
        pdf = lab.http.get(f"/sessions/{session['session']}/report.pdf")
        if (
            html.status_code != 200
            or "훈련 결과 보고서" not in html.text
            or not pdf.content.startswith(b"%PDF")
        ):
            row["problem"] = "no report"
        if record["state"] != "ended":
            row["problem"] = f"state {record['state']}: {record['failed']}"
        row["other_alerts"] = sum(e["kind"] == "alert" and "inject" not in e for e in record["events"])
        unheard = [round(c["t"] - record["started_t"]) for c in record["cases"] if c["alert_t"] is None]
        if unheard or not record["cases"]:
            row["problem"] = f"no alert for what happened at {unheard or 'no'} s"
    except Exception as e:
        traceback.print_exc()
        row["problem"] = f"{type(e).__name__}: {e}"
    row["wall_s"] = round(time.monotonic() - started, 2)
    return row


def press_to_alert(lab: Lab, presses: int) -> list[float]:
    """Wall milliseconds from the inject call to the alert on the hub's stream, at speed 1."""
    session = lab.open("dial-112", speed=1)
    at = f"/sessions/{session['session']}"
    lab.post(f"{at}/start").raise_for_status()
    desk = {"Authorization": f"Bearer {session['tokens']['desk']['token']}"}
    took = []
    with (
        httpx.Client(
            base_url=session["hub"]["http"], headers=desk, timeout=httpx.Timeout(10, read=60)
        ) as hub,
        hub.stream("GET", f"/v1/zones/{session['zone']}/stream") as response,
    ):
        stream = events(response)
        for n in range(presses):
            seats = session["class"]["phones"]
            began = time.perf_counter()
            lab.post(f"{at}/inject", inject="dial", seat=seats[n % len(seats)]).raise_for_status()
            next(1 for _, kind, data in stream if kind == "alert" and data["service"] == "phone_call_112")
            took.append((time.perf_counter() - began) * 1000)
    lab.post(f"{at}/end").raise_for_status()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schools", type=int, default=20)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--presses", type=int, default=60)
    parser.add_argument("--drill", action="append", help="only these")
    parser.add_argument(
        "--begin",
        choices=("own", "first", "last"),
        default="own",
        help="at the drill's own time, or the earliest or latest that a teacher can choose",
    )
    parser.add_argument(
        "--only", default="", metavar="A:B", help="only these of the schools drawn, e.g. 0:10"
    )
    parser.add_argument("--out", type=Path, default=Path("results/bench-drills.json"))
    args = parser.parse_args()
    map_dir = map_dir_or_none()
    if map_dir is None:
        sys.exit("needs the list of schools and real maps: set SAFEZONE_MAP_DIR")
    schools = draw(args.schools, args.seed, map_dir)
    if args.only:
        first, _, last = args.only.partition(":")
        schools = schools[int(first) : int(last)]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for n, (school, metres) in enumerate(schools, 1):
            with Lab(Path(folder) / school.code, map_dir) as lab:
                known = {"name": school.name, "to_street_m": round(metres)}
                rows += [
                    {**play(lab, drill, school.code, args.begin), **known}
                    for drill in args.drill or list(drills())
                ]
            bad = [(r["drill"], r["problem"]) for r in rows if r["school"] == school.code and r["problem"]]
            print(
                f"{n:2d}/{len(schools)} {school.code} {school.name} {metres:.0f} m {'FAILED ' + str(bad) if bad else 'ok'}",
                flush=True,
            )
        with Lab(Path(folder) / "latency", map_dir) as lab:
            took = press_to_alert(lab, args.presses)
    failed = [r for r in rows if r["problem"]]
    summary = {
        "schools": len(schools), "over_100_m": sum(m > FAR_M for _, m in schools), "drills": len(rows), "failed": len(failed),
        "press_to_alert_ms": {"n": len(took), "p50": round(float(np.percentile(took, 50))), "p99": round(float(np.percentile(took, 99)))},
        "prepare_s_p50": round(float(np.median([r.get("prepare_s", 0) for r in rows])), 2),
        "wall_s_p50": round(float(np.median([r["wall_s"] for r in rows])), 2),
        "unmet": sorted({(r["drill"], o) for r in rows for o in r.get("unmet", [])}),
    }  # fmt: skip
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps({"summary": summary, "rows": rows}, ensure_ascii=False, indent=1) + "\n")
    print(json.dumps(summary, ensure_ascii=False))
    for r in failed:
        print(f"FAILED {r['school']} {r['name']} {r['drill']}: {r['problem']}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
