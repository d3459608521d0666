"""Figures of the pages: time to usable, press to alarm, frames a second, memory. In headless Chromium on SwiftShader (no GPU).

python tests/bench/pages.py                 # all but the hour
python tests/bench/pages.py --minutes 5     # how long memory is watched
python tests/bench/pages.py --hour 60       # memory of drill desk and control room while drills run at speed, that many minutes
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Error, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.conftest import map_dir_or_none
from tests.console.place import CHROMIUM, FLAGS, Place
from tests.console.test_drill import Twin

SIZE = {"width": 1366, "height": 768}
SEEN = """() => { window.seen = {}; new MutationObserver(() => { for (const r of document.querySelectorAll('[data-incident]')) window.seen[r.dataset.incident] ??= Date.now(); }).observe(document.getElementById('queue'), { childList: true, subtree: true }); }"""
DRILLS = ("tag-call", "bell", "danger", "not-arrived", "stranger", "earthquake", "dial-112")
LONG_SPEED = 4  # an hour of wall time is then less than the four hours for which a drill's zone stays open

# A crowd walking round the school's point, fed as the twin's stream feeds it: five frames a second, everybody moves.
CROWD = """
async ([version, n, seconds]) => {
  const { makeMap, Crowd } = await import(`/static/${version}/map.js`);
  document.body.replaceChildren(Object.assign(document.createElement('div'), { id: 'm' }));
  Object.assign(document.getElementById('m').style, { width: '1000px', height: '650px', position: 'relative' });
  const map = await makeMap(document.getElementById('m'), { center: [126.8913, 37.5086], zoom: 15.7 });
  const crowd = new Crowd(map);
  const at = Array.from({ length: n }, () => [126.8913 + (Math.random() - 0.5) * 0.012, 37.5086 + (Math.random() - 0.5) * 0.007]);
  crowd.people(at.map(([lon, lat], i) => ({ i, kind: 'child', label: '', lon, lat })));
  const step = () => crowd.frame({ a: at.map((p, i) => { p[0] += (Math.random() - 0.5) * 3e-5; p[1] += (Math.random() - 0.5) * 3e-5; return [i, p[0], p[1], 1]; }) });
  const timer = setInterval(step, 200);
  await new Promise((done) => map.once('idle', done).triggerRepaint() || setTimeout(done, 4000));
  const gaps = []; let last = performance.now(), before = crowd.frames; const begun = last;
  await new Promise((done) => { const tick = (now) => { gaps.push(now - last); last = now; if (now - begun > seconds * 1000) done(); else requestAnimationFrame(tick); }; requestAnimationFrame(tick); });
  clearInterval(timer);
  gaps.sort((a, b) => a - b);
  return { drawn: (crowd.frames - before) / ((last - begun) / 1000), callbacks: gaps.length / ((last - begun) / 1000), gap_p99_ms: gaps[Math.floor(gaps.length * 0.99)] };
}
"""


def percentile(values: list[float], p: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(p * (len(ordered) - 1)))]


def usable(page: Page, place: Place, path: str, ready: str) -> float:
    began = time.monotonic()
    page.goto(place.pages.base + path)
    page.wait_for_selector(ready, timeout=30000)
    return time.monotonic() - began


def press_to_alarm(page: Page, place: Place, presses: int) -> list[float]:
    """From the device's message to the row of the incident in the document, milliseconds; one clock, one machine."""
    page.evaluate(SEEN)
    found = []
    for _ in range(presses):
        before = {i["id"] for i in place.incidents()}
        began = time.time() * 1000
        place.ring()
        (new,) = (i["id"] for i in place.incidents() if i["id"] not in before)
        page.wait_for_function("(id) => window.seen[id]", arg=new)
        found.append(page.evaluate("(id) => window.seen[id]", new) - began)
        place.hub.http.post(f"/v1/incidents/{new}/actions", json={"action": "resolve"})
    return found


class Drill:
    """One session of the twin, with its desk's token at the hub."""

    def __init__(self, twin: Twin, drill: str, speed: float = 1) -> None:
        self.twin = twin
        # Of today: START on another day asks first.
        body = {"school": "7041138", "drill": drill, "speed": speed}
        made = twin.ask("POST", "/sessions", json=body)
        self.id, self.zone, self.minutes = made["session"], made["zone"], 40
        self.phones: list[int] = made["class"]["phones"]
        desk = {"Authorization": f"Bearer {made['tokens']['desk']['token']}"}
        # Without keep-alive: a connection idle for seconds may be closed by the hub just as it is used again.
        limits = httpx.Limits(max_keepalive_connections=0)
        self.hub = httpx.Client(base_url=made["hub"]["http"], headers=desk, timeout=60.0, limits=limits)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        return self.twin.ask(method, f"/sessions/{self.id}{path}", **more)

    def close_incidents(self) -> int:
        """Resolves whatever is open; how many that were."""
        found = self.hub.get(f"/v1/zones/{self.zone}/incidents", params={"state": "open"}).json()["items"]
        for incident in found:
            self.hub.post(f"/v1/incidents/{incident['id']}/actions", json={"action": "resolve"})
        return len(found)


