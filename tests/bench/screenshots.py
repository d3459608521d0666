"""Pictures of every page at two sizes, out of a running drill: ``python tests/bench/screenshots.py docs/img``.

Needs Chromium, the real map for a picture worth looking at, and pngquant to keep them small (without it they are large).
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.console.place import CHROMIUM, FLAGS
from tests.console.test_drill import Twin

SIZES = {"wide": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}


def take(page: Page, folder: Path, name: str) -> None:
    """Both sizes of one page."""
    for size, box in SIZES.items():
        page.set_viewport_size(box)
        page.wait_for_timeout(1500)  # letters and streets of the map are drawn as they come
        file = folder / f"page-{name}-{size}.png"
        page.screenshot(path=str(file))
        if shutil.which("pngquant"):
            subprocess.run(["pngquant", "--force", "--ext", ".png", "128", str(file)], check=False)
    page.set_viewport_size(SIZES["wide"])


def roll_call(page: Page, folder: Path) -> None:
    """An earthquake: the whole school stands in its yard, one seat is missing."""
    page.goto("/drill?school=7041138&drill=earthquake")
    page.wait_for_selector("body[data-loaded=yes]")
    page.click("#create")
    page.wait_for_url("**/drill/*")
    page.wait_for_selector("body[data-loaded=yes]")
    page.click("#start")
    page.wait_for_selector("body[data-state=running]")
    page.click("#inject")
    page.wait_for_selector(".says")
    page.select_option("#speed", "10")
    page.click("#tab-log")
    page.locator(".reactions", has_text="명 모임").wait_for(timeout=90000)
    page.select_option("#speed", "1")
    page.click("#tab-roll")
    page.click("[data-mark=missing]")
    page.click('[data-seat="7"]')
    page.click("#all-here")
    take(page, folder, "rollcall")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/img")
    with tempfile.TemporaryDirectory() as state, sync_playwright() as running:
        twin = Twin(Path(state), "--shared")
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            context = browser.new_context(
                viewport=SIZES["wide"], base_url=twin.pages.base, timezone_id="Asia/Seoul", locale="ko-KR"
            )
            context.set_default_timeout(30000)
            page = context.new_page()
            page.goto("/")
            page.fill("#q", "신도림")
            page.wait_for_selector("#schools a")
            take(page, folder, "start")
            page.locator("#schools a", has_text="7041138").click()
            page.wait_for_selector("body[data-loaded=yes]")
            take(page, folder, "setup")
            page.click("#create")
            page.wait_for_url("**/drill/*")
            page.wait_for_selector("body[data-loaded=yes]")
            page.click("#start")
            page.wait_for_selector("body[data-state=running]")
            with context.expect_page() as opened:
                page.click("[data-play=desk]")
            room = opened.value
            room.wait_for_selector("body[data-map=ready]")
            with context.expect_page() as opened:
                page.click("[data-play=guardian]")
            guardian = opened.value
            with context.expect_page() as opened:
                page.click("[data-play=school]")
            school = opened.value
            page.bring_to_front()
            page.click("#inject")
            room.wait_for_selector(".incident")
            room.keyboard.press("a")
            room.wait_for_timeout(800)
            room.keyboard.press("d")
            room.locator("dialog button.primary").click()
            room.wait_for_timeout(3000)
            take(room, folder, "control-room")
            take(page, folder, "desk")
            guardian.bring_to_front()
            take(guardian, folder, "guardian")
            guardian.click("#tab-where")
            guardian.wait_for_selector("body[data-map=ready]")
            take(guardian, folder, "guardian-where")
            take(school, folder, "school")
            session = page.url.split("/")[-1]
            twin.ask("POST", f"/sessions/{session}/lab/real-press", json={})
            room.bring_to_front()
            room.wait_for_selector("#real:not([hidden])")
            take(room, folder, "real-call")
            for name, path in (
                ("children", "/children"),
                ("enrol", "/guardian/enrol"),
                ("login", "/login?role=operator"),
            ):
                room.goto(path)
                take(room, folder, name)
            page.bring_to_front()
            page.locator("#real button").click()
            page.select_option("#speed", "60")
            page.locator(".measure", has_text="찾음").locator(".tag.good").wait_for(timeout=90000)
            page.select_option("#speed", "1")
            page.click("#clear")
            page.locator("dialog button.primary").click()  # an incident is still open
            page.wait_for_selector("#end.go")
            page.click("#end")
            page.locator("dialog button.primary").click()
            page.wait_for_selector("body[data-replay=ready]")
            page.click("#tab-report")
            page.locator("#slider").fill(
                str(
                    int(
                        (
                            float(page.locator("#slider").get_attribute("min") or 0)
                            + float(page.locator("#slider").get_attribute("max") or 0)
                        )
                        / 2
                    )
                )
            )
            take(page, folder, "report")
            roll_call(page, folder)
        finally:
            browser.close()
            twin.close()


if __name__ == "__main__":
    main()
