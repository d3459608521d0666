"""How many schools can drill on one host at the same time: press to alert, whether the drills' clocks keep up, CPU and memory.

python tests/bench/classrooms.py                     # 1, 5, 10 and 20 classrooms, a minute each
python tests/bench/classrooms.py --classrooms 40 --seconds 120

Hub and twin are processes of their own, as `safezone drill` starts them. Every classroom has its school's real map, runs at
real time, has a desk that watches (frames) and a control room (the hub's stream); pupils press 1 for 112 every few seconds.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))
from safezone_sim.schools import all_schools

from tests.conftest import map_dir_or_none
from tests.console.test_drill import TOKEN, Twin
from tests.drill.trainee import events

EVERY_S = 4.0  # between two presses of one classroom, on average
LONGEST_S = 60.0


@dataclass
class Classroom:
    """One drill at real time, and those who look on."""

    twin: Twin
    session: dict[str, Any]
    took_ms: list[float] = field(default_factory=list)
    frames: int = 0
    behind_s: float = 0.0
    problem: str = ""

    def run(self, seconds: float, over: threading.Event) -> None:
        try:
            self._run(seconds)
        except Exception as e:
            self.problem = f"{type(e).__name__}: {e}"
        finally:
            over.set()

    def _run(self, seconds: float) -> None:
        at = f"/sessions/{self.session['session']}"
        desk = {"Authorization": f"Bearer {self.session['tokens']['desk']['token']}"}
        wait = httpx.Timeout(10, read=LONGEST_S)
        with (
            httpx.Client(base_url=self.session["hub"]["http"], headers=desk, timeout=wait) as hub,
            hub.stream("GET", f"/v1/zones/{self.session['zone']}/stream") as response,
        ):
            stream = events(response)
            self.twin.ask("POST", f"{at}/start", json={})
            began = time.monotonic()
            first = self.twin.ask("GET", f"{at}/state")["t"]
            seats, rng = self.session["class"]["phones"], random.Random(self.session["school"]["code"])
            for n in range(1000):
                rest = rng.uniform(0.5, 1.5) * EVERY_S
                if time.monotonic() + rest > began + seconds:
                    break
                time.sleep(rest)
                pressed = time.perf_counter()
                self.twin.ask("POST", f"{at}/inject", json={"inject": "dial", "seat": seats[n % len(seats)]})
                next(1 for _, kind, data in stream if kind == "alert" and data["service"] == "phone_call_112")
                self.took_ms.append((time.perf_counter() - pressed) * 1000)
            self.behind_s = (time.monotonic() - began) - (self.twin.ask("GET", f"{at}/state")["t"] - first)
            self.twin.ask("POST", f"{at}/end", json={})

    def watch(self) -> None:
        """The desk's map, which takes every frame."""
        at = f"{self.twin.control}/control/v1/sessions/{self.session['session']}/stream"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.stream("GET", at, headers=headers, timeout=httpx.Timeout(10, read=LONGEST_S)) as response:
            for _, kind, data in events(response):
                self.frames += kind == "frame"
                if kind == "clock" and data["state"] in ("ended", "failed"):
                    return


def measure(count: int, seconds: float, codes: list[str]) -> dict[str, Any]:
    """All classrooms at once, for so long."""
    with tempfile.TemporaryDirectory() as folder:
        twin = Twin(Path(folder))
        try:
            body = {
                "drill": "dial-112",
                "date": "2026-12-08",
                "start": "14:10",
                "speed": 1,
            }  # many are on their way home
            rooms = [
                Classroom(twin, twin.ask("POST", "/sessions", json={**body, "school": code}))
                for code in codes[:count]
            ]
            work = {"twin": psutil.Process(twin.process.pid), "hub": psutil.Process(twin.hub.process.pid)}
            before = {k: sum(p.cpu_times()[:2]) for k, p in work.items()}
            over = [threading.Event() for _ in rooms]
            for room, ended in zip(rooms, over, strict=True):
                threading.Thread(target=room.watch, daemon=True).start()
                threading.Thread(target=room.run, args=(seconds, ended), daemon=True).start()
            began = time.monotonic()
            for ended in over:
                ended.wait(seconds + LONGEST_S)
            wall = time.monotonic() - began
            took = [ms for room in rooms for ms in room.took_ms]
            return {
                "classrooms": count, "presses": len(took),
                "press_to_alert_ms": {f"p{p}": round(float(np.percentile(took, p))) for p in (50, 99)} if took else None,
                "frames_s_min": round(min(r.frames for r in rooms) / wall, 1),
                "behind_s_max": round(max(r.behind_s for r in rooms), 2),
                "cores": {k: round((sum(p.cpu_times()[:2]) - before[k]) / wall, 2) for k, p in work.items()},
                "memory_mb": {k: round(p.memory_info().rss / 1e6) for k, p in work.items()},
                "problems": [r.problem for r in rooms if r.problem],
            }  # fmt: skip
        finally:
            twin.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--classrooms", type=int, nargs="+", default=[1, 5, 10, 20])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path("results/bench-classrooms.json"))
    args = parser.parse_args()
    map_dir = map_dir_or_none()
    if map_dir is None:
        sys.exit("needs the list of schools and real maps: set SAFEZONE_MAP_DIR")
    codes = [school.code for school in all_schools(map_dir)]
    random.Random(args.seed).shuffle(codes)
    rows = []
    for count in args.classrooms:
        rows.append(measure(count, args.seconds, codes))
        print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    sys.exit(1 if any(row["problems"] for row in rows) else 0)


if __name__ == "__main__":
    main()