@contextmanager
def twin_and_browser() -> Iterator[tuple[Twin, Browser]]:
    """Hub, control service, pages and a browser, as a teacher has them."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        twin = Twin(Path(folder), "--shared")
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield twin, browser
        finally:
            browser.close()
            twin.close()


def open_drill(browser: Browser, drill: Drill) -> tuple[Page, Page]:
    """Desk and control room of a drill, both loaded, the drill started by its button."""
    context = browser.new_context(viewport=SIZE, base_url=drill.twin.pages.base, timezone_id="Asia/Seoul")
    context.set_default_timeout(120000)
    desk = context.new_page()
    desk.goto(f"/drill/{drill.id}")
    desk.wait_for_selector("body[data-loaded=yes]")
    desk.click("#start")
    desk.wait_for_selector("body[data-state=running]")
    with context.expect_page() as opened:
        desk.click("[data-play=desk]")
    room = opened.value
    room.wait_for_selector("body[data-live=yes]")
    room.wait_for_selector("body[data-map=ready]")
    return desk, room


def twin_press_to_alarm(presses: int) -> dict[str, Any]:
    """From the call that lets a pupil of the twin press its phone's 1 to the row in the control room; speed 1, wall."""
    with twin_and_browser() as (twin, browser):
        drill = Drill(twin, "dial-112")
        _desk, room = open_drill(browser, drill)
        room.evaluate(SEEN)
        took: list[float] = []
        for n in range(presses):
            known = room.evaluate("Object.keys(window.seen).length")
            began = time.time() * 1000
            drill.ask("POST", "/inject", json={"inject": "dial", "seat": drill.phones[n % len(drill.phones)]})
            room.wait_for_function("(n) => Object.keys(window.seen).length > n", arg=known)
            took.append(room.evaluate("Math.max(...Object.values(window.seen))") - began)
            drill.close_incidents()
        return summary(took)


def summary(times: list[float]) -> dict[str, Any]:
    return {
        "n": len(times),
        "p50": round(statistics.median(times)),
        "p99": round(percentile(times, 0.99)),
        "max": round(max(times)),
    }


def hour(minutes: float) -> dict[str, Any]:
    """Script heap each minute of one desk and one control room that stay open, and of a desk that plays drill after drill.

    The two that stay show one session at 4 times real time, a pupil pressing every 5 s and every incident closed; the
    third runs the seven drills in turn at 60 times real time, from START to the replay.
    """
    told: dict[str, Any] = {
        "minutes": minutes,
        "samples": [],
        "presses": 0,
        "closed": 0,
        "drills": 0,
        "failed": 0,
        "interrupted": 0,
    }
    with twin_and_browser() as (twin, browser):
        long = Drill(twin, "dial-112", LONG_SPEED)
        desk, room = open_drill(browser, long)
        player = browser.new_context(viewport=SIZE, base_url=twin.pages.base).new_page()
        player.set_default_timeout(240000)
        began = time.monotonic()
        until, sampled, pressed = began + minutes * 60, -60.0, 0.0
        # Made aside: on a slow machine a drill takes its time, and the pages that are measured are not to wait for it.
        aside, making, playing = ThreadPoolExecutor(1), None, None
        while (now := time.monotonic()) < until:
            try:
                if playing is None and making is None:
                    making = aside.submit(Drill, twin, DRILLS[told["drills"] % len(DRILLS)], 60)
                elif playing is None and making is not None and making.done():
                    playing, making = making.result(), None
                    player.goto(f"/drill/{playing.id}")
                    player.wait_for_selector("body[data-loaded=yes]")
                    player.click("#start")
                state = playing.ask("GET", "/state") if playing is not None else {"state": "none"}
                if playing is None or state["state"] == "none":
                    pass
                elif state["state"] == "failed":
                    told["failed"] += 1
                    playing = None
                elif state["state"] == "ready":  # the press on START is on its way, or was lost
                    playing.ask("POST", "/start")
                elif state["speed"] < 60 and state["state"] == "running":
                    playing.ask("POST", "/speed", json={"x": 60})  # the desk goes back to 1x at an inject
                elif state["elapsed_s"] >= playing.minutes * 60:
                    player.click("#end")
                    player.locator("dialog button.primary").click()
                    player.wait_for_selector("body[data-replay=ready]")
                    playing.hub.close()
                    told["drills"] += 1
                    playing = None
                else:
                    playing.close_incidents()
                long.ask(
                    "POST", "/speed", json={"x": LONG_SPEED}
                )  # it goes back to 1x at an inject and at its alarm
                if now - pressed >= 5.0:
                    pressed = now
                    seat = long.phones[told["presses"] % len(long.phones)]
                    long.ask("POST", "/inject", json={"inject": "dial", "seat": seat})
                    told["presses"] += 1
                    told["closed"] += long.close_incidents()
                    desk.click(("#tab-list", "#tab-roll", "#tab-log", "#tab-report")[told["presses"] % 4])
                if now - sampled >= 60.0:
                    sampled = now
                    row = {"at": datetime.now().isoformat(timespec="seconds"), "minute": round((now - began) / 60, 1),
                           "desk_mb": round(memory(desk), 1), "room_mb": round(memory(room), 1), "player_mb": round(memory(player), 1),
                           "long_t": long.ask("GET", "/state")["t"], "presses": told["presses"], "drills": told["drills"]}  # fmt: skip
                    told["samples"].append(row)
                    print(json.dumps(row), flush=True)
            except (httpx.HTTPError, Error, AssertionError) as e:
                # A slow machine, or a call that came too late; the pages stay open and go on.
                told["interrupted"] += 1
                print(f"interrupted: {e}", file=sys.stderr, flush=True)
            room.wait_for_timeout(1000)
        aside.shutdown(cancel_futures=True)
    return told


