"""Figures of the pages: time to usable, press to alarm, frames a second, memory. In headless Chromium on SwiftShader (no GPU).

python tests/bench/pages.py                 # all
python tests/bench/pages.py --minutes 5     # how long memory is watched
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.conftest import map_dir_or_none
from tests.console.place import CHROMIUM, FLAGS, Place

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
    page.evaluate(
        """() => { window.seen = {}; new MutationObserver(() => { for (const r of document.querySelectorAll('[data-incident]')) window.seen[r.dataset.incident] ??= Date.now(); }).observe(document.getElementById('queue'), { childList: true, subtree: true }); }"""
    )
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
    asked = parser.parse_args()
    told: dict[str, Any] = {}
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
            told["press_to_alarm_ms"] = {
                "n": len(times),
                "p50": round(statistics.median(times)),
                "p99": round(percentile(times, 0.99)),
                "max": round(max(times)),
            }
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