def memory(page: Page) -> float:
    """Script heap after a collection, MB."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    session.detach()
    return float(usage["usedSize"]) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument(
        "--hour", type=float, metavar="MINUTES", help="only the memory of pages during drills at speed"
    )
    parser.add_argument(
        "--twin-only", action="store_true", help="only the press of a pupil in the twin to the alarm"
    )
    asked = parser.parse_args()
    if asked.hour:
        print(json.dumps(hour(asked.hour)))
        return
    told: dict[str, Any] = {"twin_press_to_alarm_ms": twin_press_to_alarm(asked.presses)}
    if asked.twin_only:
        print(json.dumps(told))
        return
    maps = map_dir_or_none()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        place = Place.open(Path(folder), *(["--map-dir", str(maps)] if maps else []))
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            told["pages_process_ready_s"] = round(place.pages.ready_s, 2)
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            told["start_usable_s"] = round(usable(page, place, "/", ".roles a"), 2)
            place.locate("c1", 490.0, 2.0)
            place.login(page, "operator/o1")
            cold = browser.new_context(
                viewport={"width": 1366, "height": 768}, storage_state=page.context.storage_state()
            )
            told["control_room_usable_s"] = round(
                usable(cold.new_page(), place, "/control-room", "body[data-loaded=yes]"), 2
            )
            told["control_room_map_s"] = round(
                usable(cold.new_page(), place, "/control-room", "body[data-map=ready]"), 2
            )
            cold.close()
            page.wait_for_selector("body[data-live=yes]")
            page.wait_for_selector("body[data-map=ready]")
            times = press_to_alarm(page, place, asked.presses)
            told["press_to_alarm_ms"] = summary(times)
            for n in (400, 5000):
                crowd = browser.new_page(viewport={"width": 1366, "height": 768})
                place.login(crowd, "operator/o1")
                version = crowd.evaluate("document.body.dataset.version")
                told[f"fps_{n}"] = {
                    k: round(v, 1) for k, v in crowd.evaluate(CROWD, [version, n, 10]).items()
                }
                crowd.close()
            samples, until = [round(memory(page), 1)], time.monotonic() + asked.minutes * 60
            rung = 0
            while time.monotonic() < until:
                place.ring()
                rung += 1
                for incident in place.incidents():
                    place.hub.http.post(f"/v1/incidents/{incident['id']}/actions", json={"action": "resolve"})
                if rung % 20 == 0:
                    samples.append(round(memory(page), 1))
            told["memory_mb"] = {
                "minutes": asked.minutes,
                "incidents": rung,
                "first": samples[0],
                "last": samples[-1],
                "max": max(samples),
            }
        finally:
            browser.close()
            place.close()
    print(json.dumps(told, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
